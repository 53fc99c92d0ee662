/** A user's own module: a feed, or a sink, as the default export of a file. */
import { Cause, Context, Effect, Layer, Predicate, Stream } from "effect"
import { basename, extname } from "node:path"
import type { Pane } from "../streams/pipeline/Pane.ts"
import { Feed } from "../streams/ports/Feed.ts"
import { ResultSink, ResultSinkError } from "../streams/ports/ResultSink.ts"
import { RowSink } from "../streams/ports/RowSink.ts"
import { messageOf } from "../streams/ports/Cause.ts"
import { type Problem, problem, usage } from "./terminal/Problem.ts"
import * as UserFile from "./UserFile.ts"

/** What stands where a name may stand, and can be none: names have neither dots nor slashes. */
export type File = `${string}.${string}` | `${string}/${string}`

export const isFile = (text: string): text is File => /[./\\]/.test(text)

/** A layer of the user's own. What it provides is seen when it has been built. */
type Own = Layer.Layer<never, unknown>

const load = Effect.fnUntraced(function*(file: File, what: "feed" | "sink") {
  const module = yield* UserFile.load(file, { what: `the ${what} of`, called: `--${what} ${file}` })
  const exported = Predicate.isObject(module) ? module["default"] : undefined
  const layer = what === "feed" ? feedIn(exported, file) : sinkIn(exported)
  if (layer !== null) return layer
  const found = exported === undefined ? "has no default export" : "exports something else by default"
  return yield* usage(`--${what} ${file}: the file ${found}; ${wanted[what]}`)
})

const wanted = {
  feed: "its default export is to be a Layer of Feed, or a Stream of rows or lines",
  sink: "its default export is to be a Layer of ResultSink (and of RowSink), or a function from panes to an Effect"
} as const

const feedIn = (exported: unknown, file: File): Own | null => {
  const layer = layerIn(exported)
  if (layer !== null) return layer
  if (!Stream.isStream(exported)) return null
  // What the elements are is seen when they come: one that is no event becomes a dead letter.
  return Feed.fromStream(exported as Stream.Stream<object, unknown>, { name: basename(file, extname(file)).toLowerCase() })
}

const sinkIn = (exported: unknown): Own | null => {
  const layer = layerIn(exported)
  if (layer !== null) return layer
  // The type of a function cannot be asked for: what it returns is seen when it is called.
  return typeof exported === "function" ? ResultSink.fromFunction(exported as (panes: ReadonlyArray<Pane>) => Effect.Effect<void, unknown>) : null
}

/** What it needs cannot be asked for either: what is missing is said when it is built. */
const layerIn = (exported: unknown): Own | null => Layer.isLayer(exported) ? exported as unknown as Own : null

/** Refuses a file that is not there or exports something else, before anything is opened. */
export const check = (what: "feed" | "sink", names: ReadonlyArray<string>) =>
  Effect.forEach(names.filter(isFile), (file) => load(file, what), { discard: true })

/** What the layer of a file provides, for as long as the scope is there. */
const provided = (file: File, what: "feed" | "sink") =>
  Effect.flatMap(load(file, what), (layer) =>
    Layer.build(layer).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.fail(problem(`the ${what} of ${file} cannot be opened: ${messageOf(Cause.squash(cause))}`))
      )
    ))

export const feed = (file: File): Layer.Layer<Feed, Problem> =>
  Layer.effect(
    Feed,
    Effect.gen(function*() {
      const found = Context.getOption(yield* provided(file, "feed"), Feed)
      if (found._tag === "None") return yield* usage(`--feed ${file}: its layer provides no Feed`)
      const { name } = found.value
      if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(name)) return found.value
      return yield* usage(`--feed ${file}: its feed is called ${JSON.stringify(name)}, and names a topic; a name has A-Z a-z 0-9 . _ -`)
    })
  )

/** One that takes rows only fails with the first pane. */
export const resultSink = (file: File): Layer.Layer<ResultSink, Problem> =>
  Layer.effect(
    ResultSink,
    Effect.map(provided(file, "sink"), (context) => {
      const none = Effect.fail(new ResultSinkError({ message: `the layer of ${file} provides no ResultSink, and so takes no panes` }))
      const absent = ResultSink.of({
        write: (panes) => panes.length === 0 ? Effect.void : none,
        read: () => none,
        recall: () => Effect.succeed([]),
        remove: () => Effect.void
      })
      return Context.getOrElse(context, ResultSink, () => absent)
    })
  )

/** `null` where the file's sink takes no rows. */
export const rowSink = (file: File) =>
  Effect.map(provided(file, "sink"), (context) => Context.getOrElse(context, RowSink, () => null))
