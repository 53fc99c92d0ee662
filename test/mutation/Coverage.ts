/**
 * Which places in the sources a piece of work comes by. It is only known while functions are not optimized: the process has
 * to be started with `--no-opt` and `--no-maglev`.
 */
import { type Profiler, Session } from "node:inspector"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Place } from "./Trial.ts"

const root = join(import.meta.dirname, "../..")

export class Coverage {
  readonly #session = new Session()
  readonly #byUrl = new Map<string, Array<{ readonly number: number; readonly start: number }>>()

  constructor(places: ReadonlyArray<Place>) {
    places.forEach(({ file, start }, number) => {
      const url = pathToFileURL(join(root, file)).href
      const known = this.#byUrl.get(url)
      if (known === undefined) this.#byUrl.set(url, [{ number, start }])
      else known.push({ number, start })
    })
    this.#session.connect()
    this.#session.post("Profiler.enable")
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true })
  }

  /** The numbers of the places that were come by since it was last asked. */
  take(): ReadonlyArray<number> {
    const found: Array<number> = []
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error !== null) throw error
      for (const script of taken.result) {
        for (const { number, start } of this.#byUrl.get(script.url) ?? []) if (isReached(script, start)) found.push(number)
      }
    })
    return found
  }
}

/** By the smallest range that it lies in: a block's, or a function's. */
const isReached = ({ functions }: Profiler.ScriptCoverage, at: number): boolean => {
  let [smallest, count] = [Infinity, 0]
  for (const { ranges } of functions) {
    for (const range of ranges) {
      const length = range.endOffset - range.startOffset
      if (range.startOffset <= at && at < range.endOffset && length <= smallest) [smallest, count] = [length, range.count]
    }
  }
  return count > 0
}
