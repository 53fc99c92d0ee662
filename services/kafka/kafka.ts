/** Apache Kafka 4 on its own: one node that is broker and controller (KRaft). */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Guarded from "../tool/Guarded.ts"
import * as Jars from "../tool/Jars.ts"
import * as Java from "../tool/Java.ts"
import { problem } from "../tool/Problem.ts"
import type { Place, Service } from "../tool/Service.ts"
import * as Broker from "./broker.ts"
import * as Probe from "./probe.ts"

type Ports = "broker" | "controller"

const jars: Jars.Jars = {
  name: "kafka-4.4.0",
  artifacts: ["org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36"],
  size: "about 43 MB"
}

export const kafka: Service<Ports, Broker.Access> = {
  name: "kafka",
  summary: "Apache Kafka 4.4.0, one node, KRaft",
  ports: ["broker", "controller"],
  access: Broker.access,
  prepare: Effect.fnUntraced(function*(place) {
    const java = yield* Java.find("kafka")
    const classPath = yield* Jars.fetch(jars)
    const properties = join(place.folder, "server.properties")
    writeFileSync(properties, Broker.toProperties({ ...settings(place), ...place.settings }))
    const run = [java, "-Xms128m", "-Xmx384m", ...Java.options, "-cp", classPath] as const
    yield* format([...run, "kafka.tools.StorageTool", "format", "--config", properties], place.folder)
    return [{
      name: "broker",
      command: [...run, "kafka.Kafka", properties],
      ready: Probe.ready(place.ports.broker)
    }]
  })
}

const settings = ({ folder, ports }: Place<Ports>) => ({
  "process.roles": "broker,controller",
  "node.id": "1",
  "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
  "listeners": `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${ports.broker}`,
  "controller.listener.names": "CONTROLLER",
  "inter.broker.listener.name": "PLAINTEXT",
  // A map of one's own replaces the usual one, in which each protocol has its own name.
  "listener.security.protocol.map":
    "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
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
  writeFileSync(mark, "")
})

/** 16 random bytes in 22 characters, the first of which is no dash: that would look like an option. */
const clusterId = (): string => {
  const id = randomBytes(16).toString("base64url")
  return id.startsWith("-") ? clusterId() : id
}
