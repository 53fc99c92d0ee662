/**
 * The pairs of rows of two sides whose keys are equal and whose times lie within an interval. A pair has the time of its later
 * row, and leaves when both sides are past that; a left row without a partner leaves with its own time when none can come any
 * more, so that of a left join everything leaves later by as much.
 */
import type { Field, Interval } from "../../pipeline/Checked.ts"
import type { Place } from "../../pipeline/Row.ts"
import type { Dictionary } from "../../records/Batch.ts"
import type { Ended, Operator, Rows } from "../Operator.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Side } from "./AsOfOperator.ts"
import { passedBy } from "./HeldRows.ts"
import { OrderedRows } from "./OrderedRows.ts"
import { SideRows } from "./SideRows.ts"

export class IntervalOperator implements Operator<Rows, Rows> {
  readonly #node: Interval
  readonly #keeps: ReadonlyArray<Field>
  readonly #left: SideRows
  readonly #right: SideRows
  readonly #leaving: OrderedRows
  /** Where among the fields that are kept of a left row that stands until which it is joined; -1 where there is none. */
  readonly #until: number
  #dictionary: Dictionary
  readonly pages: Operator<Rows, Rows>["pages"]
  #rows: Rows | null = null
  /** All pairs that are earlier have left. */
  #over = -Infinity

  /** Of a left row only these fields are kept. */
  constructor(node: Interval, keeps: ReadonlyArray<Field>, dictionary: Dictionary) {
    this.#node = node
    this.#keeps = keeps
    this.#dictionary = dictionary
    this.#left = new SideRows("left", keeps, dictionary)
    this.#right = new SideRows("right", node.select.map(({ field }) => field), dictionary)
    this.#leaving = new OrderedRows(node.definition)
    this.#until = keeps.findIndex(({ column }) => column.name === node.until)
    this.pages = { left: this.#left.table, right: this.#right.table }
  }

  get size(): number {
    return this.#left.table.size + this.#right.table.size
  }

  get ended(): Ended {
    return { late: this.#left.late + this.#right.late }
  }

  take(input: number, rows: Rows): Work {
    this.useDictionary(rows.batch.dictionary)
    if (input === Side.left) this.#left.take(rows)
    else this.#right.take(rows)
    return []
  }

  *advance(watermark: number): Work {
    const { after, before, trail } = this.#node
    const passed = passedBy(watermark)
    const over = passed - trail
    yield* this.#left.moveTo(passed, this.#over)
    yield* this.#right.moveTo(passed, this.#over)
    for (let time = this.#nextTime; time < over; time = this.#nextTime) yield* this.#joinAt(time)
    this.#over = over
    yield* this.#left.forget(over - after)
    yield* this.#right.forget(over - before)
    this.#rows = this.#leaving.take(this.#dictionary)
  }

  get #nextTime(): number {
    return Math.min(this.#left.nextTime, this.#right.nextTime)
  }

  /** The pairs whose later row is of this time, in the order of their places. */
  *#joinAt(time: number): Work {
    const [lefts, rights] = [this.#left.takeAt(time), this.#right.takeAt(time)]
    const now = byKey(this.#right, rights)
    const earlier = new Map<number, ReadonlyArray<number>>()
    let done = 0
    for (const left of this.#leftsOf(lefts, now.keys(), time)) {
      const key = this.#left.table.keys[left]!
      const isNow = this.#left.table.times[left] === time
      if (isNow && !earlier.has(key)) earlier.set(key, inPlaces(this.#right, this.#right.between(key, time - this.#node.before, time)))
      let isJoined = false
      for (const right of (isNow ? earlier : now).get(key) ?? []) {
        if (isTired(++done)) yield
        if (!this.#isInTime(left, right)) continue
        isJoined = true
        if (this.#leaving.isFull) yield this.#putOut()
        this.#pair(left, right)
      }
      if (!isNow || isJoined || this.#node.type === "inner" || this.#isJoinedLater(left, key, time)) continue
      if (this.#leaving.isFull) yield this.#putOut()
      this.#pair(left, -1)
    }
  }

  /** The left rows that may be joined to rows of this time, or are of it, in the order of their places. */
  #leftsOf(lefts: ReadonlyArray<number>, keys: Iterable<number>, time: number): ReadonlyArray<number> {
    const earlier: Array<number> = []
    for (const key of keys) {
      for (const left of this.#left.between(key, time - this.#node.after, time)) if (this.#left.table.times[left]! < time) earlier.push(left)
    }
    return earlier.length === 0 ? lefts : inPlaces(this.#left, [...earlier, ...lefts])
  }

  #isInTime(left: number, right: number): boolean {
    return this.#until === -1 || this.#right.table.times[right]! < this.#left.table.columns[this.#until]![left]!
  }

  #isJoinedLater(left: number, key: number, time: number): boolean {
    return this.#right.between(key, time, time + this.#node.after).some((right) => this.#isInTime(left, right))
  }

  #pair(left: number, right: number): void {
    const row = this.#leaving.addPair(this.#left.table, left, this.#right.table, right)
    for (let column = 0; column < this.#keeps.length; column++) this.#leaving.fill(row, this.#keeps[column]!.index, this.#left.table, column, left)
    const selected = this.#node.definition.columns.length - this.#node.select.length
    for (let column = 0; column < this.#node.select.length; column++) {
      if (right === -1) this.#leaving.setAbsent(row, selected + column)
      else this.#leaving.fill(row, selected + column, this.#right.table, column, right)
    }
  }

  #putOut(): void {
    this.#rows = this.#leaving.take(this.#dictionary)
  }

  drain(): Rows | null {
    const rows = this.#rows
    this.#rows = null
    return rows
  }

  useDictionary(dictionary: Dictionary): void {
    if (this.#dictionary === dictionary) return
    this.#left.useDictionary(dictionary)
    this.#right.useDictionary(dictionary)
    this.#dictionary = dictionary
  }

  /** The places of the left rows that are kept: a pair is refused by the name of its left row. */
  *held(): Generator<Place> {
    for (const slot of this.#left.slots()) yield this.#left.table.placeOf(slot)
  }

  /** How far pairs have left, as long as anything is kept that might be joined once more. */
  save(state: StateWriter): void {
    if (this.size > 0) state.table("over", 1).numbers("time", Float64Array.of(this.#over))
  }

  restore(state: StateReader): void {
    for (const table of state.tables("over")) {
      this.#over = table.numbers("time")[0]!
      table.end()
    }
    this.#left.restore(state)
    this.#right.restore(state)
  }
}

const inPlaces = ({ table }: SideRows, slots: Iterable<number>): ReadonlyArray<number> => [...slots].sort(table.placeOrder)

const byKey = ({ table }: SideRows, slots: ReadonlyArray<number>): ReadonlyMap<number, ReadonlyArray<number>> =>
  Map.groupBy(slots, (slot) => table.keys[slot]!)
