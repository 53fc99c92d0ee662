/** What the compiler says of pipelines: field names, result types, and portability. */
import { type Option, Schema } from "effect"
import { describe, expect, test } from "tstyche"
import { Decimal } from "../../src/domain/Decimal.ts"
import type { Decimal as DecimalValue } from "../../src/domain/Decimal.ts"
import { Aggregate, Events, Expr, Join, Panes, Pipeline, Source, Table, Window } from "../../src/streams/pipeline/index.ts"
import type { Portability } from "../../src/streams/pipeline/Source.ts"

const Trade = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimal({ scale: 8, limit: 90_000_000 }),
  size: Schema.Int,
  venue: Schema.optionalKey(Schema.String),
  ratio: Schema.optionalKey(Schema.Finite),
  flag: Schema.optionalKey(Schema.Boolean)
})

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })
const minutes = trades.pipe(Window.tumbling("1 minute"))
const closes = minutes.pipe(Aggregate.into({ close: Aggregate.last("price"), venue: Aggregate.last("venue") }))

/** Bars that somebody else has made. */
const bars = Source.make("bars", {
  schema: Schema.Struct({ symbol: Schema.String, start: Schema.Int, close: Decimal({ scale: 8, limit: 90_000_000 }) }),
  key: "symbol",
  eventTime: "start"
})

/** With every way of saying that a field may be absent, structs in it, and an enum. */
const Fill = Schema.Struct({
  venue: Schema.Literals(["XNYS", "XNAS"]),
  lot: Schema.NullOr(Schema.Int),
  at: Schema.String,
  trade: Schema.Struct({ price: Decimal({ scale: 2, limit: 1_000 }), fee: Schema.optional(Schema.Int) }),
  party: Schema.optionalKey(Schema.NullOr(Schema.Struct({ id: Schema.String })))
})

const fills = Source.make("fills", { schema: Fill, key: ["venue", "lot", "party.id"], eventTime: { iso8601: "at" } })

const largest = Aggregate.custom({
  create: () => 0,
  add: (most: number, { size }: Pipeline.RowOf<typeof trades>) => Math.max(most, size),
  merge: (left, right) => Math.max(left, right),
  result: (most) => most,
  state: Schema.Int
})

describe("a hint names a value that there is", () => {
  const candles = minutes.pipe(Aggregate.into({ close: Aggregate.last("price"), trades: Aggregate.count }), Pipeline.named("candles"))

  test("of panes", () => {
    // @ts-expect-error but 'clos' does not exist in type '{ readonly close?: ShownValue; }'. Did you mean to write 'close'?
    minutes.pipe(Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("candles"), Pipeline.shown({ values: { clos: {} } }))
    // @ts-expect-error 'units' does not exist in type 'ShownValue'. Did you mean to write 'unit'?
    minutes.pipe(Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("candles"), Pipeline.shown({ values: { close: { units: "USD" } } }))
    // @ts-expect-error Did you mean '"line"'?
    minutes.pipe(Aggregate.into({ close: Aggregate.last("price") }), Pipeline.named("candles"), Pipeline.shown({ values: { close: { plot: "lines" } } }))
    const shown = minutes.pipe(
      Aggregate.into({ close: Aggregate.last("price"), trades: Aggregate.count }),
      Pipeline.named("candles"),
      Pipeline.shown({ title: "Candles", timeZone: "UTC", values: { close: { unit: "USD", decimals: 2, plot: null } } })
    )
    expect(shown).type.toBe<typeof candles>()
  })

  test("of rows", () => {
    // @ts-expect-error 'prise' does not exist in type
    trades.pipe(Events.where(Expr.gt("size", 0)), Pipeline.named("large"), Pipeline.shown({ values: { prise: {} } }))
    const large = trades.pipe(Events.where(Expr.gt("size", 0)), Pipeline.named("large"))
    expect(trades.pipe(Events.where(Expr.gt("size", 0)), Pipeline.named("large"), Pipeline.shown({ values: { price: { unit: "USD" } } }))).type.toBe<typeof large>()
  })

  test("behind Pipeline.named", () => {
    // @ts-expect-error is not assignable to
    minutes.pipe(Aggregate.into({ close: Aggregate.last("price") }), Pipeline.shown({ title: "Candles" }))
  })
})

