/**
 * Exact decimals: an integer and a scale, never a binary fraction.
 *
 * A value that leaves the engine is Effect's `BigDecimal`. Inside, a column holds
 * the unscaled integer as a double. Up to 2^53 that is any integer: at the 8 decimals
 * of a price a magnitude of 90 million. Beyond, it is those that end in enough zeros in
 * binary notation, and each zero at the end of a decimal is one of these: 150000000.25 at
 * 8 decimals is 15000000025000000, a multiple of 2^6.
 */
import { BigDecimal, Effect, Option, Schema, SchemaGetter, SchemaIssue } from "effect"

export type Decimal = BigDecimal.BigDecimal

/**
 * How a decimal field is stored in a column: `unscaled / 10^scale`, `|value| <= limit`, the unscaled integer being a double; of a
 * limit beyond those that {@link isWide} tells, it may be any.
 */
export interface Storage {
  readonly scale: number
  readonly limit: number
  /** The smallest value, a whole number; minus the limit unless told. */
  readonly minimum?: number
  /** How a number with more decimals is rounded as it is read; unless told it is refused. */
  readonly round?: Rounding
}

/** Of two neighbours the nearer one; of a tie the one whose last digit is even, or the one that is farther from zero. */
export type Rounding = "half-even" | "half-up"

const modes: { readonly [R in Rounding]: BigDecimal.RoundingMode } = { "half-even": "half-even", "half-up": "half-from-zero" }

/** The annotation that marks a Schema as an exact decimal and says how it is stored. */
export const storageAnnotation = "courant/decimal"

/** Decimals added to a mean or a weighted mean, as Spark's `avg(decimal(p, s))` does. */
export const meanExtraScale = 4

/** More zeros before the point than any limit has. */
const longest = 20

const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/

/**
 * The unscaled integer of a decimal text at a scale, or `undefined` where the text is
 * no number, needs more decimals than the scale has, exceeds the limit, or has more digits
 * than a double holds. Unless told to it never rounds: `1.5` at scale 0 is `undefined`.
 */
export const toUnscaled = (text: string, storage: Storage): number | undefined => {
  const decimal = parsed(text)
  return decimal === undefined ? undefined : rescaled(decimal, storage)
}

/** The decimal that a text is, in plain or scientific notation. */
const parsed = (text: string): Decimal | undefined => plainNumber.test(text) ? Option.getOrUndefined(BigDecimal.fromString(text)) : undefined

/** Whether a text is a decimal of so many decimals and so large, however many digits it has. */
export const fits = (text: string, storage: Storage): boolean => {
  const decimal = parsed(text)
  return decimal !== undefined && integerOf(decimal, storage) !== undefined
}

/** The same of a decimal. */
export const rescaled = (given: Pick<Decimal, "scale" | "value">, storage: Storage): number | undefined => {
  const unscaled = integerOf(given, storage)
  return unscaled !== undefined && isDouble(unscaled) ? Number(unscaled) : undefined
}

/** How a column stores a decimal: as a double, or where it {@link isWide} and has more digits as the integer itself. */
export const stored = (given: Pick<Decimal, "scale" | "value">, storage: Storage): number | bigint | undefined => {
  if (!isWide(storage)) return rescaled(given, storage)
  const unscaled = integerOf(given, storage)
  return unscaled === undefined || !Number.isSafeInteger(Number(unscaled)) ? unscaled : Number(unscaled)
}

/** {@link stored} of a text. */
export const storedText = (text: string, storage: Storage): number | bigint | undefined => {
  const decimal = parsed(text)
  return decimal === undefined ? undefined : stored(decimal, storage)
}

/** Whether a double holds an integer exactly. */
export const isDouble = (integer: bigint): boolean => {
  const nearest = Number(integer)
  return Number.isSafeInteger(nearest) || (Number.isFinite(nearest) && BigInt(nearest) === integer)
}

const integerOf = (given: Pick<Decimal, "scale" | "value">, storage: Storage): bigint | undefined => {
  const exact = BigDecimal.normalize(BigDecimal.make(given.value, given.scale))
  const isRounded = storage.round !== undefined && exact.scale > storage.scale
  const decimal = isRounded ? BigDecimal.normalize(BigDecimal.round(exact, { scale: storage.scale, mode: modes[storage.round] })) : exact
  if (decimal.scale > storage.scale) return undefined
  // A decimal of a thousand zeros would be written out before it is found to be too large.
  if (decimal.scale < -longest) return undefined
  const unscaled = decimal.value * 10n ** BigInt(storage.scale - decimal.scale)
  const unit = 10n ** BigInt(storage.scale)
  return unscaled > BigInt(storage.limit) * unit || unscaled < BigInt(smallest(storage)) * unit ? undefined : unscaled
}

/** The smallest value that it may have. */
export const smallest = ({ limit, minimum = -limit }: Storage): number => minimum

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

