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
import type { Access as Brokers } from "./kafka/broker.ts"
import { kafka } from "./kafka/kafka.ts"
import { kafkaZookeeper } from "./kafka/kafkaZookeeper.ts"
import * as Ports from "./tool/Ports.ts"
import type { ServiceProblem } from "./tool/Problem.ts"
import * as Server from "./tool/Server.ts"
import type { Access, Service } from "./tool/Service.ts"

export interface Options {
  /** In addition to the usual ones, by the server's own names: `{ "log.retention.ms": "1000" }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A server of its own; done when clients can use it. Waiting is by the real clock, also in tests with another. */
export const start = Effect.fnUntraced(function*<Port extends string, Has extends Access>(
  service: Service<Port, Has>,
  { settings = {} }: Options = {}
): Effect.fn.Return<Server.Server<Has>, ServiceProblem, Scope.Scope> {
  const folder = yield* temporaryFolder
  const ports = yield* Ports.choose(service.ports)
  const server = yield* Server.start(service, { folder, ports, settings })
  return { ...server, restart: byRealClock(server.restart), stop: byRealClock(server.stop) }
}, (effect) => byRealClock(effect))

/** A broker, or a fault of it: `kill9`, `pause`, `resume`, `stop`, `restart`. */
export class Kafka extends Context.Service<Kafka, Server.Server<Brokers>>()("courant/services/Kafka") {
  /** Kafka 4 with KRaft. */
  static readonly layer = (options?: Options): Layer.Layer<Kafka, ServiceProblem> =>
    Layer.effect(Kafka, start(kafka, options))

  /** Kafka 3.9 with ZooKeeper. The faults are the broker's; only `stop` and `restart` are ZooKeeper's too. */
  static readonly layerZookeeper = (options?: Options): Layer.Layer<Kafka, ServiceProblem> =>
    Layer.effect(Kafka, start(kafkaZookeeper, options))
}

const byRealClock = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Clock.Clock, Clock.Clock.defaultValue())

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-service-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
