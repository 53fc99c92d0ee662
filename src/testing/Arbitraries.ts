/**
 * Random pipelines and random logs for them: few keys, few windows and small numbers, so
 * that times collide, boundaries are met and events come late.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import { Price } from "../domain/Tick.ts"
import type { Decision } from "../streams/records/Decision.ts"
import { altered, definitionOf, fed, windowNode } from "./Altered.ts"
import { derivation, derivations, derived, everyIndicator, reordered, stepped, steps } from "./Graphs.ts"
import { evaluated, evaluations, filled, nothingEvaluated, ranked } from "./RandomEvaluations.ts"
import { computed, nothingComputed, overComputed, withComputed } from "./RandomExpressions.ts"
import { betweens, over, staged } from "./RandomStages.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import type * as Plan from "../streams/pipeline/Plan.ts"
import type { Node } from "../streams/pipeline/Expr.ts"
import { Aggregate, Events, Expr, Pipeline, Source, Window } from "../streams/pipeline/index.ts"
import { Kind } from "../streams/records/Records.ts"

export const SampleSchema = Schema.Struct({
  key: Schema.String,
  time: Schema.Int,
  price: Price,
  size: Schema.Int,
  ratio: Schema.optionalKey(Schema.Finite),
  flag: Schema.optionalKey(Schema.Boolean),
  venue: Schema.optionalKey(Schema.String)
})

/** An event of a random log, as it is written into it. */
export type Sample = typeof SampleSchema.Encoded

export const PreAggregatedSchema = Schema.Struct({
  key: Schema.String,
  time: Schema.Int,
  open: Price,
  high: Price,
  low: Price,
  close: Price,
  size: Schema.Int,
  rows: Schema.Int
})

/** A pre-aggregated record of a random log. */
export type PreAggregated = typeof PreAggregatedSchema.Encoded

/** What an idle decision says, wherever it is taken. */
export type Idle = Omit<Decision & { readonly _tag: "idle" }, "_tag" | "partition" | "at">

/**
 * One record of a log and the partition that it is in; or a decision that was taken there: that the partition is idle, or
 * that the input is at its end, which counts when it has been said in each partition.
 */
export type Entry =
  & { readonly partition: number }
  & (
    | { readonly kind: typeof Kind.event; readonly value: Sample }
    | { readonly kind: typeof Kind.preAggregated; readonly value: PreAggregated }
    | { readonly kind: "idle"; readonly value: Idle }
    | { readonly kind: "end" }
  )

/** The records of all partitions in the order in which they are read. */
export interface Log {
  readonly entries: ReadonlyArray<Entry>
  readonly partitions: number
}

export const source = (outOfOrderness: number) =>
  Source.make("samples", { schema: SampleSchema, key: "key", eventTime: "time", outOfOrderness })

type Samples = ReturnType<typeof source>

const flagged = Aggregate.where(Expr.isNot("flag", false))

export type SampleRow = Pipeline.RowOf<Samples>

/** How many different sizes there are: a function's aggregate whose order of rows plays no part. */
const distinctSizes = Aggregate.custom({
  create: (): ReadonlyArray<number> => [],
  add: (sizes, { size }: SampleRow) => union(sizes, [size]),
  merge: (left, right) => union(left, right),
  result: (sizes) => sizes.length,
  state: Schema.Array(Schema.Int)
})

const union = (left: ReadonlyArray<number>, right: ReadonlyArray<number>): ReadonlyArray<number> =>
  [...new Set([...left, ...right])].sort((a, b) => a - b)

/** Every operation, with and without conditions, over decimals, integers, doubles, booleans and texts. */
export const aggregates = {
  count: Aggregate.count,
  flagged: flagged(Aggregate.count),
  sumPrice: Aggregate.sum("price"),
  sumSize: flagged(Aggregate.sum("size")),
  sumRatio: Aggregate.sum("ratio"),
  meanPrice: flagged(Aggregate.mean("price")),
  meanSize: Aggregate.mean("size"),
  meanRatio: Aggregate.mean("ratio"),
  low: Aggregate.min("price"),
  high: flagged(Aggregate.max("price")),
  smallest: Aggregate.min("ratio"),
  open: flagged(Aggregate.first("price")),
  close: Aggregate.last("price"),
  firstVenue: Aggregate.first("venue"),
  lastFlag: Aggregate.last("flag"),
  cheapestVenue: Aggregate.minBy("venue", "price"),
  sizeOfHighest: Aggregate.maxBy("size", "price"),
  vwap: flagged(Aggregate.weightedMean("price", "size")),
  weightedRatio: Aggregate.weightedMean("ratio", "size"),
  ratioWeighted: Aggregate.weightedMean("price", "ratio"),
  variancePrice: flagged(Aggregate.variance("price")),
  varianceSize: Aggregate.variance("size", { of: "population" }),
  varianceRatio: Aggregate.variance("ratio"),
  deviationPrice: Aggregate.standardDeviation("price", { of: "population" }),
  deviationRatio: flagged(Aggregate.standardDeviation("ratio")),
  covariance: Aggregate.covariance("price", "size"),
  covarianceRatio: Aggregate.covariance("ratio", "price", { of: "population" }),
  correlation: flagged(Aggregate.correlation("price", "size")),
  correlationRatio: Aggregate.correlation("size", "ratio"),
  venues: Aggregate.countDistinct("venue", { atMost: 2 }),
  prices: flagged(Aggregate.countDistinct("price", { atMost: 1_000 })),
  ratios: Aggregate.countDistinct("ratio", { atMost: 5 }),
  medianPrice: Aggregate.median("price"),
  upperSize: flagged(Aggregate.quantile("size", 0.9, { error: 0.05 })),
  lowerRatio: Aggregate.quantile("ratio", 0.29),
  // Names that state has too: no result's is special.
  rows: Aggregate.sum("size"),
  value: flagged(Aggregate.mean("ratio")),
  distinctSizes
}

