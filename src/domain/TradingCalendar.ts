/**
 * When markets trade: the sessions of an exchange by its days, with their breaks, half days, and hours before and after.
 *
 * A calendar is data: days and hours on the clock of its time zone, which are turned into instants when they are asked for. So a
 * session that the clock changes in is an hour shorter or longer, and a time that the clock leaves out is as far behind the one
 * before it as it says.
 *
 * A calendar knows the days from its first to its last, and says nothing of others: whoever asks for one gets an error.
 */
import { DateTime, Option, Result, Schema } from "effect"
import { memoize } from "effect/Function"
import { nearest } from "./Nearest.ts"
import { type CalendarData, calendarData, ownCalendarData } from "./CalendarData.ts"

/** The calendars that are built in; the 22 of exchange_calendars, and `GLOBEX` and `FX`. */
export type Name = keyof typeof calendarData | keyof typeof ownCalendarData

/** One session: `date` is the exchange's day, which it may begin before; times are in milliseconds. */
export interface Session {
  /** Such as `2024-07-03`. */
  readonly date: string
  readonly open: number
  readonly close: number
  /** When there is no trading in between. */
  readonly breaks: ReadonlyArray<Stretch>
}

/** Half-open, in milliseconds. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

/** Which part of a day counts: the session, what comes before or after it, or all three. */
export const parts = ["regular", "pre", "post", "extended"] as const
export type Part = typeof parts[number]

export interface Calendar {
  readonly _tag: "Calendar"
  readonly name: string
  readonly definition: Definition
}

const dateOf = (day: number): string => new Date(day * dayMillis).toISOString().slice(0, 10)
const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / dayMillis
const dayMillis = 86_400_000
const minuteMillis = 60_000
const dayMinutes = 1_440

const DateText = Schema.String.check(Schema.makeFilter(
  (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && Number.isInteger(dayOf(text)) && dateOf(dayOf(text)) === text || "a date such as 2024-07-03 is needed"
))
const Clock = Schema.String.check(Schema.isPattern(/^(?:[01]\d|2[0-3]):[0-5]\d(?:[+-]1d)?$/, { expected: "a time such as 09:30, or 17:00-1d for the day before" }))
const Hours = Schema.Array(Clock).check(Schema.makeFilter((hours: ReadonlyArray<string>) => {
  const before = hours.findIndex((clock, i) => i > 0 && minutesOf(clock) <= minutesOf(hours[i - 1]!))
  if (before > 0) return `${hours[before]} is not after ${hours[before - 1]}: open, start and end of each break, and close are needed, one after another (${hours[before]!.slice(0, 5)}+1d is on the next day)`
  return isOfPairs(hours) || `open, start and end of each break, and close are needed, two, four or more times, and there are ${hours.length}`
}))
const Minutes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: dayMinutes }))

const Definition = Schema.Struct({
  timeZone: Schema.String.check(Schema.makeFilter(
    (zone: string) => Option.isSome(DateTime.zoneMakeNamed(zone)) || "a time zone such as America/New_York is needed"
  )),
  /** The first and the last day of which it knows whether there is a session. */
  from: DateText,
  to: DateText,
  /** 1 is Monday, 7 is Sunday. */
  weekdays: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))),
  /** From a date on; `hours` are open, start and end of each break, and close, and `-1d` and `+1d` the day before and after. */
  hours: Schema.NonEmptyArray(Schema.Struct({ from: DateText, hours: Hours })),
  /** Days without a session. */
  closed: Schema.optionalKey(Schema.Array(DateText)),
  /** Days with other hours, or with a session where their weekday has none. */
  special: Schema.optionalKey(Schema.Record(Schema.String, Hours)),
  /** How long trading goes on before the open and after the close. */
  extended: Schema.optionalKey(Schema.Struct({ minutesBefore: Minutes, minutesAfter: Minutes }))
})
export type Definition = typeof Definition.Type

