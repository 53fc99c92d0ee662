/** The checkpoints of a name as a store has them: chains of parts, of which the two newest whole ones stay. */
import type { Head } from "../../streams/ports/Checkpoint.ts"
import { type Chain, type Chunks, generations } from "../../streams/ports/CheckpointParts.ts"

/** Where a part belongs: its chain, and which it is there. */
export interface Place {
  readonly chain: number
  readonly part: number
}

interface Part {
  readonly chunks: Chunks
  /** `null` where it was torn. */
  readonly head: Head | null
}

export class StoredCheckpoints {
  readonly #chains = new Map<number, Map<number, Part>>()
  #newest = 0
  #parts = 0

  next(isBase: boolean): Place {
    if (isBase) this.#newest++
    this.#parts = isBase ? 0 : this.#parts + 1
    return { chain: this.#newest, part: this.#parts }
  }

  keep({ chain, part }: Place, chunks: Chunks, head: Head | null): void {
    const parts = this.#chains.get(chain) ?? new Map<number, Part>()
    this.#chains.set(chain, parts.set(part, { chunks, head }))
    const whole = [...this.#chains].filter(([, parts]) => parts.get(0)?.head != null).map(([id]) => id).sort((a, b) => b - a)
    const oldest = whole[generations - 1] ?? -Infinity
    for (const id of this.#chains.keys()) if (id < oldest) this.#chains.delete(id)
  }

  /** Newest first. */
  get chains(): ReadonlyArray<Chain> {
    return [...this.#chains]
      .sort(([a], [b]) => b - a)
      .map(([, parts]) => [...parts].sort(([a], [b]) => a - b).map(([, { chunks }]) => chunks))
  }

  /** What the newest whole one says. */
  get head(): Head | null {
    const all = [...this.#chains].sort(([a], [b]) => a - b).flatMap(([, parts]) => [...parts].sort(([a], [b]) => a - b))
    return all.findLast(([, { head }]) => head !== null)?.[1].head ?? null
  }

  clear(): void {
    this.#chains.clear()
  }
}
