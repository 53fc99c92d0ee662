/** One record of a log, by its place: for rows that were held, whose batch is long gone. */
import { Effect, Option, Stream } from "effect"
import type { EventLog } from "../ports/EventLog.ts"
import { type Records, slice } from "../records/Records.ts"

/** It alone, among the records of its partition; none where it is gone from the log. */
export const recordAt = Effect.fnUntraced(function*(log: EventLog["Service"], partition: number, offset: number) {
  const beginnings = yield* log.beginnings ?? Effect.succeed([])
  const ends = yield* log.ends
  if (offset < (beginnings[partition] ?? 0) || offset >= (ends[partition] ?? 0)) return Option.none<Records>()
  const found = yield* log.read(ends.with(partition, offset)).pipe(
    Stream.filter((records) => records.partition === partition && records.length > 0),
    Stream.runHead
  )
  return Option.flatMap(found, (records) => {
    const at = records.offsets.indexOf(offset)
    return at === -1 ? Option.none() : Option.some(slice(records, at, at + 1))
  })
})
