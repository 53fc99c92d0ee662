/**
 * The panes the page knows: for each pipeline and key its windows, each in its newest form, with the results that it took
 * the place of; and of keys that are only listed the newest window.
 *
 * @typedef {{ pipeline: string, key: string, start: number, end: number, pane: string, revision: number,
 *   changes: number, values: Record<string, string | number | boolean | null> }} Pane
 * @typedef {Pick<Pane, "key" | "start" | "end" | "pane" | "values">} Listed
 * @typedef {{ pane: Pane, closed: boolean, before: Array<Pane> }} Entry
 * @typedef {{ windows: Map<string, Entry>, newest: Pane | undefined, listed: Listed | undefined }} Series
 */

/** As many windows of a key as the server gives at once; older ones are forgotten. */
const kept = 1_000

/** Results of a window that were revised. */
const keptRevisions = 20

/** Keys whose windows are kept: those that were looked at last. */
const keptKeys = 12

export const makePanes = () => {
  /** @type {Map<string, Map<string, Series>>} */
  const all = new Map()
  /** Those with windows, the one that was asked for last at the end. @type {Map<string, Series>} */
  const recent = new Map()

  /** @param {string} pipeline @param {string} key */
  const series = (pipeline, key) => {
    const ofPipeline = all.get(pipeline) ?? new Map()
    all.set(pipeline, ofPipeline)
    const known = ofPipeline.get(key)
    if (known !== undefined) return known
    /** @type {Series} */
    const made = { windows: new Map(), newest: undefined, listed: undefined }
    ofPipeline.set(key, made)
    return made
  }

  /** @param {string} pipeline @param {string} key @param {Series} its */
  const use = (pipeline, key, its) => {
    const id = JSON.stringify([pipeline, key])
    recent.delete(id)
    recent.set(id, its)
    if (recent.size <= keptSeries) return
    for (const [oldest, its] of recent) {
      recent.delete(oldest)
      its.listed = newestOf(its)
      its.newest = undefined
      its.windows.clear()
      return
    }
  }

  /**
   * Takes a pane in. A closed window is not opened again by a message that was on its way,
   * nor a retracted one brought back, and an older pane does not replace a newer one.
   * @param {Pane} pane @param {boolean} closed
   */
  const add = (pane, closed) => {
    const its = series(pane.pipeline, pane.key)
    if (its.windows.size === 0) use(pane.pipeline, pane.key, its)
    const window = `${pane.start}/${pane.end}`
    const known = its.windows.get(window)
    if (known?.closed && (!closed || !replaces(pane, known.pane))) return
    its.windows.set(window, { pane, closed, before: revised(known, pane) })
    if (pane.pane === "retracted") {
      its.newest = ordered(its.windows).at(-1)
      its.listed = undefined
    } else if (its.newest === undefined || pane.start >= its.newest.start) {
      its.newest = pane
      // What comes last of the same window is what it is now.
      if (its.listed !== undefined && its.listed.start <= pane.start) its.listed = undefined
    }
    if (its.windows.size > kept + slack) forgetOldest(its.windows)
  }

  return {
    add,
    /** Takes in what is told of the newest window of a key. @param {string} pipeline @param {Listed} row */
    list: (pipeline, row) => {
      const its = series(pipeline, row.key)
      const known = newestOf(its)
      // A row has only the values that are listed.
      const values = known?.start === row.start && known.end === row.end ? { ...known.values, ...row.values } : row.values
      if (known === undefined || row.start >= known.start) its.listed = { ...row, values }
    },
    /** In the order of time. @param {string} pipeline @param {string} key @returns {Array<Pane>} */
    of: (pipeline, key) => {
      const its = series(pipeline, key)
      if (its.windows.size > 0) use(pipeline, key, its)
      return ordered(its.windows)
    },
    /** @param {string} pipeline @param {string} key @returns {Listed | undefined} */
    newest: (pipeline, key) => newestOf(series(pipeline, key)),
    /** The window's results before its newest, the oldest first. @param {Pane} pane @returns {Array<Pane>} */
    before: ({ end, key, pipeline, start }) => series(pipeline, key).windows.get(`${start}/${end}`)?.before ?? []
  }
}

/** Each key that is looked at has windows of a few pipelines. */
const keptSeries = keptKeys * 4

/** What is listed of a window is dropped when more of it comes. @param {Series} series */
const newestOf = ({ listed, newest }) => listed ?? newest

/** What was said at first, while a window was open, is no result. @param {Entry | undefined} known @param {Pane} pane */
const revised = (known, pane) => {
  if (known === undefined || !known.closed || known.pane.changes === pane.changes) return known?.before ?? []
  return [...known.before, known.pane].slice(-keptRevisions)
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
