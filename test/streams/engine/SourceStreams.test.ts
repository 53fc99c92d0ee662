/** Pipelines over an Effect stream for each source: which is read when, who waits for whom, how it ends, and what is said of wrong ones. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Queue, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as SourceStreams from "../../../src/streams/engine/SourceStreams.ts"
import * as PaneStream from "../../../src/streams/engine/PaneStream.ts"
import { Aggregate, Events, Join, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"

const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int })
const Quote = Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: Schema.Int })
const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })
const quotes = Source.make("quotes", { schema: Quote, key: "symbol", eventTime: "at" })

const joined = trades.pipe(Join.asOf(quotes, { within: "10 seconds", select: { bid: "bid" } }))

const bids = joined.pipe(Window.tumbling("1 second"), Aggregate.into({ bid: Aggregate.max("bid"), trades: Aggregate.count }), Pipeline.named("bids"))

const met = joined.pipe(Pipeline.named("met"))

const trade = (time: number): typeof Trade.Type => ({ symbol: "A", time, size: 1 })
const quote = (at: number, bid: number): typeof Quote.Type => ({ symbol: "A", at, bid })

const shown = ({ end, start, values }: { readonly start: number; readonly end: number; readonly values: { readonly bid: number | null; readonly trades: number } }) =>
  `${start}-${end} ${values.bid} ${values.trades}`

/** An endless stream of rows a second apart, and how many of them have been asked for. */
const endless = <A>(row: (time: number) => A) =>
  Effect.map(Ref.make(0), (asked) => ({ asked, rows: Stream.fromEffectRepeat(Ref.getAndUpdate(asked, (n) => n + 1)).pipe(Stream.map((n) => row(n * 1_000))) }))

const turns = Effect.repeat(Effect.yieldNow, { times: 300 })

