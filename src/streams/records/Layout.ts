/**
 * How a record looked: what stands before each of its values, and behind the last. Whoever writes a log mostly writes one
 * record like the other, and of one that looks the same nothing but the values has to be read.
 *
 * What stands there is compared as words of four bytes, the last of which may overlap the one before it.
 */

/** What is known of a value, or of the end behind the last one, side by side in one array. */
const size = 8
const [member, length, head, mask, tail, firstMiddle, endOfMiddles] = [0, 1, 2, 3, 4, 5, 6]

/** Bytes that may stand between two values; a record that has more there is not learnt. They are compared behind its end, too. */
export const longestBetween = 64

export class Layout {
  #known = new Int32Array(0)
  #middles = new Int32Array(0)
  /** Of each value that was noted its member, where it begins and where it ends. */
  #noted: Array<number> = []
  /** How many values there are; 0 while no record was learnt. */
  values = 0

  /** Another record is learnt, value by value. */
  begin(): void {
    this.values = 0
    this.#noted.length = 0
  }

  note(member: number, from: number, to: number): void {
    this.#noted.push(member, from, to)
  }

  /** The record in `bytes[start, end)` was read. One with objects in it is not learnt: they have values in values. */
  end(bytes: Uint8Array, start: number, end: number): void {
    const values = this.#noted.length / 3
    const middles: Array<number> = []
    this.#known = new Int32Array((values + 1) * size)
    let from = start
    for (let value = 0; value < values; value++) {
      const [of = 0, begins = 0, ends = 0] = this.#noted.slice(value * 3, value * 3 + 3)
      if (begins < from || begins - from > longestBetween) return
      this.#known[value * size + member] = of
      this.#keep(value * size, bytes.slice(from, begins), middles)
      from = ends
    }
    if (end - from > longestBetween) return
    this.#keep(values * size, bytes.slice(from, end), middles)
    this.#middles = Int32Array.from(middles)
    this.values = values
  }

  #keep(place: number, text: Uint8Array, middles: Array<number>): void {
    const padded = new Uint8Array(Math.max(4, text.length))
    padded.set(text)
    const view = new DataView(padded.buffer)
    const first = middles.length
    for (let at = 4; at < text.length - 4; at += 4) middles.push(view.getInt32(at, true))
    this.#known.set([
      text.length,
      view.getInt32(0, true),
      text.length >= 4 ? -1 : 2 ** (8 * text.length) - 1,
      view.getInt32(padded.length - 4, true),
      first,
      middles.length
    ], place + length)
  }

  /** Which member the value is. */
  memberOf(value: number): number {
    return this.#known[value * size + member]!
  }

  /** Where a value begins, or the record ends, if all before it looks the same from `from` on; else -1. */
  begins(value: number, view: DataView, from: number): number {
    const known = this.#known
    const place = value * size
    if ((view.getInt32(from, true) & known[place + mask]!) !== known[place + head]) return -1
    const to = from + known[place + length]!
    if (known[place + length]! <= 4) return to
    if (view.getInt32(to - 4, true) !== known[place + tail]) return -1
    const end = known[place + endOfMiddles]!
    let at = from + 4
    for (let word = known[place + firstMiddle]!; word < end; word++, at += 4) if (view.getInt32(at, true) !== this.#middles[word]) return -1
    return to
  }
}
