/**
 * One writer a folder. The lock is an exclusive transaction on a database of its own, never
 * committed: the kernel lets go of it when the process ends, however it ends.
 * (The lock file must not be opened by other means in this process: closing any handle
 * of a file drops its POSIX locks, https://sqlite.org/howtocorrupt.html.)
 */
import { Effect, Option, Schema, type Scope } from "effect"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** Who holds the lock, for the message only. */
const Holder = Schema.Struct({ pid: Schema.Int, started: Schema.DateFromString })

const parseHolder = Schema.decodeUnknownOption(Schema.fromJsonString(Holder))

export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  /** `null` in the moment between another process's taking the lock and its saying who it is. */
  holder: Schema.NullOr(Holder)
}) {
  override get message() {
    const who = this.holder === null
      ? "another process"
      : `process ${this.holder.pid} (started ${clockTime(this.holder.started)})`
    return `the folder ${this.folder} is in use by ${who}`
  }
}

class LockFailed extends Schema.TaggedError<LockFailed>()("LockFailed", { cause: Schema.Defect() }) {}

/** Holds the folder until the scope ends. */
export const lock = (folder: string): Effect.Effect<void, FolderInUse | LockFailed, Scope.Scope> => {
  const holderFile = join(folder, "writer.json")
  const take = Effect.try({
    try: () => holdLock(join(resolve(folder), "writer.lock")),
    catch: (cause) =>
      isBusy(cause) ? new FolderInUse({ folder, holder: readHolder(holderFile) }) : new LockFailed({ cause })
  })
  return Effect.acquireRelease(take, (held) =>
    Effect.sync(() => {
      rmSync(holderFile, { force: true })
      held.close()
    })).pipe(
      Effect.andThen(Effect.try({
        try: () => writeFileSync(holderFile, JSON.stringify({ pid: process.pid, started: new Date() })),
        catch: (cause) => new LockFailed({ cause })
      }))
    )
}

const holdLock = (file: string): DatabaseSync => {
  const held = new DatabaseSync(file)
  try {
    held.exec("begin exclusive")
    return held
  } catch (cause) {
    held.close()
    throw cause
  }
}

/** SQLITE_BUSY. */
const isBusy = (cause: unknown): boolean =>
  cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" && (cause.errcode & 0xff) === 5

const readHolder = (file: string): typeof Holder.Type | null => {
  try {
    return Option.getOrNull(parseHolder(readFileSync(file, "utf8")))
  } catch {
    return null
  }
}

const two = (value: number): string => String(value).padStart(2, "0")

/** `10:31`, with the day before it where that is not today. */
const clockTime = (time: Date): string => {
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`
  return time.toDateString() === new Date().toDateString()
    ? clock
    : `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}
