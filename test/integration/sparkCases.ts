/**
 * Random portable pipelines over random logs whose disorder stays within the bound: what every engine has to give the
 * same answer to, to the last digit. Small numbers, so that times collide and boundaries are met, times a unit between
 * a millisecond and an hour; decimals at their limits; fields that are absent; times before 1970.
 */
import * as fc from "fast-check"
import * as Aggregate from "../../src/streams/pipeline/Aggregate.ts"
import { toColumn } from "../../src/adapters/spark/compile/Expression.ts"
import { check } from "../../src/streams/pipeline/Check.ts"
import { valuesOf } from "../../src/streams/pipeline/Checked.ts"
import { columnOf, safe, scaleOf, typeOf } from "../../src/streams/pipeline/check/Expressions.ts"
import type { Node } from "../../src/streams/pipeline/Expression.ts"
import type * as Plan from "../../src/streams/pipeline/Plan.ts"
import * as Pipeline from "../../src/streams/pipeline/Pipeline.ts"
import { Kind } from "../../src/streams/records/Records.ts"
import * as Source from "../../src/streams/pipeline/Source.ts"
import type { Definition } from "../../src/streams/pipeline/Source.ts"
import * as Window from "../../src/streams/pipeline/Window.ts"
import { conditions, type Entry, type Log, others, preAggregated, PreAggregatedSchema, exactSamples as samples, source } from "../../src/testing/Arbitraries.ts"
import { derivations, derived } from "../../src/testing/Graphs.ts"
import { evaluated, evaluations, ranked } from "../../src/testing/RandomEvaluations.ts"
import { computed, overComputed, withComputed } from "../../src/testing/RandomExpressions.ts"
import { betweens, over, staged } from "../../src/testing/RandomStages.ts"

export interface Case {
  readonly pipelines: ReadonlyArray<Pipeline.AnyOfPanes>
  readonly log: Log
  /** After how many entries the log pauses, so that they make a batch. */
  readonly pauses: ReadonlyArray<number>
}

const units = fc.constantFrom(1, 997, 60_000, 3_600_000)

const partitions = fc.integer({ min: 1, max: 3 })

/** Pipelines that run over one log, named by their place. */
export const cases = (count: number): fc.Arbitrary<Case> =>
  fc.record({ unit: units, bound: fc.integer({ min: 0, max: 8 }), partitions, mixed: fc.boolean() }).chain(
    ({ bound, mixed, partitions, unit }) =>
      fc.record({
        pipelines: fc.array(pipelines({ unit, bound, mixed }), { minLength: count, maxLength: count })
          .map((all) => all.map((named, index) => named(`p${index}`))),
        entries: fc.array(entries({ unit, bound, partitions, mixed }), { minLength: 20, maxLength: 120, size: "max" }),
        pauses: fc.uniqueArray(fc.integer({ min: 5, max: 100 }), { maxLength: 2 })
      }).map(({ entries, pauses, pipelines }) => ({
        pipelines,
        log: { partitions, entries: entries.toSorted((a, b) => a.at - b.at).map(({ entry }) => entry) },
        pauses: pauses.filter((pause) => pause < entries.length).sort((a, b) => a - b)
      }))
  )

interface Shape {
  readonly unit: number
  readonly bound: number
  readonly mixed: boolean
}

/** An entry and when it comes: at most the bound after its time. */
const entries = ({ bound, mixed, partitions, unit }: Shape & { readonly partitions: number }) =>
  fc.record({
    partition: fc.integer({ min: 0, max: partitions - 1 }),
    delay: fc.integer({ min: 0, max: bound }),
    sample: samples,
    ready: mixed ? fc.option(preAggregated, { freq: 4 }) : fc.constant(null)
  }).map(({ delay, partition, ready, sample }): { readonly at: number; readonly entry: Entry } => {
    const time = (ready ?? sample).time * unit
    const entry: Entry = ready === null
      ? { partition, kind: Kind.event, value: { ...sample, time } }
      : { partition, kind: Kind.preAggregated, value: { ...ready, time } }
    return { at: time + delay * unit, entry }
  })

const small = fc.integer({ min: 1, max: 12 })
const offset = fc.integer({ min: -3, max: 3 })

