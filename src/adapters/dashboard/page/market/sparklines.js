/** The newest closes of the symbols in view: read once for each that comes into view, then carried on from what the list is told. */

/** Closes of a symbol: an hour of minutes. */
const kept = 60

/** Symbols whose closes are kept: those that were in view last. */
const keptKeys = 300

/** Reads at a time. */
const atOnce = 2

/** @param {(key: string) => Promise<ReadonlyArray<{ start: number, close: number }>>} read @param {() => void} changed */
export const makeSparklines = (read, changed) => {
  /** @type {Map<string, Map<number, number>>} */
  const known = new Map()
  /** @type {Set<string>} */
  const waiting = new Set()
  let reading = 0

  const next = async () => {
    if (reading >= atOnce) return
    // Whatever came into view last is looked at now.
    const key = [...waiting].at(-1)
    if (key === undefined) return
    waiting.delete(key)
    reading++
    try {
      for (const { close, start } of await read(key)) note(key, start, close)
      changed()
    } catch {
      // It is read again when it comes into view again.
      known.delete(key)
    }
    reading--
    void next()
  }

  /** @param {string} key @param {number} start @param {number} close */
  const note = (key, start, close) => {
    const its = known.get(key)
    if (its === undefined) return
    its.set(start, close)
    if (its.size > kept) its.delete(Math.min(...its.keys()))
  }

  return {
    note,
    /** Of whom there are closes. */
    keys: () => known.keys(),
    /** @param {string} key @returns {ReadonlyArray<number>} */
    of: (key) => {
      const its = known.get(key)
      if (its !== undefined) return [...its].sort(([a], [b]) => a - b).map(([, close]) => close)
      known.set(key, new Map())
      if (known.size > keptKeys) known.delete(known.keys().next().value ?? "")
      waiting.add(key)
      for (const oldest of waiting) if (waiting.size > keptKeys) waiting.delete(oldest)
      void next()
      return []
    }
  }
}

/** Closes as the points of a line. @param {ReadonlyArray<number>} closes @param {number} width @param {number} height */
export const pointsOf = (closes, width, height) => {
  if (closes.length < 2) return ""
  const low = Math.min(...closes)
  const range = Math.max(...closes) - low
  const x = (i) => (i / (closes.length - 1) * (width - 2) + 1).toFixed(1)
  const y = (close) => (range === 0 ? height / 2 : height - 2 - (close - low) / range * (height - 4)).toFixed(1)
  return closes.map((close, i) => `${x(i)},${y(close)}`).join(" ")
}
