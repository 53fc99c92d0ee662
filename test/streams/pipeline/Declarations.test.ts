/**
 * What a call is given that it does not know is refused, and named: a file of pipelines is run with its types stripped, and
 * an option that is misspelt must not be one that was left out.
 */
import { Duration, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Decimal, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window } from "../../../src/index.ts"

const schema = Schema.Struct({ id: Schema.String, at: Schema.Int, size: Schema.Int })
const rows = Source.make("rows", { schema, key: "id", eventTime: "at" })

/** A value as the compiler would not have it. */
const untyped = (value: unknown): never => value as never

const windows = rows.pipe(Window.tumbling("1 minute"))
const sums = windows.pipe(Aggregate.into({ size: Aggregate.sum("size") }))
const named = sums.pipe(Pipeline.named("sums"))
const source = (options: object) => () => Source.make("r", { schema, key: "id", eventTime: "at", ...options })
const functions = { create: () => 0, add: () => 0, merge: () => 0, result: () => 0, state: Schema.Int }
const custom = (options: object) => () => Aggregate.custom({ ...functions, ...options })

const lot = Schema.Struct({ id: Schema.String, lot: Schema.optionalKey(Schema.Int), share: Schema.optionalKey(Schema.Finite) })
const lots = Table.make("lots", { schema: lot, key: "id", rows: [{ id: "a", lot: 10 }] })
const table = (options: object) => () => Table.make("lots", { schema: lot, key: "id", rows: [], ...options })

/** A call, and all that its message has to say. */
type Refusals = Readonly<Record<string, readonly [declare: () => unknown, ...says: ReadonlyArray<string>]>>

