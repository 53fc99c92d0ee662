/** What the compiler says of values derived from results: their types, and where a name is none of a number. */
import { Schema } from "effect"
import { describe, expect, test } from "tstyche"
import { Decimal } from "../../src/domain/Decimal.ts"
import type { Decimal as DecimalValue } from "../../src/domain/Decimal.ts"
import { Aggregate, Events, Expr, Fill, Indicator, Join, Panes, Pipeline, Source, Window } from "../../src/streams/pipeline/index.ts"

const Trade = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimal({ scale: 8, limit: 90_000_000 }),
  size: Schema.Int,
  venue: Schema.optionalKey(Schema.String),
  flag: Schema.optionalKey(Schema.Boolean)
})

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

const ofVenues = trades.pipe(
  Events.keyBy(["venue", "symbol"]),
  Window.tumbling("1 minute"),
  Aggregate.into({ price: Aggregate.last("price") })
)

const prices = trades.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    price: Aggregate.last("price"),
    size: Aggregate.sum("size"),
    venue: Aggregate.last("venue"),
    flag: Aggregate.last("flag")
  })
)

const high = Aggregate.max("price")
const low = Aggregate.min("price")

const bars = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ high, low, close: Aggregate.last("price"), volume: Aggregate.sum("size"), count: Aggregate.count, venue: Aggregate.last("venue") })
)

