/**
 * Of the keys of a window the first by a value, each with its rank; the others are left out. Keys are ranked among those of
 * their group: all of the window, or those that have the same values in a part of the key.
 *
 * A window is told when it has closed, with all its keys. What is revised afterwards is told once more when the watermark
 * next moves on: all of the group that are among the first then, since each counts the rows of all its keys among its changes.
 *
 * All keys of a window are kept until nothing changes it any more, as Check says, those far from the first too: one comes in
 * without a change of its own where those before it fall or are taken out, and of each the changes are known that it counts.
 */
import { type Top, valuesOf, type WindowNode } from "../../pipeline/Checked.ts"
import * as Key from "../../pipeline/Key.ts"
import * as Pane from "../../pipeline/Pane.ts"
import { type Emitted, endOfTime } from "../Operator.ts"
import { PagedList } from "../PagedList.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "../windowed/Heap.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import { isLess, type Numeric } from "./indicators/Point.ts"
import { Ranking } from "./Ranking.ts"
import * as RankedState from "./RankedState.ts"
import type { Forming, ResultOperator } from "./ResultOperator.ts"
import type { Stored } from "./Retraction.ts"

export type Bounds = Pick<Pane.Pane, "end" | "start">

/** Keys of a window that are ranked together. */
export interface InGroup extends Bounds {
  /** The part of the key that they share; empty where it is none. */
  readonly group: string
}

/** A key of a window. */
export interface Ranked extends Bounds {
  readonly key: string
  /** Where it stands in the pages. */
  place: number
  /** As it came last; `null` where only others have told it so far. */
  pane: Pane.Pane | null
  isLeftOut: boolean
  /** What it is ranked by; `null` where it is not. */
  value: Numeric | null
  /** Whether it was among the first when the window was last told. */
  isTold: boolean
  /** Changes of what others have told of it; -1 where that is nothing, or has been told or taken back here. */
  byOthers: number
}

interface RankedWindow extends Bounds {
  readonly byKey: Map<string, Ranked>
  readonly groups: Map<string, Group>
}

interface Group extends InGroup {
  readonly ranking: Ranking<Ranked>
  /** Of all its keys. */
  changes: number
  readonly told: Set<Ranked>
}

/** Windows that end together, all of whose keys have closed, or are about to: the keys of one may come among those of another. */
interface Closing {
  readonly end: number
  readonly groups: Set<Group>
  readonly watermark: number
  readonly offset: number
}

type Window = Pick<Pane.Pane, "end" | "key" | "start">

export class TopOperator implements ResultOperator {
  readonly #pipeline: string
  readonly #node: Top
  readonly #lateness: number
  readonly #windows = new Map<string, RankedWindow>()
  readonly #kept: PagedList<Ranked>
  readonly pages: ResultOperator["pages"]
  readonly #compare: (a: Ranked, b: Ranked) => number
  readonly #finals = new Heap<{ readonly at: number; readonly window: string }>((a, b) => a.at - b.at)
  #last: RankedWindow | null = null
  #closing: Closing | null = null
  readonly #revised = new Set<Group>()
  #now = -Infinity
  #panes: Array<Emitted> = []

