/** Trying again while a broker is away, and giving up where waiting will not help. */
import * as Shared from "../../../streams/ports/RetryPolicy.ts"
import { KafkaError } from "./Client.ts"

export type RetryPolicy = Shared.RetryPolicy<KafkaError>

export const make = (brokers: string): RetryPolicy =>
  Shared.make({
    server: `Kafka at ${brokers}`,
    backOff: { first: "50 millis", longest: "2 seconds" },
    isPassing: (error): error is KafkaError => error instanceof KafkaError && error.retriable,
    counter: {
      name: "courant_kafka_retries_total",
      description: "Requests that failed in a way that may pass, and were sent again."
    },
    // A broker that has just started may not know its topics yet; a topic that is unknown for longer is gone.
    brief: { includes: ({ code }) => code === "UNKNOWN_TOPIC_OR_PARTITION", limit: "10 seconds" },
    // A broker that is asked for a group or a producer for the first time looks them up first: nothing to tell anybody.
    isRoutine: ({ code }, elapsed) => /^COORDINATOR_(?:LOAD_IN_PROGRESS|NOT_AVAILABLE)$/.test(code ?? "") && elapsed < 5_000
  })