describe("Pipeline.toPanesOf", () => {
  it.effect("joins the rows of its streams, however far they are apart", () =>
    Effect.gen(function*() {
      const panes = yield* SourceStreams.toPanesOf(bids, {
        trades: Stream.make(trade(100), trade(900), trade(2_500)),
        quotes: Stream.fromArray(Array.from({ length: 50 }, (_, n) => quote(n * 100, n)))
      }).pipe(Stream.runCollect)
      expect(panes.map(shown)).toEqual(["0-1000 9 2", "2000-3000 25 1"])
    }))

  it.effect("asks for no rows of one that is ahead while the other lags, however fast it is", () =>
    Effect.gen(function*() {
      for (const options of [{}, { idleTimeout: "1 hour" }] as const) {
        const { asked, rows } = yield* endless(trade)
        const queue = yield* Queue.unbounded<typeof Quote.Type>()
        const told: Array<string> = []
        yield* Effect.forkScoped(SourceStreams.toPanesOf(bids, { trades: rows, quotes: Stream.fromQueue(queue) }, options).pipe(
          Stream.runForEach((pane) => Effect.sync(() => void told.push(shown(pane))))
        ))
        yield* turns
        expect(yield* Ref.get(asked)).toBeLessThanOrEqual(2)
        yield* Queue.offer(queue, quote(5_500, 7))
        yield* turns
        expect(yield* Ref.get(asked)).toBeLessThanOrEqual(8)
        expect(told).toEqual(["0-1000 null 1", "1000-2000 null 1", "2000-3000 null 1", "3000-4000 null 1", "4000-5000 null 1"])
      }
    }))

  it.effect("asks for no row while its reader is busy", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* endless(trade), yield* endless((at) => quote(at, 1))]
      let ahead = 0
      let read = 0
      yield* SourceStreams.toPanesOf(bids, { trades: one.rows, quotes: other.rows }).pipe(
        Stream.take(100),
        Stream.runForEach(() => Effect.gen(function*() {
          yield* Effect.repeat(Effect.yieldNow, { times: 20 })
          read++
          ahead = Math.max(ahead, (yield* Ref.get(one.asked)) - read, (yield* Ref.get(other.asked)) - read)
        }))
      )
      expect(ahead).toBeLessThanOrEqual(2)
    }))

  it.effect("waits for none that has ended, and tells what is open when all have", () =>
    Effect.gen(function*() {
      const { rows } = yield* endless(trade)
      const ended = SourceStreams.toPanesOf(bids, { trades: rows, quotes: Stream.make(quote(0, 3)) })
      expect((yield* ended.pipe(Stream.take(20), Stream.runCollect)).at(-1)!.start).toBe(19_000)
      const none = SourceStreams.toPanesOf(bids, { trades: Stream.make(trade(0)), quotes: Stream.empty })
      expect((yield* Stream.runCollect(none)).map(shown)).toEqual(["0-1000 null 1"])
      const idle = SourceStreams.toPanesOf(bids, { trades: Stream.make(trade(0), trade(9_000)), quotes: Stream.make(quote(0, 3)) }, { idleTimeout: "1 second" })
      expect((yield* Stream.runCollect(idle)).map(shown)).toEqual(["0-1000 3 1", "9000-10000 3 1"])
    }))

  it.effect("waits for one that is quiet no longer than the idle time-out, and what comes of it then is late", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* Queue.unbounded<typeof Trade.Type>(), yield* Queue.unbounded<typeof Quote.Type>()]
      const told: Array<string> = []
      yield* Effect.forkScoped(
        SourceStreams.toPanesOf(bids, { trades: Stream.fromQueue(one), quotes: Stream.fromQueue(other) }, { idleTimeout: "10 seconds", late: "side-output" }).pipe(
          Stream.runForEach((each) => Effect.sync(() => void told.push(each._tag === "late" ? `late ${each.source} ${each.source === "quotes" ? each.row.at : each.row.time}` : shown(each.pane))))
        )
      )
      yield* Queue.offer(other, quote(0, 3))
      for (let second = 0; second < 9; second++) {
        yield* Queue.offer(one, trade(second * 1_000))
        yield* TestClock.adjust("1 second")
      }
      expect(told).toEqual([])
      for (let second = 9; second < 15; second++) {
        yield* Queue.offer(one, trade(second * 1_000))
        yield* TestClock.adjust("1 second")
      }
      expect(told.at(-1)).toBe("13000-14000 null 1")
      expect(told).toHaveLength(14)
      yield* Queue.offer(other, quote(5_000, 4))
      yield* Queue.offer(one, trade(15_000))
      yield* TestClock.adjust("1 second")
      expect(told.at(-1)).toBe("late quotes 5000")
    }))

  it.effect("waits for one that is quiet no longer than the idle time-out where the other has ended, either without events", () =>
    Effect.gen(function*() {
      for (const quotes of [Stream.never, Stream.concat(Stream.make(quote(0, 3)), Stream.never)]) {
        const told: Array<number> = []
        const streams = { trades: Stream.make(trade(0), trade(3_600_000)), quotes }
        yield* Effect.forkScoped(SourceStreams.toPanesOf(bids, streams, { idleTimeout: "10 seconds" }).pipe(
          Stream.runForEach(({ start }) => Effect.sync(() => void told.push(start)))
        ))
        yield* TestClock.adjust("9 seconds")
        expect(told).toEqual([])
        yield* TestClock.adjust("6 seconds")
        expect(told[0]).toBe(0)
        yield* TestClock.adjust("10 seconds")
        expect(told).toEqual([0, 3_600_000])
      }
    }))

  it.effect("of two that are quiet event time goes on by the clock, also where one has ended", () =>
    Effect.gen(function*() {
      for (const quotes of [Stream.concat(Stream.make(quote(0, 3)), Stream.never), Stream.make(quote(0, 3))]) {
        const told: Array<string> = []
        const streams = { trades: Stream.concat(Stream.make(trade(500)), Stream.never), quotes }
        yield* Effect.forkScoped(SourceStreams.toPanesOf(bids, streams, { idleTimeout: "10 seconds" }).pipe(
          Stream.runForEach((pane) => Effect.sync(() => void told.push(shown(pane))))
        ))
        yield* TestClock.adjust("9 seconds")
        expect(told).toEqual([])
        yield* TestClock.adjust("6 seconds")
        expect(told).toEqual(["0-1000 3 1"])
        yield* TestClock.adjust("1 hour")
        expect(told).toHaveLength(1)
      }
    }))

  it.effect("ends with a row that is refused, and names its source", () =>
    Effect.gen(function*() {
      const wrong = { symbol: "A", at: "noon", bid: 1 } as never
      const streams = { trades: Stream.make(trade(0), trade(2_000), trade(9_000)), quotes: Stream.make(quote(0, 1), quote(3_000, 1), wrong).pipe(Stream.rechunk(1)) }
      const told: Array<string> = []
      const error = yield* SourceStreams.toPanesOf(bids, streams).pipe(Stream.runForEach((pane) => Effect.sync(() => void told.push(shown(pane)))), Effect.flip)
      expect(told).toEqual(["0-1000 1 1", "2000-3000 1 1"])
      expect(error).toMatchObject({ _tag: "RefusedRow", source: "quotes", row: wrong, reason: "invalid-field" })
      expect(error.message).toMatch(/^a row of "quotes" is refused \(invalid-field\): "at" is "noon"/)
      const all = yield* SourceStreams.toPanesOf(bids, streams, { refused: "side-output" }).pipe(Stream.runCollect)
      expect(all.map((each) => each._tag === "pane" ? shown(each.pane) : `${each.source} ${each.reason}`))
        .toEqual(["0-1000 1 1", "2000-3000 1 1", "quotes invalid-field", "9000-10000 1 1"])
    }))

  it.effect("passes on an error of any of them, and closes all", () =>
    Effect.gen(function*() {
      for (const options of [{}, { idleTimeout: "1 hour" }] as const) {
        const closed = yield* Ref.make(0)
        const closing = Stream.ensuring(Ref.update(closed, (n) => n + 1))
        const { rows } = yield* endless(trade)
        const exit = yield* SourceStreams.toPanesOf(bids, { trades: rows.pipe(closing), quotes: Stream.concat(Stream.make(quote(3_000, 1)), Stream.fail("broken")).pipe(closing) }, options)
          .pipe(Stream.runDrain, Effect.exit)
        expect(exit).toEqual(Exit.fail("broken"))
        expect(yield* Ref.get(closed)).toBe(2)
      }
    }))

  it("says which stream is missing, which is too many, and what is none", () => {
    const all = { trades: Stream.make(trade(0)), quotes: Stream.make(quote(0, 1)) }
    expect(() => SourceStreams.toPanesOf(bids, { trades: all.trades } as never)).toThrow("Pipeline.toPanesOf: \"quotes\" needs a stream of its rows, and is given undefined; \"bids\" reads quotes and trades")
    expect(() => SourceStreams.toPanesOf(bids, { ...all, quote: all.quotes } as never)).toThrow("Pipeline.toPanesOf: there is no source \"quote\"; \"bids\" reads quotes and trades")
    expect(() => SourceStreams.toPanesOf(bids, { ...all, quotes: [quote(0, 1)] } as never)).toThrow("Pipeline.toPanesOf: \"quotes\" needs a stream of its rows, and is given a list")
    expect(() => SourceStreams.toPanesOf(bids, all.trades as never)).toThrow("Pipeline.toPanesOf needs a stream for each source by its name")
    expect(() => SourceStreams.toPanesOf(met as never, all as never)).toThrow("Pipeline.toPanesOf needs windows, and the pipeline \"met\" ends in events: use Pipeline.toRowsOf")
    expect(() => SourceStreams.toRowsOf(bids as never, all as never)).toThrow("Pipeline.toRowsOf needs a pipeline that ends in events, and \"bids\" has windows: use Pipeline.toPanesOf")
    expect(() => SourceStreams.toPanesOf(bids, all, { late: "ignore" } as never)).toThrow("Pipeline.toPanesOf: its late is \"ignore\"")
    expect(() => PaneStream.toPanes(bids)).toThrow("Pipeline.toPanes takes the rows of one source, and \"bids\" reads trades and quotes: use Pipeline.toPanesOf")
    expect(() => PaneStream.toRows(met)).toThrow("use Pipeline.toRowsOf")
  })
})

