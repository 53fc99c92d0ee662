/**
 * Declarations that `Check` refuses, each with the node it names and what it says. They are made with whatever copy of the
 * language is given, so that a copy with a mistake in it can be held against them.
 */
import { type Duration, Schema } from "effect"
import type { Over } from "../../../src/streams/pipeline/Indicator.ts"

/** The nouns that declarations are made with. */
export interface Language {
  readonly Decimal: typeof import("../../../src/domain/Decimal.ts")
  readonly Aggregate: typeof import("../../../src/streams/pipeline/Aggregate.ts")
  readonly Events: typeof import("../../../src/streams/pipeline/Events.ts")
  readonly Expr: typeof import("../../../src/streams/pipeline/Expr.ts")
  readonly Indicator: typeof import("../../../src/streams/pipeline/Indicator.ts")
  readonly Join: typeof import("../../../src/streams/pipeline/Join.ts")
  readonly Panes: typeof import("../../../src/streams/pipeline/Panes.ts")
  readonly Pipeline: typeof import("../../../src/streams/pipeline/Pipeline.ts")
  readonly Source: typeof import("../../../src/streams/pipeline/Source.ts")
  readonly Table: Pick<typeof import("../../../src/streams/pipeline/Table.ts"), "make">
  readonly Window: typeof import("../../../src/streams/pipeline/Window.ts")
}

export type Refusal = readonly [what: string, declare: () => unknown, node: string, why: string]

