/**
 * The aggregates of a window that slides over slices, without touching a slice more often
 * than it enters and leaves, however many windows overlap.
 *
 * Aggregates with an inverse, which are exact, are kept as a total from which the slice that
 * leaves is subtracted (subtract-on-evict). The others are kept as two stacks (two-stacks): `back`
 * combines the slices that came since the last flip, `front` holds for each older slice the
 * combination of it with all newer ones up to the flip, so that the oldest can be dropped.
 * Both are described in Tangwongsan, Hirzel, Schneider: "Low-Latency Sliding-Window
 * Aggregation in Worst-Case Constant Time" (DEBS 2017).
 */
import { noSlot } from "../aggregates/Accumulator.ts"
import { firstWith } from "./InOrder.ts"
import { KeyedSlots, type KeyedSlotsPool } from "./KeyedSlots.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { finish, isTired, noWork, type Work } from "../Work.ts"

export interface Slice {
  readonly start: number
  readonly end: number
  readonly slots: KeyedSlots
}

export class SlidingAggregation {
  readonly #slots: AccumulatorTable
  readonly #pool: KeyedSlotsPool
  /** The slices of the window, oldest first. */
  readonly #window: Array<Slice> = []
  readonly #totals: KeyedSlots
  readonly #back: KeyedSlots
  /** The oldest slice's is on top, at the end. */
  readonly #front: Array<KeyedSlots> = []
  /** End of the newest slice taken in: older ones never come again. */
  #upTo = -Infinity

  constructor(pool: KeyedSlotsPool) {
    this.#slots = pool.slots
    this.#pool = pool
    this.#totals = new KeyedSlots(pool)
    this.#back = new KeyedSlots(pool)
  }

  /** The keys that have rows in the window. */
  get keys(): ReadonlyArray<number> {
    return this.#totals.keys
  }

  /** Where the state of each key stands as a whole: `null` where it is in parts, see {@link addTo}. */
  get whole(): KeyedSlots | null {
    return this.#slots.others.length === 0 ? this.#totals : null
  }

  /** Moves the window to `[start, end)`. Neither may go back. `slices` are in order of time. */
  *moveTo(start: number, end: number, slices: ReadonlyArray<Slice>): Generator<void> {
    yield* this.evictBefore(start) ?? noWork
    const since = Math.max(start, this.#upTo)
    for (let at = firstWith(slices, (slice) => slice.start >= since); at < slices.length && slices[at]!.end <= end; at++) {
      const slice = slices[at]!
      this.#window.push(slice)
      this.#upTo = slice.end
      for (let done = 0; done < slice.slots.keys.length;) {
        this.#insert(slice.slots.keys[done]!, slice)
        if (isTired(++done)) yield
      }
    }
    yield* this.#totals.retain((slot) => this.#slots.rowsOf(slot) > 0) ?? noWork
  }

  #insert(key: number, { slots }: Slice): void {
    const slot = slots.get(key)
    this.#slots.merge(this.#totals.ensure(key), slot, this.#slots.invertible)
    if (this.#slots.others.length > 0) this.#slots.merge(this.#back.ensure(key), slot, this.#slots.others)
  }

  /** Lets go of the slices that start before a time, which may then be given back: `null` where there are none. */
  evictBefore(start: number): Work | null {
    return (this.#window[0]?.start ?? start) < start ? this.#evictBefore(start) : null
  }

  *#evictBefore(start: number): Generator<void> {
    if (this.#window.at(-1)!.end <= start) yield* this.#clear()
    while (this.#window.length > 0 && this.#window[0]!.start < start) {
      if (this.#slots.others.length > 0) {
        if (this.#front.length === 0) yield* this.#flip()
        yield* this.#front.pop()!.clear() ?? noWork
      }
      const { slots } = this.#window.shift()!
      for (let done = 0; done < slots.keys.length;) {
        const key = slots.keys[done]!
        this.#slots.subtract(this.#totals.ensure(key), slots.get(key))
        if (isTired(++done)) yield
      }
    }
  }

  /** Adds the window's state of one key to a slot. */
  addTo(slot: number, key: number): void {
    const total = this.#totals.get(key)
    if (total !== noSlot) this.#slots.merge(slot, total, this.#slots.invertible)
    for (const stack of [this.#front.at(-1), this.#back]) {
      const part = stack?.get(key) ?? noSlot
      if (part !== noSlot) this.#slots.merge(slot, part, this.#slots.others)
    }
  }

  /** Turns the back stack into the front: from the newest slice to the oldest, each with all newer ones. */
  *#flip(): Generator<void> {
    let newer: KeyedSlots | null = null
    for (let i = this.#window.length - 1; i >= 0; i--) {
      const suffix = new KeyedSlots(this.#pool)
      for (const part of [this.#window[i]!.slots, newer]) {
        if (part === null) continue
        for (let done = 0; done < part.keys.length;) {
          const key = part.keys[done]!
          this.#slots.merge(suffix.ensure(key), part.get(key), this.#slots.others)
          if (isTired(++done)) yield
        }
      }
      this.#front.push(suffix)
      newer = suffix
    }
    yield* this.#back.clear() ?? noWork
  }

  *#clear(): Generator<void> {
    this.#window.length = 0
    for (const slots of [this.#totals, this.#back, ...this.#front]) yield* slots.clear() ?? noWork
    this.#front.length = 0
  }

  /** Forgets everything, so that the next move takes the slices in anew. */
  reset(): void {
    finish(this.#clear())
    this.#upTo = -Infinity
  }
}
