/** TA-Lib's own values over a day of real bars: the engine and the batch fold give them, from the same bar on. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Indicator, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { Price } from "../../../src/domain/Tick.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"
import { makeJob, records, run } from "../../../src/testing/Harness.ts"
import { distance, rows, tolerance } from "../../talib.ts"

const number = Schema.Finite

/** The file has all minutes in order, whatever lies between them. */
const bars = Source.make("bars", {
  schema: Schema.Struct({ symbol: Schema.String, start: Schema.Int, high: Price, low: Price, close: Price, volume: number }),
  key: "symbol",
  eventTime: "start"
})

const bar = { high: "high", low: "low", close: "close" } as const
const macd = { fast: 12, slow: 26, signal: 9 }
const stochastic = { fastK: 14, slowK: 3, slowD: 3 }

const pipeline = bars.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    high: Aggregate.max("high"),
    low: Aggregate.min("low"),
    close: Aggregate.last("close"),
    volume: Aggregate.sum("volume")
  }),
  Panes.derive({
    sma20: Indicator.sma("close", 20),
    wma20: Indicator.wma("close", 20),
    ema12: Indicator.ema("close", 12),
    ema26: Indicator.ema("close", 26),
    rsi14: Indicator.rsi("close", 14),
    macd: Indicator.macd("close", macd),
    macd_signal: Indicator.macdSignal("close", macd),
    macd_hist: Indicator.macdHistogram("close", macd),
    bb_upper: Indicator.bollingerUpper("close", 20, 2),
    bb_lower: Indicator.bollingerLower("close", 20, 2),
    stddev20: Indicator.standardDeviation("close", 20),
    atr14: Indicator.atr(bar, 14),
    roc10: Indicator.roc("close", 10),
    mom10: Indicator.momentum("close", 10),
    obv: Indicator.obv({ close: "close", volume: "volume" }),
    stoch_k: Indicator.stochasticK(bar, stochastic),
    stoch_d: Indicator.stochasticD(bar, stochastic),
    cci20: Indicator.cci(bar, 20),
    adx14: Indicator.adx(bar, 14),
    mfi14: Indicator.mfi({ ...bar, volume: "volume" }, 14),
    max20: Indicator.highest("high", 20),
    min20: Indicator.lowest("low", 20)
  }),
  Pipeline.named("indicators")
)

const columns = Object.keys(pipeline.plan._tag === "derive" ? pipeline.plan.values : {})

const texts = rows.map((row) => JSON.stringify({
  symbol: row.get("symbol"),
  start: Number(row.get("start_ms")),
  high: row.get("high"),
  low: row.get("low"),
  close: row.get("close"),
  volume: Number(row.get("volume"))
}))

const decode = Schema.decodeUnknownSync(Schema.Struct({ symbol: Schema.String, start: Schema.Int, high: Price, low: Price, close: Price, volume: number }))

const sources: { readonly [name: string]: () => ReadonlyArray<Pick<Pane.Pane, "key" | "start" | "values">> } = {
  // The bars of one symbol stand before those of the next: each symbol in a partition of its own, whose times go on.
  engine: () => {
    const symbols = [...new Set(rows.map((row) => row.get("symbol")!))]
    const batches = symbols.map((symbol, partition) => records(partition, 0, texts.filter((_, index) => rows[index]!.get("symbol") === symbol)))
    return run(makeJob([pipeline], symbols.length), batches)
  },
  fold: () => {
    const symbols = [...new Set(rows.map((row) => row.get("symbol")!))]
    return BatchFold.fold(pipeline, texts.map((text, offset) => {
      const fields = decode(JSON.parse(text))
      return { partition: symbols.indexOf(fields.symbol), offset, fields }
    })).results
  }
}

describe.each(Object.keys(sources))("of the %s", (name) => {
  const given = new Map(sources[name]!().map((pane) => [`${pane.key} ${pane.start}`, Pane.encode({ ...pane, pipeline: "", end: 0, pane: "on-time", revision: 0, changes: 0 }).values]))

  it("there is a pane for each bar", () => {
    expect(given.size).toBe(rows.length)
    expect(rows.length).toBeGreaterThan(2_000)
  })

  it.each(columns)("%s is TA-Lib's, to a part in a billion, and missing where TA-Lib has none", (column) => {
    for (const row of rows) {
      const place = `${row.get("symbol")} ${row.get("start_ms")}`
      const value = given.get(place)![column]!
      expect(distance(value === null ? null : Number(value), row.get(column)!), `${column} of ${place}`).toBeLessThan(tolerance)
    }
  })
})
