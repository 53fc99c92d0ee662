/**
 * The meaning of what stands before windows, or before the end of a pipeline without them: all rows of a source, and what each
 * node makes of all that it is given. See `BatchFold`.
 */
import { BigDecimal } from "effect"
import { areRecords, type AsOf, definitionOf, type Distinct, type Events, type Interval, type Lookup, type Results, type Select, type Source, type ToEvents } from "../pipeline/Checked.ts"
import type { Value, Values } from "../pipeline/Pane.ts"
import type { Place, WindowPlace } from "../pipeline/Row.ts"
import type { Definition } from "../pipeline/Source.ts"
import { DoesNotFit, holds, valueOf } from "./Expressions.ts"
import { decimal, type Numeric, toNumber } from "./Numbers.ts"
import { sessionOf } from "./TradingFold.ts"

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
  /** Of a pair the places of the rows that were joined to its first one. */
  readonly joined?: ReadonlyArray<Place | null>
  /** Of a row of results the window that it is of, by which it is known. */
  readonly window?: WindowPlace
}

export interface Flow {
  readonly items: ReadonlyArray<Item>
  readonly late: ReadonlyArray<Event>
  /** Those for which a computed field does not fit, or that have no value for another key. */
  readonly refused: ReadonlyArray<Event>
  /** Those of which a pair was refused. */
  readonly refusedPairs: ReadonlyArray<Event>
  readonly duplicate: ReadonlyArray<Event>
  /** Those that rows of another side were joined to. */
  readonly taken: ReadonlyArray<Event>
}

const nothing = { late: [], refused: [], refusedPairs: [], duplicate: [], taken: [] }

/** The windows behind which rows go on, and what has become of those before. */
export interface Windows extends Omit<Flow, "items"> {
  readonly results: ReadonlyArray<{ readonly key: string; readonly start: number; readonly end: number; readonly values: Values; readonly isLeftOut?: true }>
}

type Fold = (node: Results, events: ReadonlyArray<Event>) => Windows

/** What comes out of a node, of the events of a log in their order. `fold` says what windows among the nodes come to. */
export const flowOf = (fold: Fold) => (node: Events, events: ReadonlyArray<Event>): Flow => {
  const flow = flowOf(fold)
  if (node._tag === "source") return { items: itemsOf(node, events), ...nothing }
  if (node._tag === "to-events") return resultRows(node, fold(node.input, events))
  const before = flow(node.input, events)
  switch (node._tag) {
    case "where":
      return { ...before, items: before.items.filter(({ fields }) => holds(node.condition, definitionOf(node.input), fields)) }
    case "filter":
      return { ...before, items: before.items.filter(({ fields }) => node.test(fields as never)) }
    case "derive-fields":
      if (!areRecords(node)) return { ...before, items: before.items.map((item) => ({ ...item, fields: derivedAsFits(node, item.fields) })) }
      return unlessRefused(before, (item) => {
        const fields = derived(node, item.fields)
        return fields === null ? null : { ...item, fields }
      })
    case "select":
      return { ...before, items: before.items.map((item) => ({ ...item, fields: selected(node, item.fields) })) }
    case "lookup":
      return { ...before, items: before.items.map((item) => ({ ...item, fields: { ...item.fields, ...lookedUp(node, item.fields) } })) }
    case "key-by":
      return (areRecords(node) ? unlessRefused : unlessLeftOut)(before, (item) => {
        const key = keyOf(node.definition, item.fields)
        return key === null ? null : { ...item, key }
      })
    case "in-session": {
      const session = sessionOf(node.window)
      const comesThrough = ({ fields }: Item) => node.through.some((condition) => holds(condition, definitionOf(node.input), fields))
      const known = (areRecords(node) ? unlessRefused : unlessLeftOut)(before, (item) => session(item.time, item.fields) === undefined && !comesThrough(item) ? null : item)
      return { ...known, items: known.items.filter((item) => comesThrough(item) || session(item.time, item.fields) !== null) }
    }
    case "in-order":
      return held(before)
    case "distinct":
      return firsts(node, held(before))
    case "union":
      return united(before, flow(node.other, events))
    case "as-of":
      return asOf(node, held(before), held(flow(node.other, events)))
    case "interval":
      return interval(node, held(before), held(flow(node.other, events)))
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

/** All windows in their last state, each as a row of its last millisecond; nothing is late for what comes behind. */
const resultRows = ({ definition }: ToEvents, { results, ...unused }: Windows): Flow => {
  const inOrder = results.filter(({ isLeftOut }) => isLeftOut !== true)
    .sort((a, b) => a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : 1))
  const items = inOrder.map(({ end, key, start, values }, index): Item => {
    const own: Fields = { key, start, end, ...values }
    const fields = Object.fromEntries(definition.columns.map((column) => [column.name, fieldOf(column, own[column.name] ?? null)]))
    // Of one end they are in this order; the end tells the others apart.
    const event: Event = { partition: index - inOrder.findIndex((other) => other.end === end), offset: end, fields }
    return { ...event, event, source: definition.name, key, time: end - 1, watermark: -Infinity, window: { start, end, key } }
  })
  return { items, ...unused }
}

/** A sum of integers may be too large for one, and is a decimal. */
const fieldOf = ({ kind }: Definition["columns"][number], value: Value): Value =>
  kind === "decimal" && (typeof value === "number" || typeof value === "bigint") ? BigDecimal.make(BigInt(value), 0) : value

const unlessRefused = (before: Flow, change: (item: Item) => Item | null): Flow => {
  const changed = before.items.map((item) => ({ event: item.event, isPair: item.joined !== undefined, item: change(item) }))
  const out = changed.filter(({ item }) => item === null)
  return {
    ...before,
    items: changed.flatMap(({ item }) => item ?? []),
    refused: [...before.refused, ...out.filter(({ isPair }) => !isPair).map(({ event }) => event)],
    refusedPairs: [...before.refusedPairs, ...out.filter(({ isPair }) => isPair).map(({ event }) => event)]
  }
}

/** Results of windows are no events that could be refused. */
const unlessLeftOut = (before: Flow, change: (item: Item) => Item | null): Flow =>
  ({ ...before, items: before.items.flatMap((item) => change(item) ?? []) })

/** A node that keeps state over events takes what is not behind its partition's watermark, and looks at it in one order. */
const held = (before: Flow): Flow => ({
  ...before,
  items: before.items.filter((item) => !isLate(item)).sort(inOrder).map((item) => ({ ...item, watermark: -Infinity })),
  late: [...before.late, ...before.items.filter(isLate).map(({ event }) => event)]
})

const isLate = ({ time, watermark }: Item): boolean => time < watermark

/** By event time, then by place: the source's name, partition, offset. */
export const inOrder = (a: Item, b: Item): number =>
  a.time - b.time || inPlaces(a, b)

const inPlaces = (a: Place, b: Place): number =>
  (a.source < b.source ? -1 : a.source > b.source ? 1 : 0) || a.partition - b.partition || a.offset - b.offset || inPairs(a.joined ?? [], b.joined ?? [])

/** A row without a partner comes before those with one. */
const inPairs = ([one = null, ...more]: NonNullable<Place["joined"]>, [other = null, ...others]: NonNullable<Place["joined"]>): number => {
  const order = one === null || other === null ? Number(one !== null) - Number(other !== null) : inPlaces(one, other)
  return order !== 0 || more.length === 0 ? order : inPairs(more, others)
}

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
  refusedPairs: [...left.refusedPairs, ...right.refusedPairs],
  duplicate: [...left.duplicate, ...right.duplicate],
  taken: [...left.taken, ...right.taken]
})

