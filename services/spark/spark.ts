/**
 * Apache Spark's standalone cluster: a master with the REST submission API, and one worker. Drivers and executors are its children, and end with it: when it stops,
 * it tells them to; when it is killed, they see that it is gone, or are killed as the group that they are with it.
 */
import { Effect } from "effect"
import { dirname, join } from "node:path"
import * as Jars from "../tool/Jars.ts"
import * as Java from "../tool/Java.ts"
import * as Secret from "../tool/Secret.ts"
import type { Service } from "../tool/Service.ts"
import * as Home from "./home.ts"
import * as Ready from "./ready.ts"

type Ports = "master" | "rest" | "masterPage" | "worker" | "workerPage" | "connect"

/** Spark Connect closes its sessions by a class of mllib, and needs nothing else of that or of what it brings. */
const jars: Jars.Jars = {
  name: "spark-4.0.0",
  artifacts: ["core", "sql", "connect", "sql-kafka-0-10"].map((name) => `org.apache.spark:spark-${name}_2.13:4.0.0`),
  alone: ["org.apache.spark:spark-mllib_2.13:4.0.0"],
  size: "about 300 MB"
}

/**
 * `master` is `spark://HOST:PORT`, `rest` a URL. `connect` is `HOST:PORT`, kept free for a Spark Connect server:
 * who submits one to the cluster tells it to listen there, and to ask for `token`.
 */
export type Access = {
  readonly master: string
  readonly rest: string
  readonly connect: string
  readonly token: string
}

export const spark: Service<Ports, Access> = {
  name: "spark",
  summary: "Apache Spark 4.0.0, a standalone master with its REST API and a worker",
  ports: ["master", "rest", "masterPage", "worker", "workerPage", "connect"],
  access: ({ connect, master, rest }, folder) => ({
    master: `spark://127.0.0.1:${master}`,
    rest: `http://127.0.0.1:${rest}`,
    connect: `127.0.0.1:${connect}`,
    token: Secret.of(folder, "token")
  }),
  prepare: Effect.fnUntraced(function*({ folder, ports, settings }) {
    const java = yield* Java.find("spark")
    const fetched = yield* Jars.fetch(jars)
    const { classPath, environment, properties } = Home.make(folder, dirname(fetched), {
      "spark.master.rest.enabled": "true",
      "spark.master.rest.host": "127.0.0.1",
      "spark.master.rest.port": String(ports.rest),
      ...settings
    })
    const run = [java, "-Xmx256m", ...Java.options, "-cp", classPath] as const
    const options = (port: number, page: number) =>
      ["--host", "127.0.0.1", "--port", String(port), "--webui-port", String(page), "--properties-file", properties]
    return [
      {
        name: "master",
        command: [...run, "org.apache.spark.deploy.master.Master", ...options(ports.master, ports.masterPage)],
        environment,
        ready: Ready.takesSubmissions(ports.rest)
      },
      {
        name: "worker",
        command: [
          ...run,
          "org.apache.spark.deploy.worker.Worker",
          ...options(ports.worker, ports.workerPage),
          // What it offers, whatever the machine has; a Connect server and its executor take a core and 1 GiB each.
          "--cores",
          "4",
          "--memory",
          "5g",
          "--work-dir",
          join(folder, "work"),
          `spark://127.0.0.1:${ports.master}`
        ],
        environment,
        // A master that still counts a worker which was killed refuses another at the same address.
        clear: Ready.workers(ports.masterPage, 0),
        ready: Ready.workers(ports.masterPage, 1)
      }
    ]
  })
}
