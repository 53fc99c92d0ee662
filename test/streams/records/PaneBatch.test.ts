import { BigDecimal } from "effect"
import { expect, it } from "vitest"
import { Dictionary } from "../../../src/streams/records/Batch.ts"
import { PaneBatch, type Telling } from "../../../src/streams/records/PaneBatch.ts"
import { PaneRuns } from "../../../src/streams/records/PaneRuns.ts"

const shape = {
  pipeline: "sums",
  results: [{ name: "sum", form: { kind: "decimal", scale: 2 } }, { name: "rows", form: { kind: "number" } }, { name: "open", form: { kind: "boolean" } }],
  blank: { sum: null, rows: null, open: null }
} as const

const window: Telling = { start: 0, end: 60_000, kind: "on-time", watermark: 60_000, offset: -1 }

const batchOf = (keys: ReadonlyArray<string>, capacity: number): PaneBatch => {
  const dictionary = new Dictionary()
  const panes = new PaneBatch(shape, dictionary, capacity)
  for (const [row, key] of keys.entries()) {
    panes.add(window, Int32Array.of(dictionary.numberOf(key)), Float64Array.of(row + 1), 1, 0)
    panes.numbers[panes.placeOf(row, 0)] = 1_050 + row
    panes.numbers[panes.placeOf(row, 1)] = row
    panes.numbers[panes.placeOf(row, 2)] = row % 2
  }
  return panes
}

it("rows are as they were put in when there are more of them than there was room for", () => {
  const keys = Array.from({ length: 100 }, (_, i) => `K${i}`)
  const panes = batchOf(keys, 1)
  expect(keys.map((_, row) => panes.paneAt(row))).toEqual(keys.map((key, row) => ({
    pipeline: "sums",
    key,
    start: 0,
    end: 60_000,
    pane: "on-time",
    revision: 0,
    changes: row + 1,
    values: { sum: BigDecimal.make(BigInt(1_050 + row), 2), rows: row, open: row % 2 === 1 }
  })))
})

it("what is absent is null, what is no number is what it is, and a retracted pane has no values", () => {
  const panes = batchOf(["A", "B"], 1)
  panes.numbers[panes.placeOf(0, 0)] = NaN
  panes.numbers[panes.placeOf(1, 1)] = Infinity
  panes.others.set(panes.placeOf(1, 1), 2n ** 60n)
  panes.add({ ...window, kind: "retracted" }, Int32Array.of(0), Float64Array.of(3), 1, 1)
  expect(panes.valuesAt(0)["sum"]).toBeNull()
  expect(panes.valuesAt(1)["rows"]).toBe(2n ** 60n)
  expect(panes.paneAt(2).values).toEqual({})
})

it("whoever asks for objects gets the same ones, in the order of the runs", () => {
  const [one, other] = [batchOf(["A", "B", "C"], 3), batchOf(["X"], 1)]
  const runs = new PaneRuns()
  runs.add({ panes: one, from: 1, to: 3 })
  runs.add({ panes: other, from: 0, to: 1 })
  expect(runs.length).toBe(3)
  expect(runs.objects.map(({ key }) => key)).toEqual(["B", "C", "X"])
  expect(runs.objects).toBe(runs.objects)
})