type Assigned = Window.Windowed<SampleRow>

const offset = fc.integer({ min: -3, max: 3 })

const tumbling = fc.record({ size: fc.integer({ min: 1, max: 12 }), offset })

const hopping = fc.record({ a: fc.integer({ min: 1, max: 12 }), b: fc.integer({ min: 1, max: 12 }), offset })
  .map(({ a, b, offset }) => ({ size: Math.max(a, b), advance: Math.min(a, b), offset }))

const cumulative = fc.record({ step: fc.integer({ min: 1, max: 5 }), steps: fc.integer({ min: 1, max: 4 }), offset })

/** Random windows of every kind but the calendar's, and of so many rows: these hold rows, and are never told early or late. */
export const windows: fc.Arbitrary<(samples: Events.Events<SampleRow>) => Assigned> = fc.oneof(
  tumbling.map(({ offset, size }) => Window.tumbling(size, { offset })),
  hopping.map(({ advance, offset, size }) => Window.hopping(size, advance, { offset })),
  cumulative.map(({ offset, step, steps }) => Window.cumulative(step * steps, step, { offset })),
  fc.integer({ min: 1, max: 8 }).map((gap) => Window.session(gap))
)

/** Those of them that lie on a grid, whatever the rows. */
export const gridWindows: fc.Arbitrary<(samples: Events.Events<SampleRow>) => Assigned> = fc.oneof(
  tumbling.map(({ offset, size }) => Window.tumbling(size, { offset })),
  hopping.map(({ advance, offset, size }) => Window.hopping(size, advance, { offset })),
  cumulative.map(({ offset, step, steps }) => Window.cumulative(step * steps, step, { offset })),
  fc.constant(Window.calendar("day", { timeZone: "UTC" }))
)

const counts = fc.record({ rows: fc.integer({ min: 1, max: 4 }), within: fc.integer({ min: 1, max: 20 }) })
  .map(({ rows, within }) => (samples: Events.Events<SampleRow>): Assigned => Window.count(rows, { within })(samples))

const heldWindows = fc.oneof({ weight: 3, arbitrary: windows }, { weight: 1, arbitrary: counts })

const isCounting = (plan: Plan.Results): boolean => plan._tag === "window" ? plan.window.kind === "count" : isCounting(plan.input)

export interface PipelineOptions {
  /** Allowed lateness and early panes too; otherwise each window is emitted once. */
  readonly revisions: boolean
  /** The bound of disorder; a random one without. */
  readonly outOfOrderness?: number
  readonly name?: string
  /** Fields that are computed from others, and other keys, too; and what expressions over results give, and leave out. */
  readonly computed?: boolean
}

/** A part of the aggregates, in any order: all of them in each pipeline would cost more than they find. */
const someAggregates = fc.shuffledSubarray(Object.keys(aggregates), { minLength: 8, maxLength: 16 })
  .map((names) => [...new Set(["close", "count", ...names])])

const slack = fc.integer({ min: 0, max: 8 })

/**
 * A random graph: conditions and functions one after another, aggregates in any order over random windows, which may
 * be made of smaller ones, and values derived from these and from one another.
 */
export const pipelines = (options: PipelineOptions): fc.Arbitrary<Pipeline.AnyOfPanes> =>
  fc.record({
    outOfOrderness: options.outOfOrderness === undefined ? slack : fc.constant(options.outOfOrderness),
    window: windows,
    rollUp: fc.option(fc.record({ tumbling, times: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 2 }) }), { freq: 4 }),
    steps: steps(rowConditions),
    order: someAggregates,
    derivations,
    computed: options.computed === true ? computed : fc.constant(nothingComputed),
    lateness: options.revisions ? fc.integer({ min: 0, max: 10 }) : fc.constant(0),
    every: options.revisions ? fc.option(fc.integer({ min: 0, max: 6 })) : fc.constant(null),
    evaluations: options.computed === true ? evaluations : fc.constant(nothingEvaluated)
  }).map(({ computed, derivations, evaluations, every, lateness, order, outOfOrderness, rollUp, steps, window }) => {
    const plain = rollUp === null ? window(source(outOfOrderness)).pipe(Aggregate.into(aggregates)) : rolledUp(source(outOfOrderness), rollUp)
    const late = plain.pipe(Pipeline.allowedLateness(lateness))
    // Windows that are told early are not ranked.
    const emitting = every === null || evaluations.top !== null ? late : late.pipe(Pipeline.emitOnUpdate({ every }))
    const windows = altered(emitting.pipe(Pipeline.named(options.name ?? "random")), (node) => ({ aggregates: reordered(node.aggregates, order) }))
    const { definition } = source(outOfOrderness)
    const rows = fed(windows, (rows) => withComputed(stepped(rows, steps), definition, computed))
    const { plan, name } = altered(rows, ({ aggregates }) => ({ aggregates: { ...aggregates, ...overComputed(definition, computed) } }))
    const before = evaluated(plan, "before", evaluations.before)
    // Nothing is derived early from windows that are filled.
    const results = every !== null && derivations.length > 0 ? before : filled(before, evaluations.after)
    const behind = evaluated(derived(results, derivations, numeric.filter((name) => order.includes(name))), "after", evaluations.after)
    return readable(Aggregate.make(ranked(behind, evaluations.top)).pipe(Pipeline.named(name)))
  })

