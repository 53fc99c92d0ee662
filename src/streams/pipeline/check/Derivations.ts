/** Values derived from results: that they are of numbers that there are, and over windows that can be counted. */
import * as Checked from "../Checked.ts"
import type { Node } from "../Expression.ts"
import type { Function, Spec } from "../Indicator.ts"
import type * as Plan from "../Plan.ts"
import type { Window } from "../Window.ts"
import { checkName } from "./Aggregates.ts"
import { among, refuse } from "./CheckError.ts"
import { shown } from "./Declarations.ts"
import * as Expressions from "./Expressions.ts"
import { resultType, tableOf } from "./ResultTable.ts"
import { longestOf, shortestAdvanceOf } from "./Windows.ts"

/** What a function is of, and the numbers that it needs: the one result, or several by their parts. */
interface Signature {
  readonly of: ReadonlyArray<string> | null
  readonly parameters: ReadonlyArray<string>
}

const bars = ["high", "low", "close"]
const ofLength: Signature = { of: null, parameters: ["n"] }
const ofBars: Signature = { of: bars, parameters: ["n"] }
const macd: Signature = { of: null, parameters: ["fast", "slow", "signal"] }
const bollinger: Signature = { of: null, parameters: ["n", "deviations"] }
const stochastic: Signature = { of: bars, parameters: ["fastK", "slowK", "slowD"] }

const signatures: { readonly [F in Function]: Signature } = {
  previous: { of: null, parameters: [] },
  percentChange: { of: null, parameters: [] },
  sma: ofLength,
  wma: ofLength,
  ema: ofLength,
  rsi: ofLength,
  roc: ofLength,
  momentum: ofLength,
  standardDeviation: ofLength,
  highest: ofLength,
  lowest: ofLength,
  macd,
  macdSignal: macd,
  macdHistogram: macd,
  bollingerUpper: bollinger,
  bollingerLower: bollinger,
  atr: ofBars,
  cci: ofBars,
  adx: ofBars,
  stochasticK: stochastic,
  stochasticD: stochastic,
  obv: { of: ["close", "volume"], parameters: [] },
  mfi: { of: [...bars, "volume"], parameters: ["n"] }
}

type Known = ReadonlyMap<string, Checked.ValueType>

/** `known` are the results that values may be derived from. */
export const derivedOf = (name: string, spec: Spec, known: Known): Checked.Derived => {
  const node = `the result "${name}"`
  checkNew(node, name, known)
  if (!Object.hasOwn(signatures, spec.function)) refuse(node, `there is no indicator "${String(spec.function)}": ${among(spec.function, Object.keys(signatures))}`)
  const signature = signatures[spec.function]
  const inputs = inputsOf(node, spec, signature)
  const types = inputs.map((of) => typeOf(node, of, known))
  checkParameters(node, spec, signature)
  return { name, spec, inputs, type: givenBy(spec, types) }
}

const checkNew = (node: string, name: string, known: Known): void => {
  checkName(node, name)
  if (known.has(name)) refuse(node, "there is another result of this name; choose another")
}

const inputsOf = (node: string, spec: Spec, { of: parts }: Signature): ReadonlyArray<string> => {
  // A file without types may hand over anything.
  const of: unknown = spec.of
  if (parts === null) return [nameIn(node, of)]
  const example = `{ ${parts.map((part) => `${part}: "${part}"`).join(", ")} }`
  if (typeof of !== "object" || of === null) {
    return refuse(node, `${spec.function} is computed from several results, and is given ${shown(of)}; name them, such as ${example}`)
  }
  const given = new Map<string, unknown>(Object.entries(of))
  const unknown = [...given.keys()].find((part) => !parts.includes(part))
  if (unknown !== undefined) refuse(node, `${spec.function} knows no "${unknown}": ${among(unknown, parts)}`)
  return parts.map((part) => {
    if (!given.has(part)) refuse(node, `${spec.function} needs to know which result is its ${part}, such as ${example}`)
    return nameIn(node, given.get(part))
  })
}

const nameIn = (node: string, of: unknown): string =>
  typeof of === "string" ? of : refuse(node, `it needs the name of a result, and is given ${shown(of)}`)

