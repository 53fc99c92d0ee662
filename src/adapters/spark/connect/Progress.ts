/**
 * What Spark tells of a batch, from its JSON.
 *
 * Source: `StreamingQueryProgress` of Apache Spark 4.0, as
 * https://spark.apache.org/docs/4.0.0/streaming/apis-on-dataframes-and-datasets.html#monitoring-streaming-queries
 * describes it
 */
import { Effect, Option, Schema } from "effect"
import { notUnderstood, type SparkError } from "./SparkError.ts"

const Source = Schema.Struct({
  description: Schema.String,
  /** Where the batch began and ended, and what the source had then: values of the source's own, `null` before any. */
  startOffset: Schema.optionalKey(Schema.Unknown),
  endOffset: Schema.optionalKey(Schema.Unknown),
  latestOffset: Schema.optionalKey(Schema.Unknown),
  numInputRows: Schema.Int,
  /** A second; absent where no time had passed. */
  processedRowsPerSecond: Schema.optionalKey(Schema.Finite),
  /** Of Kafka, for instance, how many offsets it is behind. */
  metrics: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

const StateOperator = Schema.Struct({
  operatorName: Schema.String,
  numRowsTotal: Schema.Int,
  numRowsUpdated: Schema.Int,
  numRowsRemoved: Schema.Int,
  /** Rows, after a partial aggregation, that were too late: there may have been more events. */
  numRowsDroppedByWatermark: Schema.Int,
  memoryUsedBytes: Schema.Int
})

export const Progress = Schema.Struct({
  id: Schema.String,
  runId: Schema.String,
  name: Schema.optionalKey(Schema.NullOr(Schema.String)),
  /** When the batch was begun, in ISO 8601. */
  timestamp: Schema.String,
  batchId: Schema.Int,
  /** How long its parts took, in milliseconds; `triggerExecution` is the whole. */
  durationMs: Schema.Record(Schema.String, Schema.Int),
  /** `min`, `max` and `avg` of the batch and the `watermark` it was computed with, in ISO 8601. */
  eventTime: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  stateOperators: Schema.Array(StateOperator),
  sources: Schema.Array(Source),
  sink: Schema.Struct({
    description: Schema.String,
    /** -1 where the sink does not know. */
    numOutputRows: Schema.optionalKey(Schema.Int)
  }),
  /** What the plan has counted, by the name of the observation and of the count. */
  observedMetrics: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})
export type Progress = typeof Progress.Type

/** Whether a batch was computed. A query that finds nothing new says every ten seconds that it is there, under the number of its next batch. */
export const isOfBatch = ({ durationMs }: Progress): boolean => Object.hasOwn(durationMs, "addBatch")

const FromJson = Schema.fromJsonString(Progress)

export const decode = (json: string): Effect.Effect<Progress, SparkError> =>
  Schema.decodeEffect(FromJson)(json).pipe(
    Effect.map(({ observedMetrics = {}, ...progress }) => ({
      ...progress,
      sources: progress.sources.map(withOffsets),
      observedMetrics: Object.fromEntries(Object.entries(observedMetrics).map(([name, row]) => [name, byName(row)]))
    })),
    Effect.mapError((issue) => notUnderstood(`the progress of a query is not understood: ${issue.message}`, issue))
  )

const withOffsets = (source: typeof Source.Type): typeof Source.Type => {
  const offsets = Object.entries(source).filter(([name]) => name.endsWith("Offset"))
  return { ...source, ...Object.fromEntries(offsets.map(([name, offset]) => [name, parsed(offset)])) }
}

/** Offsets are JSON inside strings; one that is not stays the text that it is. */
const parsed = (offset: unknown): unknown =>
  typeof offset === "string" ? Option.getOrElse(decodeJson(offset), () => offset) : offset

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const Row = Schema.Struct({
  values: Schema.Array(Schema.Unknown),
  schema: Schema.Struct({ fields: Schema.Array(Schema.Struct({ name: Schema.String })) })
})

const decodeRow = Schema.decodeUnknownOption(Row)

/** Through Spark Connect a row comes with its schema beside its values, otherwise as an object. */
const byName = (row: unknown): unknown =>
  Option.match(decodeRow(row), {
    onNone: () => row,
    onSome: ({ schema, values }) => Object.fromEntries(schema.fields.map(({ name }, i) => [name, values[i]]))
  })
