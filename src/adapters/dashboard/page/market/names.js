/** Pipelines and their results, by the names that the engine gives them: a test holds these to the pipelines. */

export const dayPipeline = "day"
/** The pipeline whose newest candle is the newest word on the price, and whose keys are the symbols. */
export const pricePipeline = "candles-1m"

/** Of candles of any length. */
export const candle = { open: "open", high: "high", low: "low", close: "close", volume: "volume", provisional: "provisional" }

export const day = {
  open: "open",
  high: "high",
  low: "low",
  close: "close",
  mean: "mean",
  volume: "volume",
  variation: "variation",
  currency: "currency",
  decimals: "decimals",
  exchange: "exchange"
}
