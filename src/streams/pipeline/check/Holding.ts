/** Nodes that keep state over events: what they join by and select, and what may stand behind them. */
import * as Checked from "../Checked.ts"
import type * as Plan from "../Plan.ts"
import type { Definition } from "../Source.ts"
import { refuse } from "./CheckError.ts"
import { checkFieldName, fieldOf } from "./Fields.ts"
import { duration } from "./Windows.ts"

/** Rows of two sides meet where their keys are equal, which those of different kinds never are. */
export const checkKeys = (node: string, left: Definition, right: Definition): void => {
  const [own, theirs] = [left, right].map((definition) => definition.key.map((name) => fieldOf(node, definition, name).column.kind).join(", "))
  if (own === theirs) return
  refuse(node, `the key of "${left.name}" is of kind (${own}), and that of "${right.name}" of kind (${theirs}): no two of them are equal; ` +
    "put Events.keyBy before it")
}

/** Fields of the other side, under names that the rows have room for. */
export const selected = (node: string, select: Plan.AsOf["select"], left: Definition, right: Definition): Checked.AsOf["select"] => {
  const all = Object.entries(select)
  if (all.length === 0) refuse(node, "it needs a field of the other side, such as { select: { bid: \"bid\" } }")
  return all.map(([name, field]) => {
    checkFieldName(`${node}, the field "${name}"`, name, left)
    return { name, field: fieldOf(node, right, field) }
  })
}

/** How far apart the rows of a pair may be. */
export const intervalOf = (node: string, plan: Plan.Interval, left: Definition): Pick<Checked.Interval, "after" | "before" | "until"> => {
  if (plan.type !== "inner" && plan.type !== "left") refuse(node, "its type is \"inner\" or \"left\"")
  const [before, after] = [duration(`${node}, before`, plan.before), duration(`${node}, after`, plan.after)]
  if (plan.until === null) return { before, after, until: null }
  const { kind, name } = fieldOf(`${node}, until`, left, plan.until).column
  if (kind !== "int") refuse(`${node}, until`, `the field "${name}" is a ${kind}, and a time in milliseconds since the epoch is an int`)
  return { before, after, until: name }
}

/** The last node on the way of rows that puts them in order, if one does. */
export const orderingIn = (events: Checked.Events): Checked.Ordering | undefined =>
  Checked.isOrdering(events) ? events : events._tag === "source" ? undefined : orderingIn(events.input)

/** Rows that were held come in the order of their times: none is late, and what comes beside them would be ahead of them. */
export const checkBehind = (rows: Checked.Events, allowedLateness: number, takesPreAggregated: boolean): void => {
  const node = orderingIn(rows)
  if (node === undefined) return
  const holding = node._tag === "in-order" ? `${Checked.callOf(node)} puts rows in` : `${Checked.callOf(node)} before these windows puts rows out in`
  if (allowedLateness > 0) {
    refuse("Pipeline.allowedLateness", `${holding} the order of their times, so that none is late for them: ` +
      `leave it out, and give the source a larger outOfOrderness${node._tag === "to-events" ? ", or the windows before it an allowed lateness" : ""}`)
  }
  if (takesPreAggregated) refuse("Pipeline.acceptPreAggregated", `${holding} the order of their times, and pre-aggregated records would be ahead of them; leave it out`)
}

/** A row in columns, with its time, its key and its place. */
export const bytesOfRow = ({ columns }: Pick<Definition, "columns">): number => 32 + 8 * columns.length
