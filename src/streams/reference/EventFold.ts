/**
 * The meaning of what stands before windows, or before the end of a pipeline without them: all rows of a source, and what each
 * node makes of all that it is given. See `BatchFold`.
 */
import { BigDecimal } from "effect"
import { type AsOf, definitionOf, type Distinct, type Events, type Lookup, type Select, type Source } from "../pipeline/Checked.ts"
import type { Value } from "../pipeline/Pane.ts"
import type { Definition } from "../pipeline/Source.ts"
import { DoesNotFit, holds, valueOf } from "./Expressions.ts"
import { decimal, type Numeric, toNumber } from "./Numbers.ts"

export type Fields = { readonly [name: string]: Value }

/** One event of the log: its place in it, and its fields. `preAggregated` marks a pre-aggregated record. */
export interface Event {
  readonly partition: number
  readonly offset: number
  readonly fields: Fields
  readonly preAggregated?: boolean
}

/** A row on its way. */
export interface Item extends Event {
  readonly event: Event
  readonly source: string
  readonly key: string
  readonly time: number
  /** That of its partition before it; none behind a node that holds rows, where nothing is late. */
  readonly watermark: number
}

export interface Flow {
  readonly items: ReadonlyArray<Item>
  readonly late: ReadonlyArray<Event>
  /** Those for which a computed field does not fit, or that have no value for another key. */
  readonly refused: ReadonlyArray<Event>
  readonly duplicate: ReadonlyArray<Event>
  /** Those that rows of another side were joined to. */
  readonly taken: ReadonlyArray<Event>
}

/** What comes out of a node, of the events of a log in their order. */
export const flow = (node: Events, events: ReadonlyArray<Event>): Flow => {
  if (node._tag === "source") return { items: itemsOf(node, events), late: [], refused: [], duplicate: [], taken: [] }
  const before = flow(node.input, events)
  switch (node._tag) {
    case "where":
      return { ...before, items: before.items.filter(({ fields }) => holds(node.condition, definitionOf(node.input), fields)) }
    case "filter":
      return { ...before, items: before.items.filter(({ fields }) => node.test(fields as never)) }
    case "derive-fields":
      return unlessRefused(before, (item) => {
        const fields = derived(node, item.fields)
        return fields === null ? null : { ...item, fields }
      })
    case "select":
      return { ...before, items: before.items.map((item) => ({ ...item, fields: selected(node, item.fields) })) }
    case "lookup":
      return { ...before, items: before.items.map((item) => ({ ...item, fields: { ...item.fields, ...lookedUp(node, item.fields) } })) }
    case "key-by":
      return unlessRefused(before, (item) => {
        const key = keyOf(node.definition, item.fields)
        return key === null ? null : { ...item, key }
      })
    case "distinct":
      return firsts(node, held(before))
    case "union":
      return united(before, flow(node.other, events))
    case "as-of":
      return asOf(node, held(before), held(flow(node.other, events)))
  }
}

/** The rows of a source: without a key or a time one is refused, as if it were not there. */
const itemsOf = ({ definition, kind }: Source, events: ReadonlyArray<Event>): ReadonlyArray<Item> => {
  const latest = new Map<number, number>()
  return events.flatMap((event): ReadonlyArray<Item> => {
    if ((event.preAggregated === true) !== (kind === "pre-aggregated")) return []
    const fields = rowOf(definition, event.fields)
    const [key, time] = [keyOf(definition, fields), timeOf(definition, fields)]
    if (key === null || time === null) return []
    const before = latest.get(event.partition) ?? -Infinity
    latest.set(event.partition, Math.max(before, time))
    return [{ ...event, event, source: definition.name, fields, key, time, watermark: before - definition.outOfOrderness }]
  })
}

const unlessRefused = (before: Flow, change: (item: Item) => Item | null): Flow => {
  const changed = before.items.map((item) => ({ event: item.event, item: change(item) }))
  return {
    ...before,
    items: changed.flatMap(({ item }) => item ?? []),
    refused: [...before.refused, ...changed.flatMap(({ event, item }) => item === null ? [event] : [])]
  }
}

/** A node that keeps state over events takes what is not behind its partition's watermark, and looks at it in one order. */
const held = (before: Flow): Flow => ({
  ...before,
  items: before.items.filter((item) => !isLate(item)).sort(inOrder).map((item) => ({ ...item, watermark: -Infinity })),
  late: [...before.late, ...before.items.filter(isLate).map(({ event }) => event)]
})

