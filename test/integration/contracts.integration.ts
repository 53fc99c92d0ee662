/** The Kafka layers keep the contracts of their ports on real brokers of both kinds, over closing and opening too. */
import { describe } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as KafkaCheckpointStore from "../../src/adapters/kafka/KafkaCheckpointStore.ts"
import * as KafkaDeadLetters from "../../src/adapters/kafka/KafkaDeadLetters.ts"
import * as KafkaDecisions from "../../src/adapters/kafka/KafkaDecisions.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import * as KafkaRowSink from "../../src/adapters/kafka/KafkaRowSink.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import * as CheckpointStoreContract from "../../src/testing/CheckpointStoreContract.ts"
import * as DeadLettersContract from "../../src/testing/DeadLettersContract.ts"
import * as DecisionsContract from "../../src/testing/DecisionsContract.ts"
import * as EventLogContract from "../../src/testing/EventLogContract.ts"
import * as ResultSinkContract from "../../src/testing/ResultSinkContract.ts"
import * as RowSinkContract from "../../src/testing/RowSinkContract.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { brokers, kinds, onTopics } from "./brokers.ts"

const source = ticks.definition
const effort = { runs: 5, patience: "5 minutes" } as const

for (const [name, kafka] of Object.entries(kinds)) {
  describe(name, () => {
    const { layer } = brokers(kafka)
    for (const partitions of [1, 3]) {
      const { fresh, place } = onTopics(layer, (topic) => KafkaEventLog.layer({ topic, partitions, source }))
      EventLogContract.suite(`${partitions} partitions`, fresh, { ...effort, durable: place })
    }
    const sink = onTopics(layer, (topic) => KafkaResultSink.layer({ topic }))
    ResultSinkContract.suite("compacted topic", sink.fresh, { ...effort, durable: sink.place })
    for (const partitions of [1, 3]) {
      const rows = onTopics(layer, (topic) => KafkaRowSink.layer({ topic, partitions }))
      RowSinkContract.suite(`topic of ${partitions} partitions`, rows.fresh, { ...effort, durable: rows.place })
    }
    const letters = onTopics(layer, (topic) => KafkaDeadLetters.layer({ topic }))
    DeadLettersContract.suite("compacted topic", letters.fresh, { ...effort, durable: letters.place })
    const decisions = onTopics(layer, (topic) =>
      Layer.unwrap(Effect.as(EventLog, KafkaDecisions.layer({ topic, group: "candles" }))).pipe(
        Layer.provide(KafkaEventLog.layer({ topic, source }))
      ))
    DecisionsContract.suite("compacted topic", decisions.fresh, { ...effort, durable: decisions.place })
    const checkpoints = onTopics(layer, (topic) => KafkaCheckpointStore.layer({ topic }))
    CheckpointStoreContract.suite("compacted topic", checkpoints.fresh, { ...effort, durable: checkpoints.place })
  })
}
