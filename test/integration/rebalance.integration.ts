/**
 * The consumer group of a processor changes while it works. Reading goes by the offsets of the checkpoint, without an
 * assignment of the group, so that a new generation moves no reader: there is no seek after a join, and nothing that
 * could stall until the next rebalance. What a generation decides is who may write, and that these tests hold it to.
 */
import { assert, describe, it } from "@effect/vitest"
import { Data, Deferred, type Duration, Effect, Fiber, Layer, Metric, Option, type Scope } from "effect"
import { AssignerProtocol, type ConsumerConfig } from "kafkajs"
import type { KafkaError } from "../../src/adapters/kafka/client/Client.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as Group from "../../src/adapters/kafka/client/Group.ts"
import { Fence } from "../../src/adapters/kafka/Fence.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { randomFrom } from "../random.ts"
import * as Admin from "./admin.ts"
import { brokers, kinds, library, newTopic } from "./brokers.ts"
import { times } from "./effort.ts"
import { actual, expected, ingest, market, pipelines, stores } from "./market.ts"
import { trickle } from "./minutes.ts"

const rounds = 4 * times

for (const [kind, broker] of Object.entries(kinds)) {
  describe(`rebalance, ${kind}`, () => {
    const { kafka, layer } = brokers(broker)

    /** Stores of a topic with three partitions, a group for them, and a seed that a failure names. */
    const prepared = <A, E>(
      body: (given: Given) => Effect.Effect<A, E, Layer.Success<ReturnType<typeof stores>> | Scope.Scope>
    ) =>
      Effect.gen(function*() {
        const { access } = yield* kafka
        const topic = yield* newTopic
        const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)
        const given = { address: access.brokers, group: `group-${topic}`, random: randomFrom(seed), topic }
        yield* body(given).pipe(
          Effect.tapCause(() => Effect.sync(() => process.stderr.write(`COURANT_SEED=${seed}\n`))),
          Effect.provide(stores(topic, { partitions: 3 }).pipe(Layer.provide(layer)))
        )
      })

    it.live(`members of another kind come and go ${rounds} times in the middle of batches: the place is kept`, () =>
      prepared(({ address, group, random, topic }) =>
        Effect.gen(function*() {
          const wrote: Array<ReadonlyArray<Pane>> = []
          const onWrite = (panes: ReadonlyArray<Pane>) => Effect.sync(() => void wrote.push(panes))
          const processor = yield* processorOf({ address, group, onWrite })
          const running = yield* Effect.forkChild(processor.run())
          // Heartbeats come every few seconds and meet the writes of a batch once in a while; so many of them, always.
          const beat = Effect.andThen(processor.check, Effect.sleep("2 millis"))
          const beating = yield* Effect.forkChild(Effect.forever(beat))
          let isOver = false
          const feeding = yield* Effect.forkChild(trickle(random, () => isOver))
          const before = yield* rebalances
          for (let round = 0; round < rounds; round++) {
            const member = yield* join(address, topic, { groupId: group, partitionAssigners: [sameProtocol] })
            yield* Effect.sleep(300 * random())
            // A member that comes is asked for nothing: the processor's reading goes on by itself.
            assert.deepStrictEqual(member.assigned, {})
            yield* member.leave
            yield* Effect.sleep(300 * random())
          }
          // Nobody gets in before the processor has joined again; a going and the next coming may be one generation,
          // and each that changes during a join costs another, on a busy machine all of them.
          const rejoined = (yield* rebalances) - before
          assert.isAtLeast(rejoined, rounds)
          assert.isAtMost(rejoined, 4 * rounds + 3)
          isOver = true
          const count = yield* Fiber.join(feeding)
          // What has been read and is not in a checkpoint yet is written once more by the next run, and may be.
          const isDone = Admin.until(Effect.map(savedOffsets, (offsets) => sum(offsets) === count))
          yield* isDone.pipe(Effect.raceFirst(Fiber.join(running)), Effect.raceFirst(Fiber.join(beating)))
          yield* Fiber.interruptAll([beating, running])
          const report = yield* processor.run({ toTheEnd: true })
          assert.strictEqual(report.read, count)
          yield* sameAsFold
          assert.isAbove(wrote.length, rounds)
          // Re-joining costs no batch: none is written twice.
          const written = wrote.flat().map(({ end, key, pipeline, revision, start }) =>
            [pipeline, key, start, end, revision].join(" "))
          assert.strictEqual(new Set(written).size, written.length)
          assert.deepStrictEqual(yield* Admin.committed(address, group, topic), yield* savedOffsets)
        })))

    it.live(`a second processor comes ${rounds} times in the middle of a batch: that batch is never written`, () =>
      prepared(({ address, group, random }) =>
        Effect.gen(function*() {
          let isOver = false
          const feeding = yield* Effect.forkChild(trickle(random, () => isOver))
          const takeOver = Effect.gen(function*() {
            const underWay = yield* Deferred.make<void>()
            const taken = yield* Deferred.make<void>()
            let batches = Math.floor(3 * random())
            let written = 0
            const former = yield* processorOf({
              address,
              group,
              // Computed, and not yet let through by the fence.
              onBatch: () =>
                batches-- > 0
                  ? Effect.void
                  : Effect.andThen(Deferred.succeed(underWay, undefined), Deferred.await(taken)),
              onWrite: () => Effect.sync(() => void written++)
            })
            const running = yield* Effect.forkChild(Effect.flip(former.run()))
            yield* Deferred.await(underWay)
            // A checkpoint of the batches before may still be on its way, and get through or not.
            const before = { begun: former.begun.length, written }
            const allowed = [yield* savedOffsets, ...former.begun.slice(-1)]
            yield* processorOf({ address, group })
            yield* Deferred.succeed(taken, undefined)
            const refusal = yield* Fiber.join(running)
            assert.strictEqual(refusal.message, `another processor has taken over the group ${group}; this one stops`)
            assert.deepStrictEqual({ begun: former.begun.length, written }, before)
            assert.deepInclude(allowed, yield* savedOffsets)
          }).pipe(Effect.scoped)
          for (let round = 0; round < rounds; round++) yield* takeOver
          isOver = true
          const count = yield* Fiber.join(feeding)
          const last = yield* processorOf({ address, group })
          assert.strictEqual((yield* last.run({ toTheEnd: true })).read, count)
          yield* sameAsFold
        })))

    it.live("an ordinary consumer cannot join a processor's group, nor a processor that of ordinary consumers", () =>
      prepared(({ address, group, topic }) =>
        Effect.gen(function*() {
          yield* ingest(market(2_000))
          yield* Effect.scoped(Effect.gen(function*() {
            const processor = yield* processorOf({ address, group })
            const refusal = yield* Effect.flip(join(address, topic, { groupId: group }))
            assert.match(String(refusal.cause), /protocols are incompatible/)
            assert.strictEqual((yield* processor.run({ toTheEnd: true })).read, 2_000)
          }))
          yield* sameAsFold
          const other = `other-${group}`
          yield* join(address, topic, { groupId: other })
          const refusal = yield* Effect.flip(processorOf({ address, group: other }))
          assert.strictEqual(
            refusal.message,
            `other consumers are members of the group ${other}, which is courant's own; stop them and start again`
          )
        })))

    it.live("a processor that the group has forgotten takes its place again, if nobody has had it meanwhile", () =>
      prepared(({ address, group }) =>
        Effect.gen(function*() {
          yield* ingest(market(2_000))
          const processor = yield* processorOf({ address, group })
          const running = yield* Effect.forkChild(processor.run())
          yield* Admin.until(Effect.map(processor.progress, ({ read }) => read === 2_000))
          yield* Effect.provide(removeProcessor(group), layer)
          yield* goesOn(processor, running)
        })))

    it.live("a processor that the group has forgotten stops, if another has had its place, and be it for a moment", () =>
      prepared(({ address, group }) =>
        Effect.gen(function*() {
          yield* ingest(market(2_000))
          const processor = yield* processorOf({ address, group })
          yield* processor.run({ toTheEnd: true })
          yield* Effect.provide(removeProcessor(group), layer)
          yield* ingest(market(2_000, { seed: 2 }))
          yield* Effect.scoped(Effect.flatMap(processorOf({ address, group }), (other) => other.run({ toTheEnd: true })))
          yield* Effect.provide(removeProcessor(group), layer)
          const refusal = yield* Effect.flip(processor.check)
          assert.match(refusal.message, /another processor has had the place of this one in the group .*; this one stops/)
        })))

    it.live("a coordinator that starts again before a generation has begun knows nothing of who has joined, who joins once more", () =>
      prepared(({ address, group, topic }) =>
        Effect.gen(function*() {
          const broker = yield* kafka
          yield* ingest(market(2_000))
          yield* Effect.scoped(processorOf({ address, group }))
          // Another member has come, so that whoever joins is in the next generation, which the former is waited for to begin.
          const other = Group.join({ group, instance: "other", id: "" }, [topic], { session: 300_000, rebalance: 300_000 })
          yield* Effect.forkChild(Effect.provide(Effect.flatMap(Connection, ({ client }) => Effect.ignore(client.askCoordinator(group, other))), layer))
          yield* Admin.until(Effect.map(Admin.groupState(address, group), (state) => state === "PreparingRebalance"))
          const answers: Array<string> = []
          let isRestarted = false
          const processor = yield* processorOf({
            address,
            group,
            asking: ({ apiName }, answer) =>
              Effect.gen(function*() {
                if (apiName === "SyncGroup" && !isRestarted) {
                  isRestarted = true
                  yield* Effect.orDie(Effect.andThen(broker.kill9, broker.restart))
                }
                const body = yield* answer
                if (apiName === "JoinGroup" || apiName === "SyncGroup") answers.push(`${apiName} ${body.readInt16BE(4)}`)
                return body
              })
          })
          // A coordinator that is about to look after the group again says so, to a SyncGroup by 27, the same as where the
          // other has joined in between: after either it is joined anew, as after what it was asked as it went down.
          const told = answers.filter((said) => !/ 1[4-6]$/.test(said)).join()
          const order = /^JoinGroup 0,(?:SyncGroup 82|(?:SyncGroup 27,)?JoinGroup 82),(?:JoinGroup 0,SyncGroup 27,)*JoinGroup 0,SyncGroup 0$/
          assert.isTrue(order.test(told), answers.join())
          assert.strictEqual((yield* processor.run({ toTheEnd: true })).read, 2_000)
          yield* sameAsFold
        })))

    it.live("a broker that is silent for longer than a session ends nothing: the processor goes on where it was", () =>
      prepared(({ address, group }) =>
        Effect.gen(function*() {
          const broker = yield* kafka
          yield* ingest(market(2_000))
          const processor = yield* processorOf({ address, group, sessionTimeout: "6 seconds" })
          const running = yield* Effect.forkChild(processor.run())
          yield* Admin.until(Effect.map(processor.progress, ({ read }) => read === 2_000))
          yield* broker.pause
          yield* Effect.ensuring(Effect.sleep("15 seconds"), Effect.orDie(broker.resume))
          yield* goesOn(processor, running)
        })))
  })
}

