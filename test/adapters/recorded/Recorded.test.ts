import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FastCheck from "fast-check"
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import * as Recorded from "../../../src/adapters/recorded/Recorded.ts"
import * as Slicer from "../../../src/adapters/recorded/Slicer.ts"
import { Tick } from "../../../src/domain/Tick.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { type Chunk, Kind, valueAt } from "../../../src/streams/records/Records.ts"

const bell = Date.UTC(2013, 9, 8, 13, 30)
const beforeTheBell = bell - 5 * 60_000

/** The rows of the file, read in the plainest way there is. */
const csv = gunzipSync(
  readFileSync(new URL("../../../data/recorded/us-equities-2013-10-08.csv.gz", import.meta.url))
).toString()
const rows = csv.trimEnd().split("\n").slice(1)
const close = Date.UTC(2013, 9, 8, 20)

/** When a row counts, and whether it is an opening print that came when its minute was over. */
const placeOf = (row: string): readonly [time: number, isBelated: boolean] => {
  const [, stamp, , , flags] = row.split(",")
  if (flags === "80") return [close - 1, false]
  if (flags !== "40") return [Number(stamp), false]
  return Number(stamp) < bell + 60_000 ? [bell, false] : [bell + 59_999, true]
}
const times = rows.map((row) => placeOf(row)[0])

const lineOf = (row: string): string => {
  const [symbol, , price, size, , forming, counted] = row.split(",")
  const [time, isBelated] = placeOf(row)
  const updates = [
    forming === "0" ? `,"priceForming":false` : "",
    isBelated ? `,"updatesLast":false` : "",
    counted === "0" ? `,"updatesVolume":false` : ""
  ]
  return `{"symbol":"${symbol}","time":${time},"price":"${price}","size":${size}${updates.join("")}}`
}

const decoder = new TextDecoder()

const linesOf = (chunk: Chunk): Array<string> =>
  Array.from({ length: chunk.length }, (_, index) => decoder.decode(valueAt(chunk, index)))

const events = (options: Recorded.Options, position?: string) =>
  Stream.unwrap(Effect.map(Feed, (feed) => feed.events(Option.fromUndefinedOr(position)))).pipe(
    Stream.provide(Recorded.layer(options))
  )

/** A clock on which nobody waits: whoever sleeps moves it on. */
const hurriedClock = (): Clock.Clock => {
  let millis = 0
  return {
    currentTimeMillisUnsafe: () => millis,
    currentTimeMillis: Effect.sync(() => millis),
    currentTimeNanosUnsafe: () => BigInt(Math.round(millis * 1e6)),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(millis * 1e6))),
    monotonicTimeNanosUnsafe: () => BigInt(Math.round(millis * 1e6)),
    monotonicTimeNanos: Effect.sync(() => BigInt(Math.round(millis * 1e6))),
    sleep: (duration) => Effect.sync(() => void (millis += Duration.toMillis(duration)))
  }
}

/** The chunks of a replay with the milliseconds that had gone by when each came. */
const arrivals = (options: Recorded.Options, position?: string) => {
  const clock = hurriedClock()
  return events(options, position).pipe(
    Stream.map((chunk) => ({ at: clock.currentTimeMillisUnsafe(), chunk })),
    Stream.runCollect,
    Effect.provideService(Clock.Clock, clock)
  )
}