describe("a field that the source does not have, or has as something else, is named in the error", () => {
  test("by an aggregate", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type
    minutes.pipe(Aggregate.into({ open: Aggregate.first("prise") }))
    // @ts-expect-error Type '"venue"' is not assignable to type
    minutes.pipe(Aggregate.into({ mean: Aggregate.mean("venue") }))
    // @ts-expect-error Type '"sise"' is not assignable to type
    minutes.pipe(Aggregate.into({ vwap: Aggregate.weightedMean("price", "sise") }))
    // @ts-expect-error Type '"flag"' is not assignable to type
    minutes.pipe(Aggregate.into({ at: Aggregate.maxBy("price", "flag") }))
    // @ts-expect-error Type '"venue"' is not assignable to type
    minutes.pipe(Aggregate.into({ spread: Aggregate.variance("venue") }))
    // @ts-expect-error Type '"prise"' is not assignable to type
    minutes.pipe(Aggregate.into({ spread: Aggregate.standardDeviation("prise", { of: "population" }) }))
    // @ts-expect-error Type '"flag"' is not assignable to type
    minutes.pipe(Aggregate.into({ both: Aggregate.covariance("price", "flag") }))
    // @ts-expect-error Type '"sise"' is not assignable to type
    minutes.pipe(Aggregate.into({ both: Aggregate.correlation("price", "sise") }))
    // @ts-expect-error Type '"vonue"' is not assignable to type
    minutes.pipe(Aggregate.into({ venues: Aggregate.countDistinct("vonue", { atMost: 9 }) }))
    // @ts-expect-error Type '"venue"' is not assignable to type
    minutes.pipe(Aggregate.into({ upper: Aggregate.quantile("venue", 0.99) }))
    // @ts-expect-error Type '"hi"' is not assignable to type
    minutes.pipe(Aggregate.into({ n: Aggregate.count, low: Aggregate.min("price"), high: Aggregate.max("hi") }))
  })

  test("by what an aggregate is told", () => {
    // @ts-expect-error Type '"all"' is not assignable to type 'Population | undefined'
    Aggregate.variance("price", { of: "all" })
    // @ts-expect-error Expected 2 arguments, but got 1
    Aggregate.countDistinct("venue")
    // @ts-expect-error Property 'atMost' is missing
    Aggregate.countDistinct("venue", {})
    // @ts-expect-error 'accuracy' does not exist in type
    Aggregate.quantile("price", 0.5, { accuracy: 0.01 })
  })

  test("by what windows that count rows are told", () => {
    // @ts-expect-error Expected 2 arguments, but got 1
    Window.count(100)
    // @ts-expect-error Property 'within' is missing
    Window.count(100, {})
    // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
    Window.count("100", { within: "1 day" })
    // @ts-expect-error Type '"prise"' is not assignable to type
    trades.pipe(Window.count(100, { within: "1 day" }), Aggregate.into({ high: Aggregate.max("prise") }))
  })

  test("by a condition of an aggregate", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type
    minutes.pipe(Aggregate.into({ n: Aggregate.where(Expr.gt("prise", 0))(Aggregate.count) }))
  })

  test("by a condition of a source", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type
    trades.pipe(Events.where(Expr.gt("prise", 0)))
    // @ts-expect-error Type '"venue"' is not assignable to type
    trades.pipe(Events.where(Expr.gt("venue", 0)))
    // @ts-expect-error Type '"vonue"' is not assignable to type
    trades.pipe(Events.where(Expr.not(Expr.eq("vonue", "N"))))
    // @ts-expect-error Type '"venue"' is not assignable to type
    trades.pipe(Events.where(Expr.eq("venue", 5)))
    // @ts-expect-error Type '"flag"' is not assignable to type
    trades.pipe(Events.where(Expr.eq("flag", 1)))
    // @ts-expect-error Type '"flag"' is not assignable to type
    trades.pipe(Events.where(Expr.isNot("flag", "true")))
    // @ts-expect-error Type '"size"' is not assignable to type
    trades.pipe(Events.where(Expr.ne("size", true)))
    expect(Events.where(Expr.and(Expr.eq("price", "1.5"), Expr.eq("size", 2)))).type.toBeCallableWith(trades)
  })

  test("texts one behind the other are fields and what is computed of them, and whether one may be absent is known", () => {
    const part = Expr.split("venue", "/", 1)
    expect(trades.pipe(Events.derive({ at: Expr.concat(part, Expr.literal(""), Expr.upper("symbol")) }))).type.not.toRaiseError()
    expect(trades.pipe(Events.derive({ at: Expr.concat(Expr.lower("symbol"), Expr.literal("")) }))).type.not.toRaiseError()
    expect(trades.pipe(Events.derive({ at: Expr.concat("symbol", part) }))).type.not.toRaiseError()
    // @ts-expect-error is not assignable to type 'Of<
    trades.pipe(Events.derive({ at: Expr.concat(part, "price") }))
  })

  test("by a change in per cent", () => {
    // @ts-expect-error there is no field \"clse\"
    closes.pipe(Pipeline.percentChange("change", "clse"))
    // @ts-expect-error the field \"venue\" is of another kind
    closes.pipe(Pipeline.percentChange("change", "venue"))
  })

  test("by pre-aggregated records", () => {
    // @ts-expect-error there is no field \"clse\"
    closes.pipe(Pipeline.acceptPreAggregated(bars, { clse: "close" }))
    // @ts-expect-error Did you mean '"close"'?
    closes.pipe(Pipeline.acceptPreAggregated(bars, { close: "clse" }))
    // @ts-expect-error the field \"close\" is of another kind
    closes.pipe(Pipeline.acceptPreAggregated(bars, { close: "symbol" }))
    // @ts-expect-error the field \"close\" is of another kind
    closes.pipe(Pipeline.acceptPreAggregated(bars, { close: "start" }))
  })

  test("by a source's key and time", () => {
    // @ts-expect-error Type '"symbl"' is not assignable
    Source.make("trades", { schema: Trade, key: "symbl", eventTime: "time" })
    // @ts-expect-error Type '"venue"' is not assignable
    Source.make("trades", { schema: Trade, key: "symbol", eventTime: "venue" })
    // @ts-expect-error Did you mean '"symbol"'?
    Source.make("trades", { schema: Trade, key: ["venue", "symbl"], eventTime: "time" })
    // @ts-expect-error Type '"price"' is not assignable
    Source.make("trades", { schema: Trade, key: "price", eventTime: "time" })
    // @ts-expect-error Did you mean '"time"'?
    Source.make("trades", { schema: Trade, key: "symbol", eventTime: { seconds: "tme" } })
    // @ts-expect-error Type '"size"' is not assignable
    Source.make("trades", { schema: Trade, key: "symbol", eventTime: { iso8601: "size" } })
  })

  test("that is in a struct", () => {
    const windows = fills.pipe(Window.tumbling("1 minute"))
    // @ts-expect-error Type '"trade.prise"' is not assignable to type
    windows.pipe(Aggregate.into({ open: Aggregate.first("trade.prise") }))
    // @ts-expect-error Type '"price"' is not assignable to type
    windows.pipe(Aggregate.into({ open: Aggregate.first("price") }))
    // @ts-expect-error Type '"party.id"' is not assignable to type
    windows.pipe(Aggregate.into({ mean: Aggregate.mean("party.id") }))
    // @ts-expect-error Type '"trade.price"' is not assignable
    Source.make("fills", { schema: Fill, key: "trade.price", eventTime: { iso8601: "at" } })
    // @ts-expect-error Type '"trade"' is not assignable
    Source.make("fills", { schema: Fill, key: "trade", eventTime: { iso8601: "at" } })
  })
})

