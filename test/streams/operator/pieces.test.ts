/** What the pieces of the windowed operators promise each other, where no result of a short run shows it. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { AccumulatorTable } from "../../../src/streams/operator/aggregates/AccumulatorTable.ts"
import { DeriveOperator } from "../../../src/streams/operator/results/DeriveOperator.ts"
import { ShownPanes } from "../../../src/streams/operator/results/ShownPanes.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"
import { EmittedPanes } from "../../../src/streams/operator/windowed/EmittedPanes.ts"
import { KeyedSlots, KeyedSlotsPool } from "../../../src/streams/operator/windowed/KeyedSlots.ts"
import { SlidingAggregation } from "../../../src/streams/operator/windowed/SlidingAggregation.ts"
import { StoredSessions } from "../../../src/streams/operator/windowed/StoredSessions.ts"
import * as WindowAssigner from "../../../src/streams/operator/windowed/WindowAssigner.ts"
import { emittedOf } from "../../../src/streams/operator/Operator.ts"
import { WindowOperator } from "../../../src/streams/operator/windowed/WindowOperator.ts"
import { derivesOf, windowOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { readerOf, stateOf } from "./written.ts"
import { finish, noWork } from "../../../src/streams/operator/Work.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const sums = { sum: Aggregate.sum("size") }
const hopping = windowOf(quotes.pipe(Window.hopping(4, 2), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.named("hopping")).checked)
const sessions = windowOf(quotes.pipe(Window.session(4), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.named("sessions")).checked)

/** Rows of keys, each with the watermark that its partition has when it comes. */
const batchOf = (rows: ReadonlyArray<readonly [key: string, time: number, watermark: number]>) => {
  const batch = Batch.make(quotes.definition, new Batch.Dictionary(), 0, rows.length)
  batch.length = rows.length
  rows.forEach(([key, time, watermark], i) => {
    batch.keys[i] = batch.dictionary.numberOf(key)
    batch.offsets[i] = i
    batch.times[i] = time
    batch.watermarks[i] = watermark
  })
  for (const column of batch.columns) column.fill(1)
  return { batch, keep: null, refused: [], outcomes: new Uint8Array(rows.length), holds: new Uint8Array(rows.length), others: Infinity, made: null }
}

describe("keyed slots", () => {
  it("give back the slots of keys that are not wanted, and know them no more", () => {
    const slots = new AccumulatorTable("hopping", hopping.aggregates)
    const pool = new KeyedSlotsPool(slots)
    const keyed = new KeyedSlots(pool)
    const [one, other] = [keyed.ensure(1), keyed.ensure(2)]
    finish(keyed.retain((slot) => slot === other) ?? noWork)
    expect([keyed.keys, keyed.get(1), keyed.get(2), pool.held, slots.size]).toEqual([[2], -1, other, 1, 1])
    expect(keyed.ensure(3)).toBe(one)
  })
})

describe("a sliding aggregation", () => {
  const slots = new AccumulatorTable("hopping", hopping.aggregates)
  const pool = new KeyedSlotsPool(slots)
  const { batch } = batchOf([["A", 0, 0]])
  const slice = (start: number, ...keys: ReadonlyArray<number>) => {
    const keyed = new KeyedSlots(pool)
    for (const key of keys) slots.add({ batch, from: 0, to: 1, slots: Int32Array.of(keyed.ensure(key)) }, slots.masks(batch))
    return { start, end: start + 2, slots: keyed }
  }
  const sumOf = (sliding: SlidingAggregation) => {
    const slot = slots.allocate()
    sliding.addTo(slot, 0)
    const { sum } = slots.result(slot, String)
    slots.release(slot)
    return sum
  }

  it("has no keys without rows in its window", () => {
    const sliding = new SlidingAggregation(pool)
    const all = [slice(0, 1, 0), slice(2, 0)]
    finish(sliding.moveTo(0, 4, all))
    expect([sliding.keys, sumOf(sliding)]).toEqual([[1, 0], 2])
    finish(sliding.moveTo(2, 6, all))
    expect([sliding.keys, sumOf(sliding)]).toEqual([[0], 1])
    finish(sliding.moveTo(4, 8, [...all, { start: 6, end: 8, slots: new KeyedSlots(pool) }]))
    expect(sliding.keys).toEqual([])
  })

  it("takes the slices in anew after it was reset", () => {
    const sliding = new SlidingAggregation(pool)
    const all = [slice(0, 0), slice(2, 0)]
    finish(sliding.moveTo(0, 4, all))
    sliding.reset()
    finish(sliding.moveTo(0, 4, all))
    expect([sliding.keys, sumOf(sliding)]).toEqual([[0], 2])
  })
})

