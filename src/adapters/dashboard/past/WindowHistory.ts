/** How a window came to be what it is, and what it waits for, as JSON. */
import { Effect, Schema } from "effect"
import * as History from "../../../streams/engine/History.ts"
import * as Checked from "../../../streams/pipeline/Checked.ts"
import * as Pane from "../../../streams/pipeline/Pane.ts"
import type { AnyOfPanes } from "../../../streams/pipeline/Pipeline.ts"
import type * as Past from "../../../streams/engine/Past.ts"

const Place = Schema.Struct({ source: Schema.String, partition: Schema.Int, offset: Schema.Int })

export const WindowHistory = Schema.Struct({
  /** In the order in which they became known, each with the record that led to it; `null` where a decision did. */
  revisions: Schema.Array(Schema.Struct({ knownAt: Schema.Int, cause: Schema.NullOr(Place), pane: Pane.Encoded })),
  /** Those that were read last, as they are in the log. One that was taken back does not count. */
  records: Schema.Array(Schema.Struct({
    place: Place,
    kind: Schema.Literals(["event", "pre-aggregated"]),
    time: Schema.Int,
    knownAt: Schema.NullOr(Schema.Int),
    record: Schema.NullOr(Schema.String),
    counts: Schema.Boolean,
    takenBackBy: Schema.NullOr(Place)
  })),
  /** How many there are in all. */
  total: Schema.Int,
  waitsFor: Schema.Struct({
    /** At which watermark the window closes, and from which on nothing revises it. */
    closesAt: Schema.Int,
    finalAt: Schema.Int,
    /** Milliseconds of disorder: so much later than the watermark event time is. */
    outOfOrderness: Schema.Int,
    /** The slowest partition of its sources now, which holds the watermark back; `null` where nothing has been read. */
    slowest: Schema.NullOr(Schema.Struct({
      source: Schema.String,
      partition: Schema.Int,
      /** How many partitions there are in all. */
      of: Schema.Int,
      watermark: Schema.NullOr(Schema.Int),
      /** When something was last appended to it. */
      lastAt: Schema.NullOr(Schema.Int)
    }))
  })
})

/** Records of one answer. */
const mostRecords = 1_000

export const of = Effect.fnUntraced(function*(pipeline: AnyOfPanes, window: History.Window, options: Pick<Past.Options, "atRest" | "from" | "maxTimeAhead">) {
  const { partitions, records, revisions } = yield* History.ofWindow(pipeline, window, options)
  const { checked } = pipeline
  const closesAt = window.end + Checked.trailTo(checked.end)
  return {
    revisions: revisions.map(({ cause, knownAt, pane }) => ({ knownAt, cause, pane: Pane.encode(pane) })),
    records: records.slice(-mostRecords),
    total: records.length,
    waitsFor: {
      closesAt,
      finalAt: closesAt + Checked.windowOf(checked).allowedLateness,
      outOfOrderness: Math.max(...Checked.inputsOf(checked).map(({ events }) => events.definition.outOfOrderness)),
      slowest: slowestOf(partitions)
    }
  }
})

const slowestOf = (partitions: ReadonlyArray<History.PartitionRead>) => {
  const [slowest] = partitions.toSorted((a, b) => (a.watermark ?? -Infinity) - (b.watermark ?? -Infinity) || (a.lastAt ?? -Infinity) - (b.lastAt ?? -Infinity))
  return slowest === undefined ? null : { ...slowest, of: partitions.length }
}
