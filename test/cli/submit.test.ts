/** `courant submit` where there is no cluster, and the parts of it that need none. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import * as fc from "fast-check"
import { generateKeyPairSync } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as PlatformaticClient from "../../src/adapters/kafka/client/PlatformaticClient.ts"
import * as RetryPolicy from "../../src/adapters/kafka/client/RetryPolicy.ts"
import { compile } from "../../src/adapters/spark/compile/Compile.ts"
import * as MemorySparkCluster from "../../src/adapters/spark/MemorySparkCluster.ts"
import { PaneLog } from "../../src/adapters/spark/PaneLog.ts"
import { type Batch, SparkCluster } from "../../src/adapters/spark/SparkCluster.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import * as SparkGenerations from "../../src/cli/spark/SparkGenerations.ts"
import { sparkOptionsOf } from "../../src/cli/spark/SparkKafka.ts"
import * as SparkRun from "../../src/cli/spark/SparkRun.ts"
import * as SparkProgress from "../../src/cli/terminal/SparkProgress.ts"
import * as SparkServer from "../../src/cli/spark/SparkServer.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { compilationsOf } from "../adapters/spark/compilations.ts"
import { courant, linesOf, temporaryFolder } from "./courant.ts"

const nobody = "http://127.0.0.1:9"

/** Nothing is known of servers, whatever the environment of the tests says. */
const nowhere = {
  COURANT_SPARK_REST: "",
  COURANT_SPARK_REST_TOKEN: "",
  COURANT_SPARK_CONNECT: "",
  COURANT_SPARK_TOKEN: "",
  COURANT_SPARK_CHECKPOINTS: "",
  COURANT_KAFKA_BROKERS: "",
  COURANT_KAFKA_TOPIC: "",
  COURANT_INFLUXDB_URL: ""
}

const submit = (args: string, env: { readonly [name: string]: string } = {}) =>
  Effect.scoped(Effect.flatMap(temporaryFolder, (cwd) => courant(`submit ${args}`, { cwd, env: { ...nowhere, ...env } })))

const where = `--rest ${nobody} --brokers 127.0.0.1:9 --topic ticks`

describe("courant submit", () => {
  it.live("--help has examples", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* submit("--help")
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout.split("\nEXAMPLES\n")[1] ?? "", /courant submit candles-1m --engine spark --rest .* --checkpoint-dir/)
    }))

  const wrong: { readonly [args: string]: RegExp } = {
    "": /Missing required argument: pipeline.*submit --help/,
    "candles-1m --engine flink": /"spark"/,
    "candles-1m": /courant submit needs --topic NAME, or COURANT_KAFKA_TOPIC/,
    "candles-1m --topic ticks": /Kafka needs --brokers HOST:PORT/,
    "candles-1m --topic ticks --brokers 127.0.0.1:9 --once": /--rest URL of its master .*--connect sc:\/\/HOST:PORT/,
    "candles-1m --topic ticks --stop": /--rest URL of its master .*--connect sc:\/\/HOST:PORT/,
    [`candles-1m ${where}`]: /give --checkpoint-dir URL, or set COURANT_SPARK_CHECKPOINTS; with --once none is needed/,
    [`candles-1m ${where} --checkpoint-dir checkpoints`]:
      /a URL or an absolute path on driver and workers, and "checkpoints" is neither/,
    [`candles-1m ${where} --once --connect 127.0.0.1:15002`]:
      /--rest launches a server and --connect uses a running one: give one/,
    "candles-1m --topic ticks --connect 127.0.0.1 --stop": /address of the Spark Connect server: give sc:\/\/HOST:PORT/,
    [`candles-1m ${where} --once --stop`]: /--stop stops a query and computes nothing/,
    [`candles-1m ${where} --once --conf spark.x`]: /"spark\.x" is no setting: give NAME=VALUE/,
    [`candles-1m ${where} --once --port 0`]: /from 1 to 65535/,
    [`candles-1m ${where} --once --sink influxdb`]: /InfluxDB needs COURANT_INFLUXDB_URL/,
    [`candles-2m ${where} --once`]: /there is no pipeline "candles-2m"/
  }
  for (const [args, hint] of Object.entries(wrong)) {
    it.live(`submit ${args}: ends with 2 and one line that says what would be right`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* submit(args)
        assert.deepStrictEqual([code, stdout], [2, ""], stderr)
        assert.match(stderr, hint)
        assert.strictEqual(linesOf(stderr).length, 1)
      }))
  }

  it.live("a pipeline that Spark cannot compute is refused by name before anybody is asked", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* submit(`candles-1m,day ${where} --once`)
      assert.strictEqual(code, 1)
      assert.match(stderr, /^courant: "day" cannot run on Spark: Window\.trading: [^\n]+\n$/)
    }))

  it.live("where no broker answers it ends with 1 and one line, and launches nothing", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* submit(`candles-1m ${where} --once --connect-timeout 1s`)
      assert.strictEqual(code, 1)
      assert.match(linesOf(stderr).at(-1) ?? "", /^courant: no Kafka broker at 127\.0\.0\.1:9 answered within 1s/)
      assert.notInclude(stderr, "launched")
    }))

  it.live("--stop where nothing was launched says so, and asks nobody", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* submit(`candles-1m --rest ${nobody} --topic ticks --stop`)
      const said = "no Spark Connect server that was launched from here is running, and so no query\n"
      assert.deepStrictEqual([code, stderr], [0, said])
    }))

  it.live("--stop where no server answers ends with 1 and one line without the token", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* submit("candles-1m --connect 127.0.0.1:9 --topic ticks --stop --connect-timeout 1s", {
        COURANT_SPARK_TOKEN: "hush-hush"
      })
      assert.strictEqual(code, 1)
      assert.match(stderr, /^courant: no Spark Connect server at 127\.0\.0\.1:9 answered within [^\n]+\n$/)
      assert.notInclude(stderr, "hush-hush")
    }))
})

