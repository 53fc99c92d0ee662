/** What compose makes of compose.yaml, and its services as processes of this machine instead of containers. */
import { Effect, Schema } from "effect"
import * as Yaml from "effect/encoding/Yaml"
import { join } from "node:path"
import { isOnPath } from "../../services/tool/Programs.ts"
import { node, startCommand } from "../cli/courant.ts"
import { root } from "../services/processes.ts"
import { isMissing, output } from "./programs.ts"

const [compose, ...before] = isOnPath("docker-compose") ? ["docker-compose"] as const : ["docker", "compose"] as const

export const isSkipped = isMissing(compose, "install it (Debian: apt-get install docker-compose)")

export const profiles = ["kafka", "zookeeper", "spark"] as const

const Composed = Schema.Struct({
  services: Schema.Record(Schema.String, Schema.Struct({
    image: Schema.String,
    entrypoint: Schema.optionalKey(Schema.Array(Schema.String)),
    command: Schema.optionalKey(Schema.Array(Schema.String)),
    environment: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))),
    healthcheck: Schema.optionalKey(Schema.Struct({ test: Schema.Array(Schema.String) })),
    ports: Schema.optionalKey(Schema.Array(Schema.Unknown)),
    read_only: Schema.optionalKey(Schema.Boolean),
    user: Schema.optionalKey(Schema.String)
  }))
})

export type Services = (typeof Composed.Type)["services"]

const nothingSet = Object.fromEntries(
  ["KAFKA_BROKERS", "KAFKA_TOPIC", "FEED", "SPEED", "GRAFANA_ANONYMOUS"].map((name) => [`COURANT_${name}`, ""])
)

/** Asks compose about the file, with services of these profiles. What is set where the tests run shall not count. */
export const ask = (
  some: ReadonlyArray<string>,
  question: ReadonlyArray<string>,
  env: { readonly [name: string]: string } = {}
) => {
  const file = ["--file", join(root, "compose.yaml")]
  const chosen = some.flatMap((profile) => ["--profile", profile])
  return output(compose, [...before, ...file, ...chosen, ...question], { env: { ...nothingSet, ...env } })
}

/** All of the services, with all that compose fills in. */
export const composed = (env: { readonly [name: string]: string } = {}) =>
  Effect.flatMap(ask(profiles, ["config"], env), (text) =>
    Effect.map(Schema.decodeUnknownEffect(Composed)(Yaml.parse(text)), ({ services }) => services))

/** What stands for what a container has: places, names of hosts, programs of images. */
export type Stands = { readonly [inContainer: string]: string }

export interface Process {
  readonly command: readonly [file: string, ...args: ReadonlyArray<string>]
  readonly environment: { readonly [name: string]: string }
  /** What asks whether it can be used. */
  readonly healthcheck: string
}

/** The process of a service whose volumes are in a folder. */
export const processOf = (folder: string, services: Services, stands: Stands) => (name: string): Process => {
  const exchanged = exchanging({ "/var/lib/": `${folder}/`, "/secrets": join(folder, "secrets"), ...stands })
  const { command = [], entrypoint = [node, join(root, "src/main.ts")], environment = {}, healthcheck } = services[name] ?? {}
  const [file = "", ...args] = [...entrypoint, ...command].map(exchanged)
  return {
    command: [file === "node" ? node : file, ...args],
    environment: {
      ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, exchanged(String(value))])),
      NODE_ENV: "production"
    },
    healthcheck: exchanged(healthcheck?.test.at(-1) ?? "")
  }
}

/** All at once, so that nothing is exchanged in what stands for something; of two that begin alike the longer one. */
const exchanging = (stands: Stands) => {
  const names = Object.keys(stands).sort((a, b) => b.length - a.length)
  const any = new RegExp(names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "g")
  // What compose prints can be read by compose again: a dollar is two.
  return (text: string) => text.replaceAll("$$", "$").replaceAll(any, (name) => stands[name] ?? name)
}

/** Starts services in a folder that holds their volumes. */
export const startIn = (folder: string, services: Services, stands: Stands) => {
  const process = processOf(folder, services, stands)
  return (name: string, ...more: ReadonlyArray<string>) => {
    const { command: [file, ...args], environment } = process(name)
    return startCommand(file, [...args, ...more], { cwd: folder, input: "", env: environment })
  }
}
