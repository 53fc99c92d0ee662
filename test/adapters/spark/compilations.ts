/** How often pipelines are compiled while something runs: each time is a span of the compiler's. */
import { Effect, Tracer } from "effect"

export const compilationsOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    let compilations = 0
    const tracer = Tracer.make({
      span: (options) => {
        if (options.name === "Spark.compile") compilations++
        return new Tracer.NativeSpan(options)
      }
    })
    return Effect.map(Effect.withTracer(effect, tracer), () => compilations)
  })
