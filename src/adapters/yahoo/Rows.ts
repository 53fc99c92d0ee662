/** From a chart's columns to its rows: in order of time, one a start, and without those that cannot be. Pure. */
import * as Instrument from "./Instrument.ts"
import type * as Responses from "./Responses.ts"

export interface Row {
  readonly start: number
  readonly interval: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/** A row that cannot be, and why. */
export interface Impossible {
  readonly row: Row
  readonly reason: string
}

export interface Rows {
  readonly rows: ReadonlyArray<Row>
  readonly impossible: ReadonlyArray<Impossible>
}

/**
 * The rows of a chart that have prices. Of several with the same start the one with the most volume is the newest, since
 * volume only grows; of equal ones the last is.
 */
export const of = (chart: Responses.Chart, interval: number, instrument: Instrument.Instrument): Rows => {
  const byStart = new Map<number, Row>()
  for (const row of priced(chart, interval)) {
    const other = byStart.get(row.start)
    if (other === undefined || row.volume >= other.volume) byStart.set(row.start, row)
  }
  const rows: Array<Row> = []
  const impossible: Array<Impossible> = []
  for (const row of [...byStart.values()].sort((a, b) => a.start - b.start)) {
    const reason = whyImpossible(row, instrument)
    if (reason === undefined) rows.push(row)
    else impossible.push({ row, reason })
  }
  return amongOthers(rows, impossible)
}

const priced = ({ indicators, timestamp }: Responses.Chart, interval: number): ReadonlyArray<Row> => {
  const columns = indicators.quote[0] ?? {}
  return (timestamp ?? []).flatMap((start, index) => {
    const open = columns.open?.[index]
    const high = columns.high?.[index]
    const low = columns.low?.[index]
    const close = columns.close?.[index]
    if (open == null || high == null || low == null || close == null) return []
    return [{ start, interval, open, high, low, close, volume: wholeUnits(columns.volume?.[index] ?? 0) }]
  })
}

/** Bars count whole units. */
const wholeUnits = (volume: number): number => Math.max(0, Math.round(volume))

const whyImpossible = ({ close, high, low, open }: Row, instrument: Instrument.Instrument): string | undefined => {
  if (low > high) return "its low is above its high"
  if (![open, high, low, close].every((price) => Instrument.mayCost(instrument, price))) return "it has a price of nothing"
  if (Math.min(open, close) < low || Math.max(open, close) > high) return "it opens or closes beyond its high and low"
  return isHundredth(low, high) ? "its low is a hundredth of its high" : undefined
}

/** Pence for pounds, or the other way round. */
const isHundredth = (small: number, large: number): boolean => small * 80 < large && large < small * 125

/**
 * Without the rows that are a hundredth of the others, or a hundred times as much: from one row to the next such a step
 * leads to another level, and most rows are on the right one. Prices that fall as far in several steps stay.
 */
const amongOthers = (rows: ReadonlyArray<Row>, impossible: ReadonlyArray<Impossible>): Rows => {
  let level = 0
  const levels = rows.map(({ close }, index) => {
    const before = rows[index - 1]?.close ?? close
    if (isHundredth(before, close)) level++
    if (isHundredth(close, before)) level--
    return level
  })
  const countOf = (level: number) => levels.filter((each) => each === level).length
  const usual = [...new Set(levels)].sort((a, b) => countOf(b) - countOf(a))[0] ?? 0
  const reasonOf = (level: number) => level < usual ? "it is a hundredth of those around it" : "it is a hundred times those around it"
  return {
    rows: rows.filter((_, index) => levels[index] === usual),
    impossible: [
      ...impossible,
      ...rows.flatMap((row, index) => levels[index] === usual ? [] : [{ row, reason: reasonOf(levels[index]!) }])
    ]
  }
}
