/** Values at places that stay theirs, in pages: what operators keep of windows and keys beside their aggregates. */
import { PageMarks, type Paged, placesOf } from "./Paged.ts"
import type { StateWriter } from "./State.ts"

export interface Options<Value, Saved> {
  /** A value as it is written, which does not change any more. */
  readonly saved: (value: Value) => Saved
  readonly order: (a: Saved, b: Saved) => number
  readonly write: (entries: ReadonlyArray<Saved>, state: StateWriter) => void
}

export class PagedList<Value, Saved = Value> implements Paged {
  readonly #options: Options<Value, Saved>
  readonly #values: Array<Value | undefined> = []
  readonly #free: Array<number> = []
  readonly #marks = new PageMarks()
  /** Of places that have changed since a checkpoint began: what it still has to write of them. */
  readonly #kept = new Map<number, Saved | null>()

  constructor(options: Options<Value, Saved>) {
    this.#options = options
  }

  get size(): number {
    return this.#values.length - this.#free.length
  }

  /** What is at a place that has been given out. */
  at(place: number): Value {
    const value = this.#values[place]
    if (value === undefined) throw new Error(`a broken invariant: place ${place} was looked at after it had been given back`)
    return value
  }

  /** Where it is from now on. */
  add(value: Value): number {
    const place = this.#free.pop() ?? this.#values.length
    this.touch(place)
    this.#values[place] = value
    return place
  }

  set(place: number, value: Value): void {
    this.touch(place)
    this.#values[place] = value
  }

  remove(place: number): void {
    this.touch(place)
    this.#values[place] = undefined
    this.#free.push(place)
  }

  /** Has to be called before a value changes in itself. */
  touch(place: number): void {
    this.#marks.change(place)
    if (!this.#marks.isUnderWay || !this.#marks.awaits(place) || this.#kept.has(place)) return
    this.#kept.set(place, this.#savedAt(place))
  }

  #savedAt(place: number): Saved | null {
    const value = this.#values[place]
    return value === undefined ? null : this.#options.saved(value)
  }

  begin(all: boolean): void {
    this.#kept.clear()
    this.#marks.begin(all, this.#values.length)
  }

  get awaited(): ReadonlyArray<number> {
    return this.#marks.awaited
  }

  write(page: number, state: StateWriter): void {
    const entries: Array<Saved> = []
    const [from, to] = placesOf(page)
    for (let place = from; place < to; place++) {
      const kept = this.#kept.get(place)
      this.#kept.delete(place)
      const entry = kept === undefined ? this.#savedAt(place) : kept
      if (entry !== null) entries.push(entry)
    }
    this.#marks.written(page)
    this.#options.write(entries, state)
  }

  writeAll(state: StateWriter): void {
    const all = this.#values.flatMap((value) => value === undefined ? [] : [this.#options.saved(value)])
    this.#options.write(all.sort(this.#options.order), state)
  }
}
