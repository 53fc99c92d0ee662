/** What nodes of Apache Kafka 4 have in common: each is broker and controller (KRaft). */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { NotYet } from "../tool/Ask.ts"
import * as Guarded from "../tool/Guarded.ts"
import * as Jars from "../tool/Jars.ts"
import * as Java from "../tool/Java.ts"
import { problem } from "../tool/Problem.ts"
import type { Place, Process } from "../tool/Service.ts"
import * as Broker from "./broker.ts"

const jars: Jars.Jars = {
  name: "kafka-4.4.0",
  artifacts: ["org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36"],
  size: "about 43 MB"
}

export interface Node {
  /** What the service is called where something is missing. */
  readonly name: string
  /** The listeners and how they are guarded, beside what all nodes have. */
  readonly settings: Readonly<Record<string, string>>
  /** Further arguments where the data folder is formatted, once. */
  readonly format?: ReadonlyArray<string>
  readonly ready: Effect.Effect<void, NotYet>
}

/** A node's only process. */
export const prepare = Effect.fnUntraced(function*(place: Place<"broker" | "controller">, node: Node) {
  const java = yield* Java.find(node.name)
  const classPath = yield* Jars.fetch(jars)
  const properties = join(place.folder, "server.properties")
  writeFileSync(properties, Broker.toProperties({ ...settings(place), ...node.settings, ...place.settings }))
  const run = [java, "-Xms128m", "-Xmx384m", ...Java.options, "-cp", classPath] as const
  const more = node.format ?? []
  yield* format([...run, "kafka.tools.StorageTool", "format", "--config", properties, ...more], place.folder)
  const broker: Process = { name: "broker", command: [...run, "kafka.Kafka", properties], ready: node.ready }
  return [broker]
})

const settings = ({ folder, ports }: Place<"controller">) => ({
  "process.roles": "broker,controller",
  "node.id": "1",
  "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
  "controller.listener.names": "CONTROLLER",
  "log.dirs": join(folder, "data"),
  ...Broker.oneNode,
  "share.coordinator.state.topic.num.partitions": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  // After a kill, the broker comes back only when its old session has run out.
  "broker.session.timeout.ms": "1000",
  "broker.heartbeat.interval.ms": "250"
})

/** A data folder has to be formatted once. The mark comes last, so one that was half formatted is formatted again. */
const format = Effect.fnUntraced(function*(command: readonly [string, ...ReadonlyArray<string>], folder: string) {
  const mark = join(folder, "formatted")
  if (existsSync(mark)) return
  const log = join(folder, "format.log")
  const { code } = yield* Guarded.complete([...command, "--ignore-formatted", "--cluster-id", clusterId()], log)
  if (code !== 0) return yield* problem(`Kafka could not format its data folder; its log is ${log}`)
  // It holds what passwords were turned into.
  rmSync(log, { force: true })
  writeFileSync(mark, "")
})

/** 16 random bytes in 22 characters, the first of which is no dash: that would look like an option. */
const clusterId = (): string => {
  const id = randomBytes(16).toString("base64url")
  return id.startsWith("-") ? clusterId() : id
}
