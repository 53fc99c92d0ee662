/**
 * Different numbers, each with a position: the how manieth it was. They stand in a typed array, found through a table of
 * positions with open addressing, so that nothing is allocated but when a set doubles.
 */

/** Hashes numbers, by all bits that they have. */
export class NumberHash {
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)

  of(value: number): number {
    this.#double[0] = value
    const hash = Math.imul(this.#halves[0]!, 0x9e3779b1) ^ Math.imul(this.#halves[1]!, 0x85ebca6b)
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    return mixed ^ (mixed >>> 13)
  }
}

const smallest = 8

export class NumberSet {
  #values = new Float64Array(smallest)
  /** Positions plus 1, at most half of it filled. */
  #table = new Int32Array(2 * smallest)
  #size = 0
  readonly #hash: NumberHash

  /** Sets of one accumulator share a hash. */
  constructor(hash: NumberHash) {
    this.#hash = hash
  }

  get size(): number {
    return this.#size
  }

  /** So many fit before the set has to grow. */
  get capacity(): number {
    return this.#values.length
  }

  /** In the order of their positions; what lies behind is none. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#size)
  }

  at(position: number): number {
    return this.#values[position]!
  }

  /** Where a number is, -1 where it is not. */
  find(value: number): number {
    return this.#table[this.#placeOf(value)]! - 1
  }

  /** The position of a number, which is put in where it is not. */
  add(value: number): number {
    const place = this.#placeOf(value)
    const found = this.#table[place]! - 1
    if (found >= 0) return found
    const position = this.#size++
    if (position === this.#values.length) {
      this.#grow()
      this.#values[position] = value
      this.#table[this.#placeOf(value)] = position + 1
    } else {
      this.#values[position] = value
      this.#table[place] = position + 1
    }
    return position
  }

  /** A large one is let go, so that a slot which is used again does not keep what another has needed. */
  clear(): void {
    if (this.capacity > 64 * smallest) {
      this.#values = new Float64Array(smallest)
      this.#table = new Int32Array(2 * smallest)
    } else if (this.#size > 0) this.#table.fill(0)
    this.#size = 0
  }

  /** The place in the table that has a number, or would have it. */
  #placeOf(value: number): number {
    const [table, values] = [this.#table, this.#values]
    const mask = table.length - 1
    let place = this.#hash.of(value) & mask
    for (;;) {
      const position = table[place]! - 1
      if (position < 0 || values[position] === value) return place
      place = (place + 1) & mask
    }
  }

  #grow(): void {
    const values = new Float64Array(2 * this.#values.length)
    values.set(this.#values)
    this.#values = values
    this.#table = new Int32Array(2 * values.length)
    for (let position = 0; position < values.length / 2; position++) this.#table[this.#placeOf(values[position]!)] = position + 1
  }
}
