/** What is done to panes one by one: nothing of them is kept. */
import type { Emitted } from "../Operator.ts"
import type { Work } from "../Work.ts"
import type { Forming, ResultOperator } from "./ResultOperator.ts"

/** Panes between two pauses. */
const portion = 512

export abstract class PaneStep implements ResultOperator {
  readonly size = 0
  readonly pages = {}
  #panes: Array<Emitted> = []

  /** What becomes of panes that have values. */
  protected abstract changed(panes: ReadonlyArray<Emitted>): ReadonlyArray<Emitted>

  advance(): Work {
    return []
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    for (let from = 0; from < panes.length; from += portion) {
      for (const pane of this.#changed(panes.slice(from, from + portion))) this.#panes.push(pane)
      yield
    }
  }

  #changed(panes: ReadonlyArray<Emitted>): ReadonlyArray<Emitted> {
    const changed = this.changed(panes.filter(hasValues)).values()
    return panes.map((pane) => hasValues(pane) ? changed.next().value ?? pane : pane)
  }

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  forming(panes: ReadonlyArray<Forming>): ReadonlyArray<Forming> {
    const emitted = panes.map(({ pane, rows }): Emitted => ({ pane, rows, watermark: 0, offset: 0 }))
    return this.#changed(emitted).flatMap(({ isLeftOut, pane, rows }) => isLeftOut === true ? [] : [{ pane, rows }])
  }

  save(): void {}

  restore(): void {}
}

/** A window that is taken back has none, and one that was left out before is not looked at. */
const hasValues = ({ isLeftOut, pane }: Emitted): boolean => pane.pane !== "retracted" && isLeftOut !== true