/**
 * A calendar of one's own, in the form of those that are built in. Throws a `TypeError` that says what is wrong with it.
 *
 * @example
 * ```ts
 * import { Calendar } from "courant"
 *
 * export const power = Calendar.make("power", {
 *   timeZone: "Europe/Berlin",
 *   from: "2024-01-01",
 *   to: "2025-12-31",
 *   weekdays: [1, 2, 3, 4, 5],
 *   hours: [{ from: "2024-01-01", hours: ["08:00", "12:00", "12:30", "18:00"] }],
 *   closed: ["2024-12-25", "2025-12-25"],
 *   special: { "2024-12-24": ["08:00", "12:00"] }
 * })
 * ```
 */
export const make = (name: string, definition: typeof Definition.Encoded): Calendar => {
  const call = `Calendar.make(${JSON.stringify(name)})`
  if (typeof name !== "string" || name === "") throw new TypeError("Calendar.make: a calendar needs a name")
  const read = Schema.decodeUnknownResult(Definition)(definition, { onExcessProperty: "error" })
  if (Result.isFailure(read)) throw new TypeError(`${call}: ${read.failure.message.replaceAll(/\s*\n\s*/g, ", ")}`)
  const wrong = wrongIn(read.success)
  if (wrong !== null) throw new TypeError(`${call}: ${wrong}`)
  return { _tag: "Calendar", name, definition: read.success }
}

/** What its parts do not say by themselves. */
const wrongIn = ({ closed = [], from, hours, special = {}, to, ...definition }: Definition): string | null => {
  if (from > to) return `it ends on ${to}, before it begins on ${from}`
  if (hours[0].from > from) return `its first hours are from ${hours[0].from} on, and it begins on ${from}`
  const disordered = hours.find((each, i) => i > 0 && each.from <= hours[i - 1]!.from)
  if (disordered !== undefined) return `its hours from ${disordered.from} on are not in the order of their dates`
  const unreal = Object.keys(special).find((date) => !Schema.is(DateText)(date))
  if (unreal !== undefined) return `special: ${JSON.stringify(unreal)} is no date such as 2024-07-03`
  const both = closed.find((date) => Object.hasOwn(special, date))
  if (both !== undefined) return `${both} is among the days without a session and among those with special hours`
  const [opens, closes] = reachOf({ from, hours, special, to, ...definition })
  return closes - dayMinutes <= opens ? null : "its hours are so long that a session begins before the one of the day before has ended"
}

/** Minutes of a day at which trading begins at the earliest and ends at the latest. */
const reachOf = ({ extended, hours, special = {} }: Definition): readonly [number, number] => {
  const all = clocksOf({ hours, special }).flatMap((each) => each.map(minutesOf))
  return [Math.min(...all) - (extended?.minutesBefore ?? 0), Math.max(...all) + (extended?.minutesAfter ?? 0)]
}

/** The hours of each kind of day; the days of one kind that is built in have the same array. */
const clocksOf = ({ hours, special = {} }: Pick<Definition, "hours" | "special">): ReadonlyArray<ReadonlyArray<string>> =>
  [...new Set([...hours.map((each) => each.hours), ...Object.values(special)])]

/** From the beginning of a day. */
const minutesOf = (clock: string): number => {
  const shift = clock.endsWith("-1d") ? -1 : clock.endsWith("+1d") ? 1 : 0
  return shift * dayMinutes + Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))
}

const isOfPairs = ({ length }: ReadonlyArray<string>): boolean => length >= 2 && length % 2 === 0

interface BuiltIn {
  readonly name: string
  readonly data: CalendarData
}

const builtIn: { readonly [name: string]: BuiltIn } = Object.fromEntries(
  Object.entries({ ...calendarData, ...ownCalendarData }).map(([name, data]) => [name, { name, data }])
)

export const isName = (name: unknown): name is Name => typeof name === "string" && Object.hasOwn(builtIn, name)

/** The names of those that are built in. */
export const names: ReadonlyArray<Name> = Object.keys(builtIn).filter(isName)

export const isCalendar = (value: unknown): value is Calendar =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Calendar"

/** One that is built in. Throws a `TypeError` where there is none of this name. */
export const named = (name: Name): Calendar => {
  const known = isName(name) ? builtIn[name] : undefined
  if (known === undefined) throw new TypeError(`there is no calendar ${JSON.stringify(name)}${meantBy(name)}; there are ${names.join(", ")}, and those of Calendar.make`)
  return made(known)
}

