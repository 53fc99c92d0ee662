/** Adds to each pane what is computed from it and from the windows of its key before it. */
import type { Derive } from "../../pipeline/Checked.ts"
import type { Pane } from "../../pipeline/Pane.ts"
import { type Emitted, endOfTime, type Operator } from "../Operator.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { PercentChange } from "./PercentChange.ts"

export class DeriveOperator implements Operator<ReadonlyArray<Emitted>, ReadonlyArray<Emitted>> {
  readonly #values: ReadonlyArray<{ readonly name: string; readonly of: string; readonly change: PercentChange }>
  #panes: Array<Emitted> = []

  constructor({ values }: Derive, lateness: number) {
    this.#values = values.map(({ name, of }) => ({ name, of, change: new PercentChange(lateness) }))
  }

  get size(): number {
    return 0
  }

  take(_: number, panes: ReadonlyArray<Emitted>): void {
    for (const emitted of panes) {
      const pane = this.derived(emitted.pane)
      if (pane.pane === "on-time" || pane.pane === "late") {
        for (const { change, of } of this.#values) change.remember(pane.key, pane.end, pane.values[of] ?? null)
      }
      this.#panes.push({ ...emitted, pane })
    }
  }

  /** A pane with its values. Looking changes nothing. */
  derived(pane: Pane): Pane {
    if (pane.pane === "retracted") return pane
    const values = { ...pane.values }
    for (const { change, name, of } of this.#values) values[name] = change.percent(pane.key, pane.end, pane.values[of] ?? null)
    return { ...pane, values }
  }

  advance(watermark: number): void {
    if (watermark >= endOfTime) for (const { change } of this.#values) change.clear()
  }

  end(): void {}

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  save(state: StateWriter): void {
    for (const { change, name } of this.#values) change.save(name, state)
  }

  restore(state: StateReader): void {
    for (const { change, name } of this.#values) change.restore(name, state)
  }
}
