/**
 * From the log's records to rows with watermarks: the part of a job that all its pipelines
 * share. It drops what was already seen, decodes, refuses, and keeps each partition's
 * watermark, one record after the other, so that the way the input is cut changes nothing.
 *
 * A partition's watermark is its largest event time less the out-of-orderness, or what an
 * `idle` decision said, whichever is more. It never goes back. The operators' watermark is
 * the smallest of all partitions.
 */
import { Option, Schema } from "effect"
import * as Batch from "../records/Batch.ts"
import * as Control from "../records/Control.ts"
import { Decoder } from "../records/Decoder.ts"
import { Kind, type Records, valueAt } from "../records/Records.ts"
import type { Reason, Refusal } from "../records/Refusal.ts"
import type { Definition } from "../pipeline/Source.ts"

export interface Settings {
  readonly source: Definition
  /** The fields of the source whose values are read, as the decoder takes them. */
  readonly reads: ReadonlySet<string> | undefined
  /** The source of pre-aggregated records, where the job has pipelines that take them. */
  readonly preAggregated: Definition | null
  readonly partitions: number
  /** Milliseconds that an event may lie ahead of the clock at its append; beyond that it is refused. */
  readonly maxTimeAhead: number
  /** Texts a dictionary may hold before a new one is begun; open windows carry their keys over. */
  readonly dictionaryBound: number
}

/** A record that could not be used. */
export interface Refused {
  readonly record: number
  readonly offset: number
  readonly reason: Reason
  readonly detail: string
}

/**
 * What a run of records turned into, with the operators' watermark after it. The batch is
 * used again for the next rows: it is to be worked through when it is handed over.
 */
export type Part =
  & { readonly watermark: number }
  & (
    | { readonly _tag: "rows"; readonly kind: typeof Kind.event | typeof Kind.preAggregated; readonly batch: Batch.Batch }
    | { readonly _tag: "idle" }
    | { readonly _tag: "end"; readonly offset: number }
  )

export interface Taken {
  readonly refused: ReadonlyArray<Refused>
  readonly duplicates: number
  /** Events and pre-aggregated records: what conservation counts. Decisions are not events. */
  readonly read: number
}

const Partition = Schema.Struct({
  next: Schema.Int,
  /** `null` before the first event. */
  watermark: Schema.NullOr(Schema.Int),
  latest: Schema.NullOr(Schema.Int),
  ends: Schema.Int
})

export const State = Schema.Struct({ partitions: Schema.Array(Partition) })
export type State = typeof State.Type

interface PartitionState {
  next: number
  watermark: number
  latest: number
  ends: number
}

export class SourceReader {
  readonly #settings: Settings
  readonly #partitions: Array<PartitionState>
  #dictionary = new Batch.Dictionary()
  #events: Reader
  #preAggregated: Reader | null

