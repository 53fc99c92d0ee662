/**
 * A pipeline: a source, its windows and their aggregates under a name. It is a value that
 * does nothing; engines interpret it. Without windows it ends in events: what it puts out are
 * the rows that its conditions keep.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Aggregate, Events, Expr, Pipeline, Source, Window } from "courant"
 *
 * const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
 *
 * export const hourly = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
 *   Window.tumbling("1 hour"),
 *   Aggregate.into({ lowest: Aggregate.min("celsius"), highest: Aggregate.max("celsius"), readings: Aggregate.count }),
 *   Pipeline.allowedLateness("10 minutes"),
 *   Pipeline.named("hourly")
 * )
 *
 * export const frost = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
 *   Events.where(Expr.lt("celsius", 0)),
 *   Pipeline.named("frost")
 * )
 * ```
 */
import { type Duration, Predicate } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import * as Aggregate from "./Aggregate.ts"
import type { Aggregated } from "./Aggregate.ts"
import { check, checkEvents } from "./Check.ts"
import { CheckError } from "./check/CheckError.ts"
import { millisOf, needsEvents, needsNamed, nothingElse, optional, optionsOf, shown as written } from "./check/Declarations.ts"
import { isResults, planIn, resultsOf } from "./check/Results.ts"
import * as Checked from "./Checked.ts"
import type { Fits, Has } from "./Expr.ts"
import * as Fingerprint from "./Fingerprint.ts"
import * as Plan from "./Plan.ts"
import type { Events, Portability } from "./Events.ts"
import { checkShown, type Shown, type ShownValue } from "./Shown.ts"
import type { Row } from "./Source.ts"
import type { Stage } from "./Stage.ts"
import * as Window from "./Window.ts"

/**
 * `Values` are the results of one pane; a `"local"` pipeline cannot leave the process; `Sources` are the rows of each source
 * that it reads, by its name; `Key` are the names of the fields that keys are made of.
 */
export interface Pipeline<out Values, out P extends Portability = "portable", out Sources = unknown, out Key extends string = string> extends Stage {
  readonly _stage?: "a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"
  readonly name: string
  /** What was declared, for pipelines that are made of this one. */
  readonly plan: Plan.Results
  /** What it means: all that engines look at. */
  readonly checked: Checked.Checked<Checked.Results>
  /** How it would like to be shown, which changes nothing of it; see {@link shown}. */
  readonly hints?: Shown
  /** Never there: these carry the types. */
  readonly _values?: Values
  readonly _portability?: P
  readonly _sources?: Sources
  readonly _keyFields?: Key
}

/** A pipeline that ends in events: it has no windows, and what it puts out are rows. */
export interface OfRows<out R, out P extends Portability = "portable", out Sources = unknown> extends Stage {
  readonly _stage?: "a pipeline of rows, behind Pipeline.named, as Pipeline.toRows takes it"
  readonly name: string
  readonly plan: Plan.Events
  readonly checked: Checked.Checked<Checked.Events>
  readonly hints?: Shown
  /** Never there: these carry the types. */
  readonly _row?: R
  readonly _portability?: P
  readonly _sources?: Sources
}

export type AnyOfPanes = Pipeline<unknown, Portability>

export type AnyOfRows = OfRows<unknown, Portability>

export type Any = AnyOfPanes | AnyOfRows

export const isOfPanes = (pipeline: Any): pipeline is AnyOfPanes => Checked.endsInResults(pipeline.checked)

export const isOfRows = (pipeline: Any): pipeline is AnyOfRows => Checked.endsInEvents(pipeline.checked)

/** A pipeline of panes out of windows with their aggregates, one of rows out of a source. */
export type Named<Ended> = Ended extends Aggregated<infer Values, infer P, infer S, infer Key> ? Pipeline<Values, P, S, Key>
  : Ended extends Events<infer R, infer P, infer S> ? OfRows<R, P, S>
  : never

/**
 * Gives the pipeline its name, by which its panes or rows, its checkpoints and measurements are known, and checks it as a
 * whole. A source that is named as it is ends in events. Throws a `CheckError` that names the part that is wrong and says
 * what to do.
 */
export const named = (name: string) =>
<Ended extends Aggregated<unknown, Portability> | Events<unknown, Portability>>(self: Ended): Named<Ended> =>
  // The result's type says which of the two it is made from, which the compiler does not follow.
  (hasResults(self) ? ofPanes(name, self.plan) : ofRows(name, eventsOf(name, self))) as Named<Ended>

const hasResults = (self: Aggregated<unknown, Portability> | Events<unknown, Portability>): self is Aggregated<unknown, Portability> =>
  isResults(planIn(self))

