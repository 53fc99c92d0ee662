/**
 * Laws of wide decimals, such as sizes: what has more digits than a double holds comes to what the batch fold says, beside what
 * has fewer, wherever a run is cut and in whatever run it goes on.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import * as Decimal from "../domain/Decimal.ts"
import { Price, Size } from "../domain/Tick.ts"
import { Aggregate, Events, Expr, Pipeline, Source, Table, Window } from "../streams/pipeline/index.ts"
import * as BatchFold from "../streams/reference/BatchFold.ts"
import type { Event } from "../streams/reference/EventFold.ts"
import { Kind, type Records } from "../streams/records/Records.ts"
import { cuts } from "./Arbitraries.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { lines, records, run } from "./Harness.ts"
import { same } from "./Law.ts"

/** Of both signs, and with a limit that no double of its scale holds exactly. */
const Balance = Decimal.Decimal({ scale: 4, limit: Number.MAX_SAFE_INTEGER })

const Trade = Schema.Struct({ key: Schema.String, time: Schema.Int, price: Price, size: Size, balance: Schema.NullOr(Balance), ratio: Schema.Finite })

const Bar = Schema.Struct({ key: Schema.String, time: Schema.Int, volume: Size, high: Balance })

const trades = Source.make("trades", { schema: Trade, key: "key", eventTime: "time", outOfOrderness: 100 })

const bars = Source.make("bars", { schema: Bar, key: "key", eventTime: "time", outOfOrderness: 100 })

const lots = Table.make("lots", {
  schema: Schema.Struct({ key: Schema.String, lot: Size }),
  key: "key",
  rows: [{ key: "A", lot: "90071992.54740993" }, { key: "B", lot: "0.5" }]
})

const rows = trades.pipe(
  Events.lookup(lots, { by: "key", select: { lot: "lot" } }),
  Events.where(Expr.or(Expr.lt("size", "123456789012345.12345678"), Expr.gt("balance", 0), Expr.isNull("balance"))),
  Events.derive({ twice: Expr.add("size", "size") }),
  Window.tumbling(10)
)

/** Each of which takes another way where a value is large. */
const aggregates = {
  volume: Aggregate.sum("size"),
  mean: Aggregate.mean("size"),
  smallest: Aggregate.min("size"),
  largest: Aggregate.max("balance"),
  open: Aggregate.first("size"),
  close: Aggregate.last("balance"),
  atHighest: Aggregate.maxBy("size", "price"),
  priceOfLargest: Aggregate.maxBy("price", "size"),
  vwap: Aggregate.weightedMean("price", "size"),
  byBalance: Aggregate.weightedMean("size", "balance"),
  byRatio: Aggregate.sum("ratio"),
  variance: Aggregate.variance("size", { of: "population" }),
  deviation: Aggregate.standardDeviation("balance"),
  covariance: Aggregate.covariance("price", "size"),
  mixed: Aggregate.covariance("ratio", "size"),
  correlation: Aggregate.correlation("size", "balance"),
  lots: Aggregate.sum("lot"),
  twice: Aggregate.sum("twice"),
  exactly: Aggregate.where(Expr.eq("size", "90071992.54740993"))(Aggregate.count),
  others: Aggregate.where(Expr.isNot("balance", "-9007199254740991"))(Aggregate.count)
}

const pipeline = rows.pipe(
  Aggregate.into(aggregates),
  Pipeline.acceptPreAggregated(bars, { volume: "volume", largest: "high" }),
  Pipeline.named("wide")
)

/** On either side of what a double holds, and what sums of doubles would round. */
const sizes = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("0", "0.1", "0.2", "0.00000001", "100", "0.00012345") },
  { weight: 2, arbitrary: fc.constantFrom("90071992.54740991", "90071992.54740992", "90071992.54740993", "23058430093.00000001", "123456789012345.12345678", "1000000000000000") }
)

const balances = fc.constantFrom(null, "0", "-0.1", "12.5", "-900719925474.0993", "900719925474.0992", "9007199254740991", "-9007199254740991")

const placesIn = (last: number) => ({ key: fc.constantFrom("A", "B", "C"), time: fc.integer({ min: 0, max: last }) })

const tradesIn = (last: number) =>
  fc.record({ ...placesIn(last), price: fc.constantFrom("0.00000912", "100.5", "-3", "20000000000"), size: sizes, balance: balances, ratio: fc.constantFrom(0.1, -2.5, 1e16) })
    .map((value) => ({ kind: Kind.event, value }))

const barsOfOthers = fc.record({ ...placesIn(39), volume: sizes, high: balances.filter((high) => high !== null) }).map((value) => ({ kind: Kind.preAggregated, value }))

/** Of both kinds in many windows, or many trades in few. */
const entries = fc.oneof(
  { weight: 2, arbitrary: fc.array(fc.oneof({ weight: 4, arbitrary: tradesIn(39) }, { weight: 1, arbitrary: barsOfOthers }), { maxLength: 30, size: "max" }) },
  { weight: 1, arbitrary: fc.array(tradesIn(4), { maxLength: 30, size: "max" }) }
)

const batchLengths = fc.oneof({ weight: 2, arbitrary: cuts }, { weight: 1, arbitrary: fc.constant([30]) })

type Entry = { readonly kind: typeof Kind.event | typeof Kind.preAggregated; readonly value: object }

/** The log in batches of so many records, over and over. */
const batchesOf = (log: ReadonlyArray<Entry>, cut: ReadonlyArray<number>): ReadonlyArray<Records> => {
  const batches: Array<Records> = []
  for (let at = 0; at < log.length;) {
    const some = log.slice(at, at + Math.max(1, cut[batches.length % cut.length] ?? 1))
    batches.push(records(0, at, some.map(({ value }) => JSON.stringify(value)), some.map(({ kind }) => kind)))
    at += some.length
  }
  return batches
}

const decodeTrade = Schema.decodeUnknownSync(Trade)
const decodeBar = Schema.decodeUnknownSync(Bar)

const folded = (log: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const events = log.map(({ kind, value }, offset): Event =>
    kind === Kind.event ? { partition: 0, offset, fields: decodeTrade(value) } : { partition: 0, offset, preAggregated: true, fields: decodeBar(value) })
  return lines(BatchFold.fold(pipeline, events).results.map((result) => ({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 })))
}

export const wideLaws: EngineLaws = {
  "decimals of more digits than a double holds come to the batch fold's results": law(
    60,
    fc.record({ log: entries, cut: batchLengths }),
    (make, { cut, log }) => {
      const engine = make([pipeline], 1)
      same(lines(run(engine, batchesOf(log, cut))), folded(log))
      same([engine.size, engine.counts.deadLettered], [0, 0])
    }
  ),

  "what is kept of decimals of more digits than a double holds is read back from a checkpoint": law(
    40,
    fc.record({ log: entries, cut: batchLengths, at: fc.nat(30) }),
    (make, { at, cut, log }) => {
      const [before, after] = [make([pipeline], 1), make([pipeline], 1)]
      const batches = batchesOf(log, cut)
      const first = batches.slice(0, at).flatMap((batch) => before.take(batch).panes)
      same(after.restore(before.snapshot()), true)
      same(lines([...first, ...run(after, batches.slice(at))]), folded(log))
    }
  )
}
