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
import { Duration, Predicate } from "effect"
import { createHash } from "node:crypto"
import type { Decimal } from "../../domain/Decimal.ts"
import * as Aggregate from "./Aggregate.ts"
import type { Aggregated } from "./Aggregate.ts"
import type { Fits, Has } from "./Expr.ts"
import type { Portability, Row, Source } from "./Source.ts"
import * as Window from "./Window.ts"

/** `Values` are the results of one pane; a `"local"` pipeline cannot leave the process. */
export interface Pipeline<out Values, out P extends Portability = "portable"> {
  readonly name: string
  readonly source: Source<unknown, Portability>
  readonly window: Window.Window
  readonly aggregates: { readonly [name: string]: Aggregate.Spec }
  readonly options: Aggregate.Options
  readonly _values?: Values
  readonly _portability?: P
}

export type Any = Pipeline<unknown, Portability>

/** Gives the pipeline its name, by which its panes, checkpoints and measurements are known. */
export const named = (name: string) => <Values, P extends Portability>(self: Aggregated<Values, P>): Pipeline<Values, P> => {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    throw new TypeError(`a pipeline's name consists of a-z, 0-9 and "-": "${name}" does not`)
  }
  const { aggregates, options, source, window } = self
  if (window.kind === "session" && options.preAggregated !== null) {
    throw new TypeError(`"${name}": pre-aggregated records have no place in session windows`)
  }
  for (const result of Object.keys(options.preAggregated?.fields ?? {})) {
    const op = aggregates[result]?.op
    if (op !== undefined && ready.includes(op)) continue
    throw new TypeError(`"${name}": "${result}" (${op ?? "no result"}) cannot be made from pre-aggregated values`)
  }
  return { name, source, window, aggregates, options }
}

/** What can be made of a result for part of a window and nothing else: a mean, say, would need its count too. */
const ready: ReadonlyArray<Aggregate.Op> = ["count", "sum", "min", "max", "first", "last"]

const withOptions = (change: Partial<Aggregate.Options>) =>
<Values, P extends Portability>(self: Aggregated<Values, P>): Aggregated<Values, P> =>
  Aggregate.make({ ...self, options: { ...self.options, ...change } })

/**
 * For how long after a window has closed, in event time, late events still change it. Each
 * change is a `late` pane with the next revision. 0 by default. At exactly the end of the
 * lateness an event is too late.
 */
export const allowedLateness = (lateness: Duration.Input) =>
  withOptions({ allowedLateness: Duration.toMillis(lateness) })

/** Emits only when a window closes: the default. */
export const emitOnClose = withOptions({ emit: { on: "close" } })

/**
 * Emits `early` panes of open windows as they change: at every event, or whenever the
 * largest event time has crossed a multiple of `every`. Both are functions of the log.
 */
export const emitOnUpdate = (options?: { readonly every?: Duration.Input }) =>
  withOptions({ emit: { on: "update", every: Duration.toMillis(options?.every ?? 0) } })

/**
 * Adds a result that compares a window with the one before it of the same key: by how many
 * per cent a value has changed, HALF_UP to 4 decimals; `null` where there is no window
 * before, or no value, or the former value is 0.
 */
export const percentChange = <const Name extends string, const Of extends string>(name: Name, of: Of) =>
<Values, P extends Portability>(
  self: Aggregated<Values, P> & Fits<Values, Has<Of, Decimal | number | null>>
): Aggregated<Values & Has<Name, Decimal | null>, P> =>
  Aggregate.make({
    ...self,
    options: { ...self.options, derived: { ...self.options.derived, [name]: { op: "percentChange", field: of } } }
  })

type Unmapped<Values, M> = { readonly [K in keyof Values]: K extends keyof M ? Values[K] : Values[K] | null }

/**
 * Lets aggregates that somebody else has made into the windows: a publisher's bar enters
 * the candle whose time it covers. `fields` says which field of the other source is which
 * result; a result that is not named there is `null` wherever such a record takes part,
 * since nobody knows it.
 */
export const acceptPreAggregated = <R, const M extends { readonly [name: string]: keyof R & string }>(
  source: Source<R, Portability>,
  fields: M
) =>
<Values, P extends Portability>(
  self: Aggregated<Values, P> & Fits<Values, { readonly [K in keyof M]: unknown }>
): Aggregated<Unmapped<Values, M>, P> =>
  Aggregate.make({ ...self, options: { ...self.options, preAggregated: { source, fields } } })

/**
 * A pipeline of larger windows made of the windows of another. It merges their exact states,
 * not their rounded results, so that a 5-minute mean is that of all its ticks. An event
 * that came too late for the smaller window is not in the larger one either.
 */
export const rollUp = <Values, P extends Portability>(
  self: Pipeline<Values, P>,
  size: Duration.Input,
  options?: Window.Aligned
): Aggregated<Values, P> => {
  const { window: inner } = self
  const window = Window.tumblingOf(size, options)
  if (inner.kind !== "tumbling" || window.kind !== "tumbling") {
    throw new TypeError(`only tumbling windows can be rolled up: those of "${self.name}" are ${inner.kind}`)
  }
  if (window.size % inner.size !== 0 || (window.offset - inner.offset) % inner.size !== 0) {
    throw new RangeError(`windows of ${window.size} ms are not made of whole windows of "${self.name}"`)
  }
  return Aggregate.make({
    source: self.source,
    window,
    aggregates: self.aggregates,
    options: { ...self.options, rollUpOf: { pipeline: self.name, window: inner } }
  })
}

/** The values of a pipeline's panes. */
export type ValuesOf<P> = P extends Pipeline<infer Values, Portability> ? Values : never

/** The rows of a source. */
export type RowOf<S> = S extends Source<infer R, Portability> ? R : never

export type { Row }

/** The same pipeline under other bounds of disorder, as the command line sets them. */
export const withBounds = <P extends Any>(
  pipeline: P,
  bounds: { readonly outOfOrderness?: number; readonly allowedLateness?: number }
): P => ({
  ...pipeline,
  source: {
    ...pipeline.source,
    definition: {
      ...pipeline.source.definition,
      outOfOrderness: bounds.outOfOrderness ?? pipeline.source.definition.outOfOrderness
    }
  },
  options: { ...pipeline.options, allowedLateness: bounds.allowedLateness ?? pipeline.options.allowedLateness }
})

/**
 * A digest of everything that decides what a pipeline computes. State that was saved under
 * one fingerprint is never read under another. Functions count by their source text.
 */
export const fingerprint = (pipelines: ReadonlyArray<Any>): string =>
  createHash("sha256").update(JSON.stringify(pipelines, canonical)).digest("hex")

const canonical = (name: string, value: unknown): unknown => {
  if (name === "pipe" || name === "accepts") return undefined
  if (typeof value === "function") return String(value)
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (Predicate.isObject(value) && "state" in value && "merge" in value) return { ...value, state: "codec" }
  if (Predicate.isObject(value)) {
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
  }
  return value
}
