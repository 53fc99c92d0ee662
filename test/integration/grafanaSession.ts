/** The recorded session as the batch fold has it, and as the points that courant would write of it. */
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { BigDecimal } from "effect"
import * as Point from "../../src/adapters/influxdb/Point.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { indicators1m } from "../../src/analytics/indicators.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import type { Pane, Value } from "../../src/streams/pipeline/Pane.ts"
import { events } from "../cli/session.ts"
import { randomFrom } from "../random.ts"

const pipelines: ReadonlyArray<AnyPipeline> = [candles1m, candles5m, movingAverage5m, day, indicators1m]

export const trades = events()

export const panes: ReadonlyArray<Pane> = pipelines.flatMap((pipeline) =>
  BatchFold.fold(pipeline, trades).results.map((result): Pane => ({
    ...result,
    pipeline: pipeline.name,
    pane: "on-time",
    revision: 0
  }))
)

export const number = (value: Value | undefined): number =>
  BigDecimal.isBigDecimal(value) ? BigDecimal.toNumberUnsafe(value) : typeof value === "number" ? value : NaN

/** The values of a pipeline's panes of one symbol as numbers, by their starts. */
export const series = (pipeline: string, key: string) =>
  panes.filter((pane) => pane.pipeline === pipeline && pane.key === key).map(({ start, values }) => ({
    start,
    value: (name: string) => number(values[name])
  })).toSorted((a, b) => a.start - b.start)

export const lines = (): ReadonlyArray<string> => panes.map(Point.encoder()).map(({ line }) => line)

const interval = 5_000

/**
 * Figures as of a run that had kept up with the session. What was read and written is the session's;
 * everything else is made up, from a fixed seed.
 */
export const figures = (from: number, until: number): ReadonlyArray<string> => {
  const random = randomFrom(7)
  const reads = trades.map(({ fields }) => Number(fields["time"])).toSorted((a, b) => a - b)
  const closings = panes.map(({ end }) => end).toSorted((a, b) => a - b)
  const totals = { read: 0, panes: 0, late: 0, dead_lettered: 0, duplicate: 0, revisions: 0, retries: 0, refused: 0 }
  const lines: Array<string> = []
  for (let time = from; time <= until; time += interval) {
    const before = totals.read
    while ((reads[totals.read] ?? Infinity) <= time) totals.read++
    while ((closings[totals.panes] ?? Infinity) <= time - interval) totals.panes++
    const rate = totals.read - before
    const late = random() < 0.02 ? Math.ceil(4 * random()) : 0
    totals.late += late
    totals.revisions += late > 0 && random() < 0.6 ? 1 : 0
    totals.dead_lettered += random() < 0.0006 ? 1 : 0
    totals.retries += random() < 0.0008 ? 1 : 0
    const fields = {
      ...totals,
      aggregated: totals.read - totals.late - totals.dead_lettered,
      lag: Math.floor(rate * (0.02 + 0.2 * random() ** 4)),
      watermark_delay: Math.round(5_000 + 900 * random() ** 3),
      write_latency_p50: 2.5 + random(),
      write_latency_p99: 5 + 10 * random() ** 4,
      batch_lines: 6 + 14 * random() ** 2
    }
    const text = Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(",")
    lines.push(`courant,processor=courant,topic=ticks ${text} ${time}`)
  }
  return lines
}

/** A point as courant would write it. */
export const madeUp = (
  pipeline: string,
  key: string,
  start: number,
  length: number,
  values: Readonly<Record<string, number | string>>
): string =>
  Point.encoder()({ pipeline, key, start, end: start + length, pane: "on-time", revision: 0, changes: 1, values }).line

export const candleOf = (open: number, close: number) => ({
  open,
  high: Math.max(open, close),
  low: Math.min(open, close),
  close,
  vwap: (open + close) / 2,
  volume: 100,
  trades: 1
})