describe("the types of results are worked out", () => {
  const all = minutes.pipe(
    Aggregate.into({
      count: Aggregate.count,
      flagged: Aggregate.where(Expr.eq("flag", true))(Aggregate.count),
      sum: Aggregate.sum("price"),
      volume: Aggregate.sum("size"),
      mean: Aggregate.mean("price"),
      meanSize: Aggregate.mean("size"),
      low: Aggregate.min("price"),
      ratio: Aggregate.max("ratio"),
      open: Aggregate.first("price"),
      venue: Aggregate.last("venue"),
      flag: Aggregate.last("flag"),
      cheapest: Aggregate.minBy("venue", "price"),
      vwap: Aggregate.weightedMean("price", "size"),
      variance: Aggregate.variance("price"),
      deviation: Aggregate.standardDeviation("size", { of: "population" }),
      covariance: Aggregate.where(Expr.eq("flag", true))(Aggregate.covariance("price", "ratio")),
      correlation: Aggregate.correlation("price", "size"),
      venues: Aggregate.countDistinct("venue", { atMost: 100 }),
      upper: Aggregate.quantile("price", 0.99),
      middle: Aggregate.median("ratio", { error: 0.01 }),
      largest
    }),
    Pipeline.percentChange("change", "open"),
    Pipeline.named("all")
  )
  type Values = Pipeline.ValuesOf<typeof all>

  test("from operation and field", () => {
    expect<Values["count"]>().type.toBe<number>()
    expect<Values["flagged"]>().type.toBe<number>()
    expect<Values["sum"]>().type.toBe<DecimalValue | null>()
    expect<Values["volume"]>().type.toBe<number | bigint | null>()
    expect<Values["mean"]>().type.toBe<DecimalValue | null>()
    expect<Values["meanSize"]>().type.toBe<number | null>()
    expect<Values["low"]>().type.toBe<DecimalValue | null>()
    expect<Values["ratio"]>().type.toBe<number | null>()
    expect<Values["open"]>().type.toBe<DecimalValue | null>()
    expect<Values["venue"]>().type.toBe<string | null>()
    expect<Values["flag"]>().type.toBe<boolean | null>()
    expect<Values["cheapest"]>().type.toBe<string | null>()
    expect<Values["vwap"]>().type.toBe<DecimalValue | null>()
    expect<Values["variance"]>().type.toBe<number | null>()
    expect<Values["deviation"]>().type.toBe<number | null>()
    expect<Values["covariance"]>().type.toBe<number | null>()
    expect<Values["correlation"]>().type.toBe<number | null>()
    expect<Values["venues"]>().type.toBe<number | null>()
    expect<Values["upper"]>().type.toBe<number | null>()
    expect<Values["middle"]>().type.toBe<number | null>()
    expect<Values["largest"]>().type.toBe<number>()
    expect<Values["change"]>().type.toBe<DecimalValue | null>()
  })

  test("a result that pre-aggregated records do not say may be absent", () => {
    const mixed = minutes.pipe(
      Aggregate.into({ close: Aggregate.last("price"), count: Aggregate.count }),
      Pipeline.acceptPreAggregated(bars, { close: "close" }),
      Pipeline.named("mixed")
    )
    expect<Pipeline.ValuesOf<typeof mixed>["close"]>().type.toBe<DecimalValue | null>()
    expect<Pipeline.ValuesOf<typeof mixed>["count"]>().type.toBe<number | null>()
  })

  test("a roll-up has the results of its windows", () => {
    const inner = closes.pipe(Pipeline.named("inner"))
    const outer = Pipeline.rollUp(inner, "5 minutes").pipe(Pipeline.named("outer"))
    expect<Pipeline.ValuesOf<typeof outer>>().type.toBe<Pipeline.ValuesOf<typeof inner>>()
  })

  test("an absent field is null in rows", () => {
    expect<Pipeline.RowOf<typeof trades>["venue"]>().type.toBe<string | null>()
    expect<Pipeline.RowOf<typeof trades>["price"]>().type.toBe<DecimalValue>()
  })

  test("so is a null one, and rows have the fields of structs by their paths", () => {
    expect<Pipeline.RowOf<typeof fills>>().type.toBe<{
      readonly venue: "XNYS" | "XNAS"
      readonly lot: number | null
      readonly at: string
      readonly "trade.price": DecimalValue
      readonly "trade.fee": number | null
      readonly "party.id": string | null
    }>()
    const last = fills.pipe(
      Events.filter((row) => row["trade.fee"] !== 0),
      Window.tumbling("1 minute"),
      Aggregate.into({ venue: Aggregate.last("venue"), price: Aggregate.max("trade.price") }),
      Pipeline.named("last")
    )
    expect<Pipeline.ValuesOf<typeof last>>().type.toBe<{
      readonly venue: "XNYS" | "XNAS" | null
      readonly price: DecimalValue | null
    }>()
  })

  test("a key is decoded into the values of its fields", () => {
    expect(Source.decodeKey(trades, "IBM")).type.toBe<Option.Option<{ readonly symbol: string }>>()
    expect(Source.decodeKey(fills, "[]")).type.toBe<
      Option.Option<{ readonly venue: "XNYS" | "XNAS"; readonly lot: number; readonly "party.id": string }>
    >()
    const all = Source.make("all", { schema: Fill, key: [], eventTime: { iso8601: "at", withoutZone: "UTC" } })
    expect(Source.decodeKey(all, "")).type.toBe<Option.Option<{}>>()
  })

  test("an event time is an integer, or seconds, or a string", () => {
    Source.make("trades", { schema: Trade, key: "flag", eventTime: { seconds: "time" } })
    Source.make("trades", { schema: Trade, key: ["symbol", "size"], eventTime: { seconds: "price" } })
    Source.make("fills", { schema: Fill, key: [], eventTime: "trade.fee" })
  })
})

