/** A slot for each key: of a slice, of a window, or of a run of slices. */
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"

export class KeyedSlots {
  readonly #slots: AccumulatorTable
  #slotOf: Int32Array = new Int32Array(0)
  /** The keys that have a slot, in no particular order. */
  #keys: Array<number> = []

  constructor(slots: AccumulatorTable) {
    this.#slots = slots
  }

  get keys(): ReadonlyArray<number> {
    return this.#keys
  }

  /** The slots by key, -1 where a key has none, for loops over rows; {@link ensure} may replace the array. */
  get table(): Int32Array {
    return this.#slotOf
  }

  /** The key's slot, or -1. */
  get(key: number): number {
    return key < this.#slotOf.length ? this.#slotOf[key]! : -1
  }

  /** The key's slot, a fresh one where it had none. */
  ensure(key: number): number {
    if (key >= this.#slotOf.length) this.#grow(key)
    const known = this.#slotOf[key]!
    if (known !== -1) return known
    const slot = this.#slots.allocate()
    this.#slotOf[key] = slot
    this.#keys.push(key)
    return slot
  }

  /** Gives every slot back. */
  clear(): void {
    for (const key of this.#keys) {
      this.#slots.release(this.#slotOf[key]!)
      this.#slotOf[key] = -1
    }
    this.#keys = []
  }

  /** Gives back the slots of the keys for which a condition does not hold. */
  retain(wanted: (slot: number) => boolean): void {
    this.#keys = this.#keys.filter((key) => {
      const slot = this.#slotOf[key]!
      if (wanted(slot)) return true
      this.#slots.release(slot)
      this.#slotOf[key] = -1
      return false
    })
  }

  /** The same slots under other numbers for the keys. */
  renumber(numberOf: (key: number) => number): void {
    const slots = this.#keys.map((key) => [numberOf(key), this.#slotOf[key]!] as const)
    this.#slotOf = new Int32Array(0)
    this.#keys = []
    for (const [key, slot] of slots) {
      if (key >= this.#slotOf.length) this.#grow(key)
      this.#slotOf[key] = slot
      this.#keys.push(key)
    }
  }

  #grow(key: number): void {
    const larger = new Int32Array(Math.max(16, 1 << (32 - Math.clz32(key)))).fill(-1)
    larger.set(this.#slotOf)
    this.#slotOf = larger
  }
}
