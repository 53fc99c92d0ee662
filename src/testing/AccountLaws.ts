/** Laws of what is kept account of: every event is counted once, every refusal is kept, and state is given back. */
import type { Unused } from "../streams/engine/Refusals.ts"
import { Schema } from "effect"
import * as fc from "fast-check"
import type { Counts } from "../streams/ports/Monitor.ts"
import { horizon } from "../streams/pipeline/Checked.ts"
import { Aggregate, Window } from "../streams/pipeline/index.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import * as Pipeline from "../streams/pipeline/Pipeline.ts"
import { type AnyOfPanes as AnyPipeline, withBounds } from "../streams/pipeline/Pipeline.ts"
import { Kind, type Records, valueAt } from "../streams/records/Records.ts"
import { windowNode, withAllWindows } from "./Altered.ts"
import {
  cuts,
  decidedLogs,
  type Entry,
  jobs,
  type Log,
  logs,
  logsWithin,
  mixedLogs,
  pipelines,
  type Sample,
  samples,
  source
} from "./Arbitraries.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { batches, type Engine, foldedPanes, isData, isDecision, lines, newest, type Piece, pieces, records, recordsIn, results, run, textOf } from "./Harness.ts"
import { holds, same } from "./Law.ts"

const bound = 6

/** The largest and smallest that each field takes, and what is next to them. */
const extremes: fc.Arbitrary<Partial<Sample>> = fc.record({
  key: fc.constantFrom("", "A", "__proto__", "\u0000", "\ud800", "constructor"),
  time: fc.constantFrom(
    0,
    -1,
    8_640_000_000_000_000,
    -8_640_000_000_000_000,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER
  ),
  price: fc.constantFrom("90000000", "-90000000", "0.00000001"),
  ratio: fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE),
  venue: fc.constantFrom("", "\u0000", "\ud800", "toString")
}, { requiredKeys: [] })

/** What may be wrong with a line, and the reason that it is refused for. */
const faults = [
  { reason: null, spoil: (text: string) => text },
  { reason: null, spoil: (text: string) => ` ${text.replace("{", "{ ")}\n` },
  { reason: "not-json", spoil: (text: string) => text.slice(0, -1) },
  { reason: "not-json", spoil: (text: string) => `[${text}]` },
  { reason: "empty", spoil: () => "" },
  { reason: "missing-field", spoil: (text: string) => text.replace("\"price\"", "\"prise\"") },
  { reason: "invalid-field", spoil: (text: string) => text.replace(/"price":"[^"]*"/, "\"price\":\"1.234567891\"") },
  { reason: "invalid-field", spoil: (text: string) => text.replace(/"price":"[^"]*"/, "\"price\":null") },
  { reason: "time-ahead", spoil: (text: string) => text.replace(/"time":-?\d+/, "\"time\":61") },
  // The beginning of something longer, whatever it looks like.
  { reason: "too-long", spoil: (text: string) => text },
  { reason: null, spoil: (text: string) => text.replace(/"time":-?\d+/, "\"time\":60") }
] as const

