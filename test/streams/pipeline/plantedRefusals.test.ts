/**
 * A check with a mistake in it lets a declaration through, or names another node: the table of refusals notices. Each
 * mistake is one replacement in a copy of the real source, where it has to match exactly once.
 */
import { describe, expect, it } from "vitest"
import { type Place, planting } from "../../planting.ts"
import { declarations, type Language, type Refusal, thrownBy } from "./refusals.ts"

const copyWith = planting(["domain", "streams"])

const check = "streams/pipeline/Check.ts"
const holding = "streams/pipeline/check/Holding.ts"
const lookups = "streams/pipeline/check/Lookups.ts"
const selections = "streams/pipeline/check/Selections.ts"
const fill = "streams/pipeline/check/Fill.ts"
const trading = "streams/pipeline/check/Trading.ts"
const unions = "streams/pipeline/check/Unions.ts"
const resultRows = "streams/pipeline/check/ResultRows.ts"
const [aggregates, conditions, derivations, expressions, fields, windows] = ["Aggregates", "Conditions", "Derivations", "Expressions", "Fields", "Windows"]
  .map((name) => `streams/pipeline/check/${name}.ts`) as [string, string, string, string, string, string]

type Mistake = readonly [mistake: string, file: string, find: string, replace: string]

const mistakes: ReadonlyArray<Mistake> = [
  ["sums of strings are taken", fields, "if (isNumber(field.column)) return field", "return field"],
  ["a field that is not there is the first one", fields, "const index = columns.findIndex((column) => column.name === field)", "const index = Math.max(0, columns.findIndex((column) => column.name === field))"],
  ["strings are compared with anything", conditions, "if (typeof literal !== \"string\") refuse(", "if (typeof literal === \"symbol\") refuse("],
  ["strings are compared with what they never are", conditions, "else if (column.literals?.includes(literal) === false)", "else if (false)"],
  ["booleans are compared with anything", conditions, "return typeof literal === \"boolean\" ? undefined", "return true ? undefined"],
  ["numbers are compared with NaN", conditions, "? Number.isFinite(literal)", "? true"],
  ["numbers are compared with any text", conditions, "&& Option.isSome(BigDecimal.fromString(literal))", ""],
  ["decimals and doubles mix", expressions, "a.kind === \"double\" && b.kind === \"decimal\" && right.op !== \"literal\"", "a.kind === \"int\" && b.kind === \"decimal\" && right.op === \"literal\""],
  ["a product has any number of decimals", expressions, "if (scale > mostDigits) this.#refuse(", "if (scale < 0) this.#refuse("],
  ["patterns to split by have groups", expressions, "if (this.#groups(\"split\", node.pattern) > 0)", "if (this.#groups(\"split\", node.pattern) < 0)"],
  ["a pattern has any group", expressions, "if (node.group > groups) this.#refuse(", "if (node.group < 0) this.#refuse("],
  ["places are before the first", expressions, "if (!Number.isSafeInteger(value) || value < 0) this.#refuse(", "if (!Number.isSafeInteger(value)) this.#refuse("],
  ["texts are numbers", expressions, "return isNumber(type) ? type : this.#refuse(", "return type.kind !== \"boolean\" ? type as Numeric : this.#refuse("],
  ["a key may be a decimal", check, "if (kind === \"double\" || kind === \"decimal\") refuse(node", "if (kind === \"double\") refuse(node"],
  ["computed fields replace others", fields, "if (columns.some((column) => column.name === name || column.path[0]?.name === name)) refuse(", "if (columns.length < 0) refuse("],
  ["strings have an order", conditions, "op !== \"isNot\" && !isNumber(column)", "op !== \"isNot\" && column.kind === \"boolean\""],
  ["only the first of several conditions is looked at", expressions, "for (const part of node.all) this.condition(", "for (const part of node.all.slice(0, 1)) this.condition("],
  ["what is denied is not looked at", expressions, "return this.condition(node.that)", "return"],
  ["a condition of an aggregate is not looked at", aggregates, "conditionOf(node, definition, spec.where)", "spec.where"],
  ["a result has the name of a row's own field", resultRows, "if (taken !== undefined) refuse(", "if (values.length < 0) refuse("],
  ["rows are made of windows that are told early", resultRows, "if (trigger.on === \"update\") refuse(", "if (values.length < 0) refuse("],
  ["records go with several sources", check, "sources.length === 2", "sources.length > 0"],
  ["a weight may be anything", aggregates, "return { field: numberOf(node, definition, field), by: numberOf(node, definition, by) }", "return { field: numberOf(node, definition, field), by: fieldOf(node, definition, by) }"],
  ["results have any name", aggregates, "name === \"\" || name === \"__proto__\"", "name === undefined"],
  ["nothing may be made of windows", aggregates, "if (names.length === 0) refuse(", "if (names.length < 0) refuse("],
  ["pre-aggregated values are of any kind", aggregates, "if (column.kind !== type.kind) {", "if (column.kind === \"boolean\") {"],
  ["pre-aggregated decimals are rounded", aggregates, "if (column.scale > scale) {", "if (column.scale > scale + 100) {"],
  ["pre-aggregated decimals overflow", aggregates, "if (column.scale === scale || column.limit * 10 ** scale <= Number.MAX_SAFE_INTEGER) return given", "return given"],
  ["means are made of means", aggregates, "[\"count\", \"sum\",", "[\"mean\", \"count\", \"sum\","],
  ["pre-aggregated results need not exist", aggregates, "if (!names.includes(name)) {", "if (names.length === 0) {"],
  ["windows have any size", windows, "if (Number.isSafeInteger(millis) && millis >= 1) return", "if (Number.isSafeInteger(millis)) return"],
  ["windows have half milliseconds", windows, "if (Number.isSafeInteger(millis) && millis >= 1) return", "if (millis > 0) return"],
  ["offsets have half milliseconds", windows, "if (!Number.isSafeInteger(millis)) refuse(", "if (Number.isNaN(millis)) refuse("],
  ["lateness is negative", windows, "if (Number.isSafeInteger(millis) && millis >= 0) return millis", "if (Number.isSafeInteger(millis)) return millis"],
  ["events fall between windows", windows, "if (window.advance > window.size) refuse(", "if (window.advance > window.size * 100) refuse("],
  ["steps do not fill the window", windows, "if (window.size % window.step !== 0) refuse(", "if (window.step > window.size) refuse("],
  ["a calendar has any unit", windows, "if (!Object.hasOwn(longest, window.unit)) refuse(", "if (window.unit === undefined) refuse("],
  ["a calendar takes the machine's time zone", windows, "if (typeof timeZone !== \"string\") refuse(", "if (timeZone === null) refuse("],
  ["bars have no length", trading, "if (bars !== null && !(Number.isSafeInteger(bars) && bars >= 1)) refuse(", "if (bars !== null && !(bars >= 0)) refuse("],
  ["sessions have any hours", trading, "if (!Calendar.parts.includes(hours)) refuse(", "if (hours === undefined) refuse("],
  ["there are hours before any session", trading, "if (hours === \"regular\" || all.some(", "if (hours !== \"extended\" || all.some("],
  ["nothing is a calendar", trading, "if (all.length === 0) refuse(", "if (all.length < 0) refuse("],
  ["a number names a calendar", trading, "if (kind !== \"string\") refuse(", "if (kind === \"double\") refuse("],
  ["windows of several calendars are filled", trading, "if (Checked.definitionOf(input).key.includes(by)) return", "if (by !== null) return"],
  ["a roll-up cuts windows apart", windows, "if (outer.size % inner.size === 0 && (", "if (outer.size > 0 && ("],
  ["two results have one name", derivations, "if (known.has(name)) refuse(", "if (known.size < 0) refuse("],
  ["changes of strings are taken", derivations, "if (type.kind === \"string\" || type.kind === \"boolean\") refuse(", "if (type.kind === \"boolean\") refuse("],
  ["indicators are over half a window", derivations, "Number.isSafeInteger(value) && value >= 1", "value >= 0.5"],
  ["indicators are over no window", derivations, "Number.isSafeInteger(value) && value >= 1", "Number.isSafeInteger(value)"],
  ["bands are as wide as nothing", derivations, "Number.isFinite(value) && value > 0", "Number.isFinite(value)"],
  ["a fast average is as slow as the slow one", derivations, "fast >= slow", "fast > slow"],
  ["an indicator is of parts that it does not know", derivations, "if (unknown !== undefined) refuse(", "if (unknown === \"\") refuse("],
  ["an indicator does without a part", derivations, "if (!given.has(part)) refuse(", "if (given.size === 0) refuse("],
  ["any function is an indicator", derivations, "if (!Object.hasOwn(signatures, spec.function)) refuse(", "if (spec.function === undefined) refuse("],
  ["a result without events may be left out", fill, "if (!Object.hasOwn(plan.values, name)) refuse(", "if (results.size < 0) refuse("],
  ["a result that there is not is filled", fill, "if (unknown !== undefined) refuse(", "if (unknown === \"\") refuse("],
  ["no window is filled", fill, "if (within < advance) refuse(", "if (within < 0) refuse("],
  ["any number of windows is filled", fill, "within / advance > mostWindows", "within / advance > 100 * mostWindows"],
  ["windows are filled behind a condition", fill, "_tag !== \"compute\"", "_tag !== \"compute\" && _tag !== \"where-panes\""],
  ["windows are filled behind an indicator", fill, "_tag !== \"compute\"", "_tag !== \"compute\" && _tag !== \"derive\""],
  ["what is derived of filled windows is told early", fill, "trigger.on === \"close\" ||", "trigger.on !== null ||"],
  ["windows are filled twice", fill, "_tag !== \"compute\"", "_tag !== \"compute\" && _tag !== \"fill\""],
  ["windows are filled with half a row", fill, "Number.isSafeInteger(given) ?", "Number.isFinite(given) ?"],
  ["nothing may be derived", check, "if (Object.keys(plan.values).length === 0) refuse(\"Panes.derive\"", "if (Object.keys(plan.values).length < 0) refuse(\"Panes.derive\""],
  ["names have capitals", check, "/^[a-z0-9", "/^[A-Za-z0-9"],
  ["an async function filters", check, "if (isAsync(plan.test)) refuse(", "if (isAsync(null)) refuse("],
  ["rows without an id are told apart by it", check, "if (plan.by.length === 0) refuse(", "if (plan.by.length < 0) refuse("],
  ["nothing is kept of rows", selections, "if (pairs.length === 0) refuse(", "if (pairs.length < 0) refuse("],
  ["a field is selected twice", selections, "others.some(({ name }) => name === column.name)", "others.some(({ name }) => name === \"\")"],
  ["rows lose their key", selections, "nameOf(\"key\", field, \", or put Events.keyBy before it\")", "field"],
  ["rows lose their event time", selections, "nameOf(\"event time\", eventTime.field, \"\")", "eventTime.field"],
  ["rows are looked up by another kind", lookups, "if (own === theirs) return", "if (own !== \"\") return"],
  ["nothing of a table may be selected", lookups, "if (all.length === 0) refuse(", "if (all.length < 0) refuse("],
  ["a field of a table replaces one of the rows", lookups, "    checkFieldName(`${lookup}, the field \"${name}\"`, name, given)\n", ""],
  ["keys of two kinds are joined", holding, "if (own === theirs) return", "if (own !== \"\") return"],
  ["rows of more fields are united", unions, "if (more !== undefined) refuse(", "if (more === \"\") refuse("],
  ["rows of two kinds are united", unions, "if (one !== other) refuse(", "if (one === \"\") refuse("],
  ["rows of two keys are united", unions, "if (key !== otherKey) refuse(", "if (key === undefined) refuse("],
  ["rows that were held are united with others", unions, "if (holding !== undefined) refuse(node", "if (holding === null) refuse(node"],
  ["windows of rows that were united are told again", unions, "if (allowedLateness > 0) refuse(", "if (allowedLateness < 0) refuse("],
  ["a row may come twice with one place", unions, "if (twice !== undefined) refuse(", "if (twice === \"\") refuse("],
  ["nothing may be selected", holding, "if (all.length === 0) refuse(", "if (all.length < 0) refuse("],
  ["lateness is allowed behind rows that were held", holding, "if (allowedLateness > 0) {", "if (allowedLateness < 0) {"],
  ["pre-aggregated records come beside rows that were held", holding, "if (takesPreAggregated) refuse(", "if (takesPreAggregated && allowedLateness > 0) refuse("],
  ["pre-aggregated records of another key are taken", check, "if (own !== theirs) refuse(", "if (own === \"\") refuse("]
]

