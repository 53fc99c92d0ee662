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
  const midnight = DateTime.startOf(zoned(zoneName, millis), "day")
  return {
    start: DateTime.toEpochMillis(midnight),
    end: DateTime.toEpochMillis(DateTime.add(midnight, { days: 1 }))
  }
}

export const contains = (day: TradingDay, millis: number): boolean => day.start <= millis && millis < day.end

/** The same time of the day before, whether the exchange was open on it or not. */
export const dayEarlier = (zoneName: string, millis: number): number =>
  DateTime.toEpochMillis(DateTime.add(zoned(zoneName, millis), { days: -1 }))

/** The same time of the last day before that is no Saturday and no Sunday. */
export const weekdayEarlier = (zoneName: string, millis: number): number => {
  const earlier = dayEarlier(zoneName, millis)
  const { weekDay } = DateTime.toParts(zoned(zoneName, earlier))
  return weekDay === 0 || weekDay === 6 ? weekdayEarlier(zoneName, earlier) : earlier
}

const zoned = (zoneName: string, millis: number): DateTime.Zoned =>
  DateTime.makeZonedUnsafe(millis, {
    timeZone: Option.getOrElse(DateTime.zoneMakeNamed(zoneName), () => DateTime.zoneMakeOffset(0))
  })
