/** The recorded session as lines: the trades of a day in the order of their times, and the same again for each further day. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { type Records } from "../src/streams/records/Records.ts"

const day = 86_400_000

interface Trade {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: string
}

const trades = (): ReadonlyArray<Trade> => {
  const file = new URL("../data/recorded/us-equities-2013-10-08.csv.gz", import.meta.url)
  const [, ...rows] = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n")
  return rows.map((row) => {
    const [symbol = "", time = "", price = "", size = ""] = row.split(",")
    return { symbol, time: Number(time), price, size }
  }).sort((a, b) => a.time - b.time)
}

const lineOf = ({ price, size, symbol, time }: Trade, at: number): string =>
  `{"symbol":"${symbol}","time":${time + at * day},"price":"${price}","size":${size}}\n`

/** How many lines a day has. */
export const perDay = 654_140

/** Has something done with a file of so many days, and a folder for what is made of it. */
export const withFile = async <A>(days: number, use: (file: string, folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "courant-bench-"))
  try {
    const path = join(folder, "ticks.ndjson")
    const file = openSync(path, "w")
    const all = trades()
    for (let at = 0; at < days; at++) writeSync(file, all.map((trade) => lineOf(trade, at)).join(""))
    closeSync(file)
    return await use(path, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** So many lines as a log has them, in one partition. */
export const records = (count: number, batchSize = 4_096): ReadonlyArray<Records> => {
  const bytes = Buffer.from(trades().slice(0, count).map((trade) => lineOf(trade, 0)).join(""))
  const all: Array<Records> = []
  let start = 0
  for (let first = 0; first < count; first += batchSize) {
    const length = Math.min(batchSize, count - first)
    const [starts, ends] = [new Int32Array(length), new Int32Array(length)]
    for (let i = 0; i < length; i++) {
      starts[i] = start
      ends[i] = bytes.indexOf(10, start)
      start = ends[i]! + 1
    }
    const offsets = Float64Array.from({ length }, (_, i) => first + i)
    all.push({ length, bytes, starts, ends, kinds: new Uint8Array(length), partition: 0, offsets, appendedAt: new Float64Array(length) })
  }
  return all
}
