/**
 * A candle that somebody else has already made: a publisher's minute or day bar.
 * It enters where candles are consumed and is never taken apart into invented ticks.
 */
import { Schema } from "effect"
import { Currency, ShownDecimals } from "./Currency.ts"
import { EventTime } from "./EventTime.ts"
import { MarketSymbol } from "./MarketSymbol.ts"
import { SplitFactor } from "./SplitFactor.ts"
import { Price, Size } from "./Tick.ts"

export const minute = 60_000
export const day = 86_400_000

/**
 * `start` is the bar's first millisecond, `interval` its nominal length in milliseconds: one minute, or one day. A day
 * begins when its exchange opens, and its true length is the exchange's own day. `exchange` is as that of a tick. `replaces` is the `tradeId` of the
 * ticks that it takes the place of.
 */
export const Bar = Schema.Struct({
  symbol: MarketSymbol,
  start: EventTime,
  interval: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: day })),
  open: Price,
  high: Price,
  low: Price,
  close: Price,
  volume: Size,
  splitFactor: Schema.optionalKey(SplitFactor),
  exchange: Schema.optionalKey(Schema.String),
  replaces: Schema.optionalKey(Schema.String),
  currency: Schema.optionalKey(Currency),
  decimals: Schema.optionalKey(ShownDecimals)
})

export type Bar = typeof Bar.Type
