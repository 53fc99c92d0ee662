/** A broken invariant ends a run and says what broke; it never becomes a wrong number. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { AccumulatorTable } from "../../../src/streams/operator/aggregates/AccumulatorTable.ts"
import { ExactSum } from "../../../src/streams/operator/aggregates/ExactSum.ts"
import { ExactTotal } from "../../../src/streams/operator/aggregates/Totals.ts"
import * as WindowAssigner from "../../../src/streams/operator/windowed/WindowAssigner.ts"
import { WindowOperator } from "../../../src/streams/operator/windowed/WindowOperator.ts"
import { type Aggregate as Aggregated, windowOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { finish } from "../../../src/streams/operator/Work.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const { checked } = quotes.pipe(Window.hopping(4, 2), Aggregate.into({ sum: Aggregate.sum("size") }), Pipeline.named("sums"))
const sessions = quotes.pipe(Window.session(2), Aggregate.into({ sum: Aggregate.sum("size") }), Pipeline.named("sessions"))

const rows = (signs: Int8Array | null) => {
  const empty = Batch.make(quotes.definition, new Batch.Dictionary(), 0, 3)
  const batch: Batch.Batch = { ...empty, length: 3, signs }
  batch.keys.fill(batch.dictionary.numberOf("A"))
  batch.offsets.set([7, 8, 9])
  batch.watermarks.fill(-Infinity)
  return { batch, keep: null, refused: [], outcomes: new Uint8Array(3), holds: new Uint8Array(3), others: Infinity, made: null }
}

it("a watermark that goes back ends the run", () => {
  for (const pipeline of [checked, sessions.checked]) {
    const operator = new WindowOperator("sums", windowOf(pipeline))
    finish(operator.advance(10))
    finish(operator.advance(10))
    expect(() => finish(operator.advance(9))).toThrow(`a broken invariant of "sums": its watermark went back from 10 to 9`)
    expect(() => finish(operator.advance(NaN))).toThrow("a broken invariant")
  }
})

it("a row that is to be taken back ends the run, since windows keep no rows", () => {
  const operator = new WindowOperator("sums", windowOf(checked))
  finish(operator.take(0, rows(null)))
  finish(operator.take(0, rows(Int8Array.of(1, 1, 1))))
  expect(() => finish(operator.take(0, rows(Int8Array.of(1, -1, 1))))).toThrow(
    `a broken invariant of "sums": row 8 of partition 0 is to be taken back, which its windows cannot do`
  )
})

it("a slot that has been given back is neither merged nor subtracted, reset nor given back again", () => {
  const slots = new AccumulatorTable("sums", windowOf(checked).aggregates)
  const [kept, gone] = [slots.allocate(), slots.allocate()]
  slots.release(gone)
  const uses: ReadonlyArray<readonly [use: () => void, done: string]> = [
    [() => slots.merge(kept, gone, slots.all), "merged"],
    [() => slots.merge(gone, kept, slots.all), "merged"],
    [() => slots.subtract(kept, gone), "subtracted"],
    [() => slots.subtract(gone, kept), "subtracted"],
    [() => slots.reset(gone), "reset"],
    [() => slots.release(gone), "reset"]
  ]
  for (const [use, done] of uses) expect(use).toThrow(`a broken invariant: slot ${gone} was ${done} after it had been given back`)
  expect(slots.size).toBe(1)
})

it("what the check refuses ends the run where it comes all the same", () => {
  const table = (aggregate: Partial<Aggregated>) => () => new AccumulatorTable("sums", [{ ...windowOf(checked).aggregates[0]!, ...aggregate }])
  expect(table({ field: null })).toThrow("the aggregate \"sum\" has no field")
  const { batch } = rows(null)
  const given = { batch, from: 0, to: 1, slots: new Int32Array(1) }
  const column = { index: 2, column: quotes.definition.columns[2]! }
  const custom = { create: () => 0, add: () => 0, merge: () => 0, result: () => 0, state: Schema.Int }
  const fed = (aggregate: Partial<Aggregated>) => () => table({ ...aggregate, preAggregated: column })().addPreAggregated(given)
  expect(fed({ op: "weightedMean", by: column })).toThrow("a weighted mean cannot be made from pre-aggregated values")
  expect(fed({ op: "custom", custom })).toThrow("a custom aggregate cannot be made from pre-aggregated values")
  expect(() => WindowAssigner.make({ kind: "session", gap: 1 }, null)).toThrow("session windows have no grid: they depend on the data")
})

it("a sum of integers is a bigint as long as a number cannot hold it", () => {
  const total = new ExactTotal({ index: 0, scale: null, sum: new ExactSum() })
  total.grow(1)
  total.reset(0)
  const add = (...values: ReadonlyArray<number>) =>
    total.addPreAggregated({ batch: rows(null).batch, from: 0, to: values.length, slots: new Int32Array(values.length) }, Float64Array.from(values), null)
  add(Number.MAX_SAFE_INTEGER)
  expect(total.result(0)).toBe(Number.MAX_SAFE_INTEGER)
  add(1)
  expect(total.result(0)).toBe(BigInt(Number.MAX_SAFE_INTEGER) + 1n)
  add(1)
  expect(total.result(0)).toBe(BigInt(Number.MAX_SAFE_INTEGER) + 2n)
  add(-2)
  expect(total.result(0)).toBe(Number.MAX_SAFE_INTEGER)
})
