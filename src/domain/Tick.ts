/** One trade as the market reported it. */
import { Schema } from "effect"
import { Decimal, type Storage } from "./Decimal.ts"
import { EventTime } from "./EventTime.ts"
import { MarketSymbol } from "./MarketSymbol.ts"
import { SplitFactor } from "./SplitFactor.ts"

/** 8 decimals up to 90 million: the largest round limit whose unscaled integer a double holds exactly. */
export const priceStorage: Storage = { scale: 8, limit: 90_000_000 }

export const Price = Decimal(priceStorage)

/** Shares, contracts or units. The bound keeps a window's sum within exact integers. */
export const Size = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000_000 }))

/**
 * A tick as it stands on a line, in the log and on a topic:
 * `{"symbol":"AAPL","time":1732545000123,"price":"189.37","size":100}`.
 *
 * A trade with `priceForming: false` (odd lots, late reports, averages) counts for
 * volume and the number of trades and leaves open, high, low, close and means alone.
 */
export const Tick = Schema.Struct({
  symbol: MarketSymbol,
  time: EventTime,
  price: Price,
  size: Size,
  priceForming: Schema.optionalKey(Schema.Boolean),
  splitFactor: Schema.optionalKey(SplitFactor)
})

export type Tick = typeof Tick.Type
