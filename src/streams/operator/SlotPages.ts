/** The slots of accumulators in pages: what a slot held when a checkpoint began is copied when it is about to change. */
import type { AccumulatorTable } from "./aggregates/AccumulatorTable.ts"
import { PageMarks, type Paged, placesOf } from "./Paged.ts"
import type { StateWriter } from "./State.ts"

/** Whose slot it is, as it is written, and where its state stands. */
export interface SlotEntry<Owner> {
  readonly owner: Owner
  readonly slot: number
}

export interface Options<Owner> {
  /** `null` where the slot is nobody's. */
  readonly ownerOf: (slot: number) => Owner | null
  readonly order: (a: Owner, b: Owner) => number
  /** Writes entries, whose slots are those of a table. */
  readonly write: (entries: ReadonlyArray<SlotEntry<Owner>>, slots: AccumulatorTable, state: StateWriter) => void
}

export class SlotPages<Owner> implements Paged {
  readonly #slots: AccumulatorTable
  readonly #options: Options<Owner>
  readonly #marks = new PageMarks()
  /** By slot what it was; `null` where it was nobody's. */
  readonly #kept = new Map<number, SlotEntry<Owner> | null>()
  /** A table of their own: those that are at work do not grow for the copies. */
  #copies: AccumulatorTable

  constructor(slots: AccumulatorTable, options: Options<Owner>) {
    this.#slots = slots
    this.#options = options
    this.#copies = slots.like()
  }

  /** Has to be called before a slot changes, gets an owner or loses its own. */
  touch(slot: number): void {
    this.#marks.change(slot)
    if (this.#marks.isUnderWay) this.#keep(slot)
  }

  /** The same for the slots of many rows, which are negative where they have none. */
  touchAll(slots: Int32Array, from: number, to: number): void {
    this.#marks.changeAll(slots, from, to)
    if (!this.#marks.isUnderWay) return
    for (let i = from; i < to; i++) if (slots[i]! >= 0) this.#keep(slots[i]!)
  }

  #keep(slot: number): void {
    if (!this.#marks.awaits(slot) || this.#kept.has(slot)) return
    const owner = this.#options.ownerOf(slot)
    this.#kept.set(slot, owner === null ? null : { owner, slot: this.#copies.copyOf(this.#slots, slot) })
  }

  renumber(numberOf: (number: number) => number): void {
    this.#copies.renumber(numberOf)
  }

  begin(all: boolean): void {
    this.#kept.clear()
    this.#copies = this.#slots.like()
    this.#marks.begin(all, this.#slots.used)
  }

  get awaited(): ReadonlyArray<number> {
    return this.#marks.awaited
  }

  write(page: number, state: StateWriter): void {
    const [from, to] = placesOf(page)
    const live: Array<SlotEntry<Owner>> = []
    const kept: Array<SlotEntry<Owner>> = []
    for (let slot = from; slot < to; slot++) {
      const before = this.#kept.get(slot)
      this.#kept.delete(slot)
      if (before === undefined) this.#addTo(live, slot)
      else if (before !== null) kept.push(before)
    }
    this.#marks.written(page)
    if (kept.length === 0) this.#options.write(live, this.#slots, state)
    else this.#writeMixed(live, kept, state)
    for (const { slot } of kept) this.#copies.release(slot)
    if (!this.#marks.isUnderWay) this.#copies = this.#slots.like()
  }

  /** A column is written from one table: what stands in two is brought together. */
  #writeMixed(live: ReadonlyArray<SlotEntry<Owner>>, kept: ReadonlyArray<SlotEntry<Owner>>, state: StateWriter): void {
    const together = this.#slots.like()
    const moved = (entries: ReadonlyArray<SlotEntry<Owner>>, source: AccumulatorTable) =>
      entries.map(({ owner, slot }) => ({ owner, slot: together.copyOf(source, slot) }))
    this.#options.write([...moved(live, this.#slots), ...moved(kept, this.#copies)], together, state)
  }

  #addTo(entries: Array<SlotEntry<Owner>>, slot: number): void {
    const owner = slot < this.#slots.used ? this.#options.ownerOf(slot) : null
    if (owner !== null) entries.push({ owner, slot })
  }

  writeAll(state: StateWriter): void {
    const entries: Array<SlotEntry<Owner>> = []
    for (let slot = 0; slot < this.#slots.used; slot++) this.#addTo(entries, slot)
    this.#options.write(entries.sort((a, b) => this.#options.order(a.owner, b.owner)), this.#slots, state)
  }
}
