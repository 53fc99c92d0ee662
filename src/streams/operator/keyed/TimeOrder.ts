/**
 * Slots of rows in the order of (event time, place), of which the first are taken while others come. Rows stand in buckets of
 * time, and a bucket is sorted when it comes to be the first: that is quicker than to keep all in order, since most rows of a
 * bucket are there by then.
 */
import { Heap } from "../windowed/Heap.ts"
import type { RowTable } from "./RowTable.ts"
import { SlotQueue } from "./SlotQueue.ts"

/** Milliseconds. */
const width = 32

export class TimeOrder {
  readonly #table: RowTable
  readonly #buckets = new Map<number, SlotQueue>()
  readonly #numbers = new Heap<number>((a, b) => a - b)
  /** The first bucket, sorted as far as it is left; its number. */
  #first = new SlotQueue()
  #number = -Infinity

  constructor(table: RowTable) {
    this.#table = table
  }

  add(slot: number): void {
    const number = Math.floor(this.#table.times[slot]! / width)
    if (number === this.#number && this.#first.length > 0) return this.#first.insert(slot, this.#table.order)
    if (number < this.#number) throw new Error("a broken invariant: a row came behind those that have been taken")
    this.#bucketOf(number).add(slot)
  }

  #bucketOf(number: number): SlotQueue {
    const known = this.#buckets.get(number)
    if (known !== undefined) return known
    const bucket = new SlotQueue()
    this.#buckets.set(number, bucket)
    this.#numbers.push(number)
    return bucket
  }

  /** The first slot whose time is earlier, -1 where there is none. What comes later is never earlier than this. */
  before(time: number): number {
    if (this.#first.length === 0 && !this.#open(time)) return -1
    const slot = this.#first.head
    return this.#table.times[slot]! < time ? slot : -1
  }

  /** Sorts the next bucket, unless all of it is later. */
  #open(time: number): boolean {
    const number = this.#numbers.smallest
    if (number === undefined || number * width >= time) return false
    this.#numbers.pop()
    this.#number = number
    this.#first = this.#buckets.get(number)!
    this.#buckets.delete(number)
    this.#first.sort(this.#table.order)
    return true
  }

  /** Takes the first slot out. */
  shift(): number {
    return this.#first.shift()
  }

  *values(): Generator<number> {
    yield* this.#first.values()
    for (const bucket of this.#buckets.values()) yield* bucket.values()
  }
}
