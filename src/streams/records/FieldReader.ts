/** Checks the parsed values of one field of a source, exactly and whatever they are, and gives them as they are stored. */
import { BigDecimal, Predicate } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import type { Dictionary } from "./Batch.ts"
import type { Column } from "../pipeline/Column.ts"
import type { Use } from "../pipeline/Uses.ts"
import { JsonNumber } from "./JsonNumber.ts"
import { storedRange } from "./NumberBounds.ts"
import { isRead, unread } from "./TextUse.ts"

type DecimalColumn = Column & { readonly kind: "decimal" }

export class FieldReader {
  readonly column: Column
  readonly #dictionary: Dictionary
  readonly #isRead: boolean
  readonly #isWide: boolean
  readonly #minimum: number
  readonly #maximum: number
  /** The integer that was stored last, where it is one that stands beside the column and is infinite in it. */
  large = 0n

  constructor(column: Column, dictionary: Dictionary, use: Use) {
    this.column = column
    this.#dictionary = dictionary
    this.#isRead = isRead(use, column.accepts)
    this.#isWide = column.kind === "decimal" && column.isWide === true
    const [minimum, maximum] = storedRange(column)
    this.#minimum = minimum
    this.#maximum = maximum
  }

  /** The stored form of a value that {@link JsonNumber} parsed, or that a row has; NaN where it is none of this field. */
  store(value: unknown): number {
    const { column } = this
    switch (column.kind) {
      case "string":
        // Half of a surrogate pair has no form in UTF-8: a store would make one text of many.
        return Predicate.isString(value) && value.isWellFormed() && (column.accepts === null || column.accepts(value))
          ? this.#isRead ? this.#dictionary.numberOf(value) : unread
          : NaN
      case "boolean":
        return Predicate.isBoolean(value) ? Number(value) : NaN
      case "decimal": {
        if (BigDecimal.isBigDecimal(value)) return this.#storeDecimal(value, column)
        const text = value instanceof JsonNumber ? value.text : value
        if (!Predicate.isString(text) && !Predicate.isNumber(text)) return NaN
        return this.#accepted(Decimal.storedText(String(text), column), column)
      }
      default: {
        const number = value instanceof JsonNumber ? numberOf(value, column.kind) : value
        // The double that is nearest to 1e400 is an infinity.
        if (!Number.isFinite(number) || !Predicate.isNumber(number)) return NaN
        if (column.kind === "int" && !Number.isSafeInteger(number)) return NaN
        const inRange = number >= column.minimum && number <= column.maximum
        return inRange && (column.accepts === null || column.accepts(number)) ? number + 0 : NaN
      }
    }
  }

  #storeDecimal({ scale, value }: Decimal.Decimal, column: DecimalColumn): number {
    // As its Schema decodes it, it has the scale that it is stored with.
    if (scale !== column.scale || this.#isWide) return this.#accepted(Decimal.stored({ scale, value }, column), column)
    const unscaled = Number(value)
    const isIn = unscaled >= this.#minimum && unscaled <= this.#maximum
    return isIn && Decimal.isDouble(value) ? this.#accepted(unscaled, column) : NaN
  }

  #accepted(unscaled: number | bigint | undefined, { accepts, scale }: DecimalColumn): number {
    if (unscaled === undefined) return NaN
    if (accepts !== null && !accepts(Decimal.fromUnscaled(unscaled, scale))) return NaN
    if (typeof unscaled === "number") return unscaled
    this.large = unscaled
    return unscaled > 0n ? Infinity : -Infinity
  }
}

/** NaN where an integer's text is none: the double that is nearest to it may be one all the same. */
const numberOf = (number: JsonNumber, kind: "int" | "double"): number =>
  kind === "double" ? number.nearest : Decimal.toUnscaled(number.text, safeInteger) ?? NaN

const safeInteger: Decimal.Storage = { scale: 0, limit: Number.MAX_SAFE_INTEGER }
