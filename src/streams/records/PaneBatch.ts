/**
 * Panes of one pipeline as numbers, row by row, as they leave its windows. A window of ten thousand keys closes without an
 * object for any of them: one is made of a row for whoever asks for it.
 */
import { fromUnscaled } from "../../domain/Decimal.ts"
import type { Kind, Pane, Value, Values } from "../pipeline/Pane.ts"
import type { Dictionary } from "./Batch.ts"

/**
 * What the number of a result stands for: the unscaled integer of a decimal, a number, or 0 and 1. NaN is `null`; what is no
 * such number is infinite and stands beside them, see {@link PaneBatch.others}.
 */
export type Form = { readonly kind: "decimal"; readonly scale: number } | { readonly kind: "number" | "boolean" }

export interface Shape {
  readonly pipeline: string
  readonly results: ReadonlyArray<{ readonly name: string; readonly form: Form }>
  /** All results at once: an object that is given them one after the other is made again and again. */
  readonly blank: Values
}

/** What is told of a window, beside its key and its results. */
export interface Telling {
  readonly start: number
  readonly end: number
  readonly kind: Kind
  readonly watermark: number
  readonly offset: number
}

const kinds: ReadonlyArray<Kind> = ["early", "on-time", "late", "retracted"]
const retracted = kinds.indexOf("retracted")

/** Where a row has what it says beside results. */
const at = { key: 0, start: 1, end: 2, kind: 3, revision: 4, changes: 5, watermark: 6, offset: 7 }

/** The numbers of a row before those of its results. */
const before = 8

export class PaneBatch {
  readonly shape: Shape
  readonly dictionary: Pick<Dictionary, "textOf">
  readonly #width: number
  #numbers: Float64Array
  #length = 0
  /** Results that are no numbers, by their places. */
  readonly others = new Map<number, Value>()
  readonly #leftOut = new Set<number>()

  constructor(shape: Shape, dictionary: Pick<Dictionary, "textOf">, capacity: number) {
    this.shape = shape
    this.dictionary = dictionary
    this.#width = before + shape.results.length
    this.#numbers = new Float64Array(capacity * this.#width)
  }

  get length(): number {
    return this.#length
  }

  /** How many of them are no news, but stand for windows that have no rows any more. */
  get leftOut(): number {
    return this.#leftOut.size
  }

  /** Numbers of a row: from one row to the next. */
  get width(): number {
    return this.#width
  }

  /** All rows, one after the other; another array when rows are {@link add}ed. */
  get numbers(): Float64Array {
    return this.#numbers
  }

  /** Where a result of a row is among the {@link numbers}. */
  placeOf(row: number, result: number): number {
    return row * this.#width + before + result
  }

  /** Adds rows for keys of a window, all with one revision and each with its changes, and says which is the first; their results are `null` until they are put in. */
  add({ end, kind, offset, start, watermark }: Telling, keys: Int32Array, changes: Float64Array, count: number, revision: number): number {
    const first = this.#length
    this.#length += count
    if (this.#length * this.#width > this.#numbers.length) this.#grow()
    const [numbers, width, number] = [this.#numbers, this.#width, kinds.indexOf(kind)]
    for (let i = 0, place = first * width; i < count; i++, place += width) {
      numbers[place + at.key] = keys[i]!
      numbers[place + at.start] = start
      numbers[place + at.end] = end
      numbers[place + at.kind] = number
      numbers[place + at.revision] = revision
      numbers[place + at.changes] = changes[i]!
      numbers[place + at.watermark] = watermark
      numbers[place + at.offset] = offset
    }
    return first
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(this.#length, 2 * this.#numbers.length / this.#width) * this.#width)
    larger.set(this.#numbers)
    this.#numbers = larger
  }

  /** See {@link Emitted.isLeftOut}. */
  leaveOut(row: number): void {
    this.#leftOut.add(row)
  }

  isLeftOut(row: number): boolean {
    return this.#leftOut.size > 0 && this.#leftOut.has(row)
  }

  /** All become due later, by so many milliseconds. */
  delay(millis: number): void {
    for (let row = 0; row < this.#length; row++) this.#numbers[row * this.#width + at.watermark]! += millis
  }

  #at(row: number, what: keyof typeof at): number {
    return this.#numbers[row * this.#width + at[what]]!
  }

  watermarkAt(row: number): number {
    return this.#at(row, "watermark")
  }

  offsetAt(row: number): number {
    return this.#at(row, "offset")
  }

  /** Whether it is due later than the one before it. */
  isLater(row: number): boolean {
    const numbers = this.#numbers
    const place = row * this.#width
    const [watermark, formerly] = [numbers[place + at.watermark]!, numbers[place + at.watermark - this.#width]!]
    return formerly < watermark || (formerly === watermark && numbers[place + at.offset - this.#width]! < numbers[place + at.offset]!)
  }

  changesAt(row: number): number {
    return this.#at(row, "changes")
  }

  keyAt(row: number): string {
    return this.dictionary.textOf(this.#at(row, "key"))
  }

  startAt(row: number): number {
    return this.#at(row, "start")
  }

  endAt(row: number): number {
    return this.#at(row, "end")
  }

  /** A row as an object. */
  paneAt(row: number): Pane {
    const numbers = this.#numbers
    const place = row * this.#width
    return {
      pipeline: this.shape.pipeline,
      key: this.dictionary.textOf(numbers[place + at.key]!),
      start: numbers[place + at.start]!,
      end: numbers[place + at.end]!,
      pane: kinds[numbers[place + at.kind]!]!,
      revision: numbers[place + at.revision]!,
      changes: numbers[place + at.changes]!,
      values: numbers[place + at.kind] === retracted ? {} : this.valuesAt(row)
    }
  }

  valuesAt(row: number): Values {
    const { blank, results } = this.shape
    const values: Record<string, Value> = { ...blank }
    for (let result = 0; result < results.length; result++) {
      const { form, name } = results[result]!
      values[name] = this.#valueAt(this.placeOf(row, result), form)
    }
    return values
  }

  #valueAt(place: number, form: Form): Value {
    const number = this.#numbers[place]!
    if (number !== number) return null
    if (number === Infinity) return this.others.get(place) ?? number
    if (form.kind === "number") return number
    return form.kind === "decimal" ? fromUnscaled(number, form.scale) : number === 1
  }
}
