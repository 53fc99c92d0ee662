/** Pipelines over Effect streams: when panes come, what slows what, how it ends, and what is said of wrong rows. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, Clock, Effect, Exit, Fiber, Queue, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Decimal } from "../../../src/domain/Decimal.ts"
import * as PaneStream from "../../../src/streams/engine/PaneStream.ts"
import { Aggregate, Expr, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import { lines } from "../../../src/testing/Harness.ts"

const Trade = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimal({ scale: 2, limit: 1_000_000 }),
  party: Schema.optional(Schema.Struct({ id: Schema.NullOr(Schema.String), fee: Schema.optional(Schema.Int) }))
})

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

const closes = trades.pipe(
  Window.tumbling("1 second"),
  Aggregate.into({ close: Aggregate.last("price"), party: Aggregate.last("party.id"), trades: Aggregate.count }),
  Pipeline.named("closes")
)

const trade = (time: number, price = "1", symbol = "A"): typeof Trade.Type => ({ symbol, time, price: BigDecimal.fromStringUnsafe(price) })

setFlagsFromString("--expose-gc")
// What a context that is made now has by this name.
const collect = runInNewContext("gc") as () => void

const heapInUse = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

const spanOf = ({ end, pane, start }: { readonly start: number; readonly end: number; readonly pane: string }) => `${start}-${end} ${pane}`

describe("Pipeline.toPanes", () => {
  it.effect("gives panes with their values as soon as the watermark lets them", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.unbounded<typeof Trade.Type>()
      const panes = yield* Stream.toPull(Stream.fromQueue(queue).pipe(PaneStream.toPanes(closes)))
      yield* Queue.offerAll(queue, [trade(0, "1.5"), { ...trade(999, "2.25"), party: { id: "X", fee: undefined } }])
      yield* Queue.offer(queue, trade(1_000, "3"))
      const [first] = yield* panes
      expect(spanOf(first)).toBe("0-1000 on-time")
      expect(first.values.close === null ? null : BigDecimal.format(first.values.close)).toBe("2.25")
      expect(first.values).toMatchObject({ party: "X", trades: 2 })
    }))

  it.effect("tells what is open when the input ends, and ends", () =>
    Effect.gen(function*() {
      const panes = yield* Stream.make(trade(0), trade(5_000)).pipe(PaneStream.toPanes(closes), Stream.runCollect)
      expect(panes.map(spanOf)).toEqual(["0-1000 on-time", "5000-6000 on-time"])
      expect(yield* Stream.empty.pipe(PaneStream.toPanes(closes), Stream.runCollect)).toEqual([])
    }))

  it.effect("passes an error of the input on behind the panes that were due, and tells nothing that is open", () =>
    Effect.gen(function*() {
      const input = Stream.concat(Stream.make(trade(0), trade(5_000)), Stream.fail("broken"))
      const told: Array<string> = []
      const exit = yield* input.pipe(
        PaneStream.toPanes(closes),
        Stream.runForEach((pane) => Effect.sync(() => void told.push(spanOf(pane)))),
        Effect.exit
      )
      expect(exit).toEqual(Exit.fail("broken"))
      expect(told).toEqual(["0-1000 on-time"])
    }))

  it.effect("asks for no row while its reader is busy, and holds a batch at most", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make(0)
      const input = Stream.fromEffectRepeat(Ref.getAndUpdate(asked, (n) => n + 1)).pipe(Stream.map((n) => trade(n * 1_000)))
      let read = 0
      let ahead = 0
      yield* input.pipe(
        PaneStream.toPanes(closes),
        Stream.take(200),
        Stream.runForEach(() => Effect.gen(function*() {
          yield* Effect.repeat(Effect.yieldNow, { times: 20 })
          read++
          ahead = Math.max(ahead, (yield* Ref.get(asked)) - read)
        }))
      )
      // A window closes with the row behind it.
      expect(ahead).toBe(1)
    }))

  it.effect("hands over what one long chunk leads to piece by piece", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 50_000 }, (_, n) => trade(n * 1_000))
      const sizes = yield* Stream.fromArray(rows).pipe(PaneStream.toPanes(closes), Stream.chunks, Stream.map(({ length }) => length), Stream.runCollect)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4_096)
      expect(sizes.reduce((sum, size) => sum + size)).toBe(50_000)
    }))

  it.live("keeps no more after three hundred thousand rows than after thirty thousand", () =>
    Effect.gen(function*() {
      const heaps: Array<number> = []
      const rowsFrom = (first: number) => Array.from({ length: 3_000 }, (_, n) => trade((first + n) * 10, "1", String(n % 7)))
      const windows = yield* Stream.range(1, 100).pipe(
        Stream.tap((n) => Effect.sync(() => void (n % 10 === 0 ? heaps.push(heapInUse()) : null))),
        Stream.map((n) => rowsFrom(n * 3_000)),
        Stream.flattenIterable,
        PaneStream.toPanes(closes),
        Stream.runCount
      )
      expect(windows).toBe(7 * 3_000)
      expect(heaps.at(-1)! - heaps[0]!).toBeLessThan(4_000_000)
    }), 60_000)

  it.effect("closes the input when its reader stops", () =>
    Effect.gen(function*() {
      for (const options of [{}, { idleTimeout: "1 hour" }] as const) {
        const closed = yield* Ref.make(0)
        const input = Stream.concat(Stream.make(trade(0), trade(1_000)), Stream.never).pipe(Stream.ensuring(Ref.update(closed, (n) => n + 1)))
        yield* input.pipe(PaneStream.toPanesWith(closes, options), Stream.take(1), Stream.runDrain)
        expect(yield* Ref.get(closed)).toBe(1)
        const running = yield* Effect.forkChild(input.pipe(PaneStream.toPanesWith(closes, options), Stream.runDrain))
        yield* Effect.repeat(Effect.yieldNow, { times: 50 })
        yield* Fiber.interrupt(running)
        expect(yield* Ref.get(closed)).toBe(2)
      }
    }))

  it.effect("can be run twice: each run is its own", () =>
    Effect.gen(function*() {
      const panes = Stream.make(trade(0), trade(1_000)).pipe(PaneStream.toPanes(closes))
      expect(lines(yield* Stream.runCollect(panes))).toEqual(lines(yield* Stream.runCollect(panes)))
    }))
})

describe("Pipeline.toPanesWith", () => {
  const rowsAt = Effect.fnUntraced(function*(options: PaneStream.ToPanesOptions) {
    const queue = yield* Queue.unbounded<typeof Trade.Type>()
    const told: Array<string> = []
    yield* Effect.forkScoped(Stream.fromQueue(queue).pipe(
      PaneStream.toPanesWith(closes, { ...options, late: "drop", refused: "fail" }),
      Stream.runForEach((pane) => Effect.map(Clock.currentTimeMillis, (now) => void told.push(`${now}: ${spanOf(pane)}`)))
    ))
    return { queue, told }
  })

  it.effect("closes the last windows by the clock when nothing comes for the idle time-out", () =>
    Effect.gen(function*() {
      const { queue, told } = yield* rowsAt({ idleTimeout: "10 seconds" })
      yield* Queue.offerAll(queue, [trade(0), trade(500)])
      yield* TestClock.adjust("9 seconds")
      expect(told).toEqual([])
      yield* TestClock.adjust("3 seconds")
      // A time-out of ten seconds is checked every 1.6.
      expect(told).toEqual(["11200: 0-1000 on-time"])
      // Event time has gone on from the last row: what comes now of the time before is late.
      yield* Queue.offerAll(queue, [trade(700), trade(20_000), trade(21_000)])
      yield* TestClock.adjust("1 second")
      expect(told.slice(1).map((line) => line.split(": ")[1])).toEqual(["20000-21000 on-time"])
    }))

  it.effect("waits for ever without one", () =>
    Effect.gen(function*() {
      const { queue, told } = yield* rowsAt({})
      yield* Queue.offer(queue, trade(0))
      yield* TestClock.adjust("1 day")
      expect(told).toEqual([])
    }))

  it.effect("counts no silence while its reader is busy", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.unbounded<typeof Trade.Type>()
      const told: Array<string> = []
      yield* Effect.forkScoped(Stream.fromQueue(queue).pipe(
        PaneStream.toPanesWith(closes, { idleTimeout: "10 seconds", late: "side-output" }),
        Stream.runForEach((one) => Effect.andThen(Effect.sync(() => void told.push(one._tag === "pane" ? spanOf(one.pane) : one._tag)), Effect.sleep("1 minute")))
      ))
      yield* Queue.offerAll(queue, [trade(0), trade(1_000)])
      yield* TestClock.adjust("30 seconds")
      // It waits in the queue while the reader sleeps.
      yield* Queue.offer(queue, trade(1_500))
      yield* TestClock.adjust("35 seconds")
      yield* TestClock.adjust("10 minutes")
      expect(told).toEqual(["0-1000 on-time", "1000-2000 on-time"])
    }))

  it.effect("ends with the row that is refused, why, and in words", () =>
    Effect.gen(function*() {
      // As a file without types may have it.
      const wrong = { symbol: "A", time: 1_500, price: "a lot" } as never
      const told: Array<string> = []
      const error = yield* Stream.make(trade(0), trade(1_000), wrong, trade(9_000)).pipe(
        PaneStream.toPanes(closes),
        Stream.runForEach((pane) => Effect.sync(() => void told.push(spanOf(pane)))),
        Effect.flip
      )
      expect(told).toEqual(["0-1000 on-time"])
      expect(error).toMatchObject({ _tag: "RefusedRow", row: wrong, reason: "invalid-field" })
      expect(error.message).toBe("a row is refused (invalid-field): \"price\" is \"a lot\", not a decimal with at most 2 decimals and a magnitude of at most 1000000")
    }))

  it.effect.each([
    [null, "invalid-field", "the row is null, not an object"],
    [{ symbol: "A", price: BigDecimal.make(1n, 0) }, "missing-field", "the field \"time\" is missing"],
    [{ ...trade(0), time: 1n }, "invalid-field", "\"time\" is 1n, not an integer from -8000000000000000 to 8000000000000000"],
    [{ ...trade(0), time: NaN }, "invalid-field", "\"time\" is NaN, not an integer from -8000000000000000 to 8000000000000000"],
    [{ ...trade(0), price: BigDecimal.make(1n, 5) }, "invalid-field", "\"price\" is 0.00001, not a decimal with at most 2 decimals and a magnitude of at most 1000000"],
    [{ ...trade(0), price: BigDecimal.make(1n, -400) }, "invalid-field", undefined],
    [{ ...trade(0), symbol: "\ud800" }, "invalid-field", "\"symbol\" is \"\\ud800\", which has an unpaired surrogate"],
    [{ ...trade(0), party: 5 }, "invalid-field", "\"party\" is 5, not an object"]
  ] as const)("refuses %o", ([row, reason, detail]) =>
    Effect.gen(function*() {
      const error = yield* Stream.make(row as never).pipe(PaneStream.toPanes(closes), Stream.runDrain, Effect.flip)
      expect(error.reason).toBe(reason)
      if (detail !== undefined) expect(error.detail).toBe(detail)
    }))

  it.effect("refuses what is too far ahead of the clock", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000)
      const error = yield* Stream.make(trade(61_001)).pipe(PaneStream.toPanesWith(closes, { maxTimeAhead: "1 minute" }), Stream.runDrain, Effect.flip)
      expect(error.reason).toBe("time-ahead")
    }))

  it.effect("ends with a late row, or puts it out beside the panes", () =>
    Effect.gen(function*() {
      const rows = Stream.make(trade(0), trade(5_000), trade(10), trade(6_000))
      const error = yield* rows.pipe(PaneStream.toPanesWith(closes, { late: "fail" }), Stream.runDrain, Effect.flip)
      expect(error).toMatchObject({ _tag: "LateRow", row: trade(10) })
      const all = yield* rows.pipe(PaneStream.toPanesWith(closes, { late: "side-output" }), Stream.runCollect)
      expect(all.map((one) => one._tag === "pane" ? spanOf(one.pane) : `late ${one.row.time}`))
        .toEqual(["0-1000 on-time", "late 10", "5000-6000 on-time", "6000-7000 on-time"])
    }))

  it("says what is wrong with its options, and with what is no pipeline of windows", () => {
    expect(() => PaneStream.toPanesWith(closes, { late: "ignore" } as never)).toThrow("Pipeline.toPanesWith: its late is \"ignore\"; it is \"drop\", \"fail\" or \"side-output\"")
    expect(() => PaneStream.toPanesWith(closes, { idleTime: 1 } as never)).toThrow("Pipeline.toPanesWith knows no \"idleTime\"")
    expect(() => PaneStream.toPanes(trades as never)).toThrow("Pipeline.toPanes needs a pipeline, and is given one without a name; put Pipeline.named(\"…\") behind it")
    expect(() => PaneStream.toPanes({} as never)).toThrow("Pipeline.toPanes needs a pipeline, and is given an object")
    expect(() => PaneStream.toPanes(trades.pipe(Pipeline.named("all")) as never)).toThrow("Pipeline.toPanes needs windows, and the pipeline \"all\" ends in events: use Pipeline.toRows")
    expect(() => PaneStream.toRows(closes as never)).toThrow("Pipeline.toRows needs a pipeline that ends in events, and \"closes\" has windows: use Pipeline.toPanes")
  })
})

describe("Pipeline.toRows", () => {
  const large = trades.pipe(Source.where(Expr.gt("price", 10)), Pipeline.named("large"))

  it.effect("gives the rows that are kept, with structs in their places", () =>
    Effect.gen(function*() {
      const rows = yield* Stream.make(trade(5, "11"), trade(6, "9"), { ...trade(1, "12"), party: { id: "X" } }).pipe(PaneStream.toRows(large), Stream.runCollect)
      expect(rows.map(({ key, place, time, values }) => ({ key, offset: place.offset, time, party: values.party }))).toEqual([
        { key: "A", offset: 0, time: 5, party: null },
        { key: "A", offset: 2, time: 1, party: { id: "X", fee: null } }
      ])
    }))

  it.effect("gives results as rows when they are final, among the late rows of their windows, and all at the end", () =>
    Effect.gen(function*() {
      const seconds = trades.pipe(Window.tumbling("1 second"), Aggregate.into({ trades: Aggregate.count }), Panes.toEvents, Pipeline.named("seconds"))
      const all = yield* Stream.make(trade(0), trade(900), trade(1_000), trade(10), trade(2_500)).pipe(PaneStream.toRowsWith(seconds, { late: "side-output" }), Stream.runCollect)
      expect(all.map((one) => one._tag === "row" ? `${one.row.place.window?.start} ${one.row.values.trades}` : one._tag)).toEqual(["0 2", "late", "1000 1", "2000 1"])
    }))

  it.effect("puts out refused rows beside them", () =>
    Effect.gen(function*() {
      const all = yield* Stream.make(trade(5, "11"), null as never, trade(6, "12")).pipe(PaneStream.toRowsWith(large, { refused: "side-output" }), Stream.runCollect)
      expect(all.map((one) => one._tag === "row" ? one.row.time : one.reason)).toEqual([5, "invalid-field", 6])
      expect(yield* Stream.make(null as never, trade(6, "12")).pipe(PaneStream.toRowsWith(large, { refused: "drop" }), Stream.runCount)).toBe(1)
    }))
})
