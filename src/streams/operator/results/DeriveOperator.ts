/**
 * Adds to each pane what is computed from it and from the windows of its key before it.
 *
 * A revision recomputes what was derived from it: once the watermark moves on, the windows after a revised one are emitted
 * again where they differ, so that the newest pane of every window is what all rows together give. Early panes are
 * computed from what there is and leave nothing behind; a retracted window is as if it had never been.
 *
 * What derives from derived values has to know those of all windows before one that is told. So where windows behind a revised
 * one are still to be told, those before another go ahead of it untold: whatever is told of a window is what all rows up to
 * then give, and is told once.
 */
import { type Derive, valuesOf, type WindowNode } from "../../pipeline/Checked.ts"
import * as Pane from "../../pipeline/Pane.ts"
import { type Emitted, endOfTime } from "../Operator.ts"
import { PagedList } from "../PagedList.ts"
import { sorted } from "../Sort.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "../windowed/Heap.ts"
import { type Compared, type Entry, History } from "./History.ts"
import * as HistoryState from "./HistoryState.ts"
import type { Forming, ResultOperator } from "./ResultOperator.ts"
import { type Series, seriesOf } from "./Series.ts"
import { ShownPanes } from "./ShownPanes.ts"

interface Due {
  readonly at: number
  readonly key: string
}

/** Whether a window is as it was: where that is told anew, nothing behind it changes. */
const isKnown = (window: Pick<Entry, "isLeftOut" | "pane" | "rows">, known: Entry): boolean =>
  window.isLeftOut === known.isLeftOut && window.rows === known.rows &&
  (window.isLeftOut || Object.entries(window.pane.values).every(([name, value]) => Pane.isSame(value, known.pane.values[name] ?? null)))

const byTime = (a: Due, b: Due): number => a.at - b.at

export class DeriveOperator implements ResultOperator {
  readonly #pipeline: string
  readonly #names: ReadonlyArray<string>
  readonly #series: ReadonlyArray<Series>
  readonly #all: ReadonlyArray<string>
  readonly #lateness: number
  readonly #within: number
  readonly #isSession: boolean
  /** How long after the end of a key's newest window one may still come that is compared with it. */
  readonly #reach: number
  readonly #histories = new Map<string, History>()
  readonly #kept: PagedList<History, HistoryState.Saved>
  /** Whether values are derived from its own. */
  readonly #isDerivedFrom: boolean
  /** Keys with windows that may have to be told again; those that end from then on are not known behind this node as they are. */
  readonly #stale = new Map<string, number>()
  readonly #shown = new ShownPanes()
  readonly pages: ResultOperator["pages"]
  /** When entries become final, and when what is final is let go. */
  readonly #finals = new Heap<Due>(byTime)
  readonly #ends = new Heap<Due>(byTime)
  #now = -Infinity
  #panes: Array<Emitted> = []

