/**
 * Columns of a snapshot as bytes, small and quick: integers as their distances from the smallest, in as few bytes as these
 * take, other numbers as doubles; strings by their number among the different ones. What describes a column is JSON, the
 * numbers themselves stand in a payload beside it.
 */
import type { Schema } from "effect"

type Json = Schema.Json

/** Bytes one behind the other. */
export class Payload {
  readonly #pieces: Array<Uint8Array> = []
  length = 0

  /** Where they begin. */
  put(bytes: Uint8Array): number {
    const at = this.length
    this.#pieces.push(bytes)
    this.length += bytes.length
    return at
  }

  get pieces(): ReadonlyArray<Uint8Array> {
    return this.#pieces
  }
}

/** `base` is what is added to each; `bytes` is 0 where all are that, and 8 for doubles, which have none. */
interface Numbers {
  readonly base: number
  readonly bytes: 0 | 1 | 2 | 4 | 8
  /** Where they begin in the payload. */
  readonly at: number
}

export const encodeNumbers = (values: Float64Array, payload: Payload): Json => {
  const [smallest, largest] = rangeOf(values) ?? [0, NaN]
  const bytes = bytesFor(largest - smallest)
  if (bytes === 8) return { base: 0, bytes, at: payload.put(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) }
  return { base: smallest, bytes, at: payload.put(bytes === 0 ? new Uint8Array(0) : distances(values, smallest, bytes)) }
}

/** The smallest and the largest of integers; `null` where one is none, or is -0. */
const rangeOf = (values: Float64Array): readonly [number, number] | null => {
  if (values.length === 0) return [0, 0]
  let [smallest, largest] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isSafeInteger(value) || (value === 0 && 1 / value < 0)) return null
    if (value < smallest) smallest = value
    if (value > largest) largest = value
  }
  return [smallest, largest]
}

const bytesFor = (range: number): Numbers["bytes"] =>
  range === 0 ? 0 : range < 2 ** 8 ? 1 : range < 2 ** 16 ? 2 : range < 2 ** 32 ? 4 : 8

// Typed arrays have the byte order of the machine, which is the little-endian one wherever Node runs.
const arrayOf = (bytes: 1 | 2 | 4, buffer: ArrayBuffer): Uint8Array | Uint16Array | Uint32Array =>
  bytes === 1 ? new Uint8Array(buffer) : bytes === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer)

const distances = (values: Float64Array, base: number, bytes: 1 | 2 | 4): Uint8Array => {
  const buffer = new ArrayBuffer(values.length * bytes)
  const array = arrayOf(bytes, buffer)
  for (let i = 0; i < values.length; i++) array[i] = values[i]! - base
  return new Uint8Array(buffer)
}

/** `null` where the column is damaged. */
export const decodeNumbers = (column: unknown, entries: number, payload: Uint8Array): Float64Array | null => {
  if (!isNumbers(column)) return null
  const { at, base, bytes } = column
  if (at + entries * bytes > payload.length) return null
  if (bytes === 0) return new Float64Array(entries).fill(base)
  // A copy stands where its numbers are aligned.
  const buffer = new Uint8Array(payload.subarray(at, at + entries * bytes)).buffer
  if (bytes === 8) return new Float64Array(buffer)
  const array = arrayOf(bytes, buffer)
  const values = new Float64Array(entries)
  for (let i = 0; i < entries; i++) values[i] = base + array[i]!
  return values
}

const isNumbers = (column: unknown): column is Numbers => {
  if (typeof column !== "object" || column === null) return false
  const { at, base, bytes } = column as Partial<Record<keyof Numbers, unknown>> // Each member is looked at here.
  return typeof base === "number" && Number.isSafeInteger(base) && typeof at === "number" && Number.isSafeInteger(at) && at >= 0 &&
    (bytes === 0 || bytes === 1 || bytes === 2 || bytes === 4 || (bytes === 8 && base === 0))
}

export const encodeStrings = (values: ReadonlyArray<string | null>, payload: Payload): Json => {
  const numbers = new Map<string | null, number>()
  const places = Float64Array.from(values, (value) => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
  const different = [...numbers.keys()]
  // Where no two are the same their places say nothing.
  return different.length === values.length ? { different } : { different, places: encodeNumbers(places, payload) }
}

/** `null` where the column is damaged. */
export const decodeStrings = (column: unknown, entries: number, payload: Uint8Array): ReadonlyArray<string | null> | null => {
  if (typeof column !== "object" || column === null || !("different" in column) || !Array.isArray(column.different)) return null
  const different: ReadonlyArray<unknown> = column.different
  if (!different.every((value) => value === null || typeof value === "string")) return null
  if (!("places" in column)) return different.length === entries ? different : null
  const places = decodeNumbers(column.places, entries, payload)
  if (places === null) return null
  const values: Array<string | null> = []
  for (const place of places) {
    const value = different[place]
    if (value === undefined) return null
    values.push(value)
  }
  return values
}
