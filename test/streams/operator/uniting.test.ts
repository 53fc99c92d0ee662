/** Rows of two sources whose fields stand in another order. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Events, Job, Pipeline, Row, Source } from "../../../src/index.ts"
import { records } from "../../../src/testing/Harness.ts"

const fields = { symbol: Schema.String, time: Schema.Int, size: Schema.Int, venue: Schema.optionalKey(Schema.String) }
const one = Source.make("one", { schema: Schema.Struct(fields), key: "symbol", eventTime: "time" })
const { size, symbol, time, venue } = fields
const other = Source.make("other", { schema: Schema.Struct({ venue, size, time, symbol }), key: "symbol", eventTime: "time" })

it("each field is where the first side has it", () => {
  const job = new Job([one.pipe(Events.union(other), Pipeline.named("both"))], { partitions: 1 })
  const { rows } = job.take(records(0, 0, [`{"symbol":"A","time":1,"size":2,"venue":"N"}`]))
  const values = { symbol: "A", time: 1, size: 2, venue: "N" }
  expect(rows.map((row) => [row.place.source, Row.encode(row).values])).toEqual([["one", values], ["other", values]])
})
