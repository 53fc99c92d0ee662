/** Trying again while InfluxDB is away or busy, and giving up where waiting will not help. */
import { Duration, Effect } from "effect"
import * as Shared from "../../streams/ports/RetryPolicy.ts"
import { InfluxdbError, isAdrift, isPassing } from "./InfluxdbError.ts"

type Retry = <A, R>(effect: Effect.Effect<A, InfluxdbError, R>) => Effect.Effect<A, InfluxdbError, R>

export interface RetryPolicy extends Pick<Shared.RetryPolicy<InfluxdbError>, "retries"> {
  /** Runs a request again and again, for ever, while its failure may pass; done when no attempt is under way still. */
  readonly retry: Retry
  /** The same, for so long only; then it says that nothing answered. */
  readonly within: (limit: Duration.Input) => Retry
}

/**
 * What nobody answered may be under way still, in the queue of a proxy for instance, and would undo what is written or
 * deleted after its repetition. So nothing is, for so long: what was sent first has then arrived as well, or never will.
 */
const settlingTime = Duration.seconds(1)

const settling = (retry: Retry): Retry => (effect) =>
  Effect.suspend(() => {
    let isAnyAdrift = false
    const noting = Effect.tapError(effect, (error) => Effect.sync(() => isAnyAdrift ||= isAdrift(error)))
    const settle = () => isAnyAdrift ? Effect.sleep(settlingTime) : Effect.void
    return retry(noting).pipe(Effect.tap(settle), Effect.tapError(settle))
  })

export const make = (url: string): RetryPolicy => {
  const { retries, retry, within } = Shared.make({
    server: `InfluxDB at ${url}`,
    backOff: { first: "50 millis", longest: "5 seconds" },
    isPassing: (error): error is InfluxdbError => error instanceof InfluxdbError && isPassing(error),
    counter: {
      name: "courant_influxdb_retries_total",
      description: "Requests to InfluxDB that failed in a way that may pass, and were sent again."
    }
  })
  return {
    retry: settling(retry),
    within: (limit) => {
      const duration = Duration.fromInputUnsafe(limit)
      return (effect) =>
        within(duration)(effect).pipe(Effect.mapError((error) => isPassing(error) ? noAnswer(url, duration, error) : error))
    },
    retries
  }
}

const noAnswer = (url: string, limit: Duration.Duration, error: InfluxdbError): InfluxdbError =>
  new InfluxdbError({
    reason: "no-answer",
    message: `no InfluxDB at ${url} answered within ${Duration.format(limit)} (${error.message})`,
    cause: error
  })
