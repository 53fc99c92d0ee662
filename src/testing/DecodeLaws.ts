/**
 * Laws of decoding: whatever the bytes, an engine takes what `JSON.parse` and the source's
 * Schema take, with the same values, and refuses the rest without throwing. In two things it
 * is stricter: integers and decimals are those of their text, which `JSON.parse` rounds, and
 * strings have a form in UTF-8.
 */
import { BigDecimal, Option, Schema } from "effect"
import * as fc from "fast-check"
import * as Decimal from "../domain/Decimal.ts"
import * as EventTime from "../domain/EventTime.ts"
import { Tick } from "../domain/Tick.ts"
import { Aggregate, Pipeline, Source, Window } from "../streams/pipeline/index.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import { fromBytes, Kind, type Records } from "../streams/records/Records.ts"
import { altered, definitionOf } from "./Altered.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import type { MakeEngine } from "./Harness.ts"
import { holds, same } from "./Law.ts"

/** Every kind of field, bare and with checks of its own. */
const Everything = Schema.Struct({
  key: Schema.String,
  time: EventTime.EventTime,
  text: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(3))),
  whole: Schema.optionalKey(Schema.Int),
  even: Schema.optionalKey(Schema.Int.check(Schema.isMultipleOf(2))),
  double: Schema.optionalKey(Schema.Finite),
  share: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  cents: Schema.optionalKey(Decimal.Decimal({ scale: 2, limit: 1_000 })),
  even2: Schema.optionalKey(Decimal.Decimal({ scale: 2, limit: 1_000, round: "half-even" })),
  up2: Schema.optionalKey(Decimal.Decimal({ scale: 2, limit: 1_000, round: "half-up" })),
  flag: Schema.optionalKey(Schema.Boolean)
})

/** A pipeline that gives each record back, field by field, and what its Schema makes of a text. */
export interface Subject {
  readonly pipeline: Pipeline.AnyOfPanes
  readonly fields: ReadonlyArray<string>
  readonly key: string
  readonly time: string
  readonly decode: (json: unknown) => Option.Option<object>
}

/** Of ticks. */
export const ticks: Subject = {
  pipeline: firsts(
    Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time" }).pipe(
      Window.tumbling(1),
      Aggregate.into({ count: Aggregate.count }),
      Pipeline.named("ticks")
    ),
    Object.keys(Tick.fields)
  ),
  fields: Object.keys(Tick.fields),
  key: "symbol",
  time: "time",
  decode: Schema.decodeUnknownOption(Tick)
}

/** Of every kind of field. */
export const everything: Subject = {
  pipeline: firsts(
    Source.make("everything", { schema: Everything, key: "key", eventTime: "time" }).pipe(
      Window.tumbling(1),
      Aggregate.into({ count: Aggregate.count }),
      Pipeline.named("everything")
    ),
    Object.keys(Everything.fields)
  ),
  fields: Object.keys(Everything.fields),
  key: "key",
  time: "time",
  decode: Schema.decodeUnknownOption(Everything)
}

export function firsts(pipeline: Pipeline.AnyOfPanes, fields: ReadonlyArray<string>): Pipeline.AnyOfPanes {
  return altered(pipeline, () => ({ aggregates: Object.fromEntries(fields.map((field) => [field, { op: "first", field }])) }))
}