/** A master that says of each driver that it is in a state. */
const masterThatSays = (state: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        const submissionId = request.url?.split("/").at(-1)
        response.end(JSON.stringify({
          action: "SubmissionStatusResponse", serverSparkVersion: "4.0.0", success: true, submissionId,
          driverState: state, workerHostPort: "10.0.0.7:7078"
        }))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const none = Option.none<string>()

const launching = (data: string, rest: string, launches: "never" | "once" | "forever" = "forever") =>
  SparkServer.serverOf({ rest: Option.some(rest), connect: none, port: 15_002, conf: [], data, launches })

/** As if the live cluster had submitted one. */
const submitted = Effect.fnUntraced(function*({ place }: SparkServer.Server, id: string) {
  if ("rest" in place) yield* place.onSubmitted(id)
})

/** The environment of this process, for as long as the scope lasts. */
const withToken = (token: string | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.env["COURANT_SPARK_TOKEN"]
      if (token === undefined) delete process.env["COURANT_SPARK_TOKEN"]
      else process.env["COURANT_SPARK_TOKEN"] = token
      return before
    }),
    (before) =>
      Effect.sync(() => {
        if (before === undefined) delete process.env["COURANT_SPARK_TOKEN"]
        else process.env["COURANT_SPARK_TOKEN"] = before
      })
  )