  constructor(pipeline: string, node: Top, { allowedLateness }: WindowNode) {
    this.#pipeline = pipeline
    this.#node = node
    this.#lateness = allowedLateness
    this.#compare = orderOf(node.order)
    this.#kept = new PagedList({ saved: (ranked) => ({ ...ranked }), order: Pane.order, write: RankedState.save })
    this.pages = { ranked: this.#kept }
  }

  /** Keys of windows that may still change. */
  get size(): number {
    return this.#kept.size
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    let done = 0
    for (const emitted of panes) {
      if (emitted.isUntold === true) continue
      if (emitted.watermark > this.#now) yield* this.#moveTo(emitted.watermark)
      const window = this.#windowOf(emitted.pane)
      if (this.#closing !== null && (emitted.pane.pane !== "on-time" || this.#closing.end !== window.end)) yield* this.#tellClosing()
      const group = this.#record(window, emitted)
      if (emitted.pane.pane === "on-time") {
        const { offset, watermark } = emitted
        this.#closing = { end: window.end, groups: (this.#closing?.groups ?? new Set()).add(group), watermark, offset }
      } else this.#revised.add(group)
      if (isTired(++done)) yield
    }
  }

  #record(window: RankedWindow, { isLeftOut, pane }: Emitted): Group {
    const ranked = this.#rankedOf(window, pane)
    const group = this.#groupOf(window, pane.key)
    this.#kept.touch(ranked.place)
    if (ranked.value !== null) group.ranking.remove(ranked)
    group.changes += pane.changes - (ranked.pane?.changes ?? 0)
    ranked.pane = pane
    ranked.isLeftOut = isLeftOut === true
    this.#rank(group, ranked)
    return group
  }

  #rank({ ranking }: Group, ranked: Ranked): void {
    const value = ranked.pane === null || ranked.isLeftOut ? null : ranked.pane.values[this.#node.by] ?? null
    // What a user's own function has given may be no number.
    ranked.value = value === null || typeof value === "string" || typeof value === "boolean" ? null : value
    if (ranked.value !== null) ranking.add(ranked)
  }

  /** What was revised under the former watermark is told before anything that happens under this one. */
  *#moveTo(watermark: number): Work {
    yield* this.#tellClosing()
    const revised = [...this.#revised].sort(byBounds)
    this.#revised.clear()
    for (const groups of Map.groupBy(revised, ({ end }) => end).values()) {
      yield* this.#tell(groups, "late", this.#now, Number.MAX_VALUE)
    }
    this.#now = watermark
  }

  *#tellClosing(): Work {
    const closing = this.#closing
    this.#closing = null
    if (closing !== null) yield* this.#tell(closing.groups, "on-time", closing.watermark, closing.offset)
  }

  /** Groups of windows that end together: their keys come in their order, as those of the windows do. */
  *#tell(groups: Iterable<Group>, kind: Pane.Kind, watermark: number, offset: number): Work {
    const all: Array<{ readonly group: Group; readonly rank: number | null; readonly ranked: Ranked }> = []
    let done = 0
    for (const group of groups) {
      const first = group.ranking.first(this.#node.n)
      const ranks = new Map(first.map((ranked, index) => [ranked, index + 1]))
      const others = [...group.told].filter((ranked) => !ranks.has(ranked))
      for (const ranked of [...first, ...others]) all.push({ group, ranked, rank: ranks.get(ranked) ?? null })
      if (isTired(++done)) yield
    }
    for (const { group, rank, ranked } of all.sort((a, b) => compareText(a.ranked.key, b.ranked.key) || byBounds(a.ranked, b.ranked))) {
      // One that only others have told has not come here yet: there is nothing to say of it.
      if (ranked.pane === null) continue
      const { changes } = group
      this.#markTold(group, ranked, rank !== null || ranked.byOthers > changes, ranked.byOthers > changes ? ranked.byOthers : -1)
      const pane: Pane.Pane = { ...ranked.pane, pane: kind, changes, values: { ...ranked.pane.values, rank } }
      this.#panes.push({ pane, rows: changes, watermark, offset, ...rank === null ? { isLeftOut: true } : {} })
      if (isTired(++done)) yield
    }
  }

  #markTold({ told }: Group, ranked: Ranked, isTold: boolean, byOthers: number): void {
    if (isTold) told.add(ranked)
    else told.delete(ranked)
    if (ranked.isTold === isTold && ranked.byOthers === byOthers) return
    this.#kept.touch(ranked.place)
    ranked.isTold = isTold
    ranked.byOthers = byOthers
  }

