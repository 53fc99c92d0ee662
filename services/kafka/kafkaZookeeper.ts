/** Apache Kafka 3.9, the last line that can keep its metadata in ZooKeeper, and the ZooKeeper that it does so in. */
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ask, notYet } from "../tool/Ask.ts"
import * as Jars from "../tool/Jars.ts"
import * as Java from "../tool/Java.ts"
import type { Place, Service } from "../tool/Service.ts"
import * as Broker from "./broker.ts"
import * as Probe from "./probe.ts"

type Ports = "broker" | "zookeeper"

const jars: Jars.Jars = {
  name: "kafka-3.9.2",
  artifacts: ["org.apache.kafka:kafka_2.13:3.9.2", "org.slf4j:slf4j-simple:1.7.36"],
  size: "about 46 MB"
}

/** `zookeeper` is `HOST:PORT` too. */
export type Access = Broker.Access & { readonly zookeeper: string }

export const kafkaZookeeper: Service<Ports, Access> = {
  name: "kafka-zookeeper",
  summary: "Apache Kafka 3.9.2, one node, with ZooKeeper 3.8",
  ports: ["broker", "zookeeper"],
  access: (ports) => ({ ...Broker.access(ports), zookeeper: `127.0.0.1:${ports.zookeeper}` }),
  prepare: Effect.fnUntraced(function*(place) {
    const java = yield* Java.find("kafka-zookeeper")
    const classPath = yield* Jars.fetch(jars)
    const zooConfig = join(place.folder, "zoo.cfg")
    const properties = join(place.folder, "server.properties")
    mkdirSync(join(place.folder, "zookeeper"), { recursive: true })
    writeFileSync(zooConfig, Broker.toProperties(zookeeperSettings(place)))
    writeFileSync(properties, Broker.toProperties({ ...brokerSettings(place), ...place.settings }))
    const run = [...Java.options, "-cp", classPath]
    return [
      {
        name: "zookeeper",
        command: [java, "-Xmx96m", ...run, "org.apache.zookeeper.server.ZooKeeperServerMain", zooConfig],
        ready: expect(
          place.ports.zookeeper,
          "srvr",
          (answer) => answer.includes("Mode: standalone"),
          "it does not serve yet"
        )
      },
      {
        name: "broker",
        command: [java, "-Xms128m", "-Xmx384m", ...run, "kafka.Kafka", properties],
        // A broker ends if ZooKeeper still has the session of the one that was killed before it.
        clear: expect(
          place.ports.zookeeper,
          "dump",
          (answer) => answer.includes("Sessions with Ephemerals") && !answer.includes("/brokers/ids/1"),
          "ZooKeeper has not given up the session of the broker before it yet"
        ),
        ready: Probe.ready(place.ports.broker)
      }
    ]
  })
}

const zookeeperSettings = ({ folder, ports }: Place<Ports>) => ({
  // Milliseconds; sessions last at least twice as long, so this is what makes short ones possible.
  "tickTime": "500",
  "dataDir": join(folder, "zookeeper"),
  "clientPort": String(ports.zookeeper),
  "clientPortAddress": "127.0.0.1",
  "admin.enableServer": "false",
  "4lw.commands.whitelist": "srvr,dump"
})

const brokerSettings = ({ folder, ports }: Place<Ports>) => ({
  "broker.id": "1",
  "zookeeper.connect": `127.0.0.1:${ports.zookeeper}`,
  "zookeeper.session.timeout.ms": "2000",
  "listeners": `PLAINTEXT://127.0.0.1:${ports.broker}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${ports.broker}`,
  "log.dirs": join(folder, "data"),
  ...Broker.oneNode
})

/** One of ZooKeeper's four-letter words (https://zookeeper.apache.org/doc/r3.8.4/zookeeperAdmin.html#sc_zkCommands). */
const expect = Effect.fnUntraced(function*(
  port: number,
  word: string,
  isIt: (answer: string) => boolean,
  otherwise: string
) {
  if (!isIt((yield* ask(port, word)).toString())) return yield* notYet(otherwise)
})
