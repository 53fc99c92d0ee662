/** Pipelines made of others, with one thing changed in what was declared: what laws compare a pipeline with. */
import * as Aggregate from "../streams/pipeline/Aggregate.ts"
import { check } from "../streams/pipeline/Check.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import * as Pipeline from "../streams/pipeline/Pipeline.ts"
import * as Plan from "../streams/pipeline/Plan.ts"
import type { Definition } from "../streams/pipeline/Source.ts"

/** With other windows, or other aggregates, and the same name. In windows without events what is new is `null`. */
export const altered = (pipeline: Pipeline.AnyOfPanes, change: (node: Plan.WindowNode) => Partial<Plan.WindowNode>): Pipeline.AnyOfPanes =>
  Aggregate.make(named(Plan.changeWindow(pipeline.plan, (node) => ({ ...node, ...change(node) })))).pipe(Pipeline.named(pipeline.name))

const named = (results: Plan.Results): Plan.Results => {
  if (results._tag === "window") return results
  const input = named(results.input)
  if (results._tag !== "fill") return { ...results, input }
  const all = Checked.valuesOf(check("altered", input)).map(([name]) => [name, null] as const)
  return { ...results, input, values: { ...Object.fromEntries(all), ...results.values } }
}

/** With other rows: those that a graph of events gives. */
export const fed = (pipeline: Pipeline.AnyOfPanes, change: (rows: Plan.Events) => Plan.Events): Pipeline.AnyOfPanes => {
  const refed = (node: Plan.WindowNode): Plan.WindowNode => ({
    ...node,
    input: node.input._tag === "window" ? refed(node.input) : change(node.input)
  })
  return Aggregate.make(Plan.changeWindow(pipeline.plan, refed)).pipe(Pipeline.named(pipeline.name))
}

/** Over a source that is the same but for its name, and under a name of its own. */
export const from = (pipeline: Pipeline.AnyOfPanes, source: string, name: string): Pipeline.AnyOfPanes => {
  const renamed = (rows: Plan.Events): Plan.Events =>
    rows._tag === "source" ? { ...rows, definition: { ...rows.definition, name: source } } : behind(rows, renamed)
  return Aggregate.make(fed(pipeline, renamed).plan).pipe(Pipeline.named(name))
}

/** With all rows of its source. */
export const unconditional = (pipeline: Pipeline.AnyOfPanes): Pipeline.AnyOfPanes => fed(pipeline, allOf)

const allOf = (rows: Plan.Events): Plan.Events => {
  if (rows._tag === "source") return rows
  return rows._tag === "where" || rows._tag === "filter" ? allOf(rows.input) : behind(rows, allOf)
}

/** The same node behind other rows, or behind windows over other rows. */
export const behind = (node: Exclude<Plan.Events, Plan.Source>, change: (rows: Plan.Events) => Plan.Events): Plan.Events =>
  node._tag === "to-events"
    ? { ...node, input: Plan.changeWindow(node.input, (window) => ({ ...window, input: window.input._tag === "window" ? window.input : change(window.input) })) }
    : { ...node, input: change(node.input) }

/** With all windows that have events, whatever a condition on their results says, and no others. */
export const withAllWindows = (pipeline: Pipeline.AnyOfPanes): Pipeline.AnyOfPanes =>
  Aggregate.make(allResults(pipeline.plan)).pipe(Pipeline.named(pipeline.name))

const allResults = (results: Plan.Results): Plan.Results => {
  if (results._tag === "window") return results
  const input = allResults(results.input)
  return results._tag === "where-panes" || results._tag === "top" || results._tag === "fill" ? input : { ...results, input }
}

export const windowNode = (pipeline: Pipeline.AnyOfPanes): Checked.WindowNode => Checked.windowOf(pipeline.checked)

/** The source of its events. */
export const definitionOf = (pipeline: Pipeline.AnyOfPanes): Definition => Checked.inputOf(pipeline.checked).events.definition
