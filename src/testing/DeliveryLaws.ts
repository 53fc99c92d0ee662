/** Laws of how the log reaches an engine: in batches and partitions, more than once, with crashes in between. */
import { Effect, Option } from "effect"
import * as fc from "fast-check"
import type { Section } from "../streams/engine/Snapshot.ts"
import { compareText } from "../streams/operator/windowed/KeyOrder.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import { type Chain, extended, newestIntact, pack } from "../streams/ports/CheckpointParts.ts"
import { Kind } from "../streams/records/Records.ts"
import { altered } from "./Altered.ts"
import {
  aggregates,
  countings,
  cuts,
  decidedLogs,
  differentlyRead,
  type Entry,
  jobs,
  type Log,
  logsWithin,
  pipelines,
  straggling
} from "./Arbitraries.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, isData, lines, type MakeEngine, newest, pieces, type Piece, recordsIn, results, run } from "./Harness.ts"
import { holds, same } from "./Law.ts"
import * as SnapshotText from "./SnapshotText.ts"

const bound = 6

/** Up to three pipelines, and a log with everything in it that a log can have. */
const anything = { pipelines: jobs({ revisions: true }), log: decidedLogs, cut: cuts }

/** Turns in which partitions are read: so many records of one, then of another, over and over. */
export const turns = fc.array(fc.record({ partition: fc.nat(2), records: fc.integer({ min: 1, max: 20 }) }), { minLength: 2, maxLength: 8 })
  .map((turns) => turns.flatMap(({ partition, records }) => Array.from({ length: records }, () => partition)))

/** A log that several runs after one another read, each in other batches and other turns than the one before. */
const runs = {
  ...anything,
  log: fc.oneof({ weight: 1, arbitrary: decidedLogs }, { weight: 2, arbitrary: straggling }),
  recut: cuts,
  turns,
  saveEvery: fc.integer({ min: 1, max: 40 })
}

/** When checkpoints begin and how their sections are drawn: so many pieces are taken before, and at two moments in between. */
export const checkpoints = fc.array(
  fc.record({
    isBase: fc.boolean(),
    before: fc.nat(4),
    during: fc.tuple(fc.nat(2), fc.nat(4)),
    sections: fc.nat(8),
    /** Then what was drawn is lost, and the next one has to have everything. */
    fails: fc.integer({ min: 0, max: 4 }).map((number) => number === 0)
  }),
  { minLength: 1, maxLength: 6 }
)

interface Moments {
  readonly during: readonly [number, number]
  readonly sections: number
  readonly fails: boolean
}

/** The sections of a checkpoint: some are drawn before more is taken, and the others after that, unless it fails. */
const drawn = (sections: Iterable<Section>, { during, fails, sections: first }: Moments, takeSome: (count: number) => void): ReadonlyArray<Section> => {
  const found: Array<Section> = []
  takeSome(during[0])
  for (const section of sections) {
    if (found.push(section) !== first) continue
    takeSome(during[1])
    if (fails) break
  }
  return found
}

/** What a checkpoint says beside the state is nothing here. */
const head = { pipelines: {}, savedAt: 0, processor: "p", log: "l", sinks: [], offsets: [] }

interface Checkpointed {
  readonly pipelines: ReadonlyArray<AnyPipeline>
  readonly log: Log
  readonly cut: ReadonlyArray<number>
  readonly checkpoints: ReadonlyArray<Moments & { readonly isBase: boolean; readonly before: number }>
  /** How many texts are numbered before the numbering begins anew. */
  readonly bound: number
}

