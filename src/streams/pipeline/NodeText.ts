/** A node of a checked graph in words: what it reads, what it computes, and how much it keeps at most. */
import { Duration } from "effect"
import * as Checked from "./Checked.ts"
import * as Expr from "./Expression.ts"
import { valueToJson } from "./Pane.ts"
import type { Definition } from "./Source.ts"
import type { Window } from "./Window.ts"

/** A line or more: from where, what, and what it keeps. */
export const linesOf = (node: Checked.Node): ReadonlyArray<string> => {
  switch (node._tag) {
    case "source": {
      const { columns, eventTime, key, name, outOfOrderness } = node.definition
      return [
        `${node.kind === "event" ? "rows" : "pre-aggregated records"} of ${name}: ${columns.map((column) => column.name).join(", ")}`,
        `key ${key.length === 0 ? "none: all rows are of one" : key.join(", ")}; event time ${eventTime.field} in ${eventTime.unit}; ` +
          `out of order by ${length(outOfOrderness)} at most`
      ]
    }
    case "where":
      return [`from ${node.input.id}, rows where ${condition(node.condition)}`]
    case "filter":
      return [`from ${node.input.id}, rows that a function takes`]
    case "derive-fields":
      return [
        `from ${node.input.id}, rows with more fields`,
        ...node.values.map(({ expression, name }) => `${name} = ${condition(expression)}: ${columnType(node.definition, name)}`)
      ]
    case "select":
      return [`from ${node.input.id}, of each row ${node.fields.map(({ field: { column }, name }) => column.name === name ? name : `${name} = ${column.name}`).join(", ")}`]
    case "lookup":
      return [
        `from ${node.input.id}, each with fields of the row that the table ${node.table.name} of ${node.table.rows.length} rows has for ` +
          node.by.map(({ column }) => column.name).join(", "),
        ...node.select.map(({ field, name }) => `${name} = ${field.column.name}: ${columnType(node.definition, name)}`)
      ]
    case "to-events":
      return [
        `from ${node.input.id}, final results as rows: ${node.definition.columns.map(({ name }) => name).join(", ")}`,
        `${node.delay === 0 ? "" : `they come ${length(node.delay)} after a window's end, and `}event time is the last millisecond of the window`,
        bound(node.state, "window")
      ]
    case "key-by": {
      const key = node.definition.key.length === 0 ? "none: all rows are of one" : node.definition.key.join(", ")
      return [`from ${node.input.id}, rows by the key ${key}${Checked.areRecords(node) ? "" : "; those without one are left out"}`]
    }
    case "in-session":
      return [`from ${node.input.id}, the rows in the sessions of ${calendars(node.window)}${Checked.areRecords(node) ? "" : "; those without a calendar are left out"}`]
    case "in-order":
      return [`from ${node.input.id}, the same rows in their order`, ...held(node.state, "row")]
    case "distinct":
      return [
        `from ${node.input.id}, one row of each ${node.by.map(({ column }) => column.name).join(", ")} of a key within ${length(node.within)}`,
        ...held(node.state, "id")
      ]
    case "union":
      return [`from ${node.input.id} and ${node.other.id}, the rows of both`]
    case "as-of":
      return [
        `from ${node.input.id}, each with fields of the newest row of ${node.other.id} that its key has at its time, at most ${length(node.within)} older`,
        ...node.select.map(({ field, name }) => `${name} = ${field.column.name}: ${columnType(node.definition, name)}`),
        ...held(node.state, "row of either side")
      ]
    case "interval":
      return [
        `from ${node.input.id}, each with fields of ${node.type === "inner" ? "every row" : "every row, or of none,"} of ${node.other.id} of its key, ` +
          `from ${length(node.before)} older to ${length(node.after)} newer${node.until === null ? "" : `, and before ${node.until}`}`,
        ...node.select.map(({ field, name }) => `${name} = ${field.column.name}: ${columnType(node.definition, name)}`),
        ...held(node.state, "row of either side")
      ]
    default:
      return linesOfResults(node)
  }
}

