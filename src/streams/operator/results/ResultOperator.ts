/** What is done to the results of windows: panes in, panes out, in their order. */
import type { Emitted, Operator } from "../Operator.ts"

/** A window that is open, as it stands. */
export type Forming = Pick<Emitted, "pane" | "rows">

export interface ResultOperator extends Operator<ReadonlyArray<Emitted>, ReadonlyArray<Emitted>> {
  /** What it makes of windows as they stand. Looking changes nothing. */
  forming(panes: ReadonlyArray<Forming>): ReadonlyArray<Forming>
}
