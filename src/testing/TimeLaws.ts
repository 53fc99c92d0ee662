/** Laws of event time: watermarks, the end of lateness, and the calendar. */
import * as fc from "fast-check"
import { Aggregate, Pipeline, Window } from "../streams/pipeline/index.ts"
import { Kind } from "../streams/records/Records.ts"
import { definitionOf, unconditional, windowNode } from "./Altered.ts"
import {
  aggregates,
  cuts,
  decidedLogs,
  type Entry,
  type Idle,
  type Log,
  logs,
  pipelines,
  pipelinesWithPreAggregated,
  type Sample,
  source
} from "./Arbitraries.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { batches, foldedPanes, isData, isDecision, lines, type MakeEngine, pieces, records, results, run } from "./Harness.ts"
import { holds, same } from "./Law.ts"

/** Clocks that change at 02:00, at midnight, by half an hour, or never; Apia once left out a whole day. */
const zones = [
  "UTC",
  "America/New_York",
  "Europe/London",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Africa/Cairo",
  "Asia/Beirut",
  "Pacific/Apia"
]

const changes = [
  "2024-03-10T07:00:00Z",
  "2024-11-03T06:00:00Z",
  "2024-03-31T01:00:00Z",
  "2024-04-06T15:00:00Z",
  "2024-10-05T15:30:00Z",
  "2018-02-18T02:00:00Z",
  "2018-11-04T03:00:00Z",
  "2024-04-25T22:00:00Z",
  "2024-10-31T21:00:00Z",
  "2024-03-30T22:00:00Z",
  "2011-12-30T10:00:00Z"
].map((text) => Date.parse(text))

const hour = 3_600_000

const instants = fc.oneof(
  fc.integer({ min: Date.parse("1980-01-01"), max: Date.parse("2037-12-31") }),
  fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -40, max: 40 })).map(([at, hours]) => at + hours * hour),
  fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -2, max: 2 })).map(([change, by]) => change + by)
)

const year = 365.25 * 24 * hour

/** What the clock may have been at an append. */
const clocks = fc.integer({ min: Date.parse("2021-06-01"), max: Date.parse("2120-01-01") })

/** Around a clock, by whole milliseconds. */
const within = (years: number) => fc.double({ min: -years, max: years, noNaN: true }).map((share) => Math.trunc(share * year))

