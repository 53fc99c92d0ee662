/** Rows of two branches in one: that both are of one type, and what may stand behind them. */
import * as Checked from "../Checked.ts"
import type { Column } from "../Column.ts"
import type * as Plan from "../Plan.ts"
import type { Definition } from "../Source.ts"
import { among, refuse } from "./CheckError.ts"
import { columnOf, typeIn } from "./Expressions.ts"

const node = "Events.union"

/** Of each field of the one where it stands in the other. */
export const checkSame = (left: Definition, right: Definition): ReadonlyArray<number> => {
  const [own, theirs] = [left, right].map(({ columns }) => columns.map(({ name }) => name))
  const more = theirs!.find((name) => !own!.includes(name))
  if (more !== undefined) refuse(node, `the rows of "${right.name}" have a field "${more}", and those of "${left.name}" have none: ${among(more, own!)}`)
  const places = left.columns.map((column) => {
    const at = theirs!.indexOf(column.name)
    if (at === -1) refuse(node, `the rows of "${left.name}" have a field "${column.name}", and those of "${right.name}" have none: ${among(column.name, theirs!)}`)
    const [one, other] = [kindOf(column), kindOf(right.columns[at]!)]
    if (one !== other) refuse(node, `the field "${column.name}" is ${one} in "${left.name}", and ${other} in "${right.name}"`)
    return at
  })
  const [key, otherKey] = [left, right].map((definition) => definition.key.join(", "))
  if (key !== otherKey) refuse(node, `the key of "${left.name}" is (${key}), and that of "${right.name}" is (${otherKey}): put Events.keyBy before it`)
  return places
}

const kindOf = (column: Column): string =>
  column.kind === "decimal" ? `a decimal of scale ${column.scale}` : `a ${column.kind}`

/** What holds on both sides. */
export const unitedColumn = (one: Column, other: Column): Column => {
  const [a, b] = [typeIn(one), typeIn(other)]
  const bound = "bound" in a && "bound" in b ? { bound: a.bound > b.bound ? a.bound : b.bound } : {}
  return { ...columnOf(one.name, { ...a, ...bound, optional: one.optional || other.optional }), path: one.path }
}

/** Rows that were held come later than others of their time. */
export const checkUnheld = (...sides: ReadonlyArray<Checked.Events>): void => {
  for (const side of sides) {
    const holding = holdingIn(side)
    if (holding !== undefined) refuse(node, `${Checked.callOf(holding)} before it holds rows, of which the others know nothing; put it behind Events.union`)
  }
}

const holdingIn = (events: Checked.Events): Checked.Ordering | undefined => {
  if (events._tag === "source") return undefined
  return Checked.isOrdering(events) ? events : holdingIn(events.input) ?? (events._tag === "union" ? holdingIn(events.other) : undefined)
}

/** Whether rows are those of several branches; what stands before windows further up is not among them. */
export const isUnited = (events: Checked.Events): boolean =>
  events._tag === "union" || (events._tag !== "source" && events._tag !== "to-events" && isUnited(events.input))

/** Windows are told once, since one side's rows of a batch are taken before the other's. */
export const checkBehindUnion = (input: Checked.Events, { preAggregated, trigger }: Plan.WindowNode, allowedLateness: number): void => {
  if (preAggregated !== null) refuse("Pipeline.acceptPreAggregated", `${node} before these windows gives the rows of several sources, and records go with one`)
  if (holdingIn(input) !== undefined) return
  if (allowedLateness > 0) refuse("Pipeline.allowedLateness", `${node} stands before these windows, which are told once: leave it out, and give the sources a larger outOfOrderness`)
  if (trigger.on === "update") refuse("Pipeline.emitOnUpdate", `${node} stands before these windows, which are told once: leave it out`)
}

/** A row is known by its place. */
export const checkPlaces = (end: Checked.Events): void => {
  checkOtherPlaces(end)
  const names = Checked.sourcesOf(end)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) refuse("Pipeline.named", `it ends in events, and a row of "${twice}" may come by both sides of ${node} with one place: make it one condition`)
}

/** A pair is known by the places of both. */
const checkOtherPlaces = (events: Checked.Events): void => {
  if (events._tag === "source" || events._tag === "to-events") return
  if (events._tag === "interval") checkPlaces(events.other)
  checkOtherPlaces(events.input)
}
