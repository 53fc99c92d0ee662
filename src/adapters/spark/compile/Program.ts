/** A pipeline as Spark runs it: a plan as data, one step after the other. */
import * as Plan from "../connect/Plan.ts"
import type { Columns } from "./Decode.ts"

export type Step =
  /** More columns, each from those that there are. */
  | { readonly _tag: "columns"; readonly columns: Columns }
  /** These columns and no others. */
  | { readonly _tag: "select"; readonly columns: Columns }
  | { readonly _tag: "filter"; readonly condition: string }
  /** Counts on the way, under the name of the pipeline. */
  | { readonly _tag: "observe"; readonly counts: Columns }
  /** `delay` in milliseconds. Nothing where all there is is read at once. */
  | { readonly _tag: "watermark"; readonly eventTime: string; readonly delay: number }
  | { readonly _tag: "aggregate"; readonly by: Columns; readonly aggregates: Columns }

export interface Program {
  readonly pipeline: string
  /** Of the steps: state that was saved under one fingerprint is never read under another. */
  readonly fingerprint: string
  readonly steps: ReadonlyArray<Step>
}

export interface Source {
  readonly topic: string
  /** For ever and with a watermark, or what the topic holds now, of which every window comes out. */
  readonly streaming: boolean
  /** Spark's options of its source, `kafka.bootstrap.servers` among them. */
  readonly kafka: Readonly<Record<string, string>>
}

/** The plan over a topic of Kafka: `key`, `value` and `headers` of its panes, as Spark's sink for Kafka takes them. */
export const relationOf = ({ pipeline, steps }: Program, source: Source): Plan.Relation => planOf(pipeline, steps, source)

/** What the plan counts in the records of a topic, and nothing else: one row that says nothing, and the counts beside it. */
export const countsOf = ({ pipeline, steps }: Program, source: Source): Plan.Relation => {
  const counting = steps.slice(0, steps.findIndex(({ _tag }) => _tag === "observe") + 1)
  return Plan.groupBy(planOf(pipeline, counting, source), [], ["count(1)"])
}

const planOf = (pipeline: string, steps: ReadonlyArray<Step>, source: Source): Plan.Relation =>
  steps.reduce((input, step) => apply(input, step, { pipeline, streaming: source.streaming }), reading(source))

const reading = ({ kafka, streaming, topic }: Source): Plan.Relation => {
  const options = { startingOffsets: "earliest", ...kafka, subscribe: topic, includeHeaders: "true" }
  return (streaming ? Plan.readStream : Plan.read)({ format: "kafka", options })
}

const apply = (
  input: Plan.Relation,
  step: Step,
  { pipeline, streaming }: { readonly pipeline: string; readonly streaming: boolean }
): Plan.Relation => {
  switch (step._tag) {
    case "columns":
      return Plan.withColumns(input, step.columns)
    case "select":
      return Plan.select(input, ...named(step.columns))
    case "filter":
      return Plan.filter(input, step.condition)
    case "observe":
      return Plan.observe(input, pipeline, named(step.counts))
    case "watermark":
      return streaming ? Plan.withWatermark(input, step.eventTime, `${step.delay} milliseconds`) : input
    case "aggregate":
      return Plan.groupBy(input, named(step.by), named(step.aggregates))
  }
}

const named = (columns: Columns): ReadonlyArray<string> =>
  Object.entries(columns).map(([name, sql]) => sql === name ? name : `${sql} AS ${name}`)

/** For people: what the cluster is told, step by step. */
export const explain = ({ fingerprint, pipeline, steps }: Program): string =>
  [`${pipeline} on Spark, plan ${fingerprint.slice(0, 12)}`, "", "read    a topic of Kafka", ...steps.flatMap(lines)].join("\n")

const lines = (step: Step): ReadonlyArray<string> => {
  switch (step._tag) {
    case "columns":
      return titled("add", step.columns)
    case "select":
      return titled("select", step.columns)
    case "filter":
      return [`filter  ${step.condition}`]
    case "observe":
      return titled("count", step.counts)
    case "watermark":
      return [`watermark on ${step.eventTime}, ${step.delay} milliseconds behind the latest`]
    case "aggregate":
      return [...titled("group", step.by), ...titled("compute", step.aggregates)]
  }
}

const titled = (title: string, columns: Columns): ReadonlyArray<string> =>
  Object.entries(columns).map(([name, sql], index) => `${(index === 0 ? title : "").padEnd(8)}${name === sql ? name : `${name} = ${sql}`}`)
