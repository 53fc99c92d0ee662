import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FastCheck from "fast-check"
import type { Instrument } from "../../../src/adapters/yahoo/Instrument.ts"
import * as Ledger from "../../../src/adapters/yahoo/Ledger.ts"
import * as Responses from "../../../src/adapters/yahoo/Responses.ts"
import * as TradingDay from "../../../src/adapters/yahoo/TradingDay.ts"
import { type Chunk, valueAt } from "../../../src/streams/records/Records.ts"
import { type Line, standing, volumeOf } from "./standing.ts"

const apple: Instrument = {
  symbol: "AAPL",
  zone: "America/New_York",
  delay: 0,
  cumulativeVolume: true,
  everyDay: false,
  overnight: false
}

const introduced: Ledger.News = { _tag: "caughtUp", symbols: [], introduced: [{ instrument: apple, time: 0, previousClose: undefined }] }

const minute = 60_000
const open = Date.UTC(2024, 9, 2, 13, 30)
const session = TradingDay.at(apple.zone, open)

interface Trade {
  readonly time: number
  readonly price: number
  readonly size: number
  /** Of the session, this trade included. */
  readonly volume: number
}

/** What a chart of the true trades up to some moment says, made in the plainest way. */
const chartOf = (trades: ReadonlyArray<Trade>): Responses.Chart => {
  const starts = [...new Set(trades.map(({ time }) => Math.floor(time / minute) * minute))]
  const rows = starts.map((start) => trades.filter(({ time }) => Math.floor(time / minute) * minute === start))
  const column = (f: (row: ReadonlyArray<Trade>) => number) => rows.map(f)
  return {
    meta: { regularMarketTime: trades.at(-1)!.time, regularMarketVolume: trades.at(-1)!.volume },
    timestamp: starts,
    indicators: {
      quote: [{
        open: column((row) => row[0]!.price),
        high: column((row) => Math.max(...row.map(({ price }) => price))),
        low: column((row) => Math.min(...row.map(({ price }) => price))),
        close: column((row) => row.at(-1)!.price),
        volume: column((row) => row.reduce((sum, { size }) => sum + size, 0))
      }]
    }
  }
}

const catchUp = (
  trades: ReadonlyArray<Trade>,
  now: number,
  from = session.start,
  days: "not asked" | undefined = undefined
): Ledger.News => ({
  _tag: "caughtUp",
  symbols: [{
    instrument: apple,
    charts: {
      session,
      from,
      minutes: chartOf(trades),
      days,
      volume: undefined,
      settled: Math.max(trades.at(-1)!.time, now - minute)
    }
  }]
})

/** Yahoo does not give the chart. */
const refused = ({ price, time }: Trade): Ledger.News =>
  ({ _tag: "caughtUp", symbols: [{ instrument: apple, newest: { price, time } }] })

const observed = ({ price, time, volume }: Omit<Trade, "size">, closed = false): Ledger.News => ({
  _tag: "observed",
  observations: [{ symbol: "AAPL", price, time, volume, closed }]
})

const linesOf = (chunks: ReadonlyArray<Chunk>) =>
  chunks.flatMap((chunk) =>
    Array.from({ length: chunk.length }, (_, i): { kind: number; line: Line } => ({
      kind: chunk.kinds[i]!,
      line: JSON.parse(new TextDecoder().decode(valueAt(chunk, i)))
    }))
  )

const resume = (chunk: Chunk) => Effect.runSync(Ledger.fromPosition(chunk.position!))

/** Trades in few minutes, so that several fall into one and some at its first millisecond. */
const trades = FastCheck.array(
  FastCheck.record({
    time: FastCheck.oneof(
      FastCheck.nat(6 * minute),
      FastCheck.nat(6).map((index) => index * minute),
      FastCheck.nat(6).map((index) => index * minute + minute - 1)
    ),
    price: FastCheck.integer({ min: 1, max: 5 }),
    size: FastCheck.integer({ min: 1, max: 3 })
  }),
  { minLength: 1, maxLength: 25 }
).map((trades) => {
  let volume = 0
  return trades.toSorted((a, b) => a.time - b.time).map(({ price, size, time }): Trade => {
    volume += size
    return { time: open + time, price, size, volume }
  })
})

/**
 * What happens at the n-th trade: it is seen, an older one comes once more, the bars of sampled minutes come, or the feed is started
 * again, be it before its last chunk is in the log.
 */