describe("a result that there is not, or that is no number, is named with those that there are", () => {
  test("by a function of one", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type '"price" | "size"'. Did you mean '"price"'?
    prices.pipe(Panes.derive({ average: Indicator.ema("prise", 12) }))
    // @ts-expect-error Type '"venue"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.derive({ average: Indicator.sma("venue", 12) }))
    // @ts-expect-error Type '"flag"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.derive({ before: Indicator.previous("flag") }))
    // @ts-expect-error Type '"sise"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.derive({ most: Indicator.highest("price", 3), more: Indicator.percentChange("sise") }))
  })

  test("by an expression over what an indicator gives, which takes results alone", () => {
    expect(Expr.add).type.not.toBeCallableWith(Indicator.sma("price", 12), 1)
    expect(Expr.abs).type.not.toBeCallableWith(Indicator.sma("price", 12))
    // @ts-expect-error Type 'Spec' is not assignable to type 'Node'.
    trades.pipe(Events.derive({ mean: Indicator.sma("price", 12) }))
    // @ts-expect-error Type 'number | null' is not assignable to type 'boolean'.
    prices.pipe(Panes.where(Indicator.sma("price", 12)))
  })

  test("by a function of several", () => {
    // @ts-expect-error Type '"venue"' is not assignable to type
    bars.pipe(Panes.derive({ range: Indicator.atr({ high: "high", low: "venue", close: "close" }, 14) }))
    // @ts-expect-error Property 'close' is missing
    bars.pipe(Panes.derive({ range: Indicator.atr({ high: "high", low: "low" }, 14) }))
    // @ts-expect-error 'volume' does not exist
    bars.pipe(Panes.derive({ range: Indicator.cci({ high: "high", low: "low", close: "close", volume: "volume" }, 14) }))
  })

  test("by a value that a later node derives from one that an earlier has not derived", () => {
    // @ts-expect-error Type '"ema13"' is not assignable
    prices.pipe(Panes.derive({ ema12: Indicator.ema("price", 12) }), Panes.derive({ slope: Indicator.momentum("ema13", 1) }))
    // @ts-expect-error Type '"ema12"' is not assignable
    prices.pipe(Panes.derive({ ema12: Indicator.ema("price", 12), slope: Indicator.momentum("ema12", 1) }))
  })

  test("by an expression, alone and beside an indicator", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type '"price" | "size"'. Did you mean '"price"'?
    prices.pipe(Panes.derive({ twice: Expr.multiply("prise", 2) }))
    // @ts-expect-error Type '"venue"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.derive({ mean: Indicator.sma("price", 12), twice: Expr.add("price", "venue") }))
    // @ts-expect-error Type '"sise"' is not assignable to type
    prices.pipe(Panes.derive({ none: Expr.coalesce("sise", "size") }))
    // @ts-expect-error Type '"prise"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.derive({ twice: Expr.multiply("price", 2), mean: Indicator.sma("prise", 12) }))
  })

  test("by a condition", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type '"price" | "size"'. Did you mean '"price"'?
    prices.pipe(Panes.where(Expr.gt("prise", 2)))
    // @ts-expect-error Type '"venue"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.where(Expr.gt("venue", 2)))
    // @ts-expect-error is not assignable to
    prices.pipe(Panes.where(Expr.multiply("price", 2)))
  })

  test("by what ranks", () => {
    // @ts-expect-error Type '"prise"' is not assignable to type '"price" | "size"'. Did you mean '"price"'?
    prices.pipe(Panes.top(3, { by: "prise" }))
    // @ts-expect-error Type '"venue"' is not assignable to type '"price" | "size"'.
    prices.pipe(Panes.top(3, { by: "venue" }))
    // @ts-expect-error Type '"down"' is not assignable to type
    prices.pipe(Panes.top(3, { by: "price", order: "down" }))
  })

  test("by what windows without events have", () => {
    const values = { price: Fill.previous, size: 0, venue: null, flag: false } as const
    // @ts-expect-error Property 'flag' is missing in type
    prices.pipe(Panes.fill({ price: Fill.previous, size: 0, venue: null }, { within: "1 hour" }))
    // @ts-expect-error there is no result \"sise\"
    prices.pipe(Panes.fill({ ...values, sise: 0 }, { within: "1 hour" }))
    // @ts-expect-error Type 'string' is not assignable to type
    prices.pipe(Panes.fill({ ...values, size: "none" }, { within: "1 hour" }))
    // @ts-expect-error Type 'number' is not assignable to type
    prices.pipe(Panes.fill({ ...values, venue: 3 }, { within: "1 hour" }))
    // @ts-expect-error Expected 2 arguments, but got 1
    prices.pipe(Panes.fill(values))
  })

  test("by a part of the key", () => {
    // @ts-expect-error Type '"venu"' is not assignable to type '"symbol" | "venue" | readonly ("symbol" | "venue")[]'. Did you mean '"venue"'?
    ofVenues.pipe(Panes.top(3, { by: "price", per: "venu" }))
    // @ts-expect-error Type '"price"' is not assignable to type
    ofVenues.pipe(Panes.top(3, { by: "price", per: "price" }))
    // @ts-expect-error Type '"size"' is not assignable to type '"symbol" | "venue"'.
    ofVenues.pipe(Panes.top(3, { by: "price", per: ["venue", "size"] }))
    // @ts-expect-error Type '"venue"' is not assignable to type
    prices.pipe(Panes.top(3, { by: "price", per: "venue" }))
    // @ts-expect-error Type '"symbol"' is not assignable to type
    ofVenues.pipe(Panes.toEvents, Window.tumbling(1), Aggregate.into({ n: Aggregate.count }), Panes.top(3, { by: "n", per: "symbol" }))
  })

  test("by a part of a key whose fields have other names", () => {
    const renamed = trades.pipe(
      Events.keyBy(["venue", "symbol"]),
      Events.select({ market: "venue", symbol: "symbol", time: "time", size: "size" }),
      Window.tumbling("1 minute"),
      Aggregate.into({ size: Aggregate.sum("size") })
    )
    expect(renamed.pipe(Panes.top(3, { by: "size", per: "market" }))).type.toBeAssignableTo<Aggregate.Aggregated<{ readonly rank: number }>>()
    // @ts-expect-error Type '"venue"' is not assignable to type
    renamed.pipe(Panes.top(3, { by: "size", per: "venue" }))
  })

  test("by a part of the key of whatever stands between", () => {
    const first = Pipeline.rollUp(
      trades.pipe(
        Events.keyBy(["venue", "symbol"]),
        Events.where(Expr.gt("size", 0)),
        Events.derive({ value: Expr.multiply("price", "size") }),
        Events.distinct({ by: "size", within: "1 minute" }),
        Window.tumbling("1 minute"),
        Aggregate.into({ value: Aggregate.sum("value"), close: Aggregate.last("price") }),
        Pipeline.percentChange("change", "close"),
        Pipeline.named("minutes")
      ),
      "5 minutes"
    ).pipe(Pipeline.allowedLateness(1), Panes.derive({ before: Indicator.previous("value") }), Panes.where(Expr.gt("value", 0)))
    expect(first.pipe(Panes.top(3, { by: "value", per: ["venue"] }))).type.toBeAssignableTo<Aggregate.Aggregated<{ readonly rank: number }>>()
    // @ts-expect-error Type '"size"' is not assignable to type
    first.pipe(Panes.top(3, { by: "value", per: "size" }))
  })

  test("by lengths that are left out", () => {
    // @ts-expect-error Expected 2 arguments, but got 1
    prices.pipe(Panes.derive({ average: Indicator.ema("price") }))
    // @ts-expect-error Property 'signal' is missing
    prices.pipe(Panes.derive({ macd: Indicator.macd("price", { fast: 12, slow: 26 }) }))
    // @ts-expect-error 'window' does not exist
    prices.pipe(Panes.derive({ before: Indicator.previous("price") }, { window: "1 day" }))
  })
})