/** What a declaration throws, if anything. */
export const thrownBy = (declare: () => unknown): unknown => {
  try {
    declare()
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** A value as the compiler would not have it, which a file without types hands over all the same. */
export const untyped = (value: unknown): never => value as never

export const declarations = ({ Aggregate, Decimal, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window }: Language) => {
  const Trade = Schema.Struct({
    symbol: Schema.String,
    time: Schema.Int,
    price: Decimal.Decimal({ scale: 4, limit: 1_000_000 }),
    size: Schema.Int,
    venue: Schema.optionalKey(Schema.String),
    side: Schema.optionalKey(Schema.Literals(["buy", "sell"])),
    flag: Schema.optionalKey(Schema.Boolean)
  })

  const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

  const Bar = Schema.Struct({
    symbol: Schema.String,
    start: Schema.Int,
    high: Decimal.Decimal({ scale: 2, limit: 1_000_000 }),
    exact: Decimal.Decimal({ scale: 8, limit: 1_000 }),
    large: Decimal.Decimal({ scale: 0, limit: 9_000_000_000_000 }),
    volume: Schema.Int
  })

  const Special = Schema.Struct({ time: Schema.Int, ["__proto__"]: Schema.String })

  const bars = Source.make("bars", { schema: Bar, key: "symbol", eventTime: "start" })

  const special = Source.make("special", { schema: Special, key: [], eventTime: "time" })
  const none = Aggregate.custom({ create: () => 0, add: (rows) => rows, merge: (left) => left, result: (rows) => rows, state: Schema.Int })

  const counted = Aggregate.into({ trades: Aggregate.count })
  const minutes = trades.pipe(Window.tumbling("1 minute"))
  const named = Pipeline.named("p")
  const highest = minutes.pipe(Aggregate.into({ high: Aggregate.max("price") }))
  const filled = (values: object, within: Duration.Input = "1 hour") => highest.pipe(Panes.fill(untyped(values), { within }), named)
  const hinted = (hints: unknown, pipeline: unknown = highest.pipe(named)) => Pipeline.shown(untyped(hints))(untyped(pipeline))
  const aggregated = (aggregates: unknown) => minutes.pipe(Aggregate.into(untyped(aggregates)), named)
  const computed = (values: object) => trades.pipe(Events.derive(untyped(values)), Window.tumbling("1 minute"), counted, named)
  const cancelling = { id: "venue", cancel: Expr.eq("flag", true) } as const
  const cancelled = (options: object, rows: unknown = trades) => Window.tumbling(1)(untyped(Events.cancels(untyped(options))(untyped(rows)))).pipe(counted, named)
  const united = (other: unknown) => named(untyped(Events.union(untyped(other))(untyped(trades))))
  const joined = (select: object) => named(untyped(Join.asOf(bars, { within: 1, select: untyped(select) })(untyped(trades))))
  const paired = (options: object) => named(untyped(Join.interval(bars, untyped(options))(untyped(trades))))
  const sectors = Table.make("sectors", {
    schema: Schema.Struct({ symbol: Schema.String, venue: Schema.String, sector: Schema.String }),
    key: "symbol",
    rows: [{ symbol: "IBM", venue: "XNYS", sector: "technology" }]
  })
  const selected = (fields: unknown) => named(untyped(Events.select(untyped(fields))(untyped(trades))))
  const lookedUp = (by: unknown, select: object) => named(untyped(Events.lookup(sectors, { by: untyped(by), select: untyped(select) })(untyped(trades))))
  const filtered = (condition: unknown) => trades.pipe(Events.where(untyped(condition)), Window.tumbling("1 minute"), counted, named)
  const windowed = (window: unknown) => counted(untyped({ events: trades, window })).pipe(named)
  const derived = (indicators: { readonly [name: string]: Over<string, unknown> }) =>
    minutes.pipe(Aggregate.into({ high: Aggregate.max("price"), venue: Aggregate.last("venue") }), Panes.derive(untyped(indicators)), named)
  const ofVenues = trades.pipe(Events.keyBy(["venue", "symbol"]), Window.tumbling(5), Aggregate.into({ high: Aggregate.max("price") }))
  const high = minutes.pipe(Aggregate.into({ high: Aggregate.max("price"), volume: Aggregate.sum("size"), mean: Aggregate.mean("price") }))
  const own = Aggregate.custom({
    create: () => 0,
    add: (sum: number, row: { readonly size: number }) => sum + row.size,
    merge: (left, right) => left + right,
    result: (sum) => sum,
    state: Schema.Int
  })
  const accepted = Pipeline.acceptPreAggregated(bars, { high: "high" })
  const merged = (fields: unknown) =>
    high.pipe(untyped(Pipeline.acceptPreAggregated(bars, untyped(fields))), Pipeline.named("p"))

  const refusals: ReadonlyArray<Refusal> = [
    ["a field that is not there", () => aggregated({ open: Aggregate.first("prise") }), "the aggregate \"open\"", "did you mean \"price\"?"],
    ["no results at all", () => aggregated({}), "Aggregate.into", "it needs a result"],
    ["no field at all", () => aggregated({ open: Aggregate.first(untyped(undefined)) }), "the aggregate \"open\"", "has to be one of"],
    ["a mean of strings", () => aggregated({ mean: Aggregate.mean(untyped("venue")) }), "the aggregate \"mean\"", "\"venue\" is a string"],
    ["a weight that is a boolean", () => aggregated({ vwap: Aggregate.weightedMean("price", untyped("flag")) }), "the aggregate \"vwap\"", "\"flag\" is a boolean"],
    ["the price where a string is largest", () => aggregated({ at: Aggregate.maxBy("price", untyped("venue")) }), "the aggregate \"at\"", "\"venue\" is a string"],
    ["an operation that there is not", () => aggregated({ median: { spec: { op: "median", field: "price" } } }), "the aggregate \"median\"", "no aggregate \"median\""],
    ["a variance of strings", () => aggregated({ spread: Aggregate.variance(untyped("venue")) }), "the aggregate \"spread\"", "\"venue\" is a string"],
    ["a variance of something else", () => aggregated({ spread: Aggregate.variance("price", { of: untyped("all") }) }), "the aggregate \"spread\"", "and not of \"all\""],
    ["a covariance with a boolean", () => aggregated({ both: Aggregate.covariance("price", untyped("flag")) }), "the aggregate \"both\"", "\"flag\" is a boolean"],
    ["a correlation with a field that is not there", () => aggregated({ both: Aggregate.correlation("price", untyped("sise")) }), "the aggregate \"both\"", "did you mean \"size\"?"],
    ["a count of half a value", () => aggregated({ venues: Aggregate.countDistinct("venue", { atMost: 0.5 }) }), "the aggregate \"venues\"", "and not 0.5"],
    ["a count of values without a bound", () => aggregated({ venues: Aggregate.countDistinct("venue", untyped({})) }), "the aggregate \"venues\"", "and not undefined"],
    ["a count of more values than can be kept", () => aggregated({ venues: Aggregate.countDistinct("venue", { atMost: 10_000_001 }) }), "the aggregate \"venues\"", "from 1 to 10000000"],
    ["a quantile in per cent", () => aggregated({ upper: Aggregate.quantile("price", 99) }), "the aggregate \"upper\"", "such as 0.99, and not 99"],
    ["a quantile that is a string", () => aggregated({ upper: Aggregate.quantile("price", untyped("0.99")) }), "the aggregate \"upper\"", "and not \"0.99\""],
    ["a quantile of booleans", () => aggregated({ upper: Aggregate.quantile(untyped("flag"), 0.5) }), "the aggregate \"upper\"", "\"flag\" is a boolean"],
    ["a quantile without an error", () => aggregated({ upper: Aggregate.quantile("price", 0.5, { error: 0 }) }), "the aggregate \"upper\"", "from 0.000001 to 0.5, and not 0"],
    ["a quantile with an error that is a string", () => aggregated({ upper: Aggregate.median("price", { error: untyped("0.1") }) }), "the aggregate \"upper\"", "and not \"0.1\""],
    ["a result without a name", () => aggregated({ "": Aggregate.count }), "the aggregate \"\"", "choose another"],
    ["a result called __proto__", () => aggregated(JSON.parse("{\"__proto__\":{\"spec\":{\"op\":\"count\"}}}")), "the aggregate \"__proto__\"", "choose another"],
    ["a string compared with a number", () => filtered(Expr.eq("venue", untyped(5))), "Events.where", "\"venue\" is compared with 5"],
    ["a string compared with one that it never is", () => filtered(Expr.isNot("side", "BUY")), "Events.where", "which it never is: did you mean \"buy\"? known: buy, sell"],
    ["a boolean compared with a number", () => filtered(Expr.eq("flag", untyped(1))), "Events.where", "\"flag\" is compared with 1"],
    ["a boolean compared with a string", () => filtered(Expr.isNot("flag", untyped("true"))), "Events.where", "\"flag\" is compared with \"true\""],
    ["a number compared with a boolean", () => filtered(Expr.ne("size", untyped(true))), "Events.where", "\"size\" is compared with true"],
    ["a number compared with no number", () => filtered(Expr.gt("price", "much")), "Events.where", "\"price\" is compared with \"much\""],
    ["a number compared with NaN", () => filtered(Expr.lt("size", Number.NaN)), "Events.where", "\"size\" is compared with"],
    ["an order of strings", () => filtered(Expr.gt(untyped("venue"), "N")), "Events.where", "Expr.gt needs a number"],
    ["a condition deep inside", () => filtered(Expr.not(Expr.or(Expr.eq("size", 1), Expr.eq(untyped("vonue"), "N")))), "Events.where", "did you mean \"venue\"?"],
    ["no condition", () => filtered({}), "Events.where", "made with Expr"],
    ["a condition of an aggregate", () => aggregated({ n: Aggregate.where(Expr.gt(untyped("prise"), 0))(Aggregate.count) }), "the aggregate \"n\"", "no field \"prise\""],
    ["a filter that is no function", () => trades.pipe(Events.filter(untyped("size > 1")), Window.tumbling(1), counted, named), "Events.filter", "a function of a row"],
    ["a filter that is async", () => trades.pipe(Events.filter(untyped(async () => false)), Window.tumbling(1), counted, named), "Events.filter", "give one that returns either"],
    ["a filter that is a generator", () => trades.pipe(Events.filter(untyped(function*() {})), named), "Events.filter", "or a generator"],
    ["a filter of rows with a field that no object can have", () => special.pipe(Events.filter(() => true), Window.tumbling(1), counted, named), "Events.filter", "\"__proto__\", which no row can have"],
    ["an aggregate of rows with a field that no object can have", () => special.pipe(Window.tumbling(1), Aggregate.into({ none }), named), "Aggregate.custom", "\"__proto__\", which no row can have"],
    ["a field that is computed from none", () => computed({ x: Expr.abs(untyped("prise")) }), "the field \"x\"", "did you mean \"price\"?"],
    ["nothing computed", () => computed({}), "Events.derive", "it needs a field"],
    ["a computed field with a name that there is", () => computed({ size: Expr.abs("size") }), "the field \"size\"", "there is another field of this name"],
    ["a computed field with the name of a path", () => computed({ "a.b": Expr.abs("size") }), "the field \"a.b\"", "cannot be the name of a field"],
    ["a sum of texts", () => computed({ x: Expr.add(untyped("venue"), 1) }), "the field \"x\"", "Expr.add needs a number, and the field \"venue\" is a string"],
    ["more decimals than there are", () => computed({ x: Expr.multiply(Expr.divide("price", 3, { scale: 38 }), "price") }), "the field \"x\"", "would need 42 decimals"],
    ["a decimal and a double", () => computed({ x: Expr.add(Expr.toDouble("price"), "price") }), "the field \"x\"", "Expr.toDouble around the decimal"],
    ["a quotient of decimals without a scale", () => computed({ x: Expr.divide("price", 3) }), "the field \"x\"", "such as { scale: 4 }"],
    ["a quotient with half a decimal", () => computed({ x: Expr.divide("price", 3, { scale: 0.5 }) }), "the field \"x\"", "from 0 to 38"],
    ["a quotient of doubles with a scale", () => computed({ x: Expr.divide(Expr.toDouble("price"), 3, { scale: 2 }) }), "the field \"x\"", "has no scale"],
    ["two values of two kinds", () => computed({ x: Expr.coalesce("venue", Expr.literal(0)) }), "the field \"x\"", "a string and a int"],
    ["no regular expression", () => computed({ x: Expr.extract("venue", "(") }), "the field \"x\"", "is no regular expression"],
    ["a group that a pattern does not have", () => computed({ x: Expr.extract("venue", "a", { group: 1 }) }), "the field \"x\"", "has no group 1"],
    ["a pattern with a group to split by", () => computed({ x: Expr.split("venue", "(a)", 0) }), "the field \"x\"", "without groups"],
    ["a part before the first", () => computed({ x: Expr.split("venue", "a", -1) }), "the field \"x\"", "0 or more"],
    ["an hour of a decimal", () => computed({ x: Expr.hour("price", { timeZone: "UTC" }) }), "the field \"x\"", "milliseconds since the epoch"],
    ["an hour nowhere", () => computed({ x: Expr.hour("time", { timeZone: "Atlantis" }) }), "the field \"x\"", "there is no time zone"],
    ["an expression that there is not", () => computed({ x: untyped({ node: { op: "power" } }) }), "the field \"x\"", "there is no expression \"power\""],
    ["a comparison of two kinds", () => filtered(Expr.eq("venue", Expr.field("size"))), "Events.where", "two values of one kind"],
    ["an order of texts", () => filtered(Expr.gt(untyped(Expr.lower("venue")), untyped(Expr.field("symbol")))), "Events.where", "Expr.gt needs numbers"],
    ["a decimal compared with a double", () => filtered(Expr.eq(Expr.toDouble("price"), Expr.field("price"))), "Events.where", "put Expr.toDouble around the decimal"],
    ["a value for a condition", () => filtered(Expr.abs("size")), "Events.where", "made with Expr"],
    ["a selection of nothing", () => selected([]), "Events.select", "it needs the fields that are kept"],
    ["a selection of a field that is not there", () => selected({ symbol: "symbol", time: "time", last: "prise" }), "Events.select", "did you mean \"price\"?"],
    ["a selection without the key", () => selected(["time", "price"]), "Events.select", "the key of these rows is \"symbol\", and it is left out: keep it, or put Events.keyBy before it"],
    ["a selection without the event time", () => selected(["symbol", "price"]), "Events.select", "the event time of these rows is \"time\", and it is left out: keep it"],
    ["a selection of one field twice", () => selected(["symbol", "time", "symbol"]), "Events.select", "it names \"symbol\" twice"],
    ["a selection by the name of a path", () => selected({ symbol: "symbol", time: "time", "a.b": "price" }), "Events.select, the field \"a.b\"", "cannot be the name of a field"],
    ["a lookup by a field that is not there", () => lookedUp("symbl", { sector: "sector" }), "Events.lookup", "did you mean \"symbol\"?"],
    ["a lookup by a field of another kind", () => lookedUp("size", { sector: "sector" }), "Events.lookup", "the key of the table \"sectors\", (symbol), of kind (string): no two of them are equal"],
    ["a lookup by a decimal", () => lookedUp("price", { sector: "sector" }), "Events.lookup", "is a decimal, and the key of a table is made of strings"],
    ["a lookup by more than the key", () => lookedUp(["symbol", "venue"], { sector: "sector" }), "Events.lookup", "its by is of kind (string, string)"],
    ["a lookup of a field that the table does not have", () => lookedUp("symbol", { sector: "sectr" }), "Events.lookup", "the table \"sectors\" has no field \"sectr\": did you mean \"sector\"?"],
    ["a lookup of nothing", () => lookedUp("symbol", {}), "Events.lookup", "it needs a field of the table"],
    ["a lookup by a name that the rows have", () => lookedUp("symbol", { venue: "venue" }), "Events.lookup, the field \"venue\"", "another field of this name"],
    ["a key that is no field", () => trades.pipe(Events.keyBy(untyped("vanue")), named), "Events.keyBy", "did you mean \"venue\"?"],
    ["a key that is a decimal", () => trades.pipe(Events.keyBy(untyped("price")), named), "Events.keyBy", "is a decimal"],
    ["a key that names a field twice", () => trades.pipe(Events.keyBy(["venue", "venue"]), named), "Events.keyBy", "names a field twice"],
    ["ids of no field", () => trades.pipe(Events.distinct({ by: [], within: 1 }), named), "Events.distinct", "needs the field"],
    ["an id that is no field", () => trades.pipe(Events.distinct({ by: untyped("vanue"), within: 1 }), named), "Events.distinct", "did you mean \"venue\"?"],
    ["an id that is a decimal", () => trades.pipe(Events.distinct({ by: untyped("price"), within: 1 }), named), "Events.distinct", "an id is made of strings"],
    ["an id that names a field twice", () => trades.pipe(Events.distinct({ by: ["venue", "venue"], within: 1 }), named), "Events.distinct", "names a field twice"],
    ["ids within less than nothing", () => trades.pipe(Events.distinct({ by: "venue", within: -1 }), named), "Events.distinct, within", "0 or more"],
    ["lateness behind rows that were held", () => trades.pipe(Events.distinct({ by: "venue", within: 1 }), Window.tumbling(1), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "Events.distinct before these windows puts rows out in the order of their times"],
    ["pre-aggregated records beside rows that were held", () => trades.pipe(Events.distinct({ by: "venue", within: 1 }), Window.tumbling(1), Aggregate.into({ high: Aggregate.max("price") }), accepted, named), "Pipeline.acceptPreAggregated", "would be ahead of them"],
    ["cancels without an id that is a field", () => cancelled({ ...cancelling, id: "vanue" }), "Events.cancels, id", "did you mean \"venue\"?"],
    ["cancels of an id that is a decimal", () => cancelled({ ...cancelling, id: "price" }), "Events.cancels, id", "an id is a string or an integer"],
    ["a replacement through what is no moment", () => cancelled({ ...cancelling, through: "price" }), "Events.cancels, through", "a moment is an integer"],
    ["cancels that nothing says", () => cancelled({ id: "venue" }), "Events.cancels", "it needs to know which rows take back others"],
    ["cancels by what is no condition", () => cancelled({ id: "venue", correction: Expr.eq("sied" as never, "buy") }), "Events.cancels, correction", "did you mean \"side\"?"],
    ["cancels of sessions", () => trades.pipe(Events.cancels(cancelling), Window.session(1), counted, named), "Events.cancels", "may divide a session"],
    ["cancels of windows that count rows", () => trades.pipe(Events.cancels(cancelling), Window.count(1, { within: 1 }), counted, named), "Events.cancels", "may have filled a window"],
    ["cancels behind rows that were held", () => cancelled(cancelling, trades.pipe(Events.distinct({ by: "size", within: 1 }))), "Events.cancels", "Events.distinct before it holds rows"],
    ["cancels of results", () => cancelled({ id: "key", cancel: Expr.gt("trades", 1) }, minutes.pipe(counted, Panes.toEvents)), "Events.cancels", "makes rows of results"],
    ["cancels of rows of two sources", () => cancelled(cancelling, trades.pipe(Events.union(trades))), "Events.cancels", "of two sources"],
    ["cancels before a condition", () => trades.pipe(Events.cancels(cancelling), Events.where(Expr.gt("size", 1)), Window.tumbling(1), counted, named), "Events.cancels", "it stands right before windows"],
    ["cancels of cancels", () => cancelled(cancelling, trades.pipe(Events.cancels(cancelling))), "Events.cancels", "once"],
    ["cancels at the end", () => trades.pipe(Events.cancels(cancelling), named), "Events.cancels", "it stands right before windows"],
    ["cancels of pre-aggregated records alone", () => high.pipe(Pipeline.acceptPreAggregated(bars.pipe(Events.cancels({ id: "volume", replacement: Expr.gt("volume", 1) })), { high: "high" }), named), "Events.cancels", "put one before these windows, too"],
    ["cancels by ids of two kinds", () => trades.pipe(Events.cancels(cancelling), Window.tumbling(1), Aggregate.into({ high: Aggregate.max("price") }), Pipeline.acceptPreAggregated(bars.pipe(Events.cancels({ id: "volume", replacement: Expr.gt("volume", 1) })), { high: "high" }), named), "Events.cancels", "a string, and that of the pre-aggregated records a int"],
    ["windows filled behind cancels", () => trades.pipe(Events.cancels(cancelling), Window.tumbling(1), counted, Panes.fill({ trades: 0 }, { within: 5 }), named), "Panes.fill", "Events.cancels"],
    ["a union with rows of more fields", () => united(bars), "Events.union", "have a field \"start\", and those of \"trades\" have none"],
    ["a union with rows of another kind", () => united(Source.make("t2", { schema: Schema.Struct({ ...Trade.fields, size: Schema.String }), key: "symbol", eventTime: "time" })), "Events.union", "the field \"size\" is a int in \"trades\", and a string in \"t2\""],
    ["a union with rows of another scale", () => united(Source.make("t2", { schema: Schema.Struct({ ...Trade.fields, price: Decimal.Decimal({ scale: 2, limit: 10 }) }), key: "symbol", eventTime: "time" })), "Events.union", "a decimal of scale 4 in"],
    ["a union with rows of another key", () => united(trades.pipe(Events.keyBy("venue"))), "Events.union", "put Events.keyBy before it"],
    ["a union with rows that were held", () => united(trades.pipe(Events.distinct({ by: "venue", within: 1 }))), "Events.union", "put it behind Events.union"],
    ["lateness behind a union", () => trades.pipe(Events.union(trades), Window.tumbling(1), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "told once"],
    ["early panes behind a union", () => trades.pipe(Events.union(trades), Window.tumbling(1), counted, Pipeline.emitOnUpdate(), named), "Pipeline.emitOnUpdate", "told once"],
    ["pre-aggregated records behind a union", () => trades.pipe(Events.union(trades), Window.tumbling(1), Aggregate.into({ high: Aggregate.max("price") }), accepted, named), "Pipeline.acceptPreAggregated", "records go with one"],
    ["rows of one source by both sides of a union", () => trades.pipe(Events.union(trades), named), "Pipeline.named", "make it one condition"],
    ["a join with a field that the other side does not have", () => joined({ vol: "volum" }), "Join.asOf", "did you mean \"volume\"?"],
    ["a join by a name that the rows have", () => joined({ size: "volume" }), "Join.asOf, the field \"size\"", "another field of this name"],
    ["a join of nothing", () => joined({}), "Join.asOf", "it needs a field of the other side"],
    ["a join within less than nothing", () => trades.pipe(Join.asOf(bars, { within: -1, select: { high: "high" } }), named), "Join.asOf, within", "0 or more"],
    ["a join of keys of two kinds", () => trades.pipe(Join.asOf(Source.make("b", { schema: Bar, key: "volume", eventTime: "start" }), { within: 1, select: { high: "high" } }), named), "Join.asOf", "no two of them are equal"],
    ["lateness behind a join", () => trades.pipe(Join.asOf(bars, { within: 1, select: { high: "high" } }), Window.tumbling(1), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "Join.asOf before these windows"],
    ["pairs by a name that the rows have", () => paired({ within: 1, select: { size: "volume" } }), "Join.interval, the field \"size\"", "another field of this name"],
    ["pairs of nothing", () => paired({ within: 1, select: {} }), "Join.interval", "it needs a field of the other side"],
    ["pairs before a length of time below 0", () => paired({ before: -1, select: { high: "high" } }), "Join.interval, before", "0 or more"],
    ["pairs until a field that is none", () => paired({ after: 1, until: "sise", select: { high: "high" } }), "Join.interval, until", "did you mean \"size\"?"],
    ["pairs until a text", () => paired({ after: 1, until: "venue", select: { high: "high" } }), "Join.interval, until", "a time in milliseconds since the epoch is an int"],
    ["pairs of a type that is none", () => paired({ within: 1, type: "outer", select: { high: "high" } }), "Join.interval", "its type is \"inner\" or \"left\""],
    ["pairs of keys of two kinds", () => trades.pipe(Join.interval(Source.make("b", { schema: Bar, key: "volume", eventTime: "start" }), { within: 1, select: { high: "high" } }), named), "Join.interval", "no two of them are equal"],
    ["lateness behind pairs", () => trades.pipe(Join.interval(bars, { within: 1, select: { high: "high" } }), Window.tumbling(1), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "Join.interval before these windows"],
    ["pairs with rows that come by both sides of a union", () => trades.pipe(Join.interval(bars.pipe(Events.union(bars)), { within: 1, select: { high: "high" } }), named), "Pipeline.named", "make it one condition"],
    ["the variance of what may have 38 digits", () => trades.pipe(Events.derive({ x: Expr.multiply("price", "size") }), Window.tumbling(1), Aggregate.into({ v: Aggregate.variance("x") }), named), "the aggregate \"v\"", "may have 38 digits"],
    ["no condition at all", () => filtered(undefined), "Events.where", "made with Expr"],
    ["days without a time zone", () => trades.pipe(Window.calendar("day", untyped({})), counted, named), "Window.calendar", "{ timeZone: \"America/New_York\" }"],
    ["days in a time zone that is undefined", () => trades.pipe(Window.calendar("day", { timeZone: untyped(undefined) }), counted, named), "Window.calendar", "it needs a time zone"],
    ["pre-aggregated records of a roll-up", () => Pipeline.rollUp(high.pipe(named), "5 minutes").pipe(accepted, named), "Pipeline.acceptPreAggregated", "put it on those"],
    ["pre-aggregated records of a roll-up of roll-ups", () => Pipeline.rollUp(untyped(Pipeline.rollUp(high.pipe(named), "5 minutes").pipe(accepted)), "1 hour").pipe(named), "Pipeline.acceptPreAggregated", "put it on those"],
    ["a pre-aggregated field that is undefined", () => merged({ high: undefined }), "the aggregate \"high\"", "has to be one of symbol, start"],
    ["rows that have a name already", () => named(untyped(trades.pipe(named))), "Pipeline.named", "neither a source nor windows"],
    ["nothing at all", () => named(untyped(undefined)), "Pipeline.named", "neither a source nor windows"],
    ["a change of a result that there is not", () => high.pipe(Pipeline.percentChange("change", untyped("hihg")), named), "the result \"change\"", "did you mean \"high\"?"],
    ["a change of a string", () => minutes.pipe(Aggregate.into({ venue: Aggregate.last("venue") }), Pipeline.percentChange("change", untyped("venue")), named), "the result \"change\"", "\"venue\" is a string"],
    ["an indicator of a result that there is not", () => derived({ ema: Indicator.ema(untyped("hihg"), 12) }), "the result \"ema\"", "did you mean \"high\"?"],
    ["an indicator of a string", () => derived({ before: Indicator.previous(untyped("venue")) }), "the result \"before\"", "\"venue\" is a string"],
    ["an indicator of undefined", () => derived({ before: Indicator.previous(untyped(undefined)) }), "the result \"before\"", "needs the name of a result"],
    ["an indicator of one result that is of several", () => derived({ range: Indicator.atr(untyped("high"), 14) }), "the result \"range\"", "{ high: \"high\", low: \"low\", close: \"close\" }"],
    ["an indicator of several results without one", () => derived({ range: Indicator.atr(untyped({ high: "high", low: "high" }), 14) }), "the result \"range\"", "which result is its close"],
    ["an indicator of a part that it does not know", () => derived({ volume: Indicator.obv(untyped({ close: "high", volume: "high", high: "high" })) }), "the result \"volume\"", "knows no \"high\""],
    ["an indicator over no windows", () => derived({ mean: Indicator.sma("high", 0) }), "the result \"mean\"", "1 or more, and is 0"],
    ["an indicator over half a window", () => derived({ mean: Indicator.ema("high", 0.5) }), "the result \"mean\"", "whole number of windows"],
    ["an indicator over a text of windows", () => derived({ mean: Indicator.rsi("high", untyped("14")) }), "the result \"mean\"", "1 or more, and is \"14\""],
    ["a signal over no windows", () => derived({ macd: Indicator.macd("high", { fast: 12, slow: 26, signal: untyped(undefined) }) }), "the result \"macd\"", "its signal must be a whole number"],
    ["a fast average as slow as the slow one", () => derived({ macd: Indicator.macd("high", { fast: 12, slow: 12, signal: 9 }) }), "the result \"macd\"", "has to be over fewer"],
    ["bands of no width", () => derived({ band: Indicator.bollingerUpper("high", 20, 0) }), "the result \"band\"", "its deviations must be a number above 0"],
    ["an indicator that there is not", () => derived({ mean: untyped({ node: { function: "smma", of: "high", parameters: { n: 3 } } }) }), "the result \"mean\"", "did you mean \"sma\"?"],
    ["an indicator for a field", () => computed({ mean: Indicator.sma("price", 3) }), "the field \"mean\"", "a value of Panes.derive alone"],
    ["an indicator for a condition", () => filtered(Indicator.sma("price", 3)), "Events.where", "a value of Panes.derive alone"],
    ["an indicator for a condition on results", () => high.pipe(Panes.where(untyped(Indicator.sma("high", 3))), named), "Panes.where", "a value of Panes.derive alone"],
    ["an indicator by the name of another result", () => derived({ high: Indicator.sma("high", 3) }), "the result \"high\"", "another result of this name"],
    ["nothing derived", () => derived({}), "Panes.derive", "Indicator.previous"],
    ["indicators within less than nothing", () => high.pipe(Panes.derive({ before: Indicator.previous("high") }, { within: -1 }), named), "Panes.derive, within", "0 or more"],
    ["a length for windows before where none is looked at", () => high.pipe(Panes.derive({ twice: Expr.multiply("high", 2) }, { within: 5 }), named), "Panes.derive, within", "leave it out"],
    ["an expression by the name of another result", () => high.pipe(Panes.derive({ high: Expr.multiply("high", 2) }), named), "the result \"high\"", "another result of this name"],
    ["an expression over a result that is not there", () => high.pipe(Panes.derive({ twice: Expr.multiply(untyped("hgih"), 2) }), named), "the result \"twice\"", "there is no result \"hgih\": did you mean \"high\"?"],
    ["an expression over a text among the results", () => derived({ twice: untyped(Expr.multiply(untyped("venue"), 2)) }), "the result \"twice\"", "the result \"venue\" is a string"],
    ["an expression over what a function gives", () => minutes.pipe(Aggregate.into({ own }), Panes.derive({ twice: Expr.multiply("own", 2) }), named), "the result \"twice\"", "is what a function gives"],
    ["a mean of more decimals than there are", () => high.pipe(Panes.derive({ fine: Expr.divide("high", 3, { scale: 38 }) }), Panes.derive({ finer: Expr.multiply("fine", "high") }), named), "the result \"finer\"", "decimals"],
    ["results by no condition", () => high.pipe(Panes.where(untyped(true)), named), "Panes.where", "needs a condition"],
    ["results by a condition on none of them", () => high.pipe(Panes.where(Expr.gt(untyped("hgih"), 1)), named), "Panes.where", "there is no result \"hgih\""],
    ["results by a condition on another kind", () => high.pipe(Panes.where(untyped(Expr.eq("high", "N"))), named), "Panes.where", "the result \"high\" is compared with \"N\""],
    ["rows of results with a name that each row has", () => minutes.pipe(Aggregate.into({ end: Aggregate.max("price") }), (windows) => Panes.toEvents(untyped(windows)), Window.tumbling(1), counted, named), "Panes.toEvents", "there is a result \"end\": call it something else"],
    ["rows of what a function gives", () => minutes.pipe(Aggregate.into({ sizes: none }), Panes.toEvents, Window.tumbling(1), counted, named), "Panes.toEvents", "the result \"sizes\" is what a function gives"],
    ["rows of windows that are told early", () => high.pipe(Pipeline.emitOnUpdate(), Panes.toEvents, Window.tumbling(1), counted, named), "Pipeline.emitOnUpdate", "Panes.toEvents stands behind these windows"],
    ["lateness behind rows of results", () => high.pipe(Panes.toEvents, Window.tumbling(1), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "or the windows before it an allowed lateness"],
    ["rows of results united with others", () => { const rows = high.pipe(Panes.toEvents); return rows.pipe(Events.union(rows), Window.tumbling(1), counted, named) }, "Events.union", "Panes.toEvents before it holds rows"],
    ["rows of results at the end without their windows", () => high.pipe(Panes.toEvents, Events.select(["key", "end", "high"]), named), "Events.select", "and \"start\" is left out: keep it, under any name"],
    ["rows of results at the end that have another field by the name", () => high.pipe(Panes.toEvents, Events.select({ key: "key", until: "end" }), Events.derive({ start: Expr.field("until") }), named), "Events.select", "and \"start\" is left out"],
    ["pairs of results at the end", () => trades.pipe(Join.interval(high.pipe(Panes.toEvents), { within: 1, select: { high: "high" } }), named), "Pipeline.named", "it ends in pairs of Join.interval, and a side of these is the rows of Panes.toEvents"],
    ["pairs of results at the end that are held once more", () => { const rows = high.pipe(Panes.toEvents); return rows.pipe(Join.interval(trades, { within: 1, select: { size: "size" } }), Events.distinct({ by: "start", within: 1 }), named) }, "Pipeline.named", "put windows behind it"],
    ["a field that rows of results do not have", () => high.pipe(Panes.toEvents, Window.tumbling(1), Aggregate.into({ most: Aggregate.max(untyped("hgih")) }), named), "the aggregate \"most\"", "did you mean \"high\"?"],
    ["records beside one of two sources", () => high.pipe(Pipeline.acceptPreAggregated(bars, { high: "high" }), Panes.toEvents, Join.asOf(trades, { within: 1, select: { size: "size" } }), Window.tumbling(1), counted, named), "Pipeline.acceptPreAggregated", "the pipeline reads several"],
    ["the first by no result", () => high.pipe(Panes.top(3, { by: untyped("hgih") }), named), "Panes.top", "there is no result \"hgih\": did you mean \"high\"?"],
    ["the first by a text", () => minutes.pipe(Aggregate.into({ venue: Aggregate.last("venue") }), Panes.top(3, { by: untyped("venue") }), named), "Panes.top", "it ranks by a number, and \"venue\" is a string"],
    ["the first of nothing", () => high.pipe(Panes.top(0, { by: "high" }), named), "Panes.top", "from 1 to 10000 of them, and is given 0"],
    ["the first in an order that there is not", () => high.pipe(Panes.top(3, { by: "high", order: untyped("down") }), named), "Panes.top", "and not \"down\""],
    ["the first of sessions", () => trades.pipe(Window.session(5), Aggregate.into({ high: Aggregate.max("price") }), Panes.top(3, { by: "high" }), named), "Panes.top", "sessions of its own"],
    ["the first of windows that are told early", () => high.pipe(Panes.top(3, { by: "high" }), Pipeline.emitOnUpdate(), named), "Panes.top", "leave Pipeline.emitOnUpdate out"],
    ["the first of the first", () => high.pipe(Panes.top(3, { by: "high" }), Panes.derive({ same: Expr.field("rank") }), Panes.top(3, { by: "same" }), named), "Panes.top", "\"rank\", and there is another"],
    ["the first per no field of the key", () => ofVenues.pipe(Panes.top(3, { by: "high", per: untyped("vonue") }), named), "Panes.top", "\"vonue\" is none: did you mean \"venue\"? known: venue, symbol"],
    ["the first per a field of several", () => ofVenues.pipe(Panes.top(3, { by: "high", per: ["venue", untyped("price")] }), named), "Panes.top", "\"price\" is none: known: venue, symbol"],
    ["the first per a field where there is no key", () => trades.pipe(Events.keyBy([]), Window.tumbling(5), Aggregate.into({ high: Aggregate.max("price") }), Panes.top(3, { by: "high", per: untyped("symbol") }), named), "Panes.top", "all rows are of one key"],
    ["the first per a field twice", () => ofVenues.pipe(Panes.top(3, { by: "high", per: ["venue", "venue"] }), named), "Panes.top", "it names a field of the key twice"],
    ["the first per the whole key", () => high.pipe(Panes.top(3, { by: "high", per: "symbol" }), named), "Panes.top", "per whole key, of which a window has one result alone"],
    ["an indicator over the first", () => high.pipe(Panes.top(3, { by: "high" }), Panes.derive({ before: Indicator.previous("rank") }), named), "Panes.derive", "cannot stand behind Panes.top"],
    ["an indicator behind windows without events that are told early", () => minutes.pipe(counted, Pipeline.emitOnUpdate(), Panes.fill({ trades: 0 }, { within: "1 hour" }), Panes.derive({ before: Indicator.previous("trades") }), named), "Panes.derive", "leave Pipeline.emitOnUpdate out"],
    ["a hint of a result that there is not", () => hinted({ values: { hihg: {} } }), "Pipeline.shown", "there is no result \"hihg\": did you mean \"high\"?"],
    ["a hint of a field that there is not", () => hinted({ values: { prise: {} } }, trades.pipe(named)), "Pipeline.shown", "there is no field \"prise\": did you mean \"price\"?"],
    ["a hint with a fraction of decimals", () => hinted({ values: { high: { decimals: 1.5 } } }), "Pipeline.shown", "give a whole number from 0 to 20"],
    ["a hint with a plot that there is not", () => hinted({ values: { high: { plot: "lines" } } }), "Pipeline.shown", "did you mean \"line\"?"],
    ["a hint with a unit that is no text", () => hinted({ values: { high: { unit: 3 } } }), "Pipeline.shown", "has 3 for a text"],
    ["a hint with a time zone that there is not", () => hinted({ timeZone: "New York" }), "Pipeline.shown", "there is no time zone \"New York\""],
    ["a hint with a title that is no text", () => hinted({ title: 3 }), "Pipeline.shown", "a title is a text, and this is 3"],
    ["hints that are a list", () => hinted({ values: ["high"] }), "Pipeline.shown", "these are a list"],
    ["windows without events of which a result is not named", () => filled({}), "Panes.fill", "it does not say what \"high\" is in a window without events"],
    ["windows without events with a result that there is not", () => filled({ high: null, hgih: 0 }), "Panes.fill", "there is no result \"hgih\": did you mean \"high\"?"],
    ["windows without events with a text for a decimal", () => filled({ high: "dear" }), "Panes.fill", "\"high\" is a decimal of scale 4 in other windows, and is given \"dear\""],
    ["windows without events with a decimal that is too fine", () => filled({ high: "0.00001" }), "Panes.fill", "\"high\" is a decimal of scale 4"],
    ["windows without events with half a row", () => minutes.pipe(counted, Panes.fill(untyped({ trades: 0.5 }), { within: "1 hour" }), named), "Panes.fill", "\"trades\" is a whole number"],
    ["windows without events with a number for a text", () => minutes.pipe(Aggregate.into({ venue: Aggregate.last("venue") }), Panes.fill(untyped({ venue: 3 }), { within: "1 hour" }), named), "Panes.fill", "\"venue\" is a string"],
    ["windows without events with an object", () => filled({ high: { fill: "next" } }), "Panes.fill", "and is given an object; give one, Fill.previous or null"],
    ["windows without events for less than one of them", () => filled({ high: null }, "59 seconds"), "Panes.fill, within", "no window ends so soon after another: 59000 ms"],
    ["windows without events for years", () => filled({ high: null }, "10001 minutes"), "Panes.fill, within", "more than 10000 windows"],
    ["sessions without events", () => trades.pipe(Window.session(5), counted, Panes.fill({ trades: 0 }, { within: 10 }), named), "Panes.fill", "sessions leave no window"],
    ["windows without events behind a condition", () => highest.pipe(Panes.where(Expr.gt("high", 1)), Panes.fill({ high: null }, { within: "1 hour" }), named), "Panes.fill", "cannot stand behind Panes.where"],
    ["windows without events behind a rank", () => highest.pipe(Panes.top(3, { by: "high" }), Panes.fill({ high: null, rank: null }, { within: "1 hour" }), named), "Panes.fill", "cannot stand behind Panes.top"],
    ["windows without events behind an indicator", () => highest.pipe(Pipeline.percentChange("change", "high"), Panes.fill({ high: null, change: 0 }, { within: "1 hour" }), named), "Panes.fill", "cannot stand behind an indicator"],
    ["windows without events twice", () => highest.pipe(Panes.fill({ high: null }, { within: "1 hour" }), Panes.fill({ high: null }, { within: "1 hour" }), named), "Panes.fill", "leave one of them out"],
    ["two results of one name", () => high.pipe(Pipeline.percentChange("high", "high"), named), "the result \"high\"", "another result of this name"],
    ["lateness below nothing", () => high.pipe(Pipeline.allowedLateness("-5 minutes"), named), "Pipeline.allowedLateness", "0 or more"],
    ["lateness without an end", () => high.pipe(Pipeline.allowedLateness(Infinity), named), "Pipeline.allowedLateness", "0 or more"],
    ["early panes more often than always", () => high.pipe(Pipeline.emitOnUpdate({ every: -1 }), named), "Pipeline.emitOnUpdate", "0 or more"],
    ["a bound below nothing", () => Source.make("t", { schema: Trade, key: "symbol", eventTime: "time", outOfOrderness: -1 }).pipe(Window.tumbling(1), counted, named), "the source \"t\", outOfOrderness", "0 or more"],
    ["windows of no rows", () => trades.pipe(Window.count(0, { within: 1 }), counted, named), "Window.count", "it counts rows, 1 or more, and is given 0"],
    ["windows of half a row", () => trades.pipe(Window.count(untyped(1.5), { within: 1 }), counted, named), "Window.count", "and is given 1.5"],
    ["windows of many rows in no time", () => trades.pipe(Window.count(2, { within: 0 }), counted, named), "Window.count", "its within must be a whole number of milliseconds above 0"],
    ["lateness where rows are counted", () => trades.pipe(Window.count(2, { within: 1 }), counted, Pipeline.allowedLateness(1), named), "Pipeline.allowedLateness", "Window.count puts rows in the order of their times, so that none is late for them: leave it out"],
    ["early panes where rows are counted", () => trades.pipe(Window.count(2, { within: 1 }), counted, Pipeline.emitOnUpdate(), named), "Pipeline.emitOnUpdate", "when the last of them is there; leave it out"],
    ["records where rows are counted", () => trades.pipe(Window.count(2, { within: 1 }), Aggregate.into({ high: Aggregate.max("price") }), Pipeline.acceptPreAggregated(bars, { high: "high" }), named), "Pipeline.acceptPreAggregated", "pre-aggregated records would be ahead of them"],
    ["the first of windows that count rows", () => trades.pipe(Window.count(2, { within: 1 }), Aggregate.into({ high: Aggregate.max("price") }), Panes.top(3, { by: "high" }), named), "Panes.top", "each key has windows of so many rows of its own"],
    ["windows made of windows that count rows", () => Pipeline.rollUp(trades.pipe(Window.count(2, { within: 1 }), counted, named), 5).pipe(named), "Pipeline.rollUp", "only tumbling windows can be rolled up, and these are count"],
    ["windows of no length", () => trades.pipe(Window.tumbling(0), counted, named), "Window.tumbling", "above 0"],
    ["windows of half a millisecond", () => trades.pipe(Window.tumbling(0.5), counted, named), "Window.tumbling", "whole number"],
    ["an offset of half a millisecond", () => trades.pipe(Window.tumbling(10, { offset: 0.5 }), counted, named), "Window.tumbling", "whole number"],
    ["hops that leave gaps", () => trades.pipe(Window.hopping(10, 20), counted, named), "Window.hopping", "by more than its size"],
    ["steps that do not fill the window", () => trades.pipe(Window.cumulative(10, 3), counted, named), "Window.cumulative", "a multiple of its step"],
    ["sessions without a gap", () => trades.pipe(Window.session(0), counted, named), "Window.session", "above 0"],
    ["a unit that no calendar has", () => trades.pipe(Window.calendar(untyped("fortnight"), { timeZone: "UTC" }), counted, named), "Window.calendar", "day, week or month"],
    ["a time zone that is none", () => trades.pipe(Window.calendar("day", { timeZone: "America/Gotham" }), counted, named), "Window.calendar", "America/New_York"],
    ["bars of no length", () => trades.pipe(Window.trading("XNYS", { bars: 0 }), counted, named), "Window.trading", "its bars must be a whole number"],
    ["hours that there are not", () => trades.pipe(Window.trading("XNYS", { hours: untyped("prae") }), counted, named), "Window.trading", "did you mean \"pre\"?"],
    ["hours before sessions that have none", () => trades.pipe(Window.trading("XLON", { hours: "pre" }), counted, named), "Window.trading", "the calendar XLON has no hours before and after"],
    ["calendars by nothing", () => trades.pipe(Window.trading({ by: "venue", calendars: {} }), counted, named), "Window.trading", "it has no calendar"],
    ["calendars by a field that is none", () => trades.pipe(Window.trading({ by: untyped("venu") }), counted, named), "Window.trading, by", "did you mean \"venue\"?"],
    ["calendars by a number", () => trades.pipe(Window.trading({ by: untyped("size") }), counted, named), "Window.trading, by", "names of calendars are strings"],
    ["windows of several calendars that are filled", () => trades.pipe(Window.trading({ by: "venue" }), counted, Panes.fill({ trades: 0 }, { within: "1 day" }), named), "Panes.fill", "make the field a part of the key"],
    ["windows of calendars with another for unknown times that are filled", () => trades.pipe(Events.keyBy(["symbol", "venue"]), Window.trading({ by: "venue", unknown: "24/7" }), counted, Panes.fill({ trades: 0 }, { within: "1 day" }), named), "Panes.fill", "\"unknown\" gives it another one where that ends: leave it out"],
    ["a roll-up of sessions of an exchange", () => Pipeline.rollUp(trades.pipe(Window.trading("XNYS", { bars: "1 minute" }), counted, named), "5 minutes").pipe(named), "Pipeline.rollUp", "only tumbling"],
    ["windows of a kind that there is not", () => windowed({ kind: "rolling", size: 5 }), "Window.rolling", "there is no such window"],
    ["a roll-up of sessions", () => Pipeline.rollUp(trades.pipe(Window.session(5), counted, named), 10).pipe(named), "Pipeline.rollUp", "only tumbling"],
    ["a roll-up of parts of windows", () => Pipeline.rollUp(high.pipe(named), "90 seconds").pipe(named), "Pipeline.rollUp", "whole windows"],
    ["a name with capitals", () => high.pipe(Pipeline.named("Candles")), "Pipeline.named", "a-z, 0-9"],
    ["a name that is no string", () => high.pipe(Pipeline.named(untyped(5))), "Pipeline.named", "a-z, 0-9"],
    ["pre-aggregated strings for a number", () => merged({ volume: "symbol" }), "the aggregate \"volume\"", "\"symbol\" is a string"],
    ["pre-aggregated integers for a decimal", () => merged({ high: "volume" }), "the aggregate \"high\"", "of kind decimal"],
    ["pre-aggregated decimals that are finer", () => merged({ high: "exact" }), "the aggregate \"high\"", "has 8 decimals"],
    ["pre-aggregated decimals that are too large", () => merged({ high: "large" }), "the aggregate \"high\"", "beyond exact integers"],
    ["a pre-aggregated mean", () => merged({ mean: "high" }), "the aggregate \"mean\"", "cannot be made from pre-aggregated values"],
    ["a pre-aggregated field that is not there", () => merged({ high: "hgih" }), "the aggregate \"high\"", "did you mean \"high\"?"],
    ["a pre-aggregated result that is not there", () => merged({ hgih: "high" }), "Pipeline.acceptPreAggregated", "did you mean \"high\"?"],
    ["pre-aggregated records in sessions", () => trades.pipe(Window.session(5), Aggregate.into({ high: Aggregate.max("price") }), Pipeline.acceptPreAggregated(bars, { high: "high" }), named), "Pipeline.acceptPreAggregated", "sessions"],
    ["windows of which nothing is made", () => Pipeline.named("p")(untyped(minutes)), "Pipeline.named", "put Aggregate.into before it"],
    ["rows that pass a condition on no field", () => trades.pipe(Events.where(Expr.gt(untyped("prise"), 0)), named), "Events.where", "no field \"prise\""],
    ["rows with a field that no object can have", () => Source.make("t", { schema: Special, key: [], eventTime: "time" }).pipe(named), "Pipeline.named", "\"__proto__\""],
    ["pre-aggregated records of another key", () => high.pipe(Pipeline.acceptPreAggregated(Source.make("b", { schema: Bar, key: "volume", eventTime: "start" }), { high: "high" }), named), "Pipeline.acceptPreAggregated", "the key of \"b\""]
  ]

  return { accepted, aggregated, bars, counted, high, minutes, named, refusals, trades }
}
