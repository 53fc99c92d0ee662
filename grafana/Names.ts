/**
 * The names of what courant writes, as queries see them, from the code that writes it: a result or metric that is
 * called otherwise there does not compile here.
 */
import * as Metrics from "../src/adapters/influxdb/InfluxdbMetrics.ts"
import * as Sessions from "../src/adapters/influxdb/InfluxdbSessions.ts"
import * as Names from "../src/adapters/influxdb/Names.ts"
import { candles1m } from "../src/analytics/candles.ts"
import { day as dayPipeline } from "../src/analytics/day.ts"
import { indicators1m } from "../src/analytics/indicators.ts"
import { movingAverage5m } from "../src/analytics/movingAverage.ts"
import * as Checked from "../src/streams/pipeline/Checked.ts"
import type * as Pipeline from "../src/streams/pipeline/Pipeline.ts"

/** A pipeline's measurement, and its fields by the names of its results. */
const measured = <P extends Pipeline.AnyOfPanes>({ checked, name }: P) => {
  const fields = Checked.valuesOf(checked).map(([result]) => [result, Names.encode(result)])
  return {
    measurement: Names.measurementName(name),
    // A pipeline's type has the values of exactly what it aggregates and derives.
    fields: Object.fromEntries(fields) as { readonly [Result in keyof Pipeline.ValuesOf<P>]: string }
  }
}

export const candles = measured(candles1m)
export const average = measured(movingAverage5m)
export const day = measured(dayPipeline)
export const indicators = measured(indicators1m)

/** What a day says of its symbol, if its feed does. */
export const told = { decimals: "decimals", currency: "currency" } as const

/** Of a candle: how many of its records are samples, or gaps of the feed. */
export const provisional = "provisional"

/** Lengths of candles, as durations of Flux. */
export const intervals = { oneMinute: "1m", fiveMinutes: "5m" } as const

/** The measurement of candles of a length, maybe of that in a variable: it ends in the length. */
export const candlesOf = (interval: string): string =>
  candles.measurement.slice(0, -intervals.oneMinute.length) + interval

/** Of the points of every pipeline: the tag with the key, and the field with the window's end. */
export const { tags: { key }, fields: { windowEnd } } = Names

/** Where it says when markets trade. */
export const sessions = { measurement: Names.sessions, tags: Sessions.tags, fields: Sessions.fields }

/** The measurement of the program's own metrics, and its tags. */
export const metrics = Names.metrics
export const { tags: { processor, topic } } = Metrics

export type Metric = Metrics.Field

/** The name as it is: it is one, or does not compile. */
export const metric = (name: Metric): Metric => name
