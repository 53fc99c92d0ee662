/**
 * Laws of windows of trading sessions: over days on which calendars do something, and times that meet the bounds of sessions,
 * the engine comes to what the batch fold says, which looks at every session around a row.
 */
import * as fc from "fast-check"
import * as Calendar from "../domain/TradingCalendar.ts"
import { shortestAdvanceOf } from "../streams/pipeline/check/Windows.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import { Aggregate, Events, Fill, Indicator, Panes, Pipeline, Source, Window } from "../streams/pipeline/index.ts"
import type * as Pane from "../streams/pipeline/Pane.ts"
import { Kind } from "../streams/records/Records.ts"
import { flow, fold } from "../streams/reference/BatchFold.ts"
import type { Event, Flow } from "../streams/reference/EventFold.ts"
import { cuts, decidedLogs, type Entry, type Log, logs, mixedLogs, PreAggregatedSchema, source, straggling } from "./Arbitraries.ts"
import { checkpointed, checkpoints, turns } from "./DeliveryLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, events, foldedPanes, isDecision, lines, pieces, results, windowOf } from "./Harness.ts"
import { countsOf, lettersOf, outputOf, survive } from "./HeldLaws.ts"
import { holds, same } from "./Law.ts"

const minutes = 60_000

/** Sessions that begin and end with their days, which last 23 and 25 hours in March and October. */
const berlin = Calendar.make("berlin", { ...Calendar.named("24/7").definition, timeZone: "Europe/Berlin" })

/** These end together with those of Berlin, and begin later. */
const late = Calendar.make("late", { ...berlin.definition, hours: [{ from: "2000-01-01", hours: ["03:00", "00:00+1d"] }] })

/** Close together, with hours of every kind, and known for a few days only. */
const narrow = Calendar.make("narrow", {
  timeZone: "America/New_York",
  from: "2024-03-08",
  to: "2024-03-12",
  weekdays: [1, 2, 5, 7],
  hours: [{ from: "2024-03-08", hours: ["22:00-1d", "01:30", "02:00", "04:00", "06:00", "13:00"] }],
  special: { "2024-03-11": ["01:00", "02:30"] },
  extended: { minutesBefore: 45, minutesAfter: 300 }
})

/** Two calendars, and a time at which something of them begins, ends or changes. */
const days: ReadonlyArray<readonly [at: string, Calendar.Calendar, Calendar.Calendar]> = [
  ["2024-07-03T13:30Z", Calendar.named("XNYS"), Calendar.named("XTSE")],
  ["2024-11-05T00:00Z", Calendar.named("XTKS"), Calendar.named("XKRX")],
  ["2024-03-10T22:00Z", Calendar.named("GLOBEX"), Calendar.named("CMES")],
  ["2024-11-03T22:00Z", Calendar.named("FX"), Calendar.named("us_futures")],
  ["2024-12-31T12:30Z", Calendar.named("XLON"), Calendar.named("XPAR")],
  ["2024-03-31T00:00Z", berlin, late],
  ["2024-10-27T00:00Z", berlin, late],
  ["2024-03-10T07:00Z", narrow, Calendar.named("24/7")],
  ["2024-03-12T17:00Z", narrow, Calendar.named("XNYS")]
]

type SampleRow = Pipeline.RowOf<ReturnType<typeof source>>

export interface World {
  readonly at: number
  readonly step: number
  readonly calendars: ReadonlyArray<Calendar.Calendar>
}

export const worlds: fc.Arbitrary<World> = fc.record({
  day: fc.constantFrom(...days),
  other: fc.option(fc.constantFrom(...days), { freq: 2 }),
  // Of all of these whole ones come to the bounds of sessions.
  step: fc.constantFrom(10, 15, 30, 60, 180)
}).map(({ day: [at, ...two], other, step }) => ({ at: Date.parse(at), step: step * minutes, calendars: [...two, ...other === null ? [] : [other[1]]] }))

const anyHours = fc.constantFrom(...Calendar.parts, "regular" as const, "regular" as const)

/** Three venues may come up, and rows without one. */
export const tradingWindows = ({ calendars: [first, second, third], step }: World) =>
  fc.record({
    hours: anyHours,
    bars: fc.option(fc.constantFrom(1, 3, 4, 7), { freq: 2 }),
    by: fc.boolean(),
    otherwise: fc.boolean(),
    unknown: fc.boolean()
  }).map(({ bars, by, hours, otherwise, unknown }) => {
    const has = (by ? [first, second, third] : [first]).some((calendar) => calendar !== undefined && Calendar.hasExtendedHours(calendar))
    const options = { hours: has ? hours : "regular", ...bars === null ? {} : { bars: bars * step } } as const
    if (!by) return { by, hasUnknown: false, window: Window.trading<SampleRow>(first!, options) }
    const calendars = { N: first!, Q: second!, ...third === undefined ? {} : { é: third } }
    return { by, hasUnknown: unknown, window: Window.trading<SampleRow, "venue">({ by: "venue", calendars, ...otherwise ? { otherwise: second! } : {}, ...unknown ? { unknown: second! } : {}, ...options }) }
  })

