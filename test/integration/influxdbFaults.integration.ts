/** A real InfluxDB that is killed, stopped, paused, or that will not have some of the points: nothing is lost, nothing doubled. */
import { assert, describe, it } from "@effect/vitest"
import { sentence } from "../../src/cli/terminal/Advice.ts"
import { BigDecimal, Deferred, Effect, Fiber, Layer, Redacted, Schema, Stream } from "effect"
import { Connection, type Options } from "../../src/adapters/influxdb/Connection.ts"
import type { InfluxdbError } from "../../src/adapters/influxdb/InfluxdbError.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { Aggregate, Pipeline, Window } from "../../src/streams/pipeline/index.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import * as TransientLog from "../../src/streams/ports/TransientLog.ts"
import { chartsAreExact, engineInto, folded, newBucket, pointsOf, sameTexts, server, texts } from "./influxdbServer.ts"
import { market } from "./market.ts"

const influxdb = server()

/** Something to write all the time. */
const seconds = ticks.pipe(
  Window.tumbling("1 second"),
  Aggregate.into({ close: Aggregate.last("price"), volume: Aggregate.sum("size"), trades: Aggregate.count }),
  Pipeline.named("seconds")
)

/** Late events give new revisions of windows that are written. */
const pipelines = [seconds, candles1m, candles5m].map((pipeline) => Pipeline.withBounds(pipeline, { allowedLateness: 600_000 }))

const chunksOf = (lines: ReadonlyArray<string>, size: number) =>
  Array.from({ length: Math.ceil(lines.length / size) }, (_, i) => fromTexts(lines.slice(i * size, (i + 1) * size)))

const eventsOf = (lines: ReadonlyArray<string>) =>
  lines.map((line, offset) => {
    const tick = JSON.parse(line)
    const [price, size] = [tick.price, tick.size].map((value) => BigDecimal.scale(BigDecimal.fromStringUnsafe(String(value)), 8))
    return { partition: 0, offset, fields: { priceForming: null, ...tick, price, size } }
  })

/** Everything is there as the batch fold says, once, and charts show it; asked over a connection of its own. */
const isComplete = Effect.fnUntraced(function*(lines: ReadonlyArray<string>, connection: Layer.Layer<Connection, InfluxdbError>) {
  const wanted = folded(pipelines, eventsOf(lines))
  yield* Effect.gen(function*() {
    const sink = yield* ResultSink
    sameTexts(texts(yield* sink.read({})), wanted)
    assert.strictEqual(yield* pointsOf, wanted.length)
    yield* chartsAreExact
  }).pipe(Effect.provide(sinkInto(connection), { local: true }))
  assert.deepStrictEqual(yield* DeadLetters.use((letters) => letters.read({ reason: "refused" })), [])
})