export const accountLaws: EngineLaws = {
  "read = aggregated + late + dead-lettered + duplicate + filtered + held, after every batch, in total and for each pipeline":
    law(
      200,
      fc.record({
        pipelines: jobs({ revisions: true }),
        log: decidedLogs,
        cut: cuts,
        spoilt: fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        again: fc.nat(10)
      }),
      (make, { again, cut, log, pipelines, spoilt }) => {
        const engine = make(pipelines, log.partitions)
        const input = pieces(log, cut).map((piece) => spoil(piece, spoilt))
        const letters: Array<Unused> = []
        let read = 0
        for (const batch of [...input.slice(0, again), ...input]) {
          letters.push(...engine.take(batch).unused)
          read += recordsIn(batch)
          same(engine.counts.read, read)
          for (const [name, counts] of [["all", engine.counts] as const, ...engine.countsByPipeline]) {
            same(balance(counts), 0, `the account of ${name} does not balance: ${JSON.stringify(counts)}`)
          }
        }
        letters.push(...engine.close().unused)
        const refused = new Set(letters.filter(({ reason }) => reason !== "late").map(({ offset, partition }) => `${partition}/${offset}`))
        const told = "a record is dead-lettered where a letter of it is more than that it is late"
        // A pair that is refused is a letter too, and its rows were taken by the join.
        if (pipelines.some(({ checked }) => checked.nodes.some(({ _tag }) => _tag === "interval"))) holds(engine.counts.deadLettered <= refused.size, told)
        else same(engine.counts.deadLettered, refused.size, told)
      }
    ),

  "what windows that do not overlap count together is what was aggregated, each event once": law(
    200,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: mixedLogs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([withAllWindows(pipeline)], log.partitions)
      const panes = newest(run(engine, batches(log, cut)))
      if (!["tumbling", "session"].includes(windowNode(pipeline).window.kind)) return
      same(panes.reduce((sum, { values }) => sum + Number(values["count"]), 0), engine.counts.aggregated)
    }
  ),

  "a window is compared with the one before within the horizon, and beyond it keys are forgotten": law(
    60,
    fc.record({
      size: fc.integer({ min: 1, max: 5 }),
      lateness: fc.integer({ min: 0, max: 5 }),
      /** From the end of the one window to the start of the next, as far as it differs from the horizon. */
      beyond: fc.integer({ min: -8, max: 8 }),
      keys: fc.integer({ min: 50, max: 100 })
    }),
    (make, { beyond, keys, lateness, size }) => {
      const compared = source(0).pipe(
        Window.tumbling(size),
        Aggregate.into({ sum: Aggregate.sum("size") }),
        Pipeline.percentChange("change", "sum"),
        Pipeline.allowedLateness(lateness),
        Pipeline.named("compared")
      )
      const row = (key: string, time: number, size: number) => JSON.stringify({ key, time, price: "1", size })
      const distance = size * Math.round((horizon + beyond) / size)
      const input = [row("k0", 0, 100), row("k0", size + distance, 150), row("k0", 3 * horizon, 1)]
      const changes = run(make([compared], 1), [records(0, 0, input)]).map((pane) => Pane.encode(pane).values["change"])
      same(changes, [null, distance <= horizon ? "50" : null, null])
      const sizeAfter = (keys: number): number => {
        const engine = make([compared], 1)
        engine.take(records(0, 0, Array.from({ length: keys }, (_, index) => row(`k${index}`, 0, 100))))
        engine.take(records(0, keys, [row("k0", 3 * horizon, 1), row("k0", 6 * horizon, 1)]))
        return engine.snapshot().length
      }
      holds(sizeAfter(keys) < sizeAfter(1) + 60, "keys that were seen once are still there")
    }
  ),

  "state follows what is open: no more keys than windows and slices within reach, however long the log": law(
    80,
    fc.record({ pipeline: pipelines({ revisions: true }), logs: logsWithin(bound), cut: cuts }),
    (make, { cut, logs: [log], pipeline }) => {
      const roomy = withSlack(pipeline)
      const engine = make([roomy], 1)
      const sizes: Array<number> = []
      const snapshots: Array<string> = []
      // Indicators over indicators over indicators have their windows when each has had its own.
      const cycles = repeated(log, cycleOf(roomy), 18)
      for (const cycle of cycles) {
        for (const batch of cycle(cut)) {
          engine.take(batch)
          holds(engine.size <= most(roomy), `${engine.size} states where there should be at most ${most(roomy)}`)
        }
        sizes.push(engine.size)
        snapshots.push(withoutNumbers(engine))
      }
      same(sizes.slice(15), sizes.slice(15).map(() => sizes[15]))
      same(snapshots.at(-1), snapshots[15], "the snapshot changes, and not only in its numbers")
    }
  ),

  "after the end of all data no state is left": law(
    200,
    fc.record({ pipelines: jobs({ revisions: true }), log: decidedLogs, cut: cuts }),
    (make, { cut, log, pipelines }) => {
      const [engine, unused] = [make(pipelines, log.partitions), make(pipelines, log.partitions)]
      run(engine, pieces(log, cut))
      run(unused, [])
      same([engine.size, engine.counts.held], [0, 0])
      same(withoutNumbers(engine), withoutNumbers(unused))
    }
  ),

  "no value that a source's Schema takes makes the engine throw, or leaves state behind": law(
    60,
    fc.record({ pipelines: jobs({ revisions: true }), log: logs, extremes: fc.infiniteStream(extremes), cut: cuts }),
    (make, { cut, extremes, log, pipelines }) => {
      const entries = log.entries.map((entry): Entry =>
        entry.kind === Kind.event ? { ...entry, value: { ...entry.value, ...extremes.next().value } } : entry
      )
      const engine = make(pipelines, log.partitions)
      for (const batch of batches({ ...log, entries }, cut)) {
        for (const pane of engine.take(batch).panes) readBack(pane)
        holds(make(pipelines, log.partitions).restore(engine.snapshot()), "its own snapshot was refused")
      }
      for (const pane of engine.close().panes) readBack(pane)
      same([engine.size, engine.counts.held], [0, 0])
    }
  ),

  "what cannot be used is given back with its bytes, its place and the reason": law(
    200,
    fc.record({
      pipeline: pipelines({ revisions: true, outOfOrderness: 100 }),
      records: fc.array(fc.record({ sample: samples, fault: fc.constantFrom(...faults), partition: fc.nat(1) }), {
        maxLength: 40,
        size: "max"
      }),
      cut: cuts
    }),
    (make, { cut, pipeline, records: drawn }) => {
      const engine = make([pipeline], 2, { maxTimeAhead: 60 })
      const expected: Array<string> = []
      const found: Array<string> = []
      for (const partition of [0, 1]) {
        const inside = drawn.filter((each) => each.partition === partition)
        const texts = inside.map(({ fault, sample }) => fault.spoil(JSON.stringify(sample)))
        expected.push(...inside.flatMap(({ fault: { reason } }, offset) =>
          reason === null ? [] : `${partition}:${offset} ${reason} ${texts[offset]}`
        ))
        const kinds = inside.map(({ fault }) => fault.reason === "too-long" ? Kind.truncated : Kind.event)
        const size = cut[0] ?? 1
        for (let at = 0; at < texts.length; at += size) {
          const batch = records(partition, at, texts.slice(at, at + size), kinds.slice(at, at + size))
          for (const { detail, offset, pipeline, reason, record } of engine.take(batch).unused) {
            holds(detail !== "" && pipeline === null, "a refusal says what is wrong, and no pipeline's name")
            found.push(`${partition}:${offset} ${reason} ${new TextDecoder().decode(valueAt(batch, record!))}`)
          }
        }
      }
      same(found, expected)
      same(engine.counts.deadLettered, expected.length)
    }
  ),

  "records that failed, mended and put in again within the bound, give what they would have given at once": law(
    150,
    fc.record({
      pipeline: pipelines({ revisions: false, outOfOrderness: 100 }),
      logs: logsWithin(bound),
      broken: fc.infiniteStream(fc.boolean())
    }),
    (make, { broken, logs: [log], pipeline }) => {
      const engine = make([pipeline], 1)
      const texts = log.entries.filter(isData).map(textOf)
      const first = records(0, 0, texts.map((text) => broken.next().value ? text.slice(0, -1) : text))
      const failed = engine.take(first).unused
      const mended = failed.map(({ record }) => `${new TextDecoder().decode(valueAt(first, record!))}}`)
      const panes = run(engine, [records(0, texts.length, mended)])
      same(lines(panes), lines(foldedPanes(pipeline, log)))
      same(results(panes), results(run(make([pipeline], 1), batches(log, [7]))))
    }
  )
}