describe("a window assigner of a calendar", () => {
  it("says the end of a window that nobody has asked for before", () => {
    const day = Date.UTC(2026, 10, 29)
    const { sliceEnd } = WindowAssigner.make({ kind: "calendar", unit: "day", timeZone: "UTC" }, null)
    expect(sliceEnd(day)).toBe(day + 86_400_000)
  })
})

describe("what was stored of sessions", () => {
  const session = { key: "A", start: 0, end: 10, revision: 0, changes: 1 }

  it("is kept as long as a row may still touch one", () => {
    const stored = new StoredSessions()
    stored.add(session)
    finish(stored.forgetBefore(10))
    expect(stateOf(stored).stored.entries).toBe(1)
    finish(stored.forgetBefore(11))
    expect(stateOf(stored).stored).toBe(undefined)
  })
})

describe("what was shown of sessions", () => {
  const pane = (start: number, changes: number): Pane => ({
    pipeline: "p",
    key: "A",
    start,
    end: start + 5,
    pane: "early",
    revision: 0,
    changes,
    values: {}
  })

  it("is known of each session of a key, until it is taken", () => {
    const shown = new ShownPanes()
    for (const start of [0, 10, 20]) shown.show(pane(start, 3), 2)
    expect(shown.take(pane(10, 0))).toMatchObject({ start: 10, end: 15, changes: 3, rows: 2 })
    expect(shown.take(pane(10, 0))).toBe(null)
    // One more row, and fewer rows in the sessions before: still one change more than was shown.
    expect(shown.show(pane(0, 1), 3).changes).toBe(4)
    expect(shown.take(pane(20, 0))?.changes).toBe(3)
    expect(shown.take(pane(0, 0))?.changes).toBe(4)
    expect(stateOf(shown).shown).toBe(undefined)
  })
})

describe("a snapshot", () => {
  it("of emitted panes is the same in whatever order they were emitted", () => {
    const dictionary = new Batch.Dictionary()
    const keys = ["B", "A", "C"].map((key) => dictionary.numberOf(key))
    const saved = (order: ReadonlyArray<number>, ends: ReadonlyArray<number>) => {
      const emitted = new EmittedPanes({ boundsOf: (end) => ({ start: end - 4, end }), windowOf: ({ end }) => end, textOf: (key) => dictionary.textOf(key) })
      for (const end of ends) for (const i of order) emitted.set(end, keys[i]!, { kind: "late", revision: 1, rows: i })
      return stateOf(emitted)
    }
    expect(saved([2, 0, 1], [8, 4])).toEqual(saved([0, 1, 2], [4, 8]))
  })

  it("of late rows is the same in whatever order they came", () => {
    const saved = (times: ReadonlyArray<number>) => {
      const operator = new WindowOperator("hopping", hopping)
      finish(operator.take(0, batchOf([["A", 20, -Infinity], ...times.map((time) => ["A", time, 13] as const)])))
      return stateOf(operator)
    }
    expect(saved([9, 5, 11])).toEqual(saved([11, 5, 9]))
  })
})

