/**
 * Hopping windows of mean, volume and count, every result of which is read: the engine's operator, a bare loop over typed
 * arrays that does the same arithmetic and nothing else, and the obvious version that keeps an object for each window of each
 * key.
 */
import { BigDecimal } from "effect"
import { ticks } from "../src/analytics/ticks.ts"
import * as Batch from "../src/streams/records/Batch.ts"
import { Aggregate, Pipeline, Window } from "../src/streams/pipeline/index.ts"
import type { Pane } from "../src/streams/pipeline/Pane.ts"
import { OperatorGraph } from "../src/streams/engine/OperatorGraph.ts"
import { type EmittedPanes, emittedOf } from "../src/streams/operator/Operator.ts"
import { PaneBatch } from "../src/streams/records/PaneBatch.ts"
import { finish } from "../src/streams/operator/Work.ts"
import { inputOf } from "../src/streams/pipeline/Checked.ts"
import * as Benchmark from "./Benchmark.ts"
import type { Curve } from "./Curve.ts"
import { cpuOf, inTurn, medianOf, ratios } from "./Measure.ts"
import { advance, batches } from "./Ticks.ts"

/** Windows an event belongs to. */
export type Overlap = number

const pipeline = (overlap: Overlap) =>
  ticks.pipe(
    Window.hopping(overlap * advance, advance),
    Aggregate.into({ mean: Aggregate.mean("price"), volume: Aggregate.sum("size"), trades: Aggregate.count }),
    Pipeline.named("bench")
  )

/** @param closing does what closes windows and reads them, once a batch */
export const engine = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap, closing = (close: () => void): void => close(), readAll = readColumns): Read => {
  const { checked } = pipeline(overlap)
  const source = inputOf(checked).events
  const operator = new OperatorGraph(checked)
  const all = nothing()
  for (const batch of batches) {
    finish(operator.take(source, batch, Infinity))
    closing(() => {
      // Panes are handed on in each pause, as a job does it.
      for (const _ of operator.advance(() => batch.times[batch.length - 1]! - 1)) readAll(all, operator.drain())
      readAll(all, operator.drain())
    })
  }
  return all
}

/** What was read: how many panes, and the sum of their trades and of all else that is in them. */
interface Read {
  panes: number
  trades: number
  volume: number
  rest: number
}

const nothing = (): Read => ({ panes: 0, trades: 0, volume: 0, rest: 0 })

/** Panes as numbers, as they leave the windows: asks for each part of them, so that none can be left out. */
export const readColumns = (all: Read, emitted: ReadonlyArray<EmittedPanes>): void => {
  for (const panes of emitted) {
    if (!(panes instanceof PaneBatch)) throw new Error("panes that are objects have come out of windows")
    for (let row = 0; row < panes.length; row++) readRow(all, panes, row)
  }
}

const readRow = (all: Read, panes: PaneBatch, row: number): void => {
  const { numbers } = panes
  const mean = panes.placeOf(row, 0)
  all.panes++
  all.trades += numbers[mean + 2]!
  all.volume += numbers[mean + 1]!
  all.rest += numbers[mean]! + panes.keyAt(row).length + panes.endAt(row) - panes.startAt(row)
}

/** Panes as the objects that functions and sinks get. */
export const readObjects = (all: Read, emitted: ReadonlyArray<EmittedPanes>): void => {
  for (const { pane } of emitted.flatMap(emittedOf)) read(all, pane)
}

/** Asks for each part of it, so that none can be left out. */
const read = (all: Read, { end, key, start, values }: Pane): void => {
  const { mean, trades, volume } = values
  all.panes++
  all.trades += Number(trades)
  all.volume += unscaled(volume)
  all.rest += unscaled(mean) + key.length + end - start
}

const unscaled = (value: unknown): number => BigDecimal.isBigDecimal(value) ? Number(value.value) : Number(value)

const price = Batch.indexOf(ticks.definition, "price")
const size = Batch.indexOf(ticks.definition, "size")

/** Slices in a ring, totals a key, subtract on evict; results go into an array that is written over. */
export const bareLoop = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap, keys: number): Read => {
  const ring = overlap + 2
  const prices = new Float64Array(ring * keys)
  const sizes = new Float64Array(ring * keys)
  const counts = new Float64Array(ring * keys)
  const totals = [new Float64Array(keys), new Float64Array(keys), new Float64Array(keys)] as const
  const results = new Float64Array(keys * 3)
  let slice = 0
  const all = nothing()
  const close = (done: number) => {
    const added = (done % ring) * keys
    const evicted = ((done + ring - overlap + 1) % ring) * keys
    for (let key = 0; key < keys; key++) {
      totals[0][key]! += prices[added + key]!
      totals[1][key]! += sizes[added + key]!
      totals[2][key]! += counts[added + key]!
      if (totals[2][key]! > 0) {
        results[key * 3] = totals[0][key]! / totals[2][key]!
        results[key * 3 + 1] = totals[1][key]!
        results[key * 3 + 2] = totals[2][key]!
        all.panes++
        all.trades += results[key * 3 + 2]!
        all.volume += results[key * 3 + 1]!
        all.rest += results[key * 3]! + overlap * advance
      }
      if (done >= overlap - 1) {
        totals[0][key]! -= prices[evicted + key]!
        totals[1][key]! -= sizes[evicted + key]!
        totals[2][key]! -= counts[evicted + key]!
        prices[evicted + key] = sizes[evicted + key] = counts[evicted + key] = 0
      }
    }
  }
  for (const batch of batches) {
    const priceColumn = batch.columns[price]!
    const sizeColumn = batch.columns[size]!
    for (let row = 0; row < batch.length; row++) {
      const at = Math.floor(batch.times[row]! / advance)
      while (slice < at) close(slice++)
      const slot = (at % ring) * keys + batch.keys[row]!
      prices[slot]! += priceColumn[row]!
      sizes[slot]! += sizeColumn[row]!
      counts[slot]! += 1
    }
  }
  return all
}

