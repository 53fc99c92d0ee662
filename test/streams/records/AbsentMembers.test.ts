/** What a record lacks is absent, whatever was read before it, and however. */
import { expect, it } from "vitest"
import { ticks } from "../../../src/analytics/ticks.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Pipeline } from "../../../src/streams/pipeline/index.ts"
import { ofRows } from "../../../src/streams/records/Records.ts"
import { records } from "../../../src/testing/Harness.ts"

it("after lines and rows in turn", () => {
  const job = new Job([ticks.pipe(Pipeline.named("all"))], { partitions: 1 })
  const line = `{"symbol":"A","time":0,"price":"1","size":1}`
  const row = { symbol: "A", time: 0, price: "1", size: 1, priceForming: false, tradeId: "T", splitFactor: "4" }
  const outputs = [records(0, 0, [line]), ofRows([row], 0, 1, 0), records(0, 2, [line, line])].map((some) => job.take(some))
  const seen = outputs.flatMap(({ rows }) => rows.map(({ values: { priceForming, tradeId } }) => [priceForming, tradeId]))
  expect(seen).toEqual([[null, null], [false, "T"], [null, null], [null, null]])
})
