/**
 * What a run shows in the terminal: on a TTY a table that is updated in place, elsewhere
 * one plain line for each closed candle. It goes to stderr, like all that is no result.
 */
import { Effect, Stream } from "effect"
import { Feed, type Freshness } from "../streams/Feed.ts"
import { type Event, Monitor, type Progress } from "../streams/Monitor.ts"
import * as Pane from "../streams/Pane.ts"
import { say } from "./Problem.ts"

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

/** Shows until it is interrupted. */
export const show = (timeZone: string) =>
  Effect.suspend(() => process.stderr.isTTY ? showTable(timeZone) : showLines(timeZone))

const clock = (timeZone: string) =>
  new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })

const showLines = Effect.fnUntraced(function*(timeZone: string) {
  const monitor = yield* Monitor
  const time = clock(timeZone)
  yield* monitor.events.pipe(Stream.runForEach((event) =>
    Effect.sync(() => {
      if (event._tag !== "panes") return
      for (const pane of event.panes) if (pane.pipeline === "candles-1m") say(candleLine(pane, time))
    })
  ))
})

const candleLine = (pane: Pane.Pane, time: Intl.DateTimeFormat): string => {
  const { close, high, low, open, trades, volume } = Pane.encode(pane).values
  const revision = pane.revision > 0 ? ` (revision ${pane.revision})` : ""
  return `${time.format(pane.start)} ${pane.key.padEnd(6)} open ${open ?? "-"} high ${high ?? "-"} low ${low ?? "-"} ` +
    `close ${close ?? "-"} volume ${volume ?? "-"} trades ${trades ?? "-"}${revision}`
}

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
  const time = clock(timeZone)
  let progress: Progress | null = null
  let drawn = 0
  const draw = Effect.gen(function*() {
    const lines = table(rows, progress, badge(yield* feed.freshness), time)
    // Up to the table's first line, then each line over its former self.
    process.stderr.write(`${drawn > 0 ? `\u001b[${drawn}A` : ""}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`)
    drawn = lines.length
  })
  yield* Effect.raceFirst(
    monitor.events.pipe(Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event._tag === "progress") progress = event.progress
        else takeRows(rows, event)
      })
    )),
    Effect.forever(Effect.andThen(Effect.sleep("500 millis"), draw))
  ).pipe(Effect.ensuring(draw))
})

/** The tiles' numbers come from the day's windows, the last price from whatever is newest. */
const takeRows = (rows: Map<string, Row>, event: Exclude<Event, { _tag: "progress" }>): void => {
  for (const pane of event.panes) {
    if (pane.pipeline !== "day" || pane.pane === "retracted") continue
    const { close, high, low, mean, open, variation, volume } = Pane.encode(pane).values
    rows.set(pane.key, {
      last: text(close),
      open: text(open),
      high: text(high),
      low: text(low),
      mean: mean == null ? "-" : Number(mean).toFixed(4),
      volume: volume == null ? "-" : Number(volume).toLocaleString("en-US"),
      variation: variation == null ? "-" : `${Number(variation) > 0 ? "+" : ""}${Number(variation).toFixed(2)} %`
    })
  }
}

const text = (value: unknown): string => value == null ? "-" : String(value)

const columns = ["last", "open", "high", "low", "mean", "volume", "variation"] as const

const table = (
  rows: ReadonlyMap<string, Row>,
  progress: Progress | null,
  state: string,
  time: Intl.DateTimeFormat
): ReadonlyArray<string> => {
  const head = `${"symbol".padEnd(8)}${columns.map((name) => name.padStart(14)).join("")}`
  const body = [...rows]
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([symbol, row]) => `${symbol.padEnd(8)}${columns.map((name) => row[name].padStart(14)).join("")}`)
  const at = progress?.watermark == null ? "waiting for the first tick" : `watermark ${time.format(progress.watermark)}`
  const counts = progress === null
    ? ""
    : `, read ${progress.read}, late ${progress.late}, dead-lettered ${progress.deadLettered}, lag ${progress.lag}`
  return [`${state}  ${at}${counts}`, head, ...body]
}
