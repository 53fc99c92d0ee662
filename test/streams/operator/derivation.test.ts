/** Computed fields over all trades of the recorded session: exact, and none is refused. */
import { BigDecimal, Effect, Stream } from "effect"
import { expect, it } from "vitest"
import * as Recorded from "../../../src/adapters/recorded/Recorded.ts"
import { Aggregate, Events, Expr, Job, Pipeline, ticks, Window } from "../../../src/index.ts"
import { valueAt } from "../../../src/streams/records/Records.ts"

const turnover = ticks.pipe(
  Events.derive({ value: Expr.multiply("price", "size") }),
  Window.tumbling("1 day"),
  Aggregate.into({
    value: Aggregate.sum("value"),
    largest: Aggregate.max("value"),
    last: Aggregate.last("value"),
    sizeOfLargest: Aggregate.maxBy("size", "value"),
    trades: Aggregate.count
  }),
  Pipeline.named("turnover")
)

it("price times size over the recorded session refuses no row, and is exact where it is beyond 2^53", async () => {
  const job = new Job([turnover], { partitions: 1 })
  const totals = new Map<string, { value: bigint; largest: bigint; trades: number }>()
  let [offset, wide, refused] = [0, 0, 0]
  await Effect.runPromise(Stream.runForEach(Recorded.events, (chunk) =>
    Effect.sync(() => {
      const records = { ...chunk, partition: 0, offsets: Float64Array.from({ length: chunk.length }, (_, i) => offset + i), appendedAt: new Float64Array(chunk.length) }
      offset += chunk.length
      refused += job.take(records).unused.length
      for (let record = 0; record < chunk.length; record++) {
        const { price, size, symbol } = JSON.parse(Buffer.from(valueAt(records, record)).toString()) as { price: string; size: number; symbol: string }
        const value = BigDecimal.scale(BigDecimal.fromStringUnsafe(String(price)), 8).value * BigInt(size)
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) wide++
        const total = totals.get(symbol) ?? { value: 0n, largest: 0n, trades: 0 }
        totals.set(symbol, { value: total.value + value, largest: value > total.largest ? value : total.largest, trades: total.trades + 1 })
      }
    })))
  const found = job.close().panes.map(({ key, values }) => [key, values["value"], values["largest"], values["trades"]])
  const expected = [...totals].map(([symbol, { largest, trades, value }]) => [symbol, BigDecimal.make(value, 8), BigDecimal.make(largest, 8), trades])
  const texts = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => rows.map((row) => row.map(String).join(" ")).sort()
  expect(texts(found)).toEqual(texts(expected))
  expect({ refused, trades: offset, wide }).toEqual({ refused: 0, trades: 654_140, wide: 15 })
}, 120_000)
