/** Lists of small numbers, each of which is in one list at most: whoever has a list knows its first. */
export const none = -1

export class Chains {
  #next = new Int32Array(16)
  #previous = new Int32Array(16)

  /** Puts one before the first of a list, and is the first from then on. */
  add(first: number, item: number): number {
    if (item >= this.#next.length) this.#grow(item)
    this.#next[item] = first
    this.#previous[item] = none
    if (first !== none) this.#previous[first] = item
    return item
  }

  /** What is the first of the list then. */
  remove(first: number, item: number): number {
    const [next, previous] = [this.#next[item]!, this.#previous[item]!]
    if (next !== none) this.#previous[next] = previous
    if (previous === none) return next
    this.#next[previous] = next
    return first
  }

  after(item: number): number {
    return this.#next[item]!
  }

  #grow(item: number): void {
    const size = Math.max(item + 1, this.#next.length * 2)
    const [next, previous] = [new Int32Array(size), new Int32Array(size)]
    next.set(this.#next)
    previous.set(this.#previous)
    this.#next = next
    this.#previous = previous
  }
}
