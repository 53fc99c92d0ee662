/**
 * Exact decimals: an integer and a scale, never a binary fraction.
 *
 * A value that leaves the engine is Effect's `BigDecimal`. Inside, a column holds
 * the unscaled integer as a double, which is exact up to 2^53 - 1: at the 8 decimals
 * of a price that is a magnitude of 90 million.
 */
import { BigDecimal, Effect, Option, Schema, SchemaGetter, SchemaIssue } from "effect"

export type Decimal = BigDecimal.BigDecimal

/** How a decimal field is stored in a column: `unscaled / 10^scale`, `|value| <= limit`. */
export interface Storage {
  readonly scale: number
  readonly limit: number
}

/** The annotation that marks a Schema as an exact decimal and says how it is stored. */
export const storageAnnotation = "courant/decimal"

/** Decimals added to a mean or a weighted mean, as Spark's `avg(decimal(p, s))` does. */
export const meanExtraScale = 4

/** More zeros before the point than any limit has. */
const longest = 20

const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/

/**
 * The unscaled integer of a decimal text at a scale, or `undefined` where the text is
 * no number, needs more decimals than the scale has, or exceeds the limit.
 * It never rounds: `1.5` at scale 0 is `undefined`.
 */
export const toUnscaled = (text: string, storage: Storage): number | undefined => {
  if (!plainNumber.test(text)) return undefined
  const parsed = BigDecimal.fromString(text)
  return Option.isNone(parsed) ? undefined : rescaled(parsed.value, storage)
}

/** The same of a decimal. */
export const rescaled = (given: Pick<Decimal, "scale" | "value">, storage: Storage): number | undefined => {
  const decimal = BigDecimal.normalize(BigDecimal.make(given.value, given.scale))
  if (decimal.scale > storage.scale) return undefined
  // A decimal of a thousand zeros would be written out before it is found to be too large.
  if (decimal.scale < -longest) return undefined
  const unscaled = decimal.value * 10n ** BigInt(storage.scale - decimal.scale)
  const limit = BigInt(storage.limit) * 10n ** BigInt(storage.scale)
  return unscaled > limit || unscaled < -limit ? undefined : Number(unscaled)
}

export const fromUnscaled = (unscaled: number | bigint, scale: number): Decimal =>
  BigDecimal.make(BigInt(unscaled), scale)

/**
 * Plain notation without an exponent and without trailing zeros: one text for one value.
 * (`BigDecimal.format` turns to scientific notation from 16 decimals on.)
 */
export const format = (decimal: Decimal): string => formatUnscaled(decimal.value, decimal.scale)

/** {@link format} of `unscaled / 10^scale`. */
export const formatUnscaled = (unscaled: bigint, scale: number): string => {
  if (scale <= 0) return (unscaled * 10n ** BigInt(-scale)).toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0")
  const point = digits.length - scale
  let end = digits.length
  while (end > point && digits.charCodeAt(end - 1) === 48) end--
  const text = end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`
  return negative ? `-${text}` : text
}

/** Integer division rounded HALF_UP: ties go away from zero. The divisor is positive. */
export const divideHalfUp = (dividend: bigint, divisor: bigint): bigint => {
  const magnitude = dividend < 0n ? -dividend : dividend
  const quotient = (2n * magnitude + divisor) / (2n * divisor)
  return dividend < 0n ? -quotient : quotient
}

export const describe = ({ limit, scale }: Storage): string =>
  `a decimal with at most ${scale} decimals and a magnitude of at most ${limit}`

/**
 * Schema of an exact decimal. Encoded it is a string in plain or scientific notation, or a
 * JSON number. Of that a source reads the text; the Schema by itself gets the double that
 * `JSON.parse` made of it, and takes its shortest decimal representation.
 * A value that does not fit the storage is refused, never rounded. Throws a `TypeError` where `limit * 10^scale` is beyond
 * 2^53 - 1, which a column does not hold exactly.
 */
export const Decimal = (storage: Storage) => {
  checkStorage(storage)
  return Schema.Union([Schema.String, Schema.Finite]).pipe(
    Schema.decodeTo(Schema.BigDecimal, {
      decode: SchemaGetter.transformEffect((input: string | number, options) => {
        const unscaled = toUnscaled(String(input), storage)
        return unscaled === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ expected: describe(storage) }, input, options))
          : Effect.succeed(fromUnscaled(unscaled, storage.scale))
      }),
      encode: SchemaGetter.transform((decimal: Decimal): string | number => format(decimal))
    })
  ).annotate({ [storageAnnotation]: storage })
}

/** A file without types may give anything; and what a double does not hold exactly must not be promised. */
const checkStorage = (storage: Storage): void => {
  // By its type it is an object, which nobody has checked.
  const { limit, scale, ...others } = (storage as Storage | undefined) ?? { limit: Number.NaN, scale: Number.NaN }
  const [other] = Object.keys(others)
  if (other !== undefined) throw new TypeError(`Decimal knows no "${other}": known: scale, limit`)
  if (!Number.isInteger(scale) || scale < 0) throw new TypeError("Decimal: its scale is to be a whole number of decimals, 0 or more")
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError("Decimal: its limit is to be a whole number, 1 or more")
  const largest = Math.floor(Number.MAX_SAFE_INTEGER / 10 ** scale)
  if (limit <= largest) return
  throw new TypeError(largest === 0
    ? `Decimal: a scale of ${scale} leaves no whole number exact; the largest is 15`
    : `Decimal: with ${scale} decimals exact integers reach ${largest}, and its limit is ${limit}: give fewer decimals or a smaller limit`)
}
