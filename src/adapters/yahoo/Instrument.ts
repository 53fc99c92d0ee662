/** What has to be known of a symbol to make ticks and bars of what Yahoo Finance says about it. */
import { Schema } from "effect"
import { Currency, ShownDecimals } from "../../domain/Currency.ts"
import * as YahooExchanges from "../../domain/YahooExchanges.ts"
import type * as Responses from "./Responses.ts"

export interface Instrument {
  readonly symbol: string
  /** Yahoo's code of the exchange; the name of a calendar where it gives none. */
  readonly exchange?: string
  /** The exchange's time zone by its IANA name. */
  readonly zone: string
  /** Minutes by which its prices are held back. */
  readonly delay: number
  /**
   * Whether its volume counts up through a session. That of crypto is of the last 24 hours,
   * so that a difference of two says nothing; currencies have none.
   */
  readonly cumulativeVolume: boolean
  /** Whether it is traded on every day of the week. */
  readonly everyDay: boolean
  /** Whether its session, and so its volume, runs across midnight, as that of futures does. */
  readonly overnight: boolean
  /** How its prices are to be shown. */
  readonly unit?: Unit
}

/** As ticks and bars have them. */
export interface Unit {
  readonly currency?: string
  readonly decimals?: number
}

/** Whether a price is one: nothing costs nothing, and only futures have cost less. */
export const mayCost = ({ overnight }: Instrument, price: number): boolean => price > 0 || (overnight && price < 0)

/** A quote that has what a tick needs. */
export interface Priced {
  readonly instrument: Instrument
  readonly time: number
  readonly price: number
  readonly volume: number | undefined
  /** The close of the session before. */
  readonly previousClose: number | undefined
  readonly open: boolean
}

/** The quote of an instrument with a price; nothing of a dead one, whose entry has lost it. */
export const fromQuote = (quote: Responses.Quote): Priced | undefined => {
  const price = quote.regularMarketPrice ?? undefined
  const time = quote.regularMarketTime ?? undefined
  if (price === undefined || time === undefined) return undefined
  const instrument: Instrument = {
    symbol: quote.symbol,
    exchange: quote.exchange ?? YahooExchanges.calendarOf(quote.quoteType ?? undefined, quote.exchangeTimezoneName ?? "UTC"),
    zone: quote.exchangeTimezoneName ?? "UTC",
    delay: quote.exchangeDataDelayedBy ?? 0,
    cumulativeVolume: quote.quoteType !== "CRYPTOCURRENCY" && quote.quoteType !== "CURRENCY",
    everyDay: quote.quoteType === "CRYPTOCURRENCY",
    overnight: quote.quoteType === "FUTURE",
    unit: unitOf(quote)
  }
  if (!mayCost(instrument, price)) return undefined
  return {
    instrument,
    time,
    price,
    volume: quote.regularMarketVolume ?? undefined,
    previousClose: quote.regularMarketPreviousClose ?? undefined,
    open: quote.marketState === "REGULAR"
  }
}

/** What is not as ticks have it is left out: a record is not to be lost for it. */
const unitOf = ({ currency, priceHint }: Responses.Quote): Unit => ({
  ...(isCurrency(currency) ? { currency } : {}),
  ...(isDecimals(priceHint) ? { decimals: priceHint } : {})
})

const isCurrency = Schema.is(Currency)
const isDecimals = Schema.is(ShownDecimals)