export const describe = ({ limit, minimum, round, scale }: Storage): string => {
  const decimals = `a decimal with ${round === undefined ? "at most " : ""}${scale} decimals${round === undefined ? "" : " when it is rounded"}`
  return minimum === undefined ? `${decimals} and a magnitude of at most ${limit}` : `${decimals} from ${minimum} to ${limit}`
}

/** Why a text that {@link fits} is not taken: how many decimals one of its magnitude surely may have. */
export const whyTooLong = (text: string, storage: Storage): string | undefined => {
  if (isWide(storage) || !fits(text, storage) || toUnscaled(text, storage) !== undefined) return undefined
  const magnitude = Math.abs(Number(text))
  const decimals = Array.from({ length: storage.scale + 1 }, (_, decimals) => decimals)
    .findLast((decimals) => magnitude <= largestOf({ decimals, scale: storage.scale })) ?? 0
  return `which has more digits than are kept exactly: ${decimals === 0 ? "so large a decimal is to be whole" : `so large a decimal has at most ${decimals} decimals`}`
}

/** Whether a double does not hold each whole number up to the limit: then values of more digits stand beside the column. */
export const isWide = ({ limit, scale }: Pick<Storage, "limit" | "scale">): boolean => limit > largestNarrow(scale)

/** Up to here a double holds each whole number at a scale, and an integer of 64 bits all that a double holds. */
const largestNarrow = (scale: number): number => Math.floor(Math.min(largestOf({ decimals: 0, scale }), 2 ** 63 / 10 ** scale))

/** Up to here each decimal of so many decimals is kept at a scale: the double's 53 bits, less those of the zeros that it is filled up with. */
const largestOf = ({ decimals, scale }: { readonly decimals: number; readonly scale: number }): number =>
  Number.MAX_SAFE_INTEGER / (5 ** scale * 2 ** decimals)

/**
 * Schema of an exact decimal. Encoded it is a string in plain or scientific notation, or a
 * JSON number. Of that a source reads the text; the Schema by itself gets the double that
 * `JSON.parse` made of it, and takes its shortest decimal representation.
 * A value that does not fit the storage is refused, never rounded: but `round: "half-even"` or `"half-up"` rounds one with more
 * decimals, exactly as its text says. Beyond a magnitude of `2^53 / 10^scale` that is one with
 * more decimals than a double holds there: of d decimals each is taken up to `2^53 / (5^scale * 2^d)`. Where `limit` is larger
 * than that of whole numbers, or `limit * 10^scale` than an integer of 64 bits, every value is taken: those beyond
 * `2^53 / 10^scale` are big integers then, which cost more. `minimum` is the smallest value, such as 0. Throws a `TypeError` where
 * a limit is no whole number that a double holds.
 */
export const Decimal = (storage: Storage) => {
  checkStorage(storage)
  return Schema.Union([Schema.String, Schema.Finite]).pipe(
    Schema.decodeTo(Schema.BigDecimal, {
      decode: SchemaGetter.transformEffect((input: string | number, options) => {
        const unscaled = storedText(String(input), storage)
        return unscaled === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ expected: describe(storage) }, input, options))
          : Effect.succeed(fromUnscaled(unscaled, storage.scale))
      }),
      encode: SchemaGetter.transform((decimal: Decimal): string | number => format(decimal))
    })
  ).annotate({ [storageAnnotation]: storage })
}

/** With one more, not even each fraction of 1 is a double. */
const mostScale = 15

/** A file without types may give anything; and what a double does not hold exactly must not be promised. */
const checkStorage = (storage: Storage): void => {
  // By its type it is an object, which nobody has checked.
  const { limit, minimum, round, scale, ...others } = (storage as Storage | undefined) ?? { limit: Number.NaN, scale: Number.NaN }
  const [other] = Object.keys(others)
  if (other !== undefined) throw new TypeError(`Decimal knows no "${other}": known: scale, limit, minimum, round`)
  if (round !== undefined && !Object.hasOwn(modes, round)) throw new TypeError(`Decimal: it rounds "half-even" or "half-up", and is given ${JSON.stringify(round)}`)
  if (!Number.isInteger(scale) || scale < 0) throw new TypeError("Decimal: its scale is to be a whole number of decimals, 0 or more")
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError("Decimal: its limit is to be a whole number, 1 or more")
  if (scale > mostScale) throw new TypeError(`Decimal: a scale of ${scale} leaves no whole number exact; the largest is ${mostScale}`)
  if (limit > Math.max(Number.MAX_SAFE_INTEGER, largestNarrow(scale))) throw new TypeError(`Decimal: its limit is at most ${Number.MAX_SAFE_INTEGER}, and is ${limit}`)
  if (minimum === undefined || (Number.isInteger(minimum) && minimum >= -limit && minimum <= limit)) return
  throw new TypeError(`Decimal: its minimum is to be a whole number from ${-limit} to its limit, and is ${minimum}`)
}