/** Every indicator over windows that may be revised, and as often as not over one of these again. */
export const indicators: fc.Arbitrary<Pipeline.AnyOfPanes> = fc.record({
  window: heldWindows,
  outOfOrderness: slack,
  lateness: fc.integer({ min: 0, max: 10 }),
  nodes: fc.array(everyIndicator, { minLength: 1, maxLength: 2 })
}).map(({ lateness, nodes, outOfOrderness, window }) => {
  const plain = window(source(outOfOrderness)).pipe(Aggregate.into(aggregates))
  const windows = isCounting(plain.plan) ? plain : plain.pipe(Pipeline.allowedLateness(lateness))
  return readable(Aggregate.make(derived(windows.plan, nodes, numeric)).pipe(Pipeline.named("indicators")))
})

/** Results that indicators can be computed over: of every kind, and some of which are often missing. */
const numeric = ["close", "sumSize", "smallest", "count", "meanPrice", "weightedRatio", "high", "low"]

interface RollUp {
  readonly tumbling: { readonly size: number; readonly offset: number }
  readonly times: ReadonlyArray<number>
}

const rolledUp = (samples: Samples, { times, tumbling: { offset, size } }: RollUp) => {
  const inner = samples.pipe(Window.tumbling(size, { offset }), Aggregate.into(aggregates))
  return times.reduce(({ aggregated, size }, by) => ({
    aggregated: Pipeline.rollUp(aggregated.pipe(Pipeline.named("inner")), size * by, { offset }),
    size: size * by
  }), { aggregated: inner, size }).aggregated
}

const numbers = fc.oneof(
  fc.tuple(
    fc.constantFrom("price"),
    fc.constantFrom("0", "1.5", 1.5, "-0.01", "90000000", "0.000000001", 1e-9, "1e2", 1e300, "163512345.50000001", "163512345.5", "-163512345.50000001", 163_512_345.5)
  ),
  fc.tuple(fc.constantFrom("size"), fc.constantFrom(0, 2, 2.5, "3", 1_000_000_000_000)),
  fc.tuple(fc.constantFrom("ratio"), fc.constantFrom(0.5, 1, "1.25", -3))
)

const conditionsOver = (literals: fc.Arbitrary<[string, string | number]>): fc.Arbitrary<Node> => fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    fc.tuple(fc.constantFrom("eq", "ne", "lt", "lte", "gt", "gte", "isNot"), literals)
      .map(([op, [field, value]]): Node => ({ op, field, value })),
    fc.tuple(
      fc.constantFrom("eq", "ne", "isNot"),
      fc.oneof(
        fc.tuple(fc.constantFrom("key", "venue"), fc.constantFrom("A", "N", "é", "elsewhere")),
        fc.tuple(fc.constant("flag"), fc.boolean())
      )
    ).map(([op, [field, value]]): Node => ({ op, field, value })),
    fc.tuple(fc.constantFrom("and", "or"), fc.array(tie("node"), { maxLength: 3 }))
      .map(([op, all]): Node => ({ op, all })),
    tie("node").map((that): Node => ({ op: "not", that }))
  )
})).node

/** Random conditions as data, over every kind of field. */
export const conditions: fc.Arbitrary<Node> = conditionsOver(
  fc.oneof({ weight: 3, arbitrary: numbers }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom("time"), fc.constantFrom(0, -5, 20)) })
)

/** The same without time, so that what they say of a row stays true when all times are moved. */
const rowConditions = conditionsOver(numbers)

/** Pipelines that one job can run together. */
export const jobs = (options: PipelineOptions): fc.Arbitrary<ReadonlyArray<Pipeline.AnyOfPanes>> =>
  slack.chain((outOfOrderness) =>
    fc.tuple(
      pipelines({ ...options, outOfOrderness, name: "b", computed: true }),
      fc.option(pipelines({ ...options, outOfOrderness, name: "a" })),
      fc.option(pipelinesWithPreAggregated({ ...options, outOfOrderness, name: "c" })),
      fc.option(fc.oneof(heldPipelines({ ...options, outOfOrderness, name: "d" }), stagedPipelines({ ...options, outOfOrderness, name: "d" })))
    )
  ).map((all) => all.filter((pipeline) => pipeline !== null))

