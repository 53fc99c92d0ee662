/** Records that look like one before, where that one had much between its values, and what lies behind a record looks like it. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Source } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { Decoder } from "../../../src/streams/records/Decoder.ts"

const { definition } = Source.make("trades", {
  schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "symbol",
  eventTime: "time"
})

/** The first record, and then a piece of the same bytes, with so many others behind it. */
const readTwice = (record: string, length: number, behind: number) => {
  const dictionary = new Batch.Dictionary()
  const batch = Batch.make(definition, dictionary, 0, 8)
  const decoder = new Decoder(definition, dictionary)
  const text = new TextEncoder().encode(record)
  // Room behind it, so that it is read where it lies.
  const spacious = new Uint8Array(text.length + 1_000)
  spacious.set(text)
  expect(decoder.decode(spacious, 0, text.length, batch)).toBeNull()
  const again = new Uint8Array(length + behind)
  again.set(spacious.subarray(0, length + behind))
  return decoder.decode(again, 0, length, batch)?.reason ?? "read"
}

it.each([0, 10, 100, 1_000])("what stands between values may be long: %d bytes, and the buffer may end anywhere behind the record", (long) => {
  const record = `{"symbol":"A",${" ".repeat(long)}"time":1,"${"x".repeat(long)}":2,"size":3}`
  for (let length = 1; length <= record.length; length += 1 + Math.floor(long / 100)) {
    for (const behind of [0, 50, 100, 130, 200, 400]) {
      expect([length, behind, readTwice(record, length, behind)]).toEqual([length, behind, length < record.length ? "not-json" : "read"])
    }
  }
})

it("a record ends where it ends, whatever lies behind it", () => {
  const record = "{\"symbol\":\"A\",\"time\":12,\"size\":345}"
  for (let length = 1; length < record.length; length++) expect([length, readTwice(record, length, 500)]).toEqual([length, "not-json"])
})
