/** Results of windows as rows: what their columns are, and which results have none. */
import * as Checked from "../Checked.ts"
import type { Column } from "../Column.ts"
import { refuse } from "./CheckError.ts"
import { columnOf, largest, safe, type Type, typeIn } from "./Expressions.ts"
import { longestOf, shortestAdvanceOf } from "./Windows.ts"

const node = "Panes.toEvents"

/** What rows of results have in place of a source's name. */
export const resultRowsName = node

/** The fields that a row has beside the results. */
const own = ["key", "start", "end"]

/** What rows these are, how long after a window's end they come, and what is kept until then. */
export const resultRows = (input: Checked.Results): Pick<Checked.ToEvents, "definition" | "delay" | "state"> => {
  const inner = Checked.windowOf({ end: input })
  const { allowedLateness, trigger, window } = inner
  const values = Checked.valuesOf({ end: input })
  const taken = values.find(([name]) => own.includes(name))
  if (taken !== undefined) refuse(node, `a row has its window's ${own.join(", ")}, and there is a result "${taken[0]}": call it something else`)
  if (trigger.on === "update") refuse("Pipeline.emitOnUpdate", `${node} stands behind these windows, and takes what is final: leave it out`)
  // A session may still grow when the watermark has reached its end.
  const delay = allowedLateness + (window.kind === "session" ? 1 : 0)
  const advance = shortestAdvanceOf(window)
  const results = values.map(([name, type]) => columnOf(name, typeOf(name, type, isConstant(input, name) ? [] : inner.aggregates)))
  return {
    definition: {
      name: node,
      columns: [columnOf("key", { kind: "string", optional: false }), whole("start"), whole("end"), ...results],
      key: ["key"],
      // The last millisecond that belongs to the window: it is that of the row.
      eventTime: { field: "end", unit: "milliseconds" },
      outOfOrderness: Checked.definitionOf(inner.input).outOfOrderness + delay
    },
    delay,
    state: {
      entriesPerKey: advance === null ? null : Math.ceil(delay / advance) + 1,
      milliseconds: delay + longestOf(window),
      bytesPerEntry: 100 + 24 * results.length
    }
  }
}

const whole = (name: string): Column => columnOf(name, { kind: "int", bound: safe, optional: false })

/** Any result may be missing. A sum of integers, which may be beyond 2^53 - 1, is a decimal without decimals. */
const typeOf = (name: string, type: Checked.ValueType, aggregates: Checked.WindowNode["aggregates"]): Type => {
  switch (type.kind) {
    case "any":
      return refuse(node, `the result "${name}" is what a function gives, of a kind that nobody knows: a field needs one; leave it out`)
    case "decimal": {
      const chosen = aggregates.find((aggregate) => aggregate.name === name && choices.includes(aggregate.op))
      if (chosen === undefined) return { kind: "decimal", scale: type.scale, bound: largest, optional: true }
      return { kind: "decimal", scale: type.scale, bound: boundOf(chosen), ...isNarrow(chosen) ? { isNarrow: true } : {}, optional: true }
    }
    case "int":
      return type.isWide === true ? { kind: "decimal", scale: 0, bound: largest, optional: true } : { kind: "int", bound: safe, optional: true }
    default:
      return { kind: type.kind, optional: true }
  }
}

/** Whether it may be what was declared for windows without events, however large. */
const isConstant = (input: Checked.Results, name: string): boolean =>
  Checked.resultStepsOf({ end: input }).some((step) => step._tag === "fill" && step.values.some((value) => value.name === name && value.from === "constant" && value.value !== null))

/** What gives values of its field as they are, which are no larger than the field's. */
const choices: ReadonlyArray<string> = ["min", "max", "first", "last", "minBy", "maxBy"]

const boundOf = (chosen: Checked.Aggregate): bigint => {
  const bounds = [chosen.field, chosen.preAggregated].flatMap((field) => {
    const type = field === null ? null : typeIn(field.column)
    return type !== null && "bound" in type ? [type.bound] : []
  })
  return bounds.reduce((most, bound) => bound > most ? bound : most, 0n)
}

/** Whether a double holds each of them. */
const isNarrow = ({ field, preAggregated }: Checked.Aggregate): boolean =>
  [field, preAggregated].every((each) => each === null || (each.column.kind === "decimal" && each.column.isWide !== true))

/** At the end of a pipeline a row of results is known by its window. */
export const checkWindowKept = (end: Checked.Events): void => {
  const [missing] = Object.entries(Checked.windowFieldsOf(end) ?? {}).flatMap(([field, at]) => at === -1 ? [field] : [])
  if (missing === undefined) return
  refuse("Events.select", `the rows at the end are those of ${node}, each of which is known by its window's ${own.join(", ")}, and "${missing}" is left out: keep it, under any name`)
}

/** A pair at the end of a pipeline is known by the places of its rows, of which those of results have none. */
export const checkPairs = (end: Checked.Events): void => {
  if (end._tag === "source" || end._tag === "to-events") return
  if (end._tag === "interval") {
    if (![end.input, end.other].every(Checked.areRecords)) {
      refuse("Pipeline.named", `it ends in pairs of Join.interval, and a side of these is the rows of ${node}, which have no place: put windows behind it, or join them with Join.asOf`)
    }
    checkPairs(end.other)
  }
  checkPairs(end.input)
}
