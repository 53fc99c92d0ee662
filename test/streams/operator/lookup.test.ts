/** Fields of a table beside those of a row, and what a table has to do with a pipeline's fingerprint. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Aggregate, Decimal, Events, Job, Pipeline, Row, Source, Table, Window } from "../../../src/index.ts"
import { definitionOf } from "../../../src/streams/pipeline/Checked.ts"
import { records } from "../../../src/testing/Harness.ts"

const trades = Source.make("trades", {
  schema: Schema.Struct({ at: Schema.Int, trade: Schema.Struct({ symbol: Schema.String, venue: Schema.optionalKey(Schema.String) }), size: Schema.Int }),
  key: "trade.symbol",
  eventTime: "at"
})

const Listing = Schema.Struct({
  symbol: Schema.String,
  venue: Schema.String,
  fee: Schema.optionalKey(Decimal.Decimal({ scale: 4, limit: 100 })),
  terms: Schema.Struct({ lot: Schema.Int })
})

const listings = (rows: ReadonlyArray<typeof Listing.Encoded>) => Table.make("listings", { schema: Listing, key: ["venue", "symbol"], rows })

const some = [
  { symbol: "IBM", venue: "N", fee: "1e1", terms: { lot: 100 } },
  { symbol: "IBM", venue: "Q", terms: { lot: -0 } },
  { symbol: "AIG", venue: "N", fee: 0.25, terms: { lot: 1 } }
]

const looked = (rows: typeof some) =>
  trades.pipe(Events.lookup(listings(rows), { by: ["trade.venue", "trade.symbol"], select: { fee: "fee", lot: "terms.lot" } }), Pipeline.named("looked"))

const rowsOf = (pipeline: Pipeline.AnyOfRows, ...texts: ReadonlyArray<string>) =>
  new Job([pipeline], { partitions: 1 }).take(records(0, 0, texts)).rows.map((row) => [row.key, Row.encode(row).values])

const trade = (symbol: string, venue?: string) => JSON.stringify({ at: 1, trade: { symbol, venue }, size: 2 })

it("are found by all of the key, and absent where the table or the row has none", () => {
  const found = rowsOf(looked(some), trade("IBM", "N"), trade("IBM", "Q"), trade("AIG", "N"), trade("AIG", "Q"), trade("IBM"))
  expect(found.map(([, values]) => values)).toMatchObject([
    { fee: "10", lot: 100 },
    { fee: null, lot: 0 },
    { fee: "0.25", lot: 1 },
    { fee: null, lot: null },
    { fee: null, lot: null }
  ])
  expect(rowsOf(looked([]), trade("IBM", "N")).map(([, values]) => values)).toMatchObject([{ fee: null, lot: null }])
})

it("are another pipeline's where the table has other values, and not where its rows stand otherwise", () => {
  const { fingerprint } = looked(some).checked
  expect(looked(some.toReversed()).checked.fingerprint).toBe(fingerprint)
  expect(looked(some.map((row) => ({ ...row, terms: { lot: 7 } }))).checked.fingerprint).not.toBe(fingerprint)
  expect(looked(some.slice(1)).checked.fingerprint).not.toBe(fingerprint)
})

it("fields that keep their name stay in their struct, and others leave it; key and time are read by their new names", () => {
  const selected = trades.pipe(Events.select({ size: "size", of: "trade.symbol", "trade.venue": "trade.venue", time: "at" }), Pipeline.named("selected"))
  expect(rowsOf(selected, trade("IBM", "N"))).toEqual([["IBM", { size: 2, of: "IBM", trade: { venue: "N" }, time: 1 }]])
  const { eventTime, key } = definitionOf(selected.checked.end)
  expect([eventTime.field, key]).toEqual(["time", ["of"]])
  const within = () => trades.pipe(Events.select({ trade: "size", "trade.symbol": "trade.symbol", at: "at" }), Pipeline.named("within"))
  expect(within).toThrow("the field \"trade\": there is another field of this name")
})

it("what is read behind rows that are held is held, whatever it is called there", () => {
  const sums = trades.pipe(
    Events.distinct({ by: "size", within: 10 }),
    Events.select({ of: "trade.symbol", at: "at", pieces: "size", venue: "trade.venue" }),
    Events.lookup(listings(some), { by: ["venue", "of"], select: { lot: "terms.lot" } }),
    Window.tumbling(10),
    Aggregate.into({ pieces: Aggregate.sum("pieces"), lot: Aggregate.max("lot") }),
    Pipeline.named("sums")
  )
  const job = new Job([sums], { partitions: 1 })
  job.take(records(0, 0, [trade("IBM", "N"), trade("IBM", "Q"), trade("AIG", "N")]))
  expect(job.close().panes.map(({ key, values }) => [key, values])).toEqual([["AIG", { pieces: 2, lot: 1 }], ["IBM", { pieces: 2, lot: 100 }]])
})
