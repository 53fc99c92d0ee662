/** `courant process`: from the log through the pipelines into the sinks. */
import { Effect, Layer, Option } from "effect"
import { Command } from "effect/cli"
import { Engine } from "../streams/Engine.ts"
import { EventLog } from "../streams/EventLog.ts"
import * as Ingest from "../streams/Ingest.ts"
import * as InProcess from "../streams/InProcess.ts"
import { Monitor } from "../streams/Monitor.ts"
import { restart } from "../streams/Restart.ts"
import * as Flags from "./Flags.ts"
import * as Pipelines from "./Pipelines.ts"
import * as Report from "./Report.ts"
import * as Stores from "./Stores.ts"

const flags = {
  pipelines: Flags.pipelines,
  sinks: Flags.sinks,
  once: Flags.once,
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  idleTimeout: Flags.idleTimeout,
  data: Flags.data,
  topic: Flags.topic,
  restart: Flags.restart,
  report: Flags.report
}

export const command = Command.make(
  "process",
  flags,
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input))
    const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(input.topic))
    const stores = Stores.layer({ log: "sqlite", sinks: input.sinks, data: input.data, topic })
    const name = Pipelines.checkpointName(topic, pipelines)
    yield* Effect.gen(function*() {
      const engine = yield* Engine
      const log = yield* EventLog
      if (input.restart) yield* restart(name, pipelines)
      return yield* engine.run({
        name,
        pipelines,
        maxTimeAhead: input.maxTimeAhead,
        ...(input.once ? { stopAt: Effect.provideService(Ingest.end, EventLog, log) } : { idleTimeout: input.idleTimeout })
      })
    }).pipe(
      Effect.catchTag("CheckpointMismatch", Pipelines.otherState),
      Report.accounted(Option.getOrUndefined(input.report)),
      Effect.provide(InProcess.layer.pipe(Layer.provideMerge(stores), Layer.provideMerge(Monitor.layer)))
    )
  })
).pipe(
  Command.withDescription(
    "Computes pipelines over the log and goes on as it grows. With --once it reads to the end that it finds, " +
      "emits every open window, saves and exits; a later run goes on from there."
  ),
  Command.withShortDescription("The log through the pipelines into the sinks"),
  Command.withExamples([
    { command: "courant process --once", description: "Bring the results up to date" },
    { command: "courant process --pipelines ./range.ts --sink stdout --once", description: "A pipeline of your own over the past" }
  ])
)
