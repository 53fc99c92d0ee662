/** Strings are found by their bytes wherever they lie, as in a map. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Schema } from "effect"
import { Source } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { RunReader } from "../../../src/streams/records/RunReader.ts"

const { definition } = Source.make("texts", { schema: Schema.Struct({ text: Schema.String, time: Schema.Int }), key: "text", eventTime: "time" })

/** As it may stand in JSON without an escape. */
const plain = fc.string({ unit: fc.constantFrom(..."abcdefg !#[]~"), maxLength: 40, size: "max" })

const encoder = new TextEncoder()

/** Reads texts in one run each, and gives their numbers. */
const reading = () => {
  const dictionary = new Batch.Dictionary()
  const runs = new RunReader(definition, dictionary, () => "compared")
  const columns = [new Float64Array(1), new Float64Array(1)]
  return {
    dictionary,
    read: (text: string): number => {
      const bytes = encoder.encode(`{"text":"${text}","time":0}`)
      runs.take({ bytes, starts: Int32Array.of(0), ends: Int32Array.of(bytes.length) }, 0, 1)
      expect(runs.read(0)).toBe(1)
      runs.store(columns, 0, 1)
      return columns[0]![0]!
    }
  }
}

it("each text has its number, and no other text has it", () => {
  fc.assert(fc.property(fc.array(plain, { maxLength: 300, size: "max" }), (texts) => {
    const { dictionary, read } = reading()
    const model = new Map<string, number>()
    for (const text of [...texts, ...texts, ...texts.map((text) => `${text}!`)]) {
      if (!model.has(text)) model.set(text, model.size)
      expect([text, read(text)]).toEqual([text, model.get(text)])
    }
    expect(dictionary.texts).toEqual([...model.keys()])
  }))
})

it("more than 131,072 texts are numbered in the dictionary, and the first ones are found without it", () => {
  const { dictionary, read } = reading()
  const most = 131_072
  for (let number = 0; number < most + 10; number++) read(`${number}`)
  dictionary.numberOf = () => -2
  for (const number of [0, 1, 127, 128, 129, 1_000, most - 1]) expect(read(`${number}`)).toBe(number)
  expect(read(`${most}`)).toBe(-2)
})