describe("the server that was launched", () => {
  it.live("is found by the next command, by a token that is kept for its user alone", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* withToken(undefined)
      const data = yield* temporaryFolder
      const first = yield* launching(data, nobody)
      yield* submitted(first, "driver-1")
      const [file = "", ...others] = readdirSync(join(data, "spark"))
      assert.deepStrictEqual([file, others], ["127.0.0.1-9-15002.json", []])
      assert.strictEqual(statSync(join(data, "spark", file)).mode & 0o777, 0o600)
      const second = yield* launching(data, nobody)
      assert.deepInclude(second.place, { submission: "driver-1", port: 15_002, bind: "127.0.0.1" })
      assert.strictEqual(Redacted.value(second.token), Redacted.value(first.token))
      assert.isAtLeast(Redacted.value(first.token).length, 32)
      const elsewhere = yield* launching(data, "http://spark-master:6066")
      assert.deepInclude(elsewhere.place, { submission: undefined, bind: "0.0.0.0" })
      assert.notStrictEqual(Redacted.value(elsewhere.token), Redacted.value(first.token))
    })))

  it.live("a token of the environment is not kept, and one that is not the server's is refused while that runs", () =>
    Effect.scoped(Effect.gen(function*() {
      const data = yield* temporaryFolder
      const master = yield* masterThatSays("RUNNING")
      yield* withToken("of the environment")
      yield* submitted(yield* launching(data, master.url), "driver-1")
      const [file = ""] = readdirSync(join(data, "spark"))
      assert.notInclude(readFileSync(join(data, "spark", file), "utf8"), "of the environment")
      assert.deepInclude((yield* launching(data, master.url)).place, { submission: "driver-1" })
      yield* withToken("another")
      const refused = yield* Effect.flip(launching(data, master.url))
      assert.match(refused.message, /COURANT_SPARK_TOKEN is not the token of driver-1, .*courant spark kill driver-1 --rest http/)
      assert.notInclude(refused.message, "another")
    })))

  it.live("a token is of no importance any more when its server has ended", () =>
    Effect.scoped(Effect.gen(function*() {
      const data = yield* temporaryFolder
      const master = yield* masterThatSays("KILLED")
      yield* withToken("of the environment")
      yield* submitted(yield* launching(data, master.url), "driver-1")
      yield* withToken("another")
      const server = yield* launching(data, master.url)
      assert.strictEqual(yield* SparkServer.runningOf(server), undefined)
    })))

  it.live("is spoken to where it runs, and another is not launched for that", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* withToken(undefined)
      const data = yield* temporaryFolder
      const master = yield* masterThatSays("RUNNING")
      assert.strictEqual(yield* SparkServer.runningOf(yield* launching(data, master.url, "never")), undefined)
      assert.isFalse(existsSync(join(data, "spark")))
      yield* submitted(yield* launching(data, master.url), "driver-1")
      const found = yield* SparkServer.runningOf(yield* launching(data, master.url, "never"))
      assert.deepStrictEqual(found, { host: "10.0.0.7", port: 15_002, isTrusted: true })
    })))

  it.live("a file that somebody else has written is not taken for one of ours", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* withToken(undefined)
      const data = yield* temporaryFolder
      yield* submitted(yield* launching(data, nobody), "driver-1")
      const file = join(data, "spark", "127.0.0.1-9-15002.json")
      writeFileSync(file, "{")
      assert.include((yield* Effect.flip(launching(data, nobody))).message, `${file} is not what courant submit has written`)
    })))
})

describe("a server that is there", () => {
  const at = (address: string) =>
    SparkServer.serverOf({ rest: none, connect: Option.some(address), port: 1, conf: [], data: "", launches: "forever" })

  it.effect("is reached by HOST:PORT", () =>
    Effect.gen(function*() {
      yield* withToken(undefined)
      assert.deepStrictEqual((yield* at("spark.example:15002")).place, { host: "spark.example", port: 15_002, headers: {} })
      assert.deepStrictEqual((yield* at("[::1]:15002")).place, { host: "::1", port: 15_002, headers: {} })
      for (const wrong of ["spark", ":15002", "sc://spark:15002/;tls=yes", "a b:1", "::1:2"]) {
        assert.strictEqual((yield* Effect.flip(at(wrong)))._tag, "Problem")
      }
    }).pipe(Effect.scoped))

  it.effect("is reached with TLS where it is asked for, and where a token would go to another machine", () =>
    Effect.gen(function*() {
      yield* withToken("s3cret")
      const far = { host: "spark.example", port: 15_002, headers: {} }
      assert.deepStrictEqual((yield* at("spark.example:15002")).place, { ...far, tls: {} })
      assert.deepStrictEqual((yield* at("sc://spark.example/;use_ssl=false")).place, { ...far, isTrusted: true })
      assert.deepStrictEqual((yield* at("127.0.0.1:15002")).place, { ...far, host: "127.0.0.1" })
      assert.deepStrictEqual((yield* at("sc://localhost/;use_ssl=true")).place, { ...far, host: "localhost", tls: {} })
      const own = yield* at("sc://spark.example/;token=own;user_id=me;x-cluster=a")
      assert.deepStrictEqual(own.place, { ...far, headers: { "x-cluster": "a" }, user: "me", tls: {} })
      assert.strictEqual(Redacted.value(own.token), "own")
    }).pipe(Effect.scoped))
})

