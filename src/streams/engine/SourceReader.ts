/**
 * From the log's records to rows with watermarks: the part of a job that its pipelines share. It drops what was already
 * seen, decodes each record once for every definition of a source that is read, refuses, and lets event time move on
 * record by record, so that the way the input is cut changes nothing.
 */
import { Schema } from "effect"
import type { Input, Source } from "../pipeline/Checked.ts"
import type { Use } from "../pipeline/Uses.ts"
import * as AppendClock from "../records/AppendClock.ts"
import * as Batch from "../records/Batch.ts"
import type { Decision } from "../records/Decision.ts"
import { Decoder } from "../records/Decoder.ts"
import type { Made } from "../operator/Operator.ts"
import { numberOf, partitionsOf, sourceAt, within } from "../ports/SourceLogs.ts"
import { Kind, type Records } from "../records/Records.ts"
import type { Refusal } from "../records/Refusal.ts"
import { takeOut } from "../records/TakeOut.ts"
import { State as TimelineState, Timeline } from "./Timeline.ts"

export interface Settings {
  /** What the pipelines read, each once. */
  readonly inputs: ReadonlyArray<Input>
  /** What is done with the fields of a source, by its fingerprint. */
  readonly usesOf: (source: string) => (field: string) => Use
  /** Those of the log, in its numbering of partitions. */
  readonly sources: ReadonlyArray<SourceOfLog>
  /** Milliseconds that an event may lie ahead of the clock at its append; beyond that it is refused. */
  readonly maxTimeAhead: number
  /**
   * Strings that a dictionary may hold before a new one is begun; open windows carry their keys over. It may always hold
   * twice as many as these, so that carrying them over costs a constant for each string that comes.
   */
  readonly dictionaryBound: number
}

/** What of a log belongs to a source, in partitions that count from 0; `null` in place of the name where any source may read it. */
export interface SourceOfLog {
  readonly name: string | null
  readonly partitions: number
}

/** A record that could not be used. */
export interface Refused extends Refusal {
  readonly record: number
  readonly offset: number
}

/** What a record is, where it is any: of a truncated one only the beginning is there, and an unassigned one is of no source; nobody reads them. */
type RecordKind = Source["kind"] | "truncated" | "unassigned"

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
  /** For all pipelines that have the input. */
  readonly made: Made
}

/** What a decision has done: to the event time of an input, or to all. */
export type Decided =
  | { readonly _tag: "idle"; readonly input: Input; readonly timeline: Timeline }
  | { readonly _tag: "end"; readonly offset: number }

/** Of each source of the log, by its name: so it is found again whatever others a later run reads, in whatever order. */
export const State = Schema.Array(Schema.Struct({
  name: Schema.NullOr(Schema.String),
  /** The offset that is needed next from each partition. */
  offsets: Schema.Array(Schema.Int),
  /** Where the input was last at its end; 0 in each partition before it ever was. */
  ended: Schema.Array(Schema.Int),
  /** By the input's id. */
  timelines: Schema.Record(Schema.String, TimelineState),
  /** The largest event time of each partition, by the fingerprint of the source's definition; `null` before the first event. */
  latest: Schema.Record(Schema.String, Schema.Array(Schema.NullOr(Schema.Int)))
}))
export type State = typeof State.Type

/** A source of the log, and what is known of its partitions. */
interface Origin extends SourceOfLog {
  readonly timelines: ReadonlyMap<Input, Timeline>
  /** By the fingerprint of a definition: {@link Reader}s come and go with the dictionary, and this stays. */
  readonly latest: ReadonlyMap<string, Array<number>>
}

export class SourceReader {
  readonly #settings: Settings
  readonly #origins: ReadonlyArray<Origin>
  readonly #offsets: Array<number>
  #ended: ReadonlyArray<number>
  readonly #timelines: ReadonlyMap<Input, Timeline>
  #dictionary = new Batch.Dictionary()
  /** Strings at which the dictionary is renewed; `null` until the first batch has shown how many were carried over. */
  #renewAt: number | null
  /** Of each source of the log. */
  #readers: ReadonlyArray<ReadonlyArray<Reader>>

