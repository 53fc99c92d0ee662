/** When an exchange opened before a time, over weekends and holidays, by its calendar. */
import * as Calendar from "../../domain/TradingCalendar.ts"
import { calendarsByCode } from "../../domain/YahooExchanges.ts"

/** No exchange is closed for so long. */
const longest = 21 * 86_400_000

/** The open of the last session that was over by then; undefined where no calendar knows. */
export const openBefore = (exchange: string | undefined, time: number): number | undefined => {
  const name = exchange !== undefined && Object.hasOwn(calendarsByCode, exchange) ? calendarsByCode[exchange] : undefined
  if (name === undefined) return undefined
  const calendar = Calendar.named(name)
  const known = Calendar.coverage(calendar)
  const from = Math.max(time - longest, known.start)
  if (from > time || time > known.end) return undefined
  return Calendar.sessions(calendar, { from, to: time }).findLast(({ close }) => close <= time)?.open
}