/** The same records read as those of a source with a name of its own. */
export const others = (outOfOrderness: number) => Source.make("others", { schema: SampleSchema, key: "key", eventTime: "time", outOfOrderness })

/** The same records read in other ways: by another key, at another event time, with fewer fields, under another bound. */
const readings = {
  byVenue: (outOfOrderness: number) =>
    Source.make("samples", { schema: Schema.Struct({ ...SampleSchema.fields, venue: Schema.String }), key: "venue", eventTime: "time", outOfOrderness }),
  bySize: (outOfOrderness: number) => Source.make("samples", { schema: SampleSchema, key: "key", eventTime: "size", outOfOrderness }),
  inShort: (outOfOrderness: number) =>
    Source.make("samples", {
      schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
      key: "key",
      eventTime: "time",
      outOfOrderness
    })
}

/** Some rows are left out, or none. */
const someRows = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: steps(rowConditions) })

/** A node that holds rows, behind others; the how manieth it is. */
type Holding = (input: Plan.Events, node: number) => Plan.Events

const distinct: fc.Arbitrary<Holding> = fc.record({
  before: someRows,
  by: fc.constantFrom(["venue"], ["size"], ["flag", "venue"], ["venue", "size"], ["key"]),
  within: fc.nat(12)
}).map(({ before, by, within }) => (input) => ({ _tag: "distinct", input: stepped(input, before), by, within }))

/** The other side is read from the same records: as the first one is, under another bound, or at other times. */
const otherSides = fc.record({ slack, isBySize: fc.boolean(), before: someRows, once: fc.option(distinct, { freq: 3 }) })
  .map(({ before, isBySize, once, slack }) => {
    const rows = stepped((isBySize ? readings.bySize : source)(slack).plan, before)
    return once === null ? rows : once(rows, 0)
  })

const asOf: fc.Arbitrary<Holding> = fc.record({
  before: someRows,
  other: otherSides,
  within: fc.oneof({ weight: 3, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.constant(1e15) }),
  fields: fc.shuffledSubarray(["venue", "price", "ratio", "size", "flag"], { minLength: 1 })
}).map(({ before, fields, other, within }) => (input, node) => {
  const select = Object.fromEntries(fields.map((field) => [`other${node}_${field}`, field]))
  return { _tag: "as-of", input: stepped(input, before), other, within, select }
})

const interval: fc.Arbitrary<Holding> = fc.record({
  before: someRows,
  other: otherSides,
  earlier: fc.nat(6),
  later: fc.nat(6),
  // Sizes are small for the most part, and so are times.
  until: fc.option(fc.constant("size"), { freq: 2 }),
  type: fc.constantFrom("inner" as const, "left" as const),
  fields: fc.shuffledSubarray(["venue", "price", "ratio", "size", "flag"], { minLength: 1 })
}).map(({ before, earlier, fields, later, other, type, until }) => (input, node) => {
  const select = Object.fromEntries(fields.map((field) => [`other${node}_${field}`, field]))
  return { _tag: "interval", input: stepped(input, before), other, before: earlier, after: later, until, type, select }
})

/** Pairs of rows, as often as not paired again or held once more. */
export const pairedSteps: fc.Arbitrary<(rows: Plan.Events) => Plan.Events> =
  fc.tuple(interval, fc.option(fc.oneof(interval, distinct, asOf), { freq: 2 }))
    .map(([first, second]) => (rows) => second === null ? first(rows, 0) : second(first(rows, 0), 1))

/** What is done to rows that are held on their way: some are left out before, and between one node that holds them and the next. */
export const heldSteps: fc.Arbitrary<(rows: Plan.Events) => Plan.Events> =
  fc.array(fc.oneof({ weight: 2, arbitrary: distinct }, { weight: 2, arbitrary: asOf }, { weight: 1, arbitrary: interval }), { minLength: 1, maxLength: 2 }).map((nodes) => (rows) => nodes.reduce((input, node, index) => node(input, index), rows))

/** Rows together with those of another source, or with others of the same: read from the same records all of them. */
const united = fc.record({ slack, isOther: fc.boolean(), before: someRows, after: someRows }).map(({ after, before, isOther, slack }) =>
  (rows: Plan.Events): Plan.Events =>
    stepped({ _tag: "union", input: stepped(rows, before), other: (isOther ? others : source)(slack).plan }, after))

/** Windows of rows that were united and nothing else. */
export const unitedPipelines: fc.Arbitrary<Pipeline.AnyOfPanes> =
  fc.record({ outOfOrderness: slack, window: windows, united, order: fc.shuffledSubarray(Object.keys(aggregates), { minLength: 3, maxLength: 6 }) })
    .map(({ order, outOfOrderness, united, window }) => {
      const plain = window(source(outOfOrderness)).pipe(Aggregate.into(aggregates), Pipeline.named("united"))
      const windows = altered(plain, (node) => ({ aggregates: reordered(node.aggregates, [...new Set(["count", "open", "close", ...order])]) }))
      return readable(fed(windows, united))
    })

