/** No name of a result, a field or a pipeline is special, not those of members that every object inherits. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Events, Expr, Job, Pane, Pipeline, Records, Row, Source, Window } from "../../../src/index.ts"
import * as PaneDecoder from "../../../src/streams/pipeline/PaneDecoder.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"
import { foldRows } from "../../../src/streams/reference/RowFold.ts"

const names = ["constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf", "__defineGetter__", "__lookupSetter__", "toJSON", "then"]

const chunk = (kind: Records.Kind, from: number, members: ReadonlyArray<object>): Records.Records => ({
  ...Records.fromTexts(members.map((each) => JSON.stringify(each)), kind),
  partition: 0,
  offsets: Float64Array.from(members, (_, index) => from + index),
  appendedAt: new Float64Array(members.length)
})

/** A source with an optional field of a name, and records of what was made of it. */
const declared = (name: string) => {
  const value = Schema.optionalKey(Schema.Int)
  const rows = Source.make("rows", { schema: Schema.Struct({ id: Schema.String, at: Schema.Int, [name]: value }), key: "id", eventTime: untyped("at") })
  const bars = Source.make("bars", { schema: Schema.Struct({ id: Schema.String, at: Schema.Int, [name]: value, n: Schema.Int }), key: "id", eventTime: untyped("at") })
  return { bars, rows }
}

/** By names that are only known when it runs, which no type follows. */
const untyped = (value: unknown): never => value as never

const piped = (source: unknown, ...steps: ReadonlyArray<unknown>): Pipeline.AnyOfPanes =>
  // Each step is a function of what the one before it gives, as in `pipe`.
  steps.reduce((self, step) => (step as (self: unknown) => unknown)(self), source) as Pipeline.AnyOfPanes

/** What is the same of a pane and of a result of the fold. */
const told = (panes: ReadonlyArray<{ readonly start: number; readonly values: Pane.Values }>) =>
  panes.map(({ start, values }) => [start, Object.entries(values)])

describe.each(names)("%s", (name) => {
  const { bars, rows } = declared(name)
  const last = Aggregate.custom({
    create: (): number | null => null,
    add: (_: number | null, row: object) => untyped(Object.entries(row).find(([field]) => field === name)?.[1]),
    merge: (left, right) => right ?? left,
    result: (state) => state,
    state: Schema.NullOr(Schema.Int)
  })
  const events = [{ id: "a", at: 1 }, { id: "a", at: 2, [name]: 7 }, { id: "a", at: 12, [name]: 5 }]

  /** The pipeline, with a snapshot between the events, and its fold. */
  const agrees = (pipeline: Pipeline.AnyOfPanes, records: ReadonlyArray<object> = []) => {
    const before = new Job([pipeline], { partitions: 1 })
    const first = before.take(chunk(Records.Kind.event, 0, events.slice(0, 2))).panes
    const job = new Job([pipeline], { partitions: 1 })
    expect(job.restore(before.snapshot())).toBe(true)
    const panes = [
      ...first,
      ...job.take(chunk(Records.Kind.event, 2, events.slice(2))).panes,
      ...job.take(chunk(Records.Kind.preAggregated, 3, records)).panes,
      ...job.close().panes
    ]
    const all = [
      ...events.map((fields, offset) => ({ partition: 0, offset, fields: untyped(fields) })),
      ...records.map((fields, index) => ({ partition: 0, offset: 3 + index, fields: untyped(fields), preAggregated: true }))
    ]
    expect(told(panes)).toEqual(told(BatchFold.fold(pipeline, all).results))
    const decode = PaneDecoder.make([pipeline])
    for (const pane of panes) {
      const decoded = decode(new TextEncoder().encode(Pane.toJson(pane)))
      expect(typeof decoded === "string" ? decoded : Pane.toJson(decoded)).toBe(Pane.toJson(pane))
    }
    return told(panes)
  }

  it("is the name of a field that is absent, of a result, of a change and of a pipeline", () => {
    const pipeline = piped(
      rows,
      Events.where(Expr.make({ op: "isNot", field: name, value: 8 })),
      Window.tumbling(10),
      Aggregate.into(untyped({ [name]: Aggregate.sum(name), first: Aggregate.first(name), n: Aggregate.where(Expr.gt(name, 0))(Aggregate.count) })),
      Pipeline.percentChange("change", name),
      Pipeline.named(/^[a-z]+$/.test(name) ? name : "p")
    )
    expect(agrees(pipeline).map(([, values]) => (values as ReadonlyArray<unknown>).slice(0, 3))).toEqual([
      [[name, 7], ["first", 7], ["n", 1]],
      [[name, 5], ["first", 5], ["n", 1]]
    ])
    const changed = rows.pipe(Window.tumbling(10), Aggregate.into({ n: Aggregate.count }), Pipeline.percentChange(name, "n"), Pipeline.named("p"))
    expect(agrees(changed)).toHaveLength(2)
  })

  it("is the name of a result that pre-aggregated records do not have, and of one that they have", () => {
    const accepting = (fields: object) =>
      piped(
        rows,
        Window.tumbling(10),
        Aggregate.into(untyped({ [name]: Aggregate.sum(name), n: Aggregate.count })),
        Pipeline.acceptPreAggregated(bars, untyped(fields)),
        Pipeline.named("p")
      )
    const record = { id: "a", at: 15, [name]: 100, n: 3 }
    expect(agrees(accepting({ n: "n" }), [record])).toEqual([[0, [[name, 7], ["n", 2]]], [10, [[name, null], ["n", 4]]]])
    expect(agrees(accepting({ n: "n", [name]: name }), [record])).toEqual([[0, [[name, 7], ["n", 2]]], [10, [[name, 105], ["n", 4]]]])
    expect(() => accepting({ other: name })).toThrow("there is no result \"other\"")
  })

  it("is the name of a field that functions see, and of their result", () => {
    const isWhole = Events.filter((row: object) => Object.hasOwn(row, name))
    const pipeline = piped(rows, isWhole, Window.tumbling(10), Aggregate.into(untyped({ [name]: last })), Pipeline.named("p"))
    expect(agrees(pipeline)).toEqual([[0, [[name, 7]]], [10, [[name, 5]]]])
  })

  it("is the name of a field of rows", () => {
    const pipeline = rows.pipe(Pipeline.named("p"))
    const job = new Job([pipeline], { partitions: 1 })
    const folded = foldRows(pipeline, events.map((fields, offset) => ({ partition: 0, offset, fields: untyped(fields) })))
    expect(job.take(chunk(Records.Kind.event, 0, events)).rows.map(Row.toJson)).toEqual(folded.map(Row.toJson))
    expect(folded.map(({ values }) => Object.entries(values).at(-1))).toEqual([[name, null], [name, 7], [name, 5]])
  })

  it("is not a result of a pane that does not have it", () => {
    const pipeline = piped(rows, Window.tumbling(10), Aggregate.into(untyped({ [name]: last })), Pipeline.named("p"))
    const pane = { pipeline: "p", key: "a", start: 0, end: 10, pane: "on-time", revision: 0, changes: 1, values: { other: 1 } }
    expect(PaneDecoder.make([pipeline])(new TextEncoder().encode(JSON.stringify(pane)))).toBe("former-pipeline")
  })
})