describe("Spark reaches the brokers as we do", () => {
  const brokers = ["a:1", "b:2"]
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const sec1 = privateKey.export({ type: "sec1", format: "pem" }).toString()

  it("without anything", () => {
    assert.deepStrictEqual(sparkOptionsOf({ brokers }), {
      "kafka.bootstrap.servers": "a:1,b:2",
      "kafka.security.protocol": "PLAINTEXT"
    })
  })

  it("with an authority and a client certificate, whose key is made PKCS #8", () => {
    const options = sparkOptionsOf({ brokers, tls: { ca: "CA", cert: "CERT", key: Redacted.make(sec1) } })
    assert.include(sec1, "BEGIN EC PRIVATE KEY")
    assert.match(options["kafka.ssl.keystore.key"] ?? "", /^-----BEGIN PRIVATE KEY-----\n/)
    assert.deepInclude(options, {
      "kafka.security.protocol": "SSL",
      "kafka.ssl.truststore.type": "PEM",
      "kafka.ssl.truststore.certificates": "CA",
      "kafka.ssl.keystore.type": "PEM",
      "kafka.ssl.keystore.certificate.chain": "CERT"
    })
  })

  it("with user and password, whatever is in them", () => {
    const any = fc.string({ unit: "binary", minLength: 1, maxLength: 1 })
    const text = fc.string({ unit: fc.oneof(fc.constantFrom("\"", "\\", "\n", "\r", ";", " "), any) })
    fc.assert(fc.property(text, text, fc.boolean(), fc.boolean(), (username, password, tls, isPlain) => {
      const sasl = { mechanism: isPlain ? "plain" : "scram-sha-256", username, password: Redacted.make(password) } as const
      const options = sparkOptionsOf({ brokers, sasl, tls: tls ? {} : undefined })
      assert.strictEqual(options["kafka.security.protocol"], tls ? "SASL_SSL" : "SASL_PLAINTEXT")
      assert.strictEqual(options["kafka.sasl.mechanism"], isPlain ? "PLAIN" : "SCRAM-SHA-256")
      assert.deepStrictEqual(jaas(options["kafka.sasl.jaas.config"] ?? ""), [
        `org.apache.kafka.common.security.${isPlain ? "plain.Plain" : "scram.Scram"}LoginModule`,
        "required",
        "username",
        "=",
        username,
        "password",
        "=",
        password,
        ";"
      ])
    }))
  })
})

/** The tokens that Java's StreamTokenizer finds: of a text in quotes a line break is the end, and a backslash escapes. */
const jaas = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/"((?:[^"\\\n\r]|\\[^])*)"|[\w.]+|[=;]/g)].map(([word, quoted]) =>
    quoted === undefined ? word : quoted.replaceAll(/\\([^])/g, (_, next) => lineBreaks[next] ?? next))

const lineBreaks: { readonly [escaped: string]: string } = { n: "\n", r: "\r" }

describe("a restart", () => {
  it.effect("computes in another folder each time, and other processors are left alone", () =>
    Effect.scoped(Effect.gen(function*() {
      const data = yield* temporaryFolder
      const folderOf = (processor: string) => SparkGenerations.folderOf("hdfs://name:9000/checkpoints/", { data, processor })
      assert.strictEqual(yield* folderOf("ticks-panes: a"), "hdfs://name:9000/checkpoints/")
      yield* SparkGenerations.renew({ data, processor: "ticks-panes: a" })
      const renewed = yield* folderOf("ticks-panes: a")
      assert.match(renewed, /^hdfs:\/\/name:9000\/checkpoints\/restart-\d+$/)
      assert.strictEqual(yield* folderOf("ticks-panes: b"), "hdfs://name:9000/checkpoints/")
      yield* SparkGenerations.renew({ data, processor: "ticks-panes: b" })
      assert.strictEqual(yield* folderOf("ticks-panes: a"), renewed)
    })))
})