const options = {
  slack: fc.integer({ min: 0, max: 8 }),
  lateness: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10 })),
  every: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 3 }),
  isByVenue: fc.boolean(),
  isMixed: fc.boolean(),
  behind: fc.constantFrom("nothing", "derived", "filled", "ranked")
}

const pipelines = (world: World): fc.Arbitrary<Pipeline.AnyOfPanes> =>
  fc.record({ ...options, assigned: tradingWindows(world) }).map(({ assigned: { by, hasUnknown, window }, behind, every, isByVenue, isMixed, lateness, slack }) => {
    const rows = source(slack * world.step)
    const keyed: Events.Events<SampleRow> = isByVenue ? rows.pipe(Events.keyBy(["key", "venue"])) : rows
    const aggregated = window(keyed).pipe(
      Aggregate.into({ count: Aggregate.count, close: Aggregate.last("price"), high: Aggregate.max("price"), size: Aggregate.sum("size"), ratio: Aggregate.sum("ratio") })
    )
    const records = Source.make("bars", { schema: PreAggregatedSchema, key: "key", eventTime: "time", outOfOrderness: slack * world.step })
    // They have no venue.
    const mixed = isMixed && !by && !isByVenue
      ? aggregated.pipe(Pipeline.acceptPreAggregated(records, { count: "rows", close: "close", high: "high", size: "size" }))
      : aggregated
    const plain = mixed.pipe(Pipeline.allowedLateness(lateness * world.step))
    const isEarly = every !== null && behind !== "ranked"
    const early = isEarly ? plain.pipe(Pipeline.emitOnUpdate({ every: every * world.step })) : plain
    const name = Pipeline.named("trading")
    const first = early.pipe(name)
    if (behind === "ranked") return plain.pipe(Panes.top(2, { by: "count" }), name)
    if (behind === "nothing") return first
    if (behind === "derived") return early.pipe(Panes.derive({ before: Indicator.previous("close"), mean: Indicator.sma("count", 2) }), name)
    // Of several calendars nobody knows which windows a key does not have.
    if (by && (!isByVenue || hasUnknown)) return first
    const within = (shortestAdvanceOf(Checked.windowOf(first.checked).window) ?? 1) * 40
    return early.pipe(Panes.fill({ count: Fill.previous, close: Fill.previous, high: null, size: null, ratio: Fill.previous }, { within }), name)
  })

const isToldOnce = ({ checked }: Pipeline.AnyOfPanes): boolean =>
  checked.end._tag === "window" && checked.end.allowedLateness === 0 && checked.end.trigger.on === "close"

/** The same log over days instead of milliseconds. */
export const over = ({ at, step }: World, { entries, partitions }: Log): Log => ({
  partitions,
  entries: entries.map((entry): Entry => {
    if (entry.kind === "end") return entry
    if (entry.kind === "idle") {
      const { outOfOrderness, watermark, ...others } = entry.value
      return { ...entry, value: { ...others, watermark: at + watermark * step, ...outOfOrderness === undefined ? {} : { outOfOrderness: outOfOrderness * step } } }
    }
    if (entry.kind === Kind.preAggregated) return { ...entry, value: { ...entry.value, time: at + entry.value.time * step, size: entry.value.size % 1_000_000 } }
    return { ...entry, value: { ...entry.value, time: at + entry.value.time * step, size: entry.value.size % 1_000_000 } }
  })
})

const runs = (logs: fc.Arbitrary<Log>) =>
  worlds.chain((world) => pipelines(world).chain((pipeline) => {
    const theirs = Checked.windowOf(pipeline.checked).preAggregated === null ? logs : mixedLogs
    return fc.record({ pipeline: fc.constant(pipeline), log: theirs.map((log) => over(world, log)), cut: cuts, recut: cuts, restart: fc.nat(20) })
  }))

/** All rows that come to the windows of a pipeline, and what has become of the others before. */
const flowTo = ({ checked }: Pipeline.AnyOfPanes, all: ReadonlyArray<Event>): Flow => {
  const { input, preAggregated } = Checked.windowOf(checked)
  const [rows, records] = [flow(input, all), preAggregated === null ? null : flow(preAggregated, all)]
  return { ...rows, items: [...rows.items, ...records?.items ?? []] }
}

/** Of windows that end together the keys come in their order. */
const inOrder = (a: Pane.Pane, b: Pane.Pane): number => a.end - b.end || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) || a.start - b.start

/** A row so many hours after a day in Berlin began. */
const ofHour = (hour: number, row: { readonly key: string; readonly venue: string }): Entry =>
  ({ partition: 0, kind: Kind.event, value: { ...row, time: Date.parse("2024-05-01T00:00+02:00") + hour * 60 * minutes, price: "1", size: 1 } })

