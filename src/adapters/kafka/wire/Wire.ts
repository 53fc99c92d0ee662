/** The protocol's primitive types as bytes (https://kafka.apache.org/protocol#protocol_types). */
export const int16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2)
  buffer.writeInt16BE(value)
  return buffer
}

export const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

export const int64 = (value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(BigInt(value))
  return buffer
}

export const text = (value: string): Buffer => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])

export const bytes = (value: Buffer): Buffer => Buffer.concat([int32(value.length), value])

/** A text and where it ends; none is the empty text. */
export const textAt = (body: Buffer, at: number): readonly [text: string, end: number] => {
  const end = at + 2 + Math.max(0, body.readInt16BE(at))
  return [body.toString("utf8", at + 2, end), end]
}

/** From here on what flexible versions have (KIP-482): lengths and counts are one more than they say, and 0 is none. */
export const unsignedVarint = (value: number): Buffer => {
  const written: Array<number> = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) written.push((rest & 0x7f) | 0x80)
  return Buffer.of(...written, rest)
}

export const compactText = (value: string): Buffer =>
  Buffer.concat([unsignedVarint(Buffer.byteLength(value) + 1), Buffer.from(value)])

/** The end of every structure. We have nothing to add to what the version says. */
export const noTags = Buffer.of(0)

/** From 32 hexadecimal digits; of no topic in particular without. */
export const topicId = (id: string | null): Buffer => id === null ? Buffer.alloc(16) : Buffer.from(id, "hex")

/** Reads a body of a flexible version from its beginning to its end. */
export class FlexibleReader {
  readonly #body: Buffer
  #at = 0

  constructor(body: Buffer) {
    this.#body = body
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  int16(): number {
    return this.#body.readInt16BE((this.#at += 2) - 2)
  }

  int32(): number {
    return this.#body.readInt32BE((this.#at += 4) - 4)
  }

  int64(): bigint {
    return this.#body.readBigInt64BE((this.#at += 8) - 8)
  }

  /** How many members follow; 0 where there is no array. */
  count(): number {
    return Math.max(0, this.#varint() - 1)
  }

  forEach(member: () => void): void {
    for (let count = this.count(); count > 0; count--) member()
  }

  /** A part of the body, uncopied; empty where there is none. */
  bytes(): Buffer {
    const length = this.count()
    return this.#body.subarray(this.#at, this.#at += length)
  }

  text(): string {
    return this.bytes().toString()
  }

  topicId(): string {
    return this.#body.toString("hex", this.#at, this.#at += 16)
  }

  /** What a later broker adds to a structure is passed over. */
  tags(): void {
    for (let count = this.#varint(); count > 0; count--) {
      this.#varint()
      this.skip(this.#varint())
    }
  }

  #varint(): number {
    let value = 0
    for (let shift = 0;; shift += 7) {
      const byte = this.#body.readUInt8(this.#at++)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
}
