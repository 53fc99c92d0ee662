/** Records in plain notation are read byte by byte: `JSON.parse`, which takes several times as long, is not called. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { expect, it, vi } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Price } from "../../../src/domain/Tick.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { Decoder } from "../../../src/streams/records/Decoder.ts"
import * as JsonNumber from "../../../src/streams/records/JsonNumber.ts"

const { definition } = Source.make("trades", {
  schema: Schema.Struct({
    symbol: Schema.String,
    time: Schema.Int,
    price: Decimal.Decimal({ scale: 2, limit: 1_000_000_000_000 }),
    won: Schema.optional(Price),
    size: Schema.Int.check(Schema.isBetween({ minimum: -1_000, maximum: 999_999_999_999_999 })),
    isForming: Schema.Boolean,
    lots: Schema.optional(Schema.Int.check(Schema.isMultipleOf(100))),
    side: Schema.optional(Schema.Literals(["buy", "sell"])),
    venue: Schema.optional(Schema.Struct({ name: Schema.NullOr(Schema.String), open: Schema.Boolean, lot: Schema.optional(Schema.Int) }))
  }),
  key: "symbol",
  eventTime: "time"
})

/** A value as it is spelt, and as it is stored; a string is stored as itself here. */
type Spelt = readonly [text: string, stored: number | string]

const quoted = ([text, stored]: Spelt): Spelt => [`"${text}"`, stored]

const strings = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)), maxLength: 5 })
  .filter((text) => !/["\\]/.test(text))
  .map((text): Spelt => [`"${text}"`, text])

const integers = fc.oneof(fc.nat(20), fc.integer({ min: -1_000, max: 10_000 }), fc.constantFrom(999_999_999_999_999, -1_000, 0, 10, 100))
  .map((value): Spelt => [String(value), value])

const minusZero = fc.constant<Spelt>(["-0", 0])

/** Cents, with as many decimals as are written. */
const prices = fc.record({
  cents: fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.constantFrom(9_999_999_999_999, -9_999_999_999_999)),
  isQuoted: fc.boolean(),
  short: fc.boolean()
}).map(({ cents, isQuoted, short }): Spelt => {
  const text = (cents / 100).toFixed(2)
  const spelt: Spelt = [short ? text.replace(/\.?0+$/, "") : text, cents + 0]
  return isQuoted ? quoted(spelt) : spelt
})

/** Of 8 decimals, beyond 2^53. */
const won: ReadonlyArray<Spelt> = [
  ["163512345.5", 16_351_234_550_000_000],
  ["\"150000000\"", 15_000_000_000_000_000],
  ["-5700000000.25", -570_000_000_025_000_000],
  ["20000000000", 2e18],
  ["90071992.54", 9_007_199_254_000_000]
]

const booleans = fc.constantFrom<Spelt>(["true", 1], ["false", 0])

const absent = fc.constantFrom<Spelt>(["null", NaN], ["", NaN])

const rows = fc.record({
  symbol: strings,
  time: fc.oneof(integers, minusZero),
  price: prices,
  won: fc.oneof(fc.constantFrom(...won), absent),
  size: fc.oneof(integers, minusZero),
  isForming: booleans,
  side: fc.oneof(fc.constantFrom<Spelt>(["\"buy\"", "buy"], ["\"sell\"", "sell"]), absent),
  venue: fc.oneof(
    fc.record({ name: fc.oneof(strings, absent.filter(([text]) => text !== "")), open: booleans, lot: fc.oneof(integers, absent) }),
    absent
  )
})

type Row = { readonly [name: string]: Spelt | { readonly [name: string]: Spelt } }

const spaces = fc.array(fc.constantFrom("", "", " ", "\t", "\r\n"), { minLength: 1, maxLength: 9 })

/** The members in an order, with white space wherever JSON allows it. */
const written = (row: Row, order: ReadonlyArray<number>, spaces: ReadonlyArray<string>): string => {
  let at = 0
  const s = () => spaces[at++ % spaces.length] ?? ""
  const object = (row: Row): string => {
    const members = Object.entries(row)
      .map(([name, value], index) => [name, isSpelt(value) ? value[0] : object(value), order[index] ?? 0] as const)
      .filter(([, text]) => text !== "")
      .sort(([, , a], [, , b]) => a - b)
      .map(([name, text]) => `${s()}"${name}"${s()}:${s()}${text}${s()}`)
    return `{${members.length === 0 ? s() : members.join(",")}}`
  }
  return `${s()}${object(row)}${s()}`
}

const isSpelt = (value: Row[string]): value is Spelt => Array.isArray(value)

const storedOf = (row: Row): ReadonlyArray<number | string> =>
  definition.columns.map(({ path: [first, second] }) => {
    const value = row[first?.name ?? ""]
    if (value === undefined || isSpelt(value)) return value?.[1] ?? NaN
    return value[second?.name ?? ""]?.[1] ?? NaN
  })

const encoder = new TextEncoder()

/** The columns of a row, with strings as themselves. */
const readFrom = (batch: Batch.Batch, row: number): ReadonlyArray<number | string> =>
  definition.columns.map(({ kind }, index) => {
    const stored = batch.columns[index]![row]!
    return kind === "string" && !Number.isNaN(stored) ? batch.dictionary.textOf(stored) : stored
  })

/** How many of the records had to be parsed, and what they are as rows. */
const decode = (texts: ReadonlyArray<string>) => {
  const dictionary = new Batch.Dictionary()
  const decoder = new Decoder(definition, dictionary)
  const batch = Batch.make(definition, dictionary, 0, texts.length)
  const parse = vi.spyOn(JSON, "parse")
  try {
    const refused = texts.map((text) => {
      // Others lie beside it in the buffer.
      const [before, bytes] = [3, encoder.encode(`{"s${text}"}1`)]
      return decoder.decode(bytes, before, bytes.length - 3, batch)
    })
    return { parsed: parse.mock.calls.length, refused, batch, rows: texts.map((_, row) => readFrom(batch, row)) }
  } finally {
    parse.mockRestore()
  }
}

it("takes any order of members, white space, and every plain spelling, and what is absent", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ row: rows, order: fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }), spaces }), { minLength: 1, maxLength: 8 }),
      (all) => {
        const texts = all.map(({ order, row, spaces }) => written(row, order, spaces))
        const { batch, parsed, refused, rows } = decode(texts)
        expect(refused).toEqual(texts.map(() => null))
        expect(rows).toEqual(all.map(({ row }) => storedOf(row)))
        expect(rows.map((_, row) => batch.dictionary.textOf(batch.keys[row]!))).toEqual(all.map(({ row }) => row.symbol[1]))
        expect(Array.from(batch.times.subarray(0, all.length))).toEqual(all.map(({ row }) => row.time[1]))
        expect(parsed).toBe(0)
      }
    ),
    { numRuns: 400 }
  )
})

