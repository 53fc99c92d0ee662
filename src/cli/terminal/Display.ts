/**
 * What a run shows in the terminal: on a TTY a table that is updated in place, elsewhere a
 * summary now and then. It goes to stderr, like all that is no result.
 */
import { Effect, Stream } from "effect"
import { Feed, type Freshness } from "../../streams/ports/Feed.ts"
import { type Event, type Looks, Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as Summary from "./Summary.ts"

/** The feed's state in the words of the page's badge. */
export const badge = (freshness: Freshness): string => {
  switch (freshness._tag) {
    case "live":
      return "LIVE"
    case "delayed":
      return `DELAYED ${freshness.minutes} min`
    case "recorded":
      return `RECORDED ${freshness.date} x${freshness.speed === Infinity ? "max" : freshness.speed}`
    case "closed":
      return `CLOSED (${freshness.reason})`
    case "stale":
      return `STALE (${freshness.reason})`
    case "simulated":
      return "SIMULATED"
  }
}

/** Shows while something runs, and for the last time at its end, so that what is said after that stands below. */
export const during = (timeZone: string) => <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.forkScoped(show(timeZone)).pipe(Effect.andThen(run), Effect.scoped)

const show = (timeZone: string) =>
  Effect.suspend(() => process.stderr.isTTY ? showTable(timeZone) : Summary.show(timeZone, currentBadge))

const currentBadge = Effect.flatMap(Feed, ({ freshness }) => Effect.map(freshness, badge))

interface Row {
  last: string
  open: string
  high: string
  low: string
  mean: string
  volume: string
  variation: string
}

const showTable = Effect.fnUntraced(function*(timeZone: string) {
  const monitor = yield* Monitor
  const feed = yield* Feed
  const rows = new Map<string, Row>()
  const time = Summary.clock(timeZone)
  let progress: Progress | null = null
  let drawn = 0
  let writtenAt = 0
  const draw = Effect.gen(function*() {
    // A line that wraps would take two.
    const width = process.stderr.columns || Infinity
    const lines = table(rows, progress, badge(yield* feed.freshness), time).map((line) => line.slice(0, width))
    // Up to the table's first line, then each line over its former self; below what somebody else has written since.
    const up = drawn > 0 && process.stderr.bytesWritten === writtenAt ? `\u001b[${drawn}A` : ""
    process.stderr.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`)
    drawn = lines.length
    writtenAt = process.stderr.bytesWritten
  })
  yield* Effect.raceFirst(
    monitor.eventsFor(() => looks).pipe(Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event._tag === "progress") progress = event.progress
        else if (event._tag !== "rows") takeRows(rows, event)
      })
    )),
    Effect.forever(Effect.andThen(Effect.sleep("500 millis"), draw))
  ).pipe(Effect.ensuring(draw))
})

/** All that the table shows is of these. */
const looks: Looks = { pipelines: new Set(["day"]), keys: [] }

/** The tiles' numbers come from the day's windows, the last price from whatever is newest. */
const takeRows = (rows: Map<string, Row>, event: Exclude<Event, { _tag: "progress" | "rows" }>): void => {
  for (const pane of event.panes) {
    if (pane.pipeline !== "day" || pane.pane === "retracted") continue
    const { close, high, low, mean, open, variation, volume } = Pane.encode(pane).values
    rows.set(pane.key, {
      last: text(close),
      open: text(open),
      high: text(high),
      low: text(low),
      mean: mean == null ? "-" : Number(mean).toFixed(4),
      volume: volume == null ? "-" : amount(Number(volume)),
      variation: variation == null ? "-" : `${Number(variation) > 0 ? "+" : ""}${Number(variation).toFixed(2)} %`
    })
  }
}

/** Of a large volume the last decimals say nothing. */
const amount = (value: number): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 1 ? 8 : Math.abs(value) < 1_000 ? 4 : 2 })

const text = (value: unknown): string => value == null ? "-" : String(value)

/** Of 80 columns 7 are the symbol's. */
const widths = { last: 10, open: 10, high: 10, low: 10, mean: 11, volume: 12, variation: 10 } as const

const columns = ["last", "open", "high", "low", "mean", "volume", "variation"] as const

const table = (
  rows: ReadonlyMap<string, Row>,
  progress: Progress | null,
  state: string,
  time: Intl.DateTimeFormat
): ReadonlyArray<string> => {
  const head = `${"symbol".padEnd(7)}${columns.map((name) => name.padStart(widths[name])).join("")}`
  const body = [...rows]
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([symbol, row]) => `${symbol.padEnd(7)}${columns.map((name) => row[name].padStart(widths[name])).join("")}`)
  const at = progress?.watermark == null ? "waiting for the first tick" : `watermark ${time.format(progress.watermark)}`
  const counts = progress === null
    ? ""
    : `, read ${progress.read}, late ${progress.late}, dead-lettered ${progress.deadLettered}, lag ${progress.lag}`
  return [`${state}  ${at}${counts}`, head, ...body]
}