const subjects = fc.constantFrom(ticks, everything)

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Spellings of values that are taken, refused, or taken only by some fields. */
export const spellings = [
  "0", "-0", "-0.0", "00", "01", "-1", "+1", "1", "2", "3.5", "1.50", "\"1.50\"", "\"1.5\"", "0.01", "\"0.010\"",
  "1.005", "1.", ".5", "1e0", "1e2", "\"1e2\"", "1E+2", "1e-2", "15e-1", "1e-9", "1e400", "-1e400", "\"1e400\"",
  "-1e-400", "NaN", "Infinity", "\"NaN\"", "\"\"", "\" 1\"", "\"-0\"", "\"-0.00\"", "\"0x10\"", "123456789012345",
  "1234567890123456", "12345678901234567890", "\"9007199254740993\"", "9007199254740991", "9007199254740992",
  "9007199254740991.4", "9007199254740990.99999999999999999", "-9007199254740993", "1.0000000000000000000001",
  "100.000000000000000000", "0.07000000000000000001", "90071992547409.93", "9007199254740991.00e0", "0e0", "-0e-300",
  "999.99", "1000", "1000.01", "\"1000.00\"", "90000000", "90000000.00000001", "89999999.99999999",
  "163512345.5", "163512345.50000001", "163512345.50000002", "\"-163512345.50000002\"", "163512345.123456785", "1635123455e-1",
  "0.30000000000000004", "\"2.6750000000000002664535259100375697016716003417968750\"", "0.005", "0.015", "-0.025", "-0.0049999", "999.995", "1000.005",
  "20000000000", "-20000000000.0", "20000000000.5", "20000000001", "19999999999", "5700000000.25", "5700000000.255",
  "\"89999999.99999999\"", "0.123456789012345678", "\"0.12345678\"", "1000000000000000", "1000000000000000.00000001", "true",
  "false", "null", "tru", "truee", "[]", "{}", "[1]", "{\"a\":1}", "\"true\"", "\"AAPL\"", "\"A\"", "\"\\u0041\"",
  "\"\\u0041A\\/\"", "\"é\"", "\"\u{1F600}\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
  "\"?\"", "\"\\ufffd\"", "\"a\\nb\"", "\"a\nb\"",
  "\"\\x\"", "\"^GSPC\"", "\"BRK-B\"", "\"ABCDEFGHIJKLMNOPQRSTU\"", "\"~\"", "\"\u007f\"", "1732545000123",
  "\"1732545000123\"", "1732545000123.0", "1732545000123.5", "1732545000", "1732545000123000", "4102444800000",
  "4102444800001", "-2208988800000", "1732545000123e0"
]

export const around = [
  "", " ", "\t", "\r\n", "}", "{", "{}", ",", "]", "x", "0", "\"", "\u0000", "\u000b", "\u00a0", "\u2028", "//", " null"
]

/** Mostly none or what JSON allows; now and then what only looks like it. */
const spaces = fc.oneof(
  { weight: 4, arbitrary: fc.constant([""]) },
  { weight: 3, arbitrary: fc.constantFrom([" ", ""], ["", "", "\t", "\r\n"]) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom("", "", "", "", "", " ", "\u00a0", "\u2028", "\ufeff"), {
      minLength: 7,
      maxLength: 29
    })
  }
)

const digits = (minimum: number, most: number) =>
  fc.array(fc.oneof(fc.constantFrom("0", "9"), fc.nat(9).map(String)), { minLength: minimum, maxLength: most })
    .map((all) => all.join(""))

/** Numbers as JSON may spell them: few digits or more than a double holds, with zeros at either end, and exponents. */
const numerals: fc.Arbitrary<string> = fc.record({
  sign: fc.constantFrom("", "", "-"),
  whole: fc.oneof(
    fc.constant("0"),
    fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0, 3)),
    fc.tuple(fc.constant(9007199254740991n), digits(0, 4)),
    fc.tuple(fc.constantFrom(1635123455n, 90071992n, 163512345n), digits(0, 1)),
    fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0, 20))
  ),
  // With a 5 behind two decimals many lie in the middle between what a scale of 2 has.
  fraction: fc.oneof(fc.constant(""), digits(2, 2).map((all) => `.${all}5`), digits(1, 3).map((all) => `.${all}`), digits(1, 30).map((all) => `.${all}`)),
  exponent: fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-", "-"), fc.oneof(fc.nat(4), fc.nat(30), fc.nat(400)))
  )
}).map(({ exponent, fraction, sign, whole }) => [sign, ...whole, fraction, ...exponent].join(""))