describe("a server that goes away", () => {
  it.live("is killed six times while it takes points", () =>
    Effect.gen(function*() {
      const { impatient, layer } = yield* newBucket(influxdb)
      const lines = market(40_000)
      yield* Effect.gen(function*() {
        const server = yield* influxdb
        const log = yield* EventLog
        const engine = yield* Engine
        const { retryPolicy, statistics } = yield* Connection
        let isOver = false
        const feed = Effect.gen(function*() {
          // Not all at once, so that points are written all the time; what is left when the kills are over goes through.
          for (const chunk of chunksOf(lines, 100)) {
            yield* log.append(0, chunk)
            if (!isOver) yield* Effect.sleep("20 millis")
          }
          return yield* log.ends
        })
        const killer = Effect.gen(function*() {
          for (let round = 0; round < 6; round++) {
            yield* Effect.sleep(100 + 97 * round)
            yield* server.kill9
            yield* server.restart
          }
          isOver = true
        })
        const killing = yield* Effect.forkChild(killer)
        yield* engine.run({ name: "test", pipelines, stopAt: Effect.provideService(feed, EventLog, log) })
        yield* Fiber.join(killing)
        // A server that is gone between two writes, and there again before the second, is missed by nobody.
        assert.isAtLeast(retryPolicy.retries(), 3)
        assert.isAbove(statistics.revisions, 10)
        yield* isComplete(lines, layer)
      }).pipe(Effect.provide(engineInto(impatient)))
    }))

  it.live("is stopped for longer than any buffer lasts, at full speed: what is not read yet is not read", () =>
    Effect.gen(function*() {
      const { impatient, layer } = yield* newBucket(influxdb)
      const lines = market(80_000, { seed: 2 })
      const size = 250
      const stores = Layer.mergeAll(
        TransientLog.layer("test"),
        CheckpointStore.layerMemory,
        Decisions.layerMemory,
        DeadLetters.layerMemory,
        Monitor.layer,
        impatient
      )
      const over = InProcess.layer.pipe(Layer.provideMerge(InfluxdbResultSink.layer()), Layer.provideMerge(stores))
      yield* Effect.gen(function*() {
        const server = yield* influxdb
        const log = yield* EventLog
        const engine = yield* Engine
        let appended = 0
        const underWay = yield* Deferred.make<void>()
        const feed = Effect.gen(function*() {
          yield* Stream.fromIterable(chunksOf(lines, size)).pipe(
            Stream.runForEach(Effect.fnUntraced(function*(chunk) {
              yield* log.append(0, chunk)
              if (++appended === 100) yield* Deferred.succeed(underWay, undefined)
            }))
          )
          return yield* log.ends
        })
        const outage = Effect.gen(function*() {
          yield* Deferred.await(underWay)
          yield* server.stop
          const stuckAt = yield* standing(() => appended)
          assert.isBelow(stuckAt, lines.length / size)
          const heap = process.memoryUsage().heapUsed
          yield* Effect.sleep("12 seconds")
          assert.strictEqual(appended, stuckAt)
          assert.isBelow(process.memoryUsage().heapUsed - heap, 50e6)
          yield* server.restart
        })
        const away = yield* Effect.forkChild(outage)
        yield* engine.run({ name: "test", pipelines, stopAt: Effect.provideService(feed, EventLog, log) })
        yield* Fiber.join(away)
        yield* isComplete(lines, layer)
      }).pipe(Effect.provide(over))
    }))

  it.live("sleeps for longer than requests wait, and answers them all when it wakes", () =>
    Effect.gen(function*() {
      const { impatient, layer } = yield* newBucket(influxdb)
      const panes = Array.from({ length: 3_000 }, (_, i) => paneAt(i))
      yield* Effect.gen(function*() {
        const server = yield* influxdb
        const sink = yield* ResultSink
        yield* sink.write(panes.slice(0, 10))
        yield* server.pause
        const writing = yield* Effect.forkChild(sink.write(panes))
        yield* Effect.sleep("7 seconds")
        assert.isUndefined(writing.pollUnsafe())
        yield* server.resume
        yield* Fiber.join(writing)
      }).pipe(Effect.provide(sinkInto(impatient)))
      yield* Effect.gen(function*() {
        const read = yield* ResultSink.use((sink) => sink.read({}))
        sameTexts(texts(read), texts(panes.map(Pane.encode)))
        assert.strictEqual(yield* pointsOf, panes.length)
      }).pipe(Effect.provide(sinkInto(layer)))
    }))

  it.live("does not keep a run that is stopped from ending", () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      const server = yield* influxdb
      yield* Effect.gen(function*() {
        const sink = yield* ResultSink
        yield* server.stop
        const writing = yield* Effect.forkChild(sink.write([paneAt(0)]))
        yield* Effect.sleep("300 millis")
        yield* Fiber.interrupt(writing).pipe(Effect.timeout("10 seconds"))
      }).pipe(Effect.provide(sinkInto(layer)), Effect.ensuring(Effect.orDie(server.restart)))
    }))
})

