/** The InfluxDB under test, one server a file, and buckets of a test's own on it. */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Context, type Duration, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { Influxdb } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import type { InfluxdbError } from "../../src/adapters/influxdb/InfluxdbError.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import type { Event } from "../../src/streams/reference/EventFold.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { select } from "../../src/streams/ports/ResultSink.ts"

/** Starts a server before the tests of the suite and ends it after; what it is is known when a test runs. */
export const server = () => {
  const scope = Scope.makeUnsafe()
  let started: Context.Context<Influxdb> | null = null
  beforeAll(async () => {
    started = await Effect.runPromise(Layer.buildWithScope(Influxdb.layer(), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.suspend(() =>
    started === null ? Effect.die("no server yet") : Effect.succeed(Context.get(started, Influxdb))
  )
}

let buckets = 0

/**
 * A new bucket on the server, and how to reach it; its points are kept for ever unless told. `layer` waits for answers
 * as long as it does unless told: a query for everything is long without a first byte on a machine that is slow or busy.
 * `impatient` is for what is under test where a server goes away, so that a request which is lost is soon repeated.
 */
export const newBucket = (server: Effect.Effect<Influxdb["Service"]>, retention?: Duration.Input) =>
  Effect.gen(function*() {
    const { access } = yield* server
    const bucket = `test-${process.pid}-${++buckets}`
    const options = { ...access, token: Redacted.make(access.token), bucket } as const
    const layer = Connection.layer(options)
    yield* Effect.provide(Connection.use((connection) => connection.createBucket(retention)), layer, { local: true })
    return { ...options, layer, impatient: Connection.layer({ ...options, requestTimeout: "5 seconds" }) }
  })

/** The engine with everything in memory but its results. */
export const engineInto = (connection: Layer.Layer<Connection, InfluxdbError>, options?: InfluxdbResultSink.Options) =>
  InProcess.layer.pipe(
    Layer.provideMerge(InfluxdbResultSink.layer(options)),
    Layer.provideMerge(Layer.mergeAll(
      EventLog.layerMemory(),
      CheckpointStore.layerMemory,
      Decisions.layerMemory,
      DeadLetters.layerMemory,
      Monitor.layer,
      connection
    ))
  )

/** Panes of a sink as texts that can be compared one by one. */
export const texts = (panes: ReadonlyArray<Pane.Encoded>): ReadonlyArray<string> =>
  panes.map(({ end, key, pipeline, start, values }) =>
    JSON.stringify([pipeline, key, start, end, Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1)]))

/** What the batch fold says of the same events, as such texts in the order of a sink. */
export const folded = (pipelines: ReadonlyArray<AnyPipeline>, events: ReadonlyArray<Event>) =>
  texts(select(
    pipelines.flatMap((pipeline) =>
      BatchFold.fold(pipeline, events).results.map((result) =>
        Pane.encode({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 }))
    ),
    {}
  ))

/** How many points there are of each field of a bucket: one a window, as the server itself counts. */
export const pointsOf = Effect.gen(function*() {
  const connection = yield* Connection
  const counts = yield* connection.query(
    `from(bucket: "${connection.bucket}") |> range(start: 1900-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) ` +
      "|> filter(fn: (r) => r._field == \"revision\") |> count() |> group() |> sum()",
    (row) => Number(row("_value"))
  )
  return counts[0] ?? 0
})

/** Asserts that what charts show of each point is what is exact, to the nearest double, and that nothing else is shown. */
export const chartsAreExact = Effect.gen(function*() {
  const connection = yield* Connection
  const shown = yield* connection.query(
    `from(bucket: "${connection.bucket}") |> range(start: 1900-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) ` +
      "|> filter(fn: (r) => exists r.key) |> toString()",
    (row) => ({ point: ["_measurement", "key", "window", "_time"].map(row).join(), field: row("_field"), value: row("_value") })
  )
  assert.isAbove(shown.length, 0)
  for (const [point, fields] of Map.groupBy(shown, ({ point }) => point)) {
    const values = new Map(fields.map(({ field, value }) => [field, value]))
    const exact: Record<string, string | number | null> = JSON.parse(values.get("exact") ?? "{}")
    for (const own of ["exact", "revision", "changes", "pane", "window_end"]) values.delete(own)
    const wanted = Object.entries(exact).flatMap(([name, value]) => value === null ? [] : [[name, Number(value)]])
    const found = [...values].map(([name, value]) => [name, Number(value)])
    assert.deepStrictEqual(Object.fromEntries(found), Object.fromEntries(wanted), point)
  }
})

/** Asserts that two lists of texts are the same, and names the first that differ: a diff of thousands takes minutes. */
export const sameTexts = (actual: ReadonlyArray<string>, expected: ReadonlyArray<string>): void => {
  const there = new Set(actual)
  const wanted = new Set(expected)
  assert.deepStrictEqual(expected.filter((text) => !there.has(text)).slice(0, 3), [], "missing")
  assert.deepStrictEqual(actual.filter((text) => !wanted.has(text)).slice(0, 3), [], "not wanted")
  assert.strictEqual(actual.length, expected.length)
}
