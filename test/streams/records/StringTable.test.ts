/** Strings are found by their bytes wherever they lie, as in a map. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { StringTable } from "../../../src/streams/records/StringTable.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(`"${text}"`)

/** As it may stand in JSON without an escape. */
const plain = fc.string({ unit: fc.constantFrom(..."abcdefg !#[]~"), maxLength: 3 })

const find = (table: StringTable, text: string): number => {
  const bytes = bytesOf(text)
  return table.find(bytes, 1, bytes.length)
}

const add = (table: StringTable, text: string, number: number): void => {
  const bytes = bytesOf(text)
  table.add(bytes, 1, bytes.length - 1, number)
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

it("says where a text ends, and of one that JSON writes otherwise that it does not know", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab ~\"\\\n\u007fé😀"), maxLength: 6 }), (text) => {
    const table = new StringTable()
    const bytes = bytesOf(text)
    const isPlain = JSON.stringify(text) === `"${text}"` && /^[ -~]*$/.test(text)
    expect(table.find(bytes, 1, bytes.length)).toBe(-1)
    if (isPlain) expect(table.to).toBe(bytes.length - 1)
    else if (!text.includes("\"")) expect(table.to).toBe(-1)
  }))
})