describe("points that InfluxDB will not have", () => {
  it.live("a field that another wrote as a text in one week", () =>
    Effect.gen(function*() {
      const { bucket, layer } = yield* newBucket(influxdb)
      yield* Effect.gen(function*() {
        const connection = yield* Connection
        const sink = yield* ResultSink
        // The same measurement, the week of the first panes; a shard holds one week.
        yield* connection.write(`candles,key=other close="broken" ${weekOf(0)}`)
        const panes = Array.from({ length: 12_000 }, (_, i) => paneAt(i, i % 1_000 === 7 ? 0 : 1 + i % 3))
        yield* sink.write(panes)
        const [refused, good] = parted(panes, ({ start }) => start < weekOf(1))
        assert.strictEqual(refused.length, 12)
        sameTexts(texts(yield* sink.read({})), texts(good.map(Pane.encode)))
        yield* lettersAre(refused, bucket, /field type conflict: input field "close" on measurement "candles" is type float, already exists as type string/)

        // Once more, as after a crash: the same letters, the same points.
        yield* sink.write(panes)
        assert.strictEqual(yield* pointsOf, good.length)
        yield* lettersAre(refused, bucket, /field type conflict/)
      }).pipe(Effect.provide(sinkInto(layer)))
    }))

  it.live("windows that are older than the bucket keeps", () =>
    Effect.gen(function*() {
      const { bucket, layer } = yield* newBucket(influxdb, "1 hour")
      yield* Effect.gen(function*() {
        const sink = yield* ResultSink
        const minute = Math.floor(Date.now() / 60_000) * 60_000
        const panes = Array.from({ length: 300 }, (_, i) => {
          const start = minute - (i % 10 === 3 ? 86_400_000 : 0) - (i % 30) * 60_000
          return { ...paneAt(i), key: `S${i}`, start, end: start + 60_000 }
        })
        yield* sink.write(panes)
        const [refused, good] = parted(panes, ({ start }) => start < minute - 3_600_000)
        assert.strictEqual(refused.length, 30)
        sameTexts(texts(yield* sink.read({})), texts(good.map(Pane.encode).sort(inOrder)))
        yield* lettersAre(refused, bucket, /outside retention policy/)
      }).pipe(Effect.provide(sinkInto(layer)))
    }))

  it.live("times and names that it cannot hold", () =>
    Effect.gen(function*() {
      const { bucket, layer } = yield* newBucket(influxdb)
      yield* Effect.gen(function*() {
        const sink = yield* ResultSink
        const good = Array.from({ length: 50 }, (_, i) => paneAt(i))
        const refused = [
          { ...paneAt(0), start: 9_300_000_000_000, end: 9_300_000_060_000 },
          { ...paneAt(0), start: -9_300_000_000_000, end: -9_299_999_940_000 },
          { ...paneAt(0), key: "long".repeat(20_000) }
        ]
        yield* sink.write([...good.slice(0, 20), ...refused, ...good.slice(20)])
        sameTexts(texts(yield* sink.read({})), texts(good.map(Pane.encode)))
        yield* lettersAre(refused, bucket, /time outside range|max key length exceeded/)
      }).pipe(Effect.provide(sinkInto(layer)))
    }))
})

describe("what a sink needs is said at its start", () => {
  const refusal = (change: (options: Options) => Options) =>
    Effect.gen(function*() {
      const options = yield* newBucket(influxdb)
      const connection = Connection.layer(change(options))
      const error = yield* Effect.flip(Effect.provide(ResultSink.use(() => Effect.void), sinkInto(connection), { local: true }))
      assert.notInclude(error.message, "\n")
      assert.notInclude(error.message, Redacted.value(options.token))
      return error.message
    })

  it.live("a token that is not known", () =>
    Effect.gen(function*() {
      assert.include(yield* refusal((options) => ({ ...options, token: Redacted.make("wrong") })), "does not know the token")
    }))

  it.live("a bucket, an organization", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal((options) => ({ ...options, bucket: "nope" })), /bucket "nope" not found/)
      assert.match(yield* refusal((options) => ({ ...options, org: "nope" })), /organization name "nope" not found/)
    }))

  it.live("a token that may only read, or only write", () =>
    Effect.gen(function*() {
      for (const action of ["read", "write"] as const) {
        const options = yield* newBucket(influxdb)
        const token = Redacted.make(yield* tokenFor(action, options))
        const error = yield* Effect.flip(Effect.provide(
          ResultSink.use(() => Effect.void),
          sinkInto(Connection.layer({ ...options, token })),
          { local: true }
        ))
        assert.match(sentence(error), /COURANT_INFLUXDB_(?:TOKEN|BUCKET)/, action)
      }
    }))
})

