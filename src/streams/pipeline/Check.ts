/**
 * The one room that judges a pipeline: it reads the raw graph, and gives a checked one or an error that names the node and
 * says what to do. What the compiler of TypeScript refuses, this refuses too, since a file of pipelines is run with its
 * types stripped.
 */
import * as Checked from "./Checked.ts"
import type { CustomSpec } from "./Aggregate.ts"
import { aggregatesOf, bytesOf, type PreAggregated } from "./check/Aggregates.ts"
import { cancelsData, cancelsOf, cancelsTogether, keptBoundOf } from "./check/Cancels.ts"
import { CheckError, Fault, refuse } from "./check/CheckError.ts"
import { isAsync } from "./check/Declarations.ts"
import { boundOf, computedOf, derivedOf, isIndicator, toldBoundOf } from "./check/Derivations.ts"
import { checkBehindFill, fillOf } from "./check/Fill.ts"
import { checkBehindTop, checkTop, partsOf, topBoundOf } from "./check/Top.ts"
import { checkPairs, checkWindowKept, resultRows } from "./check/ResultRows.ts"
import { tableOf } from "./check/ResultTable.ts"
import { columnOf, conditionOf, typeIn, typeOf } from "./check/Expressions.ts"
import { checkFieldName, fieldOf } from "./check/Fields.ts"
import { checkBehindUnion, checkPlaces, checkSame, checkUnheld, isUnited, unitedColumn } from "./check/Unions.ts"
import { bytesOfRow, checkBehind, checkKeys, intervalOf, orderingIn, selected } from "./check/Holding.ts"
import { byOf, lookup, selectedOf, tableData } from "./check/Lookups.ts"
import { selectionOf } from "./check/Selections.ts"
import type { Node } from "./Expression.ts"
import { checkCalendarField, windowData } from "./check/Trading.ts"
import { checkRollUp, checkTrigger, checkWindow, duration, stateOf } from "./check/Windows.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type * as Indicator from "./Indicator.ts"
import { encodeValue } from "./Pane.ts"
import type * as Plan from "./Plan.ts"
import type { Definition } from "./Source.ts"
import type { Window } from "./Window.ts"

/** Throws a {@link CheckError}. */
export const check = (name: string, plan: Plan.Results): Checked.Checked<Checked.Results> =>
  checked(name, (graph) => graph.results(plan))

/** The same of a pipeline that ends in events. */
export const checkEvents = (name: string, plan: Plan.Events): Checked.Checked<Checked.Events> =>
  checked(name, (graph) => graph.rows(plan))

const checked = <End extends Checked.Node>(name: string, endOf: (graph: Graph) => End): Checked.Checked<End> => {
  try {
    return new Graph(name).checked(endOf)
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    throw new CheckError({ pipeline: String(name), node: fault.node, why: fault.why })
  }
}

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Checked nodes in the order in which each comes behind those that it reads from. */
class Graph {
  readonly #name: string
  readonly #nodes: Array<Checked.Node> = []

  constructor(name: string) {
    this.#name = name
  }

  checked<End extends Checked.Node>(endOf: (graph: Graph) => End): Checked.Checked<End> {
    if (typeof this.#name !== "string" || !namePattern.test(this.#name)) {
      refuse("Pipeline.named", "a pipeline's name consists of a-z, 0-9 and \"-\", and begins with none of \"-\"")
    }
    const end = endOf(this)
    this.#checkPreAggregated()
    const isLocal = this.#nodes.some((node) =>
      node._tag === "filter" || (node._tag === "window" && node.aggregates.some(({ custom }) => custom !== null)))
    return {
      name: this.#name,
      nodes: this.#nodes,
      end,
      portability: isLocal ? "local" : "portable",
      fingerprint: Fingerprint.of(["pipeline", this.#name, end.fingerprint])
    }
  }

  /** Records move event time on with the events of one source, for all that reads it. */
  #checkPreAggregated(): void {
    const sources = this.#nodes.filter((node) => node._tag === "source")
    const records = sources.find(({ kind }) => kind === "pre-aggregated")
    if (records === undefined || sources.length === 2) return
    refuse("Pipeline.acceptPreAggregated", `the records of "${records.definition.name}" go with one source, which is read once, and the pipeline reads several; leave it out`)
  }

