/**
 * Cuts a stream of bytes into lines, one record each, without looking at anything but line
 * breaks: a line ends with `\n`, or `\r\n`, or where the stream does; empty lines are left out.
 *
 * A piece of input gives one chunk, whose records lie in one buffer. What a piece ends with
 * is kept until its line break comes, and then put in front of the next piece.
 */
import { Stream } from "effect"
import type { Chunk } from "../../streams/records/Records.ts"

/** A line of more than `limit` bytes gives a record of its first `limit` bytes. */
export const toChunks = (limit: number) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Chunk, E, R> =>
  Stream.mapAccum(bytes, () => new Splitter(limit), (splitter, piece) => [splitter, splitter.push(piece)], {
    onHalt: (splitter) => splitter.finish()
  })

const newline = 10
const carriageReturn = 13

class Splitter {
  readonly #limit: number
  /** The beginning of a line whose end has not come yet: the first `#kept` bytes, at most one over the limit. */
  #pending: Buffer
  #kept = 0
  /** Room for the bounds of one piece's lines: each chunk gets a copy of its own size. */
  #starts = new Int32Array(4_096)
  #ends = new Int32Array(4_096)

  constructor(limit: number) {
    this.#limit = limit
    this.#pending = Buffer.alloc(Math.min(limit + 1, 65_536))
  }

  /** The lines that end in a piece. */
  push(piece: Uint8Array): ReadonlyArray<Chunk> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const last = bytes.lastIndexOf(newline)
    if (last === -1) {
      this.#keep(bytes)
      return []
    }
    const complete = this.#kept === 0 ? bytes.subarray(0, last + 1) : this.#completed(bytes, last + 1)
    this.#kept = 0
    this.#keep(bytes.subarray(last + 1))
    return this.#split(complete)
  }

  /** The last line, where the input ends without a line break. */
  finish(): ReadonlyArray<Chunk> {
    if (this.#kept === 0) return []
    const rest = this.#completed(Buffer.of(newline), 1)
    this.#kept = 0
    return this.#split(rest)
  }

  /** The kept beginning followed by the first `length` bytes of a piece, in a buffer that chunks may hold on to. */
  #completed(piece: Buffer, length: number): Buffer {
    return Buffer.concat([this.#pending.subarray(0, this.#kept), piece.subarray(0, length)])
  }

  /** One byte more than the limit is enough to know that a line is too long, and the rest may go. */
  #keep(bytes: Buffer): void {
    const wanted = Math.min(this.#kept + bytes.length, this.#limit + 1)
    if (wanted > this.#pending.length) {
      const larger = Buffer.alloc(Math.min(this.#limit + 1, Math.max(wanted, 2 * this.#pending.length)))
      this.#pending.copy(larger, 0, 0, this.#kept)
      this.#pending = larger
    }
    bytes.copy(this.#pending, this.#kept, 0, wanted - this.#kept)
    this.#kept = wanted
  }

  /** Every line of bytes that end with a line break. */
  #split(bytes: Buffer): ReadonlyArray<Chunk> {
    let length = 0
    for (let at = 0; at < bytes.length;) {
      const breakAt = bytes.indexOf(newline, at)
      // Before an empty line there is the line break of the last, or nothing.
      let end = bytes[breakAt - 1] === carriageReturn ? breakAt - 1 : breakAt
      if (end - at > this.#limit) end = at + this.#limit
      if (end > at) {
        if (length === this.#starts.length) this.#growBounds()
        this.#starts[length] = at
        this.#ends[length] = end
        length++
      }
      at = breakAt + 1
    }
    if (length === 0) return []
    return [{
      length,
      bytes,
      starts: this.#starts.slice(0, length),
      ends: this.#ends.slice(0, length),
      kinds: new Uint8Array(length)
    }]
  }

  #growBounds(): void {
    this.#starts = doubled(this.#starts)
    this.#ends = doubled(this.#ends)
  }
}

const doubled = (bounds: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(2 * bounds.length)
  larger.set(bounds)
  return larger
}
