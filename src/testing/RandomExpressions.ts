/** Random expressions over the fields of samples, of each kind, and aggregates over what they give. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { Decimal } from "../domain/Decimal.ts"
import { typeOf } from "../streams/pipeline/check/Expressions.ts"
import type { Spec } from "../streams/pipeline/Aggregate.ts"
import type { Table as Columns } from "../streams/pipeline/Column.ts"
import type { Comparison, Node } from "../streams/pipeline/Expression.ts"
import type * as Plan from "../streams/pipeline/Plan.ts"
import type { Definition } from "../streams/pipeline/Source.ts"
import * as Table from "../streams/pipeline/Table.ts"

interface ByKind {
  readonly exact: Node
  readonly double: Node
  readonly text: Node
  readonly boolean: Node
}

const fields = (...names: ReadonlyArray<string>) => fc.constantFrom(...names).map((field): Node => ({ op: "field", field }))

const literals = (...values: ReadonlyArray<string | number | boolean>) => fc.constantFrom(...values).map((value): Node => ({ op: "literal", value }))

const comparisons = fc.constantFrom<Comparison | "isNot">("eq", "ne", "lt", "lte", "gt", "gte", "isNot")

/** Times are left out, so that what is said of a row stays true when all times are moved. */
export const byKind = fc.letrec<ByKind>((tie) => {
  // Every kind of them is a node.
  const of = (kind: keyof ByKind) => tie(kind) as fc.Arbitrary<Node>
  const choices = (kind: keyof ByKind) => [
    fc.record({ value: of(kind), instead: of(kind) }).map((parts): Node => ({ op: "coalesce", ...parts })),
    fc.record({ condition: of("boolean"), value: of(kind), otherwise: of(kind) }).map((parts): Node => ({ op: "conditional", ...parts }))
  ]
  const binary = (kind: "exact" | "double") =>
    fc.record({ op: fc.constantFrom("add", "subtract", "multiply", "least", "greatest"), left: of(kind), right: of(kind) })
      .map(({ op, ...parts }): Node => ({ op, ...parts }))
  const unary = (kind: "exact" | "double") => fc.record({ op: fc.constantFrom("negate", "abs"), of: of(kind) }).map((node): Node => node)
  const shallow = { depthSize: "small", withCrossShrink: true } as const
  return {
    exact: fc.oneof(
      shallow,
      { weight: 3, arbitrary: fields("price", "size") },
      literals(0, 1, -2.5, 3, 1e12, 0.00000001),
      { weight: 3, arbitrary: binary("exact") },
      unary("exact"),
      fc.record({ left: of("exact"), right: of("exact"), scale: fc.constantFrom(0, 2, 6, 20) }).map((parts): Node => ({ op: "divide", ...parts })),
      fc.record({ op: fc.constantFrom("hour", "dayOfWeek"), timeZone: fc.constantFrom("UTC", "America/New_York", "Asia/Kolkata") })
        .map(({ op, timeZone }): Node => ({ op, of: { op: "field", field: "size" }, timeZone })),
      ...choices("exact")
    ),
    double: fc.oneof(
      shallow,
      fields("ratio"),
      literals(0.1, -3, 1e300),
      binary("double"),
      unary("double"),
      fc.record({ left: of("double"), right: of("double") }).map((parts): Node => ({ op: "divide", ...parts, scale: null })),
      of("exact").map((of): Node => ({ op: "toDouble", of })),
      ...choices("double")
    ),
    text: fc.oneof(
      shallow,
      fields("venue", "key"),
      literals("N", "a-é", ""),
      fc.array(of("text"), { minLength: 1, maxLength: 3 }).map((all): Node => ({ op: "concat", all })),
      fc.record({ op: fc.constantFrom("lower", "upper"), of: of("text") }).map((node): Node => node),
      fc.record({ of: of("text"), from: fc.nat(2), length: fc.option(fc.nat(2)) }).map((parts): Node => ({ op: "substring", ...parts })),
      fc.record({ of: of("text"), group: fc.nat(1) }).map((parts): Node => ({ op: "extract", pattern: "([A-Zé])|-", ...parts })),
      fc.record({ of: of("text"), part: fc.nat(1) }).map((parts): Node => ({ op: "split", pattern: "[-N]", ...parts })),
      ...choices("text")
    ),
    boolean: fc.oneof(
      shallow,
      fields("flag"),
      fc.record({ by: comparisons, left: of("exact"), right: of("exact") }).map((parts): Node => ({ op: "compare", ...parts })),
      fc.record({ by: comparisons, left: of("double"), right: of("double") }).map((parts): Node => ({ op: "compare", ...parts })),
      fc.record({ by: fc.constantFrom("eq", "ne", "isNot"), left: of("text"), right: of("text") }).map((parts): Node => ({ op: "compare", ...parts })),
      fc.oneof(of("exact"), of("double"), of("text"), of("boolean")).map((of): Node => ({ op: "isNull", of })),
      fc.record({ op: fc.constantFrom("and", "or"), all: fc.array(of("boolean"), { maxLength: 2 }) }).map((node): Node => node),
      of("boolean").map((that): Node => ({ op: "not", that }))
    )
  }
})

