/** The indicators of the recorded session's minutes are those that TA-Lib makes of the publisher's own bars. */
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import * as Recorded from "../../src/adapters/recorded/Recorded.ts"
import { indicators1m } from "../../src/analytics/indicators.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { distance, rows, tolerance } from "../talib.ts"

const job = new Job([indicators1m], { partitions: 1 })
const panes: Array<Pane.Pane> = []
await Effect.runPromise(Stream.runForEach(Recorded.events, (chunk) =>
  Effect.sync(() => {
    const first = job.counts.read
    const offsets = Float64Array.from({ length: chunk.length }, (_, i) => first + i)
    panes.push(...job.take({ ...chunk, partition: 0, offsets, appendedAt: new Float64Array(chunk.length) }).panes)
  })))
panes.push(...job.close().panes)

const minutes = new Map(panes.map((pane) => [`${pane.key} ${pane.start}`, Pane.encode(pane).values]))

const valueOf = (row: ReadonlyMap<string, string>, name: string): number | null => {
  const values = minutes.get(`${row.get("symbol")} ${row.get("start_ms")}`)
  const value = values?.[name]
  if (value === undefined) throw new Error(`no ${name} of ${[...row.values()].slice(0, 2).join(" ")}`)
  return value === null ? null : Number(value)
}

describe("of the recorded session", () => {
  it("there is a window for each of the publisher's bars, with its high, low and close", () => {
    expect(rows.length).toBe(2_254)
    for (const row of rows) for (const name of ["high", "low", "close"]) expect(valueOf(row, name)).toBe(Number(row.get(name)))
  })

  it.each([
    ["sma20", "sma20"],
    ["bollingerUpper", "bb_upper"],
    ["bollingerLower", "bb_lower"],
    ["rsi14", "rsi14"],
    ["macd", "macd"],
    ["macdSignal", "macd_signal"],
    ["macdHistogram", "macd_hist"],
    ["atr14", "atr14"]
  ])("%s is TA-Lib's %s to a part in a billion, and missing where TA-Lib has none", (name, column) => {
    for (const row of rows) {
      const what = `${row.get("symbol")} ${row.get("start_ms")}`
      expect(distance(valueOf(row, name), row.get(column)!), what).toBeLessThan(tolerance)
    }
  })

  it("ema20 begins with the mean of 20 closes and moves towards each next by two parts in 21, as TA-Lib's others do", () => {
    for (const bars of Map.groupBy(rows, (row) => row.get("symbol")).values()) {
      const closes = bars.map((row) => Number(row.get("close")))
      let expected = closes.slice(0, 20).reduce((sum, close) => sum + close, 0) / 20
      for (const [at, row] of bars.entries()) {
        if (at >= 20) expected += 2 / 21 * (closes[at]! - expected)
        expect(distance(valueOf(row, "ema20"), at < 19 ? "" : String(expected))).toBeLessThan(tolerance)
      }
    }
  })
})
