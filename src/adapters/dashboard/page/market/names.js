/** Pipelines and their results, by the names that the engine gives them: a test holds these to the pipelines. */

export const dayPipeline = "day"
export const averagePipeline = "moving-average-5m"
export const intervals = {
  "1m": { pipeline: "candles-1m", words: "one-minute" },
  "5m": { pipeline: "candles-5m", words: "five-minute" }
}
/** The pipeline whose newest candle is the newest word on the price, and whose keys are the symbols. */
export const pricePipeline = intervals["1m"].pipeline

/** Of candles of any length. */
export const candle = { open: "open", high: "high", low: "low", close: "close", volume: "volume", provisional: "provisional" }

export const average = { mean: "mean" }

export const day = {
  open: "open",
  high: "high",
  low: "low",
  close: "close",
  mean: "mean",
  volume: "volume",
  variation: "variation",
  currency: "currency",
  decimals: "decimals"
}