describe("each pipeline is compiled once, from the command to the cluster", () => {
  const choiceOf = (data: string, once: boolean): SparkRun.Choice => ({
    topic: "ticks", topics: null, brokers: { brokers: [] }, checkpoints: "/checkpoints", sinks: ["memory"], data, once, restart: false,
    server: { place: { host: "127.0.0.1", port: 9 }, token: Redacted.make(""), settings: {}, end: Effect.void },
    maxTimeAhead: 300_000, connectTimeout: 1_000, report: Option.none(), page: false, pagePort: 0, host: "127.0.0.1"
  })

  /** A client that nobody has told to connect. */
  const toNobody = Layer.effect(Connection, Effect.gen(function*() {
    const [brokers, retryPolicy] = ["127.0.0.1:9", RetryPolicy.make("127.0.0.1:9")]
    return Connection.of({ brokers, retryPolicy, client: yield* PlatformaticClient.make({ brokers: [brokers] }, retryPolicy) })
  }))

  /** Whose queries have ended by themselves, so that every run has an end. */
  const backends = Layer.mergeAll(
    toNobody,
    Layer.effect(SparkCluster, Effect.map(SparkCluster, (cluster) => SparkCluster.of({
      ...cluster,
      start: (work) => Effect.map(cluster.start(work), (query) => ({ ...query, batches: Stream.empty }))
    }))).pipe(Layer.provide(MemorySparkCluster.layer)),
    PaneLog.from(EventLog.layerMemory({ topic: "ticks-panes" })),
    CheckpointStore.layerMemory,
    ResultSink.layerMemory,
    DeadLetters.layerMemory,
    Monitor.layer
  )

  for (const once of [true, false]) {
    it.live(once ? "with --once" : "for ever", () =>
      Effect.scoped(Effect.gen(function*() {
        const data = yield* temporaryFolder
        const run = SparkRun.runOn(() => backends, choiceOf(data, once), [candles1m, movingAverage5m])
        assert.strictEqual(yield* compilationsOf(run), 2)
      })))
  }
})

describe("the line of a query", () => {
  const batch: Batch = {
    id: 12, read: 4_000, deadLettered: 0, filtered: 0, late: 0, watermark: Date.UTC(2026, 10, 24, 14, 3, 5), lag: 1_234,
    stateRows: 1, stateBytes: 1, duration: 1
  }
  const lineOf = (standing: Partial<SparkProgress.Standing>) =>
    SparkProgress.lineOf("candles-1m", { isStarted: true, batch, read: 10_000, panes: 321, ...standing }, "UTC")

  it("says how far it is", () => {
    assert.strictEqual(
      lineOf({}),
      "candles-1m on Spark: batch 12, read 10,000, watermark 2026-11-24 14:03:05, behind 1,234, 321 panes"
    )
    assert.strictEqual(
      lineOf({ batch: { ...batch, watermark: null }, panes: 0 }),
      "candles-1m on Spark: batch 12, read 10,000, no watermark yet, behind 1,234, 0 panes"
    )
    assert.strictEqual(lineOf({ batch: undefined }), "candles-1m on Spark: no new batch yet, 321 panes")
  })

  it.effect("adds up what the batches tell, which whoever else listens hears too", () =>
    Effect.scoped(Effect.gen(function*() {
      const batches = [{ ...batch, id: 1, read: 5 }, { ...batch, id: 2, read: 7 }]
      const query = { name: "q", batches: Stream.fromIterable(batches), reached: Effect.succeed(null), stop: Effect.void }
      const cluster = SparkCluster.of({
        start: () => Effect.succeed(query),
        find: () => Effect.succeedNone,
        compute: () => Effect.succeed(batch)
      })
      const standings = SparkProgress.standingsOf([candles1m])
      const program = yield* compile(candles1m)
      const work = { pipeline: candles1m, program, topic: "ticks", results: "ticks-panes" }
      const started = yield* SparkProgress.noting(standings, cluster).start(work)
      assert.deepStrictEqual(yield* Stream.runCollect(started.batches), batches)
      assert.deepStrictEqual(standings.get("candles-1m"), { isStarted: true, batch: batches[1], read: 12, panes: 0 })
    })))
})
