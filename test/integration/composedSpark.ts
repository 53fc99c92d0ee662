/** The cluster of compose.yaml without containers: what it starts, with its settings and its secrets. */
import { Context, Effect, Layer } from "effect"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { spark } from "../../services/spark/spark.ts"
import { start } from "../../services/testing.ts"
import { notYet } from "../../services/tool/Ask.ts"
import type { ServiceProblem } from "../../services/tool/Problem.ts"
import type { Server } from "../../services/tool/Server.ts"
import type { Place, Service } from "../../services/tool/Service.ts"
import { node, startCommand } from "../cli/courant.ts"
import { root, script } from "../services/processes.ts"
import { composed, processOf, type Services } from "./composed.ts"

type Ports = "master" | "rest" | "masterPage" | "worker" | "workerPage" | "connect"

/** As that of `Spark`, without the token, which is a secret of the file's own; and what its pages tell programs. */
type Access = {
  readonly master: string
  readonly rest: string
  readonly connect: string
  readonly masterPage: string
  readonly workerPage: string
}

/** The faults are the worker's, as those of `Spark` are. */
export class ComposedSpark extends Context.Service<ComposedSpark, Server<Access>>()("courant/test/ComposedSpark") {
  static readonly layer: Layer.Layer<ComposedSpark, ServiceProblem> = Layer.effect(
    ComposedSpark,
    Effect.flatMap(Effect.orDie(composed()), (services) => start(composedSpark(services)))
  )
}

/** What was drawn for the cluster in that folder. */
export const secretOf = (folder: string, name: string): string => readFileSync(join(folder, "secrets", name), "utf8")

const composedSpark = (services: Services): Service<Ports, Access> => ({
  name: "spark-of-compose",
  summary: "The master and the worker of compose.yaml",
  ports: ["master", "rest", "masterPage", "worker", "workerPage", "connect"],
  access: ({ connect, master, masterPage, rest, workerPage }) => ({
    master: `spark://127.0.0.1:${master}`,
    rest: `http://127.0.0.1:${rest}`,
    masterPage: `http://127.0.0.1:${masterPage}/json/`,
    workerPage: `http://127.0.0.1:${workerPage}/json/`,
    connect: `127.0.0.1:${connect}`
  }),
  prepare: Effect.fnUntraced(function*(place) {
    const { folder } = place
    for (const own of ["secrets", "spark", "home"]) mkdirSync(join(folder, own), { recursive: true })
    const stands = standsOf(place)
    const process = processOf(folder, services, stands)
    yield* draw(process("secrets").command)
    yield* standForImage(place, stands["/opt/spark/bin/spark-class"])
    return ["spark-master", "spark-worker"].map((name) => {
      const { command, environment, healthcheck } = process(name)
      const isHealthy = startCommand("sh", ["-c", healthcheck], { cwd: folder, input: "" }).pipe(
        Effect.flatMap(({ ended }) => ended),
        Effect.scoped,
        Effect.flatMap(({ code, stderr }) => code === 0 ? Effect.void : notYet(stderr))
      )
      return { name, command, environment: { ...environment, PATH }, ready: isHealthy }
    })
  })
})

const PATH = process.env["PATH"] ?? ""

const standsOf = ({ folder, ports }: Place<Ports>) => ({
  "/opt/spark/bin/spark-class": join(folder, "spark-class"),
  "/tmp/cluster.properties": join(folder, "cluster.properties"),
  "/tmp/driver.options": join(folder, "driver.options"),
  "spark-master": "127.0.0.1",
  "spark-worker": "127.0.0.1",
  "7077": String(ports.master),
  "6066": String(ports.rest),
  "8080": String(ports.masterPage),
  "7078": String(ports.worker),
  "8081": String(ports.workerPage)
})

const draw = ([, ...args]: ReadonlyArray<string>) =>
  startCommand(node, args, { cwd: root, input: "" }).pipe(
    Effect.flatMap(({ ended }) => ended),
    Effect.scoped,
    Effect.flatMap(({ code, stderr }) => code === 0 ? Effect.void : Effect.die(stderr))
  )

/** Spark from Maven in the place of the image's, with nothing of its own settings but loopback. */
const standForImage = Effect.fnUntraced(function*({ folder, ports }: Place<Ports>, sparkClass: string) {
  const [first] = yield* spark.prepare({ folder: join(folder, "home"), ports, settings: {} }, {})
  const { command, environment = {} } = first ?? { command: [] }
  const java = command.slice(0, command.findIndex((word) => word.endsWith(".Master")))
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}="\${${name}:-${value}}"`)
  script(sparkClass, [...exports, `exec ${java.map((word) => `'${word}'`).join(" ")} "$@"`].join("\n"))
})
