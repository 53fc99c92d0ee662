/** Records are read one at a time, apart from any batch. */
import { assert, it } from "@effect/vitest"
import { ticks } from "../../../src/analytics/ticks.ts"
import { RecordReader } from "../../../src/streams/records/RecordReader.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"

it("a record is read by itself: its key, its time, and those of no record before it, however many keys there have been", () => {
  const reader = new RecordReader(ticks.definition)
  const most = 262_144
  const chunk = fromTexts([
    ...Array.from({ length: most + 3 }, (_, i) => `{"symbol":"S${i}","time":${i},"price":"1","size":1}`),
    "poison",
    `{"symbol":"S1","time":7,"price":"1","size":1}`
  ])
  for (let i = 0; i < most + 3; i++) {
    if (!reader.read(chunk, i) || reader.key !== `S${i}` || reader.time !== i) assert.fail(`record ${i} is read as ${reader.key} at ${reader.time}`)
  }
  assert.isFalse(reader.read(chunk, most + 3))
  assert.isTrue(reader.read(chunk, most + 4))
  assert.deepStrictEqual([reader.key, reader.time], ["S1", 7])
})
