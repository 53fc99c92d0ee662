/**
 * Laws of rows that take back others: few ids, which come again, and cancels before, after and at the time of what they take
 * back. What windows hold in the end, and what becomes of each row, is what the batch fold says, in whatever order it all comes.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import * as Checked from "../streams/pipeline/Checked.ts"
import type { Node } from "../streams/pipeline/Expression.ts"
import { Aggregate, Events, Expr, Indicator, Panes, Pipeline, Source, Window } from "../streams/pipeline/index.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import { Kind } from "../streams/records/Records.ts"
import { flow, fold } from "../streams/reference/BatchFold.ts"
import { aggregates, cuts, decidedLogs, endedAt, type Entry, gridWindows, type Log, logs, logsWithin, mixedLogs, PreAggregatedSchema, type SampleRow, source, straggling } from "./Arbitraries.ts"
import { checkpointed, checkpoints, inTurns, turns } from "./DeliveryLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, events, foldedPanes, lines, type MakeEngine, pieces, results, windowOf } from "./Harness.ts"
import { countsOf, lettersOf, outputOf, survive } from "./HeldLaws.ts"
import { holds, same } from "./Law.ts"
import { over, tradingWindows, worlds } from "./TradingLaws.ts"

const bound = 6

/** Which rows take back others, and how: about one in two does. */
const roles = fc.constantFrom<ReadonlyArray<"cancel" | "correction" | "replacement">>(
  ["cancel"], ["cancel", "correction"], ["correction", "cancel"], ["cancel", "correction", "replacement"], ["replacement"], ["replacement", "correction"]
).map((names) => (conditions: ReadonlyArray<Node>) =>
  ({ _tag: "cancels", cancel: null, correction: null, replacement: null, ...Object.fromEntries(names.map((name, at) => [name, conditions[at]!])) }) as const)

const conditions = [Expr.eq("flag", true), Expr.eq("flag", false), Expr.lt("price", 2)].map(({ node }) => node)

const recordConditions = [Expr.lt("open", 2), Expr.gt("open", 5), Expr.lt("close", 3)].map(({ node }) => node)

/** A function that tells texts, and no order. */
const seen = Aggregate.custom({
  create: () => 0,
  add: (so: number, { venue }: SampleRow) => so | (venue === null || venue === undefined ? 1 : venue === "N" ? 2 : 4),
  merge: (a, b) => a | b,
  result: (so) => so,
  state: Schema.Int
})

const options = {
  window: gridWindows,
  rollUp: fc.option(fc.record({ size: fc.integer({ min: 1, max: 6 }), times: fc.integer({ min: 1, max: 4 }) }), { freq: 4 }),
  slack: fc.integer({ min: 0, max: 8 }),
  lateness: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })),
  every: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 3 }),
  id: fc.constantFrom("venue" as const, "size" as const),
  /** How long rows that take back others stand for, if longer than a moment. */
  through: fc.option(fc.integer({ min: -2, max: 12 }), { freq: 2 }),
  roles,
  theirRoles: fc.option(roles),
  isMixed: fc.boolean(),
  behind: fc.constantFrom("nothing", "nothing", "derived", "ranked", "left out")
}