describe("a session", () => {
  const used = () => {
    const operator = new WindowOperator("sessions", sessions)
    finish(operator.take(0, batchOf([["A", 0, -Infinity]])))
    return operator
  }

  it("is due as soon as the watermark is past its end, whenever that is noticed", () => {
    const operator = used()
    finish(operator.advance(9))
    expect(emittedOf(operator.drain() ?? []).map(({ pane: { end }, watermark }) => [end, watermark])).toEqual([[4, 5]])
  })

  it("is let go when its lateness is over, and not before", () => {
    const operator = used()
    finish(operator.advance(9))
    expect(operator.size).toBe(1)
    finish(operator.advance(14))
    expect(operator.size).toBe(1)
    finish(operator.advance(15))
    expect(operator.size).toBe(0)
  })
})

describe("early panes", () => {
  it("come in the order of their ends, those of late rows among them", () => {
    const node = windowOf(quotes.pipe(Window.hopping(4, 2), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.emitOnUpdate({ every: 100 }), Pipeline.named("early")).checked)
    const operator = new WindowOperator("early", node)
    finish(operator.take(0, { ...batchOf([["A", 20, -Infinity], ["A", 9, 13], ["A", 120, 13]]), others: 0 }))
    expect(emittedOf(operator.drain() ?? []).map(({ pane: { end } }) => end)).toEqual([10, 12, 22, 24, 122, 124])
  })
})

describe("the size of a window operator", () => {
  it("is the number of states that it holds", () => {
    const operator = new WindowOperator("hopping", hopping)
    expect(operator.size).toBe(0)
    finish(operator.take(0, batchOf([["A", 0, -Infinity], ["B", 1, -1], ["A", 2, 0]])))
    expect(operator.size).toBe(3)
    finish(operator.advance(100))
    expect(operator.size).toBe(0)
  })
})

describe("a damaged state of results", () => {
  const node = quotes.pipe(Window.session(4), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.percentChange("change", "sum"), Pipeline.named("derived")).checked
  const make = () => new DeriveOperator("derived", derivesOf(node)[0]!, windowOf(node))
  const pane = (start: number, kind: Pane["pane"]): Pane =>
    ({ pipeline: "derived", key: "A", start, end: start + 4, pane: kind, revision: 0, changes: 1, values: { sum: start + 1 } })
  /** With something in each of its tables. */
  const used = () => {
    const operator = make()
    const take = (watermark: number, ...panes: ReadonlyArray<Pane>) =>
      finish(operator.take(0, panes.map((pane, offset) => ({ pane, rows: 1, watermark, offset }))))
    take(0, pane(0, "on-time"))
    finish(operator.advance(20))
    take(20, pane(20, "on-time"), pane(10, "late"), pane(30, "early"))
    return operator
  }
  const damaged = (table: string, columns: (before: Record<string, unknown>) => Record<string, unknown>) => () => {
    const state = stateOf(used())
    state[table].columns = columns(state[table].columns)
    make().restore(readerOf(state))
  }

  it("is refused where its progress is none", () => {
    for (const now of [NaN, 0.5, Infinity]) {
      const writer = new StateWriter()
      writer.table("progress", 1).numbers("now", Float64Array.of(now))
      expect(() => make().restore(new StateReader([writer.bytes!]))).toThrow("the progress of results is damaged")
    }
  })

  it("is refused where a table has a column that nobody asked for", () => {
    const tables = Object.keys(stateOf(used())).filter((name) => name !== "payload").sort()
    expect(tables).toEqual(["finals", "progress", "shown", "stale", "windows", "windows of [\"sum\"]"])
    for (const table of tables) {
      expect(damaged(table, (columns) => columns), table).not.toThrow()
      expect(damaged(table, (columns) => ({ ...columns, extra: Object.values(columns)[0] })), table).toThrow("extra")
    }
  })
})

it("what was stored of sessions is refused where it has a column that nobody asked for", () => {
  const stored = new StoredSessions()
  stored.add({ key: "A", start: 0, end: 10, revision: 0, changes: 1 })
  const state = stateOf(stored)
  state.stored.columns.extra = state.stored.columns.start
  expect(() => new StoredSessions().restore(readerOf(state))).toThrow("extra")
})
