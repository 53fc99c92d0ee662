/** Adds to each pane what expressions make of its values. One that does not fit is `null`: there is no row to refuse. */
import type { Compute } from "../../pipeline/Checked.ts"
import type { Pane, Value } from "../../pipeline/Pane.ts"
import { valuesOf } from "../expressions/Evaluator.ts"
import type { Evaluator } from "../expressions/Vector.ts"
import type { Emitted } from "../Operator.ts"
import { columnsOf, valueAt } from "./PaneColumns.ts"
import { PaneStep } from "./PaneStep.ts"

export class Computation extends PaneStep {
  readonly #node: Compute
  readonly #computed: ReadonlyArray<{ readonly name: string; readonly evaluator: Evaluator }>

  constructor(node: Compute) {
    super()
    this.#node = node
    this.#computed = node.values.map(({ expression, name }) => ({ name, evaluator: valuesOf(node.given, expression) }))
  }

  protected changed(emitted: ReadonlyArray<Emitted>): ReadonlyArray<Emitted> {
    const panes = emitted.map(({ pane }) => pane)
    const computed = this.#valuesOf(panes)
    return emitted.map((each, row) => {
      const values = this.#node.results.map(([name]) => [name, computed.get(name)?.[row] ?? each.pane.values[name] ?? null])
      return { ...each, pane: { ...each.pane, values: Object.fromEntries(values) } }
    })
  }

  /** By name the values of all panes. */
  #valuesOf(panes: ReadonlyArray<Pane>): ReadonlyMap<string, ReadonlyArray<Value>> {
    const batch = columnsOf(this.#node.given, panes)
    return new Map(this.#computed.map(({ evaluator, name }) => {
      const refused = new Set<number>()
      const vector = evaluator.evaluate({ batch, keep: null, refuse: (row) => refused.add(row) })
      return [name, panes.map((_, row) => refused.has(row) ? null : valueAt(evaluator.type, vector, row, batch))]
    }))
  }
}
