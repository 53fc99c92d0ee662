/** The usual indicators over candles of one minute. */
import { Aggregate, Events, Indicator, Panes, Pipeline, Window } from "../streams/pipeline/index.ts"
import { minuteBars } from "./candles.ts"
import { figures } from "./figures.ts"
import { byTrade, settling, ticks, updatesLast } from "./ticks.ts"

const { close, high, low } = figures

const bar = { high: "high", low: "low", close: "close" } as const

const lengths = { fast: 12, slow: 26, signal: 9 }

/**
 * High, low and close of each minute with trades, those of `candles-1m`, and what is computed of them and of the minutes before:
 * averages over 20 minutes, bands two deviations around the plain one, RSI and ATR over 14, and MACD. Each is `null` until there
 * are minutes enough; minutes of one session follow on those of the one before. Prices are as they were given: over a split nothing
 * is adjusted. `splitFactor` says by what such a minute's prices are compared with those before it.
 */
export const indicators1m = ticks.pipe(
  Events.cancels(byTrade),
  Window.tumbling("1 minute"),
  Aggregate.into({ high, low, close, splitFactor: updatesLast(Aggregate.last("splitFactor")) }),
  Pipeline.acceptPreAggregated(minuteBars, { ...bar, splitFactor: "splitFactor" }),
  Pipeline.allowedLateness(settling),
  Panes.derive({
    sma20: Indicator.sma("close", 20),
    ema20: Indicator.ema("close", 20),
    bollingerUpper: Indicator.bollingerUpper("close", 20, 2),
    bollingerLower: Indicator.bollingerLower("close", 20, 2),
    rsi14: Indicator.rsi("close", 14),
    macd: Indicator.macd("close", lengths),
    macdSignal: Indicator.macdSignal("close", lengths),
    macdHistogram: Indicator.macdHistogram("close", lengths),
    atr14: Indicator.atr(bar, 14)
  }),
  Pipeline.named("indicators-1m")
)
