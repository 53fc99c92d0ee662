/**
 * The meaning of a pipeline, in the most obvious way: take all events, sort them into all
 * their windows, compute each result from the list of its rows. It keeps everything in
 * memory and shares no code with the engine, so that the two can be held against each
 * other. Functions give the same result where the rows come in the same order; everything
 * else does whatever the order.
 */
import { BigDecimal, DateTime } from "effect"
import { type Decimal, divideHalfUp, fromUnscaled } from "../../domain/Decimal.ts"
import { type Aggregate, type Compute, definitionOf, type Derived, type Events, type Fill, originOf, type Results, type Top, trailOf, type WherePanes, type WindowNode } from "../pipeline/Checked.ts"
import { encodeValue, type Value, type Values } from "../pipeline/Pane.ts"
import { cancelled, isCancel } from "./CancelFold.ts"
import { type Event, type Fields, type Flow, flowOf, inOrder, type Item } from "./EventFold.ts"
import { DoesNotFit, holds, valueOf } from "./Expressions.ts"
import type { AnyOfPanes as AnyPipeline } from "../pipeline/Pipeline.ts"
import type { Unit, Window } from "../pipeline/Window.ts"
import * as Quantiles from "./Quantiles.ts"
import * as Spreads from "./Spreads.ts"
import { indicate } from "./IndicatorFold.ts"
import { decimal, less, type Numeric as AnyNumber, toNumber } from "./Numbers.ts"
import { sessionAfter, sessionOf } from "./TradingFold.ts"

type Numeric = Decimal | number

/** The final state of one window of one key. */
export interface Result {
  readonly key: string
  readonly start: number
  readonly end: number
  /** How many rows are in the window. */
  readonly rows: number
  /** How many are in all that it was computed from. */
  readonly changes: number
  readonly values: Values
  /** By a condition on its values: it counts among the changes of those behind it, and for nothing else. */
  readonly isLeftOut?: true
}

interface Group {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly items: Array<Item>
  /** Rows that were taken back, and their being so. */
  taken: number
}

export interface Folded {
  /** By end, then start, then key. */
  readonly results: ReadonlyArray<Result>
  readonly late: ReadonlyArray<Event>
  /** Those for which a computed field does not fit, or that have no value for another key. */
  readonly refused: ReadonlyArray<Event>
  /** Those of which a pair was refused. */
  readonly refusedPairs: ReadonlyArray<Event>
  readonly duplicate: ReadonlyArray<Event>
  /** Those that would take back others, which are in no session. */
  readonly filtered: ReadonlyArray<Event>
  /** All that came to windows, or were joined to what did. */
  readonly taken: ReadonlyArray<Event>
}

/**
 * The events of each partition have to be in the order of their offsets. Of `partitions` some may have no events, and with none
 * at all event time does not come any further than to the end of the last window: so it is where all is computed at once.
 */
export const fold = ({ checked }: AnyPipeline, events: ReadonlyArray<Event>, partitions = partitionsOf(events)): Folded => {
  const { results, ...unused } = foldResults(partitions)(checked.end, events)
  return { results: results.filter(({ isLeftOut }) => isLeftOut !== true), ...unused }
}

/** What comes out of a node that puts out rows, of the events of a log in their order. */
export const flow = (node: Events, events: ReadonlyArray<Event>, partitions = partitionsOf(events)): Flow => flowOf(foldResults(partitions))(node, events)

const partitionsOf = (events: ReadonlyArray<Event>): number => new Set(events.map(({ partition }) => partition)).size

/** Those that are left out are among them. */
const foldResults = (partitions: number) => (node: Results, events: ReadonlyArray<Event>): Folded => {
  if (node._tag === "window") return foldWindows(node, events, partitions)
  const { results, ...unused } = foldResults(partitions)(node.input, events)
  if (node._tag === "compute") return { results: results.map((result) => withComputed(node, result)), ...unused }
  if (node._tag === "where-panes") return { results: results.map((result) => leftOutUnless(node, result)), ...unused }
  if (node._tag === "top") return { results: ranked(node, results), ...unused }
  if (node._tag === "fill") return { results: filled(node, results, watermarkOf(node, events, partitions)), ...unused }
  const isSession = windowOf(node).window.kind === "session"
  const follows = (window: Result, end: number) => distance(isSession, window, end) <= node.within
  return { results: node.values.reduce(withDerived(follows), withChain(follows, results)), ...unused }
}

