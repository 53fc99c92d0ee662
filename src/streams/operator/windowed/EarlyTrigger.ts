/** When early panes are due: at every row, whenever event time has crossed a multiple of an interval, or never. */
import type { Trigger } from "../../pipeline/Plan.ts"

export class EarlyTrigger {
  readonly never: boolean
  readonly #every: number

  constructor(trigger: Trigger) {
    this.never = trigger.on === "close"
    this.#every = trigger.on === "update" ? trigger.every : Infinity
  }

  /** `before` and `latest` are the largest event time before and after a row. */
  isDue(before: number, latest: number): boolean {
    if (this.never) return false
    if (this.#every === 0) return true
    return before !== -Infinity && Math.floor(latest / this.#every) > Math.floor(before / this.#every)
  }
}
