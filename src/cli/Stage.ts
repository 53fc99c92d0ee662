/**
 * What the page of a process shows that may do its work or wait for it: the stage is empty while another process is active.
 * The page stays where it is meanwhile.
 */
import { Effect, Layer, Option } from "effect"
import type { Role } from "../adapters/dashboard/Health.ts"
import { DeadLetters, DeadLettersError, latestOf } from "../streams/ports/DeadLetters.ts"
import { Monitor, nothingYet } from "../streams/ports/Monitor.ts"
import { newestOf, ResultSink, ResultSinkError } from "../streams/ports/ResultSink.ts"
import { standsBy } from "./Page.ts"

export class Stage {
  readonly monitor: Monitor["Service"]
  #role: Role = { _tag: "standby", active: null }
  #sink: ResultSink["Service"] | null = null
  #letters: DeadLetters["Service"] | null = null

  constructor(monitor: Monitor["Service"]) {
    this.monitor = monitor
  }

  static readonly make = Effect.map(Monitor, (monitor) => new Stage(monitor)).pipe(Effect.provide(Monitor.layer))

  readonly role: Effect.Effect<Role> = Effect.sync(() => this.#role)

  /** Another process is active, of this name where it is known. */
  standBy(active: string | null): Effect.Effect<void> {
    this.#role = { _tag: "standby", active }
    this.#sink = null
    this.#letters = null
    return this.monitor.publish({ _tag: "progress", progress: nothingYet })
  }

  /** For as long as the scope lasts this process is active, with this sink. */
  readonly enter = Effect.acquireRelease(
    Effect.gen({ self: this }, function*() {
      this.#sink = yield* ResultSink
      this.#letters = Option.getOrNull(yield* Effect.serviceOption(DeadLetters))
      this.#role = { _tag: "active" }
    }),
    () => Effect.suspend(() => this.standBy(null))
  )

  /** What can be read of the results, which is nothing while another process is active: it has them, or a sink that it writes to. */
  get layer(): Layer.Layer<DeadLetters | Monitor | ResultSink> {
    const why = () => this.#role._tag === "standby" ? standsBy(this.#role) : "there is no sink yet"
    const refusal = Effect.suspend(() => Effect.fail(new ResultSinkError({ message: why() })))
    const noLetters = Effect.suspend(() => Effect.fail(new DeadLettersError({ message: why() })))
    return Layer.mergeAll(
      Layer.succeed(Monitor, this.monitor),
      Layer.succeed(ResultSink, {
        read: (query) => this.#sink?.read(query) ?? refusal,
        newest: (query) => this.#sink === null ? refusal : newestOf(this.#sink, query),
        write: () => refusal,
        remove: () => refusal
      }),
      Layer.succeed(DeadLetters, {
        read: (query) => this.#letters?.read(query) ?? noLetters,
        latest: (query) => this.#letters === null ? noLetters : latestOf(this.#letters, query),
        write: () => noLetters,
        remove: () => noLetters
      })
    )
  }
}