export const timeLaws: EngineLaws = {
  "no time within fifty years of the clock at its append is refused, and all that are seconds or microseconds are": law(
    200,
    fc.record({ clock: clocks, years: fc.array(within(50), { maxLength: 8 }), others: fc.array(within(4.9), { maxLength: 8 }) }),
    (make, { clock, others, years }) => {
      const times = years.map((by) => clock + by)
      same(refusedAt(make, clock, times), times.map(() => null))
      const seconds = others.map((by) => Math.floor((clock + by) / 1_000))
      same(refusedAt(make, clock, seconds), seconds.map(() => "not-milliseconds"))
      const microseconds = others.map((by) => (clock + by) * 1_000)
      same(refusedAt(make, clock, microseconds), microseconds.map(() => "not-milliseconds"))
      // Beside what is right they are no less wrong.
      same(refusedAt(make, clock, [clock, ...seconds]), [null, ...seconds.map(() => "not-milliseconds")])
    }
  ),

  "history in milliseconds is taken day by day, however old it is, and by a clock that is none every time is": law(
    20,
    fc.record({
      clock: fc.oneof(clocks, fc.constant(0), fc.constant(-1)),
      start: fc.integer({ min: Date.parse("1960-01-01"), max: Date.parse("1970-01-10") }),
      step: fc.integer({ min: 6 * hour, max: 7 * 24 * hour })
    }),
    (make, { clock, start, step }) => {
      const times = Array.from({ length: 1_000 }, (_, index) => start + index * step).filter((time) => time <= Math.max(clock, 0))
      same(refusedAt(make, clock, times), times.map(() => null))
      const any = [0, 1_732_545_000, 1_732_545_000_000, 1_732_545_000_000_000]
      if (clock <= 0) same(refusedAt(make, clock, any, Infinity), any.map(() => null))
    }
  ),

  "the watermark is the smallest of all partitions', each its largest time less the bound or what a decision said": law(
    300,
    fc.record({ pipeline: pipelinesWithPreAggregated({ revisions: true }), log: decidedLogs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      const slack = definitionOf(pipeline).outOfOrderness
      let taken = 0
      let before = -Infinity
      for (const piece of pieces(log, cut)) {
        engine.take(piece)
        taken += isDecision(piece) ? Number(piece._tag === "idle") : piece.length
        same(engine.watermark, watermark({ ...log, entries: entriesOf(log) }, taken, slack))
        holds(engine.watermark === null || engine.watermark >= before, "the watermark went back")
        before = engine.watermark ?? before
      }
    }
  ),

  "a partition that was declared idle holds nothing up, and what it says on its return is late": law(
    100,
    fc.record({ size: fc.integer({ min: 1, max: 9 }), reach: fc.integer({ min: 1, max: 9 }) }),
    (make, { reach, size }) => {
      const engine = make([counted(size)], 2)
      const at = (time: number) => JSON.stringify({ key: "A", time, price: "1", size: 1 })
      const first = engine.take(records(0, 0, [at(0), at(size * reach)]))
      same(lines(first.panes), [], "the other partition has not said anything")
      const decided = engine.take({ _tag: "idle", partition: 1, at: 0, watermark: size * reach })
      same(decided.panes.map(({ end }) => end), [size])
      const back = engine.take(records(1, 0, [at(0)]))
      same([back.panes.length, back.unused.map(({ reason }) => reason), engine.watermark], [0, ["late"], size * reach])
    }
  ),

  "decisions change what is late, and never what is counted where nothing is": law(
    150,
    fc.record({ pipeline: pipelines({ revisions: true }), log: logs, at: fc.nat(60), cut: cuts }),
    (make, { at, cut, log, pipeline }) => {
      const slack = definitionOf(pipeline).outOfOrderness
      // A decision says no more than the watermark already does.
      const value = { watermark: own(log, at, slack) ?? -1_000_000 }
      const decision: Entry = { partition: log.entries[at]?.partition ?? 0, kind: "idle", value }
      const entries = [...log.entries.slice(0, at), decision, ...log.entries.slice(at)]
      const panes = run(make([pipeline], log.partitions), pieces({ ...log, entries }, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
    }
  ),

  "at exactly the end of lateness an event is too late for a window; a millisecond earlier it is not": law(
    300,
    fc.record({
      pipeline: pipelines({ revisions: true }),
      time: fc.integer({ min: -30, max: 30 }),
      beyond: fc.constantFrom(-1, 0, 1)
    }),
    (make, { beyond, pipeline: drawn, time }) => {
      const pipeline = unconditional(drawn)
      const { allowedLateness, inner, window } = windowNode(pipeline)
      const session = window.kind === "session"
      const end = session ? time : lastEnd(inner ?? window, time)
      const pilot = end + allowedLateness + beyond + definitionOf(pipeline).outOfOrderness
      const before = session ? time - window.gap : time
      const log = logOf([sample(before), { ...sample(pilot), key: "pilot" }, sample(time)])
      const engine = make([pipeline], 1)
      const panes = run(engine, batches(log, [1]))
      // An event is late to a window that ends at the watermark. To sessions it is when it is itself behind it.
      same(engine.counts.late, beyond > 0 || (beyond === 0 && !session) ? 1 : 0)
      same(results(panes), results(foldedPanes(pipeline, log)))
    }
  ),

  "a calendar's window has all instants of a local day, week from Monday or month, and no others": law(
    250,
    fc.record({ zone: fc.constantFrom(...zones), unit: fc.constantFrom("day", "week", "month"), time: instants }),
    (make, { time, unit, zone }) => {
      const [pane] = run(make([calendar(unit, zone)], 1), [records(0, 0, [JSON.stringify(sample(time))])])
      if (pane === undefined) throw new Error("no window holds the time")
      const { end, start } = pane
      const local = (instant: number) => localUnit(unit, zone, instant)
      same([local(start), local(end - 1)], [local(time), local(time)], `[${start}, ${end}) in ${zone}`)
      holds(local(start - 1) !== local(time), `${zone}: the ${unit} of ${time} begins before ${start}`)
      holds(local(end) !== local(time), `${zone}: the ${unit} of ${time} ends after ${end}`)
    }
  ),

  "windows of a calendar hold what the batch fold says": law(
    100,
    fc.record({
      zone: fc.constantFrom(...zones),
      unit: fc.constantFrom("day", "week", "month"),
      times: fc.array(fc.record({ key: fc.constantFrom("A", "B"), time: instants }), { maxLength: 20 })
    }),
    (make, { times, unit, zone }) => {
      const log = logOf(times.map(({ key, time }) => ({ ...sample(time), key })))
      const pipeline = calendar(unit, zone)
      same(lines(run(make([pipeline], 1), batches(log, [6]))), lines(foldedPanes(pipeline, log)))
    }
  ),

  "a day has 23 hours where the clock goes forward and 25 where it goes back": (make) => {
    const hours = (zone: string, noon: string) => lengthOfDay(make, zone, Date.parse(noon)) / 3_600_000
    same(hours("America/New_York", "2024-03-10T17:00:00Z"), 23)
    same(hours("America/New_York", "2024-11-03T17:00:00Z"), 25)
    same(hours("America/New_York", "2024-06-03T17:00:00Z"), 24)
    same(hours("Europe/Paris", "2024-03-31T11:00:00Z"), 23)
    same(hours("Europe/Paris", "2024-10-27T11:00:00Z"), 25)
    same(hours("Australia/Lord_Howe", "2024-04-07T01:00:00Z"), 24.5)
    same(hours("Australia/Lord_Howe", "2024-10-06T01:00:00Z"), 23.5)
    same(hours("Asia/Kolkata", "2024-03-10T06:00:00Z"), 24)
  }
}

const counted = (size: number) =>
  source(0).pipe(Window.tumbling(size), Aggregate.into({ count: Aggregate.count }), Pipeline.named("counted"))

const logOf = (samples: ReadonlyArray<Sample>): Log => ({
  partitions: 1,
  entries: samples.map((value): Entry => ({ partition: 0, kind: Kind.event, value }))
})

const sample = (time: number) => ({ key: "A", time, price: "1.5", size: 2 })

/** The operators' watermark after the first so many records of a log; `null` while a partition has none. */
const watermark = (log: Log, taken: number, slack: number): number | null => {
  const all = Array.from({ length: log.partitions }, () => -Infinity)
  for (const entry of log.entries.slice(0, taken)) {
    const said = isData(entry) ? entry.value.time - slack : entry.kind === "idle" ? saidBy(entry.value, slack) : -Infinity
    all[entry.partition] = Math.max(all[entry.partition]!, said)
  }
  const smallest = Math.min(...all)
  return smallest === -Infinity ? null : smallest
}

/** Those that move event time, which an end of input does not. */
const entriesOf = ({ entries }: Log) => entries.filter(({ kind }) => kind !== "end")

/** What a decision says to a pipeline whose event time is "time", under its own bound. */
const saidBy = ({ eventTime = "time", outOfOrderness, watermark }: Idle, slack: number): number =>
  eventTime === "time" ? watermark + (outOfOrderness ?? slack) - slack : -Infinity

/** The watermark of the partition of the record at a place, before that record. */
const own = (log: Log, at: number, slack: number): number | null => {
  const partition = log.entries[at]?.partition ?? 0
  const entries = log.entries.slice(0, at).filter((entry) => entry.partition === partition)
    .map((entry) => ({ ...entry, partition: 0 }))
  return watermark({ partitions: 1, entries }, at, slack)
}

/** The largest end of the windows that hold a time, found by trying every one. */
const lastEnd = (window: Window.Window, time: number): number => {
  if (window.kind === "session" || window.kind === "calendar" || window.kind === "count" || window.kind === "trading") return NaN
  const advance = window.kind === "hopping" ? window.advance : window.size
  let start = time
  while ((start - window.offset) % advance !== 0) start--
  return start + window.size
}

const calendar = (unit: Window.Unit, timeZone: string) =>
  source(100_000_000_000).pipe(
    Window.calendar(unit, { timeZone }),
    Aggregate.into(aggregates),
    Pipeline.named("calendar")
  )

const lengthOfDay = (make: MakeEngine, zone: string, time: number): number => {
  const [pane] = run(make([calendar("day", zone)], 1), [records(0, 0, [JSON.stringify(sample(time))])])
  return pane === undefined ? NaN : pane.end - pane.start
}

/** Why a log of one partition, all of it appended by one clock, has its events refused: a reason for each, or `null`. */
const refusedAt = (make: MakeEngine, clock: number, times: ReadonlyArray<number>, maxTimeAhead = 51 * year) => {
  const engine = make([calendar("month", "UTC")], 1, { maxTimeAhead })
  const log = records(0, 0, times.map((time) => JSON.stringify(sample(time))))
  const { unused } = engine.take({ ...log, appendedAt: log.appendedAt.fill(clock) })
  return times.map((_, index) => unused.find(({ offset, reason }) => offset === index && reason !== "late")?.reason ?? null)
}

const formats: ReadonlyMap<string, Intl.DateTimeFormat> = new Map(zones.map((zone) => [
  zone,
  new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    year: "numeric",
    month: "numeric",
    day: "numeric"
  })
]))

/** A name for the local day, week or month of an instant, by the zone's dates alone. */
const localUnit = (unit: Window.Unit, zone: string, instant: number): string => {
  const parts = formats.get(zone)!.formatToParts(instant)
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value)
  const [year, month, day] = [part("year"), part("month"), part("day")]
  if (unit === "month") return `${year}-${month}`
  if (unit === "day") return `${year}-${month}-${day}`
  const date = Date.UTC(year, month - 1, day) / 86_400_000
  // The first of January 1970 was a Thursday.
  return `week ${Math.floor((date + 3) / 7)}`
}
