/**
 * The one session that all clients of a cluster share. Spark keeps queries by session, so whoever wants to find those
 * of another client has to be in its session: ids are derived, not drawn. A session that was closed can never be used
 * again; then everyone takes the next.
 */
import { type Duration, Effect, Exit, type Redacted, Scope, Semaphore } from "effect"
import { createHash } from "node:crypto"
import * as Charset from "./Charset.ts"
import { settings } from "../compile/Compile.ts"
import * as Session from "../connect/Session.ts"
import { SparkError } from "../connect/SparkError.ts"
import { type Failure, isOfSession } from "./Failures.ts"
import type { ServerLocation } from "./ServerLocation.ts"
import type { SubmissionError } from "../rest/SubmissionError.ts"

export interface Options {
  readonly place: ServerLocation
  readonly token: Redacted.Redacted
  /** For how long the server may be away before a request fails. */
  readonly patience: Duration.Input
  /** What sessions run with, beside what pipelines need. */
  readonly settings?: Readonly<Record<string, string>> | undefined
}

export interface Sessions {
  /** Does something in the session; connects where nobody is connected. */
  readonly within: <A, E extends Failure, R>(
    work: Effect.Effect<A, E, R | Session.Session>
  ) => Effect.Effect<A, E | SparkError | SubmissionError, Exclude<R, Session.Session>>
  /** The same, from its beginning and in another session where the session turns out to be gone, with all it did. */
  readonly use: Sessions["within"]
  /** Where the server is known to be gone: the next who does something does not wait for it. */
  readonly reset: Effect.Effect<void>
}

type Current = { readonly session: Session.Session["Service"]; readonly scope: Scope.Closeable }

/** Connects to nothing yet. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const { withPermit } = yield* Semaphore.make(1)
  let current: Current | undefined

  const latest = withPermit(Effect.suspend(() =>
    current === undefined
      ? Effect.tap(open(options), (opened) => Effect.sync(() => current = opened))
      : Effect.succeed(current)
  ))

  /** What others are asking by it fails, and is asked by the next. */
  const leave = (left: Current) =>
    withPermit(Effect.suspend(() => {
      if (current !== left) return Effect.void
      current = undefined
      return Scope.close(left.scope, Exit.void)
    }))

  const reset = Effect.suspend(() => current === undefined ? Effect.void : leave(current))
  yield* Effect.addFinalizer(() => reset)

  const within: Sessions["within"] = (work) =>
    Effect.flatMap(latest, (used) =>
      Effect.provideService(work, Session.Session, used.session).pipe(
        // The server may be elsewhere by now.
        Effect.tapError((error) => error.reason === "unreachable" || isOfSession(error) ? leave(used) : Effect.void)
      ))

  const use: Sessions["use"] = (work) => Effect.retry(within(work), { times: 3, while: isGone })

  return { within, use, reset } satisfies Sessions
})

const isGone = (failure: Failure): boolean => isOfSession(failure) || failure.reason === "execution-lost"

/** What a session cannot have is refused, and never left out. */
const prepare = Effect.fnUntraced(function*(session: Session.Session["Service"], wanted: Readonly<Record<string, string>>) {
  const names = Object.keys(wanted)
  const [own] = names.filter((name) => Object.hasOwn(settings, name) && settings[name] !== wanted[name])
  if (own !== undefined) return yield* refused(`${own} is ${settings[own]} wherever courant runs, and cannot be ${wanted[own]}`)
  const fixed = names.length === 0 ? [] : yield* session.fixed(names)
  if (fixed.length > 0) {
    return yield* refused(`${fixed.join(", ")} cannot be set for a session of a Spark server that runs: set it where the server is started`)
  }
  yield* Effect.andThen(Charset.check(session), session.set({ ...wanted, ...settings }))
})

const refused = (message: string) => Effect.fail(new SparkError({ reason: "refused", message }))

const open = Effect.fnUntraced(function*({ patience, place, settings: wanted = {}, token }: Options) {
  const address = yield* place.address
  const scope = yield* Scope.make()
  const connected = (generation: number): Effect.Effect<Session.Session["Service"], SparkError, Scope.Scope> =>
    Session.connect({ ...address, token, patience, sessionId: address.sessionId ?? idOf(generation), keep: true }).pipe(
      Effect.tap((session) => prepare(session, wanted)),
      // A session that was asked for by its id has no next one.
      Effect.catch((error) =>
        error.reason === "session-closed" && address.sessionId === undefined ? connected(generation + 1) : Effect.fail(error))
    )
  const session = yield* connected(0).pipe(
    Scope.provide(scope),
    Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
  )
  return { session, scope } satisfies Current
})

/** A UUID of version 8, https://www.rfc-editor.org/rfc/rfc9562#section-5.8 */
export const idOf = (generation: number): string => {
  const hash = createHash("sha256").update(`courant ${generation}`).digest("hex")
  const part = (from: number, to: number) => hash.slice(from, to)
  return [part(0, 8), part(8, 12), `8${part(13, 16)}`, `8${part(17, 20)}`, part(20, 32)].join("-")
}
