/**
 * Record batches as a broker sends them, walked byte by byte: where each record's key, value and headers are,
 * and nothing copied but what was compressed. (Message format 2, the only one since Kafka 0.11:
 * https://kafka.apache.org/documentation/#recordbatch.)
 *
 * Records of aborted transactions are left out, as are the markers of transactions; their offsets are gaps.
 */
import { crc32c } from "@platformatic/wasm-utils"
import type { Fetched } from "../client/Client.ts"
import { decompress } from "./Compression.ts"

/** The bytes of records of one batch, uncompressed, and what its header says about them all. */
export interface Section {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly count: number
  readonly baseOffset: number
  readonly baseTimestamp: number
  /** The broker's clock at the append, where the topic says that timestamps are that; else `null`. */
  readonly appendTime: number | null
}

export interface Sections {
  readonly sections: ReadonlyArray<Section>
  /** Where to read on: past the last whole batch, whether or not it gave records. */
  readonly next: number
}

/** A batch is damaged or of a form that this version does not know. */
export class UnreadableBatch extends Error {}

const headerLength = 61

/** The whole batches of a fetch. Throws `UnreadableBatch`. */
export const sections = (fetched: Fetched, from: number): Sections => {
  const { batches } = fetched
  const aborted = new AbortedTransactions(fetched.aborted)
  const found: Array<Section> = []
  let next = from
  let at = 0
  while (at + headerLength <= batches.length) {
    const end = at + 12 + batches.readInt32BE(at + 8)
    if (end > batches.length) break
    const baseOffset = Number(batches.readBigInt64BE(at))
    const attributes = check(batches, at, end, baseOffset)
    const last = baseOffset + batches.readInt32BE(at + 23)
    if (aborted.takes(batches, at, attributes, baseOffset)) found.push(section(batches, at, end, attributes, baseOffset))
    next = Math.max(next, last + 1)
    at = end
  }
  return { sections: found, next }
}

/** The batch's attributes, if its form is known and its checksum right. */
const check = (batches: Buffer, at: number, end: number, baseOffset: number): number => {
  const magic = batches[at + 16]
  if (magic !== 2) throw new UnreadableBatch(`the batch at offset ${baseOffset} has the old message format ${magic}`)
  if (crc32c(batches.subarray(at + 21, end)) >>> 0 !== batches.readUInt32BE(at + 17)) {
    throw new UnreadableBatch(`the batch at offset ${baseOffset} is damaged: its checksum is wrong`)
  }
  return batches.readInt16BE(at + 21)
}

const section = (batches: Buffer, at: number, end: number, attributes: number, baseOffset: number): Section => {
  const codec = attributes & 7
  const start = at + headerLength
  const shared = {
    count: batches.readInt32BE(at + 57),
    baseOffset,
    baseTimestamp: Number(batches.readBigInt64BE(at + 27)),
    appendTime: (attributes & 8) === 0 ? null : Number(batches.readBigInt64BE(at + 35))
  }
  if (codec === 0) return { bytes: batches, start, end, ...shared }
  try {
    const bytes = decompress(codec, batches.subarray(start, end))
    return { bytes, start: 0, end: bytes.length, ...shared }
  } catch (cause) {
    throw new UnreadableBatch(`the batch at offset ${baseOffset} cannot be decompressed: ${String(cause)}`)
  }
}

/** Which batches are of transactions that were given up: from their first offset to the marker that ends them. */
class AbortedTransactions {
  readonly #begin: Array<Fetched["aborted"][number]>
  readonly #open = new Set<bigint>()

  constructor(aborted: Fetched["aborted"]) {
    this.#begin = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the records of the batch at `at` count. */
  takes(batches: Buffer, at: number, attributes: number, baseOffset: number): boolean {
    if ((attributes & 0x10) === 0) return (attributes & 0x20) === 0
    const producerId = batches.readBigInt64BE(at + 43)
    while (this.#begin[0] !== undefined && this.#begin[0].firstOffset <= baseOffset) {
      this.#open.add(this.#begin.shift()!.producerId)
    }
    if ((attributes & 0x20) === 0) return !this.#open.has(producerId)
    this.#open.delete(producerId)
    return false
  }
}

/**
 * Goes through the records of a section. What stands in its fields after `next()` is the record's, until the next
 * call; a length of -1 is "none". One instance serves all: no object a record.
 */
export class Cursor {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #left = 0
  #end = 0
  #section: Section | null = null
  offset = 0
  timestamp = 0
  keyStart = 0
  keyLength = -1
  valueStart = 0
  valueLength = -1
  /** Where the headers begin, and how many there are. */
  headersStart = 0
  headerCount = 0

  begin(section: Section): void {
    this.#section = section
    this.#bytes = section.bytes
    this.#at = section.start
    this.#left = section.count
  }

  next(): boolean {
    if (this.#left === 0 || this.#section === null) return false
    this.#left--
    const length = this.#varint()
    this.#end = this.#at + length
    this.#at++
    this.timestamp = this.#section.baseTimestamp + this.#varint()
    this.offset = this.#section.baseOffset + this.#varint()
    this.keyLength = this.#varint()
    this.keyStart = this.#at
    this.#at += Math.max(0, this.keyLength)
    this.valueLength = this.#varint()
    this.valueStart = this.#at
    this.#at += Math.max(0, this.valueLength)
    this.headerCount = this.#varint()
    this.headersStart = this.#at
    this.#at = this.#end
    return true
  }

  /** Calls for each header with the places of its name and value. */
  headers(each: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void): void {
    this.#at = this.headersStart
    for (let left = this.headerCount; left > 0; left--) {
      const nameLength = this.#varint()
      const nameStart = this.#at
      this.#at += nameLength
      const valueLength = this.#varint()
      const valueStart = this.#at
      this.#at += Math.max(0, valueLength)
      each(nameStart, nameStart + nameLength, valueStart, this.#at)
    }
    this.#at = this.#end
  }

  /** A zigzag varint; beyond 31 bits in floating point, which is exact for every time and offset there is. */
  #varint(): number {
    const bytes = this.#bytes
    let byte = bytes[this.#at++]!
    let low = byte & 0x7f
    let shift = 7
    while ((byte & 0x80) !== 0 && shift < 28) {
      byte = bytes[this.#at++]!
      low |= (byte & 0x7f) << shift
      shift += 7
    }
    if ((byte & 0x80) === 0) return (low >>> 1) ^ -(low & 1)
    let value = low
    let scale = 2 ** 28
    while ((byte & 0x80) !== 0) {
      byte = bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      scale *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
