/**
 * The panes the page knows: for each pipeline and key its windows, each in its newest form, with the results that it took
 * the place of; and of keys that are only listed the newest window.
 *
 * @typedef {{ pipeline: string, key: string, start: number, end: number, pane: string, revision: number,
 *   changes: number, values: Record<string, string | number | boolean | null> }} Pane
 * @typedef {Pick<Pane, "key" | "start" | "end" | "pane" | "values">} Listed
 * @typedef {"forming" | "early" | "closed"} As an open window as it stands, one that is kept though it is open, or a result
 * @typedef {{ pane: Pane, as: As, before: Array<Pane> }} Entry
 * @typedef {{ windows: Map<string, Entry>, forming: Set<string>, ordered: Array<Pane> | undefined, newest: Pane | undefined, listed: Listed | undefined }} Series
 */

/** As many windows of a key as the server gives at once; older ones are forgotten. */
const kept = 10_000

/** Results of a window that were revised. */
const keptRevisions = 20

/** Windows of all keys: those that were looked at last have theirs. */
const keptInAll = 60_000

/** @param {ReadonlySet<string>} ofSessions pipelines of which an open window grows and takes others in */
export const makePanes = (ofSessions = new Set()) => {
  /** @type {Map<string, Map<string, Series>>} */
  const all = new Map()
  const { recent, use } = makeRecent()

  /** @param {string} pipeline @param {string} key @returns {Series} */
  const series = (pipeline, key) => {
    const ofPipeline = all.get(pipeline) ?? new Map()
    all.set(pipeline, ofPipeline)
    const known = ofPipeline.get(key)
    if (known !== undefined) return known
    const made = { windows: new Map(), forming: new Set(), ordered: undefined, newest: undefined, listed: undefined }
    ofPipeline.set(key, made)
    return made
  }

  /**
   * Takes a pane in. A closed window is not opened again by a message that was on its way,
   * nor a retracted one brought back, and an older pane does not replace a newer one.
   * @param {Pane} pane @param {As} as
   */
  const add = (pane, as) => {
    const its = series(pane.pipeline, pane.key)
    if (!recent.has(its)) use(its)
    const window = windowId(pane)
    const known = its.windows.get(window)
    if (known?.as === "closed" && (as !== "closed" || !replaces(pane, known.pane))) return
    if (as === "forming" && ofSessions.has(pane.pipeline)) takeIn(its, pane, window)
    its.windows.set(window, { pane, as, before: revised(known, pane) })
    if (as === "forming") its.forming.add(window)
    else its.forming.delete(window)
    its.ordered = withPane(its.ordered, known?.pane, pane)
    if (pane.pane === "retracted") {
      its.newest = orderedIn(its).at(-1)
      its.listed = undefined
    } else if (its.newest === undefined || pane.start >= its.newest.start) {
      its.newest = pane
      // What comes last of the same window is what it is now.
      if (its.listed !== undefined && its.listed.start <= pane.start) its.listed = undefined
    }
    if (its.windows.size > kept + slack) forgetOldest(its)
  }

  return {
    add,
    clear: () => {
      all.clear()
      recent.clear()
    },
    /** Takes in what is told of the newest window of a key. @param {string} pipeline @param {Listed} row */
    list: (pipeline, row) => {
      const its = series(pipeline, row.key)
      const known = newestOf(its)
      const isSame = known?.start === row.start && known.end === row.end
      // A closed window is not opened again by a message that was on its way.
      if (isSame && row.pane === "early" && known.pane !== "early") return
      // A row has only the values that are listed.
      const values = isSame ? { ...known.values, ...row.values } : row.values
      if (known === undefined || row.start >= known.start) its.listed = { ...row, values }
    },
    /** The newest window of a key has gone: what comes next is the newest. @param {string} pipeline @param {string} key */
    unlist: (pipeline, key) => {
      const its = series(pipeline, key)
      its.listed = undefined
      its.newest = orderedIn(its).at(-1)
    },
    /** In the order of time; what has not changed is the same. @param {string} pipeline @param {string} key @returns {ReadonlyArray<Pane>} */
    of: (pipeline, key) => {
      const its = series(pipeline, key)
      if (recent.has(its)) use(its)
      return orderedIn(its)
    },
    /** @param {string} pipeline @param {string} key @returns {Listed | undefined} */
    newest: (pipeline, key) => newestOf(series(pipeline, key)),
    /** The window's results before its newest, the oldest first. @param {Pane} pane @returns {Array<Pane>} */
    before: (pane) => series(pane.pipeline, pane.key).windows.get(windowId(pane))?.before ?? [],
    /**
     * What forms and should have closed is no more: a session that has become part of another is not told of again.
     * @param {number | null} watermark
     */
    expire: (watermark) => {
      if (watermark === null) return
      for (const its of recent) {
        for (const id of its.forming) if ((its.windows.get(id)?.pane.end ?? -Infinity) <= watermark) drop(its, id)
      }
    }
  }
}

/** Keys whose windows are kept: of all beyond, those that were looked at longest ago are forgotten. */
const makeRecent = () => {
  /** The one that was asked for last is at the end. @type {Set<Series>} */
  const recent = new Set()

  /** @param {Series} its */
  const use = (its) => {
    recent.delete(its)
    recent.add(its)
    let windows = 0
    for (const { windows: { size } } of recent) windows += size
    for (const oldest of recent) {
      if (windows <= keptInAll || oldest === its) return
      windows -= oldest.windows.size
      recent.delete(oldest)
      forget(oldest)
    }
  }

  return { recent, use }
}

/** @param {Pick<Pane, "start" | "end">} pane */
const windowId = ({ end, start }) => `${start}/${end}`

/** What is listed of a window is dropped when more of it comes. @param {Series} series */
const newestOf = ({ listed, newest }) => listed ?? newest

/** Its newest window stays, as one that is listed. @param {Series} series */
const forget = (series) => {
  series.listed = newestOf(series)
  series.newest = undefined
  series.ordered = undefined
  series.windows.clear()
  series.forming.clear()
}

/** @param {Series} series @param {string} id */
const drop = (series, id) => {
  series.windows.delete(id)
  series.forming.delete(id)
  series.ordered = undefined
  series.newest = orderedIn(series).at(-1)
}

/** A session that is open is what its parts were. @param {Series} series @param {Pane} pane @param {string} window */
const takeIn = (series, pane, window) => {
  for (const id of series.forming) {
    const part = series.windows.get(id)?.pane
    if (id !== window && part !== undefined && part.start < pane.end && pane.start < part.end) drop(series, id)
  }
}

/** @param {Series} series */
const orderedIn = (series) => series.ordered ??= ordered(series.windows)

/**
 * The order with a pane that has come: it nearly always belongs at the end. Where it does not, all are put in order again.
 * @param {Array<Pane> | undefined} order @param {Pane | undefined} known @param {Pane} pane
 */
const withPane = (order, known, pane) => {
  const last = order?.at(-1)
  if (order === undefined || pane.pane === "retracted") return undefined
  if (known !== undefined) return known === last ? [...order.slice(0, -1), pane] : undefined
  return last === undefined || pane.start > last.start ? [...order, pane] : undefined
}

/** What was said at first, while a window was open, is no result. @param {Entry | undefined} known @param {Pane} pane */
const revised = (known, pane) => {
  if (known === undefined || known.as !== "closed" || known.pane.changes === pane.changes) return known?.before ?? []
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

/** @param {Series} series */
const forgetOldest = (series) => {
  for (const pane of byTime(series.windows).slice(0, series.windows.size - kept)) series.windows.delete(windowId(pane))
  series.ordered = undefined
}
