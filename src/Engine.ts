/** `Engine` as `courant` gives it: the port, and the engine in this process with everything in memory. */
import { Engine as Port } from "./streams/ports/Engine.ts"
import { runMemory, runMemoryOf } from "./streams/engine/RunMemory.ts"

export { RemoteError, StateError } from "./streams/ports/Engine.ts"

/** What runs pipelines from a log into a sink. */
export class Engine extends Port {
  /**
   * @example
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Aggregate, Engine, Pipeline, Source, Window } from "courant"
   *
   * const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
   *
   * const hourly = Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
   *   Window.tumbling("1 hour"),
   *   Aggregate.into({ readings: Aggregate.count }),
   *   Pipeline.named("hourly")
   * )
   *
   * const { panes } = await Effect.runPromise(Engine.runMemory(hourly, [{ sensor: "roof", at: 0, celsius: 3.5 }]))
   * ```
   */
  static readonly runMemory = runMemory

  static readonly runMemoryOf = runMemoryOf
}
