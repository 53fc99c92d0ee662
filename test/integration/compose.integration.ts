/**
 * compose.yaml without containers: its services `ingest` and `process` as it would start them, with its commands and
 * its environment, on a real broker. Only what a container gives is exchanged: names of hosts, and the place of a volume.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Yaml from "effect/encoding/Yaml"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Kafka } from "../../services/testing.ts"
import { isOnPath } from "../../services/tool/Programs.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { node, startCommand, temporaryFolder } from "../cli/courant.ts"
import { events, folded } from "../cli/session.ts"
import { root } from "../services/processes.ts"
import { until } from "./admin.ts"
import { brokers } from "./brokers.ts"
import { actual, line } from "./market.ts"
import { isMissing, output } from "./programs.ts"

const [compose, ...before] = isOnPath("docker-compose") ? ["docker-compose"] as const : ["docker", "compose"] as const

const skipped = isMissing(compose, "install it (Debian: apt-get install docker-compose)")

const Composed = Schema.Struct({
  services: Schema.Record(Schema.String, Schema.Struct({
    image: Schema.String,
    command: Schema.optionalKey(Schema.Array(Schema.String)),
    environment: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))),
    healthcheck: Schema.optionalKey(Schema.Struct({ test: Schema.Array(Schema.String) })),
    ports: Schema.optionalKey(Schema.Array(Schema.Unknown)),
    read_only: Schema.optionalKey(Schema.Boolean),
    user: Schema.optionalKey(Schema.String)
  }))
})

/** What compose makes of the file, with all of its services. What is set where the tests run shall not count. */
const composed = (env: { readonly [name: string]: string } = {}) =>
  Effect.flatMap(
    output(compose, [...before, "--file", join(root, "compose.yaml"), "--profile", "zookeeper", "config"], {
      env: { COURANT_KAFKA_BROKERS: "", COURANT_KAFKA_TOPIC: "", COURANT_FEED: "", COURANT_SPEED: "", ...env }
    }),
    (text) => Schema.decodeUnknownEffect(Composed)(Yaml.parse(text))
  )

describe("compose.yaml", () => {
  const { kafka: broker, layer } = brokers(Kafka.layer())

  it.live.skipIf(skipped)("names images by their version, asks each server whether it can be used, and is reached from this machine only", () =>
    Effect.gen(function*() {
      const { services } = yield* composed()
      const bases = [...readFileSync(join(root, "Dockerfile"), "utf8").matchAll(/^FROM (\S+)/gm)]
      const images = [...Object.values(services).map(({ image }) => image), ...bases.map(([, image = ""]) => image)]
      for (const image of images) assert.match(image, /^[\w./-]+:\d+\.\d+\.\d+(-[\w.-]+)?$/)
      const checks = Object.entries(services).flatMap(([name, { healthcheck }]) =>
        healthcheck === undefined ? [] : [[name, healthcheck.test]])
      assert.deepInclude(Object.fromEntries(checks), {
        "kafka": ["CMD", "/opt/kafka/bin/kafka-broker-api-versions.sh", "--bootstrap-server", "kafka:9092"],
        "kafka-zookeeper": ["CMD", "kafka-broker-api-versions", "--bootstrap-server", "kafka-zookeeper:9092"],
        "zookeeper": ["CMD-SHELL", "echo srvr | nc -w 2 127.0.0.1 2181 | grep -q Mode"]
      })
      for (const { healthcheck, image, ports = [], read_only, user } of Object.values(services)) {
        for (const port of ports) assert.match(JSON.stringify(port), /127\.0\.0\.1/)
        if (image.startsWith("courant:")) assert.isTrue(read_only)
        else assert.isTrue(healthcheck !== undefined && user !== undefined && user !== "root", image)
      }
    }))

  it.live.skipIf(skipped)("ingest and process as they are started there give the recorded session's panes", () =>
    Effect.gen(function*() {
      const data = yield* temporaryFolder
      const { access } = yield* broker
      const { services } = yield* composed({ COURANT_FEED: "recorded", COURANT_SPEED: "max" })
      const exchanged = (text: string) => text.replaceAll("kafka:9092", access.brokers).replaceAll("/var/lib/courant", data)
      /** The image's entry point, with what compose adds to it. */
      const start = (name: string, ...more: ReadonlyArray<string>) => {
        const { command = [], environment = {} } = services[name] ?? {}
        const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, exchanged(String(value))]))
        return startCommand(node, [join(root, "src/main.ts"), ...command.map(exchanged), ...more], {
          cwd: data,
          input: "",
          env: { ...env, NODE_ENV: "production" }
        })
      }
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
    }))
})
