/** The whole recorded session into a real InfluxDB: what is read back is what the batch fold says, point for point. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import * as InfluxdbMetrics from "../../src/adapters/influxdb/InfluxdbMetrics.ts"
import * as Recorded from "../../src/adapters/recorded/Recorded.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { events } from "../cli/session.ts"
import { chartsAreExact, engineInto, folded, newBucket, pointsOf, sameTexts, server, texts } from "./influxdbServer.ts"

const influxdb = server()
const pipelines = [candles1m, movingAverage5m, candles5m, day]

const withMetrics = <A, E, R>(layer: Layer.Layer<A | Connection | Monitor, E, R>) =>
  InfluxdbMetrics.layer({ topic: "recorded", processor: "session" }).pipe(Layer.provideMerge(layer))

/** The last metrics, written when the run was over: each a float, from which Grafana draws the page of the pipeline. */
const metricsAreThere = Effect.gen(function*() {
  const connection = yield* Connection
  const rows = yield* connection.query(
    `from(bucket: "${connection.bucket}") |> range(start: -1h) |> filter(fn: (r) => r._measurement == "courant" and ` +
      "r.topic == \"recorded\" and r.processor == \"session\") |> last() |> map(fn: (r) => ({r with _value: r._value + 0.0}))",
    (row) => [row("_field"), Number(row("_value"))] as const
  )
  const metrics = new Map(rows)
  assert.strictEqual(metrics.get("read"), 654_140)
  assert.strictEqual(metrics.get("lag"), 0)
  assert.strictEqual(metrics.get("retries"), 0)
  assert.isAbove(metrics.get("panes") ?? 0, 3_000)
  assert.isAbove(metrics.get("batch_lines") ?? 0, 0)
})

describe("the recorded session", () => {
  it.live("654,140 trades, four pipelines", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      yield* Effect.gen(function*() {
        const log = yield* EventLog
        const engine = yield* Engine
        const sink = yield* ResultSink
        yield* Stream.runForEach(Recorded.events, (chunk) => log.append(0, chunk))
        const stopAt = log.ends
        const report = yield* engine.run({ name: "session", pipelines, stopAt })
        assert.strictEqual(report.read, 654_140)

        const wanted = folded(pipelines, events())
        assert.isAbove(wanted.length, 3_000)
        sameTexts(texts(yield* sink.read({})), wanted)
        assert.strictEqual(yield* pointsOf, wanted.length)
        yield* chartsAreExact
      }).pipe(Effect.provide(withMetrics(engineInto(layer))))
      yield* Effect.provide(metricsAreThere, layer)
    }))
})
