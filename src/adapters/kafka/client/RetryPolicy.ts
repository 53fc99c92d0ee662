/** Trying again while a broker is away, telling of it once a minute, and giving up where waiting will not help. */
import { Clock, Duration, Effect, Metric, Schedule } from "effect"
import { KafkaError } from "./Client.ts"

type Retrying = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export interface RetryPolicy {
  /** Runs a request again and again while its failure may pass. */
  readonly patiently: Retrying
  /** The same, for so long only. */
  readonly within: (limit: Duration.Input) => Retrying
  /** Says, once a minute, that a request failed and is sent again. */
  readonly tell: (error: KafkaError) => Effect.Effect<void>
  /** When a request last failed in a way that may pass; `-Infinity` if none has. */
  readonly troubledAt: Effect.Effect<number>
}

/** From 50 milliseconds to 2 seconds between two attempts, each a little off so that clients do not come in step. */
const backOff = Schedule.exponential("50 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.jittered
)

/** A broker that has just started may not know its topics yet; a topic that is unknown for longer is gone. */
const unknownTopicFor = 10_000

const minute = 60_000

const retries = Metric.counter("courant_kafka_retries_total", {
  description: "Requests that failed in a way that may pass, and were sent again.",
  incremental: true
})

export const make = (brokers: string): RetryPolicy => {
  let toldAt = -Infinity
  let troubledAt = -Infinity
  const note = Effect.fnUntraced(function*() {
    troubledAt = yield* Clock.currentTimeMillis
    yield* Metric.update(retries, 1)
  })
  const tell = Effect.fnUntraced(function*(error: KafkaError) {
    yield* note()
    const now = yield* Clock.currentTimeMillis
    if (now - toldAt < minute) return
    toldAt = now
    yield* Effect.logWarning(`Kafka at ${brokers}: ${error.message}; trying again`)
  })
  const retrying = (limit: number): Retrying => (effect) =>
    Effect.flatMap(Clock.currentTimeMillis, (started) => {
      /** When the brokers first said so, and nothing else since. */
      let unknownSince: number | null = null
      const mayPass = (error: KafkaError) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          unknownSince = error.code === "UNKNOWN_TOPIC_OR_PARTITION" ? unknownSince ?? now : null
          return now - started < limit && (unknownSince === null || now - unknownSince < unknownTopicFor)
        })
      return effect.pipe(
        Effect.tapError(Effect.fnUntraced(function*(error) {
          if (isPassing(error)) yield* isStarting(error, (yield* Clock.currentTimeMillis) - started) ? note() : tell(error)
        })),
        Effect.retry({
          schedule: backOff,
          while: (error) => isPassing(error) ? mayPass(error) : Effect.succeed(false)
        })
      )
    })
  return {
    tell,
    patiently: retrying(Infinity),
    // The first request of a connection comes this way: from then on the counter is there to be read, at 0.
    within: (limit) => (effect) => Effect.andThen(Metric.update(retries, 0), retrying(Duration.toMillis(limit))(effect)),
    troubledAt: Effect.sync(() => troubledAt)
  }
}

/** A broker that is asked for a group or a producer for the first time looks them up first: nothing to tell anybody. */
const isStarting = ({ code }: KafkaError, waited: number): boolean =>
  code === "COORDINATOR_LOAD_IN_PROGRESS" && waited < 5_000

const isPassing = (error: unknown): error is KafkaError => error instanceof KafkaError && error.retriable
