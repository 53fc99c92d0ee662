/**
 * From the CSV text of a recorded session (`symbol,time_ms,price,size,flags,price_forming,counted`)
 * to records, cut wherever the replay has to wait. It works on bytes: a row's fields are
 * copied between the names of a JSON object and only its time is ever read as a number.
 */
import { type Chunk, Kind } from "../../streams/records/Records.ts"
import * as Prints from "./Prints.ts"

/** A run of rows that are due at the same moment of the replay. */
export interface Slice {
  readonly chunk: Chunk
  /** Due when so many slices' width of event time have gone by since the first row; 0 is at once. */
  readonly index: number
}

export interface Slicer {
  /** The slices that are complete with these bytes. They may end in the middle of a row. */
  readonly push: (bytes: Uint8Array) => Array<Slice>
  /** What is left at the end of the text. */
  readonly end: () => Array<Slice>
}

/** Records a chunk holds at most. */
export const chunkLimit = 4_096

/**
 * Leaves out the first `skip` rows. Rows up to `from`, or up to the first one that is not
 * left out where that is later, are due at once; the others in slices of `width` milliseconds
 * of event time. A slice is due at its end, so that no row comes early.
 */
export const make = ({ from, skip, width }: {
  readonly from: number
  readonly skip: number
  readonly width: number
}): Slicer => {
  const header = 1
  let linesToSkip = skip + header
  let sent = skip
  let origin: number | undefined
  let index = 0
  let rest = new Uint8Array(0)
  const page = makePage()

  const seal = (): Slice => {
    sent += page.length()
    return { chunk: page.take(String(sent)), index }
  }

  const push = (bytes: Uint8Array): Array<Slice> => {
    const slices: Array<Slice> = []
    const text = rest.length === 0 ? bytes : concat(rest, bytes)
    let start = 0
    for (let end = text.indexOf(newline); end !== -1; end = text.indexOf(newline, start)) {
      if (linesToSkip > 0) {
        linesToSkip--
      } else {
        const row = rowAt(text, start, end)
        const { time } = row
        origin ??= Math.max(from, time)
        const due = time <= origin ? 0 : Math.ceil((time - origin) / width)
        if (page.length() > 0 && (due > index || page.length() === chunkLimit)) slices.push(seal())
        index = Math.max(index, due)
        page.write(text, row)
      }
      start = end + 1
    }
    rest = text.slice(start)
    return slices
  }

  const end = (): Array<Slice> => {
    const slices = rest.length === 0 ? [] : push(Uint8Array.of(newline))
    return page.length() === 0 ? slices : [...slices, seal()]
  }

  return { push, end }
}

/** A row of the text. */
interface Row {
  readonly start: number
  /** Where its symbol, time, price and size end. */
  readonly ends: readonly [symbol: number, time: number, price: number, size: number]
  /** Its last byte, which says whether it is counted; the one before the comma before it, whether it forms a price. */
  readonly last: number
  /** The time that it counts at. */
  readonly time: number
  readonly isMoved: boolean
  readonly isBelated: boolean
}

const rowAt = (text: Uint8Array, start: number, end: number): Row => {
  const symbolEnd = text.indexOf(comma, start)
  const timeEnd = text.indexOf(comma, symbolEnd + 1)
  const priceEnd = text.indexOf(comma, timeEnd + 1)
  const sizeEnd = text.indexOf(comma, priceEnd + 1)
  const stamp = digits(text, symbolEnd + 1, timeEnd)
  const flags = printAt(text, sizeEnd + 1)
  return {
    start,
    ends: [symbolEnd, timeEnd, priceEnd, sizeEnd],
    last: end - 1,
    time: flags === null ? stamp : Prints.timeOf(flags, stamp),
    isMoved: flags !== null,
    isBelated: flags !== null && Prints.isBelated(flags, stamp)
  }
}

/** The flags that begin at a place, where they are those of an opening or a closing print. */
const printAt = (text: Uint8Array, at: number): typeof Prints.opening | typeof Prints.closing | null => {
  if (text[at + 1] !== zero || text[at + 2] !== comma) return null
  if (text[at] === four) return Prints.opening
  return text[at] === eight ? Prints.closing : null
}

/** The records of the chunk that is being filled; its buffer is used again for the next one. */
const makePage = () => {
  let bytes = new Uint8Array(64 * 1_024)
  const starts = new Int32Array(chunkLimit)
  const ends = new Int32Array(chunkLimit)
  let length = 0
  let at = 0

  const put = (source: Uint8Array, from: number, to: number) => {
    for (let i = from; i < to; i++) bytes[at++] = source[i] ?? 0
  }
  const putAll = (source: Uint8Array) => put(source, 0, source.length)

  const putText = (value: string) => {
    for (let i = 0; i < value.length; i++) bytes[at++] = value.charCodeAt(i)
  }

  const write = (text: Uint8Array, { ends: [symbolEnd, timeEnd, priceEnd, sizeEnd], isBelated, isMoved, last, start, time }: Row) => {
    if (at + (last - start) + namesLength > bytes.length) bytes = concat(bytes, new Uint8Array(bytes.length))
    starts[length] = at
    putAll(names.symbol)
    put(text, start, symbolEnd)
    putAll(names.time)
    if (isMoved) putText(String(time))
    else put(text, symbolEnd + 1, timeEnd)
    putAll(names.price)
    put(text, timeEnd + 1, priceEnd)
    putAll(names.size)
    put(text, priceEnd + 1, sizeEnd)
    if (text[last - 2] === zero) putAll(names.notPriceForming)
    if (isBelated) putAll(names.notLast)
    if (text[last] === zero) putAll(names.notCounted)
    putAll(names.end)
    ends[length++] = at
  }

  const take = (position: string): Chunk => {
    const chunk = {
      length,
      bytes: bytes.slice(0, at),
      starts: starts.slice(0, length),
      ends: ends.slice(0, length),
      kinds: new Uint8Array(length).fill(Kind.event),
      position
    }
    length = 0
    at = 0
    return chunk
  }

  return { length: () => length, take, write }
}

const encoder = new TextEncoder()

const names = {
  symbol: encoder.encode(`{"symbol":"`),
  time: encoder.encode(`","time":`),
  price: encoder.encode(`,"price":"`),
  size: encoder.encode(`","size":`),
  notPriceForming: encoder.encode(`,"priceForming":false`),
  notLast: encoder.encode(`,"updatesLast":false`),
  notCounted: encoder.encode(`,"updatesVolume":false`),
  end: encoder.encode(`}`)
}

const namesLength = Object.values(names).reduce((length, name) => length + name.length, 0)

const newline = 10
const comma = 44
const zero = 48
const four = 52
const eight = 56

const digits = (text: Uint8Array, from: number, to: number): number => {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + ((text[i] ?? zero) - zero)
  return value
}

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
