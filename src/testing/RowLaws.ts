/**
 * Laws of rows: under any schema, key and event time that a source may declare, a record is
 * read as `JSON.parse` reads it, or refused with the reason that is true.
 */
import { BigDecimal, Option, Schema } from "effect"
import * as fc from "fast-check"
import * as Decimal from "../domain/Decimal.ts"
import { Aggregate, Pane, Pipeline, Source, Window } from "../streams/pipeline/index.ts"
import type { Value } from "../streams/pipeline/Pane.ts"
import type * as Plan from "../streams/pipeline/Plan.ts"
import * as BatchFold from "../streams/reference/BatchFold.ts"
import type { Reason } from "../streams/records/Refusal.ts"
import { behind, fed } from "./Altered.ts"
import { cuts, logs, pipelines } from "./Arbitraries.ts"
import { decoded, firsts } from "./DecodeLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { batches, events, foldedPanes, lines, run } from "./Harness.ts"
import { same } from "./Law.ts"

type Kind = "string" | "enum" | "int" | "boolean" | "cents" | "millis" | "seconds" | "micros" | "iso" | "isoUtc"

/** How a field may be declared: all but the first may be absent or null. */
type Presence = "required" | "optionalKey" | "optional" | "nullOr" | "optionalNullOr"

interface Shape {
  readonly name: string
  readonly presence: Presence
  /** What it is; of a struct, its fields. */
  readonly of: Kind | ReadonlyArray<Shape>
}

interface Subject {
  readonly shapes: ReadonlyArray<Shape>
  readonly key: ReadonlyArray<string>
  /** The path of the event time. */
  readonly time: string
  /** Whether the time's field is among the results too. */
  readonly readsTime: boolean
}

const presences = fc.constantFrom<Presence>("required", "required", "required", "optionalKey", "optional", "nullOr", "optionalNullOr")

const kinds = fc.constantFrom<Kind>("string", "string", "enum", "int", "boolean", "cents", "iso")

const times = fc.constantFrom<Kind>("millis", "seconds", "micros", "iso", "isoUtc")

const shape = (name: string, of: fc.Arbitrary<Shape["of"]>): fc.Arbitrary<Shape> => fc.record({ name: fc.constant(name), presence: presences, of })

const fields = (names: ReadonlyArray<string>, of: fc.Arbitrary<Shape["of"]>): fc.Arbitrary<ReadonlyArray<Shape>> =>
  fc.tuple(...names.map((name) => shape(name, of)))

const structs = fields(["a", "é"], fc.oneof({ weight: 3, arbitrary: kinds }, { weight: 1, arbitrary: fields(["deep"], kinds) }))

const subjects: fc.Arbitrary<Subject> = fc.record({
  plain: fields(["p", "q", "r s"], kinds),
  structs: fc.subarray(["x", "y"]).chain((names) => fields(names, structs)),
  time: shape("at", times),
  isNested: fc.boolean(),
  order: fc.boolean(),
  readsTime: fc.boolean(),
  parts: fc.array(fc.nat(20), { maxLength: 3 })
}).map(({ isNested, order, parts, plain, readsTime, structs, time }) => {
  const timed: Shape = isNested ? { name: "meta", presence: "required", of: [time] } : time
  const shapes = order ? [timed, ...structs, ...plain] : [...plain, ...structs, timed]
  const able = leaves(shapes).filter(({ kind }) => ["string", "enum", "int", "boolean", "iso"].includes(kind))
  const key = able.length === 0 ? [] : [...new Set(parts.map((part) => able[part % able.length]!.name))]
  return { shapes, key, time: isNested ? "meta.at" : "at", readsTime }
})

/** A field that is no struct, with the fields around it. */
interface Leaf {
  readonly name: string
  readonly kind: Kind
  readonly path: ReadonlyArray<Shape>
}

const leaves = (shapes: ReadonlyArray<Shape>, path: ReadonlyArray<Shape> = []): ReadonlyArray<Leaf> =>
  shapes.flatMap((shape) => {
    const inner = [...path, shape]
    if (typeof shape.of !== "string") return leaves(shape.of, inner)
    return [{ name: inner.map(({ name }) => name).join("."), kind: shape.of, path: inner }]
  })