const linesOfResults = (node: Checked.Results): ReadonlyArray<string> => {
  switch (node._tag) {
    case "window":
      return [
        `from ${[node.input, node.preAggregated].flatMap((input) => input === null ? [] : [input.id]).join(" and ")}, ` +
          `${windowText(node.window)}${node.inner === null ? "" : ` made of ${windowText(node.inner)}`}`,
        ...node.cancels === null ? [] : cancelling(node.cancels),
        ...node.aggregates.map((aggregate) => `${aggregate.name} = ${aggregated(aggregate)}: ${type(aggregate.type)}`),
        `${trigger(node.trigger)}; allowed lateness ${length(node.allowedLateness)}`,
        bound(node.state, node.window.kind === "session" ? "open session" : node.window.kind === "count" ? "open window" : node.window.kind === "trading" ? "window" : "slice")
      ]
    case "derive":
      return [
        `from ${node.input.id}`,
        ...node.values.map((value) => `${value.name} = ${derived(value)}: ${type(value.type)}`),
        bound(node.state, "window")
      ]
    case "compute":
      return [
        `from ${node.input.id}`,
        ...node.values.map((value) => `${value.name} = ${condition(value.expression)}: ${type(value.type)}`),
        "nothing is kept"
      ]
    case "where-panes":
      return [`from ${node.input.id}, results where ${condition(node.condition)}`, bound(node.state, "told window")]
    case "fill":
      return [
        `from ${node.input.id}, with the windows without events that end at most ${length(node.within)} after one with events`,
        ...node.values.map((value) => `${value.name} = ${value.from === "previous" ? "that of the last window with events" : valueToJson(value.value)}`),
        bound(node.state, "window")
      ]
    case "top":
      return [`from ${node.input.id}, of each window${perPart(node)} the first ${node.n} keys by ${node.by}, ${node.order}`, bound(node.state, "window")]
  }
}

/** Which rows take back others, and what is kept for it. */
const cancelling = ({ preAggregated, rows, state }: Checked.WindowCancels): ReadonlyArray<string> => [
  ...taking("a row", rows),
  ...preAggregated === null ? [] : taking("a pre-aggregated record", preAggregated),
  bound(state, "row with an id")
]

const taking = (what: string, { cancel, correction, id, replacement }: Checked.Cancels): ReadonlyArray<string> =>
  ([["takes back", cancel], ["corrects", correction], ["replaces", replacement]] as const).flatMap(([does, given]) =>
    given === null ? [] : [`${what} where ${condition(given)} ${does} those of its ${id.column.name}`])

const perPart = (node: Checked.Top): string => {
  const { key } = Checked.definitionOf(Checked.windowOf({ end: node }).input)
  return node.per.length === 0 ? "" : ` and each ${node.per.map((place) => key[place]).join(", ")}`
}

/** A node that holds rows keeps these as well. */
const held = (state: Checked.StateBound, entry: string): ReadonlyArray<string> => [
  "holds rows until the watermark is past them, and puts them out in the order of event time and place: none is late behind it",
  bound(state, entry)
]

/** The bound of state that a check has stated: of one key, as far as it does not depend on the rows. */
const bound = ({ bytesPerEntry, entriesPerKey, milliseconds }: Checked.StateBound, entry: string): string => {
  const entries = entriesPerKey === null ? `one entry for each ${entry}` : `${entriesPerKey} ${entry}${entriesPerKey === 1 ? "" : "s"} at most`
  return `keeps of a key ${entries}, of some ${bytesPerEntry} bytes each, until ${length(milliseconds)} behind the watermark`
}

