/** The day so far: by the dates of a time zone, or by the sessions of each symbol's exchange. */
import type { Part } from "../domain/TradingCalendar.ts"
import { Aggregate, Events, Expr, Panes, Pipeline, type Table, Window } from "../streams/pipeline/index.ts"
import { yahooExchanges } from "./exchanges.ts"
import { figures, ofBars, provisional } from "./figures.ts"
import { byMinute, byTrade, finalBars, settling, ticks, updatesLast } from "./ticks.ts"

const ofDay = { ...figures, splitFactor: updatesLast(Aggregate.last("splitFactor")), provisional }

const known = { ...ofBars, splitFactor: "splitFactor" } as const

/** No split has a factor of 0 or less: such a one counts for none. */
const adjusted = { adjustedClose: Expr.multiply("close", Expr.conditional(Expr.gt("splitFactor", 0), "splitFactor", Expr.literal(1))) }

/**
 * One pane a calendar day and symbol. `variation` is the change of the close against that
 * of the day before, in per cent, whatever splits were in between: compared is what the close would be without any. A day
 * that is known as a daily bar enters whole, so that the first day of a log has something to be compared with.
 */
export const dayIn = (timeZone: string) =>
  ticks.pipe(
    Events.cancels(byTrade),
    Window.calendar("day", { timeZone }),
    Aggregate.into(ofDay),
    Pipeline.acceptPreAggregated(finalBars.pipe(Events.cancels(byMinute)), known),
    Pipeline.allowedLateness(settling),
    Panes.derive(adjusted),
    Pipeline.percentChange("variation", "adjustedClose"),
    Pipeline.named("day")
  )

/** New York: where the exchanges of the symbols that courant shows by default are. */
export const day = dayIn("America/New_York")

const exchange = { by: "symbol", select: { exchange: "exchange" } } as const

/**
 * One pane a session and symbol, by the calendar of its exchange: in Tokyo from 09:00 to 15:30 there, for futures from 18:00 to
 * 17:00 in New York, for currencies from 17:00, for coins a day of UTC. A table says which of Yahoo's exchanges a symbol is of;
 * symbols that it does not have are New York's. What is outside of the regular session does not count, unless `hours` says so.
 *
 * A bar that somebody else has made counts for the session that holds its start: that of a day has to begin with the open.
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
export const dayBy = (listings: Table.Table<{ readonly exchange: string }>, { hours = "regular" }: { readonly hours?: Part } = {}) =>
  ticks.pipe(
    Events.lookup(listings, exchange),
    Events.cancels(byTrade),
    Window.trading({ by: "exchange", calendars: yahooExchanges, otherwise: "XNYS", hours }),
    Aggregate.into(ofDay),
    Pipeline.acceptPreAggregated(finalBars.pipe(Events.lookup(listings, exchange), Events.cancels(byMinute)), known),
    Pipeline.allowedLateness(settling),
    Panes.derive(adjusted),
    Pipeline.percentChange("variation", "adjustedClose"),
    Pipeline.named("day")
  )
