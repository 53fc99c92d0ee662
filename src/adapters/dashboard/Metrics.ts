/** The engine's progress, and whatever else the process counts with Effect's `Metric`, as Prometheus reads it. */
import { Effect, Metric } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import { noStore } from "./OneLine.ts"

/** Exposition format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/ */
const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** `GET /metrics`. */
export const layer = HttpRouter.addAll(Effect.gen(function*() {
  const monitor = yield* Monitor
  const metrics = Effect.gen(function*() {
    return HttpServerResponse.text(yield* format(yield* monitor.progress), { contentType, headers: noStore })
  })
  return [HttpRouter.route("GET", "/metrics", metrics)]
}))

const format = (progress: Progress): Effect.Effect<string> =>
  Effect.gen(function*() {
    const registered = yield* PrometheusMetrics.format()
    return registered + (yield* ofProgress(progress))
  })

/**
 * Progress holds totals already. A registry of its own for each answer takes them as they are,
 * where the process's registry would have to be told the difference since the last answer.
 */
const ofProgress = (progress: Progress): Effect.Effect<string> =>
  Effect.gen(function*() {
    yield* Metric.update(read, progress.read)
    yield* Metric.update(panes, progress.panes)
    yield* Metric.update(rows, progress.rows)
    yield* Metric.update(lag, progress.lag)
    yield* Metric.update(held, progress.held)
    for (const [source, counts] of Object.entries(progress.bySource ?? {})) {
      yield* Metric.update(Metric.withAttributes(heldOfSource, { source }), counts.held)
    }
    if (progress.watermark !== null) yield* Metric.update(watermark, progress.watermark)
    for (const [outcome, count] of Object.entries(outcomes(progress))) {
      yield* Metric.update(Metric.withAttributes(events, { outcome }), count)
    }
    return yield* PrometheusMetrics.format()
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const outcomes = ({ aggregated, deadLettered, duplicate, filtered, late }: Progress) => ({
  aggregated,
  late,
  dead_lettered: deadLettered,
  duplicate,
  filtered
})

const events = Metric.counter("courant_events_total", {
  description: "Events by what became of them; the outcomes and courant_events_held add up to courant_events_read_total."
})
const held = Metric.gauge("courant_events_held", { description: "Events that a node holds until the watermark is past them." })
const heldOfSource = Metric.gauge("courant_source_events_held", { description: "The same of each source, where there are several." })
const read = Metric.counter("courant_events_read_total", { description: "Events read from the log." })
const panes = Metric.counter("courant_panes_total", { description: "Panes written to the sink." })
const rows = Metric.counter("courant_rows_total", { description: "Rows written to their sink." })
const lag = Metric.gauge("courant_lag_records", {
  description: "Records that are in the log and have not been processed."
})
const watermark = Metric.gauge("courant_watermark_ms", {
  description: "Event time up to which the engine has seen everything, in milliseconds since the epoch."
})