const foldWindows = (node: WindowNode, events: ReadonlyArray<Event>, partitions: number): Folded => {
  const { allowedLateness, inner, window } = node
  const groups = new Map<string, Group>()
  const { duplicate, refusedPairs, items, late: before, refused, taken } = rowsOf(node, events, partitions)
  const late = [...before]
  const session = window.kind === "trading" ? sessionOf(window) : null
  const kept: Array<Item> = []
  const lastEndOf = (item: Item) => Math.max(...(inner !== null ? windowsOf(inner, item.time) : allOf(item)).map(([, end]) => end))
  const allOf = ({ fields, time }: Item) => session === null ? windowsOf(window, time) : [session(time, fields)!]
  for (const item of items) {
    const { event, time, watermark } = item
    if (window.kind === "session" || window.kind === "count") {
      if (time < watermark - allowedLateness) late.push(event)
      else kept.push(item)
    } else if (isCancel(node, item) || lastEndOf(item) + allowedLateness > watermark) kept.push(item)
    else late.push(event)
  }
  if (window.kind === "session" || window.kind === "count") {
    const all = window.kind === "session" ? sessions(kept, window.gap) : counted(kept, window)
    return { results: all.sort(order).map((group) => resultOf(node, group)), late, refused, refusedPairs, duplicate, filtered: [], taken: [...taken, ...items.map(({ event }) => event)] }
  }
  const cancels = cancelled(node, kept, {
    placeOf: (item) => ({ item, windows: allOf(item), lastEnd: lastEndOf(item), since: item.watermark }),
    outside: outsideOf(node, events, partitions)
  })
  for (const { item, since, takenAt, windows } of cancels.rows) {
    for (const [start, end] of windows) {
      const isFinalAt = (watermark: number) => end + allowedLateness <= watermark
      // What came too late for the smaller windows is not here.
      if (inner === null && isFinalAt(since)) continue
      const name = JSON.stringify([item.key, start, end])
      const group = groups.get(name) ?? { key: item.key, start, end, items: [], taken: 0 }
      if (takenAt === Infinity || isFinalAt(takenAt)) group.items.push(item)
      else group.taken += 2
      groups.set(name, group)
    }
  }
  return {
    results: [...groups.values()].sort(order).map((group) => resultOf(node, group)),
    late,
    refused: [...refused, ...cancels.refused],
    refusedPairs,
    duplicate: [...duplicate, ...cancels.duplicate],
    filtered: cancels.filtered,
    taken: [...taken, ...items.flatMap(({ event }) => cancels.filtered.includes(event) ? [] : [event])]
  }
}

/** The rows in no session that others may name, each as if it were in the window behind it. */
const outsideOf = (node: WindowNode, events: ReadonlyArray<Event>, partitions: number) => {
  const { cancels, input, preAggregated, window } = node
  if (window.kind !== "trading" || cancels === null) return []
  const [session, after] = [sessionOf(window), sessionAfter(window)]
  const { items } = rowsOf({ ...node, input: beforeSessions(input), preAggregated: preAggregated === null ? null : beforeSessions(preAggregated) }, events, partitions)
  return items.filter((item) => !isCancel(node, item) && session(item.time, item.fields) === null)
    .map((item) => ({ item, lastEnd: after(item.time, item.fields)[1], since: item.watermark }))
}

const beforeSessions = (input: Events): Events => input._tag === "in-session" ? input.input : input

