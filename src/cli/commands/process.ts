/** `courant process`: from the log through the pipelines into the sinks. */
import { Effect, Option, Predicate } from "effect"
import { Command } from "effect/cli"
import type { Limits } from "../../adapters/sqlite/Retention.ts"
import { Engine } from "../../streams/ports/Engine.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { restart } from "../../streams/engine/Restart.ts"
import * as Flags from "../Flags.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Keep from "../Keep.ts"
import * as Memory from "../Memory.ts"
import * as Page from "../Page.ts"
import * as Pipelines from "../Pipelines.ts"
import * as RowSinks from "../RowSinks.ts"
import { say, usage } from "../terminal/Problem.ts"
import * as Report from "../terminal/Report.ts"
import * as Stores from "../Stores.ts"

const flags = {
  log: Flags.keptLog,
  pipelines: Flags.pipelines,
  sinks: Flags.keptSinks,
  rows: Flags.rows,
  once: Flags.once,
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  idleTimeout: Flags.idleTimeout,
  page: Flags.wantedPage,
  port: Flags.port,
  host: Flags.host,
  data: Flags.data,
  topic: Flags.oneTopic,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  onGap: Flags.onGap,
  keep: Flags.keep,
  checkpoints: Flags.checkpoints,
  restart: Flags.restart,
  report: Flags.report
}

type Input = Omit<Command.Command.Config.Infer<typeof flags>, "rows" | "keep"> & { readonly rows: RowSinks.Rows; readonly keep: Limits | null }

export const command = Command.make(
  "process",
  flags,
  Effect.fnUntraced(function*(input) {
    if (input.sinks.includes("influxdb")) yield* Influxdb.optionsOf(input.connectTimeout)
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input))
    const rows = yield* RowSinks.rowsOf(pipelines, { ...input, file: Option.getOrUndefined(input.rows) })
    const keep = yield* Keep.given(input)
    yield* Effect.scoped((input.log === "kafka" ? overKafka : overSqlite)({ ...input, rows, keep }, pipelines))
  })
).pipe(
  Command.withDescription(
    "Computes pipelines over the log and continues as the log grows. With --once it reads to the current end, " +
      "emits every open window, saves its state and exits; the next run resumes there."
  ),
  Command.withShortDescription("The log through the pipelines into the sinks"),
  Command.withExamples([
    { command: "courant process --once", description: "Bring the results up to date" },
    { command: "courant process --pipelines ./range.ts --sink stdout --once", description: "A pipeline of your own over the past" },
    {
      command: "courant process --log kafka --brokers 127.0.0.1:9092 --topic ticks --sink kafka",
      description: "From a Kafka topic into another one, ticks-panes"
    },
    {
      command: "courant process --log kafka --brokers 127.0.0.1:9092 --topic ticks --sink influxdb",
      description: "From a Kafka topic into InfluxDB, for Grafana"
    },
    {
      command: "courant process --log kafka --brokers 127.0.0.1:9092 --topic ticks --page --port 9464",
      description: "With the live page, and metrics for Prometheus at http://127.0.0.1:9464/metrics"
    }
  ])
)

const overSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  if (input.sinks.includes("kafka")) return yield* usage("--sink kafka needs --log kafka")
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(input.topic))
  const processor = Pipelines.checkpointName(topic, pipelines)
  const keep = input.keep && { limits: input.keep, processor: { checkpoint: processor, pipelines } }
  const stores = Stores.layer({ ...input, log: "sqlite", topic, processor, keep, group: Pipelines.groupOf(topic, pipelines) })
  yield* process(input, pipelines, Effect.succeed(true)).pipe(
    Effect.provide(Stores.engineOn(stores))
  )
})

const overKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const topic = yield* Kafka.givenTopic(input.topic)
  const { isQuiet, layer } = yield* Kafka.stores({ ...input, topic, create: false }, pipelines)
  let isFirst = true
  const run = Effect.suspend(() => {
    const restart = input.restart && isFirst
    isFirst = false
    return Effect.scoped(process({ ...input, restart }, pipelines, isQuiet)).pipe(Effect.provide(Stores.engineOn(layer), { local: true }))
  })
  // With more partitions the topic is opened anew, and the processor goes on from its checkpoint.
  yield* Effect.retry(run, { while: hasMorePartitions })
})

const hasMorePartitions = (error: unknown): boolean =>
  error instanceof EventLogError && Predicate.hasProperty(error.cause, "reason") && Predicate.isTagged(error.cause.reason, "partitions-added")

const process = Effect.fnUntraced(function*<R>(
  input: Input,
  pipelines: ReadonlyArray<AnyPipeline>,
  isQuiet: Effect.Effect<boolean, never, R>
) {
  const context = yield* Effect.context<R>()
  const engine = yield* Engine
  const log = yield* EventLog
  const name = Pipelines.checkpointName(log.topic, pipelines)
  if (input.restart) yield* restart(name, pipelines)
  if (input.page) {
    const url = yield* Page.serve(input, pipelines).pipe(Effect.provide(Page.layerLogAsFeed(isQuiet)))
    say(`${log.topic} on ${url} (stop with Ctrl-C)`)
  }
  yield* engine.run({
    name,
    pipelines,
    maxTimeAhead: input.maxTimeAhead,
    isQuiet: Effect.provideContext(isQuiet, context),
    ...(input.once ? { stopAt: log.ends } : { idleTimeout: input.idleTimeout }),
    ...(input.keep === null ? {} : { markEvery: Keep.markEvery })
  }).pipe(
    Effect.tap(Keep.last),
    Memory.guarded,
    Report.accounted(Option.getOrUndefined(input.report))
  )
})
