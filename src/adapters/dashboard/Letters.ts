/** What could not be used: how much of it for which reason, and what came last, with its time where that can be read. */
import { Effect, Predicate, Schema } from "effect"
import * as Checked from "../../streams/pipeline/Checked.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import type { Definition } from "../../streams/pipeline/Source.ts"
import { type DeadLetter, type DeadLetters, latestOf } from "../../streams/ports/DeadLetters.ts"
import { Reason } from "../../streams/records/Refusal.ts"

export const Letters = Schema.Struct({
  byReason: Schema.Array(Schema.Struct({ reason: Reason, count: Schema.Int })),
  /** The newest first. */
  latest: Schema.Array(Schema.Struct({
    /** The pipeline that refused it; `null` where it could not even be decoded. */
    pipeline: Schema.NullOr(Schema.String),
    reason: Reason,
    /** What is wrong, in words. */
    detail: Schema.String,
    /** Where it stands in the log. */
    source: Schema.String,
    partition: Schema.Int,
    offset: Schema.Int,
    /** Its event time in milliseconds since the epoch, where it has one that can be read. */
    time: Schema.NullOr(Schema.Int),
    /** Its text, of which a long one is cut. */
    record: Schema.String
  }))
})
export type Letters = typeof Letters.Type

/** Characters of a record that are shown. */
const longest = 2_000

export const read = Effect.fnUntraced(function*(
  letters: DeadLetters["Service"],
  pipelines: ReadonlyArray<AnyPipeline>,
  query: { readonly pipeline?: string; readonly limit: number }
) {
  const { byReason, latest } = yield* latestOf(letters, query)
  return { byReason, latest: latest.map((letter) => shown(letter, pipelines)) } satisfies Letters
})

const shown = ({ bytes, detail, offset, partition, pipeline, reason, topic }: DeadLetter, pipelines: ReadonlyArray<AnyPipeline>) => {
  const record = Buffer.from(bytes).toString("utf8")
  const own = pipelines.filter(({ name }) => pipeline === null || name === pipeline)
  const sources = own.flatMap(({ checked }) => Checked.inputsOf(checked).map(({ events }) => events.definition))
  const times = sources.map((source) => timeIn(record, source)).filter((time) => time !== null)
  return { pipeline, reason, detail, source: topic, partition, offset, time: times[0] ?? null, record: record.slice(0, longest) }
}

const timeIn = (record: string, { columns, eventTime }: Definition): number | null => {
  const path = columns.find(({ name }) => name === eventTime.field)?.path ?? []
  const value = path.reduce((object: unknown, { name }) => Predicate.isObject(object) ? object[name] : undefined, parsed(record))
  if (value === undefined || value === null) return null
  const time = eventTime.unit === "iso8601" ? Date.parse(String(value)) : Number(value) * (eventTime.unit === "seconds" ? 1_000 : 1)
  return Number.isSafeInteger(Math.floor(time)) ? Math.floor(time) : null
}

const parsed = (record: string): unknown => {
  try {
    return JSON.parse(record)
  } catch {
    return undefined
  }
}
