/**
 * The records of an event log as messages of a topic, and back.
 *
 * A message's key is the event's key, its timestamp the event time, its value the record's bytes as they came. Headers:
 * `courant-kind` (`event`, `partial`, `truncated` or `unassigned`), `courant-version` (1), `courant-ingested` (the clock at the
 * append, milliseconds since the epoch); on the last message of a chunk `courant-append`, a name of this append, by
 * which it is found again, and, if the chunk has a position, `courant-position` with `courant-sequence`, by which
 * positions in several partitions are told old from new.
 *
 * Messages of other producers lack them: they are events, and the clock at their append is taken to be the message's
 * timestamp, which is the broker's clock where the topic has `message.timestamp.type=LogAppendTime`. Headers may be anybody's:
 * a kind of another name is an event, and a clock that is no number or more than a day ahead of the reader's is not
 * believed. Where nothing says when a message was appended, it is taken to be now.
 */
import { RecordReader } from "../../../streams/records/RecordReader.ts"
import { type Chunk, Kind, type Records, valueAt } from "../../../streams/records/Records.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import type { Fetched, Message } from "../client/Client.ts"
import { type Row, rowAt } from "../CompactedTopic.ts"
import { Cursor, type Section, sections } from "./RecordBatches.ts"

export interface Sources {
  /** The source of events: its fields say what a record's key and event time are. */
  readonly source: Definition
  /** The source of pre-aggregated records, if any are appended. */
  readonly preAggregated?: Definition | undefined
}

/** The moment of an append, its number among positions, and a name that no other append has. */
export interface Append {
  readonly now: number
  readonly sequence: number
  readonly id: string
}

const version = "1"

/** An offset that holds no record is none of ours, and is not written. */
const kinds: Record<Kind, string> = {
  [Kind.event]: "event",
  [Kind.preAggregated]: "partial",
  [Kind.none]: "event",
  [Kind.truncated]: "truncated",
  [Kind.unassigned]: "unassigned"
}

/** Turns chunks into messages. */
export class Writer {
  readonly #events: RecordReader
  readonly #preAggregated: RecordReader | null
  readonly #keys = new KeyBytes()

  constructor({ preAggregated, source }: Sources) {
    this.#events = new RecordReader(source)
    this.#preAggregated = preAggregated === undefined ? null : new RecordReader(preAggregated)
  }

  messages(chunk: Chunk, append: Append): ReadonlyArray<Message> {
    const shared = new Map<Kind, Message["headers"]>()
    return Array.from({ length: chunk.length }, (_, index) => this.#message(chunk, index, append, shared))
  }

  #message(chunk: Chunk, index: number, { id, now, sequence }: Append, shared: Map<Kind, Message["headers"]>): Message {
    // The bytes of a chunk are those of the kinds that there are.
    const kind = chunk.kinds[index]! as Kind
    const reader = kind === Kind.event ? this.#events : kind === Kind.preAggregated ? this.#preAggregated : null
    const read = reader?.read(chunk, index) === true ? reader : null
    // One value for all messages of a kind: it is encoded once.
    const headers = shared.get(kind) ??
      { "courant-kind": kinds[kind], "courant-version": version, "courant-ingested": String(now) }
    shared.set(kind, headers)
    const isLast = index === chunk.length - 1
    return {
      key: read === null ? null : this.#keys.of(read.key),
      value: chunk.ends[index]! < chunk.starts[index]! ? null : valueAt(chunk, index),
      // Brokers refuse timestamps before 1970, and those more than an hour ahead of their clock.
      timestamp: read === null ? now : Math.min(now, Math.max(0, read.time)),
      headers: isLast ? { ...headers, "courant-append": id, ...positionOf(chunk, sequence) } : headers
    }
  }
}

const positionOf = ({ position }: Chunk, sequence: number): Message["headers"] =>
  position === undefined ? {} : { "courant-sequence": String(sequence), "courant-position": position }

/** Keys whose bytes are remembered before they are forgotten and made anew. */
const keysBound = 1 << 16

class KeyBytes {
  readonly #known = new Map<string, Buffer>()

