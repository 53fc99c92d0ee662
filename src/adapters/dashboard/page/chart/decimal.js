/** Exact decimals as panes have them: texts in plain notation, and integers as numbers. */

/** @typedef {string | number} Decimal */

/**
 * Below 0, 0 or above it, as `a` is smaller, equal or larger.
 * @param {Decimal} a @param {Decimal} b
 */
export const compare = (a, b) => {
  // Rounding keeps the order: numbers that differ differ as their texts do.
  const apart = Number(a) - Number(b)
  if (apart !== 0) return apart
  const [x, y] = alike(a, b)
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * A sum in the form that the engine gives it: integers are a number up to 2^53 - 1, everything else is a text.
 * @param {ReadonlyArray<Decimal>} values at least one
 * @returns {Decimal}
 */
export const sum = (values) => {
  let total = 0
  for (const value of values) total = typeof value === "number" ? total + value : NaN
  if (Number.isSafeInteger(total)) return total
  let scale = 0
  let exact = 0n
  for (const value of values) {
    const its = parse(value)
    const common = Math.max(scale, its.scale)
    exact = exact * 10n ** BigInt(common - scale) + its.unscaled * 10n ** BigInt(common - its.scale)
    scale = common
  }
  const isWhole = values.some((value) => typeof value === "number")
  return isWhole && scale === 0 && Number.isSafeInteger(Number(exact)) ? Number(exact) : format(exact, scale)
}

/** Two decimals as integers of one scale. @param {Decimal} a @param {Decimal} b @returns {[bigint, bigint]} */
const alike = (a, b) => {
  const [x, y] = [parse(a), parse(b)]
  const scale = Math.max(x.scale, y.scale)
  return [x.unscaled * 10n ** BigInt(scale - x.scale), y.unscaled * 10n ** BigInt(scale - y.scale)]
}

/** @param {Decimal} value */
const parse = (value) => {
  const text = String(value)
  const point = text.indexOf(".")
  return point < 0
    ? { unscaled: BigInt(text), scale: 0 }
    : { unscaled: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 }
}

/** Without zeros at the end, as panes have it. @param {bigint} unscaled @param {number} scale */
const format = (unscaled, scale) => {
  const sign = unscaled < 0n ? "-" : ""
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0")
  const point = digits.length - scale
  const behind = digits.slice(point).replace(/0+$/, "")
  return sign + digits.slice(0, point) + (behind === "" ? "" : `.${behind}`)
}
