/** What event time says of windows by their ends: which have closed, and which do not change any more. */
import * as Checked from "../../../streams/pipeline/Checked.ts"
import { type Any as AnyPipeline, isOfPanes } from "../../../streams/pipeline/Pipeline.ts"
import type { Known } from "./Crossings.ts"

export interface Closing extends Pick<Known, "closedTo"> {
  /** Windows that end here or before do not change any more. */
  readonly settledTo: number
}

export const closingsOf = (running: ReadonlyArray<AnyPipeline>) => {
  const delays = new Map(running.filter(isOfPanes).map(({ checked, name }) =>
    [name, { trail: Checked.trailTo(checked.end), lateness: Checked.windowOf(checked).allowedLateness }]))
  return (pipeline: string, watermark: number | null): Closing => {
    const { lateness, trail } = delays.get(pipeline) ?? { trail: 0, lateness: 0 }
    const closedTo = (watermark ?? -Infinity) - trail
    return { closedTo, settledTo: closedTo - lateness }
  }
}
