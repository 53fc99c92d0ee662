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
import { noSlot } from "../aggregates/Accumulator.ts"
import { type AccumulatorTable, working } from "../aggregates/AccumulatorTable.ts"
import { noOffset } from "../Operator.ts"
import { type SlotEntry, SlotPages } from "../SlotPages.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import type { Work } from "../Work.ts"
import { EarlyTrigger } from "./EarlyTrigger.ts"
import { EmittedPanes, isNews, type Last } from "./EmittedPanes.ts"
import { type Home, KeyedSlots, KeyedSlotsPool } from "./KeyedSlots.ts"
import * as KeyedState from "./KeyedState.ts"
import { compareText, KeyOrder } from "./KeyOrder.ts"
import { SlidingAggregation, type Slice } from "./SlidingAggregation.ts"
import { type Placement, takeRows, type Taking } from "./Taking.ts"
import * as WindowAssigner from "./WindowAssigner.ts"
import { type Emit, restoreProgress, saveProgress, type Wanted, type Windows } from "./Windows.ts"

interface OpenSlice extends Slice {
  /** The smallest and the largest end of the windows that hold the slice. */
  readonly firstEnd: number
  readonly lastEnd: number
}

/** A slot's slice or window, and its key. */
interface Owner extends Home {
  readonly key: string
}

/** What is to be emitted: a key of the window that ends at `end`. */
interface Due {
  readonly end: number
  readonly key: number
  readonly kind: Last["kind"]
  readonly offset: number
}

