/** The pipelines that the command line knows, and those that a user's file exports. */
import { Effect, Option, Predicate } from "effect"
import { isUnnamed } from "../streams/pipeline/check/Declarations.ts"
import { checkOneTopic, checkTogether } from "../streams/pipeline/check/Together.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import * as Pipeline from "../streams/pipeline/Pipeline.ts"
import { builtIn, builtInNames } from "./BuiltIn.ts"
import { usage } from "./terminal/Problem.ts"
import * as UserFile from "./UserFile.ts"

/** The built-in pipelines of these names, all without any; names that are none of theirs are left out. */
export const builtInOf = (names: ReadonlyArray<string> = builtInNames): Effect.Effect<ReadonlyArray<Pipeline.Any>> =>
  Effect.promise(() => Promise.all(names.flatMap((name) => Object.hasOwn(builtIn, name) ? [builtIn[name]!()] : [])))

type Bounds = Parameters<typeof Pipeline.withBounds>[1]

/** The bounds of disorder that the command line sets; each pipeline's own where it sets none. */
export const boundsOf = (input: {
  readonly outOfOrderness: Option.Option<number>
  readonly allowedLateness: Option.Option<number>
}): Bounds => ({
  ...Option.match(input.outOfOrderness, { onNone: () => ({}), onSome: (outOfOrderness) => ({ outOfOrderness }) }),
  ...Option.match(input.allowedLateness, { onNone: () => ({}), onSome: (allowedLateness) => ({ allowedLateness }) })
})

/** Pipelines that run together are saved together, under their names and that of their topic. */
export const checkpointName = (topic: string, pipelines: ReadonlyArray<Pipeline.Any>): string =>
  `${topic}: ${pipelines.map(({ name }) => name).sort().join(", ")}`

/** The processor of pipelines over a topic: as a consumer group, where that is one of Kafka, and by its decisions. */
export const groupOf = (topic: string, pipelines: ReadonlyArray<Pipeline.Any>): string =>
  `courant-${topic}-${pipelines.map(({ name }) => name).sort().join("+")}`

/**
 * The sources that a run reads; `null` where it reads one topic, and `"any"` where that is not known yet, see
 * {@link checkSources}.
 */
type Sources = ReadonlyArray<string> | null | "any"

/** Spark tells no window again, and waits with each for as long as it allows for: the built-in ones allow for nothing there. */
export const onSpark: Bounds = { allowedLateness: 0 }

/** Resolves names and files, all built-in pipelines without any, under the bounds of the command line; `ofBuiltIn` are below those. */
export const resolveAll = Effect.fnUntraced(function*(names: ReadonlyArray<string> | undefined, bounds: Bounds, sources: Sources = null, ofBuiltIn: Bounds = {}) {
  const known = yield* builtInOf(names)
  const found = names === undefined ? known : (yield* Effect.forEach(names, (name) => resolveOne(name, known))).flat()
  if (found.length === 0) return yield* usage("--pipelines names no pipeline")
  const bounded = found.map((pipeline) => Pipeline.withBounds(pipeline, known.includes(pipeline) ? { ...ofBuiltIn, ...bounds } : bounds))
  // What cannot run together is a mistake in the call, and is said before anything is opened.
  yield* checkSources(bounded, sources === "any" ? sourcesOf(bounded) : sources)
  return bounded
})

/** Refuses pipelines that cannot run together over these sources. */
export const checkSources = (pipelines: ReadonlyArray<Pipeline.Any>, sources: ReadonlyArray<string> | null) =>
  Effect.try({
    try: () => {
      checkTogether(pipelines, sources)
      if (sources === null) checkOneTopic(pipelines)
    },
    catch: (cause) => usage(cause instanceof Error ? `${cause.message}${sources === null && isOfSeveral(pipelines) ? waysOfSources : ""}` : String(cause))
  })

const isOfSeveral = (pipelines: ReadonlyArray<Pipeline.Any>): boolean => pipelines.some((pipeline) => sourcesOf([pipeline]).length > 1)

const waysOfSources = " (see --feed file:SOURCE=PATH, --source-field, and --topic SOURCE=TOPIC over Kafka)"

/** The sources that pipelines read, by name. */
export const sourcesOf = (pipelines: ReadonlyArray<Pipeline.Any>): ReadonlyArray<string> =>
  [...new Set(pipelines.flatMap(({ checked }) => Checked.inputsOf(checked)).map(({ events }) => events.definition.name))].sort()

/** Of a command that looks at some: those that its argument names, among those of `--pipelines` where it is given. */
export const chosenOf = Effect.fnUntraced(function*(input: { readonly chosen: ReadonlyArray<string>; readonly pipelines: Option.Option<ReadonlyArray<string>> }, bounds: Bounds) {
  const { chosen: names, pipelines } = input
  const all = yield* resolveAll(Option.getOrElse(pipelines, () => names), bounds, "any")
  const chosen = Option.isNone(pipelines) ? all : all.filter(({ name }) => names.includes(name))
  const unknown = names.find((name) => Option.isSome(pipelines) && !chosen.some((pipeline) => pipeline.name === name))
  if (unknown !== undefined) return yield* usage(`there is no pipeline "${unknown}"; there are ${all.map(({ name }) => name).join(", ")}`)
  return { all, chosen }
})

/** The names of pipelines, as a sink knows them: those of files, and names that need not be known here. */
export const namesOf = Effect.fnUntraced(function*(given: ReadonlyArray<string>) {
  const names = yield* Effect.forEach(given, (name) =>
    isFile(name) ? Effect.map(resolveAll([name], {}, "any"), (pipelines) => pipelines.map(({ name }) => name)) : Effect.succeed([name]))
  return [...new Set(names.flat())]
})

/** The name of a pipeline has none of these. */
const isFile = (name: string): boolean => /[./\\]/.test(name)

const resolveOne = Effect.fnUntraced(function*(name: string, builtIn: ReadonlyArray<Pipeline.Any>) {
  const known = builtIn.filter((pipeline) => pipeline.name === name)
  if (known.length > 0) return known
  if (!isFile(name)) {
    return yield* usage(`there is no pipeline "${name}"; there are ${builtInNames.join(", ")}, or give a file such as ./${name}.ts`)
  }
  const module = yield* UserFile.load(name, { what: "the pipelines of", called: name })
  // Alone or in lists; one that stands in both is one.
  const values = Predicate.isObject(module) ? Object.values(module).flat() : []
  const exported = [...new Set(values.filter(isPipeline))]
  if (exported.length === 0) return yield* usage(`${name} exports no pipeline${unnamedIn(module)}`)
  return exported
})

/** What it declares and does not name. */
const unnamedIn = (module: unknown): string => {
  const names = Predicate.isObject(module) ? Object.keys(module).filter((name) => isUnnamed(module[name])) : []
  if (names.length === 0) return ""
  return `: ${names.map((name) => `"${name}"`).join(" and ")} ${names.length === 1 ? "has" : "have"} no name; end what is to run with Pipeline.named("…")`
}

const isPipeline = (value: unknown): value is Pipeline.Any =>
  Predicate.isObject(value) && "checked" in value && "plan" in value && "name" in value
