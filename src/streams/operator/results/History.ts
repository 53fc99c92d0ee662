/**
 * What is kept of a key's windows, so that values can be computed from each and from those before it.
 *
 * Windows that may still change are kept one by one, in the order of their ends. Of those that are final it is enough how
 * many rows were in all of them, how far each series had come with them, and the last windows of those that are looked
 * back at: that is the anchor, from which everything behind it is computed. A window that begins more than a bound after
 * the one before it begins a chain of its own: nothing that came before counts for it.
 */
import type { Pane, Value, Values } from "../../pipeline/Pane.ts"
import { type Point, pointOf } from "./indicators/Point.ts"
import type { Reached, Series } from "./Series.ts"

export interface Entry {
  /** As it was emitted last, with what was derived for it. */
  pane: Pane
  /** Rows of the window itself. */
  rows: number
  /** What it is in each series; `null` where it is left out. */
  points: ReadonlyArray<Point | null>
  /** How many times more it was emitted than the window that it was made from. */
  again: number
  /** It has no values for those behind it, and its rows count all the same. */
  readonly isLeftOut: boolean
}

/** A window as far as it is compared. */
export interface Compared {
  readonly start: number
  readonly end: number
}

/** What a window is computed from. */
export interface Computed {
  /** Rows in the windows of its chain before it. */
  readonly rowsBefore: number
  readonly values: ReadonlyArray<Value>
}

/** What is kept of the windows that are final. */
export interface Finals {
  /** End of the newest; `-Infinity` before the first. */
  readonly end: number
  readonly rows: number
  /** Of each series. */
  readonly series: ReadonlyArray<Kept>
}

export interface Kept extends Reached {
  /** The last windows that are looked back at, the oldest first. */
  readonly points: ReadonlyArray<Point>
}

/** How far a window and those before it have come. */
interface After {
  readonly end: number
  /** In all windows of its chain, its own among them. */
  readonly rows: number
  readonly series: ReadonlyArray<Reached>
}

export interface Options {
  readonly key: string
  /** How far a window lies behind the end of another. */
  readonly distance: (window: Compared, end: number) => number
  /** How far it may, to follow on it. */
  readonly within: number
  readonly series: ReadonlyArray<Series>
}

export class History {
  readonly key: string
  /** Where its operator keeps it. */
  place = -1
  readonly #distance: (window: Compared, end: number) => number
  readonly #within: number
  readonly #series: ReadonlyArray<Series>
  /** Windows that may still change, in the order of their ends; of those that end together in that of their starts. */
  readonly entries: Array<Entry> = []
  /** Of the first entries, as many as have been looked at since one of them changed. */
  readonly #afters: Array<After> = []
  #finals: Finals

  constructor({ distance, key, series, within }: Options) {
    this.key = key
    this.#distance = distance
    this.#within = within
    this.#series = series
    this.#finals = { end: -Infinity, rows: 0, series: series.map(nothing) }
  }

  /** What is kept of the windows that are final, which does not change any more. */
  get finals(): Finals {
    return this.#finals
  }

  pointsOf(values: Values, { end }: Compared, isLeftOut: boolean): ReadonlyArray<Point | null> {
    return this.#series.map(({ inputs }) => isLeftOut ? null : pointOf(inputs, values, end))
  }

