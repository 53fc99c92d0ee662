/** Routing loses nothing, keeps the order of each key, and puts what it cannot read where it becomes a dead letter. */
import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { ticks } from "../../../src/analytics/ticks.ts"
import { partitionOf } from "../../../src/streams/records/Partitioner.ts"
import { fromTexts, Kind, valueAt } from "../../../src/streams/records/Records.ts"
import { Router } from "../../../src/streams/records/Router.ts"

const record = fc.oneof(
  fc.record({ symbol: fc.constantFrom("AAPL", "MSFT", "BTC-USD", "^GSPC"), time: fc.nat(), price: fc.constant("1.5"), size: fc.nat(9) }).map(
    (tick) => ({ symbol: tick.symbol, text: JSON.stringify(tick) })
  ),
  fc.constantFrom("", "poison", "{", "{}").map((text) => ({ symbol: null, text }))
)

it("the beginning of an event that was too long is not read, whatever it looks like", () => {
  const texts = ["AAPL", "MSFT", "NVDA", "AMZN"].map((symbol) => JSON.stringify({ symbol, time: 1, price: "1", size: 1 }))
  const parts = new Router(12, { source: ticks.definition }).route(fromTexts(texts, Kind.truncated))
  assert.deepStrictEqual(parts.map(({ chunk, partition }) => [partition, chunk.length]), [[0, 4]])
})

it("every record comes to the partition of its key, in its order, and the position to the last part", () =>
  fc.assert(fc.property(fc.array(record), fc.integer({ min: 1, max: 12 }), (records, partitions) => {
    const chunk = fromTexts(records.map(({ text }) => text), Kind.event, "position")
    const parts = new Router(partitions, { source: ticks.definition }).route(chunk)
    const found = new Map(parts.map(({ chunk, partition }) =>
      [partition, Array.from({ length: chunk.length }, (_, i) => Buffer.from(valueAt(chunk, i)).toString())] as const))
    assert.strictEqual(found.size, parts.length, "one part a partition")
    for (let partition = 0; partition < partitions; partition++) {
      const expected = records
        .filter(({ symbol }) => (symbol === null ? 0 : partitionOf(Buffer.from(symbol), partitions)) === partition)
        .map(({ text }) => text)
      assert.deepStrictEqual(found.get(partition) ?? [], expected)
    }
    assert.deepStrictEqual(parts.map(({ chunk }) => chunk.position), parts.map((_, i) => i === parts.length - 1 ? "position" : undefined))
  })))
