import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as MarketSymbol from "../../src/domain/MarketSymbol.ts"

const isSymbol = Schema.is(MarketSymbol.MarketSymbol)

describe("MarketSymbol", () => {
  it("takes names as markets have them", () => {
    const names = [
      "AAPL", "BRK-B", "^GSPC", "GC=F", "EURUSD=X", "BTC-USD", "BTC/USDT", "M&M.NS", "7203.T", "1INCH-USD", "NASDAQ:AAPL",
      // Six letters, the day, call or put, and the strike price in eight digits.
      "GOOGL1241220C00150000"
    ]
    for (const name of names) assert.isTrue(isSymbol(name), name)
  })

  it("takes nothing that would have to be escaped, and no lower case", () => {
    for (const name of ["", "a", "A B", "A,B", "A\"", "A'", "A\\", "A\n", "A<", "A;", "A%", "É", "A".repeat(33)]) {
      assert.isFalse(isSymbol(name), name)
    }
  })

  it("says what to type", () => {
    assert.strictEqual(MarketSymbol.refusal("btc/usdt"), `"btc/usdt" is no symbol, but BTC/USDT is: type it in upper case`)
    assert.strictEqual(
      MarketSymbol.refusal("a b"),
      `"a b" is no symbol: one has 1 to 32 characters out of A-Z 0-9 . ^ = & / _ : -`
    )
  })
})
