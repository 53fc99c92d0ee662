/** When early panes are due: at every row, whenever event time has crossed a multiple of an interval, or never. */
import type { Trigger } from "../../pipeline/Plan.ts"

export class EarlyTrigger {
  readonly never: boolean
  readonly #every: number
  /** Largest event time of the rows that were taken. */
  latest = -Infinity

  constructor(trigger: Trigger) {
    this.never = trigger.on === "close"
    this.#every = trigger.on === "update" ? trigger.every : Infinity
  }

  /** Takes note of a row's event time, and says whether early panes are due. */
  reach(time: number): boolean {
    const before = this.latest
    if (time > before) this.latest = time
    if (this.never) return false
    if (this.#every === 0) return true
    return before !== -Infinity && Math.floor(this.latest / this.#every) > Math.floor(before / this.#every)
  }
}
