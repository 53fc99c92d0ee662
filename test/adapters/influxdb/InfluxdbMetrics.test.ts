import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Connection } from "../../../src/adapters/influxdb/Connection.ts"
import { InfluxdbError } from "../../../src/adapters/influxdb/InfluxdbError.ts"
import * as InfluxdbMetrics from "../../../src/adapters/influxdb/InfluxdbMetrics.ts"
import * as RetryPolicy from "../../../src/adapters/influxdb/RetryPolicy.ts"
import { WriteStatistics } from "../../../src/adapters/influxdb/WriteStatistics.ts"
import { Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"
import { parse } from "./Line.ts"

/** A connection that keeps its lines, and may be told to fail. */
const listening = () => {
  const lines: Array<string> = []
  const statistics = new WriteStatistics()
  let isAway = false
  const write = (line: string) =>
    Effect.suspend(() => {
      if (isAway) return Effect.fail(new InfluxdbError({ reason: "unreachable", message: "away" }))
      lines.push(line)
      return Effect.void
    })
  // Metrics use no more of a connection than this.
  const connection = { write, statistics, retryPolicy: RetryPolicy.make("http://test") } as unknown as Connection["Service"]
  const layer = InfluxdbMetrics.layer({ topic: "my ticks", processor: "a=b" }).pipe(
    Layer.provide(Layer.succeed(Connection, connection)),
    Layer.provideMerge(Monitor.layer)
  )
  return { lines, statistics, layer, goAway: (away: boolean) => isAway = away }
}

const fieldsOf = (line: string | undefined) => Object.fromEntries(parse(line ?? "").fields)

it.effect("are written every five seconds, and once more at the end", () =>
  Effect.gen(function*() {
    const { layer, lines } = listening()
    const scope = yield* Scope.make()
    yield* Layer.buildWithScope(layer, scope)
    yield* TestClock.adjust("12 seconds")
    assert.deepStrictEqual(lines.map((line) => parse(line).timestamp), [5_000, 10_000])
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(lines.map((line) => parse(line).timestamp), [5_000, 10_000, 12_000])
    const { measurement, tags } = parse(lines[0] ?? "")
    assert.deepStrictEqual([measurement, ...tags], ["courant", ["processor", "a=b"], ["topic", "my ticks"]])
  }))

it.effect("say how far the run is, and how requests went since the last time, as floats", () =>
  Effect.gen(function*() {
    const { layer, lines, statistics } = listening()
    yield* Effect.gen(function*() {
      const monitor = yield* Monitor
      const bySource = { "my trades": { ...nothingYet, held: 2 }, quotes: { ...nothingYet, held: 0 } }
      const progress = { ...nothingYet, read: 12, aggregated: 6, late: 1, deadLettered: 2, duplicate: 1, held: 2, panes: 4, lag: 3, watermark: 1_000, bySource }
      yield* monitor.publish({ _tag: "progress", progress })
      for (let i = 1; i <= 100; i++) statistics.stored(i, i)
      statistics.revisions = 5
      statistics.refused = 6
      yield* TestClock.adjust("5 seconds")
      const [whole, ...sources] = (lines[0] ?? "").split("\n")
      assert.deepStrictEqual(sources.map((line) => [Object.fromEntries(parse(line).tags)["source"], fieldsOf(line)]), [
        ["my trades", { source_held: "2" }], ["quotes", { source_held: "0" }]
      ])
      assert.deepStrictEqual(fieldsOf(whole), {
        lag: "3", watermark_delay: "4000", read: "12", aggregated: "6", late: "1", dead_lettered: "2", duplicate: "1", held: "2",
        panes: "4", revisions: "5", retries: "0", refused: "6", write_latency_p50: "50", write_latency_p99: "99",
        batch_lines: "50.5"
      })
      yield* TestClock.adjust("5 seconds")
      assert.notProperty(fieldsOf(lines[1]?.split("\n")[0]), "batch_lines")
    }).pipe(Effect.provide(layer))
  }))

it.effect("have no delay of the watermark before there is one, and go on after an outage", () =>
  Effect.gen(function*() {
    const { goAway, layer, lines } = listening()
    yield* Effect.gen(function*() {
      goAway(true)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(lines.length, 0)
      goAway(false)
      yield* TestClock.adjust("5 seconds")
      assert.notProperty(fieldsOf(lines[0]), "watermark_delay")
    }).pipe(Effect.provide(layer))
  }))
