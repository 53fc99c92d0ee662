/** What the feed knows of itself: shared by polling and streaming, read as its freshness. */
import { DateTime } from "effect"
import type { Freshness } from "../../streams/ports/Feed.ts"
import type { Priced } from "./Instrument.ts"

export interface Status {
  /** Why polling fails, while it does. */
  failure: string | undefined
  /** When the stream last delivered a price of regular hours, in milliseconds since the epoch; -Infinity without it. */
  lastFrame: number
  /** When the next poll is due, in milliseconds of the monotonic clock; `-Infinity` before the first. */
  dueAt: number
  /** Whether any market is open, as of the last poll. */
  open: boolean
  /** By how many minutes the slowest instrument is held back. */
  delay: number
  /** The time of the newest trade, in milliseconds since the epoch. */
  lastTrade: number
}

export const make = (): Status => ({
  failure: undefined,
  lastFrame: -Infinity,
  dueAt: -Infinity,
  open: true,
  delay: 0,
  lastTrade: -Infinity
})

/** Takes over what a successful poll says. */
export const update = (status: Status, quotes: ReadonlyArray<Priced>): void => {
  status.failure = undefined
  status.open = quotes.some(({ open }) => open)
  status.delay = Math.max(0, ...quotes.map(({ instrument }) => instrument.delay))
  status.lastTrade = Math.max(-Infinity, ...quotes.map(({ time }) => time))
}

/** For how many milliseconds a stream may be silent and still count as delivering. */
const silence = 30_000

export const isStreaming = ({ lastFrame }: Status, now: number): boolean => now - lastFrame <= silence

/**
 * Stale while nothing comes in that might be there; closed while every market is, when the
 * newest number is that of the last session.
 */
export const freshness = (status: Status, now: number): Freshness => {
  const streaming = isStreaming(status, now)
  if (status.failure !== undefined && !streaming) return { _tag: "stale", reason: status.failure }
  if (!status.open && !streaming) {
    const since = Number.isFinite(status.lastTrade) ? `; last trade ${minuteOf(status.lastTrade)}` : ""
    return { _tag: "closed", reason: `the market is closed${since}` }
  }
  return status.delay > 0 ? { _tag: "delayed", minutes: status.delay } : { _tag: "live" }
}

export const minuteOf = (millis: number): string =>
  `${DateTime.formatIso(DateTime.makeUnsafe(millis)).slice(0, 16).replace("T", " ")} UTC`
