/** What the commands do, apart from how they are called. Each service has a folder of its own in the data folder. */
import { Effect, Equal, Scope } from "effect"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Archives from "./Archives.ts"
import * as Lock from "./Lock.ts"
import * as Ports from "./Ports.ts"
import { problem, type ServiceProblem } from "./Problem.ts"
import * as Registry from "./Registry.ts"
import * as Server from "./Server.ts"
import type { Access, Service } from "./Service.ts"

const folderOf = (data: string, service: Service): string => join(data, service.name)

const alone = (data: string, service: Service) => Lock.during(join(folderOf(data, service), "lock"), service.name)

export interface Options {
  readonly data: string
  /** Of the first of its ports; a free one without. */
  readonly port: number | undefined
}

/** Fails where a service, or the one that it needs, does not run and has nothing to run from: before any of them is started. */
export const check = (service: Service, data: string): Effect.Effect<void, ServiceProblem> =>
  Effect.gen(function*() {
    if (status(service, data) !== undefined) return
    if (service.needs !== undefined) yield* check(service.needs, data)
    if (service.archive !== undefined) yield* Archives.check(service.archive)
  })

/** Starts a service, and first the one that it needs, and leaves it running; or finds that it does. */
export const up = Effect.fnUntraced(function*(
  service: Service,
  options: Options
): Effect.fn.Return<Access, ServiceProblem> {
  const needed = service.needs === undefined ? {} : yield* up(service.needs, { data: options.data, port: undefined })
  return yield* Effect.gen(function*() {
    const entry = yield* found(service, options, needed)
    if (entry !== undefined) return entry.access
    const server = yield* start(service, options, needed)
    yield* server.release
    return server.access
  }).pipe(Effect.scoped, alone(options.data, service))
})

/** A service that ends with the scope, in order. */
export interface Held {
  readonly access: Access
  /** Waits until it has been stopped by `down`; fails if it ends in any other way. */
  readonly ended: Effect.Effect<void, ServiceProblem>
}

/** Starts a service for as long as the scope lasts, and before it the one that it needs, where that does not run. */
export const hold = Effect.fnUntraced(function*(
  service: Service,
  options: Options
): Effect.fn.Return<Held, ServiceProblem, Scope.Scope> {
  const folder = folderOf(options.data, service)
  const scope = yield* Effect.scope
  const before = service.needs === undefined ? runsAlready({}) : yield* holdMissing(service.needs, options.data)
  const server = yield* Effect.gen(function*() {
    if ((yield* found(service, options, before.access)) !== undefined) {
      return yield* problem(`${service.name} runs already: stop it first (down ${service.name})`)
    }
    return yield* start(service, options, before.access)
  }).pipe(alone(options.data, service), Scope.provide(scope))
  yield* Effect.addFinalizer(() => Effect.andThen(server.stop, Effect.sync(() => Registry.forget(folder))))
  const ended = Effect.flatMap(server.fell, (process) =>
    Registry.read(folder) === undefined
      ? Effect.void
      : problem(`${service.name}'s ${process} has ended; its log is ${Server.logOf(folder, process)}`))
  return { access: server.access, ended: Effect.raceFirst(ended, before.ended) }
})

const holdMissing = (service: Service, data: string): Effect.Effect<Held, ServiceProblem, Scope.Scope> => {
  const access = status(service, data)
  return access === undefined ? hold(service, { data, port: undefined }) : Effect.succeed(runsAlready(access))
}

/** By itself, so its end is not waited for. */
const runsAlready = (access: Access): Held => ({ access, ended: Effect.never })

/** What runs already. A part that has survived the rest is ended, and so is what knows another than is needed. */
const found = Effect.fnUntraced(function*(service: Service, { data, port }: Options, needed: Access) {
  const entry = Registry.read(folderOf(data, service))
  if (entry === undefined) return undefined
  if (!Registry.isRunning(entry) || !Equal.equals(entry.needed ?? {}, needed)) {
    yield* Registry.end(folderOf(data, service), entry)
    return undefined
  }
  const [address = ""] = Object.values(entry.access)
  if (port !== undefined && !address.endsWith(`:${port}`)) {
    return yield* problem(
      `${service.name} runs already, at ${address}: stop it first (down ${service.name}), or leave --port out`
    )
  }
  return entry
})

const start = Effect.fnUntraced(function*(service: Service, { data, port }: Options, needed: Access) {
  const folder = folderOf(data, service)
  for (const log of logsIn(folder)) rmSync(log)
  const ports = yield* Ports.choose(service.ports, port)
  yield* Effect.logInfo(`starting ${service.name}`)
  const server = yield* Server.start(service, { folder, ports, settings: {} }, needed)
  Registry.write(folder, { access: server.access, needed, processes: yield* server.identities })
  return server
})

/** Stops a service; whether there was anything to stop. */
export const down = (service: Service, data: string): Effect.Effect<boolean, ServiceProblem> => {
  const folder = folderOf(data, service)
  if (!existsSync(folder)) return Effect.succeed(false)
  return Effect.suspend(() => {
    const entry = Registry.read(folder)
    return entry === undefined ? Effect.succeed(false) : Registry.end(folder, entry)
  }).pipe(alone(data, service))
}

/** How to reach a service that runs; undefined for one that does not. */
export const status = (service: Service, data: string): Access | undefined => {
  const entry = Registry.read(folderOf(data, service))
  return entry !== undefined && Registry.isRunning(entry) ? entry.access : undefined
}

/** All that its processes have said since they were last started. */
export const logs = Effect.fnUntraced(function*(service: Service, data: string) {
  const folder = folderOf(data, service)
  const files = logsIn(folder)
  if (files.length === 0) {
    return yield* problem(`there are no logs of ${service.name} in ${folder}: up ${service.name} starts it`)
  }
  return files.map((file) => `==> ${file} <==\n${readFileSync(file, "utf8")}`).join("\n")
})

const logsIn = (folder: string): ReadonlyArray<string> => {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith(".log")).sort().map((name) => join(folder, name))
}