  constructor(settings: Settings) {
    this.#settings = settings
    this.#renewAt = settings.dictionaryBound
    const { inputs, sources } = settings
    const stray = inputs.find(({ events }) => sources.every((source) => !isRead(source, events)))
    if (stray !== undefined) throw new TypeError(`the log has no source "${stray.events.definition.name}"`)
    this.#origins = sources.map((source) => originOf(source, inputs.filter(({ events }) => isRead(source, events))))
    this.#offsets = Array.from({ length: partitionsOf(sources) }, () => 0)
    this.#ended = [...this.#offsets]
    const timelines = new Map(this.#origins.flatMap((origin) => [...origin.timelines]))
    this.#timelines = new Map(inputs.map((input) => [input, timelines.get(input)!]))
    this.#readers = this.#makeReaders()
  }

  /** One for each definition that is read, however many inputs share it. */
  #makeReaders(): ReadonlyArray<ReadonlyArray<Reader>> {
    return this.#origins.map(({ latest, timelines }) => sourcesOf([...timelines.keys()]).map((source) =>
      new Reader(source, { dictionary: this.#dictionary, latest: latest.get(source.fingerprint) ?? [], useOf: this.#settings.usesOf(source.fingerprint) })))
  }

  get timelines(): ReadonlyMap<Input, Timeline> {
    return this.#timelines
  }

  /** The source of the log that an input reads, by its number. */
  sourceOf(input: Input): number {
    return this.#origins.findIndex(({ timelines }) => timelines.has(input))
  }

  next(partition: number): number {
    return this.#offsets[partition]!
  }

  /** The offset that is needed next from each partition. */
  get offsets(): ReadonlyArray<number> {
    return [...this.#offsets]
  }

  /** Each part is decoded when it is asked for, in the order of the log; nothing of a source that nobody reads. Returns how many records had been seen. */
  *take(records: Records): Generator<Part, number> {
    this.#boundDictionary()
    let duplicates = 0
    const isAsked = this.#origins[sourceAt(records.partition, this.#origins.length)]!.timelines.size > 0
    for (let from = 0, to = 0; from < records.length; from = to) {
      const kind = records.kinds[from]!
      while (to < records.length && records.kinds[to] === kind) to++
      const fresh = this.#skipSeen(records, from, to)
      if (kind === Kind.none || !isAsked) continue
      duplicates += fresh - from
      if (fresh < to) yield this.#part({ records, partition: within(records.partition, this.#origins.length), from: fresh, to }, kindOf(kind))
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
    this.#dictionary.forgetPassed()
    const origin = sourceAt(run.records.partition, this.#origins.length)
    const readers = this.#readers[origin]!.filter(({ source }) => source.kind === kind)
    const refused = readers.map((reader) => [reader.source.fingerprint, reader.read(run, this.#settings.maxTimeAhead)] as const)
    const rows = readers.filter(({ batch }) => batch.length > 0).flatMap(({ batch, source }) =>
      [...this.#origins[origin]!.timelines]
        .filter(([input]) => (source.kind === "event" ? input.events : input.preAggregated)?.fingerprint === source.fingerprint)
        .map(([input, timeline]): Rows => ({ kind: source.kind, input, batch: timeline.stamp(batch), timeline, made: { steps: new Map() } })))
    const isLast = !run.records.kinds.subarray(run.to, run.records.length).some((kind) => kind !== Kind.none)
    return { kind, from: run.from, to: run.to, refused: new Map(refused), rows, isLast }
  }

  /** One that was taken before, by its place in what has been read, changes nothing. */
  decide(decision: Decision, onDecided: (decided: Decided) => void): void {
    if (decision._tag === "idle") {
      const { at, partition, watermark } = decision
      if (at < (this.#offsets[partition] ?? Infinity)) return
      for (const [input, timeline] of this.#origins[sourceAt(partition, this.#origins.length)]!.timelines) {
        const { eventTime, outOfOrderness } = input.events.definition
        if (decision.eventTime !== undefined && decision.eventTime !== eventTime.field) continue
        timeline.raise(within(partition, this.#origins.length), watermark + (decision.outOfOrderness ?? outOfOrderness) - outOfOrderness)
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
    return this.#origins.map(({ latest, name, partitions, timelines }, source) => ({
      name,
      offsets: this.#ofSource(this.#offsets, source, partitions),
      ended: this.#ofSource(this.#ended, source, partitions),
      timelines: Object.fromEntries([...timelines].map(([{ id }, timeline]) => [id, timeline.snapshot()])),
      latest: Object.fromEntries([...latest].map(([source, times]) =>
        [source, times.map((time) => Number.isFinite(time) ? time : null)]))
    }))
  }

  #ofSource(all: ReadonlyArray<number>, source: number, partitions: number): ReadonlyArray<number> {
    return Array.from({ length: partitions }, (_, partition) => all[numberOf(partition, source, this.#origins.length)]!)
  }

  /**
   * False where it is of other inputs or of more partitions; nothing is changed then. Partitions that have been added since
   * begin as new ones, and so does a source that nobody has read before. The strings of the dictionary are those that are
   * known already.
   */
  restore(state: State, dictionary = new Batch.Dictionary()): boolean {
    const found = this.#origins.map((origin) => ({ origin, state: state.find(({ name }) => name === origin.name) }))
    if (!found.every(({ origin, state }) => state === undefined ? origin.timelines.size === 0 : fits(origin, state))) return false
    this.#dictionary = dictionary
    this.#readers = this.#makeReaders()
    this.#renewAt = null
    const ended = this.#offsets.map(() => 0)
    for (const [source, { origin, state }] of found.entries()) {
      if (state === undefined) continue
      for (const [definition, times] of origin.latest) {
        state.latest[definition]?.forEach((time, partition) => {
          times[partition] = time ?? -Infinity
        })
      }
      for (const [partition, offset] of state.offsets.entries()) this.#offsets[numberOf(partition, source, found.length)] = offset
      for (const [partition, offset] of state.ended.entries()) ended[numberOf(partition, source, found.length)] = offset
      for (const [{ id }, timeline] of origin.timelines) timeline.restore(state.timelines[id] ?? [])
    }
    this.#ended = ended
    return true
  }
}

const originOf = (source: SourceOfLog, inputs: ReadonlyArray<Input>): Origin => ({
  ...source,
  timelines: new Map(inputs.map((input) => [input, new Timeline(input.events.definition.outOfOrderness, source.partitions)])),
  latest: new Map(sourcesOf(inputs).map(({ fingerprint }) =>
    [fingerprint, Array.from({ length: source.partitions }, () => -Infinity)]))
})

const isRead = ({ name }: SourceOfLog, events: Source): boolean => name === null || name === events.definition.name

const fits = ({ latest, partitions, timelines }: Origin, state: State[number]): boolean => {
  const isWhole = (list: ReadonlyArray<unknown> | undefined) => list !== undefined && list.length === state.offsets.length
  return state.offsets.length <= partitions && isWhole(state.ended) &&
    [...timelines.keys()].every(({ id }) => isWhole(state.timelines[id])) && [...latest.keys()].every((source) => isWhole(state.latest[source]))
}

const kindOf = (kind: number): RecordKind =>
  kind === Kind.event ? "event" : kind === Kind.preAggregated ? "pre-aggregated" : kind === Kind.unassigned ? "unassigned" : "truncated"

interface Run {
  readonly records: Records
  /** Among those of its source. */
  readonly partition: number
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
  readonly useOf: (field: string) => Use
}

/** A decoder with the batch that it fills, kept from one run of records to the next. */
class Reader {
  readonly source: Source
  readonly #decoder: Decoder
  readonly #dictionary: Batch.Dictionary
  /** The largest event time of each partition, by which times in another unit are told from history. */
  readonly #latest: Array<number>
  #batch: Batch.Batch

  constructor(source: Source, { dictionary, latest, useOf }: ReaderSettings) {
    this.source = source
    this.#latest = latest
    this.#decoder = new Decoder(source.definition, dictionary, useOf)
    this.#dictionary = dictionary
    this.#batch = Batch.make(source.definition, dictionary, 0, 0)
  }

  get batch(): Batch.Batch {
    return this.#batch
  }

  /** Decodes a run of records into the batch, and returns those that it refuses. */
  read({ from, partition, records, to }: Run, maxTimeAhead: number): ReadonlyArray<Refused> {
    const batch = this.#begin(partition, to - from)
    const refused: Array<Refused> = []
    const refuse = (record: number, refusal: Refusal): void => {
      refused.push({ record, offset: records.offsets[record]!, ...refusal })
    }
    if (records.rows === undefined) this.#decoder.decodeAll(records, from, to, batch, refuse)
    else for (let record = from; record < to; record++) this.#decoder.decodeRow(records.rows[record], record, batch, refuse)
    const known = refused.length
    takeOut(batch, this.#impossible(records.appendedAt, maxTimeAhead, refuse))
    for (let row = 0; row < batch.length; row++) batch.offsets[row] = records.offsets[batch.records[row]!]!
    return known === refused.length ? refused : refused.sort((a, b) => a.record - b.record)
  }

  /** Rows whose times cannot be, as the clock at their append says. The others move their partition on. */
  #impossible(appendedAt: Float64Array, maxTimeAhead: number, refuse: (record: number, refusal: Refusal) => void): ReadonlyArray<number> {
    const { length, partition, records, times } = this.#batch
    const rows: Array<number> = []
    let latest = this.#latest[partition] ?? -Infinity
    for (let row = 0; row < length; row++) {
      const time = times[row]!
      const impossible = AppendClock.refusalOf(time, appendedAt[records[row]!]!, latest, maxTimeAhead)
      if (impossible !== null) {
        refuse(records[row]!, impossible)
        rows.push(row)
      } else if (time > latest) latest = time
    }
    this.#latest[partition] = latest
    return rows
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

