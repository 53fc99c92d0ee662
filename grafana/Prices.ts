/**
 * With how many decimals prices are shown, and in which currency, in Flux. They have as many as the day says, and more where the
 * prices themselves have more: none is rounded.
 */
import { isField, points } from "./Flux.ts"
import { candles, key, told } from "./Names.ts"

const { close } = candles.fields

/** In place of a currency that nobody has told: an empty text would be taken for a missing value on the way. */
const unknown = "-"

/** How many closes say how many decimals prices have. */
const looked = 60

/**
 * A table `looks`: the decimals of each symbol, its currency as it stands behind a price, and what its last price is called. It needs `import "date"`, `import "strings"`
 * and the function `days`.
 */
export const looksOf = (which: string): string =>
  `digitsOf = (v) => {
  text = string(v: v)
  point = strings.index(v: text, substr: ".")

  return float(v: if point < 0 then 0 else strings.strlen(v: text) - point - 1)
}

told = (field) => days(start: date.sub(d: 30d, from: v.timeRangeStart), stop: v.timeRangeStop, fn: (r) => r._field == field)
  |> last()
  |> group()

own = ${points(candles.measurement, `${which} and ${isField(close)}`)}
  |> tail(n: ${looked})
  |> map(fn: (r) => ({${key}: r.${key}, _value: digitsOf(v: r._value)}))
  |> group(columns: ["${key}"])
  |> max()

looks = union(tables: [
  own |> group() |> map(fn: (r) => ({${key}: r.${key}, said: "own", digits: r._value, text: "${unknown}"})),
  told(field: "${told.decimals}") |> map(fn: (r) => ({${key}: r.${key}, said: "told", digits: float(v: r._value), text: "${unknown}"})),
  told(field: "${told.currency}") |> map(fn: (r) => ({${key}: r.${key}, said: "currency", digits: 0.0, text: r._value})),
])
  |> group(columns: ["${key}"])
  |> reduce(
    identity: {own: 0.0, told: 0.0, currency: "${unknown}"},
    fn: (r, accumulator) => ({
      own: if r.said == "own" then r.digits else accumulator.own,
      told: if r.said == "told" then r.digits else accumulator.told,
      currency: if r.said == "currency" then r.text else accumulator.currency,
    }),
  )
  |> map(fn: (r) => ({
    ${key}: r.${key},
    decimals: if r.told > r.own then r.told else r.own,
    currency: if r.currency == "${unknown}" then "" else " " + r.currency,
    last: if r.currency == "${unknown}" then "Last" else "Last, " + r.currency,
  }))
  |> group()`

/** A function \`written\`: a price as a text with so many decimals, and commas between thousands. It needs `import "math"` too. */
export const written = `grouped = (v) => {
  n = strings.strlen(v: v)
  part = (from, to) => strings.substring(v: v, start: from, end: to)

  return if n > 9 then part(from: 0, to: n - 9) + "," + part(from: n - 9, to: n - 6) + "," + part(from: n - 6, to: n - 3) + "," + part(from: n - 3, to: n)
    else if n > 6 then part(from: 0, to: n - 6) + "," + part(from: n - 6, to: n - 3) + "," + part(from: n - 3, to: n)
    else if n > 3 then part(from: 0, to: n - 3) + "," + part(from: n - 3, to: n)
    else v
}

written = (v, decimals) => {
  unscaled = string(v: int(v: math.round(x: math.abs(x: v) * math.pow(x: 10.0, y: decimals))))
  places = int(v: decimals)
  missing = places + 1 - strings.strlen(v: unscaled)
  digits = (if missing > 0 then strings.repeat(v: "0", i: missing) else "") + unscaled
  point = strings.strlen(v: digits) - places

  return (if v < 0.0 then "-" else "") + grouped(v: strings.substring(v: digits, start: 0, end: point)) +
    (if places == 0 then "" else "." + strings.substring(v: digits, start: point, end: point + places))
}`

/** How Grafana is to show a symbol's prices: whole ones with commas, which it gives no others. */
export const configuration = `looks
  |> map(fn: (r) => ({decimals: r.decimals, unit: if r.decimals == 0.0 then "locale" else "none"}))`
