/** Strings are found by their bytes wherever they lie, as in a map. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { StringTable } from "../../../src/streams/records/StringTable.ts"

/** Bytes behind the text that are looked at. */
const room = 3

const bytesOf = (text: string) => new TextEncoder().encode(`"${text}"${"~".repeat(room)}`)

/** As it may stand in JSON without an escape. */
const plain = fc.string({ unit: fc.constantFrom(..."abcdefg !#[]~"), maxLength: 3 })

const find = (table: StringTable, text: string): number => {
  const bytes = bytesOf(text)
  return table.find(new DataView(bytes.buffer), 1, bytes.length - room)
}

const add = (table: StringTable, text: string, number: number): void => {
  const bytes = bytesOf(text)
  table.add(bytes, 1, bytes.length - room - 1, number)
}

it("finds what was added, with its number, and nothing else", () => {
  fc.assert(fc.property(fc.array(plain, { maxLength: 300, size: "max" }), fc.array(plain), (added, others) => {
    const table = new StringTable()
    const model = new Map<string, number>()
    for (const [index, text] of added.entries()) {
      expect(find(table, text)).toBe(model.get(text) ?? -1)
      if (model.has(text)) continue
      add(table, text, index * 2)
      model.set(text, index * 2)
    }
    for (const text of [...added, ...others, ...added.map((text) => `${text}!`)]) expect(find(table, text)).toBe(model.get(text) ?? -1)
  }))
})

it("keeps 131,072 strings, and no more", () => {
  const table = new StringTable()
  const most = 131_072
  for (let number = 0; number <= most; number++) add(table, `${number}`, number)
  for (const number of [0, 1, 127, 128, 129, 1_000, most - 1]) expect(find(table, `${number}`)).toBe(number)
  expect(find(table, `${most}`)).toBe(-1)
})

it("a text of which only the beginning is known, or which ends behind what is read, is not known", () => {
  const table = new StringTable()
  for (const text of ["", "a", "abcd", "abcdefg"]) add(table, text, text.length)
  expect(["", "a", "ab", "abcd", "abcde", "abcdefg", "abcdefgh"].map((text) => find(table, text))).toEqual([0, 1, -1, 4, -1, 7, -1])
  const bytes = bytesOf("abcdefg")
  for (let end = 1; end <= 8; end++) expect(table.find(new DataView(bytes.buffer), 1, end)).toBe(-1)
  expect(table.find(new DataView(bytes.buffer), 1, 9)).toBe(7)
  expect(table.to).toBe(8)
})