describe("what is derived", () => {
  test("is a number, or what it picks is of", () => {
    const derived = bars.pipe(
      Panes.derive({
        ema12: Indicator.ema("close", 12),
        macd: Indicator.macdHistogram("close", { fast: 12, slow: 26, signal: 9 }),
        upper: Indicator.bollingerUpper("close", 20, 2),
        atr: Indicator.atr({ high: "high", low: "low", close: "close" }, 14),
        d: Indicator.stochasticD({ high: "high", low: "low", close: "close" }, { fastK: 14, slowK: 3, slowD: 3 }),
        flow: Indicator.mfi({ high: "high", low: "low", close: "close", volume: "volume" }, 14),
        before: Indicator.previous("close"),
        most: Indicator.highest("volume", 20),
        fewest: Indicator.lowest("count", 20),
        change: Indicator.percentChange("volume")
      }, { within: "1 day" }),
      Panes.derive({ slope: Indicator.momentum("ema12", 1), fall: Indicator.percentChange("before") }),
      Pipeline.named("derived")
    )
    expect<Pipeline.ValuesOf<typeof derived>>().type.toBe<{
      readonly high: DecimalValue | null
      readonly low: DecimalValue | null
      readonly close: DecimalValue | null
      readonly volume: number | bigint | null
      readonly count: number
      readonly venue: string | null
      readonly ema12: number | null
      readonly macd: number | null
      readonly upper: number | null
      readonly atr: number | null
      readonly d: number | null
      readonly flow: number | null
      readonly before: DecimalValue | null
      readonly most: number | bigint | null
      readonly fewest: number | null
      readonly change: DecimalValue | null
      readonly slope: number | null
      readonly fall: DecimalValue | null
    }>()
  })

  test("by an expression is what it gives, or null where it does not fit", () => {
    const derived = bars.pipe(
      Panes.derive({
        range: Expr.subtract("high", "low"),
        ema12: Indicator.ema("close", 12),
        twice: Expr.add("volume", "volume"),
        more: Expr.add("count", 1),
        mean: Expr.divide("volume", "count", { scale: 2 }),
        isUp: Expr.gt("close", Expr.field("low")),
        market: Expr.coalesce("venue", Expr.literal("none")),
        any: Expr.coalesce("close", "volume")
      }),
      Panes.derive({ aboveEma: Expr.subtract(Expr.toDouble("close"), "ema12") }),
      Panes.where(Expr.and(Expr.gt("aboveEma", 0), Expr.eq("market", "N"))),
      Pipeline.named("computed")
    )
    expect<Pipeline.ValuesOf<typeof derived>>().type.toBe<{
      readonly high: DecimalValue | null
      readonly low: DecimalValue | null
      readonly close: DecimalValue | null
      readonly volume: number | bigint | null
      readonly count: number
      readonly venue: string | null
      readonly range: DecimalValue | null
      readonly ema12: number | null
      readonly twice: number | bigint | null
      readonly more: number | null
      readonly mean: DecimalValue | null
      readonly isUp: boolean
      readonly market: string | null
      readonly any: DecimalValue | null
      readonly aboveEma: number | null
    }>()
  })

  test("by what windows without events have is null where that is given", () => {
    const filled = bars.pipe(
      Panes.fill({ high: Fill.previous, low: "0.5", close: 0, volume: 0, count: null, venue: "none" }, { within: "1 hour" }),
      Pipeline.named("filled")
    )
    expect<Pipeline.ValuesOf<typeof filled>>().type.toBe<{
      readonly high: DecimalValue | null
      readonly low: DecimalValue | null
      readonly close: DecimalValue | null
      readonly volume: number | bigint | null
      readonly count: number | null
      readonly venue: string | null
    }>()
    const counted = bars.pipe(
      Panes.fill({ high: null, low: null, close: null, volume: null, count: 0, venue: null }, { within: "1 hour" }),
      Panes.derive({ ema12: Indicator.ema("close", 12) }),
      Panes.where(Expr.gt("count", 0)),
      Pipeline.named("counted")
    )
    expect<Pipeline.ValuesOf<typeof counted>["count"]>().type.toBe<number>()
  })

  test("by a rank is the rank beside the others", () => {
    const first = prices.pipe(Panes.top(3, { by: "size", order: "ascending" }), Panes.where(Expr.lt("rank", 3)), Pipeline.named("first"))
    expect<Pipeline.ValuesOf<typeof first>>().type.toBe<{
      readonly price: DecimalValue | null
      readonly size: number | bigint | null
      readonly venue: string | null
      readonly flag: boolean | null
      readonly rank: number
    }>()
  })

  test("stays behind a change of the windows, and in a pipeline of its own portability", () => {
    const late = prices.pipe(Panes.derive({ ema12: Indicator.ema("price", 12) }), Pipeline.allowedLateness("1 hour"), Pipeline.named("late"))
    expect(late).type.toBeAssignableTo<Pipeline.Pipeline<{ readonly ema12: number | null }, "portable">>()
  })
})

