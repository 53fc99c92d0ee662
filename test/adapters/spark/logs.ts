/** What is in a log. */
import { Effect, Stream } from "effect"
import type { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { valueAt } from "../../../src/streams/records/Records.ts"

/** The values of all records that are there now, in their order within each partition. */
export const texts = Effect.fnUntraced(function*(log: EventLog["Service"]) {
  const ends = yield* log.ends
  const next = ends.map(() => 0)
  const isDone = () => ends.every((end, partition) => next[partition]! >= end)
  const found: Array<string> = []
  if (isDone()) return found
  yield* log.read(next).pipe(
    Stream.map((records) => {
      for (let i = 0; i < records.length; i++) found.push(new TextDecoder().decode(valueAt(records, i)))
      next[records.partition] = records.offsets[records.length - 1]! + 1
    }),
    Stream.takeUntil(isDone),
    Stream.runDrain
  )
  return found
})