describe("a pipeline's type says where it can run", () => {
  const counted = Aggregate.into({ count: Aggregate.count })
  const portable = trades.pipe(
    Events.where(Expr.and(Expr.gt("size", 1), Expr.lt("price", "10.5"))),
    Window.hopping("5 minutes", "1 minute"),
    counted,
    Pipeline.allowedLateness("1 minute"),
    Pipeline.emitOnUpdate({ every: "1 second" }),
    Pipeline.percentChange("change", "count"),
    Pipeline.named("portable")
  )
  const filtered = trades.pipe(
    Events.filter(({ size }) => size > 1),
    Window.session("1 minute"),
    counted,
    Pipeline.named("filtered")
  )
  const custom = minutes.pipe(Aggregate.into({ count: Aggregate.count, largest }), Pipeline.named("custom"))

  /** What compiles for another engine. */
  const compile = (pipeline: Pipeline.Pipeline<unknown, "portable">) => pipeline.name

  test("expressions keep it portable", () => {
    expect(compile).type.toBeCallableWith(portable)
  })

  test("functions make it local, whatever comes after", () => {
    // @ts-expect-error Type '"local"' is not assignable to type '"portable"'
    compile(filtered)
    // @ts-expect-error Type '"local"' is not assignable to type '"portable"'
    compile(custom)
    // @ts-expect-error Type '"local"' is not assignable to type '"portable"'
    compile(Pipeline.rollUp(custom, "5 minutes").pipe(Pipeline.named("rolled-up")))
    const mixed = trades.pipe(
      Events.filter(({ venue }) => venue === "N"),
      Events.where(Expr.gt("size", 1)),
      Window.tumbling("1 minute"),
      counted,
      Pipeline.named("mixed")
    )
    expect(compile).type.not.toBeCallableWith(mixed)
  })

  test("either runs in process", () => {
    expect<typeof portable>().type.toBeAssignableTo<Pipeline.Any>()
    expect<typeof filtered>().type.toBeAssignableTo<Pipeline.Any>()
    expect<typeof custom>().type.toBeAssignableTo<Pipeline.Any>()
  })
})

