/** Routing loses nothing, keeps the order of each key, and puts what it cannot read where it becomes a dead letter. */
import { assert, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { Writer } from "../../../src/adapters/kafka/wire/LogRecords.ts"
import { ticks } from "../../../src/analytics/ticks.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import type { Definition } from "../../../src/streams/pipeline/Source.ts"
import { partitionOf } from "../../../src/streams/records/Partitioner.ts"
import { fromBytes, fromTexts, Kind, valueAt } from "../../../src/streams/records/Records.ts"
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

it("a key of several fields is routed, and written to Kafka, as its one string; that of none as the empty one", () => {
  const schema = Schema.Struct({ exchange: Schema.String, lot: Schema.optional(Schema.Int), at: Schema.String })
  const of = (key: ReadonlyArray<"exchange" | "lot">) =>
    Source.make("lots", { schema, key, eventTime: { iso8601: "at" } }).definition
  const lots = [1, 2, 3, 4, null].map((lot) => JSON.stringify({ exchange: "XNYS", lot, at: "2024-11-25T14:30:00Z" }))
  const chunk = fromTexts(lots)
  const keys = (source: Definition) =>
    new Writer({ source }).messages(chunk, { now: 2e12, sequence: 0, id: "" }).map(({ key }) => key?.toString())
  assert.deepStrictEqual(keys(of(["exchange", "lot"])), [...[1, 2, 3, 4].map((lot) => `["XNYS",${lot}]`), undefined])
  assert.deepStrictEqual(keys(of(["lot"])), ["1", "2", "3", "4", undefined])
  assert.deepStrictEqual(keys(of([])), ["", "", "", "", ""])
  for (const key of [["exchange", "lot"], ["lot"], []] as const) {
    const parts = new Router(7, { source: of(key) }).route(chunk)
    const placed = parts.flatMap(({ chunk, partition }) =>
      Array.from({ length: chunk.length }, (_, i) => `${partition} ${Buffer.from(valueAt(chunk, i)).toString()}`))
    const expected = keys(of(key)).map((key, i) => `${key === undefined ? 0 : partitionOf(Buffer.from(key), 7)} ${lots[i]}`)
    assert.deepStrictEqual(placed.sort(), expected.sort())
  }
})

it("pre-aggregated records are read as those of their own source, and go to the partition of their key there", () => {
  const bars = Source.make("bars", {
    schema: Schema.Struct({ name: Schema.String, start: Schema.Int }),
    key: "name",
    eventTime: "start"
  }).definition
  const names = ["AAPL", "MSFT", "NVDA", "AMZN", "TSLA", "BTC-USD"]
  const texts = names.flatMap((name) => [JSON.stringify({ name, start: 1 }), JSON.stringify({ symbol: name, time: 1, price: "1", size: 1 })])
  const beginnings = names.map((name) => JSON.stringify({ name, start: 1 }))
  const chunk = fromBytes(
    [...texts.map((text) => Buffer.from(text)), ...beginnings.map((text) => Buffer.from(text)), null],
    [...texts.map((_, i) => i % 2 === 0 ? Kind.preAggregated : Kind.event), ...beginnings.map(() => Kind.truncated), Kind.event]
  )
  const parts = (preAggregated: Definition | undefined) =>
    new Router(5, { source: ticks.definition, preAggregated }).route(chunk).flatMap(({ chunk, partition }) =>
      Array.from({ length: chunk.length }, (_, i) => [partition, chunk.kinds[i], Buffer.from(valueAt(chunk, i)).toString()] as const))
  const expected = (knows: boolean) => [
    ...texts.map((text, i) => {
      const isBar = i % 2 === 0
      const partition = isBar && !knows ? 0 : partitionOf(Buffer.from(names[i >> 1] ?? ""), 5)
      return [partition, isBar ? Kind.preAggregated : Kind.event, text] as const
    }),
    ...beginnings.map((text) => [0, Kind.truncated, text] as const),
    [0, Kind.event, ""] as const
  ]
  assert.sameDeepMembers([...parts(bars)], expected(true))
  assert.sameDeepMembers([...parts(undefined)], expected(false))
  assert.deepStrictEqual(new Router(5, { source: ticks.definition }).route(fromTexts([])), [{ partition: 0, chunk: fromTexts([]) }])
})