const schemas: { readonly [K in Kind]: Schema.Top } = {
  string: Schema.String,
  enum: Schema.Literals(["buy", "sell"]),
  int: Schema.Int,
  boolean: Schema.Boolean,
  cents: Decimal.Decimal({ scale: 2, limit: 1_000 }),
  millis: Schema.Int,
  seconds: Schema.Int,
  micros: Decimal.Decimal({ scale: 6, limit: 5_000_000_000 }),
  iso: Schema.String,
  isoUtc: Schema.String
}

const struct = (shapes: ReadonlyArray<Shape>) => Schema.Struct(Object.fromEntries(shapes.map((shape) => [shape.name, schemaOf(shape)])))

const schemaOf = ({ of, presence }: Shape): Schema.Top => {
  const schema = typeof of === "string" ? schemas[of] : struct(of)
  switch (presence) {
    case "required":
      return schema
    case "optionalKey":
      return Schema.optionalKey(schema)
    case "optional":
      return Schema.optional(schema)
    case "nullOr":
      return Schema.NullOr(schema)
    case "optionalNullOr":
      return Schema.optionalKey(Schema.NullOr(schema))
  }
}

const eventTimeOf = (kind: Kind | undefined, field: string) => {
  if (kind === "seconds" || kind === "micros") return { seconds: field }
  if (kind === "iso") return { iso8601: field }
  return kind === "isoUtc" ? { iso8601: field, withoutZone: "UTC" } as const : field
}

/** The fields of a random schema have no names for the compiler: to it all are such, whose names and kinds are checked when it runs. */
type Anything = { readonly [name: string]: Schema.Codec<never> }

const sourceOf = ({ key, shapes, time }: Subject) =>
  Source.make<string, Anything, string>("rows", {
    // See `Anything`.
    schema: struct(shapes) as unknown as Schema.Struct<Anything>,
    key: key.length === 1 ? key[0]! : key,
    eventTime: eventTimeOf(leaves(shapes).find(({ name }) => name === time)?.kind, time)
  })

const pipelineOf = (subject: Subject): Pipeline.AnyOfPanes =>
  firsts(
    sourceOf(subject).pipe(Window.tumbling(1), Aggregate.into({ count: Aggregate.count }), Pipeline.named("rows")),
    leaves(subject.shapes).map(({ name }) => name).filter((name) => subject.readsTime || name !== subject.time)
  )

const strings = ["\"A\"", "\"é\"", "\"\\u0041\"", "\"1\"", "\"\"", "\"true\"", "\"a\\\",b\"", "\"\\u0001\\n\\u001f\"", "\"buy\""]

const isoTimes = [
  "\"2024-11-25T14:30:00Z\"", "\"2024-11-25T14:30:00.123Z\"", "\"2024-11-25 14:30:00.1+01:00\"", "\"2024-11-25t14:30:00.123999z\"",
  "\"1969-12-31T23:59:59.9999-00:00\"", "\"2024-02-29T00:00:00-23:59\"", "\"0000-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.999Z\"",
  "\"2000-02-29T23:59:59+00:30\"", "\"2024-11-25T14:30:00\\u005a\"", "\"2024-11-25T14:30:00.123\"", "\"2024-11-25T14:30:00\""
]

const noTimes = [
  "\"2023-02-29T00:00:00Z\"", "\"1900-02-29T00:00:00Z\"", "\"2024-13-01T00:00:00Z\"", "\"2024-00-10T00:00:00Z\"",
  "\"2024-11-31T00:00:00Z\"", "\"2024-11-25T24:00:00Z\"", "\"2024-11-25T23:60:00Z\"", "\"2024-11-25T23:59:60Z\"", "\"2024-11-25\"",
  "\"2024-11-25T14:30Z\"", "\"2024-11-25T14:30:00.Z\"", "\"2024-11-25T14:30:00,5Z\"", "\"2024-11-25T14:30:00+0100\"",
  "\"2024-11-25T14:30:00+24:00\"", "\"2024-11-25T14:30:00+01:60\"", "\"2024-11-25T14:30:00Z \"", "\" 2024-11-25T14:30:00Z\"",
  "\"2024-11-25T14:30:00ZZ\"", "\"20241125T143000Z\"", "\"+02024-11-25T14:30:00Z\"", "\"2024-11-25T14:30:00.1x\"", "\"soon\"", "1732545000123"
]