/** An object for every window of every key, updated by every event of it. */
export const naive = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap): Read => {
  const windows = new Map<number, Map<string, { sum: number; volume: number; count: number }>>()
  const all = nothing()
  let closed = -Infinity
  for (const batch of batches) {
    for (let row = 0; row < batch.length; row++) {
      const at = Math.floor(batch.times[row]! / advance)
      const key = batch.dictionary.textOf(batch.keys[row]!)
      for (let start = at - overlap + 1; start <= at; start++) {
        let window = windows.get(start)
        if (window === undefined) windows.set(start, window = new Map())
        let state = window.get(key)
        if (state === undefined) window.set(key, state = { sum: 0, volume: 0, count: 0 })
        state.sum += batch.columns[price]![row]!
        state.volume += batch.columns[size]![row]!
        state.count += 1
      }
      if (at - overlap > closed) {
        closed = at - overlap
        for (const [start, window] of windows) {
          if (start > closed) continue
          for (const [key, { count, sum, volume }] of window) {
            all.panes++
            all.trades += count
            all.volume += volume
            all.rest += sum / count + key.length + overlap * advance
          }
          windows.delete(start)
        }
      }
    }
  }
  return all
}

/** Results of one and the other, where both have come as far. */
const assertSame = (one: Read, other: Read): void => {
  if (one.panes !== other.panes || one.trades !== other.trades) {
    throw new Error(`${one.panes} panes of ${one.trades} trades, and ${other.panes} of ${other.trades}: nothing is to be compared`)
  }
}

const cpu = (run: () => Read) => () => cpuOf(() => void run())

export const overlapping = Benchmark.make({
  name: "hopping windows",
  isShort: true,
  rows: {
    bare: { name: "hopping R=60, 100 keys, every pane read: speed against a bare typed-array loop", unit: "x", goal: { atLeast: 0.6 }, better: "more" },
    wide: { name: "hopping: CPU of R=600 against R=1", unit: "x", goal: { atMost: 1.3 }, better: "less" },
    cost: { name: "hopping R=60, 100 keys", unit: "ns/tick" },
    loop: { name: "the bare loop", unit: "ns/tick" }
  },
  run: async () => {
    const [count, keys] = [1_000_000, 100]
    const all = batches(count, keys)
    assertSame(engine(all, 60), bareLoop(all, 60, keys))
    const { bare, engine1, engine60, engine600 } = await inTurn({ rounds: 5 }, {
      bare: cpu(() => bareLoop(all, 60, keys)),
      engine60: cpu(() => engine(all, 60)),
      engine1: cpu(() => engine(all, 1)),
      engine600: cpu(() => engine(all, 600))
    })
    const each = (micros: ReadonlyArray<number>) => micros.map((each) => each * 1e3 / count)
    return { bare: ratios(bare, engine60), wide: ratios(engine600, engine1), cost: each(engine60), loop: each(bare) }
  }
})

export const objects = Benchmark.make({
  name: "hopping windows against objects",
  rows: { naive: { name: "hopping R=60, 100 keys: speed against an object a window", unit: "x", better: "more" } },
  run: async () => {
    const few = batches(102_400, 100)
    const { engine60, naive: loop } = await inTurn({ rounds: 3, warmUp: 1 }, { naive: cpu(() => naive(few, 60)), engine60: cpu(() => engine(few, 60)) })
    return { naive: ratios(loop, engine60) }
  }
})

const overlaps = [1, 5, 20, 60, 200, 600]

/** By how many windows an event is in. */
export const growth: Curve = {
  name: "windows",
  title: "CPU of a tick by the number of windows that it is in",
  x: { label: "open windows of a key, one a second", values: overlaps, texts: overlaps.map(String) },
  measure: async () => {
    const [count, keys] = [1_000_000, 100]
    const all = batches(count, keys)
    const costs = await inTurn({ rounds: 5 }, Object.fromEntries(overlaps.map((overlap) => [overlap, cpu(() => engine(all, overlap))])))
    return { "hopping windows, 100 keys, every pane read": overlaps.map((overlap) => medianOf(costs[overlap]!) * 1e3 / count) }
  }
}
