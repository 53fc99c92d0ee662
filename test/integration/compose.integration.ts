/**
 * compose.yaml without containers: its services as it would start them, with its commands and its environment, on real
 * servers. Only what a container gives is exchanged: names of hosts, places of volumes and programs of images.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Yaml from "effect/encoding/Yaml"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Influxdb, Kafka } from "../../services/testing.ts"
import * as Archives from "../../services/tool/Archives.ts"
import * as Http from "../../services/tool/Http.ts"
import * as Ports from "../../services/tool/Ports.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { node, temporaryFolder } from "../cli/courant.ts"
import { events, folded } from "../cli/session.ts"
import { root, script } from "../services/processes.ts"
import { until } from "./admin.ts"
import { areMissing } from "./archives.ts"
import { brokers } from "./brokers.ts"
import { ask, composed, isSkipped, profiles, startIn } from "./composed.ts"
import { actual, line } from "./market.ts"
import { isMissing, output } from "./programs.ts"

const Profiles = Schema.Struct({
  services: Schema.Record(Schema.String, Schema.Struct({
    profiles: Schema.optionalKey(Schema.Array(Schema.String)),
    stop_signal: Schema.optionalKey(Schema.String)
  }))
})

/** Draws what the servers are told to be let in by, which the InfluxDB of the test has its own of. */
const drawSecrets = Effect.fnUntraced(function*(folder: string, start: ReturnType<typeof startIn>, token: string) {
  const secrets = join(folder, "secrets")
  mkdirSync(secrets)
  const draw = Effect.gen(function*() {
    const { ended } = yield* start("secrets")
    const { code, stderr } = yield* ended
    assert.strictEqual(code, 0, stderr)
    return Object.fromEntries(readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), "utf8")]))
  })
  const drawn = yield* draw
  const ofSpark = ["spark-connect-token", "spark-rest-key", "spark-rest-token", "spark-rpc-secret"]
  const names = ["grafana-password", "grafana-secret-key", "influxdb-password", "influxdb-token", ...ofSpark]
  assert.deepStrictEqual(Object.keys(drawn), names)
  for (const [name, secret] of Object.entries(drawn)) {
    assert.match(secret, name === "spark-rest-token" ? /^[\w-]+\.[\w-]+\.[\w-]{43}$/ : /^[\w-]{32,43}$/)
  }
  assert.strictEqual(new Set(Object.values(drawn)).size, names.length)
  assert.deepStrictEqual(yield* draw, drawn)
  rmSync(join(secrets, "influxdb-token"))
  writeFileSync(join(secrets, "influxdb-token"), token)
  return drawn
})

/** What the image's own run.sh does with secrets and paths, with the Grafana of the archive. */
const runGrafana = Effect.fnUntraced(function*(folder: string) {
  const home = join(yield* Archives.unpacked({ service: "grafana", version: "10.0.0" }), "grafana")
  const { http } = yield* Ports.choose(["http"])
  const paths = ["data", "logs", "plugins"].map((name) => `cfg:paths.${name}=${folder}/grafana/${name}`)
  const address = ["cfg:server.http_addr=127.0.0.1", `cfg:server.http_port=${http}`]
  const given = [`cfg:paths.provisioning=${root}/grafana/provisioning`, ...address]
  script(join(folder, "run.sh"), `
for name in $(env | sed -n 's/^\\(GF_[^=]*\\)__FILE=.*/\\1/p'); do
  eval file=\\$\${name}__FILE
  export "$name=$(cat "$file")"
  unset "\${name}__FILE"
done
exec ${home}/bin/grafana server --homepath=${home} ${[...paths, ...given].join(" ")}`)
  return `http://127.0.0.1:${http}`
})

