/**
 * Cuts a stream of bytes into lines, one record each, without looking at anything but line
 * breaks: a line ends with `\n`, or `\r\n`, or where the stream does; empty lines are left out.
 *
 * A piece of input gives one chunk, whose records lie in one buffer. What a piece ends with
 * is kept until its line break comes, and then put in front of the next piece.
 */
import { Stream } from "effect"
import { type Chunk, Kind } from "./Records.ts"

/** A line has at most so many bytes. Of a longer one the beginning becomes a dead letter, so that it does not fill the memory. */
export const lineLimit = 1_024 * 1_024

/**
 * A line of more than `limit` bytes gives a truncated record, of its first bytes: so many that they are a line over the
 * limit again wherever they are read as one.
 */
export const toChunks = (limit: number) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Chunk, E, R> =>
  Stream.mapAccum(bytes, () => new Splitter(limit), (splitter, piece) => [splitter, splitter.push(piece)], {
    onHalt: (splitter) => splitter.finish()
  })

/** Two bytes over the limit: one of them may be a carriage return, which belongs to a line's end where a line feed follows. */
const kept = 2

const newline = 10
const carriageReturn = 13

class Splitter {
  readonly #limit: number
  /** Bytes of a line that are looked at: those of a record, and the carriage return that may end it. */
  readonly #most: number
  /** The beginning of a line whose end has not come yet: the first `#kept` bytes of it. */
  #pending: Buffer
  #kept = 0
  /** Room for the bounds of one piece's lines: each chunk gets a copy of its own size. */
  #starts = new Int32Array(4_096)
  #ends = new Int32Array(4_096)

  constructor(limit: number) {
    this.#limit = limit
    this.#most = limit + kept + 1
    this.#pending = Buffer.alloc(Math.min(this.#most, 65_536))
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

  /** What goes beyond is of no use: it is known by then that the line is too long. */
  #keep(bytes: Buffer): void {
    const wanted = Math.min(this.#kept + bytes.length, this.#most)
    if (wanted > this.#pending.length) {
      const larger = Buffer.alloc(Math.min(this.#most, Math.max(wanted, 2 * this.#pending.length)))
      this.#pending.copy(larger, 0, 0, this.#kept)
      this.#pending = larger
    }
    bytes.copy(this.#pending, this.#kept, 0, wanted - this.#kept)
    this.#kept = wanted
  }

  /** Every line of bytes that end with a line break. */
  #split(bytes: Buffer): ReadonlyArray<Chunk> {
    let length = 0
    const truncated: Array<number> = []
    for (let at = 0; at < bytes.length;) {
      const breakAt = bytes.indexOf(newline, at)
      // Before an empty line there is the line break of the last, or nothing.
      let end = bytes[breakAt - 1] === carriageReturn ? breakAt - 1 : breakAt
      if (end - at > this.#limit) {
        end = Math.min(end, at + this.#limit + kept)
        truncated.push(length)
      }
      if (end > at) {
        if (length === this.#starts.length) this.#growBounds()
        this.#starts[length] = at
        this.#ends[length] = end
        length++
      }
      at = breakAt + 1
    }
    if (length === 0) return []
    const kinds = new Uint8Array(length)
    for (const index of truncated) kinds[index] = Kind.truncated
    return [{ length, bytes, starts: this.#starts.slice(0, length), ends: this.#ends.slice(0, length), kinds }]
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
