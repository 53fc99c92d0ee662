/**
 * Windows: which stretches of event time an event belongs to.
 *
 * Windows are half-open, `[start, end)`, and aligned to the Unix epoch in UTC plus an
 * offset; times before the epoch are no exception. Fixed windows follow Spark's `window()`
 * to the millisecond, sessions its `session_window()`: two that touch are one.
 */
import { type Duration, Pipeable, Predicate } from "effect"
import * as Calendar from "../../domain/TradingCalendar.ts"
import { among } from "./check/CheckError.ts"
import { millisOf, needsEvents, nothingElse, optional, optionsOf, shown } from "./check/Declarations.ts"
import type { Events, Portability } from "./Events.ts"
import type * as Expr from "./Expr.ts"
import type { Stage } from "./Stage.ts"

export type Unit = "day" | "week" | "month"

/** A window specification as data; lengths and offsets in milliseconds. */
export type Window =
  | { readonly kind: "tumbling"; readonly size: number; readonly offset: number }
  | { readonly kind: "hopping"; readonly size: number; readonly advance: number; readonly offset: number }
  | { readonly kind: "cumulative"; readonly size: number; readonly step: number; readonly offset: number }
  | { readonly kind: "session"; readonly gap: number }
  | { readonly kind: "count"; readonly rows: number; readonly within: number }
  | { readonly kind: "calendar"; readonly unit: Unit; readonly timeZone: string }
  | Trading

/** The sessions of a calendar, or bars of them. */
export interface Trading {
  readonly kind: "trading"
  readonly calendars: Calendars
  /** Milliseconds; `null` where a session is one window. */
  readonly bars: number | null
  readonly hours: Calendar.Part
}

/** One calendar for all rows, or by the values of a field. */
export type Calendars =
  | { readonly by: null; readonly calendar: Calendar.Calendar }
  | {
    readonly by: string
    readonly calendars: { readonly [value: string]: Calendar.Calendar }
    /** That of rows without a value; they are refused without one. */
    readonly otherwise: Calendar.Calendar | null
    /** That of rows whose value names none, and of times that their calendar does not know; they are refused without one. */
    readonly unknown: Calendar.Calendar | null
  }

/** Rows that have been assigned to windows. */
export interface Windowed<out R, out P extends Portability = "portable", out Sources = unknown, out Key extends string = string> extends Pipeable.Pipeable, Stage {
  readonly _stage?: "windows, in front of Aggregate.into"
  readonly events: Events<R, P, Sources, Key>
  readonly window: Window
}

export interface Aligned {
  /** Moves the start of the windows away from the epoch; taken modulo their length. */
  readonly offset?: Duration.Input
}

const assign = (window: Window) => <R, P extends Portability, S, Key extends string>(events: Events<R, P, S, Key>): Windowed<R, P, S, Key> => {
  needsEvents(`Window.${window.kind}`, events)
  return {
    events,
    window,
    pipe() {
      return Pipeable.pipeArguments(this, arguments)
    }
  }
}

const offsetOf = (call: string, options: Aligned | undefined): number =>
  millisOf(call, "offset", optional(call, options, ["offset"])?.offset ?? 0)

/** Windows of one length that neither overlap nor leave gaps. */
export const tumbling = (size: Duration.Input, options?: Aligned) => assign(tumblingOf(size, options))

/** `call` is what a message says that the windows are made with. */
export const tumblingOf = (size: Duration.Input, options?: Aligned, call = "Window.tumbling"): Window => ({
  kind: "tumbling",
  size: millisOf(call, "size", size),
  offset: offsetOf(call, options)
})

/** Windows of one length, a new one every `advance`; an event belongs to `size / advance` of them. */
export const hopping = (size: Duration.Input, advance: Duration.Input, options?: Aligned) =>
  assign({
    kind: "hopping",
    size: millisOf("Window.hopping", "size", size),
    advance: millisOf("Window.hopping", "advance", advance),
    offset: offsetOf("Window.hopping", options)
  })

/** Windows that start together and end a step apart, until `size` is reached: the day so far, every hour. */
export const cumulative = (size: Duration.Input, step: Duration.Input, options?: Aligned) =>
  assign({
    kind: "cumulative",
    size: millisOf("Window.cumulative", "size", size),
    step: millisOf("Window.cumulative", "step", step),
    offset: offsetOf("Window.cumulative", options)
  })

/** Windows that last as long as a key's events are at most `gap` apart and end `gap` after the last one. */
export const session = (gap: Duration.Input, ...rest: readonly []) => {
  nothingElse("Window.session", rest)
  return assign({ kind: "session", gap: millisOf("Window.session", "gap", gap) })
}

/**
 * Windows of so many rows of a key: one begins with the first row that is in none before it, and ends behind its last row, or
 * `within` after its first one where it has fewer by then. Rows are taken in the order of their event times.
 *
 * Windows are stretches of time: rows of a key that have one event time are in one window, so a window whose last row is not
 * alone in its millisecond has more rows than were asked for.
 *
 * Rows are held until the watermark is past their time, as before {@link Events.distinct}: none of them is late for a window, a
 * row that is behind the watermark when it comes is late here, and there is neither an allowed lateness nor an early pane.
 *
 * @example
 * ```ts
 * import { Aggregate, Pipeline, ticks, Window } from "courant"
 *
 * export const bars = ticks.pipe(
 *   Window.count(1_000, { within: "1 day" }),
 *   Aggregate.into({ open: Aggregate.first("price"), close: Aggregate.last("price"), trades: Aggregate.count }),
 *   Pipeline.named("bars-1000")
 * )
 * ```
 */