export class SlicedWindows implements Windows, Placement {
  readonly #slots: AccumulatorTable
  readonly #pool: KeyedSlotsPool
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
  readonly #emitted: EmittedPanes
  readonly pages: Windows["pages"]
  /** Where there are early panes: the keys that have had rows since the last of them. */
  #touched = new Set<number>()
  #closedTo = -Infinity

  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emit: Emit) {
    this.#slots = slots
    this.#pool = new KeyedSlotsPool(slots)
    this.#assigner = WindowAssigner.make(node.window, node.inner)
    this.#lateness = node.allowedLateness
    this.#rollUp = node.inner !== null
    this.#trigger = new EarlyTrigger(node.trigger)
    this.#emit = emit
    this.#dictionary = dictionary
    this.#sliding = this.#assigner.single ? null : new SlidingAggregation(this.#pool)
    this.#scratch = slots.allocate(working)
    this.#emitted = new EmittedPanes({
      // No two windows have one end.
      boundsOf: (end) => ({ start: this.#assigner.windowStart(end), end }),
      windowOf: ({ end, start }) => this.#assigner.windowStart(end) === start ? end : null,
      textOf: (key) => this.#dictionary.textOf(key)
    })
    const pages = new SlotPages<Owner>(slots, { ownerOf: this.#ownerOf, order: KeyedState.byStartAndKey, write: this.#write })
    slots.pages = pages
    this.pages = { slots: pages, emitted: this.#emitted.pages }
  }

  #ownerOf = (slot: number): Owner | null => {
    const home = this.#pool.homeOf(slot)
    if (home === null) return null
    const { end, start, table } = home
    return { table, start, end, key: this.#dictionary.textOf(this.#pool.keyOf(slot)) }
  }

  #write = (entries: ReadonlyArray<SlotEntry<Owner>>, slots: AccumulatorTable, state: StateWriter): void => {
    for (const table of ["slices", "late"] as const) {
      const these = entries.filter(({ owner }) => owner.table === table)
      KeyedState.save(table, these, { slots, dictionary: this.#dictionary, state })
    }
  }

  get closedTo(): number {
    return this.#closedTo
  }

  get size(): number {
    return this.#slots.size - 1
  }

  get unsettledSince(): null {
    return null
  }

  adopt(): Work {
    return []
  }

  /** The scratch slot is one of them. */
  get held(): number {
    return this.#pool.held + 1
  }

  take(taking: Taking): Work {
    return takeRows(taking, this, this.#trigger)
  }

  isLate({ batch: { times, watermarks } }: Taking, row: number): boolean {
    return this.#sliceOf(times[row]!).lastEnd + this.#lateness <= watermarks[row]!
  }

  placeQuiet({ batch: { keys, length, times, watermarks }, keep, slots }: Taking, from: number): number {
    // An imported constant is looked up each time that it is used.
    const none = noSlot
    let { latest } = this.#trigger
    let slice: OpenSlice | null = null
    let table: Int32Array = new Int32Array(0)
    let row = from
    for (; row < length; row++) {
      if (keep !== null && keep[row] === 0) {
        slots[row] = none
        continue
      }
      const time = times[row]!
      if (slice === null || time < slice.start || time >= slice.end) {
        slice = this.#sliceOf(time)
        table = slice.slots.table
      }
      if (watermarks[row]! >= slice.firstEnd) break
      if (time > latest) latest = time
      const key = keys[row]!
      const known = key < table.length ? table[key]! : none
      slots[row] = known
      if (known === none) {
        slots[row] = slice.slots.ensure(key)
        table = slice.slots.table
      }
    }
    this.#trigger.latest = latest
    return row
  }

  place(taking: Taking, row: number): Work | null {
    const { keys, times, watermarks } = taking.batch
    const slice = this.#sliceOf(times[row]!)
    if (!this.#trigger.never) this.#touched.add(keys[row]!)
    if (watermarks[row]! < slice.firstEnd) {
      taking.slots[row] = slice.slots.ensure(keys[row]!)
      return null
    }
    return this.#placeBehind(taking, row, slice)
  }

  *#placeBehind(taking: Taking, row: number, slice: OpenSlice): Work {
    taking.apply(row)
    yield* this.advance(taking.watermarkAt(row))
    this.#addExtra(taking, row, slice)
  }

  /** Adds one row to the windows that still take it; those that have closed are emitted again. */
  #addExtra(taking: Taking, row: number, slice: OpenSlice): void {
    const { keys, offsets, watermarks } = taking.batch
    const key = keys[row]!
    let end = this.#rollUp ? this.#assigner.nextEnd(-Infinity, slice.start) : slice.firstEnd
    for (; !Number.isNaN(end); end = this.#assigner.nextEnd(end, slice.start)) {
      if (!this.#rollUp && end + this.#lateness <= watermarks[row]!) continue
      let extras = this.#extras.get(end)
      if (extras === undefined) this.#extras.set(end, extras = this.#extrasOf(end))
      taking.addTo(extras.ensure(key), row)
      if (end <= this.#closedTo) this.#emitWindow({ end, key, kind: "late", offset: offsets[row]! }, this.#gather(end, key))
    }
  }

  #extrasOf(end: number): KeyedSlots {
    return new KeyedSlots(this.#pool, { table: "late", start: this.#assigner.windowStart(end), end })
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
    const slice = { start, end, firstEnd, lastEnd, slots: new KeyedSlots(this.#pool, { table: "slices", start, end }) }
    this.#sliceAt.set(start, slice)
    const at = this.#slices.findLastIndex((other) => other.start < start)
    this.#slices.splice(at + 1, 0, slice)
    return slice
  }

  *advance(watermark: number): Work {
    if (watermark <= this.#closedTo) return
    for (let end = this.#nextEnd(); end <= watermark; end = this.#nextEnd()) {
      for (const key of yield* this.#keysOf(end)) {
        this.#emitWindow({ end, key, kind: "on-time", offset: noOffset }, this.#stateOf(end, key))
        yield
      }
      this.#closedTo = end
    }
    this.#closedTo = watermark
    yield* this.#forget()
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

  *#keysOf(end: number): Generator<void, Iterable<number>> {
    const start = this.#assigner.windowStart(end)
    const extras = this.#extras.get(end)?.keys ?? []
    let keys: ReadonlyArray<number>
    if (this.#sliding === null) {
      keys = this.#sliceAt.get(start)?.slots.keys ?? []
    } else {
      yield* this.#sliding.moveTo(start, end, this.#slices)
      keys = this.#sliding.keys
    }
    const all = extras.length === 0 ? keys : [...new Set([...keys, ...extras])]
    return yield* this.#order.sort(all, this.#dictionary)
  }

  /** Emits one key of a window, unless what there is to say has been said, and remembers it if it may be emitted again. */
  #emitWindow({ end, key, kind, offset }: Due, slot: number): void {
    const rows = this.#slots.rowsOf(slot)
    if (rows === 0) return
    const last = this.#emitted.get(end, key)
    if (!isNews(last, kind, rows)) return
    const revision = last === undefined ? 0 : last.revision + 1
    const byWatermark = offset === noOffset
    // A window that the watermark closes is due at its end, whenever the closing comes to be carried out.
    const watermark = byWatermark ? end : this.#closedTo
    const start = this.#assigner.windowStart(end)
    this.#emit({ key, start, end, kind, revision, changes: rows, slot, watermark, offset })
    if (!byWatermark || this.#lateness > 0) this.#emitted.set(end, key, { kind, revision, rows })
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
      const slot = this.#sliceAt.get(start)?.slots.get(key) ?? noSlot
      if (slot !== noSlot && (this.#extras.get(end)?.get(key) ?? noSlot) === noSlot) return slot
    }
    this.#slots.reset(this.#scratch)
    for (const slice of this.#slices) {
      if (slice.start < start || slice.end > end) continue
      const slot = slice.slots.get(key)
      if (slot !== noSlot) this.#slots.merge(this.#scratch, slot, this.#slots.all)
    }
    this.#addExtras(end, key)
    return this.#scratch
  }

  #addExtras(end: number, key: number): void {
    const slot = this.#extras.get(end)?.get(key) ?? noSlot
    if (slot !== noSlot) this.#slots.merge(this.#scratch, slot, this.#slots.all)
  }

  /** Gives back what no window can need any more. */
  *#forget(): Work {
    const isGone = (end: number) => end + this.#lateness <= this.#closedTo
    while (this.#slices.length > 0 && isGone(this.#assigner.lastEnd(this.#slices[0]!.start))) {
      const slice = this.#slices.shift()!
      if (this.#sliding !== null) yield* this.#sliding.evictBefore(slice.end)
      yield* slice.slots.clear()
      this.#sliceAt.delete(slice.start)
    }
    for (const [end, extras] of this.#extras) {
      if (!isGone(end)) continue
      yield* extras.clear()
      this.#extras.delete(end)
    }
    yield* this.#emitted.forget(isGone)
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

  /** Keys of a window from its slices, the first to come, without moving the sliding aggregation. */
  #keysIn(end: number, { key: wanted, most }: Wanted): ReadonlyArray<number> {
    const start = this.#assigner.windowStart(end)
    const keys = new Set<number>()
    const within = this.#slices.filter((slice) => slice.start >= start && slice.end <= end)
    for (const { keys: some } of [...within.map(({ slots }) => slots), this.#extras.get(end) ?? nothing]) {
      for (const key of some) {
        if (keys.size >= most) break
        if (wanted === undefined || this.#dictionary.textOf(key) === wanted) keys.add(key)
      }
    }
    return [...keys].sort((a, b) => compareText(this.#dictionary.textOf(a), this.#dictionary.textOf(b)))
  }

  /** A key without rows since the last early panes has nothing new to say. */
  *emitEarly(offset: number): Work {
    const keys = [...yield* this.#order.sort([...this.#touched], this.#dictionary)]
    this.#touched.clear()
    for (const end of this.#openEnds()) {
      for (const key of keys) {
        this.#emitWindow({ end, key, kind: "early", offset }, this.#gather(end, key))
        yield
      }
    }
  }

  forming(wanted: Wanted, emit: Emit): void {
    const { latest } = this.#trigger
    if (latest === -Infinity) return
    const newest = this.#assigner.nextEnd(this.#closedTo, this.#assigner.sliceStart(latest))
    let left = wanted.most
    for (const end of this.#openEnds()) {
      if (end > newest || left <= 0) break
      for (const key of this.#keysIn(end, { ...wanted, most: left })) {
        left--
        const revision = (this.#emitted.get(end, key)?.revision ?? -1) + 1
        const start = this.#assigner.windowStart(end)
        const slot = this.#gather(end, key)
        const changes = this.#slots.rowsOf(slot)
        emit({ key, start, end, kind: "early", revision, changes, slot, watermark: this.#closedTo, offset: noOffset })
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
    this.#touched = new Set([...this.#touched].map(numberOf))
    this.#dictionary = dictionary
  }

  save(state: StateWriter): void {
    saveProgress({ closedTo: this.#closedTo, latest: this.#trigger.latest }, state)
  }

  restore(state: StateReader): void {
    const keyed = { slots: this.#slots, dictionary: this.#dictionary, state }
    const { closedTo, latest } = restoreProgress(state)
    this.#closedTo = closedTo
    this.#trigger.latest = latest
    KeyedState.restore("slices", keyed, ({ end, key, start }) => {
      const slice = this.#sliceOf(start)
      if (slice.start !== start || slice.end !== end) throw new StateError(`no slice is from ${start} to ${end}`)
      return this.#newSlot(slice.slots, key)
    })
    KeyedState.restore("late", keyed, ({ end, key, start }) => {
      if (this.#assigner.windowStart(end) !== start) throw new StateError(`no window is from ${start} to ${end}`)
      const extras = this.#extras.get(end) ?? this.#extrasOf(end)
      this.#extras.set(end, extras)
      return this.#newSlot(extras, key)
    })
    this.#emitted.restore(state, (text) => this.#dictionary.columns.numberOf(text))
  }

  #newSlot(slots: KeyedSlots, key: number): number {
    if (slots.get(key) !== noSlot) throw new StateError("a key has two states of one window")
    // Which keys have said what there is to say is not written: it is seen when they are looked at.
    if (!this.#trigger.never) this.#touched.add(key)
    return slots.ensure(key)
  }
}

const nothing: Pick<KeyedSlots, "keys"> = { keys: [] }
