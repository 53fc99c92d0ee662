/**
 * The days of an exchange for the page: what it shades, where it draws the bell, which days are short or closed.
 *
 * The page has no calendars of its own: it asks for the stretch of time that it shows.
 */
import { Schema } from "effect"
import * as Calendar from "../../domain/TradingCalendar.ts"
import { calendarsByCode } from "../../domain/YahooExchanges.ts"
import * as Holidays from "./Holidays.ts"
import * as HolidaysElsewhere from "./HolidaysElsewhere.ts"

const Stretch = Schema.Struct({ start: Schema.Int, end: Schema.Int })

/** Times in milliseconds since the epoch, half-open. */
export const Day = Schema.Struct({
  /** The exchange's day, such as `2024-07-03`. */
  date: Schema.String,
  /** Why it is closed or short, where that has a name here. */
  name: Schema.NullOr(Schema.String),
  /** Of the regular session; `null` for a weekday without one. */
  open: Schema.NullOr(Schema.Int),
  close: Schema.NullOr(Schema.Int),
  /** When there is no trading in between. */
  breaks: Schema.Array(Stretch),
  /** Trading before the open and after the close, where the calendar knows it. */
  pre: Schema.NullOr(Stretch),
  post: Schema.NullOr(Stretch),
  /** Whether there is less trading than on other days. */
  half: Schema.Boolean
})

export type Day = typeof Day.Type

/** What is known of an exchange in a stretch of time. */
export const TradingDays = Schema.Struct({
  /** `null` where no calendar knows the exchange: then there are no days. */
  calendar: Schema.NullOr(Schema.String),
  /** IANA name of the exchange's clock. */
  timeZone: Schema.NullOr(Schema.String),
  days: Schema.Array(Day)
})

export type TradingDays = typeof TradingDays.Type

/**
 * The days that have something of the time between two instants, in milliseconds, with closed weekdays among them. An exchange is
 * one of Yahoo's codes or the name of a calendar, as in the pipeline `day`; without one it is New York's. Time that the calendar
 * knows nothing of has no days.
 */
export const tradingDays = (
  { exchange, from, to }: { readonly exchange?: string | undefined; readonly from: number; readonly to: number }
): TradingDays => {
  const name = exchange === undefined ? "XNYS" : Object.hasOwn(calendarsByCode, exchange) ? calendarsByCode[exchange] : undefined
  if (name === undefined) return { calendar: null, timeZone: null, days: [] }
  const calendar = Calendar.named(name)
  const { timeZone } = calendar.definition
  const known = Calendar.coverage(calendar)
  // A closed day is known by the sessions around it, and hours before and after a session are no part of it.
  const range = { from: Math.max(from - around, known.start), to: Math.min(to + around, known.end) }
  if (range.from > range.to) return { calendar: name, timeZone, days: [] }
  const sessions = Calendar.sessions(calendar, range).map((session) => dayOf(calendar, session))
  const days = [...sessions, ...closedDays(calendar, sessions)].sort((a, b) => a.date < b.date ? -1 : 1)
  return { calendar: name, timeZone, days: days.filter((day) => hasSomethingOf(day, from, to)) }
}

const dayMillis = 86_400_000

/** Longer than any exchange is closed for. */
const around = 14 * dayMillis

const dayOf = (calendar: Calendar.Calendar, session: Calendar.Session): Day => {
  const { breaks, close, date, open } = session
  const half = isShort(calendar.definition, date)
  return {
    date,
    name: half && calendar.name === "XNYS" ? Holidays.earlyName(date) : null,
    open,
    close,
    breaks,
    pre: Calendar.stretchesOf(calendar, session, "pre")[0] ?? null,
    post: Calendar.stretchesOf(calendar, session, "post")[0] ?? null,
    half
  }
}

/** By the clock: where it is changed during a session, that is an hour longer or shorter and a whole one. */
const isShort = ({ hours, special = {} }: Calendar.Definition, date: string): boolean => {
  const unusual = Object.hasOwn(special, date) ? special[date] : undefined
  const usual = hours.findLast((each) => each.from <= date)?.hours
  return unusual !== undefined && usual !== undefined && minutesTraded(unusual) < minutesTraded(usual)
}

/** Every second clock ends what the one before it began. */
const minutesTraded = (clocks: ReadonlyArray<string>): number =>
  clocks.reduce((sum, clock, i) => sum + (i % 2 === 0 ? -1 : 1) * minutesOf(clock), 0)

const minutesOf = (clock: string): number =>
  Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5)) + (clock.endsWith("-1d") ? -1_440 : clock.endsWith("+1d") ? 1_440 : 0)

/** The usual days of trading between the first and the last session that have none. */
const closedDays = ({ definition: { weekdays }, name }: Calendar.Calendar, sessions: ReadonlyArray<Day>): ReadonlyArray<Day> => {
  const open = new Set(sessions.map(({ date }) => date))
  const [first, last] = [sessions[0], sessions.at(-1)].map((day) => day === undefined ? NaN : Date.parse(day.date))
  const days: Array<Day> = []
  for (let time = first!; time <= last!; time += dayMillis) {
    const date = new Date(time).toISOString().slice(0, 10)
    // Sunday is 7 in a calendar and 0 to the platform.
    if (open.has(date) || !weekdays.includes(new Date(time).getUTCDay() || 7)) continue
    days.push({
      date, name: name === "XNYS" ? Holidays.closedName(date) : HolidaysElsewhere.closedName(name, date), open: null, close: null, breaks: [], pre: null, post: null, half: false
    })
  }
  return days
}

const hasSomethingOf = ({ close, date, open, post, pre }: Day, from: number, to: number): boolean => {
  const start = pre?.start ?? open ?? Date.parse(date)
  const end = post?.end ?? close ?? start + dayMillis
  return end > from && start < to
}
