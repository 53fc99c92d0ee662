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
import { behindAll, type Dictionary } from "../../records/Batch.ts"
import type { WindowNode } from "../../pipeline/Checked.ts"
import { noSlot } from "../aggregates/Accumulator.ts"
import { type AccumulatorTable, working } from "../aggregates/AccumulatorTable.ts"
import { endOfTime, noOffset } from "../Operator.ts"
import { type SlotEntry, SlotPages } from "../SlotPages.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, noWork, type Work } from "../Work.ts"
import { EarlyTrigger } from "./EarlyTrigger.ts"
import { type Bounds, EmittedPanes, isNews, type Last } from "./EmittedPanes.ts"
import { type Home, KeyedSlots, KeyedSlotsPool } from "./KeyedSlots.ts"
import { firstWith } from "./InOrder.ts"
import * as KeyedState from "./KeyedState.ts"
import { compareText, KeyOrder, type Keys } from "./KeyOrder.ts"
import { KeptRows, rowIn } from "./KeptRows.ts"
import type { RowGroups } from "./Grouping.ts"
import { Kind } from "./RowKinds.ts"
import { SlidingAggregation, type Slice } from "./SlidingAggregation.ts"
import type { Stretch } from "./Stretches.ts"
import { type Placement, takeRows, type Taking } from "./Taking.ts"
import * as WindowAssigner from "./WindowAssigner.ts"
import { type Emitter, restoreProgress, saveProgress, type Show, type Wanted, type Windows } from "./Windows.ts"

interface OpenSlice extends Slice, Stretch {
  /** The smallest end of the windows that hold the slice; the largest is the last. */
  readonly firstEnd: number
}

/** A slot's slice or window, and its key. */
interface Owner extends Home {
  readonly key: string
}

