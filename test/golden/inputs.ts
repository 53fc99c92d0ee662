/** What the golden traces are made of: the recorded session, thinned, and what comes of it by rules and seeds. */
import { Effect, Stream } from "effect"
import { Records } from "../../src/index.ts"
import { events } from "../../src/adapters/recorded/Recorded.ts"
import { randomFrom } from "../random.ts"
import type { Entry } from "./engine.ts"

export interface Trade {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
  readonly priceForming?: boolean
}

const { event, preAggregated } = Records.Kind
const minute = 60_000
const day = 86_400_000

const decoder = new TextDecoder()

/** Every so-manieth trade of the recorded session, which goes on for the whole day. */
const every = 41

const trades: ReadonlyArray<Trade> = await Effect.runPromise(
  events.pipe(
    Stream.runFold((): { seen: number; kept: Array<Trade> } => ({ seen: 0, kept: [] }), (state, chunk) => {
      for (let index = (every - state.seen % every) % every; index < chunk.length; index += every) {
        state.kept.push(JSON.parse(decoder.decode(Records.valueAt(chunk, index))))
      }
      state.seen += chunk.length
      return state
    }),
    Effect.map(({ kept }) => kept)
  )
)

const inOrder = (trade: Trade): Entry => ({ text: JSON.stringify(trade), kind: event, clock: trade.time })

/** In the order in which they happened. */
export const session: ReadonlyArray<Entry> = trades.map(inOrder)

/** The same day drawn out over the four weeks in which New York and Berlin change their clocks. */
export const fourWeeks: ReadonlyArray<Entry> = trades.filter((_, index) => index % 4 === 0).map((trade) =>
  inOrder({ ...trade, time: Date.UTC(2013, 9, 14) + (trade.time - trades[0]!.time) * 42 })
)

/** A bar of trades that are in order. */
const barOf = (made: ReadonlyArray<Trade>, start: number, interval: number): string => {
  const prices = made.map(({ price }) => price)
  const ascending = [...prices].sort((a, b) => Number(a) - Number(b))
  return JSON.stringify({
    symbol: made[0]?.symbol,
    start,
    interval,
    open: prices[0],
    high: ascending.at(-1),
    low: ascending[0],
    close: prices.at(-1),
    volume: made.reduce((sum, { size }) => sum + size, 0)
  })
}

/**
 * The session as a publisher's bars tell it in part: the day before, which is made of half of
 * the trades, is known as a daily bar alone, from its open, and every third minute as a bar of that minute, which comes with the first trade of a
 * later one. Bars of five minutes and broken ones are among them.
 */
export const withBars: ReadonlyArray<Entry> = (() => {
  const entries: Array<Entry> = []
  const open = Date.UTC(2013, 9, 7, 13, 30)
  for (const made of Map.groupBy(trades, ({ symbol }) => symbol).values()) {
    entries.push({ text: barOf(made.slice(0, made.length / 2), open, day), kind: preAggregated, clock: open + day / 2 })
  }
  const pending = new Map<string, Array<Trade>>()
  for (const trade of trades) {
    const at = Math.floor(trade.time / minute)
    const made = pending.get(trade.symbol) ?? []
    const start = Math.floor((made[0]?.time ?? 0) / minute)
    if (made.length > 0 && start !== at) {
      pending.delete(trade.symbol)
      entries.push({ text: barOf(made, start * minute, minute), kind: preAggregated, clock: trade.time })
      if (start % 5 === 0) entries.push({ text: barOf(made, start * minute, 5 * minute), kind: preAggregated, clock: trade.time })
      if (start % 15 === 0) entries.push({ text: `{"symbol":"SPY","start":${start}}`, kind: preAggregated, clock: trade.time })
    }
    if (at % 3 !== 0) entries.push(inOrder(trade))
    else pending.set(trade.symbol, [...pending.get(trade.symbol) ?? [], trade])
  }
  return entries
})()

/** What no decoder takes, in turn. Every one is there for a reason of its own. */
const broken: ReadonlyArray<string | null> = [
  "poison",
  "{}",
  "",
  null,
  `{"symbol":"SPY","time":1381219217034,"price":"1e-9","size":1}`,
  `{"symbol":"spy","time":1381219217034,"price":"1","size":1}`,
  `{"symbol":"SPY","time":1381219217034.5,"price":"1","size":1}`,
  `{"symbol":"SPY","time":1381219217034,"price":"1","size":-1}`,
  `{"symbol":"SPY","time":1381219217034,"price":"1","size":1`,
  `["SPY"]`
]

/**
 * The session in disorder: nine of ten trades come within the 5 seconds that the source allows,
 * the others up to a minute or four after that. Some records are broken, some trades are said
 * to be of the day after tomorrow, and a bar is where none is taken.
 */
export const disordered: ReadonlyArray<Entry> = (() => {
  const random = randomFrom(20_131_008)
  const delay = () => {
    const kind = random()
    return Math.floor(random() * (kind < 0.9 ? 4_500 : kind < 0.98 ? minute : 4 * minute))
  }
  return trades
    .map((trade) => ({ ...inOrder(trade), clock: trade.time + delay() }))
    .sort((a, b) => a.clock - b.clock)
    .flatMap((entry, index): ReadonlyArray<Entry> => {
      const trade = trades[index]!
      const { clock } = entry
      if (index % 700 === 350) return [entry, { ...inOrder({ ...trade, time: clock + 2 * day }), clock }]
      if (index % 700 === 500) return [entry, { text: barOf([trade], clock, minute), kind: preAggregated, clock }]
      if (index % 70 === 69) return [entry, { text: broken[(index - 69) / 70 % broken.length] ?? null, kind: event, clock }]
      return [entry]
    })
})()

/** Further ahead of the clock than this, a trade is refused. */
export const maxTimeAhead = day

const isAhead = ({ clock, text }: Entry): boolean =>
  Number(/^\{.*"time":(\d+),.*\}$/.exec(text ?? "")?.[1] ?? 0) > clock + maxTimeAhead

/** What of the disorder does not depend on the clock that it is read at. */
export const disorderedAtAnyTime: ReadonlyArray<Entry> = disordered.filter((entry) => !isAhead(entry))

/** The same as lines of standard input. */
export const lines: ReadonlyArray<string> = disorderedAtAnyTime.flatMap(({ kind, text }) => kind === event ? text ?? [] : [])

/** Orders of examples/your-own-topic.ts: a trade is an order in the shop of its symbol. */
export const orders: ReadonlyArray<Entry> = trades.map(({ price, symbol, time }) => ({
  text: JSON.stringify({ shop: symbol, placedAt: time, amount: Number(price).toFixed(2) }),
  kind: event,
  clock: time
}))
