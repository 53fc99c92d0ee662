/** `courant why`: what the open windows of a key wait for. It changes nothing. */
import { Clock, Console, Effect, Layer, Option, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import type { EventTime } from "../../streams/engine/Job.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { placeOf, sourceAt } from "../../streams/ports/SourceLogs.ts"
import * as Checked from "../../streams/pipeline/Checked.ts"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { type Any as AnyPipeline, isOfRows } from "../../streams/pipeline/Pipeline.ts"
import * as Flags from "../Flags.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Saved from "../Saved.ts"
import * as SavedJob from "../SavedJob.ts"

const flags = {
  chosen: Flags.chosenPipelines,
  key: Argument.String("key").pipe(Argument.withDescription("Key of the windows (for market data: the symbol)")),
  pipelines: Flags.pipelines,
  ...Saved.flags
}

export const command = Command.make(
  "why",
  flags,
  Effect.fnUntraced(function*(input) {
    const { all, chosen } = yield* Pipelines.chosenOf(input, Pipelines.boundsOf(input))
    for (const pipeline of chosen) {
      const stores: Layer.Layer<CheckpointStore | EventLog, Error> = yield* Saved.stores(input, all, [pipeline])
      yield* Effect.provide(why(pipeline, input.key), stores)
    }
  })
).pipe(
  Command.withDescription(
    "Says of each open window of a key what it waits for: the partition that holds the watermark back, how far that has come " +
      "and its last event; of a pipeline that ends in events how many rows are held, and what they wait for. It looks at what was saved last, changes nothing, and may run beside the process that computes."
  ),
  Command.withExamples([
    { command: "courant why candles-1m IBM", description: "Why the last minute of IBM is not there yet" },
    { command: "courant why ./range.ts IBM", description: "The pipelines that a file of yours exports" },
    { command: "courant why candles-1m IBM --log kafka --brokers 127.0.0.1:9092 --topic ticks", description: "Over a topic of Kafka" }
  ])
)

const why = Effect.fnUntraced(function*(pipeline: AnyPipeline, key: string) {
  const { ends } = yield* EventLog
  const { job, savedAt } = yield* SavedJob.of(pipeline)
  const progress = job.progressOf(pipeline.name)
  const open = job.forming({ key, most: Infinity })
  const now = yield* Clock.currentTimeMillis
  const unread = (yield* ends).reduce((sum, end, partition) => sum + Math.max(0, end - (job.offsets[partition] ?? 0)), 0)
  const held = job.countsByPipeline.get(pipeline.name)?.held ?? 0
  const told = isOfRows(pipeline)
    ? yield* rowsOf(pipeline, held, progress, now)
    : [
      ...(open.length === 0 ? [`no window of ${key} is open in ${pipeline.name}; the watermark is ${timeOf(watermarkOf(progress))}`] : []),
      ...(yield* Effect.forEach(open, (pane) => reasonsOf(pane, progress, now, Checked.trailTo(pipeline.checked.end)))).flat(),
      ...(held === 0 ? [] : [`${heldOf(pipeline.name, held)}, in front of its windows`])
    ]
  yield* Console.log([
    ...told,
    `as saved ${ago(now - savedAt)}${unread === 0 ? ", with all that is in the log" : `; ${unread.toLocaleString("en-US")} records have come since`}`
  ].join("\n"))
})

const watermarkOf = ({ partitions }: Pick<EventTime, "partitions">): number => Math.min(...partitions.map(({ watermark }) => watermark))

/** `delay` is how long after its end a window closes, where it is made of results that have to be final. */
const reasonsOf = Effect.fnUntraced(function*({ changes, end, key, pipeline, start }: Pane, progress: EventTime, now: number, delay: number) {
  const due = end + delay
  const { outOfOrderness, partitions, source } = progress
  const log = yield* EventLog
  const behind = partitions.filter(({ watermark }) => watermark < due)
  const reasons = yield* Effect.forEach(behind, (each) => reasonOf(each, source, now))
  // Each source has a bound of disorder of its own.
  const isJoined = new Set(partitions.map(({ partition }) => sourceOf(log, partition))).size > 1
  return [
    `${pipeline} ${key}: the window from ${timeOf(start)} to ${timeOf(end)}, with ${changes} ${changes === 1 ? "change" : "changes"} so far, closes when the watermark is ${delay === 0 ? "there" : `at ${timeOf(due)}`}`,
    isJoined
      ? `  the watermark has to come there ${inEach(partitions.length)}`
      : `  event time has to come to ${timeOf(due + outOfOrderness)}, ${outOfOrderness / 1_000} s of disorder later, ${inEach(partitions.length)}`,
    ...reasons
  ]
})

const inEach = (partitions: number): string => partitions === 1 ? "in its one partition" : `in each of ${partitions} partitions`

/** Of rows it is known how many are held, and not of which keys. */
const rowsOf = Effect.fnUntraced(function*({ checked, name }: AnyPipeline, held: number, { partitions, source }: EventTime, now: number) {
  if (!checked.nodes.some(Checked.isOrdering)) return [`${name} puts out its rows as they come and holds none: one that is not there was left out or refused, or has not come`]
  if (held === 0 && checked.nodes.every((node) => node._tag !== "window")) return [`${name} holds no rows; the watermark is ${timeOf(watermarkOf({ partitions }))}`]
  const behind = partitions.filter(({ watermark }) => watermark === watermarkOf({ partitions }))
  return [
    held === 0 ? `${name} puts out results when they are final; the watermark is ${timeOf(watermarkOf({ partitions }))}` : heldOf(name, held),
    ...(yield* Effect.forEach(behind, (each) => reasonOf(each, source, now)))
  ]
})

const heldOf = (name: string, held: number): string =>
  `${name} holds ${held.toLocaleString("en-US")} ${held === 1 ? "row" : "rows"} of all keys until the watermark is past ${held === 1 ? "it" : "them"}`

/** How far a partition has come that others wait for. */
const reasonOf = Effect.fnUntraced(function*({ latest, next, partition, watermark }: EventTime["partitions"][number], source: string | null, now: number) {
  const log = yield* EventLog
  const place = placeOf(log, partition)
  const name = source === null ? `partition ${place.partition}` : `partition ${place.partition} of ${sourceOf(log, partition)}`
  if (watermark === -Infinity) return `  ${name} has had no event yet, and is not idle`
  const appended = yield* appendedAt(partition, next - 1)
  const latestEvent = latest === -Infinity ? "" : `, its latest event of ${timeOf(latest)}`
  const lastRecord = appended === null ? "" : `, its last record came ${ago(now - appended)} (offset ${next - 1})`
  return `  ${name} holds it back: its watermark is ${timeOf(watermark)}${latestEvent}${lastRecord}`
})

/** The name of the source that a partition of the log is of. */
const sourceOf = ({ sources }: EventLog["Service"], partition: number): string | undefined => sources?.[sourceAt(partition, sources.length)]?.name

/** When the record at an offset was appended; `null` where it is not there any more. */
const appendedAt = Effect.fnUntraced(function*(partition: number, offset: number) {
  const { ends, read } = yield* EventLog
  if (offset < 0) return null
  const from = [...(yield* ends)]
  from[partition] = offset
  const found = yield* Stream.runHead(Stream.filter(read(from), (records) => records.partition === partition && records.length > 0)).pipe(
    Effect.timeoutOption("5 seconds"),
    Effect.catch(() => Effect.succeed(Option.none()))
  )
  return Option.match(Option.flatten(found), { onNone: () => null, onSome: ({ appendedAt }) => appendedAt[0] ?? null })
})

const timeOf = (time: number): string => Number.isFinite(time) ? new Date(time).toISOString() : "not there yet"

const ago = (milliseconds: number): string =>
  milliseconds < 120_000 ? `${Math.round(milliseconds / 1_000)} s ago` : `${Math.round(milliseconds / 60_000)} min ago`
