/** What a source refuses to be, in words that name the field and say what to do. What its rows are is a law. */
import { Option, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Decimal } from "../../../src/domain/Decimal.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"

const fields = {
  id: Schema.String,
  lot: Schema.Int,
  open: Schema.Boolean,
  side: Schema.Literals(["buy", "sell"]),
  at: Schema.Int,
  written: Schema.String,
  price: Decimal({ scale: 2, limit: 1_000 }),
  ratio: Schema.Finite
}

const schema = Schema.Struct(fields)

/** As a file whose types nobody has checked has it. */
const make = (options: object) => () => Source.make("rows", { schema, key: "id", eventTime: "at", ...options })

describe("a source is refused", () => {
  const refused: Readonly<Record<string, readonly [options: object, message: RegExp]>> = {
    "whose key is a double": [{ key: "ratio" }, /key of "rows" cannot be "ratio", a double.*Schema\.Int/],
    "whose key is a decimal": [{ key: ["id", "price"] }, /cannot be "price", a decimal.*Schema\.String/],
    "whose key is no field": [{ key: "ids" }, /key of "rows" is no field: "ids" is not among id, lot, open/],
    "whose key names a field twice": [{ key: ["id", "id"] }, /names a field twice/],
    "without a key": [{ key: undefined }, /key of "rows" is no field: "undefined"/],
    "whose times are in an unknown zone": [{ eventTime: { iso8601: "written", withoutZone: "CET" } }, /"CET" is neither/],
    "whose time is no field": [{ eventTime: "time" }, /event time of "rows" is no field: "time"/],
    "whose time is a string without a form": [{ eventTime: "written" }, /"written" is of kind string: declare \{ iso8601: "written" \}/],
    "whose time is a decimal without a unit": [{ eventTime: "price" }, /\{ seconds: "price" \}/],
    "whose seconds are doubles": [{ eventTime: { seconds: "ratio" } }, /"ratio" is of kind double: declare Schema\.Int, or Decimal/],
    "whose seconds are a string": [{ eventTime: { seconds: "written" } }, /declare \{ iso8601: "written" \}/],
    "whose string of a time is a number": [{ eventTime: { iso8601: "at" } }, /"at" for milliseconds, or \{ seconds: "at" \}/],
    "with a list": [{ schema: Schema.Struct({ ...fields, tags: Schema.Array(Schema.String) }) }, /"tags" \(Arrays\) has no column/],
    "with values of two kinds": [
      { schema: Schema.Struct({ ...fields, either: Schema.Union([Schema.String, Schema.Int]) }) },
      /"either" \(Union\) has no column/
    ],
    "with literals that are no strings": [{ schema: Schema.Struct({ ...fields, one: Schema.Literal(1) }) }, /"one" \(Literal\) has no column/],
    "with a record of any names": [
      { schema: Schema.Struct({ ...fields, any: Schema.Record(Schema.String, Schema.Int) }) },
      /the field "any" is no struct of fields with names/
    ],
    "with an empty struct": [{ schema: Schema.Struct({ ...fields, none: Schema.Struct({}) }) }, /"none" is a struct without fields/],
    "with a check over several fields": [
      { schema: schema.check(Schema.makeFilter(({ at, lot }) => at > lot)) },
      /the schema has a check over several fields.*Events\.where/
    ],
    "with two fields of one path": [
      { schema: Schema.Struct({ ...fields, "a.b": Schema.Int, a: Schema.Struct({ b: Schema.Int }) }) },
      /two fields are called "a\.b"/
    ]
  }
  for (const [what, [options, message]] of Object.entries(refused)) it(what, () => expect(make(options)).toThrow(message))
})

describe("a key is decoded", () => {
  const of = <const K extends "id" | "lot" | "open" | "side">(key: K | ReadonlyArray<K>) =>
    Source.make("rows", { schema, key, eventTime: "at" })

  it("into the values of its fields", () => {
    expect(Source.decodeKey(of("id"), "007")).toEqual(Option.some({ id: "007" }))
    expect(Source.decodeKey(of("lot"), "-7")).toEqual(Option.some({ lot: -7 }))
    expect(Source.decodeKey(of("open"), "false")).toEqual(Option.some({ open: false }))
    expect(Source.decodeKey(of(["id", "lot", "open"]), `["7",7,true]`)).toEqual(Option.some({ id: "7", lot: 7, open: true }))
    expect(Source.decodeKey(of([]), "")).toEqual(Option.some({}))
  })

  it("only from its one string", () => {
    for (const key of ["007", "1.5", "", "-0", "1e3", " 1", "9007199254740993"]) {
      expect(Source.decodeKey(of("lot"), key), key).toEqual(Option.none())
    }
    for (const key of ["True", "", "1"]) expect(Source.decodeKey(of("open"), key), key).toEqual(Option.none())
    for (const key of [`["7","7"]`, `["7"]`, `["7",7,7]`, `["7", 7]`, `[7,7]`, "7", "{}", ""]) {
      expect(Source.decodeKey(of(["id", "lot"]), key), key).toEqual(Option.none())
    }
    expect(Source.decodeKey(of("side"), "hold")).toEqual(Option.none())
    expect(Source.decodeKey(of([]), "x")).toEqual(Option.none())
  })
})
