/**
 * A recorded hour as the panes that the market's pipelines would give, for looking at the
 * page. The figures are worked out in plain arithmetic here: what is tested is the page.
 */
import { BigDecimal, Option } from "effect"
import type { Pane, Values } from "../../src/streams/pipeline/Pane.ts"

export interface Bar {
  readonly symbol: string
  readonly start: number
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: number
}

const minute = 60_000

export const parseBars = (csv: string): ReadonlyArray<Bar> =>
  csv.split("\n").filter((line) => /^[A-Z]+,\d/.test(line)).map((line) => {
    const [symbol = "", start = "", open = "", high = "", low = "", close = "", volume = ""] = line.split(",")
    return { symbol, start: Number(start), open, high, low, close, volume: Number(volume) }
  })

export const decimal = (text: string | number) => Option.getOrThrow(BigDecimal.fromString(String(text)))

export const pane = (
  pipeline: string,
  key: string,
  start: number,
  end: number,
  values: Values,
  over: Partial<Pane> = {}
): Pane => ({ pipeline, key, start, end, pane: "on-time", revision: 0, changes: 1, values, ...over })

/** A candle of the bars of one symbol, in the order of time. */
export const candle = (bars: ReadonlyArray<Bar>): Values => {
  const first = bars[0]
  const last = bars[bars.length - 1]
  if (first === undefined || last === undefined) throw new Error("a candle needs a bar")
  const prices = bars.flatMap(({ high, low }) => [Number(high), Number(low)])
  return {
    open: decimal(first.open),
    high: decimal(Math.max(...prices)),
    low: decimal(Math.min(...prices)),
    close: decimal(last.close),
    mean: bars.length === 1 ? null : mean(bars),
    volume: volume(bars),
    vwap: null,
    trades: null
  }
}

const mean = (bars: ReadonlyArray<Bar>) =>
  decimal((bars.reduce((sum, { close }) => sum + Number(close), 0) / bars.length).toFixed(12))

const volume = (bars: ReadonlyArray<Bar>): number => bars.reduce((sum, bar) => sum + bar.volume, 0)

/** The whole day so far. */
export const dayPane = (bars: ReadonlyArray<Bar>, variation: string | null): Pane => {
  const { close, high, low, mean, open, volume } = candle(bars)
  const start = Date.UTC(2013, 9, 8, 4)
  return pane("day", bars[0]?.symbol ?? "", start, start + 1_440 * minute, {
    open: open ?? null,
    high: high ?? null,
    low: low ?? null,
    close: close ?? null,
    mean: mean ?? null,
    volume: volume ?? null,
    variation: variation === null ? null : decimal(variation)
  })
}

/** Candles of one and five minutes and the moving average of one symbol's bars. */
export const closedPanes = (bars: ReadonlyArray<Bar>): ReadonlyArray<Pane> => {
  const key = bars[0]?.symbol ?? ""
  const at = new Map(bars.map((bar) => [bar.start, bar]))
  const within = (start: number, end: number) => {
    const found: Array<Bar> = []
    for (let time = start; time < end; time += minute) {
      const bar = at.get(time)
      if (bar !== undefined) found.push(bar)
    }
    return found
  }
  const fives = [...new Set(bars.map(({ start }) => start - start % (5 * minute)))]
  return [
    ...bars.map((bar) => pane("candles-1m", key, bar.start, bar.start + minute, candle([bar]))),
    ...fives.map((start) =>
      pane("candles-5m", key, start, start + 5 * minute, candle(within(start, start + 5 * minute)))
    ),
    ...bars.map(({ start }) => {
      const window = within(start - 4 * minute, start + minute)
      const values = { mean: mean(window), volume: volume(window), trades: window.length }
      return pane("moving-average-5m", key, start - 4 * minute, start + minute, values)
    })
  ]
}
