/** Makes pipelines start anew: the log is kept, and what was made of it is forgotten. */
import { Effect, Option } from "effect"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { DeadLetters } from "../ports/DeadLetters.ts"
import type { Any as AnyPipeline } from "../pipeline/Pipeline.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"

/**
 * Forgets the checkpoint of a name, the panes and rows of its pipelines, their late events and the panes
 * that a sink has refused. The checkpoint goes first: a crash in between leaves results that are
 * computed again, never a checkpoint whose results are gone.
 */
export const restart = Effect.fnUntraced(function*(name: string, pipelines: ReadonlyArray<AnyPipeline>) {
  const store = yield* CheckpointStore
  yield* store.remove(name)
  yield* forget(pipelines)
})

/** Forgets the panes and rows of pipelines, their late events, and the panes that a sink has refused. */
export const forget = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>) {
  const sink = yield* ResultSink
  const letters = yield* DeadLetters
  const rowSink = yield* Effect.serviceOption(RowSink)
  for (const pipeline of pipelines) {
    yield* sink.remove(pipeline.name)
    // Whatever it ends in by now: a former one of its name may have ended in something else.
    if (Option.isSome(rowSink)) yield* rowSink.value.remove(pipeline.name)
  }
  const names = new Set<string | null>(pipelines.map((pipeline) => pipeline.name))
  for (const reason of ["late", "refused"] as const) {
    const found = yield* letters.read({ reason })
    yield* letters.remove(found.filter(({ pipeline }) => names.has(pipeline)))
  }
})