/** Rows and pre-aggregated records in the order of the log, where nothing has held them: both are of one event time. */
const rowsOf = ({ input, preAggregated }: WindowNode, events: ReadonlyArray<Event>, partitions: number): Flow => {
  const rows = flow(input, events, partitions)
  if (preAggregated === null) return rows
  const records = flow(preAggregated, events, partitions)
  const latest = new Map<number, number>()
  const both = new Map([...timesOf(input, events), ...timesOf(preAggregated, events)])
  const watermarks = new Map(events.map((event) => {
    const before = latest.get(event.partition) ?? -Infinity
    latest.set(event.partition, Math.max(before, both.get(event) ?? -Infinity))
    return [event, before - definitionOf(input).outOfOrderness] as const
  }))
  // They are read from one topic: its offsets order them, whatever a source of each is called.
  const source = definitionOf(input).name
  const items = [...rows.items, ...records.items].map((item) => ({ ...item, source, watermark: watermarks.get(item.event)! }))
  const at = new Map(events.map((event, index) => [event, index] as const))
  return { ...rows, items: items.sort((a, b) => at.get(a.event)! - at.get(b.event)!), refused: [...rows.refused, ...records.refused] }
}

/** When the events of a source happened, whatever becomes of them. */
const timesOf = (input: Events, events: ReadonlyArray<Event>) =>
  flow(originOf(input).source, events).items.map(({ event, time }) => [event, time] as const)

const order = (a: Group, b: Group): number =>
  a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** Every window that contains a time, by asking each candidate. */
const windowsOf = (window: Window, time: number): ReadonlyArray<readonly [number, number]> => {
  switch (window.kind) {
    case "tumbling":
      return candidates(time, window.size, window.size, window.offset)
    case "hopping":
      return candidates(time, window.size, window.advance, window.offset)
    case "cumulative": {
      const [[start, end] = [0, 0]] = candidates(time, window.size, window.size, window.offset)
      const ends = Array.from({ length: (end - start) / window.step }, (_, i) => start + (i + 1) * window.step)
      return ends.filter((to) => time < to).map((to) => [start, to] as const)
    }
    case "calendar":
      return [calendarWindow(window.unit, window.timeZone, time)]
    case "session":
    case "count":
    case "trading":
      return []
  }
}

/** Spark's `window()`: the windows that start at or before a time, as many as can still contain it. */
const candidates = (time: number, size: number, advance: number, offset: number) => {
  let remainder = (time - offset) % advance
  if (remainder < 0) remainder += advance
  return Array.from({ length: Math.ceil(size / advance) }, (_, i) => time - remainder - i * advance)
    .map((start) => [start, start + size] as const)
    .filter(([start, end]) => start <= time && time < end)
}

const calendarWindow = (unit: Unit, timeZone: string, time: number): readonly [number, number] => {
  const first = DateTime.startOf(DateTime.makeZonedUnsafe(time, { timeZone }), unit, { weekStartsOn: 1 })
  const next = DateTime.add(first, unit === "day" ? { days: 1 } : unit === "week" ? { weeks: 1 } : { months: 1 })
  return [DateTime.toEpochMillis(first), DateTime.toEpochMillis(DateTime.startOf(next, unit, { weekStartsOn: 1 }))]
}

const sessions = (items: ReadonlyArray<Item>, gap: number): Array<Group> => {
  const groups: Array<{ key: string; start: number; end: number; items: Array<Item>; taken: number }> = []
  for (const item of [...items].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) || a.time - b.time)) {
    const last = groups.at(-1)
    if (last !== undefined && last.key === item.key && item.time <= last.end) {
      last.items.push(item)
      last.end = item.time + gap
    } else groups.push({ key: item.key, start: item.time, end: item.time + gap, items: [item], taken: 0 })
  }
  return groups
}

/** Rows of one time are in one window; a window that is full ends behind its last row. */
const counted = (items: ReadonlyArray<Item>, { rows, within }: Window & { readonly kind: "count" }): Array<Group> => {
  const groups: Array<Group> = []
  for (const of of Map.groupBy(items, ({ key }) => key).values()) {
    let last: Group | undefined
    for (const item of of.toSorted((a, b) => a.time - b.time)) {
      const isFull = last !== undefined && last.items.length >= rows && item.time > last.items.at(-1)!.time
      if (last === undefined || isFull || item.time >= last.start + within) groups.push(last = { key: item.key, start: item.time, end: item.time + within, items: [], taken: 0 })
      last.items.push(item)
    }
  }
  return groups.map((group) => group.items.length < rows ? group : { ...group, end: group.items.at(-1)!.time + 1 })
}