export const cancelPipelines = (given: Partial<typeof options> = {}): fc.Arbitrary<Pipeline.AnyOfPanes> =>
  fc.record({ ...options, ...given }).map(({ behind, every, id, isMixed, lateness, rollUp, roles, slack, theirRoles, through, window }) => {
    const until = through === null ? { through } : { through: "until" }
    const sources = source(slack)
    const standing = through === null ? sources : sources.pipe(Events.derive({ until: Expr.add("time", through) }))
    const rows = Events.make({ ...roles(conditions), input: standing.plan, id, ...until }) as Events.Events<SampleRow>
    const { cheapestVenue, close, count, distinctSizes, firstVenue, high, meanPrice, open, ratios, sumRatio, sumSize, venues } = aggregates
    // What looks at texts goes by their numbers, and functions are handed them.
    const texts = { atN: Aggregate.where(Expr.eq("venue", "N"))(Aggregate.count), cheapestVenue, distinctSizes, firstVenue, seen }
    const own = { close, count, high, meanPrice, open, ratios, sumRatio, sumSize, venues, ...texts }
    const assigned = rollUp === null ? window(rows) : Window.tumbling(rollUp.size)(rows)
    const records = Source.make("bars", { schema: PreAggregatedSchema, key: "key", eventTime: "time", outOfOrderness: slack })
    const theirs: typeof records = theirRoles === null || id === "venue" ? records : Events.make({ ...theirRoles(recordConditions), input: (through === null ? records : records.pipe(Events.derive({ until: Expr.add("time", through) }))).plan, id: "rows", ...until })
    const windows = assigned.pipe(Aggregate.into(own), Pipeline.allowedLateness(lateness))
    const mixed = isMixed ? Pipeline.acceptPreAggregated(theirs, { count: "rows", close: "close", high: "high", open: "open", sumSize: "size" })(windows) : windows
    const all = rollUp === null ? mixed : Pipeline.rollUp(mixed.pipe(Pipeline.named("inner")), rollUp.size * rollUp.times)
    const name = Pipeline.named("cancels")
    if (behind === "ranked") return all.pipe(Panes.top(2, { by: "count" }), name)
    const early = every === null ? all : all.pipe(Pipeline.emitOnUpdate({ every }))
    switch (behind) {
      case "derived":
        return early.pipe(Panes.derive({ before: Indicator.previous("close"), mean: Indicator.ema("close", 2) }), name)
      case "left out":
        return early.pipe(Panes.where(Expr.gt("count", 1)), name)
      default:
        return early.pipe(name)
    }
  })

/** Ids come again and again. */
const few = ({ entries, partitions }: Log): Log => ({
  partitions,
  entries: entries.map((entry): Entry => {
    if (entry.kind === Kind.event) return { ...entry, value: { ...entry.value, size: Math.abs(entry.value.size) % 4 } }
    if (entry.kind === Kind.preAggregated) return { ...entry, value: { ...entry.value, rows: Math.abs(entry.value.rows) % 4, size: entry.value.size % 1_000_000 } }
    return entry
  })
})

const runs = (logs: fc.Arbitrary<Log>) =>
  cancelPipelines().chain((pipeline) =>
    fc.record({
      pipeline: fc.constant(pipeline),
      log: (Checked.windowOf(pipeline.checked).preAggregated === null ? logs : mixedLogs).map(few),
      cut: cuts,
      recut: cuts,
      restart: fc.nat(20)
    }))

/** The same over sessions of trading calendars: what takes back others may lie outside of them. */
const tradingRuns = (logs: fc.Arbitrary<Log>) =>
  worlds.chain((world) => tradingWindows(world).chain(({ by, window }) => {
    const { step } = world
    const times = { window: fc.constant(window), slack: fc.integer({ min: 0, max: 8 }).map((slack) => slack * step), lateness: fc.integer({ min: 0, max: 10 }).map((lateness) => lateness * step) }
    return cancelPipelines({ ...times, rollUp: fc.constant(null), every: options.every.map((every) => every === null ? null : every * step), ...by ? { isMixed: fc.constant(false) } : {} })
      .chain((pipeline) =>
        fc.record({
          pipeline: fc.constant(pipeline),
          log: (Checked.windowOf(pipeline.checked).preAggregated === null ? logs : mixedLogs).map((log) => few(over(world, log))),
          cut: cuts,
          recut: cuts,
          restart: fc.nat(20)
        }))
  }))

const flowTo = ({ checked }: Pipeline.AnyOfPanes, all: ReturnType<typeof events>) => {
  const { input, preAggregated } = Checked.windowOf(checked)
  const [rows, records] = [flow(input, all), preAggregated === null ? null : flow(preAggregated, all)]
  return { ...rows, items: [...rows.items, ...records?.items ?? []] }
}

type Run = ReturnType<typeof runs> extends fc.Arbitrary<infer R> ? R : never

