/** Windows of trading sessions: that there are such hours, and how long windows and what lies between them can be. */
import { memoize } from "effect/Function"
import * as Calendar from "../../../domain/TradingCalendar.ts"
import * as Checked from "../Checked.ts"
import * as Fingerprint from "../Fingerprint.ts"
import type { Definition } from "../Source.ts"
import type { Calendars, Trading, Window } from "../Window.ts"
import { among, refuse } from "./CheckError.ts"
import { shown } from "./Declarations.ts"
import { fieldOf } from "./Fields.ts"

const node = "Window.trading"

/** Behind a day on which the clock changes. */
const clockChange = 3_600_000
const day = 86_400_000

/** Each once, whatever number of values name it. */
export const calendarsOf = (calendars: Calendars): ReadonlyArray<Calendar.Calendar> => {
  if (calendars.by === null) return [calendars.calendar]
  const all = [...Object.values(calendars.calendars), calendars.otherwise, calendars.unknown]
  return [...new Set(all)].filter((calendar) => calendar !== null)
}

export const checkTrading = ({ bars, calendars, hours }: Trading): void => {
  if (bars !== null && !(Number.isSafeInteger(bars) && bars >= 1)) refuse(node, "its bars must be a whole number of milliseconds above 0")
  if (!Calendar.parts.includes(hours)) refuse(node, `its hours are ${shown(hours)}: ${among(hours, Calendar.parts)}`)
  const all = calendarsOf(calendars)
  if (all.length === 0) refuse(node, "it has no calendar; leave \"calendars\" out, or give one by a value, such as { NMS: \"XNYS\" }")
  if (hours === "regular" || all.some(Calendar.hasExtendedHours)) return
  refuse(node, `${all.length === 1 ? `the calendar ${all[0]!.name} has no hours` : "none of its calendars has hours"} before and after its sessions; ` +
    "give one of your own (Calendar.make with \"extended\"), or leave \"hours\" out")
}

/** The field that tells the calendars of rows apart is a string. */
export const checkCalendarField = ({ calendars: { by } }: Trading, definition: Definition): void => {
  if (by === null) return
  const { kind, name } = fieldOf(`${node}, by`, definition, by).column
  if (kind !== "string") refuse(`${node}, by`, `the field "${name}" is a ${kind}, and names of calendars are strings`)
}

/** Which windows a key has is known where the field that tells its calendar is a part of it. */
export const checkKnown = (call: string, { input, window }: Pick<Checked.WindowNode, "input" | "window">): void => {
  if (window.kind !== "trading" || window.calendars.by === null) return
  const { by, unknown } = window.calendars
  if (unknown !== null) {
    refuse(call, "which windows of a key are without events its calendar says, and \"unknown\" gives it another one where that ends: leave it out")
  }
  if (Checked.definitionOf(input).key.includes(by)) return
  refuse(call, `which windows of a key are without events its calendar says, and a key may have several, by the field "${by}": ` +
    "make the field a part of the key (Events.keyBy)")
}

/** All that decides where the windows lie. */
export const windowData = (window: Window): Fingerprint.Data => {
  if (window.kind !== "trading") return { ...window }
  const { bars, calendars, hours } = window
  return {
    kind: "trading",
    bars,
    hours,
    calendars: calendars.by === null
      ? calendarData(calendars.calendar)
      : {
        by: calendars.by,
        calendars: Object.fromEntries(Object.entries(calendars.calendars).map(([value, calendar]) => [value, calendarData(calendar)])),
        otherwise: calendars.otherwise === null ? null : calendarData(calendars.otherwise),
        unknown: calendars.unknown === null ? null : calendarData(calendars.unknown)
      }
  }
}

/** What it is called decides nothing. There is much of it, and several nodes and values have the same. */
const calendarData = memoize(({ definition }: Calendar.Calendar): Fingerprint.Encoded => {
  const { extended, hours, ...rest } = definition
  return new Fingerprint.Encoded({ ...rest, hours: hours.map((each) => ({ ...each })), ...extended === undefined ? {} : { extended: { ...extended } } })
})

/** No window is longer, whatever the clock does. */
export const longestOf = ({ bars, calendars, hours }: Trading): number =>
  bars ?? Math.max(...calendarsOf(calendars).flatMap((calendar) => Calendar.kindsOfDays(calendar, hours).map(lengthOf))) + clockChange

const lengthOf = (stretches: ReadonlyArray<Calendar.Stretch>): number => (stretches.at(-1)?.end ?? 0) - (stretches[0]?.start ?? 0)

/** Windows of a calendar end at least this far apart. */
export const shortestAdvanceOf = ({ bars, calendars, hours }: Trading): number =>
  Math.min(...calendarsOf(calendars).map((calendar) => {
    const days = Calendar.kindsOfDays(calendar, hours).filter(({ length }) => length > 0)
    const closes = days.map((stretches) => stretches.at(-1)!.end)
    const sessions = Math.max(day + Math.min(...closes) - Math.max(...closes) - clockChange, 1)
    return bars === null ? sessions : Math.min(sessions, ...days.flat().map(({ end, start }) => shortestBar(bars, end - start)))
  }))

/** The last bar of a stretch may be cut. */
const shortestBar = (bars: number, length: number): number =>
  Math.min(bars, ...[0, clockChange / 2, clockChange].flatMap((by) => [length - by, length + by]).map((each) => each % bars).filter((rest) => rest > 0))