const plain = { symbol: "\"A\"", time: "1", price: "1.5", size: "2", isForming: "true" }

it("a name that differs in one letter from the one that is expected in its place is another name", () => {
  const line = `{${Object.entries(plain).map(([name, value]) => `"${name}":${value}`).join(",")}}`
  for (const name of Object.keys(plain)) {
    for (let letter = 0; letter < name.length; letter++) {
      const other = `${name.slice(0, letter)}~${name.slice(letter + 1)}`
      const { refused } = decode([line, line, line.replace(`"${name}"`, `"${other}"`), line])
      expect(refused).toEqual([null, null, { reason: "missing-field", detail: `the field "${name}" is missing` }, null])
    }
  }
})

it("a double of few digits is read as JSON.parse reads it, without it", () => {
  const schema = Schema.Struct({ key: Schema.String, time: Schema.Int, value: Schema.Finite })
  const measured = Source.make("measured", { schema, key: "key", eventTime: "time" }).definition
  const texts = fc.tuple(fc.constantFrom("", "-"), fc.nat(999_999), fc.stringMatching(/^(\.\d{1,9})?$/)).map(([sign, whole, rest]) => `${sign}${whole}${rest}`)
  fc.assert(fc.property(fc.array(texts, { minLength: 1, maxLength: 50 }), (texts) => {
    const batch = Batch.make(measured, new Batch.Dictionary(), 0, texts.length)
    const decoder = new Decoder(measured, batch.dictionary)
    const lines = texts.map((text) => encoder.encode(`{"key":"A","time":1,"value":${text}}`))
    const parse = vi.spyOn(JSON, "parse")
    try {
      for (const line of lines) expect(decoder.decode(line, 0, line.length, batch)).toBe(null)
      expect(parse).not.toHaveBeenCalled()
    } finally {
      parse.mockRestore()
    }
    expect(Array.from(batch.columns[2]!.subarray(0, texts.length))).toEqual(texts.map((text) => Number(text) + 0))
  }))
})

