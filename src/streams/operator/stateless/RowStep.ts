/** What is done to the rows of a batch one by one: whatever comes in goes on at once, and nothing is kept. */
import type { Ended, Operator, Rows } from "../Operator.ts"
import type { Work } from "../Work.ts"

export abstract class RowStep implements Operator<Rows, Rows> {
  readonly size = 0
  readonly pages = {}
  #rows: Rows | null = null
  #refused = 0

  protected abstract changed(rows: Rows, input: number): Rows

  take(input: number, rows: Rows): Work {
    const before = rows.refused.length
    this.#rows = this.changed(rows, input)
    this.#refused += rows.refused.length - before
    return []
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
