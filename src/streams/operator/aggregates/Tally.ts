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
    const counted = this.counted()
    if (2 * counted.length > this.size) return
    this.clear()
    for (const [number, times] of counted) this.add(number, times)
  }

  clear(): void {
    this.#numbers.clear()
    if (this.#counts.length !== this.#numbers.capacity) this.#counts = new Float64Array(this.#numbers.capacity)
  }

  /** Numbers with their counts, from the smallest on, without those that are counted 0 times. */
  counted(): ReadonlyArray<readonly [number: number, count: number]> {
    return Array.from(this.#numbers.values, (number, position) => [number, this.countAt(position)] as const)
      .filter(([, count]) => count !== 0)
      .sort(([a], [b]) => a - b)
  }
}