/** As JSON has them: what is taken, and what is taken for something else or by other fields only. */
const spellings: { readonly [K in Kind]: readonly [good: ReadonlyArray<string>, bad: ReadonlyArray<string>] } = {
  string: [strings, ["1", "true", "{}", "[]"]],
  enum: [["\"buy\"", "\"sell\"", "\"\\u0062uy\""], ["\"hold\"", "\"\"", "1"]],
  int: [["0", "-0", "1", "-7", "1e2", "9007199254740991"], ["1.5", "\"1\"", "9007199254740992", "true"]],
  boolean: [["true", "false"], ["0", "\"true\"", "tru"]],
  cents: [["1.5", "\"1.50\"", "-0.01", "-0", "1e1"], ["1.005", "\"x\"", "1000.01", "true"]],
  millis: [["0", "-1", "1732545000123", "-0"], ["0.5", "\"0\"", "8000000000000001", "\"2024-11-25T14:30:00Z\""]],
  seconds: [["0", "-1", "1732545000", "1e9"], ["0.5", "\"0\"", "9007199254740991"]],
  micros: [["0", "-1", "1732545000.123456", "\"-0.000001\"", "-1.0005", "\"4999999999.999999\""], ["\"soon\"", "0.0000001", "5000000001"]],
  iso: [isoTimes, noTimes],
  isoUtc: [isoTimes, noTimes]
}

/** A field of a record as it is written; `undefined` where it is left out. */
const written = (field: Shape): fc.Arbitrary<string | undefined> => {
  const value = typeof field.of === "string"
    ? fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...spellings[field.of][0]) },
      { weight: 1, arbitrary: fc.constantFrom(...spellings[field.of][1]) }
    )
    : fc.oneof({ weight: 15, arbitrary: objects(field.of) }, { weight: 1, arbitrary: fc.constantFrom("1", "[]", "\"{}\"", "{}") })
  const often = field.presence === "required" ? 1 : 8
  return fc.oneof(
    { weight: 30, arbitrary: value },
    { weight: often, arbitrary: fc.constant("null") },
    { weight: often, arbitrary: fc.constant(undefined) }
  )
}

const objects = (shapes: ReadonlyArray<Shape>): fc.Arbitrary<string> =>
  fc.record({ values: fc.tuple(...shapes.map(written)), reversed: fc.boolean(), space: fc.constantFrom("", "", " "), extra: fc.nat(12) })
    .map(({ extra, reversed, space, values }) => {
      const members = values.flatMap((value, index) =>
        value === undefined ? [] : [`${JSON.stringify(shapes[index]!.name)}${space}:${space}${value}`])
      const inOrder = reversed ? members.toReversed() : members
      return `{${space}${[...inOrder, ...extra === 0 ? ["\"other\":[{}]"] : []].join(`${space},`)}}`
    })

type Read = { readonly reason: Reason } | { readonly fields: { readonly [name: string]: Value } }

const reading = ({ key, shapes, time }: Subject, text: string): Read => {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    return { reason: "not-json" }
  }
  const fields: { [name: string]: Value } = {}
  for (const { kind, name, path } of leaves(shapes)) {
    const found = walk(record, path)
    if (found === "missing" || found === "invalid") return { reason: `${found}-field` }
    const value = found.value === null ? null : valueOf(name === time || !kind.startsWith("iso") ? kind : "string", found.value)
    if (value === undefined) return { reason: "invalid-field" }
    fields[name] = value
  }
  if (key.some((name) => fields[name] === null)) return { reason: "no-key" }
  return fields[time] === null ? { reason: "missing-field" } : { fields }
}

const walk = (record: unknown, path: ReadonlyArray<Shape>): "missing" | "invalid" | { readonly value: unknown } => {
  let value = record
  for (const { name, presence } of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "invalid"
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
    if (presence !== "required" && (value === undefined || value === null)) return { value: null }
    if (value === undefined) return "missing"
  }
  return value === null ? "invalid" : { value }
}

