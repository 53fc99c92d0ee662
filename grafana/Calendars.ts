/** Which calendar a symbol is of, in Flux, and when it trades: from the sessions that courant writes beside its panes. */
import * as Calendar from "../src/domain/TradingCalendar.ts"
import { yahooExchanges } from "../src/domain/YahooExchanges.ts"
import { isField } from "./Flux.ts"
import { day, key, sessions } from "./Names.ts"

/** Of the symbols whose exchange nobody has told, or that no calendar knows. */
export const otherwise = "XNYS"

/** The value of a day that says of which exchange its symbol is: by Yahoo's code, or by the name of its calendar. */
export const exchange = "exchange"

const codes = { ...Object.fromEntries(Calendar.names.map((name) => [name, name])), ...yahooExchanges }

const pairs = Object.entries(codes).filter(([, calendar]) => calendar !== otherwise)
  .map(([code, calendar]) => `{key: "${code}", value: "${calendar}"}`)

/** A function from an exchange to its calendar; it needs `import "dict"`. */
export const calendarOf = `calendars = dict.fromList(pairs: [
  ${pairs.join(", ")},
])
calendarOf = (exchange) => dict.get(dict: calendars, key: exchange, default: "${otherwise}")`

/** The newest of the exchanges that each symbol is known to be of: a column of the key, and one of the value. */
export const listed = `from(bucket: v.defaultBucket)
  |> range(start: -30d)
  |> filter(fn: (r) => r._measurement == "${day.measurement}" and ${isField(exchange)})
  |> last()
  |> group(columns: ["${key}"])
  |> max(column: "_time")`

/** The two newest stretches of regular trading of each calendar that have begun: a start is the time, and its end the value. */
export const begun = `from(bucket: v.defaultBucket)
  |> range(start: -3d)
  |> filter(fn: (r) => r._measurement == "${sessions.measurement}" and r.${sessions.tags.part} == "regular" and ${isField(sessions.fields.partEnd)})
  |> tail(n: 2)`
