/** A pipeline that joins two sources, what they are fed, and what plain arithmetic makes of that. */
import { minute } from "./courant.ts"

/** As a user's file. */
export const slippage = `
import { Schema } from "effect"
import { Aggregate, Decimal, Events, Expr, Join, Pipeline, Source, Window } from "courant"

const price = Decimal.Decimal({ scale: 2, limit: 1e6 })
const trades = Source.make("trades", {
  schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, price, size: Schema.Int }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "1 second"
})
const quotes = Source.make("quotes", {
  schema: Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: price }),
  key: "symbol",
  eventTime: "at",
  outOfOrderness: "2 seconds"
})
export const slippage = trades.pipe(
  Join.asOf(quotes, { within: "1 second", select: { bid: "bid" } }),
  Events.derive({ aboveBid: Expr.subtract("price", "bid") }),
  Window.tumbling("1 minute"),
  Aggregate.into({ trades: Aggregate.count, size: Aggregate.sum("size"), aboveBid: Aggregate.sum("aboveBid") }),
  Pipeline.named("slippage")
)
`

export interface Trade {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
}

export interface Quote {
  readonly symbol: string
  readonly at: number
  readonly bid: string
}

const cents = (value: number) => (value / 100).toFixed(2)

/** Three symbols, of which one has no quote for a while. */
export const market = (count: number): { readonly trades: ReadonlyArray<Trade>; readonly quotes: ReadonlyArray<Quote> } => ({
  trades: Array.from({ length: count }, (_, n) => ({ symbol: `S${n % 3}`, time: minute + n * 70 + (n * 7919) % 500, price: cents(1_000 + n % 97), size: 1 + n % 5 })),
  quotes: Array.from({ length: count }, (_, n) => ({ symbol: `S${n % 3}`, at: minute + n * 70 + (n * 104_729) % 900, bid: cents(900 + n % 89) }))
    .filter(({ at, symbol }) => symbol !== "S1" || at % 20_000 > 4_000)
})

export const linesOfAll = (all: ReadonlyArray<object>) => all.map((each) => `${JSON.stringify(each)}\n`).join("")

/** Each window as `key start trades size aboveBid`, in order. */
export const windowsOf = ({ quotes, trades }: ReturnType<typeof market>): ReadonlyArray<string> => {
  const bids = Map.groupBy(quotes, ({ symbol }) => symbol)
  for (const all of bids.values()) all.sort((a, b) => a.at - b.at)
  const groups = Map.groupBy(trades, ({ symbol, time }) => `${symbol} ${Math.floor(time / 60_000) * 60_000}`)
  return [...groups].map(([window, all]) => {
    const apart = all.flatMap(({ price, symbol, time }) => {
      const quote = bids.get(symbol)!.findLast(({ at }) => at <= time && at >= time - 1_000)
      return quote === undefined ? [] : [Math.round(100 * (Number(price) - Number(quote.bid)))]
    })
    const sum = apart.length === 0 ? null : apart.reduce((a, b) => a + b) / 100
    return `${window} ${all.length} ${all.reduce((total, { size }) => total + size, 0)} ${sum}`
  }).sort()
}

/** The same of lines of panes. */
export const windowsIn = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const newest = new Map<string, string>()
  for (const line of lines) {
    const { key, start, values: { aboveBid, size, trades } } = JSON.parse(line)
    newest.set(`${key} ${start}`, `${key} ${start} ${trades} ${size} ${aboveBid === null ? null : Number(aboveBid)}`)
  }
  return [...newest.values()].sort()
}