/** What windows hold in the end, what becomes of each row and the account are the batch fold's, over a restart too. */
const asFolded = (make: MakeEngine, { cut, log, pipeline, recut, restart }: Run): void => {
  // Two of them number their texts anew again and again.
  const [one, two, three] = [Infinity, 2, 2].map((dictionaryBound) => make([pipeline], log.partitions, { dictionaryBound })) as [Engine, Engine, Engine]
  const { panes, unused } = outputOf(one, pieces(log, cut))
  same(results(panes), results(foldedPanes(pipeline, log)))
  const all = events(log)
  const { duplicate, filtered, late, refused } = fold(pipeline, all)
  const before = flowTo(pipeline, all)
  const folded = { ...before, items: before.items.filter(({ event }) => !duplicate.includes(event) && !filtered.includes(event)), duplicate, late, refused }
  same(unused, lettersOf(pipeline, folded))
  same(one.counts, countsOf(all, [folded]))
  same(one.size, 0)
  const input = pieces(log, recut)
  const early = input.slice(0, restart).flatMap((piece) => two.take(piece).panes)
  holds(three.restore(two.snapshot()), "its own snapshot was refused")
  same(three.snapshot(), two.snapshot())
  same(lines([...early, ...outputOf(three, input.slice(restart)).panes]), lines(panes))
  for (const [window, told] of Map.groupBy(panes, windowOf)) {
    same(told.map(({ revision }) => revision), told.map((_, index) => index), window)
    for (const [index, pane] of told.slice(1).entries()) holds(Pane.replaces(pane, told[index]!), `${Pane.toJson(pane)} is no newer than ${Pane.toJson(told[index]!)}`)
  }
}

export const cancelLaws: EngineLaws = {
  "of rows some of which are taken back windows have the batch fold's results, in whatever batches, over a restart, and what becomes of each row is what it says": law(
    50,
    runs(fc.oneof(logs, straggling)),
    asFolded
  ),

  "of rows some of which are taken back trading sessions have the batch fold's results, and what takes back others may come outside of them": law(
    20,
    tradingRuns(fc.oneof(logs, straggling)),
    asFolded
  ),

  "any order within the bound in which rows and what takes them back come gives the same panes": law(
    30,
    fc.record({ pipeline: cancelPipelines({ slack: fc.constant(bound), isMixed: fc.constant(false) }), logs: logsWithin(bound) }),
    (make, { logs: [one, other], pipeline }) => {
      const [first, second] = [one, other].map((log) => outputOf(make([pipeline], 1), pieces(few(log), [60])))
      same(results(second!.panes), results(first!.panes))
    }
  ),

  "after crash upon crash, in other batches and turns, windows of which rows are taken back are what they would have been": law(
    25,
    fc.record({ run: runs(fc.oneof(logs, straggling, decidedLogs)), turns, saveEvery: fc.integer({ min: 1, max: 20 }), crashes: fc.array(fc.nat(60), { maxLength: 6 }) }),
    (make, { run: { pipeline, ...run }, ...job }) => {
      const whole = { ...run, ...job, pipelines: [pipeline] }
      const [calm, shaken] = [survive(make, { ...whole, crashes: [] }), survive(make, whole)]
      same(shaken.panes, calm.panes)
      same(shaken.counts.held, 0)
      if (run.log.partitions === 1) same(shaken.counts, calm.counts)
    }
  ),

  "in whatever turns partitions are read, the same rows are taken back": law(
    30,
    fc.record({ run: runs(straggling), turns }),
    (make, { run: { cut, log, pipeline, recut }, turns }) => {
      const [one, two] = [make([pipeline], log.partitions), make([pipeline], log.partitions)]
      const [first, second] = [outputOf(one, pieces(log, cut)), outputOf(two, pieces(inTurns(log, turns, 0), recut))]
      same(results(second.panes), results(first.panes))
      same([second.unused, two.counts], [first.unused, one.counts])
    }
  ),

  "wherever the input was at its end for a while, the same rows are taken back": law(
    30,
    fc.record({ run: runs(logs), ends: fc.array(fc.nat(60), { minLength: 1, maxLength: 2 }) }),
    (make, { ends, run: { cut, log, pipeline } }) => {
      const engine = make([pipeline], log.partitions)
      const { panes } = outputOf(engine, pieces(ends.reduce(endedAt, log), cut))
      // What was told may have been made from more rows.
      const told = (all: Parameters<typeof results>[0]) => results(all).map((line) => line.replace(/"changes":\d+/, ""))
      same(told(panes), told(foldedPanes(pipeline, log)))
    }
  ),

  "checkpoints of rows that may be taken back have what there was when they began, whatever numbers keys and ids have": law(
    15,
    fc.record({ run: fc.oneof(runs(fc.oneof(logs, straggling, decidedLogs)), tradingRuns(fc.oneof(logs, straggling))), checkpoints, bound: fc.integer({ min: 1, max: 30 }) }),
    (make, { run: { cut, log, pipeline }, ...job }) => checkpointed(make, { ...job, cut, log, pipelines: [pipeline] })
  )
}
