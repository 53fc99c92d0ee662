/**
 * One at a time, among all processes of the machine. The lock is an exclusive transaction on a database of its own,
 * never committed: the kernel lets go of it when its holder ends, however that ends, so none is ever left over.
 */
import { Effect, Scope } from "effect"
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { problem, type ServiceProblem } from "./Problem.ts"

/** Waits for the lock and holds it while the effect runs. `what` names it for who has to wait. */
export const during = (file: string, what: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scopedWith((scope) => Effect.andThen(Scope.provide(hold(file, what), scope), effect))

const hold = Effect.fnUntraced(function*(
  file: string,
  what: string
): Effect.fn.Return<void, ServiceProblem, Scope.Scope> {
  if (yield* take(file)) return
  yield* Effect.logInfo(`waiting for another process that is busy with ${what}`)
  while (!(yield* take(file))) yield* Effect.sleep("100 millis")
})

/** Whether it could be had. */
const take = (file: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => lock(file),
      catch: (cause) => problem(`the lock ${file} cannot be taken: ${String(cause)}`)
    }),
    (held) => Effect.sync(() => held?.close())
  ).pipe(Effect.map((held) => held !== undefined))

const lock = (file: string): DatabaseSync | undefined => {
  mkdirSync(dirname(file), { recursive: true })
  const held = new DatabaseSync(file)
  try {
    held.exec("begin exclusive")
    return held
  } catch (cause) {
    held.close()
    if (isBusy(cause)) return undefined
    throw cause
  }
}

/** SQLITE_BUSY, https://sqlite.org/rescode.html#busy. */
const isBusy = (cause: unknown): boolean =>
  cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" && (cause.errcode & 0xff) === 5
