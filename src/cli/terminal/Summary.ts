/**
 * What a run says of itself where nobody looks at a table: one line now and then, in whatever keeps its stderr. What goes
 * wrong is told when it does, not here.
 */
import { Effect } from "effect"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { Monitor, nothingYet, type Progress } from "../../streams/ports/Monitor.ts"
import { say } from "./Problem.ts"

/** Milliseconds between two lines at least. */
const every = 10_000

/** How often it is asked whether there is something to tell. */
const lookEvery = "250 millis"

/** The first result is told at once, and then what has changed, every ten seconds. */
export const show = Effect.fnUntraced(function*<E, R>(timeZone: string, badge: Effect.Effect<string, E, R>) {
  const monitor = yield* Monitor
  const time = clock(timeZone)
  let told: { readonly progress: Progress; readonly at: number } = { progress: nothingYet, at: yield* MonotonicTime.millis }
  while (true) {
    yield* Effect.sleep(lookEvery)
    const progress = yield* monitor.progress
    const now = yield* MonotonicTime.millis
    if (!hasChanged(progress, told.progress)) continue
    const isFirstResult = resultsOf(told.progress) === 0 && resultsOf(progress) > 0
    if (now - told.at < every && !isFirstResult) continue
    say(line({ badge: yield* badge, progress, before: told.progress, millis: now - told.at, time }))
    told = { progress, at: now }
  }
})

/** Times of the day in a zone. */
export const clock = (timeZone: string) =>
  new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })

const resultsOf = ({ panes, rows }: Progress): number => panes + rows

const hasChanged = (now: Progress, before: Progress): boolean =>
  now.read !== before.read || now.lag !== before.lag || resultsOf(now) !== resultsOf(before)

interface Told {
  readonly badge: string
  readonly progress: Progress
  readonly before: Progress
  /** Since `before`. */
  readonly millis: number
  readonly time: Intl.DateTimeFormat
}

const since = (count: number, former: number): string =>
  count > former && former > 0 ? `${count} (${count - former} new)` : String(count)

/** `LIVE  watermark 10:31:25, read 1210 (121/s), panes 15, lag 0, late 3 (2 new), dead-lettered 0`, and rows where there are any. */
export const line = ({ badge, before, millis, progress, time }: Told): string => {
  const { deadLettered, lag, late, panes, read, rows, watermark } = progress
  const rate = Math.round(1_000 * (read - before.read) / Math.max(1, millis))
  return `${badge}  watermark ${watermark === null ? "none yet" : time.format(watermark)}, read ${read} (${rate}/s), panes ${panes}, ` +
    `${rows > 0 ? `rows ${rows}, ` : ""}lag ${lag}, late ${since(late, before.late)}, ` +
    `dead-lettered ${since(deadLettered, before.deadLettered)}`
}
