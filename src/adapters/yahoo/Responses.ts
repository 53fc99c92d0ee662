/**
 * The parts of Yahoo Finance's answers that are used, as yahoo-finance2 hands them over.
 * They are decoded here and not there: what is not used may change without harm, and one
 * instrument that does not fit spoils no other.
 */
import { Schema, SchemaGetter } from "effect"

/** Seconds since the epoch as Yahoo sends them, or the `Date` that yahoo-finance2 makes of them. In milliseconds. */
const Instant = Schema.Union([Schema.Finite, Schema.Date]).pipe(
  Schema.decodeTo(Schema.Finite, {
    decode: SchemaGetter.transform((at: number | Date) => at instanceof Date ? at.getTime() : Math.round(at * 1_000)),
    encode: SchemaGetter.transform((millis: number): number | Date => millis / 1_000)
  })
)

/** A field that a stub or an odd instrument may lack, or have as null. */
const maybe = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** An entry of `/v7/finance/quote`. Futures, currencies, crypto and dead symbols each lack something. */
export const Quote = Schema.Struct({
  symbol: Schema.String,
  /** A code, such as NMS. */
  exchange: maybe(Schema.String),
  quoteType: maybe(Schema.String),
  marketState: maybe(Schema.String),
  exchangeTimezoneName: maybe(Schema.String),
  /** Minutes by which the exchange's data is held back. */
  exchangeDataDelayedBy: maybe(Schema.Finite),
  /** `USD`, or `GBp` for pence. */
  currency: maybe(Schema.String),
  /** The decimals that Yahoo shows; prices may have more. */
  priceHint: maybe(Schema.Finite),
  regularMarketTime: maybe(Instant),
  regularMarketPrice: maybe(Schema.Finite),
  /** The close of the session before that of the price. */
  regularMarketPreviousClose: maybe(Schema.Finite),
  /** Units traded so far in the session. */
  regularMarketVolume: maybe(Schema.Finite)
})

export type Quote = typeof Quote.Type

const Column = maybe(Schema.Array(Schema.NullOr(Schema.Finite)))

/** One result of `/v8/finance/chart`. Rows without a trade are null, and a closed day has no rows at all. */
export const Chart = Schema.Struct({
  meta: Schema.Struct({
    regularMarketTime: maybe(Instant),
    regularMarketVolume: maybe(Schema.Finite),
    /** The last close before the first row. */
    chartPreviousClose: maybe(Schema.Finite),
    /** Regular sessions, one list a day. (With pre- and post-market rows it would be an object of lists.) */
    tradingPeriods: maybe(Schema.Unknown)
  }),
  timestamp: maybe(Schema.Array(Instant)),
  /** {@link Events}, where there were any. */
  events: maybe(Schema.Unknown),
  indicators: Schema.Struct({
    quote: Schema.Array(Schema.Struct({ open: Column, high: Column, low: Column, close: Column, volume: Column }))
  })
})

export type Chart = typeof Chart.Type

const Split = Schema.Struct({ date: Instant, numerator: Schema.Finite, denominator: Schema.Finite })

export type Split = typeof Split.Type

/** What happened in the time of a chart, by the second. A split of four for one has the numerator 4. */
export const Events = Schema.Struct({ splits: maybe(Schema.Record(Schema.String, Split)) })

export const TradingPeriods = Schema.Array(Schema.Array(Schema.Struct({ start: Instant, end: Instant })))
