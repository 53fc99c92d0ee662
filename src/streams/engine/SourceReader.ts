/**
 * From the log's records to rows with watermarks: the part of a job that its pipelines share. It drops what was already
 * seen, decodes each record once for every definition of a source that is read, refuses, and lets event time move on
 * record by record, so that the way the input is cut changes nothing.
 */
import { Schema } from "effect"
import type { Input, Source } from "../pipeline/Checked.ts"
import * as AppendClock from "../records/AppendClock.ts"
import * as Batch from "../records/Batch.ts"
import type { Decision } from "../records/Decision.ts"
import { Decoder } from "../records/Decoder.ts"
import { Kind, type Records } from "../records/Records.ts"
import type { Refusal } from "../records/Refusal.ts"
import { State as TimelineState, Timeline } from "./Timeline.ts"

export interface Settings {
  /** What the pipelines read, each once. */
  readonly inputs: ReadonlyArray<Input>
  /** The fields of a source whose values are read, by its fingerprint, as the decoder takes them. */
  readonly reads: (source: string) => ReadonlySet<string> | undefined
  readonly partitions: number
  /** Milliseconds that an event may lie ahead of the clock at its append; beyond that it is refused. */
  readonly maxTimeAhead: number
  /**
   * Strings that a dictionary may hold before a new one is begun; open windows carry their keys over. It may always hold
   * twice as many as these, so that carrying them over costs a constant for each string that comes.
   */
  readonly dictionaryBound: number
}

/** A record that could not be used. */
export interface Refused extends Refusal {
  readonly record: number
  readonly offset: number
}

/** What a record is, where it is any: of a truncated one only the beginning is there, which nobody reads. */
type RecordKind = Source["kind"] | "truncated"

/** What a run of records of one kind turned into: the records `[from, to)` are new. */
export interface Part {
  readonly kind: RecordKind
  readonly from: number
  readonly to: number
  /** What of them each source has refused, by its fingerprint. */
  readonly refused: ReadonlyMap<string, ReadonlyArray<Refused>>
  readonly rows: ReadonlyArray<Rows>
  /** None of the batch comes after it. */
  readonly isLast: boolean
}

/** The rows of an input. The batch is used again for the next run: it is to be worked through before that is asked for. */
export interface Rows {
  readonly kind: Source["kind"]
  readonly input: Input
  readonly batch: Batch.Batch
  readonly timeline: Timeline
}

/** What a decision has done: to the event time of an input, or to all. */
export type Decided =
  | { readonly _tag: "idle"; readonly input: Input; readonly timeline: Timeline }
  | { readonly _tag: "end"; readonly offset: number }

export const State = Schema.Struct({
  /** The offset that is needed next from each partition. */
  offsets: Schema.Array(Schema.Int),
  /** Where the input was last at its end; 0 in each partition before it ever was. */
  ended: Schema.Array(Schema.Int),
  /** By the input's id. */
  timelines: Schema.Record(Schema.String, TimelineState),
  /** The largest event time of each partition, by the source's fingerprint; `null` before the first event. */
  latest: Schema.Record(Schema.String, Schema.Array(Schema.NullOr(Schema.Int)))
})
export type State = typeof State.Type

export class SourceReader {
  readonly #settings: Settings
  readonly #offsets: Array<number>
  #ended: ReadonlyArray<number>
  readonly #timelines: ReadonlyMap<Input, Timeline>
  /** By the source's fingerprint: {@link Reader}s come and go with the dictionary, and this stays. */
  readonly #latest: ReadonlyMap<string, Array<number>>
  #dictionary = new Batch.Dictionary()
  /** Strings at which the dictionary is renewed; `null` until the first batch has shown how many were carried over. */
  #renewAt: number | null
  #readers: ReadonlyArray<Reader>