  *advance(watermark: number): Work {
    yield* this.#tellClosing()
    if (watermark > this.#now) yield* this.#moveTo(watermark)
    const until = watermark < endOfTime ? watermark : Infinity
    let done = 0
    for (let due = this.#finals.smallest; due !== undefined && due.at <= until; due = this.#finals.smallest) {
      this.#finals.pop()
      this.#last = null
      for (const { place } of this.#windows.get(due.window)?.byKey.values() ?? []) {
        this.#kept.remove(place)
        if (isTired(++done)) yield
      }
      this.#windows.delete(due.window)
    }
  }

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  /** Only some of the keys form in sight of those who watch, and a rank is among all. */
  forming(): ReadonlyArray<Forming> {
    return []
  }

  /** What others have told is among what was told: it is left out where it turns out not to be among the first. */
  *adopt(stored: Iterable<Stored>): Work {
    let done = 0
    for (const pane of stored) {
      if (pane.pane === "retracted") continue
      const window = this.#windowOf(pane)
      const ranked = this.#rankedOf(window, pane)
      this.#markTold(this.#groupOf(window, pane.key), ranked, true, Math.max(ranked.byOthers, pane.changes))
      if (isTired(++done)) yield
    }
  }

  /** Panes of one window come one after another for the most part. */
  #windowOf(bounds: Bounds): RankedWindow {
    const last = this.#last
    return last !== null && last.start === bounds.start && last.end === bounds.end ? last : this.#last = this.#windowBy(bounds)
  }

  #windowBy({ end, start }: Bounds): RankedWindow {
    const name = `${start}:${end}`
    const known = this.#windows.get(name)
    if (known !== undefined) return known
    const window: RankedWindow = { start, end, byKey: new Map<string, Ranked>(), groups: new Map<string, Group>() }
    this.#windows.set(name, window)
    this.#finals.push({ at: end + this.#lateness, window: name })
    return window
  }

  #groupOf(window: RankedWindow, key: string): Group {
    const { per } = this.#node
    return this.#groupNamed(window, per.length === 0 ? "" : Key.partOf(key, per))
  }

  #groupNamed({ end, groups, start }: RankedWindow, name: string): Group {
    const known = groups.get(name)
    if (known !== undefined) return known
    const group: Group = { start, end, group: name, ranking: new Ranking(this.#compare), changes: 0, told: new Set<Ranked>() }
    groups.set(name, group)
    return group
  }

  #rankedOf(window: RankedWindow, { end, key, start }: Window): Ranked {
    const known = window.byKey.get(key)
    if (known !== undefined) return known
    const ranked: Ranked = { key, start, end, place: -1, pane: null, isLeftOut: false, value: null, isTold: false, byOthers: -1 }
    ranked.place = this.#kept.add(ranked)
    window.byKey.set(key, ranked)
    return ranked
  }

  save(state: StateWriter): void {
    RankedState.saveProgress({ now: this.#now, revised: [...this.#revised].sort((a, b) => byBounds(a, b) || compareText(a.group, b.group)) }, state)
  }

  restore(state: StateReader): void {
    const { now, revised } = RankedState.readProgress(state)
    this.#now = now
    const names = valuesOf({ end: this.#node.input }).map(([name]) => name)
    for (const saved of RankedState.read(this.#pipeline, names, state)) {
      const window = this.#windowOf(saved)
      const ranked = this.#rankedOf(window, saved)
      ranked.pane = saved.pane
      ranked.isLeftOut = saved.isLeftOut
      const group = this.#groupOf(window, saved.key)
      group.changes += saved.pane?.changes ?? 0
      this.#rank(group, ranked)
      this.#markTold(group, ranked, saved.isTold, saved.byOthers)
    }
    for (const { group, ...bounds } of revised) this.#revised.add(this.#groupNamed(this.#windowOf(bounds), group))
  }
}

const byBounds = (a: Bounds, b: Bounds): number => a.end - b.end || a.start - b.start

/** Ties go by key. */
const orderOf = (order: Top["order"]) => (a: Ranked, b: Ranked): number => {
  const [x, y] = [a.value!, b.value!]
  const difference = isLess(x, y) ? -1 : isLess(y, x) ? 1 : 0
  return (order === "ascending" ? difference : -difference) || compareText(a.key, b.key)
}
