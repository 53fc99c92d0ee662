/** `courant replay`: pipelines over the log's past, without changing anything. */
import { Effect, Layer, Option } from "effect"
import { Command } from "effect/cli"
import * as StdoutRowSink from "../../adapters/stdio/StdoutRowSink.ts"
import * as StdoutSink from "../../adapters/stdio/StdoutSink.ts"
import type { Decisions } from "../../streams/ports/Decisions.ts"
import type { EventLog } from "../../streams/ports/EventLog.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Output } from "../../streams/engine/Job.ts"
import * as Replay from "../../streams/engine/Replay.ts"
import { bySource } from "../../streams/engine/Run.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import { RowSink } from "../../streams/ports/RowSink.ts"
import * as Flags from "../Flags.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Pipelines from "../Pipelines.ts"
import { usage } from "../terminal/Problem.ts"
import * as Report from "../terminal/Report.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

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
  topics: Flags.topics,
  as: Flags.as,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  report: Flags.report
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "replay",
  flags,
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input), "any")
    const log: Layer.Layer<Decisions | EventLog, Error> = input.log === "kafka" ? yield* ofKafka(input, pipelines) : yield* ofSqlite(input, pipelines)
    yield* replay(input, pipelines).pipe(Effect.provide(Layer.mergeAll(log, StdoutSink.layer, StdoutRowSink.layer)))
  })
).pipe(
  Command.withDescription(
    "Runs pipelines over what the log holds and writes their panes and rows to stdout. They are those of the live run, " +
      "since every decision of the live run is kept beside the log. It changes nothing and may run beside a live run."
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
    },
    {
      command: "courant replay --pipelines ./range.ts --as courant-yahoo-candles-1m",
      description: "A new pipeline over the past, late where that processor was"
    }
  ])
)

const ofSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const named = yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder)
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(named))
  const sources = yield* Stores.sourcesFor({ data: input.data, topic }, pipelines)
  return Stores.pastOf({ data: input.data, topic, sources }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

const ofKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, pipelines)
  const connection = yield* Kafka.optionsOf(input)
  const { past } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
  return past({ connection, topic, topics: topics && Kafka.withSources(topics, pipelines), sources: Kafka.sourcesOf(pipelines) }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

/** Decisions are a processor's own. Those of the pipelines that are replayed are meant, or of the only one that there is. */
const whose = (input: Input, own: string): Stores.Choose => (processors) => {
  const wanted = Option.getOrUndefined(input.as)
  const there = `there are decisions of ${processors.join(", ")}`
  if (wanted !== undefined) {
    if (processors.includes(wanted)) return Effect.succeed(wanted)
    return Effect.fail(usage(`${wanted} has taken no decisions over this log; ${processors.length === 0 ? "nobody has" : there}`))
  }
  if (processors.includes(own)) return Effect.succeed(own)
  return processors.length < 2
    ? Effect.succeed(processors[0] ?? null)
    : Effect.fail(usage(`${there}: say with --as whose are to be taken, since what was late hangs on them`))
}

/** The bounds choose among the panes, and among the rows of pipelines that end in events. */
const replay = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const sink = yield* ResultSink
  const rowSink = yield* RowSink
  const from = Option.getOrElse(input.from, () => -Infinity)
  const to = Option.getOrElse(input.to, () => Infinity)
  let [panes, rows] = [0, 0]
  const clock = new Clock(input.speed)
  const isWanted = (time: number) => time >= from && time < to
  const write = Effect.fnUntraced(function*(output: Pick<Output, "panes" | "rows">) {
    const wanted = { panes: output.panes.filter(({ start }) => isWanted(start)), rows: output.rows.filter(({ time }) => isWanted(time)) }
    panes += wanted.panes.length
    rows += wanted.rows.length
    yield* clock.paced(wanted.panes, ({ end }) => end, sink.write)
    yield* clock.paced(wanted.rows, ({ time }) => time, rowSink.write)
  })
  const job = yield* Replay.run({ pipelines, maxTimeAhead: input.maxTimeAhead }, write)
  const report = { ...job.counts, panes, rows, byPipeline: Object.fromEntries(job.countsByPipeline), ...bySource(job) }
  yield* Report.write(report, Option.getOrUndefined(input.report))
})

/** Holds panes and rows back until their time has come, counted from the first one. */
class Clock {
  readonly #speed: number
  #begin: { readonly clock: number; readonly time: number } | null = null

  constructor(speed: number) {
    this.#speed = speed
  }

  paced<A, E>(all: ReadonlyArray<A>, timeOf: (each: A) => number, write: (some: ReadonlyArray<A>) => Effect.Effect<void, E>) {
    return this.#speed === Infinity
      ? write(all)
      : Effect.forEach(Map.groupBy(all, timeOf), ([time, group]) => Effect.andThen(this.#until(time), write(group)), { discard: true })
  }

  #until(time: number) {
    return Effect.flatMap(MonotonicTime.millis, (now) => {
      this.#begin ??= { clock: now, time }
      return Effect.sleep(Math.max(0, this.#begin.clock + (time - this.#begin.time) / this.#speed - now))
    })
  }
}