const languageOf = async (placeOf: Place): Promise<Language> => {
  const named = (name: string) => import(placeOf(`${name}.ts`))
  const [Decimal, ...nouns] = await Promise.all([
    named("domain/Decimal"),
    ...["Aggregate", "Events", "Expr", "Indicator", "Join", "Panes", "Pipeline", "Source", "Table", "Window"].map((noun) => named(`streams/pipeline/${noun}`))
  ])
  const [Aggregate, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window] = nouns
  // Modules of a copy have the types of those that were copied.
  return { Aggregate, Decimal, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window } as Language
}

/** The copy of the language in which a text has been replaced. */
const planted = (name: string, [, file, find, replace]: Mistake): Promise<Language> => languageOf(copyWith(name, { file, find, replace }))

const isRefused = ([, declare, node, why]: Refusal): boolean => {
  const thrown = thrownBy(declare)
  return thrown instanceof Error && "node" in thrown && thrown.node === node && thrown.message.includes(why)
}

const refusalsOf = (language: Language) => declarations(language).refusals

describe("a mistake in a check is noticed by the refusals", () => {
  it("and a copy without one refuses them all", async () => {
    const unchanged = "export const isNumber"
    const refusals = refusalsOf(await planted("sound", ["none", fields, unchanged, unchanged]))
    expect(refusals.filter((refusal) => !isRefused(refusal)).map(([what]) => what)).toEqual([])
  }, 120_000)

  it.each(mistakes)("%s", async (...mistake) => {
    const refusals = refusalsOf(await planted(`mistake-${mistakes.findIndex(([name]) => name === mistake[0])}`, mistake))
    expect(refusals.filter((refusal) => !isRefused(refusal))).not.toEqual([])
  }, 120_000)
})