describe("Recorded", () => {
  it.effect("feeds every row of the session as a line, in order, in chunks of at most 4,096", () =>
    Effect.gen(function*() {
      const chunks = yield* Stream.runCollect(Recorded.events)
      let sent = 0
      for (const chunk of chunks) {
        assert.isAtMost(chunk.length, Slicer.chunkLimit)
        assert.isTrue(chunk.kinds.every((kind) => kind === Kind.event))
        const lines = linesOf(chunk)
        for (const line of lines) {
          if (line !== lineOf(rows[sent] ?? "")) assert.strictEqual(line, lineOf(rows[sent] ?? ""))
          sent++
        }
        assert.strictEqual(chunk.position, String(sent))
      }
      assert.strictEqual(sent, 654_140)
    }))

  it.effect("feeds lines that are ticks", () =>
    Effect.gen(function*() {
      const [first] = yield* Stream.runCollect(Stream.take(Recorded.events, 1))
      const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Tick), { onExcessProperty: "error" })
      const ticks = linesOf(first!).map((line) => decode(line))
      assert.isTrue(ticks.some(({ priceForming }) => priceForming === false))
    }))

  it("gives the opening and closing prints the time of the minute that they belong to, in the order of time", () => {
    const prints = rows.flatMap((row, index) => /,[48]0,[^,]+,[^,]+$/.test(row) ? [lineOf(row).slice(1, -1), times[index]! - Number(row.split(",")[1])] : [])
    assert.deepStrictEqual(prints, [
      `"symbol":"BAC","time":1381239000000,"price":"13.82","size":970078`,
      -1_559,
      `"symbol":"AIG","time":1381239000000,"price":"48.8","size":50646`,
      -3_256,
      `"symbol":"IBM","time":1381239059999,"price":"181.85","size":88065,"updatesLast":false`,
      -43_279,
      `"symbol":"AIG","time":1381262399999,"price":"47.7","size":262040`,
      -6_840,
      `"symbol":"BAC","time":1381262399999,"price":"13.69","size":2631493`,
      -6_882,
      `"symbol":"IBM","time":1381262399999,"price":"178.72","size":262948`,
      -47_796
    ])
    assert.isTrue(times.every((time, index) => index === 0 || time >= times[index - 1]!))
    // The opening prints are the first trades of the session, and the closing prints the last.
    for (const symbol of ["AIG", "BAC"]) {
      const first = rows.find((row, index) => row.startsWith(symbol) && times[index]! >= bell && row.split(",")[5] === "1")
      assert.strictEqual(first?.split(",")[4], "40")
    }
    for (const symbol of ["AIG", "BAC", "IBM"]) {
      const last = rows.findLast((row, index) => row.startsWith(symbol) && times[index]! < close && row.split(",")[5] === "1")
      assert.strictEqual(last?.split(",")[4], "80")
    }
  })

  it.effect("goes on exactly after any position", () =>
    Effect.gen(function*() {
      for (const sent of [0, 1, 4_095, 4_096, 300_001, rows.length - 1, rows.length]) {
        const chunks = yield* Stream.runCollect(Stream.take(events({ speed: Infinity }, String(sent)), 2))
        const lines = chunks.flatMap(linesOf)
        assert.deepStrictEqual(lines, rows.slice(sent, sent + lines.length).map(lineOf))
        assert.strictEqual(lines.length, chunks.at(-1) === undefined ? 0 : Number(chunks.at(-1)!.position) - sent)
        assert.strictEqual(lines.length === 0, sent === rows.length)
      }
    }))

  for (const speed of [60, 3_600]) {
    it.effect(`comes at the pace of ${speed} times the market: never early, at most a slice late, all of it`, () =>
      Effect.gen(function*() {
        let sent = 0
        for (const { at, chunk } of yield* arrivals({ speed })) {
          const first = times[sent]!
          sent += chunk.length
          const last = times[sent - 1]!
          assert.isAtMost((last - beforeTheBell) / speed, at + 0.01)
          assert.isAtMost(at, Math.max(0, (first - beforeTheBell) / speed) + 80.01)
        }
        assert.strictEqual(sent, rows.length)
      }))
  }

  it.effect("sends what was before the start at once, and nothing else", () =>
    Effect.gen(function*() {
      const atOnce = (yield* arrivals({ from: bell, speed: 600 })).filter(({ at }) => at === 0)
      assert.strictEqual(atOnce.at(-1)!.chunk.position, String(times.filter((time) => time <= bell).length))
    }))

  it.effect("keeps its pace from the row at which it goes on", () =>
    Effect.gen(function*() {
      const position = 600_000
      let sent = position
      for (const { at, chunk } of yield* arrivals({ speed: 600 }, String(position))) {
        const due = (times[sent]! - times[position]!) / 600
        assert.isAtLeast(at + 0.01, due)
        assert.isAtMost(at, due + 80.01)
        sent += chunk.length
      }
      assert.strictEqual(sent, rows.length)
    }))

  it.effect("has given all while it waits for what is due next, and not while something is overdue", () =>
    Effect.gen(function*() {
      const inner = yield* Clock.Clock
      let stopped = 0n
      const nanos = () => inner.monotonicTimeNanosUnsafe() + stopped
      const clock: Clock.Clock = { ...inner, monotonicTimeNanosUnsafe: nanos, monotonicTimeNanos: Effect.sync(nanos) }
      const feed = yield* Feed.pipe(Effect.provide(Recorded.layer()))
      const given: Array<Chunk> = []
      const reader = yield* Stream.runForEach(feed.events(Option.none()), (chunk) => Effect.sync(() => given.push(chunk))).pipe(
        Effect.provideService(Clock.Clock, clock),
        Effect.forkChild
      )
      const hasGivenAll = Effect.provideService(feed.hasGivenAll, Clock.Clock, clock)
      while (given.length === 0) yield* TestClock.withLive(Effect.sleep("5 millis"))
      yield* TestClock.withLive(Effect.sleep("50 millis"))
      assert.isTrue(yield* hasGivenAll)
      // The process was stopped for a minute: an hour of the session is overdue.
      stopped = 60_000_000_000n
      const before = given.length
      const answer = yield* Effect.forkChild(hasGivenAll)
      yield* TestClock.withLive(Effect.sleep("5 millis"))
      assert.isUndefined(answer.pollUnsafe())
      while (answer.pollUnsafe() === undefined) {
        yield* TestClock.adjust("80 millis")
        yield* TestClock.withLive(Effect.sleep("5 millis"))
      }
      assert.isTrue(yield* Fiber.join(answer))
      assert.isAbove(given.length, before + 100)
      yield* Fiber.interrupt(reader)
    }))

  it.effect("stands still while it is paused, which is no silence, and goes on at another pace", () =>
    Effect.gen(function*() {
      const feed = yield* Feed
      const { control } = feed
      if (control === undefined) return assert.fail("it has a pace")
      let given = 0
      const reader = yield* Effect.forkChild(Stream.runForEach(feed.events(Option.none()), ({ length }) => Effect.sync(() => void (given += length))))
      const after = Effect.fnUntraced(function*(millis: number) {
        const before = given
        for (let left = millis; left > 0; left -= 80) {
          yield* TestClock.adjust("80 millis")
          // The file is read in real time.
          yield* TestClock.withLive(Effect.sleep("5 millis"))
        }
        return given - before
      })
      while (given === 0) yield* TestClock.withLive(Effect.sleep("5 millis"))
      assert.isAbove(yield* after(800), 0)
      yield* control.change({ paused: true })
      yield* after(80)
      assert.strictEqual(yield* after(8_000), 0)
      assert.isFalse(yield* feed.hasGivenAll)
      yield* control.change({ paused: false, speed: 600 })
      assert.deepStrictEqual(yield* control.pace, { paused: false, speed: 600 })
      assert.deepStrictEqual(yield* feed.freshness, { _tag: "recorded", date: "2013-10-08", speed: 600 })
      const fast = yield* after(1_600)
      yield* control.change({ speed: 60 })
      const slow = yield* after(1_600)
      assert.isAbove(fast, 2 * slow)
      yield* Fiber.interrupt(reader)
    }).pipe(Effect.provide(Recorded.layer())))

  it.live("that comes as fast as possible has no pace", () =>
    Effect.gen(function*() {
      assert.isUndefined((yield* Feed).control)
    }).pipe(Effect.provide(Recorded.layer({ speed: Infinity }))))

  it.effect("waits on the clock of the test", () =>
    Effect.gen(function*() {
      const started = yield* TestClock.withLive(Clock.currentTimeMillis)
      const seen: Array<string | undefined> = []
      const replay = yield* Effect.forkChild(
        Stream.runForEach(Stream.take(events({}), 3), (chunk) => Effect.sync(() => seen.push(chunk.position)))
      )
      // The file is read in real time, so the test waits for the first chunk in real time too.
      while (seen.length === 0) yield* TestClock.withLive(Effect.sleep(1))
      assert.deepStrictEqual(seen, ["2431"])
      assert.isBelow((yield* TestClock.withLive(Clock.currentTimeMillis)) - started, 1_000)
      yield* TestClock.withLive(Effect.sleep(20))
      assert.strictEqual(seen.length, 1)
      while (seen.length < 3) {
        yield* TestClock.adjust(80)
        yield* TestClock.withLive(Effect.sleep(1))
      }
      yield* Fiber.join(replay)
    }))

  it.effect("says that it is recorded, of which day and at which speed", () =>
    Effect.gen(function*() {
      const feed = yield* Feed
      assert.strictEqual(feed.name, "recorded")
      assert.deepStrictEqual(yield* feed.freshness, { _tag: "recorded", date: "2013-10-08", speed: 7 })
    }).pipe(Effect.provide(Recorded.layer({ speed: 7 }))))

  it.effect("refuses a speed or a position that means nothing", () =>
    Effect.gen(function*() {
      for (const speed of [0, -1, NaN]) {
        const error = yield* Effect.flip(Stream.runDrain(events({ speed })))
        assert.include(error.message, String(speed))
      }
      for (const position of ["", "x", "-1", "1.5", "1e999"]) {
        const error = yield* Effect.flip(Stream.runDrain(events({ speed: Infinity }, position)))
        assert.include(error.message, "position")
      }
    }))
})

describe("Slicer", () => {
  const text = new TextEncoder().encode(csv.slice(0, 40_000).replace(/\n[^\n]*$/, ""))
  const run = (cuts: ReadonlyArray<number>, options: { from: number; skip: number; width: number }) => {
    const slicer = Slicer.make(options)
    const bounds = [0, ...[...new Set(cuts)].sort((a, b) => a - b), text.length]
    return [
      ...bounds.slice(1).flatMap((end, i) => slicer.push(text.slice(bounds[i], end))),
      ...slicer.end()
    ].map(({ chunk, index }) => ({ index, position: chunk.position, lines: linesOf(chunk) }))
  }

  it("cuts the same slices however the text arrives", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(text.length)),
        FastCheck.nat(50),
        FastCheck.constantFrom(1_000, 60_000, Infinity),
        (cuts, skip, width) => {
          const options = { from: times[20]!, skip, width }
          assert.deepStrictEqual(run(cuts, options), run([], options))
        }
      ),
      { numRuns: 50 }
    )
  })
})