/** Any UTF-16 whatever, halves of surrogate pairs included, with few characters so that strings are near to each other. */
const utf16: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    fc.constantFrom(0x41, 0x3f, 0xfffd, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xd83d, 0xde00),
    fc.integer({ min: 0xd7f0, max: 0xe010 }),
    fc.nat(0xffff)
  ),
  { maxLength: 4 }
).map((units) => String.fromCharCode(...units))

/** With halves of surrogate pairs as escapes, which is the only way for them into UTF-8. */
const quoted = (text: string): string => JSON.stringify(text)

/** Members of a line: mostly the fields that a source has, mostly with values that they take. */
const members = ({ fields }: Subject) => {
  const fitting = fc.constantFrom("\"AAPL\"", "1732545000123", "189.37", "\"189.37\"", "1", "2", "0.5", "true", "100")
  return fc.record({
    valid: fc.oneof(
      { weight: 1, arbitrary: fc.constant([...fields]) },
      { weight: 4, arbitrary: fc.constant(fields.filter((name) => !slow.includes(name))) },
      { weight: 1, arbitrary: fc.subarray([...fields], { minLength: Math.max(2, fields.length - 3) }) }
    ),
    order: fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 }),
    odd: fc.array(fc.record({
      name: fc.constantFrom(...fields, ...fields, "unknown", "", "__proto__", "\\u0074ime", "constructor"),
      value: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...spellings) }, numerals, utf16.map(quoted), fitting, fc.json()),
      // Next to the member that it would otherwise take the place of.
      beside: fc.constantFrom(false, false, false, true)
    }), { maxLength: 2 }),
    spaces
  })
}

/** Fields whose values a decoder may well leave to the slow path, and with them the whole line. */
const slow: ReadonlyArray<string> = ["even", "double", "share"]

/** A value of each field. */
export const usually: { readonly [field: string]: string } = {
  symbol: "\"AAPL\"",
  key: "\"K\"",
  time: "1732545000123",
  price: "\"189.37\"",
  size: "100",
  priceForming: "true",
  updatesLast: "false",
  updatesHighLow: "true",
  updatesVolume: "false",
  tradeId: "\"T-1\"",
  splitFactor: "\"4\"",
  exchange: "\"NMS\"",
  kind: "\"gap\"",
  provisional: "true",
  currency: "\"GBp\"",
  decimals: "2",
  text: "\"abc\"",
  whole: "-7",
  even: "4",
  double: "2.5e-3",
  share: "0.25",
  cents: "12.34",
  even2: "-0.01",
  up2: "\"1.5\"",
  flag: "false"
}

/** Lines near to valid ones, mostly with a member or two that is spelt otherwise. */
const lines = (subject: Subject): fc.Arbitrary<Uint8Array> =>
  fc.tuple(
    members(subject),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.record({ at: fc.nat(400), byte: fc.nat(255), remove: fc.nat(2) }) }
    )
  ).map(([{ odd, order, spaces, valid }, slip]) => {
    const replaced = odd.filter(({ beside }) => !beside).map(({ name }) => name)
    const plain = Array.from(valid, (name) => ({ name, value: usually[name] ?? "1" }))
      .filter(({ name }) => !replaced.includes(name))
    const kept = [...plain, ...odd]
      .map((member, index) => ({ ...member, rank: order[index] ?? 0 }))
      .sort((a, b) => a.rank - b.rank)
    let spot = 0
    const s = () => spaces[spot++ % spaces.length] ?? ""
    const inside = kept.map(({ name, value }) => `${s()}"${name}"${s()}:${s()}${value}${s()}`).join(",")
    const bytes = encode(`${s()}{${inside}}${s()}`)
    if (slip === null) return bytes
    return Uint8Array.from([...bytes].toSpliced(slip.at % (bytes.length + 1), slip.remove, slip.byte))
  })

