/**
 * A pipeline: a source, its windows and their aggregates under a name. It is a value that
 * does nothing; engines interpret it.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Pipeline, Source, Window } from "courant"
 *
 * const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
 *
 * export const hourly = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ lowest: Aggregate.min("celsius"), highest: Aggregate.max("celsius"), readings: Aggregate.count }),
 *   Pipeline.allowedLateness("10 minutes"),
 *   Pipeline.named("hourly")
 * )
 * ```
 */
import { Duration } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import * as Aggregate from "./Aggregate.ts"
import type { Aggregated } from "./Aggregate.ts"
import { check } from "./Check.ts"
import * as Checked from "./Checked.ts"
import type { Fits, Has } from "./Expr.ts"
import * as Fingerprint from "./Fingerprint.ts"
import * as Plan from "./Plan.ts"
import { planOf, type Portability, type Row, type Source } from "./Source.ts"
import * as Window from "./Window.ts"

/** `Values` are the results of one pane; a `"local"` pipeline cannot leave the process. */
export interface Pipeline<out Values, out P extends Portability = "portable"> {
  readonly name: string
  /** What was declared, for pipelines that are made of this one. */
  readonly plan: Plan.Results
  /** What it means: all that engines look at. */
  readonly checked: Checked.Checked
  readonly _values?: Values
  readonly _portability?: P
}

export type Any = Pipeline<unknown, Portability>

/**
 * Gives the pipeline its name, by which its panes, checkpoints and measurements are known, and checks it as a whole.
 * Throws a `CheckError` that names the part that is wrong and says what to do.
 */
export const named = (name: string) => <Values, P extends Portability>(self: Aggregated<Values, P>): Pipeline<Values, P> =>
  make(name, self.plan)

const make = <Values, P extends Portability>(name: string, plan: Plan.Results): Pipeline<Values, P> => ({
  name,
  plan,
  checked: check(name, plan)
})

const changeWindow = (change: (node: Plan.WindowNode) => Partial<Plan.WindowNode>) =>
<Values, P extends Portability>(self: Aggregated<Values, P>): Aggregated<Values, P> =>
  Aggregate.make(Plan.changeWindow(self.plan, (node) => ({ ...node, ...change(node) })))

/**
 * For how long after a window has closed, in event time, late events still change it. Each
 * change is a `late` pane with the next revision. 0 by default. At exactly the end of the
 * lateness an event is too late.
 */
export const allowedLateness = (lateness: Duration.Input) =>
  changeWindow(() => ({ allowedLateness: Duration.toMillis(lateness) }))

/** Emits only when a window closes: the default. */
export const emitOnClose = changeWindow(() => ({ trigger: { on: "close" } }))

/**
 * Emits `early` panes of open windows as they change: at every event, or whenever the
 * largest event time has crossed a multiple of `every`. Both are functions of the log.
 */
export const emitOnUpdate = (options?: { readonly every?: Duration.Input }) =>
  changeWindow(() => ({ trigger: { on: "update", every: Duration.toMillis(options?.every ?? 0) } }))

/**
 * Adds a result that compares a window with the one before it of the same key: by how many
 * per cent a value has changed, HALF_UP to 4 decimals; `null` where there is no window
 * before, or no value, or the former value is 0.
 */
export const percentChange = <const Name extends string, const Of extends string>(name: Name, of: Of) =>
<Values, P extends Portability>(
  self: Aggregated<Values, P> & Fits<Values, Has<Of, Decimal | number | null>>
): Aggregated<Values & Has<Name, Decimal | null>, P> =>
  Aggregate.make({ _tag: "derive", input: self.plan, values: { [name]: { function: "percentChange", of } } })

type Unmapped<Values, M> = { readonly [K in keyof Values]: K extends keyof M ? Values[K] : Values[K] | null }

/**
 * Lets aggregates that somebody else has made into the windows: a publisher's bar enters
 * the candle whose time it covers. `fields` says which field of the other source is which
 * result; a result that is not named there is `null` wherever such a record takes part,
 * since nobody knows it. A field is of the kind of its result; a decimal has no more decimals than that.
 */
export const acceptPreAggregated = <R, const M extends { readonly [name: string]: keyof R & string }>(
  source: Source<R, Portability>,
  fields: M
) =>
<Values, P extends Portability>(
  self: Aggregated<Values, P> & Fits<Values, { readonly [K in keyof M]: R[M[K]] | null }>
): Aggregated<Unmapped<Values, M>, P> =>
  Aggregate.make(Plan.changeWindow(self.plan, (node) => ({ ...node, preAggregated: { input: planOf(source), fields } })))

/**
 * A pipeline of larger windows made of the windows of another. It merges their exact states,
 * not their rounded results, so that a 5-minute mean is that of all its ticks. An event
 * that came too late for the smaller window is not in the larger one either.
 */
export const rollUp = <Values, P extends Portability>(
  self: Pipeline<Values, P>,
  size: Duration.Input,
  options?: Window.Aligned
): Aggregated<Values, P> =>
  Aggregate.make(Plan.changeWindow(self.plan, (node) => ({
    ...node,
    input: node,
    preAggregated: null,
    window: Window.tumblingOf(size, options)
  })))

/** The values of a pipeline's panes. */
export type ValuesOf<P> = P extends Pipeline<infer Values, Portability> ? Values : never

/** The rows of a source. */
export type RowOf<S> = S extends Source<infer R, Portability> ? R : never

export type { Row }

/** The same pipeline under other bounds of disorder, as the command line sets them. */
export const withBounds = <P extends Any>({ name, plan }: P, bounds: Plan.Bounds): P =>
  // Bounds change neither the results nor the portability, and a pipeline's type says nothing else.
  make(name, Plan.withBounds(plan, bounds)) as P

/**
 * A digest of everything that decides what pipelines compute together, in whatever order they and their results are
 * named. State that was saved under one fingerprint is never read under another. Functions count by their source text.
 */
export const fingerprint = (pipelines: ReadonlyArray<Any>): string =>
  Fingerprint.of(Object.fromEntries(pipelines.map(({ checked, name }) => [name, checked.fingerprint])))
