/** Several sources in one run, from files and from one feed: what each gives, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { courant, linesOf, minute, start, temporaryFolder } from "./courant.ts"
import { linesOfAll, market as marketOf, slippage, windowsIn, windowsOf } from "./slippage.ts"

const market = `
import { Schema } from "effect"
import { Aggregate, Decimal, Pipeline, Source, Window } from "courant"

const price = Decimal.Decimal({ scale: 4, limit: 1e6 })
const trades = Source.make("trades", {
  schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, price, size: Schema.Int }),
  key: "symbol",
  eventTime: "time"
})
const quotes = Source.make("quotes", {
  schema: Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: price, firm: Schema.optionalKey(Schema.Boolean), venue: Schema.Struct({ name: Schema.NullOr(Schema.String) }) }),
  key: "symbol",
  eventTime: "at"
})
export const volume = trades.pipe(Window.tumbling("1 minute"), Aggregate.into({ volume: Aggregate.sum("size") }), Pipeline.named("volume"))
export const bids = quotes.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ bid: Aggregate.last("bid"), venue: Aggregate.last("venue.name") }),
  Pipeline.named("bids")
)
`

const trades = (count: number) =>
  Array.from({ length: count }, (_, n) => JSON.stringify({ symbol: "A", time: minute + n * 1_000, price: "1.5", size: 1 })).join("\n")

const quotes = `﻿at,bid,symbol,firm,venue.name,unknown
${minute},10.25,A,true,"X, ""Y""",1
${minute + 1_000},10.5,A,,,2
${minute + 2_000},ten,A,,Z,3

${minute + 3_000},10.75
${minute + 60_000},11,A,false,Z,4
`

const folder = Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  writeFileSync(join(cwd, "market.ts"), market)
  writeFileSync(join(cwd, "trades.ndjson"), trades(100))
  writeFileSync(join(cwd, "quotes.csv.gz"), gzipSync(quotes))
  return cwd
})

const files = "--feed file:trades=trades.ndjson --feed file:quotes=quotes.csv.gz"
const accounts = [
  "quotes: read 5, aggregated 3, late 0, dead-lettered 2, duplicate 0",
  "trades: read 100, aggregated 100, late 0, dead-lettered 0, duplicate 0",
  "read 105, aggregated 103, late 0, dead-lettered 2, duplicate 0"
]
const panes = [
  `{"pipeline":"bids","key":"A","start":${minute},"end":${minute + 60_000},"pane":"on-time","revision":0,"changes":2,"values":{"bid":"10.5","venue":"X, \\"Y\\""}}`,
  `{"pipeline":"bids","key":"A","start":${minute + 60_000},"end":${minute + 120_000},"pane":"on-time","revision":0,"changes":1,"values":{"bid":"11","venue":"Z"}}`,
  `{"pipeline":"volume","key":"A","start":${minute},"end":${minute + 60_000},"pane":"on-time","revision":0,"changes":60,"values":{"volume":60}}`,
  `{"pipeline":"volume","key":"A","start":${minute + 60_000},"end":${minute + 120_000},"pane":"on-time","revision":0,"changes":40,"values":{"volume":40}}`
]

describe("two files", () => {
  it.live("lines of JSON and compressed CSV give what each gives alone; a start anew appends nothing twice", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const first = yield* courant(`run ${files} --once --pipelines ./market.ts`, { cwd })
      assert.deepStrictEqual(linesOf(first.stderr), accounts)
      const again = yield* courant(`run ${files} --once --keep 30d,1TB --pipelines ./market.ts`, { cwd })
      assert.deepStrictEqual(linesOf(again.stderr), accounts)
      const replayed = yield* courant("replay --pipelines ./market.ts", { cwd })
      assert.deepStrictEqual(linesOf(replayed.stdout).toSorted(), panes)
      const letters = yield* courant("dead-letters list", { cwd })
      assert.match(letters.stdout, /^quotes\/0\/2 {2}invalid-field.*\n.*\nquotes\/0\/3 {2}not-json: .*\n/)
      const kept = yield* courant("check ./market.ts", { cwd })
      assert.match(kept.stdout, /bids +kept.*\nvolume +kept/)
      assert.match((yield* courant("why bids A --pipelines ./market.ts", { cwd })).stdout, /partition 0 of quotes holds it back/)
    }), 240_000)

  it.live("the same in memory, and by ingest and process", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const inMemory = yield* courant(`run ${files} --log memory --sink stdout --once --pipelines ./market.ts`, { cwd })
      assert.deepStrictEqual([linesOf(inMemory.stdout).toSorted(), linesOf(inMemory.stderr)], [panes, accounts])
      const untyped = yield* courant(`ingest ${files} --topic market`, { cwd })
      assert.match(untyped.stderr, /what the columns of a CSV file are, pipelines say/)
      const ingested = yield* courant(`ingest ${files} --topic market --pipelines ./market.ts`, { cwd })
      assert.match(ingested.stderr, /appended 105 records to market/)
      const processed = yield* courant("process --topic market --once --sink stdout --pipelines ./market.ts", { cwd })
      assert.deepStrictEqual([linesOf(processed.stdout).toSorted(), linesOf(processed.stderr)], [panes, accounts])
    }), 240_000)

  it.live("what cannot be read together is refused by name, before anything is opened", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const refusals: ReadonlyArray<readonly [args: string, message: RegExp]> = [
        ["run --feed file:trades=trades.ndjson", /it reads "quotes", and the run has no such source; it has trades/],
        [`run ${files} --feed file:orders=trades.ndjson`, /no pipeline reads the source "orders"; they read quotes, trades/],
        ["run --feed file:trades=none.ndjson", /--feed file:trades=none.ndjson: there is no such file/],
        [`run ${files} --feed file:trades=trades.ndjson`, /the source "trades" has two files/],
        [`run ${files} --feed stdin`, /only files are read side by side/],
        [`run ${files} --topic trades`, /"trades" is one of several sources: name what keeps all of them otherwise/],
        [`run ${files} --topic trades=a`, /--topic SOURCE=TOPIC needs --log kafka/],
        [`run ${files} --topic trades=a=b`, /SOURCE=TOPIC of two such names/],
        [`run ${files} --log kafka --brokers 127.0.0.1:1`, /several sources go into a Kafka topic each: give --topic quotes=TOPIC --topic trades=TOPIC/],
        [`run ${files} --log kafka --brokers 127.0.0.1:1 --topic trades=a`, /a Kafka topic each: give --topic quotes=TOPIC$/m],
        [`run ${files} --log kafka --brokers 127.0.0.1:1 --topic trades=a --topic quotes=b --topic orders=c`, /--topic orders=c: the source "orders" is not fed; those that are: quotes, trades/],
        ["run --feed stdin", /they cannot run together over one topic/]
      ]
      yield* Effect.forEach(refusals, ([args, message]) =>
        Effect.map(courant(`${args} --once --pipelines ./market.ts`, { cwd }), ({ code, stderr }) => {
          assert.match(stderr, message)
          assert.notStrictEqual(code, 0, args)
        }), { concurrency: 2 })
      const single = yield* courant("ingest --feed stdin --log kafka --brokers 127.0.0.1:1 --topic trades=a", { cwd })
      assert.match(single.stderr, /of one feed give --topic TOPIC/)
      const unkeyed = yield* courant("ingest --feed file:trades=trades.ndjson --log kafka --brokers 127.0.0.1:1 --topic trades=a", { cwd })
      assert.match(unkeyed.stderr, /what the key of an event of "trades" is, by which it has its place in Kafka, pipelines say/)
      writeFileSync(join(cwd, "quotes.csv.gz"), "at,bid")
      assert.match((yield* courant(`run ${files} --once --pipelines ./market.ts --topic a`, { cwd })).stderr, /quotes.csv.gz cannot be read: incorrect header check/)
      writeFileSync(join(cwd, "quotes.csv"), "at,bid,venue.name\n")
      assert.match(
        (yield* courant("run --feed file:trades=trades.ndjson --feed file:quotes=quotes.csv --once --pipelines ./market.ts --topic b", { cwd })).stderr,
        /the header of quotes.csv has no "symbol", which each record needs; it has at, bid, venue.name/
      )
    }), 240_000)
})

describe("one feed whose events name their source", () => {
  const input = [
    { type: "trades", symbol: "A", time: minute, price: "1", size: 3 },
    { type: "quotes", symbol: "A", at: minute, bid: "2", venue: { name: "X" } },
    { type: "orders", symbol: "A" },
    { symbol: "A" },
    { type: "trades", symbol: "A", time: minute + 60_000, price: "1", size: 4 }
  ].map((event) => `${JSON.stringify(event)}\n`).join("") + "nothing\n[1]\n"

  it.live("each goes to its own, and one that names none is a dead letter that says so", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      const { stderr } = yield* courant("run --feed stdin --source-field type --once --pipelines ./market.ts", { cwd, input })
      assert.deepStrictEqual(linesOf(stderr), [
        "quotes: read 5, aggregated 1, late 0, dead-lettered 4, duplicate 0",
        "trades: read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0",
        "read 7, aggregated 3, late 0, dead-lettered 4, duplicate 0"
      ])
      const letters = yield* courant("dead-letters list --reason unknown-source", { cwd })
      assert.strictEqual(letters.stdout.match(/unknown-source: it names none of the sources that are read: quotes, trades/g)?.length, 2)
      const unread = yield* courant("dead-letters list --reason not-json", { cwd })
      assert.match(unread.stdout, /not-json: the record is not JSON in UTF-8[^]*not-json: the record is not a JSON object/)
      const retried = yield* courant("dead-letters retry --pipelines ./market.ts", { cwd })
      assert.match(retried.stderr, /quotes: 0 of 4 dead letters are in the log again\ncourant: trades: 0 of 0|quotes: 0 of 4 dead letters are in the log again\ntrades: 0 of 0/)
      const single = yield* courant("run --feed stdin --once --pipelines candles-1m", { cwd, input })
      assert.match(single.stderr, /has several sources \(quotes, trades\): choose another topic with --topic/)
    }), 240_000)
})

describe("two sources that are joined", () => {
  const both = "--feed file:trades=trades.ndjson --feed file:quotes=quotes.ndjson --pipelines ./slippage.ts"
  const joinedFolder = (count: number) =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const market = marketOf(count)
      writeFileSync(join(cwd, "slippage.ts"), slippage)
      writeFileSync(join(cwd, "trades.ndjson"), linesOfAll(market.trades))
      writeFileSync(join(cwd, "quotes.ndjson"), linesOfAll(market.quotes))
      return { cwd, market }
    })

  it.live("killed and started anew they give what each trade and its quote come to, and so does a replay", () =>
    Effect.gen(function*() {
      const { cwd, market } = yield* joinedFolder(20_000)
      const expected = windowsOf(market)
      assert.isAbove(expected.length, 60)
      const first = yield* start(`run ${both} --page=false --sink sqlite`, { cwd })
      yield* first.says(/ panes [1-9]|feed has ended/)
      yield* first.signal("SIGKILL")
      const second = yield* courant(`run ${both} --sink stdout --sink sqlite --once`, { cwd })
      assert.match(second.stderr, new RegExp(`quotes: read ${market.quotes.length}, .*\\ntrades: read 20000, aggregated \\d+, late 0, dead-lettered 0`))
      const queried = yield* courant("query slippage --json --limit 1000", { cwd })
      assert.deepStrictEqual(windowsIn(linesOf(queried.stdout)), expected)
      const replayed = yield* courant("replay --pipelines ./slippage.ts", { cwd })
      assert.deepStrictEqual(windowsIn(linesOf(replayed.stdout)), expected)
    }), 240_000)

  it.live("they are refused where there is one topic, and on Spark", () =>
    Effect.gen(function*() {
      const { cwd } = yield* joinedFolder(1)
      const kafka = "--brokers 127.0.0.1:1 --topic market"
      const oneTopic = /it reads "trades" and "quotes", and the run has one topic; give each of them one of its own \(see --feed file:SOURCE=PATH/
      const refusals: ReadonlyArray<readonly [args: string, message: RegExp]> = [
        ["run --feed stdin --once --pipelines ./slippage.ts", oneTopic],
        [`process --log kafka ${kafka} --once --pipelines ./slippage.ts`, oneTopic],
        ["run --feed file:trades=trades.ndjson --once --pipelines ./slippage.ts", /it reads "quotes", and the run has no such source; it has trades/],
        [`submit ./slippage.ts --engine spark --connect a:1 ${kafka} --once`, oneTopic],
        [`submit ./slippage.ts --engine spark --connect a:1 ${kafka} --topic trades=a --topic quotes=b --once`, /"slippage" cannot run on Spark: Join\.asOf/]
      ]
      yield* Effect.forEach(refusals, ([args, message]) =>
        Effect.map(courant(args, { cwd }), ({ code, stderr }) => {
          assert.match(stderr, message)
          assert.notStrictEqual(code, 0, args)
        }), { concurrency: 2 })
    }), 240_000)
})
