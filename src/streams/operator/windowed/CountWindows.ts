/**
 * Windows of so many rows of a key. Rows come in the order of event time, and none is late: so of each key one window is open
 * at a time. It ends a millisecond behind the row that fills it, with all other rows of that millisecond, or a fixed time after
 * its first row. What has ended closes before any row that comes at its end or later.
 */
import type { WindowNode } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { noSlot } from "../aggregates/Accumulator.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { endOfTime, noOffset } from "../Operator.ts"
import { type SlotEntry, SlotPages } from "../SlotPages.ts"
import { sorted } from "../Sort.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Heap } from "./Heap.ts"
import * as KeyedState from "./KeyedState.ts"
import { compareText } from "./KeyOrder.ts"
import type { Taking } from "./Taking.ts"
import { type Emitter, restoreProgress, saveProgress, type Show, type Wanted, type Windows } from "./Windows.ts"

interface CountWindow {
  key: number
  readonly start: number
  /** So far as it is known: it comes nearer with the row that fills the window. */
  end: number
  readonly slot: number
  rows: number
}

/** Where a window ends; it counts as long as the window still ends there. */
interface Due {
  readonly at: number
  readonly window: CountWindow
}

const byTime = (a: Due, b: Due): number => a.at - b.at

/** Windows whose former ends are kept however few are open. */
const fewest = 1_024

export class CountWindows implements Windows {
  readonly #slots: AccumulatorTable
  readonly #rows: number
  readonly #within: number
  readonly #emitter: Emitter
  #dictionary: Dictionary
  /** By key the window that is open. */
  readonly #open = new Map<number, CountWindow>()
  readonly #bySlot: Array<CountWindow | undefined> = []
  #due = new Heap<Due>(byTime)
  /** In the heap, with those that do not count any more. */
  #scheduled = 0
  readonly pages: Windows["pages"]
  readonly unsettledSince = null
  #closedTo = -Infinity

