/** What is refused by name, and what a plan's fingerprint hangs on. What plans compute is tested on a real Spark. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { describe } from "vitest"
import { Decimal } from "../../../../src/domain/Decimal.ts"
import { Price, Size } from "../../../../src/domain/Tick.ts"
import { compile, portable } from "../../../../src/adapters/spark/compile/Compile.ts"
import { explain } from "../../../../src/adapters/spark/compile/Program.ts"
import { candles1m } from "../../../../src/analytics/candles.ts"
import { day } from "../../../../src/analytics/day.ts"
import { Aggregate, Events, Expr, Join, Indicator, Panes, Pipeline, Source, Table, Window } from "../../../../src/streams/pipeline/index.ts"
import { ticks } from "../../../../src/analytics/ticks.ts"

const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, price: Price, ratio: Schema.Finite, size: Schema.Int })

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })
const minutes = trades.pipe(Window.tumbling("1 minute"))
const closes = minutes.pipe(Aggregate.into({ close: Aggregate.last("price") }))

const sourceOf = (symbol: Schema.Codec<string>, price = Price) =>
  Source.make("trades", {
    schema: Schema.Struct({ symbol, time: Schema.Int, price }),
    key: "symbol",
    eventTime: "time"
  }).pipe(Window.tumbling("1 minute"), Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("checked"))

const refused: Readonly<Record<string, readonly [Pipeline.Any, RegExp]>> = {
  "an end in events": [
    trades.pipe(Events.where(Expr.gt("size", 1)), Pipeline.named("large")),
    /"large" cannot run on Spark: a pipeline that ends in events: /
  ],
  "trading sessions": [day, /"day" cannot run on Spark: Window\.trading: /],
  "a calendar": [ticks.pipe(Window.calendar("day", { timeZone: "Asia/Tokyo" }), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("tokyo")), /"tokyo" cannot run on Spark: calendar windows: /],
  "windows that cumulate": [
    trades.pipe(Window.cumulative("1 day", "1 hour"), Aggregate.into({ n: Aggregate.count }), Pipeline.named("so-far")),
    /cumulative windows/
  ],
  "windows that count rows": [
    trades.pipe(Window.count(100, { within: "1 day" }), Aggregate.into({ n: Aggregate.count }), Pipeline.named("hundreds")),
    /"hundreds" cannot run on Spark: Window\.count: Spark has no windows of so many rows of a stream; run it in process/
  ],
  "sessions of an exchange": [
    trades.pipe(Window.trading("XNYS", { bars: "5 minutes" }), Aggregate.into({ n: Aggregate.count }), Pipeline.named("bars")),
    /"bars" cannot run on Spark: Window\.trading: sessions of an exchange have no fixed length, and Spark's windows have one; run it in process/
  ],
  "early panes": [closes.pipe(Pipeline.emitOnUpdate(), Pipeline.named("early")), /Pipeline\.emitOnUpdate/],
  "a filter that is a function": [
    trades.pipe(
      Events.filter(() => true),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("odd")
    ),
    /Events\.filter/
  ],
  "an aggregate of functions": [
    minutes.pipe(
      Aggregate.into({
        most: Aggregate.custom({
          create: () => 0,
          add: (most: number, { size }: Pipeline.RowOf<typeof trades>) => Math.max(most, size),
          merge: Math.max,
          result: (most) => most,
          state: Schema.Int
        })
      }),
      Pipeline.named("most")
    ),
    /"most" \(Aggregate\.custom\)/
  ],
  "decimals weighted by doubles": [
    minutes.pipe(Aggregate.into({ mean: Aggregate.weightedMean("price", "ratio") }), Pipeline.named("mixed")),
    /"mean" mixes decimals with doubles/
  ],
  "a text in capitals": [
    trades.pipe(
      Events.derive({ name: Expr.upper("symbol") }),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("computed")
    ),
    /Expr\.upper: the words of JavaScript and of Spark for it are not the same for every text/
  ],
  "rows of which one of each id is kept": [
    trades.pipe(
      Events.distinct({ by: "size", within: "1 minute" }),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("once")
    ),
    /Events\.distinct: .* promises no time after which it forgets it/
  ],
  "a large table": [
    trades.pipe(
      Events.lookup(
        Table.make("large", {
          schema: Schema.Struct({ key: Schema.Int, value: Schema.String }),
          key: "key",
          rows: Array.from({ length: 1_001 }, (_, key) => ({ key, value: "x" }))
        }),
        { by: "size", select: { value: "value" } }
      ),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("looked")
    ),
    /Events\.lookup: the table "large" has 1001 rows, and more than 1000 are no part of a plan/
  ],
  "rows of many branches": [
    Array.from({ length: 10 }).reduce<Events.Events<Pipeline.RowOf<typeof trades>, "portable">>((all) => all.pipe(Events.union(trades)), trades)
      .pipe(Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count }), Pipeline.named("united")),
    /Events\.union: it unites more than 10 branches, whose rows have no order there/
  ],
  "rows with the newest of another side": [
    trades.pipe(
      Join.asOf(trades, { within: "1 minute", select: { before: "price" } }),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("joined")
    ),
    /Join\.asOf: .* no join with the newest row at a time/
  ],
  "pairs of rows": [
    trades.pipe(
      Join.interval(trades, { within: "1 minute", select: { before: "price" } }),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("paired")
    ),
    /Join\.interval: .* only as far as there are pairs/
  ],
  "results joined with rows": [
    trades.pipe(
      Join.asOf(closes.pipe(Panes.toEvents), { within: "1 hour", select: { before: "close" } }),
      Window.tumbling("1 hour"),
      Aggregate.into({ before: Aggregate.max("before") }),
      Pipeline.named("beside")
    ),
    /"beside" cannot run on Spark: rows that go into several windows, or past them: /
  ],
  "a quotient that may be too long on its way": [
    trades.pipe(
      Events.derive({ square: Expr.multiply("price", "price"), share: Expr.divide("price", "size", { scale: 30 }) }),
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Pipeline.named("long")
    ),
    /Expr\.divide in it may need more than 38 digits on the way/
  ],
  "a quantile": [
    minutes.pipe(Aggregate.into({ upper: Aggregate.quantile("price", 0.99) }), Pipeline.named("upper")),
    /"upper" \(Aggregate\.quantile\): .* depends on the order of the rows/
  ],
  "a variance of doubles": [
    minutes.pipe(Aggregate.into({ spread: Aggregate.variance("ratio") }), Pipeline.named("spread")),
    /"spread" \(Aggregate\.variance\): .* make the field a decimal/
  ],
  "a correlation with doubles": [
    minutes.pipe(Aggregate.into({ common: Aggregate.correlation("price", "ratio") }), Pipeline.named("common")),
    /"common" \(Aggregate\.correlation\)/
  ],
  "windows without events behind an allowed lateness": [
    ticks.pipe(
      Window.tumbling("1 minute"),
      Aggregate.into({ n: Aggregate.count }),
      Panes.fill({ n: 0 }, { within: "1 hour" }),
      Pipeline.allowedLateness("1 second"),
      Pipeline.named("filled")
    ),
    /Panes\.fill behind an allowed lateness/
  ],
  "a check that is a function": [
    sourceOf(Schema.String.check(Schema.makeFilter((text) => text.length < 5))),
    /the field "symbol" has a check that only a function/
  ],
  "a decimal that is rounded": [
    sourceOf(Schema.String, Decimal({ scale: 2, limit: 1_000, round: "half-even" })),
    /the field "price" is rounded as it is read/
  ],
  "a pattern that Java may read otherwise": [
    sourceOf(Schema.String.check(Schema.isPattern(/^(?=A)\p{Lu}/u))),
    /the field "symbol"/
  ],
  "a pattern with a class in a class": [
    sourceOf(Schema.String.check(Schema.isPattern(/^[A[B]$/))),
    /the field "symbol" is checked by \/\^\[A\[B\]\$\//
  ],
  "a struct in the schema": [
    Source.make("fills", {
      schema: Schema.Struct({ venue: Schema.String, time: Schema.Int, trade: Schema.Struct({ price: Price }) }),
      key: "venue",
      eventTime: "time"
    }).pipe(Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count }), Pipeline.named("fills")),
    /the field "trade\.price" \(a struct in the schema\)/
  ],
  "times that are strings": [
    Source.make("letters", { schema: Schema.Struct({ from: Schema.String, sent: Schema.String }), key: [], eventTime: { iso8601: "sent" } })
      .pipe(Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count }), Pipeline.named("letters")),
    /the event time "sent" \(iso8601\)/
  ]
}

// A pipeline of a file, whose type nobody knows.
const compiled = (pipeline: Pipeline.Any) => Effect.flatMap(portable(pipeline), (portable) => compile(portable))

describe("Spark refuses by name", () => {
  for (const [name, [pipeline, message]] of Object.entries(refused)) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(compiled(pipeline))
        assert.strictEqual(error._tag, "UnsupportedBySpark")
        assert.match(error.message, message)
        assert.strictEqual(error.message.split("\n").length, 1)
      }))
  }
})

const keyed = (key: "symbol" | ReadonlyArray<"symbol" | "size">, eventTime: "time" | { readonly seconds: "time" } = "time") =>
  Source.make("trades", { schema: Trade, key, eventTime })
    .pipe(Window.tumbling("1 minute"), Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("closes"))

describe("a plan", () => {
  const named = Pipeline.named("closes")(closes)
  const others: Readonly<Record<string, Pipeline.Any>> = {
    "the name": Pipeline.named("other")(closes),
    "the window": trades.pipe(Window.tumbling("2 minutes"), Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("closes")),
    "an aggregate": minutes.pipe(Aggregate.into({ close: Aggregate.first("price") }), Pipeline.named("closes")),
    "a result's name": minutes.pipe(Aggregate.into({ last: Aggregate.last("price") }), Pipeline.named("closes")),
    "a filter": trades.pipe(
      Events.where(Expr.gt("size", 1)),
      Window.tumbling("1 minute"),
      Aggregate.into({ close: Aggregate.last("price") }),
      Pipeline.named("closes")
    ),
    "the key": keyed(["symbol", "size"]),
    "that there is no key": keyed([]),
    "the unit of time": keyed("symbol", { seconds: "time" }),
    "the bound": Pipeline.withBounds(named, { outOfOrderness: 1 }),
    "the lateness": Pipeline.withBounds(named, { allowedLateness: 1 })
  }

  it.effect("has a fingerprint that changes with whatever it computes", () =>
    Effect.gen(function*() {
      const { fingerprint } = yield* compiled(named)
      assert.strictEqual((yield* compiled(Pipeline.named("closes")(closes))).fingerprint, fingerprint)
      for (const [what, other] of Object.entries(others)) {
        assert.notStrictEqual((yield* compiled(other)).fingerprint, fingerprint, what)
      }
    }))

  it.effect("counts what takes back others, which it cannot, as dead-lettered, and leaves it out", () =>
    Effect.gen(function*() {
      const { steps } = yield* compile(candles1m)
      const refused = steps.flatMap((step) => step._tag === "select" && "refused" in step.columns ? [step.columns["refused"]!] : [])
      assert.match(refused.join(), /IF\(pre_aggregated, .*p\d+_replaces IS NOT NULL.*, .*e\d+_kind.* = 'cancel'.* OR .*e\d+_kind.* = 'correction'.*\)/)
      const counted = steps.flatMap((step) => step._tag === "observe" ? [step.counts["deadLettered"]] : [])
      assert.deepStrictEqual(counted, ["count_if(NOT valid OR refused)"])
      const replacing = trades.pipe(Events.cancels({ id: "size", replacement: Expr.gt("ratio", 1) }), Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count }), Pipeline.named("replacing"))
      const columns = (yield* compile(replacing)).steps.flatMap((step) => step._tag === "select" && "refused" in step.columns ? [step.columns["refused"]!] : [])
      assert.match(columns.join(), /e4_size IS NOT NULL/)
    }))

  it.effect("reads each source of a union, counts what is read once, and orders rows by their source and branch", () =>
    Effect.gen(function*() {
      const others = Source.make("others", { schema: Trade, key: "symbol", eventTime: "time", outOfOrderness: "3 seconds" })
      const large = trades.pipe(Events.where(Expr.gt("size", 5)))
      const program = yield* compile(trades.pipe(Events.union(others), Events.union(large), Window.tumbling("1 minute"), Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("united")))
      assert.strictEqual(program.source, "trades")
      const unions = program.steps.flatMap((step) => step._tag === "union" ? [step] : [])
      assert.deepStrictEqual(unions.map(({ source }) => source), ["others", "trades"])
      const ways = [program.steps, ...unions.map(({ steps }) => steps)]
      const found = ways.map((steps) => steps.flatMap((step) => step._tag === "observe" ? [step.branch ?? 0] : step._tag === "watermark" ? [step.delay] : []))
      assert.deepStrictEqual(found, [[0, 0], [1, 3_000], [0]])
      const places = ways.map((steps) => steps.flatMap((step) => step._tag === "columns" && "place" in step.columns ? [step.columns["place"]!.split(" + ").slice(2)] : []))
      assert.deepStrictEqual(places.map(([place]) => [place?.[0], place?.at(-1)]), [
        ["100000000000000000000BD", "0"],
        ["000000000000000000000BD", "1"],
        ["100000000000000000000BD", "2"]
      ])
    }))

  it.effect("is that of the first windows, whatever follows on them, and gives panes under a name of their own", () =>
    Effect.gen(function*() {
      const followed: ReadonlyArray<Pipeline.Any> = [
        closes.pipe(Pipeline.percentChange("up", "close"), Pipeline.named("more")),
        closes.pipe(Panes.derive({ ema: Indicator.ema("close", 12), twice: Expr.multiply("close", 2) }), Pipeline.named("more")),
        closes.pipe(Panes.where(Expr.gt("close", 2)), Pipeline.named("more")),
        closes.pipe(Panes.top(3, { by: "close" }), Pipeline.named("more")),
        closes.pipe(Panes.toEvents, Window.calendar("day", { timeZone: "UTC" }), Aggregate.into({ most: Aggregate.max("close") }), Pipeline.named("more"))
      ]
      const programs = yield* Effect.forEach(followed, compiled)
      assert.strictEqual(new Set(programs.map(({ fingerprint }) => fingerprint)).size, 1)
      const [plan] = programs.map(explain)
      assert.include(plan, "'pipeline', 'more/windows', ")
      assert.strictEqual(plan?.replaceAll("more/windows", "closes").split("\n").slice(1).join("\n"), explain(yield* compiled(named)).split("\n").slice(1).join("\n"))
    }))

  it.effect("has sizes of 38 digits, from 0 on, whatever a double holds", () =>
    Effect.gen(function*() {
      const lots = Table.make("lots", {
        schema: Schema.Struct({ symbol: Schema.String, lot: Size }),
        key: "symbol",
        rows: [{ symbol: "A", lot: "123456789012345.12345678" }]
      })
      const sizes = ticks.pipe(
        Events.lookup(lots, { by: "symbol", select: { lot: "lot" } }),
        Events.where(Expr.gt("size", "0.5")),
        Window.tumbling("1 minute"),
        Aggregate.into({ volume: Aggregate.sum("size"), vwap: Aggregate.weightedMean("price", "size"), lots: Aggregate.sum("lot"), spread: Aggregate.variance("size") }),
        Pipeline.named("sizes")
      )
      const plan = explain(yield* compile(sizes))
      const size = "e3_size"
      assert.include(plan, `${size}_narrow BETWEEN 0 AND 1000000000000000`)
      assert.include(plan, `CAST(${size}_narrow * 100000000BD AS DECIMAL(38, 0))`)
      assert.notInclude(plan, `CAST(${size}_narrow * 100000000BD AS BIGINT)`)
      assert.include(plan, `coalesce(${size} > 50000000BD, false)`)
      assert.include(plan, `sum(${size})`)
      assert.include(plan, `sum(CAST(e2_price AS DECIMAL(19, 0)) * ${size})`)
      assert.include(plan, "12345678901234512345678BD")
      assert.include(plan, "CAST(NULL AS DECIMAL(38, 0))")
      assert.include(plan, "'E-8') AS DECIMAL(38, 8))")
    }))

  it.effect("is explained step by step", () =>
    Effect.gen(function*() {
      const lines = explain(yield* compile(Pipeline.withBounds(candles1m, { allowedLateness: 0 }), { maxTimeAhead: 60_000 })).split("\n")
      const steps = lines.slice(2).filter((line) => !line.startsWith(" ")).map((line) => line.split(" ")[0])
      assert.deepStrictEqual(steps.filter((step) => step !== "add"), [
        "read", "select", "count", "filter", "watermark", "filter", "group", "compute", "select"
      ])
      assert.include(lines.join("\n"), "watermark on moment, 5000 milliseconds behind the latest")
    }))
})
