/**
 * What is known of a pipeline's windows in the store, so that an older pane is not written over a newer one and the
 * store is hardly ever asked. The windows written last are remembered, up to a number. Of the others it is known
 * that they are not in the store if they begin after the frontier: the newest start of what was there before, or of
 * what has been forgotten since.
 */
import type * as Pane from "../../streams/pipeline/Pane.ts"

export interface Known extends Pane.Age {
  /** The fields that show its values, see `Point`. */
  readonly shown: string
}

type Window = Pick<Pane.Pane, "end" | "key" | "start">

/** Windows that are forgotten together: taking them from a map one by one would cost as much as all else here. */
interface Generation {
  readonly windows: Map<string, Known>
  newestStart: number
}

export class RevisionCache {
  private readonly limit: number
  private frontier: number
  private young = emptyGeneration()
  private old = emptyGeneration()
  private latest = { start: Number.NaN, end: Number.NaN, text: "" }

  /** Remembers so many windows, and up to twice as many. The frontier is the newest start that is in the store. */
  constructor(limit: number, frontier: number) {
    this.limit = limit
    this.frontier = frontier
  }

  get(window: Window): Known | undefined {
    const { old, young } = this
    if (window.start > young.newestStart && window.start > old.newestStart) return undefined
    const id = this.idOf(window)
    return young.windows.get(id) ?? old.windows.get(id)
  }

  /** Whether the store may hold it without our knowing. */
  isUnsure(window: Window): boolean {
    return window.start <= this.frontier && this.get(window) === undefined
  }

  set(window: Window, { changes, pane, shown }: Known): void {
    if (this.young.windows.size >= this.limit) {
      this.frontier = Math.max(this.frontier, this.old.newestStart)
      this.old = this.young
      this.young = emptyGeneration()
    }
    const { young } = this
    young.windows.set(this.idOf(window), { changes, pane, shown })
    young.newestStart = Math.max(young.newestStart, window.start)
  }

  /** Tells the windows of the pipeline apart. Those of one time come together, and numbers become strings slowly. */
  idOf({ end, key, start }: Window): string {
    if (start !== this.latest.start || end !== this.latest.end) this.latest = { start, end, text: `${start} ${end} ` }
    return this.latest.text + key
  }
}

const emptyGeneration = (): Generation => ({ windows: new Map(), newestStart: -Infinity })
