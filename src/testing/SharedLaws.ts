/**
 * Laws of pipelines that do the same with the rows of a source before they go ways of their own: what is done once for all of
 * them comes to each as if it were alone.
 */
import * as fc from "fast-check"
import type * as Plan from "../streams/pipeline/Plan.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../streams/pipeline/index.ts"
import * as Row from "../streams/pipeline/Row.ts"
import { Kind } from "../streams/records/Records.ts"
import { cuts, decidedLogs, type Log, type SampleRow, source } from "./Arbitraries.ts"
import { checkpointed, checkpoints } from "./DeliveryLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, lines, type Piece, pieces } from "./Harness.ts"
import { anyLog } from "./HeldLaws.ts"
import { same } from "./Law.ts"

type Rows = Events.Events<SampleRow>

/** Functions of one text that are not the same. */
const above = (least: number) => ({ size }: SampleRow): boolean => size > least

const [aboveOne, aboveTwo] = [above(1), above(2)]

/** Fields are beside those of the schema, and what is drawn is no type. */
const raw = (plan: Plan.Events): Rows => Events.make(plan)

const deriving = (values: { readonly [name: string]: Expr.Node }) => (rows: Rows): Rows => raw({ _tag: "derive-fields", input: rows.plan, values })

const large: Expr.Node = { op: "multiply", left: { op: "field", field: "price" }, right: { op: "literal", value: 10_000_000 } }

/** Where nobody compares it, it is only handed on. */
const label = deriving({ label: { op: "upper", of: { op: "field", field: "venue" } } })

/** Each is done at most once, since no field has the name of another: to rows some of which are left out or refused by it. */
const steps: { readonly [name: string]: (rows: Rows) => Rows } = {
  some: Events.where(Expr.gt("size", 1)),
  aboveOne: (rows) => raw({ _tag: "filter", input: rows.plan, test: aboveOne }),
  aboveTwo: (rows) => raw({ _tag: "filter", input: rows.plan, test: aboveTwo }),
  large: deriving({ large }),
  label,
  labelled: (rows) => raw({ _tag: "where", input: label(rows).plan, condition: { op: "eq", field: "label", value: "N" } }),
  once: (rows) => raw({ _tag: "distinct", input: rows.plan, by: ["size"], within: 10 }),
  byVenue: (rows) => raw({ _tag: "key-by", input: rows.plan, key: ["venue"] }),
  renamed: (rows) => raw({ _tag: "select", input: rows.plan, fields: ["key", "time", "price", "size", "flag", "venue"].map((name) => [name, name] as const) })
}

const stepsOf = fc.shuffledSubarray(Object.keys(steps), { maxLength: 4 })

const flagged = Aggregate.where(Expr.isNot("flag", false))

const figures = { sum: Aggregate.sum("size"), flagged: flagged(Aggregate.sum("size")), low: Aggregate.min("price"), open: Aggregate.first("price"), count: Aggregate.count }

/** Windows of several lengths, of which many rows are in the same, with aggregates that some have and others have not. */
const ends: { readonly [name: string]: (rows: Rows, name: string) => Pipeline.AnyOfPanes } = {
  short: (rows, name) => rows.pipe(Window.tumbling(30), Aggregate.into(figures), Pipeline.named(name)),
  long: (rows, name) =>
    rows.pipe(Window.tumbling(60), Aggregate.into({ ...figures, sum: flagged(Aggregate.count), vwap: Aggregate.weightedMean("price", "size") }), Pipeline.named(name)),
  overlapping: (rows, name) =>
    rows.pipe(Window.hopping(60, 30), Aggregate.into({ mean: Aggregate.mean("price"), sum: Aggregate.sum("size"), venue: Aggregate.last("venue") }), Pipeline.named(name)),
  tiny: (rows, name) => rows.pipe(Window.tumbling(4), Aggregate.into({ venues: Aggregate.countDistinct("venue", { atMost: 3 }) }), Pipeline.named(name))
}

const anyEnds: { readonly [name: string]: (rows: Rows, name: string) => Pipeline.Any } = { ...ends, rows: (rows, name) => rows.pipe(Pipeline.named(name)) }