const brokenOff = (subject: Subject): fc.Arbitrary<Uint8Array> =>
  fc.tuple(lines(subject), fc.nat(200)).map(([line, at]) => line.subarray(0, at))

const anyJson = fc.json().map(encode)

const anyBytes = fc.uint8Array({ maxLength: 40 })

export const decodeLaws: EngineLaws = {
  "each field takes those spellings of a value that the Schema takes": (make) => {
    for (const subject of [ticks, everything]) {
      // A field without one would make a line that is refused for its own sake.
      same(subject.fields.filter((field) => usually[field] === undefined), [], "fields without a usual value")
      for (const field of subject.fields) {
        const others = subject.fields.filter((name) => name !== field && !slow.includes(name))
        const input = spellings.map((spelling) =>
          encode(`{${others.map((name) => `"${name}":${usually[name]},`).join("")}"${field}":${spelling}}`)
        )
        const taken = decoded(make, subject, input)
        input.forEach((bytes, index) => same(taken[index], expected(subject, bytes), `${field}: ${spellings[index]}`))
      }
    }
  },

  "nothing but white space may stand around a record": (make) => {
    for (const subject of [ticks, everything]) {
      const names = subject.fields.filter((name) => !slow.includes(name))
      const line = `{${names.map((name) => `"${name}":${usually[name]}`).join(",")}}`
      const input = around.flatMap((text) => [encode(text + line), encode(line + text)])
      same(decoded(make, subject, input), input.map((bytes) => expected(subject, bytes)))
    }
  },

  "a line is taken or refused as JSON.parse and the Schema do, with the same values, or the same kind of refusal": law(
    1_000,
    subjects.chain((subject) =>
      fc.record({ subject: fc.constant(subject), input: fc.array(lines(subject), { minLength: 1, maxLength: 6 }) })
    ),
    (make, { input, subject }) => same(decoded(make, subject, input), input.map((bytes) => expected(subject, bytes)))
  ),

  "a number is taken as the exact decimal of its text, however it is spelt, or the record is refused": law(
    300,
    fc.record({
      subject: fc.constantFrom(
        ...["whole", "cents", "even2", "up2"].map((field) => ({ ...everything, field })),
        { ...ticks, field: "price" }
      ),
      spelt: fc.array(numerals, { minLength: 1, maxLength: 6 }),
      isPlain: fc.boolean()
    }),
    (make, { isPlain, spelt, subject }) => {
      const column = definitionOf(subject.pipeline).columns.find(({ name }) => name === subject.field)
      const { limit, round, scale }: Decimal.Storage = column?.kind === "decimal" ? column : { limit: Number.MAX_SAFE_INTEGER, scale: 0 }
      const found = decoded(make, subject, spelt.map((text) => encode(lineWith(subject, subject.field, text, isPlain ? "" : " "))))
      spelt.forEach((text, index) => {
        const exact = rounded(BigDecimal.normalize(BigDecimal.fromStringUnsafe(text)), scale, round)
        const { value: unscaled } = BigDecimal.scale(exact, scale)
        const fits = exact.scale <= scale && BigDecimal.isLessThanOrEqualTo(BigDecimal.abs(exact), BigDecimal.make(BigInt(limit), 0)) &&
          BigInt(Number(unscaled)) === unscaled
        const value = taken(found[index], subject.field)
        if (!fits) return same(value, undefined, text)
        holds(value !== undefined && BigDecimal.equals(BigDecimal.fromStringUnsafe(String(value)), exact), `${text} is ${value}`)
      })
    }
  ),

  "a double is the one that is nearest to the number's text": law(
    100,
    fc.array(numerals, { minLength: 1, maxLength: 6 }),
    (make, spelt) => {
      const found = decoded(make, everything, spelt.map((text) => encode(lineWith(everything, "double", text, ""))))
      spelt.forEach((text, index) =>
        same(taken(found[index], "double"), Number.isFinite(Number(text)) ? Number(text) + 0 : undefined, text)
      )
    }
  ),

  "a string is taken if UTF-8 gives it back, so that no two keys become one, and refused otherwise": law(
    300,
    fc.array(utf16, { minLength: 1, maxLength: 8 }),
    (make, keys) => {
      const throughUtf8 = (text: string) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(encode(text))
      const found = decoded(make, everything, keys.map((key) => encode(lineWith(everything, "key", quoted(key), ""))))
      keys.forEach((key, index) =>
        same(taken(found[index], "key") ?? found[index], throughUtf8(key) === key ? key : "invalid-field", quoted(key))
      )
    }
  ),

  "arbitrary bytes, arbitrary JSON and lines cut anywhere never throw, and are refused alike": law(
    400,
    subjects.chain((subject) =>
      fc.record({
        subject: fc.constant(subject),
        input: fc.array(fc.oneof(anyBytes, anyJson, brokenOff(subject)), { minLength: 1, maxLength: 6 })
      })
    ),
    (make, { input, subject }) => same(decoded(make, subject, input), input.map((bytes) => expected(subject, bytes)))
  ),

  "a record ends where it ends, whatever bytes lie beside it": law(
    200,
    subjects.chain((subject) =>
      fc.record({
        subject: fc.constant(subject),
        line: lines(subject),
        cuts: fc.array(fc.nat(300), { maxLength: 4 })
      })
    ),
    (make, { cuts, line, subject }) => {
      const edges = [0, ...cuts.map((cut) => cut % (line.length + 1)).sort((a, b) => a - b), line.length]
      const pieces = edges.slice(1).map((end, index) => line.subarray(edges[index], end))
      same(decoded(make, subject, pieces), pieces.map((bytes) => expected(subject, bytes)))
    }
  )
}

