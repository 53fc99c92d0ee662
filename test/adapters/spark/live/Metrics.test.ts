/** What queries on Spark tell Prometheus. */
import { assert, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"
import * as Metrics from "../../../../src/adapters/spark/live/Metrics.ts"

const batch = {
  id: 0,
  read: 100,
  deadLettered: 2,
  filtered: 0,
  late: 1,
  watermark: null,
  lag: 7,
  stateRows: 5,
  stateBytes: 500,
  duration: 1_500
}

it.effect("counts add up, and everything else is as it was last, by pipeline", () =>
  Effect.gen(function*() {
    yield* Metrics.noteRestart("candles", 0)
    yield* Metrics.note("candles", batch)
    const first = yield* PrometheusMetrics.format()
    assert.notInclude(first, "courant_spark_watermark_ms")
    yield* Metrics.note("candles", { ...batch, watermark: 1_732_545_000_000, lag: 0 })
    yield* Metrics.noteRestart("candles")
    yield* Metrics.note("others", batch)
    const lines = (yield* PrometheusMetrics.format()).split("\n")
    for (
      const line of [
        `courant_spark_input_records_total{query="candles"} 200`,
        `courant_spark_dead_lettered_total{query="candles"} 4`,
        `courant_spark_late_rows_total{query="candles"} 2`,
        `courant_spark_restarts_total{query="candles"} 1`,
        `courant_spark_state_rows{query="candles"} 5`,
        `courant_spark_state_bytes{query="candles"} 500`,
        `courant_spark_lag_records{query="candles"} 0`,
        `courant_spark_lag_records{query="others"} 7`,
        `courant_spark_watermark_ms{query="candles"} 1732545000000`,
        `courant_spark_batch_duration_seconds_sum{query="candles"} 3`
      ]
    ) assert.include(lines, line)
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
