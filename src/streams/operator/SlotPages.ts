/** The slots of accumulators in pages: what a slot held when a checkpoint began is copied when it is about to change. */
import { PageMarks, type Paged, placesOf } from "./Paged.ts"
import type { StateWriter } from "./State.ts"

/** Whose slot it is, as it is written, and where its state stands. */
export interface SlotEntry<Owner> {
  readonly owner: Owner
  readonly slot: number
}

/** Where the slots are. */
interface Slots {
  /** Slots that have ever been used. */
  readonly used: number
  /** A slot with the same state, of which nobody knows. */
  copyOf(slot: number): number
  forgetCopy(slot: number): void
}

export interface Options<Owner> {
  /** `null` where the slot is nobody's. */
  readonly ownerOf: (slot: number) => Owner | null
  readonly order: (a: Owner, b: Owner) => number
  readonly write: (entries: ReadonlyArray<SlotEntry<Owner>>, state: StateWriter) => void
}

export class SlotPages<Owner> implements Paged {
  readonly #slots: Slots
  readonly #options: Options<Owner>
  readonly #marks = new PageMarks()
  readonly #kept = new Map<number, SlotEntry<Owner> | null>()

  constructor(slots: Slots, options: Options<Owner>) {
    this.#slots = slots
    this.#options = options
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
    this.#kept.set(slot, owner === null ? null : { owner, slot: this.#slots.copyOf(slot) })
  }

  begin(all: boolean): void {
    for (const entry of this.#kept.values()) if (entry !== null) this.#slots.forgetCopy(entry.slot)
    this.#kept.clear()
    this.#marks.begin(all, this.#slots.used)
  }

  get awaited(): ReadonlyArray<number> {
    return this.#marks.awaited
  }

  write(page: number, state: StateWriter): void {
    const entries: Array<SlotEntry<Owner>> = []
    const [from, to] = placesOf(page)
    const copies: Array<number> = []
    for (let slot = from; slot < to; slot++) {
      const kept = this.#kept.get(slot)
      this.#kept.delete(slot)
      const entry = kept === undefined ? this.#entryAt(slot) : kept
      if (entry === null) continue
      entries.push(entry)
      if (entry.slot !== slot) copies.push(entry.slot)
    }
    this.#marks.written(page)
    this.#options.write(entries, state)
    for (const copy of copies) this.#slots.forgetCopy(copy)
  }

  #entryAt(slot: number): SlotEntry<Owner> | null {
    const owner = slot < this.#slots.used ? this.#options.ownerOf(slot) : null
    return owner === null ? null : { owner, slot }
  }

  writeAll(state: StateWriter): void {
    const entries: Array<SlotEntry<Owner>> = []
    for (let slot = 0; slot < this.#slots.used; slot++) {
      const entry = this.#entryAt(slot)
      if (entry !== null) entries.push(entry)
    }
    this.#options.write(entries.sort((a, b) => this.#options.order(a.owner, b.owner)), state)
  }
}
