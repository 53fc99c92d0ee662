/**
 * What the clock at an event's append says of its event time. Both are in the log, so that a replay decides the same.
 *
 * Seconds taken for milliseconds are in January of 1970, and microseconds tens of thousands of years ahead: no clock is
 * near, and no bound of disorder helps. So a time is refused that is near the clock in another unit. History in
 * milliseconds is taken, however old it is: that January's too, where the partition comes to it from the days before.
 */
import type { Refusal } from "./Refusal.ts"

const day = 86_400_000
const year = 365.25 * day

/** So near to the clock, in another unit, is no history. */
export const near = 5 * year

/** Before 2021 the clock at an append is none: a producer's own time, or 0. */
export const firstClock = 51 * year

/** So near to the event before it is history. */
const following = 14 * day

/**
 * Why an event cannot be at `time`, in milliseconds since the epoch as all times; `null` where it can. `latest` is the
 * largest event time that its partition has had, `-Infinity` before the first.
 */
export const refusalOf = (time: number, appendedAt: number, latest: number, maxTimeAhead: number): Refusal | null => {
  if (isNear(time * 1_000, appendedAt) && !(Math.abs(time - latest) <= following)) return otherUnit(time, "seconds", appendedAt)
  if (isNear(time / 1_000, appendedAt)) return otherUnit(time, "microseconds", appendedAt)
  if (!(time > appendedAt + maxTimeAhead)) return null
  return { reason: "time-ahead", detail: `its time ${iso(time)} is ahead of the clock, which was at ${iso(appendedAt)}` }
}

const isNear = (time: number, clock: number): boolean => Math.abs(time - clock) <= near && clock >= firstClock

const otherUnit = (time: number, unit: string, clock: number): Refusal => ({
  reason: "not-milliseconds",
  detail: `its time ${time} looks like ${unit}: in milliseconds it is ${iso(time)}, and the clock was at ${iso(clock)}`
})

/** A clock that others set may say what no date can. */
const iso = (time: number): string => Math.abs(time) <= 8_640_000_000_000_000 ? new Date(time).toISOString() : String(time)