/** Pipelines whose rows are held before they come to windows, and that compute fields and other keys of what leaves. */
export const heldPipelines = (options: PipelineOptions): fc.Arbitrary<Pipeline.AnyOfPanes> =>
  fc.record({
    outOfOrderness: options.outOfOrderness === undefined ? slack : fc.constant(options.outOfOrderness),
    window: heldWindows,
    held: heldSteps,
    // Windows that count rows hold them where nothing else does.
    isCountedAtOnce: fc.boolean(),
    united: fc.option(united, { freq: 2 }),
    computed,
    isComputedBefore: fc.boolean(),
    order: fc.shuffledSubarray(Object.keys(aggregates), { minLength: 3, maxLength: 6 }),
    every: options.revisions ? fc.option(fc.integer({ min: 0, max: 6 })) : fc.constant(null)
  }).map(({ computed, every, held, isComputedBefore, isCountedAtOnce, order, outOfOrderness, united, window }) => {
    const plain = window(source(outOfOrderness)).pipe(Aggregate.into(aggregates))
    const isCounted = isCounting(plain.plan)
    const emitting = every === null || isCounted ? plain : plain.pipe(Pipeline.emitOnUpdate({ every }))
    const windows = altered(emitting.pipe(Pipeline.named(options.name ?? "held")), (node) => ({ aggregates: reordered(node.aggregates, [...new Set(["count", ...order])]) }))
    const { definition } = source(outOfOrderness)
    // Sides are joined by one key.
    const before = isComputedBefore ? { ...computed, key: null } : nothingComputed
    const behind = isComputedBefore ? { ...nothingComputed, key: computed.key } : { ...computed, order: null }
    const heldUnless = (isNot: boolean, rows: Plan.Events) => isNot ? rows : held(rows)
    const rows = fed(windows, (rows) =>
      withComputed(heldUnless(isCounted && isCountedAtOnce, withComputed(united === null ? rows : united(rows), definition, before)), definition, behind))
    const { columns } = Checked.definitionOf(windowNode(rows).input)
    const selected = columns.filter(({ name }) => name.startsWith("other")).flatMap(({ kind, name: field }) => [
      [`last_${field}`, { op: "last", field }] as const,
      ...kind === "decimal" || kind === "int" ? [[`sum_${field}`, { op: "sum", field }] as const] : []
    ])
    return readable(altered(rows, ({ aggregates }) => ({ aggregates: { ...aggregates, ...overComputed(definition, computed), ...Object.fromEntries(selected) } })))
  })

/** Results that rows can be made of: those of windows that are not told early, and none that a function gives. */
const results = (options: PipelineOptions): fc.Arbitrary<Plan.Results> =>
  fc.oneof({ weight: 3, arbitrary: pipelines({ ...options, revisions: true, computed: true }) }, { weight: 1, arbitrary: heldPipelines({ ...options, revisions: false }) })
    .map((pipeline) =>
      altered(pipeline, ({ aggregates }) => ({
        aggregates: "distinctSizes" in aggregates ? { ...aggregates, distinctSizes: { op: "count" } } : aggregates,
        trigger: { on: "close" }
      })).plan)

/** Pipelines whose windows are over the results of other windows, which may be joined with those of others, or with rows. */
export const stagedPipelines = (options: PipelineOptions): fc.Arbitrary<Pipeline.AnyOfPanes> => {
  const outOfOrderness = options.outOfOrderness === undefined ? slack : fc.constant(options.outOfOrderness)
  return outOfOrderness.chain((outOfOrderness) =>
    fc.record({
      first: results({ ...options, outOfOrderness }),
      other: fc.option(results({ ...options, outOfOrderness }), { freq: 2 }),
      between: betweens,
      window: heldWindows,
      every: options.revisions ? fc.option(fc.integer({ min: 0, max: 6 })) : fc.constant(null),
      evaluations: fc.oneof(fc.constant(nothingEvaluated), evaluations)
    }).map(({ between, evaluations: { after, top }, every, first, other, window }) => {
      const side: Plan.Events = other === null ? source(outOfOrderness).plan : { _tag: "to-events", input: other }
      const rows = staged(first, side, between)
      const plain = fed(window(source(0)).pipe(Aggregate.into({ count: Aggregate.count }), Pipeline.named("staged")), () => rows)
      const trigger = every === null || top !== null || isCounting(plain.plan) ? {} : { trigger: { on: "update", every } } as const
      const { plan } = altered(plain, () => ({ aggregates: over(rows, between.pick), ...trigger }))
      return readable(Aggregate.make(ranked(evaluated(filled(plan, after), "again", after), top)).pipe(Pipeline.named(options.name ?? "staged")))
    }))
}

