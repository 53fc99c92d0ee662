/** What follows on the windows of a pipeline, over the panes that Spark has written, as the relay has it computed. */
import { CarriedResults } from "../../src/streams/engine/CarriedResults.ts"
import { endOfTime } from "../../src/streams/operator/Operator.ts"
import { hasMore, upToWindows } from "../../src/streams/pipeline/FirstStage.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import * as PaneDecoder from "../../src/streams/pipeline/PaneDecoder.ts"
import type { AnyOfPanes } from "../../src/streams/pipeline/Pipeline.ts"

export interface Carried {
  /** All panes that are there, and the watermark of the batch that was done last. */
  readonly take: (panes: ReadonlyArray<Pane.Encoded>, watermark: number) => void
  readonly panes: ReadonlyArray<Pane.Encoded>
}

export const carried = (pipeline: AnyOfPanes): Carried => {
  const windows = upToWindows(pipeline)
  const decode = PaneDecoder.make([windows])
  const results = hasMore(pipeline) ? new CarriedResults(pipeline) : null
  const panes = new Map<string, Pane.Encoded>()
  const keep = (pane: Pane.Encoded) => panes.set(JSON.stringify([pane.key, pane.start, pane.end]), pane)
  return {
    take: (written, watermark) => {
      for (const pane of written.filter((pane) => pane.pipeline === windows.name)) {
        const decoded = decode(Buffer.from(JSON.stringify(pane)))
        if (typeof decoded === "string") throw new Error(`${JSON.stringify(pane)} is refused: ${decoded}`)
        if (results === null) keep(pane)
        else results.take(decoded)
      }
      for (const made of results?.advance(watermark) ?? []) made.map(Pane.encode).forEach(keep)
    },
    get panes() {
      return [...panes.values()]
    }
  }
}

/** Of a computation with an end. */
export const carriedAtOnce = (pipeline: AnyOfPanes, written: ReadonlyArray<Pane.Encoded>): ReadonlyArray<Pane.Encoded> => {
  const all = carried(pipeline)
  all.take(written, endOfTime)
  return all.panes
}
