/** The meaning of rows that take back others: which rows count in which windows then. See `BatchFold`. */
import { type Cancels, definitionOf, type WindowNode } from "../pipeline/Checked.ts"
import { type Event, inOrder, type Item } from "./EventFold.ts"
import { holds } from "./Expressions.ts"

export type Bounds = readonly [start: number, end: number]

/** A row in its windows; `since` is the watermark after which it does not come to those that are final by then. */
export interface Placed {
  readonly item: Item
  readonly windows: ReadonlyArray<Bounds>
  /** When it cannot be taken back any more. */
  readonly lastEnd: number
  readonly since: number
  /** When it was taken back. */
  takenAt: number
}

export interface Cancelled {
  readonly rows: ReadonlyArray<Placed>
  readonly duplicate: ReadonlyArray<Event>
  readonly refused: ReadonlyArray<Event>
  /** What names nothing but rows that are in no session. */
  readonly filtered: ReadonlyArray<Event>
}

export interface Options {
  readonly placeOf: (item: Item) => Omit<Placed, "takenAt">
  /** Rows that are in no session, as if they were in the window behind it. */
  readonly outside: ReadonlyArray<Pick<Placed, "item" | "lastEnd" | "since">>
}

/**
 * When a row takes others back: at its time, unless the watermark was beyond that when it came. One that stands for a stretch of time
 * does so at the end of that, as long as a window of its own can still have it.
 */
const at = (node: WindowNode, item: Item, placeOf: (item: Item) => Pick<Placed, "lastEnd">): number => {
  const through = roleOf(node, item) === "replacement" ? cancelsOf(node, item)?.through?.column.name : undefined
  const moment = through === undefined ? null : item.fields[through] ?? null
  return Math.max(item.time, item.watermark, moment === null ? -Infinity : Math.min(Number(moment), placeOf(item).lastEnd + node.allowedLateness - 1))
}

type Role = "cancel" | "correction" | "replacement"

/** Rows with an id of which others may take them back, or that take back others; what is neither comes out as it is. */
export const cancelled = (node: WindowNode, items: ReadonlyArray<Item>, { outside, placeOf }: Options): Cancelled => {
  const lateness = node.allowedLateness
  const isTaker = (item: Item) => roleOf(node, item) !== null && !(roleOf(node, item) === "replacement" && idOf(node, item) === null)
  const rows = items.filter((item) => !isTaker(item)).map((item): Placed => ({ ...placeOf(item), takenAt: Infinity }))
  const [duplicate, refused, filtered]: [Array<Event>, Array<Event>, Array<Event>] = [[], [], []]
  const nowOf = (item: Item) => at(node, item, placeOf)
  for (const item of items.filter(isTaker).sort((a, b) => nowOf(a) - nowOf(b) || a.time - b.time || a.partition - b.partition || a.offset - b.offset)) {
    const [role, id, now] = [roleOf(node, item), idOf(node, item), nowOf(item)]
    const isNamed = (row: Options["outside"][number]) =>
      id !== null && row.item.key === item.key && idOf(node, row.item) === id && row.item.time <= now && row.since <= now && row.lastEnd + lateness > now
    const same = rows.filter(isNamed)
    const found = same.filter(({ takenAt }) => takenAt === Infinity).sort((a, b) => inOrder(a.item, b.item))
    for (const row of found) row.takenAt = now
    const last = found.at(-1)
    if (role === "replacement") rows.push({ ...placeOf(item), since: now, takenAt: Infinity })
    else if (same.length === 0) (outside.some(isNamed) ? filtered : refused).push(item.event)
    else if (last === undefined) duplicate.push(item.event)
    // Its fields are its own, and its turn is that of what it corrects.
    else if (role === "correction") rows.push({ ...last, item: { ...item, time: last.item.time, partition: last.item.partition, offset: last.item.offset }, since: now, takenAt: Infinity })
  }
  return { rows, duplicate, refused, filtered }
}

/** Whether a row is nothing but the end of another: it is late for no window, and in no session. */
export const isCancel = (node: WindowNode, item: Item): boolean => {
  const role = roleOf(node, item)
  return role === "cancel" || role === "correction"
}

const cancelsOf = ({ cancels }: WindowNode, item: Item): Cancels | null => (item.preAggregated === true ? cancels?.preAggregated : cancels?.rows) ?? null

const roleOf = (node: WindowNode, item: Item): Role | null => {
  const cancels = cancelsOf(node, item)
  const definition = definitionOf(item.preAggregated === true ? node.preAggregated! : node.input)
  const doesHold = (condition: Cancels["cancel"]) => condition !== null && holds(condition, definition, item.fields)
  if (cancels === null) return null
  return doesHold(cancels.cancel) ? "cancel" : doesHold(cancels.correction) ? "correction" : doesHold(cancels.replacement) ? "replacement" : null
}

const idOf = (node: WindowNode, item: Item) => {
  const cancels = cancelsOf(node, item)
  return cancels === null ? null : item.fields[cancels.id.column.name] ?? null
}
