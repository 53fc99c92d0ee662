/** Leaves out the results for which a condition does not hold. */
import type { WherePanes } from "../../pipeline/Checked.ts"
import { maskOf } from "../expressions/Evaluator.ts"
import type { Mask } from "../expressions/Comparison.ts"
import type { Emitted } from "../Operator.ts"
import { columnsOf } from "./PaneColumns.ts"
import { PaneStep } from "./PaneStep.ts"

export class PaneSelection extends PaneStep {
  readonly #node: WherePanes
  readonly #holds: Mask

  constructor(node: WherePanes) {
    super()
    this.#node = node
    this.#holds = maskOf(node.given, node.condition)
  }

  protected changed(emitted: ReadonlyArray<Emitted>): ReadonlyArray<Emitted> {
    const mask = this.#holds({ batch: columnsOf(this.#node.given, emitted.map(({ pane }) => pane)) })
    return emitted.map((each, row) => mask[row] === 1 ? each : { ...each, isLeftOut: true })
  }
}