/** A program asks for some of them by many names. */
const made = memoize(({ data, name }: BuiltIn): Calendar => {
  const { closed, hours: [first, ...others], special, ...rest } = data
  if (first === undefined) throw new TypeError(`the calendar ${name} has no hours`)
  const unusual = special.flatMap(({ dates, hours }) => datesIn(dates).map((date) => [date, hours] as const))
  return { _tag: "Calendar", name, definition: { ...rest, hours: [first, ...others], closed: datesIn(closed), special: Object.fromEntries(unusual) } }
})

const meantBy = (name: string): string => {
  const meant = typeof name === "string" ? nearest(name, names) : undefined
  return meant === undefined ? "" : `: did you mean "${meant}"?`
}

/** `2024 0101 0115` as dates. */
const datesIn = (text: string): ReadonlyArray<string> => text === "" ? [] : text.split("\n").flatMap((line) => {
  const [year, ...days] = line.trim().split(" ")
  return days.map((day) => `${year}-${day.slice(0, 2)}-${day.slice(2)}`)
})

/**
 * The sessions of a time, in their order: from one day of the exchange to another, both included (`2024-07-03`), or those that
 * have something of the time between two instants, in milliseconds.
 *
 * Throws a `RangeError` for a time of which the calendar knows nothing, and where the end is before the beginning; and a
 * `TypeError` where there is no such calendar, or what is given is no time.
 *
 * @example
 * ```ts
 * import { Calendar } from "courant"
 *
 * const [halfDay] = Calendar.sessions("XNYS", { from: "2024-07-03", to: "2024-07-04" })
 *
 * export const hours = (halfDay!.close - halfDay!.open) / 3_600_000 // 3.5, and none on the 4th
 * ```
 */
export const sessions = (calendar: Name | Calendar, range: { readonly from: string | number; readonly to: string | number }): ReadonlyArray<Session> => {
  const { definition, name } = isCalendar(calendar) ? calendar : named(calendar)
  const { from, to } = checkedRange(range)
  const known = coverage({ _tag: "Calendar", definition, name })
  const days = [from, to].map((bound) => {
    const isKnown = typeof bound === "number"
      ? bound >= known.start && bound <= known.end
      : bound >= definition.from && bound <= definition.to
    if (isKnown) return typeof bound === "number" ? Math.floor(bound / dayMillis) : dayOf(bound)
    throw new RangeError(`the calendar ${name} knows the sessions from ${definition.from} to ${definition.to}, and is asked for ${JSON.stringify(bound)}`)
  })
  // A session is at most two days of the clock away from its date, which is at most one from that of Greenwich.
  const first = Math.max(days[0]! - (typeof from === "number" ? 3 : 0), dayOf(definition.from))
  const last = Math.min(days[1]! + (typeof to === "number" ? 3 : 0), dayOf(definition.to))
  const all = sessionsOn(definition, first, last)
  const start = typeof from === "number" ? from : -Infinity
  const end = typeof to === "number" ? to : Infinity
  return all.filter(({ close, open }) => close > start && open < end)
}

/** A program without types may give anything. */
const checkedRange = (range: Parameters<typeof sessions>[1]): Parameters<typeof sessions>[1] => {
  const { from, to } = range ?? {}
  for (const [which, bound] of Object.entries({ from, to })) {
    if (Number.isFinite(bound) || Schema.is(DateText)(bound)) continue
    const isDate: boolean = Object.prototype.toString.call(bound) === "[object Date]"
    const what = isDate ? "a Date: give its getTime()" : `${typeof bound === "string" ? JSON.stringify(bound) : String(bound)}: give a day of the exchange such as 2024-07-03, or milliseconds since the epoch`
    throw new TypeError(`Calendar.sessions: ${which} is ${what}`)
  }
  const [start, end] = [from, to].map((bound) => typeof bound === "number" ? bound : dayOf(bound) * dayMillis)
  // A day begins and ends on the clock of its exchange, which may be as far from that of Greenwich.
  const apart = typeof from === typeof to ? 0 : 2 * dayMillis
  if (start! > end! + apart) throw new RangeError(`Calendar.sessions: it is to end at ${to}, before it begins at ${from}`)
  return { from, to }
}