/** Results of windows as rows, at the end of a pipeline. */
export const stagedRows: fc.Arbitrary<Pipeline.AnyOfRows> = slack.chain((outOfOrderness) =>
  fc.record({ first: results({ revisions: true, outOfOrderness }), other: fc.option(results({ revisions: true, outOfOrderness }), { freq: 2 }), between: betweens })
    .map(({ between, first, other }) => {
      const side: Plan.Events = other === null ? source(outOfOrderness).plan : { _tag: "to-events", input: other }
      // Pairs of results are no rows at the end.
      const rows = Events.make(staged(first, side, { ...between, held: between.held === "interval" ? null : between.held })) as Events.Events<unknown>
      return rows.pipe(Pipeline.named("rows"))
    }))

/** A pipeline of few results, of which many runs can be made. */
export const countings: fc.Arbitrary<ReadonlyArray<Pipeline.AnyOfPanes>> = fc.record({
  window: windows,
  lateness: fc.integer({ min: 4, max: 20 }),
  every: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 2 }),
  evaluations
}).map(({ evaluations: { after, top }, every, lateness, window }): ReadonlyArray<Pipeline.AnyOfPanes> => {
  const counts = window(source(0)).pipe(
    Aggregate.into({ count: Aggregate.count, size: Aggregate.sum("size"), last: Aggregate.last("price") }),
    Pipeline.allowedLateness(lateness)
  )
  const emitting = every === null || top !== null ? counts : counts.pipe(Pipeline.emitOnUpdate({ every }))
  return [Aggregate.make(ranked(evaluated(filled(emitting.plan, after), "after", after), top)).pipe(Pipeline.named("counts"))]
})

/** Windows whose holes are filled, with a value from the window before and a condition behind them. */
export const fillings: fc.Arbitrary<Pipeline.AnyOfPanes> = fc.record({
  window: windows,
  lateness: fc.integer({ min: 0, max: 20 }),
  outOfOrderness: fc.nat(3),
  pick: fc.nat(20).map((half) => 2 * half + 1),
  evaluations
}).map(({ evaluations: { after, top }, lateness, outOfOrderness, pick, window }) => {
  const counts = window(source(outOfOrderness)).pipe(
    Aggregate.into({ count: Aggregate.count, size: Aggregate.sum("size"), last: Aggregate.last("price") }),
    Pipeline.allowedLateness(lateness)
  )
  const derived: Plan.Results = { _tag: "derive", input: filled(counts.plan, { pick }), values: { before: { function: "previous", of: "last" } }, within: pick }
  return readable(Aggregate.make(ranked(evaluated(derived, "after", after), top)).pipe(Pipeline.named("filled")))
})

/** Values derived from derived values, with expressions and conditions in between and behind, of windows that rows change for long. */
export const stackings: fc.Arbitrary<Pipeline.AnyOfPanes> = fc.record({
  window: windows,
  lateness: fc.integer({ min: 4, max: 30 }),
  every: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 2 }),
  nodes: fc.tuple(derivation, fc.array(derivation, { minLength: 1, maxLength: 2 })),
  evaluations
}).map(({ evaluations: { after, before, top }, every, lateness, nodes: [first, others], window }) => {
  const sums = window(source(0)).pipe(Aggregate.into({ size: Aggregate.sum("size"), last: Aggregate.last("price") }), Pipeline.allowedLateness(lateness))
  const emitting = every === null || top !== null ? sums : sums.pipe(Pipeline.emitOnUpdate({ every }))
  const inner = evaluated(derived(emitting.plan, [first], ["size", "last"]), "between", before)
  const outer = derived(inner, others, first.values.map((_, index) => `derived0_${index}`), "stacked")
  return readable(Aggregate.make(ranked(evaluated(outer, "after", after), top)).pipe(Pipeline.named("stacked")))
})

/** Pipelines over these, up to one of each. */
export const differentlyRead: fc.Arbitrary<ReadonlyArray<Pipeline.AnyOfPanes>> = fc.record({
  byVenue: fc.option(slack),
  bySize: fc.option(slack),
  inShort: fc.option(slack),
  size: fc.integer({ min: 1, max: 12 }),
  lateness: fc.integer({ min: 0, max: 6 })
}).map(({ lateness, size, ...slacks }) =>
  Object.entries(slacks).flatMap(([name, slack]): ReadonlyArray<Pipeline.AnyOfPanes> =>
    slack === null ? [] : [
      // The names are those of the readings.
      readings[name as keyof typeof readings](slack).pipe(
        Window.tumbling(size),
        Aggregate.into({ count: Aggregate.count, sum: Aggregate.sum("size"), last: Aggregate.last("time") }),
        Pipeline.allowedLateness(lateness),
        Pipeline.named(name.toLowerCase())
      )
    ]
  ))

