/** The panes of several pipelines in one order, each made when its turn comes. */
import type { Emitted, EmittedPanes } from "../operator/Operator.ts"
import type { Work } from "../operator/Work.ts"
import { PaneBatch } from "../records/PaneBatch.ts"

/** Panes that have come out together and are told one after the other. */
export interface PaneRun {
  readonly panes: EmittedPanes
  readonly from: number
  readonly to: number
}

/** One pipeline's part of a step: work that leads to panes, which come in their order. */
export class Strand {
  readonly #drain: () => ReadonlyArray<EmittedPanes>
  #steps: Iterator<void> | null = [].values()
  /** What has been made and not told: the first of them from a row on. */
  #made: Array<EmittedPanes> = []
  #next = 0
  #row = 0

  constructor(drain: () => ReadonlyArray<EmittedPanes>) {
    this.#drain = drain
  }

  begin(work: Work): void {
    this.#steps = work[Symbol.iterator]()
  }

  get isDone(): boolean {
    return this.#steps === null
  }

  /** The next pane, as far as that has been made; `undefined` where it has not, or where there is none. */
  get head(): Due | undefined {
    const panes = this.#made[this.#next]
    return panes === undefined ? undefined : dueAt(panes, this.#row)
  }

  /** The next panes, up to one that is due later than the one before it. */
  takeRun(): PaneRun {
    const panes = this.#made[this.#next]!
    const from = this.#row
    let to = from + 1
    while (to < panes.length && !isLater(panes, to)) to++
    this.#row = to
    if (to === panes.length) {
      this.#next++
      this.#row = 0
    }
    return { panes, from, to }
  }

  /** Works on to the next pause. */
  workOn(): void {
    if (this.#steps?.next().done === true) this.#steps = null
    if (this.#next === this.#made.length) [this.#made, this.#next] = [[], 0]
    for (const panes of this.#drain()) this.#made.push(panes)
  }
}

type Due = Pick<Emitted, "offset" | "watermark">

const dueAt = (panes: EmittedPanes, row: number): Due =>
  panes instanceof PaneBatch ? { watermark: panes.watermarkAt(row), offset: panes.offsetAt(row) } : panes[row]!

const isBefore = (a: Due, b: Due): boolean => a.watermark < b.watermark || (a.watermark === b.watermark && a.offset < b.offset)

/** Than the one before it. */
const isLater = (panes: EmittedPanes, row: number): boolean =>
  panes instanceof PaneBatch ? panes.isLater(row) : isBefore(panes[row - 1]!, panes[row]!)

/** By watermark, then by the row or decision that led to them, then as the strands stand; `null` is a pause. */
export function* merged(strands: ReadonlyArray<Strand>): Generator<PaneRun | null> {
  while (true) {
    let [next, first]: [Strand | null, Due | null] = [null, null]
    for (const strand of strands) {
      while (strand.head === undefined && !strand.isDone) {
        strand.workOn()
        if (strand.head === undefined) yield null
      }
      const { head } = strand
      if (head === undefined || (first !== null && !isBefore(head, first))) continue
      next = strand
      first = head
    }
    if (next === null || first === null) return
    // Those of one window come one after the other: nobody else's are to be looked at before them.
    do {
      const run = next.takeRun()
      yield run
      if (next.head === undefined || isBefore(dueAt(run.panes, run.to - 1), next.head)) break
    } while (true)
  }
}

/** Does all work that has been begun; what it leads to waits. */
export function* worked(strands: ReadonlyArray<Strand>): Generator<null> {
  for (const strand of strands) {
    while (!strand.isDone) {
      strand.workOn()
      yield null
    }
  }
}