const steps = FastCheck.array(
  FastCheck.record({
    seen: FastCheck.boolean(),
    again: FastCheck.nat(5),
    restart: FastCheck.constantFrom("no", "no", "no", "no", "no", "yes", "introduced", "refused"),
    crash: FastCheck.boolean(),
    /** Whether the charts of a symbol that has been introduced have come by now, or those that replace samples. */
    charts: FastCheck.boolean(),
    wait: FastCheck.constantFrom(0, 1_000, 90_000)
  }),
  { minLength: 25, maxLength: 25 }
)

const minuteOf = ({ start, time }: Line): number => Math.floor((start ?? time) / minute) * minute

/** The ticks that a series of observations gives, after a first catch-up without charts. */
const ticksOf = (instrument: Instrument, observations: ReadonlyArray<Omit<Trade, "size">>) => {
  let ledger = Ledger.book(Ledger.empty, { _tag: "caughtUp", symbols: [{ instrument }] })[0]
  return observations.flatMap((observation) => {
    const [next, chunks] = Ledger.book(ledger, observed(observation))
    ledger = next
    return linesOf(chunks).map(({ line }) => line)
  })
}

const sizesOf = (instrument: Instrument, observations: ReadonlyArray<Omit<Trade, "size">>) =>
  ticksOf(instrument, observations).map(({ size }) => size)

const at = (time: number, volume: number | undefined, price = 1) =>
  // A stream's frame may lack its volume.
  ({ time, volume, price }) as Omit<Trade, "size">

const ledgerAt = (time: number): Ledger.Ledger => ({ ...Ledger.empty, entries: new Map([["AAPL", { time }]]) })

const dayMillis = 86_400_000

/** Two shares a minute, and volume that is in no bar. One symbol's session is over early, one's begins late. */
const dayOf = (symbol: string): ReadonlyArray<Trade> =>
  Array.from({ length: 400 }, (_, index) => ({
    time: open + index * minute,
    price: 1,
    size: 2,
    volume: 2 * index + 100
  })).slice(symbol === "S1" ? 350 : 0, symbol === "S0" ? 10 : 400)

