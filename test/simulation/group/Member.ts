/**
 * A process that wants the place of a group, over the real `Lease` and `Fence`: it stands by until the place is free, works
 * as long as it has it, and stands by again when it has lost it. Its work is to count: each checkpoint and each decision
 * says how far it has come, and whoever comes after it goes on from there.
 */
import { Clock, Effect, type Fiber, Layer, Logger, Metric, Option, Predicate, Random, Stream } from "effect"
import type { KafkaError } from "../../../src/adapters/kafka/client/Client.ts"
import { Connection } from "../../../src/adapters/kafka/client/Connection.ts"
import * as CompactedTopic from "../../../src/adapters/kafka/CompactedTopic.ts"
import * as Topics from "../../../src/adapters/kafka/client/Topics.ts"
import { Fence } from "../../../src/adapters/kafka/Fence.ts"
import * as Lease from "../../../src/adapters/kafka/Lease.ts"
import { CheckpointError } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import type { Process } from "../../../src/testing/simulation/Process.ts"
import { until } from "../../../src/testing/simulation/SimulatedFeed.ts"
import type { Holding } from "./Law.ts"

const topic = "ticks"
const group = "courant-ticks"
const checkpoints = "ticks-checkpoints"
const decisions = "ticks-decisions"

export interface Setting {
  readonly name: string
  readonly process: Process
  /** The time of a session, and that of a lease, in milliseconds. */
  readonly session: number
  readonly lease: number
  /** Milliseconds that a step of its work takes at most. */
  readonly pace: number
  /** It takes the place from whoever has it, at first. */
  readonly isForced: boolean
  readonly seed: number
  readonly begin: () => Holding
  readonly connect: (holding: Holding) => Connection["Service"]
  /** It has the place, and begins with what it has found. */
  readonly onActive: (holding: Holding, offsets: ReadonlyArray<number>) => void
  readonly onFree: (holding: Holding) => void
  readonly onLost: (holding: Holding) => void
  /** Whether it is to end in order. */
  readonly isToEnd: () => boolean
}

/** Until it is to end. */
export const start = (setting: Setting): Fiber.Fiber<void, unknown> => {
  let isForced = setting.isForced
  let hasLost = false
  const life = Effect.suspend(() => {
    const holding = setting.begin()
    const connection = Layer.succeed(Connection, setting.connect(holding))
    const free = isForced ? Effect.void : Lease.awaitFree({ topic, group, isPatient: true, hasLost, onHolder: () => Effect.void })
    isForced = false
    return free.pipe(
      Effect.andThen(Effect.sync(() => setting.onFree(holding))),
      Effect.andThen(Effect.provide(Effect.scoped(work(setting, holding)), stores(setting), { local: true })),
      Effect.provide(connection, { local: true }),
      Effect.tapError((error) => 
        Effect.sync(() => {
          hasLost = isPlaceLost(error)
          if (hasLost) setting.onLost(holding)
        }))
    )
  })
  const program = Effect.retry(Effect.raceFirst(life, until(setting.isToEnd, () => 100)), { while: isPlaceLost }).pipe(
    Effect.provide(Logger.layer([])),
    Effect.provideService(Clock.Clock, setting.process),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Random.withSeed(setting.seed)
  )
  return Effect.runFork(program, { scheduler: setting.process })
}

const work = Effect.fnUntraced(function*({ onActive, pace }: Setting, holding: Holding) {
  const { produce } = yield* Fence
  const log = yield* EventLog
  const store = yield* CheckpointStore
  let offsets = Option.getOrElse(Option.map(yield* store.load(group), ({ offsets }) => offsets), () => [0, 0])
  onActive(holding, offsets)
  const steps = Effect.gen(function*() {
    while (true) {
      yield* Effect.sleep((yield* Random.next) * pace)
      if ((yield* Random.next) < 0.02) {
        yield* store.remove(group)
        offsets = [0, 0]
      }
      offsets = offsets.map((offset) => offset + 1)
      const value = Buffer.from(JSON.stringify(offsets))
      yield* produce(decisions, 0, [{ key: null, value, timestamp: 0, headers: {} }])
      const head = { pipelines: {}, savedAt: 0, processor: group, log: topic, sinks: [], offsets }
      yield* store.save(group, { head, isBase: true, sections: [] })
    }
  })
  yield* Effect.raceFirst(steps, Stream.runDrain(log.read(offsets)))
})

/** As a processor over Kafka has them: what only the holder writes goes through the fence. */
const stores = ({ lease, name, session }: Setting) => {
  const fence = Fence.layer({ group, name, sessionTimeout: session, takeOverAfter: lease, topics: [checkpoints, decisions] }).pipe(
    Layer.provide(log)
  )
  return Layer.mergeAll(
    Fence.layerLog.pipe(Layer.provide(log)),
    Fence.layerCheckpoints.pipe(Layer.provide(Layer.fresh(checkpointsLayer).pipe(Layer.provide(Fence.layerConnection))))
  ).pipe(Layer.provideMerge(fence))
}

const log = Layer.succeed(EventLog, {
  topic,
  id: topic,
  partitions: 2,
  append: () => Effect.never,
  read: () => Stream.never,
  ends: Effect.never,
  position: Effect.never
})

/** The newest record of a topic. */
const checkpointsLayer = Layer.effect(CheckpointStore, Effect.gen(function*() {
  const connection = yield* Connection
  yield* Topics.ensure({ name: checkpoints, configs: Topics.compacted })
  yield* Topics.ensure({ name: decisions, configs: Topics.compacted })
  const put = (value: Buffer | null) =>
    Effect.asVoid(connection.client.produce(checkpoints, 0, [{ key: Buffer.from(group), value, timestamp: 0, headers: {} }]))
  const read = Effect.gen(function*() {
    let newest: string | null = null
    const table = yield* CompactedTopic.open({ topic: checkpoints, onRow: ({ value }) => { newest = value?.toString() ?? null } })
    yield* table.catchUp
    // What has been read meanwhile, which the compiler does not see.
    return Option.map(Option.fromNullishOr(newest as string | null), (text) => ({ ...JSON.parse(text), sections: new Map() }))
  }).pipe(Effect.scoped, Effect.provideService(Connection, connection))
  return CheckpointStore.of({
    save: (_, { head }) => toCheckpoint(put(Buffer.from(JSON.stringify(head)))),
    load: () => toCheckpoint(read),
    heads: Effect.succeed(new Map()),
    remove: () => toCheckpoint(put(null))
  })
}))

const toCheckpoint = <A>(effect: Effect.Effect<A, KafkaError>): Effect.Effect<A, CheckpointError> =>
  Effect.mapError(effect, (cause) => new CheckpointError({ message: cause.message, cause }))

/** An error of a port has that of the adapter as its cause. */
const isPlaceLost = (error: unknown): boolean => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (Predicate.hasProperty(inner, "reason") && Predicate.isTagged(inner.reason, "place-lost")) return true
  }
  return false
}
