/**
 * What the contract suites have in common. A law is a plain function from a layer to an
 * Effect that fails where the layer breaks it: a suite makes tests of its laws, and a broken
 * layer can be shown to break one.
 */
import { describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Context, type Duration, Effect, Exit, type Layer, Schema, type Scope } from "effect"
import { inspect, isDeepStrictEqual } from "node:util"

/** Each build of the layer has to give a store of its own that is empty: another name, folder or topic every time. */
export type Law<S> = (fresh: Layer.Layer<S, unknown>) => Effect.Effect<void, unknown>

export type Laws<S> = { readonly [statement: string]: Law<S> }

/** Makes an empty place; each build of its layer opens that place, and the end of the scope closes it. */
export type Place<S> = Effect.Effect<Layer.Layer<S, unknown>, unknown, Scope.Scope>

/** Laws of stores that outlive the process. */
export type DurableLaws<S> = { readonly [statement: string]: (place: Place<S>) => Effect.Effect<void, unknown> }

export interface Options<S> extends Partial<Effort> {
  /** Given for stores whose contents survive being closed and opened again. */
  readonly durable?: Place<S>
}

/** How much time the laws may take: a store over a network wants fewer samples and more patience. */
export interface Effort {
  /** Samples of each property. */
  readonly runs: number
  /** How long a law waits for what a store should give, before it says that it does not come. */
  readonly patience: Duration.Input
}

export const Effort = Context.Reference<Effort>("courant/testing/Effort", {
  defaultValue: () => ({ runs: 40, patience: "5 seconds" })
})

/** A property does not hold; the message has the smallest counterexample and a token to replay it. */
export class LawBroken extends Schema.TaggedError<LawBroken>()("LawBroken", { message: Schema.String }) {}

/** Checks a property, in which an assertion may throw, on samples. */
export const forAll = <A, E>(
  arbitrary: Arbitrary.Arbitrary<A>,
  property: (sample: A) => Effect.Effect<void, E>
): Effect.Effect<void, LawBroken> =>
  Effect.gen(function*() {
    const { runs } = yield* Effort
    const result = yield* Arbitrary.checkEffect(arbitrary, (sample) =>
      property(sample).pipe(
        Effect.as(true),
        Effect.catchCause((cause) => Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.fail(cause))
      ), { runs, maxShrinks: runs })
    const failure = Arbitrary.formatCheckFailure(result)
    if (failure !== undefined) return yield* new LawBroken({ message: failure })
  })

/** Runs an Effect on a newly built store. */
export const on = <S, E, A, E1>(fresh: Layer.Layer<S, E>, body: Effect.Effect<A, E1, S>): Effect.Effect<A, E | E1> =>
  Effect.provide(body, fresh, { local: true })

/**
 * Asserts that two values are the same, down to their types and prototypes. (Node's own
 * `deepStrictEqual` takes minutes to show how two long lists differ.)
 */
export const same = <A>(actual: A, expected: A, what = "what came is not what was expected"): void => {
  if (isDeepStrictEqual(actual, expected)) return
  const show = (value: A) => inspect(value, { depth: 6, maxArrayLength: 60, maxStringLength: 1_000 })
  throw new Error(`${what}\nexpected: ${show(expected)}\nbut came: ${show(actual)}`)
}

/** Asserts that something holds. */
export const holds = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}

/** Fails where an Effect does not fail with an error of the tag. */
export const refused = <A, E, R>(effect: Effect.Effect<A, E, R>, tag: string): Effect.Effect<void, LawBroken, R> =>
  Effect.exit(effect).pipe(
    Effect.flatMap((exit) => {
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      return error instanceof Error && "_tag" in error && error._tag === tag
        ? Effect.void
        : Effect.fail(new LawBroken({ message: `should fail with ${tag}, but gave ${String(exit)}` }))
    })
  )

/** One test a law. */
export const testLaws = <S>(
  title: string,
  laws: Laws<S>,
  durableLaws: DurableLaws<S>,
  fresh: Layer.Layer<S, unknown>,
  { durable, ...effort }: Options<S> = {}
): void => {
  const test = (statement: string, check: Effect.Effect<void, unknown>) => {
    const usual = Effort.defaultValue()
    it.live(statement, () => Effect.provideService(check, Effort, { ...usual, ...effort }), 120_000)
  }
  describe(title, () => {
    for (const [statement, law] of Object.entries(laws)) test(statement, law(fresh))
    if (durable === undefined) return
    for (const [statement, law] of Object.entries(durableLaws)) test(statement, law(durable))
  })
}
