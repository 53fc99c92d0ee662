/**
 * Milliseconds from the moment at which the tick that closes a window is given to the log, to that at which a consumer
 * of the topic of panes has the panes of the window.
 */
import { Consumer } from "@platformatic/kafka"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { SparkCluster } from "../src/adapters/spark/SparkCluster.ts"
import { ticks } from "../src/analytics/ticks.ts"
import { Engine } from "../src/streams/ports/Engine.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import { fromTexts } from "../src/streams/records/Records.ts"
import {
  engineOf,
  type Ground,
  keys,
  line,
  logOf,
  minute,
  newTopics,
  type Overlap,
  pipelines,
  start,
  workOf
} from "./SparkGround.ts"

export interface Latency {
  readonly p50: number
  readonly p99: number
}

export interface Seconds {
  readonly warmUp: number
  readonly timed: number
  /** For what was given last. */
  readonly after: number
}

/** Ticks a second, and how many times faster than the clock their time goes. */
export const pace = { perSecond: 500, speed: 20 }

const chunkMillis = 50
const perChunk = pace.perSecond * chunkMillis / 1_000

export const inProcess = (ground: Ground, overlap: Overlap, seconds: Seconds) => {
  const topic = `waits-${overlap}-process`
  return Effect.gen(function*() {
    const engine = yield* Engine
    return yield* engine.run({ name: "latency", pipelines: [pipelines[overlap]] })
  }).pipe(Effect.provide(engineOf(ground, topic), { local: true }), during(ground, topic, overlap, seconds))
}

export const onSpark = (ground: Ground, overlap: Overlap, seconds: Seconds) => {
  const topic = `waits-${overlap}-spark`
  return Effect.gen(function*() {
    const spark = yield* SparkCluster
    const query = yield* spark.start(workOf(topic, overlap))
    return yield* Effect.onExit(Effect.never, () => Effect.ignore(query.stop))
  }).pipe(Effect.scoped, Effect.provide(ground.cluster(), { local: true }), during(ground, topic, overlap, seconds))
}

/** Gives ticks to a topic of its own while something computes them, which ends with that. */
const during = (ground: Ground, topic: string, overlap: Overlap, seconds: Seconds) =>
  Effect.fnUntraced(function*<E, R>(running: Effect.Effect<unknown, E, R>) {
    yield* newTopics(ground, topic)
    const givenAt = new Map<number, number>()
    const waits: Array<number> = []
    yield* watchPanes(ground, workOf(topic, overlap).results, (end) => {
      const at = givenAt.get(end)
      if (at !== undefined) waits.push(performance.now() - at)
    })
    const giving = give(overlap, seconds, (end) => givenAt.set(end, performance.now())).pipe(
      Effect.andThen(Effect.sleep(`${seconds.after} seconds`)),
      Effect.provide(logOf(ground, topic), { local: true })
    )
    yield* Effect.raceFirst(running, giving)
    const missing = givenAt.size * keys - waits.length
    if (missing > 0) yield* Effect.logWarning(`${topic}: ${missing} of ${givenAt.size * keys} panes were not seen`)
    return quantilesOf(waits)
  }, Effect.scoped)

const quantilesOf = (waits: ReadonlyArray<number>): Latency => {
  const sorted = waits.toSorted((a, b) => a - b)
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN
  return { p50: quantile(0.5), p99: quantile(0.99) }
}

const timeOf = (i: number): number => start + Math.floor(i * 1_000 / pace.perSecond * pace.speed)

/** Tells the end of each window, after the warm-up, when the tick is given that closes it. */
const give = Effect.fnUntraced(function*(
  overlap: Overlap,
  { timed, warmUp }: Seconds,
  onClosing: (end: number) => void
) {
  const log = yield* EventLog
  const began = performance.now()
  const advance = minute / overlap
  /** Windows end at multiples of the advance: the number of the last that is closed by the tick. */
  const closedBy = (i: number) => Math.floor((timeOf(i) - ticks.definition.outOfOrderness) / advance)
  for (let chunk = 0; chunk * chunkMillis < (warmUp + timed) * 1_000; chunk++) {
    yield* Effect.sleep(Math.max(0, began + chunk * chunkMillis - performance.now()))
    const first = chunk * perChunk
    if (chunk * chunkMillis >= warmUp * 1_000) {
      for (let nth = closedBy(first - 1) + 1; nth <= closedBy(first + perChunk - 1); nth++) onClosing(nth * advance)
    }
    yield* log.append(0, fromTexts(Array.from({ length: perChunk }, (_, i) => line(first + i, timeOf(first + i)))))
  }
})

/** Each pane of a topic as soon as it is there, by the end of its window, which ends its key. */
const watchPanes = ({ brokers }: Ground, topic: string, onPane: (end: number) => void) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const consumer = new Consumer({ clientId: "bench", groupId: randomUUID(), bootstrapBrokers: [brokers] })
      const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false, maxWaitTime: 500 })
      stream.on("data", ({ key }) => onPane(Number(key.toString().split("|").at(-1))))
      return { consumer, stream }
    }),
    ({ consumer, stream }) =>
      Effect.promise(async () => {
        await stream.close()
        await consumer.close(true)
      })
  )
