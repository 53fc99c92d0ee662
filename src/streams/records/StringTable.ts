/**
 * The numbers of texts by their bytes: open addressing over a hash of the bytes, so that a
 * known text costs neither a string nor a `Map` look-up. It stops growing at a bound;
 * texts beyond it take the longer way through the dictionary.
 */
export class StringTable {
  #slots = new Int32Array(256).fill(-1)
  readonly #texts: Array<Uint8Array> = []
  readonly #numbers: Array<number> = []

  find(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash(bytes, from, to) & mask;; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === -1) return -1
      if (same(this.#texts[entry]!, bytes, from, to)) return this.#numbers[entry]!
    }
  }

  add(bytes: Uint8Array, from: number, to: number, number: number): void {
    if (this.#texts.length >= 1 << 17) return
    if (this.#texts.length * 2 >= this.#slots.length) this.#grow()
    this.#texts.push(bytes.slice(from, to))
    this.#numbers.push(number)
    this.#place(this.#texts.length - 1)
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1)
    for (let entry = 0; entry < this.#texts.length; entry++) this.#place(entry)
  }

  #place(entry: number): void {
    const text = this.#texts[entry]!
    const mask = this.#slots.length - 1
    let slot = hash(text, 0, text.length) & mask
    while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
    this.#slots[slot] = entry
  }
}

const hash = (bytes: Uint8Array, from: number, to: number): number => {
  let value = 0x811c9dc5
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

const same = (text: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean => {
  if (text.length !== to - from) return false
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false
  return true
}