  constructor(pipeline: string, node: Derive, { allowedLateness, window }: WindowNode, isDerivedFrom = false) {
    const { state, values, within } = node
    this.#all = valuesOf({ end: node }).map(([name]) => name)
    this.#pipeline = pipeline
    this.#names = values.map(({ name }) => name)
    this.#series = seriesOf(values)
    this.#kept = new PagedList(HistoryState.pages(this.#series))
    this.pages = { histories: this.#kept, shown: this.#shown.pages }
    this.#isDerivedFrom = isDerivedFrom
    this.#lateness = allowedLateness
    this.#within = within
    this.#isSession = window.kind === "session"
    this.#reach = state.milliseconds
  }

  /** Windows that may still change: what is final waits for nothing. */
  get size(): number {
    let size = 0
    for (const { entries } of this.#histories.values()) size += entries.length
    return size
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    for (const emitted of panes) {
      if (emitted.watermark > this.#now) yield* this.#moveTo(emitted.watermark)
      if (emitted.isUntold === true) this.#learn(emitted)
      else {
        if (this.#isDerivedFrom && this.#stale.size > 0) yield* this.#goAhead(emitted.pane)
        this.#panes.push({ ...emitted, pane: this.#record(emitted) })
      }
    }
  }

  /** The windows of its key before one that is about to be told, as far as they have changed and are not told yet. */
  *#goAhead(window: Pane.Pane): Work {
    const { end, key } = window
    const from = this.#stale.get(key)
    const history = this.#histories.get(key)
    if (from === undefined || history === undefined) return
    let done = 0
    for (const entry of history.entries.slice(history.indexBefore({ start: -Infinity, end: from }), history.indexBefore(window))) {
      const pane = this.#with(history, { ...entry, again: 0 })
      const leftOut = entry.isLeftOut ? { isLeftOut: true } as const : {}
      this.#panes.push({ pane, rows: entry.rows, watermark: this.#now, offset: Number.MAX_VALUE, isUntold: true, ...leftOut })
      if (isTired(++done)) yield
    }
    if (end > from) this.#stale.set(key, end)
  }

  /**
   * What a window is now, which will be told. Of what was told last it keeps the changes and its own values, to compare with.
   * Windows behind it are stale already: one before it was revised, or it would be as it was.
   */
  #learn({ isLeftOut: leftOut, pane, rows }: Emitted): void {
    const isLeftOut = leftOut === true
    const history = this.#historyOf(pane.key)
    const known = history.find(pane)
    if (known === undefined) throw new Error(`a broken invariant: a window of "${pane.key}" has changed before it was told`)
    if (isKnown({ isLeftOut, pane, rows }, known)) return
    this.#kept.touch(history.place)
    const told = this.#names.map((name) => [name, known.isLeftOut ? null : known.pane.values[name] ?? null])
    const values = { ...pane.values, ...Object.fromEntries(told) }
    history.remove(known)
    history.insert({ ...known, pane: { ...known.pane, pane: "late", values }, rows, points: history.pointsOf(values, pane, isLeftOut), isLeftOut })
  }

  /** What ends from then on may not be what was told. */
  #markStale(key: string, from: number): void {
    this.#stale.set(key, Math.min(this.#stale.get(key) ?? Infinity, from))
  }

  *advance(watermark: number): Work {
    if (watermark > this.#now) yield* this.#moveTo(watermark)
    // Whatever the watermark lets the windows say has been said.
    yield* this.#settleUntil(watermark)
    if (watermark < endOfTime) return
    let done = 0
    for (const key of this.#histories.keys()) {
      this.#forget(key)
      if (isTired(++done)) yield
    }
  }

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  forming(panes: ReadonlyArray<Forming>): ReadonlyArray<Forming> {
    return panes.map(({ pane, rows }) => ({ pane: this.#derived(pane, rows, false), rows }))
  }

  /** A pane with its values. Looking changes nothing. */
  #derived(pane: Pane.Pane, rows: number, isLeftOut: boolean): Pane.Pane {
    const history = this.#histories.get(pane.key) ?? this.#newHistory(pane.key)
    const points = history.pointsOf(pane.values, pane, isLeftOut)
    return this.#with(history, { pane, rows, points, isLeftOut, again: history.find(pane)?.again ?? 0 })
  }

  /** The windows before are part of what a pane was computed from. */
  #with(history: History, { again, pane, points, rows }: Entry): Pane.Pane {
    const { rowsBefore, values } = history.computed(pane, points, this.#names.length)
    const derived = this.#names.map((name, index) => [name, values[index] ?? null])
    return {
      ...pane,
      revision: pane.revision + again,
      changes: Math.max(pane.changes, rows + rowsBefore),
      values: { ...pane.values, ...Object.fromEntries(derived) }
    }
  }

  #record({ pane, rows, ...emitted }: Emitted): Pane.Pane {
    const isLeftOut = emitted.isLeftOut === true
    if (pane.pane === "early") return this.#early(pane, rows, isLeftOut)
    const shown = this.#shown.take(pane)
    const history = this.#historyOf(pane.key)
    this.#kept.touch(history.place)
    const known = history.find(pane)
    if (known !== undefined) history.remove(known)
    if (pane.pane === "retracted") return this.#retracted(history, pane, Math.max(shown?.changes ?? 0, known?.pane.changes ?? 0), known?.again ?? 0)
    const made = { pane, rows, points: history.pointsOf(pane.values, pane, isLeftOut), isLeftOut, again: known?.again ?? 0 }
    const derived = this.#with(history, made)
    const entry = { ...made, pane: derived }
    history.insert(entry)
    if (history.entries.at(-1) !== entry) this.#markStale(pane.key, pane.end + 1)
    if (this.#finalAt(pane.end) <= this.#now) this.#settle(pane.key, history, this.#now)
    else this.#finals.push({ at: this.#finalAt(pane.end), key: pane.key })
    return derived
  }

  /** The windows before a session may become fewer: what is told of it has no fewer changes than what was told before. */
  #early(pane: Pane.Pane, rows: number, isLeftOut: boolean): Pane.Pane {
    const derived = this.#derived(pane, rows, isLeftOut)
    return this.#isSession ? this.#shown.show(derived, rows) : derived
  }

  /** Newer than every pane of the window, which never comes again. */
  #retracted(history: History, pane: Pane.Pane, told: number, again: number): Pane.Pane {
    if (history.entries.length > history.indexBefore(pane)) this.#markStale(pane.key, pane.end)
    if (history.entries.length === 0 && history.finals.end === -Infinity) this.#forget(pane.key)
    return {
      ...pane,
      revision: pane.revision + again,
      changes: Math.max(pane.changes + history.rowsBefore(pane), told)
    }
  }

  #newHistory(key: string): History {
    const distance = this.#isSession
      // A session has no longest length: how far it goes is seen at its end.
      ? (window: Compared, end: number) => window.end - end
      : (window: Compared, end: number) => window.start - end
    return new History({ key, distance, within: this.#within, series: this.#series })
  }

  #historyOf(key: string): History {
    const known = this.#histories.get(key)
    if (known !== undefined) return known
    const history = this.#newHistory(key)
    history.place = this.#kept.add(history)
    this.#histories.set(key, history)
    return history
  }

  #forget(key: string): void {
    const history = this.#histories.get(key)
    if (history !== undefined) this.#kept.remove(history.place)
    this.#histories.delete(key)
  }

  /** What was revised under the former watermark is told before anything that happens under this one. */
  *#moveTo(watermark: number): Work {
    yield* this.#emitStale()
    this.#now = watermark
    // A window that this watermark makes final may be about to say its last.
    yield* this.#settleUntil(watermark - 1)
    let done = 0
    for (let due = this.#ends.smallest; due !== undefined && due.at < watermark; due = this.#ends.smallest) {
      this.#ends.pop()
      const history = this.#histories.get(due.key)
      if (history === undefined) continue
      const at = history.finals.end + this.#reach
      if (at >= watermark) this.#ends.push({ at, key: due.key })
      else if (history.entries.length === 0) this.#forget(due.key)
      else this.#ends.push({ at: watermark + this.#reach, key: due.key })
      if (isTired(++done)) yield
    }
  }

