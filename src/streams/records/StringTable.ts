/**
 * The numbers of texts by their bytes: open addressing over a hash of the bytes, so that a
 * known text costs neither a string nor a `Map` look-up. It stops growing at a bound;
 * texts beyond it take the longer way through the dictionary.
 */
const mostTexts = 1 << 17
const mostBytes = 1 << 26

export class StringTable {
  #slots = new Int32Array(256).fill(-1)
  #length = 0
  /** The texts one behind the other: most of a column's may be new, and an array for each would cost more than reading it. */
  #bytes = new Uint8Array(1_024)
  /** Of each text; the last entry is where the next begins. */
  #starts = new Int32Array(129)
  #hashes = new Int32Array(128)
  #numbers = new Int32Array(128)
  /** Where the text ends that was looked for last. */
  to = -1

  /** It takes no more: what is found is still found. */
  get isFull(): boolean {
    return this.#length >= mostTexts
  }

  /** The number of the text that begins at `from`, or -1. Where it ends is in {@link to} then, -1 where it is no plain text. */
  find(bytes: Uint8Array, from: number, end: number): number {
    let hashed = seed
    let at = from
    let byte = 0
    // Looking for the end and hashing in one go: this is done for each text of each record.
    while (at < end && standsForItself[byte = bytes[at]!] === 1) {
      hashed = Math.imul(hashed ^ byte, prime)
      at++
    }
    this.to = at < end && byte === quote ? at : -1
    if (this.to === -1) return -1
    hashed ^= hashed >>> 15
    const mask = this.#slots.length - 1
    for (let slot = hashed & mask;; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === -1) return -1
      if (this.#hashes[entry] === hashed && this.#isText(entry, bytes, from, at)) return this.#numbers[entry]!
    }
  }

  add(bytes: Uint8Array, from: number, to: number, number: number): void {
    const entry = this.#length
    const start = this.#starts[entry]!
    const end = start + to - from
    if (entry >= mostTexts || end > mostBytes) return
    if (entry * 2 >= this.#slots.length) this.#grow()
    if (end > this.#bytes.length) this.#bytes = longer(this.#bytes, new Uint8Array(end * 2))
    for (let at = start, byte = from; byte < to; byte++) this.#bytes[at++] = bytes[byte]!
    this.#starts[entry + 1] = end
    this.#hashes[entry] = hash(bytes, from, to)
    this.#numbers[entry] = number
    this.#length++
    this.#place(entry)
  }

  #grow(): void {
    const size = this.#slots.length * 2
    this.#starts = longer(this.#starts, new Int32Array(size + 1))
    this.#hashes = longer(this.#hashes, new Int32Array(size))
    this.#numbers = longer(this.#numbers, new Int32Array(size))
    this.#slots = new Int32Array(size * 2).fill(-1)
    for (let entry = 0; entry < this.#length; entry++) this.#place(entry)
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes[entry]! & mask
    while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
    this.#slots[slot] = entry
  }

  #isText(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[entry]!
    if (this.#starts[entry + 1]! - start !== to - from) return false
    const known = this.#bytes
    for (let at = start, byte = from; byte < to; byte++) if (known[at++] !== bytes[byte]) return false
    return true
  }
}

const longer = <A extends Int32Array | Uint8Array>(of: A, into: A): A => {
  into.set(of)
  return into
}

const seed = 0x811c9dc5
const prime = 0x01000193

/** As a 32-bit integer, as it is kept. */
const hash = (bytes: Uint8Array, from: number, to: number): number => {
  let value = seed
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i]!, prime)
  return value ^ (value >>> 15)
}

const quote = 34
const backslash = 92

/** The closing quote of a text of ASCII without escapes and control characters, or -1. */
export const endOfText = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  while (at < end && standsForItself[bytes[at]!] === 1) at++
  return at < end && bytes[at] === quote ? at : -1
}

/** By byte whether it may be in a text as it is. */
const standsForItself = Uint8Array.from({ length: 256 }, (_, byte) => byte >= 32 && byte <= 126 && byte !== quote && byte !== backslash ? 1 : 0)
