/** Several sinks as one. */
import { Context, Effect, Layer } from "effect"
import { newestOf, ResultSink } from "../streams/ports/ResultSink.ts"
import { storesOf } from "../streams/ports/Store.ts"
import * as OwnModule from "./OwnModule.ts"
import { SymbolDays } from "./SymbolDays.ts"
import { type Problem, say } from "./terminal/Problem.ts"

export const sinkNames = ["sqlite", "influxdb", "kafka", "stdout", "memory"] as const

export type SinkName = typeof sinkNames[number]

/** One of these, or a file with the user's own. */
export type Sink = SinkName | OwnModule.File

/** The sinks of these names, the nearest first as the layers have them, then those of files; the fallback where none is named. */
export const sinksOf = <Name extends string, E, R>(
  layers: Readonly<Record<Name, Layer.Layer<ResultSink, E, R>>>,
  wanted: ReadonlyArray<string>,
  fallback: Name
) => {
  // The keys of a record are its names.
  const names = (Object.keys(layers) as Array<Name>).filter((name) => wanted.includes(name))
  const own = wanted.filter(OwnModule.isFile)
  const known = names.length > 0 || own.length > 0 ? names : [fallback]
  return tee<E | Problem, R>([...known.map((name) => layers[name]), ...own.map(OwnModule.resultSink)])
}

/**
 * Panes go to all sinks at once, and are written when the slowest has them. The farthest begins: its server works while
 * SQLite, whose writes let nothing else happen, has its turn. Panes are read back from the nearest that can be read.
 */
const tee = <E, R>(layers: ReadonlyArray<Layer.Layer<ResultSink, E, R>>) =>
  Layer.effect(
    ResultSink,
    Effect.gen(function*() {
      const all = yield* Effect.forEach(layers, (layer) =>
        Effect.map(Layer.build(layer), (context) => Context.get(context, ResultSink)))
      const [first, ...others] = all
      if (first === undefined) return yield* Effect.die("a run has at least one sink")
      const fromFar = all.toReversed()
      const days = new SymbolDays()
      return ResultSink.of({
        write: (panes) =>
          Effect.suspend(() => {
            for (const line of days.noted(panes)) say(line)
            return Effect.forEach(fromFar, (sink) => sink.write(panes), atOnce)
          }),
        remove: (pipeline) => Effect.forEach(fromFar, (sink) => sink.remove(pipeline), atOnce),
        read: (query) =>
          others.reduce((read, sink) => Effect.catch(read, () => sink.read(query)), first.read(query)),
        newest: (query) =>
          others.reduce((newest, sink) => Effect.catch(newest, () => newestOf(sink, query)), newestOf(first, query)),
        stores: storesOf(all),
        // A crash may have come when one had panes that another had not.
        recall: (query) => Effect.map(Effect.forEach(all, (sink) => (sink.recall ?? sink.read)(query)), (found) => found.flat())
      })
    })
  )

const atOnce = { concurrency: "unbounded", discard: true } as const
