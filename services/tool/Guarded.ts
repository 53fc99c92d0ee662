/**
 * A child process that cannot outlive this one, however this one ends: `kill -9` included, when nothing
 * of ours can run any more. Its guard is a shell that reads from a pipe whose other end we hold. If we end,
 * the kernel closes the pipe and the guard kills the child, and whatever that has started, as one group. The shell
 * that made the guard has become the child (`exec`), so the group has the child's process id; and as the guard
 * is of the group too, that number cannot come to mean another group meanwhile.
 *
 * Not Effect's ChildProcess, which ends with its scope or with its process group: this one ends with the
 * process that started it, unless `release` gives it a life of its own. It has a session of its own too,
 * so that Ctrl-C reaches us alone, who know in which order to stop.
 */
import { Deferred, Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as Identity from "./Identity.ts"
import { problem, type ServiceProblem } from "./Problem.ts"

/**
 * `$1` is the log, the rest the command. A shell gives its background jobs an empty standard input, hence the
 * descriptor 3. The guard ignores SIGTERM, for it has to watch over a slow stop as well.
 */
const script = `
log=$1; shift
exec 3<&0 </dev/null
{ trap '' TERM; read -r released <&3 || kill -s KILL -- "-$$"; } >/dev/null 2>&1 &
exec 3<&-
exec "$@" >>"$log" 2>&1
`

/** How a process ended: by itself with a code, or by a signal. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Guarded {
  readonly identity: Identity.Identity
  readonly isRunning: () => boolean
  readonly ended: Effect.Effect<Ended>
  /** Nothing happens if it has ended. */
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Lets it outlive this process and the scope. */
  readonly release: Effect.Effect<void>
}

/** Starts a command, with this process's environment where it is given none; the end of the scope kills it. */
export const start = Effect.fnUntraced(function*(
  command: readonly [string, ...ReadonlyArray<string>],
  log: string,
  environment: Environment = process.env
): Effect.fn.Return<Guarded, ServiceProblem, Scope.Scope> {
  const ended = Deferred.makeUnsafe<Ended>()
  let released = false
  const child = yield* Effect.acquireRelease(spawnGuarded(command, log, environment, ended), (child) =>
    Effect.suspend(() => {
      if (released || !isRunning(child)) return Effect.void
      child.kill("SIGKILL")
      return Effect.asVoid(Deferred.await(ended))
    }))
  return {
    identity: Identity.of(child.pid) ?? Identity.ofNone(child.pid),
    isRunning: () => isRunning(child),
    ended: Deferred.await(ended),
    signal: (signal) => Effect.sync(() => void child.kill(signal)),
    release: Effect.callback<void>((resume) => {
      released = true
      child.unref()
      // Written, or the guard has ended with the process: in either case it no longer waits for us.
      child.stdin?.end("released\n", () => resume(Effect.void))
    })
  }
})

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

type Environment = { readonly [name: string]: string | undefined }

const spawnGuarded = (
  command: ReadonlyArray<string>,
  log: string,
  environment: Environment,
  ended: Deferred.Deferred<Ended>
) =>
  Effect.callback<ChildProcess & { readonly pid: number }, ServiceProblem>((resume) => {
    const child = spawn("/bin/sh", ["-c", script, "guard", log, ...command], {
      detached: true,
      env: environment,
      stdio: ["pipe", "ignore", "ignore"]
    })
    // A guard that has gone no longer reads; that is seen where the process ends.
    child.stdin?.on("error", () => {})
    child.once("exit", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed({ code, signal })))
    child.once("error", (error) => resume(Effect.fail(problem(`no process could be started: ${error.message}`))))
    child.once("spawn", () => {
      // Node sets the process id before it says that it has spawned.
      resume(Effect.succeed(child as ChildProcess & { readonly pid: number }))
    })
  }).pipe(Effect.uninterruptible)

/** Runs a command to its end. */
export const complete = (command: readonly [string, ...ReadonlyArray<string>], log: string) =>
  Effect.scoped(Effect.flatMap(start(command, log), ({ ended }) => ended))