  of(key: string): Buffer {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= keysBound) this.#known.clear()
    const bytes = Buffer.from(key)
    this.#known.set(key, bytes)
    return bytes
  }
}

export interface Read {
  /** `null` where there was nothing to read, or only what does not count. */
  readonly records: Records | null
  readonly next: number
}

/** What is read in the place of a record without a value; `null` leaves it without. */
export type Tombstone = (row: Row) => Uint8Array | null

export interface Reading {
  /** The first offset that is wanted. */
  readonly from: number
  /** The reader's clock. */
  readonly now: number
  readonly tombstone?: Tombstone | undefined
}

/** The records of a fetch from an offset on, undecoded and for the most part uncopied. Throws `UnreadableBatch`. */
export const fromFetched = (fetched: Fetched, { from, now, tombstone }: Reading): Read => {
  const found = sections(fetched, from)
  const parts = inOneBuffer(found.sections)
  const capacity = parts.sections.reduce((sum, { count }) => sum + count, 1)
  const records = {
    starts: new Int32Array(capacity),
    ends: new Int32Array(capacity),
    kinds: new Uint8Array(capacity),
    offsets: new Float64Array(capacity),
    appendedAt: new Float64Array(capacity)
  }
  const added = new Added(parts.bytes)
  const headers = new Headers()
  const cursor = new Cursor()
  let length = 0
  for (const section of parts.sections) {
    cursor.begin(section)
    while (cursor.next()) {
      if (cursor.offset < from) continue
      headers.read(cursor, section.bytes)
      const instead = cursor.valueLength < 0 ? tombstone?.(rowAt(section.bytes, cursor)) ?? null : null
      records.starts[length] = instead === null ? cursor.valueStart : added.add(instead)
      records.ends[length] = records.starts[length]! + (instead?.length ?? cursor.valueLength)
      records.kinds[length] = headers.kind
      records.offsets[length] = cursor.offset
      records.appendedAt[length] = believable(headers.ingested, now) ?? believable(section.appendTime ?? cursor.timestamp, now) ?? now
      length++
    }
  }
  if (found.next > from && found.next - 1 !== records.offsets[length - 1]) {
    // What holds no record (the marker that ends a transaction, an aborted one) takes offsets all the same. What stands
    // for them is none, or whoever waits for the last offset would wait for ever.
    records.starts[length] = records.ends[length] = length > 0 ? Math.max(0, records.ends[length - 1]!) : 0
    records.kinds[length] = Kind.none
    records.offsets[length++] = found.next - 1
  }
  const { partition } = fetched
  return { records: length === 0 ? null : { partition, bytes: added.bytes, ...trimmed(records, length), length }, next: found.next }
}

/** Bytes, and behind them those of what stands in the place of records without a value. */
class Added {
  readonly #parts: Array<Uint8Array>
  #length: number

  constructor(bytes: Uint8Array) {
    this.#parts = [bytes]
    this.#length = bytes.length
  }

  /** Where they begin. */
  add(bytes: Uint8Array): number {
    const start = this.#length
    this.#parts.push(bytes)
    this.#length += bytes.length
    return start
  }

  get bytes(): Uint8Array {
    const [first] = this.#parts
    return first !== undefined && this.#parts.length === 1 ? first : Buffer.concat(this.#parts)
  }
}

const trimmed = ({ appendedAt, ends, kinds, offsets, starts }: Omit<Records, "length" | "bytes" | "partition">, length: number) => ({
  starts: starts.subarray(0, length),
  ends: ends.subarray(0, length),
  kinds: kinds.subarray(0, length),
  offsets: offsets.subarray(0, length),
  appendedAt: appendedAt.subarray(0, length)
})

const day = 86_400_000

/** Clocks differ, yet not by a day; a message without a timestamp has -1. */
const believable = (clock: number | null, now: number): number | null =>
  clock !== null && clock >= 0 && clock <= now + day ? clock : null

