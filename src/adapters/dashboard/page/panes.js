/**
 * The panes the page knows: for each pipeline and key its windows, each in its newest form.
 *
 * @typedef {{ pipeline: string, key: string, start: number, end: number, pane: string, revision: number,
 *   changes: number, values: Record<string, string | number | boolean | null> }} Pane
 * @typedef {{ pane: Pane, closed: boolean }} Entry
 */

/** As many windows of a key as the server gives at once; older ones are forgotten. */
const kept = 1_000

export const makePanes = () => {
  /** @type {Map<string, { windows: Map<string, Entry>, newest: Pane | undefined }>} */
  const all = new Map()

  /** @param {string} pipeline @param {string} key */
  const series = (pipeline, key) => {
    const id = JSON.stringify([pipeline, key])
    const known = all.get(id)
    if (known !== undefined) return known
    const made = { windows: new Map(), newest: undefined }
    all.set(id, made)
    return made
  }

  /**
   * Takes a pane in. A closed window is not opened again by a message that was on its way,
   * nor a retracted one brought back, and an older pane does not replace a newer one.
   * @param {Pane} pane @param {boolean} closed
   */
  const add = (pane, closed) => {
    const its = series(pane.pipeline, pane.key)
    const window = `${pane.start}/${pane.end}`
    const known = its.windows.get(window)
    if (known?.closed && (!closed || !replaces(pane, known.pane))) return
    its.windows.set(window, { pane, closed })
    if (pane.pane === "retracted") its.newest = ordered(its.windows).at(-1)
    else if (its.newest === undefined || pane.start >= its.newest.start) its.newest = pane
    if (its.windows.size > kept + slack) forgetOldest(its.windows)
  }

  return {
    add,
    /** In the order of time. @param {string} pipeline @param {string} key */
    of: (pipeline, key) => ordered(series(pipeline, key).windows),
    /** @param {string} pipeline @param {string} key */
    newest: (pipeline, key) => series(pipeline, key).newest
  }
}

/** @param {Map<string, Entry>} windows @returns {Array<Pane>} */
const ordered = (windows) =>
  byTime(windows).filter(({ pane }) => pane !== "retracted")

/** @param {Map<string, Entry>} windows @returns {Array<Pane>} */
const byTime = (windows) =>
  [...windows.values()].map(({ pane }) => pane).sort((a, b) => a.start - b.start || a.end - b.end)

/** @type {Record<string, number>} */
const ranks = { early: 0, "on-time": 1, late: 1, retracted: 2 }

/**
 * Whether a pane takes the place of one of its window, as in every sink (`Pane.replaces`).
 * @param {Pane} pane @param {Pane} known
 */
export const replaces = (pane, known) =>
  pane.changes > known.changes ||
  (pane.changes === known.changes && (ranks[pane.pane] ?? 0) >= (ranks[known.pane] ?? 0))

/** So many more before the oldest go, since finding them takes sorting. */
const slack = 100

/** @param {Map<string, Entry>} windows */
const forgetOldest = (windows) => {
  for (const { end, start } of byTime(windows).slice(0, windows.size - kept)) windows.delete(`${start}/${end}`)
}