/** Whatever is taken while a checkpoint is written, it has what there was when it began, and the run goes on as if there were none. */
export const checkpointed = (make: MakeEngine, { bound, checkpoints, cut, log, pipelines }: Checkpointed): void => {
  const input = pieces(log, cut)
  const makeOne = () => make(pipelines, log.partitions, { dictionaryBound: bound })
  const [engine, undisturbed] = [makeOne(), makeOne()]
  let [chains, isBaseDue, at]: [ReadonlyArray<Chain>, boolean, number] = [[], true, 0]
  let last: { readonly restored: Engine; readonly snapshot: string; readonly rest: ReadonlyArray<Piece> } | null = null
  const takeSome = (count: number) => {
    for (const piece of input.slice(at, at + count)) same(lines(engine.take(piece).panes), lines(undisturbed.take(piece).panes))
    at = Math.min(at + count, input.length)
    same(engine.size, undisturbed.size, "a checkpoint leaves states behind")
  }
  for (const { isBase, ...moments } of checkpoints) {
    takeSome(moments.before)
    const [snapshot, rest] = [undisturbed.snapshot(), input.slice(at)]
    const part = { head, isBase: isBase || isBaseDue, sections: drawn(engine.checkpoint(isBase || isBaseDue), moments, takeSome) }
    isBaseDue = moments.fails
    if (moments.fails) continue
    chains = extended(chains, part.isBase, [...pack(part)])
    const { sections } = Option.getOrThrow(Effect.runSync(newestIntact("all", chains)))
    const restored = makeOne()
    holds(restored.restore(SnapshotText.of(sections)), "its own checkpoint was refused")
    same(restored.snapshot(), snapshot)
    last = { restored, snapshot, rest }
  }
  if (last !== null) {
    const expected = makeOne()
    holds(expected.restore(last.snapshot), "its own snapshot was refused")
    same(lines(run(last.restored, last.rest)), lines(run(expected, last.rest)))
  }
  takeSome(input.length)
  same(lines(engine.close().panes), lines(undisturbed.close().panes))
}

/** Each pipeline tells in order what it cannot use; which of two comes first to the end of a portion is not said. */
const ofEach = <A extends { readonly pipeline: string | null }>(unused: ReadonlyArray<A>): ReadonlyArray<A> =>
  unused.toSorted((a, b) => compareText(a.pipeline ?? "", b.pipeline ?? ""))