describe("compose.yaml", () => {
  it.live.skipIf(isSkipped)("names images by their version, asks each server whether it can be used, and is reached from this machine only", () =>
    Effect.gen(function*() {
      const services = yield* composed()
      const files = ["Dockerfile", "services/spark/Dockerfile"].map((file) => readFileSync(join(root, file), "utf8"))
      const bases = files.flatMap((file) => [...file.matchAll(/^FROM (\S+)/gm)])
      const images = [...Object.values(services).map(({ image }) => image), ...bases.map(([, image = ""]) => image)]
      for (const image of images) assert.match(image, /^[\w./-]+:\d+\.\d+\.\d+(-[\w.-]+)?$/)
      const checks = Object.entries(services).flatMap(([name, { healthcheck }]) =>
        healthcheck === undefined ? [] : [[name, healthcheck.test]])
      assert.deepInclude(Object.fromEntries(checks), {
        "influxdb": ["CMD", "curl", "--fail", "--silent", "http://127.0.0.1:8086/health"],
        "grafana": ["CMD", "curl", "--fail", "--silent", "http://127.0.0.1:3000/api/health"],
        "kafka": ["CMD", "/opt/kafka/bin/kafka-broker-api-versions.sh", "--bootstrap-server", "kafka:9092"],
        "kafka-zookeeper": ["CMD", "kafka-broker-api-versions", "--bootstrap-server", "kafka-zookeeper:9092"],
        "zookeeper": ["CMD-SHELL", "echo srvr | nc -w 2 127.0.0.1 2181 | grep -q Mode"]
      })
      assert.includeMembers(Object.keys(services), ["spark-master", "spark-worker"])
      for (const { healthcheck, image, ports = [], read_only, user } of Object.values(services)) {
        if (image.startsWith("courant-spark:")) assert.deepStrictEqual(ports, [])
        for (const port of ports) assert.match(JSON.stringify(port), /127\.0\.0\.1/)
        if (image.startsWith("courant")) assert.isTrue(read_only)
        if (!image.startsWith("courant:")) assert.isTrue(healthcheck !== undefined && user !== undefined && user !== "root", image)
      }
    }))

  it.live.skipIf(isSkipped)("starts what gives a dashboard without being asked for more, and Kafka by profile", () =>
    Effect.gen(function*() {
      const written = Yaml.parse(readFileSync(join(root, "compose.yaml"), "utf8"))
      const file = yield* Schema.decodeUnknownEffect(Profiles)(written)
      const started = Object.entries(file.services).filter(([, { profiles }]) => profiles === undefined)
      assert.deepStrictEqual(started.map(([name]) => name), ["courant", "secrets", "influxdb", "grafana"])
      assert.strictEqual(file.services["influxdb"]?.stop_signal, "SIGINT")
      for (const some of [[], ...profiles.map((profile) => [profile])]) yield* ask(some, ["config", "--quiet"])
      const ofSpark = (yield* ask(["spark"], ["config", "--services"])).trim().split("\n")
      assert.includeMembers(ofSpark, ["kafka", "ingest", "spark-master", "spark-worker", "submit"])
    }))

  it.live.skipIf(isMissing("mvn", "install it (Debian: apt-get install maven)"))("Spark's image is given the jars of its Kafka connector, and no others than those", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const image = join(root, "services/spark")
      const [, fetching = ""] = /^RUN (.*?[^\\])\n/ms.exec(readFileSync(join(image, "Dockerfile"), "utf8")) ?? []
      const inFolder = (commands: string) => output("sh", ["-c", `cd ${folder} && ${commands.replaceAll("\\\n", " ")}`])
      const sums = readFileSync(join(image, "kafka.sha256"), "utf8")
      writeFileSync(join(folder, "kafka.sha256"), sums)
      yield* inFolder(fetching)
      const named = sums.trim().split("\n").map((line) => line.replace(/^\w{64} {2}jars\//, ""))
      assert.deepStrictEqual(readdirSync(join(folder, "jars")), named.sort())
      writeFileSync(join(folder, "kafka.sha256"), sums.replace(/^\w/, (digit) => digit === "0" ? "1" : "0"))
      yield* Effect.flip(Effect.sandbox(inFolder(fetching.split("&&").at(-1) ?? "")))
    }))

  describe("on real servers", () => {
    it.live.skipIf(isSkipped || areMissing)("courant and Grafana as they are started there have the recorded session", () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        const { access: { token, url } } = yield* Influxdb
        const services = yield* composed({ COURANT_FEED: "recorded", COURANT_SPEED: "max" })
        const start = startIn(folder, services, {
          "http://influxdb:8086": url,
          "/etc/grafana/dashboards": join(root, "grafana/dashboards"),
          "/opt/courant/bin/courant.js": join(root, "src/main.ts"),
          "exec node": `exec ${node}`,
          "/run.sh": join(folder, "run.sh")
        })
        const secrets = yield* drawSecrets(folder, start, token)
        const grafana = yield* runGrafana(folder)
        yield* start("grafana")
        yield* start("courant")

        const password = Buffer.from(`admin:${secrets["grafana-password"]}`).toString("base64")
        const admin = { authorization: `Basic ${password}` }
        const dashboards = Effect.map(
          Http.ask(`${grafana}/api/search?type=dash-db`, { headers: admin }),
          ({ status, text }) => status === 200 ? JSON.parse(text).length : 0
        ).pipe(Effect.orElseSucceed(() => 0))
        yield* until(Effect.map(dashboards, (count) => count === readdirSync(join(root, "grafana/dashboards")).length))
        assert.strictEqual((yield* Http.ask(`${grafana}/api/search`)).status, 401)
        const closes = Http.ask(`${grafana}/api/ds/query`, {
          method: "POST",
          headers: { ...admin, "content-type": "application/json" },
          body: JSON.stringify({
            from: String(Date.UTC(2013, 9, 8)),
            to: String(Date.UTC(2013, 9, 9)),
            queries: [{
              refId: "A",
              datasource: { uid: "courant-flux" },
              query: "from(bucket: v.defaultBucket) |> range(start: v.timeRangeStart, stop: v.timeRangeStop) " +
                "|> filter(fn: (r) => r._measurement == \"candles-1m\" and r._field == \"close\" and r.key == \"IBM\") " +
                "|> group() |> count()"
            }]
          })
        })
        yield* until(Effect.map(closes, ({ text }) => Number(/"values":\[\[(\d+)\]\]/.exec(text)?.[1] ?? 0) > 380))
      }).pipe(Effect.scoped, Effect.provide(Influxdb.layer())))
  })

  describe("over Kafka", () => {
    const { kafka: broker, layer } = brokers(Kafka.layer())

    it.live.skipIf(isSkipped || areMissing)("ingest and process as they are started there give the recorded session's panes", () =>
      Effect.gen(function*() {
        const data = yield* temporaryFolder
        const { access } = yield* broker
        const { access: { token, url } } = yield* Influxdb
        const services = yield* composed({ COURANT_FEED: "recorded", COURANT_SPEED: "max" })
        const start = startIn(data, services, {
          "kafka:9092": access.brokers,
          "http://influxdb:8086": url,
          "/opt/courant/bin/courant.js": join(root, "src/main.ts"),
          "exec node": `exec ${node}`
        })
        yield* drawSecrets(data, start, token)
        const run = (...args: Parameters<typeof start>) =>
          Effect.scoped(Effect.flatMap(start(...args), ({ ended }) => ended))

        // Both are started at once, and again when they end: there may be no topic yet.
        const early = yield* run("process")
        assert.strictEqual(early.code, 1)
        assert.match(early.stderr, /there is no topic ticks/)
        const ingested = yield* run("ingest")
        assert.strictEqual(ingested.code, 0, ingested.stderr)
        assert.match(ingested.stderr, /^appended 654140 records to ticks$/m)
        assert.match((yield* run("ingest")).stderr, /^appended 0 records to ticks$/m)

        yield* Effect.gen(function*() {
          const processing = yield* start("process")
          yield* until(Effect.map(actual, ({ size }) => size > 0))
          const { code, stderr } = yield* processing.signal("SIGTERM")
          assert.strictEqual(code, 0, stderr)
          // What is still open closes at the end of the log.
          const last = yield* run("process", "--once")
          assert.match(last.stderr, /^read 654140, aggregated 654140, /m)
          const found = [...yield* actual].filter((line) => line.startsWith(`["${candles1m.name}",`))
          assert.deepStrictEqual(new Set(found), new Set(folded(candles1m, events()).map((pane) => line(JSON.parse(pane)))))
        }).pipe(Effect.scoped, Effect.provide(KafkaResultSink.layer({ topic: "ticks-panes" }).pipe(Layer.provide(layer))))
      }).pipe(Effect.provide(Influxdb.layer())))
  })
})