const isLate = ({ time, watermark }: Item): boolean => time < watermark

/** By event time, then by place: the source's name, partition, offset. */
export const inOrder = (a: Item, b: Item): number =>
  a.time - b.time || (a.source < b.source ? -1 : a.source > b.source ? 1 : 0) || a.partition - b.partition || a.offset - b.offset

const firsts = ({ by, within }: Distinct, before: Flow): Flow => {
  const kept: Array<Item> = []
  const duplicate: Array<Event> = []
  const same = (a: Item, b: Item) => a.key === b.key && by.every(({ column: { name } }) => a.fields[name] === b.fields[name])
  for (const item of before.items) {
    const hasId = by.every(({ column: { name } }) => (item.fields[name] ?? null) !== null)
    const isKnown = hasId && kept.some((other) => same(other, item) && item.time - other.time <= within)
    if (isKnown) duplicate.push(item.event)
    else kept.push(item)
  }
  return { ...before, items: kept, duplicate: [...before.duplicate, ...duplicate] }
}

const united = (left: Flow, right: Flow): Flow => ({
  items: [...left.items, ...right.items],
  late: [...left.late, ...right.late],
  refused: [...left.refused, ...right.refused],
  duplicate: [...left.duplicate, ...right.duplicate],
  taken: [...left.taken, ...right.taken]
})

/** The other side's last row of the key at the time or before, if it is not too old. */
const asOf = ({ select, within }: AsOf, left: Flow, right: Flow): Flow => ({
  items: left.items.map((item) => {
    const other = right.items.findLast(({ key, time }) => key === item.key && time <= item.time && time >= item.time - within)
    const fields = select.map(({ field, name }) => [name, other?.fields[field.column.name] ?? null] as const)
    return { ...item, fields: { ...item.fields, ...Object.fromEntries(fields) } }
  }),
  late: [...left.late, ...right.late],
  refused: [...left.refused, ...right.refused],
  duplicate: [...left.duplicate, ...right.duplicate],
  taken: [...left.taken, ...right.taken, ...right.items.map(({ event }) => event)]
})

const selected = ({ fields }: Select, row: Fields): Fields =>
  Object.fromEntries(fields.map(({ field, name }) => [name, row[field.column.name] ?? null]))

/** The table's row in which all of the key are the values of this one, none of which is absent. */
const lookedUp = ({ by, select, table }: Lookup, row: Fields): Fields => {
  const values = by.map(({ column: { name } }) => row[name] ?? null)
  const found = table.rows.find((each) => values.every((value, part) => value !== null && value === each[table.key[part]!]))
  return Object.fromEntries(select.map(({ field, name }) => [name, found?.[field.column.name] ?? null]))
}

const derived = ({ given, values }: Events & { readonly _tag: "derive-fields" }, row: Fields): Fields | null => {
  try {
    return { ...row, ...Object.fromEntries(values.map(({ expression, name }) => [name, valueOf(expression, given, row)])) }
  } catch (thrown) {
    if (thrown instanceof DoesNotFit) return null
    throw thrown
  }
}

/** Every field of a source, whatever it is called; `null` where the event has none. */
export const rowOf = ({ columns }: Definition, fields: Fields): Fields =>
  Object.fromEntries(columns.map(({ name }) => [name, Object.hasOwn(fields, name) ? fields[name] ?? null : null]))

export const keyOf = ({ key }: Definition, fields: Fields): string | null => {
  const values = key.map((field) => fields[field] ?? null)
  if (values.includes(null)) return null
  return values.length === 0 ? "" : values.length === 1 ? String(values[0]) : JSON.stringify(values)
}

/** In whole milliseconds: what is finer belongs to the millisecond that it is in. */
export const timeOf = ({ eventTime }: Definition, fields: Fields): number | null => {
  const value = fields[eventTime.field] ?? null
  if (value === null) return null
  switch (eventTime.unit) {
    case "milliseconds":
      return Number(value)
    case "seconds":
      return toNumber(BigDecimal.floor(BigDecimal.multiply(decimal(value as Numeric), BigDecimal.make(1000n, 0))))
    case "iso8601": {
      const text = String(value).replace(" ", "T")
      return Date.parse(/[zZ]$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`)
    }
  }
}
