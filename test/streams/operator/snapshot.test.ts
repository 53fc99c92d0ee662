/** What is written into a snapshot is read as it was, in few bytes; what is anything else is refused with a word that says what. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { StateError, StateReader, type TableReader, StateWriter, type TableWriter } from "../../../src/streams/operator/State.ts"
import { sectionOf, tablesOf } from "../../../src/testing/SnapshotText.ts"

const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(-0, NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32)
)

/** What a table gives back that was written, from bytes. */
const through = <A>(entries: number, write: (table: TableWriter) => void, read: (table: TableReader) => A): A => {
  const writer = new StateWriter()
  write(writer.table("all", entries))
  const reader = new StateReader(writer.bytes === null ? [] : [writer.bytes])
  const table = reader.table("all")
  expect(table.entries).toBe(entries)
  const found = read(table)
  table.end()
  reader.end()
  return found
}

const stateOf = (entries: number, write: (table: TableWriter) => void) => {
  const writer = new StateWriter()
  write(writer.table("all", entries))
  return JSON.parse(JSON.stringify(tablesOf(writer.bytes!)))
}

describe("a column", () => {
  it("of numbers comes back to the bit", () => {
    fc.assert(fc.property(fc.array(number, { minLength: 1 }), (values) => {
      const found = through(values.length, (table) => table.numbers("n", Float64Array.from(values)), (table) => table.numbers("n"))
      expect(Array.from(found)).toEqual(values)
    }))
  })

  it("of strings, integers and JSON does too", () => {
    const entry = fc.record({ text: fc.option(fc.string({ maxLength: 1 })), small: fc.integer(), large: fc.option(fc.bigInt()), json: fc.json() })
    fc.assert(fc.property(fc.array(entry, { minLength: 1 }), (entries) => {
      const beyond = new Map(entries.flatMap(({ large }, i) => large === null ? [] : [[i, large] as const]))
      const smalls = entries.map(({ small }) => small)
      const values = entries.map(({ json }) => JSON.parse(json))
      const found = through(entries.length, (table) => {
        table.strings("s", entries.map(({ text }) => text))
        table.integers("i", Float64Array.from(smalls), beyond)
        table.part("p").json("j", values)
      }, (table) => {
        const [strings, integers, part] = [table.strings("s"), table.integers("i"), table.part("p")]
        const json = part.json("j")
        part.end()
        return { strings, small: Array.from(integers.small), large: integers.large, json }
      })
      expect(found).toEqual({ strings: entries.map(({ text }) => text), small: smalls, large: beyond, json: JSON.parse(JSON.stringify(values)) })
    }))
  })

  it.each([
    ["nothing but one integer", [7, 7, 7], 0],
    ["integers within 256", [-5, 250], 1],
    ["integers 256 apart", [-5, 251], 2],
    ["integers within 65,536", [1e9, 1e9 + 65_535], 2],
    ["integers 65,536 apart", [1e9, 1e9 + 65_536], 4],
    ["integers within 2^32", [0, 2 ** 32 - 1], 4],
    ["integers 2^32 apart", [0, 2 ** 32], 8],
    ["no integers", [0.5, 1], 8],
    ["minus zero", [-0, 1], 8]
  ])("of %s takes as many bytes a number", (_, values, bytes) => {
    const { all, payload } = stateOf(values.length, (table) => table.numbers("n", Float64Array.from(values)))
    expect(all.columns.n).toMatchObject({ bytes, at: 0 })
    expect(Buffer.from(payload, "base64")).toHaveLength(bytes * values.length)
  })

  it("of strings has each one once, and says where they are only if one comes twice", () => {
    const column = (values: ReadonlyArray<string | null>) => stateOf(values.length, (table) => table.strings("s", values)).all.columns.s
    expect(column(["a", null, "b"])).toEqual({ different: ["a", null, "b"] })
    expect(column(["a", "b", "a"])).toMatchObject({ different: ["a", "b"], places: { bytes: 1 } })
  })

  it("is written once, and for every entry", () => {
    expect(() => stateOf(2, (table) => table.strings("s", ["a"]))).toThrow("the column \"s\" has 1 values, and its table 2 entries")
    expect(() => stateOf(1, (table) => {
      table.json("s", [1])
      table.strings("s", ["a"])
    })).toThrow("there are two columns \"s\"")
  })

  it("stands among the others by its name", () => {
    const names = ["b", "a", "É", "c"]
    const { all } = stateOf(1, (table) => {
      for (const name of names) table.json(name, [1])
      for (const name of names) table.part(name)
    })
    expect([Object.keys(all.columns), Object.keys(all.parts)]).toEqual([["a", "b", "c", "É"], ["a", "b", "c", "É"]])
  })

  it("has large integers in the order of their entries", () => {
    const { all } = stateOf(3, (table) => table.integers("i", new Float64Array(3), new Map([[2, 5n], [0, -6n]])))
    expect(all.columns.i.large).toEqual([[0, "-6"], [2, "5"]])
  })
})

