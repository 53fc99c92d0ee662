/** Apache Kafka 4 on its own: one node that is broker and controller (KRaft). */
import type { Service } from "../tool/Service.ts"
import * as Broker from "./broker.ts"
import * as Kraft from "./kraft.ts"
import * as Probe from "./probe.ts"

type Ports = "broker" | "controller"

export const kafka: Service<Ports, Broker.Access> = {
  name: "kafka",
  summary: "Apache Kafka 4.4.0, one node, KRaft",
  ports: ["broker", "controller"],
  access: Broker.access,
  prepare: (place) =>
    Kraft.prepare(place, {
      name: "kafka",
      settings: listeners(place.ports),
      ready: Probe.ready(place.ports.broker)
    })
}

const listeners = (ports: Readonly<Record<Ports, number>>) => ({
  "listeners": `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${ports.broker}`,
  "inter.broker.listener.name": "PLAINTEXT",
  // A map of one's own replaces the usual one, in which each protocol has its own name.
  "listener.security.protocol.map":
    "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL"
})
