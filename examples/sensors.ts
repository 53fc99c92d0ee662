/**
 * courant knows nothing of markets: a pipeline over readings of temperature, with a Schema
 * of its own, run in memory from the first reading to the last. It prints a pane a line.
 * Run it with `node examples/sensors.ts` where `courant` is installed, in a checkout after
 * `npm run build`.
 */
import { Console, Effect, Layer, Schema } from "effect"
import {
  Aggregate, CheckpointStore, DeadLetters, Decisions, Decimal, Engine, EventLog, InProcess, Monitor, Pipeline,
  Records, ResultSink, Source, Window
} from "courant"

const Reading = Schema.Struct({
  sensor: Schema.String,
  at: Schema.Int,
  celsius: Decimal.Decimal({ scale: 1, limit: 1_000 })
})

const hourly = Source.make("readings", {
  schema: Reading,
  key: "sensor",
  eventTime: "at",
  outOfOrderness: "10 minutes"
}).pipe(
  Window.tumbling("1 hour"),
  Aggregate.into({
    coldest: Aggregate.min("celsius"),
    warmest: Aggregate.max("celsius"),
    mean: Aggregate.mean("celsius"),
    readings: Aggregate.count
  }),
  Pipeline.allowedLateness("1 hour"),
  Pipeline.named("hourly")
)

const minute = 60_000

/** In the order of arrival. The third is out of order but on time; the sixth comes after its window has closed. */
const readings = [
  { sensor: "attic", at: 5 * minute, celsius: "18.4" },
  { sensor: "cellar", at: 6 * minute, celsius: "11.0" },
  { sensor: "attic", at: 2 * minute, celsius: "18.1" },
  { sensor: "attic", at: 50 * minute, celsius: 19.3 },
  { sensor: "attic", at: 75 * minute, celsius: "19.9" },
  { sensor: "cellar", at: 40 * minute, celsius: "11.4" },
  { sensor: "attic", at: 80 * minute, celsius: "broken" }
]

const program = Effect.gen(function*() {
  const log = yield* EventLog
  const engine = yield* Engine
  const sink = yield* ResultSink
  yield* log.append(0, Records.fromTexts(readings.map((reading) => JSON.stringify(reading))))
  const report = yield* engine.run({ name: "sensors", pipelines: [hourly], stopAt: log.ends })
  for (const pane of yield* sink.read({})) yield* Console.log(JSON.stringify(pane))
  for (const { detail, reason } of yield* (yield* DeadLetters).read({})) yield* Console.log(`${reason}: ${detail}`)
  yield* Console.log(`read ${report.read}, aggregated ${report.aggregated}, dead-lettered ${report.deadLettered}`)
})

const inMemory = InProcess.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory(),
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    ResultSink.layerMemory,
    DeadLetters.layerMemory,
    Monitor.layer
  ))
)

await Effect.runPromise(Effect.provide(program, inMemory))