  /** Puts a node behind all others, with what identifies it. */
  #add<Node extends Checked.Node>(node: Omit<Node, "id" | "fingerprint">, meaning: Fingerprint.Data): Node {
    const identified = { ...node, id: `${this.#nodes.length}-${node._tag}`, fingerprint: Fingerprint.of(meaning) }
    // The members that were left out are those that have been put in.
    const added = identified as unknown as Node
    this.#nodes.push(added)
    return added
  }

  results(plan: Plan.Results): Checked.Results {
    switch (plan._tag) {
      case "window":
        return this.#window(plan)
      case "derive":
        return this.#derive(plan)
      case "where-panes":
        return this.#wherePanes(plan)
      case "top":
        return this.#top(plan)
      case "fill":
        return this.#fill(plan)
    }
  }

  /** The events at the end of the graph: each of their fields is a member of what is put out. */
  rows(plan: Plan.Events): Checked.Events {
    const end = this.events(plan, "event")
    checkPairs(end)
    checkWindowKept(end)
    checkPlaces(end)
    const isSpecial = definitionOf(end).columns.some(({ path }) => path.some(({ name }) => name === "__proto__"))
    if (isSpecial) refuse("Pipeline.named", "it ends in events, and a field of theirs is called \"__proto__\", which no row can have")
    return end
  }

  events(plan: Plan.Events, kind: Checked.Source["kind"]): Checked.Events {
    if (plan._tag === "source") {
      checkSource(plan.definition)
      return this.#add<Checked.Source>({ _tag: "source", definition: plan.definition, kind }, [
        "source",
        kind,
        definitionData(plan.definition)
      ])
    }
    if (plan._tag === "to-events") return this.#toEvents(plan)
    if (plan._tag === "cancels") return refuse("Events.cancels", "it stands right before windows, once, with every other step before it, and its rows go nowhere else")
    const input = this.events(plan.input, kind)
    if (plan._tag === "derive-fields") return this.#deriveFields(input, plan)
    if (plan._tag === "select") return this.#select(input, plan)
    if (plan._tag === "lookup") return this.#lookup(input, plan)
    if (plan._tag === "key-by") return this.#keyBy(input, plan)
    if (plan._tag === "distinct") return this.#distinct(input, plan)
    if (plan._tag === "union") return this.#union(input, this.events(plan.other, kind))
    if (plan._tag === "as-of") return this.#asOf(input, this.events(plan.other, kind), plan)
    if (plan._tag === "interval") return this.#interval(input, this.events(plan.other, kind), plan)
    if (plan._tag === "filter") {
      if (typeof plan.test !== "function") refuse("Events.filter", "it needs a function of a row")
      if (isAsync(plan.test)) refuse("Events.filter", "its function is async or a generator, and would give neither true nor false; give one that returns either")
      checkRows("Events.filter", definitionOf(input))
      return this.#add<Checked.Filter>({ _tag: "filter", input, test: plan.test }, [
        "filter",
        input.fingerprint,
        String(plan.test)
      ])
    }
    const condition = conditionOf("Events.where", definitionOf(input), plan.condition)
    return this.#add<Checked.Where>({ _tag: "where", input, condition }, ["where", input.fingerprint, { ...condition }])
  }

  #toEvents(plan: Plan.ToEvents): Checked.ToEvents {
    const input = this.results(plan.input)
    return this.#add<Checked.ToEvents>({ _tag: "to-events", input, ...resultRows(input) }, ["to-events", input.fingerprint])
  }

  #deriveFields(input: Checked.Events, { values: given }: Plan.DeriveFields): Checked.DeriveFields {
    const definition = definitionOf(input)
    const values = Object.entries(given).map(([name, expression]) => ({ name, expression }))
    if (values.length === 0) refuse("Events.derive", "it needs a field, such as { spread: Expr.subtract(\"ask\", \"bid\") }")
    const columns = values.map(({ expression, name }) => {
      const node = `the field "${name}"`
      checkFieldName(node, name, definition)
      const type = typeOf(node, definition, expression)
      // What does not fit is no value where there is no record to be refused.
      return columnOf(name, Checked.areRecords(input) ? type : { ...type, optional: true })
    })
    return this.#add<Checked.DeriveFields>({
      _tag: "derive-fields",
      input,
      values,
      given: definition,
      definition: { ...definition, columns: [...definition.columns, ...columns] }
    }, ["derive-fields", input.fingerprint, values.map(({ expression, name }) => [name, expressionData(expression)])])
  }

  #select(input: Checked.Events, plan: Plan.Select): Checked.Select {
    const { definition, fields } = selectionOf(definitionOf(input), plan.fields)
    return this.#add<Checked.Select>({ _tag: "select", input, definition, fields }, ["select", input.fingerprint, plan.fields.map((pair) => [...pair])])
  }

  #lookup(input: Checked.Events, plan: Plan.Lookup): Checked.Lookup {
    const given = definitionOf(input)
    const { table } = plan
    checkKey(lookup, { ...given, key: plan.by }, "the key of a table")
    const by = byOf(table, given, plan.by)
    const select = selectedOf(table, plan.select, given)
    const columns = select.map(({ field, name }) => columnOf(name, { ...typeIn(field.column), optional: true }))
    const definition = { ...given, columns: [...given.columns, ...columns] }
    return this.#add<Checked.Lookup>(
      { _tag: "lookup", input, table, definition, by, select },
      ["lookup", input.fingerprint, [...plan.by], tableData(table, select)]
    )
  }

  #keyBy(input: Checked.Events, { key }: Plan.KeyBy): Checked.KeyBy {
    const definition = { ...definitionOf(input), key }
    checkKey("Events.keyBy", definition)
    return this.#add<Checked.KeyBy>({ _tag: "key-by", input, definition }, ["key-by", input.fingerprint, [...key]])
  }

  #inOrder(input: Checked.Events): Checked.InOrder {
    const definition = definitionOf(input)
    const state = { entriesPerKey: null, milliseconds: definition.outOfOrderness, bytesPerEntry: bytesOfRow(definition) }
    return this.#add<Checked.InOrder>({ _tag: "in-order", input, definition, state }, ["in-order", input.fingerprint])
  }

  #inSession(input: Checked.Events, window: Window, cancels: Checked.Cancels | null): Checked.Events {
    if (window.kind !== "trading") return input
    checkCalendarField(window, definitionOf(input))
    const through = [cancels?.cancel, cancels?.correction].flatMap((condition) => condition ?? [])
    return this.#add<Checked.InSession>(
      { _tag: "in-session", input, window, through, named: cancels?.id ?? null },
      ["in-session", input.fingerprint, windowData(window), ...through.length === 0 ? [] : [through.map(expressionData)]]
    )
  }

  /** The rows of windows, and which of them take others back. */
  #windowRows(plan: Plan.Events, kind: Checked.Source["kind"], window: Window): readonly [Checked.Events, Checked.Cancels | null] {
    const isCancelling = plan._tag === "cancels"
    const rows = this.events(isCancelling ? plan.input : plan, kind)
    const cancels = isCancelling ? cancelsOf(plan, rows, window) : null
    return [this.#inSession(rows, window, cancels), cancels]
  }

  #distinct(input: Checked.Events, plan: Plan.Distinct): Checked.Distinct {
    const definition = definitionOf(input)
    const node = "Events.distinct"
    if (plan.by.length === 0) refuse(node, "it needs the field that is a row's id, such as { by: \"id\", within: \"10 minutes\" }")
    checkKey(node, { ...definition, key: plan.by }, "an id")
    const by = plan.by.map((name) => fieldOf(node, definition, name))
    const within = duration(`${node}, within`, plan.within)
    const state = { entriesPerKey: null, milliseconds: within + definition.outOfOrderness, bytesPerEntry: bytesOfRow(definition) }
    return this.#add<Checked.Distinct>({ _tag: "distinct", input, definition, by, within, state }, ["distinct", input.fingerprint, [...plan.by], within])
  }

  #asOf(input: Checked.Events, other: Checked.Events, plan: Plan.AsOf): Checked.AsOf {
    const [left, right] = [definitionOf(input), definitionOf(other)]
    const node = "Join.asOf"
    checkKeys(node, left, right)
    const select = selected(node, plan.select, left, right)
    const within = duration(`${node}, within`, plan.within)
    const columns = select.map(({ field, name }) => columnOf(name, { ...typeIn(field.column), optional: true }))
    const milliseconds = within + Math.max(left.outOfOrderness, right.outOfOrderness)
    return this.#add<Checked.AsOf>({
      _tag: "as-of",
      input,
      other,
      definition: { ...left, columns: [...left.columns, ...columns] },
      select,
      within,
      state: { entriesPerKey: null, milliseconds, bytesPerEntry: bytesOfRow(left) + bytesOfRow({ columns }) }
    }, ["as-of", input.fingerprint, other.fingerprint, select.map(({ field, name }) => [name, field.column.name]), within])
  }

  #interval(input: Checked.Events, other: Checked.Events, plan: Plan.Interval): Checked.Interval {
    const [left, right] = [definitionOf(input), definitionOf(other)]
    const node = "Join.interval"
    const { type } = plan
    checkKeys(node, left, right)
    const select = selected(node, plan.select, left, right)
    const { after, before, until } = intervalOf(node, plan, left)
    const isLeft = type === "left"
    const columns = select.map(({ field, name }) =>
      columnOf(name, { ...typeIn(field.column), optional: isLeft || field.column.optional }))
    const trail = isLeft ? after : 0
    const outOfOrderness = Math.max(left.outOfOrderness, right.outOfOrderness) + trail
    const bytesPerEntry = bytesOfRow(left) + bytesOfRow({ columns })
    const state = { entriesPerKey: null, milliseconds: Math.max(before, after) + outOfOrderness, bytesPerEntry }
    const definition = { ...left, columns: [...left.columns, ...columns], outOfOrderness }
    return this.#add<Checked.Interval>(
      { _tag: "interval", input, other, definition, select, before, after, until, type, trail, state },
      ["interval", input.fingerprint, other.fingerprint, select.map(({ field, name }) => [name, field.column.name]), before, after, until, type]
    )
  }

  #union(input: Checked.Events, other: Checked.Events): Checked.Union {
    const [left, right] = [definitionOf(input), definitionOf(other)]
    checkUnheld(input, other)
    const places = checkSame(left, right)
    const columns = left.columns.map((column, at) => unitedColumn(column, right.columns[places[at]!]!))
    const definition = { ...left, columns, outOfOrderness: Math.max(left.outOfOrderness, right.outOfOrderness) }
    return this.#add<Checked.Union>({ _tag: "union", input, other, definition, places }, ["union", input.fingerprint, other.fingerprint])
  }

  #window(plan: Plan.WindowNode): Checked.WindowNode {
    const { aggregates: specs, input: from, trigger, window } = plan
    checkWindow(window)
    checkTrigger(trigger, window)
    const inner = from._tag === "window" ? smallest(from, window) : null
    const allowedLateness = duration("Pipeline.allowedLateness", plan.allowedLateness)
    const [rows, ownCancels] = this.#windowRows(rowsOf(plan), "event", window)
    const input = window.kind === "count" && orderingIn(rows) === undefined ? this.#inOrder(rows) : rows
    const definition = definitionOf(input)
    const pre = preAggregatedOf(plan)
    const [preAggregated, theirCancels] = pre === null ? [null, null] : this.#windowRows(pre.input, "pre-aggregated", window)
    const cancels = cancelsTogether(ownCancels, theirCancels)
    if (preAggregated !== null) checkPreAggregated(definition, definitionOf(preAggregated), window)
    for (const rows of preAggregated === null ? [input] : [input, preAggregated]) checkBehind(rows, allowedLateness, preAggregated !== null)
    if (isUnited(input)) checkBehindUnion(input, plan, allowedLateness)
    const records: PreAggregated | null = pre === null || preAggregated === null
      ? null
      : { definition: definitionOf(preAggregated), fields: pre.fields }
    const aggregates = aggregatesOf(specs, definition, records)
    if (aggregates.some(({ custom }) => custom !== null)) checkRows("Aggregate.custom", definition)
    const slack = definition.outOfOrderness + allowedLateness
    return this.#add<Checked.WindowNode>({
      _tag: "window",
      input,
      preAggregated,
      cancels: cancels === null ? null : { ...cancels, state: keptBoundOf(preAggregated === null ? [input] : [input, preAggregated], window, slack) },
      window,
      inner,
      aggregates,
      trigger,
      allowedLateness,
      state: stateOf(window, slack, bytesOf(aggregates))
    }, [
      "window",
      input.fingerprint,
      preAggregated?.fingerprint ?? null,
      windowData(window),
      inner === null ? null : windowData(inner),
      Object.fromEntries(aggregates.map((aggregate) => [aggregate.name, aggregateData(aggregate)])),
      { ...trigger },
      allowedLateness,
      ...cancels === null ? [] : [cancelsData(cancels)]
    ])
  }

  /** Functions look at the windows before, and are a node of their own; expressions are one behind it. */
  #derive(plan: Plan.Derive): Checked.Results {
    const input = this.results(plan.input)
    const known = new Map(Checked.valuesOf({ end: input }))
    if (Object.keys(plan.values).length === 0) refuse("Panes.derive", "it needs a result, such as { before: Indicator.previous(\"close\") }")
    const functions: Array<Checked.Derived> = []
    const expressions: Array<Checked.Compute["values"][number]> = []
    for (const [name, value] of Object.entries(plan.values)) {
      if (isIndicator(value)) functions.push(derivedOf(name, value, known))
      else expressions.push(computedOf(name, value, known))
    }
    const within = duration("Panes.derive, within", plan.within)
    if (functions.length === 0 && within !== Checked.horizon) {
      refuse("Panes.derive, within", "it says how far apart windows may be for an indicator, and here is none; leave it out")
    }
    const derived = functions.length === 0 ? input : this.#functions(input, functions, within)
    if (expressions.length === 0) return derived
    const types = new Map([...functions, ...expressions].map(({ name, type }) => [name, type]))
    const results = [...known, ...Object.keys(plan.values).map((name) => [name, types.get(name)!] as const)]
    return this.#add<Checked.Compute>(
      { _tag: "compute", input: derived, given: tableOf(known), values: expressions, results },
      ["compute", derived.fingerprint, Object.fromEntries(expressions.map(({ expression, name }) => [name, expressionData(expression)]))]
    )
  }

  #functions(input: Checked.Results, values: ReadonlyArray<Checked.Derived>, within: number): Checked.Derive {
    checkBehindTop("Panes.derive", "an indicator", input)
    checkBehindFill(input)
    const { allowedLateness, window } = Checked.windowOf({ end: input })
    const meaning = Object.fromEntries(values.map(({ name, spec }) => [name, specData(spec)]))
    return this.#add<Checked.Derive>(
      { _tag: "derive", input, values, within, state: boundOf(values, within, window, allowedLateness) },
      ["derive", input.fingerprint, meaning, ...within === Checked.horizon ? [] : [within]]
    )
  }

  #top(plan: Plan.Top): Checked.Top {
    const input = this.results(plan.input)
    const { by, n, order } = plan
    checkTop(plan, input)
    const per = partsOf(plan, input)
    return this.#add<Checked.Top>(
      { _tag: "top", input, n, by, order, per, state: topBoundOf(input) },
      ["top", input.fingerprint, n, by, order, ...per.length === 0 ? [] : [[...per]]]
    )
  }

  #fill(plan: Plan.Fill): Checked.Fill {
    const input = this.results(plan.input)
    const filled = fillOf(plan, input)
    const meaning = Object.fromEntries(filled.values.map((value) => [value.name, value.from === "previous" ? [] : [value.value === null ? null : encodeValue(value.value)]]))
    return this.#add<Checked.Fill>({ _tag: "fill", input, ...filled }, ["fill", input.fingerprint, meaning, filled.within])
  }

  #wherePanes(plan: Plan.WherePanes): Checked.WherePanes {
    const input = this.results(plan.input)
    const given = tableOf(Checked.valuesOf({ end: input }))
    const condition = conditionOf("Panes.where", given, plan.condition)
    return this.#add<Checked.WherePanes>(
      { _tag: "where-panes", input, given, condition, state: toldBoundOf(Checked.windowOf({ end: input })) },
      ["where-panes", input.fingerprint, expressionData(condition)]
    )
  }
}

