/** The cluster of compose.yaml: who is let in, what it keeps to itself, and that it runs what our client submits. */
import { assert, describe, layer } from "@effect/vitest"
import { BigDecimal, Effect, Layer, Redacted } from "effect"
import { createHmac } from "node:crypto"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Influxdb, Kafka } from "../../services/testing.ts"
import * as Http from "../../services/tool/Http.ts"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import * as Plan from "../../src/adapters/spark/connect/Plan.ts"
import * as Session from "../../src/adapters/spark/connect/Session.ts"
import * as StreamingQuery from "../../src/adapters/spark/connect/StreamingQuery.ts"
import { ConnectServer } from "../../src/adapters/spark/rest/ConnectServer.ts"
import { Submissions } from "../../src/adapters/spark/rest/Submissions.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { node, startCommand } from "../cli/courant.ts"
import { folded } from "../cli/session.ts"
import { mentioning, root } from "../services/processes.ts"
import { library, until, withAdmin } from "./admin.ts"
import { areMissing } from "./archives.ts"
import { newTopic } from "./brokers.ts"
import { composed, startIn } from "./composed.ts"
import { ComposedSpark, secretOf } from "./composedSpark.ts"
import { texts } from "./influxdbServer.ts"
import { isMissing } from "./programs.ts"
import { hasty } from "./sparkHarness.ts"