/** What looks the same in two pipelines. */
const alike = fc.constantFrom<ReadonlyArray<string>>(["aboveOne"], ["aboveTwo"], ["aboveOne", "some"], ["aboveTwo", "some"], ["label"], ["labelled"])

/** What all have, and what each has of its own behind a part of it. */
const sharing = <P>(endsOf: { readonly [name: string]: (rows: Rows, name: string) => P }, ownSteps: fc.Arbitrary<ReadonlyArray<string>>): fc.Arbitrary<ReadonlyArray<P>> => fc.record({
  common: ownSteps,
  each: fc.array(
    fc.record({ shared: fc.nat(4), own: ownSteps, end: fc.constantFrom(...Object.keys(endsOf)), outOfOrderness: fc.constantFrom(2, 2, 2, 5) }),
    { minLength: 2, maxLength: 4 }
  )
}).map(({ common, each }) => each.map(({ end, outOfOrderness, own, shared }, index) => {
  const before = common.slice(0, shared)
  const names = [...before, ...own.filter((name) => !before.includes(name))]
  const possible = names.filter((name, at) => name === "renamed" ? at === 0 : name !== "label" || !names.includes("labelled"))
  const rows = possible.reduce((rows: Rows, name) => steps[name]!(rows), source(outOfOrderness))
  return endsOf[end]!(rows, `pipeline-${index}`)
}))

/** Many rows of one partition follow on one another, in order or not. */
const inOne = fc.record({ log: anyLog, isInOrder: fc.boolean() }).map(({ isInOrder, log: { entries } }): Log => {
  const events = entries.flatMap((entry) => entry.kind === Kind.event ? [{ ...entry, partition: 0 }] : [])
  return { entries: isInOrder ? events.toSorted((a, b) => a.value.time - b.value.time) : events, partitions: 1 }
})

const wideCuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 })

export const sharedLaws: EngineLaws = {
  "pipelines that do the same with rows at first each put out, refuse and count at their nodes what they do alone": law(
    80,
    fc.record({
      pipelines: fc.oneof(sharing(anyEnds, stepsOf), sharing(anyEnds, alike), sharing(anyEnds, fc.constant([]))),
      log: fc.oneof(anyLog, decidedLogs, inOne, inOne),
      cut: fc.oneof(cuts, wideCuts),
      crash: fc.nat(20)
    }),
    (make, { crash, cut, log, pipelines }) => {
      const input = pieces(log, cut)
      const [first, again] = [make(pipelines, log.partitions), make(pipelines, log.partitions)]
      const before = input.slice(0, crash).map((piece) => first.take(piece))
      again.restore(first.snapshot())
      const together = [...before, ...outputsOf(again, input.slice(crash))]
      for (const pipeline of pipelines) {
        const alone = make([pipeline], log.partitions)
        same(toldOf(together, pipeline), toldOf(outputsOf(alone, input), pipeline), pipeline.name)
        same(again.countsByNode.get(pipeline.name), alone.countsByNode.get(pipeline.name), pipeline.name)
        same(again.countsByPipeline.get(pipeline.name), alone.countsByPipeline.get(pipeline.name), pipeline.name)
      }
      same(again.size, 0)
    }
  ),

  "checkpoints of pipelines whose windows have rows together have what there was when they began, and disturb nothing": law(
    40,
    fc.record({ pipelines: sharing(ends, fc.constant([])), log: inOne, cut: fc.oneof(cuts, wideCuts), checkpoints, bound: fc.constantFrom(4, 1_000) }),
    checkpointed
  )
}

type Outputs = ReadonlyArray<ReturnType<Engine["take"]>>

const outputsOf = (engine: Engine, input: ReadonlyArray<Piece>): Outputs => [...input.map((piece) => engine.take(piece)), engine.close()]

/** All that a pipeline says of rows, in its order. */
const toldOf = (outputs: Outputs, { name }: Pipeline.Any) => ({
  panes: lines(outputs.flatMap(({ panes }) => panes.filter(({ pipeline }) => pipeline === name))),
  rows: outputs.flatMap(({ rows }) => rows.filter(({ pipeline }) => pipeline === name).map(Row.toJson)),
  unused: outputs.flatMap(({ unused }) => unused.filter(({ pipeline }) => pipeline === name).map(({ detail, offset, partition, reason }) => [partition, offset, reason, detail]))
})