/** The other side's last row of the key at the time or before, if it is not too old. */
const asOf = ({ select, within }: AsOf, left: Flow, right: Flow): Flow => ({
  ...united(left, right),
  items: left.items.map((item) => {
    const other = right.items.findLast(({ key, time }) => key === item.key && time <= item.time && time >= item.time - within)
    const fields = select.map(({ field, name }) => [name, other?.fields[field.column.name] ?? null] as const)
    return { ...item, fields: { ...item.fields, ...Object.fromEntries(fields) } }
  }),
  taken: [...left.taken, ...right.taken, ...right.items.map(({ event }) => event)]
})

/** Every pair of a key whose times lie so close, at the later of them; of a left join also the rows that are in none. */
const interval = (node: Interval, left: Flow, right: Flow): Flow => ({
  ...united(left, right),
  items: left.items.flatMap((item) => {
    const others = right.items.filter(({ key, time }) =>
      key === item.key && time >= item.time - node.before && time <= item.time + node.after && (node.until === null || isBefore(time, item.fields[node.until])))
    return others.length === 0 && node.type === "left" ? [paired(node, item, null)] : others.map((other) => paired(node, item, other))
  }).sort(inOrder),
  // A row has come to its end when the join has it, whatever pairs it is in.
  taken: [...left.taken, ...right.taken, ...[...left.items, ...right.items].map(({ event }) => event)]
})

/** Without a time to be before nothing is. */
const isBefore = (time: number, until: Value | undefined): boolean => typeof until === "number" && time < until

const paired = ({ select }: Interval, item: Item, other: Item | null): Item => {
  const fields = select.map(({ field, name }) => [name, other?.fields[field.column.name] ?? null] as const)
  return {
    ...item,
    fields: { ...item.fields, ...Object.fromEntries(fields) },
    time: Math.max(item.time, other?.time ?? -Infinity),
    joined: [...item.joined ?? [], other === null ? null : heldAt(other)]
  }
}

/** Of a pair with what is joined to its first row. */
export const placeOf = (item: Item): Place =>
  item.window !== undefined ? { source: item.source, partition: 0, offset: 0, window: item.window } : heldAt(item)

/** By which rows are in order, those of results too. */
const heldAt = ({ joined, offset, partition, source }: Item): Place => ({ source, partition, offset, ...joined === undefined ? {} : { joined } })

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

/** What does not fit is no value. */
const derivedAsFits = (node: Events & { readonly _tag: "derive-fields" }, row: Fields): Fields =>
  Object.assign({}, row, ...node.values.map((value) => derived({ ...node, values: [value] }, row) ?? { [value.name]: null }))

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
