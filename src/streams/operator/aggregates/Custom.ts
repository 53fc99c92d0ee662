/** An aggregate of the user's own functions: one state object a slot. */
import { BigDecimal, Schema } from "effect"
import type { CustomSpec } from "../../pipeline/Aggregate.ts"
import { shown } from "../../pipeline/check/Declarations.ts"
import { type Batch, rowAt } from "../../records/Batch.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { TableReader, TableWriter } from "../State.ts"
import { rowIn, thrownBy } from "../UserFunction.ts"
import { type Accumulator, type Rows } from "./Accumulator.ts"
import { finiteOrNull } from "./Totals.ts"

interface Declared {
  readonly pipeline: string
  /** The result's. */
  readonly name: string
  readonly spec: CustomSpec
}

export class Custom implements Accumulator {
  readonly bytesPerSlot = 8
  readonly subtract = null
  readonly #declared: Declared
  readonly #spec: CustomSpec
  readonly #encode: (state: unknown) => unknown
  readonly #decode: (json: unknown) => unknown
  readonly #states: Array<unknown> = []

  constructor(declared: Declared) {
    const { spec } = declared
    this.#declared = declared
    this.#spec = spec
    const json = Schema.toCodecJson(spec.state)
    this.#encode = Schema.encodeUnknownSync(json)
    this.#decode = Schema.decodeUnknownSync(json)
  }

  grow(capacity: number): void {
    while (this.#states.length < capacity) this.#states.push(this.#call("create", () => this.#spec.create()))
  }

  reset(slot: number): void {
    this.#states[slot] = this.#call("create", () => this.#spec.create())
  }

  add({ batch, from, slots, to }: Rows, mask: Uint8Array | null): void {
    for (let i = from; i < to; i++) {
      const slot = slots[i]!
      if (slot < 0 || (mask !== null && mask[i] === 0)) continue
      this.#states[slot] = this.#added(this.#states[slot], batch, i)
    }
  }

  #added(state: unknown, batch: Batch, row: number): unknown {
    try {
      return this.#spec.add(state, rowAt(batch, row))
    } catch (cause) {
      throw thrownBy(this.#nameOf("add"), rowIn(batch, row), cause)
    }
  }

  addPreAggregated(): void {
    throw new TypeError("a custom aggregate cannot be made from pre-aggregated values")
  }

  merge(into: number, from: number): void {
    this.#states[into] = this.#call("merge", () => this.#spec.merge(this.#states[into], this.#states[from]))
  }

  /** Through the codec: functions may change a state in place. */
  copy(into: number, from: number, source: this): void {
    this.#states[into] = this.#decode(this.#written(source.#states[from]))
  }

  result(slot: number): Value {
    const value = this.#call("result", () => this.#spec.result(this.#states[slot]))
    // As that of any other aggregate over doubles is: no line and no sink has a number that is none.
    if (typeof value === "number") return finiteOrNull(value)
    if (isValue(value)) return value
    const { name, pipeline } = this.#declared
    throw new TypeError(
      `the pipeline "${pipeline}": the result "${name}" (Aggregate.custom) has to be a string, a number, a boolean, ` +
        `a decimal or null, and is ${shown(value)}`
    )
  }

  #call<A>(part: "create" | "merge" | "result", call: () => A): A {
    try {
      return call()
    } catch (cause) {
      throw thrownBy(this.#nameOf(part), null, cause)
    }
  }

  #nameOf(part: string): string {
    const { name, pipeline } = this.#declared
    return `the pipeline "${pipeline}": the result "${name}" (Aggregate.custom): its ${part}`
  }

  save(slots: Int32Array, table: TableWriter): void {
    // The codec's encoded side is JSON by construction.
    table.json("state", Array.from(slots, (slot) => this.#written(this.#states[slot]) as Schema.Json))
  }

  #written(state: unknown): unknown {
    try {
      return this.#encode(state)
    } catch (cause) {
      const { name, pipeline } = this.#declared
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new TypeError(`the pipeline "${pipeline}": the state of "${name}" (Aggregate.custom) does not fit its Schema: ${why}`, { cause })
    }
  }

  restore(slots: Int32Array, table: TableReader): void {
    for (const [i, state] of table.json("state").entries()) this.#states[slots[i]!] = this.#decode(state)
  }
}

const isValue = (value: unknown): value is Value =>
  value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "bigint" || BigDecimal.isBigDecimal(value)
