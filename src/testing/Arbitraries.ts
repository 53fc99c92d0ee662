/**
 * Random pipelines and random logs for them: few keys, few windows and small numbers, so
 * that times collide, boundaries are met and events come late.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import { Decimal } from "../domain/Decimal.ts"
import { Aggregate, Expr, Pipeline, Source, Window } from "../streams/index.ts"

const Sample = Schema.Struct({
  key: Schema.String,
  time: Schema.Int,
  price: Decimal({ scale: 2, limit: 90_000_000 }),
  size: Schema.Int,
  ratio: Schema.optionalKey(Schema.Finite),
  flag: Schema.optionalKey(Schema.Boolean),
  venue: Schema.optionalKey(Schema.String)
})

/** An event of a random log, as it is written into it. */
export interface Sample {
  readonly key: string
  readonly time: number
  readonly price: string
  readonly size: number
  readonly ratio?: number
  readonly flag?: boolean
  readonly venue?: string
}

/** A log: the events of each partition in order, and the order in which partitions are read. */
export interface Log {
  readonly events: ReadonlyArray<{ readonly partition: number; readonly sample: Sample }>
  readonly partitions: number
}

export const source = (outOfOrderness: number) =>
  Source.make("samples", { schema: Sample, key: "key", eventTime: "time", outOfOrderness })

const flagged = Aggregate.where(Expr.isNot("flag", false))

/** Every operation, with and without conditions, over decimals, integers and texts. */
const aggregates = {
  count: Aggregate.count,
  flagged: flagged(Aggregate.count),
  sumPrice: Aggregate.sum("price"),
  sumSize: flagged(Aggregate.sum("size")),
  meanPrice: flagged(Aggregate.mean("price")),
  meanSize: Aggregate.mean("size"),
  low: Aggregate.min("price"),
  high: flagged(Aggregate.max("price")),
  smallest: Aggregate.min("ratio"),
  open: flagged(Aggregate.first("price")),
  close: Aggregate.last("price"),
  firstVenue: Aggregate.first("venue"),
  lastFlag: Aggregate.last("flag"),
  cheapestVenue: Aggregate.minBy("venue", "price"),
  sizeOfHighest: Aggregate.maxBy("size", "price"),
  vwap: flagged(Aggregate.weightedMean("price", "size"))
}

const windows = fc.oneof(
  fc.record({ size: fc.integer({ min: 1, max: 12 }), offset: fc.integer({ min: -3, max: 3 }) })
    .map(({ offset, size }) => Window.tumbling(size, { offset })),
  fc.record({
    size: fc.integer({ min: 1, max: 12 }),
    advance: fc.integer({ min: 1, max: 12 }),
    offset: fc.integer({ min: -3, max: 3 })
  }).map(({ advance, offset, size }) => Window.hopping(Math.max(size, advance), Math.min(size, advance), { offset })),
  fc.record({ step: fc.integer({ min: 1, max: 5 }), steps: fc.integer({ min: 1, max: 4 }) })
    .map(({ step, steps }) => Window.cumulative(step * steps, step)),
  fc.integer({ min: 1, max: 8 }).map((gap) => Window.session(gap))
)

export interface PipelineOptions {
  /** Allowed lateness and early panes too; otherwise each window is emitted once. */
  readonly revisions: boolean
}

/** A random pipeline with every aggregate over random windows. */
export const pipelines = ({ revisions }: PipelineOptions): fc.Arbitrary<Pipeline.Any> =>
  fc.record({
    outOfOrderness: fc.integer({ min: 0, max: 8 }),
    window: windows,
    filtered: fc.boolean(),
    lateness: revisions ? fc.integer({ min: 0, max: 10 }) : fc.constant(0),
    every: revisions ? fc.option(fc.integer({ min: 0, max: 6 })) : fc.constant(null)
  }).map(({ every, filtered, lateness, outOfOrderness, window }) => {
    const samples = source(outOfOrderness)
    const aggregated = window(filtered ? samples.pipe(Source.where(Expr.gte("size", 2))) : samples).pipe(
      Aggregate.into(aggregates),
      Pipeline.percentChange("change", "close"),
      Pipeline.allowedLateness(lateness)
    )
    return (every === null ? aggregated : aggregated.pipe(Pipeline.emitOnUpdate({ every }))).pipe(
      Pipeline.named("random")
    )
  })

const samples: fc.Arbitrary<Sample> = fc.record({
  key: fc.constantFrom("A", "B", "C"),
  time: fc.integer({ min: -12, max: 40 }),
  price: fc.oneof(
    fc.integer({ min: -300, max: 300 }).map((cents) => (cents / 100).toFixed(2)),
    fc.constantFrom("90000000", "-90000000", "89999999.99", "0.01")
  ),
  size: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(1_000_000_000_000)),
  ratio: fc.constantFrom(0.5, 1.25, -3),
  flag: fc.boolean(),
  venue: fc.constantFrom("N", "Q", "é")
}, { requiredKeys: ["key", "time", "price", "size"] })

/** A log whose events come in any order whatever: many are late. */
export const logs: fc.Arbitrary<Log> = fc.integer({ min: 1, max: 3 }).chain((partitions) =>
  fc.array(fc.record({ partition: fc.integer({ min: 0, max: partitions - 1 }), sample: samples }), { maxLength: 60 })
    .map((events) => ({ events, partitions }))
)

/** A log in which no event comes later than the bound allows: sorted by time and then shaken within it. */
export const logsWithin = (bound: number): fc.Arbitrary<Log> =>
  fc.array(
    fc.record({ sample: samples, shake: fc.integer({ min: 0, max: bound }) }),
    { maxLength: 60 }
  ).map((items) => ({
    partitions: 1,
    events: items
      .toSorted((a, b) => a.sample.time + a.shake - (b.sample.time + b.shake))
      .map(({ sample }) => ({ partition: 0, sample }))
  }))
