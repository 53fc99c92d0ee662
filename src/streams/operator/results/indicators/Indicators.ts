/** How each indicator is computed. */
import type { Spec } from "../../../pipeline/Indicator.ts"
import * as Averages from "./Averages.ts"
import * as Changes from "./Changes.ts"
import type { Computed } from "./Computed.ts"
import { adx } from "./DirectionalMovement.ts"
import * as Picks from "./Picks.ts"
import * as Ranges from "./Ranges.ts"
import * as Volumes from "./Volumes.ts"

export const computedBy = (spec: Spec): Computed => {
  switch (spec.function) {
    case "previous":
      return Picks.previous
    case "percentChange":
      return Picks.percentChange
    case "highest":
      return Picks.highest(spec.parameters.n)
    case "lowest":
      return Picks.lowest(spec.parameters.n)
    case "sma":
      return Averages.sma(spec.parameters.n)
    case "wma":
      return Averages.wma(spec.parameters.n)
    case "ema":
      return Averages.ema(spec.parameters.n)
    case "standardDeviation":
      return Averages.standardDeviation(spec.parameters.n)
    case "bollingerUpper":
      return Averages.bollinger(spec.parameters.n, spec.parameters.deviations)
    case "bollingerLower":
      return Averages.bollinger(spec.parameters.n, -spec.parameters.deviations)
    case "macd":
      return Averages.macd(spec.parameters, (macd) => macd)
    case "macdSignal":
      return Averages.macd(spec.parameters, (_, signal) => signal)
    case "macdHistogram":
      return Averages.macd(spec.parameters, (macd, signal) => macd - signal)
    case "roc":
      return Changes.roc(spec.parameters.n)
    case "momentum":
      return Changes.momentum(spec.parameters.n)
    case "rsi":
      return Changes.rsi(spec.parameters.n)
    case "atr":
      return Ranges.atr(spec.parameters.n)
    case "cci":
      return Ranges.cci(spec.parameters.n)
    case "adx":
      return adx(spec.parameters.n)
    case "stochasticK":
      return Ranges.stochasticK(spec.parameters)
    case "stochasticD":
      return Ranges.stochasticD(spec.parameters)
    case "obv":
      return Volumes.obv
    case "mfi":
      return Volumes.mfi(spec.parameters.n)
  }
}
