/**
 * The rows of a batch by key and stretch of time, for the windows of several pipelines: what so many rows add to an aggregate is
 * computed once, and merged into the slices of each pipeline. A stretch lies in one slice of all of them.
 */
import { greatestCommonDivisor } from "../../pipeline/check/Windows.ts"
import type { Window } from "../../pipeline/Window.ts"
import type { Batch } from "../../records/Batch.ts"
import { type Accumulator, noSlot } from "../aggregates/Accumulator.ts"
import type { Rows } from "../Operator.ts"

/** Rows that a group has to have on average: those of fewer are placed one by one sooner. */
const leastRows = 4

export class RowGroups {
  /** The group of each row of the batch; {@link noSlot} for those that are left out. */
  readonly of: Int32Array
  /** Of each group its key, the start of its stretch, its rows, and the largest watermark at which one of them came. */
  readonly keys: Array<number> = []
  readonly starts: Array<number> = []
  readonly sizes: Array<number> = []
  readonly watermarks: Array<number> = []
  /** Largest event time. */
  latest = -Infinity
  /** Milliseconds of each stretch. */
  readonly stretch: number
  readonly #batch: Batch
  readonly #partials = new Map<string, Accumulator>()

  constructor(batch: Batch, stretch: number) {
    this.stretch = stretch
    this.#batch = batch
    this.of = new Int32Array(batch.length)
  }

  /** An aggregate over the rows of each group; `what` says which one it is, with its condition, whose mask this is. */
  partial(what: string, mask: Uint8Array | null, make: () => Accumulator): Accumulator {
    const known = this.#partials.get(what)
    if (known !== undefined) return known
    const made = make()
    made.grow(this.keys.length)
    made.add({ batch: this.#batch, from: 0, to: this.#batch.length, slots: this.of }, mask)
    this.#partials.set(what, made)
    return made
  }
}

export class Grouping {
  readonly #stretch: number
  /** By key its newest group, while a batch is gone through. */
  #newest = new Int32Array(0)

  constructor(stretch: number) {
    this.#stretch = stretch
  }

  /** `null` for the first who asks, who may be the only one, and where groups are hardly larger than rows. */
  of({ batch, keep, made }: Rows): RowGroups | null {
    if (made === null) return null
    if (made.groups === undefined) {
      made.groups = "later"
      return null
    }
    if (made.groups === "later") made.groups = this.#group(batch, keep)
    return made.groups
  }

  #group(batch: Batch, keep: Uint8Array | null): RowGroups | null {
    const groups = new RowGroups(batch, this.#stretch)
    const isWorth = this.#fill(groups, batch, keep)
    for (const key of groups.keys) this.#newest[key] = noSlot
    return isWorth ? groups : null
  }

  /** Goes through the rows; not to the end where there are too many groups. */
  #fill(groups: RowGroups, { keys, length, times, watermarks }: Batch, keep: Uint8Array | null): boolean {
    const stretch = this.#stretch
    const before: Array<number> = []
    let [start, latest] = [NaN, -Infinity]
    for (let row = 0; row < length; row++) {
      if (keep !== null && keep[row] === 0) {
        groups.of[row] = noSlot
        continue
      }
      const key = keys[row]!
      const time = times[row]!
      if (!(time >= start && time < start + stretch)) start = Math.floor(time / stretch) * stretch
      if (key >= this.#newest.length) this.#makeRoom(key)
      let group = this.#newest[key]!
      while (group !== noSlot && groups.starts[group] !== start) group = before[group]!
      if (group === noSlot) {
        group = groups.keys.push(key) - 1
        if (group * leastRows > length) return false
        groups.starts.push(start)
        groups.sizes.push(0)
        groups.watermarks.push(-Infinity)
        before.push(this.#newest[key]!)
        this.#newest[key] = group
      }
      groups.of[row] = group
      groups.sizes[group]!++
      groups.watermarks[group] = watermarks[row]!
      if (time > latest) latest = time
    }
    groups.latest = latest
    return true
  }

  #makeRoom(key: number): void {
    const larger = new Int32Array(Math.max(1_024, key * 2)).fill(noSlot)
    larger.set(this.#newest)
    this.#newest = larger
  }
}

/** The longest stretches from time zero on that no slice of these windows parts; `null` where fewer than two have slices of one length. */
export const groupingFor = (windows: ReadonlyArray<{ readonly window: Window; readonly inner: Window | null }>): Grouping | null => {
  const lengths = windows.map(({ inner, window }) => lengthsIn(inner ?? window)).filter((lengths) => lengths.length > 0)
  return lengths.length < 2 ? null : new Grouping(lengths.flat().reduce(greatestCommonDivisor))
}

const lengthsIn = (window: Window): ReadonlyArray<number> => {
  switch (window.kind) {
    case "tumbling":
      return [window.size, Math.abs(window.offset)]
    case "hopping":
      return [window.size, window.advance, Math.abs(window.offset)]
    case "cumulative":
      return [window.step, Math.abs(window.offset)]
    default:
      return []
  }
}