const resultOf = ({ aggregates, input }: WindowNode, { end, items, key, start, taken }: Group): Result => {
  const unknown = items.some(({ preAggregated }) => preAggregated === true)
  const values = aggregates.map((aggregate) => {
    const { name, preAggregated, where } = aggregate
    if (unknown && preAggregated === null) return [name, null] as const
    const rows = items
      .filter(({ fields, preAggregated }) => preAggregated === true || where === null || holds(where, definitionOf(input), fields))
      .map((item) => item.preAggregated === true ? { ...item, fields: renamed(item.fields, aggregate) } : item)
    return [name, resultFor(aggregate, rows)] as const
  })
  const rows = items.length + taken
  return { key, start, end, rows, changes: rows, values: Object.fromEntries(values), ...items.length === 0 ? { isLeftOut: true } : {} }
}

/** A pre-aggregated value takes the place of the field that the aggregate would have been made from. */
const renamed = (fields: Fields, { field, preAggregated }: Aggregate): Fields => ({
  ...fields,
  [field?.column.name ?? ""]: fields[preAggregated?.column.name ?? ""] ?? null
})

const resultFor = (aggregate: Aggregate, items: ReadonlyArray<Item>): Value => {
  const { by: byField, custom, field, op, preAggregated: given, settings } = aggregate
  const [name, by] = [field?.column.name ?? "", byField?.column.name ?? ""]
  const of = (name: string) => items.filter(({ fields }) => fields[name] != null)
  const rows = of(name)
  const numbers = rows.map(({ fields }) => fields[name] as Decimal | number)
  switch (op) {
    case "count":
      return total(items.map(({ fields, preAggregated }) => preAggregated === true ? fields[given?.column.name ?? ""] as number | null ?? 0 : 1)) ?? 0
    case "custom": {
      const { add, create, result } = custom!
      const value = result(items.reduce((state, { fields }) => add(state, fields as never), create())) as Value
      return typeof value === "number" ? finiteOrNull(value) : value
    }
    case "sum":
      return field?.column.kind === "double" ? finiteOrNull(doubleTotal(numbers.map(toNumber))) : total(numbers)
    case "mean":
      return field?.column.kind === "double" ? doubleMean(numbers.map(toNumber)) : mean(numbers, numbers.map(() => 1))
    case "min":
      return numbers.reduce<Numeric | null>((best, value) => best === null || less(value, best) ? value : best, null)
    case "max":
      return numbers.reduce<Numeric | null>((best, value) => best === null || less(best, value) ? value : best, null)
    case "first":
      return rows.toSorted(byTime)[0]?.fields[name] ?? null
    case "last":
      return rows.toSorted(byTime).at(-1)?.fields[name] ?? null
    case "minBy":
    case "maxBy": {
      const both = of(by).filter((item) => rows.includes(item)).sort(byTime)
      const key = (item: Item) => item.fields[by] as Decimal | number
      const better = (a: Item, b: Item) => op === "minBy" ? less(key(a), key(b)) : less(key(b), key(a))
      return both.reduce<Item | null>((best, item) => best === null || better(item, best) ? item : best, null)
        ?.fields[name] ?? null
    }
    case "weightedMean": {
      const both = of(by).filter((item) => rows.includes(item))
      const pick = (name: string) => both.map(({ fields }) => fields[name] as Decimal | number)
      return field?.column.kind === "double" || byField?.column.kind === "double"
        ? doubleWeightedMean(pick(name), pick(by))
        : mean(pick(name), pick(by))
    }
    case "countDistinct": {
      const different = new Set(rows.map(({ fields }) => JSON.stringify(encodeValue(fields[name]!))))
      return different.size > settings.atMost! ? null : different.size
    }
    case "quantile":
      return Quantiles.of(numbers, field!.column, settings)
    case "variance":
    case "standardDeviation":
      return Spreads.of(op, [field!.column, field!.column], numbers.map((value) => [value, value]), settings.of)
    default: {
      const both = of(by).filter((item) => rows.includes(item))
      const pairs = both.map(({ fields }) => [fields[name] as Numeric, fields[by] as Numeric] as const)
      return Spreads.of(op, [field!.column, byField!.column], pairs, settings.of)
    }
  }
}

