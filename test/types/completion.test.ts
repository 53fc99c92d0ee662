/**
 * What an editor says while somebody writes a pipeline: names of fields complete by kind, and a wrong one is told in words.
 * TypeScript's own language server is asked, as an editor asks it.
 */
import { Schema } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Source } from "../../src/index.ts"
import { type Diagnostic, LanguageServer } from "./LanguageServer.ts"

/** Below the data folder, which git ignores; inside the project, so that its dependencies are found. */
const folder = join(import.meta.dirname, "..", "..", ".courant", "completion")
const file = join(folder, "pipeline.ts")

const declarations = `
import { Schema } from "effect"
import { Aggregate, Decimal, Events, Expr, Indicator, Panes, Source, Table, Window } from "courant"

const schema = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimal.Decimal({ scale: 8, limit: 90_000_000 }),
  size: Schema.Int,
  forming: Schema.optionalKey(Schema.Boolean),
  venue: Schema.Literals(["XNYS", "XNAS"])
})
const trades = Source.make("trades", { schema, key: "symbol", eventTime: "time" })
const sectors = Table.make("sectors", { schema: Schema.Struct({ id: Schema.String, sector: Schema.String }), key: "id", rows: [] })
const minutes = trades.pipe(Window.tumbling("1 minute"))
const candles = minutes.pipe(Aggregate.into({ close: Aggregate.last("price"), trades: Aggregate.count, venue: Aggregate.last("venue") }))
`.trim().split("\n")

const numbers = ["price", "size", "time"]
const texts = ["symbol", "venue"]
const all = ["forming", "price", "size", "symbol", "time", "venue"]
const keys = ["forming", "size", "symbol", "time", "venue"]

/** `|` is where the cursor stands, and behind it is what is offered there. */
const completions: ReadonlyArray<readonly [line: string, offered: ReadonlyArray<string>]> = [
  [`minutes.pipe(Aggregate.into({ a: Aggregate.sum("|") }))`, numbers],
  [`minutes.pipe(Aggregate.into({ a: Aggregate.first("|") }))`, all],
  [`minutes.pipe(Aggregate.into({ a: Aggregate.weightedMean("price", "|") }))`, numbers],
  [`minutes.pipe(Aggregate.into({ a: Aggregate.maxBy("|", "price") }))`, all],
  [`trades.pipe(Events.derive({ a: Expr.multiply("|", "size") }))`, numbers],
  [`trades.pipe(Events.derive({ a: Expr.multiply("price", "|") }))`, numbers],
  [`trades.pipe(Events.derive({ a: Expr.divide(Expr.add("|", "size"), "price", { scale: 2 }) }))`, numbers],
  [`trades.pipe(Events.derive({ a: Expr.lower("|") }))`, texts],
  [`trades.pipe(Events.derive({ a: Expr.field("|") }))`, all],
  [`trades.pipe(Events.where(Expr.isNull("|")))`, all],
  [`trades.pipe(Events.derive({ value: Expr.multiply("price", "size") }), Events.derive({ a: Expr.abs("|") }))`, [...numbers, "value"]],
  [`trades.pipe(Events.keyBy("|"))`, keys],
  [`trades.pipe(Events.select({ symbol: "symbol", time: "|" }))`, all],
  [`trades.pipe(Events.select(["symbol", "|"]))`, all],
  [`trades.pipe(Events.lookup(sectors, { by: "|", select: { sector: "sector" } }))`, keys],
  [`trades.pipe(Events.lookup(sectors, { by: "symbol", select: { sector: "|" } }))`, ["id", "sector"]],
  [`trades.pipe(Events.keyBy(["symbol", "|"]))`, keys],
  [`trades.pipe(Events.keyBy(["venue", "symbol"]), Window.tumbling(1), Aggregate.into({ a: Aggregate.count }), Panes.top(1, { by: "a", per: "|" }))`, ["symbol", "venue"]],
  [`candles.pipe(Panes.derive({ a: Indicator.ema("|", 12) }))`, ["close", "trades"]],
  [`candles.pipe(Panes.derive({ a: Expr.abs("|") }))`, ["close", "trades"]],
  [`candles.pipe(Panes.derive({ a: Indicator.atr({ high: "close", low: "|", close: "close" }, 14) }))`, ["close", "trades"]],
  [`candles.pipe(Panes.derive({ ema: Indicator.ema("close", 12) }), Panes.derive({ a: Indicator.momentum("|", 1) }))`, ["close", "ema", "trades"]],
  [`Source.make("x", { schema, key: "|", eventTime: "time" })`, keys],
  [`Source.make("x", { schema, key: ["symbol", "|"], eventTime: "time" })`, keys],
  [`Source.make("x", { schema, key: "symbol", eventTime: "|" })`, ["size", "time"]],
  [`Source.make("x", { schema, key: "symbol", eventTime: { seconds: "|" } })`, numbers],
  [`Source.make("x", { schema, key: "symbol", eventTime: { iso8601: "|" } })`, texts],
  [`trades.pipe(Window.calendar("|", { timeZone: "UTC" }))`, ["day", "month", "week"]],
  [`trades.pipe(Window.trading("XNYS", { hours: "|" }))`, ["extended", "post", "pre", "regular"]],
  [`trades.pipe(Window.trading({ by: "|" }))`, texts]
]

