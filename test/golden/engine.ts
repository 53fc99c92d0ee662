/**
 * What the golden traces need of the engine beyond a name that `courant` exports, and the only
 * place where they drive one: who moves the engine's files adapts this file and no other.
 */
import { InProcess, Job, Pane, Pipeline, Records } from "../../src/index.ts"
import type { Decision } from "../../src/streams/records/Decision.ts"
import { Router, type Sources } from "../../src/streams/records/Router.ts"

/** A record on its way into a log: its text, `null` for none, and the clock when it comes. */
export interface Entry {
  readonly text: string | null
  readonly kind: Records.Kind
  readonly clock: number
}

export interface Shape {
  readonly partitions: number
  /** Records that come together. */
  readonly size: number
  readonly sources: Sources
  /** Partitions that nothing comes to, and that let go of the watermark after every chunk. */
  readonly quiet?: ReadonlyArray<number>
  /** A second `end`, before the chunk with this number. */
  readonly endBefore?: number
}

const encoder = new TextEncoder()

/** Records to be read next, and what was decided before them. */
export interface Step {
  readonly records: Records.Records
  readonly decision: Decision | null
}

/** A log of entries, each in the partition of its key, read in the order of the appends, with the decision `end` behind it. */
export const logOf = (entries: ReadonlyArray<Entry>, shape: Shape): ReadonlyArray<Step> => {
  const { endBefore, partitions, quiet = [], size, sources } = shape
  const router = new Router(partitions, sources)
  const next = Array.from({ length: partitions }, () => 0)
  const log: Array<Step> = []
  const append = (partition: number, chunk: Records.Chunk, clock: number, decision: Decision | null = null) => {
    const first = next[partition]!
    next[partition] = first + chunk.length
    const offsets = Float64Array.from({ length: chunk.length }, (_, index) => first + index)
    log.push({ decision, records: { ...chunk, partition, offsets, appendedAt: new Float64Array(chunk.length).fill(clock) } })
  }
  // A decision has an offset of its own, which holds no record.
  const decide = (partition: number, decision: Decision | null, clock: number) =>
    append(partition, Records.fromTexts([""], Records.Kind.none), clock, decision)
  const end = (clock: number) => {
    const at = [...next]
    at.forEach((_, partition) => decide(partition, partition === partitions - 1 ? { _tag: "end", at } : null, clock))
  }
  let clock = 0
  for (let at = 0; at < entries.length; at += size) {
    if (at / size === endBefore) end(clock)
    const some = entries.slice(at, at + size)
    const bytes = some.map(({ text }) => text === null ? null : encoder.encode(text))
    clock = some.at(-1)?.clock ?? clock
    for (const { chunk, partition } of router.route(Records.fromBytes(bytes, some.map(({ kind }) => kind)))) {
      append(partition, chunk, clock)
    }
    for (const partition of quiet) decide(partition, { _tag: "idle", partition, at: next[partition]!, watermark: clock - 10_000 }, clock)
  }
  end(clock)
  return log
}

export interface Course {
  /** After so many batches the job is thrown away and another goes on from its snapshot. */
  readonly restoreEvery?: number
  /** Every so many batches one is read twice, as after a crash. */
  readonly repeatEvery?: number
  readonly maxTimeAhead?: number
  /** The windows that are forming after every batch, and nothing else. */
  readonly forming?: boolean
}

/** Everything that a job gives for a log, a line each: panes, records that it could not use, and its counts. */
export const traceOf = (
  pipelines: ReadonlyArray<Pipeline.Any>,
  log: ReadonlyArray<Step>,
  { forming = false, maxTimeAhead, repeatEvery = Infinity, restoreEvery = Infinity }: Course = {}
): ReadonlyArray<string> => {
  const partitions = new Set(log.map(({ records }) => records.partition)).size
  const make = () => new Job(pipelines, maxTimeAhead === undefined ? { partitions } : { partitions, maxTimeAhead })
  const lines: Array<string> = []
  let job = make()
  const take = ({ decision, records }: Step) => {
    const decided = decision === null ? [] : job.decide(decision).panes
    const { panes: taken, unused } = job.take(records)
    const panes = [...decided, ...taken]
    if (forming) {
      lines.push(...job.forming().map(Pane.toJson))
      return
    }
    lines.push(...panes.map(Pane.toJson))
    for (const { detail, offset, pipeline, reason, record } of unused) {
      lines.push(JSON.stringify({ unused: { partition: records.partition, record, offset, pipeline, reason, detail } }))
    }
  }
  log.forEach((step, index) => {
    take(step)
    if (index % repeatEvery === repeatEvery - 1) take(step)
    if (index % restoreEvery !== restoreEvery - 1) return
    const snapshot = job.snapshot()
    job = make()
    if (!job.restore(snapshot)) throw new Error("a job does not take its own snapshot")
  })
  if (forming) return lines
  const { offsets, watermark } = job
  lines.push(...job.close().panes.map(Pane.toJson))
  lines.push(JSON.stringify({ offsets, watermark }))
  lines.push(countsLine("all", job.counts))
  for (const [name, counts] of job.countsByPipeline) lines.push(countsLine(name, counts))
  return lines
}

/** The members by name, in an order of this file's own. */
export const countsLine = (of: string, counts: Job["counts"]): string => {
  const { aggregated, deadLettered, duplicate, filtered, late, read } = counts
  return JSON.stringify({ counts: of, read, aggregated, late, deadLettered, duplicate, filtered })
}

/** The engine that runs over ports. */
export const layer = InProcess.layer