const ofPanes = (name: string, plan: Plan.Results): AnyOfPanes => ({ name, plan, checked: check(name, plan) })

const ofRows = (name: string, plan: Plan.Events): AnyOfRows => ({ name, plan, checked: checkEvents(name, plan) })

/** A file without types may hand over windows of which nothing is made. */
const eventsOf = (name: string, events: Events<unknown, Portability>): Plan.Events => {
  const plan = planIn(events)
  // What is checked has a name already.
  if (plan !== undefined && !isResults(plan) && !("checked" in events)) return plan
  const why = "it is neither a source nor windows with aggregates; put Aggregate.into before it"
  throw new CheckError({ pipeline: String(name), node: "Pipeline.named", why })
}

const changeWindow = (step: string, change: (node: Plan.WindowNode) => Partial<Plan.WindowNode>) =>
<Values, P extends Portability, S, Key extends string>(self: Aggregated<Values, P, S, Key>): Aggregated<Values, P, S, Key> =>
  Aggregate.make(Plan.changeWindow(resultsOf(step, self), (node) => ({ ...node, ...change(node) })))

/**
 * For how long after a window has closed, in event time, late events still change it. Each
 * change is a `late` pane with the next revision. 0 by default. At exactly the end of the
 * lateness an event is too late.
 */
export const allowedLateness = (lateness: Duration.Input, ...rest: readonly []) => {
  nothingElse("Pipeline.allowedLateness", rest)
  const allowedLateness = millisOf("Pipeline.allowedLateness", "lateness", lateness)
  return changeWindow("Pipeline.allowedLateness", () => ({ allowedLateness }))
}

/** Emits only when a window closes: the default. */
export const emitOnClose = changeWindow("Pipeline.emitOnClose", () => ({ trigger: { on: "close" } }))

/**
 * Emits `early` panes of open windows as they change: at every event, or whenever the
 * largest event time has crossed a multiple of `every`. Both are functions of the log.
 */
export const emitOnUpdate = (options?: { readonly every?: Duration.Input }) => {
  const { every: length = 0 } = optional("Pipeline.emitOnUpdate", options, ["every"]) ?? {}
  const every = millisOf("Pipeline.emitOnUpdate", "every", length)
  return changeWindow("Pipeline.emitOnUpdate", () => ({ trigger: { on: "update", every } }))
}

/**
 * Adds a result that compares a window with the one before it of the same key: by how many
 * per cent a value has changed, HALF_UP to 4 decimals; `null` where there is no window
 * before, or no value, or the former value is 0.
 */
export const percentChange = <const Name extends string, const Of extends string>(name: Name, of: Of) =>
<Values, P extends Portability, S, Key extends string>(
  self: Aggregated<Values, P, S, Key> & Fits<Values, Has<Of, Decimal | number | bigint | null>>
): Aggregated<Values & Has<Name, Decimal | null>, P, S, Key> => {
  // Whatever names a member becomes a string, "undefined" among them.
  if (typeof name !== "string") throw new TypeError(`Pipeline.percentChange needs the name of its result, and is given ${written(name)}`)
  return Aggregate.make({
    _tag: "derive",
    input: resultsOf("Pipeline.percentChange", self),
    values: { [name]: { function: "percentChange", of } },
    within: Checked.horizon
  })
}

/** A count alone is a number and never null; one of counts that were made elsewhere goes beyond 2^53. */
type Unmapped<Values, M> = {
  readonly [K in keyof Values]: K extends keyof M ? number extends Values[K] ? null extends Values[K] ? Values[K] : number | bigint : Values[K]
    : Values[K] | null
}

/**
 * Lets aggregates that somebody else has made into the windows: a publisher's bar enters
 * the candle whose time it covers. `fields` says which field of the other source is which
 * result; a result that is not named there is `null` wherever such a record takes part,
 * since nobody knows it. A field is of the kind of its result; a decimal has no more decimals than that.
 */
export const acceptPreAggregated = <R, const M extends { readonly [name: string]: keyof R & string }>(
  source: Events<R, Portability>,
  fields: M
) =>
<Values, P extends Portability, S, Key extends string>(
  self: Aggregated<Values, P, S, Key> & Fits<Values, { readonly [K in keyof M]: Aggregate.Total<R[M[K]]> | null }>
): Aggregated<Unmapped<Values, M>, P, S, Key> => {
  const call = "Pipeline.acceptPreAggregated"
  needsEvents(call, source)
  // A file without types may hand over anything.
  if (!Predicate.isObject(fields)) throw new TypeError(`${call} needs the field of each result, and is given ${written(fields)}`)
  return Aggregate.make(Plan.changeWindow(resultsOf(call, self), (node) => {
    // The records of the first would be dropped.
    if (node.preAggregated !== null) throw new TypeError(`${call} stands twice on the same windows; leave one of the two out`)
    return { ...node, preAggregated: { input: source.plan, fields } }
  }))
}

