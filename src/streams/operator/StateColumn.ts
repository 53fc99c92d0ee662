/**
 * Columns of a snapshot as JSON, small and quick: integers as their distances from the smallest, in as few bytes as these
 * take, other numbers as doubles, both in base64; strings by their number among the different ones.
 */
import type { Schema } from "effect"

type Json = Schema.Json

/** `base` is what is added to each; `bytes` is 0 where all are that, and 8 for doubles, which have none. */
interface Numbers {
  readonly base: number
  readonly bytes: 0 | 1 | 2 | 4 | 8
  readonly data: string
}

export const encodeNumbers = (values: Float64Array): Json => {
  const [smallest, largest] = rangeOf(values) ?? [0, NaN]
  const bytes = bytesFor(largest - smallest)
  const data = new Uint8Array(values.length * bytes)
  const view = new DataView(data.buffer)
  const base = bytes === 8 ? 0 : smallest
  for (let i = 0; i < values.length; i++) write(view, i * bytes, bytes, values[i]! - base)
  return { base, bytes, data: base64(data) }
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

const write = (view: DataView, at: number, bytes: Numbers["bytes"], value: number): void => {
  if (bytes === 1) view.setUint8(at, value)
  else if (bytes === 2) view.setUint16(at, value, true)
  else if (bytes === 4) view.setUint32(at, value, true)
  else if (bytes === 8) view.setFloat64(at, value, true)
}

const readWhole = (view: DataView, at: number, bytes: 0 | 1 | 2 | 4): number => {
  if (bytes === 1) return view.getUint8(at)
  if (bytes === 2) return view.getUint16(at, true)
  return bytes === 4 ? view.getUint32(at, true) : 0
}

/** `null` where the column is damaged. */
export const decodeNumbers = (column: unknown, entries: number): Float64Array | null => {
  if (!isNumbers(column)) return null
  const { base, bytes, data } = column
  const decoded = Buffer.from(data, "base64")
  // What is no base64 is left out by the decoder, so that the length or the way back tells.
  if (decoded.length !== entries * bytes || decoded.toString("base64") !== data) return null
  const view = new DataView(decoded.buffer, decoded.byteOffset, decoded.length)
  const values = new Float64Array(entries)
  // Added to nothing, -0 would be 0.
  for (let i = 0; i < entries; i++) values[i] = bytes === 8 ? view.getFloat64(i * 8, true) : base + readWhole(view, i * bytes, bytes)
  return values
}

const isNumbers = (column: unknown): column is Numbers => {
  if (typeof column !== "object" || column === null) return false
  const { base, bytes, data } = column as Partial<Record<keyof Numbers, unknown>> // Each member is looked at here.
  return typeof base === "number" && Number.isSafeInteger(base) && typeof data === "string" &&
    (bytes === 0 || bytes === 1 || bytes === 2 || bytes === 4 || (bytes === 8 && base === 0))
}

export const encodeStrings = (values: ReadonlyArray<string | null>): Json => {
  const numbers = new Map<string | null, number>()
  const places = Float64Array.from(values, (value) => {
    const known = numbers.get(value)
    if (known !== undefined) return known
    numbers.set(value, numbers.size)
    return numbers.size - 1
  })
  const different = [...numbers.keys()]
  // Where no two are the same their places say nothing.
  return different.length === values.length ? { different } : { different, places: encodeNumbers(places) }
}

/** `null` where the column is damaged. */
export const decodeStrings = (column: unknown, entries: number): ReadonlyArray<string | null> | null => {
  if (typeof column !== "object" || column === null || !("different" in column) || !Array.isArray(column.different)) return null
  const different: ReadonlyArray<unknown> = column.different
  if (!different.every((value) => value === null || typeof value === "string")) return null
  if (!("places" in column)) return different.length === entries ? different : null
  const places = decodeNumbers(column.places, entries)
  if (places === null) return null
  const values: Array<string | null> = []
  for (const place of places) {
    const value = different[place]
    if (value === undefined) return null
    values.push(value)
  }
  return values
}

const base64 = (data: Uint8Array): string => Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64")
