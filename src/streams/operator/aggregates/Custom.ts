/** An aggregate of the user's own functions: one state object a slot. */
import { Schema } from "effect"
import type { CustomSpec } from "../../pipeline/Aggregate.ts"
import { rowAt } from "../../records/Batch.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { TableReader, TableWriter } from "../State.ts"
import { type Accumulator, type Rows } from "./Accumulator.ts"

export class Custom implements Accumulator {
  readonly bytesPerSlot = 8
  readonly subtract = null
  readonly #spec: CustomSpec
  readonly #encode: (state: unknown) => unknown
  readonly #decode: (json: unknown) => unknown
  readonly #states: Array<unknown> = []

  constructor(spec: CustomSpec) {
    this.#spec = spec
    const json = Schema.toCodecJson(spec.state)
    this.#encode = Schema.encodeUnknownSync(json)
    this.#decode = Schema.decodeUnknownSync(json)
  }

  grow(): void {}

  reset(slot: number): void {
    this.#states[slot] = this.#spec.create()
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      this.#states[slot] = this.#spec.add(this.#states[slot], rowAt(batch, i))
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a custom aggregate cannot be made from pre-aggregated values")
  }

  merge(into: number, from: number): void {
    this.#states[into] = this.#spec.merge(this.#states[into], this.#states[from])
  }

  result(slot: number): Value {
    // `Aggregate.custom` accepts only functions whose result is a pane's value.
    return this.#spec.result(this.#states[slot]) as Value
  }

  save(slots: Int32Array, table: TableWriter): void {
    // The codec's encoded side is JSON by construction.
    table.json("state", Array.from(slots, (slot) => this.#encode(this.#states[slot]) as Schema.Json))
  }

  restore(slots: Int32Array, table: TableReader): void {
    for (const [i, state] of table.json("state").entries()) this.#states[slots[i]!] = this.#decode(state)
  }
}
