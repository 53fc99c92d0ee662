/** What is done to the rows of a batch one by one: whatever comes in goes on at once, and nothing is kept. */
import { type Ended, type Operator, Outcome, type Rows } from "../Operator.ts"
import type { Work } from "../Work.ts"

export abstract class RowStep implements Operator<Rows, Rows> {
  readonly size = 0
  readonly pages = {}
  readonly #does: unknown
  #rows: Rows | null = null
  #refused = 0

  /** Steps that do the same have the same `does`, and make the same of the same rows; `null` where no other step is like it. */
  constructor(does: unknown) {
    this.#does = does
  }

  protected abstract changed(rows: Rows, input: number): Rows

  take(input: number, rows: Rows): Work {
    const before = rows.refused.length
    this.#rows = this.#does === null || rows.made === null ? { ...this.changed(rows, input), made: null } : this.#changedOnce(rows, input)
    this.#refused += rows.refused.length - before
    return []
  }

  /** What a step of another pipeline has made of these rows is taken as it is; what it has refused is refused here, too. */
  #changedOnce(rows: Rows, input: number): Rows {
    const { outcomes, refused } = rows
    const known = rows.made?.steps.get(this.#does)
    if (known !== undefined) {
      for (const refusal of known.refused) {
        outcomes[refusal.row] = Outcome.refused
        refused.push(refusal)
      }
      return { ...rows, batch: known.batch, keep: known.keep, made: known.made }
    }
    const before = refused.length
    const changed = { ...this.changed(rows, input), made: { steps: new Map() } }
    rows.made?.steps.set(this.#does, { batch: changed.batch, keep: changed.keep, refused: refused.slice(before), made: changed.made })
    return changed
  }

  get ended(): Ended {
    return { refused: this.#refused }
  }

  advance(): Work {
    return []
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  save(): void {}

  restore(): void {}
}
