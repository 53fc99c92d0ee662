/**
 * A processor that stops between the fence's answer and the write that this allowed, and wakes up when its successor has
 * written: the brokers refuse what it sends, so that whoever takes the last record of a key has the newest pane.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as CompactedTopic from "../../src/adapters/kafka/CompactedTopic.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import { Fence } from "../../src/adapters/kafka/Fence.ts"
import * as KafkaCheckpointStore from "../../src/adapters/kafka/KafkaCheckpointStore.ts"
import * as KafkaDecisions from "../../src/adapters/kafka/KafkaDecisions.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { brokers, kinds, library, newTopic } from "./brokers.ts"
import { source } from "./market.ts"

const partitions = 3

/** One of a few windows, of as many changes. */
const pane = (window: number, changes: number): Pane => ({
  pipeline: "p",
  key: `k${window % 5}`,
  start: window * 1_000,
  end: window * 1_000 + 1_000,
  pane: "late",
  revision: changes,
  changes,
  values: { n: changes }
})

const panes = (changes: number): ReadonlyArray<Pane> => Array.from({ length: 20 }, (_, window) => pane(window, changes))

for (const [kind, broker] of Object.entries(kinds)) {
  describe(`a stale writer, ${kind}`, () => {
    const { kafka, layer } = brokers(broker)

    /** The stores in which a processor writes, without the question before each write. */
    const processor = Effect.fnUntraced(function*(topic: string) {
      const { access } = yield* kafka
      const connection = Connection.layer({ brokers: [access.brokers], library })
      const log = KafkaEventLog.layer({ topic, partitions, source }).pipe(Layer.provide(connection))
      const group = `courant-${topic}`
      const topics = [KafkaDecisions.topicOf(topic), `${topic}-checkpoints`, `${topic}-panes`]
      const fence = Layer.unwrap(Effect.as(KafkaDecisions.prepare(topic), Fence.layer({ group, topics }))).pipe(
        Layer.provide(Layer.merge(connection, log))
      )
      const writing = Fence.layerConnection.pipe(Layer.provide(Layer.merge(connection, fence)))
      const context = yield* Layer.build(Layer.fresh(Layer.mergeAll(
        KafkaResultSink.layer({ topic: `${topic}-panes`, partitions }),
        KafkaDecisions.layer({ topic, group }),
        KafkaCheckpointStore.layer({ topic: `${topic}-checkpoints` })
      ).pipe(Layer.provide(writing), Layer.provideMerge(fence))))
      return {
        write: Context.get(context, ResultSink).write,
        save: (state: string) =>
          Context.get(context, CheckpointStore).save("c", {
            head: { pipelines: {}, savedAt: 0, processor: "c", log: "l", sinks: [], offsets: [] },
            isBase: true,
            sections: [["s", Buffer.from(state)]]
          }),
        decisions: Context.get(context, Decisions),
        check: Context.get(context, Fence).check
      }
    })

    /** How many changes the last record of each key has. */
    const lastRecords = Effect.fnUntraced(function*(topic: string) {
      const last = new Map<string, string | null>()
      const { catchUp } = yield* CompactedTopic.open({
        topic: `${topic}-panes`,
        onRow: ({ header, key }) => void last.set(key, header("courant-changes"))
      })
      yield* catchUp
      return [...last.values()]
    }, Effect.provide(layer))

    it.live("what it sends after its successor has written is refused, in every partition and every topic", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const former = yield* processor(topic)
        yield* former.write(panes(1))
        yield* former.save("1")
        const next = yield* processor(topic)
        yield* next.write(panes(3).slice(0, 1))
        yield* next.save("3")
        for (const window of panes(2)) {
          const refusal = yield* Effect.flip(former.write([window]))
          assert.match(refusal.message, /another processor has taken over the group .*; this one stops/)
        }
        assert.match((yield* Effect.flip(former.save("2"))).message, /another processor has taken over the group/)
        yield* next.write(panes(3))
        assert.deepStrictEqual(yield* lastRecords(topic), panes(3).map(() => "3"))
      }))

    it.live("what it decides or saves is refused as soon as its successor has the place, which has written nothing yet", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const former = yield* processor(topic)
        yield* former.decisions.write([{ _tag: "idle", partition: 0, at: 1, watermark: 1 }])
        yield* former.write(panes(1))
        yield* former.save("1")
        const next = yield* processor(topic)
        const refusals = [
          yield* Effect.flip(former.decisions.write([{ _tag: "idle", partition: 0, at: 2, watermark: 2 }])),
          yield* Effect.flip(former.save("2")),
          yield* Effect.flip(former.write(panes(2)))
        ]
        for (const { message } of refusals) assert.match(message, /another processor has taken over the group/)
        assert.deepStrictEqual((yield* next.decisions.read).map((decision) => decision._tag === "idle" ? decision.at : null), [1])
        assert.deepStrictEqual(new Set(yield* lastRecords(topic)), new Set(["1"]))
      }))

    it.live("processors that take over from each other again and again leave the newest panes last", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        let changes = 0
        let former = yield* processor(topic)
        for (let round = 0; round < 10; round++) {
          yield* former.write(panes(++changes))
          const next = yield* processor(topic)
          yield* next.write(panes(++changes))
          yield* Effect.flip(former.write(panes(changes - 1)))
          former = next
        }
        yield* former.check
        assert.deepStrictEqual(yield* lastRecords(topic), panes(changes).map(() => String(changes)))
      }))

    it.live("whoever holds the place writes on, also if another has taken the name and not the place", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const holder = yield* processor(topic)
        yield* holder.write(panes(1))
        // One that joined before the holder did, and comes to take the name only now.
        const { client } = yield* Effect.provide(Connection, layer)
        yield* client.takeOver(`courant-${topic}`)
        yield* holder.write(panes(2))
        assert.deepStrictEqual(yield* lastRecords(topic), panes(2).map(() => "2"))
      }))
  })
}
