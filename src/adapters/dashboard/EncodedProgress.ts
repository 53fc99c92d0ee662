/** How far the engine is, as JSON has it. */
import { Schema, Struct } from "effect"
import type { Progress } from "../../streams/ports/Monitor.ts"

const counts = {
  read: Schema.Int,
  aggregated: Schema.Int,
  late: Schema.Int,
  deadLettered: Schema.Int,
  duplicate: Schema.Int,
  filtered: Schema.Int,
  held: Schema.Int
}

/** Events are counted once each: read = aggregated + late + dead-lettered + duplicate + filtered + held. */
const Counts = Schema.Struct(counts)

export const EncodedProgress = Schema.Struct({
  ...counts,
  /** `null` before the first event, 2^53 - 1 after the end of the data. */
  watermark: Schema.NullOr(Schema.Int),
  /** The largest event time of all events. */
  lastEventAt: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  /** When all of this was known, where it is of the past. */
  knownAt: Schema.optionalKey(Schema.Int),
  /** Records that are in the log and have not been processed. */
  lag: Schema.Int,
  panes: Schema.Int,
  rows: Schema.Int,
  /** States of keys in open windows, by pipeline. */
  open: Schema.optionalKey(Schema.Record(Schema.String, Schema.Int)),
  byPipeline: Schema.Record(Schema.String, Counts),
  /** Where there are several sources. */
  bySource: Schema.optionalKey(Schema.Record(Schema.String, Counts))
})
export type EncodedProgress = typeof EncodedProgress.Type

/**
 * After the end of the data the watermark is infinite, which JSON cannot say. What is known of each node and source is told where
 * it is asked for: it would be much for each viewer, all the time.
 */
export const encode = (progress: Progress): EncodedProgress =>
  ({ ...Struct.omit(progress, ["nodes", "sources"]), watermark: encodeTime(progress.watermark) })

export const encodeTime = <Time extends number | null>(time: Time): Time | number => time === Infinity ? Number.MAX_SAFE_INTEGER : time
