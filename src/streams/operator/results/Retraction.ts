/**
 * Behind nodes that leave windows out: a window is told while it is in, taken back once it is not, and never mentioned
 * where it has not been told.
 *
 * What comes here of a window has more changes each time, whether it is in or not. So whatever is told is newer than what
 * was told before, in whichever order the partitions are read.
 */
import { longestOf } from "../../pipeline/check/Windows.ts"
import type { WindowNode } from "../../pipeline/Checked.ts"
import * as Pane from "../../pipeline/Pane.ts"
import { type Emitted, endOfTime } from "../Operator.ts"
import { PagedList } from "../PagedList.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "../windowed/Heap.ts"
import type { Forming, ResultOperator } from "./ResultOperator.ts"

/** What was told of a window. */
interface Told {
  readonly key: string
  readonly start: number
  readonly end: number
  /** Of the last pane; -1 where only others have told it. */
  readonly revision: number
  readonly changes: number
  /** Whether it was taken back, or has not been told yet. */
  readonly isOut: boolean
  /** Changes of what others have told of it that may have to be taken back; -1 where there is nothing. */
  readonly byOthers: number
}

/** What others have told: a former run over the same log, or an end of input. */
export type Stored = Pick<Pane.Pane, "changes" | "end" | "key" | "pane" | "revision" | "start">

type Window = Pick<Pane.Pane, "end" | "key" | "start">

interface Due {
  readonly at: number
  readonly window: string
}

export class Retraction implements ResultOperator {
  readonly #node: WindowNode
  /** Of each window its place in the pages. */
  readonly #places = new Map<string, number>()
  readonly #told = new PagedList<Told>({ saved: (told) => told, order: Pane.order, write })
  readonly pages = { told: this.#told }
  /** When windows become final. */
  readonly #finals = new Heap<Due>((a, b) => a.at - b.at)
  #panes: Array<Emitted> = []

  constructor(node: WindowNode) {
    this.#node = node
  }

  get size(): number {
    return this.#places.size
  }

  /**
   * The earliest start of a window of which a former run may have told something that this one never comes by, where
   * windows have got as far as this: those are told more than once on the way, and what is told depends on the order in
   * which partitions are read. `null` where each window is told once.
   */
  unsettledSince(closedTo: number): number | null {
    const { allowedLateness, trigger, window } = this.#node
    return allowedLateness === 0 && trigger.on === "close" ? null : closedTo - allowedLateness - longestOf(window)
  }

  /** Where each window is told once and others have told nothing, there is nothing to take back. */
  #isOnce({ pane }: Emitted): boolean {
    const { allowedLateness, trigger } = this.#node
    return pane.pane === "on-time" && pane.revision === 0 && allowedLateness === 0 && trigger.on === "close" && this.#places.size === 0
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    let done = 0
    for (const emitted of panes) {
      if (this.#isOnce(emitted)) {
        if (emitted.isLeftOut !== true) this.#panes.push(emitted)
        continue
      }
      const pane = emitted.pane.pane === "retracted" ? this.#gone(emitted.pane) : emitted.isLeftOut === true ? this.#leftOut(emitted) : this.#in(emitted)
      if (pane !== null) this.#panes.push({ ...emitted, pane })
      if (isTired(++done)) yield
    }
  }

