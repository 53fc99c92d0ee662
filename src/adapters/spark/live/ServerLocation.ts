/** Where the Spark Connect server is: at an address that is known, or on whichever worker it was started. */
import { Context, Effect, Layer, type Redacted, Scope, Semaphore } from "effect"
import * as Session from "../connect/Session.ts"
import { ConnectServer } from "../rest/ConnectServer.ts"
import type { SubmissionError } from "../rest/SubmissionError.ts"
import { isOver, type Options as Rest, Submissions } from "../rest/Submissions.ts"

/** A server, and how it is spoken to: {@link Session.Options} without the token. */
export interface Address extends Omit<Session.Options, "token" | "keep" | "patience" | "serverSessionId"> {}

/** One that courant submits to the cluster, and submits again when it fails. It goes on when courant ends. */
export interface Launch {
  /** The REST API of the master. */
  readonly rest: Rest
  /** Where it listens on its worker. */
  readonly port: number
  /** `127.0.0.1` unless told; `0.0.0.0` on a cluster of several hosts. */
  readonly bind?: string | undefined
  /** Settings of Spark beside those that it needs: `spark.executor.memory`, `spark.cores.max` and so on. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** The id of one that was submitted before, which is used while it is not over. */
  readonly submission?: string | undefined
  /** Is told the id of each one that is submitted, as `submission` for those who come after us. */
  readonly onSubmitted?: ((id: string) => Effect.Effect<void>) | undefined
}

export type Options = Address | Launch

export interface ServerLocation {
  /** Waits for a server that is being started; fails where there will be none. */
  readonly address: Effect.Effect<Address, SubmissionError>
  /** Waits until there is none any more, and none will be without being asked for, and says why. */
  readonly gone: Effect.Effect<never, SubmissionError>
  /** Whether there is one, or may be one soon, without starting any. */
  readonly isThere: Effect.Effect<boolean, SubmissionError>
  /** Where the last has ended for good, there will be another; whether that is so. */
  readonly renew: Effect.Effect<boolean>
}

export const make = (
  options: Options,
  token: Redacted.Redacted
): Effect.Effect<ServerLocation, SubmissionError, Scope.Scope> =>
  "rest" in options
    ? Effect.provide(launching(options, token), Submissions.layer(options.rest), { local: true })
    : Effect.succeed({
      address: Effect.succeed(options),
      gone: Effect.never,
      isThere: Effect.succeed(true),
      renew: Effect.succeed(false)
    })

interface Launched {
  readonly server: ConnectServer["Service"]
  isOver: boolean
}

/** Nothing is submitted before somebody asks for the address. */
export const launching = Effect.fnUntraced(function*(options: Omit<Launch, "rest">, token: Redacted.Redacted) {
  const scope = yield* Effect.scope
  const submissions = telling(yield* Submissions, options)
  let current: Launched | undefined
  let { submission } = options

  const launch = Effect.gen(function*() {
    const context = yield* Layer.buildWithScope(Layer.fresh(serverOf(options, token, submission)), scope).pipe(
      Effect.provideService(Submissions, submissions)
    )
    const launched: Launched = { server: Context.get(context, ConnectServer), isOver: false }
    // Whoever is submitted after it is another.
    submission = undefined
    yield* Effect.ignore(launched.server.ended).pipe(
      Effect.ensuring(Effect.sync(() => launched.isOver = true)),
      Effect.forkIn(scope)
    )
    return launched
  })

  const { withPermit } = yield* Semaphore.make(1)
  const latest = withPermit(Effect.suspend(() =>
    current === undefined
      ? Effect.tap(launch, (launched) => Effect.sync(() => current = launched))
      : Effect.succeed(current)
  ))

  return {
    address: Effect.flatMap(latest, ({ server }) => Effect.map(server.server, ({ address }) => parsed(address))),
    gone: Effect.flatMap(latest, ({ server }) => server.ended),
    isThere: Effect.suspend(() => {
      if (current !== undefined) return Effect.succeed(!current.isOver)
      return submission === undefined ? Effect.succeed(false) : isAlive(submissions, submission)
    }),
    renew: withPermit(Effect.sync(() => {
      const isOver = current?.isOver === true
      if (isOver) current = undefined
      return isOver
    }))
  } satisfies ServerLocation
})

/** A master that was started anew knows none of those before. */
const isAlive = ({ status }: Submissions["Service"], id: string) =>
  Effect.map(status(id), ({ state }) => !isOver(state)).pipe(
    Effect.catchIf(({ reason }) => reason === "unknown-submission", () => Effect.succeed(false))
  )

/** Of whatever is created its id is told, before anybody waits for it to serve. */
const telling = (
  submissions: Submissions["Service"],
  { onSubmitted = () => Effect.void }: Pick<Launch, "onSubmitted">
) =>
  Submissions.of({
    ...submissions,
    create: (application) => Effect.tap(submissions.create(application), onSubmitted)
  })

const serverOf = (
  { bind, port, properties }: Omit<Launch, "rest">,
  token: Redacted.Redacted,
  submission: string | undefined
) =>
  ConnectServer.layer({
    port,
    bind,
    token,
    submission,
    properties: {
      // The state is cut into so many parts for ever; the 200 that Spark takes by itself are for hundreds of cores.
      "spark.sql.shuffle.partitions": "2",
      ...properties,
      // Sessions hold queries, which are to go on when nobody asks for them.
      "spark.connect.session.manager.defaultSessionTimeout":
        properties?.["spark.connect.session.manager.defaultSessionTimeout"] ?? "-1"
    },
    serves: (address) => Effect.scoped(Session.connect({ ...parsed(address), token, patience: 0 }))
  })

const parsed = (address: string): Address => {
  const colon = address.lastIndexOf(":")
  // Servers that a cluster launches speak no TLS: between them and us is a network that is trusted, as that of the cluster itself.
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)), isTrusted: true }
}
