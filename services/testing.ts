/**
 * Real servers for tests: each on free ports of 127.0.0.1, with its data in a temporary folder, gone with the scope.
 * Whatever ends the tests ends the servers too, `kill -9` included.
 *
 * ```ts
 * layer(Kafka.layer())("on a real broker", (it) => {
 *   it.effect("survives its death", () =>
 *     Effect.gen(function*() {
 *       const broker = yield* Kafka
 *       yield* produceTo(broker.access.brokers)
 *       yield* broker.kill9
 *       yield* broker.restart
 *     }))
 * })
 * ```
 */
import { Clock, Context, Effect, Layer, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { grafana, type Access as GrafanaAccess } from "./grafana/grafana.ts"
import { influxdb, type Access as InfluxdbAccess } from "./influxdb/influxdb.ts"
import type { Access as Brokers } from "./kafka/broker.ts"
import { kafka } from "./kafka/kafka.ts"
import { kafkaSecure, type Access as SecureBrokers } from "./kafka/kafkaSecure.ts"
import { kafkaZookeeper } from "./kafka/kafkaZookeeper.ts"
import { spark, type Access as SparkAccess } from "./spark/spark.ts"
import * as Ports from "./tool/Ports.ts"
import type { ServiceProblem } from "./tool/Problem.ts"
import * as Server from "./tool/Server.ts"
import type { Access, Service } from "./tool/Service.ts"

export interface Options {
  /**
   * In addition to the usual ones, by the server's own names: `{ "log.retention.ms": "1000" }` of Kafka,
   * `{ "storage-wal-fsync-delay": "1s" }` of InfluxDB, `{ "auth.anonymous.enabled": "true" }` of Grafana,
   * `{ "spark.worker.timeout": "5" }` of Spark.
   */
  readonly settings?: Readonly<Record<string, string>>
}

/** With TLS and passwords. */
export interface Secure extends Options {
  readonly secure: true
}

/** A server of its own; done when clients can use it. Waiting is by the real clock, also in tests with another. */
export const start = <Port extends string, Has extends Access>(service: Service<Port, Has>, options?: Options) =>
  startOver(service, {}, options)

/** The same of a service that needs another, which is reached by `needed`. */
const startOver = Effect.fnUntraced(function*<Port extends string, Has extends Access, Needed extends Access>(
  service: Service<Port, Has, Needed>,
  needed: Needed,
  { settings = {} }: Options = {}
): Effect.fn.Return<Server.Server<Has>, ServiceProblem, Scope.Scope> {
  const folder = yield* temporaryFolder
  const ports = yield* Ports.choose(service.ports)
  const server = yield* Server.start(service, { folder, ports, settings }, needed)
  return { ...server, restart: byRealClock(server.restart), stop: byRealClock(server.stop) }
}, (effect) => byRealClock(effect))

/** A broker, or a fault of it: `kill9`, `pause`, `resume`, `stop`, `restart`. */
export class Kafka extends Context.Service<Kafka, Server.Server<Brokers>>()("courant/services/Kafka") {
  /** Kafka 4 with KRaft. */
  static layer(options: Secure): Layer.Layer<Kafka | KafkaSecurity, ServiceProblem>
  static layer(options?: Options): Layer.Layer<Kafka, ServiceProblem>
  static layer(options?: Options | Secure): Layer.Layer<Kafka, ServiceProblem> {
    return options !== undefined && "secure" in options ? secureLayer(options) : Layer.effect(Kafka, start(kafka, options))
  }

  /** Kafka 3.9 with ZooKeeper. The faults are the broker's; only `stop` and `restart` are ZooKeeper's too. */
  static readonly layerZookeeper = (options?: Options): Layer.Layer<Kafka, ServiceProblem> =>
    Layer.effect(Kafka, start(kafkaZookeeper, options))
}

/** How to be let in by a broker that was started with `secure`. */
export class KafkaSecurity extends Context.Service<KafkaSecurity, SecureBrokers>()("courant/services/KafkaSecurity") {}

const secureLayer = (options: Options): Layer.Layer<Kafka | KafkaSecurity, ServiceProblem> =>
  Layer.effectContext(Effect.map(start(kafkaSecure, options), (server) =>
    Context.make(Kafka, server).pipe(Context.add(KafkaSecurity, server.access))))

/** InfluxDB 2, with an empty bucket; or a fault of it. */
export class Influxdb extends Context.Service<Influxdb, Server.Server<InfluxdbAccess>>()("courant/services/Influxdb") {
  static readonly layer = (options?: Options): Layer.Layer<Influxdb, ServiceProblem> =>
    Layer.effect(Influxdb, start(influxdb, options))
}

export interface GrafanaOptions extends Options {
  /** Where it finds its data. */
  readonly influxdb: InfluxdbAccess
  /** The folder of data sources, dashboards and alert rules; that of the checkout where it is not given. */
  readonly provisioning?: string
}

/** Grafana with the dashboards of this checkout; or a fault of it. */
export class Grafana extends Context.Service<Grafana, Server.Server<GrafanaAccess>>()("courant/services/Grafana") {
  static readonly layer = (options: GrafanaOptions): Layer.Layer<Grafana, ServiceProblem> => {
    const { influxdb, provisioning, settings } = options
    const own = provisioning === undefined ? {} : { "paths.provisioning": provisioning }
    return Layer.effect(Grafana, startOver(grafana, influxdb, { settings: { ...own, ...settings } }))
  }
}

/**
 * Spark's master and one worker. The faults are the worker's, and with it those of the drivers and executors that it
 * has started; only `stop` and `restart` are the master's too. What drivers and executors say is in `work` of the folder.
 */
export class Spark extends Context.Service<Spark, Server.Server<SparkAccess>>()("courant/services/Spark") {
  static readonly layer = (options?: Options): Layer.Layer<Spark, ServiceProblem> =>
    Layer.effect(Spark, start(spark, options))
}

const byRealClock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Clock.Clock, Clock.Clock.defaultValue())

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-service-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
