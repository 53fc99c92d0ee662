/** What queries on Spark cost and how far they are, for those who watch by Prometheus. */
import { Effect, Metric } from "effect"
import type { Batch } from "../SparkCluster.ts"

/** Notes a batch of a pipeline's query. */
export const note = Effect.fnUntraced(function*(pipeline: string, batch: Batch) {
  const attributes = { query: pipeline }
  const update = <Input, State>(metric: Metric.Metric<Input, State>, value: Input) =>
    Metric.update(Metric.withAttributes(metric, attributes), value)
  yield* update(duration, batch.duration / 1_000)
  yield* update(records, batch.read)
  yield* update(deadLettered, batch.deadLettered)
  yield* update(late, batch.late)
  yield* update(stateRows, batch.stateRows)
  yield* update(stateBytes, batch.stateBytes)
  yield* update(lag, batch.lag)
  if (batch.watermark !== null) yield* update(watermark, batch.watermark)
})

/** Notes that a query has failed, or could not be reached, and is started again. */
export const noteRestart = (pipeline: string, times = 1) =>
  Metric.update(Metric.withAttributes(restarts, { query: pipeline }), times)

/** From 10 milliseconds to some 5 minutes. */
const duration = Metric.histogram("courant_spark_batch_duration_seconds", {
  description: "A batch on Spark, from its beginning to its commit.",
  boundaries: Metric.exponentialBoundaries({ start: 0.01, factor: 2, count: 16 })
})
const records = Metric.counter("courant_spark_input_records_total", {
  description: "Events read by a query on Spark.",
  incremental: true
})
const deadLettered = Metric.counter("courant_spark_dead_lettered_total", {
  description: "Events that a query on Spark could not use.",
  incremental: true
})
const late = Metric.counter("courant_spark_late_rows_total", {
  description: "Rows, after a partial aggregation, that came too late for a query on Spark.",
  incremental: true
})
const stateRows = Metric.gauge("courant_spark_state_rows", {
  description: "Windows and keys that a query on Spark has open."
})
const stateBytes = Metric.gauge("courant_spark_state_bytes", { description: "Memory that they take." })
const lag = Metric.gauge("courant_spark_lag_records", {
  description: "Records that are in the topic and in no batch of the query on Spark yet."
})
const watermark = Metric.gauge("courant_spark_watermark_ms", {
  description: "Event time up to which the query on Spark has seen everything, in milliseconds since the epoch."
})
const restarts = Metric.counter("courant_spark_restarts_total", {
  description: "Times that a query on Spark was lost, and found or started again from its checkpoint.",
  incremental: true
})
