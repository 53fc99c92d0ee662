/**
 * When markets trade, for charts and alerts, which cannot compute a calendar: a point for each stretch of trading of each
 * calendar that is built in, in the measurement `courant-sessions`.
 *
 * They are written with the first pane of a week, from the week before to two weeks after: so they are there wherever panes
 * are, those of a recording of years ago too, and for the weeks to come as long as there is a feed. The same week has the same
 * points whoever writes it. A week that the bucket keeps no longer is left out, as its panes are.
 */
import { Effect, Layer } from "effect"
import * as Calendar from "../../domain/TradingCalendar.ts"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { Connection } from "./Connection.ts"
import * as Names from "./Names.ts"

export interface Options {
  /** The names of those whose panes are of markets; all unless told. */
  readonly pipelines?: ReadonlyArray<string> | undefined
}

/** Tags and fields of a point; times are in milliseconds, and the stretch begins at the point's own. */
export const tags = { calendar: "calendar", part: "part" } as const
export const fields = { date: "date", partEnd: "part_end", sessionClose: "session_close", sessionOpen: "session_open" } as const

/** Adds them to a sink of panes. */
export const layer = (options: Options = {}): Layer.Layer<ResultSink, never, Connection | ResultSink> =>
  Layer.effect(ResultSink, make(options))

const make = Effect.fnUntraced(function*({ pipelines }: Options) {
  const { retryPolicy, write } = yield* Connection
  const sink = yield* ResultSink
  const weeks = weeksBy(Calendar.names.filter(Calendar.isName).map(Calendar.named))
  const isOfMarkets = pipelines === undefined ? () => true : (pane: Pane) => pipelines.includes(pane.pipeline)
  /** No more than the calendars know. */
  const written = new Set<number>()

  const missing = (panes: ReadonlyArray<Pane>): ReadonlyArray<number> => {
    const found = new Set<number>()
    for (const pane of panes) {
      const last = weeks.lastAround(pane)
      for (let week = weeks.firstAround(pane); week <= last; week++) if (!written.has(week) && isOfMarkets(pane)) found.add(week)
    }
    return [...found].sort((a, b) => a - b)
  }

  const writeWeek = (week: number) =>
    retryPolicy.retry(Effect.suspend(() => write(weeks.linesOf(week).join("\n")))).pipe(
      // Of a week that is older than the bucket keeps, whole or in part, the rest is stored.
      Effect.catchIf(({ reason }) => reason === "refused", (error) => Effect.logDebug(`sessions were not written: ${error.message}`)),
      Effect.andThen(Effect.sync(() => written.add(week))),
      Effect.mapError((cause) => new ResultSinkError({ message: cause.message, cause }))
    )

  return ResultSink.of({
    ...sink,
    write: (panes) =>
      Effect.suspend(() => Effect.forEach(missing(panes), writeWeek, { discard: true })).pipe(Effect.andThen(sink.write(panes)))
  })
})

const weekMillis = 7 * 86_400_000

/** Weeks, counted from 1970 on. */
const weeksBy = (calendars: ReadonlyArray<Calendar.Calendar>) => {
  const known = calendars.map((calendar) => ({ calendar, ...Calendar.coverage(calendar) }))
  const first = Math.floor(Math.min(...known.map(({ start }) => start)) / weekMillis)
  const last = Math.floor(Math.max(...known.map(({ end }) => end)) / weekMillis)
  return {
    firstAround: ({ start }: Pane) => Math.max(first, Math.floor(start / weekMillis) - 1),
    lastAround: ({ end }: Pane) => Math.min(last, Math.floor(end / weekMillis) + 2),
    linesOf: (week: number): ReadonlyArray<string> =>
      known.flatMap(({ calendar, end, start }) => {
        const from = Math.max(start, week * weekMillis)
        const to = Math.min(end, (week + 1) * weekMillis)
        return from < to ? linesOf(calendar, from, to) : []
      })
  }
}

/** The sessions that open in `[from, to)`. */
const linesOf = (calendar: Calendar.Calendar, from: number, to: number): ReadonlyArray<string> =>
  Calendar.sessions(calendar, { from, to }).filter(({ open }) => open >= from && open < to).flatMap((session) =>
    partsOf(calendar).flatMap((part) =>
      Calendar.stretchesOf(calendar, session, part).map((stretch) => lineOf(calendar.name, part, session, stretch))))

const partsOf = (calendar: Calendar.Calendar): ReadonlyArray<Calendar.Part> =>
  Calendar.hasExtendedHours(calendar) ? ["pre", "regular", "post"] : ["regular"]

const lineOf = (calendar: string, part: Calendar.Part, { close, date, open }: Calendar.Session, { end, start }: Calendar.Stretch): string =>
  `${Names.sessions},${tags.calendar}=${Names.tag(calendar)},${tags.part}=${part} ${fields.date}="${date}",` +
  `${fields.partEnd}=${end}i,${fields.sessionClose}=${close}i,${fields.sessionOpen}=${open}i ${start}`
