/**
 * A run of raw records: their bytes in one buffer, and where each begins and ends.
 * Nothing is copied or decoded on the way from a feed through the log to the decoder.
 */

/**
 * What a record is: an event of the source, a pre-aggregated record, none at all (an offset of the log that holds nothing,
 * and is passed over), the beginning of an event that was too long for its feed, or an event that names none of the sources
 * of its log. A beginning may look like a whole event: it becomes a dead letter unread.
 */
export const Kind = { event: 0, preAggregated: 1, none: 2, truncated: 3, unassigned: 4 } as const
export type Kind = typeof Kind[keyof typeof Kind]

/** Records on their way into the log. */
export interface Chunk {
  readonly length: number
  readonly bytes: Uint8Array
  /** First byte of each record in `bytes`. */
  readonly starts: Int32Array
  /** One past the last byte. An end before its start marks a record without a value (a tombstone). */
  readonly ends: Int32Array
  readonly kinds: Uint8Array
  /**
   * Where a resumable feed stands after this chunk, in a text of its own. The log keeps it
   * in the same transaction, so that the feed goes on exactly where the log ended.
   */
  readonly position?: string
}

/** Records as they stand in one partition of the log. */
export interface Records extends Chunk {
  readonly partition: number
  readonly offsets: Float64Array
  /** The wall clock at the time of the append, in milliseconds: part of the log, so that a replay sees it too. */
  readonly appendedAt: Float64Array
  /** The records as rows, where they have never been bytes: then there are no bytes. */
  readonly rows?: ReadonlyArray<unknown>
  /** Gives the log its memory back: nobody looks at these records any more. Who keeps them leaves them to the garbage collector. */
  readonly release?: () => void
}

const encoder = new TextEncoder()

/** A chunk of texts, one record each. */
export const fromTexts = (texts: ReadonlyArray<string>, kind: Kind = Kind.event, position?: string): Chunk =>
  fromBytes(texts.map((text) => encoder.encode(text)), texts.map(() => kind), position)

/** A chunk of byte strings, one record each; `null` is a record without a value. */
export const fromBytes = (
  values: ReadonlyArray<Uint8Array | null>,
  kinds: ReadonlyArray<Kind>,
  position?: string
): Chunk => {
  const bytes = new Uint8Array(values.reduce((size, value) => size + (value?.length ?? 0), 0))
  const starts = new Int32Array(values.length)
  const ends = new Int32Array(values.length)
  let at = 0
  values.forEach((value, index) => {
    starts[index] = at
    if (value === null) {
      ends[index] = at - 1
    } else {
      bytes.set(value, at)
      at += value.length
      ends[index] = at
    }
  })
  const chunk = { length: values.length, bytes, starts, ends, kinds: Uint8Array.from(kinds) }
  return position === undefined ? chunk : { ...chunk, position }
}

/** Rows of one partition that came at this time, the first at this offset. */
export const ofRows = (rows: ReadonlyArray<unknown>, partition: number, first: number, appendedAt: number): Records => {
  const { length } = rows
  const offsets = new Float64Array(length)
  for (let index = 0; index < length; index++) offsets[index] = first + index
  return {
    length,
    bytes: new Uint8Array(0),
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    kinds: new Uint8Array(length),
    partition,
    offsets,
    appendedAt: new Float64Array(length).fill(appendedAt),
    rows
  }
}

/** The bytes of one record; empty for a record without a value. */
export const valueAt = (chunk: Chunk, index: number): Uint8Array =>
  chunk.bytes.subarray(chunk.starts[index], Math.max(chunk.starts[index] ?? 0, chunk.ends[index] ?? 0))

/** The records `[from, to)` of a run, over the same bytes. */
export const slice = (records: Records, from: number, to: number): Records =>
  from === 0 && to === records.length ? records : {
    ...records,
    length: to - from,
    starts: records.starts.subarray(from, to),
    ends: records.ends.subarray(from, to),
    kinds: records.kinds.subarray(from, to),
    offsets: records.offsets.subarray(from, to),
    appendedAt: records.appendedAt.subarray(from, to),
    ...(records.rows === undefined ? {} : { rows: records.rows.slice(from, to) })
  }

/** Chunks as one, in their order and with the position of the last. */
export const join = (chunks: ReadonlyArray<Chunk>): Chunk => {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return first
  const ranges = chunks.map(rangeOf)
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const joined = {
    length,
    bytes: new Uint8Array(ranges.reduce((sum, { end, start }) => sum + end - start, 0)),
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    kinds: new Uint8Array(length)
  }
  let at = 0
  let index = 0
  chunks.forEach((chunk, i) => {
    const { end, start } = ranges[i]!
    joined.bytes.set(chunk.bytes.subarray(start, end), at)
    joined.kinds.set(chunk.kinds.subarray(0, chunk.length), index)
    for (let record = 0; record < chunk.length; record++) {
      joined.starts[index] = chunk.starts[record]! - start + at
      joined.ends[index++] = chunk.ends[record]! - start + at
    }
    at += end - start
  })
  const position = chunks.at(-1)?.position
  return position === undefined ? joined : { ...joined, position }
}

/** The part of a chunk's buffer that its records are in: others may share the buffer. */
const rangeOf = ({ ends, length, starts }: Chunk): { readonly start: number; readonly end: number } => {
  let start = Infinity
  let end = 0
  for (let i = 0; i < length; i++) {
    start = Math.min(start, starts[i]!)
    end = Math.max(end, ends[i]!)
  }
  return start > end ? { start: 0, end: 0 } : { start, end }
}
