/** `courant process`: from the log through the pipelines into the sinks. */
import { Effect, Layer, Option, Predicate } from "effect"
import { Command } from "effect/cli"
import type { Limits } from "../../adapters/sqlite/Retention.ts"
import { Engine } from "../../streams/ports/Engine.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as InProcess from "../../streams/engine/InProcess.ts"
import { restart } from "../../streams/engine/Restart.ts"
import { Monitor } from "../../streams/ports/Monitor.ts"
import * as Flags from "../Flags.ts"
import * as Influxdb from "../influxdb/Influxdb.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Keep from "../Keep.ts"
import * as Memory from "../Memory.ts"
import * as OwnModule from "../OwnModule.ts"
import * as Page from "../Page.ts"
import * as Pipelines from "../Pipelines.ts"
import * as RowSinks from "../RowSinks.ts"
import { say, usage } from "../terminal/Problem.ts"
import * as Report from "../terminal/Report.ts"
import { Stage } from "../Stage.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

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
  maxDrift: Flags.maxDrift,
  page: Flags.wantedPage,
  port: Flags.port,
  host: Flags.host,
  data: Flags.data,
  topics: Flags.topics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  onGap: Flags.onGap,
  keep: Flags.keep,
  checkpoints: Flags.checkpoints,
  restart: Flags.restart,
  standby: Flags.standby,
  takeOverAfter: Flags.takeOverAfter,
  report: Flags.report
}

type Input = Omit<Command.Command.Config.Infer<typeof flags>, "rows" | "keep"> & { readonly rows: RowSinks.Rows; readonly keep: Limits | null }

export const command = Command.make(
  "process",
  flags,
  Effect.fnUntraced(function*(input) {
    if (input.sinks.includes("influxdb")) yield* Influxdb.optionsOf(input.connectTimeout)
    yield* OwnModule.check("sink", input.sinks)
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input), "any")
    const rows = yield* RowSinks.rowsOf(pipelines, { ...input, file: Option.getOrUndefined(input.rows) })
    const keep = yield* Keep.given(input)
    yield* Effect.scoped((input.log === "kafka" ? overKafka : overSqlite)({ ...input, rows, keep }, pipelines))
  })
).pipe(
  Command.withDescription(
    "Computes pipelines over the log and continues as the log grows. With --once it reads to the current end, " +
      "emits every open window, saves its state and exits; the next run resumes there."
  ),
  Command.withExamples([
    { command: "courant process --once", description: "Bring the results up to date" },
    { command: "courant process --pipelines ./range.ts --sink stdout --once", description: "A pipeline of your own over the past" },
    {
      command: "courant process --log kafka --brokers 127.0.0.1:9092 --topic market --topic trades=my-trades --topic quotes=my-quotes --pipelines ./market.ts",
      description: "Two sources, each from a Kafka topic"
    },
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
  const named = yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder)
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(named))
  const sources = yield* Stores.sourcesFor({ data: input.data, topic }, pipelines)
  const processor = Pipelines.checkpointName(topic, pipelines)
  const keep = input.keep && { limits: input.keep, processor: { checkpoint: processor, pipelines } }
  const stores = Stores.layer({ ...input, log: "sqlite", topic, sources, processor, keep, group: Pipelines.groupOf(topic, pipelines) })
  const page = Page.layerLogAsFeed(topic, Effect.succeed(true))
  const run = Effect.gen(function*() {
    const past = { ...(yield* Page.pastOf), maxTimeAhead: input.maxTimeAhead }
    if (input.page) yield* Effect.provide(servePage({ ...input, past }, topic, pipelines), page)
    yield* process(input, pipelines, Effect.succeed(true))
  })
  yield* Effect.provide(run, Stores.engineOn(stores))
})

const overKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, pipelines)
  if (input.standby === "warm" && input.checkpoints !== "kafka") {
    return yield* usage("--standby warm needs --checkpoints kafka: what another process has saved on its own disk cannot be read along")
  }
  const { isQuiet, layer, stand } = yield* Kafka.standing({ ...input, topic, topics, create: false }, pipelines)
  const stage = yield* Stage.make
  if (input.page) {
    const page = Layer.provideMerge(Page.layerLogAsFeed(topic, isQuiet, stage.role), stage.layer)
    yield* servePage({ ...input, role: stage.role }, topic, pipelines).pipe(Effect.provide(page))
  }
  let isToRestart = input.restart
  const group = Pipelines.groupOf(topic, pipelines)
  let hasLost = false
  let told: string | null = null
  const onHolder = (name: string) =>
    Effect.suspend(() => {
      // Until its successor says that it is active a holder that is gone may be met again.
      if (told !== name) say(`${name} is active in the group ${group}; this process stands by`)
      told = name
      return stage.standBy(name)
    })
  const life = Effect.gen(function*() {
    const warm = yield* stand({ isPatient: !input.once && !isToRestart, hasLost, onHolder })
    const term = Effect.gen(function*() {
      if (told !== null) say(`this process is active in the group ${group}`)
      told = told === null ? null : ""
      const restart = isToRestart
      isToRestart = false
      yield* stage.enter
      yield* process({ ...input, restart }, pipelines, isQuiet)
    })
    const engine = Stores.engineOn(layer, { engine: InProcess.layerFrom(warm), monitor: Layer.succeed(Monitor, stage.monitor) })
    yield* Effect.scoped(term).pipe(Effect.provide(engine, { local: true }))
  })
  const noted = Effect.tapError(life, (error) => Effect.sync(() => { hasLost = hasReason(error, "place-lost") }))
  yield* Effect.retry(noted, { while: (error) => isToGoOn(error, told !== null) })
})

/**
 * With more partitions the topic is opened anew, and the processor goes on from its checkpoint; without its place it stands
 * by again; and a folder that the former holder on this machine has not let go yet is waited for.
 */
const isToGoOn = (error: unknown, hasStoodBy: boolean): Effect.Effect<boolean> => {
  if (hasReason(error, "partitions-added") || hasReason(error, "place-lost")) return Effect.succeed(true)
  if (hasStoodBy && [...causesOf(error)].some(Predicate.isTagged("FolderInUse"))) return Effect.as(Effect.sleep("1 second"), true)
  return Effect.succeed(false)
}

const hasReason = (error: unknown, tag: string): boolean =>
  [...causesOf(error)].some((cause) => Predicate.hasProperty(cause, "reason") && Predicate.isTagged(cause.reason, tag))

/** An error of a port has that of the adapter as its cause. */
function* causesOf(error: unknown): Generator<unknown> {
  for (let inner = error; inner instanceof Error; inner = inner.cause) yield inner
}

const servePage = Effect.fnUntraced(function*(input: Parameters<typeof Page.serve>[0], topic: string, pipelines: ReadonlyArray<AnyPipeline>) {
  const url = yield* Page.serve(input, pipelines)
  say(`${topic} on ${url} (stop with Ctrl-C)`)
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
    maxDrift: input.maxDrift,
    isQuiet: Effect.provideContext(isQuiet, context),
    ...(input.once ? { stopAt: log.ends } : { idleTimeout: input.idleTimeout }),
    ...(input.keep === null ? {} : { markEvery: Keep.markEvery })
  }).pipe(
    Effect.tap(Keep.last),
    Memory.guarded,
    Report.accounted({ file: input.report, letters: Report.lettersOf(input, log.topic) })
  )
})