const byTime = inOrder

const total = (values: ReadonlyArray<Decimal | number>): Decimal | number | bigint | null => {
  const [first] = values
  if (first === undefined) return null
  const sum = BigDecimal.sumAll(values.map(decimal))
  if (BigDecimal.isBigDecimal(first)) return sum
  const nearest = BigDecimal.toNumberUnsafe(sum)
  return Number.isSafeInteger(nearest) ? nearest : BigDecimal.scale(sum, 0).value
}

/** Doubles add up without rounding, in whatever order; only their sum is rounded. */
const doubleTotal = (values: ReadonlyArray<number>): number | null =>
  values.length === 0 ? null : rounded(values.reduce((sum, value) => sum + units(value), 0n))

const doubleMean = (values: ReadonlyArray<number>): number | null =>
  values.length === 0 ? null : finiteOrNull(doubleTotal(values)! / values.length)

/** Each product is rounded as products of doubles are, but for those beyond their range; decimals go in as unscaled integers. */
const doubleWeightedMean = (values: ReadonlyArray<Numeric>, weights: ReadonlyArray<Numeric>): number | null => {
  const [first] = values
  if (first === undefined) return null
  const scale = BigDecimal.isBigDecimal(first) ? first.scale : 0
  const products = values.map((value, i) => {
    const [a, b] = [unscaled(value, scale), unscaled(weights[i]!, BigDecimal.isBigDecimal(weights[i]!) ? weights[i].scale : 0)]
    return Number.isFinite(a * b) ? units(a * b) : units(a) * units(b) / units(1)
  })
  const weight = doubleTotal(weights.map((each) => unscaled(each, BigDecimal.isBigDecimal(each) ? each.scale : 0)))
  return weight === 0 ? null : finiteOrNull(rounded(products.reduce((sum, each) => sum + each, 0n)) / weight! * 10 ** -scale)
}

const unscaled = (value: Numeric, scale: number): number =>
  BigDecimal.isBigDecimal(value) ? Number(BigDecimal.scale(value, scale).value) : value

/** How many times the smallest double, 2^-1074, a double is: always an integer. */
const units = (value: number): bigint => {
  let [integer, halvings] = [value, 0]
  for (; !Number.isInteger(integer); halvings++) integer *= 2
  return BigInt(integer) << BigInt(1_074 - halvings)
}

/** The nearest double, which is what reading all the digits gives. */
const rounded = (total: bigint): number => Number(`${total * 5n ** 1_074n}e-1074`)

/** Decimals are rounded HALF_UP to 4 more decimals; the totals of integers are divided as doubles. */
const mean = (values: ReadonlyArray<Numeric>, weights: ReadonlyArray<Numeric>): Numeric | null => {
  const [first] = values
  if (first === undefined) return null
  if (!BigDecimal.isBigDecimal(first)) {
    const weight = BigDecimal.sumAll(weights.map(decimal))
    const products = BigDecimal.sumAll(values.map((value, i) => BigDecimal.multiply(decimal(value), decimal(weights[i]!))))
    // Weights that are decimals count as integers of their last decimal: as doubles they would be rounded before the division.
    const common = Math.max(products.scale, weight.scale)
    return weight.value === 0n ? null : Number(BigDecimal.scale(products, common).value) / Number(BigDecimal.scale(weight, common).value) + 0
  }
  const { scale } = first
  const weight = BigDecimal.sumAll(weights.map(decimal))
  if (weight.value === 0n) return null
  const weighted = values.map((value, i) => BigDecimal.multiply(decimal(value), decimal(weights[i]!)))
  const products = BigDecimal.sumAll(weighted)
  const common = Math.max(products.scale, weight.scale) + scale + 4
  const dividend = BigDecimal.scale(products, common + scale + 4).value
  const divisor = BigDecimal.scale(weight, common).value
  return fromUnscaled(divisor > 0n ? divideHalfUp(dividend, divisor) : divideHalfUp(-dividend, -divisor), scale + 4)
}

