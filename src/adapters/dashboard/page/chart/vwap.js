/**
 * The mean price of what was traded since the exchange's session began, with the hours before it, each weighted by its size: of each
 * minute's own such mean and volume, as Grafana's panel has it. What is traded after a session counts with it. A publisher's bar has
 * no such mean. From the first one of a session on it is an estimate: what was traded in such a minute counts at the mean of its
 * high, low and close.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {{ at: number, pane: Pane, values: { vwap: number | null, estimate: number | null }, day: string, traded: number, worth: number,
 *   isEstimated: boolean }} SoFar
 */

import { makeDates } from "./dates.js"
import { begunAt } from "./sessions.js"

/** Minutes that have not changed are not added again. */
export const makeVwap = () => {
  /** @type {Array<SoFar>} */
  let known = []
  let zone = ""
  let trading = []
  let since = NaN
  let dateIn = makeDates("UTC")

  /**
   * @param {ReadonlyArray<Pane>} panes of `candles-1m` in the order of time
   * @param {import("./sessions.js").Exchange} exchange whose dates are the days where nothing is known of its trading
   * @param {number} knownFrom the day in which this is has no VWAP, unless it has just begun
   */
  return (panes, { spans, timeZone }, knownFrom) => {
    if (zone !== timeZone || since !== knownFrom || trading !== spans) {
      [known, zone, since, trading] = [[], timeZone, knownFrom, spans]
      dateIn = makeDates(timeZone)
    }
    const dateOf = (time) => spans[begunAt(spans, time)]?.date ?? dateIn(time)
    const isPartly = Number.isFinite(knownFrom) ? dateOf(knownFrom - 1) : null
    let same = 0
    while (same < known.length && same < panes.length && known[same].pane === panes[same]) same++
    known.length = same
    for (const pane of panes.slice(same)) {
      const day = dateOf(pane.start)
      const before = known.at(-1)
      const soFar = added(pane, day, before?.day === day ? before : undefined)
      known.push(day === isPartly ? { ...soFar, values: { vwap: null, estimate: null } } : soFar)
    }
    return known
  }
}

/** @param {Pane} pane @param {string} day @param {SoFar | undefined} before of the same day @returns {SoFar} */
const added = (pane, day, before) => {
  const { close, high, low, volume, vwap } = pane.values
  const counts = volume != null && (vwap != null || close != null)
  const traded = (before?.traded ?? 0) + (counts ? Number(volume) : 0)
  const price = vwap == null ? (Number(high) + Number(low) + Number(close)) / 3 : Number(vwap)
  const worth = (before?.worth ?? 0) + (counts ? price * Number(volume) : 0)
  const isEstimated = (before?.isEstimated ?? false) || (counts && vwap == null)
  const mean = counts && traded > 0 ? worth / traded : null
  return { at: pane.start, pane, day, traded, worth, isEstimated, values: { vwap: isEstimated ? null : mean, estimate: isEstimated ? mean : null } }
}
