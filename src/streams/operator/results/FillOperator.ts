/**
 * Puts out the windows of a key in which nothing happened, behind one in which something did: each has results that are carried
 * on from that one, or constants.
 *
 * A window is filled when the watermark passes its end, in its place among those that close with it. What comes late is told once
 * the watermark moves on, together with all that it changes: windows that were filled from it, or have it before them, and those
 * that are to be filled now. So whatever comes behind sees the windows of a key in their order, each no more than once a step.
 */
import { type Fill, valuesOf, type WindowNode } from "../../pipeline/Checked.ts"
import * as Pane from "../../pipeline/Pane.ts"
import { type Emitted, endOfTime, noOffset } from "../Operator.ts"
import { PagedList } from "../PagedList.ts"
import { sorted } from "../Sort.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "../windowed/Heap.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import { usualPace } from "../windowed/WindowOperator.ts"
import { type Entry, Filling, type Reached } from "./Filling.ts"
import * as FillState from "./FillState.ts"
import type { Forming, ResultOperator } from "./ResultOperator.ts"
import * as WindowsInTurn from "./WindowsInTurn.ts"

interface Due {
  readonly at: number
  readonly key: string
}

const byTime = (a: Due, b: Due): number => a.at - b.at

/** Of windows that end together, in the order in which they close. */
const byTimeAndKey = (a: Due, b: Due): number => a.at - b.at || compareText(a.key, b.key)

export class FillOperator implements ResultOperator {
  readonly #pipeline: string
  readonly #node: Fill
  readonly #lateness: number
  readonly #windows: WindowsInTurn.WindowsInTurn
  readonly #fillings = new Map<string, Filling>()
  readonly #kept = new PagedList(FillState.pages)
  readonly pages = { fillings: this.#kept }
  /** Keys of which something came late. */
  readonly #stale = new Set<string>()
  /** When windows are to be filled, when they become final, and when keys are let go. */
  readonly #dues = new Heap<Due>(byTimeAndKey)
  readonly #finals = new Heap<Due>(byTime)
  readonly #ends = new Heap<Due>(byTime)
  #now = -Infinity
  #panes: Array<Emitted> = []

  constructor(pipeline: string, node: Fill, windows: WindowNode) {
    this.#pipeline = pipeline
    this.#node = node
    this.#lateness = windows.allowedLateness
    this.#windows = WindowsInTurn.make(windows)
  }

  /** Windows that may still change: what is final waits for nothing. */
  get size(): number {
    let size = 0
    for (const { entries } of this.#fillings.values()) size += entries.length
    return size
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    let done = 0
    for (const emitted of panes) {
      const { pane, watermark } = emitted
      if (watermark > this.#now) yield* this.#moveTo(watermark)
      // Those that close with it come in the order of their keys.
      yield* this.#fillUntil({ at: watermark, key: pane.pane === "on-time" ? pane.key : null })
      if (pane.pane === "late") this.#revise(emitted)
      else this.#panes.push({ ...emitted, pane: pane.pane === "early" ? this.#chained(pane, emitted.rows) : this.#close(emitted) })
      if (isTired(++done)) yield
    }
  }

  /** Up to the end of time nothing is filled behind the newest window of all. */
  *advance(watermark: number): Work {
    if (watermark > this.#now) yield* this.#moveTo(watermark < endOfTime ? watermark : this.#now)
    yield* this.#fillUntil({ at: this.#now, key: null })
    const until = watermark < endOfTime ? watermark : Infinity
    yield* this.#settleUntil(until)
    yield* this.#forgetUntil(until)
  }

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  forming(panes: ReadonlyArray<Forming>): ReadonlyArray<Forming> {
    return panes.map(({ pane, rows }) => ({ pane: this.#chained(pane, rows), rows }))
  }

  /** A window that is not closed yet leaves nothing behind. */
  #chained(pane: Pane.Pane, rows: number): Pane.Pane {
    const filling = this.#fillings.get(pane.key) ?? new Filling(pane.key, this.#node.within)
    return { ...pane, changes: filling.reachedBy(pane, { rows, values: pane.values }).rows }
  }

  #close({ pane, rows }: Emitted): Pane.Pane {
    const filling = this.#touched(pane.key)
    const own = { rows, values: pane.values }
    const after = filling.reachedBy(pane, own)
    this.#add(filling, { start: pane.start, end: pane.end, own, after, changes: after.rows, revision: pane.revision + 1 })
    return { ...pane, changes: after.rows }
  }

  #revise({ pane, rows }: Emitted): void {
    const filling = this.#touched(pane.key)
    const own = { rows, values: pane.values }
    const known = filling.entries.find(({ end }) => end === pane.end)
    if (known !== undefined) known.own = own
    else this.#insert(filling, { start: pane.start, end: pane.end, own, after: filling.reachedBy(pane, own), changes: -1, revision: 0 })
    filling.recompute()
    this.#stale.add(pane.key)
    // All that has closed by now is filled already, or will be with what came late.
    this.#lookAhead(filling, this.#now)
  }

  /** A key's filling, which is about to change. */
  #touched(key: string): Filling {
    const filling = this.#fillingOf(key)
    this.#kept.touch(filling.place)
    this.#settle(filling, this.#now)
    return filling
  }

  #fillingOf(key: string): Filling {
    const known = this.#fillings.get(key)
    if (known !== undefined) return known
    const filling = new Filling(key, this.#node.within)
    filling.place = this.#kept.add(filling)
    this.#fillings.set(key, filling)
    return filling
  }

  /** A window behind all others of its key. */
  #add(filling: Filling, entry: Entry): void {
    this.#insert(filling, entry)
    this.#settle(filling, this.#now)
    this.#lookAhead(filling, entry.end)
  }

  #insert(filling: Filling, entry: Entry): void {
    filling.insert(entry)
    const at = entry.end + this.#lateness
    if (at > this.#now) this.#finals.push({ at, key: filling.key })
  }

  #settle(filling: Filling, watermark: number): void {
    const isFirst = filling.anchor === null
    filling.settle((end) => end + this.#lateness <= watermark)
    if (isFirst && filling.anchor !== null) this.#ends.push({ at: filling.anchor.end + this.#node.state.milliseconds, key: filling.key })
  }

  #lookAhead(filling: Filling, from: number): void {
    const end = this.#windows.endAfter(filling.key, from)
    const next = filling.isInReach(end, filling.last) ? end : NaN
    if (next === filling.next) return
    filling.next = next
    if (!Number.isNaN(next)) this.#dues.push({ at: next, key: filling.key })
  }

  *#moveTo(watermark: number): Work {
    yield* this.#tellRevised()
    this.#now = watermark
  }

