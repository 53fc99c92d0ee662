/**
 * Real ticks: the recorded session in the order of its times, again a day later, and so on. What it calls late was late
 * for the publisher; here nothing is, for a batch knows no lateness.
 */
import { readFileSync, closeSync, openSync, writeSync } from "node:fs"
import { gunzipSync } from "node:zlib"

const recorded = new URL("../../data/recorded/us-equities-2013-10-08.csv.gz", import.meta.url)
const day = 86_400_000

/** Trades of the recorded session. */
export const session = 654_140

interface Trade {
  readonly time: number
  /** What stands before and after the time. */
  readonly head: string
  readonly tail: string
}

/** Lines of JSON, as many as asked for: of the session where no other trades are given. */
export const lines = function*(count: number, trades = readTrades()): Generator<string> {
  for (let at = 0; at < count; at++) {
    const { head, tail, time } = trades[at % trades.length]!
    yield `${head}${time + Math.floor(at / trades.length) * day}${tail}\n`
  }
}

export const writeTo = (path: string, count: number): void => {
  const file = openSync(path, "w")
  let text = ""
  for (const line of lines(count)) {
    text += line
    if (text.length < 1 << 20) continue
    writeSync(file, text)
    text = ""
  }
  writeSync(file, text)
  closeSync(file)
}

const readTrades = (): ReadonlyArray<Trade> =>
  gunzipSync(readFileSync(recorded)).toString().trimEnd().split("\n").slice(1).map((row): Trade => {
    const [symbol, time, price, size] = row.split(",")
    return { time: Number(time), head: `{"symbol":"${symbol}","time":`, tail: `,"price":"${price}","size":${size}}` }
  }).toSorted((one, other) => one.time - other.time)