interface Given {
  readonly address: string
  readonly group: string
  readonly topic: string
  readonly random: () => number
}

/**
 * A processor as the command `process` puts it together, with a connection of its own, on the stores of the test.
 * `onBatch` comes between computing panes and asking whether they may be written, `onWrite` when they are; `begun` are
 * the offsets of the checkpoints that it has begun to save.
 */
const processorOf = ({ address, asking = (_, answer) => answer, group, onBatch = () => Effect.void, onWrite = () => Effect.void, sessionTimeout }: {
  readonly address: string
  readonly group: string
  /** Comes between the processor and its coordinator. */
  readonly asking?: (request: Group.Request, answer: Effect.Effect<Buffer, KafkaError>) => Effect.Effect<Buffer, KafkaError>
  readonly sessionTimeout?: Duration.Input
  readonly onBatch?: (panes: ReadonlyArray<Pane>) => Effect.Effect<unknown>
  readonly onWrite?: (panes: ReadonlyArray<Pane>) => Effect.Effect<unknown>
}) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<CheckpointStore | DeadLetters | Decisions | EventLog | ResultSink>()
    const before = (seen: typeof onBatch) =>
      Layer.effect(ResultSink, Effect.map(ResultSink, (sink) =>
        ResultSink.of({ ...sink, write: (panes) => Effect.andThen(seen(panes), sink.write(panes)) })))
    const begun: Array<ReadonlyArray<number>> = []
    const noted = Layer.effect(CheckpointStore, Effect.map(CheckpointStore, (store) =>
      CheckpointStore.of({
        ...store,
        save: (name, checkpoint) =>
          Effect.suspend(() => {
            begun.push(checkpoint.head.offsets)
            return store.save(name, checkpoint)
          })
      })))
    const base = Layer.succeedContext(context)
    const connection = Layer.effect(Connection, Effect.map(Connection, (connection) => {
      const { client } = connection
      const askCoordinator = (group: string, request: Group.Request) => asking(request, client.askCoordinator(group, request))
      return Connection.of({ ...connection, client: { ...client, askCoordinator } })
    })).pipe(Layer.provide(Connection.layer({ brokers: [address], library })))
    const fence = Fence.layer({ group, sessionTimeout }).pipe(Layer.provide(Layer.merge(connection, base)))
    const fenced = Layer.mergeAll(
      Fence.layerLog,
      noted.pipe(Layer.provide(Fence.layerCheckpoints)),
      before(onBatch).pipe(Layer.provide(Fence.layerSink), Layer.provide(before(onWrite)))
    ).pipe(Layer.provideMerge(fence), Layer.provide(base))
    const built = yield* Layer.build(InProcess.layer.pipe(
      Layer.provideMerge(fenced),
      Layer.provideMerge(Layer.mergeAll(Layer.succeed(DeadLetters, yield* DeadLetters), Layer.succeed(Decisions, yield* Decisions), Layer.fresh(Monitor.layer)))
    ))
    return yield* Effect.gen(function*() {
      const engine = yield* Engine
      const log = yield* EventLog
      const { progress } = yield* Monitor
      const { check } = yield* Fence
      return {
        progress,
        check,
        begun,
        run: (options?: { readonly toTheEnd: boolean }) =>
          engine.run({
            name,
            pipelines,
            checkpointEvery: "30 millis",
            ...(options?.toTheEnd === true ? { stopAt: log.ends } : {})
          })
      }
    }).pipe(Effect.provideContext(built))
  })

