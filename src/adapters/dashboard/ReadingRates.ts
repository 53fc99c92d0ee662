/** How fast events are read, over the last few seconds: from two states of the engine's counts. */
import type { Progress } from "../../streams/ports/Monitor.ts"
import type { Rates } from "./Graph.ts"

/** Milliseconds that are looked back at least. */
const span = 4_000

interface Sample {
  readonly at: number
  readonly progress: Progress
}

export class ReadingRates {
  #samples: ReadonlyArray<Sample> = []

  /** `now` is a reading of the monotonic clock. */
  note(progress: Progress, now: number): void {
    // One that is old enough is kept to compare with.
    const first = this.#samples.findLastIndex(({ at }) => at <= now - span)
    this.#samples = [...this.#samples.slice(Math.max(0, first)), { at: now, progress }]
  }

  get rates(): Rates {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    const rate = (read: (progress: Progress) => number | undefined): number | null => {
      if (first === undefined || last === undefined || last.at <= first.at) return null
      const [before, now] = [read(first.progress), read(last.progress)]
      return before === undefined || now === undefined ? null : Math.max(0, (now - before) / (last.at - first.at) * 1_000)
    }
    return {
      all: rate(({ read }) => read),
      ofSource: (name) => rate(({ bySource }) => bySource?.[name]?.read),
      ofPipeline: (name) => rate(({ byPipeline }) => byPipeline[name]?.read),
      ofNode: (pipeline, node) => rate(({ nodes }) => nodes?.[pipeline]?.[node]?.inputs.reduce((sum, count) => sum + count, 0))
    }
  }
}
