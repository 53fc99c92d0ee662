/** The meaning of windows of trading sessions: of a row's calendar every session around its time is looked at. See `BatchFold`. */
import * as Calendar from "../../domain/TradingCalendar.ts"
import type { Trading } from "../pipeline/Window.ts"
import type { Fields } from "./EventFold.ts"

type Bounds = readonly [start: number, end: number]

const days = 86_400_000

/** Gives the window that holds a row, `null` outside of sessions, and undefined where no calendar knows. */
export const sessionOf = (window: Trading) => {
  const near = sessionsNear(window)
  return (time: number, fields: Fields): Bounds | null | undefined => {
    const calendar = calendarOf(window, fields, (calendar) => isKnown(near(calendar, time), time))
    if (calendar === null) return undefined
    const all = near(calendar, time)
    if (!isKnown(all, time)) return undefined
    const stretches = all.sessions.find((each) => each.some(({ end, start }) => start <= time && time < end))
    return stretches === undefined ? null : barsOf(window, stretches).find(([start, end]) => start <= time && time < end)!
  }
}

/** Of the windows of the calendar, with or without rows, the first that ends after a time. */
export const sessionAfter = (window: Trading) => {
  const near = sessionsNear(window)
  return (time: number, fields: Fields): Bounds => {
    const calendar = calendarOf(window, fields, (calendar) => isKnown(near(calendar, time), time))
    if (calendar === null) return none
    for (let from = time; from < Calendar.coverage(calendar).end; from += 2 * days) {
      const next = near(calendar, from).sessions.flatMap((stretches) => barsOf(window, stretches)).find(([, end]) => end > time)
      if (next !== undefined) return next
    }
    return none
  }
}

const none: Bounds = [NaN, NaN]

/** The stretches of the sessions some days around a time, in their order; they are the same for all times of a day. */
const sessionsNear = ({ hours }: Trading) => {
  const looked = new Map<Calendar.Calendar, Map<number, Near>>()
  return (calendar: Calendar.Calendar, time: number): Near => {
    const ofDays = looked.get(calendar) ?? new Map<number, Near>()
    looked.set(calendar, ofDays)
    const day = Math.floor(time / days)
    const found = ofDays.get(day) ?? lookedUp(calendar, hours, day)
    ofDays.set(day, found)
    return found
  }
}

interface Near {
  readonly known: Calendar.Stretch
  readonly sessions: ReadonlyArray<ReadonlyArray<Calendar.Stretch>>
}

const lookedUp = (calendar: Calendar.Calendar, hours: Trading["hours"], day: number): Near => {
  const known = Calendar.coverage(calendar)
  const within = (time: number) => Math.min(Math.max(time, known.start), known.end)
  const sessions = Calendar.sessions(calendar, { from: within((day - 3) * days), to: within((day + 4) * days) })
  return { known, sessions: sessions.map((session) => Calendar.stretchesOf(calendar, session, hours)).filter(({ length }) => length > 0) }
}

const barsOf = ({ bars }: Trading, stretches: ReadonlyArray<Calendar.Stretch>): ReadonlyArray<Bounds> => {
  if (bars === null) return [[stretches[0]!.start, stretches.at(-1)!.end]]
  return stretches.flatMap(({ end, start }) =>
    Array.from({ length: Math.ceil((end - start) / bars) }, (_, i): Bounds => [start + i * bars, Math.min(start + (i + 1) * bars, end)]))
}

const calendarOf = ({ calendars: of }: Trading, fields: Fields, isKnown: (calendar: Calendar.Calendar) => boolean): Calendar.Calendar | null => {
  if (of.by === null) return of.calendar
  const value = fields[of.by] ?? null
  const named = value === null ? of.otherwise : Object.hasOwn(of.calendars, String(value)) ? of.calendars[String(value)]! : null
  return of.unknown === null || (named !== null && isKnown(named)) ? named : of.unknown
}

const isKnown = ({ known }: Near, time: number): boolean => known.start <= time && time < known.end
