/** Times that a command is given: instants, or what a clock shows in a time zone. */
import { DateTime, Effect, Option } from "effect"
import { usage } from "./terminal/Problem.ts"

export interface Given {
  readonly text: string
  /** In milliseconds since the epoch; of a time without a zone, as if it were one of UTC. */
  readonly millis: number
  readonly isLocal: boolean
}

const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?))?\s*(Z|[+-]\d\d:?\d\d)?$/i

/** Undefined where it has no form of a time. */
export const parse = (text: string): Given | undefined => {
  if (/^-?\d{1,17}$/.test(text)) return { text, millis: Number(text), isLocal: false }
  const [, date, clock = "00:00", zone] = form.exec(text) ?? []
  if (date === undefined) return undefined
  const offset = zone?.toUpperCase().replace(/^(.\d\d)(\d\d)$/, "$1:$2") ?? "Z"
  const millis = Date.parse(`${date}T${clock.replace(",", ".")}${offset}`)
  // 30 February is 1 March for some.
  const isDay = Number.isFinite(millis) && new Date(`${date}T00:00Z`).toISOString().startsWith(date)
  return isDay ? { text, millis, isLocal: zone === undefined } : undefined
}

/** The instant that is meant, in milliseconds since the epoch. */
export const instantOf = Effect.fnUntraced(function*(given: Given, timeZone: string) {
  const odd = oddIn(given.text)
  if (odd !== null) return yield* usage(`${given.text} looks like ${odd}: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z`)
  if (!given.isLocal) return given.millis
  const on = (disambiguation: DateTime.Disambiguation) => DateTime.makeZoned(given.millis, { timeZone, adjustForTimeZone: true, disambiguation })
  const only = on("reject")
  if (Option.isSome(only)) return DateTime.toEpochMillis(only.value)
  const [first, second] = [on("earlier"), on("later")].map(Option.getOrThrow)
  const isTwice = [first!, second!].every((time) => DateTime.toEpochMillis(time) + DateTime.zonedOffset(time) === given.millis)
  return yield* usage(isTwice
    ? `${given.text} is there twice in ${timeZone}, where the clock goes back: write it with its offset, ${DateTime.zonedOffsetIso(first!)} or ${DateTime.zonedOffsetIso(second!)}`
    : `there is no ${given.text} in ${timeZone}, where the clock goes forward: write a time with its offset, such as ${DateTime.formatIso(second!)}`)
})

/** What digits alone may be that are no milliseconds since the epoch of any market. */
export const oddIn = (text: string): string | null => {
  const [, year, month, day] = /^((?:19|20)\d\d)(?:(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3]|$)(?:[0-5]\d){0,2})?$/.exec(text) ?? []
  if (month !== undefined) return `the date ${year}-${month}-${day}`
  if (year !== undefined) return `the year ${year}`
  if (/^\d{9,10}$/.test(text)) return "seconds"
  return /^\d{15,}$/.test(text) ? "microseconds" : null
}

/** The zone in which times are shown, and read where they have none. */
export const zoneOf = (timeZone: Option.Option<string>): string => Option.getOrElse(timeZone, () => Intl.DateTimeFormat().resolvedOptions().timeZone)