describe("a source that is named is a pipeline of rows", () => {
  const large = trades.pipe(Events.where(Expr.gte("size", 1_000)), Pipeline.named("large"))
  const tested = fills.pipe(Events.filter((row) => row.lot !== null), Pipeline.named("tested"))

  test("with the row of its source, wherever it can run", () => {
    expect(large).type.toBeAssignableTo<Pipeline.OfRows<Pipeline.RowOf<typeof trades>>>()
    expect(tested).type.toBe<Pipeline.OfRows<Pipeline.RowOf<typeof fills>, "local", { readonly fills: Pipeline.RowOf<typeof fills> }>>()
    expect<Pipeline.RowOf<typeof large>>().type.toBe<Pipeline.RowOf<typeof trades>>()
    expect<typeof large>().type.toBeAssignableTo<Pipeline.Any>()
    expect<typeof tested>().type.toBeAssignableTo<Pipeline.AnyOfRows>()
    expect<typeof large>().type.not.toBeAssignableTo<Pipeline.AnyOfPanes>()
    expect(trades.pipe(Pipeline.named("all"))).type.toBeAssignableTo<Pipeline.OfRows<Pipeline.RowOf<typeof trades>>>()
  })

  test("whose values have the fields of structs in their structs", () => {
    expect<Pipeline.ValuesOf<typeof tested>>().type.toBe<{
      readonly venue: "XNYS" | "XNAS"
      readonly lot: number | null
      readonly at: string
      readonly trade: { readonly price: DecimalValue; readonly fee: number | null } | null
      readonly party: { readonly id: string | null } | null
    }>()
  })

  test("and has no windows", () => {
    expect(Pipeline.allowedLateness("1 minute")).type.not.toBeCallableWith(trades)
    expect(Pipeline.emitOnUpdate()).type.not.toBeCallableWith(trades)
    expect(Pipeline.percentChange("change", "size")).type.not.toBeCallableWith(trades)
    expect(Pipeline.acceptPreAggregated(bars, { price: "close" })).type.not.toBeCallableWith(trades)
    expect(Pipeline.rollUp<unknown, Portability, unknown>).type.not.toBeCallableWith(large, "5 minutes")
    // Windows of which nothing is made are neither rows nor panes.
    expect(Pipeline.named("windows")).type.not.toBeCallableWith(minutes)
  })

  test("the same under other bounds", () => {
    expect(Pipeline.withBounds(large, { outOfOrderness: 5 })).type.toBe<typeof large>()
  })
})

