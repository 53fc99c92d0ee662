/** Runs pipelines over a log in memory, batch by batch: what the laws are stated with. */
import { BigDecimal } from "effect"
import * as BatchFold from "../streams/reference/BatchFold.ts"
import type { Event } from "../streams/reference/EventFold.ts"
import type { Decision, End } from "../streams/records/Decision.ts"
import { Job, type Options, type Output } from "../streams/engine/Job.ts"
import type { Section } from "../streams/engine/Snapshot.ts"
import type { Counts, NodeCounts } from "../streams/ports/Monitor.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import type { Any as AnyPipeline, AnyOfPanes } from "../streams/pipeline/Pipeline.ts"
import * as SnapshotText from "./SnapshotText.ts"
import { fromTexts, Kind, type Records } from "../streams/records/Records.ts"
import type { Entry, Log, PreAggregated, Sample } from "./Arbitraries.ts"

/** What a law feeds an engine: a batch of records, or a decision that was taken at this point. */
export type Piece = Records | Decision

/** What a law needs of an engine. One with a job is that of this library; one with a deliberately broken job is another. */
export interface Engine {
  take(piece: Piece): Output
  /** The same in portions of at most so many panes, with something done between each and the next. */
  takeInPortions(piece: Piece, portion: number, between: () => void): Output
  close(): Output
  snapshot(): string
  restore(snapshot: string): boolean
  /** What there is at this moment, or what of it has changed since the last time, made as it is asked for: see `Job`. */
  checkpoint(all: boolean): Iterable<Section>
  adopt(stored: ReadonlyArray<Pane.Encoded>): void
  readonly counts: Counts
  readonly countsByPipeline: ReadonlyMap<string, Counts>
  readonly countsBySource: ReadonlyMap<string, Counts>
  readonly countsByNode: ReadonlyMap<string, { readonly [node: string]: NodeCounts }>
  readonly offsets: ReadonlyArray<number>
  readonly size: number
  readonly watermark: number | null
}

/** The engine that a job is. */
export const engineOf = (job: Job): Engine => ({
  take: (piece) => isDecision(piece) ? job.decide(piece) : job.take(piece),
  takeInPortions: (piece, portion, between) => {
    const step = job.step(piece, portion)
    const panes: Array<Pane.Pane> = []
    let next = step.next()
    for (; next.done !== true; next = step.next()) {
      if (next.value.length > portion) throw new Error(`a portion of ${next.value.length} panes`)
      panes.push(...next.value.objects)
      between()
    }
    return { ...next.value, panes: [...panes, ...next.value.panes.objects] }
  },
  close: () => job.close(),
  snapshot: () => SnapshotText.of(job.snapshot()),
  restore: (text) => {
    const snapshot = SnapshotText.read(text)
    return snapshot !== null && job.restore(snapshot)
  },
  checkpoint: (all) => job.checkpoint(all),
  adopt: (stored) => job.adopt(stored),
  get counts() {
    return job.counts
  },
  get countsByPipeline() {
    return job.countsByPipeline
  },
  get countsBySource() {
    return job.countsBySource
  },
  get countsByNode() {
    return job.countsByNode
  },
  get offsets() {
    return job.offsets
  },
  get size() {
    return job.size
  },
  get watermark() {
    return job.watermark
  }
})

export const isDecision = (piece: Piece): piece is Decision => "_tag" in piece

/** How many records a piece has. */
export const recordsIn = (piece: Piece): number => isDecision(piece) ? 0 : piece.length

export interface EngineOptions {
  readonly maxTimeAhead?: number
  readonly dictionaryBound?: number
  readonly pace?: number
  /** In place of a number of partitions, those of several sources. */
  readonly sources?: ReadonlyArray<{ readonly name: string; readonly partitions: number }>
}

export type MakeEngine = (pipelines: ReadonlyArray<AnyPipeline>, partitions: number, options?: EngineOptions) => Engine

export const makeJob: MakeEngine = (pipelines, partitions, options) => engineOf(new Job(pipelines, jobOptions(partitions, options)))

export const jobOptions = (partitions: number, { sources, ...bounds }: EngineOptions = {}): Options =>
  sources === undefined ? { partitions, ...bounds } : { sources, ...bounds }

/** Records of one partition from texts, appended when the clock was at 0. */
export const records = (
  partition: number,
  first: number,
  texts: ReadonlyArray<string>,
  kinds: ReadonlyArray<Kind> = texts.map(() => Kind.event)
): Records => ({
  ...fromTexts(texts),
  kinds: Uint8Array.from(kinds),
  partition,
  offsets: Float64Array.from(texts, (_, i) => first + i),
  appendedAt: new Float64Array(texts.length)
})

/**
 * Cuts a log into batches of the given sizes, over and over; a batch ends early where the log changes the partition, and at
 * a decision. The order of the records stays what it is. `from` leaves out what lies before these offsets, one a partition.
 */
