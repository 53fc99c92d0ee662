/** The built-in pipelines by name. */
import type * as Pipeline from "../streams/pipeline/Pipeline.ts"

/** To check one takes a while, that of days with the calendars of all exchanges above all: a run has those that it names. */
export const builtIn: { readonly [name: string]: () => Promise<Pipeline.Any> } = {
  "candles-1m": async () => (await import("../analytics/candles.ts")).candles1m,
  "moving-average-5m": async () => (await import("../analytics/movingAverage.ts")).movingAverage5m,
  "candles-5m": async () => (await import("../analytics/candles.ts")).candles5m,
  day: async () => (await import("../analytics/day.ts")).day,
  "indicators-1m": async () => (await import("../analytics/indicators.ts")).indicators1m
}

export const builtInNames: ReadonlyArray<string> = Object.keys(builtIn)
