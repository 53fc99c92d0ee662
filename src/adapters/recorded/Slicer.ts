/**
 * From the CSV text of a recorded session (`symbol,time_ms,price,size,price_forming`) to
 * records, cut wherever the replay has to wait. It works on bytes: a row's fields are
 * copied between the names of a JSON object and only its time is ever read as a number.
 */
import { type Chunk, Kind } from "../../streams/records/Records.ts"

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
        const symbolEnd = text.indexOf(comma, start)
        const timeEnd = text.indexOf(comma, symbolEnd + 1)
        const time = digits(text, symbolEnd + 1, timeEnd)
        origin ??= Math.max(from, time)
        const due = time <= origin ? 0 : Math.ceil((time - origin) / width)
        if (page.length() > 0 && (due > index || page.length() === chunkLimit)) slices.push(seal())
        index = Math.max(index, due)
        page.write(text, start, symbolEnd, timeEnd, end)
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

  /** One row of the text: symbol, time, price and size, and 0 or 1 as its last byte. */
  const write = (text: Uint8Array, start: number, symbolEnd: number, timeEnd: number, end: number) => {
    const priceEnd = text.indexOf(comma, timeEnd + 1)
    const sizeEnd = text.indexOf(comma, priceEnd + 1)
    if (at + (end - start) + namesLength > bytes.length) bytes = concat(bytes, new Uint8Array(bytes.length))
    starts[length] = at
    putAll(names.symbol)
    put(text, start, symbolEnd)
    putAll(names.time)
    put(text, symbolEnd + 1, timeEnd)
    putAll(names.price)
    put(text, timeEnd + 1, priceEnd)
    putAll(names.size)
    put(text, priceEnd + 1, sizeEnd)
    putAll(text[sizeEnd + 1] === zero ? names.notPriceForming : names.end)
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
  notPriceForming: encoder.encode(`,"priceForming":false}`),
  end: encoder.encode(`}`)
}

const namesLength = Object.values(names).reduce((length, name) => length + name.length, 0)

const newline = 10
const comma = 44
const zero = 48

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