/** Random pipelines whose windows take pre-aggregated records too. */
export const pipelinesWithPreAggregated = (options: PipelineOptions): fc.Arbitrary<Pipeline.AnyOfPanes> =>
  fc.record({
    outOfOrderness: options.outOfOrderness === undefined ? slack : fc.constant(options.outOfOrderness),
    window: fc.oneof(
      tumbling.map(({ offset, size }) => Window.tumbling(size, { offset })),
      hopping.map(({ advance, offset, size }) => Window.hopping(size, advance, { offset }))
    ),
    filtered: fc.boolean(),
    lateness: options.revisions ? fc.integer({ min: 0, max: 10 }) : fc.constant(0)
  }).map(({ filtered, lateness, outOfOrderness, window }) => {
    const bars = Source.make("bars", { schema: PreAggregatedSchema, key: "key", eventTime: "time", outOfOrderness })
    return readable(
      source(outOfOrderness).pipe(
        window,
        Aggregate.into(aggregates),
        Pipeline.acceptPreAggregated(filtered ? bars.pipe(Events.where(Expr.gt("size", 1))) : bars, {
          open: "open",
          high: "high",
          low: "low",
          close: "close",
          sumSize: "size",
          count: "rows"
        }),
        Pipeline.allowedLateness(lateness),
        Pipeline.named(options.name ?? "random")
      )
    )
  })

/** What fast-check prints of a pipeline in a counterexample: what was drawn at random, not every aggregate. */
const readable = <P extends Pipeline.AnyOfPanes>(pipeline: P): P =>
  Object.defineProperty({ ...pipeline }, fc.toStringMethod, {
    value: () => {
      const { allowedLateness, inner, input, preAggregated, trigger, window } = windowNode(pipeline)
      return JSON.stringify({
        name: pipeline.name,
        window,
        outOfOrderness: definitionOf(pipeline).outOfOrderness,
        steps: Checked.originOf(input).steps.map((step) => stepOf(step)),
        results: Checked.resultStepsOf(pipeline.checked).map(stepOverResults),
        allowedLateness,
        trigger,
        inner,
        preAggregated: preAggregated !== null
      })
    }
  })

const stepOverResults = (step: Checked.ResultStep) => {
  switch (step._tag) {
    case "derive":
      return { within: step.within, values: step.values.map(({ name, spec }) => ({ name, ...spec })) }
    case "compute":
      return Object.fromEntries(step.values.map(({ expression, name }) => [name, expression]))
    case "where-panes":
      return step.condition
    case "top":
      return { top: step.n, by: step.by, order: step.order, per: step.per }
    case "fill":
      return { fill: Object.fromEntries(step.values.map((value) => [value.name, value.from === "previous" ? {} : value.value])), within: step.within }
  }
}

const stepOf = (step: Checked.RowStep) => {
  switch (step._tag) {
    case "where":
      return step.condition
    case "filter":
      return String(step.test)
    case "derive-fields":
      return Object.fromEntries(step.values.map(({ expression, name }) => [name, expression]))
    case "select":
      return { select: step.fields.map(({ field, name }) => [name, field.column.name]) }
    case "lookup":
      return { lookup: step.by.map(({ column }) => column.name), select: step.select.map(({ field, name }) => [name, field.column.name]) }
    case "key-by":
      return { keyBy: step.definition.key }
    case "union":
      return "union"
    case "as-of":
      return { asOf: Object.fromEntries(step.select.map(({ field, name }) => [name, field.column.name])), within: step.within }
    case "interval":
      return {
        interval: Object.fromEntries(step.select.map(({ field, name }) => [name, field.column.name])),
        type: step.type,
        before: step.before,
        after: step.after,
        until: step.until
      }
    case "in-order":
      return "in order"
    case "in-session":
      return { inSessionsBy: step.window.calendars.by }
    case "distinct":
      return { distinct: step.by.map(({ column }) => column.name), within: step.within }
  }
}

const prices = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -300, max: 300 }).map((cents) => (cents / 100).toFixed(2)) },
  { weight: 1, arbitrary: fc.constantFrom("90000000", "-90000000", "89999999.99999999", "0.00000001") },
  // Beyond the integers that a double holds all of, and next to each other there.
  { weight: 1, arbitrary: fc.constantFrom("163512345.5", "163512345.50000002", "-163512345.5", "20000000000") }
)

/** Products of these with a few binary digits, and sums of them, are exact in doubles. */
const moderateSizes = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 1, arbitrary: fc.constant(1_000_000_000_000) }
)

const sizes = fc.oneof(
  { weight: 6, arbitrary: moderateSizes },
  // Two of them are beyond what an integer can be in a double, and all of them are times.
  { weight: 1, arbitrary: fc.constantFrom(8_000_000_000_000_001, -8_000_000_000_000_003) }
)

const keys = fc.constantFrom("A", "B", "C")

const times = fc.integer({ min: -12, max: 40 })

/** Doubles whose sums round, to something else in another order; some are so far apart that one is lost beside the other. */
const doubles = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -400, max: 400 }).map((hundredths) => hundredths / 100) },
  { weight: 1, arbitrary: fc.constantFrom(1e16, -1e16, 1e200, -1e200, 1e-200, -1e-200) }
)

const samplesWith = (ratio: fc.Arbitrary<number>, size: fc.Arbitrary<number>): fc.Arbitrary<Sample> =>
  fc.record({
    key: keys,
    time: times,
    price: prices,
    size,
    ratio,
    flag: fc.boolean(),
    venue: fc.constantFrom("N", "Q", "é")
  }, { requiredKeys: ["key", "time", "price", "size"] })

