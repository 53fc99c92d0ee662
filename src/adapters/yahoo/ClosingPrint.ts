/**
 * Prices of the regular session that are stamped after it: the closing auction of London comes at 16:35, that of New York a second
 * or more after 16:00, and what was traded up to a break of Tokyo at its first moment. They belong to the last millisecond before.
 */
import { memoize } from "effect/Function"
import * as Calendar from "../../domain/TradingCalendar.ts"
import { calendarsByCode } from "../../domain/YahooExchanges.ts"
import { TradingHours } from "../../streams/operator/windowed/TradingHours.ts"

/** Nothing regular is that long after the end: what is so late belongs to a session that the calendar does not know. */
const latest = 3 * 3_600_000

/** By code of an exchange, made with the first price: no start of a program without Yahoo waits for it. */
const hoursBy = memoize((codes: typeof calendarsByCode): ReadonlyMap<string, TradingHours> => {
  const byName = new Map(Calendar.names.filter(Calendar.isName).map((name) =>
    [name, new TradingHours(Calendar.named(name), { bars: null, hours: "regular" })]))
  return new Map(Object.entries(codes).flatMap(([code, name]) => {
    const hours = byName.get(name)
    return hours === undefined ? [] : [[code, hours] as const]
  }))
})

/** The time at which a price counts. Of an exchange without a calendar it is its own. */
export const timeOf = (exchange: string | undefined, time: number): number => {
  const hours = exchange === undefined ? undefined : hoursBy(calendarsByCode).get(exchange)
  if (hours?.find(time) !== "out") return time
  return time - hours.outSince < latest ? hours.outSince - 1 : time
}
