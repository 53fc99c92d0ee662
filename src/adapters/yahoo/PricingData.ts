/**
 * The message of Yahoo Finance's streamer: a protocol-buffers `PricingData`, as yahoo-finance2
 * and yfinance describe it. Field numbers are the protocol's; only the fields that are used
 * here are read, all others are skipped by their wire type.
 */
import { Option } from "effect"

export interface PricingData {
  readonly id: string
  /** A float32. */
  readonly price: number
  /** Milliseconds since the epoch. */
  readonly time: number
  /** 0 before the market opens, {@link regularHours}, 2 after it has closed, 3 for extended hours. */
  readonly marketHours: number | undefined
  /** Units traded so far in the session; absent from messages that carry none. */
  readonly dayVolume: number | undefined
}

export const regularHours = 1

/** The message, or nothing where the bytes are no such message or lack its id, price or time. */
export const decode = (bytes: Uint8Array): Option.Option<PricingData> => {
  const fields = readFields(bytes)
  if (fields === undefined) return Option.none()
  const id = fields.get(1)
  const price = fields.get(2)
  const time = signed(fields.get(3))
  if (!(id instanceof Uint8Array) || typeof price !== "number" || time === undefined) return Option.none()
  if (!Number.isFinite(price)) return Option.none()
  return Option.some({
    id: textDecoder.decode(id),
    price,
    time,
    marketHours: unsigned(fields.get(7)),
    dayVolume: signed(fields.get(9))
  })
}

const textDecoder = new TextDecoder()

/** A varint as a bigint, a float32 as a number, a string or message as its bytes. */
type Field = bigint | number | Uint8Array

/** The fields by number, the last of each; nothing where the bytes end within one. */
const readFields = (bytes: Uint8Array): Map<number, Field> | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields = new Map<number, Field>()
  let at = 0

  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return undefined
  }

  while (at < bytes.length) {
    const tag = varint()
    if (tag === undefined) return undefined
    const field = Number(tag >> 3n)
    const wireType = Number(tag & 7n)
    if (wireType === 0) {
      const value = varint()
      if (value === undefined) return undefined
      fields.set(field, value)
      continue
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? Number(varint() ?? -1) : -1
    if (length < 0 || at + length > bytes.length) return undefined
    if (wireType === 2) fields.set(field, bytes.subarray(at, at + length))
    if (wireType === 5) fields.set(field, view.getFloat32(at, true))
    at += length
  }
  return fields
}

/** A `sint64`: zigzag, so that 0, -1, 1, -2 are sent as 0, 1, 2, 3. */
const signed = (field: Field | undefined): number | undefined =>
  typeof field === "bigint" ? Number((field >> 1n) ^ -(field & 1n)) : undefined

const unsigned = (field: Field | undefined): number | undefined =>
  typeof field === "bigint" ? Number(field) : undefined