  constructor(settings: Settings) {
    this.#settings = settings
    this.#renewAt = settings.dictionaryBound
    this.#offsets = Array.from({ length: settings.partitions }, () => 0)
    this.#ended = [...this.#offsets]
    this.#timelines = new Map(settings.inputs.map((input) =>
      [input, new Timeline(input.events.definition.outOfOrderness, settings.partitions)] as const))
    this.#latest = new Map(sourcesOf(settings.inputs).map(({ fingerprint }) =>
      [fingerprint, Array.from({ length: settings.partitions }, () => -Infinity)] as const))
    this.#readers = this.#makeReaders()
  }

  /** One for each definition that is read, however many inputs share it. */
  #makeReaders(): ReadonlyArray<Reader> {
    return sourcesOf(this.#settings.inputs).map((source) =>
      new Reader(source, { dictionary: this.#dictionary, latest: this.#latest.get(source.fingerprint) ?? [], reads: this.#settings.reads(source.fingerprint) }))
  }

  get timelines(): ReadonlyMap<Input, Timeline> {
    return this.#timelines
  }

  /** The offset that is needed next from each partition. */
  get offsets(): ReadonlyArray<number> {
    return [...this.#offsets]
  }

  /** Each part is decoded when it is asked for, in the order of the log. Returns how many records had been seen. */
  *take(records: Records): Generator<Part, number> {
    this.#boundDictionary()
    let duplicates = 0
    for (let from = 0, to = 0; from < records.length; from = to) {
      const kind = records.kinds[from]!
      while (to < records.length && records.kinds[to] === kind) to++
      const fresh = this.#skipSeen(records, from, to)
      if (kind === Kind.none) continue
      duplicates += fresh - from
      if (fresh < to) yield this.#part({ records, from: fresh, to }, kindOf(kind))
    }
    return duplicates
  }

  /** The first record of a run that is new; from there on offsets rise. */
  #skipSeen(records: Records, from: number, to: number): number {
    const { partition } = records
    let next = this.#offsets[partition]
    if (next === undefined) throw new Error(`a batch of partition ${partition}, of which the log has none`)
    let fresh = from
    while (fresh < to && records.offsets[fresh]! < next) fresh++
    for (let index = fresh; index < to; index++) {
      const offset = records.offsets[index]!
      if (offset < next) throw new Error(`offset ${offset} of partition ${partition} came behind ${next - 1}`)
      next = offset + 1
    }
    this.#offsets[partition] = next
    return fresh
  }

  #part(run: Run, kind: RecordKind): Part {
    const readers = this.#readers.filter(({ source }) => source.kind === kind)
    const refused = readers.map((reader) => [reader.source.fingerprint, reader.read(run, this.#settings.maxTimeAhead)] as const)
    const rows = readers.filter(({ batch }) => batch.length > 0).flatMap(({ batch, source }) =>
      [...this.#timelines]
        .filter(([input]) => (source.kind === "event" ? input.events : input.preAggregated)?.fingerprint === source.fingerprint)
        .map(([input, timeline]): Rows => ({ kind: source.kind, input, batch: timeline.stamp(batch), timeline })))
    const isLast = !run.records.kinds.subarray(run.to, run.records.length).some((kind) => kind !== Kind.none)
    return { kind, from: run.from, to: run.to, refused: new Map(refused), rows, isLast }
  }

  /** One that was taken before, by its place in what has been read, changes nothing. */
  decide(decision: Decision, onDecided: (decided: Decided) => void): void {
    if (decision._tag === "idle") {
      const { at, partition, watermark } = decision
      if (at < (this.#offsets[partition] ?? Infinity)) return
      for (const [input, timeline] of this.#timelines) {
        const { eventTime, outOfOrderness } = input.events.definition
        if (decision.eventTime !== undefined && decision.eventTime !== eventTime.field) continue
        timeline.raise(partition, watermark + (decision.outOfOrderness ?? outOfOrderness) - outOfOrderness)
        onDecided({ _tag: "idle", input, timeline })
      }
    } else if (decision._tag === "end") {
      if (decision.at.every((at, partition) => at <= (this.#ended[partition] ?? 0))) return
      this.#ended = this.#offsets.map((_, partition) => decision.at[partition] ?? 0)
      onDecided({ _tag: "end", offset: Math.max(...decision.at) })
    }
  }

  /** Keys that are no longer in any window are forgotten with the dictionary that numbered them. */
  #boundDictionary(): void {
    const known = this.#dictionary.texts.length
    this.#renewAt ??= Math.max(this.#settings.dictionaryBound, known * 2)
    if (known < this.#renewAt) return
    this.#dictionary = new Batch.Dictionary()
    this.#readers = this.#makeReaders()
    this.#renewAt = null
  }

  snapshot(): State {
    return {
      offsets: this.offsets,
      ended: this.#ended,
      timelines: Object.fromEntries([...this.#timelines].map(([{ id }, timeline]) => [id, timeline.snapshot()])),
      latest: Object.fromEntries([...this.#latest].map(([source, times]) =>
        [source, times.map((time) => Number.isFinite(time) ? time : null)]))
    }
  }

  /**
   * False where it is of other inputs or of more partitions; nothing is changed then. Partitions that have been added since
   * begin as new ones. The strings of the dictionary are those that are known already.
   */
  restore({ ended, latest, offsets, timelines }: State, dictionary = new Batch.Dictionary()): boolean {
    const all = [...this.#timelines]
    const fits = (state: ReadonlyArray<unknown> | undefined) => state !== undefined && state.length === offsets.length
    if (offsets.length > this.#offsets.length) return false
    if (!fits(ended) || !all.every(([{ id }]) => fits(timelines[id]))) return false
    if (![...this.#latest.keys()].every((source) => fits(latest[source]))) return false
    this.#dictionary = dictionary
    this.#readers = this.#makeReaders()
    this.#renewAt = null
    for (const [source, times] of this.#latest) {
      latest[source]?.forEach((time, partition) => {
        times[partition] = time ?? -Infinity
      })
    }
    for (const [partition, offset] of offsets.entries()) this.#offsets[partition] = offset
    this.#ended = this.#offsets.map((_, partition) => ended[partition] ?? 0)
    for (const [{ id }, timeline] of all) timeline.restore(timelines[id] ?? [])
    return true
  }
}

const kindOf = (kind: number): RecordKind =>
  kind === Kind.event ? "event" : kind === Kind.preAggregated ? "pre-aggregated" : "truncated"

interface Run {
  readonly records: Records
  readonly from: number
  readonly to: number
}

/** Each definition that is read, once. */
const sourcesOf = (inputs: ReadonlyArray<Input>): ReadonlyArray<Source> => {
  const sources = inputs.flatMap(({ events, preAggregated }) => preAggregated === null ? [events] : [events, preAggregated])
  return [...new Map(sources.map((source) => [source.fingerprint, source])).values()]
}

interface ReaderSettings {
  readonly dictionary: Batch.Dictionary
  readonly latest: Array<number>
  readonly reads: ReadonlySet<string> | undefined
}

/** A decoder with the batch that it fills, kept from one run of records to the next. */
class Reader {
  readonly source: Source
  readonly #decoder: Decoder
  readonly #dictionary: Batch.Dictionary
  /** The largest event time of each partition, by which times in another unit are told from history. */
  readonly #latest: Array<number>
  #batch: Batch.Batch

  constructor(source: Source, { dictionary, latest, reads }: ReaderSettings) {
    this.source = source
    this.#latest = latest
    this.#decoder = new Decoder(source.definition, dictionary, reads)
    this.#dictionary = dictionary
    this.#batch = Batch.make(source.definition, dictionary, 0, 0)
  }

  get batch(): Batch.Batch {
    return this.#batch
  }

  /** Decodes a run of records into the batch, and returns those that it refuses. */
  read({ from, records, to }: Run, maxTimeAhead: number): ReadonlyArray<Refused> {
    const batch = this.#begin(records.partition, to - from)
    const refused: Array<Refused> = []
    let latest = this.#latest[records.partition] ?? -Infinity
    for (let record = from; record < to; record++) {
      const offset = records.offsets[record]!
      const row = batch.length
      const refusal = records.rows === undefined
        ? this.#decoder.decode(records.bytes, records.starts[record]!, records.ends[record]!, batch)
        : this.#decoder.decodeRow(records.rows[record], batch)
      if (refusal !== null) {
        refused.push({ record, offset, ...refusal })
        continue
      }
      const time = batch.times[row]!
      const impossible = AppendClock.refusalOf(time, records.appendedAt[record]!, latest, maxTimeAhead)
      if (impossible !== null) {
        batch.length = row
        refused.push({ record, offset, ...impossible })
        continue
      }
      batch.offsets[row] = offset
      batch.records[row] = record
      if (time > latest) latest = time
    }
    this.#latest[records.partition] = latest
    return refused
  }

  #begin(partition: number, rows: number): Batch.Batch {
    if (this.#batch.times.length < rows) {
      this.#batch = Batch.make(this.source.definition, this.#dictionary, partition, Math.max(1_024, rows * 2))
    }
    this.#batch.partition = partition
    this.#batch.length = 0
    return this.#batch
  }
}

