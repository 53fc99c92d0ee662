/**
 * The name under which a market lists an instrument: `AAPL`, `BRK-B`, `^GSPC`, `EURUSD=X`, `M&M.NS`, `BTC/USDT`, or an
 * option's 21 characters. Names are allow-listed where they enter: none has a quote, a blank, a comma or a backslash.
 */
import { Schema } from "effect"

export const pattern = /^[A-Z0-9.^=&/_:-]{1,32}$/

/** What {@link pattern} takes, in words. */
export const characters = "A-Z 0-9 . ^ = & / _ : -"

export const MarketSymbol = Schema.String.check(
  Schema.isPattern(pattern, { expected: `a symbol of 1 to 32 characters out of ${characters}` })
)

/** Why a text is no symbol, and what to type in its place where that is known. */
export const refusal = (text: string): string => {
  const upper = text.toUpperCase()
  return pattern.test(upper)
    ? `${JSON.stringify(text)} is no symbol, but ${upper} is: type it in upper case`
    : `${JSON.stringify(text)} is no symbol: one has 1 to 32 characters out of ${characters}`
}