/** Such as "tumbling windows of 1m". */
export const windowText = (window: Window): string => {
  switch (window.kind) {
    case "tumbling":
      return `tumbling windows of ${length(window.size)}`
    case "hopping":
      return `hopping windows of ${length(window.size)}, one every ${length(window.advance)}`
    case "cumulative":
      return `cumulative windows of ${length(window.size)} in steps of ${length(window.step)}`
    case "session":
      return `sessions with gaps of ${length(window.gap)} at most`
    case "count":
      return `windows of ${window.rows} rows of a key, or of what comes within ${length(window.within)} of the first`
    case "calendar":
      return `each ${window.unit} in ${window.timeZone}`
    case "trading":
      return `${window.bars === null ? "each session" : `bars of ${length(window.bars)} of the sessions`} of ${calendars(window)}`
  }
}

const calendars = ({ calendars: of, hours }: Window & { readonly kind: "trading" }): string => {
  const whose = of.by === null ? of.calendar.name : `the calendar that ${of.by} names`
  return hours === "regular" ? whose : `${whose}, ${hours === "extended" ? "with what is before and after them" : `what is ${hours === "pre" ? "before" : "after"} them`}`
}

const aggregated = ({ by, field, op, settings, where }: Checked.Aggregate): string => {
  const fields = [field, by].flatMap((each) => each === null ? [] : [each.column.name])
  const told = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  return `${op}${fields.length === 0 ? "" : `(${[...fields, ...told].join(", ")})`}${where === null ? "" : ` where ${condition(where)}`}`
}

const columnType = ({ columns }: Definition, name: string): string => {
  const column = columns.find((each) => each.name === name)
  return column === undefined ? "" : `${type(column)}${column.kind === "decimal" && column.isWide === true ? ", of up to 38 digits" : ""}`
}

const derived = ({ inputs, spec }: Checked.Derived): string =>
  `${spec.function}(${[...inputs, ...Object.values("parameters" in spec ? spec.parameters : {})].join(", ")})`

const type = (type: Checked.ValueType): string => type.kind === "decimal" ? `decimal of scale ${type.scale}` : type.kind

const trigger = (trigger: Checked.WindowNode["trigger"]): string => {
  if (trigger.on === "close") return "emitted as they close"
  return trigger.every === 0 ? "emitted early at every row" : `emitted early every ${length(trigger.every)}`
}

const signs: { readonly [O in Expr.Comparison]: string } = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" }

const condition = (node: Expr.Node): string => {
  switch (node.op) {
    case "and":
    case "or":
      return node.all.length === 0 ? String(node.op === "and") : `(${node.all.map(condition).join(` ${node.op} `)})`
    case "not":
      return `not ${condition(node.that)}`
    case "isNot":
      return `${node.field} is not ${JSON.stringify(node.value)}`
    case "compare":
      return `${condition(node.left)} ${node.by === "isNot" ? "is not" : signs[node.by]} ${condition(node.right)}`
    case "eq":
    case "ne":
    case "lt":
    case "lte":
    case "gt":
    case "gte":
      return `${node.field} ${signs[node.op]} ${JSON.stringify(node.value)}`
    case "field":
      return node.field
    case "literal":
      return JSON.stringify(node.value)
    default:
      return `${node.op}(${[...Expr.partsOf(node).map(condition), ...settings(node)].join(", ")})`
  }
}

/** What an expression has beside its parts. */
const settings = (node: Expr.Node): ReadonlyArray<string> => {
  switch (node.op) {
    case "divide":
      return node.scale === null ? [] : [`scale ${node.scale}`]
    case "substring":
      return [`from ${node.from}`, ...node.length === null ? [] : [`length ${node.length}`]]
    case "extract":
      return [`/${node.pattern}/`, `group ${node.group}`]
    case "split":
      return [`/${node.pattern}/`, `part ${node.part}`]
    case "hour":
    case "dayOfWeek":
      return [node.timeZone]
    default:
      return []
  }
}

const length = (milliseconds: number): string => Duration.format(Duration.millis(milliseconds))
