/**
 * The name under which a market lists an instrument: `AAPL`, `BRK-B`, `^GSPC`, `EURUSD=X`.
 * Names are allow-listed where they enter, so that nothing behind the edge has to escape them.
 */
import { Schema } from "effect"

export const pattern = /^[A-Z0-9.^=-]{1,20}$/

export const MarketSymbol = Schema.String.check(
  Schema.isPattern(pattern, { expected: "a symbol of 1 to 20 characters out of A-Z 0-9 . ^ = -" })
)
