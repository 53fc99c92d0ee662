/**
 * Hopping windows of mean, volume and count: the engine's operator, a bare loop over typed
 * arrays that does the same arithmetic and nothing else, and the obvious version that keeps
 * an object for each window of each key.
 */
import { ticks } from "../src/analytics/ticks.ts"
import * as Batch from "../src/streams/records/Batch.ts"
import { Aggregate, Pipeline, Window } from "../src/streams/pipeline/index.ts"
import { OperatorGraph } from "../src/streams/engine/OperatorGraph.ts"
import { finish } from "../src/streams/operator/Work.ts"
import { inputOf, windowOf } from "../src/streams/pipeline/Checked.ts"
import { advance } from "./Ticks.ts"

/** Windows an event belongs to. */
export type Overlap = number

const pipeline = (overlap: Overlap) =>
  ticks.pipe(
    Window.hopping(overlap * advance, advance),
    Aggregate.into({ mean: Aggregate.mean("price"), volume: Aggregate.sum("size"), trades: Aggregate.count }),
    Pipeline.named("bench")
  )

export const engine = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap): number => {
  const { checked } = pipeline(overlap)
  const source = inputOf(checked).events
  const operator = new OperatorGraph(checked)
  let panes = 0
  for (const batch of batches) {
    finish(operator.take(source, batch, Infinity))
    finish(operator.advance(() => batch.times[batch.length - 1]! - 1))
    panes += operator.drain().length
  }
  return panes
}

/** Bytes that a key takes in an open window's slice, as the operator accounts for it. */
export const bytesPerKey = (overlap: Overlap): number => windowOf(pipeline(overlap).checked).state.bytesPerEntry

const price = Batch.indexOf(ticks.definition, "price")
const size = Batch.indexOf(ticks.definition, "size")

/** Slices in a ring, totals a key, subtract on evict; results go into an array that is written over. */
export const bareLoop = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap, keys: number): number => {
  const ring = overlap + 2
  const prices = new Float64Array(ring * keys)
  const sizes = new Float64Array(ring * keys)
  const counts = new Float64Array(ring * keys)
  const totals = [new Float64Array(keys), new Float64Array(keys), new Float64Array(keys)] as const
  const results = new Float64Array(keys * 3)
  let slice = 0
  let panes = 0
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
        panes++
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
  return panes
}

/** An object for every window of every key, updated by every event of it. */
export const naive = (batches: ReadonlyArray<Batch.Batch>, overlap: Overlap): number => {
  const windows = new Map<number, Map<string, { sum: number; volume: number; count: number }>>()
  let panes = 0
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
          panes += window.size
          windows.delete(start)
        }
      }
    }
  }
  return panes
}
