/** Writes the streamer's messages, with fields between that the reader has to skip. */
import type { PricingData } from "../../../src/adapters/yahoo/PricingData.ts"

export const encode = (message: PricingData): Uint8Array => {
  const out: Array<number> = []
  const varint = (value: bigint) => {
    let rest = value
    while (rest > 0x7fn) {
      out.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    out.push(Number(rest))
  }
  const tag = (field: number, wireType: number) => varint(BigInt(field * 8 + wireType))
  const text = (field: number, value: string) => {
    const bytes = new TextEncoder().encode(value)
    tag(field, 2)
    varint(BigInt(bytes.length))
    out.push(...bytes)
  }
  const float = (field: number, value: number) => {
    tag(field, 5)
    out.push(...new Uint8Array(Float32Array.of(value).buffer))
  }
  const unsigned = (field: number, value: number | undefined) => {
    if (value === undefined) return
    tag(field, 0)
    varint(BigInt(value))
  }
  const signed = (field: number, value: number | undefined) => {
    if (value === undefined) return
    tag(field, 0)
    varint(value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n)
  }
  text(1, message.id)
  float(2, message.price)
  signed(3, message.time)
  text(5, "NMS")
  unsigned(6, 8)
  unsigned(7, message.marketHours)
  float(8, -0.5)
  signed(9, message.dayVolume)
  signed(27, 2)
  tag(33, 1)
  out.push(0, 0, 0, 0, 0, 0, 0, 1)
  return Uint8Array.from(out)
}

export const frameOf = (message: PricingData): string =>
  JSON.stringify({ type: "pricing", message: Buffer.from(encode(message)).toString("base64") })
