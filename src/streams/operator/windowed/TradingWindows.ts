/**
 * The sessions of trading calendars, or bars of them. A row belongs to one window, which its own calendar says; windows of
 * several calendars are open side by side, and two of the same bounds are one.
 *
 * A row that comes when its partition's watermark has reached the end of its window is late for it, unless lateness is allowed:
 * then the window is told once more.
 */
import type { WindowNode } from "../../pipeline/Checked.ts"
import { behindAll, type Dictionary } from "../../records/Batch.ts"
import { noSlot } from "../aggregates/Accumulator.ts"
import { type AccumulatorTable, working } from "../aggregates/AccumulatorTable.ts"
import { endOfTime, noOffset } from "../Operator.ts"
import { type SlotEntry, SlotPages } from "../SlotPages.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { noWork, type Work } from "../Work.ts"
import { EarlyTrigger } from "./EarlyTrigger.ts"
import { type Bounds, EmittedPanes, isNews, type Last } from "./EmittedPanes.ts"
import { type Home, KeyedSlots, KeyedSlotsPool } from "./KeyedSlots.ts"
import * as KeyedState from "./KeyedState.ts"
import { compareText, KeyOrder } from "./KeyOrder.ts"
import { KeptRows, type Row, rowIn } from "./KeptRows.ts"
import { RowCalendars } from "./RowCalendars.ts"
import { Kind } from "./RowKinds.ts"
import type { Stretch } from "./Stretches.ts"
import { type Placement, takeRows, type Taking } from "./Taking.ts"
import { type Emitter, restoreProgress, saveProgress, type Show, type Wanted, type Windows } from "./Windows.ts"

interface OpenWindow extends Stretch {
  /** Unlike any other's of this process. */
  readonly number: number
  readonly slots: KeyedSlots
}

/** A slot's window, and its key. */
interface Owner extends Home {
  readonly key: string
}

interface Due {
  readonly window: OpenWindow
  readonly key: number
  readonly kind: Last["kind"]
  readonly offset: number
}

const byBounds = (a: Bounds, b: Bounds): number => a.end - b.end || a.start - b.start

/** Where a window has it. */
const keyIn = ({ kept, slots }: OpenWindow, key: number | undefined): ReadonlyArray<number> =>
  key !== undefined && (slots.get(key) !== noSlot || kept.has(key)) ? [key] : []

