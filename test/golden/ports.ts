/** The engine over its ports in memory: every pane in the order in which it is written, the dead letters, the report. */
import { Effect, Layer } from "effect"
import {
  CheckpointStore, DeadLetters, Decisions, Engine, EventLog, Monitor, Pane, type Pipeline, ResultSink
} from "../../src/index.ts"
import { countsLine, layer, type Step } from "./engine.ts"

/** `runs` are the batches after which a run ends and another goes on from its checkpoint; the last ends with the log. */
export const writtenBy = (
  pipelines: ReadonlyArray<Pipeline.Any>,
  log: ReadonlyArray<Step>,
  runs: ReadonlyArray<number>
): Promise<ReadonlyArray<string>> => {
  const partitions = new Set(log.map(({ records }) => records.partition)).size
  const lines: Array<string> = []
  const sink = Layer.succeed(ResultSink, {
    write: (panes) => Effect.sync(() => void lines.push(...panes.map(Pane.toJson))),
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  })
  const program = Effect.gen(function*() {
    const events = yield* EventLog
    const engine = yield* Engine
    const decisions = yield* Decisions
    const { progress } = yield* Monitor
    let appended = 0
    const append = Effect.fnUntraced(function*(until: number) {
      for (; appended < until; appended++) {
        const { decision, records } = log[appended]!
        if (decision !== null) yield* decisions.write([decision])
        yield* events.append(records.partition, records)
      }
    })
    for (const until of runs) {
      yield* append(until)
      // Stopped, and not at the end of its input, when it has read all that there is: what is told of a run stands until the
      // next one tells of itself.
      const records = log.slice(0, appended).reduce((sum, { records }) => sum + records.length, 0)
      const isDone = Effect.map(progress, ({ lag, read }) => read >= records && lag === 0)
      yield* Effect.raceFirst(engine.run({ name: "golden", pipelines }), Effect.repeat(Effect.andThen(Effect.sleep(5), isDone), { until: Boolean }))
    }
    yield* append(log.length)
    const report = yield* engine.run({ name: "golden", pipelines, stopAt: events.ends })
    for (const { bytes, detail, offset, partition, pipeline, reason, topic } of yield* (yield* DeadLetters).read({})) {
      const text = Buffer.from(bytes).toString()
      lines.push(JSON.stringify({ letter: { topic, partition, offset, pipeline, reason, detail, text } }))
    }
    lines.push(countsLine("all", report))
    for (const [name, counts] of Object.entries(report.byPipeline)) lines.push(countsLine(name, counts))
  })
  const inMemory = layer.pipe(Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory({ partitions }),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    DeadLetters.layerMemory,
    Monitor.layer,
    sink
  )))
  return Effect.runPromise(Effect.as(Effect.provide(program, inMemory), lines))
}