/** Some, which are called x0, x1 and so on, and a key. */
export interface Computed {
  readonly values: ReadonlyArray<Node>
  readonly key: ReadonlyArray<string> | null
  /** The order in which fields stand on their way, under other names; `null` where they keep theirs. */
  readonly order: ReadonlyArray<string> | null
  readonly lookup: Lookup | null
}

/** Fields of a table by those of a row, of each kind there is. */
interface Lookup {
  readonly table: Table.Definition
  readonly by: ReadonlyArray<string>
}

export const nothingComputed: Computed = { values: [], key: null, order: null, lookup: null }

/** What a row may be looked up by, and values that are in some of them, or in none. */
const parts = {
  key: { schema: Schema.String, values: ["A", "B", "elsewhere"] },
  venue: { schema: Schema.String, values: ["N", "é", "Q", ""] },
  size: { schema: Schema.Int, values: [0, 1, 2, 1_000_000_000_000, -1] },
  flag: { schema: Schema.Boolean, values: [true, false] }
} as const

const lookups: fc.Arbitrary<Lookup> = fc.constantFrom<ReadonlyArray<keyof typeof parts>>(["key"], ["venue"], ["size"], ["flag", "venue"], ["size", "key", "flag"])
  .chain((by) =>
    fc.uniqueArray(
      fc.record({
        key: fc.tuple(...by.map((part) => fc.constantFrom<string | number | boolean>(...parts[part].values))),
        text: fc.constantFrom("N", "A", "of the table"),
        weight: fc.constantFrom("0", "-1.5", "0.001", "1e2"),
        count: fc.constantFrom(-2, 0, 7),
        open: fc.option(fc.boolean()),
        share: fc.option(fc.constantFrom(-0, 0.1, 1e300))
      }),
      { selector: ({ key }) => JSON.stringify(key), maxLength: 5 }
    ).map((rows) => {
      const key = by.map((part) => `of_${part}`)
      const table = Table.make("table", {
        schema: Schema.Struct({
          ...Object.fromEntries(by.map((part, index) => [key[index]!, parts[part].schema])),
          text: Schema.String,
          weight: Decimal({ scale: 3, limit: 1_000 }),
          count: Schema.Int,
          open: Schema.NullOr(Schema.Boolean),
          share: Schema.NullOr(Schema.Finite)
        }),
        // Which fields there are was drawn, and the compiler does not know them.
        key: key as ReadonlyArray<string> as ReadonlyArray<never>,
        rows: rows.map(({ key: values, ...row }) => ({ ...row, ...Object.fromEntries(key.map((name, part) => [name, values[part]!])) }) as never)
      })
      return { table: table.definition, by }
    })
  )

const fieldsOfSamples = ["key", "time", "price", "size", "ratio", "flag", "venue"]