const name = "test"

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)

/** The panes are the batch fold's over whatever is in the log. */
const sameAsFold = Effect.gen(function*() {
  assert.deepStrictEqual(yield* actual, yield* expected)
})

const savedOffsets = Effect.gen(function*() {
  const store = yield* CheckpointStore
  const saved = yield* store.load(name)
  return Option.match(saved, { onNone: () => [], onSome: ({ offsets }) => offsets })
})

/** A processor that has read 2,000 events reads 2,000 more, keeps its place, and gives what the fold gives. */
const goesOn = Effect.fnUntraced(function*(
  processor: Effect.Success<ReturnType<typeof processorOf>>,
  running: Fiber.Fiber<unknown, unknown>
) {
  yield* ingest(market(2_000, { seed: 2 }))
  // Where it has ended instead, it says why.
  const ended = Effect.andThen(Fiber.join(running), Effect.die(new Error("the processor has come to an end")))
  yield* Effect.raceFirst(Admin.until(Effect.map(savedOffsets, (offsets) => sum(offsets) === 4_000)), ended)
  yield* processor.check
  yield* Fiber.interrupt(running)
  assert.strictEqual((yield* processor.run({ toTheEnd: true })).read, 4_000)
  yield* sameAsFold
})

/** How often processors of this process have joined anew. */
const rebalances = Effect.map(Metric.snapshot, (metrics) => {
  const found = metrics.find(({ id }) => id === "courant_kafka_rebalances_total")
  return found?.type === "Counter" ? Number(found.state.count) : 0
})

