/**
 * `courant/kafka`: the ports on Apache Kafka, 3.x with ZooKeeper or 4.x with KRaft. Every layer needs a `Connection`,
 * which they share; `Fence` lets one processor of a name do its work at a time.
 */
export { KafkaError } from "./adapters/kafka/client/Client.ts"
export { Connection } from "./adapters/kafka/client/Connection.ts"
export { Fence } from "./adapters/kafka/Fence.ts"
export * as KafkaCheckpointStore from "./adapters/kafka/KafkaCheckpointStore.ts"
export * as KafkaDeadLetters from "./adapters/kafka/KafkaDeadLetters.ts"
export * as KafkaDecisions from "./adapters/kafka/KafkaDecisions.ts"
export * as KafkaEventLog from "./adapters/kafka/KafkaEventLog.ts"
export * as KafkaPaneLog from "./adapters/kafka/KafkaPaneLog.ts"
export * as KafkaResultSink from "./adapters/kafka/KafkaResultSink.ts"
export * as KafkaRowSink from "./adapters/kafka/KafkaRowSink.ts"