export const deliveryLaws: EngineLaws = {
  "how the log is cut into batches changes neither the panes, nor their order, nor the state": law(
    300,
    fc.record({ ...anything, other: cuts }),
    (make, { cut, log, other, pipelines }) => {
      const [one, two] = [make(pipelines, log.partitions), make(pipelines, log.partitions)]
      const panes = pieces(log, cut).flatMap((batch) => one.take(batch).panes)
      same(byInput(pipelines, pieces(log, other).flatMap((batch) => two.take(batch).panes)), byInput(pipelines, panes))
      same(two.snapshot(), one.snapshot())
      same(lines(two.close().panes), lines(one.close().panes))
    }
  ),

  "several pipelines of a job each give what they give alone, with other keys, event times, schemas and bounds too": law(
    200,
    fc.record({ ...anything, others: differentlyRead }),
    (make, { cut, log, others, pipelines }) => {
      const all = [...pipelines, ...others]
      const together = make(all, log.partitions)
      const panes = run(together, pieces(log, cut))
      for (const pipeline of all) {
        const alone = make([pipeline], log.partitions)
        const own = panes.filter((pane) => pane.pipeline === pipeline.name)
        same(lines(own), lines(run(alone, pieces(log, cut))), pipeline.name)
        const [{ aggregated, late }, counts] = [alone.counts, together.countsByPipeline.get(pipeline.name)]
        same({ aggregated: counts?.aggregated, late: counts?.late }, { aggregated, late }, pipeline.name)
      }
    }
  ),

  "into how many partitions the log is spread changes no result, within the bound": law(
    200,
    fc.record({
      pipeline: pipelines({ revisions: true, outOfOrderness: bound }),
      logs: logsWithin(bound),
      partitions: fc.integer({ min: 1, max: 4 }),
      at: fc.option(fc.infiniteStream(fc.nat(3))),
      turns: fc.infiniteStream(fc.nat(3)),
      cut: cuts
    }),
    (make, { at, cut, logs: [log], partitions, pipeline, turns }) => {
      const spread = interleaved(log, partitions, turns, (key) => at === null ? key.charCodeAt(0) : take(at))
      const engine = make([pipeline], partitions)
      same(results(run(engine, pieces(spread, cut))), results(run(make([pipeline], 1), pieces(log, cut))))
      same(engine.counts.late, 0)
    }
  ),

  "after a crash at any step a new start comes to the same results": law(
    6,
    fc.record(runs),
    (make, job) => {
      const calm = survive(make, job, [])
      for (let step = 0; step < calm.steps; step++) {
        same(survive(make, job, [step]).stored, calm.stored, `after a crash at step ${step}`)
      }
    }
  ),

  "after crash upon crash, during recovery too, a new start comes to the same results": law(
    120,
    fc.record({ ...runs, crashes: fc.array(fc.nat(80), { minLength: 2, maxLength: 6 }) }),
    (make, { crashes, ...job }) => same(survive(make, job, crashes).stored, survive(make, job, []).stored)
  ),

  "in whatever order a new start reads the partitions, it comes to the same results": law(
    1_200,
    fc.record({
      ...runs,
      pipelines: countings,
      log: straggling,
      saveEvery: fc.integer({ min: 5, max: 40 }),
      crashes: fc.array(fc.integer({ min: 10, max: 70 }), { minLength: 1, maxLength: 3 })
    }),
    (make, { crashes, ...job }) => same(survive(make, job, crashes).stored, survive(make, job, []).stored)
  ),

  "in portions, with checkpoints written in the pauses, a log gives what it gives at once, in the same order": law(
    60,
    fc.record({ ...anything, portion: fc.integer({ min: 1, max: 7 }), pace: fc.integer({ min: 1, max: 3 }), every: fc.integer({ min: 1, max: 5 }) }),
    (make, { cut, every, log, pace, pipelines, portion }) => {
      const atOnce = make(pipelines, log.partitions)
      const engine = make(pipelines, log.partitions, { pace })
      let [snapshot, sections]: [string, Map<string, Uint8Array>] = ["", new Map()]
      let writing: Iterator<Section> = [].values()
      const write = (): boolean => {
        const next = writing.next()
        if (next.done === true) return false
        const [id, bytes] = next.value
        if (bytes !== null) sections.set(id, bytes)
        return true
      }
      for (const [index, piece] of pieces(log, cut).entries()) {
        if (index % every === 0) {
          snapshot = engine.snapshot()
          sections = new Map()
          writing = engine.checkpoint(true)[Symbol.iterator]()
        }
        const [some, all] = [engine.takeInPortions(piece, portion, () => void write()), atOnce.take(piece)]
        same([lines(some.panes), ofEach(some.unused), some.rows.length], [lines(all.panes), ofEach(all.unused), all.rows.length])
        while (write());
        if (index % every !== 0) continue
        const restored = make(pipelines, log.partitions)
        holds(restored.restore(SnapshotText.of(sections)), "its own checkpoint was refused")
        same(restored.snapshot(), snapshot)
      }
      same(lines(engine.close().panes), lines(atOnce.close().panes))
    }
  ),

  "a checkpoint that is written while more is taken, whole or what has changed, is what there was when it began": law(
    100,
    fc.record({ ...anything, checkpoints, bound: fc.integer({ min: 1, max: 100 }) }),
    checkpointed
  ),

  "a snapshot is restored to the byte, and with the rest of the log gives what a full replay gives": law(
    150,
    fc.record({ ...anything, at: fc.nat(30) }),
    (make, { at, cut, log, pipelines }) => {
      const input = pieces(log, cut)
      const whole = make(pipelines, log.partitions)
      const before = make(pipelines, log.partitions)
      const head = input.slice(0, at).flatMap((batch) => before.take(batch).panes)
      const snapshot = before.snapshot()
      const after = make(pipelines, log.partitions)
      holds(after.restore(snapshot), "a snapshot of the same pipelines was refused")
      same(after.snapshot(), snapshot)
      same(lines([...head, ...run(after, input.slice(at))]), lines(run(whole, input)))
      same(after.snapshot(), whole.snapshot())
      // What an engine held before it restores is gone.
      holds(whole.restore(snapshot), "a snapshot was refused by an engine that had been used")
      same(whole.snapshot(), snapshot)
    }
  ),

  "a snapshot of other pipelines, another version or other partitions is refused and changes nothing": law(
    100,
    fc.record({ ...anything, others: jobs({ revisions: true }), replaced: fc.boolean() }),
    (make, { cut, log, others, pipelines, replaced }) => {
      const input = pieces(log, cut)
      const foreign = replaced ? others : pipelines.map(otherwise)
      const engine = used(make, pipelines, log)
      const snapshot = engine.snapshot()
      const refuses = (what: string, text: string) => {
        holds(!engine.restore(text), `took ${what}`)
        same(engine.snapshot(), snapshot, `${what} left something behind`)
      }
      const stranger = make(foreign, log.partitions)
      run(stranger, input)
      const isForeign = JSON.stringify(foreign) !== JSON.stringify(pipelines)
      if (isForeign) refuses("a snapshot of other pipelines", stranger.snapshot())
      refuses("a snapshot of other partitions", make(pipelines, log.partitions + 1).snapshot())
      const state = JSON.parse(snapshot)
      for (const version of [0, -1, state.version - 1, state.version + 1]) {
        refuses(`version ${version}`, JSON.stringify({ ...state, version }))
      }
    }
  ),

  "a damaged snapshot, or any text whatever, is refused or restored, and never throws": law(
    150,
    fc.record({
      ...anything,
      text: fc.oneof(fc.string(), fc.json()),
      damage: fc.record({
        at: fc.nat(1_000_000),
        value: fc.constantFrom(null, "", "x", -1, 1.5, true, [], {}, ["1"], undefined)
      })
    }),
    (make, { damage, log, pipelines, text }) => {
      const engine = used(make, pipelines, log)
      const snapshot = engine.snapshot()
      for (const tried of [text, damaged(snapshot, damage.at, damage.value)]) {
        if (!engine.restore(tried)) same(engine.snapshot(), snapshot, "a refused snapshot left something behind")
      }
    }
  ),

  "a snapshot is read by name: whatever the order of the results, it goes on to the same panes": law(
    100,
    fc.record({
      ...anything,
      at: fc.nat(30),
      order: fc.shuffledSubarray(Object.keys(aggregates), { minLength: Object.keys(aggregates).length })
    }),
    (make, { at, cut, log, order, pipelines }) => {
      const input = pieces(log, cut)
      const [before, after] = [make(pipelines, log.partitions), make(pipelines.map((pipeline) => reordered(pipeline, order)), log.partitions)]
      for (const batch of input.slice(0, at)) before.take(batch)
      const snapshot = before.snapshot()
      holds(after.restore(snapshot), "a snapshot of the same pipelines was refused")
      same(after.snapshot(), snapshot)
      same(byName(run(after, input.slice(at))), byName(run(before, input.slice(at))))
    }
  ),

  "a snapshot that lacks a column, or has one that nobody reads, is refused and changes nothing": law(
    100,
    fc.record({ ...anything, at: fc.nat(10_000), change: fc.constantFrom("lacks", "is misspelt", "is one too many") }),
    (make, { at, change, log, pipelines }) => {
      const engine = used(make, pipelines, log)
      const snapshot = engine.snapshot()
      holds(!engine.restore(miscolumned(snapshot, at, change)), `took a snapshot of which a column ${change}`)
      same(engine.snapshot(), snapshot, "a refused snapshot left something behind")
    }
  ),

  "records that are delivered again change nothing but the count of duplicates": law(
    200,
    fc.record({ ...anything, recut: cuts, at: fc.nat(20) }),
    (make, { at, cut, log, pipelines, recut }) => {
      const [once, again] = [make(pipelines, log.partitions), make(pipelines, log.partitions)]
      const head = pieces(log, cut).slice(0, at)
      const panes = head.flatMap((batch) => again.take(batch).panes)
      const seen = head.reduce((sum, piece) => sum + recordsIn(piece), 0)
      const repeated = [...pieces(log, recut), ...pieces(log, cut)]
      same(byInput(pipelines, [...panes, ...run(again, repeated)]), byInput(pipelines, run(once, pieces(log, cut))))
      const total = log.entries.filter(isData).length
      same(again.counts, { ...once.counts, read: total * 2 + seen, duplicate: once.counts.duplicate + total + seen })
    }
  ),

  "when the numbering of texts begins anew nothing else changes": law(
    200,
    fc.record({ ...anything, bound: fc.integer({ min: 1, max: 8 }) }),
    (make, { bound, cut, log, pipelines }) => {
      const input = pieces(log, cut)
      const usual = make(pipelines, log.partitions)
      const forgetful = make(pipelines, log.partitions, { dictionaryBound: bound })
      for (const batch of input) {
        same(lines(forgetful.take(batch).panes), lines(usual.take(batch).panes))
        same(forgetful.snapshot(), usual.snapshot())
      }
      same(lines(forgetful.close().panes), lines(usual.close().panes))
    }
  )
}

