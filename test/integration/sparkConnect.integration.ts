/** The client of Spark Connect on a real cluster: its server is a driver that was submitted through REST. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createConnection, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Spark } from "../../services/testing.ts"
import * as Plan from "../../src/adapters/spark/connect/Plan.ts"
import * as Session from "../../src/adapters/spark/connect/Session.ts"
import * as StreamingQuery from "../../src/adapters/spark/connect/StreamingQuery.ts"
import { withTls } from "../adapters/spark/connect/TlsProxy.ts"
import { hasty } from "./sparkHarness.ts"

class ConnectServer extends Context.Service<ConnectServer, {
  readonly options: Session.Options
  /** Ends it, and submits another at the same address. */
  readonly replace: Effect.Effect<void>
}>()("courant/test/ConnectServer") {
  static readonly layer = Layer.effect(
    ConnectServer,
    Effect.gen(function*() {
      const { access } = yield* Spark
      const [host = "", port = ""] = access.connect.split(":")
      const token = Redacted.make(access.token)
      const options = { host, port: Number(port), token, patience: "5 minutes" } as const
      let driver = yield* submit(access, port)
      const replace = Effect.gen(function*() {
        yield* ask(`${access.rest}/v1/submissions/kill/${driver}`, {})
        yield* killed(access.rest, driver)
        driver = yield* submit(access, port)
      })
      return { options, replace }
    })
  ).pipe(Layer.provideMerge(Spark.layer()))
}

const submit = ({ master, rest, token }: Spark["Service"]["access"], port: string) =>
  ask(`${rest}/v1/submissions/create`, {
    action: "CreateSubmissionRequest",
    appResource: "",
    mainClass: "org.apache.spark.sql.connect.service.SparkConnectServer",
    appArgs: [],
    clientSparkVersion: "4.0.0",
    environmentVariables: {},
    sparkProperties: {
      "spark.master": master,
      "spark.submit.deployMode": "cluster",
      "spark.app.name": "courant-connect",
      "spark.driver.cores": "1",
      "spark.driver.memory": "1g",
      "spark.driver.host": "127.0.0.1",
      "spark.driver.bindAddress": "127.0.0.1",
      "spark.executor.cores": "1",
      "spark.executor.memory": "1g",
      "spark.cores.max": "1",
      ...hasty,
      "spark.ui.enabled": "false",
      "spark.sql.shuffle.partitions": "1",
      "spark.sql.session.timeZone": "UTC",
      "spark.connect.grpc.binding.address": "127.0.0.1",
      "spark.connect.grpc.binding.port": port,
      "spark.connect.authenticate.token": token,
      // Instead of after 2 minutes.
      "spark.connect.execute.reattachable.senderMaxStreamDuration": "1s"
    }
  }).pipe(Effect.map(({ submissionId }) => String(submissionId)))

const ask = (url: string, body?: unknown) =>
  Effect.promise(async (signal): Promise<Readonly<Record<string, unknown>>> => {
    const posted = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    const answer: unknown = await (await fetch(url, { signal, ...posted })).json()
    return Object(answer)
  })

const killed = (rest: string, driver: string) =>
  ask(`${rest}/v1/submissions/status/${driver}`).pipe(
    Effect.repeat({ schedule: Schedule.spaced("100 millis"), until: ({ driverState }) => driverState === "KILLED" })
  )

interface Network {
  readonly port: number
  readonly cut: Effect.Effect<void>
  readonly cuts: () => number
  readonly close: () => void
}

