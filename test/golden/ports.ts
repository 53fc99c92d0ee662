/** The engine over its ports in memory: every pane in the order in which it is written, the dead letters, the report. */
import { Effect, Layer } from "effect"
import {
  CheckpointStore, DeadLetters, Engine, EventLog, Monitor, Pane, type Pipeline, type Records, ResultSink
} from "../../src/index.ts"
import { countsLine, layer } from "./engine.ts"

/** `runs` are the batches after which a run ends and another goes on from its checkpoint; the last ends with the log. */
export const writtenBy = (
  pipelines: ReadonlyArray<Pipeline.Any>,
  log: ReadonlyArray<Records.Records>,
  runs: ReadonlyArray<number>
): Promise<ReadonlyArray<string>> => {
  const partitions = new Set(log.map(({ partition }) => partition)).size
  const lines: Array<string> = []
  const sink = Layer.succeed(ResultSink, {
    write: (panes) => Effect.sync(() => void lines.push(...panes.map(Pane.toJson))),
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  })
  const program = Effect.gen(function*() {
    const events = yield* EventLog
    const engine = yield* Engine
    let appended = 0
    let report
    for (const until of [...runs, log.length]) {
      for (; appended < until; appended++) yield* events.append(log[appended]!.partition, log[appended]!)
      report = yield* engine.run({ name: "golden", pipelines, stopAt: events.ends })
    }
    for (const { bytes, detail, offset, partition, pipeline, reason, topic } of yield* (yield* DeadLetters).read({})) {
      const text = Buffer.from(bytes).toString()
      lines.push(JSON.stringify({ letter: { topic, partition, offset, pipeline, reason, detail, text } }))
    }
    if (report === undefined) return
    lines.push(countsLine("all", report))
    for (const [name, counts] of Object.entries(report.byPipeline)) lines.push(countsLine(name, counts))
  })
  const inMemory = layer.pipe(Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory({ partitions }),
    CheckpointStore.layerMemory,
    DeadLetters.layerMemory,
    Monitor.layer,
    sink
  )))
  return Effect.runPromise(Effect.as(Effect.provide(program, inMemory), lines))
}