/** A line, the part of it that is marked, and what is said of it: that it is of no such type, and in a last line what is wrong. */
const mistakes: ReadonlyArray<readonly [line: string, marked: string, lines: number, last: string]> = [
  [
    `minutes.pipe(Aggregate.into({ open: Aggregate.first("prise") }))`,
    `open`,
    2,
    `Type '"prise"' is not assignable to type '"forming" | "price" | "size" | "symbol" | "time" | "venue"'. Did you mean '"price"'?`
  ],
  [
    `minutes.pipe(Aggregate.into({ mean: Aggregate.mean("venue") }))`,
    `mean`,
    2,
    `Type '"venue"' is not assignable to type '"price" | "size" | "time"'.`
  ],
  [
    `trades.pipe(Events.derive({ value: Expr.abs("prise") }))`,
    `value`,
    2,
    `Type '"prise"' is not assignable to type '"price" | "size" | "time"'. Did you mean '"price"'?`
  ],
  // Of two names it says first that not both of them are fields.
  [
    `trades.pipe(Events.derive({ value: Expr.multiply("prise", "size") }))`,
    `value`,
    3,
    `Type '"prise"' is not assignable to type '"price" | "size" | "time"'. Did you mean '"price"'?`
  ],
  [
    `trades.pipe(Events.where(Expr.gt("sise", 100)))`,
    `Expr.gt("sise", 100)`,
    2,
    `Type '"sise"' is not assignable to type '"price" | "size" | "time"'.`
  ],
  [
    `trades.pipe(Events.keyBy("vanue"))`,
    `"vanue"`,
    1,
    `Argument of type '"vanue"' is not assignable to parameter of type ` +
    `'"forming" | "size" | "symbol" | "time" | "venue" | readonly ("forming" | "size" | "symbol" | "time" | "venue")[]'.`
  ],
  [
    `candles.pipe(Panes.derive({ ema: Indicator.ema("clse", 12) }))`,
    `ema`,
    2,
    `Type '"clse"' is not assignable to type '"close" | "trades"'. Did you mean '"close"'?`
  ],
  [
    `candles.pipe(Panes.derive({ before: Indicator.previous("clse"), twice: Expr.multiply("close", 2) }))`,
    `before`,
    2,
    `Type '"clse"' is not assignable to type '"close" | "trades"'. Did you mean '"close"'?`
  ],
  [
    `candles.pipe(Panes.derive({ ema: Indicator.ema("close", 12), twice: Expr.multiply("clse", 2) }))`,
    `twice`,
    2,
    `Type '"clse"' is not assignable to type '"close" | "trades"'. Did you mean '"close"'?`
  ],
  [
    `Source.make("x", { schema, key: "symbl", eventTime: "time" })`,
    `key`,
    1,
    `Type '"symbl"' is not assignable to type ` +
    `'"forming" | "size" | "symbol" | "time" | "venue" | readonly ("forming" | "size" | "symbol" | "time" | "venue")[]'. Did you mean '"symbol"'?`
  ],
  [
    `Source.make("x", { schema, key: "symbol", eventTime: "tme" })`,
    `eventTime`,
    1,
    `Type '"tme"' is not assignable to type 'Declared<"size" | "time", "price" | "size" | "time", "symbol" | "venue">'. Did you mean '"time"'?`
  ]
]

const written = [...declarations, ...completions.map(([line]) => line), ...mistakes.map(([line]) => line)]
const lineOf = (line: string) => written.indexOf(line)

let server: LanguageServer
let diagnostics: ReadonlyArray<Diagnostic> = []

beforeAll(async () => {
  const text = written.map((line, at) => at < declarations.length ? line : `export const _${at} = ${line.replace("|", "")}`).join("\n")
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"], exclude: [] }))
  writeFileSync(file, text)
  server = await LanguageServer.start(folder)
  server.open(file, text)
  diagnostics = await server.diagnosticsOf(file)
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const startOf = (line: string): number => `export const _${lineOf(line)} = `.length

describe("an editor offers", () => {
  it.each(completions)("in %s the fields of the kind", async (line, offered) => {
    const position = { line: lineOf(line), character: startOf(line) + line.indexOf("|") }
    const found = await server.completionsAt(file, position)
    // What stands there already, which is nothing, is offered too.
    expect(found.filter((label) => label !== "")).toEqual(offered)
  })
})

describe("an editor marks", () => {
  it.each(mistakes)("in %s the name", (line, marked, lines, last) => {
    const found = diagnostics.filter(({ range }) => range.start.line === lineOf(line))
    const told = found.map(({ message, range }) => ({
      marked: line.slice(range.start.character - startOf(line), range.end.character - startOf(line)),
      lines: message.split("\n").map((each) => each.trim())
    }))
    expect(told).toEqual([{ marked, lines: expect.toSatisfy((all: ReadonlyArray<string>) => all.length === lines && all.at(-1) === last) }])
  })

  it("nothing else", () => {
    const wrong = new Set([...completions, ...mistakes].map(([line]) => lineOf(line)))
    expect(diagnostics.filter(({ range }) => !wrong.has(range.start.line))).toEqual([])
  })
})

describe("a schema that is not flat", () => {
  const declared = (field: Schema.Top) => () =>
    Source.make("orders", { schema: Schema.Struct({ id: Schema.String, at: Schema.Int, field }), key: "id", eventTime: "at" })
  const why = "has no column: fields are String, Int, Finite, Boolean, Decimal, Literals of strings, structs of these, and either of them with NullOr or optional"

  it("says which field and why", () => {
    expect(declared(Schema.Array(Schema.String))).toThrow(`the field "field" (Arrays) ${why}`)
    expect(declared(Schema.Struct({ tags: Schema.Array(Schema.String) }))).toThrow(`the field "field.tags" (Arrays) ${why}`)
    expect(declared(Schema.Union([Schema.String, Schema.Int]))).toThrow(`the field "field" (Union) ${why}`)
    expect(declared(Schema.Record(Schema.String, Schema.Int))).toThrow(`the field "field" is no struct of fields with names`)
    expect(declared(Schema.DateFromString)).toThrow(`the field "field" (a transformation) ${why}`)
  })
})
