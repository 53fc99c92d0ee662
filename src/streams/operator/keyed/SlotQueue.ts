/** Slots in the order in which they were added, of which the first are taken. */
export class SlotQueue {
  #slots = new Int32Array(4)
  #from = 0
  #to = 0

  get length(): number {
    return this.#to - this.#from
  }

  /** The first one, where there is any. */
  get head(): number {
    return this.#slots[this.#from]!
  }

  add(slot: number): void {
    if (this.#to === this.#slots.length) this.#makeRoom()
    this.#slots[this.#to++] = slot
  }

  /** Adds one at its place among those that are sorted. */
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
    this.values().sort(order)
  }

  shift(): number {
    return this.#slots[this.#from++]!
  }

  /** Not to be looked at after the next one was added. */
  values(): Int32Array {
    return this.#slots.subarray(this.#from, this.#to)
  }

  #makeRoom(): void {
    const { length } = this
    const slots = length * 2 > this.#slots.length ? new Int32Array(this.#slots.length * 2) : this.#slots
    slots.set(this.values())
    this.#slots = slots
    this.#from = 0
    this.#to = length
  }
}
