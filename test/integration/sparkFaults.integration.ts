/**
 * What fails around a query on a real cluster, while events keep coming: whatever it is, in the end the panes are those
 * of the batch fold. One Connect server serves all of it, one after another; it is started by whoever comes first.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Option, Stream } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Session from "../../src/adapters/spark/connect/Session.ts"
import * as StreamingQuery from "../../src/adapters/spark/connect/StreamingQuery.ts"
import { compile } from "../../src/adapters/spark/compile/Compile.ts"
import * as LiveCluster from "../../src/adapters/spark/live/LiveCluster.ts"
import { isOver, Submissions } from "../../src/adapters/spark/rest/Submissions.ts"
import * as Sessions from "../../src/adapters/spark/live/Sessions.ts"
import { type Batch, type Query, SparkCluster } from "../../src/adapters/spark/SparkCluster.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import * as Pipeline from "../../src/streams/pipeline/Pipeline.ts"
import { temporaryFolder } from "../cli/courant.ts"
import { randomFrom } from "../random.ts"
import * as Admin from "./admin.ts"
import * as Harness from "./sparkHarness.ts"
import { isPossible, smallDisk } from "./SmallDisk.ts"

/** The driver that was submitted last. */
let submission: string | undefined

/** One that is away for longer loses its session; streams are rotated every second as well. */
const sessionTimeout = 20

const properties = {
  ...Harness.properties,
  "spark.connect.session.manager.defaultSessionTimeout": `${sessionTimeout}s`,
  "spark.connect.session.manager.maintenanceInterval": "1s"
}

/** A client of its own of the cluster. */
const client = (options: Partial<LiveCluster.Options> = {}) =>
  Layer.unwrap(Effect.gen(function*() {
    const { brokers, checkpoints, connect, rest, token } = yield* Harness.SparkStack
    const onSubmitted = (id: string) => Effect.sync(() => void (submission = id))
    return LiveCluster.layer({
      token,
      checkpoints,
      kafka: { "kafka.bootstrap.servers": brokers },
      connect: { rest: { url: rest }, port: connect.port, properties, submission, onSubmitted },
      ...options
    })
  }))

/** Spark tells a window once, when it takes no more: a day later than others, were it to allow for a day. */
const candles = Pipeline.withBounds(candles1m, { allowedLateness: 0 })

const start = Effect.fnUntraced(function*(topic: string) {
  const program = yield* compile(candles)
  const { start } = yield* SparkCluster
  return yield* start({ pipeline: candles, program, topic, results: Harness.resultsOf(topic) })
})

const find = (topic: string) => SparkCluster.use(({ find }) => find(candles.name, topic))

/** Minutes of ticks, two each second, until `over`. */
const feed = Effect.fnUntraced(function*(topic: string) {
  const random = randomFrom(7)
  const state = { isOver: false }
  const feeding = yield* Effect.forkScoped(Effect.gen(function*() {
    for (let minute = 0; !state.isOver; minute++) {
      yield* Harness.append(topic, Harness.minutes(minute, 1, random))
      yield* Effect.sleep("500 millis")
    }
  }))
  return { over: Effect.andThen(Effect.sync(() => state.isOver = true), Fiber.join(feeding)) }
})

/** Keeps what is told of a query, until that fails. */
const follow = Effect.fnUntraced(function*(query: Query) {
  const batches: Array<Batch> = []
  const following = yield* Stream.runForEach(query.batches, (batch) => Effect.sync(() => batches.push(batch))).pipe(
    Effect.flip,
    Effect.forkScoped
  )
  const reads = () => batches.filter(({ read }) => read > 0).length
  const more = Effect.suspend(() => until(reads() + 2, reads))
  return { batches, failure: Fiber.join(following), first: until(1, reads), more }
})

const until = (count: number, counted: () => number) =>
  Effect.gen(function*() {
    while (counted() < count) yield* Effect.sleep("100 millis")
  })

const complete = Effect.fnUntraced(function*(topic: string) {
  const expected = yield* Harness.foldOf(candles, topic)
  assert.isAbove(expected.size, 100)
  assert.deepStrictEqual(yield* Harness.panesOnce(topic, expected.size), expected)
})

/** A query during which something happens goes on without anybody's help, and tells each of its batches once. */
const survives = Effect.fnUntraced(function*<E, R>(fault: (query: Query) => Effect.Effect<void, E, R>) {
  const topic = yield* Harness.newTopic()
  const events = yield* feed(topic)
  const query = yield* start(topic)
  const { batches, more } = yield* follow(query)
  yield* more
  yield* fault(query)
  yield* more
  yield* events.over
  yield* complete(topic)
  const ids = batches.map(({ id }) => id)
  assert.deepStrictEqual(ids, [...new Set(ids)].sort((a, b) => a - b))
  yield* query.stop
})

