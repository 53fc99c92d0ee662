/** The panes of several pipelines in one order, each made when its turn comes. */
import type { Emitted } from "../operator/Operator.ts"
import type { Work } from "../operator/Work.ts"

/** One pipeline's part of a step: work that leads to panes, which come in their order. */
export class Strand {
  readonly #drain: () => ReadonlyArray<Emitted>
  #steps: Iterator<void> | null = [].values()
  #made: Array<Emitted> = []
  #at = 0

  constructor(drain: () => ReadonlyArray<Emitted>) {
    this.#drain = drain
  }

  begin(work: Work): void {
    this.#steps = work[Symbol.iterator]()
  }

  get isDone(): boolean {
    return this.#steps === null
  }

  /** The next pane, as far as that has been made; `undefined` where it has not, or where there is none. */
  get head(): Emitted | undefined {
    return this.#made[this.#at]
  }

  drop(): void {
    this.#at++
  }

  /** Works on to the next pause. */
  workOn(): void {
    if (this.#steps?.next().done === true) this.#steps = null
    if (this.head === undefined) [this.#made, this.#at] = [[], 0]
    for (const pane of this.#drain()) this.#made.push(pane)
  }
}

const isBefore = (a: Emitted, b: Emitted): boolean => a.watermark < b.watermark || (a.watermark === b.watermark && a.offset < b.offset)

/** By watermark, then by the row or decision that led to them, then as the strands stand; `null` is a pause. */
export function* merged(strands: ReadonlyArray<Strand>): Generator<Emitted | null> {
  while (true) {
    let [next, first]: [Strand | null, Emitted | null] = [null, null]
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
      next.drop()
      yield first
      if (next.head === undefined || isBefore(first, next.head)) break
      first = next.head
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
