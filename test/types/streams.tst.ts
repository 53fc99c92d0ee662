/** What the compiler says of pipelines over streams: the rows that they take, and what comes out. */
import { BigDecimal, Schema, Stream } from "effect"
import { describe, expect, test } from "tstyche"
import { Aggregate, type Decimal, Decimal as Decimals, Engine, Expr, Join, type Pane, Pipeline, type Row, Source, Window } from "../../src/index.ts"

const Trade = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimals.Decimal({ scale: 2, limit: 1_000_000 }),
  venue: Schema.optionalKey(Schema.Literals(["XNYS", "XNAS"])),
  party: Schema.NullOr(Schema.Struct({ id: Schema.String, desk: Schema.optional(Schema.Int) })),
  fee: Schema.Struct({ amount: Schema.NullOr(Schema.Int) })
})

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })
const closes = trades.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: Aggregate.last("price"), trades: Aggregate.count }),
  Pipeline.named("closes")
)
const large = trades.pipe(Source.where(Expr.gt("price", 100)), Pipeline.named("large"))

type Trade = typeof Trade.Type
type Values = { readonly close: Decimal.Decimal | null; readonly trades: number }

declare const rows: Stream.Stream<Trade, "broken", "needed">

const price = BigDecimal.make(1n, 0)

describe("a stream of the source's rows", () => {
  test("gives panes with their values, and keeps errors and needs", () => {
    expect(rows.pipe(Pipeline.toPanes(closes))).type.toBe<Stream.Stream<Pane.Pane<Values>, "broken" | Pipeline.RefusedRow, "needed">>()
    expect(rows.pipe(Pipeline.toRows(large))).type.toBe<Stream.Stream<Row.Row<Pipeline.ValuesOf<typeof large>>, "broken" | Pipeline.RefusedRow, "needed">>()
  })

  test("may leave out what may be absent, and have more", () => {
    const least = Stream.make({ symbol: "A", time: 1, price, fee: {}, more: true })
    expect(Pipeline.toPanes(closes)).type.toBeCallableWith(least)
    expect(Pipeline.toPanes(closes)).type.toBeCallableWith(Stream.make({ symbol: "A", time: 1, price, fee: { amount: null }, party: null, venue: undefined }))
  })

  test("stays what it was through whatever is done to the windows", () => {
    const changed = trades.pipe(
      Window.tumbling("1 minute"),
      Aggregate.into({ close: Aggregate.last("price") }),
      Pipeline.allowedLateness("1 minute"),
      Pipeline.emitOnUpdate(),
      Pipeline.percentChange("change", "close"),
      Pipeline.named("changed")
    )
    // @ts-expect-error the stream's rows have no field \"price\"
    Stream.make({ symbol: "A", time: 1, fee: {} }).pipe(Pipeline.toPanes(changed))
    const hours = Pipeline.rollUp(closes, "1 hour").pipe(Pipeline.named("hours"))
    // @ts-expect-error the stream's rows have no field \"price\"
    Stream.make({ symbol: "A", time: 1, fee: {} }).pipe(Pipeline.toPanes(hours))
  })
})

