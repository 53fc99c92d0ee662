/** A disordered market, the engine over Kafka, and what the batch fold says about the same log. */
import { BigDecimal, Effect, Layer, Stream } from "effect"
import * as KafkaCheckpointStore from "../../src/adapters/kafka/KafkaCheckpointStore.ts"
import * as KafkaDecisions from "../../src/adapters/kafka/KafkaDecisions.ts"
import * as KafkaDeadLetters from "../../src/adapters/kafka/KafkaDeadLetters.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import type { Event } from "../../src/streams/reference/EventFold.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Feed } from "../../src/streams/ports/Feed.ts"
import * as Ingest from "../../src/streams/engine/Ingest.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { fromTexts, Kind, valueAt } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { randomFrom } from "../random.ts"

export const source = ticks.definition
export const pipelines = [candles1m, movingAverage5m, candles5m]

export const begin = 1_732_545_000_000

/** Lines of ticks: mostly up to 4 seconds out of order, one in a thousand some minutes late, one in 50 broken if told. */
export const market = (count: number, options?: { readonly poison?: boolean; readonly seed?: number }) => {
  const random = randomFrom(options?.seed ?? 1)
  return Array.from({ length: count }, (_, i) => {
    if (options?.poison === true && i % 50 === 49) return i % 100 === 49 ? `{"symbol":"S1","time":` : `poison ${i}`
    const late = random() < 0.001 ? 300_000 : 0
    const time = begin + Math.max(0, i * 10 - Math.floor(random() * 4_000) - late)
    const price = (100 + Math.floor(random() * 1_000) / 100).toFixed(2)
    return JSON.stringify({ symbol: `S${Math.floor(random() * 20)}`, time, price, size: 1 + Math.floor(random() * 100) })
  })
}

/** Appends lines to the log as a feed without positions would, in chunks. */
export const ingest = (lines: ReadonlyArray<string>, chunk = 1_000) => {
  const chunks = Array.from({ length: Math.ceil(lines.length / chunk) }, (_, i) => fromTexts(lines.slice(i * chunk, (i + 1) * chunk)))
  const feed = Feed.of({
    name: "test",
    freshness: Effect.succeed({ _tag: "simulated" }),
    hasGivenAll: Effect.succeed(true),
    events: () => Stream.fromIterable(chunks)
  })
  return Ingest.routed({ source }).pipe(Effect.provideService(Feed, feed))
}

/** The stores of a run over a topic. */
export const stores = (topic: string, options?: Partial<KafkaEventLog.Options>) =>
  Layer.mergeAll(
    KafkaEventLog.layer({ topic, source, ...options }),
    KafkaDecisions.layer({ topic, group: `courant-${topic}` }),
    KafkaResultSink.layer({ topic: `${topic}-panes` }),
    KafkaDeadLetters.layer({ topic: `${topic}-dead-letters` }),
    KafkaCheckpointStore.layer({ topic: `${topic}-checkpoints` })
  )

export const engineOn = (over: ReturnType<typeof stores>) =>
  InProcess.layer.pipe(Layer.provideMerge(over), Layer.provideMerge(Monitor.layer))

/** Runs the pipelines to the end of the log. */
export const processOnce = Effect.gen(function*() {
  const engine = yield* Engine
  const log = yield* EventLog
  return yield* engine.run({ name: "test", pipelines, stopAt: log.ends })
})

/** Every event of the log that can be decoded, as the batch fold takes it. */
export const events = Effect.gen(function*() {
  const log = yield* EventLog
  const ends = yield* log.ends
  const next = ends.map(() => 0)
  const isDone = () => ends.every((end, partition) => next[partition]! >= end)
  const found: Array<Event> = []
  if (isDone()) return found
  yield* log.read(next.map(() => 0)).pipe(
    Stream.map((records) => {
      for (let i = 0; i < records.length; i++) {
        if (records.kinds[i] !== Kind.event) continue
        const text = new TextDecoder().decode(valueAt(records, i))
        found.push(...eventOf(text, { partition: records.partition, offset: records.offsets[i]! }))
      }
      next[records.partition] = records.offsets[records.length - 1]! + 1
    }),
    Stream.takeUntil(isDone),
    Stream.runDrain
  )
  return found
})

/** The event of a line, none where it is poison. */
export const eventOf = (line: string, place: Pick<Event, "offset" | "partition">): ReadonlyArray<Event> => {
  try {
    const tick = JSON.parse(line)
    const decimal = (value: unknown) => BigDecimal.scale(BigDecimal.fromStringUnsafe(String(value)), 8)
    const fields = { priceForming: null, ...tick, price: decimal(tick.price), size: decimal(tick.size) }
    return [{ ...place, fields }]
  } catch {
    return []
  }
}

/** The final values of each window by the batch fold. */
export const folded = (events: ReadonlyArray<Event>): ReadonlySet<string> =>
  new Set(pipelines.flatMap((pipeline) =>
    BatchFold.fold(pipeline, events).results.map((result) =>
      line(Pane.encode({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 })))
  ))

/** Those of what is in the log. */
export const expected = Effect.map(events, folded)

/** The same as the sink has them. */
export const actual = Effect.gen(function*() {
  const sink = yield* ResultSink
  return new Set((yield* sink.read({})).map(line))
})

export const line = ({ changes, end, key, pipeline, start, values }: Pane.Encoded): string =>
  JSON.stringify([pipeline, key, start, end, changes, Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1)])