export const tradingLaws: EngineLaws = {
  "windows of trading sessions have the batch fold's results, in whatever batches, over a restart, and what becomes of each row is what it says": law(
    30,
    runs(fc.oneof(logs, straggling)),
    (make, { cut, log, pipeline, recut, restart }) => {
      const [one, two, three] = [0, 1, 2].map(() => make([pipeline], log.partitions)) as [Engine, Engine, Engine]
      const { panes, unused } = outputOf(one, pieces(log, cut))
      const windows = foldedPanes(pipeline, log)
      same(results(panes), results(windows))
      if (isToldOnce(pipeline)) same(lines(panes), lines(windows.toSorted(inOrder)))
      const all = events(log)
      const { late, refused } = fold(pipeline, all)
      const folded = { ...flowTo(pipeline, all), late, refused }
      same(unused, lettersOf(pipeline, folded))
      same(one.counts, countsOf(all, [folded]))
      same(one.size, 0)
      const input = pieces(log, recut)
      const early = input.slice(0, restart).flatMap((piece) => two.take(piece).panes)
      holds(three.restore(two.snapshot()), "its own snapshot was refused")
      same(lines([...early, ...outputOf(three, input.slice(restart)).panes]), lines(panes))
      for (const told of Map.groupBy(panes, windowOf).values()) same(told.map(({ revision }) => revision), told.map((_, index) => index))
    }
  ),

  "after crash upon crash, in other batches and turns, windows of trading sessions are what they would have been": law(
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

  "checkpoints of windows of trading sessions have what there was when they began, whatever numbers keys and calendars have": law(
    25,
    fc.record({ run: runs(fc.oneof(logs, straggling, decidedLogs)), checkpoints, bound: fc.integer({ min: 1, max: 30 }) }),
    (make, { run: { cut, log, pipeline }, ...job }) => checkpointed(make, { ...job, cut, log, pipelines: [pipeline] })
  ),

  "of sessions that end together each has the rows of its own calendar, and the one that began earlier is before the other": law(
    15,
    fc.record({ lateness: fc.nat(30), restart: fc.nat(4), rows: fc.array(fc.record({ hour: fc.integer({ min: 3, max: 80 }), venue: fc.constantFrom("N", "Q") }), { minLength: 4 }) }),
    (make, { lateness, restart, rows }) => {
      const pipeline = source(0).pipe(
        Window.trading({ by: "venue", calendars: { N: berlin, Q: late } }),
        Aggregate.into({ count: Aggregate.count, venue: Aggregate.first("venue") }),
        Pipeline.allowedLateness(`${lateness} hours`),
        Panes.derive({ before: Indicator.previous("count"), mean: Indicator.ema("count", 2), highest: Indicator.highest("count", 3) }),
        Pipeline.named("sessions")
      )
      const log = { partitions: 1, entries: rows.map(({ hour, venue }) => ofHour(hour, { key: "A", venue })) }
      const [one, two] = [make([pipeline], 1), make([pipeline], 1)]
      const input = pieces(log, [3])
      const early = input.slice(0, restart).flatMap((piece) => one.take(piece).panes)
      holds(two.restore(one.snapshot()), "its own snapshot was refused")
      same(results([...early, ...outputOf(two, input.slice(restart)).panes]), results(foldedPanes(pipeline, log)))
    }
  ),

  "the first keys of sessions that end together are told once for each, in whatever batches": law(
    15,
    fc.record({
      n: fc.integer({ min: 1, max: 3 }),
      lateness: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
      rows: fc.array(fc.record({ key: fc.constantFrom("A", "B", "C", "D"), hour: fc.integer({ min: 3, max: 60 }), venue: fc.constantFrom("N", "Q") }), { minLength: 8 }),
      cut: cuts
    }),
    (make, { cut, lateness, n, rows }) => {
      const pipeline = source(0).pipe(
        Window.trading({ by: "venue", calendars: { N: berlin, Q: late } }),
        Aggregate.into({ count: Aggregate.count }),
        Pipeline.allowedLateness(`${lateness} hours`),
        Panes.top(n, { by: "count" }),
        Pipeline.named("first")
      )
      const log = { partitions: 1, entries: rows.map(({ hour, key, venue }) => ofHour(hour, { key, venue })) }
      const [panes, windows] = [outputOf(make([pipeline], 1), pieces(log, cut)).panes, foldedPanes(pipeline, log)]
      same(results(panes), results(windows))
      if (lateness === 0) same(lines(panes), lines(windows.toSorted(inOrder)))
      for (const told of Map.groupBy(panes, windowOf).values()) same(told.map(({ revision }) => revision), told.map((_, index) => index))
    }
  ),

  "of trading sessions no more is kept than windows that may still change": law(
    12,
    runs(logs),
    (make, { cut, log, pipeline }) => {
      const { checked } = pipeline
      if (checked.end._tag !== "window") return
      const engine = make([pipeline], log.partitions)
      const all = events(log)
      let read = 0
      for (const piece of pieces(log, cut)) {
        engine.take(piece)
        read += isDecision(piece) ? 0 : piece.length
        const open = fold(pipeline, all.slice(0, read)).results.filter(({ end }) => end + Checked.windowOf(checked).allowedLateness > (engine.watermark ?? -Infinity))
        same(engine.size, open.length)
      }
    }
  )
}

