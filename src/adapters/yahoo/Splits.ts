/** Splits that took place since something was fed of a symbol. Pure. */
import { BigDecimal, Option, Schema } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import { EventTime } from "../../domain/EventTime.ts"
import * as Responses from "./Responses.ts"

/** All splits that a log has gone through, as one of so many for so many. */
export const Split = Schema.Struct({
  numerator: Schema.Finite,
  denominator: Schema.Finite,
  /** When the newest of them took place. */
  at: EventTime
})

export type Split = typeof Split.Type

/**
 * The splits so far, with those that charts report and that took place after `since`, when nothing or something in older
 * units had been fed. What Yahoo gives is in the units of the moment in which it gives it, however old it is.
 */
export const withNewer = (
  before: Split | undefined,
  charts: ReadonlyArray<Responses.Chart | undefined>,
  since: number
): Split | undefined => {
  if (!Number.isFinite(since)) return before
  const reported = new Map(charts.flatMap((chart) => splitsIn(chart)).map((split) => [split.date, split]))
  const newer = [...reported.values()].filter(({ date }) => date > Math.max(since, before?.at ?? -Infinity))
  return newer.sort((a, b) => a.date - b.date).reduce<Split | undefined>((all, { date, denominator, numerator }) => ({
    numerator: (all?.numerator ?? 1) * numerator,
    denominator: (all?.denominator ?? 1) * denominator,
    at: date
  }), before)
}

const splitsIn = (chart: Responses.Chart | undefined): ReadonlyArray<Responses.Split> =>
  Option.match(Schema.decodeUnknownOption(Responses.Events)(chart?.events), {
    onNone: () => [],
    onSome: ({ splits }) => Object.values(splits ?? {}).filter(({ denominator, numerator }) => numerator > 0 && denominator > 0)
  })

/** What a price is multiplied by to be compared with those before the splits. */
export const factor = ({ denominator, numerator }: Split): string =>
  Decimal.format(BigDecimal.round(BigDecimal.fromNumberUnsafe(numerator / denominator), { scale: 8, mode: "half-from-zero" }))