describe("rows of which one of each id is kept", () => {
  test("are rows of the same type, wherever it stands", () => {
    const once = trades.pipe(Events.distinct({ by: ["venue", "size"], within: "1 minute" }))
    expect<Pipeline.RowOf<typeof once>>().type.toBe<Pipeline.RowOf<typeof trades>>()
  })

  test("have an id that is a field of theirs, and no decimal", () => {
    // @ts-expect-error Type '"vanue"' is not assignable to type
    trades.pipe(Events.distinct({ by: "vanue", within: "1 minute" }))
    // @ts-expect-error Type '"price"' is not assignable to type
    trades.pipe(Events.distinct({ by: "price", within: "1 minute" }))
    // @ts-expect-error Property 'within' is missing
    trades.pipe(Events.distinct({ by: "venue" }))
  })
})

describe("rows that may be taken back", () => {
  test("are rows of the same type", () => {
    const cancelled = trades.pipe(Events.cancels({ id: "venue", cancel: Expr.gt("size", 1) }))
    expect<Pipeline.RowOf<typeof cancelled>>().type.toBe<Pipeline.RowOf<typeof trades>>()
  })

  test("have an id that is a field of theirs, a string or an integer, and conditions on fields", () => {
    // @ts-expect-error Type '"vanue"' is not assignable to type
    trades.pipe(Events.cancels({ id: "vanue", cancel: Expr.gt("size", 1) }))
    // @ts-expect-error Type '"price"' is not assignable to type
    trades.pipe(Events.cancels({ id: "price", cancel: Expr.gt("size", 1) }))
    // @ts-expect-error is not assignable to type
    trades.pipe(Events.cancels({ id: "venue", cancel: Expr.gt("sise", 1) }))
  })
})

describe("rows with fields of the other side's newest row", () => {
  test("have them beside their own, and they may be null", () => {
    const joined = trades.pipe(Join.asOf(bars, { within: "1 minute", select: { before: "close", since: "start" } }))
    type Row = Pipeline.RowOf<typeof joined>
    expect<Row["before"]>().type.toBe<DecimalValue | null>()
    expect<Row["since"]>().type.toBe<number | null>()
    expect<Row["price"]>().type.toBe<DecimalValue>()
    expect<Row["venue"]>().type.toBe<string | null>()
    const change = joined.pipe(Events.derive({ change: Expr.subtract("price", "before") }), Window.tumbling("1 minute"), Aggregate.into({ most: Aggregate.max("change") }))
    expect<Pipeline.ValuesOf<Pipeline.Named<typeof change>>["most"]>().type.toBe<DecimalValue | null>()
  })

  test("are named where the other side has none, or the rows have them already", () => {
    // @ts-expect-error Type '"clse"' is not assignable to type
    trades.pipe(Join.asOf(bars, { within: "1 minute", select: { before: "clse" } }))
    // @ts-expect-error already: select it under another name
    trades.pipe(Join.asOf(bars, { within: "1 minute", select: { price: "close" } }))
    // @ts-expect-error Property 'within' is missing
    trades.pipe(Join.asOf(bars, { select: { before: "close" } }))
  })

  test("come from both sources, and are local where one side is", () => {
    const local = trades.pipe(Join.asOf(bars.pipe(Events.filter(({ close }) => close !== null)), { within: 1, select: { before: "close" } }), Pipeline.named("local"))
    expect(local).type.toBe<Pipeline.OfRows<Pipeline.RowOf<typeof local>, Portability, { readonly trades: Pipeline.RowOf<typeof trades> } & { readonly bars: Pipeline.RowOf<typeof bars> }>>()
  })
})

