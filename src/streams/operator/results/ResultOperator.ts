/** What is done to the results of windows: panes in, panes out, in their order. */
import type { Pane } from "../../pipeline/Pane.ts"
import type { Emitted, Operator } from "../Operator.ts"

export interface ResultOperator extends Operator<ReadonlyArray<Emitted>, ReadonlyArray<Emitted>> {
  /** What it makes of windows as they stand. Looking changes nothing. */
  forming(panes: ReadonlyArray<Pane>): ReadonlyArray<Pane>
}
