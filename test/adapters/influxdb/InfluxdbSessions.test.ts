import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { Connection } from "../../../src/adapters/influxdb/Connection.ts"
import { InfluxdbError } from "../../../src/adapters/influxdb/InfluxdbError.ts"
import * as InfluxdbSessions from "../../../src/adapters/influxdb/InfluxdbSessions.ts"
import * as RetryPolicy from "../../../src/adapters/influxdb/RetryPolicy.ts"
import * as Calendar from "../../../src/domain/TradingCalendar.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { parse } from "./Line.ts"

/** A connection that keeps its points, and may be told to fail. */
const listening = () => {
  const lines: Array<string> = []
  let requests = 0
  let failure: InfluxdbError | null = null
  const write = (body: string) =>
    Effect.suspend(() => {
      requests++
      if (failure !== null) return Effect.fail(failure)
      lines.push(...body.split("\n"))
      return Effect.void
    })
  // Sessions use no more of a connection than this.
  const connection = { write, retryPolicy: RetryPolicy.make("http://test") } as unknown as Connection["Service"]
  const sink = (options?: InfluxdbSessions.Options) =>
    InfluxdbSessions.layer(options).pipe(
      Layer.provide(ResultSink.layerMemory),
      Layer.provide(Layer.succeed(Connection, connection))
    )
  const fail = (reason: InfluxdbError["reason"] | null) =>
    failure = reason === null ? null : new InfluxdbError({ reason, message: `it is ${reason}` })
  return { lines, requests: () => requests, sink, fail }
}

const pane = (start: number, { pipeline = "candles-1m", length = 60_000 } = {}): Pane =>
  ({ pipeline, key: "IBM", start, end: start + length, pane: "on-time", revision: 0, changes: 1, values: { close: 1 } })

const utc = (text: string): number => Date.parse(`${text}:00Z`)

const points = (lines: ReadonlyArray<string>) =>
  lines.map(parse).map(({ fields, measurement, tags, timestamp }) => {
    assert.strictEqual(measurement, "courant-sessions")
    const { calendar, part } = Object.fromEntries(tags)
    return { calendar, part, start: timestamp, ...Object.fromEntries(fields) }
  })

const find = (lines: ReadonlyArray<string>, calendar: string, date: string) =>
  points(lines).filter((point) => point.calendar === calendar && "date" in point && String(point["date"]).includes(date))
    .toSorted((a, b) => a.start - b.start).map(({ part, start, ...fields }) => [part, start, ..."part_end" in fields ? [parseInt(String(fields["part_end"]))] : []])

it.effect("are there with the first pane of a week, from the week before to two weeks after", () =>
  Effect.gen(function*() {
    const { lines, requests, sink } = listening()
    yield* ResultSink.use(({ write }) => write([pane(utc("2024-07-02T14:00"))])).pipe(Effect.provide(sink()))
    assert.strictEqual(requests(), 4)
    // A half day, a holiday, a lunch break, and a day that is whole.
    assert.deepStrictEqual(find(lines, "XNYS", "2024-07-03"), [
      ["pre", utc("2024-07-03T08:00"), utc("2024-07-03T13:30")],
      ["regular", utc("2024-07-03T13:30"), utc("2024-07-03T17:00")],
      ["post", utc("2024-07-03T17:00"), utc("2024-07-03T21:00")]
    ])
    assert.deepStrictEqual(find(lines, "XNYS", "2024-07-04"), [])
    assert.deepStrictEqual(find(lines, "XTKS", "2024-07-03"), [
      ["regular", utc("2024-07-03T00:00"), utc("2024-07-03T02:30")],
      ["regular", utc("2024-07-03T03:30"), utc("2024-07-03T06:00")]
    ])
    assert.deepStrictEqual(find(lines, "24/7", "2024-07-07"), [["regular", utc("2024-07-07T00:00"), utc("2024-07-08T00:00")]])
    const [first] = points(lines).filter(({ calendar }) => calendar === "XTKS")
    assert.deepStrictEqual(Object.keys(first ?? {}), ["calendar", "part", "start", "date", "part_end", "session_close", "session_open"])
  }))