/** Mostly there is none, since it costs time. */
const sometimes = <A>(of: fc.Arbitrary<A>): fc.Arbitrary<A | null> => fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: of })

export const computed: fc.Arbitrary<Computed> = fc.record({
  order: sometimes(fc.shuffledSubarray(fieldsOfSamples, { minLength: fieldsOfSamples.length })),
  lookup: sometimes(lookups),
  values: fc.oneof(fc.constant([]), fc.array(fc.oneof({ weight: 3, arbitrary: byKind.exact }, byKind.double, byKind.text, byKind.boolean), { minLength: 1, maxLength: 3 })),
  key: fc.option(fc.constantFrom<ReadonlyArray<string>>([], ["venue"], ["flag"], ["size"], ["key", "venue"]), { freq: 4 })
})

/** Whether an expression has a type over such rows, or results: one that needs too many decimals has none, and decimals and doubles do not mix. */
export const isTyped = (table: Columns) => (node: Node): boolean => {
  try {
    typeOf("random", table, node)
    return true
  } catch {
    return false
  }
}

/** Rows with what is computed, under the key. */
export const withComputed = (rows: Plan.Events, definition: Definition, { key, lookup, order, values: all }: Computed): Plan.Events => {
  const typed = all.filter(isTyped(definition))
  const values = Object.fromEntries(typed.map((node, index) => [`x${index}`, node]))
  const derived: Plan.Events = typed.length === 0 ? rows : { _tag: "derive-fields", input: rows, values }
  const wider = order === null ? derived : reordered(derived, [...order, ...Object.keys(values)])
  const looked: Plan.Events = lookup === null ? wider
    : { _tag: "lookup", input: wider, ...lookup, select: Object.fromEntries(fieldsOfTable.map((field) => [`found_${field}`, field])) }
  if (key === null) return looked
  // What is found may be a key; where there is none the row is refused.
  return { _tag: "key-by", input: looked, key: lookup !== null && key.includes("venue") ? ["found_text"] : key }
}

const fieldsOfTable = ["text", "weight", "count", "open", "share"]

/** The same fields, which had other names in between. */
const reordered = (rows: Plan.Events, order: ReadonlyArray<string>): Plan.Events => {
  const renamed: Plan.Events = { _tag: "select", input: rows, fields: order.map((name) => [`of_${name}`, name]) }
  return { _tag: "select", input: renamed, fields: order.toReversed().map((name) => [name, `of_${name}`]) }
}

/** Aggregates over each of them that its kind allows. */
export const overComputed = (definition: Definition, { lookup, values }: Computed): Plan.Aggregates =>
  ({ ...overValues(definition, values), ...lookup === null ? {} : overFound })

const overFound: Plan.Aggregates = {
  lastText: { op: "last", field: "found_text" },
  weight: { op: "sum", field: "found_weight" },
  heaviest: { op: "maxBy", field: "found_count", by: "found_weight" },
  firstOpen: { op: "first", field: "found_open" },
  leastShare: { op: "min", field: "found_share" }
}

const overValues = (definition: Definition, values: ReadonlyArray<Node>): Plan.Aggregates =>
  Object.fromEntries(values.filter(isTyped(definition)).flatMap((node, index) => {
    const field = `x${index}`
    const { kind } = typeOf("random", definition, node)
    const any: ReadonlyArray<Spec> = [{ op: "first", field }, { op: "last", field }, { op: "maxBy", field, by: "price" }]
    const numeric: ReadonlyArray<Spec> = [
      { op: "sum", field },
      { op: "mean", field },
      { op: "min", field },
      { op: "max", field },
      { op: "minBy", field: "venue", by: field },
      ...kind === "double" ? [] : [{ op: "weightedMean", field, by: "size" } as const, { op: "weightedMean", field: "price", by: field } as const]
    ]
    const specs = kind === "string" || kind === "boolean" ? any : [...any, ...numeric]
    return specs.map((spec, number) => [`${spec.op}${number}_${field}`, spec] as const)
  }))