  constructor({ window }: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emitter: Emitter) {
    if (window.kind !== "count") throw new TypeError(`${window.kind} windows do not count rows`)
    this.#slots = slots
    this.#rows = window.rows
    this.#within = window.within
    this.#emitter = emitter
    this.#dictionary = dictionary
    const pages = new SlotPages<KeyedState.KeyedOwner>(slots, { ownerOf: this.#savedAt, order: KeyedState.byStartAndKey, write: this.#write })
    slots.pages = pages
    this.pages = { slots: pages }
  }

  #savedAt = (slot: number): KeyedState.KeyedOwner | null => {
    const window = this.#bySlot[slot]
    return window === undefined ? null : { key: this.#textOf(window.key), start: window.start, end: window.end }
  }

  #write = (entries: ReadonlyArray<SlotEntry<KeyedState.KeyedOwner>>, slots: AccumulatorTable, state: StateWriter): void =>
    KeyedState.save("windows", entries, { slots, dictionary: this.#dictionary, state })

  get closedTo(): number {
    return this.#closedTo
  }

  get size(): number {
    return this.#slots.size
  }

  get held(): number {
    return this.#open.size
  }

  *take(taking: Taking): Work {
    const { keys, length, times } = taking.batch
    for (let row = 0; row < length; row++) {
      taking.slots[row] = noSlot
      if (taking.isLeftOut(row)) continue
      const time = times[row]!
      if (time < this.#closedTo) throw new Error(`a broken invariant: a row of ${time} comes behind those before ${this.#closedTo}`)
      if ((this.#next()?.at ?? Infinity) <= time) {
        taking.apply(row)
        yield* this.advance(time)
      }
      taking.slots[row] = this.#add(keys[row]!, time)
    }
    taking.apply(length)
  }

  /** The window that is open takes every row: it would have been closed otherwise. */
  #add(key: number, time: number): number {
    const window = this.#open.get(key) ?? this.#begin(key, time, time + this.#within)
    window.rows++
    if (window.rows === this.#rows && time + 1 < window.end) {
      this.#slots.touch(window.slot)
      window.end = time + 1
      this.#schedule(window)
    }
    return window.slot
  }

  #begin(key: number, start: number, end: number): CountWindow {
    const window: CountWindow = { key, start, end, slot: this.#slots.allocate(), rows: 0 }
    this.#bySlot[window.slot] = window
    this.#open.set(key, window)
    this.#schedule(window)
    return window
  }

  /** A window that is full leaves behind when it would have ended otherwise: once most are such, they are thrown away. */
  #schedule(window: CountWindow): void {
    this.#due.push({ at: window.end, window })
    if (++this.#scheduled <= 2 * this.#open.size + fewest) return
    this.#due = new Heap<Due>(byTime)
    for (const open of this.#open.values()) this.#due.push({ at: open.end, window: open })
    this.#scheduled = this.#open.size
  }

  #pop(): void {
    this.#due.pop()
    this.#scheduled--
  }

  /** The window that ends next. */
  #next(): Due | null {
    let due = this.#due.smallest
    for (; due !== undefined && !this.#isDue(due); due = this.#due.smallest) this.#pop()
    return due ?? null
  }

  #isDue({ at, window }: Due): boolean {
    return this.#bySlot[window.slot] === window && window.end === at
  }

  *advance(watermark: number): Work {
    if (watermark <= this.#closedTo) return
    const closing: Array<CountWindow> = []
    const until = watermark < endOfTime ? watermark : Infinity
    for (let due = this.#next(); due !== null && due.at <= until; due = this.#next()) {
      closing.push(due.window)
      this.#pop()
      if (isTired(closing.length)) yield
    }
    this.#closedTo = watermark
    for (const window of yield* sorted(closing, this.#order)) {
      this.#close(window)
      yield
    }
  }

  #order = (a: CountWindow, b: CountWindow): number =>
    a.end - b.end || a.start - b.start || compareText(this.#textOf(a.key), this.#textOf(b.key))

  /** It is due at its end, whenever the closing comes to be carried out. */
  #close({ end, key, slot, start }: CountWindow): void {
    this.#emitter.emit({ key, start, end, kind: "on-time", revision: 0, changes: this.#slots.rowsOf(slot), slot, watermark: end, offset: noOffset })
    this.#open.delete(key)
    this.#slots.release(slot)
    this.#bySlot[slot] = undefined
  }

  forming({ key: wanted, most }: Wanted, show: Show): void {
    const only = wanted === undefined ? undefined : this.#open.get(this.#dictionary.find(wanted) ?? -1)
    const found: Array<CountWindow> = []
    for (const window of wanted === undefined ? this.#open.values() : only === undefined ? [] : [only]) {
      if (found.length >= most) break
      found.push(window)
    }
    for (const { end, key, slot, start } of found.sort(this.#order)) {
      show({ key, start, end, kind: "early", revision: 0, changes: this.#slots.rowsOf(slot), slot, watermark: this.#closedTo, offset: noOffset })
    }
  }

  /** Each window is told once, with bounds that do not depend on what came when. */
  adopt(): Work {
    return []
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const windows = [...this.#open.values()]
    this.#slots.renumber((number) => dictionary.numberOf(former.textOf(number)))
    this.#open.clear()
    this.#dictionary = dictionary
    for (const window of windows) {
      window.key = dictionary.numberOf(former.textOf(window.key))
      this.#open.set(window.key, window)
    }
  }

  #textOf = (number: number): string => this.#dictionary.textOf(number)

  save(state: StateWriter): void {
    saveProgress({ closedTo: this.#closedTo, latest: -Infinity }, state)
  }

  restore(state: StateReader): void {
    this.#closedTo = restoreProgress(state).closedTo
    KeyedState.restore("windows", { slots: this.#slots, dictionary: this.#dictionary, state }, ({ end, key, start }) => {
      if (this.#open.has(key) || end <= start) throw new StateError(`no window of a key that has others is from ${start} to ${end}`)
      return this.#begin(key, start, end).slot
    })
    for (const window of this.#open.values()) window.rows = this.#slots.rowsOf(window.slot)
  }
}
