/** Mistakes for the simulation to find: each is one replacement in the real source, where it has to match exactly once. */
import type { Replacement } from "../planting.ts"

export interface Planted extends Replacement {
  readonly mistake: string
}

const inProcess = "streams/engine/InProcess.ts"
const idleClock = "streams/engine/IdleClock.ts"
const reader = "streams/engine/SourceReader.ts"
const ports = "testing/simulation/Ports.ts"

const planted = (file: string, mistakes: ReadonlyArray<readonly [mistake: string, find: string, replace: string]>): ReadonlyArray<Planted> =>
  mistakes.map(([mistake, find, replace]) => ({ mistake, file, find, replace }))

export const mistakes: ReadonlyArray<Planted> = [
  ...planted(inProcess, [
    ["a checkpoint covers panes that are not written yet", "run.isBetween ? Effect.void : saver.saveIfDue(run.taken)", "saver.saveIfDue(run.taken)"],
    ["a decision is kept one place further on", "at: offsets[partition] ?? 0, watermark", "at: (offsets[partition] ?? 0) + 1, watermark"],
    ["what was decided before is not taken again", "new Agenda(decisions, log.partitions)", "new Agenda([], log.partitions)"],
    ["dead letters are forgotten", "if (output.unused.length > 0) yield*", "if (output.unused.length > 1_000) yield*"],
    ["silence counts whether the feed has been asked or not", "if (!isHeard || !idle.map", "if (!idle.map"],
    ["a feed that cannot be asked is quiet", "clock.read(heardAt, isHeard)\n    if (!isHeard || ", "clock.read(heardAt)\n    if ("],
    ["decisions are taken in the middle of a batch", "yield* run.alone(Effect.suspend(() => decideNow(run, idleNow(run, ends))))", "yield* Effect.suspend(() => decideNow(run, idleNow(run, ends)))"],
    ["the end comes one record too early", "offset < (stopAt[partition] ?? Infinity))) return", "offset < (stopAt[partition] ?? Infinity) - 1)) return"],
    ["a run begins one record too late", "const carry = log.read(job.offsets).pipe(", "const carry = log.read(job.offsets.map((offset) => offset + 1)).pipe("],
    ["partitions that are added begin before the others", "decideNow(run, job.newcomers(inherited.partitions))", "Effect.void"],
    ["panes of a decision are not written", "  const output = run.job.decide(decision)\n  run.decided()\n  yield* putOut(run, output)", "  run.job.decide(decision)\n  run.decided()\n  run.isBetween = false"]
  ]),
  ...planted(idleClock, [
    ["a partition is idle while the log has more of it", " && next >= (ends[partition] ?? 0)", ""],
    ["event time by the clock begins at the last decision and at the last event", "const reach = active.length > 0 ? Math.min(...active.map(({ watermark }) => watermark)) : Math.floor(this.#reach)", "const reach = Math.floor(this.#reach) + 1_000"]
  ]),
  ...planted(reader, [
    ["records that come again are taken again", "while (fresh < to && records.offsets[fresh]! < next) fresh++", "next = Math.min(next, records.offsets[from]!)"]
  ]),
  ...planted("streams/engine/Timeline.ts", [
    ["watermarks are not restored", "this.#partitions[index] = { watermark: watermark ?? -Infinity, latest: latest ?? -Infinity }", "this.#partitions[index] = { watermark: -Infinity, latest: latest ?? -Infinity }"]
  ]),
  ...planted("streams/engine/Job.ts", [
    ["the account begins anew with each start", "    this.#account.restore(first.state.counts)\n", ""],
    ["rows that are late are nowhere", "if (outcomes[row] === Outcome.late) late.push(", "if (outcomes[row] === undefined) late.push("]
  ]),
  ...planted("streams/engine/Ingest.ts", [
    ["a position is there before the records that lie before it", "    return Effect.forEach(parts.slice(0, -1), append, { concurrency: \"unbounded\", discard: true }).pipe(\n      Effect.andThen(last === undefined ? Effect.void : append(last))\n    )", "    return Effect.andThen(last === undefined ? Effect.void : append(last), Effect.forEach(parts.slice(0, -1), append, { discard: true }))"]
  ]),
  ...planted("streams/ports/CheckpointParts.ts", [
    ["a damaged checkpoint is taken for a sound one", "if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return null", ""],
    ["an increment goes on with another chain", "return [[...newest, chunks], ...others]", "return others.length === 0 ? [[...newest, chunks]] : [newest, [...others[0]!, chunks]]"]
  ]),
  ...planted("streams/engine/Saver.ts", [
    ["what a checkpoint that failed has taken is in no other", "      isBaseDue = true\n", ""]
  ]),
  ...planted(ports, [
    ["a sink loses a pane and says that it has it", "const apply = () => encoded.forEach(keep)", "const apply = () => encoded.slice(1).forEach(keep)"],
    ["dead letters are acknowledged and lost", "const apply = () => letters.forEach(keep)", "const apply = () => letters.slice(1).forEach(keep)"]
  ]),
  ...planted("streams/engine/OperatorGraph.ts", [
    ["what was told at an end is told no more", "    for (const { pane, rows } of panes) this.#told.tell(pane, rows)\n    window.adopt(panes.map(({ pane }) => pane))\n    this.#panes = joined(this.#panes, panes)", "    this.#panes = this.#panes.slice()"]
  ])
]
