/**
 * The program's own figures in InfluxDB: how far a processor is and how its writes go, in the measurement `courant` with
 * the tags `topic` and `processor`, every 5 seconds and once more at the end. Every field is a float.
 *
 * Figures are a sample: one that cannot be written is not written later.
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
      const figures = figuresOf(yield* monitor.progress, connection, yield* Clock.currentTimeMillis)
      yield* connection.write(lineOf(options, figures, yield* Clock.currentTimeMillis))
    }).pipe(
      Effect.timeout("2 seconds"),
      Effect.catch((error) => Effect.logDebug(`figures were not written: ${error.message}`))
    )
    yield* Effect.addFinalizer(() => report)
    yield* report.pipe(Effect.schedule(Schedule.spaced("5 seconds")), Effect.forkScoped)
  }))

/** By the names of the fields. Times are in milliseconds; `null` and what is not there have no field. */
interface Figures {
  readonly lag: number
  readonly watermark_delay: number | null
  readonly read: number
  readonly aggregated: number
  readonly late: number
  readonly dead_lettered: number
  readonly duplicate: number
  readonly panes: number
  readonly revisions: number
  readonly retries: number
  readonly refused: number
  readonly write_latency_p50?: number | null
  readonly write_latency_p99?: number | null
  readonly batch_lines?: number
}

export type Field = keyof Figures

export const tags = { processor: "processor", topic: "topic" } as const

const figuresOf = (progress: Progress, { patience, tally }: Connection["Service"], now: number): Figures => ({
  lag: progress.lag,
  watermark_delay: progress.watermark === null ? null : now - progress.watermark,
  read: progress.read,
  aggregated: progress.aggregated,
  late: progress.late,
  dead_lettered: progress.deadLettered,
  duplicate: progress.duplicate,
  panes: progress.panes,
  revisions: tally.revisions,
  retries: patience.retries(),
  refused: tally.refused,
  ...intervalOf(tally)
})

/** Nothing where nothing was written. */
const intervalOf = (tally: WriteStatistics): Pick<Figures, "batch_lines" | "write_latency_p50" | "write_latency_p99"> => {
  const { latencies, lines, requests } = tally.takeInterval()
  if (requests === 0) return {}
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] ?? null
  return { write_latency_p50: quantile(0.5), write_latency_p99: quantile(0.99), batch_lines: lines / requests }
}

const lineOf = ({ processor, topic }: Options, figures: Figures, now: number): string => {
  const fields = Object.entries(figures).flatMap(([name, value]) =>
    value === null || !Number.isFinite(value) ? [] : [`${name}=${value}`])
  const series = `${Names.figures},${tags.processor}=${Names.tag(processor)},${tags.topic}=${Names.tag(topic)}`
  return `${series} ${fields.join(",")} ${now}`
}
