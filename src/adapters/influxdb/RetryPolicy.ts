/** Trying again while InfluxDB is away or busy, telling of it once a minute, and giving up where waiting will not help. */
import { Clock, Duration, Effect, Metric, Schedule } from "effect"
import { InfluxdbError, isAdrift, isPassing } from "./InfluxdbError.ts"

type Retrying = <A, R>(effect: Effect.Effect<A, InfluxdbError, R>) => Effect.Effect<A, InfluxdbError, R>

export interface RetryPolicy {
  /** Runs a request again and again, for ever, while its failure may pass; done when no attempt is under way still. */
  readonly patiently: Retrying
  /** The same, for so long only; then it says that nothing answered. */
  readonly within: (limit: Duration.Input) => Retrying
  /** Requests that failed and were sent again, until now. */
  readonly retries: () => number
}

/** A server that asks for more than this is not obeyed: a clock that is wrong must not stop us for years. */
const longestWait = Duration.minutes(1)

const longestBackOff = Duration.seconds(5)

/** From 50 milliseconds to 5 seconds, a little off so that clients do not come in step, and no sooner than was asked. */
const backOff = Schedule.exponential("50 millis").pipe(
  Schedule.setInputType<InfluxdbError>(),
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, longestBackOff))),
  Schedule.jittered,
  Schedule.modifyDelay(({ duration, input: { retryAfter = 0 } }) =>
    Effect.succeed(Duration.max(duration, Duration.min(Duration.millis(retryAfter), longestWait)))
  )
)

const minute = 60_000

const retriesTotal = Metric.counter("courant_influxdb_retries_total", {
  description: "Requests to InfluxDB that failed in a way that may pass, and were sent again.",
  incremental: true
})

/**
 * What nobody answered may be under way still, in the queue of a proxy for instance, and would undo what is written or
 * deleted after its repetition. So nothing is, for so long: what was sent first has then arrived as well, or never will.
 */
const settlingTime = Duration.seconds(1)

const settling = (retrying: Retrying): Retrying => (effect) =>
  Effect.suspend(() => {
    let isAnyAdrift = false
    const noting = Effect.tapError(effect, (error) => Effect.sync(() => isAnyAdrift ||= isAdrift(error)))
    const settle = () => isAnyAdrift ? Effect.sleep(settlingTime) : Effect.void
    return retrying(noting).pipe(Effect.tap(settle), Effect.tapError(settle))
  })

export const make = (url: string): RetryPolicy => {
  let toldAt = -Infinity
  let retries = 0
  const tell = Effect.fnUntraced(function*({ message }: InfluxdbError) {
    retries++
    yield* Metric.update(retriesTotal, 1)
    const now = yield* Clock.currentTimeMillis
    if (now - toldAt < minute) return
    toldAt = now
    yield* Effect.logWarning(`InfluxDB at ${url}: ${message}; trying again`)
  })
  const retrying = (limit: number): Retrying => (effect) =>
    Effect.flatMap(Clock.currentTimeMillis, (started) =>
      Effect.retry(Effect.tapError(effect, (error) => isPassing(error) ? tell(error) : Effect.void), {
        schedule: backOff,
        while: (error) => Effect.map(Clock.currentTimeMillis, (now) => isPassing(error) && now - started < limit)
      }))
  return {
    patiently: settling(retrying(Infinity)),
    within: (limit) => (effect) => {
      const duration = Duration.fromInputUnsafe(limit)
      // The first request of a connection comes this way: from then on the counter is there to be read, at 0.
      return Effect.andThen(Metric.update(retriesTotal, 0), retrying(Duration.toMillis(duration))(effect)).pipe(
        Effect.mapError((error) => isPassing(error) ? noAnswer(url, duration, error) : error)
      )
    },
    retries: () => retries
  }
}

const noAnswer = (url: string, limit: Duration.Duration, error: InfluxdbError): InfluxdbError =>
  new InfluxdbError({
    reason: "no-answer",
    message: `no InfluxDB at ${url} answered within ${Duration.format(limit)} (${error.message})`,
    cause: error
  })
