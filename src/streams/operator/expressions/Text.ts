/** Texts are numbers of a dictionary: each is changed once, and its rows are looked up. */
import type { Type } from "../../pipeline/check/Expressions.ts"
import type { Use } from "../../pipeline/Uses.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { type Evaluator, Room, type Rows, type Vector } from "./Vector.ts"

/** Numbers of texts in a dictionary, as long as it is the same one: to what each is changed, by its own number. */
class Known {
  #dictionary: Dictionary | null = null
  #numbers = new Float64Array(0)

  readonly #use: Use

  constructor(use: Use) {
    this.#use = use
  }

  numberOf(dictionary: Dictionary, of: number, change: Change): number {
    // A text that is not kept comes once, and so does what it is changed to.
    if (of < 0) return numbered(dictionary, change(dictionary.textOf(of)), this.#use)
    if (dictionary !== this.#dictionary) this.#numbers = new Float64Array(0)
    this.#dictionary = dictionary
    if (of >= this.#numbers.length) this.#grow(of)
    const known = this.#numbers[of]!
    if (known !== unknown) return known
    return this.#numbers[of] = numbered(dictionary, change(dictionary.textOf(of)), this.#use === "passed" ? "carried" : this.#use)
  }

  #grow(number: number): void {
    const numbers = new Float64Array(Math.max(1_024, number * 2)).fill(unknown)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}

/** What is only handed on is not looked up: see `Uses`. */
const numbered = (dictionary: Dictionary, text: string | null, use: Use): number => {
  if (text === null) return NaN
  return use === "passed" ? dictionary.pass(text) : use === "carried" ? dictionary.carry(text) : dictionary.numberOf(text)
}

/** In the place of a number that nobody has asked for. */
const unknown = -1

export const text = (type: Type, of: Evaluator, change: Change, use: Use): Evaluator => {
  const room = new Room()
  const known = new Known(use)
  const evaluate = (rows: Rows): Vector => {
    const { values } = of.evaluate(rows)
    const { batch: { dictionary, length }, keep } = rows
    const out = room.for(length)
    for (let row = 0; row < length; row++) {
      const number = values[row]!
      out[row] = number !== number || (keep !== null && keep[row] === 0) ? NaN : known.numberOf(dictionary, number, change)
    }
    return { values: out, large: null }
  }
  return { type, evaluate }
}

export const concat = (type: Type, all: ReadonlyArray<Evaluator>, use: Use): Evaluator => {
  const room = new Room()
  const evaluate = (rows: Rows): Vector => {
    const { batch: { dictionary, length }, keep } = rows
    const parts = all.map((each) => each.evaluate(rows).values)
    const out = room.for(length)
    for (let row = 0; row < length; row++) {
      const isWhole = (keep === null || keep[row] === 1) && parts.every((values) => !Number.isNaN(values[row]))
      out[row] = isWhole ? numbered(dictionary, parts.map((values) => dictionary.textOf(values[row]!)).join(""), use) : NaN
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
  if (isPlain(source)) return (value) => partOf(value, source, part)
  const pattern = new RegExp(source, "u")
  // What lies behind the part is nobody's concern.
  return (value) => value.split(pattern, part + 1)[part] ?? null
}

/** What `split` gives, without the parts before it. */
const partOf = (value: string, separator: string, part: number): string | null => {
  let from = 0
  for (let passed = 0; passed < part; passed++) {
    const at = value.indexOf(separator, from)
    if (at === -1) return null
    from = at + separator.length
  }
  const to = value.indexOf(separator, from)
  return to === -1 ? value.slice(from) : value.slice(from, to)
}

/** A pattern that matches itself alone: a text is searched much faster for a text. */
const isPlain = (source: string): boolean => /^[\w /,:;&=@#%"'<>~!-]+$/.test(source)