const refused = (refusals: Refusals) => {
  for (const [what, [declare, ...says]] of Object.entries(refusals)) {
    it(what, () => {
      let error: unknown
      try {
        declare()
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(TypeError)
      for (const part of says) expect(error).toHaveProperty("message", expect.stringContaining(part))
    })
  }
}

describe("an option that is not known is refused by name, with the one that may be meant", () => {
  refused({
    "of days": [() => Window.calendar("day", untyped({ timezone: "Europe/Paris" })), "Window.calendar knows no \"timezone\"", "did you mean \"timeZone\"?"],
    "of tumbling windows": [() => Window.tumbling("1 day", untyped({ ofset: "1 hour" })), "Window.tumbling knows no \"ofset\"", "did you mean \"offset\"?"],
    "of hopping windows": [() => Window.hopping("1 day", "1 hour", untyped({ ofset: 1 })), "Window.hopping knows no \"ofset\"", "did you mean \"offset\"?"],
    "of cumulative windows": [() => Window.cumulative("1 day", "1 hour", untyped({ zone: "UTC" })), "Window.cumulative knows no \"zone\"", "known: offset"],
    "of trading sessions": [() => Window.trading("XNYS", untyped({ bar: "5 minutes" })), "Window.trading knows no \"bar\"", "did you mean \"bars\"?"],
    "of calendars by a field": [() => Window.trading(untyped({ by: "venue", calendar: {} })), "Window.trading knows no \"calendar\"", "did you mean \"calendars\"?"],
    "of windows that count rows": [() => Window.count(5, untyped({ withn: 1 })), "Window.count knows no \"withn\"", "did you mean \"within\"?"],
    "of a roll-up": [() => Pipeline.rollUp(named, "1 hour", untyped({ Offset: 1 })), "Pipeline.rollUp knows no \"Offset\"", "did you mean \"offset\"?"],
    "of a source": [source({ outOfOrdernes: "1 hour" }), "Source.make(\"r\") knows no \"outOfOrdernes\"", "did you mean \"outOfOrderness\"?"],
    "of an event time": [source({ eventTime: { second: "at" } }), "the event time of \"r\" knows no \"second\"", "did you mean \"seconds\"?"],
    "of early panes": [() => Pipeline.emitOnUpdate(untyped({ evry: "1 hour" })), "Pipeline.emitOnUpdate knows no \"evry\"", "did you mean \"every\"?"],
    "of bounds": [() => Pipeline.withBounds(named, untyped({ outOfOrdernes: 5 })), "Pipeline.withBounds knows no \"outOfOrdernes\"", "did you mean \"outOfOrderness\"?"],
    "of a custom aggregate": [custom({ marge: () => 0 }), "Aggregate.custom knows no \"marge\"", "did you mean \"merge\"?"],
    "of a length of time": [() => Window.session(untyped({ minuts: 5 })), "Window.session: its gap knows no \"minuts\"", "did you mean \"minutes\"?"],
    "named as what every object inherits": [() => Window.tumbling(1, untyped({ constructor: 1 })), "Window.tumbling knows no \"constructor\""]
  })
})

describe("options in the place of others, and where there are none", () => {
  refused({
    "a calendar without any": [() => Window.calendar("day", untyped(undefined)), "Window.calendar takes an object with timeZone", "is given undefined"],
    "a calendar that there is not": [() => Window.trading(untyped("XNYZ")), "Window.trading: there is no calendar \"XNYZ\": did you mean \"XNYS\"?", "XTKS"],
    "a calendar that is none": [() => Window.trading(untyped(5)), "Window.trading needs a calendar", "is given 5"],
    "a calendar in small letters": [() => Window.trading(untyped("xtks")), "Window.trading: there is no calendar \"xtks\": did you mean \"XTKS\"?"],
    "what a calendar is made of": [() => Window.trading(untyped({ timeZone: "UTC", from: "2024-01-01" })), "make it by Calendar.make("],
    "calendars by nothing": [() => Window.trading(untyped({ calendars: { N: "XNYS" } })), "or \"by\", a field that names that of a row; its \"by\" is undefined"],
    "a date for a calendar": [() => Window.trading(untyped(new Date(0))), "Window.trading needs the name of a calendar"],
    "calendars by a value that are none": [() => Window.trading(untyped({ by: "venue", calendars: { N: "NYSE" } })), "Window.trading: there is no calendar \"NYSE\""],
    "options beside calendars by a field": [() => Window.trading(untyped({ by: "venue" }), { bars: 5 }), "put bars beside \"by\""],
    "a time zone that stands alone": [() => Window.calendar("day", untyped("UTC")), "Window.calendar takes an object with timeZone", "is given \"UTC\""],
    "an offset that stands alone": [() => Window.tumbling("1 day", untyped("1 hour")), "Window.tumbling takes an object with offset", "is given \"1 hour\""],
    "options that are null": [() => Pipeline.emitOnUpdate(untyped(null)), "Pipeline.emitOnUpdate takes an object with every", "is given null"],
    "an offset of sessions": [() => (Window.session as (...all: Array<unknown>) => unknown)("5 minutes", { offset: 1 }), "Window.session takes no options"],
    "an option of lateness": [() => (Pipeline.allowedLateness as (...all: Array<unknown>) => unknown)(1, { every: 1 }), "Pipeline.allowedLateness takes no options"],
    "windows that count rows without a time": [() => Window.count(5, untyped(undefined)), "Window.count takes an object with within", "is given undefined"],
    "a step that was forgotten": [() => Window.cumulative("1 day", untyped({ offset: 1 })), "Window.cumulative: its step knows no \"offset\""],
    "early panes that were not called": [() => sums.pipe(untyped(Pipeline.emitOnUpdate)), "Pipeline.emitOnUpdate knows no \"plan\""],
    "a source without any": [() => Source.make("r", untyped(undefined)), "Source.make(\"r\") takes an object with schema, key", "is given undefined"],
    "a source without a name": [() => Source.make(untyped({ schema }), untyped({})), "Source.make needs the name of a source", "is given an object"],
    "a source without a schema": [() => Source.make("r", untyped({ key: "id", eventTime: "at" })), "the schema of \"r\" is to be a Schema.Struct, and is undefined"],
    "fields that are in no struct": [source({ schema: { id: Schema.String } }), "the schema of \"r\" is to be a Schema.Struct, and is an object"],
    "a source without a time": [source({ eventTime: undefined }), "the event time of \"r\" takes an object with seconds, iso8601", "is given undefined"],
    "a time in two forms": [source({ eventTime: { seconds: "at", withoutZone: "UTC" } }), "the event time of \"r\" is given in seconds and in another form"]
  })
})

describe("a decimal that no column holds exactly, or that nobody can read", () => {
  const decimal = (storage: unknown) => () => Decimal.Decimal(untyped(storage))
  refused({
    "of nothing": [decimal(undefined), "Decimal: its scale is to be a whole number of decimals, 0 or more"],
    "without a limit": [decimal({ scale: 4 }), "Decimal: its limit is to be a whole number, 1 or more"],
    "with a limit that is misspelt": [decimal({ scale: 4, limt: 5 }), "Decimal knows no \"limt\": known: scale, limit, minimum, round"],
    "that rounds as nobody does": [decimal({ scale: 2, limit: 5, round: "up" }), "Decimal: it rounds \"half-even\" or \"half-up\", and is given \"up\""],
    "with half a decimal": [decimal({ scale: 1.5, limit: 5 }), "its scale is to be a whole number of decimals"],
    "with fewer than none": [decimal({ scale: -1, limit: 5 }), "its scale is to be a whole number of decimals"],
    "up to nothing": [decimal({ scale: 2, limit: 0 }), "its limit is to be a whole number, 1 or more"],
    "up to more than a number is exact": [decimal({ scale: 0, limit: 2 ** 53 }), "Decimal: its limit is at most 9007199254740991, and is 9007199254740992"],
    "from half of one on": [decimal({ scale: 2, limit: 5, minimum: 0.5 }), "its minimum is to be a whole number from -5 to its limit, and is 0.5"],
    "from more than its limit on": [decimal({ scale: 2, limit: 5, minimum: 6 }), "its minimum is to be a whole number from -5 to its limit, and is 6"],
    "with 16 decimals": [decimal({ scale: 16, limit: 1 }), "a scale of 16 leaves no whole number exact; the largest is 15"]
  })

  it("and is wide where a double does not hold each whole number, or an integer of 64 bits each value", () => {
    const narrow = [{ scale: 8, limit: 23_058_430_092 }, { scale: 0, limit: Number.MAX_SAFE_INTEGER }, { scale: 15, limit: 9_223 }]
    const wide = [{ scale: 8, limit: 23_058_430_093 }, { scale: 15, limit: 9_224 }, { scale: 15, limit: Number.MAX_SAFE_INTEGER }]
    for (const storage of [...narrow, ...wide]) decimal(storage)()
    expect([...narrow, ...wide].map(Decimal.isWide)).toEqual([false, false, false, true, true, true])
  })
})

describe("what is no length of time is refused with the call, the part and what it is", () => {
  refused({
    "fortnights": [() => Window.tumbling(untyped("1 fortnight")), "Window.tumbling: its size is \"1 fortnight\", which is no length of time", "\"5 minutes\""],
    "an offset": [() => Window.tumbling(1, { offset: untyped("soon") }), "Window.tumbling: its offset is \"soon\""],
    "an advance": [() => Window.hopping(1, untyped(undefined)), "Window.hopping: its advance is undefined"],
    "a step": [() => Window.cumulative(1, untyped(null)), "Window.cumulative: its step is null"],
    "a roll-up": [() => Pipeline.rollUp(named, untyped("5 minutos")), "Pipeline.rollUp: its size is \"5 minutos\""],
    "lateness": [() => Pipeline.allowedLateness(untyped("2 ours")), "Pipeline.allowedLateness: its lateness is \"2 ours\""],
    "lateness that is no number": [() => Pipeline.allowedLateness(Number.NaN), "Pipeline.allowedLateness: its lateness is NaN"],
    "a pair without a number": [() => Window.session([Number.NaN, 0]), "Window.session: its gap is a list"],
    "units without a number": [() => Window.session({ minutes: Number.NaN }), "Window.session: its gap is an object"],
    "no unit": [() => Window.session({}), "Window.session: its gap is an object"],
    "between early panes": [() => Pipeline.emitOnUpdate({ every: untyped(true) }), "Pipeline.emitOnUpdate: its every is true"],
    "disorder": [source({ outOfOrderness: "1 hr" }), "Source.make(\"r\"): its outOfOrderness is \"1 hr\""],
    "disorder that is null": [source({ outOfOrderness: null }), "Source.make(\"r\"): its outOfOrderness is null"]
  })

  it("every form that Effect reads is one", () => {
    const minute = [60_000, "1 minute", "60 seconds", { minutes: 1 }, { seconds: 59, milliseconds: 1_000 }, [60, 0] as const, Duration.minutes(1), 60_000_000_000n] as const
    for (const size of minute) expect(rows.pipe(Window.tumbling(size)).window).toEqual({ kind: "tumbling", size: 60_000, offset: 0 })
  })
})

describe("what stands in a wrong place, or is of another kind", () => {
  refused({
    "windows of nothing": [() => Window.tumbling(1)(untyped(undefined)), "Window.tumbling needs a source", "is given undefined"],
    "windows of windows": [() => Window.session(1)(untyped(windows)), "Window.session needs a source", "put it before them"],
    "a condition behind windows": [() => Events.where(Expr.gt("size", 0))(untyped(windows)), "Events.where needs a source", "put it before them"],
    "a window behind aggregates": [() => Window.tumbling(1)(untyped(sums)), "Window.tumbling needs a source", "or behind Panes.toEvents"],
    "results behind rows of them": [() => Panes.where(Expr.gt("n", 0))(untyped(Panes.toEvents(untyped(sums)))), "Panes.where needs windows", "put a window and Aggregate.into before it"],
    "a filter behind aggregates": [() => Events.filter(() => true)(untyped(sums)), "Events.filter needs a source", "put it before them"],
    "aggregates of a source": [() => rows.pipe(untyped(Aggregate.into({ n: Aggregate.count }))), "Aggregate.into needs windows"],
    "no aggregates": [() => windows.pipe(Aggregate.into(untyped(undefined))), "Aggregate.into needs an object of aggregates", "is given undefined"],
    "an aggregate that is undefined": [() => windows.pipe(untyped(Aggregate.into({ n: untyped(undefined) }))), "the aggregate \"n\" needs an aggregate", "is given undefined"],
    "an aggregate that was not called": [() => windows.pipe(untyped(Aggregate.into({ n: untyped(Aggregate.sum) }))), "the aggregate \"n\" needs an aggregate", "is given a function"],
    "an aggregate that is the prototype": [() => windows.pipe(Aggregate.into(untyped({ __proto__: Aggregate.count }))), "\"__proto__\" cannot be the name of a result"],
    "a condition of an aggregate that is none": [() => Aggregate.where(untyped({}))(Aggregate.count), "Aggregate.where needs conditions made with Expr", "is given an object"],
    "a condition of no aggregate": [() => Aggregate.where(Expr.eq("size", 1))(untyped(Aggregate.sum)), "Aggregate.where needs an aggregate", "is given a function"],
    "a sum with an indicator": [() => Expr.add(untyped(Indicator.sma("price", 2)), 1), "Expr.add needs a field, a number or what Expr makes", "is given an object"],
    "a condition that is an indicator": [() => Expr.not(untyped(Indicator.sma("price", 2))), "Expr.not needs conditions made with Expr", "is given an object"],
    "both of nothing": [() => Expr.and(Expr.eq("size", 1), untyped(undefined)), "Expr.and needs conditions made with Expr", "is given undefined"],
    "either of a list": [() => Expr.or(untyped([Expr.eq("size", 1)])), "Expr.or needs conditions", "is given a list"],
    "not a function": [() => Expr.not(untyped(() => true)), "Expr.not needs conditions", "is given a function"],
    "a custom aggregate without a function": [custom({ merge: undefined }), "Aggregate.custom needs a function \"merge\", and is given undefined"],
    "a custom aggregate with an async one": [custom({ result: async () => 0 }), "Aggregate.custom: its \"result\" is async"],
    "a custom aggregate without a Schema": [custom({ state: undefined }), "Aggregate.custom needs a Schema of its \"state\"", "is given undefined"],
    "a custom aggregate of nothing": [() => Aggregate.custom(untyped(undefined)), "Aggregate.custom takes an object with create"],
    "a change without a name": [() => sums.pipe(Pipeline.percentChange(untyped(undefined), "size")), "Pipeline.percentChange needs the name of its result"],
    "no indicators": [() => sums.pipe(untyped(Panes.derive(untyped(undefined)))), "Panes.derive needs an object of indicators", "is given undefined"],
    "a list of indicators": [() => sums.pipe(untyped(Panes.derive(untyped([Indicator.previous("size")])))), "Panes.derive needs an object of indicators", "is given a list"],
    "an indicator that is undefined": [() => sums.pipe(untyped(Panes.derive({ before: untyped(undefined) }))), "the result \"before\" needs an indicator", "is given undefined"],
    "an indicator that was not called": [() => sums.pipe(untyped(Panes.derive({ mean: untyped(Indicator.sma) }))), "the result \"mean\" needs an indicator", "is given a function"],
    "an indicator that is the prototype": [() => sums.pipe(untyped(Panes.derive(untyped({ __proto__: Indicator.previous("size") })))), "\"__proto__\" cannot be the name of a result"],
    "indicators with an option of another call": [() => sums.pipe(untyped(Panes.derive({}, untyped({ wthin: "1 day" })))), "did you mean \"within\"?"],
    "indicators within what is no time": [() => sums.pipe(untyped(Panes.derive({}, { within: untyped("soon") }))), "its within is \"soon\", which is no length of time"],
    "a MACD without lengths": [() => Indicator.macd("size", untyped(12)), "Indicator.macd takes an object with fast, slow, signal"],
    "a stochastic of another's lengths": [() => Indicator.stochasticK({ high: "size", low: "size", close: "size" }, untyped({ fast: 3 })), "Indicator.stochasticK knows no \"fast\""],
    "pre-aggregated records of no source": [() => sums.pipe(untyped(Pipeline.acceptPreAggregated(untyped(undefined), { size: untyped("size") }))), "Pipeline.acceptPreAggregated needs a source"],
    "pre-aggregated records without fields": [() => sums.pipe(untyped(Pipeline.acceptPreAggregated(rows, untyped(undefined)))), "Pipeline.acceptPreAggregated needs the field of each result"],
    "pre-aggregated records twice": [() => sums.pipe(Pipeline.acceptPreAggregated(rows, { size: "size" }), Pipeline.acceptPreAggregated(rows, { size: "size" })), "stands twice on the same windows"],
    "a selection of nothing at all": [() => rows.pipe(untyped(Events.select(untyped(undefined)))), "Events.select needs names of fields", "is given undefined"],
    "a selection behind windows": [() => Events.select(untyped(["id"]))(untyped(sums)), "Events.select needs a source", "put it before them"],
    "a lookup in a source": [() => rows.pipe(untyped(Events.lookup(untyped(rows), { by: untyped("id"), select: {} }))), "Events.lookup needs a table, as Table.make gives it"],
    "a lookup without fields": [() => rows.pipe(untyped(Events.lookup(lots, untyped({ by: "id" })))), "Events.lookup needs the fields of the table", "is given undefined"],
    "a lookup with an option of another's": [() => rows.pipe(untyped(Events.lookup(lots, untyped({ on: "id", select: {} })))), "Events.lookup knows no \"on\""],
    "a lookup behind windows": [() => Events.lookup(lots, { by: untyped("id"), select: {} })(untyped(sums)), "Events.lookup needs a source"],
    "a table without a schema": [table({ schema: undefined }), "Table.make(\"lots\") needs a Schema.Struct", "is given undefined"],
    "a table without rows": [table({ rows: {} }), "Table.make(\"lots\") needs a list of rows", "is given an object"],
    "a table without a key": [table({ key: [] }), "Table.make(\"lots\") needs a key"],
    "a table with a key that is no field": [table({ key: "di" }), "its key \"di\" is no field", "did you mean \"id\"?"],
    "a table with a key twice": [table({ key: ["id", "id"] }), "its key names a field twice"],
    "a table with a key that is a double": [table({ key: "share" }), "its key \"share\" is a double"],
    "a table with a row that does not fit": [table({ rows: [{ id: "a" }, { id: "b", lot: "ten" }] }), "Table.make(\"lots\"), row 2: ", "Expected number", "[\"lot\"]"],
    "a table with a row that has more": [table({ rows: [{ id: "a", lots: 1 }] }), "Table.make(\"lots\"), row 1: ", "[\"lots\"]"],
    "a table with a row without a key": [table({ key: ["id", "lot"], rows: [{ id: "a" }] }), "row 1: its key \"lot\" is missing or null"],
    "a table with two rows of a key": [table({ rows: [{ id: "a" }, { id: "b" }, { id: "a", lot: 1 }] }), "row 3: row 1 has the same key, a"],
    "a join without fields": [() => rows.pipe(untyped(Join.asOf(rows, untyped({ within: 1 })))), "Join.asOf needs the fields of the other side", "is given undefined"],
    "a join with an option of another's": [() => rows.pipe(untyped(Join.asOf(rows, untyped({ within: 1, select: {}, before: 1 })))), "Join.asOf knows no \"before\""],
    "a join with windows": [() => rows.pipe(untyped(Join.asOf(untyped(sums), { within: 1, select: {} }))), "Join.asOf needs a source"],
    "pairs without fields": [() => rows.pipe(untyped(Join.interval(rows, untyped({ within: 1 })))), "Join.interval needs the fields of the other side", "is given undefined"],
    "pairs however far apart": [() => rows.pipe(untyped(Join.interval(rows, untyped({ select: {} })))), "Join.interval needs how far apart the rows may be"],
    "pairs within two lengths of time": [() => rows.pipe(untyped(Join.interval(rows, untyped({ within: 1, after: 1, select: {} })))), "Join.interval takes within, or before and after, and is given both"],
    "pairs until a time that may be any": [() => rows.pipe(untyped(Join.interval(rows, untyped({ before: 1, until: "size", select: {} })))), "Join.interval needs the longest time that until may mean"],
    "pairs with a member of no call": [() => rows.pipe(untyped(Join.interval(rows, untyped({ wthin: 1, select: {} })))), "Join.interval knows no \"wthin\"", "did you mean \"within\"?"],
    "pairs within what is no time": [() => rows.pipe(untyped(Join.interval(rows, untyped({ within: "soon", select: {} })))), "Join.interval: its within is \"soon\""],
    "pairs with windows": [() => rows.pipe(untyped(Join.interval(untyped(sums), { within: 1, select: {} }))), "Join.interval needs a source"],
    "rows once without a length of time": [() => rows.pipe(untyped(Events.distinct(untyped({ by: "size" })))), "Events.distinct: its within is undefined"],
    "a roll-up of nothing": [() => Pipeline.rollUp(untyped(undefined), 1), "Pipeline.rollUp needs windows"]
  })
})
