/**
 * What the dashboard Market (InfluxQL) asks. InfluxQL cannot join, cannot shift times, and cannot look up of which exchange a
 * symbol is: figures are those of the range that is shown, and averages those that courant computes.
 */
import { candles as candle, candlesOf, day, indicators, key, sessions } from "./Names.ts"

const { close, high, low, mean, open, trades, volume, vwap } = candle.fields
const { bollingerLower, bollingerUpper, ema20, macd, macdHistogram, macdSignal, rsi14, sma20 } = indicators.fields

/** Columns that the queries name themselves. */
export const columns = {
  change: "change",
  closeBefore: "close_before",
  estimate: "estimate"
} as const

const isSymbol = `"${key}" =~ /^\${symbol:regex}$/ AND $timeFilter`
const isAmongSymbols = `"${key}" =~ /^\${symbols:regex}$/ AND $timeFilter`

const chosenCandles = `"${candlesOf("${length}")}"`

/** InfluxQL has no other way to ask whether a point has a field; no price that is kept exactly is as low. */
const hasClose = `"${close}" > -1000000000000000`

/** A column by its own name, whatever is computed of it. */
const as = (...names: ReadonlyArray<string>) => (aggregate: string): string => names.map((name) => `${aggregate}("${name}") AS "${name}"`).join(", ")

export const candles = `SELECT ${[open, high, low, close, volume].map((name) => `"${name}"`).join(", ")} FROM ${chosenCandles} WHERE ${isSymbol}`

/** As of the last minute of each candle. */
export const averages =
  `SELECT ${as(sma20, ema20, bollingerUpper, bollingerLower)("last")} FROM "${indicators.measurement}" WHERE ${isSymbol} GROUP BY time(\${length}) fill(none)`

const figures = `last("${close}") AS "${close}", 100 * (last("${close}") - first("${open}")) / first("${open}") AS "${columns.change}", ` +
  `max("${high}") AS "${high}", min("${low}") AS "${low}", sum("${volume}") AS "${volume}"`

/** Of the range: the change is against its first price. */
export const figuresOfSymbol = `SELECT ${figures} FROM "${candle.measurement}" WHERE ${isSymbol}`

export const figuresOfSymbols = `SELECT ${figures} FROM "${candle.measurement}" WHERE ${isAmongSymbols} GROUP BY "${key}"`

/** Of the trades of the range, weighted by the trades of each minute; nothing where a minute does not say it. */
export const meanOfSymbol = `SELECT "weighted" / "${trades}" AS "${mean}" FROM (
  SELECT sum("weighted") AS "weighted", sum("${trades}") AS "${trades}", sum("known") AS "known", sum("all") AS "all" FROM (
    SELECT "${mean}" * "${trades}" AS "weighted", "${trades}", "${mean}" * "${trades}" * 0 + 1 AS "known", "${close}" * 0 + 1 AS "all"
    FROM "${candle.measurement}" WHERE ${hasClose} AND ${isSymbol}
  )
) WHERE "known" = "all"`

/** The close of the last day that was over when the range began. */
export const closeBefore =
  `SELECT last("${close}") AS "${columns.closeBefore}" FROM "${day.measurement}" WHERE "${key}" =~ /^\${symbol:regex}$/ AND "window_end" <= \${__from}`

/** With how many decimals prices of the symbol are shown, as far as a day of the last month knows it. */
export const decimals =
  `SELECT last("decimals") AS "decimals" FROM "${day.measurement}" WHERE "${key}" =~ /^\${symbol:regex}$/ AND time >= \${__from}ms - 30d AND time <= \${__to}ms`

export const prices = `SELECT "${close}" FROM "${candle.measurement}" WHERE ${hasClose} AND ${isSymbol}`

const minutes = (...fields: ReadonlyArray<string>): string =>
  `SELECT ${fields.map((field) => `"${field}"`).join(", ")} FROM "${indicators.measurement}" WHERE ${isSymbol}`

export const averagesOfMinutes = minutes(sma20, ema20)
export const rsi = minutes(rsi14)
export const macds = minutes(macd, macdSignal, macdHistogram)

/**
 * The mean price of all that was traded since the range began, weighted by volume. It ends with the first minute that does not
 * say its own, as a publisher's bar; from the range's beginning on there is an estimate beside it, of the mean of each minute's
 * high, low and close.
 */
export const meanSinceStart = `SELECT "worth" / "traded" AS "${vwap}" FROM (
  SELECT cumulative_sum("worth") AS "worth", cumulative_sum("traded") AS "traded", cumulative_sum("known") AS "known", cumulative_sum("all") AS "all" FROM (
    SELECT "${vwap}" * "${volume}" AS "worth", "${volume}" AS "traded", "${vwap}" * 0 + 1 AS "known", "${volume}" * 0 + 1 AS "all"
    FROM "${candle.measurement}" WHERE "${volume}" > 0 AND ${isSymbol}
  )
) WHERE "known" = "all"`

export const estimateSinceStart = `SELECT "worth" / "traded" AS "${columns.estimate}" FROM (
  SELECT cumulative_sum("worth") AS "worth", cumulative_sum("traded") AS "traded" FROM (
    SELECT ("${high}" + "${low}" + "${close}") / 3 * "${volume}" AS "worth", "${volume}" AS "traded"
    FROM "${candle.measurement}" WHERE "${volume}" > 0 AND ${hasClose} AND ${isSymbol}
  )
)`

/** Per cents of the first price of the range, from the second on: the sum of all steps, as logarithms. */
export const indexed = `SELECT 100 * exp("moved") FROM (
  SELECT cumulative_sum("step") AS "moved" FROM (
    SELECT difference("log") AS "step" FROM (
      SELECT ln("${close}") AS "log" FROM "${candle.measurement}" WHERE ${isAmongSymbols} GROUP BY "${key}"
    ) GROUP BY "${key}"
  ) GROUP BY "${key}"
) GROUP BY "${key}"`

/** Stretches of regular trading that have something of the range: one may have begun before it. */
export const regular =
  `SELECT "${sessions.fields.partEnd}" AS "timeEnd", "${sessions.fields.date}" AS "text" FROM "${sessions.measurement}" WHERE "${sessions.tags.calendar}" =~ /^\${calendar:regex}$/ ` +
  `AND "${sessions.tags.part}" = 'regular' AND "${sessions.fields.partEnd}" > \${__from} AND time >= \${__from}ms - 2d AND time < \${__to}ms`

/** The values of a tag, whatever the range. */
export const tagValues = (measurement: string, tag: string): string => `SHOW TAG VALUES FROM "${measurement}" WITH KEY = "${tag}"`