export class TradingWindows implements Windows, Placement {
  readonly #slots: AccumulatorTable
  readonly #pool: KeyedSlotsPool
  readonly #calendars: RowCalendars
  readonly #lateness: number
  readonly #trigger: EarlyTrigger
  readonly #emitter: Emitter
  readonly #order = new KeyOrder()
  #dictionary: Dictionary
  /** By end, then start. */
  readonly #open: Array<OpenWindow> = []
  readonly #byNumber = new Map<number, OpenWindow>()
  #lastNumber = 0
  #latest: OpenWindow | null = null
  readonly #emitted: EmittedPanes
  /** `null` where no row takes back others. */
  readonly kept: KeptRows | null
  /** What rows that are kept are added to. */
  readonly #scratch: number
  readonly pages: Windows["pages"]
  /** Where there are early panes: the keys that have had rows since the last of them. */
  #touched = new Set<number>()
  #closedTo = -Infinity

  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emitter: Emitter) {
    if (node.window.kind !== "trading") throw new TypeError(`${node.window.kind} windows are of no calendar`)
    this.#slots = slots
    this.#pool = new KeyedSlotsPool(slots)
    this.#calendars = new RowCalendars(node.window)
    this.#lateness = node.allowedLateness
    this.#trigger = new EarlyTrigger(node.trigger)
    this.#emitter = emitter
    this.#dictionary = dictionary
    this.#emitted = new EmittedPanes({
      boundsOf: (number) => this.#byNumber.get(number)!,
      windowOf: (bounds) => this.#isWindow(bounds) ? this.#windowOf(bounds).number : null,
      textOf: (key) => this.#dictionary.textOf(key)
    })
    const pages = new SlotPages<Owner>(slots, { ownerOf: this.#ownerOf, order: KeyedState.byStartAndKey, write: this.#write })
    slots.pages = pages
    this.kept = node.cancels === null ? null : new KeptRows(node, slots, dictionary, (start, end) => this.#windowOf({ start, end }))
    this.#scratch = this.kept === null ? noSlot : slots.allocate(working)
    this.pages = { slots: pages, emitted: this.#emitted.pages, ...this.kept?.pages }
  }

  #stretchOf = (start: number, end: number): OpenWindow => {
    if (!this.#isWindow({ start, end })) throw new StateError(`no session or bar is from ${start} to ${end}`)
    return this.#windowOf({ start, end })
  }

  #ownerOf = (slot: number): Owner | null => {
    const home = this.#pool.homeOf(slot)
    return home === null ? null : { ...home, key: this.#dictionary.textOf(this.#pool.keyOf(slot)) }
  }

  #write = (entries: ReadonlyArray<SlotEntry<Owner>>, slots: AccumulatorTable, state: StateWriter): void =>
    KeyedState.save("slices", entries, { slots, dictionary: this.#dictionary, state })

  get closedTo(): number {
    return this.#closedTo
  }

  get size(): number {
    return this.kept === null ? this.#slots.size : this.#slots.size - 1 + this.kept.size
  }

  /** With rows that are kept the scratch slot is one of them. */
  get held(): number {
    return this.kept === null ? this.#pool.held : this.#pool.held + 1
  }

  get unsettledSince(): null {
    return null
  }

  adopt(): Work {
    return []
  }

  take(taking: Taking): Work {
    return takeRows(taking, this, this.#trigger)
  }

  isLate(taking: Taking, row: number): boolean {
    return !taking.isCancel(row) && this.#boundsOf(taking, row).end + this.#lateness <= taking.batch.watermarks[row]!
  }

  outsideOf({ batch, input }: Omit<Row, "row">): (row: number) => boolean {
    const hoursOf = this.#calendars.of(batch)
    return (row) => {
      const [hours, time] = [hoursOf(row), batch.times[row]!]
      if (hours?.find(time) !== "out") return false
      if (hours.findAfter(time)) this.kept!.leaveOut({ batch, input, row }, this.#windowOf(hours))
      return true
    }
  }

  /** All rows that come here are in one. */
  #boundsOf({ batch }: Taking, row: number): Bounds {
    const hours = this.#calendars.of(batch)(row)
    if (hours?.find(batch.times[row]!) !== "in") throw new Error(`a broken invariant: row ${batch.offsets[row]} is in no session`)
    return hours
  }

  placeQuiet(taking: Taking, from: number): number {
    const { batch: { keys, length, offsets, times, watermarks }, keep, kinds, slots } = taking
    const hoursOf = this.#calendars.of(taking.batch)
    let { latest } = this.#trigger
    let window: OpenWindow | null = null
    let row = from
    for (; row < length; row++) {
      slots[row] = noSlot
      if (keep !== null && keep[row] === 0) continue
      if (kinds !== null && kinds[row] !== Kind.plain) break
      const time = times[row]!
      const hours = hoursOf(row)
      if (hours?.find(time) !== "in") throw new Error(`a broken invariant: row ${offsets[row]} is in no session`)
      if (watermarks[row]! >= hours.end) break
      if (time > latest) latest = time
      if (window === null || window.start !== hours.start || window.end !== hours.end) window = this.#windowOf(hours)
      slots[row] = window.slots.ensure(keys[row]!)
    }
    this.#trigger.latest = latest
    return row
  }

  place(taking: Taking, row: number): Work | null {
    const { keys, watermarks } = taking.batch
    if (!this.#trigger.never) this.#touched.add(keys[row]!)
    const kind = taking.kindOf(row)
    if (kind > Kind.kept) {
      this.kept!.hold(rowIn(taking, row), kind, kind === Kind.replacement ? this.#windowOf(this.#boundsOf(taking, row)) : null)
      return null
    }
    const window = this.#windowOf(this.#boundsOf(taking, row))
    if (watermarks[row]! >= window.end) return this.#placeBehind(taking, row, window)
    if (kind === Kind.kept) this.kept!.keep(rowIn(taking, row), window)
    else taking.slots[row] = window.slots.ensure(keys[row]!)
    return null
  }

  /** What the row's partition has closed, the others may not have. */
  *#placeBehind(taking: Taking, row: number, { end, start }: OpenWindow): Work {
    const { keys, offsets } = taking.batch
    taking.apply(row)
    yield* this.advance(taking.watermarkAt(row))
    // Whatever is without rows may have been let go.
    const window = this.#windowOf({ start, end })
    const key = keys[row]!
    if (taking.kindOf(row) === Kind.kept) this.kept!.keep(rowIn(taking, row), window)
    else taking.addTo(window.slots.ensure(key), row)
    if (end <= this.#closedTo) this.#emitWindow({ window, key, kind: "late", offset: offsets[row]! })
  }

  #windowOf({ end, start }: Bounds): OpenWindow {
    const latest = this.#latest
    if (latest !== null && latest.start === start && latest.end === end) return latest
    const at = this.#open.findLastIndex((other) => byBounds(other, { start, end }) <= 0)
    const known = this.#open[at]
    if (known !== undefined && known.start === start && known.end === end) return this.#latest = known
    const slots = new KeyedSlots(this.#pool, { table: "slices", start, end })
    const window: OpenWindow = { number: ++this.#lastNumber, start, end, lastEnd: end, kept: new Map(), slots }
    this.#open.splice(at + 1, 0, window)
    this.#byNumber.set(window.number, window)
    return this.#latest = window
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
      const { key, stretches } = kept.takeBack()
      if (!this.#trigger.never) this.#touched.add(key)
      const told = [...stretches].filter(({ end }) => end <= this.#closedTo).sort(byBounds)
      for (const bounds of told) this.#emitWindow({ window: this.#windowOf(bounds), key, kind: "late", offset: behindAll })
      yield
    }
    yield* this.#closeWindows(watermark)
  }

  *#closeWindows(watermark: number): Work {
    for (let end = this.#nextEnd(); end <= watermark; end = this.#nextEnd()) {
      const windows = this.#open.filter((window) => window.end === end)
      yield* this.#emitAll(windows, new Set(windows.flatMap(({ kept, slots }) => [...slots.keys, ...kept.keys()])), { kind: "on-time", offset: noOffset })
      this.#closedTo = end
    }
  }

  /** The end of the next window to close. */
  #nextEnd(): number {
    return this.#open.find(({ end, kept, slots }) => end > this.#closedTo && (slots.keys.length > 0 || kept.size > 0))?.end ?? NaN
  }

  /** Keys of windows that end together, in their order. */
  *#emitAll(windows: ReadonlyArray<OpenWindow>, wanted: ReadonlySet<number>, due: Pick<Due, "kind" | "offset">): Work {
    for (const key of yield* this.#order.sort([...wanted], this.#dictionary)) {
      for (const window of windows) this.#emitWindow({ window, key, ...due })
      yield
    }
  }

  /** Emits one key of a window, unless what there is to say has been said, and remembers it if it may be emitted again. */
  #emitWindow({ key, kind, offset, window }: Due): void {
    const { end, number, start } = window
    const { rows, slot } = this.#stateOf(window, key)
    if (rows === 0) return
    const last = this.#emitted.get(number, key)
    if (!isNews(last, kind, rows)) return
    const revision = last === undefined ? 0 : last.revision + 1
    const byWatermark = offset === noOffset
    // A window that the watermark closes is due at its end, whenever the closing comes to be carried out.
    const watermark = byWatermark ? end : this.#closedTo
    this.#emitter.emit({ key, start, end, kind, revision, changes: rows, slot, watermark, offset })
    if (!byWatermark || this.#lateness > 0) this.#emitted.set(number, key, { kind, revision, rows })
  }

  /** A key's state of a window, the rows that are in it, and all that have been and their being taken back. */
  #stateOf({ end, kept, slots }: OpenWindow, key: number): { readonly slot: number; readonly inside: number; readonly rows: number } {
    const slot = slots.get(key)
    const here = kept.get(key)
    if (this.kept === null || here === undefined) {
      const rows = slot === noSlot ? 0 : this.#slots.rowsOf(slot)
      return { slot, inside: rows, rows }
    }
    this.#slots.reset(this.#scratch)
    if (slot !== noSlot) this.#slots.merge(this.#scratch, slot, this.#slots.all)
    const more = this.kept.addTo(this.#scratch, here, end)
    const inside = this.#slots.rowsOf(this.#scratch)
    return { slot: this.#scratch, inside, rows: inside + more }
  }

  /** Gives back the windows that nothing can change any more. */
  *#forget(): Work {
    const until = this.#closedTo - this.#lateness
    yield* this.#emitted.forget(until)
    this.#latest = null
    while (this.#open.length > 0 && this.#open[0]!.end <= until) {
      const window = this.#open.shift()!
      const { number, slots } = window
      yield* slots.clear() ?? noWork
      yield* this.kept?.forget(window) ?? []
      this.#byNumber.delete(number)
    }
  }

  /** A key without rows since the last early panes has nothing new to say. */
  *emitEarly(offset: number): Work {
    const touched = this.#touched
    this.#touched = new Set()
    for (const windows of Map.groupBy(this.#open.filter(({ end }) => end > this.#closedTo), ({ end }) => end).values()) {
      yield* this.#emitAll(windows, touched, { kind: "early", offset })
    }
  }

  forming({ key: wanted, most }: Wanted, show: Show): void {
    let left = most
    for (const window of this.#open) {
      if (window.end <= this.#closedTo || window.start > this.#trigger.latest) continue
      const keys = wanted === undefined ? [...new Set([...window.slots.keys, ...window.kept.keys()])].slice(0, left) : keyIn(window, this.#dictionary.find(wanted))
      left -= keys.length
      for (const key of keys.toSorted((a, b) => compareText(this.#dictionary.textOf(a), this.#dictionary.textOf(b)))) {
        const { inside, rows: changes, slot } = this.#stateOf(window, key)
        const revision = (this.#emitted.get(window.number, key)?.revision ?? -1) + 1
        const { end, start } = window
        if (inside > 0) show({ key, start, end, kind: "early", revision, changes, slot, watermark: this.#closedTo, offset: noOffset })
      }
    }
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const numberOf = (key: number) => dictionary.numberOf(former.textOf(key))
    this.#slots.renumber(numberOf)
    for (const { slots } of this.#open) slots.renumber(numberOf)
    this.kept?.useDictionary(dictionary)
    this.#emitted.renumber(numberOf)
    this.#touched = new Set([...this.#touched].map(numberOf))
    this.#dictionary = dictionary
  }

  save(state: StateWriter): void {
    saveProgress({ closedTo: this.#closedTo, latest: this.#trigger.latest }, state)
  }

  restore(state: StateReader): void {
    const { closedTo, latest } = restoreProgress(state)
    this.#closedTo = closedTo
    this.#trigger.latest = latest
    KeyedState.restore("slices", { slots: this.#slots, dictionary: this.#dictionary, state }, ({ end, key, start }) => {
      if (!this.#isWindow({ start, end })) throw new StateError(`no session or bar is from ${start} to ${end}`)
      const { slots } = this.#windowOf({ start, end })
      if (slots.get(key) !== noSlot) throw new StateError("a key has two states of one window")
      // Which keys have said what there is to say is not written: it is seen when they are looked at.
      if (!this.#trigger.never) this.#touched.add(key)
      return slots.ensure(key)
    })
    this.#emitted.restore(state, (text) => this.#dictionary.columns.numberOf(text))
    this.kept?.restore(state, this.#stretchOf)
    if (!this.#trigger.never) for (const { kept } of this.#open) for (const key of kept.keys()) this.#touched.add(key)
  }

  #isWindow({ end, start }: Bounds): boolean {
    return this.#calendars.all.some((hours) => hours.find(start) === "in" && hours.start === start && hours.end === end)
  }
}
