/**
 * One running instance of a service, from its start to its end. While this process holds it, its processes
 * end with this one; `release` leaves them running.
 */
import { Effect, Schedule, Scope, Semaphore } from "effect"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { NotYet } from "./Ask.ts"
import * as Guarded from "./Guarded.ts"
import * as Identity from "./Identity.ts"
import { problem, type ServiceProblem } from "./Problem.ts"
import type * as Registry from "./Registry.ts"
import type { Access, Place, Process, Service } from "./Service.ts"

export interface Server<Has extends Access> {
  readonly access: Has
  /** With its data, its configuration and a log for each process. */
  readonly folder: string
  /** Its processes that run, in the order of their start. */
  readonly identities: Effect.Effect<ReadonlyArray<Registry.Running>>
  /** Waits until one of its processes has ended, by itself or by another's hand, and gives the process's name. */
  readonly fell: Effect.Effect<string>
  /** Ends the process that clients speak to, at once and without warning. What that depends on goes on. */
  readonly kill9: Effect.Effect<void>
  /** Stops the process that clients speak to in the middle of whatever it does; its connections stay open. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Ends all of its processes in order; one that takes longer than 15 seconds is killed. */
  readonly stop: Effect.Effect<void>
  /**
   * Starts it again on the same ports and data, and is done when clients can use it: the process that clients
   * speak to, stopped in order first if it runs, and whatever else of it does not run.
   */
  readonly restart: Effect.Effect<void, ServiceProblem>
  /** Lets it outlive this process and the scope. */
  readonly release: Effect.Effect<void>
}

/** Starts a service; done when clients can use it. The end of the scope kills what runs of it. */
export const start = Effect.fnUntraced(function*<Port extends string, Has extends Access, Needed extends Access>(
  service: Service<Port, Has, Needed>,
  place: Place<Port>,
  needed: Needed
): Effect.fn.Return<Server<Has>, ServiceProblem, Scope.Scope> {
  mkdirSync(place.folder, { recursive: true, mode: 0o700 })
  const processes = yield* service.prepare(place, needed)
  const scope = yield* Effect.scope
  const started = new Map<Process, Guarded.Guarded>()
  const running = (): ReadonlyArray<readonly [Process, Guarded.Guarded]> =>
    processes.flatMap((process) => {
      const guarded = started.get(process)
      return guarded?.isRunning() === true ? [[process, guarded] as const] : []
    })
  const main = (act: (guarded: Guarded.Guarded, process: Process) => Effect.Effect<unknown>) =>
    Effect.suspend(() => {
      const [process, guarded] = running().at(-1) ?? []
      return guarded !== undefined && process !== undefined && process === processes.at(-1)
        ? Effect.asVoid(act(guarded, process))
        : Effect.void
    })

  const launchMissing = Effect.gen(function*() {
    for (const process of processes) {
      if (started.get(process)?.isRunning() === true) continue
      const log = logOf(place.folder, process.name)
      const who = `${service.name}'s ${process.name}`
      if (process.clear !== undefined) yield* soon(process.clear, `${who} could not be started`)
      const guarded = yield* Guarded.start(process.command, log, process.environment).pipe(Scope.provide(scope))
      started.set(process, guarded)
      yield* Effect.raceFirst(
        soon(process.ready, `${who} was not ready in time (its log is ${log})`),
        Effect.flatMap(guarded.ended, (ended) =>
          problem(`${who} ended before it was ready${how(ended)}: ${lastWord(log)}; its log is ${log}`))
      )
    }
  })
  const stop = Effect.suspend(() =>
    Effect.forEach([...running()].reverse(), ([process, guarded]) => end(guarded, process), { discard: true }))

  // What changes the processes is done one at a time, whatever a test does at once.
  const { withPermit: alone } = yield* Semaphore.make(1)
  yield* alone(launchMissing)
  return {
    access: service.access(place.ports, place.folder),
    folder: place.folder,
    identities: Effect.sync(() =>
      running().map(([{ stopSignal }, { identity }]) =>
        stopSignal === undefined ? identity : { ...identity, stopSignal })
    ),
    // Of all that were started: one may have ended before anyone waits.
    fell: Effect.suspend(() =>
      Effect.raceAllFirst([...started].map(([{ name }, { ended }]) => Effect.as(ended, name)))),
    kill9: main((guarded) => Effect.andThen(guarded.signal("SIGKILL"), guarded.ended)),
    pause: main((guarded) => Effect.andThen(guarded.signal("SIGSTOP"), Identity.stopped(guarded.identity))),
    resume: main((guarded) => guarded.signal("SIGCONT")),
    stop: alone(stop),
    restart: alone(Effect.andThen(main(end), launchMissing)),
    release: Effect.suspend(() => Effect.forEach(running(), ([, { release }]) => release, { discard: true }))
  }
})

export const logOf = (folder: string, process: string): string => join(folder, `${process}.log`)

const end = (guarded: Guarded.Guarded, { stopSignal = "SIGTERM" }: Process) =>
  Effect.gen(function*() {
    yield* guarded.signal(stopSignal)
    // One that is paused would not hear of it.
    yield* guarded.signal("SIGCONT")
    yield* guarded.ended
  }).pipe(Effect.timeoutOrElse({
    duration: "15 seconds",
    orElse: () => Effect.andThen(guarded.signal("SIGKILL"), guarded.ended)
  }))

/** Asks until the answer is yes. */
const soon = (ask: Effect.Effect<void, NotYet>, otherwise: string): Effect.Effect<void, ServiceProblem> =>
  Effect.suspend(() => {
    let missing = ""
    return ask.pipe(
      Effect.tapError(({ message }) => Effect.sync(() => { missing = message })),
      Effect.retry(Schedule.spaced("50 millis")),
      Effect.timeoutOrElse({ duration: "3 minutes", orElse: () => Effect.fail(problem(`${otherwise}: ${missing}`)) }),
      // Without an end to the schedule no failure of the question itself is left.
      Effect.mapError((error) => problem(error.message))
    )
  })

const how = ({ code, signal }: Guarded.Ended): string => signal === null ? ` (exit code ${code})` : ` (${signal})`

/** The last line of a log that is not of a stack trace. */
const lastWord = (log: string): string =>
  (existsSync(log) ? readFileSync(log, "utf8") : "").split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+(at|\.\.\.)\s/.test(line)).at(-1)?.trim() ?? "it said nothing"