/** Doubles beyond their range say nothing, and there is one zero. */
const finiteOrNull = (value: number | null): number | null => value !== null && Number.isFinite(value) ? value + 0 : null

/** In the order of the declaration. What does not fit is no value. */
const withComputed = ({ given, results, values }: Compute, result: Result): Result => {
  const computed = new Map(values.map(({ expression, name }) => {
    try {
      return [name, valueOf(expression, given, result.values)]
    } catch (thrown) {
      if (thrown instanceof DoesNotFit) return [name, null]
      throw thrown
    }
  }))
  return { ...result, values: Object.fromEntries(results.map(([name]) => [name, computed.has(name) ? computed.get(name)! : result.values[name]!])) }
}

const leftOutUnless = ({ condition, given }: WherePanes, result: Result): Result =>
  holds(condition, given, result.values) ? result : { ...result, isLeftOut: true }

/** Each counts the rows of all keys of its window that it is ranked among. */
const ranked = ({ by, n, order, per }: Top, results: ReadonlyArray<Result>): ReadonlyArray<Result> =>
  results.map((result) => {
    const all = results.filter(({ end, key, start }) => start === result.start && end === result.end && partOf(key, per) === partOf(result.key, per))
    const changes = all.reduce((sum, each) => sum + each.changes, 0)
    const sign = order === "ascending" ? 1 : -1
    const inOrder = all
      .filter(({ isLeftOut, values }) => isLeftOut !== true && isNumber(values[by] ?? null))
      .map((each) => ({ each, value: each.values[by] as AnyNumber }))
      .sort((a, b) => less(a.value, b.value) ? -sign : less(b.value, a.value) ? sign : a.each.key < b.each.key ? -1 : 1)
    const rank = inOrder.findIndex(({ each }) => each === result) + 1
    const isFirst = rank >= 1 && rank <= n
    return { ...result, changes, values: { ...result.values, rank: isFirst ? rank : null }, ...isFirst ? {} : { isLeftOut: true } }
  })

/**
 * Behind each window with events those of its key without, up to the next one with events: as far as there are windows of any key,
 * or event time has come, and for no longer than the node says.
 */
const filled = ({ input, values, within }: Fill, results: ReadonlyArray<Result>, watermark: number): ReadonlyArray<Result> => {
  const windowAfter = windowsAfter(windowOf(input))
  const newest = results.reduce((most, { end }) => Math.max(most, end), watermark)
  const chained = withChain(({ start }, end) => start - end <= within, results)
  return chained.flatMap((result) => {
    const next = Math.min(...chained.filter(({ end, key }) => key === result.key && end > result.end).map(({ end }) => end))
    const carried = Object.fromEntries(values.map((value) => [value.name, value.from === "constant" ? value.value : result.values[value.name]!]))
    const all = [result]
    let [start, end] = windowAfter(result.key, result.end)
    while (end < next && end <= newest && end <= result.end + within) {
      all.push({ ...result, start, end, rows: 0, values: carried })
      ;[start, end] = windowAfter(result.key, end)
    }
    return all
  }).sort((a, b) => a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : 1))
}

/** Of the windows that hold a time, in which another has ended, the one that ends first. */
const windowsAfter = ({ input, window }: WindowNode): (key: string, time: number) => readonly [start: number, end: number] => {
  if (window.kind !== "trading") return (_, time) => windowsOf(window, time).toSorted(([, a], [, b]) => a - b)[0]!
  const [after, { key: names }] = [sessionAfter(window), definitionOf(input)]
  return (key, time) => {
    const values: ReadonlyArray<Value> = names.length === 1 ? [key] : JSON.parse(key) // Keys of several are JSON arrays.
    return after(time, Object.fromEntries(names.map((name, i) => [name, values[i]!])))
  }
}

/** How far event time comes for a node by these events: as far as in the partition that is furthest behind. */
const watermarkOf = (node: Events | Results, events: ReadonlyArray<Event>, partitions: number): number => {
  if (node._tag === "source") return latestOf(timesOf(node, events), partitions) - node.definition.outOfOrderness
  if (node._tag === "window" && node.preAggregated !== null) {
    const both = [...timesOf(node.input, events), ...timesOf(node.preAggregated, events)]
    return latestOf(both, partitions) - definitionOf(node.input).outOfOrderness
  }
  const other = "other" in node ? watermarkOf(node.other, events, partitions) : Infinity
  return Math.min(watermarkOf(node.input, events, partitions), other) - trailOf(node)
}

