/**
 * Tumbling, hopping, cumulative and calendar windows. An event updates one slice; a window
 * is combined from its slices when it closes.
 *
 * A row whose windows are all still ahead of its partition's watermark goes into its slice.
 * A row that some of its windows have been closed to, by the watermark of its own
 * partition, goes into the `extras` of the others instead, one state a window: it must not
 * reach a closed window through a slice that they share. Such rows are rare; a row that no
 * window takes is late.
 */
import type { Dictionary } from "../../records/Batch.ts"
import type { WindowNode } from "../../pipeline/Checked.ts"
import { EarlyTrigger } from "./EarlyTrigger.ts"
import { SlidingAggregation, type Slice } from "./SlidingAggregation.ts"
import { EmittedPanes, isNews, type Last } from "./EmittedPanes.ts"
import * as WindowAssigner from "./WindowAssigner.ts"
import { KeyedSlots } from "./KeyedSlots.ts"
import type { Rows } from "../aggregates/Accumulator.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { type Emit, finiteOrNull, type Input, KeyOrder, type State, type Windows } from "./Windows.ts"

interface OpenSlice extends Slice {
  /** The smallest and the largest end of the windows that hold the slice. */
  readonly firstEnd: number
  readonly lastEnd: number
}

export class SlicedWindows implements Windows {
  readonly #slots: AccumulatorTable
  readonly #assigner: WindowAssigner.WindowAssigner
  readonly #lateness: number
  readonly #rollUp: boolean
  readonly #trigger: EarlyTrigger
  readonly #emit: Emit
  readonly #sliding: SlidingAggregation | null
  readonly #scratch: number
  readonly #order = new KeyOrder()
  #dictionary: Dictionary
  /** In the order of time. */
  readonly #slices: Array<OpenSlice> = []
  readonly #sliceAt = new Map<number, OpenSlice>()
  readonly #extras = new Map<number, KeyedSlots>()
  readonly #emitted = new EmittedPanes()
  #closedTo = -Infinity
  #latest = -Infinity
  #assigned = new Int32Array(0)

  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emit: Emit) {
    this.#slots = slots
    this.#assigner = WindowAssigner.make(node.window, node.inner)
    this.#lateness = node.allowedLateness
    this.#rollUp = node.inner !== null
    this.#trigger = new EarlyTrigger(node.trigger)
    this.#emit = emit
    this.#dictionary = dictionary
    this.#sliding = this.#assigner.single ? null : new SlidingAggregation(slots)
    this.#scratch = slots.allocate()
  }

  get size(): number {
    return this.#slots.size - 1
  }

  get unsettledSince(): null {
    return null
  }

  adopt(): void {}

  take({ batch, keep, onLate, others, preAggregated }: Input): void {
    const { keys, length, times, watermarks } = batch
    if (this.#assigned.length < length) this.#assigned = new Int32Array(length)
    const slots = this.#assigned
    const masks = preAggregated ? null : this.#slots.masks(batch)
    let pending = 0
    const apply = (to: number) => {
      if (to > pending) this.#add({ batch, from: pending, to, slots }, masks)
      pending = to
    }
    let slice: OpenSlice | null = null
    let table: Int32Array = new Int32Array(0)
    for (let row = 0; row < length; row++) {
      if (keep !== null && keep[row] === 0) {
        slots[row] = -1
        continue
      }
      const time = times[row]!
      const watermark = watermarks[row]!
      if (slice === null || time < slice.start || time >= slice.end) {
        slice = this.#sliceOf(time)
        table = slice.slots.table
      }
      if (watermark < slice.firstEnd) {
        const key = keys[row]!
        const known = key < table.length ? table[key]! : -1
        slots[row] = known
        if (known === -1) {
          slots[row] = slice.slots.ensure(key)
          table = slice.slots.table
        }
      } else {
        slots[row] = -1
        if (slice.lastEnd + this.#lateness <= watermark) onLate(row)
        else {
          apply(row)
          this.advance(Math.min(others, watermark))
          this.#addExtra({ batch, from: row, to: row + 1, slots }, masks, slice, watermark)
          pending = row + 1
        }
      }
      const before = this.#latest
      if (time > before) this.#latest = time
      if (this.#trigger.isDue(before, this.#latest)) {
        apply(row + 1)
        this.advance(Math.min(others, watermark))
        this.#emitEarly(batch.offsets[row]!)
      }
    }
    apply(length)
  }

  #add(rows: Rows, masks: ReadonlyArray<Uint8Array | null> | null): void {
    if (masks === null) this.#slots.addPreAggregated(rows)
    else this.#slots.add(rows, masks)
  }

  /** Adds one row to the windows that still take it; those that have closed are emitted again. */
  #addExtra(
    rows: Rows,
    masks: ReadonlyArray<Uint8Array | null> | null,
    slice: OpenSlice,
    watermark: number
  ): void {
    const key = rows.batch.keys[rows.from]!
    let end = this.#rollUp ? this.#assigner.nextEnd(-Infinity, slice.start) : slice.firstEnd
    for (; !Number.isNaN(end); end = this.#assigner.nextEnd(end, slice.start)) {
      if (!this.#rollUp && end + this.#lateness <= watermark) continue
      let extras = this.#extras.get(end)
      if (extras === undefined) this.#extras.set(end, extras = new KeyedSlots(this.#slots))
      rows.slots[rows.from] = extras.ensure(key)
      this.#add(rows, masks)
      if (end <= this.#closedTo) this.#emitWindow(this.#gather(end, key), end, key, "late", true, rows.batch.offsets[rows.from]!)
    }
    rows.slots[rows.from] = -1
  }

  #sliceOf(time: number): OpenSlice {
    const start = this.#assigner.sliceStart(time)
    const known = this.#sliceAt.get(start)
    if (known !== undefined) return known
    const end = this.#assigner.sliceEnd(start)
    // What a roll-up refuses is what the windows refuse that it is made of.
    const [firstEnd, lastEnd] = this.#rollUp
      ? [end, end]
      : [this.#assigner.nextEnd(-Infinity, start), this.#assigner.lastEnd(start)]
    const slice = { start, end, firstEnd, lastEnd, slots: new KeyedSlots(this.#slots) }
    this.#sliceAt.set(start, slice)
    const at = this.#slices.findLastIndex((other) => other.start < start)
    this.#slices.splice(at + 1, 0, slice)
    return slice
  }

  advance(watermark: number): void {
    if (watermark <= this.#closedTo) return
    const keep = this.#lateness > 0
    for (let end = this.#nextEnd(); end <= watermark; end = this.#nextEnd()) {
      for (const key of this.#keysOf(end)) this.#emitWindow(this.#stateOf(end, key), end, key, "on-time", keep, -1)
      this.#closedTo = end
    }
    this.#closedTo = watermark
    this.#forget()
  }

  /** The end of the next window to close that has rows: empty stretches are skipped, however long. */
  #nextEnd(): number {
    let next = NaN
    for (const slice of this.#slices) {
      next = slice.slots.keys.length === 0 ? NaN : this.#assigner.nextEnd(this.#closedTo, slice.start)
      if (!Number.isNaN(next)) break
    }
    for (const end of this.#extras.keys()) {
      if (end > this.#closedTo && !(end >= next)) next = end
    }
    return next
  }

  #keysOf(end: number): ReadonlyArray<number> {
    const start = this.#assigner.windowStart(end)
    const extras = this.#extras.get(end)?.keys ?? []
    let keys: ReadonlyArray<number>
    if (this.#sliding === null) {
      keys = this.#sliceAt.get(start)?.slots.keys ?? []
    } else {
      this.#sliding.moveTo(start, end, this.#slices)
      keys = this.#sliding.keys
    }
    const all = extras.length === 0 ? keys : [...new Set([...keys, ...extras])]
    return this.#order.sort(all, this.#dictionary)
  }

  /** Emits one key of a window, unless what there is to say has been said, and remembers it if asked to. */
  #emitWindow(slot: number, end: number, key: number, kind: Last["kind"], keep: boolean, offset: number): void {
    const rows = this.#slots.rowsOf(slot)
    if (rows === 0) return
    const last = this.#emitted.get(end, key)
    if (!isNews(last, kind, rows)) return
    const revision = last === undefined ? 0 : last.revision + 1
    // A window that the watermark closes is due at its end, whenever the closing comes to be carried out.
    const watermark = offset === -1 ? end : this.#closedTo
    const start = this.#assigner.windowStart(end)
    this.#emit({ key, start, end, kind, revision, changes: rows, slot, watermark, offset })
    if (keep) this.#emitted.set(end, key, { kind, revision, rows })
  }

  /** A key's state of the window that is being closed, to which {@link #keysOf} has moved the sliding aggregation. */
  #stateOf(end: number, key: number): number {
    if (this.#sliding === null) return this.#gather(end, key)
    this.#slots.reset(this.#scratch)
    this.#sliding.addTo(this.#scratch, key)
    this.#addExtras(end, key)
    return this.#scratch
  }

  /** A key's state of any window whose slices are still there, from the slices themselves. */
  #gather(end: number, key: number): number {
    const start = this.#assigner.windowStart(end)
    if (this.#sliding === null) {
      const slot = this.#sliceAt.get(start)?.slots.get(key) ?? -1
      if (slot !== -1 && (this.#extras.get(end)?.get(key) ?? -1) === -1) return slot
    }
    this.#slots.reset(this.#scratch)
    for (const slice of this.#slices) {
      if (slice.start < start || slice.end > end) continue
      const slot = slice.slots.get(key)
      if (slot !== -1) this.#slots.merge(this.#scratch, slot, this.#slots.all)
    }
    this.#addExtras(end, key)
    return this.#scratch
  }

  #addExtras(end: number, key: number): void {
    const slot = this.#extras.get(end)?.get(key) ?? -1
    if (slot !== -1) this.#slots.merge(this.#scratch, slot, this.#slots.all)
  }

  /** Gives back what no window can need any more. */
  #forget(): void {
    const isGone = (end: number) => end + this.#lateness <= this.#closedTo
    while (this.#slices.length > 0 && isGone(this.#assigner.lastEnd(this.#slices[0]!.start))) {
      const slice = this.#slices.shift()!
      this.#sliding?.evictBefore(slice.end)
      slice.slots.clear()
      this.#sliceAt.delete(slice.start)
    }
    for (const [end, extras] of this.#extras) {
      if (!isGone(end)) continue
      extras.clear()
      this.#extras.delete(end)
    }
    this.#emitted.forget(isGone)
  }

  /** The ends of the open windows, up to the last that has rows. */
  #openEnds(): ReadonlyArray<number> {
    const ends = new Set<number>()
    for (const slice of this.#slices) {
      if (slice.slots.keys.length === 0) continue
      let end = this.#assigner.nextEnd(this.#closedTo, slice.start)
      for (; !Number.isNaN(end); end = this.#assigner.nextEnd(end, slice.start)) ends.add(end)
    }
    for (const end of this.#extras.keys()) if (end > this.#closedTo) ends.add(end)
    return [...ends].sort((a, b) => a - b)
  }

  /** The keys of a window from its slices, without moving the sliding aggregation. */
  #keysIn(end: number): ReadonlyArray<number> {
    const start = this.#assigner.windowStart(end)
    const keys = new Set<number>(this.#extras.get(end)?.keys)
    for (const slice of this.#slices) {
      if (slice.start >= start && slice.end <= end) for (const key of slice.slots.keys) keys.add(key)
    }
    return this.#order.sort([...keys], this.#dictionary)
  }

  #emitEarly(offset: number): void {
    for (const end of this.#openEnds()) {
      if (this.#assigner.windowStart(end) > this.#latest) continue
      for (const key of this.#keysIn(end)) this.#emitWindow(this.#gather(end, key), end, key, "early", true, offset)
    }
  }

  end(offset: number): void {
    for (const end of this.#openEnds()) {
      for (const key of this.#keysIn(end)) this.#emitWindow(this.#gather(end, key), end, key, "on-time", true, offset)
    }
  }

  forming(emit: Emit): void {
    if (this.#latest === -Infinity) return
    const newest = this.#assigner.nextEnd(this.#closedTo, this.#assigner.sliceStart(this.#latest))
    for (const end of this.#openEnds()) {
      if (end > newest) break
      for (const key of this.#keysIn(end)) {
        const revision = (this.#emitted.get(end, key)?.revision ?? -1) + 1
        const start = this.#assigner.windowStart(end)
        const slot = this.#gather(end, key)
        const changes = this.#slots.rowsOf(slot)
        emit({ key, start, end, kind: "early", revision, changes, slot, watermark: this.#closedTo, offset: -1 })
      }
    }
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const numberOf = (key: number) => dictionary.numberOf(former.textOf(key))
    this.#sliding?.reset()
    this.#slots.renumber(numberOf)
    for (const { slots } of this.#slices) slots.renumber(numberOf)
    for (const extras of this.#extras.values()) extras.renumber(numberOf)
    this.#emitted.renumber(numberOf)
    this.#dictionary = dictionary
  }

  snapshot(): State {
    return {
      closedTo: finiteOrNull(this.#closedTo),
      latest: finiteOrNull(this.#latest),
      slices: this.#slices.filter(({ slots }) => slots.keys.length > 0).map(({ end, slots, start }) => ({
        start,
        end,
        keys: this.#encodeKeys(slots)
      })),
      extras: [...this.#extras].sort(([a], [b]) => a - b).map(([end, extras]) => ({
        end,
        keys: this.#encodeKeys(extras)
      })),
      emitted: this.#emitted.snapshot((end) => this.#assigner.windowStart(end), this.#dictionary)
    }
  }

  restore(state: State): void {
    this.#closedTo = state.closedTo ?? -Infinity
    this.#latest = state.latest ?? -Infinity
    for (const { keys, start } of state.slices) this.#decodeKeys(this.#sliceOf(start).slots, keys)
    for (const { end, keys } of state.extras) {
      const extras = new KeyedSlots(this.#slots)
      this.#extras.set(end, extras)
      this.#decodeKeys(extras, keys)
    }
    this.#emitted.restore(state.emitted, this.#dictionary)
  }

  #textOf = (number: number): string => this.#dictionary.textOf(number)

  #encodeKeys(keyed: KeyedSlots): State["slices"][number]["keys"] {
    return this.#order.sort(keyed.keys, this.#dictionary).map((key) =>
      [this.#textOf(key), this.#slots.encode(keyed.get(key), this.#textOf)] as const
    )
  }

  #decodeKeys(keyed: KeyedSlots, keys: State["slices"][number]["keys"]): void {
    const numberOf = (text: string) => this.#dictionary.numberOf(text)
    for (const [key, json] of keys) this.#slots.decode(keyed.ensure(numberOf(key)), json, numberOf)
  }
}
