/** `courant replay`: pipelines over the log's past, without changing anything. */
import { Effect, Layer, Option, Stream } from "effect"
import { Command } from "effect/cli"
import * as StdoutSink from "../../adapters/stdio/StdoutSink.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { Job } from "../../streams/engine/Job.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import * as Flags from "../Flags.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Report from "../terminal/Report.ts"
import * as Stores from "../Stores.ts"

const flags = {
  pipelines: Flags.pipelines,
  from: Flags.from,
  to: Flags.to,
  speed: Flags.speedOf(Infinity),
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  log: Flags.keptLog,
  data: Flags.data,
  topic: Flags.oneTopic,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  report: Flags.report
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "replay",
  flags,
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input))
    const log: Layer.Layer<EventLog, Error> = input.log === "kafka" ? yield* ofKafka(input, pipelines) : yield* ofSqlite(input)
    yield* replay(input, pipelines).pipe(Effect.provide(Layer.merge(log, StdoutSink.layer)))
  })
).pipe(
  Command.withDescription(
    "Runs pipelines over what the log holds and writes their panes to stdout. They are those of the live run, " +
      "since every decision of the live run is in the log. It changes nothing and may run beside a live run."
  ),
  Command.withShortDescription("Pipelines over the log's past, to stdout"),
  Command.withExamples([
    { command: "courant replay --pipelines candles-1m", description: "All candles, as fast as possible" },
    {
      command: "courant replay --pipelines day,candles-5m --from 2013-10-08T13:30:00Z --to 2013-10-08T14:30:00Z --speed 60",
      description: "One hour in a minute"
    },
    {
      command: "courant replay --log kafka --brokers 127.0.0.1:9092 --topic ticks --pipelines candles-1m",
      description: "All candles of a Kafka topic"
    }
  ])
)

const ofSqlite = Effect.fnUntraced(function*(input: Input) {
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(input.topic))
  return Stores.logOf({ data: input.data, topic }, { readOnly: true })
})

const ofKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const topic = yield* Kafka.givenTopic(input.topic)
  const connection = yield* Kafka.optionsOf(input)
  const { log } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
  return log({ connection, topic, sources: Kafka.sourcesOf(pipelines), create: false, partitions: undefined })
})

/**
 * The log is always read from its beginning: only so is the state at `--from` that of the
 * live run. The bounds choose among the panes.
 */
const replay = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const log = yield* EventLog
  const sink = yield* ResultSink
  const job = new Job(pipelines, { partitions: log.partitions, maxTimeAhead: input.maxTimeAhead })
  const from = Option.getOrElse(input.from, () => -Infinity)
  const to = Option.getOrElse(input.to, () => Infinity)
  const ends = yield* log.ends
  const isDone = () => job.offsets.every((offset, partition) => offset >= (ends[partition] ?? 0))
  let panes = 0
  const write = paced(input.speed, sink.write)
  if (!isDone()) {
    yield* log.read(job.offsets).pipe(
      Stream.map((records) => ({ panes: job.take(records).panes, done: isDone() })),
      Stream.takeUntil(({ done }) => done),
      Stream.runForEach((output) => {
        const wanted = output.panes.filter(({ start }) => start >= from && start < to)
        panes += wanted.length
        return write(wanted)
      })
    )
  }
  const report = { ...job.counts, panes, byPipeline: Object.fromEntries(job.countsByPipeline) }
  yield* Report.write(report, Option.getOrUndefined(input.report))
})

type Write = ResultSink["Service"]["write"]

/** Holds panes back until their time has come, counted from the first one. */
const paced = (speed: number, write: Write): Write => {
  if (speed === Infinity) return write
  let begin: { readonly clock: number; readonly time: number } | null = null
  return Effect.fnUntraced(function*(panes) {
    for (const [end, group] of Map.groupBy(panes, (pane) => pane.end)) {
      const now = yield* MonotonicTime.millis
      begin ??= { clock: now, time: end }
      yield* Effect.sleep(Math.max(0, begin.clock + (end - begin.time) / speed - now))
      yield* write(group)
    }
  })
}
