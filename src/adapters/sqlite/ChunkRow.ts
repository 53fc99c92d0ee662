/** A chunk as a row of the database, and rows as batches of records. */
import { crc32 } from "node:zlib"
import { type Chunk, type Records, slice } from "../../streams/records/Records.ts"

export interface ChunkRow {
  /** One past the offset of the last record. */
  readonly next: number
  readonly length: number
  readonly appendedAt: number
  /** Bytes of each record as little-endian int32 (as every platform of Node has them in memory); -1 without a value. */
  readonly lengths: Uint8Array
  readonly kinds: Uint8Array
  readonly bytes: Uint8Array
  /** `null` in rows of versions that kept none. */
  readonly checksum: number | null
}

/** Of what is decoded into records. */
export const checksumOf = ({ bytes, kinds, lengths }: Pick<ChunkRow, "bytes" | "kinds" | "lengths">): number =>
  crc32(bytes, crc32(kinds, crc32(lengths)))

export const isDamaged = (row: ChunkRow): boolean => row.checksum !== null && checksumOf(row) !== row.checksum

/** The records of a chunk one after another, without what may lie between them, and their lengths. */
export const packed = (chunk: Chunk): { readonly bytes: Uint8Array; readonly lengths: Uint8Array } => {
  const lengths = new Int32Array(chunk.length)
  let size = 0
  for (let i = 0; i < chunk.length; i++) {
    const length = Math.max(-1, (chunk.ends[i] ?? 0) - (chunk.starts[i] ?? 0))
    lengths[i] = length
    if (length > 0) size += length
  }
  const bytes = new Uint8Array(size)
  // Runs of records without a gap between them are copied at once.
  let at = 0
  for (let i = 0; i < chunk.length;) {
    const start = chunk.starts[i] ?? 0
    let end = Math.max(start, chunk.ends[i] ?? 0)
    for (i++; i < chunk.length && chunk.starts[i] === end; i++) end = Math.max(end, chunk.ends[i] ?? 0)
    bytes.set(chunk.bytes.subarray(start, end), at)
    at += end - start
  }
  return { bytes, lengths: new Uint8Array(lengths.buffer) }
}

/** The records of rows from an offset on, in batches of at most `limit`. */
export const toBatches = (
  rows: ReadonlyArray<ChunkRow>,
  partition: number,
  offset: number,
  limit: number
): ReadonlyArray<Records> => {
  const all = toRecords(rows, partition)
  const batches: Array<Records> = []
  const skipped = Math.max(0, offset - (all.offsets[0] ?? 0))
  for (let at = skipped; at < all.length; at += limit) batches.push(slice(all, at, Math.min(all.length, at + limit)))
  return batches
}

const toRecords = (rows: ReadonlyArray<ChunkRow>, partition: number): Records => {
  const length = rows.reduce((sum, row) => sum + row.length, 0)
  const records = {
    partition,
    length,
    bytes: join(rows.map((row) => row.bytes)),
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    kinds: join(rows.map((row) => row.kinds)),
    offsets: new Float64Array(length),
    appendedAt: new Float64Array(length)
  }
  let at = 0
  let byte = 0
  for (const row of rows) {
    // A copy, because the row's own bytes need not begin where an int32 may.
    const lengths = new Int32Array(row.lengths.slice().buffer)
    records.appendedAt.fill(row.appendedAt, at, at + row.length)
    for (let i = 0; i < row.length; i++, at++) {
      records.starts[at] = byte
      records.ends[at] = byte + (lengths[i] ?? 0)
      records.offsets[at] = row.next - row.length + i
      byte = Math.max(byte, records.ends[at] ?? 0)
    }
  }
  return records
}

const join = (parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
