/** Faults on a real broker: each ends with the batch fold's panes, none lost and none doubled. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { Kafka } from "../../services/testing.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import { Fence } from "../../src/adapters/kafka/Fence.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import type { Gap } from "../../src/streams/records/Decision.ts"
import { fromTexts, valueAt } from "../../src/streams/records/Records.ts"
import { courant, start, temporaryFolder } from "../cli/courant.ts"
import { randomFrom } from "../random.ts"
import { committed, until, withAdmin } from "./admin.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { neverIdle, times } from "./effort.ts"
import { actual, engineOn, events, expected, ingest, market, pipelines, processOnce, source, stores } from "./market.ts"

/** The panes are the batch fold's over whatever is in the log. */
const sameAsFold = Effect.gen(function*() {
  const wanted = yield* expected
  const found = yield* actual
  assert.strictEqual(found.size, wanted.size)
  for (const pane of wanted) assert.isTrue(found.has(pane), pane)
})

const onTopic = <A, E>(
  layer: Layer.Layer<Connection, unknown>,
  options: Partial<KafkaEventLog.Options>,
  body: Effect.Effect<A, E, Layer.Success<ReturnType<typeof engineOn>>>
) =>
  Effect.flatMap(newTopic, (topic) =>
    body.pipe(Effect.provide(engineOn(stores(topic, options)).pipe(Layer.provide(layer)), { local: true })))

