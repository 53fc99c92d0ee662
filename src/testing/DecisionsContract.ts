/** The laws of the port {@link Decisions}. */
import { Arbitrary, Effect, type Layer } from "effect"
import { Decisions } from "../streams/ports/Decisions.ts"
import { type Decision, identityOf } from "../streams/records/Decision.ts"
import { type DurableLaws, forAll, type Laws, on, type Options, same, testLaws } from "./Law.ts"
import { integer } from "./Samples.ts"

export const suite = (name: string, fresh: Layer.Layer<Decisions, unknown>, options?: Options<Decisions>): void =>
  testLaws(`Decisions: ${name}`, laws, durableLaws, fresh, options)

export const laws: Laws<Decisions> = {
  "has none where none was taken": (fresh) =>
    on(fresh, Effect.gen(function*() {
      yield* are([])
      yield* (yield* Decisions).write([])
      yield* are([])
    })),

  "gives back what was written, of one place and kind the newest": (fresh) =>
    forAll(Arbitrary.array(Arbitrary.array(decisions, { maxLength: 4 }), { maxLength: 5 }), (batches) =>
      on(fresh, Effect.gen(function*() {
        const { write } = yield* Decisions
        for (const [index, batch] of batches.entries()) {
          yield* write(batch)
          yield* are(batches.slice(0, index + 1).flat())
        }
      }))),

  "keeps thousands of them at once": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const many = Array.from({ length: 3_000 }, (_, at) => idle(at % 3, at, at))
      yield* (yield* Decisions).write(many)
      yield* are(many)
    }))
}

export const durableLaws: DurableLaws<Decisions> = {
  "they are still there after closing and opening again": (place) =>
    forAll(Arbitrary.array(Arbitrary.array(decisions, { maxLength: 4 }), { minLength: 1, maxLength: 4 }), (batches) =>
      Effect.scoped(Effect.gen(function*() {
        const opened = yield* place
        for (const [index, batch] of batches.entries()) {
          yield* on(opened, Effect.flatMap(Decisions, ({ write }) => write(batch)))
          yield* on(opened, are(batches.slice(0, index + 1).flat()))
        }
      })))
}

/** They may come in any order. */
const are = Effect.fnUntraced(function*(written: ReadonlyArray<Decision>) {
  const newest = new Map(written.map((decision) => [identityOf(decision), decision]))
  same(inOrder(yield* (yield* Decisions).read), inOrder([...newest.values()]))
})

const inOrder = (decisions: ReadonlyArray<Decision>): ReadonlyArray<Decision> =>
  decisions.toSorted((a, b) => identityOf(a) < identityOf(b) ? -1 : 1)

const idle = (partition: number, at: number, watermark: number, eventTime = "time"): Decision =>
  ({ _tag: "idle", partition, at, watermark, eventTime, outOfOrderness: 10 })

/** Few places, so that some are met again. */
const decisions: Arbitrary.Arbitrary<Decision> = Arbitrary.map(
  Arbitrary.all([integer(0, 3), integer(0, 2), integer(0, 3), integer(-1, 9)]),
  ([kind, partition, at, number]): Decision => {
    switch (kind) {
      case 0:
        return { _tag: "end", at: [at, at + 1, at + 2] }
      case 1:
        return { _tag: "gap", partition, at, to: at + 1 }
      case 2:
        return { _tag: "idle", partition, at, watermark: number * 1_000 }
      default:
        return idle(partition, at, number, number % 2 === 0 ? "time" : "trade.at")
    }
  }
)