  /** The watermark that makes a window final: the end of the lateness of fixed windows, for sessions only what is behind it. */
  #finalAt(end: number): number {
    return end + this.#lateness + (this.#isSession ? 1 : 0)
  }

  *#settleUntil(watermark: number): Work {
    let done = 0
    for (let due = this.#finals.smallest; due !== undefined && due.at <= watermark; due = this.#finals.smallest) {
      this.#finals.pop()
      const history = this.#histories.get(due.key)
      if (history !== undefined) this.#settle(due.key, history, watermark)
      if (isTired(++done)) yield
    }
  }

  #settle(key: string, history: History, watermark: number): void {
    this.#kept.touch(history.place)
    const isFirst = history.finals.end === -Infinity
    history.settle((end) => this.#finalAt(end) <= watermark)
    if (isFirst && history.finals.end !== -Infinity) this.#ends.push({ at: history.finals.end + this.#reach, key })
  }

  /** The windows behind revised ones once more, where they differ from what was told of them. */
  *#emitStale(): Work {
    if (this.#stale.size === 0) return
    const again: Array<Entry> = []
    let done = 0
    for (const key of this.#stale.keys()) {
      const history = this.#histories.get(key)
      for (const entry of history?.entries ?? []) {
        const pane = this.#revised(history!, entry)
        if (pane === null) continue
        this.#kept.touch(history!.place)
        entry.pane = pane
        entry.again++
        again.push(entry)
      }
      if (isTired(++done)) yield
    }
    this.#stale.clear()
    const watermark = this.#now
    for (const { pane, rows } of yield* sorted(again, (a, b) => Pane.order(a.pane, b.pane))) {
      this.#panes.push({ pane, rows, watermark, offset: Number.MAX_VALUE })
      yield
    }
  }

  #revised(history: History, entry: Entry): Pane.Pane | null {
    if (entry.isLeftOut) return null
    const { pane } = entry
    const { changes, revision, values } = this.#with(history, { ...entry, again: 0 })
    const isTold = changes === pane.changes && this.#names.every((name) => Pane.isSame(values[name] ?? null, pane.values[name] ?? null))
    return isTold ? null : { ...pane, pane: "late", revision: revision + 1, changes, values }
  }

  save(state: StateWriter): void {
    state.table("progress", 1).numbers("now", Float64Array.of(this.#now))
    const stale = [...this.#stale.keys()].sort()
    state.table("stale", stale.length).strings("key", stale)
  }

  restore(state: StateReader): void {
    const progress = state.table("progress")
    const [now] = progress.numbers("now")
    progress.end()
    for (const stale of state.tables("stale")) {
      for (const key of stale.texts("key")) this.#stale.set(key, -Infinity)
      stale.end()
    }
    if (now === undefined || !(Number.isSafeInteger(now) || now === -Infinity)) throw new StateError("the progress of results is damaged")
    this.#now = now
    this.#shown.restore(state)
    HistoryState.restore({ pipeline: this.#pipeline, series: this.#series, all: this.#all, historyOf: (key) => this.#historyOf(key) }, state)
    for (const [key, { entries, finals: { end } }] of this.#histories) {
      for (const { pane } of entries) this.#finals.push({ at: this.#finalAt(pane.end), key })
      if (end !== -Infinity) this.#ends.push({ at: end + this.#reach, key })
    }
  }
}
