/**
 * Laws of nodes that keep state over events: what leaves them is the batch fold's, in one order, whatever the interleaving of
 * partitions, and what becomes of each row is a function of the log.
 */
import * as fc from "fast-check"
import * as Checked from "../streams/pipeline/Checked.ts"
import { Aggregate, Events, Expr, Join, Panes, Pipeline, Window } from "../streams/pipeline/index.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import * as Row from "../streams/pipeline/Row.ts"
import { flow, fold } from "../streams/reference/BatchFold.ts"
import type { Event, Flow } from "../streams/reference/EventFold.ts"
import { foldRows } from "../streams/reference/RowFold.ts"
import { cuts, decidedLogs, endedAt, type Entry, heldPipelines, heldSteps, type Log, logs, logsWithin, others, pairedSteps, source, stagedPipelines, stagedRows, straggling, unitedPipelines } from "./Arbitraries.ts"
import { Kind } from "../streams/records/Records.ts"
import { inTurns, turns } from "./DeliveryLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, events, foldedPanes, lines, type MakeEngine, newest, type Piece, pieces, recordsIn, results } from "./Harness.ts"
import { holds, same } from "./Law.ts"

const rowsThrough = (held: typeof heldSteps): fc.Arbitrary<Pipeline.AnyOfRows> => fc.record({ slack: fc.integer({ min: 0, max: 8 }), held })
  .map(({ held, slack }) => Events.make(held(source(slack).plan)) as Events.Events<unknown>)
  .map((rows) => rows.pipe(Pipeline.named("rows")))

export const rowPipelines = fc.oneof({ weight: 4, arbitrary: rowsThrough(heldSteps) }, { weight: 1, arbitrary: stagedRows })

/** Windows of rows that come in one order. */
const orderedPipelines = fc.oneof(heldPipelines({ revisions: false, name: "panes" }), stagedPipelines({ revisions: false, name: "panes" }))

/** Sizes are times for some, and the fold does not know that one can be too large for a time. */
export const anyLog = fc.oneof(logs, straggling).map((log): Log => ({
  ...log,
  entries: log.entries.map((entry): Entry =>
    entry.kind === Kind.event ? { ...entry, value: { ...entry.value, size: entry.value.size % 1_000_000_000_000 } } : entry)
}))

/** What a pipeline comes to, what becomes of each row and the account are the batch fold's. Gives the engine as it is then. */
const windowsAsFolded = (make: MakeEngine, { cut, log, pipeline }: {
  readonly cut: ReadonlyArray<number>
  readonly log: Log
  readonly pipeline: Pipeline.AnyOfPanes
}): Engine => {
  const engine = make([pipeline], log.partitions)
  const { panes, unused } = outputOf(engine, pieces(log, cut))
  same(lines(newest(panes).map((pane) => ({ ...pane, revision: 0 }))), lines(foldedPanes(pipeline, log)))
  const all = events(log)
  const folded = flow(Checked.windowOf(pipeline.checked).input, all)
  same(unused, lettersOf(pipeline, folded))
  same(engine.counts, countsOf(all, [folded]))
  return engine
}

