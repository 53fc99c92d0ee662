/** Which windows are meant by a time that a command is given: a time of day, a date or an instant. */
import { DateTime, Effect, Option } from "effect"
import * as Calendar from "../domain/TradingCalendar.ts"
import type { Trading, Window } from "../streams/pipeline/Window.ts"
import * as Instants from "./Instants.ts"
import { usage } from "./terminal/Problem.ts"

/** Whether one is meant. */
export type Test = (window: Calendar.Stretch) => boolean

const dayMillis = 86_400_000

/** Those that hold the time, on any day where it is one of day, or have a part in the date; of trading sessions those of that date. */
export const holding = Effect.fnUntraced(function*(text: string, window: Window, timeZone: string) {
  const clock = clockOf(text)
  if (clock !== null) return holdingClock(clock, timeZone)
  if (isDate(text) && window.kind === "trading") return inSessionOf(text, window)
  if (isDate(text)) return inDate(text, window.kind === "calendar" ? window.timeZone : timeZone)
  const instant = yield* instantOf(text, timeZone)
  const isHeld: Test = ({ end, start }) => start <= instant && instant < end
  return isHeld
})

/** Those that end then. */
export const ending = Effect.fnUntraced(function*(text: string, timeZone: string) {
  const clock = clockOf(text)
  const instant = clock === null ? yield* instantOf(text, timeZone) : 0
  const endsThen: Test = clock === null ? ({ end }) => end === instant : ({ end }) => holdingClock(clock, timeZone)({ start: end, end: end + 1 })
  return endsThen
})

const instantOf = Effect.fnUntraced(function*(text: string, timeZone: string) {
  const given = Instants.parse(text)
  if (given === undefined) return yield* usage(`"${text}" is neither a time of day such as 10:31 nor one such as 2013-10-08T14:31:00Z`)
  return yield* Instants.instantOf(given, timeZone)
})

/** A time of day in milliseconds; `null` where it is none. */
export const clockOf = (text: string): number | null => {
  const [, hours, minutes, seconds = "0"] = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? []
  return hours === undefined ? null : ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
}

const holdingClock = (clock: number, timeZone: string): Test => {
  const byDay = new Map<number, ReadonlyArray<number>>()
  const on = (day: number) => {
    const known = byDay.get(day) ?? instantsOf(day * dayMillis + clock, timeZone)
    byDay.set(day, known)
    return known
  }
  return ({ end, start }) => {
    // The day of a zone begins up to a day before or after that of UTC.
    for (let day = Math.floor(start / dayMillis) - 1; day <= Math.floor(end / dayMillis) + 1; day++) {
      if (on(day).some((instant) => start <= instant && instant < end)) return true
    }
    return false
  }
}

/** When a clock shows this: never where it goes forward over it, and twice where it goes back. */
const instantsOf = (local: number, timeZone: string): ReadonlyArray<number> => {
  const all = (["earlier", "later"] as const).flatMap((disambiguation) => zoned(local, timeZone, disambiguation))
  return [...new Set(all.filter((time) => DateTime.toEpochMillis(time) + DateTime.zonedOffset(time) === local).map(DateTime.toEpochMillis))]
}

const zoned = (local: number, timeZone: string, disambiguation: DateTime.Disambiguation): ReadonlyArray<DateTime.Zoned> =>
  Option.toArray(DateTime.makeZoned(local, { timeZone, adjustForTimeZone: true, disambiguation }))

const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && Instants.parse(text) !== undefined

const inDate = (date: string, timeZone: string): Test => {
  const midnight = Date.parse(date)
  const [from, to] = [midnight, midnight + dayMillis].map((local) => zoned(local, timeZone, "compatible").map(DateTime.toEpochMillis)[0]!)
  return ({ end, start }) => start < to! && end > from!
}

/** A session may begin on the day before its date, and be of another in the zone in which times are shown. */
const inSessionOf = (date: string, trading: Trading): Test => {
  const { bars, calendars: of, hours } = trading
  const calendars = of.by === null ? [of.calendar] : [...Object.values(of.calendars), of.otherwise, of.unknown].filter((calendar) => calendar !== null)
  const sessions = [...new Set(calendars)].flatMap((calendar) => {
    const { from, to } = calendar.definition
    const known = date < from || date > to ? [] : Calendar.sessions(calendar, { from: date, to: date })
    return known.map((session) => Calendar.stretchesOf(calendar, session, hours)).filter(({ length }) => length > 0)
  })
  return ({ end, start }) => sessions.some((stretches) => {
    const [first, last] = [stretches[0]!.start, stretches.at(-1)!.end]
    return bars === null ? first === start && last === end : first <= start && end <= last
  })
}