const windows = (unit: number): fc.Arbitrary<Window.Window> =>
  fc.oneof(
    fc.record({ size: small, offset })
      .map(({ offset, size }): Window.Window => ({ kind: "tumbling", size: size * unit, offset: offset * unit })),
    fc.record({ a: small, b: small, offset }).map(({ a, b, offset }): Window.Window => ({
      kind: "hopping",
      size: Math.max(a, b) * unit,
      advance: Math.min(a, b) * unit,
      offset: offset * unit
    })),
    fc.integer({ min: 1, max: 8 }).map((gap): Window.Window => ({ kind: "session", gap: gap * unit }))
  )

const numbers = ["price", "size", "ratio", "time"] as const
const fields = [...numbers, "flag", "venue", "key"] as const

const populations = fc.constantFrom("sample", "population")

const specs: fc.Arbitrary<Aggregate.Spec> = fc.tuple(
  fc.oneof(
    fc.constant<Aggregate.Spec>({ op: "count" }),
    fc.tuple(fc.constantFrom("sum", "mean", "min", "max"), fc.constantFrom(...numbers))
      .map(([op, field]): Aggregate.Spec => ({ op, field })),
    fc.tuple(fc.constantFrom("first", "last"), fc.constantFrom(...fields))
      .map(([op, field]): Aggregate.Spec => ({ op, field })),
    fc.tuple(fc.constantFrom("minBy", "maxBy"), fc.constantFrom(...fields), fc.constantFrom(...numbers))
      .map(([op, field, by]): Aggregate.Spec => ({ op, field, by })),
    fc.constantFrom(["price", "size"], ["price", "price"], ["size", "ratio"], ["ratio", "size"])
      .map(([field = "", by = ""]): Aggregate.Spec => ({ op: "weightedMean", field, by })),
    fc.tuple(fc.constantFrom("variance", "standardDeviation"), fc.constantFrom("price", "size"), populations)
      .map(([op, field, of]): Aggregate.Spec => ({ op, field, settings: { of } })),
    fc.tuple(fc.constantFrom("covariance", "correlation"), fc.constantFrom(["price", "size"], ["size", "price"], ["price", "price"]), populations)
      .map(([op, [field = "", by = ""], of]): Aggregate.Spec => ({ op, field, by, settings: { of } })),
    fc.tuple(fc.constantFrom(...fields), fc.constantFrom(2, 5, 1_000))
      .map(([field, atMost]): Aggregate.Spec => ({ op: "countDistinct", field, settings: { atMost } }))
  ),
  fc.option(conditions, { freq: 1 })
).map(([spec, where]) => where === null ? spec : { ...spec, where })

const filters: fc.Arbitrary<ReadonlyArray<Node>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(conditions, { minLength: 1, maxLength: 2 }) }
)

/** Which results pre-aggregated records give, where a pipeline takes them. */
const preAggregatedFields: ReadonlyArray<readonly [name: string, spec: Aggregate.Spec, field: string]> = [
  ["open", { op: "first", field: "price" }, "open"],
  ["high", { op: "max", field: "price", where: { op: "isNot", field: "flag", value: false } }, "high"],
  ["low", { op: "min", field: "price" }, "low"],
  ["close", { op: "last", field: "price" }, "close"],
  ["volume", { op: "sum", field: "size" }, "size"],
  ["rows", { op: "count" }, "rows"]
]

const bars = Source.make("bars", { schema: PreAggregatedSchema, key: "key", eventTime: "time" })

const preAggregatedConditions: fc.Arbitrary<Node> = fc.constantFrom<Node>(
  { op: "gt", field: "size", value: 1 },
  { op: "not", that: { op: "lt", field: "open", value: "0.5" } }
)

/** What follows on windows, and runs in process: values, conditions, ranks, and windows over results. */
const following = (unit: number) =>
  fc.record({ derivations, evaluations, between: fc.option(betweens, { freq: 3 }), window: windows(unit) })
    .map(({ between, derivations, evaluations: { after, before, top }, window }) => (plan: Plan.Results): Plan.Results => {
      const results = evaluated(plan, "before", before)
      const behind = evaluated(derived(results, derivations, numbersIn(results)), "after", after)
      const first = ranked(behind, top)
      if (between === null) return first
      const rows = staged(first, { _tag: "to-events", input: first }, { ...between, held: between.held === null ? null : "distinct" })
      return { _tag: "window", input: rows, window, aggregates: over(rows, between.pick), trigger: { on: "close" }, allowedLateness: 0, preAggregated: null }
    })