it("the text of a number is kept where a double may not hold it, and only there", () => {
  const parse = vi.spyOn(JSON, "parse")
  const texts: ReadonlyArray<readonly [text: string, keeps: boolean]> = [
    ["123456789012345", false],
    ["1234567890123456", true],
    ["1234567890.12345", true],
    ["123456789.12345", false],
    ["1e5", true],
    ["1E5", true],
    ["[123456789012345,12345678]", false],
    ["\"e\"", false],
    ["{\"a\":[1,22,333,4444],\"bEe\":1}", false]
  ]
  for (const [text, keeps] of texts) {
    parse.mockClear()
    JsonNumber.parse(encoder.encode(text))
    expect([text, parse.mock.calls[0]?.length]).toEqual([text, keeps ? 2 : 1])
  }
  parse.mockRestore()
})

const withMembers = (members: { readonly [name: string]: string }): string =>
  `{${Object.entries({ ...plain, ...members }).map(([name, text]) => `"${name}":${text}`).join(",")}}`

it("leaves the rest to JSON.parse, each record by itself", () => {
  const others = [
    withMembers({ symbol: "\"\\u0041\"" }),
    withMembers({ symbol: "\"é\"" }),
    withMembers({ price: "1e2" }),
    withMembers({ price: "1E2" }),
    withMembers({ price: "\"1e2\"" }),
    withMembers({ price: "1.500" }),
    withMembers({ size: "100000000000000.0" }),
    withMembers({ more: "{}" }),
    withMembers({ more: "[1]" }),
    withMembers({ more: "01" }),
    withMembers({ more: "\"é\"" }),
    withMembers({ "m\\u006fre": "1" }),
    withMembers({ möre: "1" }),
    withMembers({}).replace("}", ",\"size\":3}"),
    withMembers({ venue: "{}" })
  ]
  for (const text of others) expect([text, decode([withMembers({}), text, withMembers({})]).parsed]).toEqual([text, 1])
})

it("goes over plain members that the source does not know, wherever they stand", () => {
  for (const value of ["1", "-0.5e+3", "0", "1E400", "\"text\"", "\"\"", "true", "false", "null"]) {
    const more = `"more":${value}`
    for (const text of [withMembers({ more: value }), withMembers({}).replace("{", `{${more},`), withMembers({}).replaceAll(",", ` , ${more} , `)]) {
      const { parsed, refused, rows } = decode([withMembers({}), text, withMembers({})])
      expect([text, parsed, refused]).toEqual([text, 0, [null, null, null]])
      expect(rows[1]).toEqual(rows[0])
    }
  }
})

it("a number with a check of its own is looked at by that", () => {
  const { parsed, refused } = decode([withMembers({ lots: "300" }), withMembers({ lots: "250" })])
  expect(refused).toEqual([null, { reason: "invalid-field", detail: "\"lots\" is 250, not an integer" }])
  expect(parsed).toBe(2)
})

it("a string is known by its bytes once it has been seen, however many there are", () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `s${index * 7}`)
  const texts = [...names, ...names].map((name) => withMembers({ symbol: `"${name}"` }))
  const { batch, parsed, rows } = decode(texts)
  expect(rows.map(([symbol]) => symbol)).toEqual([...names, ...names])
  expect(batch.dictionary.texts.length).toBe(names.length)
  expect(parsed).toBe(0)
})

it("a time that is a string is not kept as one where nobody reads it", () => {
  const { definition } = Source.make("timed", {
    schema: Schema.Struct({ symbol: Schema.String, at: Schema.String }),
    key: "symbol",
    eventTime: { iso8601: "at", withoutZone: "UTC" }
  })
  const times = ["2024-11-25T14:30:00.123Z", "2024-11-25T14:30:00+01:00", "2024-11-25 14:30:00", "1969-12-31t23:59:59.9999-23:59"]
  for (const useOf of [undefined, () => "unread" as const]) {
    const dictionary = new Batch.Dictionary()
    const decoder = new Decoder(definition, dictionary, useOf)
    const batch = Batch.make(definition, dictionary, 0, times.length)
    const parse = vi.spyOn(JSON, "parse")
    for (const at of times) {
      const bytes = encoder.encode(`{"symbol":"A","at":"${at}"}`)
      expect(decoder.decode(bytes, 0, bytes.length, batch)).toBeNull()
    }
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
    if (useOf !== undefined) expect(Array.from(batch.columns[1]!)).toEqual(times.map(() => -1))
    expect(Array.from(batch.times)).toEqual([1732545000123, 1732541400000, 1732545000000, 86339999])
    expect(dictionary.texts).toEqual(useOf === undefined ? ["A", ...times].sort((a, b) => Number(b === "A") - Number(a === "A")) : ["A"])
  }
})
