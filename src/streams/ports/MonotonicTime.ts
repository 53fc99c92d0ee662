/**
 * The clock for how long something took. The wall clock says what date it is: it is set, it jumps when a computer wakes,
 * and a difference of two of its readings is no duration.
 */
import { Clock, Effect } from "effect"

/** Milliseconds, with fractions, since some moment that does not change while the process runs. */
export const millis: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** A timer has whole milliseconds and must not come early. */
export const sleepUntil = (due: number): Effect.Effect<void> =>
  Effect.flatMap(millis, (now) => Effect.sleep(Math.max(1, Math.ceil(due - now))))