/** A line that is taken by the fast way, with one member that is spelt as it is. */
const lineWith = ({ fields }: Subject, field: string, value: string, space: string): string =>
  `{${fields.filter((name) => name !== field && !slow.includes(name)).map((name) => `"${name}":${usually[name]},`).join("")}"${field}"${space}:${value}}`

/** By the definition: of the two neighbours at a scale the nearer one, and of a tie the one with an even digit or the farther from zero. */
const rounded = (exact: BigDecimal.BigDecimal, scale: number, round: Decimal.Rounding | undefined): BigDecimal.BigDecimal => {
  if (round === undefined || exact.scale <= scale) return exact
  const unit = 10n ** BigInt(exact.scale - scale)
  const magnitude = exact.value < 0n ? -exact.value : exact.value
  const [below, rest] = [magnitude / unit, magnitude % unit]
  const isUp = rest * 2n > unit || (rest * 2n === unit && (round === "half-up" || below % 2n === 1n))
  const nearest = isUp ? below + 1n : below
  return BigDecimal.normalize(BigDecimal.make(exact.value < 0n ? -nearest : nearest, scale))
}

/** The value of a field in what {@link decoded} gave; `undefined` where the record was refused. */
const taken = (result: string | undefined, field: string): unknown => {
  if (result === undefined || !result.startsWith("[")) return undefined
  const [, , values]: ReadonlyArray<unknown> = JSON.parse(result)
  return typeof values === "object" && values !== null ? Reflect.get(values, field) : undefined
}

/** What an engine makes of each record, where it lies among the others: its values, or why it is refused. */
export const decoded = (make: MakeEngine, { pipeline }: Pick<Subject, "pipeline">, input: ReadonlyArray<Uint8Array>): ReadonlyArray<string> => {
  const engine = make([pipeline], 1)
  const nothing = engine.snapshot()
  const all = records(input)
  return input.map((_, only) => {
    // What the decoder has learned from one record stays with it for the next; the windows begin anew.
    engine.restore(nothing)
    const kinds = all.kinds.map((kind, index) => index === only ? kind : Kind.none)
    const { unused } = engine.take({ ...all, kinds })
    const [refusal] = unused
    if (refusal !== undefined) return refusal.reason
    const [pane] = engine.close().panes
    return pane === undefined ? "nothing" : JSON.stringify([pane.key, pane.start, Pane.encode(pane).values])
  })
}

