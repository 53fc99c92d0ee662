/**
 * Sums of integers that never round and never overflow, one a slot.
 *
 * A sum lives in a double as long as it is an exact integer there, which market data nearly
 * always is; what goes beyond 2^53 is carried over into a big integer beside it. The value
 * of a slot is `lane + carry`.
 */
const limit = Number.MAX_SAFE_INTEGER

export class ExactSum {
  #lane = new Float64Array(0)
  readonly #carries = new Map<number, bigint>()

  grow(capacity: number): void {
    const lane = new Float64Array(capacity)
    lane.set(this.#lane)
    this.#lane = lane
  }

  reset(slot: number): void {
    this.#lane[slot] = 0
    if (this.#carries.size > 0) this.#carries.delete(slot)
  }

  /** The doubles themselves, for loops that add to them and call {@link add} where a sum would leave exact integers. */
  get lane(): Float64Array {
    return this.#lane
  }

  add(slot: number, value: number): void {
    const sum = this.#lane[slot]! + value
    if (sum <= limit && sum >= -limit) this.#lane[slot] = sum
    else this.addBig(slot, BigInt(value))
  }

  addProduct(slot: number, a: number, b: number): void {
    const product = a * b
    if (product <= limit && product >= -limit) this.add(slot, product)
    else this.addBig(slot, BigInt(a) * BigInt(b))
  }

  addBig(slot: number, value: bigint): void {
    this.#set(slot, this.total(slot) + value)
  }

  merge(into: number, from: number): void {
    const carry = this.#carries.size === 0 ? undefined : this.#carries.get(from)
    if (carry === undefined) this.add(into, this.#lane[from]!)
    else this.addBig(into, this.total(from))
  }

  subtract(from: number, slot: number): void {
    const carry = this.#carries.size === 0 ? undefined : this.#carries.get(slot)
    if (carry === undefined) this.add(from, -this.#lane[slot]!)
    else this.addBig(from, -this.total(slot))
  }

  total(slot: number): bigint {
    return BigInt(this.#lane[slot]!) + (this.#carries.get(slot) ?? 0n)
  }

  /** The sum as a double where it is an exact one, else `undefined`. */
  small(slot: number): number | undefined {
    if (this.#carries.size === 0 || !this.#carries.has(slot)) return this.#lane[slot]!
    const total = this.total(slot)
    return total <= BigInt(limit) && total >= -BigInt(limit) ? Number(total) : undefined
  }

  encode(slot: number): string {
    return this.total(slot).toString()
  }

  decode(slot: number, text: string): void {
    this.#set(slot, BigInt(text))
  }

  #set(slot: number, total: bigint): void {
    if (total <= BigInt(limit) && total >= -BigInt(limit)) {
      this.#lane[slot] = Number(total)
      this.#carries.delete(slot)
    } else {
      this.#lane[slot] = 0
      this.#carries.set(slot, total)
    }
  }
}