const latestOf = (times: ReadonlyArray<readonly [Event, number]>, partitions: number): number =>
  partitions === 0 ? -Infinity : Math.min(...Array.from({ length: partitions }, (_, partition) =>
    times.reduce((latest, [event, time]) => event.partition === partition ? Math.max(latest, time) : latest, -Infinity)))

/** Some of the values that a key of several is made of. */
const partOf = (key: string, places: ReadonlyArray<number>): string =>
  JSON.stringify(places.map((place) => (JSON.parse(key) as ReadonlyArray<unknown>)[place])) // Keys of several are JSON arrays.

const windowOf = (node: Results): WindowNode => node._tag === "window" ? node : windowOf(node.input)

/** How far a window lies behind one that has ended; of a session, which has no longest length, its end does. */
const distance = (isSession: boolean, window: Result, end: number): number => (isSession ? window.end : window.start) - end

/** Whether a window follows on one that has ended. */
type Follows = (window: Result, end: number) => boolean

/** What is derived is computed from the rows of the windows before, too: from all that follow on one another. */
const withChain = (follows: Follows, results: ReadonlyArray<Result>): ReadonlyArray<Result> =>
  results.map((result) => {
    const before = results.filter((other) => other.key === result.key && isBefore(other, result)).sort((a, b) => isBefore(a, b) ? 1 : -1)
    let changes = result.rows
    let next = result
    for (const each of before) {
      if (!follows(next, each.end)) break
      changes += each.rows
      next = each
    }
    return { ...result, changes: Math.max(changes, result.changes) }
  })

/** Of windows that end together the one that begins earlier is before the other. */
const isBefore = (a: Result, b: Result): boolean => a.end < b.end || (a.end === b.end && a.start < b.start)

/**
 * Adds a value that is computed from the windows of a key: from those that have all that it needs, as far as they follow on
 * one another. In a window that has not, there is none; but the value before is before that one, too.
 */
const withDerived = (follows: Follows) => (results: ReadonlyArray<Result>, { name, spec }: Derived): ReadonlyArray<Result> => {
  const names = typeof spec.of === "string" ? [spec.of] : Object.values({ ...spec.of })
  const inOrder = results.toSorted((a, b) => a.end - b.end || a.start - b.start).filter(({ isLeftOut, values }) => isLeftOut !== true && names.every((of) => isNumber(values[of] ?? null)))
  const found = new Map<Result, Value>()
  for (const windows of Map.groupBy(inOrder, ({ key }) => key).values()) {
    for (const series of unbroken(follows, windows)) {
      // None of them is missing.
      const values = indicate(spec, (of) => series.map(({ values }) => values[of] as AnyNumber))
      series.forEach((window, i) => found.set(window, values[i]!))
    }
  }
  const valueOf = (result: Result): Value => {
    const before = inOrder.filter((other) => other.key === result.key && isBefore(other, result)).at(-1)
    if (spec.function === "previous") return before !== undefined && follows(result, before.end) ? before.values[spec.of]! : null
    return found.get(result) ?? null
  }
  return results.map((result) => ({ ...result, values: { ...result.values, [name]: valueOf(result) } }))
}

/** Windows in the order of their ends, cut where one does not follow on the one before. */
const unbroken = (follows: Follows, windows: ReadonlyArray<Result>): ReadonlyArray<ReadonlyArray<Result>> => {
  const all: Array<Array<Result>> = []
  for (const window of windows) {
    const last = all.at(-1)?.at(-1)
    if (last !== undefined && follows(window, last.end)) all.at(-1)!.push(window)
    else all.push([window])
  }
  return all
}

/** A user's own function may have given something else. */
const isNumber = (value: Value): boolean => BigDecimal.isBigDecimal(value) || typeof value === "bigint" || Number.isFinite(value)