describe("Pipeline.toRowsOf", () => {
  it.effect("gives each row with its place in its stream", () =>
    Effect.gen(function*() {
      const rows = yield* SourceStreams.toRowsOf(met, { trades: Stream.make(trade(100), trade(700)), quotes: Stream.make(quote(0, 1), quote(500, 2)) }).pipe(Stream.runCollect)
      expect(rows.map(({ place, values }) => [place.source, place.offset, values.bid])).toEqual([["trades", 0, 1], ["trades", 1, 2]])
    }))

  it.effect("puts out those of both sides at once where nothing holds them", () =>
    Effect.gen(function*() {
      const other = Source.make("others", { schema: Trade, key: "symbol", eventTime: "time" })
      const both = trades.pipe(Events.union(other), Pipeline.named("both"))
      const rows = yield* SourceStreams.toRowsOf(both, { trades: Stream.make(trade(1), trade(9)), others: Stream.make(trade(5), null as never, trade(7)) }, { refused: "side-output" })
        .pipe(Stream.runCollect)
      expect(rows.map((each) => each._tag === "row" ? `${each.row.place.source} ${each.row.time}` : `${each.source} ${each.reason}`))
        .toEqual(["others 5", "others invalid-field", "others 7", "trades 1", "trades 9"])
    }))
})