/** A roll-up of roll-ups is made of the smallest windows: what these refuse no larger one takes. */
const smallest = ({ input, window }: Plan.WindowNode, outer: Window): Window => {
  checkWindow(window)
  checkRollUp(outer, window)
  return input._tag === "window" ? smallest(input, window) : window
}

/** The rows that windows are made of in the end, however many others they merge. */
const rowsOf = ({ input }: Plan.WindowNode): Plan.Events => input._tag === "window" ? rowsOf(input) : input

/** Records go where rows go: into the windows that are merged in the end. A roll-up has no place for any of its own. */
const preAggregatedOf = ({ input, preAggregated }: Plan.WindowNode): Plan.PreAggregated | null => {
  if (input._tag !== "window") return preAggregated
  if (preAggregated === null) return preAggregatedOf(input)
  return refuse("Pipeline.acceptPreAggregated", "it stands on a roll-up, which is made of other windows; put it on those")
}

const { definitionOf } = Checked

/** An expression is made of nothing but data. */
const expressionData = (node: Node): Fingerprint.Data => ({ ...node }) as Fingerprint.Data

/** Rows that functions are handed have their fields by their paths as members. */
const checkRows = (node: string, { columns, name: source }: Definition): void => {
  if (!columns.some(({ name }) => name === "__proto__")) return
  refuse(node, `its function takes rows, and the source "${source}" has a field "__proto__", which no row can have`)
}

