/** What of a pipeline an alert can be about. */
import type { Alert } from "../../../streams/ports/AlertStore.ts"
import type { Description } from "../Description.ts"
import type { Rule } from "./Crossings.ts"

/** The price of candles: it reaches a level by its high or low, and comes from its close. */
export const price = "price"

const candle = ["open", "high", "low", "close"]

const numbersOf = ({ values }: Description): ReadonlyArray<string> =>
  values.flatMap(({ kind, name }) => kind === "integer" || kind === "decimal" || kind === "double" ? [name] : [])

const isOfCandles = (pipeline: Description): boolean => candle.every((name) => numbersOf(pipeline).includes(name))

/** Why there is nothing to look at, in words; `null` where there is. */
export const idleOf = ({ pipeline: name, value }: Pick<Alert, "pipeline" | "value">, pipelines: ReadonlyArray<Description>): string | null => {
  const pipeline = pipelines.find((each) => each.name === name)
  if (pipeline === undefined) return `no pipeline "${name}" runs here`
  if (pipeline.ends === "rows") return `the pipeline "${name}" ends in events: it has no windows`
  const numbers = numbersOf(pipeline)
  if (numbers.includes(value) || (value === price && isOfCandles(pipeline))) return null
  const there = [...(isOfCandles(pipeline) ? [price] : []), ...numbers].join(", ")
  return there === "" ? `the pipeline "${name}" has no numbers` : `the pipeline "${name}" has no number "${value}"; it has ${there}`
}

/** What of an alert is wrong, as one line that names the field; `null` where nothing is. */
export const refusalOf = (wish: Pick<Alert, "pipeline" | "value">, pipelines: ReadonlyArray<Description>): string | null => {
  const idle = idleOf(wish, pipelines)
  if (idle === null) return null
  const isKnown = pipelines.some(({ ends, name }) => name === wish.pipeline && ends === "panes")
  const others = pipelines.flatMap(({ ends, name }) => ends === "panes" ? [name] : []).join(", ")
  return isKnown ? `value: ${idle}` : `pipeline: ${idle}; with windows there are ${others}`
}

/** A value of that name goes before the price. */
export const ruleOf = (
  { direction, from, level, pipeline: name, value }: Pick<Alert, "direction" | "from" | "level" | "pipeline" | "value">,
  pipelines: ReadonlyArray<Description>,
  moves: boolean
): Rule => {
  const pipeline = pipelines.find((each) => each.name === name)
  const isPrice = value === price && pipeline !== undefined && !numbersOf(pipeline).includes(price)
  const reaches = isPrice ? (direction === "above" ? "high" : "low") : value
  return { direction, from, level, moves, reaches, leaves: isPrice ? "close" : value }
}
