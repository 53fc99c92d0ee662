/** What a new topic's first appends go through, many at once, again and again: each is there once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Kafka } from "../../services/testing.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import { EventLog } from "../../src/streams/EventLog.ts"
import { fromTexts } from "../../src/streams/Records.ts"
import { brokers, newTopic } from "./brokers.ts"
import { source } from "./market.ts"

describe("producing", () => {
  const { layer } = brokers(Kafka.layer())

  it.live("the first appends to all partitions of a new topic at once are each there once", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 60; round++) {
        const topic = yield* newTopic
        yield* Effect.gen(function*() {
          const log = yield* EventLog
          for (let chunk = 0; chunk < 5; chunk++) {
            yield* Effect.forEach([0, 1, 2, 3, 4, 5], (partition) => log.append(partition, fromTexts(["a", "b", "c"])), {
              concurrency: "unbounded"
            })
          }
          assert.deepStrictEqual(yield* log.ends, [15, 15, 15, 15, 15, 15], `round ${round}`)
        }).pipe(Effect.provide(KafkaEventLog.layer({ topic, source, partitions: 6 }).pipe(Layer.provide(layer)), { local: true }))
      }
    }))
})
