/** Texts are numbers of a dictionary: each is changed once, and its rows are looked up. */
import type { Type } from "../../pipeline/check/Expressions.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { type Evaluator, Room, type Rows, type Vector } from "./Vector.ts"

/** Numbers of texts in a dictionary, as long as it is the same one. */
class Known {
  #dictionary: Dictionary | null = null
  readonly #numbers = new Map<number, number>()

  numberOf(dictionary: Dictionary, of: number, change: Change): number {
    if (dictionary !== this.#dictionary) this.#numbers.clear()
    this.#dictionary = dictionary
    const known = this.#numbers.get(of)
    if (known !== undefined) return known
    const changed = change(dictionary.textOf(of))
    const number = changed === null ? NaN : dictionary.numberOf(changed)
    this.#numbers.set(of, number)
    return number
  }
}

export const text = (type: Type, of: Evaluator, change: Change): Evaluator => {
  const room = new Room()
  const known = new Known()
  const evaluate = (rows: Rows): Vector => {
    const { values } = of.evaluate(rows)
    const { dictionary, length } = rows.batch
    const out = room.for(length)
    for (let row = 0; row < length; row++) out[row] = values[row]! !== values[row]! ? NaN : known.numberOf(dictionary, values[row]!, change)
    return { values: out, large: null }
  }
  return { type, evaluate }
}

export const concat = (type: Type, all: ReadonlyArray<Evaluator>): Evaluator => {
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const { dictionary, length } = rows.batch
    const parts = all.map((each) => each.evaluate(rows).values)
    const out = room.for(length)
    for (let row = 0; row < length; row++) {
      const isWhole = parts.every((values) => !Number.isNaN(values[row]))
      out[row] = isWhole ? dictionary.numberOf(parts.map((values) => dictionary.textOf(values[row]!)).join("")) : NaN
    }
    return { values: out, large: null }
  }
  return { type, evaluate }
}

type Change = (text: string) => string | null

/** By code points, so that no pair of surrogates is cut. */
export const substring = (from: number, length: number | null): Change => {
  const to = length === null ? undefined : from + length
  return (value) => Array.from(value).slice(from, to).join("")
}

export const extract = (source: string, group: number): Change => {
  const pattern = new RegExp(source, "u")
  return (value) => pattern.exec(value)?.[group] ?? null
}

export const split = (source: string, part: number): Change => {
  const pattern = new RegExp(source, "u")
  return (value) => value.split(pattern)[part] ?? null
}