describe("a stream of something else is refused in words", () => {
  test("that lacks a field", () => {
    // @ts-expect-error the stream's rows have no field \"price\"
    Stream.make({ symbol: "A", time: 1, fee: {} }).pipe(Pipeline.toPanes(closes))
    // @ts-expect-error the stream's rows have no field \"price\"
    Stream.make({ symbol: "A", time: 1 }).pipe(Pipeline.toPanesWith(closes, { late: "fail" }))
    // @ts-expect-error the stream's rows have no field \"time\"
    Stream.make({ symbol: "A", price, fee: {} }).pipe(Pipeline.toRows(large))
  })

  test("whose field is of another kind", () => {
    // @ts-expect-error the field \"price\" of the stream's rows is of another kind
    Stream.make({ symbol: "A", time: 1, price: "1.5", fee: {} }).pipe(Pipeline.toPanes(closes))
    // @ts-expect-error the field \"venue\" of the stream's rows is of another kind
    Stream.make({ symbol: "A", time: 1, price, fee: {}, venue: "XLON" }).pipe(Pipeline.toPanes(closes))
    // @ts-expect-error the field \"party\" of the stream's rows is of another kind
    Stream.make({ symbol: "A", time: 1, price, fee: {}, party: { desk: "one" } }).pipe(Pipeline.toPanes(closes))
    // @ts-expect-error the stream's rows have no field \"price\"
    Stream.make("a line").pipe(Pipeline.toPanes(closes))
  })

  test("or a pipeline that ends otherwise", () => {
    // @ts-expect-error Type '"a pipeline of rows, behind Pipeline.named, as Pipeline.toRows takes it"' is not assignable to type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"'.
    rows.pipe(Pipeline.toPanes(large))
    // @ts-expect-error Type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"' is not assignable to type '"a pipeline of rows, behind Pipeline.named, as Pipeline.toRows takes it"'.
    rows.pipe(Pipeline.toRows(closes))
    // @ts-expect-error Type '"a pipeline of rows, behind Pipeline.named, as Pipeline.toRows takes it"' is not assignable to type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"'.
    Pipeline.toPanesOf(large, { trades: rows })
  })

  test("or has no name", () => {
    const unnamed = trades.pipe(Window.tumbling("1 minute"), Aggregate.into({ close: Aggregate.last("price") }))
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"'.
    rows.pipe(Pipeline.toPanes(unnamed))
    // @ts-expect-error Type '"rows, in front of a window or behind Panes.toEvents"' is not assignable to type '"a pipeline of rows, behind Pipeline.named, as Pipeline.toRows takes it"'.
    rows.pipe(Pipeline.toRows(trades))
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"'.
    Engine.runMemory(unnamed, ["{}"])
    // @ts-expect-error Type '"results of windows, behind Aggregate.into and in front of Pipeline.named"' is not assignable to type '"a pipeline of panes, behind Pipeline.named, as Pipeline.toPanes takes it"'.
    Pipeline.rollUp(unnamed, "1 hour")
  })
})

describe("what comes beside the results has exactly the tags that were asked for", () => {
  test("late rows, refused rows, or both", () => {
    type PaneOnly = { readonly _tag: "pane" } & { readonly pane: Pane.Pane<Values> }
    expect(rows.pipe(Pipeline.toPanesWith(closes, { late: "side-output" })))
      .type.toBe<Stream.Stream<PaneOnly | Pipeline.Late<Trade>, "broken" | Pipeline.RefusedRow, "needed">>()
    expect(rows.pipe(Pipeline.toPanesWith(closes, { refused: "side-output" })))
      .type.toBe<Stream.Stream<PaneOnly | Pipeline.Refused<Trade>, "broken", "needed">>()
    expect(rows.pipe(Pipeline.toPanesWith(closes, { late: "fail", refused: "drop", idleTimeout: "1 minute" })))
      .type.toBe<Stream.Stream<Pane.Pane<Values>, "broken" | Pipeline.LateRow, "needed">>()
  })

  test("and no option is misspelt", () => {
    // @ts-expect-error 'idleTimout' does not exist
    Pipeline.toPanesWith(closes, { idleTimout: "1 minute" })
    // @ts-expect-error Type '"ignore"' is not assignable to type
    Pipeline.toPanesWith(closes, { late: "ignore" })
  })
})