const records = (input: ReadonlyArray<Uint8Array>): Records => ({
  ...fromBytes(input, input.map(() => Kind.event)),
  partition: 0,
  offsets: Float64Array.from(input, (_, index) => index),
  appendedAt: new Float64Array(input.length)
})

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** What JSON.parse and the Schema make of a record: its key, time and values, or why it is refused. */
export const expected = ({ decode, fields, key, time, pipeline }: Subject, bytes: Uint8Array): string => {
  if (bytes.length === 0) return "empty"
  const { columns } = definitionOf(pipeline)
  let json: unknown
  try {
    const text = utf8.decode(bytes)
    json = JSON.parse(text)
    if (typeof json !== "object" || json === null || Array.isArray(json)) return "not-json"
    // Null is as good as absent where a field may be that.
    for (const { name, optional } of columns) {
      if (optional && Object.hasOwn(json, name) && Reflect.get(json, name) === null) Reflect.deleteProperty(json, name)
    }
    json = exactly(json, text, columns)
  } catch {
    return "not-json"
  }
  if (typeof json !== "object" || json === null) return "not-json"
  const decoded = decode(json)
  if (Option.isNone(decoded)) {
    const absent = (name: string) => !Object.hasOwn(json, name)
    const wrong = columns.find(({ name, optional }) =>
      absent(name) ? !optional : Option.isNone(decode({ ...valid(fields), [name]: Reflect.get(json, name) }))
    )
    return wrong !== undefined && absent(wrong.name) ? "missing-field" : "invalid-field"
  }
  const value = (name: string): unknown => {
    const found: unknown = Object.hasOwn(decoded.value, name) ? Reflect.get(decoded.value, name) : null
    // Minus zero is zero.
    return BigDecimal.isBigDecimal(found) ? Decimal.format(found) : typeof found === "number" ? found + 0 : found
  }
  return JSON.stringify([value(key), value(time), Object.fromEntries(fields.map((name) => [name, value(name)]))])
}

/** The members of a record with what is exact in them, for a Schema that knows what has been rounded only as rounded. */
const exactly = (json: object, text: string, columns: ReturnType<typeof definitionOf>["columns"]): object => {
  const numeralsOf = new Map<unknown, Map<string, string>>()
  const record: unknown = JSON.parse(
    text,
    function(this: unknown, name: string, value: unknown, context?: { readonly source?: string }) {
      const numerals = numeralsOf.get(this) ?? new Map<string, string>()
      if (typeof value === "number" && context?.source !== undefined) numerals.set(name, context.source)
      numeralsOf.set(this, numerals)
      return value
    }
  )
  const exact = (name: string, value: unknown): unknown => {
    const kind = columns.find((column) => column.name === name)?.kind
    if (kind === "string" && typeof value === "string") return value.isWellFormed() ? value : null
    const numeral = numeralsOf.get(record)?.get(name)
    if (typeof value !== "number" || numeral === undefined) return value
    if (kind === "decimal") return numeral
    return kind === "int" && BigDecimal.normalize(BigDecimal.fromStringUnsafe(numeral)).scale > 0 ? null : value
  }
  // Null is as good as absent where a field may be that.
  const isAbsent = (name: string, value: unknown) =>
    value === null && columns.some((column) => column.name === name && column.optional)
  return Object.fromEntries(
    Object.entries(json).filter(([name, value]) => !isAbsent(name, value)).map(([name, value]) => [name, exact(name, value)])
  )
}

const valid = (fields: ReadonlyArray<string>): object =>
  Object.fromEntries(fields.map((name) => [name, JSON.parse(usually[name] ?? "1")]))
