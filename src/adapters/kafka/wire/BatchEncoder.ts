/**
 * Messages as one record batch, written byte by byte (message format 2:
 * https://kafka.apache.org/documentation/#recordbatch). The counterpart of `RecordBatches`: with the libraries' own
 * encoders an append costs three times as much.
 */
import { crc32c } from "@platformatic/wasm-utils"
import type { Message } from "../client/Client.ts"

/** Who sends a batch, and the number of its first record among all that this producer sends to the partition. */
export interface Numbering {
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
}

const headerLength = 61
/** Varints of a record that are not counted exactly: six lengths and deltas of at most 5 bytes, and a time's 10. */
const recordOverhead = 1 + 6 * 5 + 10
/** The two lengths of a header. */
const headerOverhead = 2 * 5

/** The messages' batch, uncompressed. There has to be at least one message. */
export const encode = (messages: ReadonlyArray<Message>, { epoch, producerId, sequence }: Numbering): Buffer => {
  const headers = new HeaderBlocks()
  const blocks = messages.map((message) => headers.of(message.headers))
  const bound = messages.reduce((sum, message, index) => sum + boundOf(message, blocks[index]!), headerLength)
  const target = new Target(bound)
  const baseTimestamp = messages[0]?.timestamp ?? 0
  let maxTimestamp = baseTimestamp
  target.at = headerLength
  for (const [index, message] of messages.entries()) {
    record(target, message, index, baseTimestamp, blocks[index]!)
    if (message.timestamp > maxTimestamp) maxTimestamp = message.timestamp
  }
  const batch = target.bytes.subarray(0, target.at)
  batch.writeBigInt64BE(0n, 0) // offsets are the broker's
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12) // the leader's epoch is not known
  batch.writeInt8(2, 16)
  batch.writeInt16BE(0, 21) // neither compressed nor of a transaction
  batch.writeInt32BE(messages.length - 1, 23)
  batch.writeBigInt64BE(BigInt(baseTimestamp), 27)
  batch.writeBigInt64BE(BigInt(maxTimestamp), 35)
  batch.writeBigInt64BE(producerId, 43)
  batch.writeInt16BE(epoch, 51)
  batch.writeInt32BE(sequence, 53)
  batch.writeInt32BE(messages.length, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
  return batch
}

const boundOf = ({ key, value }: Message, headers: Buffer): number =>
  recordOverhead + (key?.length ?? 0) + (value?.length ?? 0) + headers.length

const record = (target: Target, { key, timestamp, value }: Message, index: number, base: number, headers: Buffer) => {
  const delta = timestamp - base
  const length = 1 + sizeOf(delta) + sizeOf(index) + sizeOfBytes(key) + sizeOfBytes(value) + headers.length
  target.varint(length)
  target.bytes[target.at++] = 0 // no attributes
  target.varint(delta)
  target.varint(index)
  target.sized(key)
  target.sized(value)
  target.raw(headers)
}

/** The headers of a record with their count, as bytes. Most messages share theirs with the one before. */
class HeaderBlocks {
  #last: Message["headers"] | null = null
  #block: Buffer = Buffer.alloc(0)

  of(headers: Message["headers"]): Buffer {
    if (headers === this.#last) return this.#block
    this.#last = headers
    const parts = Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const)
    const bound = parts.reduce((sum, [name, text]) => sum + name.length + text.length + headerOverhead, 5)
    const target = new Target(bound)
    target.varint(parts.length)
    for (const [name, text] of parts) {
      target.sized(name)
      target.sized(text)
    }
    this.#block = target.bytes.subarray(0, target.at)
    return this.#block
  }
}

class Target {
  readonly bytes: Buffer
  at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** A zigzag varint of any whole number that a double holds exactly. */
  varint(value: number): void {
    let rest = zigzag(value)
    const { bytes } = this
    while (rest >= 2 ** 28) {
      bytes[this.at++] = rest % 128 | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      bytes[this.at++] = rest & 0x7f | 0x80
      rest >>>= 7
    }
    bytes[this.at++] = rest
  }

  /** Bytes behind their length, which is -1 for none. */
  sized(value: Uint8Array | null): void {
    this.varint(value === null ? -1 : value.length)
    if (value !== null) this.raw(value)
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.at)
    this.at += value.length
  }
}

const zigzag = (value: number): number => value < 0 ? -2 * value - 1 : 2 * value

const sizeOf = (value: number): number => {
  let size = 1
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 128)) size++
  return size
}

const sizeOfBytes = (value: Uint8Array | null): number => value === null ? 1 : sizeOf(value.length) + value.length