/** The panes of pipelines that read the same come in one order; between others only the watermark of a batch orders them. */
const byInput = (pipelines: ReadonlyArray<AnyPipeline>, panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<string> => {
  const inputs = new Map(pipelines.map(({ checked, name }) => [name, Checked.inputsOf(checked).map(({ id }) => id).join(" ")]))
  return [...Map.groupBy(panes, ({ pipeline }) => inputs.get(pipeline))].sort().flatMap(([, group]) => lines(group))
}

const take = <A>(stream: Iterator<A>): A => stream.next().value

/** The same events spread over partitions, which are then read in turns that have nothing to do with their times. */
const interleaved = (log: Log, partitions: number, turns: Iterator<number>, at: (key: string) => number): Log => {
  const queues = Array.from({ length: partitions }, (): Array<Entry> => [])
  for (const entry of log.entries) {
    const partition = at(entry.kind === Kind.event ? entry.value.key : "") % partitions
    queues[partition]?.push({ ...entry, partition })
  }
  return read(queues, turns)
}

/** The log that comes of reading a record at a time of the partition whose turn it is, or of the next that has one. */
const read = (queues: ReadonlyArray<Log["entries"]>, turns: Iterator<number>): Log => {
  const partitions = queues.length
  const left = queues.map((queue) => [...queue])
  const entries: Array<Entry> = []
  while (left.some(({ length }) => length > 0)) {
    const first = take(turns) % partitions
    const queue = [...left.slice(first), ...left.slice(0, first)].find(({ length }) => length > 0)
    entries.push(...(queue?.splice(0, 1) ?? []))
  }
  return { entries, partitions }
}

/** The same log, its partitions read in these turns, over and over from the given one on. */
export const inTurns = (log: Log, turns: ReadonlyArray<number>, from: number): Log => {
  let turn = from
  const endless: Iterator<number> = { next: () => ({ done: false, value: turns[turn++ % turns.length] ?? 0 }) }
  return read(Array.from({ length: log.partitions }, (_, partition) => log.entries.filter((entry) => entry.partition === partition)), endless)
}

interface Run {
  readonly pipelines: ReadonlyArray<AnyPipeline>
  readonly log: Log
  readonly cut: ReadonlyArray<number>
  readonly recut: ReadonlyArray<number>
  readonly turns: ReadonlyArray<number>
  readonly saveEvery: number
}

/**
 * What a sink has in the end when the process dies before each of these steps and starts
 * again. A step is taking a batch, writing the first or the second half of its panes, or
 * saving; they are counted over all lives together. Each life reads the partitions in other
 * turns than the one before: how often panes are emitted is another then, and which of them
 * are late, but not what they say. Of one partition there is one order, and all is the same.
 */
const survive = (make: MakeEngine, { cut, log, pipelines, recut, saveEvery, turns }: Run, crashes: ReadonlyArray<number>) => {
  const written: Array<Pane.Pane> = []
  let saved: { readonly state: string; readonly offsets: ReadonlyArray<number> } | null = null
  let steps = 0
  const live = (log: Log, cut: ReadonlyArray<number>): boolean => {
    const engine: Engine = make(pipelines, log.partitions)
    if (saved !== null) holds(engine.restore(saved.state), "its own snapshot was refused")
    engine.adopt(newest(written).map(Pane.encode))
    const dies = () => crashes.includes(steps++)
    for (const [index, batch] of pieces(log, cut, saved?.offsets).entries()) {
      if (dies()) return false
      const { panes } = engine.take(batch)
      const half = panes.length >> 1
      if (dies()) return false
      written.push(...panes.slice(0, half))
      if (dies()) return false
      written.push(...panes.slice(half))
      if (index % saveEvery !== 0) continue
      if (dies()) return false
      saved = { state: engine.snapshot(), offsets: engine.offsets }
    }
    written.push(...engine.close().panes)
    return true
  }
  for (let life = 0; !live(inTurns(log, turns, life * 7), life % 2 === 0 ? cut : recut); life++) continue
  // A change looks at the window before as it was when this one was emitted, which hangs on the order of partitions.
  holds(newest(written).every(({ pane }) => pane !== "early"), "a window that has closed is early for ever")
  return { stored: log.partitions === 1 ? lines(newest(written)) : results(written), steps }
}

/** An engine in the middle of a log. */
const used = (make: MakeEngine, pipelines: ReadonlyArray<AnyPipeline>, log: Log): Engine => {
  const engine = make(pipelines, log.partitions)
  for (const batch of pieces(log, [10]).slice(0, 4)) engine.take(batch)
  return engine
}

/** A pipeline of the same name that computes something else, where it has prices under the same names of results. */
const otherwise = (pipeline: AnyPipeline): AnyPipeline =>
  altered(pipeline, ({ aggregates }) => ({ aggregates: { ...aggregates, low: "low" in aggregates ? { op: "max", field: "price" } : { op: "count" } } }))

/** The same results, declared in another order. */
const reordered = (pipeline: AnyPipeline, order: ReadonlyArray<string>): AnyPipeline =>
  altered(pipeline, ({ aggregates }) => ({
    aggregates: Object.fromEntries(Object.entries(aggregates).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)))
  }))