  constructor(settings: Settings) {
    this.#settings = settings
    this.#partitions = Array.from({ length: settings.partitions }, () => ({
      next: 0,
      watermark: -Infinity,
      latest: -Infinity,
      ends: 0
    }))
    this.#events = new Reader(settings.source, this.#dictionary, settings.reads)
    this.#preAggregated = settings.preAggregated === null ? null : new Reader(settings.preAggregated, this.#dictionary)
  }

  /** The operators' watermark: the smallest of all partitions, `-Infinity` while one has had no event. */
  get watermark(): number {
    let smallest = Infinity
    for (const { watermark } of this.#partitions) smallest = Math.min(smallest, watermark)
    return this.#partitions.length === 0 ? -Infinity : smallest
  }

  /** The smallest watermark of the other partitions, up to which a partition's own may carry the operators'. */
  watermarkBeside(partition: number): number {
    let smallest = Infinity
    this.#partitions.forEach(({ watermark }, index) => {
      if (index !== partition) smallest = Math.min(smallest, watermark)
    })
    return smallest
  }

  /** The offset that is needed next from each partition. */
  get offsets(): ReadonlyArray<number> {
    return this.#partitions.map(({ next }) => next)
  }

  get partitions(): ReadonlyArray<Readonly<PartitionState>> {
    return this.#partitions
  }

  /** Hands over each part as soon as it is decoded, in the order of the log. */
  take(records: Records, onPart: (part: Part) => void): Taken {
    this.#renewDictionary()
    const refused: Array<Refused> = []
    let duplicates = 0
    let read = 0
    let index = 0
    while (index < records.length) {
      const kind = records.kinds[index]!
      const from = index
      while (index < records.length && records.kinds[index] === kind) index++
      if (kind === Kind.control) {
        this.#control(records, from, index, onPart)
        continue
      }
      read += index - from
      const reader = kind === Kind.preAggregated ? this.#preAggregated : this.#events
      duplicates += this.#rows(records, from, index, reader, refused)
      const batch = reader?.batch
      if (batch === undefined || batch.length === 0) continue
      onPart({ _tag: "rows", kind: kind === Kind.preAggregated ? Kind.preAggregated : Kind.event, batch, watermark: this.watermark })
    }
    return { refused, duplicates, read }
  }

  /** Decodes a run of records of one kind into the reader's batch, and returns how many had been seen before. */
  #rows(records: Records, from: number, to: number, reader: Reader | null, refused: Array<Refused>): number {
    const state = this.#partitions[records.partition]!
    const batch = reader?.begin(records.partition, to - from)
    const slack = this.#settings.source.outOfOrderness
    const { maxTimeAhead } = this.#settings
    let duplicates = 0
    for (let index = from; index < to; index++) {
      const offset = records.offsets[index]!
      if (offset < state.next) {
        duplicates++
        continue
      }
      state.next = offset + 1
      if (reader === null || batch === undefined) {
        refused.push({ record: index, offset, ...unwanted })
        continue
      }
      const row = batch.length
      const refusal = reader.decoder.decode(records.bytes, records.starts[index]!, records.ends[index]!, batch)
      if (refusal !== null) {
        refused.push({ record: index, offset, ...refusal })
        continue
      }
      const time = batch.times[row]!
      if (time > records.appendedAt[index]! + maxTimeAhead) {
        batch.length = row
        refused.push({ record: index, offset, ...ahead(time, records.appendedAt[index]!) })
        continue
      }
      batch.offsets[row] = offset
      batch.records[row] = index
      batch.watermarks[row] = state.watermark
      if (time > state.latest) {
        state.latest = time
        if (time - slack > state.watermark) state.watermark = time - slack
      }
    }
    return duplicates
  }

  #control(records: Records, from: number, to: number, onPart: (part: Part) => void): void {
    const state = this.#partitions[records.partition]!
    for (let index = from; index < to; index++) {
      if (records.offsets[index]! < state.next) continue
      state.next = records.offsets[index]! + 1
      Option.map(Control.decode(valueAt(records, index)), (control) => {
        if (control._tag === "idle") {
          state.watermark = Math.max(state.watermark, control.watermark)
          onPart({ _tag: "idle", watermark: this.watermark })
        } else if (control._tag === "end" && this.#countEnd(state)) {
          onPart({ _tag: "end", offset: records.offsets[index]!, watermark: this.watermark })
        }
      })
    }
  }

  /** An end counts when every partition has come to it. */
  #countEnd(state: PartitionState): boolean {
    const before = Math.min(...this.#partitions.map(({ ends }) => ends))
    state.ends++
    return Math.min(...this.#partitions.map(({ ends }) => ends)) > before
  }

  /** Keys that are no longer in any window are forgotten with the dictionary that numbered them. */
  #renewDictionary(): void {
    if (this.#dictionary.texts.length < this.#settings.dictionaryBound) return
    const { preAggregated, reads, source } = this.#settings
    this.#dictionary = new Batch.Dictionary()
    this.#events = new Reader(source, this.#dictionary, reads)
    this.#preAggregated = preAggregated === null ? null : new Reader(preAggregated, this.#dictionary)
  }

  snapshot(): State {
    return {
      partitions: this.#partitions.map(({ ends, latest, next, watermark }) => ({
        next,
        watermark: finiteOrNull(watermark),
        latest: finiteOrNull(latest),
        ends
      }))
    }
  }

  restore(state: State): void {
    state.partitions.forEach(({ ends, latest, next, watermark }, index) => {
      this.#partitions[index] = { next, watermark: watermark ?? -Infinity, latest: latest ?? -Infinity, ends }
    })
  }
}

/** A decoder with the batch that it fills, kept from one run of records to the next. */
class Reader {
  readonly decoder: Decoder
  readonly #source: Definition
  readonly #dictionary: Batch.Dictionary
  #batch: Batch.Batch

  constructor(source: Definition, dictionary: Batch.Dictionary, reads?: ReadonlySet<string>) {
    this.decoder = new Decoder(source, dictionary, reads)
    this.#source = source
    this.#dictionary = dictionary
    this.#batch = Batch.make(source, dictionary, 0, 0)
  }

  get batch(): Batch.Batch {
    return this.#batch
  }

  begin(partition: number, rows: number): Batch.Batch {
    const { times } = this.#batch
    if (times.length < rows) this.#batch = Batch.make(this.#source, this.#dictionary, partition, Math.max(1_024, rows * 2))
    this.#batch.partition = partition
    this.#batch.length = 0
    return this.#batch
  }
}

const finiteOrNull = (value: number): number | null => Number.isFinite(value) ? value : null

const unwanted: Refusal = { reason: "invalid-field", detail: "no pipeline of this job takes pre-aggregated records" }

const ahead = (time: number, now: number): Refusal => ({
  reason: "time-ahead",
  detail: `its time ${iso(time)} is ahead of the clock, which was at ${iso(now)}`
})

const iso = (time: number): string => new Date(time).toISOString()
