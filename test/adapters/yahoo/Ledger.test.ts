import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FastCheck from "fast-check"
import type { Instrument } from "../../../src/adapters/yahoo/Instrument.ts"
import * as Ledger from "../../../src/adapters/yahoo/Ledger.ts"
import * as Responses from "../../../src/adapters/yahoo/Responses.ts"
import * as TradingDay from "../../../src/adapters/yahoo/TradingDay.ts"
import { type Chunk, Kind, valueAt } from "../../../src/streams/records/Records.ts"

const apple: Instrument = {
  symbol: "AAPL",
  zone: "America/New_York",
  delay: 0,
  cumulativeVolume: true,
  everyDay: false,
  overnight: false
}

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

const catchUp = (trades: ReadonlyArray<Trade>, now: number, from = session.start): Ledger.News => ({
  _tag: "caughtUp",
  symbols: [{
    instrument: apple,
    charts: {
      session,
      from,
      minutes: chartOf(trades),
      days: undefined,
      volume: undefined,
      settled: Math.max(trades.at(-1)!.time, now - minute)
    }
  }]
})

const observed = ({ price, time, volume }: Omit<Trade, "size">): Ledger.News => ({
  _tag: "observed",
  observations: [{ symbol: "AAPL", price, time, volume }]
})

interface Line {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
  /** Only bars have one. */
  readonly start?: number
  readonly interval: number
  readonly open: string
  readonly close: string
  readonly volume: number
}

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

/** What happens at the n-th trade: it is seen, an older one comes once more, or the feed is restarted. */
const steps = FastCheck.array(
  FastCheck.record({
    seen: FastCheck.boolean(),
    again: FastCheck.nat(5),
    restart: FastCheck.constantFrom("no", "no", "no", "no", "yes", "introduced"),
    /** Whether the charts of a symbol that has been introduced have come by now. */
    caughtUp: FastCheck.boolean(),
    wait: FastCheck.constantFrom(0, 1_000, 90_000)
  }),
  { minLength: 25, maxLength: 25 }
)

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((a, b) => a + b, 0)

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

const ledgerAt = (time: number): Ledger.Ledger => ({
  entries: new Map([["AAPL", { time }]]),
  instruments: new Map(),
  behind: new Map()
})

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
  it("feeds a session's volume once, whoever reports it and however often it is restarted", () => {
    FastCheck.assert(
      FastCheck.property(trades, steps, FastCheck.nat(24), (trades, steps, startAt) => {
        const first = Math.min(startAt, trades.length - 1)
        let ledger = Ledger.empty
        const fed: Array<Chunk> = []
        const book = (news: Ledger.News) => {
          const [next, chunks] = Ledger.book(ledger, news)
          ledger = next
          fed.push(...chunks)
        }
        const nowAt = (index: number) =>
          Math.min(trades[index]!.time + steps[index]!.wait, trades[index + 1]?.time ?? Infinity)

        let isBehind = steps[0]!.restart === "introduced"
        const introduced: Ledger.News = { _tag: "introduced", instruments: [apple] }
        book(isBehind ? introduced : catchUp(trades.slice(0, first + 1), nowAt(first)))
        trades.slice(first).forEach((trade, offset) => {
          const index = first + offset
          const { again, caughtUp, restart, seen } = steps[index]!
          if (restart !== "no") {
            ledger = fed.length === 0 ? Ledger.empty : resume(fed.at(-1)!)
            isBehind = restart === "introduced"
            book(isBehind ? introduced : catchUp(trades.slice(0, index + 1), nowAt(index)))
          }
          if (seen) book(observed(trade))
          if (isBehind && (caughtUp || index === trades.length - 1)) {
            book(catchUp(trades.slice(0, index + 1), nowAt(index)))
            isBehind = false
          }
          if (index === trades.length - 1) book(observed(trade))
          book(observed(trades[Math.max(0, index - again)]!))
        })
        // What was traded in the minutes at both ends of a gap counts with the next trade.
        const last = trades.at(-1)!
        book(observed({ ...last, time: last.time + 3 * minute, volume: last.volume + 1 }))

        const lines = linesOf(fed)
        const ticks = lines.filter(({ kind }) => kind === Kind.event).map(({ line }) => line)
        const bars = lines.filter(({ kind }) => kind === Kind.preAggregated).map(({ line }) => line)

        assert.strictEqual(
          sum(ticks.map(({ size }) => size)) + sum(bars.map(({ volume }) => volume)),
          last.volume + 1
        )
        const minutesOfTicks = new Set(ticks.map(({ time }) => Math.floor(time / minute) * minute))
        assert.isFalse(bars.some(({ start }) => minutesOfTicks.has(start!)))
        assert.strictEqual(new Set(bars.map(({ start }) => start)).size, bars.length)
        assert.deepStrictEqual(ticks.map(({ time }) => time), ticks.map(({ time }) => time).toSorted((a, b) => a - b))
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
    // The rest of the minute of the newest tick is taken to be no more than that minute's volume.
    const [rest, bar] = linesOf(chunks).map(({ line }) => line)
    assert.deepStrictEqual([rest!.size, bar!.volume], [5, 7])
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
    assert.strictEqual(JSON.stringify(line), `{"symbol":"AAPL","time":${open},"price":"164.98","size":0}`)
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
    for (const position of ["", "12", "{}", `{"version":2,"symbols":{}}`, badEntry]) {
      assert.strictEqual(Effect.runSync(Effect.flip(Ledger.fromPosition(position)))._tag, "SchemaError")
    }
  })
})
