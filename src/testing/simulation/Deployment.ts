/** The processes of a simulated world: which there are, what each runs, and with which stores it is connected. */
import { Clock, Effect, type Fiber, Layer, Logger, Random } from "effect"
import * as Ingest from "../../streams/engine/Ingest.ts"
import * as InProcess from "../../streams/engine/InProcess.ts"
import * as PaneRelay from "../../streams/engine/PaneRelay.ts"
import type { Any } from "../../streams/pipeline/Pipeline.ts"
import { Engine } from "../../streams/ports/Engine.ts"
import { Feed } from "../../streams/ports/Feed.ts"
import type { ResultSink } from "../../streams/ports/ResultSink.ts"
import { Kind } from "../../streams/records/Records.ts"
import { source } from "../Arbitraries.ts"
import type { Faults } from "./Faults.ts"
import type { Account } from "./Judgement.ts"
import * as Ports from "./Ports.ts"
import type { Process } from "./Process.ts"
import type { Random as Numbers } from "./Random.ts"
import { SimulatedFeed, until } from "./SimulatedFeed.ts"
import * as Sinks from "./Sinks.ts"
import type { Stores } from "./Stores.ts"
import { Watch } from "./Watch.ts"
import type { Absence, Planned, Shape } from "./Workload.ts"
import type { World } from "./World.ts"

/** How the program is set up. */
export interface Mode extends Shape {
  /** The log is fed by others, and processors take the place of one another. */
  readonly isApart: boolean
  /** Those others spread a key's events over all partitions. */
  readonly isSpread: boolean
  /** The feed is asked whether it has more; otherwise only the clock says how long it has been quiet. */
  readonly isAsked: boolean
  /** The log is fed without a silence. */
  readonly isDense: boolean
  /** The sink tries again what has failed. */
  readonly isPatient: boolean
  /** Panes go into a log, and are carried out of it by a process of its own. */
  readonly isRelayed: boolean
}

export const modeOf = (random: Numbers): Mode => {
  const isOrdered = random.happens(0.5)
  const isApart = !isOrdered && random.happens(0.6)
  const isSpread = isApart && random.happens(0.7)
  const isAsked = isOrdered ? random.happens(0.6) : !isApart && random.happens(0.8)
  const isDense = isOrdered && !isAsked && random.happens(0.5)
  const isRelayed = random.happens(0.3)
  const pace = random.happens(0.4) ? 4 : 30
  const isPatient = random.happens(0.4)
  return { isOrdered, isApart, isSpread, isAsked, isDense, isRelayed, isPatient, pace, silences: isDense ? 0 : 0.15 }
}

/** `last` ones run until all is done. */
export type Role = "carrier" | "feeder" | "last carrier" | "last processor" | "processor"

export const rolesOf = ({ isApart, isRelayed, isSpread }: Mode): ReadonlyArray<Role> =>
  ["processor", ...isApart && !isSpread ? ["feeder"] as const : [], ...isRelayed ? ["carrier"] as const : []]

export interface Setting {
  readonly mode: Mode
  readonly plan: ReadonlyArray<Planned>
  readonly absences: Array<Absence>
  readonly pipelines: ReadonlyArray<Any>
  readonly world: World
  readonly stores: Stores
  readonly faults: Faults
}

/** What is known where a process is started. */
interface Birth extends Setting {
  readonly name: number
  readonly hasPlace: () => boolean
  readonly complain: (problem: string) => void
  readonly draw: (bound: number) => number
}

export type Report = Account

export interface Life {
  readonly role: Role
  readonly process: Process
  readonly watch: Watch
  readonly fiber: Fiber.Fiber<Report, unknown>
}

/** Others write a plan into the log, each line into any partition when its time has come. */
export const spread = ({ plan, stores: { log }, world }: Setting, random: Numbers): void => {
  let written = 0
  for (const { at, text } of plan) {
    const partition = random.below(log.partitions.length)
    world.later(at + random.below(20), () => {
      log.append(partition, [{ bytes: Buffer.from(text), kind: Kind.event, appendedAt: world.now + world.wallAhead }])
      written++
      log.position = String(written)
    })
  }
}

export const start = (role: Role, birth: Birth): Life => {
  const { complain, draw, world } = birth
  const process = world.start()
  const watch = new Watch({ complain, isWatched: draw(8) === 0 })
  const simulated = { ...birth, process }
  const program = programs[role](simulated, watch).pipe(
    Effect.provide(Logger.layer([])),
    Effect.provideService(Clock.Clock, process),
    Random.withSeed(draw(1_000_000))
  )
  return { role, process, watch, fiber: Effect.runFork(program, { scheduler: process }) }
}