/** Waits until a query computes something. */
const computing = Effect.fnUntraced(function*(name: string) {
  const { connect } = yield* Harness.SparkStack
  const session = yield* Session.connect({ ...connect, sessionId: Sessions.idOf(0), keep: true })
  yield* Effect.gen(function*() {
    const query = yield* StreamingQuery.byName(name)
    while ((yield* query?.status ?? Effect.die("no query"))?.isTriggerActive !== true) yield* Effect.sleep("20 millis")
  }).pipe(Effect.provideService(Session.Session, session))
}, Effect.scoped)

const stack = Harness.SparkStack.layer({ serving: false })

layer(stack, { timeout: "10 minutes", excludeTestServices: true })("faults around a query on Spark", (it) => {
  it.effect("the driver is killed in the middle of a batch: another is started, and the query from its checkpoint", () =>
    survives(({ name }) =>
      Effect.gen(function*() {
        const driver = yield* Effect.flatMap(Harness.SparkStack, Harness.driverOf)
        yield* computing(name)
        process.kill(driver, "SIGKILL")
      })).pipe(Effect.provide(client(), { local: true })))

  it.effect("the worker is killed, and comes back: so do driver and query", () =>
    survives(() => Harness.SparkStack.use(({ spark }) => Effect.andThen(spark.kill9, Effect.orDie(spark.restart)))).pipe(
      Effect.provide(client(), { local: true })
    ))

  it.effect("Kafka is restarted: the query waits for it", () =>
    survives(() => Harness.SparkStack.use(({ kafka }) => Effect.orDie(kafka.restart))).pipe(
      Effect.provide(client(), { local: true })
    ))

  it.effect("the client is gone for longer than a stream lasts: another finds the query, which did not notice", () =>
    Effect.gen(function*() {
      const topic = yield* Harness.newTopic()
      const events = yield* feed(topic)
      const { name } = yield* Effect.scoped(start(topic)).pipe(Effect.provide(client(), { local: true }))
      yield* Effect.sleep("3 seconds")
      yield* Effect.gen(function*() {
        const found = Option.getOrThrow(yield* find(topic))
        assert.strictEqual(found.name, name)
        yield* (yield* follow(found)).more
        const joined = yield* start(topic)
        const { more } = yield* follow(joined)
        yield* more
        yield* events.over
        yield* complete(topic)
        yield* joined.stop
        assert.isTrue(Option.isNone(yield* find(topic)))
      }).pipe(Effect.provide(client(), { local: true }))
    }))

  it.effect("the session expires, and the query with it: the next client starts it again in the next session", () =>
    Effect.gen(function*() {
      const topic = yield* Harness.newTopic()
      const events = yield* feed(topic)
      yield* Effect.gen(function*() {
        yield* (yield* follow(yield* start(topic))).more
      }).pipe(Effect.scoped, Effect.provide(client(), { local: true }))
      yield* Effect.sleep(`${sessionTimeout + 5} seconds`)
      yield* Effect.gen(function*() {
        assert.isTrue(Option.isNone(yield* find(topic)))
        const query = yield* start(topic)
        const { batches, more } = yield* follow(query)
        yield* more
        assert.isAbove(batches[0]?.id ?? 0, 0)
        yield* events.over
        yield* complete(topic)
        yield* query.stop
      }).pipe(Effect.provide(client(), { local: true }))
    }))

  it.effect("the driver is killed by a request: so it stays, until the query is started again", () =>
    Effect.gen(function*() {
      const { rest } = yield* Harness.SparkStack
      const topic = yield* Harness.newTopic()
      const events = yield* feed(topic)
      const first = yield* follow(yield* start(topic))
      yield* first.more
      const killed = submission ?? ""
      yield* Submissions.use(({ kill }) => kill(killed)).pipe(Effect.provide(Submissions.layer({ url: rest })))
      const { message, reason } = yield* first.failure
      assert.deepStrictEqual([reason, message.includes(`${killed} was killed by a request`)], ["stopped", true])
      // To look for it starts nothing.
      assert.isTrue(Option.isNone(yield* find(topic)))
      assert.strictEqual(submission, killed)
      const query = yield* start(topic)
      assert.notStrictEqual(submission, killed)
      yield* (yield* follow(query)).more
      yield* events.over
      yield* complete(topic)
      yield* query.stop
    }).pipe(Effect.provide(client(), { local: true })))

  it.effect("what Spark refuses is told at once, in its words", () =>
    Effect.gen(function*() {
      const { brokers } = yield* Harness.SparkStack
      const topic = yield* Harness.newTopic()
      yield* Harness.append(topic, Harness.minutes(0, 1, randomFrom(1)))
      const servers = { "kafka.bootstrap.servers": brokers }
      const atStart = client({ kafka: { ...servers, "kafka.enable.auto.commit": "true" } })
      const refused = yield* Effect.flip(start(topic)).pipe(Effect.provide(atStart, { local: true }))
      if (refused._tag !== "ClusterError") return assert.fail(refused.message)
      assert.deepStrictEqual([refused.reason, /enable\.auto\.commit/.test(refused.message)], ["refused", true], refused.message)

      // This one it notices only when it begins to read.
      const later = client({ kafka: { ...servers, startingOffsets: "somewhere" } })
      const failure = Effect.flatMap(start(topic), ({ batches }) => Effect.flip(Stream.runDrain(batches)))
      const { message, reason } = yield* failure.pipe(Effect.provide(later, { local: true }))
      assert.deepStrictEqual([reason, /somewhere/.test(message)], ["refused", true], message)
    }))

  it.effect("records are deleted before they were read: the query ends and says so, instead of leaving them out", () =>
    Effect.gen(function*() {
      const { brokers } = yield* Harness.SparkStack
      const topic = yield* Harness.newTopic({ partitions: 1 })
      yield* Harness.append(topic, Harness.minutes(0, 2, randomFrom(1)))
      const query = yield* start(topic)
      yield* (yield* follow(query)).first
      yield* query.stop
      yield* Harness.append(topic, Harness.minutes(2, 1, randomFrom(2)))
      yield* Admin.withAdmin(brokers, async (admin) => {
        // The library wants to have heard of the topic.
        await admin.fetchTopicOffsets(topic)
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "500" }] })
      })
      const { message, reason } = yield* (yield* follow(yield* start(topic))).failure
      assert.deepStrictEqual([reason, /KAFKA_DATA_LOSS|data may have been lost/.test(message)], ["failed", true], message)
    }).pipe(Effect.provide(client(), { local: true })))

  it.effect.skipIf(!isPossible)("the disk of the checkpoints is full: it says so and goes on with space, or gives up", () =>
    Effect.gen(function*() {
      const { connect } = yield* Harness.SparkStack
      const disk = yield* smallDisk(16)
      yield* driverOn(disk)
      const said: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void said.push(String(message)))
      // The driver was submitted just now, and a busy machine starts it slowly.
      const onDisk = (attempts: number) => client({ connect, checkpoints: disk.folder, attempts, patience: "3 minutes" })
      const topic = yield* Harness.newTopic()
      const events = yield* feed(topic)
      yield* Effect.gen(function*() {
        const query = yield* start(topic)
        const { more } = yield* follow(query)
        yield* more
        yield* disk.fill
        while (!said.join().includes("No space left on device")) yield* Effect.sleep("100 millis")
        yield* disk.free
        yield* more
      }).pipe(
        Effect.scoped,
        Effect.provide(onDisk(10), { local: true }),
        Effect.provide(Logger.layer([logger]))
      )
      yield* Effect.gen(function*() {
        const { failure, more } = yield* follow(yield* start(topic))
        yield* more
        yield* disk.fill
        const { message, reason } = yield* failure
        assert.deepStrictEqual([reason, message.includes("No space left on device")], ["failed", true])
        yield* events.over
        yield* disk.free
        const query = yield* start(topic)
        yield* complete(topic)
        yield* query.stop
      }).pipe(Effect.provide(onDisk(1), { local: true }))
    }))
})

