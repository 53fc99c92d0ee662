/** The exchange's calendar day: from midnight to midnight in its own time zone, 23 to 25 hours long. */
import { DateTime, Option } from "effect"

export interface TradingDay {
  /** The first millisecond. */
  readonly start: number
  /** The first millisecond after it. */
  readonly end: number
}

/** The day in which an instant lies. A zone that is not known counts as UTC. */
export const at = (zoneName: string, millis: number): TradingDay => {
  const zone = Option.getOrElse(DateTime.zoneMakeNamed(zoneName), () => DateTime.zoneMakeOffset(0))
  const midnight = DateTime.startOf(DateTime.makeZonedUnsafe(millis, { timeZone: zone }), "day")
  return {
    start: DateTime.toEpochMillis(midnight),
    end: DateTime.toEpochMillis(DateTime.add(midnight, { days: 1 }))
  }
}

export const contains = (day: TradingDay, millis: number): boolean => day.start <= millis && millis < day.end

/** The day before, whether the exchange was open on it or not. */
export const before = (zoneName: string, day: TradingDay): TradingDay => at(zoneName, day.start - 1)
