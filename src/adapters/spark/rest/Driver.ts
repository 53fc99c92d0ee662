/** The driver of a Connect server, from its submission to its end: whether it serves, and whether another may mend its end. */
import { Duration, Effect, Schema } from "effect"
import * as MonotonicTime from "../../../streams/ports/MonotonicTime.ts"
import { SubmissionError } from "./SubmissionError.ts"
import { isOver, type Status, type Submissions } from "./Submissions.ts"

export interface Options {
  readonly submissions: Submissions["Service"]
  /** Where it listens on its worker. */
  readonly port: number
  /** Succeeds once the server answers at `HOST:PORT`: a driver that runs does not serve yet. */
  readonly serves: (address: string) => Effect.Effect<unknown, unknown>
  /** How long it may take until it serves, in milliseconds. */
  readonly startTimeout: number
  /** Is told its address when it begins to serve, and `null` when it has to be waited for again. */
  readonly tell: (address: string | null) => Effect.Effect<void>
}

/** It has ended in a way that another start may mend. */
export class Failed extends Schema.TaggedError<Failed>()("Failed", {
  message: Schema.String,
  /** For so long it had served, in milliseconds. */
  served: Schema.Finite
}) {}

/** Follows one driver from its submission to its end, which is told as a failure. */
export const follow = Effect.fnUntraced(function*(id: string, options: Options) {
  const { port, serves, startTimeout, submissions, tell } = options
  const since = yield* MonotonicTime.millis
  let isServing = false
  let servingSince: number | undefined
  let knownAt = since
  while (true) {
    const now = yield* MonotonicTime.millis
    const served = servingSince === undefined ? 0 : now - servingSince
    const status = yield* statusOf(submissions, id)
    if (status !== "forgotten") knownAt = now
    else if (now - knownAt > grace) return yield* new Failed({ message: `the master has forgotten ${who(id)}`, served })
    if (typeof status !== "string") {
      if (isOver(status.state)) return yield* endOf(status, served)
      if (status.state !== "RUNNING") {
        if (isServing) yield* tell(null)
        isServing = false
      } else if (!isServing) {
        const address = `${status.host ?? "127.0.0.1"}:${port}`
        if (yield* answers(serves(address))) {
          servingSince ??= now
          yield* tell(address)
          isServing = true
        }
      }
    }
    if (servingSince === undefined && now - since > startTimeout) yield* giveUp(id, status, options)
    yield* Effect.sleep("500 millis")
  }
})

/** Of a master that is away nothing follows for the driver; one that comes back without its memory has forgotten it. */
type Known = Status | "unreachable" | "forgotten"

export const statusOf = (submissions: Submissions["Service"], id: string): Effect.Effect<Known, SubmissionError> =>
  Effect.catch(submissions.status(id), (error) => {
    if (error.reason === "unreachable") return Effect.succeed<Known>("unreachable")
    return error.reason === "unknown-submission" ? Effect.succeed<Known>("forgotten") : Effect.fail(error)
  })

/** A master ends the drivers that it does not know, as soon as their workers have found it. */
const grace = Duration.toMillis("10 seconds")

const answers = (serves: Effect.Effect<unknown, unknown>): Effect.Effect<boolean> =>
  serves.pipe(Effect.timeout("5 seconds"), Effect.isSuccess)

const endOf = ({ id, message, state }: Status, served: number): Failed | SubmissionError => {
  const detail = message === "" ? "" : ` (${(message.split("\n")[0] ?? "").slice(0, 300)})`
  const what = who(id)
  switch (state) {
    case "KILLED":
      return new SubmissionError({ reason: "killed", message: `${what} was killed by a request, and stays down` })
    case "FINISHED":
      return new SubmissionError({ reason: "ended", message: `${what} has ended by itself, and stays down` })
    default:
      return new Failed({ message: `${what} has ended as ${state}${detail}; see its stderr on the worker`, served })
  }
}

const giveUp = Effect.fnUntraced(function*(id: string, status: Known, { startTimeout, submissions }: Options) {
  // It would take what it needs whenever there is room for it, and nobody would use it.
  yield* Effect.ignore(submissions.kill(id))
  const what = typeof status === "string" ? `the master is ${status}` : `its driver is ${status.state}`
  const why = what.endsWith("SUBMITTED") ? "no worker has the cores and the memory for it" : what
  return yield* new SubmissionError({
    reason: "ended",
    message: `${who(id)} does not serve after ${Duration.format(Duration.millis(startTimeout))}: ${why}`
  })
})

const who = (id: string): string => `the Spark Connect server ${id}`