interface Started extends Birth, Ports.Simulated {}

type Program = (started: Started, watch: Watch) => Effect.Effect<Report, unknown>

const nothing: Report = { aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0, held: 0, byPipeline: {} }

const ingestion = ({ isOrdered }: Mode) => isOrdered ? Ingest.whole : Ingest.byKey({ source: source(0).definition })

/** Chunks that wait for the log, and those that it is being given, at most. */
const mostWaiting = 2 * 16 + 4

const feedOf = ({ absences, complain, draw, plan, stores: { log }, world }: Started) =>
  new SimulatedFeed(world, {
    plan,
    absences,
    most: 1 + draw(draw(8) + 1),
    onGiven: (given, most) => {
      const waiting = given - Number(log.position ?? 0)
      if (waiting > mostWaiting * most) complain(`${waiting} events wait for the log`)
    }
  })

const processor: Program = (started, watch) => {
  const { draw, mode, pipelines } = started
  const feed = feedOf(started)
  const checkpointEvery = draw(800)
  const portion = 1 + draw(7)
  return Effect.gen(function*() {
    const engine = yield* Engine
    const options = { name: "simulated", pipelines, idleTimeout: 200, checkpointEvery, portion }
    if (mode.isApart) return yield* engine.run(options)
    const { isQuiet, run } = yield* ingestion(mode)
    const asked = mode.isAsked ? { ...options, isQuiet } : options
    return yield* Effect.raceFirst(engine.run(asked), Effect.andThen(run, Effect.never))
  }).pipe(Effect.provide(engineLayer(started, watch)), Effect.provideService(Feed, feed.service))
}

const lastProcessor: Program = (started, watch) => {
  const { mode, pipelines, plan, stores: { log } } = started
  return Effect.gen(function*() {
    const { run } = yield* ingestion(mode)
    yield* Effect.raceFirst(mode.isSpread ? Effect.never : run, until(() => log.position === String(plan.length)))
    const engine = yield* Engine
    return yield* engine.run({ name: "simulated", pipelines, stopAt: Effect.sync(() => log.ends), portion: 3 })
  }).pipe(Effect.provide(engineLayer(started, watch)), Effect.provideService(Feed, feedOf(started).service))
}

const feeder: Program = (started) =>
  Effect.flatMap(ingestion(started.mode), ({ run }) => Effect.andThen(run, Effect.never)).pipe(
    Effect.as(nothing),
    Effect.provide(logLayer(started)),
    Effect.provideService(Feed, feedOf(started).service)
  )

const carrier = (isLast: boolean): Program => (started) => {
  const { draw, pipelines, stores: { paneLog } } = started
  const stopAt = isLast ? paneLog!.ends : undefined
  return PaneRelay.run({ name: "carried", pipelines, stopAt, saveEvery: 1 + draw(200) }).pipe(
    Effect.as(nothing),
    Effect.provide(Layer.mergeAll(
      Ports.logLayer(started, paneLog!, { topic: "panes", isPrompt: false }),
      Ports.checkpointsLayer(started),
      // What it carries may come twice, and an older pane behind a newer one.
      sinkLayer(started, null)
    ))
  )
}

const programs: { readonly [R in Role]: Program } = {
  processor,
  feeder,
  carrier: carrier(false),
  "last processor": lastProcessor,
  "last carrier": carrier(true)
}

const logLayer = (started: Started) =>
  Ports.logLayer(started, started.stores.log, { topic: "simulated", isPrompt: started.mode.isOrdered && !started.mode.isAsked })

const engineLayer = (started: Started, watch: Watch) => {
  const { stores: { paneLog } } = started
  const letters = Ports.lettersLayer(started)
  const sink = paneLog === null ? sinkLayer(started, watch) : Sinks.paneLogLayer(started, paneLog, watch)
  return InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
    logLayer(started),
    Ports.decisionsLayer(started),
    Ports.checkpointsLayer(started),
    letters,
    Sinks.rowsLayer(started),
    sink,
    watch.layer
  )))
}

/** With a policy of retries as the adapters of servers have it, or one that gives up at once. */
const sinkLayer = (started: Started, watch: Watch | null): Layer.Layer<ResultSink> => {
  const sink = Sinks.panesLayer(started, watch)
  return started.mode.isPatient ? Sinks.patient.pipe(Layer.provide(sink)) : sink
}