/** What depends on who keeps the brokers' metadata: death, deletion, and the coordinators of groups. */
for (const [name, started] of Object.entries(kinds)) {
  describe(name, () => {
    const { kafka, layer } = brokers(started)
    const dieAndRise = Effect.gen(function*() {
      const broker = yield* kafka
      yield* broker.kill9
      yield* Effect.sleep("300 millis")
      yield* broker.restart
    })

    it.live("the broker is killed while consuming", () =>
      onTopic(layer, { partitions: 3 }, Effect.gen(function*() {
        const engine = yield* Engine
        const monitor = yield* Monitor
        const log = yield* EventLog
        yield* ingest(market(60_000))
        const running = yield* Effect.forkChild(engine.run({ name: "test", pipelines, checkpointEvery: "50 millis" }))
        yield* until(Effect.map(monitor.progress, ({ read }) => read > 0))
        // More is written meanwhile, in small chunks, so that both sides are in the middle of something.
        const feeding = yield* Effect.forkChild(ingest(market(60_000, { seed: 2 }), 100))
        yield* dieAndRise
        yield* dieAndRise
        yield* Fiber.join(feeding)
        yield* until(Effect.map(monitor.progress, ({ read }) => read === 120_000))
        yield* Fiber.interrupt(running)
        const report = yield* engine.run({ name: "test", pipelines, stopAt: log.ends })
        assert.strictEqual(report.read, 120_000)
        yield* sameAsFold
      })))

    it.live("the topic is deleted under a running consumer: it says so and stops", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const broker = yield* kafka
        yield* Effect.gen(function*() {
          const log = yield* EventLog
          yield* log.append(0, fromTexts(["a"]))
          const isReading = yield* Deferred.make<void>()
          const records = log.read([0]).pipe(Stream.tap(() => Deferred.succeed(isReading, undefined)))
          const reading = yield* Effect.forkChild(Effect.flip(Stream.runDrain(records)))
          yield* Effect.raceFirst(Deferred.await(isReading), Fiber.join(reading))
          yield* deleteTopic(broker.access.brokers, topic)
          const error = yield* Fiber.join(reading)
          assert.match(error.message, /the topic is gone from the Kafka brokers/)
        }).pipe(Effect.provide(KafkaEventLog.layer({ topic, source }).pipe(Layer.provide(layer))))
      }))

    for (const onGap of ["stop", "record"] as const) {
      it.live(`retention overtakes the reader: with ${onGap} the exact gap is known`, () =>
        Effect.suspend(() => {
          const gaps: Array<Gap> = []
          const told = (gap: Gap) => Effect.sync(() => void gaps.push(gap))
          return onTopic(layer, { partitions: 1, onGap: onGap === "stop" ? "stop" : told }, Effect.gen(function*() {
          const log = yield* EventLog
          const broker = yield* kafka
          yield* ingest(market(5_000))
          yield* deleteRecords(broker.access.brokers, log.topic, 3_000)
          if (onGap === "stop") {
            const error = yield* Effect.flip(Stream.runDrain(log.read([1_000])))
            assert.match(error.message, /lacks the offsets 1000 to 2999 \(2000\)/)
            return
          }
          const seen: Array<number> = []
          yield* log.read([1_000]).pipe(
            Stream.runForEach(({ offsets }) => Effect.sync(() => void seen.push(...offsets))),
            Effect.raceFirst(until(Effect.sync(() => seen.length >= 2_000)))
          )
          assert.deepStrictEqual(gaps, [{ _tag: "gap", partition: 0, at: 1_000, to: 3_000 }])
          assert.deepStrictEqual(seen, Array.from({ length: 2_000 }, (_, i) => 3_000 + i))
          }))
        }))
    }

    it.live("a topic that was made anew is not taken for the one that was read, however long it is by now", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const broker = yield* kafka
        yield* Effect.gen(function*() {
          yield* ingest(market(100))
          yield* processOnce
          yield* deleteTopic(broker.access.brokers, topic)
        }).pipe(Effect.provide(engineOn(stores(topic)).pipe(Layer.provide(layer)), { local: true }))
        const again = engineOn(stores(topic)).pipe(Layer.provide(layer))
        const error = yield* Effect.flip(Effect.provide(Effect.andThen(ingest(market(300)), processOnce), again, { local: true }))
        assert.match(error.message, /was saved over another log than .* is now: that was deleted and made again/)
      }))

    it.live("partitions that are added to a topic end the run that does not read them, and the next one reads them from their beginning", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const broker = yield* kafka
        yield* Effect.gen(function*() {
          const engine = yield* Engine
          yield* ingest(market(100))
          const running = yield* Effect.forkChild(Effect.flip(engine.run({ name: "test", pipelines })))
          yield* until(Effect.map(Effect.flatMap(Monitor, ({ progress }) => progress), ({ read }) => read === 100))
          yield* addPartitions(broker.access.brokers, topic, 3)
          assert.match((yield* Fiber.join(running)).message, /has 3 partitions by now, and had 2 when this run began/)
        }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 2 })).pipe(Layer.provide(layer)), { local: true }))
        const again = engineOn(stores(topic)).pipe(Layer.provide(layer))
        yield* Effect.provide(Effect.gen(function*() {
          yield* ingest(market(400).slice(100))
          const { aggregated, late, read } = yield* processOnce
          assert.deepStrictEqual([read, aggregated + late], [400, 400])
          // A new partition begins where event time has come to, by a decision that whoever reads the log again takes too.
          const { read: decisions } = yield* Decisions
          assert.include((yield* decisions).map(({ _tag }) => _tag), "idle")
          const found = yield* actual
          const engine = yield* Engine
          yield* engine.run({ name: "anew", pipelines, stopAt: (yield* EventLog).ends })
          assert.deepStrictEqual(yield* actual, found)
          assert.isAbove(found.size, 20)
        }), again, { local: true })
      }))

    it.live("a topic that is made anew under a reader ends the reading, and nothing of it is read", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const broker = yield* kafka
        const open = Layer.fresh(KafkaEventLog.layer({ topic, source })).pipe(Layer.provide(layer))
        yield* Effect.gen(function*() {
          const log = yield* EventLog
          yield* log.append(0, fromTexts(["a", "b"]))
          const seen: Array<string> = []
          const reading = yield* Effect.forkChild(Effect.flip(
            log.read([0]).pipe(Stream.runForEach((records) =>
              Effect.sync(() => {
                for (let i = 0; i < records.length; i++) seen.push(Buffer.from(valueAt(records, i)).toString())
              })))
          ))
          yield* until(Effect.sync(() => seen.length === 2))
          const anew = Effect.gen(function*() {
            const { append } = yield* EventLog
            yield* append(0, fromTexts(["c", "d", "e", "f"]))
          })
          yield* Effect.andThen(deleteTopic(broker.access.brokers, topic), Effect.provide(anew, open, { local: true }))
          const error = yield* Fiber.join(reading)
          assert.match(error.message, /was deleted and made again|is gone from the Kafka brokers/)
          assert.deepStrictEqual(seen, ["a", "b"])
        }).pipe(Effect.provide(open, { local: true }))
      }))

    it.live("the second processor of a name takes over, and the first is fenced and says so", () =>
      onTopic(layer, {}, Effect.gen(function*() {
        const store = yield* CheckpointStore
        const log = yield* EventLog
        const group = `group-${log.topic}`
        yield* ingest(market(1_000))
        const take = Layer.build(
          Layer.mergeAll(
            Fence.layerCheckpoints.pipe(Layer.provide(Layer.succeed(CheckpointStore, store))),
            Fence.layerLog.pipe(Layer.provide(Layer.succeed(EventLog, log)))
          ).pipe(
            Layer.provide(Fence.layer({ group })),
            Layer.provide(Layer.merge(Layer.fresh(layer), Layer.succeed(EventLog, log)))
          )
        )
        yield* Effect.scoped(Effect.gen(function*() {
          const first = yield* take
          const saveWith = (context: typeof first, offset: number) =>
            Effect.provideContext(
              Effect.flatMap(CheckpointStore, (store) => store.save("test", {
                head: { pipelines: {}, savedAt: 0, processor: "test", log: log.id, sinks: [], offsets: [offset] },
                isBase: true,
                sections: []
              })),
              context
            )
          const reading = yield* Effect.forkChild(Effect.flip(
            Effect.provideContext(Effect.flatMap(EventLog, (log) => Stream.runDrain(log.read([1_000]))), first)
          ))
          yield* saveWith(first, 10)
          const second = yield* take
          yield* saveWith(second, 20)
          const refusal = yield* Effect.flip(saveWith(first, 11))
          assert.match(refusal.message, /another processor has taken over the group/)
          assert.match((yield* Fiber.join(reading)).message, /another processor has taken over the group/)
          const stored = yield* store.load("test")
          assert.deepStrictEqual(stored.pipe((option) => option._tag === "Some" ? option.value.offsets : null), [20])
          yield* saveWith(second, 21)
          const broker = yield* kafka
          assert.deepStrictEqual(yield* committed(broker.access.brokers, group, log.topic), [21])
        }))
      })))
  })
}

