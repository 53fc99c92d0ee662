/** What the sink does beyond its port's contract: what charts see of revisions, and how seldom it asks. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Layer } from "effect"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import type { InfluxdbError } from "../../src/adapters/influxdb/InfluxdbError.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { chartsAreExact, newBucket, pointsOf, server } from "./influxdbServer.ts"

const influxdb = server()

const minute = 60_000
const begin = Date.UTC(2024, 10, 25, 14, 30)

const pane = (number: number, revision: number, change: Partial<Pane.Pane> = {}): Pane.Pane => ({
  pipeline: "candles",
  key: `S${number % 10}`,
  start: begin + Math.floor(number / 10) * minute,
  end: begin + (Math.floor(number / 10) + 1) * minute,
  pane: revision === 0 ? "on-time" : "late",
  revision,
  changes: revision + 1,
  values: { close: BigDecimal.make(BigInt(number * 10 + revision), 2), trades: revision },
  ...change
})

const minutes = (from: number, to: number, revision = 0) =>
  Array.from({ length: (to - from) * 10 }, (_, i) => pane(from * 10 + i, revision))

/** A sink of its own, as a process that has just started, and how often it asked and deleted. */
const counted = <A, E>(
  connection: Layer.Layer<Connection, InfluxdbError>,
  use: (sink: ResultSink["Service"], counts: { queries: number; deletions: number }) => Effect.Effect<A, E, Connection>,
  options?: InfluxdbResultSink.Options
) => {
  const counts = { queries: 0, deletions: 0 }
  const counting = Layer.effect(Connection, Effect.map(Connection, (connection) => ({
    ...connection,
    query: (flux, toItem) => Effect.suspend(() => (counts.queries++, connection.query(flux, toItem))),
    delete: (...which) => Effect.suspend(() => (counts.deletions++, connection.delete(...which)))
  }))).pipe(Layer.provide(connection))
  return ResultSink.use((sink) => use(sink, counts)).pipe(
    Effect.provide(
      InfluxdbResultSink.layer(options).pipe(Layer.provide(DeadLetters.layerMemory), Layer.provideMerge(counting)),
      { local: true }
    )
  )
}

describe("the sink", () => {
  it.live("asks once a pipeline, and then no more", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      yield* counted(layer, (sink, counts) =>
        Effect.gen(function*() {
          for (let i = 0; i < 20; i++) {
            yield* sink.write(minutes(i, i + 1))
            yield* sink.write(minutes(i, i + 1, 1))
          }
          assert.deepStrictEqual(counts, { queries: 1, deletions: 0 })
        }))
      // A process that resumes looks up what it computes again, and nothing after.
      yield* counted(layer, (sink, counts) =>
        Effect.gen(function*() {
          yield* sink.write(minutes(18, 20))
          assert.strictEqual(counts.queries, 2)
          for (let i = 20; i < 40; i++) yield* sink.write(minutes(i, i + 1))
          assert.deepStrictEqual(counts, { queries: 2, deletions: 0 })
          const read = yield* sink.read({})
          assert.deepStrictEqual(read.map(({ revision }) => revision), [...Array(200).fill(1), ...Array(200).fill(0)])
          yield* chartsAreExact
        }))
    }))

  it.live("remembers the windows written last, and asks for those that it has forgotten", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      yield* counted(layer, (sink, counts) =>
        Effect.gen(function*() {
          for (let i = 0; i < 20; i++) yield* sink.write(minutes(i, i + 1, 3))
          assert.strictEqual(counts.queries, 1)
          yield* sink.write(minutes(17, 18, 2))
          assert.strictEqual(counts.queries, 1)
          yield* sink.write([pane(0, 2), pane(1, 4)])
          assert.strictEqual(counts.queries, 2)
          yield* sink.write(minutes(20, 21, 3))
          assert.strictEqual(counts.queries, 2)
          const read = yield* sink.read({})
          assert.deepStrictEqual(read.map(({ revision }) => revision), [3, 4, ...Array(208).fill(3)])
        }), { rememberedWindows: 50 })
    }))

  it.live("deletes a point whose new pane has not all its values, also where another process wrote it", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      const fewer = (revision: number) => pane(0, revision, { values: { close: null, trades: revision } })
      yield* counted(layer, (sink, counts) =>
        Effect.gen(function*() {
          yield* sink.write([pane(0, 0), pane(1, 0)])
          yield* sink.write([fewer(1), pane(1, 1)])
          assert.strictEqual(counts.deletions, 1)
          yield* chartsAreExact
          yield* sink.write([pane(0, 2)])
          assert.strictEqual(counts.deletions, 1)
        }))
      yield* counted(layer, (sink, counts) =>
        Effect.gen(function*() {
          yield* sink.write([fewer(3), pane(1, 1)])
          assert.strictEqual(counts.deletions, 1)
          yield* chartsAreExact
          assert.strictEqual(yield* pointsOf, 2)
        }))
    }))

  it.live("leaves nothing for charts of a window that is taken back, until it comes again", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      yield* counted(layer, (sink) =>
        Effect.gen(function*() {
          const shown = Effect.flatMap(Connection, ({ bucket, query }) =>
            query(`from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "close")`, (row) => row("key")))
          yield* sink.write(minutes(0, 1))
          yield* sink.write([pane(3, 1, { pane: "retracted" })])
          assert.strictEqual((yield* shown).length, 9)
          yield* sink.write([pane(3, 0)])
          assert.strictEqual((yield* shown).length, 9)
          yield* sink.write([pane(3, 2)])
          assert.strictEqual((yield* shown).length, 10)
          assert.strictEqual(yield* pointsOf, 10)
        }))
    }))

  it.live("counts up to a limit only what is there", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      yield* counted(layer, (sink) =>
        Effect.gen(function*() {
          yield* sink.write([...minutes(0, 5), ...minutes(4, 5, 1).map((pane) => ({ ...pane, pane: "retracted" as const }))])
          const newest = yield* sink.read({ key: "S3", limit: 2 })
          assert.deepStrictEqual(newest.map(({ start }) => (start - begin) / minute), [2, 3])
          assert.strictEqual((yield* sink.read({ limit: 100 })).length, 40)
        }))
    }))
})