export const isIndicator = (value: Plan.Derived): value is Spec => "function" in value

/** A value that an expression computes from the known ones. */
export const computedOf = (name: string, expression: Node, known: Known): Checked.Compute["values"][number] => {
  const node = `the result "${name}"`
  checkNew(node, name, known)
  return { name, expression, type: resultType(Expressions.typeOf(node, tableOf(known), expression)) }
}

const typeOf = (node: string, of: string, known: Known): Checked.ValueType => {
  const type = known.get(of)
  if (type === undefined) return refuse(node, `there is no result "${of}": ${among(of, [...known.keys()])}`)
  if (type.kind === "string" || type.kind === "boolean") refuse(node, `it needs a number, and "${of}" is a ${type.kind}`)
  return type
}

const checkParameters = (node: string, spec: Spec, { parameters }: Signature): void => {
  const given = new Map<string, unknown>(Object.entries("parameters" in spec ? spec.parameters : {}))
  for (const name of parameters) {
    const value = given.get(name)
    if (name === "deviations") {
      if (!(typeof value === "number" && Number.isFinite(value) && value > 0)) refuse(node, `its ${name} must be a number above 0, and is ${shown(value)}`)
    } else if (!(typeof value === "number" && Number.isSafeInteger(value) && value >= 1)) {
      refuse(node, `its ${name} must be a whole number of windows, 1 or more, and is ${shown(value)}`)
    }
  }
  const [fast, slow] = [given.get("fast"), given.get("slow")]
  if (typeof fast === "number" && typeof slow === "number" && fast >= slow) {
    refuse(node, `its fast average is over ${fast} windows and its slow one over ${slow}; the fast one has to be over fewer`)
  }
}

const givenBy = (spec: Spec, [type]: ReadonlyArray<Checked.ValueType>): Checked.ValueType => {
  switch (spec.function) {
    case "previous":
    case "highest":
    case "lowest":
      return type ?? { kind: "any" }
    case "percentChange":
      return { kind: "decimal", scale: Checked.percentScale }
    default:
      return { kind: "double" }
  }
}

/**
 * Of a key it keeps the windows that may still change, and so many final ones before them as functions look back. How many
 * sessions may still change depends on the rows.
 */
export const boundOf = (values: ReadonlyArray<Checked.Derived>, within: number, window: Window, allowedLateness: number): Checked.StateBound => {
  const before = Math.max(...values.map(({ spec }) => lookbackOf(spec) - 1), 1)
  const advance = shortestAdvanceOf(window)
  return {
    entriesPerKey: advance === null ? null : Math.ceil(allowedLateness / advance) + 1 + before,
    // A session has no longest length, and is final a millisecond later.
    milliseconds: within + allowedLateness + (window.kind === "session" ? 1 : longestOf(window)),
    bytesPerEntry: 40 + 8 * new Set(values.flatMap(({ inputs }) => inputs)).size + 8 * values.length
  }
}

/** Of windows that may be taken back it keeps what was told of them, until they are final. */
export const toldBoundOf = ({ allowedLateness, trigger, window }: Checked.WindowNode): Checked.StateBound => {
  const advance = shortestAdvanceOf(window)
  const longest = window.kind === "session" ? 1 : longestOf(window)
  const told = allowedLateness + (trigger.on === "update" ? longest : 0)
  return {
    entriesPerKey: advance === null ? null : Math.ceil(told / advance),
    milliseconds: allowedLateness + longest,
    bytesPerEntry: 56
  }
}

/** How many windows a function is computed from, the one that it is for among them; what keeps a state of its own looks at one. */
export const lookbackOf = (spec: Spec): number => {
  switch (spec.function) {
    case "sma":
    case "wma":
    case "standardDeviation":
    case "highest":
    case "lowest":
    case "bollingerUpper":
    case "bollingerLower":
    case "cci":
      return spec.parameters.n
    case "roc":
    case "momentum":
    case "mfi":
      return spec.parameters.n + 1
    case "stochasticK":
    case "stochasticD":
      return spec.parameters.fastK + spec.parameters.slowK + spec.parameters.slowD - 2
    case "previous":
    case "percentChange":
      return 2
    default:
      return 1
  }
}