/** A count once it has not changed for three seconds: until all buffers are full it goes on. */
const standing = Effect.fnUntraced(function*(count: () => number) {
  let last = -1
  while (count() !== last) {
    last = count()
    yield* Effect.sleep("3 seconds")
  }
  return last
})

const sinkInto = (connection: Layer.Layer<Connection, InfluxdbError>) =>
  InfluxdbResultSink.layer().pipe(Layer.provideMerge([connection, DeadLetters.layerMemory]))

const week = 604_800_000

/** When the shard of a week begins: on Mondays. */
const weekOf = (number: number): number => Date.UTC(2023, 7, 28) + number * week

/** A candle of the minute of that number. */
const paneAt = (minute: number, inWeek = 1): Pane.Pane => {
  const start = weekOf(inWeek) + (minute % 10_000) * 60_000
  return {
    pipeline: "candles",
    key: `S${Math.floor(minute / 10_000)}`,
    start,
    end: start + 60_000,
    pane: "on-time",
    revision: 3,
    changes: 4,
    values: { close: BigDecimal.make(BigInt(10_000 + minute), 2), trades: minute }
  }
}

const parted = <A>(all: ReadonlyArray<A>, isLeft: (item: A) => boolean) =>
  [all.filter(isLeft), all.filter((item) => !isLeft(item))] as const

/** The order of a sink, for panes of one pipeline and length. */
const inOrder = (a: Pane.Pane, b: Pane.Pane): number => a.start - b.start || (a.key < b.key ? -1 : 1)

/** The dead letters are exactly these panes, each with its place, its bytes and the server's words. */
const lettersAre = Effect.fnUntraced(function*(refused: ReadonlyArray<Pane.Pane>, bucket: string, detail: RegExp) {
  const letters = yield* DeadLetters.use((letters) => letters.read({ reason: "refused" }))
  const facts = letters.map(({ bytes, offset, partition, pipeline, topic }) =>
    JSON.stringify([topic, partition, offset, pipeline, new TextDecoder().decode(bytes)]))
  const wanted = refused.map((pane) =>
    JSON.stringify([`influxdb:${bucket}|${pane.pipeline}|${pane.key}|${pane.start}|${pane.end}`, 0, pane.revision, pane.pipeline, Pane.toJson(pane)]))
  sameTexts(facts, wanted)
  for (const letter of letters) assert.match(letter.detail, detail)
})

/** A token that may do only this to the bucket. */
const tokenFor = Effect.fnUntraced(function*(action: "read" | "write", { bucket, org, token, url }: Options) {
  const ask = (path: string, init: RequestInit = {}) =>
    Effect.promise(async (): Promise<unknown> => {
      const headers = { authorization: `Token ${Redacted.value(token)}` }
      return (await fetch(`${url}${path}`, { ...init, headers })).json()
    })
  const { buckets: [{ id, orgID }] } = yield* Effect.flatMap(ask(`/api/v2/buckets?org=${org}&name=${bucket}`), decodeBucket)
  const permissions = [{ action, resource: { type: "buckets", id, orgID } }]
  const body = JSON.stringify({ orgID, permissions })
  return (yield* Effect.flatMap(ask("/api/v2/authorizations", { method: "POST", body }), decodeToken)).token
})

const decodeBucket = Schema.decodeUnknownEffect(
  Schema.Struct({ buckets: Schema.NonEmptyArray(Schema.Struct({ id: Schema.String, orgID: Schema.String })) })
)

const decodeToken = Schema.decodeUnknownEffect(Schema.Struct({ token: Schema.String }))
