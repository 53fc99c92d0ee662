/**
 * Items in an order that stays sorted as they come and go, one by one: in blocks, so that of a million each finds its place
 * in a few dozen comparisons and moves no more than a block. No two of them are equal.
 */

/** A block that has more is cut in two. */
const most = 1_024

export class Ranking<A> {
  readonly #compare: (a: A, b: A) => number
  /** None of them is empty. */
  readonly #blocks: Array<Array<A>> = []

  constructor(compare: (a: A, b: A) => number) {
    this.#compare = compare
  }

  add(item: A): void {
    const at = Math.min(this.#blockOf(item), this.#blocks.length - 1)
    const block = this.#blocks[at]
    if (block === undefined) {
      this.#blocks.push([item])
      return
    }
    block.splice(placeIn(block, item, this.#compare), 0, item)
    if (block.length > most) this.#blocks.splice(at + 1, 0, block.splice(most / 2))
  }

  /** It compares as it did when it was added. */
  remove(item: A): void {
    const at = this.#blockOf(item)
    const block = this.#blocks[at]
    const place = block === undefined ? -1 : placeIn(block, item, this.#compare)
    if (block === undefined || block[place] !== item) throw new Error("a broken invariant: what is taken out of a ranking is not in it")
    block.splice(place, 1)
    if (block.length === 0) this.#blocks.splice(at, 1)
  }

  /** The first so many, in their order. */
  first(count: number): ReadonlyArray<A> {
    const items: Array<A> = []
    for (const block of this.#blocks) {
      if (items.length === count) break
      items.push(...block.slice(0, count - items.length))
    }
    return items
  }

  /** The first block whose last item is not before this one. */
  #blockOf(item: A): number {
    let [from, to] = [0, this.#blocks.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.#compare(this.#blocks[middle]!.at(-1)!, item) < 0) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** Behind all items that are before it. */
const placeIn = <A>(block: ReadonlyArray<A>, item: A, compare: (a: A, b: A) => number): number => {
  let [from, to] = [0, block.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compare(block[middle]!, item) < 0) from = middle + 1
    else to = middle
  }
  return from
}