/** A network between client and server, which can be cut: all connections end, and others can be made. */
const between = ({ host, port }: Session.Options) =>
  Effect.acquireRelease(
    Effect.callback<Network>(
      (resume) => {
        const sockets = new Set<Socket>()
        let cuts = 0
        const cut = () => {
          if (sockets.size > 0) cuts++
          for (const socket of sockets) socket.destroy()
          sockets.clear()
        }
        const server = createServer((near) => {
          const far = createConnection({ host, port })
          for (const [socket, other] of [[near, far], [far, near]] as const) {
            sockets.add(socket)
            socket.pipe(other)
            socket.on("error", () => {}).on("close", () => other.destroy())
          }
        })
        const close = () => {
          server.close()
          cut()
        }
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = typeof address === "object" && address !== null ? address.port : 0
          resume(Effect.succeed<Network>({ port, cut: Effect.sync(cut), cuts: () => cuts, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** A folder of JSON files, a source of them, and what was written by a query. */
const files = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "courant-spark-"))
    mkdirSync(join(folder, "in"))
    return {
      folder,
      source: Plan.readStream({
        format: "json",
        schema: "at BIGINT, symbol STRING, price DECIMAL(18, 2)",
        paths: [join(folder, "in")]
      }),
      put: (name: string, rows: ReadonlyArray<unknown>) => {
        writeFileSync(join(folder, `.${name}`), rows.map((row) => JSON.stringify(row)).join("\n"))
        renameSync(join(folder, `.${name}`), join(folder, "in", name))
      },
      written: () =>
        readdirSync(join(folder, "out")).filter((name) => name.endsWith(".json"))
          .flatMap((name) => readFileSync(join(folder, "out", name), "utf8").trim().split("\n"))
          .filter((line) => line !== "").sort().map((line): unknown => JSON.parse(line))
    }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Candles of a minute, as a query that writes each window once it is closed. */
const candles = ({ folder, source }: { readonly folder: string; readonly source: Plan.Relation }) => {
  const timed = Plan.withWatermark(Plan.withColumns(source, { time: "timestamp_millis(at)" }), "time", "10 seconds")
  const windows = Plan.groupBy(timed, ["symbol", "window(time, '60 seconds') AS minute"], [
    "count(1) AS events",
    "sum(price) AS total",
    "min_by(price, at) AS open"
  ])
  const relation = Plan.select(
    windows,
    "symbol",
    "unix_millis(minute.start) AS start",
    "events",
    "CAST(total AS STRING) AS total",
    "CAST(open AS STRING) AS open"
  )
  return StreamingQuery.start({
    relation,
    format: "json",
    options: { path: join(folder, "out") },
    checkpoint: join(folder, "checkpoint"),
    outputMode: "append",
    trigger: "availableNow",
    name: "candles"
  })
}

const event = (at: number, symbol: string, price: string) => ({ at, symbol, price })

layer(ConnectServer.layer, { timeout: "10 minutes", excludeTestServices: true })("Spark Connect", (it) => {
  it.effect("waits for a server that is starting, and is told a wrong token by it", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const session = yield* Session.connect(options)
      assert.strictEqual(session.version, "4.0.0")
      const error = yield* Effect.flip(Session.connect({ ...options, token: Redacted.make("wrong") }))
      assert.strictEqual(error.reason, "unauthenticated")
    }))

  it.effect("asks about plans, and sets what a session runs with", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const session = yield* Session.connect(options)
      const rate = Plan.readStream({ format: "rate" })
      assert.isTrue(yield* session.isStreaming(Plan.union(rate, rate)))
      assert.isFalse(yield* session.isStreaming(Plan.sql("SELECT 1")))
      assert.include(yield* session.schema(Plan.filter(rate, "value > 1")), "|-- value: long")
      assert.include(yield* session.explain(Plan.select(rate, "value + 1 AS next"), "extended"), "next")

      const key = "spark.sql.shuffle.partitions"
      yield* session.set({ [key]: "3" })
      assert.strictEqual(yield* session.get(key), "3")
      assert.isUndefined(yield* session.get("courant.nothing"))
    }))

  it.effect("is reached through TLS, knows what a session may set, and says for how long it keeps one", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const { ca, port } = yield* withTls(options.port)
      const session = yield* Session.connect({ ...options, port, tls: { ca }, headers: { "x-cluster": "a" } })
      assert.match(yield* session.explain(Plan.sql("SELECT 1")), /Project/)
      const fixed = yield* session.fixed(["spark.sql.shuffle.partitions", "spark.driver.memory", "spark.sqll.shuffle", "spark.sql.ansi.enabled"])
      assert.deepStrictEqual(fixed, ["spark.driver.memory", "spark.sqll.shuffle"])
      assert.isDefined(yield* session.get("spark.connect.session.manager.defaultSessionTimeout"))
      const plain = yield* Effect.flip(Session.connect({ ...options, port }))
      assert.deepStrictEqual(plain.reason, "insecure")
    }).pipe(Effect.scoped))

  it.effect("says what Spark refuses, by its class", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const session = yield* Session.connect(options)
      const rate = Plan.readStream({ format: "rate" })
      const unresolved = yield* Effect.flip(session.explain(Plan.select(rate, "nope")))
      assert.deepStrictEqual(
        [unresolved.reason, unresolved.errorClass, unresolved.sqlState],
        ["refused", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"]
      )
      assert.deepStrictEqual(unresolved.parameters?.["objectName"], "`nope`")

      const withoutWatermark = Plan.groupBy(rate, ["value"], ["count(1) AS events"])
      const refused = yield* StreamingQuery.start({
        relation: withoutWatermark,
        format: "noop",
        checkpoint: (yield* files).folder,
        outputMode: "append",
        trigger: "availableNow"
      }).pipe(Effect.provideService(Session.Session, session), Effect.flip)
      assert.strictEqual(refused.reason, "refused")
      assert.match(refused.errorClass ?? refused.message, /STREAMING_OUTPUT_MODE|watermark/)
    }))

  it.effect("computes windows, tells its progress, and goes on from its checkpoint", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const own = yield* files
      own.put("1", [
        event(1_000, "A", "1.25"),
        event(59_999, "A", "2.50"),
        event(60_000, "A", "9.99"),
        event(200_000, "B", "1.00")
      ])
      yield* Effect.gen(function*() {
        const first = yield* candles(own)
        assert.strictEqual((yield* StreamingQuery.byName("candles"))?.id, first.id)
        assert.isTrue(yield* first.awaitTermination())
        const early = [
          { symbol: "A", start: 0, events: 2, total: "3.75", open: "1.25" },
          { symbol: "A", start: 60_000, events: 1, total: "9.99", open: "9.99" }
        ]
        assert.deepStrictEqual(own.written(), early)
        const [batch, flush] = yield* first.recentProgress
        assert.deepStrictEqual([batch?.batchId, batch?.sources[0]?.numInputRows], [0, 4])
        assert.deepStrictEqual(batch?.sources[0]?.endOffset, { logOffset: 0 })
        assert.strictEqual(batch?.stateOperators[0]?.numRowsTotal, 3)
        assert.strictEqual(flush?.eventTime?.["watermark"], "1970-01-01T00:03:10.000Z")
        assert.strictEqual((yield* first.lastProgress)?.batchId, flush?.batchId)
        assert.deepStrictEqual(
          [(yield* first.status).isActive, yield* first.exception, yield* StreamingQuery.byId(first.id)],
          [false, undefined, undefined]
        )

        own.put("2", [event(260_000, "B", "3.00")])
        const second = yield* candles(own)
        assert.isTrue(yield* second.awaitTermination())
        assert.strictEqual(second.id, first.id)
        assert.notStrictEqual(second.runId, first.runId)
        const late = { symbol: "B", start: 180_000, events: 1, total: "1.00", open: "1.00" }
        assert.deepStrictEqual(own.written(), [...early, late])
      }).pipe(Effect.provide(Session.Session.layer(options), { local: true }))
    }))

  it.effect("a query goes on without its client, and another finds it, waits for it, and stops it", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const { folder } = yield* files
      const query = {
        relation: Plan.readStream({ format: "rate", options: { rowsPerSecond: "10" } }),
        format: "noop",
        checkpoint: join(folder, "checkpoint"),
        outputMode: "append",
        trigger: { processingTime: "200 millis" },
        name: "ticking"
      } as const
      const gone = yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* Session.connect({ ...options, keep: true })
        const { id } = yield* Effect.provideService(StreamingQuery.start(query), Session.Session, session)
        return { id, sessionId: session.id, serverSessionId: session.serverSessionId }
      }))
      yield* Effect.gen(function*() {
        const found = yield* StreamingQuery.byName("ticking")
        assert.strictEqual(found?.id, gone.id)
        if (found === undefined) return
        // The server rotates its streams every second meanwhile.
        assert.isFalse(yield* found.awaitTermination("4 seconds"))
        while (((yield* found.lastProgress)?.batchId ?? 0) < 1) yield* Effect.sleep("100 millis")
        yield* found.stop
        assert.isTrue(yield* found.awaitTermination())
        assert.isUndefined(yield* StreamingQuery.byName("ticking"))
      }).pipe(Effect.provide(Session.Session.layer({ ...options, ...gone }), { local: true }))
    }))

  it.effect("what is under way outlives its connections, and is done once", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const { folder } = yield* files
      const network = yield* between(options)
      const session = yield* Session.connect({ ...options, port: network.port })
      const query = (number: number) =>
        Effect.provideService(
          StreamingQuery.start({
            relation: Plan.readStream({ format: "rate" }),
            format: "noop",
            checkpoint: join(folder, String(number)),
            outputMode: "append",
            trigger: { processingTime: "1 second" }
          }),
          Session.Session,
          session
        )
      // One after the other, so that cuts come at all times of a start.
      const cutting = yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.sleep("300 millis"), network.cut)))
      const queries = yield* Effect.forEach([1, 2, 3, 4], query)
      const [first] = queries
      const hasEnded = yield* first?.awaitTermination("2 seconds") ?? Effect.succeed(true)
      yield* Fiber.interrupt(cutting)
      assert.isFalse(hasEnded)
      // Some six, and fewer where a machine is busy.
      assert.isAbove(network.cuts(), 3)
      const active = yield* Effect.provideService(StreamingQuery.active, Session.Session, session)
      assert.deepStrictEqual(active.map(({ id }) => id).sort(), queries.map(({ id }) => id).sort())
    }))

  it.effect("says what a query failed with", () =>
    Effect.gen(function*() {
      const { options } = yield* ConnectServer
      const own = yield* files
      own.put("1", [event(1, "A", "1.00")])
      const session = yield* Session.connect(options)
      const query = yield* StreamingQuery.start({
        relation: Plan.select(own.source, "raise_error('the seam has burst') AS never"),
        format: "json",
        options: { path: join(own.folder, "out") },
        checkpoint: join(own.folder, "checkpoint"),
        outputMode: "append",
        trigger: "availableNow"
      }).pipe(Effect.provideService(Session.Session, session))
      const error = yield* Effect.flip(query.awaitTermination())
      assert.strictEqual(error.errorClass, "STREAM_FAILED")
      assert.include(error.causes?.join("\n"), "the seam has burst")
      assert.include((yield* query.exception)?.message, "the seam has burst")
    }))

  it.effect("tells that the session is closed, and that the server was started anew", () =>
    Effect.gen(function*() {
      const { options, replace } = yield* ConnectServer
      const session = yield* Session.connect(options)
      yield* Effect.scoped(Session.connect({ ...options, sessionId: session.id }))
      const closed = yield* Effect.flip(session.explain(Plan.sql("SELECT 1")))
      assert.strictEqual(closed.reason, "session-closed")

      const other = yield* Session.connect(options)
      yield* replace
      const changed = yield* Effect.flip(other.explain(Plan.sql("SELECT 1")))
      assert.strictEqual(changed.reason, "session-changed")
      const command = StreamingQuery.active.pipe(Effect.provideService(Session.Session, other))
      assert.strictEqual((yield* Effect.flip(command)).reason, "session-changed")
    }))
})