const checkSource = (definition: Definition): void => {
  const node = `the source "${definition.name}"`
  duration(`${node}, outOfOrderness`, definition.outOfOrderness)
  checkKey(`${node}, key`, definition)
  const { field, unit } = definition.eventTime
  const { kind, name } = fieldOf(`${node}, event time`, definition, field).column
  const kinds: ReadonlyArray<string> = unit === "milliseconds" ? ["int"] : unit === "seconds" ? ["int", "decimal"] : ["string"]
  if (!kinds.includes(kind)) {
    refuse(`${node}, event time`, `the field "${name}" is a ${kind}, and must be a ${kinds.join(" or a ")} to be in ${unit}`)
  }
}

const checkKey = (node: string, definition: Definition, what = "a key"): void => {
  for (const field of definition.key) {
    const { kind, name } = fieldOf(node, definition, field).column
    if (kind === "double" || kind === "decimal") refuse(node, `the field "${name}" is a ${kind}, and ${what} is made of strings, integers and booleans`)
  }
  if (new Set(definition.key).size < definition.key.length) refuse(node, "it names a field twice")
}

const checkPreAggregated = (events: Definition, records: Definition, window: Plan.WindowNode["window"]): void => {
  const node = "Pipeline.acceptPreAggregated"
  if (window.kind === "session") {
    refuse(node, "pre-aggregated records have no place in sessions, since nobody knows between which events they lie")
  }
  const [own, theirs] = [events, records].map((definition) =>
    definition.key.map((name) => fieldOf(node, definition, name).column.kind).join(", "))
  if (own !== theirs) refuse(node, `the key of "${records.name}" is of kind (${theirs}), and that of "${events.name}" of kind (${own})`)
}