/** What is to be emitted: keys of a window. */
interface Due extends Bounds {
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
  readonly #emitter: Emitter
  readonly #sliding: SlidingAggregation | null
  readonly #scratch: number
  readonly #order = new KeyOrder()
  #dictionary: Dictionary
  /** In the order of time. */
  readonly #slices: Array<OpenSlice> = []
  readonly #sliceAt = new Map<number, OpenSlice>()
  readonly #extras = new Map<number, KeyedSlots>()
  readonly #emitted: EmittedPanes
  /** `null` where no row takes back others. */
  readonly kept: KeptRows | null
  /** Of the state that was made last, changes besides its rows. */
  #more = 0
  /** Rows of windows that end until then cannot be taken back any more. */
  #settledTo = -Infinity
  readonly pages: Windows["pages"]
  /** Where there are early panes: the keys that have had rows since the last of them. */
  #touched = new Set<number>()
  #closedTo = -Infinity

  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emitter: Emitter) {
    this.#slots = slots
    this.#pool = new KeyedSlotsPool(slots)
    this.#assigner = WindowAssigner.make(node.window, node.inner)
    this.#lateness = node.allowedLateness
    this.#rollUp = node.inner !== null
    this.#trigger = new EarlyTrigger(node.trigger)
    this.#emitter = emitter
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
    this.kept = node.cancels === null ? null : new KeptRows(node, slots, dictionary, this.#stretchOf)
    this.pages = { slots: pages, emitted: this.#emitted.pages, ...this.kept?.pages }
  }

  #stretchOf = (start: number, end: number): OpenSlice => {
    const slice = this.#sliceOf(start)
    if (slice.start !== start || slice.end !== end) throw new StateError(`no slice is from ${start} to ${end}`)
    return slice
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
    return this.#slots.size - 1 + (this.kept?.size ?? 0)
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

  isLate(taking: Taking, row: number): boolean {
    const { times, watermarks } = taking.batch
    return !taking.isCancel(row) && this.#sliceOf(times[row]!).lastEnd + this.#lateness <= watermarks[row]!
  }

  placeQuiet({ batch: { keys, length, times, watermarks }, keep, kinds, slots }: Taking, from: number): number {
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
      if (kinds !== null && kinds[row] !== Kind.plain) break
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

  placeGroups({ keys, latest, starts, stretch, watermarks }: RowGroups): Int32Array | null {
    if (!this.#trigger.never) return null
    const slices: Array<OpenSlice> = []
    let slice: OpenSlice | null = null
    for (const [group, start] of starts.entries()) {
      if (slice === null || start < slice.start || start >= slice.end) slice = this.#sliceOf(start)
      if (start + stretch > slice.end || watermarks[group]! >= slice.firstEnd) return null
      slices.push(slice)
    }
    if (latest > this.#trigger.latest) this.#trigger.latest = latest
    return Int32Array.from(keys, (key, group) => slices[group]!.slots.ensure(key))
  }

  place(taking: Taking, row: number): Work | null {
    const { keys, times, watermarks } = taking.batch
    if (!this.#trigger.never) this.#touched.add(keys[row]!)
    const kind = taking.kindOf(row)
    if (kind > Kind.kept) {
      this.kept!.hold(rowIn(taking, row), kind, kind === Kind.replacement ? this.#sliceOf(times[row]!) : null)
      return null
    }
    const slice = this.#sliceOf(times[row]!)
    if (watermarks[row]! >= slice.firstEnd) return this.#placeBehind(taking, row, slice)
    if (kind === Kind.kept) this.kept!.keep(rowIn(taking, row), slice)
    else taking.slots[row] = slice.slots.ensure(keys[row]!)
    return null
  }

  *#placeBehind(taking: Taking, row: number, slice: OpenSlice): Work {
    taking.apply(row)
    yield* this.advance(taking.watermarkAt(row))
    if (taking.kindOf(row) === Kind.plain) return this.#addExtra(taking, row, slice)
    const { keys, offsets, watermarks } = taking.batch
    // What others have closed meanwhile may be gone.
    const own = this.#sliceOf(slice.start)
    this.kept!.keep(rowIn(taking, row), own)
    this.#tellAgain([own], keys[row]!, { since: watermarks[row]!, offset: offsets[row]! })
  }

  /** Windows that have closed and in which a key has changed, as far as they were open at a time. */
  #tellAgain(slices: Iterable<Stretch>, key: number, { offset, since }: { readonly since: number; readonly offset: number }): void {
    const ends = new Set<number>()
    for (const { start } of slices) {
      let end = this.#rollUp ? this.#assigner.nextEnd(-Infinity, start) : this.#sliceOf(start).firstEnd
      for (; end <= this.#closedTo; end = this.#assigner.nextEnd(end, start)) {
        if (this.#rollUp || end + this.#lateness > since) ends.add(end)
      }
    }
    for (const end of [...ends].sort((a, b) => a - b)) this.#emitWindow(this.#due(end, "late", offset), key, this.#gather(end, key))
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
      if (end <= this.#closedTo) this.#emitWindow(this.#due(end, "late", offsets[row]!), key, this.#gather(end, key))
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
    const slice = { start, end, firstEnd, lastEnd, kept: new Map(), slots: new KeyedSlots(this.#pool, { table: "slices", start, end }) }
    this.#sliceAt.set(start, slice)
    const at = this.#slices.findLastIndex((other) => other.start < start)
    this.#slices.splice(at + 1, 0, slice)
    return slice
  }

  *advance(watermark: number): Work {
    if (watermark <= this.#closedTo) return
    yield* this.#close(watermark)
    this.#closedTo = watermark
    yield* this.#forget()
  }

  /** Windows and what takes back rows of theirs have their turns by time. */
  *#close(watermark: number): Work {
    const { kept } = this
    if (kept === null) return yield* this.#closeWindows(watermark)
    const until = watermark < endOfTime ? watermark : Infinity
    for (let at = kept.nextAt; at < until; at = kept.nextAt) {
      yield* this.#closeWindows(at)
      this.#closedTo = Math.max(this.#closedTo, at)
      const changed = kept.takeBack()
      if (!this.#trigger.never) this.#touched.add(changed.key)
      this.#tellAgain(changed.stretches, changed.key, { since: at, offset: behindAll })
      yield
    }
    yield* this.#closeWindows(watermark)
  }

  *#closeWindows(watermark: number): Work {
    for (let end = this.#nextEnd(); end <= watermark; end = this.#nextEnd()) {
      const due = this.#due(end, "on-time", noOffset)
      const keys = yield* this.#keysOf(due)
      const whole = this.#wholeIn(due)
      const atOnce = this.#emitted.has(end) ? null : whole
      for (let at = 0; at < keys.length;) {
        at = atOnce === null ? this.#emitSome(due, { keys, from: at, whole }) : this.#emitWhole(due, keys, at, atOnce)
        yield
      }
      this.#closedTo = end
    }
  }

  /** Emits the keys of the window that is being closed from one on, and says from which it is to go on after a pause. */
  #emitSome(due: Due, { from, keys, whole }: { readonly keys: Keys; readonly from: number; readonly whole: KeyedSlots | null }): number {
    for (let at = from; at < keys.length;) {
      const key = keys[at++]!
      const isMuch = this.#emitWindow(due, key, this.#stateOf(due.end, key, whole))
      if (isMuch || isTired(at - from)) return at
    }
    return keys.length
  }

  /** The same, where none of them has been emitted before and the state of each stands already. */
  #emitWhole(due: Due, keys: Keys, from: number, whole: KeyedSlots): number {
    const most = Math.max(1, Math.min(this.#emitter.room, keys.length - from))
    const [inTurn, slots] = [new Int32Array(most), new Int32Array(most)]
    const { table } = whole
    let [at, count] = [from, 0]
    while (at < keys.length && count < slots.length) {
      const key = keys[at++]!
      const slot = table[key]!
      if (this.#slots.rowsOf(slot) === 0) continue
      inTurn[count] = key
      slots[count++] = slot
      if (isTired(at - from)) break
    }
    this.#emitter.emitAll({ window: { ...due, watermark: due.end }, keys: inTurn, slots, count })
    if (this.#lateness === 0) return at
    for (let i = 0; i < count; i++) this.#emitted.set(due.end, inTurn[i]!, { kind: due.kind, revision: 0, rows: this.#slots.rowsOf(slots[i]!) })
    return at
  }

  #due(end: number, kind: Last["kind"], offset: number): Due {
    return { start: this.#assigner.windowStart(end), end, kind, offset }
  }

  /** The end of the next window to close that has rows: empty stretches are skipped, however long. */
  #nextEnd(): number {
    let next = NaN
    // There are many closed ones where they may still be revised, and many to close where event time goes on quickly.
    let at = firstWith(this.#slices, ({ start }) => this.#assigner.lastEnd(start) > this.#closedTo)
    for (; at < this.#slices.length && Number.isNaN(next); at++) {
      const slice = this.#slices[at]!
      if (!isEmpty(slice)) next = this.#assigner.nextEnd(this.#closedTo, slice.start)
    }
    for (const end of this.#extras.keys()) {
      if (end > this.#closedTo && !(end >= next)) next = end
    }
    return next
  }

  *#keysOf({ end, start }: Bounds): Generator<void, Keys> {
    const extras = this.#extras.get(end)?.keys ?? []
    let keys: ReadonlyArray<number>
    if (this.#sliding === null) {
      keys = this.#sliceAt.get(start)?.slots.keys ?? []
    } else {
      yield* this.#sliding.moveTo(start, end, this.#slices)
      keys = this.#sliding.keys
    }
    const kept = this.#keptIn(start, end)
    const all = extras.length === 0 && kept.length === 0 ? keys : [...new Set([...keys, ...extras, ...kept])]
    return this.#order.atOnce(all, this.#dictionary) ?? (yield* this.#order.sort(all, this.#dictionary))
  }

  /** The keys of a window of which rows are kept, or were. */
  #keptIn(start: number, end: number): ReadonlyArray<number> {
    if (this.kept === null) return []
    const from = firstWith(this.#slices, (slice) => slice.start >= start)
    const to = firstWith(this.#slices, (slice) => slice.end > end)
    return this.#slices.slice(from, to).flatMap(({ kept }) => [...kept.keys()])
  }

  /**
   * Emits one key of a window, unless what there is to say has been said, and remembers it if it may be emitted again. Says
   * whether so much has come out that it is worth handing on.
   */
  #emitWindow({ end, kind, offset, start }: Due, key: number, slot: number): boolean {
    const rows = this.#slots.rowsOf(slot) + this.#more
    if (rows === 0) return false
    const last = this.#emitted.get(end, key)
    if (!isNews(last, kind, rows)) return false
    const revision = last === undefined ? 0 : last.revision + 1
    const byWatermark = offset === noOffset
    // A window that the watermark closes is due at its end, whenever the closing comes to be carried out.
    const watermark = byWatermark ? end : this.#closedTo
    const isMuch = this.#emitter.emit({ key, start, end, kind, revision, changes: rows, slot, watermark, offset })
    if (!byWatermark || this.#lateness > 0) this.#emitted.set(end, key, { kind, revision, rows })
    return isMuch
  }

  /** Where the state of each key of the window that is being closed stands already; `null` where it is to be put together. */
  #wholeIn({ end, start }: Bounds): KeyedSlots | null {
    if (this.#extras.has(end) || this.#keptIn(start, end).length > 0) return null
    return this.#sliding === null ? this.#sliceAt.get(start)?.slots ?? null : this.#sliding.whole
  }

  /** A key's state of the window that is being closed, to which {@link #keysOf} has moved the sliding aggregation. */
  #stateOf(end: number, key: number, whole: KeyedSlots | null): number {
    if (whole !== null) {
      this.#more = 0
      return whole.get(key)
    }
    if (this.#sliding === null) return this.#gather(end, key)
    this.#slots.reset(this.#scratch)
    this.#sliding.addTo(this.#scratch, key)
    this.#addExtras(end, key)
    this.#addKept(end, key)
    return this.#scratch
  }

  /** A key's state of any window whose slices are still there, from the slices themselves. */
  #gather(end: number, key: number): number {
    const start = this.#assigner.windowStart(end)
    this.#more = 0
    if (this.#sliding === null && this.#sliceAt.get(start)?.kept.has(key) !== true) {
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
    this.#addKept(end, key)
    return this.#scratch
  }

  #addExtras(end: number, key: number): void {
    const slot = this.#extras.get(end)?.get(key) ?? noSlot
    if (slot !== noSlot) this.#slots.merge(this.#scratch, slot, this.#slots.all)
  }

  #addKept(end: number, key: number): void {
    this.#more = 0
    if (this.kept === null) return
    const start = this.#assigner.windowStart(end)
    for (const here of this.kept.of(key)) {
      if (here.stretch.start >= start && here.stretch.end <= end) this.#more += this.kept.addTo(this.#scratch, here, end)
    }
  }

  /** In a roll-up a row can be taken back as long as the smaller window could be without it, and counts in the larger one behind that. */
  *#settle(kept: KeptRows): Work {
    const until = this.#closedTo - this.#lateness
    for (const slice of this.#slices) {
      if (slice.lastEnd <= this.#settledTo) continue
      if (slice.lastEnd > until) break
      const end = this.#assigner.nextEnd(-Infinity, slice.start)
      const extras = this.#extras.get(end) ?? this.#extrasOf(end)
      yield* kept.settle(slice, (here) => {
        this.#extras.set(end, extras)
        kept.addTo(extras.ensure(here.key), here, end)
      })
    }
    this.#settledTo = until
  }

  /** Gives back what no window can need any more. */
  *#forget(): Work {
    const isGone = (end: number) => end + this.#lateness <= this.#closedTo
    if (this.#rollUp && this.kept !== null) yield* this.#settle(this.kept)
    while (this.#slices.length > 0 && isGone(this.#assigner.lastEnd(this.#slices[0]!.start))) {
      const slice = this.#slices.shift()!
      yield* this.#sliding?.evictBefore(slice.end) ?? noWork
      yield* slice.slots.clear() ?? noWork
      yield* this.kept?.forget(slice) ?? noWork
      this.#sliceAt.delete(slice.start)
    }
    for (const [end, extras] of this.#extras) {
      if (!isGone(end)) continue
      yield* extras.clear() ?? noWork
      this.#extras.delete(end)
    }
    yield* this.#emitted.forget(this.#closedTo - this.#lateness)
  }

  /** The ends of the open windows, up to the last that has rows. */
  #openEnds(): ReadonlyArray<number> {
    const ends = new Set<number>()
    for (const slice of this.#slices) {
      if (isEmpty(slice)) continue
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
    if (wanted !== undefined) {
      const key = this.#dictionary.find(wanted) ?? -1
      const hasIt = (slots: KeyedSlots | undefined) => slots !== undefined && key !== -1 && slots.get(key) !== noSlot
      return within.some(({ kept, slots }) => hasIt(slots) || kept.has(key)) || hasIt(this.#extras.get(end)) ? [key] : []
    }
    for (const some of [...within.flatMap(({ kept, slots }) => [slots.keys, kept.keys()]), this.#extras.get(end)?.keys ?? []]) {
      for (const key of some) {
        if (keys.size >= most) break
        keys.add(key)
      }
    }
    return [...keys].sort((a, b) => compareText(this.#dictionary.textOf(a), this.#dictionary.textOf(b)))
  }

  /** A key without rows since the last early panes has nothing new to say. */
  *emitEarly(offset: number): Work {
    const keys = Array.from(yield* this.#order.sort([...this.#touched], this.#dictionary))
    this.#touched.clear()
    for (const end of this.#openEnds()) {
      const due = this.#due(end, "early", offset)
      for (const key of keys) {
        this.#emitWindow(due, key, this.#gather(end, key))
        yield
      }
    }
  }

  forming(wanted: Wanted, show: Show): void {
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
        const changes = this.#slots.rowsOf(slot) + this.#more
        if (this.#slots.rowsOf(slot) > 0) show({ key, start, end, kind: "early", revision, changes, slot, watermark: this.#closedTo, offset: noOffset })
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
    this.kept?.useDictionary(dictionary)
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
    if (this.kept === null) return
    this.kept.restore(state, this.#stretchOf)
    if (!this.#trigger.never) for (const { kept } of this.#slices) for (const key of kept.keys()) this.#touched.add(key)
  }

  #newSlot(slots: KeyedSlots, key: number): number {
    if (slots.get(key) !== noSlot) throw new StateError("a key has two states of one window")
    // Which keys have said what there is to say is not written: it is seen when they are looked at.
    if (!this.#trigger.never) this.#touched.add(key)
    return slots.ensure(key)
  }
}

const isEmpty = ({ kept, slots }: OpenSlice): boolean => slots.keys.length === 0 && kept.size === 0