export const count = (rows: number, options: { readonly within: Duration.Input }) =>
  assign({ kind: "count", rows, within: millisOf("Window.count", "within", optionsOf("Window.count", options, ["within"]).within) })

/** Days, weeks (from Monday) or months of a time zone; a day lasts 23 or 25 hours where the clock changes. */
export const calendar = (unit: Unit, options: { readonly timeZone: string }) =>
  assign({ kind: "calendar", unit, timeZone: optionsOf("Window.calendar", options, ["timeZone"]).timeZone })

/** What of a day is in windows, and in which. */
export interface TradingOptions {
  /** Bars of this length from the open of a session, instead of one window for it. */
  readonly bars?: Duration.Input
  /** The regular session, what comes before (`pre`) or after it (`post`), or all of them (`extended`); `regular` by default. */
  readonly hours?: Calendar.Part
}

/** A calendar for each row, by a field. */
export interface CalendarBy<K> extends TradingOptions {
  /** A field that names the calendar of a row. */
  readonly by: K
  /** Which value is which calendar, such as `{ NMS: "XNYS", JPX: "XTKS" }`. Without them, values are names of those built in. */
  readonly calendars?: { readonly [value: string]: Calendar.Name | Calendar.Calendar }
  /** The calendar of rows without a value. */
  readonly otherwise?: Calendar.Name | Calendar.Calendar
  /** The calendar of rows whose value names none, and of those at times of which their own knows nothing. */
  readonly unknown?: Calendar.Name | Calendar.Calendar
}

/**
 * The sessions of an exchange, each a window, or bars of them: of one calendar for all rows, or of one for each row.
 *
 * Bars begin at the open and after each break, and none goes beyond the close or into a break: the last bar before one is
 * shorter where the time does not come out even. With `hours: "extended"` a session is one window from the first trade before
 * the open to the last after the close, and its bars begin at the open and the close as well.
 *
 * Rows outside of sessions, and in their breaks, are filtered: they are neither late nor in any account but that. A row is
 * refused (`no-calendar`) where its field names no calendar, or where the calendar knows nothing of its time, unless `unknown`
 * gives one for it.
 *
 * @example
 * ```ts
 * import { Aggregate, Pipeline, ticks, Window } from "courant"
 *
 * export const bars = ticks.pipe(
 *   Window.trading("XNYS", { bars: "5 minutes" }),
 *   Aggregate.into({ open: Aggregate.first("price"), close: Aggregate.last("price") }),
 *   Pipeline.named("bars-5m")
 * )
 * ```
 */
export const trading = <R, const K extends Expr.Names<R, string | null> = never>(
  calendar: Calendar.Name | Calendar.Calendar | CalendarBy<K>,
  options?: TradingOptions
) => {
  const call = "Window.trading"
  const window = isBy(calendar) ? tradingBy(call, calendar, options) : tradingOf(call, { by: null, calendar: calendarOf(call, calendar) }, optional(call, options, ["bars", "hours"]))
  const assigned = assign(window)
  return <P extends Portability, S, Key extends string>(events: Events<R, P, S, Key>): Windowed<R, P, S, Key> => assigned(events)
}

const isBy = <K>(calendar: Calendar.Name | Calendar.Calendar | CalendarBy<K>): calendar is CalendarBy<K> =>
  Predicate.isObject(calendar) && !Calendar.isCalendar(calendar)

const tradingBy = (call: string, given: CalendarBy<string>, rest: TradingOptions | undefined): Trading => {
  if ("timeZone" in given) throw new TypeError(`${call} needs a calendar, and is given what one is made of: make it by Calendar.make("…", { … })`)
  if (rest !== undefined) throw new TypeError(`${call} takes one object where calendars are told by a field: put ${Object.keys(rest).join(", ")} beside "by"`)
  const { by, calendars, otherwise, unknown, ...options } = optionsOf(call, given, ["by", "calendars", "otherwise", "unknown", "bars", "hours"])
  if (typeof by !== "string") throw new TypeError(`${call} needs the name of a calendar, such as "XNYS", one of Calendar.make, or "by", a field that names that of a row; its "by" is ${shown(by)}`)
  if (calendars !== undefined && !Predicate.isObject(calendars)) throw new TypeError(`${call} needs calendars by the values of "${by}", and is given ${shown(calendars)}`)
  const named = Object.entries(calendars ?? Object.fromEntries(Calendar.names.map((name) => [name, name])))
  return tradingOf(call, {
    by,
    calendars: Object.fromEntries(named.map(([value, calendar]) => [value, calendarOf(call, calendar)])),
    otherwise: otherwise === undefined ? null : calendarOf(call, otherwise),
    unknown: unknown === undefined ? null : calendarOf(call, unknown)
  }, options)
}

const tradingOf = (call: string, calendars: Calendars, { bars, hours = "regular" }: TradingOptions = {}): Trading => ({
  kind: "trading",
  calendars,
  bars: bars === undefined ? null : millisOf(call, "bars", bars),
  hours
})

/** A file without types may give any name, or anything else. */
const calendarOf = (call: string, calendar: unknown): Calendar.Calendar => {
  if (Calendar.isCalendar(calendar)) return calendar
  if (Calendar.isName(calendar)) return Calendar.named(calendar)
  if (typeof calendar === "string") throw new TypeError(`${call}: there is no calendar ${shown(calendar)}: ${among(calendar, Calendar.names)}`)
  throw new TypeError(`${call} needs a calendar, as Calendar.make gives it, or the name of one, and is given ${shown(calendar)}`)
}
