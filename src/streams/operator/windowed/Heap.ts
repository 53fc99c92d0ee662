/** A binary heap: the smallest first. Effect's priority queue is transactional, which costs too much a row. */
export class Heap<A> {
  readonly #items: Array<A> = []
  readonly #order: (a: A, b: A) => number

  constructor(order: (a: A, b: A) => number) {
    this.#order = order
  }

  get smallest(): A | undefined {
    return this.#items[0]
  }

  push(item: A): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#order(items[parent]!, item) <= 0) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): A | undefined {
    const items = this.#items
    const smallest = items[0]
    const item = items.pop()
    if (item === undefined || items.length === 0) return smallest
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.#order(items[child + 1]!, items[child]!) < 0) child++
      if (this.#order(item, items[child]!) <= 0) break
      items[at] = items[child]!
      at = child
    }
    items[at] = item
    return smallest
  }
}
