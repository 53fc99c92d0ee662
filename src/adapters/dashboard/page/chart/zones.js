/** In whose time the page tells the time. @typedef {"exchange" | "local" | "UTC"} Zone */

/** @param {string} text @returns {text is Zone} */
export const isZone = (text) => text === "exchange" || text === "local" || text === "UTC"

/** The name of the time zone. @param {Zone} zone @param {string} exchange the exchange's */
export const timeZoneOf = (zone, exchange) =>
  zone === "exchange" ? exchange : zone === "UTC" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone
