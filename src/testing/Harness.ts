/** Runs pipelines over a log in memory, batch by batch: what the laws are stated with. */
import type { Value } from "../streams/Pane.ts"
import type { Event } from "../streams/BatchFold.ts"
import { BigDecimal } from "effect"
import type { Output } from "../streams/Job.ts"
import { Job } from "../streams/Job.ts"
import * as Pane from "../streams/Pane.ts"
import type { Any as AnyPipeline } from "../streams/Pipeline.ts"
import { fromTexts, Kind, type Records } from "../streams/Records.ts"
import type { Log, Sample } from "./Arbitraries.ts"

/** What a law needs of an engine. The job is one; a deliberately broken job is another. */
export interface Engine {
  take(records: Records): Output
  close(): Output
  snapshot(): string
  restore(snapshot: string): boolean
  readonly counts: Job["counts"]
  readonly size: number
  readonly watermark: number | null
}

export type MakeEngine = (pipelines: ReadonlyArray<AnyPipeline>, partitions: number) => Engine

export const makeJob: MakeEngine = (pipelines, partitions) => new Job(pipelines, { partitions })

/** Records of one partition from texts. */
export const records = (partition: number, first: number, texts: ReadonlyArray<string>): Records => ({
  ...fromTexts(texts, Kind.event),
  partition,
  offsets: Float64Array.from(texts, (_, i) => first + i),
  appendedAt: new Float64Array(texts.length)
})

/**
 * Cuts a log into batches of the given sizes, over and over; a batch ends early where the
 * log changes the partition. The order of the events stays what it is.
 */
export const batches = (log: Log, sizes: ReadonlyArray<number>): ReadonlyArray<Records> => {
  const next = Array.from({ length: log.partitions }, () => 0)
  const all: Array<Records> = []
  let texts: Array<string> = []
  let partition = 0
  let turn = 0
  const flush = () => {
    if (texts.length === 0) return
    all.push(records(partition, next[partition]!, texts))
    next[partition]! += texts.length
    texts = []
    turn++
  }
  for (const { partition: at, sample } of log.events) {
    if (at !== partition || texts.length >= Math.max(1, sizes[turn % sizes.length] ?? 1)) flush()
    partition = at
    texts.push(JSON.stringify(sample))
  }
  flush()
  return all
}

/** The same log as the batch fold takes it. */
export const events = (log: Log): ReadonlyArray<Event> => {
  const next = Array.from({ length: log.partitions }, () => 0)
  return log.events.map(({ partition, sample }) => ({ partition, offset: next[partition]!++, fields: fields(sample) }))
}

const fields = (sample: Sample): { readonly [name: string]: Value } => ({
  ratio: null,
  flag: null,
  venue: null,
  ...sample,
  price: BigDecimal.scale(BigDecimal.fromStringUnsafe(sample.price), 2)
})

/** All panes of a run to the end, each as its line of JSON. */
export const run = (engine: Engine, input: ReadonlyArray<Records>): ReadonlyArray<string> =>
  [...input.flatMap((batch) => engine.take(batch).panes), ...engine.close().panes].map(Pane.toJson)