/** Puts a driver and its executor where a small disk is, in the place of the one that runs. */
const driverOn = Effect.fnUntraced(function*(disk: { readonly inside: (command: string) => string }) {
  const { connect, rest, token } = yield* Harness.SparkStack
  const home = yield* temporaryFolder
  mkdirSync(join(home, "bin"))
  writeFileSync(join(home, "bin", "java"), `#!/bin/sh\nexec ${disk.inside("java")} "$@"\n`, { mode: 0o755 })
  yield* Effect.gen(function*() {
    const { create, kill, status } = yield* Submissions
    const former = submission
    if (former !== undefined) {
      yield* kill(former)
      while (!isOver((yield* status(former)).state)) yield* Effect.sleep("100 millis")
    }
    submission = yield* create({
      mainClass: "org.apache.spark.sql.connect.service.SparkConnectServer",
      environment: { JAVA_HOME: home, SPARK_CONNECT_AUTHENTICATE_TOKEN: token },
      properties: {
        ...properties,
        "spark.executorEnv.JAVA_HOME": home,
        "spark.driver.extraJavaOptions": `${Harness.hasty["spark.driver.extraJavaOptions"]} -Dfile.encoding=UTF-8`,
        "spark.executor.extraJavaOptions": `${Harness.hasty["spark.executor.extraJavaOptions"]} -Dfile.encoding=UTF-8`,
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.executor.cores": "1",
        "spark.cores.max": "1",
        "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.address": connect.host,
        "spark.connect.grpc.binding.port": String(connect.port)
      }
    })
  }).pipe(Effect.provide(Submissions.layer({ url: rest })))
})
