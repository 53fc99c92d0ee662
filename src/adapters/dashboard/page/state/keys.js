/** The keys of a pipeline that the page knows, in their order, and whether there are more. */
import { get } from "../api.js"

/** A page of them at a time. */
const atOnce = 1_000

/** As many are listed at most; beyond, whoever looks for one says a part of it. */
export const mostKeys = 5_000

/**
 * @typedef {ReturnType<typeof makeKeys>} Keys
 * @param {string} pipeline
 * @param {ReturnType<typeof import("./panes.js").makePanes>} panes which take in what is known of the newest windows
 */
export const makeKeys = (pipeline, panes) => {
  /** @type {Set<string>} */
  const known = new Set()
  /** @type {Array<string> | undefined} */
  let ordered = []
  let total = 0
  let more = false
  let isRead = false

  /** Takes in a key that has come, where there is room for it. @param {string} key */
  const meet = (key) => {
    if (known.size >= mostKeys) {
      more = true
      return known.has(key)
    }
    known.add(key)
    ordered = undefined
    return true
  }

  /** @param {{ keys: Array<{ key: string, newest: any }> }} answer */
  const take = ({ keys }) => {
    for (const { key, newest } of keys) {
      known.add(key)
      if (newest !== null && newest !== undefined) panes.list(pipeline, newest)
    }
    ordered = undefined
  }

  return {
    pipeline,
    clear: () => {
      known.clear()
      ordered = []
      total = 0
      more = false
    },
    all: () => ordered ??= [...known].sort(naturally),
    has: (key) => known.has(key),
    meet,
    /** Whether those that there were before have been read. */
    isRead: () => isRead,
    total: () => Math.max(total, known.size),
    /** Whether there are keys that are not among those that are listed. */
    more: () => more,
    read: async () => {
      /** @type {string | undefined} */
      let after
      for (let read = 0; read < mostKeys; read += atOnce) {
        const answer = await get("keys", { pipeline, after, limit: atOnce })
        take(answer)
        total = answer.total
        more = answer.more
        after = answer.keys.at(-1)?.key
        if (!more) break
      }
      isRead = true
    },
    /** Keys that contain a text, where not all are listed. @param {string} contains */
    find: async (contains) => take(await get("keys", { pipeline, contains, limit: 100 }))
  }
}

const { compare: naturally } = new Intl.Collator("en", { numeric: true })