describe("a stream for each source", () => {
  const Quote = Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: Schema.Int })
  const quotes = Source.make("quotes", { schema: Quote, key: "symbol", eventTime: "at" })
  const joined = trades.pipe(Join.asOf(quotes, { within: "1 second", select: { bid: "bid" } }))
  const bids = joined.pipe(Window.tumbling("1 minute"), Aggregate.into({ bid: Aggregate.max("bid") }), Pipeline.named("bids"))
  const met = joined.pipe(Pipeline.named("met"))
  type Values = { readonly bid: number | null }
  const others = Stream.make<ReadonlyArray<typeof Quote.Type>>({ symbol: "A", at: 1, bid: 1 })

  test("gives panes or rows, and keeps errors and needs of all", () => {
    expect(Pipeline.toPanesOf(bids, { trades: rows, quotes: others })).type.toBe<Stream.Stream<Pane.Pane<Values>, "broken" | Pipeline.RefusedRow, "needed">>()
    expect(Pipeline.toRowsOf(met, { trades: rows, quotes: others }, { refused: "drop" }))
      .type.toBe<Stream.Stream<Row.Row<Pipeline.ValuesOf<typeof met>>, "broken", "needed">>()
    expect(Pipeline.toPanesOf(closes, { trades: rows })).type.toBeAssignableTo<Stream.Stream<{ readonly values: { readonly trades: number } }, unknown, "needed">>()
  })

  test("tells late rows of one from those of another", () => {
    const all = Pipeline.toPanesOf(bids, { trades: rows, quotes: others }, { late: "side-output" })
    type Late = Extract<Stream.Success<typeof all>, { readonly _tag: "late" }>
    expect<Extract<Late, { readonly source: "quotes" }>["row"]>().type.toBe<typeof Quote.Type>()
    expect<Late["source"]>().type.toBe<"trades" | "quotes">()
  })

  test("is refused in words where one is missing, is called something else, or has other rows", () => {
    // @ts-expect-error Property 'quotes' is missing in type
    Pipeline.toPanesOf(bids, { trades: rows })
    // @ts-expect-error is not assignable to type '"the pipeline reads no source \"quote\""'
    Pipeline.toPanesOf(bids, { trades: rows, quote: others })
    // @ts-expect-error is not assignable to type '"the pipeline reads no source \"bars\""'
    Pipeline.toPanesOf(bids, { trades: rows, quotes: others, bars: others })
    // @ts-expect-error is not assignable to type '"the stream's rows have no field \"bid\""'
    Pipeline.toRowsOf(met, { trades: rows, quotes: Stream.make({ symbol: "A", at: 1 }) })
    // @ts-expect-error is not assignable to type '"the field \"at\" of the stream's rows is of another kind"'
    Pipeline.toPanesOf(bids, { trades: rows, quotes: Stream.make({ symbol: "A", at: "noon", bid: 1 }) })
    // @ts-expect-error 'idleTimout' does not exist
    Pipeline.toPanesOf(bids, { trades: rows, quotes: others }, { idleTimout: "1 minute" })
  })
})

describe("the engine in a line", () => {
  test("takes rows of the source, and lines", () => {
    expect(Engine.runMemory(closes, [{ symbol: "A", time: 1, price, fee: {} }])).type.toBeAssignableTo<{ readonly pipe: unknown }>()
    expect(Engine.runMemory([closes, large], ["{}"])).type.toBeAssignableTo<{ readonly pipe: unknown }>()
    // @ts-expect-error Type 'string' is not assignable to type 'BigDecimal'
    Engine.runMemory(closes, [{ symbol: "A", time: 1, price: "1", fee: {} }])
  })

  test("takes those of several sources by their names", () => {
    const quotes = Source.make("quotes", { schema: Schema.Struct({ symbol: Schema.String, at: Schema.Int, bid: Schema.Int }), key: "symbol", eventTime: "at" })
    const bids = quotes.pipe(Window.tumbling("1 minute"), Aggregate.into({ bid: Aggregate.max("bid") }), Pipeline.named("bids"))
    const row = { symbol: "A", time: 1, price, fee: {} }
    expect(Engine.runMemoryOf([closes, bids], { trades: [row], quotes: ["{}"] })).type.toBeAssignableTo<{ readonly pipe: unknown }>()
    // @ts-expect-error Property 'quotes' is missing in type
    Engine.runMemoryOf([closes, bids], { trades: [row] })
    // @ts-expect-error is not assignable to type '"no pipeline reads a source \"quote\""'
    Engine.runMemoryOf(bids, { quote: ["{}"] })
    // @ts-expect-error is not assignable to type '"the stream's rows have no field \"bid\""'
    Engine.runMemoryOf(bids, { quotes: [{ symbol: "A", at: 1 }] })
  })
})
