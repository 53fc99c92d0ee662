/** The address of the page, which says what it shows. */
import { afterEach, expect, it, vi } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { fromAddress, toAddress } from "../../../src/adapters/dashboard/page/controls.js"

afterEach(() => vi.unstubAllGlobals())

const at = (hash: string) => {
  vi.stubGlobal("location", { hash })
  return fromAddress()
}

it.each(["AAPL", "BTC/USDT", "M&M.NS", "^GSPC", "GC=F", "EURUSD=X", "AAPL241220C00220000", "GOOGL1241220C00150000"])("brings back %s", (symbol) => {
  for (const interval of ["1m", "5m"]) {
    vi.stubGlobal("history", { replaceState: (_state: unknown, _title: string, hash: string) => vi.stubGlobal("location", { hash }) })
    toAddress(symbol, interval)
    expect(fromAddress()).toEqual({ symbol, interval })
    expect(at(`#${symbol}/${interval}`)).toEqual({ symbol, interval })
  }
  expect(at(`#${symbol}`)).toEqual({ symbol, interval: "1m" })
  expect(at(`#${symbol.toLowerCase()}/5m`)).toEqual({ symbol, interval: "5m" })
})

it.each(["", "#", "#/5m", "#%/1m"])("names no symbol in %s", (hash) => {
  expect(at(hash).symbol).toBeUndefined()
})