const numbersIn = (plan: Plan.Results): ReadonlyArray<string> =>
  valuesOf(check("random", plan)).flatMap(([name, { kind }]) => kind === "decimal" || kind === "int" || kind === "double" ? [name] : []).sort()

/** A pipeline that waits for its name. */
const pipelines = ({ bound, mixed, unit }: Shape) =>
  fc.record({
    window: windows(unit),
    specs: fc.array(specs, { minLength: 1, maxLength: 8 }),
    filters,
    slack: fc.integer({ min: 0, max: 3 }),
    takesPreAggregated: mixed ? fc.boolean() : fc.constant(false),
    barsFilter: fc.option(preAggregatedConditions),
    rollUp: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 3 }),
    computed,
    follow: fc.option(following(unit), { freq: 2 }),
    united: fc.option(fc.record({ isOther: fc.boolean(), slack: fc.integer({ min: 0, max: 3 }), filters }), { freq: 1 })
  }).map(({ barsFilter, computed, filters, follow, rollUp, slack, specs, takesPreAggregated, united, window }) => (name: string): Pipeline.AnyOfPanes => {
    const outOfOrderness = (bound + slack) * unit
    const own = source(outOfOrderness)
    const values = computed.values.filter(isPortable(own.definition))
    const accepting = takesPreAggregated && window.kind !== "session"
    const tests = values.filter((node) => typeOf("random", own.definition, node).kind === "boolean").slice(0, 1)
    const filtered = (plan: Plan.Events, conditions: ReadonlyArray<Node>) =>
      conditions.reduce<Plan.Events>((input, condition) => ({ _tag: "where", input, condition }), plan)
    const other = united === null || takesPreAggregated ? null : (united.isOther ? others : source)((bound + united.slack) * unit).plan
    const plain = filtered(own.plan, filters)
    const all: Plan.Events = other === null ? plain : { _tag: "union", input: plain, other: filtered(other, united?.filters ?? []) }
    const events = filtered(all, tests)
    // Pre-aggregated records have the key of their own source.
    const key = takesPreAggregated ? null : computed.key
    const rows = withComputed(events, own.definition, { ...computed, values, key })
    const ready: Plan.Events = barsFilter === null ? bars.plan : { _tag: "where", input: bars.plan, condition: barsFilter }
    const aggregated = Aggregate.make<unknown, "portable", unknown>({
      _tag: "window",
      input: rows,
      window,
      aggregates: Object.fromEntries([
        ...specs.map((spec, index) => [`r${index}`, spec] as const),
        ...Object.entries(overComputed(own.definition, { ...computed, values, key })).filter(([, spec]) => isExact(spec, values, own.definition)),
        ...(accepting ? preAggregatedFields.map(([name, spec]) => [name, spec] as const) : [])
      ]),
      trigger: { on: "close" },
      allowedLateness: 0,
      preAggregated: accepting
        ? { input: ready, fields: Object.fromEntries(preAggregatedFields.map(([name, , field]) => [name, field])) }
        : null
    })
    const windows = rollUp === null || window.kind !== "tumbling"
      ? aggregated
      : Pipeline.rollUp(Pipeline.named("inner")(aggregated), window.size * rollUp, { offset: window.offset })
    return Pipeline.named(name)(follow === null ? windows : Aggregate.make<unknown, "portable", unknown>(follow(windows.plan)))
  })

/** What Spark computes alike: the rest is refused by name, which is tested where that is done. */
const isPortable = (definition: Definition) => (node: Node): boolean => {
  try {
    toColumn(node, columnOf("x", typeOf("random", definition, node)), { definition, nameOf: (field) => field })
    return true
  } catch {
    return false
  }
}

/** Whose sums neither round nor have more digits than Spark has room for. */
const isExact = (spec: Aggregate.Spec, values: ReadonlyArray<Node>, definition: Definition): boolean => {
  if (spec.op === "first" || spec.op === "last" || spec.op === "min" || spec.op === "max" || spec.op === "minBy" || spec.op === "maxBy") return true
  return [spec.field, "by" in spec ? spec.by : undefined].every((field) => {
    const node = values[Number(/^x(\d+)$/.exec(field ?? "")?.[1] ?? NaN)]
    if (node === undefined) return true
    const type = typeOf("random", definition, node)
    return "bound" in type && scaleOf(type) <= 20 && type.bound <= (spec.op === "weightedMean" ? safe : 10n ** 30n)
  })
}
