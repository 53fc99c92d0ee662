/** `courant process`: from the log through the pipelines into the sinks. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { Engine } from "../streams/Engine.ts"
import { EventLog } from "../streams/EventLog.ts"
import * as Ingest from "../streams/Ingest.ts"
import type { Any as AnyPipeline } from "../streams/Pipeline.ts"
import { restart } from "../streams/Restart.ts"
import * as Flags from "./Flags.ts"
import * as Kafka from "./Kafka.ts"
import * as Pipelines from "./Pipelines.ts"
import { usage } from "./Problem.ts"
import * as Report from "./Report.ts"
import * as Stores from "./Stores.ts"

const flags = {
  log: Flags.keptLog,
  pipelines: Flags.pipelines,
  sinks: Flags.sinks,
  once: Flags.once,
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  idleTimeout: Flags.idleTimeout,
  data: Flags.data,
  topic: Flags.topic,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  onGap: Flags.onGap,
  checkpoints: Flags.checkpoints,
  restart: Flags.restart,
  report: Flags.report
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "process",
  flags,
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input))
    yield* input.log === "kafka" ? overKafka(input, pipelines) : overSqlite(input, pipelines)
  })
).pipe(
  Command.withDescription(
    "Computes pipelines over the log and goes on as it grows. With --once it reads to the end that it finds, " +
      "emits every open window, saves and exits; a later run goes on from there."
  ),
  Command.withShortDescription("The log through the pipelines into the sinks"),
  Command.withExamples([
    { command: "courant process --once", description: "Bring the results up to date" },
    { command: "courant process --pipelines ./range.ts --sink stdout --once", description: "A pipeline of your own over the past" },
    {
      command: "courant process --log kafka --brokers 127.0.0.1:9092 --topic ticks --sink kafka",
      description: "From a topic of Kafka into another, ticks-panes"
    }
  ])
)

const overSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  if (input.sinks.includes("kafka")) return yield* usage("--sink kafka needs --log kafka")
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(input.topic))
  const stores = Stores.layer({ log: "sqlite", sinks: input.sinks, data: input.data, topic })
  yield* process(input, pipelines, Effect.succeed(true)).pipe(
    Effect.provide(Stores.engineOn(stores))
  )
})

const overKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const topic = Kafka.topicOf(input.topic)
  if (Option.isNone(topic)) return yield* usage("--log kafka needs --topic NAME, or COURANT_KAFKA_TOPIC")
  const { isQuiet, layer } = yield* Kafka.stores({ ...input, topic: topic.value, create: false }, pipelines)
  yield* process(input, pipelines, isQuiet).pipe(
    Effect.provide(Stores.engineOn(layer))
  )
})

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
  yield* engine.run({
    name,
    pipelines,
    maxTimeAhead: input.maxTimeAhead,
    isQuiet: Effect.provideContext(isQuiet, context),
    ...(input.once ? { stopAt: Effect.provideService(Ingest.end, EventLog, log) } : { idleTimeout: input.idleTimeout })
  }).pipe(
    Effect.catchTag("CheckpointMismatch", Pipelines.otherState),
    Report.accounted(Option.getOrUndefined(input.report))
  )
})