/** Each pane as a line, its values in the order of their names. */
const byName = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<string> =>
  lines(panes.map((pane) => ({
    ...pane,
    values: Object.fromEntries(Object.entries(pane.values).sort(([a], [b]) => a < b ? -1 : 1))
  })))

/** The same snapshot with one of the columns of one of its tables gone, renamed, or there twice. */
const miscolumned = (snapshot: string, at: number, change: string): string => {
  const all: Array<Record<string, unknown>> = []
  const parsed: unknown = JSON.parse(snapshot, (name, value: Record<string, unknown>) => {
    if (name === "columns" && Object.keys(value).length > 0) all.push(value)
    return value
  })
  const columns = all[at % all.length]!
  const names = Object.keys(columns)
  const name = names[at % names.length]!
  if (change !== "lacks") columns[`${name}s`] = columns[name]
  if (change !== "is one too many") delete columns[name]
  return JSON.stringify(parsed)
}

/** The same JSON with one of its values replaced; `undefined` leaves a member out. */
const damaged = (json: string, at: number, value: unknown): string => {
  let nodes = 0
  JSON.parse(json, (_, node) => {
    nodes++
    return node
  })
  const target = at % nodes
  let index = 0
  return JSON.stringify(JSON.parse(json, (_, node) => index++ === target ? value : node)) ?? ""
}