/** An assigner of the name that courant's own members give: who brings it is let into their group. */
const sameProtocol: NonNullable<ConsumerConfig["partitionAssigners"]>[number] = () => ({
  name: "courant",
  version: 0,
  protocol: ({ topics }) => ({
    name: "courant",
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) })
  }),
  assign: () => Promise.reject(new Error("the leader is the processor, which was there first"))
})

/** A kafkajs consumer that has joined a group, until it leaves or the scope ends; fails where it is not let in. */
const join = (address: string, topic: string, config: ConsumerConfig) =>
  Effect.gen(function*() {
    const consumer = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const hurry = { heartbeatInterval: 100, maxWaitTimeInMs: 50, retry: { retries: 2 } }
        return Admin.library(address).consumer({ ...config, ...hurry })
      }),
      (consumer) => Effect.promise(() => consumer.disconnect())
    )
    const assigned = yield* Effect.tryPromise({
      try: async () => {
        await consumer.connect()
        await consumer.subscribe({ topic })
        const joined = new Promise<unknown>((resolve, reject) => {
          consumer.on("consumer.group_join", ({ payload }) => resolve(payload.memberAssignment))
          consumer.on("consumer.crash", ({ payload }) => reject(payload.error))
        })
        await consumer.run({ eachMessage: async () => {} })
        return await joined
      },
      catch: (cause) => new NotLetIn({ cause })
    })
    return { assigned, leave: Effect.promise(() => consumer.disconnect()) }
  })

class NotLetIn extends Data.TaggedError("NotLetIn")<{ readonly cause: unknown }> {}

/** What an operator's tool does to a member that it takes for dead: LeaveGroup 3, in the name of its instance. */
const removeProcessor = (group: string) =>
  Effect.gen(function*() {
    const { client } = yield* Connection
    const text = (value: string) => {
      const bytes = Buffer.from(value)
      const length = Buffer.alloc(2)
      length.writeInt16BE(bytes.length)
      return Buffer.concat([length, bytes])
    }
    const one = Buffer.of(0, 0, 0, 1)
    const body = Buffer.concat([text(group), one, text(""), text("processor")])
    const answer = yield* client.askCoordinator(group, { apiKey: 13, apiName: "LeaveGroup", apiVersion: 3, body })
    assert.strictEqual(answer.readInt16BE(4), 0)
  })