/** A JWT of HS256 (RFC 7519), as the master wants one. */
const signed = (key: string) => {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url")
  const claims = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({})}`
  return `${claims}.${createHmac("sha256", Buffer.from(key, "base64url")).update(claims).digest("base64url")}`
}

const ready = (url: string, token?: string) =>
  Effect.flatMap(Submissions, ({ ready }) => ready).pipe(
    Effect.provide(Submissions.layer({ url, token: token === undefined ? undefined : Redacted.make(token) }), { local: true })
  )

const statusOf = (url: string, token?: string) =>
  Effect.map(
    Http.ask(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    ({ status }) => status
  )

/** A Spark Connect server that was submitted with the tokens alone, and a session of it. */
const withSession = <A, E>(use: Effect.Effect<A, E, Session.Session>) =>
  Effect.gen(function*() {
    const { access: { connect, rest }, folder } = yield* ComposedSpark
    const [host = "", port = ""] = connect.split(":")
    const token = Redacted.make(secretOf(folder, "spark-connect-token"))
    const session = { host, port: Number(port), token, patience: "5 minutes" } as const
    const server = ConnectServer.layer({
      port: Number(port),
      token,
      killAtEnd: true,
      properties: hasty,
      serves: () => Effect.scoped(Session.connect({ ...session, patience: "1 second" }))
    }).pipe(Layer.provide(Submissions.layer({ url: rest, token: Redacted.make(secretOf(folder, "spark-rest-token")) })))
    return yield* Effect.gen(function*() {
      yield* (yield* ConnectServer).server
      return yield* Effect.provide(use, Session.Session.layer(session), { local: true })
    }).pipe(Effect.provide(server, { local: true }))
  })

const send = (brokers: string, topic: string, values: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    yield* withAdmin(brokers, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }))
    const producer = library(brokers).producer()
    yield* Effect.promise(async () => {
      await producer.connect()
      await producer.send({ topic, messages: values.map((value) => ({ value })) })
      await producer.disconnect()
    })
  })

/** What the processes of the cluster have written about themselves. */
const logsIn = (folder: string): ReadonlyArray<readonly [string, string]> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /(^[^/]+\.log|work\/.*\/std(out|err))$/.test(name))
    .map((name) => [name, readFileSync(join(folder, name), "utf8")])

const hour = 3_600_000
const symbols = ["A", "B", "C"]

/** A tick a second of each symbol for three minutes, out of order by a second, and one that closes their windows. */
const ticks = [
  ...Array.from({ length: 180 * symbols.length }, (_, i) => ({
    symbol: symbols[i % symbols.length] ?? "",
    time: hour + Math.floor(i / symbols.length) * 1_000 - (i % 7 === 0 ? 1_000 : 0),
    price: `${100 + i % 13}.${i % 10}5`,
    size: 1 + i % 100
  })),
  { symbol: "A", time: 2 * hour, price: "1.00", size: 1 }
]

/** The windows of theirs that are closed. */
const closed = () =>
  texts(
    folded(candles1m, ticks.map(({ price, size, symbol, time }, offset) => ({
      partition: 0,
      offset,
      fields: { symbol, time, size: BigDecimal.make(BigInt(size), 0), price: BigDecimal.scale(BigDecimal.fromStringUnsafe(price), 8), priceForming: null }
    }))).map((pane): Pane.Encoded => JSON.parse(pane)).filter(({ start }) => start < 2 * hour)
  )

describe.skipIf(isMissing("wget", "install it (Debian: apt-get install wget)"))("the cluster of compose.yaml", () => {
  layer(Layer.merge(ComposedSpark.layer, Kafka.layer()), { timeout: "10 minutes", excludeTestServices: true })((it) => {
    it.effect("takes submissions and shows its pages with a token that its key has signed, and without one neither", () =>
      Effect.gen(function*() {
        const { access: { masterPage, rest, workerPage }, folder } = yield* ComposedSpark
        const token = secretOf(folder, "spark-rest-token")
        assert.strictEqual(token, signed(secretOf(folder, "spark-rest-key")))
        const other = signed(Buffer.alloc(32, 1).toString("base64url"))
        assert.strictEqual(yield* ready(rest, token), "4.0.0")
        for (const refused of [undefined, other, "no-token-at-all"]) {
          assert.strictEqual((yield* Effect.flip(ready(rest, refused))).reason, "not-allowed")
          for (const page of [masterPage, workerPage]) assert.notStrictEqual(yield* statusOf(page, refused), 200)
        }
        for (const page of [masterPage, workerPage]) assert.strictEqual(yield* statusOf(page, token), 200)
      }))

    it.effect("takes no worker that does not know the RPC secret", () =>
      Effect.gen(function*() {
        const { access: { master, masterPage }, folder } = yield* ComposedSpark
        const args = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        const authenticate = "-Dspark.authenticate=true -Dspark.network.crypto.enabled=true"
        for (const env of [{ JDK_JAVA_OPTIONS: authenticate, _SPARK_AUTH_SECRET: "another" }, { JDK_JAVA_OPTIONS: "" }]) {
          const stranger = yield* startCommand(
            join(folder, "spark-class"),
            [...args, "--work-dir", join(folder, "stranger"), master],
            { cwd: folder, input: "", env }
          )
          yield* stranger.says(/Failed to connect to master/)
        }
        const token = secretOf(folder, "spark-rest-token")
        const { text } = yield* Http.ask(masterPage, { headers: { authorization: `Bearer ${token}` } })
        assert.match(text, /"aliveworkers" : 1,/)
      }))

    it.effect("runs a query over Kafka that our client submits, and tells nobody its secrets", () =>
      Effect.gen(function*() {
        const { folder } = yield* ComposedSpark
        const { access: { brokers } } = yield* Kafka
        const from = yield* newTopic
        const to = yield* newTopic
        yield* send(brokers, from, ["1", "2", "3"])
        yield* send(brokers, to, [])
        const kafka = { "kafka.bootstrap.servers": brokers }
        yield* withSession(Effect.gen(function*() {
          const source = Plan.readStream({ format: "kafka", options: { ...kafka, subscribe: from, startingOffsets: "earliest" } })
          const query = yield* StreamingQuery.start({
            relation: Plan.select(source, "value"),
            format: "kafka",
            options: { ...kafka, topic: to },
            checkpoint: join(folder, "spark/checkpoints/copy"),
            outputMode: "append",
            trigger: "availableNow"
          })
          assert.isTrue(yield* query.awaitTermination())
          assert.strictEqual((yield* query.lastProgress)?.sources[0]?.numInputRows, 3)

          const running = mentioning(folder)
          for (const part of [".Master", ".Worker", "SparkConnectServer", "CoarseGrainedExecutorBackend"]) {
            assert.isTrue(running.some((line) => line.includes(part)), part)
          }
          const secrets = ["spark-rest-key", "spark-rpc-secret", "spark-connect-token"].map((name) => secretOf(folder, name))
          const logs = logsIn(folder)
          assert.isTrue(logs.some(([name]) => name.includes("driver-")) && logs.some(([name]) => name.includes("app-")))
          for (const secret of secrets) {
            assert.isFalse(running.some((line) => line.includes(secret)))
            for (const [name, text] of logs) assert.notInclude(text, secret, name)
          }
        }))
        const [end] = yield* withAdmin(brokers, (admin) => admin.fetchTopicOffsets(to))
        assert.strictEqual(end?.offset, "3")
      }))

    it.effect.skipIf(areMissing)("submit as it is started there has candles computed, and carries them into InfluxDB", () =>
      Effect.gen(function*() {
        const { access: { connect, rest }, folder } = yield* ComposedSpark
        const { access: { brokers } } = yield* Kafka
        const { access: influxdb } = yield* Influxdb
        const topic = yield* newTopic
        yield* send(brokers, topic, ticks.map((tick) => JSON.stringify(tick)))
        writeFileSync(join(folder, "secrets/influxdb-token"), influxdb.token)
        const start = startIn(folder, yield* composed({ COURANT_KAFKA_TOPIC: topic }), {
          "http://spark-master:6066": rest,
          "http://influxdb:8086": influxdb.url,
          "kafka:9092": brokers,
          "15002": connect.split(":")[1] ?? "",
          "/opt/courant/bin/courant.js": join(root, "src/main.ts"),
          "exec node": `exec ${node}`
        })
        const submitted = yield* start("submit")
        const stored = Effect.flatMap(ResultSink, ({ read }) => read({ pipeline: candles1m.name })).pipe(
          Effect.provide(InfluxdbResultSink.layer().pipe(
            Layer.provide([Connection.layer({ ...influxdb, token: Redacted.make(influxdb.token) }), DeadLetters.layerMemory])
          ), { local: true })
        )
        const expected = closed()
        // One of them begins a second before the hour.
        assert.strictEqual(expected.length, 3 * symbols.length + 1)
        yield* until(Effect.map(stored, ({ length }) => length >= expected.length)).pipe(
          Effect.raceFirst(Effect.flatMap(submitted.ended, ({ stderr }) => Effect.die(stderr)))
        )
        assert.deepStrictEqual(new Set(texts(yield* stored)), new Set(expected))
        const { code, stderr } = yield* submitted.signal("SIGTERM")
        assert.strictEqual(code, 0, stderr)
      }).pipe(Effect.provide(Influxdb.layer())))
  })
})