const sessionsOn = ({ closed = [], hours, special = {}, timeZone, weekdays }: Definition, first: number, last: number): ReadonlyArray<Session> => {
  const at = instants(timeZone)
  const without = new Set(closed)
  const all: Array<Session> = []
  let latest = -Infinity
  // The day before says how early the first one can begin.
  for (let day = first - 1; day <= last; day++) {
    const date = dateOf(day)
    const unusual = Object.hasOwn(special, date) ? special[date] : undefined
    // 1970-01-01 was a Thursday.
    if (without.has(date) || (unusual === undefined && !weekdays.includes((((day + 3) % 7) + 7) % 7 + 1))) continue
    const usual = hours.findLast((each) => each.from <= date)?.hours ?? []
    // What the clock leaves out or repeats never makes a time come before an earlier one.
    const bounds = (unusual ?? usual).map((clock) => latest = Math.max(latest, at(day, minutesOf(clock))))
    if (day < first || bounds[0] === bounds.at(-1)) continue
    const between = bounds.slice(1, -1)
    const breaks = between.flatMap((start, i) => i % 2 === 0 ? [{ start, end: between[i + 1]! }] : [])
    all.push({ date, open: bounds[0]!, close: bounds.at(-1)!, breaks })
  }
  return all
}

/** Instants by day and minute of the clock in a zone. */
const instants = (timeZone: string) => {
  const zone = DateTime.zoneMakeNamedUnsafe(timeZone)
  const offsets = new Map<number, number>()
  /** Asking a zone is slow, and most weeks have its offset all week: no clock is changed twice in so few days. */
  const offsetAt = (day: number): number => {
    const known = offsets.get(day) ?? DateTime.zonedOffset(DateTime.makeZonedUnsafe(day * dayMillis, { timeZone: zone }))
    offsets.set(day, known)
    return known
  }
  return (day: number, minutes: number): number => {
    const local = day * dayMillis + minutes * minuteMillis
    const week = Math.floor(local / dayMillis / 7) * 7
    const [before, after] = [offsetAt(week - 1), offsetAt(week + 8)]
    if (before === after) return local - before
    return DateTime.toEpochMillis(DateTime.makeZonedUnsafe(local, { timeZone: zone, adjustForTimeZone: true }))
  }
}

/** The instants of which a calendar knows whether there is trading: up to where the sessions of the days beyond may begin. */
export const coverage = ({ definition }: Calendar): Stretch => {
  const [opens, closes] = reachOf(definition)
  const at = instants(definition.timeZone)
  return { start: at(dayOf(definition.from), closes - dayMinutes), end: at(dayOf(definition.to) + 1, opens) }
}

/** The stretches of each kind of day that there is, from the beginning of the day by a clock that does not change. */
export const kindsOfDays = (calendar: Calendar, part: Part): ReadonlyArray<ReadonlyArray<Stretch>> => {
  return clocksOf(calendar.definition).map((clocks) => {
    const [open = 0, ...others] = clocks.map((clock) => minutesOf(clock) * minuteMillis)
    const breaks = others.slice(0, -1).flatMap((start, i) => i % 2 === 0 ? [{ start, end: others[i + 1]! }] : [])
    return stretchesOf(calendar, { date: "", open, close: others.at(-1)!, breaks }, part)
  })
}

export const hasExtendedHours = ({ definition: { extended } }: Calendar): boolean => extended !== undefined

/** What of a session a part of the day is: in between there is no trading. None where there are no such hours. */
export const stretchesOf = ({ definition: { extended } }: Calendar, { breaks, close, open }: Session, part: Part): ReadonlyArray<Stretch> => {
  const starts = [open, ...breaks.map(({ end }) => end)]
  const regular = starts.map((start, i) => ({ start, end: breaks[i]?.start ?? close })).filter(({ end, start }) => end > start)
  if (part === "regular") return regular
  const pre = extended === undefined || extended.minutesBefore === 0 ? [] : [{ start: open - extended.minutesBefore * minuteMillis, end: open }]
  const post = extended === undefined || extended.minutesAfter === 0 ? [] : [{ start: close, end: close + extended.minutesAfter * minuteMillis }]
  return part === "pre" ? pre : part === "post" ? post : [...pre, ...regular, ...post]
}
