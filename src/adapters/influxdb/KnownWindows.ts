/**
 * What is known of a pipeline's windows in the store, so that an older revision is not written over a newer one and the
 * store is hardly ever asked. The windows written last are remembered, up to a number. Of the others it is known
 * that they are not in the store if they begin after the frontier: the newest start of what was there before, or of
 * what has been forgotten since.
 */
import type * as Pane from "../../streams/Pane.ts"

export interface Known {
  readonly revision: number
  /** The fields that show its values, see `Point`. */
  readonly shown: string
}

export class KnownWindows {
  private readonly limit: number
  private frontier: number
  private readonly windows = new Map<string, Known & { readonly start: number }>()

  /** The frontier is the newest start that is in the store when this begins. */
  constructor(limit: number, frontier: number) {
    this.limit = limit
    this.frontier = frontier
  }

  get(id: string): Known | undefined {
    return this.windows.get(id)
  }

  /** Whether the store may hold a window that begins then, if it is none of those that are remembered. */
  mayHold(start: number): boolean {
    return start <= this.frontier
  }

  set(id: string, start: number, { revision, shown }: Known): void {
    // Deleted first, so that the windows touched last are the last in the order of the map.
    this.windows.delete(id)
    this.windows.set(id, { start, revision, shown })
  }

  /** Forgets what is beyond the limit. */
  trim(): void {
    if (this.windows.size <= this.limit) return
    for (const [id, { start }] of this.windows) {
      this.windows.delete(id)
      this.frontier = Math.max(this.frontier, start)
      if (this.windows.size <= this.limit) return
    }
  }
}

/** Tells the windows of a pipeline apart. */
export const idOf = ({ end, key, start }: Pick<Pane.Pane, "end" | "key" | "start">): string => `${start} ${end} ${key}`
