/** A pipeline with the program that was made of it: handed on together, so that nobody compiles it again. */
import { Effect } from "effect"
import type { Any as AnyPipeline } from "../../../streams/pipeline/Pipeline.ts"
import { compileAny } from "./Compile.ts"
import type { Program } from "./Program.ts"
import type { Unsupported } from "./Unsupported.ts"

export interface Compiled {
  readonly pipeline: AnyPipeline
  /** What `compile` makes of that pipeline, under that `maxTimeAhead`. */
  readonly program: Program
  /** Milliseconds by which an event may lie ahead of the clock at its append; any distance by default. */
  readonly maxTimeAhead?: number | undefined
}

/**
 * Of several pipelines, all before anything is begun for the first; fails for the first that Spark cannot compute. What is
 * in `known` is taken as it is, where it is of the same pipeline under the same `maxTimeAhead`.
 */
export const all = (
  pipelines: ReadonlyArray<AnyPipeline>,
  maxTimeAhead: number | undefined,
  known: ReadonlyArray<Compiled> = []
): Effect.Effect<ReadonlyArray<Compiled>, Unsupported> =>
  Effect.forEach(pipelines, (pipeline) => {
    const same = known.find((each) => each.pipeline === pipeline && each.maxTimeAhead === maxTimeAhead)
    if (same !== undefined) return Effect.succeed(same)
    return Effect.map(compileAny(pipeline, { maxTimeAhead }), (program) => ({ pipeline, program, maxTimeAhead }))
  })
