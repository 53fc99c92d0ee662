/**
 * A decoder written out by hand for the trades of the recorded session, their fields in one order: what reading a line takes at
 * least. It recognises nothing else, and says so.
 */
import { ticks } from "../src/analytics/ticks.ts"
import * as Batch from "../src/streams/records/Batch.ts"

const codes = (text: string): Uint8Array => new TextEncoder().encode(text)

const names = { symbol: codes("{\"symbol\":\""), time: codes("\",\"time\":"), price: codes(",\"price\":\""), size: codes("\",\"size\":"), end: codes("}") }
const [quote, point, zero] = [34, 46, 48]

const [symbolAt = NaN, timeAt = NaN, priceAt = NaN, sizeAt = NaN] = ["symbol", "time", "price", "size"].map((name) => Batch.indexOf(ticks.definition, name))
const absent = ticks.definition.columns.flatMap((_, column) => [symbolAt, timeAt, priceAt, sizeAt].includes(column) ? [] : [column])

const scale = 8

export class HandDecoder {
  readonly #dictionary: Batch.Dictionary
  /** Numbers of symbols by their characters, packed: up to six of them. */
  readonly #symbols = new Map<number, number>()

  constructor(dictionary: Batch.Dictionary) {
    this.#dictionary = dictionary
  }

  /** Whether it has added the record in `bytes[start, end)` as a row of the batch. */
  decode(bytes: Uint8Array, start: number, end: number, batch: Batch.Batch): boolean {
    const row = batch.length
    let at = start + names.symbol.length
    if (!isAt(bytes, start, names.symbol)) return false
    const symbolStart = at
    let packed = 0
    while (bytes[at] !== quote && at < end) packed = packed * 256 + bytes[at++]!
    const symbol = this.#numberOf(packed, bytes, symbolStart, at)
    if (!isAt(bytes, at, names.time)) return false
    at += names.time.length
    let time = 0
    for (let digit = bytes[at]! - zero; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) time = time * 10 + digit
    if (!isAt(bytes, at, names.price)) return false
    at += names.price.length
    let price = 0
    let decimals = -1
    for (; bytes[at] !== quote && at < end; at++) {
      if (bytes[at] === point) decimals = 0
      else {
        price = price * 10 + bytes[at]! - zero
        if (decimals >= 0) decimals++
      }
    }
    if (!isAt(bytes, at, names.size)) return false
    at += names.size.length
    let size = 0
    for (let digit = bytes[at]! - zero; digit >= 0 && digit <= 9; digit = bytes[++at]! - zero) size = size * 10 + digit
    if (!isAt(bytes, at, names.end) || at + names.end.length !== end) return false
    const { columns } = batch
    columns[symbolAt]![row] = batch.keys[row] = symbol
    columns[timeAt]![row] = batch.times[row] = time
    columns[priceAt]![row] = price * powers[scale - Math.max(0, decimals)]!
    columns[sizeAt]![row] = size * powers[scale]!
    for (let i = 0; i < absent.length; i++) columns[absent[i]!]![row] = NaN
    batch.length = row + 1
    return true
  }

  #numberOf(packed: number, bytes: Uint8Array, start: number, end: number): number {
    const known = this.#symbols.get(packed)
    if (known !== undefined) return known
    const number = this.#dictionary.numberOf(new TextDecoder().decode(bytes.subarray(start, end)))
    this.#symbols.set(packed, number)
    return number
  }
}

const powers = Array.from({ length: scale + 1 }, (_, exponent) => 10 ** exponent)

const isAt = (bytes: Uint8Array, at: number, expected: Uint8Array): boolean => {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false
  return true
}
