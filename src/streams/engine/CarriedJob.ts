/** What follows on carried panes, of all pipelines of a run: which of them may pass, and what is saved of it. */
import { Schema } from "effect"
import { hasMore, nameOfWindows } from "../pipeline/FirstStage.ts"
import type { Pane } from "../pipeline/Pane.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import { endOfTime } from "../operator/Operator.ts"
import { StateError } from "../operator/State.ts"
import { CarriedResults } from "./CarriedResults.ts"
import { idOf, type Section, type Snapshot } from "./Snapshot.ts"

/** All windows of a pipeline that end by a watermark are in the log before these offsets, one a partition. */
export const Complete = Schema.Struct({ pipeline: Schema.String, watermark: Schema.Int, at: Schema.Array(Schema.Int) })
export type Complete = typeof Complete.Type

const Notes = Schema.fromJsonString(Schema.Array(Complete))
const encodeNotes = Schema.encodeSync(Notes)
const decodeNotes = Schema.decodeUnknownOption(Notes)

const notesSection = idOf("", "complete", "", 0)

export class CarriedJob {
  /** By the names under which the panes of their windows are written. */
  readonly #results: ReadonlyMap<string, CarriedResults>
  /** What is complete, and has not been read up to there. */
  #notes: ReadonlyArray<Complete> = []
  /** Those that are not durable yet. */
  readonly #unsettled = new Set<Complete>()
  #isBaseDue = true
  #sizes = { base: 0, since: 0 }

  constructor(pipelines: ReadonlyArray<Pipeline.Any>) {
    const more = pipelines.filter(Pipeline.isOfPanes).filter(hasMore)
    this.#results = new Map(more.map((pipeline) => [nameOfWindows(pipeline.name), new CarriedResults(pipeline)]))
  }

  /** Keys and windows that are kept. */
  get size(): number {
    return [...this.#results.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Whether a pane is of windows on which something follows. */
  take(pane: Pane): boolean {
    const results = this.#results.get(pane.pipeline)
    results?.take(pane)
    return results !== undefined
  }

  /** Takes effect when it is {@link settle}d. False where nothing follows on the windows of the pipeline. */
  note(complete: Complete): boolean {
    if (!this.#results.has(nameOfWindows(complete.pipeline))) return false
    // Of many that wait the first will do, and the last.
    const [, ...others] = this.#notes.filter(({ pipeline }) => pipeline === complete.pipeline)
    this.#notes = [...this.#notes.filter((note) => !others.includes(note)), complete]
    this.#unsettled.add(complete)
    return true
  }

  /** What has been noted is durable. */
  *settle(offsets: ReadonlyArray<number>): Generator<ReadonlyArray<Pane>> {
    this.#unsettled.clear()
    yield* this.advance(offsets)
  }

  /** The log was read up to these offsets. */
  *advance(offsets: ReadonlyArray<number>): Generator<ReadonlyArray<Pane>> {
    const due = this.#notes.filter((note) => !this.#unsettled.has(note) && note.at.every((end, partition) => (offsets[partition] ?? 0) >= end))
    if (due.length === 0) return
    this.#notes = this.#notes.filter((note) => !due.includes(note))
    for (const { pipeline, watermark } of due) yield* this.#results.get(nameOfWindows(pipeline))?.advance(watermark) ?? []
  }

  /** All windows are there. */
  *close(): Generator<ReadonlyArray<Pane>> {
    for (const results of this.#results.values()) yield* results.advance(endOfTime)
  }

  /** What it keeps at this moment, or what of that has changed since the last time. */
  checkpoint(): { readonly isBase: boolean; readonly sections: Iterable<Section> } {
    if (this.#results.size === 0) return { isBase: true, sections: [] }
    const isBase = this.#isBaseDue || this.#sizes.since > this.#sizes.base
    this.#isBaseDue = false
    if (isBase) this.#sizes = { base: 0, since: 0 }
    const notes: Section = [notesSection, Buffer.from(encodeNotes(this.#notes))]
    const parts = [[notes], ...[...this.#results.values()].map((results) => results.checkpoint(isBase))]
    return { isBase, sections: this.#counted(parts, isBase ? "base" : "since") }
  }

  *#counted(parts: ReadonlyArray<Iterable<Section>>, as: "base" | "since"): Generator<Section> {
    for (const part of parts) {
      for (const section of part) {
        this.#sizes[as] += section[1]?.length ?? 0
        yield section
      }
    }
  }

  /** Throws a {@link StateError} where the state is damaged, or that of other pipelines. */
  restore(snapshot: Snapshot): void {
    if (this.#results.size === 0) return
    const notes = decodeNotes(Buffer.from(snapshot.get(notesSection) ?? []).toString())
    if (notes._tag === "None") throw new StateError("the snapshot does not say what is complete")
    this.#notes = notes.value
    for (const results of this.#results.values()) results.restore(snapshot)
  }
}