/** What its checks are is in their data; of one that is a function there is none. */
const definitionData = ({ columns, ...definition }: Definition): Fingerprint.Data => ({
  ...definition,
  columns: Object.fromEntries(columns.map(({ accepts, path, ...column }) =>
    [column.name, { ...column, path: path.map(({ name, optional }) => [name, optional]), checked: accepts !== null }]))
})

const aggregateData = ({ by, custom, field, op, preAggregated, settings, where }: Checked.Aggregate): Fingerprint.Data => [
  op,
  field?.column.name ?? null,
  by?.column.name ?? null,
  where === null ? null : { ...where },
  custom === null ? null : customData(custom),
  preAggregated?.column.name ?? null,
  ...(Object.keys(settings).length === 0 ? [] : [{ ...settings }])
]

/** By what is in it and nothing else: a file without types may have put in more. */
const specData = (spec: Indicator.Spec): Fingerprint.Data => ({
  function: spec.function,
  of: typeof spec.of === "string" ? spec.of : { ...spec.of },
  ...("parameters" in spec ? { parameters: { ...spec.parameters } } : {})
})

/** Functions count by their source text; how a state is written is seen when one is read. */
const customData = ({ add, create, merge, result }: CustomSpec): Fingerprint.Data => [create, add, merge, result].map(String)