describe("pairs of rows", () => {
  const close = { within: "1 minute", select: { before: "close", since: "start" } } as const

  test("have fields of both, which may be null only where a row may have no partner", () => {
    const inner = trades.pipe(Join.interval(bars, close))
    expect<Pipeline.RowOf<typeof inner>["since"]>().type.toBe<number>()
    expect<Pipeline.RowOf<typeof inner>["price"]>().type.toBe<DecimalValue>()
    const left = trades.pipe(Join.interval(bars, { ...close, type: "left" }))
    expect<Pipeline.RowOf<typeof left>["since"]>().type.toBe<number | null>()
    expect<Pipeline.RowOf<typeof left>["before"]>().type.toBe<DecimalValue | null>()
  })

  test("lie within one length of time, or two, or until a time in a field that is a number", () => {
    trades.pipe(Join.interval(bars, { before: "1 minute", after: 0, select: { before: "close" } }))
    trades.pipe(Join.interval(bars, { after: "1 hour", until: "size", select: { before: "close" } }))
    // @ts-expect-error the rows have no field
    trades.pipe(Join.interval(bars, { after: "1 hour", until: "sise", select: { before: "close" } }))
    // @ts-expect-error is no number, and until a time in milliseconds rows are joined
    trades.pipe(Join.interval(bars, { after: "1 hour", until: "venue", select: { before: "close" } }))
    // @ts-expect-error Property 'after' is missing
    trades.pipe(Join.interval(bars, { select: { before: "close" } }))
  })

  test("are named where the other side has none, or the rows have them already", () => {
    // @ts-expect-error Type '"clse"' is not assignable to type
    trades.pipe(Join.interval(bars, { within: 1, select: { before: "clse" } }))
    // @ts-expect-error already: select it under another name
    trades.pipe(Join.interval(bars, { within: 1, select: { price: "close" } }))
    // @ts-expect-error Type '"outer"' is not assignable to type
    trades.pipe(Join.interval(bars, { within: 1, type: "outer", select: { before: "close" } }))
  })
})

describe("rows with some of their fields", () => {
  test("have those of a list, or others by the names that they get", () => {
    const listed = trades.pipe(Events.select(["symbol", "time", "venue"]))
    expect<Pipeline.RowOf<typeof listed>>().type.toBe<{ readonly symbol: string; readonly time: number; readonly venue: string | null }>()
    const renamed = trades.pipe(Events.select({ symbol: "symbol", at: "time", last: "price" }))
    expect<Pipeline.RowOf<typeof renamed>>().type.toBe<{ readonly symbol: string; readonly at: number; readonly last: DecimalValue }>()
    renamed.pipe(Window.tumbling("1 minute"), Aggregate.into({ most: Aggregate.max("last") }))
    // @ts-expect-error Type '"price"' is not assignable to type
    renamed.pipe(Window.tumbling("1 minute"), Aggregate.into({ most: Aggregate.max("price") }))
  })

  test("are named where there is none", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type
    trades.pipe(Events.select(["symbol", "time", "prise"]))
    // @ts-expect-error Type '"prise"' is not assignable to type
    trades.pipe(Events.select({ symbol: "symbol", time: "time", last: "prise" }))
  })
})

describe("windows of trading sessions", () => {
  test("are of a calendar, or of one that a text names for each row", () => {
    expect(trades.pipe(Window.trading("XNYS"))).type.toBe(trades.pipe(Window.tumbling(1)))
    expect(trades.pipe(Window.trading({ by: "venue", bars: "5 minutes" }))).type.toBe(trades.pipe(Window.tumbling(1)))
    trades.pipe(Window.trading({ by: "venue", calendars: { N: "XNYS" }, otherwise: "24/7" }), Aggregate.into({ high: Aggregate.max("price") }))
  })

  test("are of nothing else", () => {
    // @ts-expect-error Argument of type '"XNYZ"' is not assignable to parameter of type
    Window.trading("XNYZ")
    // @ts-expect-error Type '"prae"' is not assignable to type
    Window.trading("XNYS", { hours: "prae" })
    // @ts-expect-error Type '"price"' is not assignable to type '"symbol" | "venue"
    trades.pipe(Window.trading({ by: "price" }))
    // @ts-expect-error Type '"NYSE"' is not assignable to type
    trades.pipe(Window.trading({ by: "venue", calendars: { N: "NYSE" } }))
  })
})