export const samples: fc.Arbitrary<Sample> = samplesWith(doubles, sizes)

/** Samples for engines that add doubles up in an order of their own: sums of these are exact in doubles. */
export const exactSamples: fc.Arbitrary<Sample> = samplesWith(fc.constantFrom(0.5, 1.25, -3), moderateSizes)

export const preAggregated: fc.Arbitrary<PreAggregated> = fc.record({
  key: keys,
  time: times,
  open: prices,
  high: prices,
  low: prices,
  close: prices,
  size: sizes,
  rows: fc.integer({ min: 0, max: 9 })
})

/** As runs write them that read event times from this field or another, under this bound or another; and as others may. */
const idle: fc.Arbitrary<Idle> = fc.record({
  watermark: times,
  eventTime: fc.option(fc.constantFrom("time", "size"), { nil: undefined }),
  outOfOrderness: fc.option(fc.nat(9), { nil: undefined })
}).map(({ eventTime, outOfOrderness, watermark }) => ({
  watermark,
  ...(eventTime === undefined ? {} : { eventTime }),
  ...(outOfOrderness === undefined ? {} : { outOfOrderness })
}))

const event = (partition: number, value: Sample): Entry => ({ partition, kind: Kind.event, value })

const inPartitions = (entry: (partition: number) => fc.Arbitrary<Entry>): fc.Arbitrary<Log> =>
  fc.integer({ min: 1, max: 3 }).chain((partitions) =>
    fc.array(fc.integer({ min: 0, max: partitions - 1 }).chain(entry), { maxLength: 60, size: "max" })
      .map((entries) => ({ entries, partitions }))
  )

/** A log whose events come in any order whatever: many are late. */
export const logs: fc.Arbitrary<Log> = inPartitions((partition) => samples.map((value) => event(partition, value)))

/** The same with pre-aggregated records among the events. */
export const mixedLogs: fc.Arbitrary<Log> = inPartitions((partition) =>
  fc.oneof(
    { weight: 3, arbitrary: samples.map((value) => event(partition, value)) },
    { weight: 1, arbitrary: preAggregated.map((value): Entry => ({ partition, kind: Kind.preAggregated, value })) }
  )
)

/** The same with decisions among them: that a partition is idle, or that the input is at its end. */
export const decidedLogs: fc.Arbitrary<Log> = inPartitions((partition) =>
  fc.oneof(
    { weight: 5, arbitrary: samples.map((value) => event(partition, value)) },
    { weight: 1, arbitrary: preAggregated.map((value): Entry => ({ partition, kind: Kind.preAggregated, value })) },
    { weight: 1, arbitrary: fc.oneof(idle.map((value): Entry => ({ partition, kind: "idle", value })), fc.constant<Entry>({ partition, kind: "end" })) }
  )
)

/**
 * A log of several partitions, each on its own way through time, and often back by so little that allowed lateness
 * may take it: what is emitted on the way depends much on the order in which the partitions are read.
 */
export const straggling: fc.Arbitrary<Log> = fc.integer({ min: 2, max: 3 }).chain((partitions) =>
  fc.array(
    fc.record({
      partition: fc.nat(partitions - 1),
      sample: samples,
      key: fc.constantFrom("A", "A", "B"),
      step: fc.nat(4),
      back: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) })
    }),
    { minLength: 10, maxLength: 40, size: "max" }
  ).map((items) => {
    const now = Array.from({ length: partitions }, () => 0)
    const entries = items.map(({ back, key, partition, sample, step }) =>
      event(partition, { ...sample, key, time: (now[partition]! += step) - back }))
    return { entries, partitions }
  })
)

/**
 * Two logs of the same events in one partition, in each of which no event comes later than
 * the bound allows: sorted by time and then shaken within it. Of one key no two events have
 * the same time, so that which of them comes first does not hang on their offsets.
 */
export const logsWithin = (bound: number): fc.Arbitrary<readonly [Log, Log]> => {
  const shake = fc.integer({ min: 0, max: bound })
  return fc.uniqueArray(fc.record({ value: samples, one: shake, other: shake }), {
    maxLength: 60,
    size: "max",
    selector: ({ value: { key, time } }) => `${key} ${time}`
  }).map((items) => {
    const shaken = (by: "one" | "other"): Log => ({
      partitions: 1,
      entries: items
        .toSorted((a, b) => a.value.time + a[by] - (b.value.time + b[by]))
        .map(({ value }) => event(0, value))
    })
    return [shaken("one"), shaken("other")] as const
  })
}

/** How a log may be cut into batches: sizes, over and over. */
export const cuts: fc.Arbitrary<ReadonlyArray<number>> = fc.array(fc.integer({ min: 1, max: 12 }), {
  minLength: 1,
  maxLength: 5
})

/** The log with the decision that the input is at its end, in every partition, before its `at`-th record. */
export const endedAt = (log: Log, at: number): Log => {
  const ends = Array.from({ length: log.partitions }, (_, partition): Entry => (
    { partition, kind: "end" }
  ))
  return { ...log, entries: [...log.entries.slice(0, at), ...ends, ...log.entries.slice(at)] }
}