describe("a section", () => {
  it("has no table without entries, and is none without tables", () => {
    const writer = new StateWriter()
    writer.table("empty", 0).json("j", [])
    expect(writer.bytes).toBe(null)
    writer.table("full", 1).json("j", [1])
    expect(Object.keys(tablesOf(writer.bytes!))).toEqual(["full", "payload"])
    expect([...new StateReader([writer.bytes!]).tables("empty")]).toEqual([])
  })

  it("may have a part of a table, in whatever order; a table that stands in one is refused where two have it", () => {
    const sections = [[1, 2], [3]].map((values) => {
      const writer = new StateWriter()
      // Whatever stands before them in the payload.
      writer.table("other", 1).numbers("n", Float64Array.of(0.5))
      writer.table("t", values.length).numbers("n", Float64Array.from(values, (value) => value * 300))
      return writer.bytes!
    })
    for (const all of [sections, sections.toReversed()]) {
      const reader = new StateReader(all)
      expect([...reader.tables("t")].flatMap((table) => [...table.numbers("n")]).sort()).toEqual([300, 600, 900])
      expect(() => reader.end()).toThrow("the snapshot has a table that nobody reads: \"other\"")
      expect([...reader.tables("other")].map((table) => [...table.numbers("n")])).toEqual([[0.5], [0.5]])
      expect(() => reader.end()).not.toThrow()
      expect(() => reader.table("t")).toThrow("the table \"t\"")
    }
  })

  it("is read wherever its bytes stand", () => {
    const writer = new StateWriter()
    writer.table("t", 3).numbers("n", Float64Array.of(0.5, 1.5, -2))
    const bytes = Buffer.concat([Buffer.from("abc"), writer.bytes!, Buffer.from("d")])
    const table = new StateReader([bytes.subarray(3, -1)]).table("t")
    expect([...table.numbers("n")]).toEqual([0.5, 1.5, -2])
  })

  it("that is too short, or shorter than it says, is refused", () => {
    const writer = new StateWriter()
    writer.table("t", 1).json("j", [1])
    const bytes = writer.bytes!
    for (let length = 0; length < bytes.length; length++) expect(() => new StateReader([bytes.subarray(0, length)])).toThrow(StateError)
    for (const at of [0, 4, 8]) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt32LE(2 ** 32 - 1, at)
      expect(() => new StateReader([damaged]), `the length at ${at}`).toThrow(StateError)
    }
  })
})

const two = { base: 0, bytes: 1, at: 0 }

const damaged = (what: string) => `the snapshot is damaged: ${what}`

const tableWith = (columns: unknown, parts: unknown = {}, entries: unknown = 2) => ({ t: { entries, columns, parts } })