describe("Ledger", () => {
  it("feeds a session's volume once, and all its minutes as Yahoo's bars in the end, whatever happens in between", () => {
    FastCheck.assert(
      FastCheck.property(trades, steps, FastCheck.nat(24), (trades, steps, startAt) => {
        const first = Math.min(startAt, trades.length - 1)
        let ledger = Ledger.empty
        let fed: Array<Chunk> = []
        const book = (news: Ledger.News) => {
          const [next, chunks] = Ledger.book(ledger, news)
          ledger = next
          fed.push(...chunks)
          const { volume } = ledger.entries.get("AAPL") ?? {}
          if (volume !== undefined) assert.strictEqual(volumeOf(linesOf(fed).map(({ line }) => line)), volume)
        }
        const nowAt = (index: number) =>
          Math.min(trades[index]!.time + steps[index]!.wait, trades[index + 1]?.time ?? Infinity)
        const begin = (index: number, how: "yes" | "introduced" | "refused") => {
          if (how === "introduced") book(introduced)
          else if (how === "refused") book(refused(trades[index]!))
          else book(catchUp(trades.slice(0, index + 1), nowAt(index)))
        }

        begin(first, steps[0]!.restart === "introduced" ? "introduced" : "yes")
        trades.slice(first).forEach((trade, offset) => {
          const index = first + offset
          const { again, charts, crash, restart, seen } = steps[index]!
          if (restart !== "no") {
            if (crash) fed = fed.slice(0, -1)
            ledger = fed.length === 0 ? Ledger.empty : resume(fed.at(-1)!)
            begin(index, restart)
          }
          if (seen) book(observed(trade))
          if (charts) book(catchUp(trades.slice(0, index + 1), nowAt(index), session.start, "not asked"))
          book(observed(trades[Math.max(0, index - again)]!))
        })
        const last = trades.at(-1)!
        const later = { ...last, time: last.time + 10 * minute, volume: last.volume + 1, size: 1 }
        const all = [...trades, later]
        book(observed(later))
        book(catchUp(all, later.time + 2 * minute))

        const lines = linesOf(fed).map(({ line }) => line)
        const bars = lines.filter(({ interval }) => interval === minute)
        const expected = chartOf(all).timestamp!
        assert.deepStrictEqual(standing(lines).map(minuteOf).toSorted((a, b) => a - b), [...expected])
        assert.strictEqual(volumeOf(lines), later.volume)
        assert.deepStrictEqual(bars.map(minuteOf).toSorted((a, b) => a - b), [...expected])
        const sampled = new Set(lines.flatMap(({ interval, tradeId }) => interval === undefined && tradeId !== undefined ? [tradeId] : []))
        assert.isTrue(bars.every(({ replaces }) => replaces === undefined || sampled.has(replaces)))
        const ticks = lines.filter(({ interval, kind }) => interval === undefined && kind === undefined)
        assert.deepStrictEqual(ticks.map(({ time }) => time), ticks.map(({ time }) => time).toSorted((a, b) => a - b))
        assert.isUndefined(ledger.entries.get("AAPL")?.samples)
      }),
      { numRuns: 2_000 }
    )
  })

  it("counts a new day's volume from nothing, and a correction as nothing", () => {
    const nextDay = open + 86_400_000
    assert.deepStrictEqual(
      sizesOf(apple, [at(open, 100), at(open + 1, 130), at(nextDay, 20), at(nextDay + 1, 15), at(nextDay + 2, 25)]),
      [0, 30, 20, 0, 5]
    )
  })

  it("counts a new day's volume from nothing though its first price came without one", () => {
    const nextDay = open + 86_400_000
    assert.deepStrictEqual(sizesOf(apple, [at(open, 100), at(nextDay, undefined), at(nextDay + 1, 120)]), [0, 0, 120])
  })

  it("counts a day's volume on across its first moment, and from nothing after a bar that ends with the day", () => {
    const midnight = session.end
    assert.deepStrictEqual(
      sizesOf(apple, [at(midnight - 1, 100), at(midnight, 10), at(midnight + 1, 15)]),
      [0, 10, 5]
    )
    const lastMinute = [{ time: midnight - minute, price: 1, size: 9, volume: 9 }]
    const [ledger] = Ledger.book(Ledger.empty, catchUp(lastMinute, Infinity))
    const [, chunks] = Ledger.book(ledger, observed(at(midnight, 20)))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => line.size), [20])
  })

  it("counts on from the chart's volume after bars, though some of it is in no bar", () => {
    const unassigned = 1_000
    const seen = [
      { time: open, price: 1, size: 5, volume: 5 },
      { time: open + 3 * minute, price: 1, size: 7, volume: 12 },
      { time: open + 4 * minute, price: 1, size: 1, volume: 13 + unassigned }
    ]
    const [first] = Ledger.book(Ledger.empty, catchUp(seen.slice(0, 1), open))
    const [ticking] = Ledger.book(first, observed(seen[0]!))
    const [caughtUp, chunks] = Ledger.book(ticking, catchUp(seen, open))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => [line.replaces, line.volume]), [["yahoo/2024-10-02T13:30Z", 5], [undefined, 7]])
    const [, next] = Ledger.book(caughtUp, observed({ ...seen[2]!, volume: 13 + unassigned + 2 }))
    assert.deepStrictEqual(linesOf(next).map(({ line }) => line.size), [3])
  })

  it("lets a session that runs over night begin with the fall of its volume and not with the day", () => {
    const gold: Instrument = { ...apple, overnight: true }
    const evening = Date.UTC(2024, 9, 2, 22, 0)
    const afterMidnight = Date.UTC(2024, 9, 3, 5, 0)
    assert.deepStrictEqual(
      sizesOf(gold, [at(evening - 3_600_000, 9_000), at(evening, 50), at(evening + 1, 70), at(afterMidnight, 90)]),
      [0, 50, 20, 20]
    )
    assert.deepStrictEqual(sizesOf(gold, [at(evening, 1_000), at(evening + 1, 10), at(evening + 2, 1_001)]), [0, 0, 1])
  })

  it("gives no size to volumes that do not count up, or are none", () => {
    const coin: Instrument = { ...apple, cumulativeVolume: false }
    assert.deepStrictEqual(sizesOf(coin, [at(open, 5_000), at(open + 1, 6_000), at(open + 1, 7_000)]), [0, 0])
    assert.deepStrictEqual(sizesOf(apple, [at(open, 1.5), at(open + 1, -3), at(open + 2, undefined)]), [0, 0, 0])
  })

  it("writes ticks and bars as lines with prices in decimal text", () => {
    // Half a cent is a price, whatever number of decimals Yahoo proposes to show.
    const [half] = ticksOf(apple, [at(open, 1, Math.fround(24.535))])
    assert.strictEqual(half!.price, "24.535")
    const [line] = ticksOf(apple, [at(open, 1, 164.97999572753906)])
    assert.strictEqual(JSON.stringify(line), `{"symbol":"AAPL","time":${open},"price":"164.98","size":0,"tradeId":"yahoo/2024-10-02T13:30Z","provisional":true}`)
    const trades = [
      { time: open, price: 251.36000061035156, size: 7, volume: 7 },
      { time: open + minute, price: 1, size: 1, volume: 8 }
    ]
    const [, chunks] = Ledger.book(Ledger.empty, catchUp(trades, open))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => JSON.stringify(line)), [
      `{"symbol":"AAPL","start":${open},"interval":60000,"open":"251.36","high":"251.36","low":"251.36",` +
      `"close":"251.36","volume":7}`
    ])
  })

  it("lets observations wait until a symbol has been caught up with", () => {
    const [ledger, chunks] = Ledger.book(Ledger.empty, observed({ time: open, price: 1, volume: 1 }))
    assert.deepStrictEqual(chunks, [])
    assert.strictEqual(ledger.entries.size, 0)
  })

  it("goes on after any chunk of a long back-fill as if it had not stopped", () => {
    const symbols = Array.from({ length: 21 }, (_, index) => `S${index}`)
    const news: Ledger.News = {
      _tag: "caughtUp",
      symbols: symbols.map((symbol) => ({
        instrument: { ...apple, symbol },
        charts: {
          session,
          from: session.start,
          minutes: chartOf(dayOf(symbol)),
          days: undefined,
          volume: undefined,
          settled: Infinity
        }
      }))
    }
    const ticks: Ledger.News = {
      _tag: "observed",
      observations: symbols.map((symbol) => ({ symbol, time: open, price: 1, volume: 1 }))
    }
    const known = Ledger.book(Ledger.empty, {
      _tag: "caughtUp",
      symbols: symbols.map((symbol) => ({ instrument: { ...apple, symbol } }))
    })[0]
    const [whole, chunks] = Ledger.book(Ledger.book(known, ticks)[0], news)
    assert.deepStrictEqual(chunks.map(({ length }) => length), [4_096, 10 + 400 * 19 + 50 - 4_096])
    const [resumed, rest] = Ledger.book(resume(chunks[0]!), news)
    assert.deepStrictEqual(linesOf(rest), linesOf(chunks.slice(1)))
    assert.deepStrictEqual(resumed.entries, whole.entries)
    assert.deepStrictEqual(resume(chunks[1]!).entries, whole.entries)
    const times = linesOf(chunks).map(({ line }) => line.start ?? line.time)
    assert.deepStrictEqual(times, times.toSorted((a, b) => a - b))
  })

  it("takes no volume of the day before for that of the session", () => {
    const dayBefore = open - 86_400_000
    const two = [
      { time: dayBefore, price: 1, size: 5, volume: 5 },
      { time: dayBefore + minute, price: 1, size: 5, volume: 10 },
      { time: open, price: 1, size: 50, volume: 50 },
      { time: open + minute, price: 1, size: 1, volume: 1_051 }
    ]
    const [ledger] = Ledger.book(Ledger.empty, { _tag: "caughtUp", symbols: [{ instrument: apple }] })
    const [yesterday] = Ledger.book(ledger, observed(two[0]!))
    const from = Ledger.missingSince(yesterday, apple, session)
    const [today, chunks] = Ledger.book(yesterday, catchUp(two, open, from))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => [line.start, line.volume]), [
      [dayBefore, 5],
      [dayBefore + minute, 5],
      [open, 50]
    ])
    const [, next] = Ledger.book(today, observed({ ...two[3]!, volume: 1_053 }))
    assert.deepStrictEqual(linesOf(next).map(({ line }) => line.size), [3])
  })

  it("asks for minutes since the newest tick or bar, and for a week at most", () => {
    assert.strictEqual(Ledger.missingSince(Ledger.empty, apple, session), session.start)
    assert.strictEqual(Ledger.missingSince(ledgerAt(open + 5), apple, session), session.start)
    assert.strictEqual(Ledger.missingSince(ledgerAt(open - dayMillis), apple, session), session.start - dayMillis)
    const longAgo = ledgerAt(open - 99 * dayMillis)
    assert.strictEqual(Ledger.missingSince(longAgo, apple, session), session.end - 7 * dayMillis)
  })

  it("takes no position that is not its own", () => {
    const badEntry = `{"version":1,"symbols":{"A":{"time":"x"}}}`
    for (const position of ["", "12", "{}", `{"version":3,"symbols":{}}`, badEntry]) {
      assert.strictEqual(Effect.runSync(Effect.flip(Ledger.fromPosition(position)))._tag, "SchemaError")
    }
  })

  /** A feed that has been started at the open, with what has been seen since. */
  const live = (trades: ReadonlyArray<Trade>) =>
    trades.reduce((ledger, trade) => Ledger.book(ledger, observed(trade))[0], Ledger.book(Ledger.empty, catchUp(trades.slice(0, 1), open))[0])

  const bell = { time: open, price: 1, size: 0, volume: 0 }

  it("replaces samples once their minute is over, and drops samples of it that come later", () => {
    const trades = [
      bell,
      { time: open + 10_000, price: 1, size: 5, volume: 5 },
      { time: open + 50_000, price: 3, size: 5, volume: 10 },
      { time: open + 70_000, price: 2, size: 2, volume: 12 }
    ]
    const seen = live([bell, trades[1]!, trades[3]!])
    const [replaced, chunks] = Ledger.book(seen, catchUp(trades, open, session.start, "not asked"))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }): unknown => line), [{
      symbol: "AAPL",
      start: open,
      interval: minute,
      open: "1",
      high: "3",
      low: "1",
      close: "3",
      volume: 10,
      replaces: "yahoo/2024-10-02T13:30Z"
    }])
    assert.deepStrictEqual(Ledger.book(replaced, observed(trades[2]!))[1], [])
    // The five of 13:30:50 had been counted with the price of 13:31:10.
    const sizes = (volume: number) => linesOf(Ledger.book(replaced, observed({ ...trades[3]!, time: open + 80_000, volume }))[1]).map(({ line }) => line.size)
    assert.deepStrictEqual([sizes(15), sizes(18)], [[0], [1]])
    assert.deepStrictEqual(Ledger.book(replaced, catchUp(trades, open, session.start, "not asked"))[1], [])
  })

  it("counts the closing auction once, be it in the last bar or in none, and with it what is in no other minute", () => {
    const close = open + 389 * minute + 59_000
    const last = { time: close, price: 2, size: 10, volume: 10 }
    const auction = { ...last, volume: 110 }
    const bars = [{ ...bell, size: 0 }, last]
    const seen = Ledger.book(live([bell, last]), observed(auction, true))[0]
    const withIt = Ledger.book(seen, catchUp([bars[0]!, { ...last, size: 110, volume: 110 }], Infinity))
    assert.deepStrictEqual(linesOf(withIt[1]).map(({ line }) => line.volume), [0, 110])
    assert.deepStrictEqual(Ledger.book(withIt[0], observed(auction, true))[1], [])
    // The chart says what was traded in all, and has it in no bar. Seven more are in none either.
    const without = Ledger.book(seen, catchUp([...bars.slice(0, 1), { ...last, volume: 117 }], Infinity))
    assert.deepStrictEqual(linesOf(without[1]).map(({ line }) => line.volume), [0, 10])
    const [after, rest] = Ledger.book(resume(without[1].at(-1)!), introduced)
    assert.deepStrictEqual(rest, [])
    const caughtUp = Ledger.book(after, { _tag: "caughtUp", symbols: [{ instrument: apple }] })[0]
    const [closed, chunks] = Ledger.book(caughtUp, observed({ ...auction, volume: 117 }, true))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => line), [
      { symbol: "AAPL", time: close, price: "2", size: 107 } as Line
    ])
    assert.deepStrictEqual(Ledger.book(closed, observed({ ...auction, volume: 117 }, true))[1], [])
  })

  it("counts a closing print in the last minute, and once, whether its bar has it or not", () => {
    const listed = { ...apple, exchange: "NMS", unit: { currency: "USD" } }
    const close = open + 390 * minute
    const last = { time: close - 1_000, price: 2, size: 10, volume: 10 }
    const print = { time: close + 1_000, price: 3, size: 100, volume: 110 }
    const observing = (trade: Trade, closed = false): Ledger.News => ({
      _tag: "observed",
      observations: [{ symbol: "AAPL", time: trade.time, price: trade.price, volume: trade.volume, closed }]
    })
    const caughtUp = (trades: ReadonlyArray<Trade>): Ledger.News => {
      const news = catchUp(trades, Infinity)
      return news._tag === "caughtUp" ? { ...news, symbols: news.symbols.map((symbol) => ({ ...symbol, instrument: listed })) } : news
    }
    const start = Ledger.book(Ledger.empty, caughtUp([{ ...bell, size: 0 }]))[0]
    const [seen] = Ledger.book(start, observing(last))
    const [printed, chunks] = Ledger.book(seen, observing(print))
    assert.deepStrictEqual(linesOf(chunks).map(({ line: { price, size, time, tradeId } }) => ({ price, size, time, tradeId })), [
      { price: "3", size: 100, time: close - 1, tradeId: "yahoo/2024-10-02T19:59Z" }
    ])
    const own = { ...last, price: 3, size: 110, volume: 110 }
    const [withIt, bars] = Ledger.book(printed, caughtUp([{ ...bell, size: 0 }, own]))
    // What is replaced may have been all that has said the currency.
    assert.deepStrictEqual(linesOf(bars).map(({ line: { currency, replaces, volume } }) => [volume, replaces, currency]), [
      [110, "yahoo/2024-10-02T19:59Z", "USD"]
    ])
    assert.deepStrictEqual(Ledger.book(withIt, observing(print, true))[1], [])
    const [without, lacking] = Ledger.book(printed, caughtUp([{ ...bell, size: 0 }, { ...last, volume: 110 }]))
    assert.deepStrictEqual(linesOf(lacking).map(({ line: { volume } }) => volume), [10])
    assert.deepStrictEqual(
      linesOf(Ledger.book(without, observing(print, true))[1]).map(({ line: { price, size, time } }) => ({ price, size, time })),
      [{ price: "3", size: 100, time: close - 1 }]
    )
  })

  it("tells what an outage has left out if there are no charts, until they say that there are bars of it or none", () => {
    const before = { time: open + 10_000, price: 1, size: 5, volume: 5 }
    const inBetween = { time: open + 2 * minute, price: 3, size: 4, volume: 9 }
    const behind = { time: open + 4 * minute + 1_000, price: 2, size: 1, volume: 10 }
    const [told, chunks] = Ledger.book(live([bell, before]), refused(behind))
    const gaps = linesOf(chunks).map(({ line }) => line)
    assert.deepStrictEqual(gaps.map(({ time }) => (time - open) / minute), [1, 2, 3])
    assert.deepStrictEqual(gaps[0], {
      symbol: "AAPL",
      time: open + minute,
      price: "2",
      size: 0,
      priceForming: false,
      updatesVolume: false,
      tradeId: "yahoo/2024-10-02T13:31Z",
      kind: "gap",
      provisional: true
    } as unknown as Line)
    // It is told once.
    assert.deepStrictEqual(Ledger.book(resume(chunks.at(-1)!), refused(behind))[1], [])
    const [counting, next] = Ledger.book(told, observed(behind))
    assert.deepStrictEqual(linesOf(next).map(({ line }) => line.size), [5])
    const [, closing] = Ledger.book(counting, catchUp([before, inBetween, behind, { ...behind, time: open + 12 * minute, size: 0 }], open))
    assert.deepStrictEqual(linesOf(closing).map(({ line }) => [((line.start ?? line.time) - open) / minute, line.kind ?? line.volume, line.replaces ?? line.tradeId]), [
      [0, 5, "yahoo/2024-10-02T13:30Z"],
      [1, "cancel", "yahoo/2024-10-02T13:31Z"],
      [2, 4, "yahoo/2024-10-02T13:32Z"],
      [3, "cancel", "yahoo/2024-10-02T13:33Z"],
      [4, 1, "yahoo/2024-10-02T13:34Z"]
    ])
  })

  it("tells two hours of an outage at most, and nothing of nights whose hours are not known, or before the first start", () => {
    const gapsOf = (ledger: Ledger.Ledger, instrument: Instrument, time: number) =>
      Ledger.book(ledger, { _tag: "caughtUp", symbols: [{ instrument, newest: { time, price: 1 } }] })[1].flatMap(({ length }) => length)
    const coin: Instrument = { ...apple, cumulativeVolume: false, everyDay: true }
    assert.deepStrictEqual(gapsOf(live([bell]), apple, open + 300 * minute), [120])
    assert.deepStrictEqual(gapsOf(live([bell]), apple, open + dayMillis), [])
    assert.deepStrictEqual(gapsOf(live([bell]), coin, open + dayMillis), [120])
    assert.deepStrictEqual(gapsOf(Ledger.empty, coin, open), [])
  })

  it("remembers no more minutes without bars than a position has room for, and feeds no bar of those that it has forgotten", () => {
    const symbols = Array.from({ length: 1_000 }, (_, index) => `S${index}`)
    let [ledger] = Ledger.book(Ledger.empty, { _tag: "caughtUp", symbols: symbols.map((symbol) => ({ instrument: { ...apple, symbol } })) })
    for (let index = 0; index < 70; index++) {
      const observations = [{ symbol: "S7", price: 1, time: open + index * minute, volume: 10_000 * index }]
      const [next, [chunk]] = Ledger.book(ledger, { _tag: "observed", observations })
      ledger = { ...next, entries: resume(chunk!).entries }
    }
    // So a thousand symbols have half a megabyte.
    assert.isAtMost(JSON.stringify(ledger.entries.get("S7")).length, 500)
    const minutes = chartOf(Array.from({ length: 70 }, (_, index) => ({ time: open + index * minute, price: 1, size: 10_000, volume: 10_000 * index })))
    const charts = { session, from: session.start, minutes, days: undefined, volume: undefined, settled: Infinity }
    const [, chunks] = Ledger.book(ledger, { _tag: "caughtUp", symbols: [{ instrument: { ...apple, symbol: "S7" }, charts }] })
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => (line.start! - open) / minute), Array.from({ length: 60 }, (_, index) => index + 10))
  })

  it("replaces samples of an earlier session without a change to the volume of this one", () => {
    const evening = { time: open + 389 * minute, price: 1, size: 7, volume: 7 }
    const morning = { time: open + dayMillis + 10_000, price: 1, size: 4, volume: 4 }
    const ledger = live([bell, evening, morning])
    const charts = [bell, { ...evening, size: 9, volume: 9 }, morning, { ...morning, time: morning.time + minute, size: 1, volume: 5 }]
    const next = TradingDay.at(apple.zone, morning.time)
    const [caughtUp, chunks] = Ledger.book(ledger, {
      _tag: "caughtUp",
      symbols: [{ instrument: apple, charts: { session: next, from: session.start, minutes: chartOf(charts), days: "not asked", volume: undefined, settled: morning.time + minute } }]
    })
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => [line.replaces?.slice(6), line.volume]), [
      ["2024-10-02T13:30Z", 0],
      ["2024-10-02T19:59Z", 9],
      ["2024-10-03T13:30Z", 4]
    ])
    assert.deepInclude(caughtUp.entries.get("AAPL"), { volume: 4, total: 4 })
  })

  it("has bars in place of samples also where volume does not count up", () => {
    const coin: Instrument = { ...apple, cumulativeVolume: false, everyDay: true }
    const [known] = Ledger.book(Ledger.empty, { _tag: "caughtUp", symbols: [{ instrument: coin }] })
    const [ledger] = Ledger.book(known, observed(at(open + 1_000, 5_000)))
    const charts = { session, from: session.start, minutes: chartOf([{ ...bell, size: 3 }]), days: undefined, volume: undefined, settled: Infinity }
    const [, chunks] = Ledger.book(ledger, { _tag: "caughtUp", symbols: [{ instrument: coin, charts }] })
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => [line.replaces, line.volume]), [["yahoo/2024-10-02T13:30Z", 3]])
  })

  it("goes on from a position of the first version, whose ticks stay", () => {
    const position = JSON.stringify({ version: 1, symbols: { AAPL: { bar: open, time: open + 70_000, volume: 12, owed: 2 } } })
    const older = Effect.runSync(Ledger.fromPosition(position))
    const trades = [0, 1, 2].map((index) => ({ time: open + index * minute, price: 1, size: 8, volume: 8 * index + 8 }))
    const [ledger, chunks] = Ledger.book(older, catchUp(trades, Infinity))
    assert.deepStrictEqual(linesOf(chunks).map(({ line }) => [line.start, line.volume, line.replaces]), [[open + 2 * minute, 8, undefined]])
    assert.deepStrictEqual(linesOf(Ledger.book(ledger, observed(at(open + 4 * minute, 25)))[1]).map(({ line }) => line.size), [1])
  })
})