/** What is the same over all brokers. */
describe("faults", () => {
  const { kafka, layer } = brokers(Kafka.layer())

  it.live("one record in 50 is poison: each becomes a dead letter with its bytes, and nothing else changes", () =>
    onTopic(layer, { partitions: 3 }, Effect.gen(function*() {
      const letters = yield* DeadLetters
      const lines = market(20_000, { poison: true })
      yield* ingest(lines)
      const log = yield* EventLog
      yield* log.append(1, { ...fromTexts([""]), ends: Int32Array.of(-1) })
      const report = yield* processOnce
      const kept = yield* letters.read({})
      const undecodable = kept.filter(({ reason }) => reason === "not-json")
      assert.deepStrictEqual(
        undecodable.map(({ bytes }) => Buffer.from(bytes).toString()),
        lines.filter((_, i) => i % 50 === 49)
      )
      assert.strictEqual(kept.filter(({ reason }) => reason === "empty").length, 1)
      assert.strictEqual(report.deadLettered, 401)
      assert.strictEqual(report.read, 20_001)
      yield* sameAsFold
    })))

  it.live("of two processors the one that sleeps is fenced when it wakes up, and both together lose and double nothing", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const broker = yield* kafka
      const [one, other] = [yield* temporaryFolder, yield* temporaryFolder]
      const names = pipelines.map(({ name }) => name)
      const command = `process --log kafka --brokers ${broker.access.brokers} --topic ${topic} --sink kafka ` +
        `--checkpoints kafka --pipelines ${names.join(",")} ${neverIdle}`
      const done = committed(broker.access.brokers, `courant-${topic}-${[...names].sort().join("+")}`, topic)
      yield* Effect.gen(function*() {
        yield* ingest(market(30_000))
        const sleeper = yield* start(command, { cwd: one })
        yield* until(Effect.map(actual, ({ size }) => size > 0))
        sleeper.child.kill("SIGSTOP")
        yield* ingest(market(30_000, { seed: 4 }), 100)
        const before = yield* done
        const second = yield* start(command, { cwd: other })
        // It is at work when the first wakes up.
        yield* until(Effect.map(done, (offsets) => String(offsets) !== String(before)))
        yield* ingest(market(30_000, { seed: 5 }), 100)
        sleeper.child.kill("SIGCONT")
        yield* sleeper.says(/ is active in the group .*; this process stands by/)
        assert.strictEqual((yield* sleeper.signal("SIGTERM")).code, 0)
        assert.strictEqual((yield* second.signal("SIGTERM")).code, 0)
        const last = yield* courant(`${command} --once`, { cwd: one })
        assert.match(last.stderr, /^read 90000, /m, last.stderr)
        yield* sameAsFold
      }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))))
    }))

  it.live("a sink that is added later, and one whose topic was deleted, get every window, and it is said", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const broker = yield* kafka
      const cwd = yield* temporaryFolder
      const names = pipelines.map(({ name }) => name)
      const once = (sinks: string) =>
        courant(`process --log kafka --brokers ${broker.access.brokers} --topic ${topic} ${sinks} --pipelines ${names.join(",")} --once`, { cwd })
      const unfilled = new RegExp(`the topic ${topic}-panes has not got what was computed before: all of it is computed again from ${topic}`)
      yield* Effect.gen(function*() {
        yield* ingest(market(5_000))
        const first = yield* once("--sink sqlite")
        assert.notMatch(first.stderr, unfilled)
        assert.match((yield* once("--sink sqlite --sink kafka")).stderr, unfilled)
        yield* deleteTopic(broker.access.brokers, `${topic}-panes`)
        const again = yield* once("--sink sqlite --sink kafka")
        assert.match(again.stderr, unfilled)
        const last = yield* once("--sink sqlite --sink kafka")
        assert.notMatch(last.stderr, unfilled)
      }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer)), { local: true }))
      // Read by a reader that has not seen the topic before it was deleted.
      yield* Effect.provide(sameAsFold, engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer)), { local: true })
    }))

  it.live("Ctrl-C ends a processor also while the broker is away, of which it has told once", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const broker = yield* kafka
      const cwd = yield* temporaryFolder
      const command = `process --log kafka --brokers ${broker.access.brokers} --topic ${topic} --sink stdout --pipelines candles-1m`
      yield* Effect.gen(function*() {
        yield* ingest(market(20_000))
        const running = yield* start(command, { cwd })
        yield* running.says(/candles-1m/, "stdout")
        yield* broker.kill9
        yield* running.says(/Kafka at .*trying again/)
        yield* Effect.sleep("1 second")
        running.child.kill("SIGINT")
        const { code, stderr } = yield* running.ended.pipe(Effect.timeout("1 minute"))
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(stderr.split("trying again").length, 2, stderr)
      }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))), Effect.ensuring(Effect.orDie(broker.restart)))
    }))

  it.live("a processor is killed again and again at random moments", () =>
    Effect.gen(function*() {
      const topic = yield* newTopic
      const broker = yield* kafka
      const cwd = yield* temporaryFolder
      const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)
      const random = randomFrom(seed)
      const names = pipelines.map(({ name }) => name).join(",")
      const command = `process --log kafka --brokers ${broker.access.brokers} --topic ${topic} --sink kafka --pipelines ${names} ${neverIdle} --take-over-after 100ms`
      const layers = engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))
      yield* Effect.gen(function*() {
        yield* ingest(market(60_000))
        const feeding = yield* Effect.forkChild(
          ingest(market(60_000, { seed: 3 }), 100).pipe(Effect.delay("100 millis"))
        )
        for (let life = 0; life < 10 * times; life++) {
          yield* Effect.scoped(Effect.gen(function*() {
            const running = yield* start(command, { cwd })
            yield* Effect.sleep(300 + 900 * random())
            yield* running.signal("SIGKILL")
          }))
        }
        yield* Fiber.join(feeding)
        const last = yield* courant(`${command} --once`, { cwd })
        assert.match(last.stderr, /^read 120000, /m, `seed ${seed}: ${last.stderr}`)
        yield* sameAsFold
        assert.isAbove((yield* events).length, 0)
      }).pipe(Effect.provide(layers))
    }))
})

const deleteTopic = (brokers: string, topic: string) => withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }))

const addPartitions = (brokers: string, topic: string, count: number) =>
  withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }))

/** What retention does, at once: records before an offset are gone. */
const deleteRecords = (brokers: string, topic: string, before: number) =>
  withAdmin(brokers, async (admin) => {
    // The library wants to have heard of the topic.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(before) }] })
  })
