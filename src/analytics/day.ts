/** The day so far: the session of each symbol's exchange. */
import * as Calendar from "../domain/TradingCalendar.ts"
import { calendarsByCode } from "../domain/YahooExchanges.ts"
import { Aggregate, Events, Expr, Panes, Pipeline, type Table, Window } from "../streams/pipeline/index.ts"
import { figures, ofBars, provisional, shown } from "./figures.ts"
import { byMinute, byTrade, finalBars, settling, ticks, updatesLast } from "./ticks.ts"

export interface DayOptions {
  /** The regular session by default; `extended` has the hours before and after it, too, where the exchange's calendar knows them. */
  readonly hours?: Calendar.Part
}

/** Of exchanges that no calendar knows, and of years that their calendar does not: so nothing of them is left out. */
const utc = Calendar.make("UTC", {
  timeZone: "UTC",
  from: "0001-01-01",
  to: "9998-12-31",
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  hours: [{ from: "0001-01-01", hours: ["00:00", "00:00+1d"] }]
})

/** Without an exchange a symbol is New York's, where those are that courant shows by default. */
const calendars = { calendars: calendarsByCode, otherwise: "XNYS", unknown: utc } as const

const ofDay = {
  ...figures,
  splitFactor: updatesLast(Aggregate.last("splitFactor")),
  provisional,
  currency: Aggregate.last("currency"),
  decimals: Aggregate.last("decimals")
}

const known = { ...ofBars, splitFactor: "splitFactor", currency: "currency", decimals: "decimals" } as const

/** No split has a factor of 0 or less: such a one counts for none. */
const adjusted = { adjustedClose: Expr.multiply("close", Expr.conditional(Expr.gt("splitFactor", 0), "splitFactor", Expr.literal(1))) }

/** What comes after the close may still be of the session: delayed quotes, the volume of the closing auction, bars after an outage. */
const lateness = Pipeline.allowedLateness(settling)

/**
 * One pane a session and symbol, by the calendar of its exchange: in New York from 09:30 to 16:00, in Tokyo from 09:00 to 15:30, for
 * futures from 18:00 to 17:00 in New York, for currencies from 17:00, for coins a day of UTC. A tick or bar says by Yahoo's code, or by a
 * calendar's name, which exchange it is of; without one it is New York's, and of an exchange that no calendar knows it counts for the day of UTC. What is
 * outside of the session does not count, unless `hours` says so.
 *
 * `variation` is the change of the close against that of the session before, in per cent, whatever splits were in between: compared
 * is what the close would be without any. A day that is known as a daily bar enters whole, so that the first day of a log has
 * something to be compared with. A bar that somebody else has made counts for the session that holds its start: that of a day has to
 * begin with the open. `currency` and `decimals` are the last ones that were said in the session, and say how to show its prices.
 *
 * What is up to a day late counts, and revises what was said of the session.
 *
 * @example
 * ```ts
 * import { dayOf } from "courant"
 *
 * // It takes the place of the built-in pipeline of its name.
 * export const day = dayOf({ hours: "extended" })
 * ```
 */
export const dayOf = ({ hours = "regular" }: DayOptions = {}) =>
  ticks.pipe(
    Events.cancels(byTrade),
    Window.trading({ by: "exchange", ...calendars, hours }),
    Aggregate.into({ ...ofDay, exchange: Aggregate.last("exchange") }),
    Pipeline.acceptPreAggregated(finalBars.pipe(Events.cancels(byMinute)), { ...known, exchange: "exchange" }),
    Panes.derive(adjusted),
    Pipeline.percentChange("variation", "adjustedClose"),
    lateness,
    Pipeline.named("day"),
    Pipeline.shown(shown)
  )

/** The regular session. */
export const day = dayOf()

/** What a table says comes before what a record says of itself. */
const venue = { venue: Expr.coalesce("listed", "exchange") }

const listed = { by: "symbol", select: { listed: "exchange" } } as const

/**
 * The same where a table says which of Yahoo's exchanges a symbol is of. Symbols that it does not have are of the exchange that
 * their ticks and bars say, or of New York's.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { dayBy, Table } from "courant"
 *
 * const Listing = Schema.Struct({ symbol: Schema.String, exchange: Schema.String })
 *
 * const listings = Table.make("listings", {
 *   schema: Listing,
 *   key: "symbol",
 *   rows: [{ symbol: "7203.T", exchange: "JPX" }, { symbol: "BTC-USD", exchange: "CCC" }]
 * })
 *
 * export const days = dayBy(listings)
 * ```
 */
export const dayBy = (listings: Table.Table<{ readonly exchange: string }>, { hours = "regular" }: DayOptions = {}) =>
  ticks.pipe(
    Events.lookup(listings, listed),
    Events.derive(venue),
    Events.cancels(byTrade),
    Window.trading({ by: "venue", ...calendars, hours }),
    Aggregate.into({ ...ofDay, exchange: Aggregate.last("venue") }),
    Pipeline.acceptPreAggregated(finalBars.pipe(Events.lookup(listings, listed), Events.derive(venue), Events.cancels(byMinute)), { ...known, exchange: "venue" }),
    Panes.derive(adjusted),
    Pipeline.percentChange("variation", "adjustedClose"),
    lateness,
    Pipeline.named("day"),
    Pipeline.shown(shown)
  )
