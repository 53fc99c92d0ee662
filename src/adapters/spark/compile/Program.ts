/** A pipeline as Spark runs it: a plan as data, one step after the other. */
import { createHash } from "node:crypto"
import * as Plan from "../connect/Plan.ts"
import type { Columns } from "./Decode.ts"

export type Step =
  /** More columns, each from those that there are. */
  | { readonly _tag: "columns"; readonly columns: Columns }
  /** These columns and no others. */
  | { readonly _tag: "select"; readonly columns: Columns }
  | { readonly _tag: "filter"; readonly condition: string }
  /** Counts on the way, of a branch of the plan; of the first unless told. */
  | { readonly _tag: "observe"; readonly branch?: number; readonly counts: Columns }
  /** `delay` in milliseconds. Nothing where all there is is read at once. */
  | { readonly _tag: "watermark"; readonly eventTime: string; readonly delay: number }
  | { readonly _tag: "aggregate"; readonly by: Columns; readonly aggregates: Columns }
  /** With the rows of another source, which have the same columns when its steps are done. */
  | { readonly _tag: "union"; readonly source: string; readonly steps: ReadonlyArray<Step> }

export interface Program {
  readonly pipeline: string
  /** The source of which the first rows are. */
  readonly source: string
  /** Of the steps: state that was saved under one fingerprint is never read under another. */
  readonly fingerprint: string
  readonly steps: ReadonlyArray<Step>
}

export interface Source {
  readonly topic: string
  /** The topics of sources that are not read from that one, by their names. */
  readonly topics?: Topics | undefined
  /** For ever and with a watermark, or what the topic holds now, of which every window comes out. */
  readonly streaming: boolean
  /** Spark's options of its source, `kafka.bootstrap.servers` among them. */
  readonly kafka: Readonly<Record<string, string>>
}

export type Topics = { readonly [source: string]: string }

/** The plan over a topic of Kafka: `key`, `value` and `headers` of its panes, as Spark's sink for Kafka takes them. */
export const relationOf = ({ source: name, steps, ...program }: Program, source: Source): Plan.Relation =>
  planOf(steps, { ...source, name, ...program })

/** What the plan counts in the records of its topics, and nothing else: one row that says nothing, and the counts beside it. */
export const countsOf = ({ source: name, steps, ...program }: Program, source: Source): Plan.Relation => {
  const others = steps.flatMap((step) => step._tag === "union" ? [{ name: step.source, steps: step.steps }] : [])
  const counting = [{ name, steps }, ...others].flatMap(({ name, steps }) => {
    const end = steps.findIndex(({ _tag }) => _tag === "observe") + 1
    return end === 0 ? [] : [Plan.select(planOf(steps.slice(0, end), { ...source, name, ...program }), "1 AS one")]
  })
  return Plan.groupBy(counting.reduce((all, more) => Plan.union(all, more)), [], ["count(1)"])
}

/** The sources that are read beside the first. */
export const othersOf = ({ source, steps }: Program): ReadonlyArray<string> =>
  [...new Set(steps.flatMap((step) => step._tag === "union" && step.source !== source ? [step.source] : []))].sort()

/** Of the plan, and of the topics of its other sources where it has any: state counts for these alone. */
export const fingerprintOf = (program: Program, topics: Topics = {}): string => {
  const others = othersOf(program).map((name) => [name, topics[name] ?? ""])
  return others.length === 0 ? program.fingerprint : createHash("sha256").update(JSON.stringify([program.fingerprint, others])).digest("hex")
}

/** What is read, and for whom. */
interface Reading extends Source {
  readonly name: string
  readonly pipeline: string
}

const planOf = (steps: ReadonlyArray<Step>, from: Reading): Plan.Relation =>
  steps.reduce((input, step) => apply(input, step, from), reading(from))

const reading = ({ kafka, name, streaming, topic, topics }: Reading): Plan.Relation => {
  const options = { startingOffsets: "earliest", ...kafka, subscribe: topics?.[name] ?? topic, includeHeaders: "true" }
  return (streaming ? Plan.readStream : Plan.read)({ format: "kafka", options })
}

const apply = (input: Plan.Relation, step: Step, from: Reading): Plan.Relation => {
  switch (step._tag) {
    case "columns":
      return Plan.withColumns(input, step.columns)
    case "select":
      return Plan.select(input, ...named(step.columns))
    case "filter":
      return Plan.filter(input, step.condition)
    case "observe":
      return Plan.observe(input, observationOf(from.pipeline, step.branch), named(step.counts))
    case "watermark":
      return from.streaming ? Plan.withWatermark(input, step.eventTime, `${step.delay} milliseconds`) : input
    case "aggregate":
      return Plan.groupBy(input, named(step.by), named(step.aggregates))
    case "union":
      return Plan.union(input, planOf(step.steps, { ...from, name: step.source }))
  }
}

/** Each source has counts of its own, under the name of the pipeline and behind it its number where it is not the first. */
const observationOf = (pipeline: string, branch = 0): string => branch === 0 ? pipeline : `${pipeline}+${branch}`

/** Whether counts are those of a source of this pipeline. */
export const isObservationOf = (pipeline: string) => (name: string): boolean => name === pipeline || name.startsWith(`${pipeline}+`)

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
    case "union":
      return [`union   with the rows of ${step.source}`, ...step.steps.flatMap(lines).map((line) => `  ${line}`)]
  }
}

const titled = (title: string, columns: Columns): ReadonlyArray<string> =>
  Object.entries(columns).map(([name, sql], index) => `${(index === 0 ? title : "").padEnd(8)}${name === sql ? name : `${name} = ${sql}`}`)
