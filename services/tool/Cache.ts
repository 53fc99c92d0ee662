/**
 * Folders in the user's cache that are made once, for all projects: what servers run from. A folder has its final name
 * only when it is whole.
 */
import { Effect } from "effect"
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import * as Lock from "./Lock.ts"

/**
 * The folder's path. Where it is not there, it is made in a place that `make` is given, beside which it may keep a log;
 * `what` names that for who has to wait meanwhile.
 */
export const folder = <E, R>(
  kind: string,
  name: string,
  what: string,
  make: (part: string, log: string) => Effect.Effect<void, E, R>
) => {
  const place = join(root(), kind, name)
  // Under the lock, so whatever has the temporary name was left behind by one that was cut short.
  const made = Effect.suspend(() => {
    if (existsSync(place)) return Effect.void
    const part = `${place}.part`
    const log = `${place}.log`
    rmSync(part, { recursive: true, force: true })
    mkdirSync(part, { recursive: true })
    rmSync(log, { force: true })
    return Effect.tap(make(part, log), () =>
      Effect.sync(() => {
        renameSync(part, place)
        rmSync(log, { force: true })
      }))
  }).pipe(Lock.during(`${place}.lock`, what))
  return Effect.suspend(() => existsSync(place) ? Effect.succeed(place) : Effect.as(made, place))
}

/** `~/.cache/courant`, or where https://specifications.freedesktop.org/basedir-spec has the user's cache. */
const root = (): string => {
  const cache = process.env["XDG_CACHE_HOME"] ?? ""
  return join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "courant")
}
