/** Several sinks as one. */
import { Context, Effect, Layer } from "effect"
import { ResultSink } from "../streams/ResultSink.ts"

/** Panes go to every sink, one after the other; they are read back from the first that can be read. */
export const tee = <E, R>(layers: ReadonlyArray<Layer.Layer<ResultSink, E, R>>) =>
  Layer.effect(
    ResultSink,
    Effect.gen(function*() {
      const all = yield* Effect.forEach([...new Set(layers)], (layer) =>
        Effect.map(Layer.build(layer), (context) => Context.get(context, ResultSink)))
      const [first, ...others] = all
      if (first === undefined) return yield* Effect.die("a run has at least one sink")
      return ResultSink.of({
        write: (panes) => Effect.forEach(all, (sink) => sink.write(panes), { discard: true }),
        remove: (pipeline) => Effect.forEach(all, (sink) => sink.remove(pipeline), { discard: true }),
        read: (query) =>
          others.reduce((read, sink) => Effect.catch(read, () => sink.read(query)), first.read(query))
      })
    })
  )
