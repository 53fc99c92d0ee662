/**
 * Slots of rows in the order of (event time, place), of which the first are taken while others come. Rows stand in buckets of
 * time, and a bucket is sorted when it comes to be the first: that is quicker than to keep all in order, since most rows of a
 * bucket are there by then.
 */
import { Heap } from "../windowed/Heap.ts"
import type { RowTable } from "./RowTable.ts"

/** Milliseconds. */
const width = 32

export class TimeOrder {
  readonly #table: RowTable
  readonly #buckets = new Map<number, Slots>()
  readonly #numbers = new Heap<number>((a, b) => a - b)
  /** The first bucket, sorted as far as it is left; its number. */
  #first = new Slots()
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

  #bucketOf(number: number): Slots {
    const known = this.#buckets.get(number)
    if (known !== undefined) return known
    const bucket = new Slots()
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

class Slots {
  #slots = new Int32Array(4)
  #from = 0
  #to = 0

  get length(): number {
    return this.#to - this.#from
  }

  get head(): number {
    return this.#slots[this.#from]!
  }

  add(slot: number): void {
    if (this.#to === this.#slots.length) this.#grow()
    this.#slots[this.#to++] = slot
  }

  /** At its place among those that are sorted. */
  insert(slot: number, order: (a: number, b: number) => number): void {
    this.add(slot)
    let [low, high] = [this.#from, this.#to - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (order(this.#slots[middle]!, slot) <= 0) low = middle + 1
      else high = middle
    }
    this.#slots.copyWithin(low + 1, low, this.#to - 1)
    this.#slots[low] = slot
  }

  sort(order: (a: number, b: number) => number): void {
    this.#slots.subarray(this.#from, this.#to).sort(order)
  }

  shift(): number {
    return this.#slots[this.#from++]!
  }

  values(): Int32Array {
    return this.#slots.subarray(this.#from, this.#to)
  }

  #grow(): void {
    const larger = new Int32Array(this.#slots.length * 2)
    larger.set(this.#slots)
    this.#slots = larger
  }
}
