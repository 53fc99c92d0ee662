/** What Spark tells of a batch, in our words. */
import { Option, Schema } from "effect"
import { isObservationOf } from "../compile/Program.ts"
import { shift } from "../compile/Shift.ts"
import type { Progress } from "../connect/Progress.ts"
import type { Observed } from "../connect/Observed.ts"
import type { Batch } from "../SparkCluster.ts"

/** Of a query of a pipeline, under whose name its plan counts. */
export const fromProgress = (pipeline: string, progress: Progress): Batch => {
  const { batchId, durationMs, eventTime, observedMetrics, sources, stateOperators } = progress
  const rows = sum(sources.map(({ numInputRows }) => numInputRows))
  return {
    id: batchId,
    // A batch without data, which only closes windows, observes nothing.
    ...Option.getOrElse(
      countsIn(pipeline, observedMetrics ?? {}),
      () => ({ read: rows, deadLettered: 0, filtered: 0 })
    ),
    late: sum(stateOperators.map(({ numRowsDroppedByWatermark }) => numRowsDroppedByWatermark)),
    watermark: watermarkOf(eventTime?.["watermark"]),
    // Of a topic that is read more than once, the reading that is furthest behind.
    lag: sum([...Map.groupBy(sources.flatMap(lagsOf), ({ topic }) => topic).values()].map((lags) => Math.max(...lags.map(({ lag }) => lag)))),
    stateRows: sum(stateOperators.map(({ numRowsTotal }) => numRowsTotal)),
    stateBytes: sum(stateOperators.map(({ memoryUsedBytes }) => memoryUsedBytes)),
    duration: durationMs["triggerExecution"] ?? sum(Object.values(durationMs))
  }
}

/** A whole computation, of which no state and no lag are left; none where the counts are missing. */
export const fromObserved = (pipeline: string, observed: Observed, duration: number): Option.Option<Batch> =>
  Option.map(countsIn(pipeline, observed), (counts) => ({ ...ofNothing(duration), ...counts }))

/** A computation over nothing, which Spark leaves out of the plan with all that would count. */
export const ofNothing = (duration: number): Batch =>
  ({ id: 0, read: 0, deadLettered: 0, filtered: 0, late: 0, watermark: null, lag: 0, stateRows: 0, stateBytes: 0, duration })

const Counts = Schema.Struct({ read: Schema.Int, deadLettered: Schema.Int, filtered: Schema.Int })

const decodeCounts = Schema.decodeUnknownOption(Counts)

/** Of all its sources together; one that has nothing new counts nothing. */
const countsIn = (pipeline: string, observed: { readonly [name: string]: unknown }): Option.Option<typeof Counts.Type> => {
  const found = Object.keys(observed).filter(isObservationOf(pipeline)).flatMap((name) => Option.toArray(decodeCounts(observed[name])))
  if (found.length === 0) return Option.none()
  return Option.some({
    read: sum(found.map(({ read }) => read)),
    deadLettered: sum(found.map(({ deadLettered }) => deadLettered)),
    filtered: sum(found.map(({ filtered }) => filtered))
  })
}

/**
 * Times are later in the plan than they are by `shift`, so that no event is before the beginning of Spark's watermark.
 * Years of more than four digits, which these may have, are not those of ISO 8601.
 */
const watermarkOf = (text = ""): number | null => {
  const [, ...parts] = /^\+?(\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?Z$/.exec(text) ?? []
  if (parts.length === 0) return null
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number)
  const shifted = Date.UTC(year, month - 1, day, hour, minute, second, Number((parts[6] ?? "").padEnd(3, "0")))
  return shifted <= 0 || Number.isNaN(shifted) ? null : shifted - shift
}

const Offsets = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Int))

const decodeOffsets = Schema.decodeUnknownOption(Offsets)

/** Of Kafka, whose offsets are numbers by topic and partition. */
const lagsOf = ({ endOffset, latestOffset }: Progress["sources"][number]): ReadonlyArray<{ readonly topic: string; readonly lag: number }> => {
  const read = Option.getOrElse(decodeOffsets(endOffset), (): typeof Offsets.Type => ({}))
  const there = Option.getOrElse(decodeOffsets(latestOffset), (): typeof Offsets.Type => ({}))
  return Object.entries(there).map(([topic, partitions]) =>
    ({ topic, lag: sum(Object.entries(partitions).map(([partition, offset]) => Math.max(0, offset - (read[topic]?.[partition] ?? 0)))) }))
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
