/**
 * Candles of one minute as people write them: `data` events, lines, `JSON.parse`, a map of windows, an object each. It takes the
 * lines in the order of their times and closes a window five seconds after its end; means are exact, as far as a double holds the
 * sums. Its lines are those of the pipeline `candles-1m`.
 */
interface Tick {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
}

interface Candle {
  readonly open: string
  high: string
  low: string
  close: string
  highest: number
  lowest: number
  /** Prices in ten-thousandths. */
  prices: number
  turnover: number
  volume: number
  trades: number
}

const minute = 60_000
const disorder = 5_000
const windows = new Map<number, Map<string, Candle>>()
let closesAt = Infinity

const take = ({ price, size, symbol, time }: Tick): void => {
  if (time >= closesAt) close(time - disorder)
  const start = time - time % minute
  let candles = windows.get(start)
  if (candles === undefined) {
    windows.set(start, candles = new Map())
    closesAt = Math.min(closesAt, start + minute + disorder)
  }
  const number = Number(price)
  const tenThousandths = Math.round(number * 10_000)
  const candle = candles.get(symbol)
  if (candle === undefined) {
    candles.set(symbol, {
      open: price, high: price, low: price, close: price, highest: number, lowest: number,
      prices: tenThousandths, turnover: tenThousandths * size, volume: size, trades: 1
    })
    return
  }
  if (number > candle.highest) {
    candle.high = price
    candle.highest = number
  }
  if (number < candle.lowest) {
    candle.low = price
    candle.lowest = number
  }
  candle.close = price
  candle.prices += tenThousandths
  candle.turnover += tenThousandths * size
  candle.volume += size
  candle.trades++
}

const close = (watermark: number): void => {
  const out: Array<string> = []
  for (const start of [...windows.keys()].filter((start) => start + minute <= watermark).sort((a, b) => a - b)) {
    for (const [symbol, candle] of [...windows.get(start)!].sort(([a], [b]) => (a < b ? -1 : 1))) out.push(lineOf(symbol, start, candle))
    windows.delete(start)
  }
  closesAt = Math.min(...windows.keys()) + minute + disorder
  if (out.length > 0) process.stdout.write(out.join(""))
}

const lineOf = (key: string, start: number, candle: Candle): string =>
  JSON.stringify({
    pipeline: "candles-1m",
    key,
    start,
    end: start + minute,
    pane: "on-time",
    revision: 0,
    changes: candle.trades,
    values: {
      open: shortest(candle.open),
      high: shortest(candle.high),
      low: shortest(candle.low),
      close: shortest(candle.close),
      mean: quotient(candle.prices, candle.trades),
      volume: String(candle.volume),
      vwap: quotient(candle.turnover, candle.volume),
      trades: candle.trades,
      provisional: 0
    }
  }) + "\n"

const shortest = (decimal: string): string => decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal

/** Of ten-thousandths, to twelve decimals. */
const quotient = (sum: number, by: number): string => {
  const [dividend, divisor] = [BigInt(sum) * 10n ** 8n * 2n, BigInt(by)]
  const digits = String((dividend + divisor) / (divisor * 2n)).padStart(13, "0")
  return shortest(`${digits.slice(0, -12)}.${digits.slice(-12)}`)
}

let rest = ""
process.stdin.setEncoding("utf8")
process.stdin.on("data", (chunk: string) => {
  const lines = (rest + chunk).split("\n")
  rest = lines.pop() ?? ""
  for (const line of lines) take(JSON.parse(line))
})
process.stdin.on("end", () => close(Infinity))
