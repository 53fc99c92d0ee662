/**
 * What the chart draws: a candle of any length, with its figures as they are printed and as numbers to draw.
 *
 * @typedef {import("../state/panes.js").Pane} Pane
 * @typedef {import("./decimal.js").Decimal} Decimal
 * @typedef {"forming" | "provisional" | "revised" | "final"} State
 *
 * A bar that is `forming` may still change with every trade. A `provisional` one is closed, and records are still to come in the
 * place of some that it is made of. A `revised` one was changed by events that came after it had closed.
 *
 * `last` is the beginning of the newest minute in it.
 *
 * @typedef {{ time: number, end: number, last: number, open: Decimal | null, high: Decimal | null, low: Decimal | null, close: Decimal | null,
 *   volume: Decimal | null, trades: Decimal | null, provisional: Decimal | null, state: State, revisions: number,
 *   drawn: { open: number, high: number, low: number, close: number, volume: number } | null, pane: Pane | null }} Bar
 */

const minute = 60_000

/** @type {WeakMap<Pane, Bar>} */
const known = new WeakMap()

/** The bar of a pane; always the same one of the same pane. @param {Pane} pane @returns {Bar} */
export const barOf = (pane) => {
  const its = known.get(pane)
  if (its !== undefined) return its
  const { end, start, values } = pane
  const [open, high, low, close, volume, trades, provisional] = names.map((name) => decimal(values[name]))
  const state = stateOf({ isForming: pane.pane === "early", provisional, isRevised: pane.pane === "late" })
  const made = bar({
    time: start, end, last: end - minute, open, high, low, close, volume, trades, provisional, state, pane,
    revisions: pane.pane === "late" ? Math.max(1, pane.revision) : 0
  })
  known.set(pane, made)
  return made
}

const names = ["open", "high", "low", "close", "volume", "trades", "provisional"]

/** @param {unknown} value @returns {Decimal | null} */
const decimal = (value) => typeof value === "number" || (typeof value === "string" && value !== "") ? value : null

/** @param {Omit<Bar, "drawn">} figures @returns {Bar} */
export const bar = (figures) => {
  const { close, high, low, open, volume } = figures
  const isPriced = open !== null && high !== null && low !== null && close !== null
  return {
    ...figures,
    // A minute whose trades formed no price keeps its place, and nothing of it is drawn but its volume.
    drawn: isPriced ? { open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(volume ?? 0) } : null
  }
}

/** @param {{ isForming: boolean, provisional: Decimal | null, isRevised: boolean }} what @returns {State} */
export const stateOf = ({ isForming, isRevised, provisional }) =>
  isForming ? "forming" : Number(provisional ?? 0) > 0 ? "provisional" : isRevised ? "revised" : "final"