  /** What a window with these values is computed from. Looking changes nothing. */
  computed(window: Compared, points: ReadonlyArray<Point | null>, valueCount: number): Computed {
    const index = this.indexBefore(window)
    const before = this.#afterAt(index - 1)
    const values = Array.from({ length: valueCount }, (): Value => null)
    this.#series.forEach((series, place) => {
      const point = points[place]!
      const reached = this.#reached(place, window, before.series[place]!, point)
      series.tell(values, point, this.#pointsBefore(place, index, window), reached)
    })
    return { rowsBefore: this.rowsBefore(window, before), values }
  }

  /** In the windows of its chain before it. */
  rowsBefore(window: Compared, { end, rows }: Pick<After, "end" | "rows"> = this.#afterAt(this.indexBefore(window) - 1)): number {
    return this.#isNear(window, end) ? rows : 0
  }

  #isNear(window: Compared, end: number): boolean {
    return this.#distance(window, end) <= this.#within
  }

  #reached(place: number, window: Compared, before: Reached, point: Point | null): Reached {
    return point === null ? before : this.#series[place]!.next(before, point, this.#isNear(window, before.end))
  }

  /** How far the windows up to an entry have come; the anchor is before the first. */
  #afterAt(index: number): After {
    for (let next = this.#afters.length; next <= index; next++) {
      const before = this.#afters[next - 1] ?? this.#finals
      const { pane, points, rows } = this.entries[next]!
      this.#afters.push({
        end: pane.end,
        rows: rows + (this.#isNear(pane, before.end) ? before.rows : 0),
        series: points.map((point, place) => this.#reached(place, pane, before.series[place]!, point))
      })
    }
    return this.#afters[index] ?? this.#finals
  }

  /** Of the windows before one in a series, as many as are looked at and follow on one another, the oldest first. */
  #pointsBefore(place: number, index: number, window: Compared): ReadonlyArray<Point> {
    const { lookback } = this.#series[place]!
    const points: Array<Point> = []
    let next = window
    for (let at = index - 1; at >= 0 && points.length < lookback; at--) {
      const { pane, points: { [place]: point } } = this.entries[at]!
      if (point == null) continue
      if (!this.#isNear(next, point.end)) return points.reverse()
      points.push(point)
      next = pane
    }
    const { end, points: kept } = this.#finals.series[place]!
    if (this.#isNear(next, end)) for (let at = kept.length - 1; at >= 0 && points.length < lookback; at--) points.push(kept[at]!)
    return points.reverse()
  }

  /** How many entries end before a window, or with it and begin before it. */
  indexBefore({ end, start }: Compared): number {
    let [index, until] = [0, this.entries.length]
    while (index < until) {
      const middle = (index + until) >> 1
      const { pane } = this.entries[middle]!
      if (pane.end < end || (pane.end === end && pane.start < start)) index = middle + 1
      else until = middle
    }
    return index
  }

  find(window: Compared): Entry | undefined {
    const entry = this.entries[this.indexBefore(window)]
    return entry?.pane.end === window.end && entry.pane.start === window.start ? entry : undefined
  }

  remove(entry: Entry): void {
    this.#change(this.entries.indexOf(entry, this.indexBefore(entry.pane)), 1)
  }

  /** Puts it where its end belongs. */
  insert(entry: Entry): void {
    this.#change(this.indexBefore(entry.pane), 0, entry)
  }

  #change(index: number, removed: number, ...added: ReadonlyArray<Entry>): void {
    this.entries.splice(index, removed, ...added)
    if (this.#afters.length > index) this.#afters.length = index
  }

  /** Lets go of the entries that are final, and keeps what those after them are computed from. */
  settle(isFinal: (end: number) => boolean): void {
    while (this.entries.length > 0 && isFinal(this.entries[0]!.pane.end)) {
      const { end, rows, series } = this.#afterAt(0)
      const { pane, points } = this.entries[0]!
      const kept = series.map((reached, place) => this.#kept(place, pane, reached, points[place]!))
      this.#finals = { end, rows, series: kept }
      this.entries.shift()
      this.#afters.shift()
    }
  }

  #kept(place: number, window: Compared, reached: Reached, point: Point | null): Kept {
    const before = this.#finals.series[place]!
    const isNear = this.#isNear(window, before.end)
    if (point === null) return isNear ? before : nothing(this.#series[place]!)
    return { ...reached, points: [...isNear ? before.points : [], point].slice(-this.#series[place]!.lookback) }
  }

  /** Takes up where another left off. */
  resume(finals: Finals): void {
    this.#finals = finals
    this.#afters.length = 0
  }
}

const nothing = (series: Series): Kept => ({ ...series.fresh, points: [] })
