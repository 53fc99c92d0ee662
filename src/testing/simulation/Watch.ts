/** Looks at what one process does while it runs: what has to hold all the time is looked at all the time. */
import { Effect, Layer, Stream } from "effect"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { type Event, Monitor, nothingYet, type Progress } from "../../streams/ports/Monitor.ts"
import { idOf } from "./Stores.ts"

export class Watch {
  progress: Progress = nothingYet
  readonly #complain: (problem: string) => void
  readonly #isWatched: boolean
  /** The newest pane of each window that this run has put out. */
  readonly #written = new Map<string, Pick<Pane, "changes" | "pane" | "revision">>()

  constructor({ complain, isWatched }: { readonly complain: (problem: string) => void; readonly isWatched: boolean }) {
    this.#complain = complain
    this.#isWatched = isWatched
  }

  /** Of one run the panes of a window come in the order of their revisions, each made from no less than the one before. */
  writes(panes: ReadonlyArray<Pane>): void {
    for (const { changes, end, key, pane, pipeline, revision, start } of panes) {
      const id = idOf({ pipeline, key, start, end })
      const before = this.#written.get(id)
      this.#written.set(id, { changes, pane, revision })
      if (before === undefined || (revision > before.revision && changes >= before.changes)) continue
      this.#complain(`behind ${JSON.stringify(before)} of ${id} comes ${JSON.stringify({ changes, pane, revision })}`)
    }
  }

  get layer(): Layer.Layer<Monitor> {
    return Layer.succeed(Monitor, {
      publish: (event) => Effect.sync(() => this.#see(event)),
      events: Stream.never,
      eventsFor: () => Stream.never,
      progress: Effect.sync(() => this.progress),
      looks: Effect.sync(() => this.#isWatched ? [{ pipelines: null, keys: [] }] : [])
    })
  }

  #see(event: Event): void {
    if (event._tag !== "progress") return
    const before = this.progress.watermark
    this.progress = event.progress
    const { aggregated, deadLettered, duplicate, filtered, held, late, read, watermark } = event.progress
    if (before !== null && (watermark === null || watermark < before)) this.#complain(`the watermark goes back from ${before} to ${watermark}`)
    if (read !== aggregated + deadLettered + duplicate + filtered + held + late) this.#complain(`the account is not balanced: ${JSON.stringify(event.progress)}`)
  }
}
