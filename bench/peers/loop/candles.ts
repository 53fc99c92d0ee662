/**
 * The loop that people write: lines, `JSON.parse`, a `Map` of candles. Nothing is closed before the end, and a price is
 * compared as a double.
 */
import { createReadStream } from "node:fs"

interface Candle {
  readonly open: string
  high: string
  low: string
  close: string
  volume: number
  count: number
}

const candles = new Map<string, Candle>()

const take = (line: string): void => {
  const { price, size, symbol, time } = JSON.parse(line)
  const key = `${symbol},${time - time % 60_000}`
  const candle = candles.get(key)
  if (candle === undefined) {
    candles.set(key, { open: price, high: price, low: price, close: price, volume: size, count: 1 })
    return
  }
  if (Number(price) > Number(candle.high)) candle.high = price
  if (Number(price) < Number(candle.low)) candle.low = price
  candle.close = price
  candle.volume += size
  candle.count += 1
}

let rest = ""
for await (const chunk of createReadStream(process.argv[2]!, { encoding: "utf8" })) {
  const lines = (rest + chunk).split("\n")
  rest = lines.pop()!
  for (const line of lines) take(line)
}
if (rest !== "") take(rest)

let text = ""
for (const [key, { close, count, high, low, open, volume }] of candles) {
  text += `${key},${open},${high},${low},${close},${volume},${count}\n`
}
process.stdout.write(text)