  /** Fills what has closed by a time; of what closes at it the keys before one, or all. */
  *#fillUntil({ at, key }: { readonly at: number; readonly key: string | null }): Work {
    let done = 0
    for (let due = this.#dues.smallest; due !== undefined && due.at <= at; due = this.#dues.smallest) {
      if (due.at === at && key !== null && compareText(due.key, key) >= 0) return
      this.#dues.pop()
      const filling = this.#fillings.get(due.key)
      // A window with events may have come in its place.
      if (filling === undefined || filling.next !== due.at) continue
      this.#fill(this.#touched(due.key), due.at)
      if (++done % usualPace === 0) yield
    }
  }

  #fill(filling: Filling, end: number): void {
    // It is filled because there is one.
    const after = filling.last!
    const entry: Entry = { start: this.#windows.startOf(filling.key, end), end, own: null, after, changes: after.rows, revision: 1 }
    this.#panes.push({ pane: this.#paneOf(filling.key, entry, "on-time", 0), rows: 0, watermark: end, offset: noOffset })
    this.#add(filling, entry)
  }

  #paneOf(key: string, { after, end, own, start }: Entry, kind: Pane.Kind, revision: number): Pane.Pane {
    const values = own?.values ?? this.#carried(after.values)
    return { pipeline: this.#pipeline, key, start, end, pane: kind, revision, changes: after.rows, values }
  }

  #carried(before: Pane.Values): Pane.Values {
    return Object.fromEntries(this.#node.values.map((value) => [value.name, value.from === "constant" ? value.value : before[value.name] ?? null]))
  }

  /** What came late, and what is to be told otherwise or for the first time because of it. */
  *#tellRevised(): Work {
    if (this.#stale.size === 0) return
    const told: Array<Pane.Pane & { readonly rows: number }> = []
    let done = 0
    for (const key of this.#stale) {
      const filling = this.#touched(key)
      this.#fillGaps(filling)
      for (const entry of filling.entries) {
        const { rows } = entry.after
        if (entry.changes === rows) continue
        told.push({ ...this.#paneOf(key, entry, "late", entry.revision), rows: entry.own?.rows ?? 0 })
        entry.changes = rows
        entry.revision++
      }
      if (isTired(++done)) yield
    }
    this.#stale.clear()
    const watermark = this.#now
    for (const { rows, ...pane } of yield* sorted(told, Pane.order)) {
      this.#panes.push({ pane, rows, watermark, offset: Number.MAX_VALUE })
      yield
    }
  }

  /** Windows that have closed and are to be filled now, since one with events before them has come late. */
  #fillGaps(filling: Filling): void {
    let [before, from] = [filling.anchor, filling.anchor?.end ?? -Infinity]
    for (const entry of [...filling.entries, null]) {
      if (before !== null) this.#fillGap(filling, before, { from, until: entry?.end ?? Infinity })
      if (entry !== null) [before, from] = [entry.after, entry.end]
    }
  }

  #fillGap(filling: Filling, before: Reached, { from, until }: { readonly from: number; readonly until: number }): void {
    // What is final has been filled.
    const after = (time: number) => this.#windows.endAfter(filling.key, time)
    let end = after(Math.max(from, this.#now - this.#lateness))
    for (; end < until && end <= this.#now && filling.isInReach(end, before); end = after(end)) {
      this.#insert(filling, { start: this.#windows.startOf(filling.key, end), end, own: null, after: before, changes: -1, revision: 0 })
    }
  }

  *#settleUntil(watermark: number): Work {
    let done = 0
    for (let due = this.#finals.smallest; due !== undefined && due.at <= watermark; due = this.#finals.smallest) {
      this.#finals.pop()
      const filling = this.#fillings.get(due.key)
      if (filling === undefined) continue
      this.#kept.touch(filling.place)
      this.#settle(filling, watermark)
      if (isTired(++done)) yield
    }
  }

  /** Keys whose next window can only be too far away from the last one. */
  *#forgetUntil(watermark: number): Work {
    let done = 0
    for (let due = this.#ends.smallest; due !== undefined && due.at <= watermark; due = this.#ends.smallest) {
      this.#ends.pop()
      const filling = this.#fillings.get(due.key)
      if (filling === undefined || filling.last === null) continue
      const at = filling.last.end + this.#node.state.milliseconds
      if (at > watermark) this.#ends.push({ at, key: due.key })
      else {
        this.#kept.remove(filling.place)
        this.#fillings.delete(due.key)
      }
      if (isTired(++done)) yield
    }
  }

  save(state: StateWriter): void {
    state.table("progress", 1).numbers("now", Float64Array.of(this.#now))
    const stale = [...this.#stale].sort()
    state.table("stale", stale.length).strings("key", stale)
  }

  restore(state: StateReader): void {
    const progress = state.table("progress")
    const [now] = progress.numbers("now")
    progress.end()
    for (const stale of state.tables("stale")) {
      for (const key of stale.texts("key")) this.#stale.add(key)
      stale.end()
    }
    if (now === undefined || !(Number.isSafeInteger(now) || now === -Infinity)) throw new StateError("the progress of what is filled is damaged")
    this.#now = now
    FillState.restore({ names: valuesOf({ end: this.#node }).map(([name]) => name), fillingOf: (key) => this.#fillingOf(key) }, state)
    for (const filling of this.#fillings.values()) {
      for (const { end } of filling.entries) this.#finals.push({ at: end + this.#lateness, key: filling.key })
      if (filling.anchor !== null) this.#ends.push({ at: filling.anchor.end + this.#node.state.milliseconds, key: filling.key })
      this.#lookAhead(filling, this.#now)
    }
  }
}
