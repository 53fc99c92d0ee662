/** Panes in the order in which they are told. They become objects when somebody asks for these, once for all who ask. */
import type { Pane } from "../pipeline/Pane.ts"
import { PaneBatch } from "./PaneBatch.ts"

/** Rows of a batch, or objects, that are told one after the other. */
export interface PaneRun {
  readonly panes: PaneBatch | ReadonlyArray<{ readonly pane: Pane }>
  readonly from: number
  readonly to: number
}

export class PaneRuns {
  readonly #runs: Array<PaneRun> = []
  #length = 0
  #objects: ReadonlyArray<Pane> | null = null

  add(run: PaneRun): void {
    this.#runs.push(run)
    this.#length += run.to - run.from
    this.#objects = null
  }

  get length(): number {
    return this.#length
  }

  get objects(): ReadonlyArray<Pane> {
    return this.#objects ??= this.#runs.flatMap(objectsOf)
  }
}

const objectsOf = ({ from, panes, to }: PaneRun): ReadonlyArray<Pane> =>
  panes instanceof PaneBatch
    ? Array.from({ length: to - from }, (_, row) => panes.paneAt(from + row))
    : panes.slice(from, to).map(({ pane }) => pane)