/**
 * A pipeline of larger windows made of the windows of another. It merges their exact states,
 * not their rounded results, so that a 5-minute mean is that of all its ticks. An event
 * that came too late for the smaller window is not in the larger one either; of several roll-ups the smallest decides.
 */
export const rollUp = <Values, P extends Portability, S, Key extends string = string>(
  self: Pipeline<Values, P, S, Key>,
  size: Duration.Input,
  options?: Window.Aligned
): Aggregated<Values, P, S, Key> =>
  Aggregate.make(Plan.changeWindow(resultsOf("Pipeline.rollUp", self), (node) => ({
    ...node,
    input: node,
    preAggregated: null,
    window: Window.tumblingOf(size, options, "Pipeline.rollUp")
  })))

/** The values of a pipeline's panes, or those of its rows. */
export type ValuesOf<P> = P extends Pipeline<infer Values, Portability> ? Values
  : P extends OfRows<infer R, Portability> ? Structured<R>
  : never

/** The fields of a row with those of structs in their structs; one that may be absent is `null` where it has nothing. */
type Structured<R> = {
  readonly [Name in Outermost<keyof R & string>]: Name extends keyof R ? R[Name] : Structured<Inside<R, Name>> | null
}

type Outermost<Path extends string> = Path extends `${infer Struct}.${string}` ? Struct : Path

type Inside<R, Struct extends string> = {
  readonly [Path in keyof R as Path extends `${Struct}.${infer Rest}` ? Rest : never]: R[Path]
}

/** The rows of a source, or of a pipeline that ends in events, as functions see them: fields by their paths. */
export type RowOf<S> = S extends Events<infer R, Portability> | OfRows<infer R, Portability> ? R : never

/** The names of what panes have, or rows: fields by their paths. */
type NamesOf<P> = P extends Pipeline<infer Values, Portability> ? keyof Values & string
  : P extends OfRows<infer R, Portability> ? keyof R & string
  : never

/** How a pipeline would like to be shown, whose values have these names. */
export interface Hints<Name extends string> extends Shown {
  readonly values?: { readonly [K in Name]?: ShownValue }
}

/**
 * Says how a pipeline would like to be shown to people: its title, the time zone of its times, and of each value a title, a
 * unit, how many decimals, and how it is drawn. It stands behind `Pipeline.named`, is not needed, and changes neither what is
 * computed nor the fingerprint. Throws a `CheckError` for the name of a value that there is not.
 *
 * @example
 * ```ts
 * import { Aggregate, Pipeline, ticks, Window } from "courant"
 *
 * export const turnover = ticks.pipe(
 *   Window.tumbling("1 minute"),
 *   Aggregate.into({ shares: Aggregate.sum("size"), trades: Aggregate.count }),
 *   Pipeline.named("turnover-1m"),
 *   Pipeline.shown({ title: "Turnover", timeZone: "America/New_York", values: { shares: { title: "Shares traded", plot: "bars" } } })
 * )
 * ```
 */
export const shown = <P extends Any>(hints: Hints<NamesOf<P>>) => (self: P): P => {
  needsNamed("Pipeline.shown", self)
  return { ...self, hints: checkShown(self.checked, hints) }
}

export type { Row }

/** The same pipeline under other bounds of disorder, as the command line sets them. */
export const withBounds = <P extends Any>(pipeline: P, bounds: Plan.Bounds): P => {
  optionsOf("Pipeline.withBounds", bounds, ["outOfOrderness", "allowedLateness"])
  const bounded = isOfRows(pipeline) ? ofRows(pipeline.name, Plan.withBounds(pipeline.plan, bounds)) : rebound(pipeline, bounds)
  // Bounds change neither what is put out nor the portability, and a pipeline's type says nothing else.
  return (pipeline.hints === undefined ? bounded : { ...bounded, hints: pipeline.hints }) as P
}

const rebound = ({ name, plan }: AnyOfPanes, bounds: Plan.Bounds): AnyOfPanes => ofPanes(name, Plan.withBounds(plan, bounds))

/**
 * A digest of everything that decides what pipelines compute together, in whatever order they and their results are
 * named. State that was saved under one fingerprint is never read under another. Functions count by their source text.
 */
export const fingerprint = (pipelines: ReadonlyArray<Any>): string =>
  Fingerprint.of(Object.fromEntries(pipelines.map(({ checked, name }) => [name, checked.fingerprint])))