export const pieces = (
  log: Log,
  sizes: ReadonlyArray<number>,
  from: ReadonlyArray<number> = []
): ReadonlyArray<Piece> => {
  const all: Array<Piece> = []
  let pending: Array<Placed & Data> = []
  const flush = () => {
    const [first] = pending
    if (first === undefined) return
    all.push(records(first.partition, first.offset, pending.map(textOf), pending.map(({ kind }) => kind)))
    pending = []
  }
  const decide = (decision: Decision) => {
    flush()
    all.push(decision)
  }
  const ends = new Ends(log)
  for (const entry of placed(log)) {
    const { offset, partition } = entry
    if (entry.kind === "end") ends.next(partition, decide)
    else if (offset < (from[partition] ?? 0)) continue
    else if (entry.kind === "idle") decide({ _tag: "idle", partition, at: offset, ...entry.value })
    else {
      const size = Math.max(1, sizes[all.length % sizes.length] ?? 1)
      if (pending.length >= size || partition !== pending[0]?.partition) flush()
      pending.push(entry)
    }
  }
  flush()
  return all
}

/** The batches of a log without decisions. */
export const batches = (log: Log, sizes: ReadonlyArray<number>, from?: ReadonlyArray<number>): ReadonlyArray<Records> =>
  pieces(log, sizes, from).map((piece) => {
    if (isDecision(piece)) throw new TypeError("a log with decisions among its records")
    return piece
  })

/** The ends of input in a log: each is one when it has come up in every partition. */
class Ends {
  readonly #places: ReadonlyArray<ReadonlyArray<number>>
  readonly #seen: Array<number>
  #told = 0

  constructor(log: Log) {
    const ends = placed(log).filter(({ kind }) => kind === "end")
    this.#places = Array.from({ length: log.partitions }, (_, index) =>
      ends.flatMap(({ offset, partition }) => partition === index ? [offset] : []))
    this.#seen = this.#places.map(() => 0)
  }

  next(partition: number, tell: (end: End) => void): void {
    this.#seen[partition]!++
    if (Math.min(...this.#seen) === this.#told) return
    tell({ _tag: "end", at: this.#places.map((places) => places[this.#told] ?? 0) })
    this.#told++
  }
}

type Placed = Entry & { readonly offset: number }

/** What is a record of the log. */
export type Data = Exclude<Entry, { readonly kind: "idle" | "end" }>

export const isData = <E extends Entry>(entry: E): entry is E & Data => entry.kind !== "idle" && entry.kind !== "end"

/** The records of a log with their offsets; a decision has that of the record behind it. */
export const placed = (log: Log): ReadonlyArray<Placed> => {
  const next = Array.from({ length: log.partitions }, () => 0)
  return log.entries.map((entry) => ({ ...entry, offset: isData(entry) ? next[entry.partition]!++ : next[entry.partition]! }))
}

export const textOf = ({ value }: Data): string => JSON.stringify(value)

/** The same log as the batch fold takes it, which knows of no decisions. */
export const events = (log: Log): ReadonlyArray<Event> =>
  placed(log).flatMap((entry): ReadonlyArray<Event> => {
    const { offset, partition } = entry
    if (entry.kind === Kind.event) return [{ partition, offset, fields: sampleFields(entry.value) }]
    if (entry.kind === Kind.preAggregated) return [{ partition, offset, fields: preAggregatedFields(entry.value), preAggregated: true }]
    return []
  })

const decimal = (text: string | number) => BigDecimal.scale(BigDecimal.fromStringUnsafe(String(text)), 8)

const absent = { ratio: null, flag: null, venue: null }

const sampleFields = (sample: Sample) => ({ ...absent, ...sample, price: decimal(sample.price) })

const preAggregatedFields = ({ close, high, low, open, ...others }: PreAggregated) => ({
  ...others,
  open: decimal(open),
  high: decimal(high),
  low: decimal(low),
  close: decimal(close)
})

/** All panes of a run to the end. */
export const run = (engine: Engine, input: ReadonlyArray<Piece>): ReadonlyArray<Pane.Pane> => [
  ...input.flatMap((batch) => engine.take(batch).panes),
  ...engine.close().panes
]

/** Each pane as its line of JSON. */
export const lines = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<string> => panes.map(Pane.toJson)

/** What a reader of the sink has in the end: the newest pane of each window, without the retracted ones. */
export const newest = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<Pane.Pane> => {
  const stored = new Map<string, Pane.Pane>()
  for (const pane of panes) {
    const before = stored.get(windowOf(pane))
    if (before === undefined || Pane.replaces(pane, before)) stored.set(windowOf(pane), pane)
  }
  return [...stored.values()].filter(({ pane }) => pane !== "retracted").sort(inOrder)
}

export const windowOf = ({ end, key, pipeline, start }: Pane.Pane): string =>
  JSON.stringify([pipeline, key, start, end])

const inOrder = (a: Pane.Pane, b: Pane.Pane): number =>
  (a.pipeline < b.pipeline ? -1 : a.pipeline > b.pipeline ? 1 : 0) || Pane.order(a, b)

/** What windows finally hold, one line each: {@link newest} without kind and revision, and without some results. */
export const results = (panes: ReadonlyArray<Pane.Pane>, without: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  lines(newest(panes).map((pane) => ({
    ...pane,
    pane: "on-time",
    revision: 0,
    values: Object.fromEntries(Object.entries(pane.values).filter(([name]) => !without.includes(name)))
  })))

/** The results that the batch fold gives, as panes that each close once, in the order of closing; for partitions see {@link BatchFold.fold}. */
export const foldedPanes = (pipeline: AnyOfPanes, log: Log, partitions = log.partitions): ReadonlyArray<Pane.Pane> =>
  BatchFold.fold(pipeline, events(log), partitions).results.map((result) => ({
    ...result,
    pipeline: pipeline.name,
    pane: "on-time",
    revision: 0
  }))
