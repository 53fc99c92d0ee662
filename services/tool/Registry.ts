/** Which services of a data folder run: what `up` leaves for `status`, `down` and the next `up`. */
import { Effect, Option, Schema } from "effect"
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Identity from "./Identity.ts"

const Access = Schema.Record(Schema.String, Schema.String)

const Running = Schema.Struct({
  ...Identity.Identity.fields,
  /** What makes it stop in order; SIGTERM unless told. */
  stopSignal: Schema.optionalKey(Schema.Literals(["SIGINT", "SIGTERM"]))
})
export type Running = typeof Running.Type

const Entry = Schema.Struct({
  access: Access,
  /** How it was told to reach the service that it needs. */
  needed: Schema.optionalKey(Access),
  /** In the order of their start. */
  processes: Schema.Array(Running)
})
export type Entry = typeof Entry.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Entry))

const fileOf = (folder: string): string => join(folder, "running.json")

/** What the folder says, which may no longer be so. */
export const read = (folder: string): Entry | undefined => {
  try {
    return Option.getOrUndefined(decode(readFileSync(fileOf(folder), "utf8")))
  } catch {
    return undefined
  }
}

/** Whether all of its processes run. */
export const isRunning = (entry: Entry): boolean => entry.processes.every(Identity.isAlive)

/** Replaced as a whole, and readable to its owner only: it may hold credentials. */
export const write = (folder: string, entry: Entry): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(`${fileOf(folder)}.new`, JSON.stringify(entry), { mode: 0o600 })
  renameSync(`${fileOf(folder)}.new`, fileOf(folder))
}

export const forget = (folder: string): void => rmSync(fileOf(folder), { force: true })

/**
 * Ends whatever of it still runs, in the reverse order of its start; whether that was anything. It is forgotten before,
 * so that an `up` in the foreground can tell this from an accident.
 */
export const end = Effect.fnUntraced(function*(folder: string, { processes }: Entry) {
  forget(folder)
  const alive = processes.filter(Identity.isAlive)
  for (const { stopSignal = "SIGTERM", ...identity } of alive.toReversed()) {
    yield* Identity.signal(identity, stopSignal)
    // One that is paused would not hear of it.
    yield* Identity.signal(identity, "SIGCONT")
    yield* gone(identity).pipe(Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => Effect.andThen(Identity.signal(identity, "SIGKILL"), gone(identity))
    }))
  }
  return alive.length > 0
})

const gone = Effect.fnUntraced(function*(identity: Identity.Identity) {
  while (Identity.isAlive(identity)) yield* Effect.sleep("20 millis")
})