describe("rows with fields of a table", () => {
  const sectors = Table.make("sectors", {
    schema: Schema.Struct({ symbol: Schema.String, sector: Schema.String, fee: Decimal({ scale: 2, limit: 100 }) }),
    key: "symbol",
    rows: [{ symbol: "IBM", sector: "technology", fee: "0.5" }]
  })

  test("have them beside their own, and they may be null", () => {
    const found = trades.pipe(Events.lookup(sectors, { by: "symbol", select: { sector: "sector", fee: "fee" } }))
    expect<Pipeline.RowOf<typeof found>["sector"]>().type.toBe<string | null>()
    expect<Pipeline.RowOf<typeof found>["fee"]>().type.toBe<DecimalValue | null>()
    expect<Pipeline.RowOf<typeof found>["price"]>().type.toBe<DecimalValue>()
    found.pipe(Events.keyBy("sector"), Window.tumbling("1 minute"), Aggregate.into({ fees: Aggregate.sum("fee") }))
  })

  test("are named where rows or the table have none, or the rows have them already", () => {
    // @ts-expect-error '"symbl"' is not assignable to type
    trades.pipe(Events.lookup(sectors, { by: "symbl", select: { sector: "sector" } }))
    // @ts-expect-error '"price"' is not assignable to type
    trades.pipe(Events.lookup(sectors, { by: "price", select: { sector: "sector" } }))
    // @ts-expect-error Type '"sectr"' is not assignable to type
    trades.pipe(Events.lookup(sectors, { by: "symbol", select: { sector: "sectr" } }))
    // @ts-expect-error already: select it under another name
    trades.pipe(Events.lookup(sectors, { by: "symbol", select: { venue: "sector" } }))
  })

  test("of which each row is checked", () => {
    const schema = Schema.Struct({ symbol: Schema.String, lot: Schema.Int, share: Schema.Finite })
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    Table.make("lots", { schema, key: "symbol", rows: [{ symbol: "IBM", lot: "10", share: 1 }] })
    // @ts-expect-error Type '"symbl"' is not assignable to type
    Table.make("lots", { schema, key: "symbl", rows: [] })
  })
})

describe("rows of two sources", () => {
  test("are of one type, in which a field may be absent where it may on either side", () => {
    const more = Source.make("more", { schema: Schema.Struct({ ...Trade.fields, size: Schema.NullOr(Schema.Int) }), key: "symbol", eventTime: "time" })
    const both = trades.pipe(Events.union(more))
    expect<Pipeline.RowOf<typeof both>["size"]>().type.toBe<number | null>()
    expect<Pipeline.RowOf<typeof both>["price"]>().type.toBe<DecimalValue>()
    both.pipe(Window.tumbling("1 minute"), Aggregate.into({ most: Aggregate.max("size") }))
  })

  test("that differ are refused by the field", () => {
    // @ts-expect-error the other rows have no field
    trades.pipe(Events.union(bars))
    const other = Source.make("other", { schema: Schema.Struct({ ...Trade.fields, size: Schema.String }), key: "symbol", eventTime: "time" })
    // @ts-expect-error is of another kind
    trades.pipe(Events.union(other))
  })
})

describe("a call in a wrong place says what it is given, and what it needs", () => {
  test("of results behind Panes.toEvents", () => {
    const rows = closes.pipe(Panes.toEvents)
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"results of windows, behind Aggregate.into and in front of Pipeline.named"'.
    rows.pipe(Panes.where(Expr.gt("close", 1)))
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"results of windows, behind Aggregate.into and in front of Pipeline.named"'.
    rows.pipe(Panes.toEvents)
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"results of windows, behind Aggregate.into and in front of Pipeline.named"'.
    rows.pipe(Pipeline.allowedLateness("1 minute"))
  })

  test("of results on rows that have met no window", () => {
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"results of windows, behind Aggregate.into and in front of Pipeline.named"'.
    trades.pipe(Pipeline.emitOnUpdate())
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"results of windows, behind Aggregate.into and in front of Pipeline.named"'.
    trades.pipe(Panes.toEvents)
  })

  test("of aggregates without windows, or on results", () => {
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"windows, in front of Aggregate.into"'.
    trades.pipe(Aggregate.into({ trades: Aggregate.count }))
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"windows, in front of Aggregate.into"'.
    closes.pipe(Aggregate.into({ windows: Aggregate.count }))
  })

  test("of rows on windows, or on results", () => {
    // @ts-expect-error Type '"windows, in front of Aggregate.into"' is not assignable to type '"rows, in front of a window or behind Panes.toEvents"'.
    minutes.pipe(Window.tumbling("1 hour"))
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"rows, in front of a window or behind Panes.toEvents"'.
    closes.pipe(Window.tumbling("1 hour"))
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"rows, in front of a window or behind Panes.toEvents"'.
    closes.pipe(Events.filter(() => true))
  })

  test("of a name on windows of which nothing is made", () => {
    // @ts-expect-error Type '"windows, in front of Aggregate.into"' is not assignable to type
    minutes.pipe(Pipeline.named("minutes"))
  })
})
