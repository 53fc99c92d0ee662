/**
 * What the page shows, as its address says it: `#/PIPELINE/KEY?interval=5m&range=session&zone=UTC`. A bookmark or a copied
 * link brings it back. `#/PIPELINE/` is the empty key, that of a pipeline without keys; `#/PIPELINE` names none.
 *
 * @typedef {{ pipeline?: string, key?: string, options: Record<string, string> }} Address
 */

/**
 * Older addresses name a symbol and an interval alone, `#AAPL/5m`; who types one may leave out the interval, write a
 * symbol as it is (`#BTC/USDT`), and in lower case.
 * @param {string} hash @returns {Address}
 */
export const parse = (hash) => {
  const text = hash.replace(/^#/, "")
  if (text === "") return { options: {} }
  if (!text.startsWith("/")) return former(text)
  const [path = "", query = ""] = divided(text.slice(1), "?")
  const [pipeline = "", key] = divided(path, "/")
  return {
    ...(pipeline === "" ? {} : { pipeline: decoded(pipeline) }),
    ...(key === undefined ? {} : { key: decoded(key) }),
    options: Object.fromEntries(new URLSearchParams(query))
  }
}

/** @param {string} text @returns {Address} */
const former = (text) => {
  const [, symbol = "", interval] = /^(.*?)(?:\/(1m|5m))?$/.exec(text) ?? []
  return {
    ...(symbol === "" ? {} : { key: decoded(symbol).toUpperCase() }),
    options: interval === undefined ? {} : { interval }
  }
}

/** @param {Address} address */
export const format = ({ key, options, pipeline = "" }) => {
  const said = Object.entries(options).filter(([, value]) => value !== "")
  // Commas and colons are read more easily as they are.
  const query = said.length === 0 ? "" : `?${String(new URLSearchParams(said)).replaceAll("%2C", ",").replaceAll("%3A", ":")}`
  return `#/${encodeURIComponent(pipeline)}${key === undefined ? "" : `/${encodeURIComponent(key)}`}${query}`
}

/** @param {string} text @param {string} at */
const divided = (text, at) => {
  const index = text.indexOf(at)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

/** What is no escape stands for itself. @param {string} text */
export const decoded = (text) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
