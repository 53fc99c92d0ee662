/**
 * The program's own metrics in InfluxDB: how far a processor is and how its writes go, in the measurement `courant` with
 * the tags `topic` and `processor`, every 5 seconds and once more at the end; of several sources a point for each, with the
 * tag `source`, has what is held of it. Every field is a float.
 *
 * Metrics are a sample: one that cannot be written is not written later.
 */
import { Clock, Effect, Layer, Schedule } from "effect"
import { Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import { Connection } from "./Connection.ts"
import * as Names from "./Names.ts"
import type { WriteStatistics } from "./WriteStatistics.ts"

export interface Options {
  readonly topic: string
  /** The name under which the processor keeps its checkpoints. */
  readonly processor: string
}

export const layer = (options: Options): Layer.Layer<never, never, Connection | Monitor> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const connection = yield* Connection
    const monitor = yield* Monitor
    const report = Effect.gen(function*() {
      const [progress, now] = [yield* monitor.progress, yield* Clock.currentTimeMillis]
      const sources = Object.entries(progress.bySource ?? {}).map(([source, { held }]) =>
        lineOf({ ...options, source }, { source_held: held }, now))
      yield* connection.write([lineOf(options, metricsOf(progress, connection, now), now), ...sources].join("\n"))
    }).pipe(
      Effect.timeout("2 seconds"),
      Effect.catch((error) => Effect.logDebug(`metrics were not written: ${error.message}`))
    )
    yield* Effect.addFinalizer(() => report)
    yield* report.pipe(Effect.schedule(Schedule.spaced("5 seconds")), Effect.forkScoped)
  }))

/** By the names of the fields. Times are in milliseconds; `null` and what is not there have no field. */
interface Metrics {
  readonly lag: number
  readonly watermark_delay: number | null
  readonly read: number
  readonly aggregated: number
  readonly late: number
  readonly dead_lettered: number
  readonly duplicate: number
  readonly held: number
  readonly panes: number
  readonly revisions: number
  readonly retries: number
  readonly refused: number
  readonly write_latency_p50?: number | null
  readonly write_latency_p99?: number | null
  readonly batch_lines?: number
}

/** What is said of each of several sources. */
interface OfSource {
  readonly source_held: number
}

export type Field = keyof Metrics

export const tags = { processor: "processor", topic: "topic" } as const

const metricsOf = (progress: Progress, { retryPolicy, statistics }: Connection["Service"], now: number): Metrics => ({
  lag: progress.lag,
  watermark_delay: progress.watermark === null ? null : now - progress.watermark,
  read: progress.read,
  aggregated: progress.aggregated,
  late: progress.late,
  dead_lettered: progress.deadLettered,
  duplicate: progress.duplicate,
  held: progress.held,
  panes: progress.panes,
  revisions: statistics.revisions,
  retries: retryPolicy.retries(),
  refused: statistics.refused,
  ...intervalOf(statistics)
})

/** Nothing where nothing was written. */
const intervalOf = (
  statistics: WriteStatistics
): Pick<Metrics, "batch_lines" | "write_latency_p50" | "write_latency_p99"> => {
  const { latencies, lines, requests } = statistics.takeInterval()
  if (requests === 0) return {}
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] ?? null
  return { write_latency_p50: quantile(0.5), write_latency_p99: quantile(0.99), batch_lines: lines / requests }
}

const lineOf = ({ processor, source, topic }: Options & { readonly source?: string }, metrics: Metrics | OfSource, now: number): string => {
  const fields = Object.entries(metrics).flatMap(([name, value]) =>
    value === null || !Number.isFinite(value) ? [] : [`${name}=${value}`])
  const of = source === undefined ? "" : `,source=${Names.tag(source)}`
  const series = `${Names.metrics},${tags.processor}=${Names.tag(processor)}${of},${tags.topic}=${Names.tag(topic)}`
  return `${series} ${fields.join(",")} ${now}`
}