export const heldLaws: EngineLaws = {
  "rows that are held leave as the batch fold says, in the order of event time and place, and are late or duplicates where it says so": law(
    100,
    fc.record({ pipeline: rowPipelines, log: anyLog, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      const { rows, unused } = outputOf(engine, pieces(log, cut))
      const all = events(log)
      same(rows.map(Row.toJson), foldRows(pipeline, all).map(Row.toJson))
      const folded = flow(pipeline.checked.end, all)
      same(unused, lettersOf(pipeline, folded))
      same(engine.counts, countsOf(all, [folded]))
      same(engine.size, 0)
    }
  ),

  "windows over the results of windows have the batch fold's results, and the account is that of the events": law(
    60,
    fc.record({ pipeline: stagedPipelines({ revisions: true }), log: anyLog, cut: cuts }),
    (make, run) => same(windowsAsFolded(make, run).size, 0)
  ),

  "of rows in order an end of input tells what there is, and what does not come to be so is taken back": law(
    50,
    fc.record({ pipeline: orderedPipelines, log: anyLog, ends: fc.array(fc.nat(60), { minLength: 1, maxLength: 2 }), cut: cuts }),
    (make, { cut, ends, log, pipeline }) => {
      const { panes } = outputOf(make([pipeline], log.partitions), pieces(ends.reduce(endedAt, log), cut))
      // What was told may have been made from more rows.
      const told = (all: Parameters<typeof newest>[0]) => results(newest(all).map((pane) => ({ ...pane, changes: 0 })))
      same(told(panes), told(foldedPanes(pipeline, log)))
    }
  ),

  "windows of rows that were held have the batch fold's results, and what becomes of each row is what it says": law(
    100,
    fc.record({ pipeline: heldPipelines({ revisions: true }), log: anyLog, cut: cuts }),
    (make, run) => void windowsAsFolded(make, run)
  ),

  "rows that were united come to the batch fold's windows, in whatever turns and batches, and each is late as it would be alone": law(
    100,
    fc.record({ pipeline: unitedPipelines, log: anyLog, cut: cuts, recut: cuts, turns }),
    (make, { cut, log, pipeline, recut, turns }) => {
      const [one, two, three] = [0, 1, 2].map(() => make([pipeline], log.partitions)) as [Engine, Engine, Engine]
      const { panes, unused } = outputOf(one, pieces(log, cut))
      same(lines(newest(panes)), lines(foldedPanes(pipeline, log)))
      const all = events(log)
      const { late, refused } = fold(pipeline, all)
      const folded = { ...flow(Checked.windowOf(pipeline.checked).input, all), late, refused }
      same(unused, lettersOf(pipeline, folded))
      same(one.counts, countsOf(all, [folded]))
      same(lines(outputOf(two, pieces(log, recut)).panes), lines(panes))
      same([two.snapshot(), two.counts], [one.snapshot(), one.counts])
      same(results(outputOf(three, pieces(inTurns(log, turns, 0), recut)).panes), results(panes))
    }
  ),

  "rows of two sources that are put out at once are the batch fold's, in the order of the log, however that is cut": law(
    50,
    fc.record({ slacks: fc.tuple(fc.nat(8), fc.nat(8)), log: anyLog, cut: cuts, recut: cuts }),
    (make, { cut, log, recut, slacks: [one, other] }) => {
      const pipeline = source(one).pipe(Events.union(others(other).pipe(Events.where(Expr.gt("size", 1)))), Pipeline.named("rows"))
      const rows = outputOf(make([pipeline], log.partitions), pieces(log, cut)).rows.map(Row.toJson)
      same(rows.toSorted(), foldRows(pipeline, events(log)).map(Row.toJson).sort())
      same(outputOf(make([pipeline], log.partitions), pieces(log, recut)).rows.map(Row.toJson), rows)
    }
  ),

  "pairs leave as the batch fold says, each once, in whatever turns and batches its rows come, and over a restart": law(
    100,
    fc.record({ pipeline: rowsThrough(pairedSteps), log: anyLog, cut: cuts, recut: cuts, turns, restart: fc.nat(20) }),
    (make, { cut, log, pipeline, recut, restart, turns }) => {
      const folded = foldRows(pipeline, events(log)).map(Row.toJson)
      const engine = make([pipeline], log.partitions)
      same(outputOf(engine, pieces(log, cut)).rows.map(Row.toJson), folded)
      same(engine.size, 0)
      const input = pieces(inTurns(log, turns, 0), recut)
      const [before, after] = [make([pipeline], log.partitions), make([pipeline], log.partitions)]
      const early = input.slice(0, restart).flatMap((batch) => before.take(batch).rows)
      holds(after.restore(before.snapshot()), "its own snapshot was refused")
      same([...early, ...outputOf(after, input.slice(restart)).rows].map(Row.toJson), folded)
    }
  ),

  "windows behind a left join come among those of others in one order, however the log is cut": law(
    30,
    fc.record({ after: fc.integer({ min: 1, max: 12 }), size: fc.integer({ min: 1, max: 5 }), logs: logsWithin(3), cut: cuts, recut: cuts }),
    (make, { after, cut, logs: [log], recut, size }) => {
      const all = [source(3), source(3).pipe(Join.interval(source(3), { after, type: "left", select: { next: "size" } }))]
      const pipelines = all.map((rows, index) => rows.pipe(Window.tumbling(size), Aggregate.into({ rows: Aggregate.count }), Pipeline.named(`p${index}`)))
      const [first, second] = [cut, recut].map((cut) => lines(outputOf(make(pipelines, log.partitions), pieces(log, cut)).panes))
      same(second, first)
    }
  ),

  "what windows keep of what they have told depends on no cut of the log, where rows are united beside them": law(
    20,
    fc.record({ slack: fc.nat(4), lateness: fc.integer({ min: 1, max: 8 }), size: fc.integer({ min: 1, max: 5 }), log: straggling, cut: cuts }),
    (make, { cut, lateness, log, size, slack }) => {
      const told = source(slack).pipe(Window.tumbling(size), Aggregate.into({ rows: Aggregate.count }), Pipeline.allowedLateness(lateness), Panes.toEvents)
      const pipeline = source(slack).pipe(
        Events.union(others(slack)),
        Join.asOf(told, { within: 10, select: { known: "rows" } }),
        Window.tumbling(size),
        Aggregate.into({ known: Aggregate.sum("known") }),
        Pipeline.named("beside")
      )
      const [one, two] = [make([pipeline], log.partitions), make([pipeline], log.partitions)]
      const single = pieces(log, [1]).values()
      for (const piece of pieces(log, cut)) {
        const panes = Array.from({ length: recordsIn(piece) }, () => one.take(single.next().value!).panes)
        same(lines(two.take(piece).panes), lines(panes.flat()))
        same(two.snapshot(), one.snapshot())
      }
    }
  ),

  "in whatever turns partitions are read, rows that were held leave in the same order, and the account is the same": law(
    100,
    fc.record({ rows: rowPipelines, panes: orderedPipelines, log: anyLog, cut: cuts, recut: cuts, turns }),
    (make, { cut, log, panes, recut, rows, turns }) => {
      const [one, two] = [make([rows, panes], log.partitions), make([rows, panes], log.partitions)]
      const [first, second] = [outputOf(one, pieces(log, cut)), outputOf(two, pieces(inTurns(log, turns, 0), recut))]
      same(second.rows.map(Row.toJson), first.rows.map(Row.toJson))
      same(lines(second.panes), lines(first.panes))
      same(second.unused, first.unused)
      same([two.counts, ...two.countsByPipeline], [one.counts, ...one.countsByPipeline])
    }
  ),

  "a record that several pipelines hold counts once for their run, as the worst that becomes of it": law(
    60,
    fc.record({ one: rowPipelines, two: rowPipelines, slack: fc.nat(8), log: anyLog, cut: cuts }),
    (make, { cut, log, one, slack, two }) => {
      const all = [one, { ...two, name: "others", checked: { ...two.checked, name: "others" } }, source(slack).pipe(Events.where(Expr.gt("size", 1)), Pipeline.named("large"))]
      const engine = make(all, log.partitions)
      outputOf(engine, pieces(log, cut))
      const told = events(log)
      same(engine.counts, countsOf(told, all.map(({ checked }) => flow(checked.end, told))))
    }
  ),

  "after crash upon crash, in other batches and turns, what was held leaves once more as it did, and the account adds up": law(
    60,
    fc.record({
      pipelines: fc.tuple(rowPipelines, orderedPipelines),
      log: fc.oneof(anyLog, decidedLogs),
      cut: cuts,
      recut: cuts,
      turns,
      saveEvery: fc.integer({ min: 1, max: 20 }),
      crashes: fc.array(fc.nat(60), { maxLength: 6 })
    }),
    (make, job) => {
      const [calm, shaken] = [survive(make, { ...job, crashes: [] }), survive(make, job)]
      same([...shaken.rows.values()].sort(), [...calm.rows.values()].sort())
      same(shaken.panes, calm.panes)
      same(shaken.counts.held, 0)
      if (job.log.partitions === 1) same(shaken.counts, calm.counts)
    }
  )
}

export const outputOf = (engine: Engine, input: ReadonlyArray<Piece>) => {
  const outputs = [...input.map((batch) => engine.take(batch)), engine.close()]
  const unused = outputs.flatMap((output) => output.unused).map(({ offset, partition, pipeline, reason }) => letter(pipeline, { offset, partition }, reason === "late" ? "late" : "refused"))
  return { panes: outputs.flatMap(({ panes }) => panes), rows: outputs.flatMap(({ rows }) => rows), unused: worstOf(unused) }
}

/** The same of what the fold says is of no use to a pipeline. */
export const lettersOf = ({ name }: Pipeline.Any, { late, refused, refusedPairs }: Flow) =>
  worstOf([...late.map((event) => letter(name, event, "late")), ...[...refused, ...refusedPairs].map((event) => letter(name, event, "refused"))])

const letter = (pipeline: string | null, { offset, partition }: Pick<Event, "offset" | "partition">, fate: "late" | "refused") =>
  ({ record: `${pipeline} ${partition}:${offset}`, fate })

/** A record that several nodes read may be late for one of them, and refused by another, at once or when it leaves what has held it. */
const worstOf = (letters: ReadonlyArray<ReturnType<typeof letter>>): ReadonlyArray<string> => {
  const refused = new Set(letters.filter(({ fate }) => fate === "refused").map(({ record }) => record))
  return [...new Set(letters.map(({ record }) => `${record} ${refused.has(record) ? "refused" : "late"}`))].sort()
}

/** Of each event the worst that becomes of it. */
export const countsOf = (all: ReadonlyArray<Event>, flows: ReadonlyArray<Flow>): Engine["counts"] => {
  const fates = flows.map(({ duplicate, items, late, refused, taken }) =>
    // From bad to worse; nothing has become of what is in none of them.
    [duplicate, [...items.map(({ event }) => event), ...taken], late, refused].map((events) => new Set(events)))
  const worst = all.map((event) => Math.max(...fates.map((fate) => fate.findLastIndex((events) => events.has(event)))))
  const [filtered, duplicate, aggregated, late, deadLettered] = [-1, 0, 1, 2, 3].map((fate) => worst.filter((each) => each === fate).length)
  return { read: all.length, aggregated: aggregated!, late: late!, deadLettered: deadLettered!, duplicate: duplicate!, filtered: filtered!, held: 0 }
}

interface Run {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly log: Log
  readonly cut: ReadonlyArray<number>
  readonly recut: ReadonlyArray<number>
  readonly turns: ReadonlyArray<number>
  readonly saveEvery: number
  readonly crashes: ReadonlyArray<number>
}

/** In other turns an end of input tells a window from other rows that are held, and of what was told its changes are kept. */
const mayBeTold = ({ entries, partitions }: Log): boolean => partitions > 1 && entries.some(({ kind }) => kind === "end")

/** What stores have in the end when the process dies before each of these steps: taking a batch, and saving. */
export const survive = (make: MakeEngine, { crashes, cut, log, pipelines, recut, saveEvery, turns }: Run) => {
  const rows = new Map<string, string>()
  const written: Array<ReturnType<Engine["take"]>["panes"][number]> = []
  let saved: { readonly state: string; readonly offsets: ReadonlyArray<number> } | null = null
  let steps = 0
  const write = (output: ReturnType<Engine["take"]>) => {
    written.push(...output.panes)
    for (const row of output.rows) {
      const [identity, line] = [Row.identityOf(row), Row.toJson(row)]
      holds((rows.get(identity) ?? line) === line, `another row of the same place: ${line}`)
      rows.set(identity, line)
    }
  }
  const live = (log: Log, cut: ReadonlyArray<number>): Engine["counts"] | null => {
    const engine = make(pipelines, log.partitions)
    if (saved !== null) holds(engine.restore(saved.state), "its own snapshot was refused")
    // As a run does: what an end of input told before the crash may be no window in other turns.
    engine.adopt(newest(written).map(Pane.encode))
    for (const [index, batch] of pieces(log, cut, saved?.offsets).entries()) {
      if (crashes.includes(steps++)) return null
      write(engine.take(batch))
      if (index % saveEvery !== 0) continue
      if (crashes.includes(steps++)) return null
      saved = { state: engine.snapshot(), offsets: engine.offsets }
    }
    write(engine.close())
    return engine.counts
  }
  for (let life = 0;; life++) {
    const counts = live(inTurns(log, turns, life * 7), life % 2 === 0 ? cut : recut)
    if (counts !== null) return { rows, panes: results(mayBeTold(log) ? newest(written).map((pane) => ({ ...pane, changes: 0 })) : written), counts }
  }
}
