/** When early panes are due: at every row, whenever event time has crossed a multiple of an interval, or never. */
import type { Emit } from "../../pipeline/Aggregate.ts"

export class EarlyTrigger {
  readonly never: boolean
  readonly #every: number

  constructor(policy: Emit) {
    this.never = policy.on === "close"
    this.#every = policy.on === "update" ? policy.every : Infinity
  }

  /** `before` and `latest` are the largest event time before and after a row. */
  isDue(before: number, latest: number): boolean {
    if (this.never) return false
    if (this.#every === 0) return true
    return before !== -Infinity && Math.floor(latest / this.#every) > Math.floor(before / this.#every)
  }
}
