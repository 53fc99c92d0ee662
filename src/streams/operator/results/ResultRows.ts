/**
 * Final results as rows. What comes of a window is kept until nothing changes it any more; then it leaves, in the order of the
 * windows' ends, starts and keys. So what stands behind depends neither on revisions nor on how partitions are interleaved.
 */
import { type ToEvents, valuesOf } from "../../pipeline/Checked.ts"
import * as Pane from "../../pipeline/Pane.ts"
import { type Batch, behindAll, type Dictionary } from "../../records/Batch.ts"
import { type Emitted, type Ended, endOfTime, type Operator, type Rows, rowsOf } from "../Operator.ts"
import { PagedList } from "../PagedList.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "../windowed/Heap.ts"
import { columnsOf } from "./PaneColumns.ts"
import { membersOf, valuesIn } from "./StoredValues.ts"

/** Rows that leave together at most: what takes them has its turn in between. */
const most = 512

/** A window's newest result. */
type Kept = Pick<Pane.Pane, "end" | "key" | "start" | "values">

type Window = Pick<Kept, "end" | "key" | "start">

export class ResultRows implements Operator<ReadonlyArray<Emitted>, Rows> {
  readonly #node: ToEvents
  #dictionary: Dictionary
  /** Of each window its place in the pages. */
  readonly #places = new Map<string, number>()
  readonly #kept = new PagedList<Kept>({ saved: (kept) => kept, order: Pane.order, write })
  readonly pages = { results: this.#kept }
  /** In the order in which they become final; one that has been taken back stands here for nothing. */
  readonly #finals = new Heap<Window>(Pane.order)
  /** Of the last row: how many before it were of its time. */
  #rank = 0
  #lastEnd = NaN
  #rows: Rows | null = null

  constructor(node: ToEvents, dictionary: Dictionary) {
    this.#node = node
    this.#dictionary = dictionary
  }

  get size(): number {
    return this.#kept.size
  }

  get ended(): Ended {
    return { held: this.#kept.size }
  }

  *take(_: number, panes: ReadonlyArray<Emitted>): Work {
    let done = 0
    for (const { isLeftOut, pane } of panes) {
      if (pane.pane === "retracted" || isLeftOut === true) this.#remove(pane)
      else this.#keep({ key: pane.key, start: pane.start, end: pane.end, values: pane.values })
      if (isTired(++done)) yield
    }
  }

  #keep(kept: Kept): void {
    const window = windowOf(kept)
    const known = this.#places.get(window)
    if (known !== undefined) return this.#kept.set(known, kept)
    this.#places.set(window, this.#kept.add(kept))
    this.#finals.push(kept)
  }

  #remove(window: Window): Kept | null {
    const name = windowOf(window)
    const place = this.#places.get(name)
    if (place === undefined) return null
    const kept = this.#kept.at(place)
    this.#kept.remove(place)
    this.#places.delete(name)
    return kept
  }

  *advance(watermark: number): Work {
    const until = watermark < endOfTime ? watermark - this.#node.delay : Infinity
    for (let leaving = this.#leaving(until); leaving.length > 0; leaving = this.#leaving(until)) {
      this.#rows = this.#rowsOf(leaving)
      yield
    }
  }

  /** The next windows that are final by now. */
  #leaving(until: number): ReadonlyArray<Kept> {
    const leaving: Array<Kept> = []
    for (let next = this.#finals.smallest; next !== undefined && next.end <= until && leaving.length < most; next = this.#finals.smallest) {
      this.#finals.pop()
      const kept = this.#remove(next)
      if (kept !== null) leaving.push(kept)
    }
    return leaving
  }

  /**
   * Among rows of one time their offsets say the order, as behind every node that puts rows in one. Their places, by which pairs
   * of them are in order, are the end of the window and how many there were of that before.
   */
  #rowsOf(leaving: ReadonlyArray<Kept>): Rows {
    const { definition } = this.#node
    const dictionary = this.#dictionary
    const { columns, large, length } = columnsOf(definition, leaving.map(({ end, key, start, values }) => ({ values: { key, start, end, ...values } })), dictionary)
    const times = Float64Array.from(leaving, ({ end }) => end - 1)
    const ranks = Int32Array.from(leaving, ({ end }) => this.#rankOf(end))
    const batch: Batch = {
      source: definition,
      dictionary,
      partition: 0,
      length,
      offsets: Float64Array.from(leaving, (_, row) => behindAll + ranks[row]!),
      times,
      keys: Int32Array.from(leaving, ({ key }) => dictionary.numberOf(key)),
      columns,
      large,
      watermarks: times,
      records: new Int32Array(length),
      signs: null,
      places: { sources: leaving.map(() => definition.name), partitions: ranks, offsets: Float64Array.from(leaving, ({ end }) => end), joined: null },
      absent: new Map(),
      masks: null
    }
    return rowsOf(batch, Infinity)
  }

  /** All windows that end at one time leave with one step of the watermark. */
  #rankOf(end: number): number {
    this.#rank = end === this.#lastEnd ? this.#rank + 1 : 0
    this.#lastEnd = end
    return this.#rank
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  /** What is kept has texts and no numbers. */
  useDictionary(dictionary: Dictionary): void {
    this.#dictionary = dictionary
  }

  /** Nothing beside the pages. */
  save(): void {}

  restore(state: StateReader): void {
    const names = valuesOf({ end: this.#node.input }).map(([name]) => name)
    for (const table of state.tables("results")) {
      const [keys, starts, ends] = [table.texts("key"), table.wholeNumbers("start"), table.wholeNumbers("end")]
      const members = table.json("values")
      table.end()
      keys.forEach((key, i) => {
        const kept = { key, start: starts[i]!, end: ends[i]!, values: valuesIn(members[i], names) }
        if (this.#places.has(windowOf(kept))) throw new StateError(`the snapshot has a result of "${key}" twice`)
        this.#keep(kept)
      })
    }
  }
}

const write = (all: ReadonlyArray<Kept>, state: StateWriter): void => {
  const table = state.table("results", all.length)
  table.strings("key", all.map(({ key }) => key))
  table.numbers("start", Float64Array.from(all, ({ start }) => start))
  table.numbers("end", Float64Array.from(all, ({ end }) => end))
  table.json("values", all.map(({ values }) => membersOf(values)))
}

const windowOf = ({ end, key, start }: Window): string => `${start}:${end}:${key}`
