/** What was saved last of pipelines, whoever runs them. */
import { Effect, Option } from "effect"
import { savedOffsets } from "../streams/engine/SavedOffsets.ts"
import { jobSaved } from "../streams/engine/TakingUp.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import { CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import { EventLog } from "../streams/ports/EventLog.ts"
import { problem } from "./terminal/Problem.ts"

/** The job of a pipeline, as far as it had come. */
export const of = Effect.fnUntraced(function*(pipeline: AnyPipeline) {
  const store = yield* CheckpointStore
  const log = yield* EventLog
  const [newest] = [...(yield* store.heads)]
    .filter(([, head]) => savedOffsets(head, log) !== null && head.pipelines[pipeline.name] === pipeline.checked.fingerprint)
    .sort(([, a], [, b]) => b.savedAt - a.savedAt)
  const checkpoint = newest === undefined ? Option.none() : yield* store.load(newest[0])
  if (Option.isNone(checkpoint)) {
    return yield* problem(`nothing is saved of ${pipeline.name}, as it is now, over ${log.topic}: it has not run, or with other bounds or pipelines`)
  }
  const job = jobSaved([pipeline], log, checkpoint.value)
  if (!job.restore(checkpoint.value.sections)) return yield* problem(`the checkpoint "${newest?.[0]}" was saved by another version of courant`)
  return { job, savedAt: checkpoint.value.savedAt }
})
