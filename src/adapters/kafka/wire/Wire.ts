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

export const int64 = (value: number): Buffer => {
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
