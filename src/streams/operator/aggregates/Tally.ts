/** How often each number was counted. Counts can be taken away again; those of nothing are left out when it grows. */
import { type NumberHash, NumberSet } from "./NumberSet.ts"

export class Tally {
  readonly #numbers: NumberSet
  #counts: Float64Array

  constructor(hash: NumberHash) {
    this.#numbers = new NumberSet(hash)
    this.#counts = new Float64Array(this.#numbers.capacity)
  }

  /** Numbers that were counted, some of them 0 times by now. */
  get size(): number {
    return this.#numbers.size
  }

  numberAt(position: number): number {
    return this.#numbers.at(position)
  }

  countAt(position: number): number {
    return this.#counts[position]!
  }

  add(number: number, count: number): void {
    const { capacity, size } = this.#numbers
    const position = this.#numbers.add(number)
    if (position < size) this.#counts[position]! += count
    else if (size < capacity) this.#counts[position] = count
    else this.#grow(position, count)
  }

  #grow(position: number, count: number): void {
    const counts = new Float64Array(this.#numbers.capacity)
    counts.set(this.#counts)
    counts[position] = count
    this.#counts = counts
    if (2 * this.#counts.subarray(0, this.size).filter((count) => count === 0).length < this.size) return
    const numbers = this.counted()
    const times = numbers.map((number) => this.countOf(number))
    this.clear()
    for (let i = 0; i < numbers.length; i++) this.add(numbers[i]!, times[i]!)
  }

  clear(): void {
    this.#numbers.clear()
    if (this.#counts.length !== this.#numbers.capacity) this.#counts = new Float64Array(this.#numbers.capacity)
  }

  /** Numbers that are counted, from the smallest on. */
  counted(): Float64Array {
    const counted = new Float64Array(this.size)
    let length = 0
    for (let position = 0; position < this.size; position++) {
      if (this.#counts[position] !== 0) counted[length++] = this.numberAt(position)
    }
    return counted.subarray(0, length).sort()
  }

  get total(): number {
    let total = 0
    for (let position = 0; position < this.size; position++) total += this.#counts[position]!
    return total
  }

  countOf(number: number): number {
    const position = this.#numbers.find(number)
    return position < 0 ? 0 : this.#counts[position]!
  }
}