describe("a state is refused", () => {
  const read = (tables: { readonly [name: string]: unknown }, use: (table: TableReader) => unknown, payload = "AQI=") => () => {
    const reader = new StateReader([sectionOf({ ...tables, payload })])
    const table = reader.table("t")
    use(table)
    table.end()
    reader.end()
  }
  const numbers = (table: TableReader) => table.numbers("c")
  const strings = (table: TableReader) => table.strings("c")
  const integers = (table: TableReader) => table.integers("c")

  const refused: ReadonlyArray<readonly [what: string, tables: { readonly [name: string]: unknown }, use: (table: TableReader) => unknown, why: string, payload?: string]> = [
    ["without the table", {}, numbers, damaged("the table \"t\"")],
    ["whose table is a list", { t: [] }, numbers, damaged("the table \"t\"")],
    ["whose table is null", { t: null }, numbers, damaged("the table \"t\"")],
    ["without a number of entries", tableWith({}, {}, null), numbers, damaged("the number of entries of \"t\"")],
    ["with no entries", tableWith({}, {}, 0), numbers, damaged("the number of entries of \"t\"")],
    ["with more entries than there can be", tableWith({}, {}, 2 ** 26 + 1), numbers, damaged("the number of entries of \"t\"")],
    ["with less than no entries", tableWith({}, {}, -1), numbers, damaged("the number of entries of \"t\"")],
    ["with half an entry", tableWith({}, {}, 0.5), numbers, damaged("the number of entries of \"t\"")],
    ["without columns", tableWith(null), numbers, damaged("the columns of \"t\"")],
    ["without parts", tableWith({}, null), numbers, damaged("the parts of \"t\"")],
    ["without the column", tableWith({}), numbers, damaged("t.c")],
    ["without the part", tableWith({}), (table) => table.part("p"), damaged("t.p")],
    ["with a column more", tableWith({ c: two, d: two }), numbers, "the snapshot has a column of \"t\" that nobody reads: \"d\""],
    ["with a part more", tableWith({ c: two }, { p: {} }), numbers, "the snapshot has a part of \"t\" that nobody reads: \"p\""],
    ["with a table more", { ...tableWith({ c: two }), u: {} }, numbers, "the snapshot has a table that nobody reads: \"u\""],
    ["whose numbers are too few", tableWith({ c: two }), numbers, damaged("t.c"), "AQ=="],
    ["whose numbers stand behind the end", tableWith({ c: { ...two, at: 1 } }), numbers, damaged("t.c")],
    ["whose numbers stand before the beginning", tableWith({ c: { ...two, at: -1 } }), numbers, damaged("t.c")],
    ["whose numbers stand between two bytes", tableWith({ c: { ...two, at: 0.5 } }), numbers, damaged("t.c"), "AQIDBA=="],
    ["whose numbers stand at a text", tableWith({ c: { ...two, at: "0" } }), numbers, damaged("t.c")],
    ["whose numbers stand nowhere", tableWith({ c: { base: 0, bytes: 1 } }), numbers, damaged("t.c")],
    ["all of whose numbers are the same, and stand behind the end", tableWith({ c: { base: 0, bytes: 0, at: 3 } }), numbers, damaged("t.c")],
    ["whose numbers begin nowhere", tableWith({ c: { ...two, base: 0.5 } }), numbers, damaged("t.c")],
    ["whose numbers begin at a text", tableWith({ c: { ...two, base: "0" } }), numbers, damaged("t.c")],
    ["whose numbers have 3 bytes", tableWith({ c: { base: 0, bytes: 3, at: 0 } }), numbers, damaged("t.c"), "AQIDBAUG"],
    ["whose doubles begin at 1", tableWith({ c: { base: 1, bytes: 8, at: 0 } }), numbers, damaged("t.c"), "AAAAAAAA8D8AAAAAAADwPw=="],
    ["whose column is null", tableWith({ c: null }), numbers, damaged("t.c")],
    ["with NaN for a whole number", tableWith({ c: { base: 0, bytes: 8, at: 0 } }), (table) => table.wholeNumbers("c"), damaged("t.c"), "AAAAAAAA8D8AAAAAAAD4fw=="],
    ["with NaN for a finite number", tableWith({ c: { base: 0, bytes: 8, at: 0 } }), (table) => table.finiteNumbers("c"), damaged("t.c"), "AAAAAAAA8D8AAAAAAAD4fw=="],
    ["whose strings are numbers", tableWith({ c: { different: ["a", 1] } }), strings, damaged("t.c")],
    ["whose strings are none", tableWith({ c: { different: "ab" } }), strings, damaged("t.c")],
    ["whose strings are null", tableWith({ c: null }), strings, damaged("t.c")],
    ["whose strings are too few", tableWith({ c: { different: ["a"] } }), strings, damaged("t.c")],
    ["whose places are none", tableWith({ c: { different: ["a"], places: {} } }), strings, damaged("t.c")],
    ["whose places have no string", tableWith({ c: { different: ["a", "b"], places: two } }), strings, damaged("t.c")],
    ["that lacks a text", tableWith({ c: { different: ["a", null] } }), (table) => table.texts("c"), damaged("t.c")],
    ["whose JSON is too little", tableWith({ c: [1] }), (table) => table.json("c"), damaged("t.c")],
    ["whose JSON is no list", tableWith({ c: { length: 2 } }), (table) => table.json("c"), damaged("t.c")],
    ["whose integers are halves", tableWith({ c: { small: { base: 0, bytes: 8, at: 0 }, large: [] } }), integers, damaged("t.c"), "AAAAAAAA8D8AAAAAAADgPw=="],
    ["whose large integers are no list", tableWith({ c: { small: two, large: {} } }), integers, damaged("t.c")],
    ["whose small integers are too few", tableWith({ c: { small: two, large: [] } }), integers, damaged("t.c"), "AQ=="],
    ["whose places are too few", tableWith({ c: { different: ["a", "b"], places: two } }), strings, damaged("t.c"), "AQ=="],
    ["without small integers", tableWith({ c: { large: [] } }), integers, damaged("t.c")],
    ["with a large integer of no entry", tableWith({ c: { small: two, large: [[2, "1"]] } }), integers, damaged("t.c")],
    ["with a large integer before the first", tableWith({ c: { small: two, large: [[-1, "1"]] } }), integers, damaged("t.c")],
    ["with a large integer between entries", tableWith({ c: { small: two, large: [[0.5, "1"]] } }), integers, damaged("t.c")],
    ["with a large integer that is a number", tableWith({ c: { small: two, large: [[0, 1]] } }), integers, damaged("t.c")],
    ["with a large integer of no digits", tableWith({ c: { small: two, large: [[0, "-"]] } }), integers, damaged("t.c")],
    ["with a large integer that is more", tableWith({ c: { small: two, large: [[0, "1n"]] } }), integers, damaged("t.c")],
    ["with a large integer before which is more", tableWith({ c: { small: two, large: [[0, " 1"]] } }), integers, damaged("t.c")],
    ["with a large integer that is no pair", tableWith({ c: { small: two, large: [null] } }), integers, damaged("t.c")],
    ["of which a part's column is not read", tableWith({ c: two }, { p: { columns: { d: two }, parts: {} } }), (table) => {
      table.numbers("c")
      table.part("p").end()
    }, "the snapshot has a column of \"t.p\" that nobody reads: \"d\""]
  ]

  it.each(refused.map((each) => [each[0], each] as const))("%s", (_, [, tables, use, why, payload]) => {
    expect(read(tables, use, payload)).toThrow(new StateError(why))
  })

  it("with an error of its own", () => {
    expect(read({}, numbers)).toThrow(expect.objectContaining({ name: "StateError" }))
    expect(read(tableWith({ c: two }), numbers)).not.toThrow()
    expect(read(tableWith({ c: { small: two, large: [[0, "-12"], [1, "3"]] } }), integers)).not.toThrow()
  })
})
