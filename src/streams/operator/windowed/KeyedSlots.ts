/** A slot for each key: of a slice, of a window, or of a run of slices. */
import { noSlot } from "../aggregates/Accumulator.ts"
import { type AccumulatorTable, owned, working } from "../aggregates/AccumulatorTable.ts"
import { areFew, few, isTired, type Work } from "../Work.ts"

/** The slice or window whose state slots are. */
export interface Home {
  /** Rows of a slice, or of a window that others of its slices must not have. */
  readonly table: "slices" | "late"
  readonly start: number
  readonly end: number
}

/**
 * What the keyed slots of a pipeline share: where their slots come from, how many they hold, and tables from slices that
 * are gone, so that a new slice with few keys does not cost as much as there are known keys.
 */
export class KeyedSlotsPool {
  readonly slots: AccumulatorTable
  /** Slots that are held by all together. */
  held = 0
  readonly #tables: Array<Int32Array> = []
  #lent = 0
  /** By slot; none for slots that are only worked with. */
  readonly #homes: Array<Home | null> = []
  #keys = new Int32Array(64)

  constructor(slots: AccumulatorTable) {
    this.slots = slots
  }

  ensure(home: Home | null, key: number): number {
    const slot = this.slots.allocate(home === null ? working : owned)
    this.held++
    this.#homes[slot] = home
    if (slot >= this.#keys.length) {
      const larger = new Int32Array(Math.max(slot + 1, Math.ceil(this.#keys.length * 1.25)))
      larger.set(this.#keys)
      this.#keys = larger
    }
    this.#keys[slot] = key
    return slot
  }

  release(slots: Int32Array): void {
    this.slots.releaseAll(slots)
    this.held -= slots.length
    for (let i = 0; i < slots.length; i++) this.#homes[slots[i]!] = null
  }

  renumber(slot: number, key: number): void {
    this.#keys[slot] = key
  }

  homeOf(slot: number): Home | null {
    return this.#homes[slot] ?? null
  }

  keyOf(slot: number): number {
    return this.#keys[slot]!
  }

  /** A table without slots that has room for a key. */
  tableFor(key: number): Int32Array {
    this.#lent++
    const known = this.#tables.pop()
    return known !== undefined && key < known.length ? known : empty(key)
  }

  /** Takes a table back that has been emptied. As many are kept as are lent. */
  giveBack(table: Int32Array): void {
    if (table.length === 0) return
    this.#lent--
    if (this.#tables.length <= this.#lent) this.#tables.push(table)
  }

  /** A table in place of one that has no room for a key. */
  larger(table: Int32Array, key: number): Int32Array {
    if (table.length === 0) return this.tableFor(key)
    const larger = empty(key)
    larger.set(table)
    return larger
  }
}

/** The table of no key: an array of its own takes as long to make as all else that a slice is. */
const noTable = new Int32Array(0)

const empty = (key: number): Int32Array => new Int32Array(Math.max(16, 1 << (32 - Math.clz32(key)))).fill(noSlot)

export class KeyedSlots {
  readonly #pool: KeyedSlotsPool
  readonly #home: Home | null
  #slotOf: Int32Array = noTable
  /** The keys that have a slot, in no particular order. */
  #keys: Array<number> = []

  /** Without a home they are worked with, and no checkpoint has them. */
  constructor(pool: KeyedSlotsPool, home: Home | null = null) {
    this.#pool = pool
    this.#home = home
  }

  get keys(): ReadonlyArray<number> {
    return this.#keys
  }

  /** The slots by key, {@link noSlot} where a key has none, for loops over rows; {@link ensure} may replace the array. */
  get table(): Int32Array {
    return this.#slotOf
  }

  /** The key's slot, or {@link noSlot}. */
  get(key: number): number {
    return key < this.#slotOf.length ? this.#slotOf[key]! : noSlot
  }

  /** The key's slot, a fresh one where it had none. */
  ensure(key: number): number {
    if (key >= this.#slotOf.length) this.#slotOf = this.#pool.larger(this.#slotOf, key)
    const known = this.#slotOf[key]!
    if (known !== noSlot) return known
    const slot = this.#pool.ensure(this.#home, key)
    this.#slotOf[key] = slot
    this.#keys.push(key)
    return slot
  }

  /** Gives every slot back: `null` where it has done so at once. */
  clear(): Work | null {
    if (!areFew(this.#keys.length)) return this.#clearMany()
    this.#release(this.#keys)
    this.#end()
    return null
  }

  *#clearMany(): Generator<void> {
    for (let done = 0; done < this.#keys.length; done += few) {
      this.#release(this.#keys.slice(done, done + few))
      yield
    }
    this.#end()
  }

  #end(): void {
    this.#pool.giveBack(this.#slotOf)
    this.#slotOf = noTable
    this.#keys = []
  }

  #release(keys: ReadonlyArray<number>): void {
    if (keys.length === 0) return
    const slots = new Int32Array(keys.length)
    for (let i = 0; i < keys.length; i++) {
      slots[i] = this.#slotOf[keys[i]!]!
      this.#slotOf[keys[i]!] = noSlot
    }
    this.#pool.release(slots)
  }

  /** Gives back the slots of the keys for which a condition does not hold: `null` where it has done so at once. */
  retain(wanted: (slot: number) => boolean): Work | null {
    if (!areFew(this.#keys.length)) return this.#retainOfMany(wanted)
    const isWanted = (key: number) => wanted(this.#slotOf[key]!)
    if (this.#keys.every(isWanted)) return null
    this.#release(this.#keys.filter((key) => !isWanted(key)))
    this.#keys = this.#keys.filter((key) => this.#slotOf[key] !== noSlot)
    return null
  }

  *#retainOfMany(wanted: (slot: number) => boolean): Generator<void> {
    const kept: Array<number> = []
    for (let done = 0; done < this.#keys.length;) {
      const key = this.#keys[done]!
      if (wanted(this.#slotOf[key]!)) kept.push(key)
      else this.#release([key])
      if (isTired(++done)) yield
    }
    this.#keys = kept
  }

  /** The same slots under other numbers for the keys. */
  renumber(numberOf: (key: number) => number): void {
    const slots = this.#keys.map((key) => [numberOf(key), this.#slotOf[key]!] as const)
    for (const key of this.#keys) this.#slotOf[key] = noSlot
    this.#pool.giveBack(this.#slotOf)
    this.#slotOf = noTable
    this.#keys = []
    for (const [key, slot] of slots) {
      if (key >= this.#slotOf.length) this.#slotOf = this.#pool.larger(this.#slotOf, key)
      this.#slotOf[key] = slot
      this.#pool.renumber(slot, key)
      this.#keys.push(key)
    }
  }
}