/** `undefined` where it is none of this kind. */
const valueOf = (kind: Kind, value: unknown): Value | undefined => {
  switch (kind) {
    case "string":
      return typeof value === "string" ? value : undefined
    case "enum":
      return value === "buy" || value === "sell" ? value : undefined
    case "boolean":
      return typeof value === "boolean" ? value : undefined
    case "int":
      return typeof value === "number" && Number.isSafeInteger(value) ? value + 0 : undefined
    case "millis":
      return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 8e15 ? value + 0 : undefined
    case "seconds":
      return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 8e12 ? value + 0 : undefined
    case "cents":
      return decimalOf(value, 2, 1_000)
    case "micros":
      return decimalOf(value, 6, 5_000_000_000)
    case "iso":
    case "isoUtc":
      return typeof value === "string" && isTime(value, kind === "isoUtc") ? value : undefined
  }
}

const decimalOf = (value: unknown, scale: number, limit: number): Value | undefined => {
  if (typeof value !== "string" && typeof value !== "number") return undefined
  const parsed = BigDecimal.fromString(String(value))
  if (Option.isNone(parsed) || BigDecimal.isGreaterThan(BigDecimal.abs(parsed.value), BigDecimal.make(BigInt(limit), 0))) return undefined
  const scaled = BigDecimal.scale(parsed.value, scale)
  return BigDecimal.equals(scaled, parsed.value) ? scaled : undefined
}

/** A day is one if a calendar gives it back. */
const isTime = (text: string, utc: boolean): boolean => {
  const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/.exec(text)
  if (found === null || (found[3] === undefined && !utc)) return false
  const moment = Date.parse(`${found[1]}T${found[2]}Z`)
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(`${found[1]}T${found[2]}`)
}

/** What a reading comes to, in the form of {@link decoded}: the batch fold says which key and which window it is. */
const expected = (subject: Subject, pipeline: Pipeline.AnyOfPanes, text: string): string => {
  const read = reading(subject, text)
  if ("reason" in read) return read.reason
  const [result] = BatchFold.fold(pipeline, [{ partition: 0, offset: 0, fields: read.fields }]).results
  if (result === undefined) return "nothing"
  same(
    Source.decodeKey(sourceOf(subject), result.key),
    Option.some(Object.fromEntries(subject.key.map((name) => [name, read.fields[name]]))) as Option.Option<never>
  )
  const pane: Pane.Pane = { ...result, pipeline: "rows", pane: "on-time", revision: 0 }
  return JSON.stringify([pane.key, pane.start, Pane.encode(pane).values])
}

export const rowLaws: EngineLaws = {
  "a row of any schema, key and event time is read as JSON.parse reads it, or refused for the reason that is true": law(
    1_500,
    subjects.chain((subject) =>
      fc.record({ subject: fc.constant(subject), input: fc.array(objects(subject.shapes), { minLength: 1, maxLength: 6 }) })),
    (make, { input, subject }) => {
      const pipeline = pipelineOf(subject)
      const bytes = input.map((text) => new TextEncoder().encode(text))
      same(decoded(make, { pipeline }, bytes), input.map((text) => expected(subject, pipeline, text)), input.join("\n"))
    }
  ),

  "rows of any key, of several fields or of none come to the batch fold's windows, and those without a key to none": law(
    300,
    fc.record({
      pipeline: pipelines({ revisions: false }),
      log: logs,
      cut: cuts,
      key: fc.shuffledSubarray(["key", "size", "time", "flag", "venue"], { maxLength: 3 })
    }),
    (make, { cut, key, log, pipeline }) => {
      const keyed = withKey(pipeline, key)
      // So few strings are known by number that the numbering begins anew again and again.
      const engine = make([keyed], log.partitions, { dictionaryBound: 4 })
      const input = batches(log, cut)
      same(lines(run(engine, input)), lines(foldedPanes(keyed, log)))
      const without = events(log).filter(({ fields }) => key.some((name) => Reflect.get(fields, name) === null))
      same(engine.counts.deadLettered, without.length)
    }
  )
}

const withKey = (pipeline: Pipeline.AnyOfPanes, key: ReadonlyArray<string>): Pipeline.AnyOfPanes => {
  const keyed = (rows: Plan.Events): Plan.Events =>
    rows._tag === "source" ? { ...rows, definition: { ...rows.definition, key } } : behind(rows, keyed)
  return fed(pipeline, keyed)
}
