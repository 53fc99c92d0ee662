/**
 * The numbers of texts by their bytes: open addressing over a hash of the bytes, so that a
 * known text costs neither a string nor a `Map` look-up. It stops growing at a bound;
 * texts beyond it take the longer way through the dictionary.
 *
 * Texts are hashed and compared as words of four bytes; the last word of each ends with zeros.
 */
const mostTexts = 1 << 17
const mostWords = 1 << 24

/** What is known of a text, side by side in one array; a place of which the number is -1 is free. */
const size = 4
const [hash, lengthInBytes, numberOf, firstWord] = [0, 1, 2, 3]

export class StringTable {
  #slots = new Int32Array(128 * size).fill(-1)
  #length = 0
  /** The texts one behind the other: most of a column's may be new, and an array for each would cost more than reading it. */
  #words = new Int32Array(128)
  /** Where the next begins among the words. */
  #end = 0
  /** Where the text ends that was found last. */
  to = -1

  /** It takes no more: what is found is still found. */
  get isFull(): boolean {
    return this.#length >= mostTexts
  }

  /**
   * The number of the text that begins at `from` and ends with the first quote before `end`, or -1. Where it ends is in {@link to}
   * then. Three bytes behind `end` are looked at, too. Only plain texts are ever added, so that one that is found is one.
   */
  find(view: DataView, from: number, end: number): number {
    let hashed = seed
    let at = from
    let word = 0
    let ending = 0
    // Looking for the end and hashing in one go: this is done for each text of each record.
    while (at < end) {
      word = view.getInt32(at, true)
      const other = word ^ quotes
      ending = (other - 0x01010101) & ~other & 0x80808080
      if (ending !== 0) break
      hashed = mixed(hashed, word)
      at += 4
    }
    // The lowest bit is that of the first quote, and all below its byte is the text's.
    ending &= -ending
    const to = at + ((31 - Math.clz32(ending)) >> 3)
    if (ending === 0 || to >= end) return -1
    word &= (ending >>> 7) - 1
    hashed = finished(mixed(hashed, word))
    const length = to - from
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = (hashed * size) & mask;; slot = (slot + size) & mask) {
      const number = slots[slot + numberOf]!
      if (number === -1) return -1
      if (slots[slot + hash] === hashed && slots[slot + lengthInBytes] === length && this.#isText(slots[slot + firstWord]!, view, from, to)) {
        this.to = to
        return number
      }
    }
  }

  add(bytes: Uint8Array, from: number, to: number, number: number): void {
    const start = this.#end
    const end = start + ((to - from) >> 2) + 1
    if (this.isFull || end > mostWords) return
    if (this.#length * 2 * size >= this.#slots.length) this.#grow()
    if (end > this.#words.length) {
      const words = new Int32Array(end * 2)
      words.set(this.#words)
      this.#words = words
    }
    let hashed = seed
    for (let word = start, at = from; word < end; word++) {
      for (let shift = 0; shift < 32 && at < to; shift += 8) this.#words[word]! |= bytes[at++]! << shift
      hashed = mixed(hashed, this.#words[word]!)
    }
    this.#end = end
    this.#length++
    this.#place(finished(hashed), to - from, number, start)
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Int32Array(before.length * 2).fill(-1)
    for (let slot = 0; slot < before.length; slot += size) {
      if (before[slot + numberOf] !== -1) this.#place(before[slot]!, before[slot + 1]!, before[slot + 2]!, before[slot + 3]!)
    }
  }

  #place(...text: readonly [hash: number, lengthInBytes: number, number: number, firstWord: number]): void {
    const mask = this.#slots.length - 1
    let slot = (text[hash]! * size) & mask
    while (this.#slots[slot + numberOf] !== -1) slot = (slot + size) & mask
    this.#slots.set(text, slot)
  }

  /** Whether the words before the last are those: no two last words give the same hash behind the same ones. */
  #isText(start: number, view: DataView, from: number, to: number): boolean {
    let word = start
    for (let at = from; at + 4 <= to; at += 4) if (this.#words[word++] !== view.getInt32(at, true)) return false
    return true
  }
}

const quotes = 0x22222222
const seed = 0x811c9dc5

const mixed = (hashed: number, word: number): number => {
  const product = Math.imul(hashed ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}

/** As a 32-bit integer, as it is kept. */
const finished = (hashed: number): number => {
  const product = Math.imul(hashed, 0x85ebca6b)
  return product ^ (product >>> 13)
}
