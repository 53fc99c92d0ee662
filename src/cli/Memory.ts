/**
 * A run that comes near a limit of its memory says so, and ends in order before somebody ends it without a word: V8, which
 * aborts where its heap is full, or the system, which kills what is beyond a container's limit. Columns of numbers lie outside
 * the heap and count for the second alone.
 */
import { Effect, Predicate, type Scope } from "effect"
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks"
import { totalmem } from "node:os"
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8"
import { Monitor, type Progress } from "../streams/ports/Monitor.ts"
import { type Problem, problem, say } from "./terminal/Problem.ts"

/**
 * Shares of a limit. What is left at the second has to do for saving the state; and from four fifths of the heap on V8 gives
 * up where collections take long and leave much, as they do on a busy machine.
 */
const warnAt = 0.6
const stopAt = 0.75

const every = "250 millis"

/** So many looks in a row have to find the same: a peak is no state. */
const looks = 2

/** How much there is of something, and how much there may be, in bytes. */
export interface Use {
  readonly of: "heap" | "container"
  readonly used: number
  readonly limit: number
}

/** Fails where memory is about to run out; whatever it is raced with is interrupted, and saves its state. */
export const guarded = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.raceFirst(run, Effect.flatMap(measure, watch)))

/** Asks again and again. Says once that memory is short. */
export const watch = Effect.fnUntraced(function*(measure: () => ReadonlyArray<Use>): Effect.fn.Return<never, Problem, Monitor> {
  const monitor = yield* Monitor
  const over = { warn: 0, stop: 0 }
  while (true) {
    yield* Effect.sleep(every)
    const [worst] = measure().toSorted((a, b) => shareOf(b) - shareOf(a))
    if (worst === undefined) continue
    over.warn = shareOf(worst) >= warnAt ? over.warn + 1 : 0
    over.stop = shareOf(worst) >= stopAt ? over.stop + 1 : 0
    if (over.stop === looks) return yield* problem(`${whatIs(worst, yield* monitor.progress)}; the run ends before it is killed, and its state is saved; ${advice[worst.of]}`)
    if (over.warn === looks) say(`warning: ${whatIs(worst, yield* monitor.progress)}; at ${percent(stopAt)} the run ends`)
  }
})

const shareOf = ({ limit, used }: Use): number => used / limit

const percent = (share: number): string => `${Math.round(100 * share)} %`

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const names = { heap: "JavaScript's heap", container: "this machine or container allows the process" } as const

const fewer = "run fewer pipelines in a process (--pipelines), or windows with fewer open keys"

const advice = {
  heap: `give it more with NODE_OPTIONS=--max-old-space-size=MEBIBYTES, or ${fewer}`,
  container: `raise the container's limit, or ${fewer}`
} as const

/** `memory is at 91 % (466 MiB of 512 MiB, JavaScript's heap); open keys: day 60000, candles-1m 120000`. */
const whatIs = (use: Use, { open = {} }: Progress): string => {
  const held = Object.entries(open).filter(([, keys]) => keys > 0).sort(([, a], [, b]) => b - a)
  const keys = held.length === 0 ? "no keys are open" : `open keys: ${held.map(([name, count]) => `${name} ${count}`).join(", ")}`
  return `memory is at ${percent(shareOf(use))} (${mebibytes(use.used)} of ${mebibytes(use.limit)}, ${names[use.of]}); ${keys}`
}

/** Looks at this process. */
const measure: Effect.Effect<() => ReadonlyArray<Use>, never, Scope.Scope> = Effect.gen(function*() {
  const live = yield* liveHeap
  return () => {
    const container = process.constrainedMemory()
    return [
      { of: "heap" as const, used: Math.min(live(), oldHeap()), limit: oldLimit },
      ...(container > 0 && container < totalmem() ? [{ of: "container" as const, used: process.memoryUsage.rss(), limit: container }] : [])
    ]
  }
})

/** What V8 was told. It counts the space of new objects into the limit that it gives, and gives up when that of old ones is full. */
const told = /--max[-_]old[-_]space[-_]size[= ](\d+)(?![^]*--max[-_]old[-_]space[-_]size[= ]\d)/.exec(
  [process.env["NODE_OPTIONS"], ...process.execArgv].join(" ")
)

/** Where it was told nothing, the space of new objects is 3 % of the whole at most. */
const oldLimit = told === null ? 0.97 * getHeapStatistics().heap_size_limit : Number(told[1]) * 2 ** 20

const oldHeap = (): number =>
  getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: used }) => name.startsWith("new_") ? sum : sum + used, 0)

/** What a collection of the whole heap has left last: until there has been one, all of it may be garbage. */
const liveHeap = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      let used = 0
      const observer = new PerformanceObserver((list) => {
        if (list.getEntries().some(isMajor)) used = oldHeap()
      })
      observer.observe({ entryTypes: ["gc"] })
      return { observer, used: () => used }
    }),
    ({ observer }) => Effect.sync(() => observer.disconnect())
  ),
  ({ used }) => used
)

/** The types of Node leave out what an entry of this kind has. */
const isMajor = (entry: PerformanceEntry & { readonly detail?: unknown }): boolean =>
  Predicate.isObject(entry.detail) && entry.detail["kind"] === constants.NODE_PERFORMANCE_GC_MAJOR
