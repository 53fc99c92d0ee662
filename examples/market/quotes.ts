/** Best bids and offers, as the examples that need some have them. */
import { Schema } from "effect"
import { Decimal, Source } from "courant"

const Price = Decimal.Decimal({ scale: 4, limit: 1_000_000 })
const Size = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))

export const quotes = Source.make("quotes", {
  schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, bid: Price, ask: Price, bidSize: Size, askSize: Size }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})