/** Compressed batches have buffers of their own; records are in one. */
const inOneBuffer = (found: ReadonlyArray<Section>): { readonly bytes: Buffer; readonly sections: ReadonlyArray<Section> } => {
  const bytes = found[0]?.bytes ?? Buffer.alloc(0)
  if (found.every((section) => section.bytes === bytes)) return { bytes, sections: found }
  const joined = Buffer.concat(found.map(({ bytes, end, start }) => bytes.subarray(start, end)))
  let at = 0
  return {
    bytes: joined,
    sections: found.map((section) => {
      const start = at
      at += section.end - section.start
      return { ...section, bytes: joined, start, end: at }
    })
  }
}

/** The newest position in a fetch, with its sequence number. Throws `UnreadableBatch`. */
export const lastPosition = (fetched: Fetched, from: number) => {
  const found = sections(fetched, from)
  const headers = new Headers()
  const cursor = new Cursor()
  let position: { readonly sequence: number; readonly position: string } | null = null
  for (const section of found.sections) {
    cursor.begin(section)
    while (cursor.next()) {
      headers.read(cursor, section.bytes)
      if (headers.position !== null && headers.sequence !== null && headers.sequence >= (position?.sequence ?? 0)) {
        position = { sequence: headers.sequence, position: headers.position }
      }
    }
  }
  return { position, next: found.next }
}

/** The offset of the record that an append marked as its last, if it is in a fetch. Throws `UnreadableBatch`. */
export const findAppend = (fetched: Fetched, from: number, append: string) => {
  const found = sections(fetched, from)
  const cursor = new Cursor()
  let offset: number | null = null
  for (const section of found.sections) {
    const { bytes } = section
    cursor.begin(section)
    while (cursor.next()) {
      cursor.headers((nameStart, nameEnd, start, end) => {
        if (isName(names.append, bytes, nameStart, nameEnd) && bytes.toString("utf8", start, end) === append) {
          offset = cursor.offset
        }
      })
    }
  }
  return { offset, next: found.next }
}

const names = {
  append: Buffer.from("courant-append"),
  kind: Buffer.from("courant-kind"),
  ingested: Buffer.from("courant-ingested"),
  sequence: Buffer.from("courant-sequence"),
  position: Buffer.from("courant-position")
}

/** What our headers of the record under a cursor say. One instance serves all records. */
class Headers {
  kind: Kind = Kind.event
  ingested: number | null = null
  sequence: number | null = null
  position: string | null = null
  #bytes: Buffer = Buffer.alloc(0)

  read(cursor: Cursor, bytes: Buffer): void {
    this.kind = Kind.event
    this.ingested = null
    this.sequence = null
    this.position = null
    this.#bytes = bytes
    if (cursor.headerCount > 0) cursor.headers(this.#each)
  }

  #each = (nameStart: number, nameEnd: number, start: number, end: number): void => {
    const bytes = this.#bytes
    if (isName(names.kind, bytes, nameStart, nameEnd)) this.kind = kindIn(bytes, start, end)
    else if (isName(names.ingested, bytes, nameStart, nameEnd)) this.ingested = numberIn(bytes, start, end)
    else if (isName(names.sequence, bytes, nameStart, nameEnd)) this.sequence = numberIn(bytes, start, end)
    else if (isName(names.position, bytes, nameStart, nameEnd)) this.position = bytes.toString("utf8", start, end)
  }
}

const isName = (name: Buffer, bytes: Buffer, start: number, end: number): boolean => {
  if (end - start !== name.length) return false
  // Ours differ near their ends.
  for (let i = name.length - 1; i >= 0; i--) if (bytes[start + i] !== name[i]) return false
  return true
}

const preAggregated = Buffer.from(kinds[Kind.preAggregated])
const truncated = Buffer.from(kinds[Kind.truncated])
const unassigned = Buffer.from(kinds[Kind.unassigned])

const kindIn = (bytes: Buffer, start: number, end: number): Kind =>
  isName(preAggregated, bytes, start, end) ? Kind.preAggregated : isName(truncated, bytes, start, end) ? Kind.truncated :
  isName(unassigned, bytes, start, end) ? Kind.unassigned : Kind.event

/** `null` where it is no number in decimal digits. */
const numberIn = (bytes: Buffer, start: number, end: number): number | null => {
  if (end <= start || end - start > 16) return null
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return value
}
