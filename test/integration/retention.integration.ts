/** The broker deletes by itself what a slow processor has not read yet: nothing is passed over without a word. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger, Option } from "effect"
import { ConfigResourceTypes } from "kafkajs"
import { Kafka } from "../../services/testing.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import type { Gap } from "../../src/streams/records/Decision.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import * as Admin from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"
import { actual, begin, eventOf, folded, ingest, market, pipelines, stores } from "./market.ts"

/** The broker looks for what is due twice a second, and takes it away at once. */
const settings = {
  "log.initial.task.delay.ms": "500",
  "log.retention.check.interval.ms": "500",
  "log.segment.delete.delay.ms": "0"
}

/** Some 17 MB in the log: more than twice what may be read ahead of a processor. */
const count = 120_000
const lines = market(count)

/** A minute of the market, and the time that late ticks are waited for. */
const forFirstPanes = 8_000

const segments = { "segment.bytes": String(1_024 * 1_024) }

const entriesOf = (configs: { readonly [name: string]: string }) =>
  Object.entries(configs).map(([name, value]) => ({ name, value }))

/** What goes, and in which of the two ways a topic says so: all but 2 MB, or all but the last fifth of the time. */
const limits = {
  size: () => ({ "retention.ms": "-1", "retention.bytes": String(2 * 1_024 * 1_024) }),
  time: () => ({ "retention.ms": String(Date.now() - (begin + count * 8)) })
}

describe("retention", () => {
  const { kafka, layer } = brokers(Kafka.layer({ settings }))

  /** Lets the processor compute its first panes, and write them only when the broker has deleted all that is due. */
  const overtaken = Effect.fnUntraced(function*(options: {
    readonly onGap: "stop" | "record"
    readonly limit: keyof typeof limits
  }) {
    const { access } = yield* kafka
    const topic = yield* newTopic
    yield* Admin.withAdmin(access.brokers, (admin) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, configEntries: entriesOf({ ...segments, "retention.ms": "-1" }) }]
      }))
    const isWriting = yield* Deferred.make<void>()
    const mayWrite = yield* Deferred.make<void>()
    const slowly = Layer.effect(ResultSink, Effect.map(ResultSink, (sink) =>
      ResultSink.of({
        ...sink,
        write: (panes) =>
          Deferred.succeed(isWriting, undefined).pipe(
            Effect.andThen(Deferred.await(mayWrite)),
            Effect.andThen(sink.write(panes))
          )
      })))
    const said: Array<string> = []
    const gaps: Array<Gap> = []
    const layers = InProcess.layer.pipe(
      Layer.provide(slowly),
      Layer.provideMerge(stores(topic, { onGap: options.onGap === "stop" ? "stop" : (gap) => Effect.sync(() => void gaps.push(gap)) })),
      Layer.provideMerge(Monitor.layer),
      Layer.provideMerge(Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])),
      Layer.provide(layer)
    )
    const context = yield* Layer.build(layers)
    const earliest = Admin.withAdmin(access.brokers, async (admin) => {
      const [found] = await admin.fetchTopicOffsets(topic)
      return Number(found?.low)
    })
    return yield* Effect.gen(function*() {
      const engine = yield* Engine
      const running = yield* Effect.forkChild(engine.run({ name: topic, pipelines }))
      yield* ingest(lines.slice(0, forFirstPanes))
      yield* Effect.raceFirst(Deferred.await(isWriting), Fiber.join(running))
      yield* ingest(lines.slice(forFirstPanes))
      // Only now, so that a busy machine does not let the broker overtake a reader that is still on its way.
      yield* Admin.withAdmin(access.brokers, (admin) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: entriesOf({ ...segments, ...limits[options.limit]() })
          }]
        }))
      const first = yield* settled(earliest)
      assert.isAbove(first, count / 2)
      yield* Deferred.succeed(mayWrite, undefined)
      return { context, earliest, first, gaps, running, said }
    }).pipe(Effect.provideContext(context))
  })

  it.live("by time: with stop the error names the gap exactly, and the checkpoint stands before it", () =>
    Effect.gen(function*() {
      const { context, earliest, first, running } = yield* overtaken({ onGap: "stop", limit: "time" })
      const error = yield* Effect.flip(Fiber.join(running))
      const { from, length, to } = gapIn(error.message)
      // Time goes on, and with it may go another segment.
      assert.include([first, yield* earliest], to)
      assert.strictEqual(length, to - from)
      yield* Effect.gen(function*() {
        const log = yield* EventLog
        const store = yield* CheckpointStore
        const saved = Option.getOrThrow(yield* store.load(log.topic))
        assert.deepStrictEqual(saved.offsets, [from])
      }).pipe(Effect.provideContext(context))
    }))

  it.live("by size: with record the gap is told, and the panes are those of all but the gap", () =>
    Effect.gen(function*() {
      const { context, earliest, first, gaps, running, said } = yield* overtaken({ onGap: "record", limit: "size" })
      yield* Effect.gen(function*() {
        const { progress } = yield* Monitor
        const log = yield* EventLog
        const engine = yield* Engine
        const store = yield* CheckpointStore
        yield* Admin.until(Effect.map(progress, ({ lag, read }) => read > 0 && lag === 0))
        // What is in no checkpoint yet is read once more by the next run, and its beginning is not there any more.
        yield* Admin.until(Effect.map(store.load(log.topic), (saved) => Option.isSome(saved) && saved.value.offsets[0] === count))
        yield* Fiber.interrupt(running)
        assert.strictEqual(said.length, 1, said.join("\n"))
        const { from, length, to } = gapIn(said[0]!)
        // On a busy machine another segment may have gone after some looks at which none did.
        assert.include([first, yield* earliest], to)
        assert.strictEqual(length, to - from)
        assert.deepStrictEqual(gaps, [{ _tag: "gap", partition: 0, at: from, to }])
        const stopAt = log.ends
        const report = yield* engine.run({ name: log.topic, pipelines, stopAt })
        assert.strictEqual(report.read, count - length)
        const seen = lines.flatMap((line, offset) =>
          offset >= from && offset < to ? [] : eventOf(line, { partition: 0, offset }))
        assert.deepStrictEqual(yield* actual, folded(seen))
      }).pipe(Effect.provideContext(context))
    }))
})

/** The value when it has stayed the same, and not nothing, for some looks of the broker. */
const settled = Effect.fnUntraced(function*<E, R>(value: Effect.Effect<number, E, R>) {
  let last = 0
  for (let same = 0; same < 3; ) {
    yield* Effect.sleep("600 millis")
    const now = yield* value
    same = now > 0 && now === last ? same + 1 : 0
    last = now
  }
  return last
})

const gapIn = (message: string) => {
  const found = /lacks the offsets (\d+) to (\d+) \((\d+)\): they were deleted before they were read/.exec(message)
  assert.isNotNull(found, message)
  return { from: Number(found[1]), to: Number(found[2]) + 1, length: Number(found[3]) }
}
