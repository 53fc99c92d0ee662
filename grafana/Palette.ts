/** One meaning, one colour, on every panel. Chosen for Grafana's dark theme. */

const green = "#2fb886"
const red = "#ee5d5d"

export const up = green
export const down = red
export const flat = "#8a919c"

export const price = "#d5dbe3"
export const average = "#f5a742"
export const slowAverage = "#6ea8fe"
export const exponential = "#e879b9"
export const band = "#5b7086"
export const vwap = "#c792ea"

/** Of hours in which an exchange trades, and of minutes that are not final. */
export const regular = "#5b7086"
export const extended = "#f5a742"
export const provisional = "#e8c547"

export const fine = green
export const worth = "#e8c547"
export const bad = red

/**
 * The symbols that courant shows by itself: those of the recorded session, and those it asks for by default.
 * Others have one of Grafana's colours, by their names.
 */
export const symbols: Readonly<Record<string, string>> = {
  AIG: "#f5a742",
  BAC: "#6ea8fe",
  IBM: "#c792ea",
  SPY: "#5ad1c0",
  AAPL: "#d5dbe3",
  AMZN: "#f5a742",
  GOOGL: "#6ea8fe",
  MSFT: "#5ad1c0",
  NVDA: "#b4d455"
}