it.effect("are those of the calendars, each once, whatever panes come in whatever order", () =>
  Effect.gen(function*() {
    const year = Array.from({ length: 366 }, (_, day) => pane(utc("2024-01-01T12:00") + day * 86_400_000))
    const orders = [year, year.toReversed(), year.toSorted((a, b) => a.start % 7 - b.start % 7)]
    const all = yield* Effect.forEach(orders, (panes) =>
      Effect.gen(function*() {
        const { lines, requests, sink } = listening()
        yield* Effect.gen(function*() {
          const { write } = yield* ResultSink
          for (let at = 0; at < panes.length; at += 10) yield* write(panes.slice(at, at + 10))
        }).pipe(Effect.provide(sink()))
        assert.strictEqual(requests(), 53 + 3)
        assert.strictEqual(new Set(lines).size, lines.length)
        return lines.toSorted()
      }))
    assert.deepStrictEqual(all[1], all[0])
    assert.deepStrictEqual(all[2], all[0])
    const written = points(all[0] ?? []).filter(({ part, start }) => part === "regular" && start >= utc("2024-01-01T00:00") && start < utc("2025-01-01T00:00"))
    const wanted = Calendar.names.filter(Calendar.isName).map(Calendar.named).flatMap((calendar) =>
      Calendar.sessions(calendar, { from: "2023-12-25", to: "2025-01-05" }).flatMap((session) => Calendar.stretchesOf(calendar, session, "regular"))
        .filter(({ start }) => start >= utc("2024-01-01T00:00") && start < utc("2025-01-01T00:00")).map(({ start }) => `${calendar.name} ${start}`))
    assert.deepStrictEqual(written.map(({ calendar, start }) => `${calendar} ${start}`).toSorted(), wanted.toSorted())
  }))

it.effect("are not written for other pipelines, nor where no calendar knows anything", () =>
  Effect.gen(function*() {
    const { requests, sink } = listening()
    yield* Effect.gen(function*() {
      const { read, write } = yield* ResultSink
      yield* write([pane(utc("2024-07-02T14:00"), { pipeline: "temperatures" }), pane(0), pane(utc("2150-01-01T00:00"), { length: 1e15 })])
      assert.strictEqual((yield* read({})).length, 3)
    }).pipe(Effect.provide(sink({ pipelines: ["candles-1m"] })))
    assert.strictEqual(requests(), 0)
  }))

it.effect("keep no pane from being written where the bucket does not keep their week", () =>
  Effect.gen(function*() {
    const { fail, requests, sink } = listening()
    fail("refused")
    yield* Effect.gen(function*() {
      const { read, write } = yield* ResultSink
      yield* write([pane(utc("2024-07-02T14:00"))])
      yield* write([pane(utc("2024-07-02T14:01"))])
      assert.strictEqual((yield* read({})).length, 2)
    }).pipe(Effect.provide(sink()))
    assert.strictEqual(requests(), 4)
  }))

it.effect("are waited for while InfluxDB is away, and where it stays wrong nothing is written", () =>
  Effect.gen(function*() {
    const { fail, lines, sink } = listening()
    yield* Effect.gen(function*() {
      const { read, write } = yield* ResultSink
      fail("unavailable")
      const writing = yield* Effect.forkChild(write([pane(utc("2024-07-02T14:00"))]))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* read({})).length, 0)
      fail(null)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.yieldNow
      assert.strictEqual(writing.pollUnsafe()?._tag, "Success")
      assert.isNotEmpty(lines)
      fail("not-allowed")
      const refused = yield* Effect.result(write([pane(utc("2025-07-02T14:00"))]))
      assert.strictEqual(Result.isFailure(refused) ? refused.failure.message : "", "it is not-allowed")
      assert.strictEqual((yield* read({})).length, 1)
    }).pipe(Effect.provide(sink()))
  }))