/** Every pane can be written and read again as it is. */
const readBack = (pane: Pane.Pane): void =>
  same(Schema.decodeUnknownSync(Schema.fromJsonString(Pane.Encoded))(Pane.toJson(pane)), Pane.encode(pane))

/** What there is in a snapshot, whatever the numbers in it. */
const withoutNumbers = (engine: Engine): string =>
  JSON.stringify(JSON.parse(engine.snapshot(), (name, value: unknown) => {
    // How many entries a table has is no number that may change; those in its columns are.
    if (name === "entries") return value
    if (name === "payload") return ""
    return value === null || typeof value === "number" || (typeof value === "string" && /^-?\d+$/.test(value)) ? 0 : value
  }))

const balance = ({ aggregated, deadLettered, duplicate, filtered, held, late, read }: Counts): number =>
  read - aggregated - late - deadLettered - duplicate - filtered - held

/** Every now and then a record without its last byte. */
const spoil = (piece: Piece, spoilt: Iterator<number>): Piece =>
  isDecision(piece) ? piece : { ...piece, ends: piece.ends.map((end) => spoilt.next().value === 0 ? end - 1 : end) }

const withSlack = (pipeline: AnyPipeline): AnyPipeline => withBounds(pipeline, { outOfOrderness: bound })

/** After this long a log can be said again and its windows lie the same way. */
const cycleOf = (pipeline: AnyPipeline): number => {
  const { inner: merged, trigger, window } = windowNode(pipeline)
  const every = trigger.on === "update" ? Math.max(1, trigger.every) : 1
  const inner = merged?.kind === "tumbling" ? merged.size : 1
  const advance = window.kind === "hopping" ? window.advance * window.size : "size" in window ? window.size : 1
  return every * inner * advance * 64
}

/** The same log over and over, each time a cycle later: far from 0, so that its times have as many digits each time. */
const repeated = (log: Log, cycle: number, times: number) =>
  Array.from({ length: times }, (_, turn) => (cut: ReadonlyArray<number>): ReadonlyArray<Records> => {
    const shift = (100_000_000 + turn) * cycle
    const entries = log.entries.map((entry): Entry =>
      entry.kind === Kind.event ? { ...entry, value: { ...entry.value, time: entry.value.time + shift } } : entry
    )
    const first = turn * entries.length
    return batches({ ...log, entries }, cut).map((batch) => ({
      ...batch,
      offsets: batch.offsets.map((at) => at + first)
    }))
  })

/**
 * More states than can be open for 3 keys: slices and windows that overlap the stretch between
 * the end of lateness and the newest event, each slice once as itself and once in a stack.
 */
const most = (pipeline: AnyPipeline): number => {
  const { allowedLateness, inner: merged, window } = windowNode(pipeline)
  const disorder = allowedLateness + 2 * bound
  if (window.kind === "session") return 3 * ((disorder + window.gap) / window.gap + 2)
  if (window.kind === "calendar" || window.kind === "count" || window.kind === "trading") return 3
  const inner = merged?.kind === "tumbling" ? merged.size : window.size
  const step = window.kind === "hopping" ? window.advance : window.kind === "cumulative" ? window.step : inner
  const slice = window.kind === "hopping" ? divisor(window.size, window.advance) : step
  const reach = disorder + window.size
  return 3 * (2 * (reach / slice + 2) + (reach + window.size) / step + 4)
}

const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b)