  #in({ pane, watermark }: Emitted): Pane.Pane {
    const told = this.#knownOf(pane)
    const { changes } = pane
    const revision = told.revision + 1
    this.#tell({ ...told, revision, changes, isOut: false, byOthers: told.byOthers > changes ? told.byOthers : -1 }, watermark)
    return { ...pane, revision }
  }

  /** What others have told may have been made from rows that are still to come here. */
  #leftOut({ pane, watermark }: Emitted): Pane.Pane | null {
    const told = this.#knownOf(pane)
    const { changes, end, key, pipeline, start } = pane
    const isByOthers = told.byOthers !== -1 && told.byOthers <= changes
    if (told.isOut && !isByOthers) return null
    const revision = told.revision + 1
    this.#tell({ ...told, revision, changes, isOut: true, byOthers: isByOthers ? -1 : told.byOthers }, watermark)
    return { pipeline, key, start, end, pane: "retracted", revision, changes, values: {} }
  }

  /** A session that has become part of another: it never comes again. */
  #gone(pane: Pane.Pane): Pane.Pane | null {
    const told = this.#find(pane)
    if (told === undefined) return null
    this.#forget(windowOf(pane))
    if (told.isOut && told.byOthers === -1) return null
    return { ...pane, revision: told.revision + 1, changes: Math.max(pane.changes, told.changes, told.byOthers) }
  }

  #knownOf({ end, key, start }: Window): Told {
    return this.#find({ end, key, start }) ?? { key, start, end, revision: -1, changes: 0, isOut: true, byOthers: -1 }
  }

  #find(window: Window): Told | undefined {
    const place = this.#places.get(windowOf(window))
    return place === undefined ? undefined : this.#told.at(place)
  }

  /** What is final is told for the last time. */
  #tell(told: Told, watermark: number): void {
    const window = windowOf(told)
    if (this.#finalAt(told.end) <= watermark) return this.#forget(window)
    const known = this.#places.get(window)
    if (known !== undefined) this.#told.set(known, told)
    else this.#add(window, told)
  }

  #add(window: string, told: Told): void {
    this.#places.set(window, this.#told.add(told))
    this.#finals.push({ at: this.#finalAt(told.end), window })
  }

  #forget(window: string): void {
    const place = this.#places.get(window)
    if (place !== undefined) this.#told.remove(place)
    this.#places.delete(window)
  }

  /** The watermark behind which nothing more comes of a window; a session closes a millisecond later. */
  #finalAt(end: number): number {
    const { allowedLateness, window } = this.#node
    return end + allowedLateness + (window.kind === "session" ? 1 : 0)
  }

  *advance(watermark: number): Work {
    const until = watermark < endOfTime ? watermark : Infinity
    let done = 0
    for (let due = this.#finals.smallest; due !== undefined && due.at <= until; due = this.#finals.smallest) {
      this.#finals.pop()
      this.#forget(due.window)
      if (isTired(++done)) yield
    }
  }

  /** Takes what others have told for its own: it is in their places, and may have to be taken back. */
  *adopt(stored: Iterable<Stored>): Work {
    let done = 0
    for (const pane of stored) {
      const told = this.#knownOf(pane)
      // What it has told itself, or taken back, is newer where it has as many changes.
      const isNews = pane.pane !== "retracted" && pane.changes > Math.max(told.byOthers, told.revision === -1 ? -1 : told.changes)
      if (isNews) this.#tell({ ...told, byOthers: pane.changes }, -Infinity)
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
    return panes.map(({ pane, rows }) => ({ pane: { ...pane, revision: this.#knownOf(pane).revision + 1 }, rows }))
  }

  /** Nothing beside the pages. */
  save(): void {}

  restore(state: StateReader): void {
    for (const table of state.tables("told")) {
      const keys = table.texts("key")
      const [starts, ends, revisions, changes, out, others] = numbers.map((name) => table.wholeNumbers(name))
      table.end()
      keys.forEach((key, i) => {
        const told = { key, start: starts![i]!, end: ends![i]!, revision: revisions![i]!, changes: changes![i]!, isOut: out![i] === 1, byOthers: others![i]! }
        if (this.#find(told) !== undefined) throw new StateError(`the snapshot tells a window of "${key}" twice`)
        this.#add(windowOf(told), told)
      })
    }
  }
}

const numbers = ["start", "end", "revision", "changes", "isOut", "byOthers"] as const

const write = (all: ReadonlyArray<Told>, state: StateWriter): void => {
  const table = state.table("told", all.length)
  table.strings("key", all.map(({ key }) => key))
  for (const name of numbers) table.numbers(name, Float64Array.from(all, (told) => Number(told[name])))
}

const windowOf = ({ end, key, start }: Window): string => `${start}:${end}:${key}`
