/** Applications of a cluster that is not there, for tests: it keeps the contract of the REST API, and starts nothing. */
import { Context, Effect, Layer } from "effect"
import { type Application, type DriverState, isOver, type Status, Submissions } from "./Submissions.ts"
import { SubmissionError } from "./SubmissionError.ts"

export interface Options {
  /** What becomes of an application by itself: it runs until it is killed unless told. */
  readonly fate?: (application: Application) => DriverState
}

/** The other side of the cluster: what was submitted to it, and what happens there. */
export class MemoryCluster extends Context.Service<MemoryCluster, {
  /** Those that were submitted, in their order. */
  readonly submitted: () => ReadonlyArray<{ readonly id: string; readonly application: Application }>
  /** What the master says of it from now on. */
  readonly become: (id: string, state: DriverState) => Effect.Effect<void>
  /** As a master that was started anew. */
  readonly forget: Effect.Effect<void>
  /** Whether the master answers. */
  readonly reachable: (reachable: boolean) => Effect.Effect<void>
}>()("courant/spark/MemoryCluster") {}

export const layer = ({ fate = () => "RUNNING" }: Options = {}): Layer.Layer<Submissions | MemoryCluster> =>
  Layer.effectContext(Effect.sync(() => {
    const submitted: Array<{ readonly id: string; readonly application: Application }> = []
    const states = new Map<string, DriverState>()
    let isReachable = true

    const answering = <A>(answer: () => Effect.Effect<A, SubmissionError>) =>
      Effect.suspend(() => isReachable ? answer() : failing("unreachable", "does not answer: it is away"))

    const known = (id: string): Effect.Effect<Status, SubmissionError> => {
      const state = states.get(id)
      return state === undefined
        ? failing("unknown-submission", `knows no submission ${JSON.stringify(id)}`)
        : Effect.succeed({ id, state, host: state === "SUBMITTED" ? undefined : "127.0.0.1", message: "" })
    }

    const submissions = Submissions.of({
      create: (application) =>
        answering(() => {
          const id = `driver-${String(submitted.length).padStart(4, "0")}`
          submitted.push({ id, application })
          states.set(id, fate(application))
          return Effect.succeed(id)
        }),
      status: (id) => answering(() => known(id)),
      kill: (id) =>
        answering(() =>
          Effect.map(known(id), ({ state }) => {
            if (isOver(state)) return false
            states.set(id, "KILLED")
            return true
          })),
      ready: answering(() => Effect.succeed("4.0.0"))
    })

    const cluster = MemoryCluster.of({
      submitted: () => submitted,
      become: (id, state) => Effect.sync(() => void states.set(id, state)),
      forget: Effect.sync(() => states.clear()),
      reachable: (reachable) => Effect.sync(() => void (isReachable = reachable))
    })

    return Context.make(Submissions, submissions).pipe(Context.add(MemoryCluster, cluster))
  }))

const failing = (reason: SubmissionError["reason"], message: string) =>
  Effect.fail(new SubmissionError({ reason, message: `the Spark master in memory ${message}` }))
