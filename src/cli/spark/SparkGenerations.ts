/**
 * Where on the cluster the queries of a processor save what they have: in the folder that was given, and after a
 * `--restart` in another one below it, which is as new as the computation. What is in the former is left where it is.
 */
import { Clock, Effect, Schema } from "effect"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Folder from "../../adapters/sqlite/Folder.ts"
import { problem } from "../terminal/Problem.ts"

/** The names of the newest folders, by the name of the processor. */
const Generations = Schema.Record(Schema.String, Schema.String)

const fileIn = (data: string): string => join(data, "spark", "restarts.json")

const read = (data: string) =>
  Effect.gen(function*() {
    const file = fileIn(data)
    if (!existsSync(file)) return {}
    const text = yield* Effect.try({ try: () => readFileSync(file, "utf8"), catch: (cause) => problem(String(cause)) })
    return yield* Effect.mapError(Schema.decodeUnknownEffect(Schema.fromJsonString(Generations))(text), () =>
      problem(`${file} is not what courant submit has written; delete it, and run once with --restart`))
  })

/** Below `dir`, which driver and workers reach. */
export const folderOf = Effect.fnUntraced(function*(dir: string, { data, processor }: Place) {
  const generation = (yield* read(data))[processor]
  return generation === undefined ? dir : `${dir.replace(/\/+$/, "")}/${generation}`
})

export interface Place {
  readonly data: string
  /** The name under which the run keeps its checkpoints. */
  readonly processor: string
}

/** From now on it is another folder. */
export const renew = Effect.fnUntraced(function*({ data, processor }: Place) {
  const generation = `restart-${yield* Clock.currentTimeMillis}`
  const generations = { ...yield* read(data), [processor]: generation }
  const file = fileIn(data)
  yield* Effect.try({
    try: () => {
      Folder.make(join(data, "spark"))
      writeFileSync(`${file}.new`, `${JSON.stringify(generations, null, 2)}\n`)
      renameSync(`${file}.new`, file)
    },
    catch: (cause) => problem(`the restart cannot be noted in ${file}: ${String(cause)}`)
  })
})
