/** Mistakes for the simulation to find: each is one replacement in the real source, where it has to match exactly once. */
import type { Replacement } from "../planting.ts"

export interface Planted extends Replacement {
  readonly mistake: string
}

const inProcess = "streams/engine/InProcess.ts"
const run = "streams/engine/Run.ts"
const idleClock = "streams/engine/IdleClock.ts"
const reader = "streams/engine/SourceReader.ts"
const relay = "streams/engine/PaneRelay.ts"
const simulated = "testing/simulation/"

export const planted = (file: string, mistakes: ReadonlyArray<readonly [mistake: string, find: string, replace: string]>): ReadonlyArray<Planted> =>
  mistakes.map(([mistake, find, replace]) => ({ mistake, file, find, replace }))

export const mistakes: ReadonlyArray<Planted> = [
  ...planted(inProcess, [
    ["a checkpoint covers panes that are not written yet", "run.isBetween ? Effect.void : saver.saveLast(run.taken)", "saver.saveLast(run.taken + Number(run.isBetween))"],
    ["what was decided before is not taken again", "new Agenda(decisions, log.partitions)", "new Agenda([], log.partitions)"],
    ["silence counts without asking", "const isHeard = yield* isQuiet", "const isHeard = yield* Effect.succeed(run.isOver || true)"],
    ["a feed that cannot be asked is quiet", "idleness.read(yield* MonotonicTime.millis, isHeard)\n    if (!isHeard || ", "idleness.read(yield* MonotonicTime.millis, isHeard || true)\n    if ("],
    ["decisions are taken in the middle of a batch", "yield* run.alone(Effect.suspend(() => decideNow(run, idleness.decisions(ends))))", "yield* Effect.suspend(() => decideNow(run, idleness.decisions(ends)))"],
    ["the end comes one record too early", "offset < (stopAt[partition] ?? Infinity))) return", "offset < (stopAt[partition] ?? Infinity) - 1)) return"],
    ["sessions of a crashed run stay in the sink", "job.adopt(stored.flat())", "job.adopt(stored.flat().slice(1_000))"],
    ["a quiet input is never decided upon", "if (!isHeard || !idleness.takeCheck(tick)) continue", "if (!isHeard || idleness.takeCheck(tick) || tick > -1) continue"],
    ["a run begins one record too late", "SideBySide.read(log, job, { maxDrift: options.maxDrift, isToWait })",
      "SideBySide.read(log, job, { from: job.offsets.map((offset) => offset + 1), maxDrift: options.maxDrift, isToWait })"],
    ["partitions that are added begin before the others", "decideNow(run, job.newcomers(inherited.partitions))", "Effect.void"]
  ]),
  ...planted(run, [
    ["dead letters are forgotten", "if (unused.length === 0) return", "if (unused.length <= 1_000) return"],
    ["a decision takes effect before it is durable", "  yield* log.write(timed)\n  const before = run.panes + run.rows\n  yield* decideAll(run, timed)", "  const before = run.panes + run.rows\n  yield* decideAll(run, timed)\n  yield* log.write(timed)"],
    ["rows are covered by a checkpoint before they are written", "  if (rows.length > 0) {\n", "  if (rows.length > 0) {\n    run.isBetween = false\n    run.taken++\n"],
    ["panes of a decision are not written", "  yield* writeLetters(output, null)\n  yield* putOut(run, output)", "  yield* writeLetters(output, null)\n  run.isBetween = false"],
    ["a checkpoint covers what a step has still to put out", "  run.isBetween = true\n  while (true) {", "  while (true) {"],
    ["a portion that is not the last is not written", "    yield* putOutPanes(run, value)\n", ""]
  ]),
  ...planted("streams/engine/Idleness.ts", [
    ["a decision is kept one place further on", "at: next, watermark: decision.watermark", "at: next + 1, watermark: decision.watermark"]
  ]),
  ...planted(idleClock, [
    ["a partition is idle while the log has more of it", " && next >= (ends[partition] ?? 0)", ""],
    ["event time by the clock begins at the last decision and at the last event", "const reach = active.length > 0 ? Math.min(...active.map(({ watermark }) => watermark)) : Math.max(least, Math.floor(this.#reach))", "const reach = Math.floor(this.#reach) + 1_000"]
  ]),
  ...planted(reader, [
    ["records that come again are taken again", "while (fresh < to && records.offsets[fresh]! < next) fresh++", "next = Math.min(next, records.offsets[from]!)"]
  ]),
  ...planted("streams/engine/Timeline.ts", [
    ["watermarks are not restored", "this.#partitions[index] = { watermark: watermark ?? -Infinity, latest: latest ?? -Infinity }", "this.#partitions[index] = { watermark: -Infinity, latest: latest ?? -Infinity }"]
  ]),
  ...planted("streams/engine/Job.ts", [
    ["the account begins anew with each start", "account.restore(saved.counts, open ?? [], this.#numbering)", ""],
    ["rows that are late are nowhere", "let row = outcomes.indexOf(Outcome.late);", "let row = -1;"]
  ]),
  ...planted("streams/engine/Ingest.ts", [
    ["what waits for the log has no bound", "Stream.buffer({ capacity: readAhead })", "Stream.buffer({ capacity: \"unbounded\" })"],
    ["a position is there before the records that lie before it", "    return Effect.forEach(parts.slice(0, -1), append, { concurrency: \"unbounded\", discard: true }).pipe(\n      Effect.andThen(last === undefined ? Effect.void : append(last))\n    )", "    return Effect.andThen(last === undefined ? Effect.void : append(last), Effect.forEach(parts.slice(0, -1), append, { discard: true }))"]
  ]),
  ...planted("streams/ports/CheckpointParts.ts", [
    ["a damaged checkpoint is taken for a sound one", "if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return null", ""],
    ["an increment is forgotten where it takes something away", "if (bytes === null) sections.delete(id)\n      else sections.set(id, bytes)", "if (bytes !== null) sections.set(id, bytes)"]
  ]),
  ...planted("streams/engine/Saver.ts", [
    ["a checkpoint that is over counts as being written", "            writing = null\n", ""]
  ]),
  ...planted(`${simulated}Sinks.ts`, [
    ["a sink loses a pane and says that it has it", "const apply = () => encoded.forEach(keep)", "const apply = () => encoded.slice(1).forEach(keep)"],
    ["a sink of rows loses one and says that it has it", "apply: () => rows.forEach(keep)", "apply: () => rows.slice(1).forEach(keep)"],
    ["a sink that has no space says that it has taken all", "const request = { name: \"panes\", isWrite: true, mayComeLate: true, apply, half", "const request = { name: \"panes\", mayComeLate: true, apply: halfOf(encoded, keep) ?? apply, half"]
  ]),
  ...planted(`${simulated}Stores.ts`, [
    ["a sink takes whatever is written last", "if (before === undefined || Pane.replaces(pane, before)) this.panes.set(id, pane)", "this.panes.set(id, before ?? pane); this.panes.set(id, pane)"]
  ]),
  ...planted(`${simulated}Ports.ts`, [
    ["decisions are taken by who has lost the place", "whileInPlace(hasPlace, toError, (isRefused) =>\n        faults.request(process, {\n          name: \"decide\"",
      "whileInPlace(() => true, toError, (isRefused) =>\n        faults.request(process, {\n          name: \"decide\""],
    ["dead letters are acknowledged and lost", "const apply = () => letters.forEach(keep)", "const apply = () => letters.slice(1).forEach(keep)"],
    ["a position is kept apart from the records that lie before it", "if (chunk.position !== undefined) log.position = chunk.position\n          return first", "if (chunk.position !== undefined) process.schedule(() => log.position = chunk.position)\n          return first"]
  ]),
  ...planted(relay, [
    ["what is carried counts before it is written", "    const found = sort(records, decode)\n", "    const found = sort(records, decode)\n    offsets[records.partition] = records.offsets[records.length - 1]! + 1\n    carried++\n"],
    ["carrying begins one pane too late", "log.read([...offsets])", "log.read(offsets.map((offset) => offset === 0 ? 0 : offset + 1))"]
  ]),
  ...planted("streams/engine/Resumption.ts", [
    ["a sink that was emptied is taken for a full one", "!sinks.includes(store.id)", "!sinks.includes(store.id) && store.id === \"\""]
  ]),
  ...planted("streams/engine/Agenda.ts", [
    ["a decision comes one record too late", "idle !== undefined && idle.at <= offset", "idle !== undefined && idle.at < offset"]
  ]),
  ...planted("streams/operator/windowed/SlicedWindows.ts", [
    ["windows that are closed are kept", "end + this.#lateness <= this.#closedTo", "end + this.#lateness + 1_000_000 <= this.#closedTo"]
  ]),
  ...planted("streams/engine/OperatorGraph.ts", [
    ["what was told at an end is told no more", "        this.#told.tell(pane, rows)\n        told.push(pane)\n        this.#panes.push([{ pane, rows, watermark: window.closedTo + this.#trail, offset }])", "        void [pane, rows, offset]"]
  ])
]