describe("final results as rows", () => {
  const rows = bars.pipe(Panes.derive({ ema12: Indicator.ema("close", 12) }), Panes.toEvents)

  test("have the key and the bounds of their windows beside the results, any of which may be missing", () => {
    expect<Pipeline.RowOf<typeof rows>>().type.toBe<{
      readonly key: string
      readonly start: number
      readonly end: number
      readonly high: DecimalValue | null
      readonly low: DecimalValue | null
      readonly close: DecimalValue | null
      // Of integers it is a decimal, of doubles a number.
      readonly volume: DecimalValue | number | null
      readonly count: number | null
      readonly venue: string | null
      readonly ema12: number | null
    }>()
  })

  test("go on into whatever rows go into", () => {
    const days = rows.pipe(
      Events.where(Expr.gt("count", 1)),
      Join.asOf(prices.pipe(Panes.toEvents), { within: "1 hour", select: { other: "price" } }),
      Events.derive({ spread: Expr.subtract("close", "other") }),
      Events.keyBy("venue"),
      Window.tumbling("1 day"),
      Aggregate.into({ highest: Aggregate.max("high"), last: Aggregate.last("spread"), windows: Aggregate.count }),
      Pipeline.named("days")
    )
    expect<Pipeline.ValuesOf<typeof days>>().type.toBe<{
      readonly highest: DecimalValue | null
      readonly last: DecimalValue | null
      readonly windows: number
    }>()
    expect(days).type.toBeAssignableTo<Pipeline.Pipeline<unknown, "portable">>()
  })

  test("make pairs with the fields of the other side", () => {
    const pairs = rows.pipe(Join.interval(prices.pipe(Panes.toEvents), { before: "1 hour", type: "left", select: { other: "price" } }))
    expect<Pipeline.RowOf<typeof pairs>["other"]>().type.toBe<DecimalValue | null>()
    // @ts-expect-error Type '"prise"' is not assignable to type
    rows.pipe(Join.interval(prices.pipe(Panes.toEvents), { before: "1 hour", select: { other: "prise" } }))
  })

  test("name what there is where a name is wrong", () => {
    // @ts-expect-error Type '"hihg"' is not assignable to type
    rows.pipe(Window.tumbling("1 day"), Aggregate.into({ highest: Aggregate.max("hihg") }))
    // @ts-expect-error Type '"hihg"' is not assignable to type
    rows.pipe(Events.where(Expr.gt("hihg", 1)))
  })

  test("have no place for results of their own names", () => {
    const windows = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" }).pipe(Window.tumbling("1 minute"))
    // @ts-expect-error a row has a field \"end\" of its window: call the result something else
    windows.pipe(Aggregate.into({ end: Aggregate.max("price") }), Panes.toEvents)
  })
})
