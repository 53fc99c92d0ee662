/**
 * Trying again while an outside system is away or busy: how long to wait, for how long in all, and who hears of it. The
 * adapters say which of their errors may pass and what is special about their system; nothing here knows which it is.
 */
import { Duration, Effect, Metric, Predicate, Schedule } from "effect"
import * as MonotonicTime from "./MonotonicTime.ts"

export interface BackOff {
  /** The wait before the second attempt. Each further wait is twice as long as the one before. */
  readonly first: Duration.Input
  /** No wait is longer than this, unless the server asks for it. */
  readonly longest: Duration.Input
  /** A server that asks for more is not obeyed: a clock that is wrong must not stop us for years. A minute by default. */
  readonly longestRetryAfter?: Duration.Input | undefined
}

/**
 * Waits between attempts, without end: exponential up to a cap, each up to a fifth shorter or longer so that clients do
 * not come in step, and never shorter than the `retryAfter` of the error, in milliseconds, where it has one.
 */
export const backOff = ({ first, longest, longestRetryAfter = "1 minute" }: BackOff): Schedule.Schedule<unknown> => {
  const cap = Duration.fromInputUnsafe(longest)
  const longestAsked = Duration.fromInputUnsafe(longestRetryAfter)
  return Schedule.exponential(first).pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, cap))),
    Schedule.jittered,
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(Duration.max(duration, Duration.min(retryAfterOf(input), longestAsked)))
    )
  )
}

const retryAfterOf = (error: unknown): Duration.Duration =>
  Predicate.hasProperty(error, "retryAfter") && typeof error.retryAfter === "number"
    ? Duration.millis(error.retryAfter)
    : Duration.zero

export interface Options<E> {
  /** Who is asked, as the log names it: `InfluxDB at http://127.0.0.1:8086`. */
  readonly server: string
  readonly backOff: BackOff
  /** Whether the same request may well succeed later. */
  readonly isPassing: (error: unknown) => error is E
  /** The metric that counts the retries of all policies which name it. */
  readonly counter: { readonly name: string; readonly description: string }
  /** Errors that pass soon or never: of these, one after the other, only so long a series is waited for. */
  readonly brief?: { readonly includes: (error: E) => boolean; readonly limit: Duration.Input } | undefined
  /** Errors that are no news, so many milliseconds after the first attempt: counted, and not told. */
  readonly isRoutine?: ((error: E, elapsed: number) => boolean) | undefined
}

type Retry = <A, F, R>(effect: Effect.Effect<A, F, R>) => Effect.Effect<A, F, R>

export interface RetryPolicy<E> {
  /** Runs a request again and again while its error may pass; fails with the first error that may not. */
  readonly retry: Retry
  /** The same, for so long only: an error that comes later is the last, be it that it may pass. */
  readonly within: (limit: Duration.Input) => Retry
  /** Counts a retry that is made elsewhere, and tells of it at most once a minute, as of all others. */
  readonly tell: (error: E) => Effect.Effect<void>
  /** The retries until now. */
  readonly retries: () => number
  /** When a request last failed in a way that may pass, in milliseconds since the epoch; `-Infinity` if none has. */
  readonly troubledAt: Effect.Effect<number>
}

/** A policy with a count and a log of its own: one for each connection. */
export const make = <E extends { readonly message: string }>(options: Options<E>): RetryPolicy<E> => {
  const { isPassing, isRoutine = () => false, server } = options
  const schedule = backOff(options.backOff)
  const total = Metric.counter(options.counter.name, { description: options.counter.description, incremental: true })
  let retries = 0
  let toldAt = -Infinity
  let troubledAt = -Infinity

  const note = Effect.fnUntraced(function*({ message }: E, now: number, isSilent: boolean) {
    troubledAt = now
    retries++
    yield* Metric.update(total, 1)
    if (isSilent || now - toldAt < minute) return
    toldAt = now
    yield* Effect.logWarning(`${server}: ${message}; trying again`)
  })

  const retrying = (limit: number): Retry => (effect) =>
    Effect.flatMap(MonotonicTime.millis, (started) => {
      const isOverdue = overdue(options.brief)
      return Effect.retry(effect, {
        schedule,
        while: Effect.fnUntraced(function*(error) {
          if (!isPassing(error)) return false
          const now = yield* MonotonicTime.millis
          if (isOverdue(error, now) || now - started >= limit) return false
          yield* note(error, now, isRoutine(error, now - started))
          return true
        })
      })
    })

  return {
    retry: retrying(Infinity),
    // The first request of a connection comes this way: from then on the counter is there to be read, at 0.
    within: (limit) => (effect) => Effect.andThen(Metric.update(total, 0), retrying(Duration.toMillis(limit))(effect)),
    tell: (error) => Effect.flatMap(MonotonicTime.millis, (now) => note(error, now, false)),
    retries: () => retries,
    troubledAt: Effect.sync(() => troubledAt)
  }
}

const minute = 60_000

/** Whether brief errors have come for too long, and no other since. */
const overdue = <E>(brief: Options<E>["brief"]) => {
  if (brief === undefined) return () => false
  const limit = Duration.toMillis(brief.limit)
  let since: number | null = null
  return (error: E, now: number): boolean => {
    since = brief.includes(error) ? since ?? now : null
    return since !== null && now - since >= limit
  }
}
