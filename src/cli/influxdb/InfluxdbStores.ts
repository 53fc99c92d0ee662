/** The layers of a command that needs InfluxDB. Loaded only then: the client takes its time to load. */
import { Effect, Layer } from "effect"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { Connection, type Options } from "../../adapters/influxdb/Connection.ts"
import * as InfluxdbMetrics from "../../adapters/influxdb/InfluxdbMetrics.ts"
import * as InfluxdbResultSink from "../../adapters/influxdb/InfluxdbResultSink.ts"
import * as InfluxdbSessions from "../../adapters/influxdb/InfluxdbSessions.ts"
import { DeadLetters } from "../../streams/ports/DeadLetters.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import { builtInNames } from "../BuiltIn.ts"
import { say } from "../terminal/Problem.ts"

export interface Choice {
  readonly connection: Options
  readonly topic: string
  readonly processor: string
}

/** Metrics come once the sink stands: of a server that is not there they would only be late to say so. */
export const sinkAndMetrics = ({ connection, processor, topic }: Choice) =>
  InfluxdbMetrics.layer({ topic, processor }).pipe(
    Layer.provideMerge(layerTelling),
    Layer.provide(InfluxdbSessions.layer({ pipelines: builtInNames })),
    Layer.provide(InfluxdbResultSink.layer()),
    Layer.provide(Connection.layer(connection))
  )

/** Refused panes are in no account of a run: whoever watches it is told when there are some, once a minute at most. */
const layerTelling = Layer.effect(
  ResultSink,
  Effect.gen(function*() {
    const sink = yield* ResultSink
    const { bucket, statistics } = yield* Connection
    let told = 0
    let toldAt = -Infinity
    const tell = Effect.map(MonotonicTime.millis, (now) => {
      if (statistics.refused === told || now - toldAt < minute) return
      told = statistics.refused
      toldAt = now
      say(`InfluxDB refuses panes for the bucket ${bucket}, ${told} so far; why: courant dead-letters list --reason refused`)
    })
    return ResultSink.of({ ...sink, write: (panes) => Effect.tap(sink.write(panes), tell) })
  })
)

const minute = 60_000

/** Whoever only reads has nothing refused. */
export const past = (connection: Options) =>
  InfluxdbResultSink.layer().pipe(Layer.provide([Connection.layer(connection), DeadLetters.layerMemory]))
