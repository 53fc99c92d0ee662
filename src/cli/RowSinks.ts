/** Where the rows of pipelines that end in events go: beside the panes of others, and into a file. */
import { Context, Effect, Layer } from "effect"
import * as FileRowSink from "../adapters/file/FileRowSink.ts"
import { type AnyOfRows, type Any as AnyPipeline, isOfRows } from "../streams/pipeline/Pipeline.ts"
import { RowSink, type RowSinkError } from "../streams/ports/RowSink.ts"
import { storesOf } from "../streams/ports/Store.ts"
import * as OwnModule from "./OwnModule.ts"
import { type Problem, usage } from "./terminal/Problem.ts"

/** What a run is told of its rows; `null` where none of its pipelines has any, so that no place for them is made. */
export type Rows = { readonly file: string | undefined } | null

/**
 * Refuses a run whose rows would have no place, and a file for rows that nobody puts out. InfluxDB keeps series of
 * windows, and takes no rows.
 */
export const rowsOf = (
  pipelines: ReadonlyArray<AnyPipeline>,
  { file, sinks }: { readonly file: string | undefined; readonly sinks: ReadonlyArray<string> }
): Effect.Effect<Rows, Problem> => {
  const first: AnyOfRows | undefined = pipelines.find(isOfRows)
  if (first === undefined) {
    return file === undefined ? Effect.succeed(null) : Effect.fail(usage("--rows is for pipelines that end in events, and none of these does"))
  }
  if (file === undefined && sinks.length > 0 && sinks.every((sink) => sink === "influxdb")) {
    return Effect.fail(usage(
      `the pipeline "${first.name}" ends in events, and InfluxDB takes no rows: add a sink that does, such as --sink sqlite, or --rows FILE`
    ))
  }
  return Effect.succeed({ file })
}

/** The sinks of these names that take rows, the nearest first as the layers have them, and the file. */
export const rowSinksOf = <Name extends string, E, R>(
  layers: Readonly<Record<Name, Layer.Layer<RowSink, E, R>>>,
  { fallback, rows, wanted }: { readonly rows: NonNullable<Rows>; readonly wanted: ReadonlyArray<string>; readonly fallback: Name }
): Layer.Layer<RowSink, E | Problem | RowSinkError, R> => {
  // The keys of a record are its names.
  const names = (Object.keys(layers) as Array<Name>).filter((name) => (wanted.length > 0 ? wanted : [fallback]).includes(name))
  const named = names.map((name): Layer.Layer<RowSink, E | RowSinkError, R> => layers[name])
  return tee(rows.file === undefined ? named : [...named, FileRowSink.layer({ path: rows.file })], wanted.filter(OwnModule.isFile))
}

/** Rows go to all sinks at once, and are written when the slowest has them. They are read from the nearest that can be read. */
const tee = <E, R>(layers: ReadonlyArray<Layer.Layer<RowSink, E, R>>, files: ReadonlyArray<OwnModule.File>) =>
  Layer.effect(
    RowSink,
    Effect.gen(function*() {
      const known = yield* Effect.forEach(layers, (layer) => Effect.map(Layer.build(layer), (context) => Context.get(context, RowSink)))
      const own = yield* Effect.forEach(files, OwnModule.rowSink)
      const all = [...known, ...own.filter((sink) => sink !== null)]
      const [first, ...others] = all
      if (first === undefined) {
        return yield* usage(`rows have no place: the layer of ${files.join(" and of ")} provides no RowSink; add one, or a sink such as --sink sqlite, or --rows FILE`)
      }
      return RowSink.of({
        write: (rows) => Effect.forEach(all, (sink) => sink.write(rows), atOnce),
        remove: (pipeline) => Effect.forEach(all, (sink) => sink.remove(pipeline), atOnce),
        stores: storesOf(all),
        read: (query) => others.reduce((read, sink) => Effect.catch(read, () => sink.read(query)), first.read(query))
      })
    })
  )

const atOnce = { concurrency: "unbounded", discard: true } as const
