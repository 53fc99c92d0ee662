/** When something happened in the market: whole milliseconds since the Unix epoch, in UTC. */
import { Schema } from "effect"

/** 1900-01-01 and 2100-01-01. Microseconds mistaken for milliseconds fall outside. */
export const earliest = -2_208_988_800_000
export const latest = 4_102_444_800_000

export const EventTime = Schema.Int.check(Schema.isBetween({ minimum: earliest, maximum: latest }))
