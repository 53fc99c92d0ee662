/** Reads the texts of a column from JSON: known ones are found by their bytes, new ones are checked and numbered. */
import type { Column } from "../pipeline/Column.ts"
import type { Use } from "../pipeline/Uses.ts"
import type { Dictionary } from "./Batch.ts"
import { endOfText, type Input } from "./Json.ts"
import { StringTable } from "./StringTable.ts"

const quote = 34

/** The number of no string. */
export const unread = -1

/** A text of more bytes is mostly like no other: to look for one that is would be in vain. */
const longText = 32

export class TextReader {
  readonly #accepts: Column["accepts"]
  readonly #dictionary: Dictionary
  readonly #texts = new StringTable()
  readonly #use: Use
  readonly isRead: boolean
  /** The bytes that were read last, and the same as what makes strings. */
  #bytes: Uint8Array = new Uint8Array(0)
  #buffer: Buffer = Buffer.alloc(0)

  /** Unless somebody reads its values, a text is not numbered, which would cost a string for each that is new. */
  constructor({ accepts }: Column, dictionary: Dictionary, use: Use) {
    this.#accepts = accepts
    this.#dictionary = dictionary
    this.#use = use
    this.isRead = isRead(use, accepts)
  }

  /** Puts the number of the text that begins at `from` into the column's row, and returns where it ends, or -1. */
  read({ bytes, end, view }: Input, from: number, column: Float64Array, row: number): number {
    if (bytes[from] !== quote) return -1
    if (!this.isRead) {
      const to = endOfText(bytes, from + 1, end)
      column[row] = unread
      return to === -1 ? -1 : to + 1
    }
    const known = this.#texts.find(view, from + 1, end)
    if (known !== -1) {
      column[row] = known
      return this.#texts.to + 1
    }
    const to = endOfText(bytes, from + 1, end)
    if (to === -1) return -1
    const text = this.#textIn(bytes, from + 1, to)
    if (this.#accepts !== null && !this.#accepts(text)) return -1
    column[row] = this.#numberOf(bytes, from + 1, to, text)
    return to + 1
  }

  /** Made at once: character by character it would be a tree of as many strings, which costs ten times as much. */
  #textIn(bytes: Uint8Array, from: number, to: number): string {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.#buffer.toString("latin1", from, to)
  }

  #numberOf(bytes: Uint8Array, from: number, to: number, text: string): number {
    const isNew = this.#use !== "compared" && (to - from >= longText || this.#texts.isFull)
    if (isNew) return this.#use === "passed" ? this.#dictionary.pass(text) : this.#dictionary.carry(text)
    // What is only handed on may have a number of its own in each column, which takes no look-up.
    const number = this.#use === "compared" ? this.#dictionary.numberOf(text) : this.#dictionary.carry(text)
    this.#texts.add(bytes, from, to, number)
    return number
  }
}

/** Whether a column's texts are numbered: a check of the Schema's looks at them, too. */
export const isRead = (use: Use, accepts: Column["accepts"]): boolean => use !== "unread" || accepts !== null
