/** One trade as the market reported it. */
import { Schema } from "effect"
import { Decimal, type Storage } from "./Decimal.ts"
import { Currency, ShownDecimals } from "./Currency.ts"
import { EventTime } from "./EventTime.ts"
import { MarketSymbol } from "./MarketSymbol.ts"
import { SplitFactor } from "./SplitFactor.ts"

/**
 * 8 decimals up to 90 million, 4 up to 1.4 thousand million, 2 up to 5.7 thousand million, whole up to the limit: what a double
 * holds exactly. A bitcoin costs 150 million won, and a coin of others 0.00000912.
 */
export const priceStorage: Storage = { scale: 8, limit: 20_000_000_000 }

export const Price = Decimal(priceStorage)

/** 8 decimals, whatever the magnitude: a hundred-millionth of a bitcoin, and a day's turnover in rupiah. */
export const sizeStorage: Storage = { scale: 8, limit: 1_000_000_000_000_000, minimum: 0 }

/** Shares, contracts, coins or units, with the fractions that there are of them. */
export const Size = Decimal(sizeStorage)

/**
 * A tick as it stands on a line, in the log and on a topic:
 * `{"symbol":"AAPL","time":1732545000123,"price":"189.37","size":100}`. Price and size are JSON strings or numbers.
 *
 * It says what it updates, each by itself: `updatesLast` the last price, of which open and close are made; `updatesHighLow` the
 * high and the low; `updatesVolume` the volume and the number of trades. What it does not say it updates. `priceForming: false`
 * is short for `updatesLast: false` with `updatesHighLow: false` (late reports, averages), and leaves it out of means, too;
 * where the long form is there, it counts. `tradeId` is what the venue calls the trade. `exchange` is Yahoo's code of the
 * exchange, such as `NMS`: its sessions are the symbol's days. `currency` and `decimals` say how to show the symbol's prices; now and
 * then is enough, since the newest ones count.
 *
 * A tick of the kind `cancel` takes back the trade that it names by its `tradeId`, and is none itself; one of the kind
 * `correction` is the same trade as it should have been.
 *
 * `provisional: true` marks what stands for a record that is still to come: a sample of the price, or a `gap`, in which a feed has
 * seen nothing: it updates nothing, whatever it says. The record that comes has the same `tradeId`, or names it as what it replaces.
 */
export const Tick = Schema.Struct({
  symbol: MarketSymbol,
  time: EventTime,
  price: Price,
  size: Size,
  priceForming: Schema.optionalKey(Schema.Boolean),
  updatesLast: Schema.optionalKey(Schema.Boolean),
  updatesHighLow: Schema.optionalKey(Schema.Boolean),
  updatesVolume: Schema.optionalKey(Schema.Boolean),
  tradeId: Schema.optionalKey(Schema.String),
  splitFactor: Schema.optionalKey(SplitFactor),
  exchange: Schema.optionalKey(Schema.String),
  kind: Schema.optionalKey(Schema.Literals(["trade", "cancel", "correction", "gap"])),
  provisional: Schema.optionalKey(Schema.Boolean),
  currency: Schema.optionalKey(Currency),
  decimals: Schema.optionalKey(ShownDecimals)
})

export type Tick = typeof Tick.Type
