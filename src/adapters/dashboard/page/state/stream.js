/** The stream of the server's events, opened again whenever it breaks. */
import { isRefused, refusalOf } from "../api.js"

/** The server sends a beat every 15 seconds; after three that did not come the connection is dead. */
const silence = 45_000
const firstWait = 1_000
const longestWait = 10_000
const settling = 150

/**
 * What is wanted of the stream may change at any time: then another one is opened, and the one before it is heard until that
 * one answers.
 *
 * @param {string} address of the first stream
 * @param {{
 *   events: Record<string, (data: any) => void>,
 *   opened: (isKept: boolean) => void,
 *   lost: () => void,
 *   refused: (words: string) => void
 * }} handlers `opened` is called at every connection: there may be something to catch up with. Where another stream was heard
 *   until then, only what that one was not asked for. What is refused is not asked for again until something else is wanted.
 */
export const connect = (address, { events, lost, opened, refused }) => {
  /** The newest one. @type {EventSource | undefined} */
  let source
  const { all, closeWhere } = makeSources()
  let wait = firstWait
  let heard = Date.now()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let changing

  /** @param {EventSource} broken @param {import("../api.js").Refusal | undefined} refusal */
  const goOn = (broken, refusal) => {
    // A session ends with the server's process. The page then makes way for the answer that says what is needed.
    if (refusal?.status === 401) return location.reload()
    if (isRefused(refusal)) return refused(refusal.message)
    setTimeout(() => broken === source && open(), wait)
    wait = Math.min(wait * 2, longestWait)
  }

  const open = () => {
    closeWhere((one) => one.readyState !== EventSource.OPEN)
    const current = new EventSource(address)
    source = current
    all.add(current)
    heard = Date.now()
    current.addEventListener("open", () => {
      if (current !== source) return
      const isKept = [...all].some((one) => one !== current && one.readyState === EventSource.OPEN)
      closeWhere((one) => one !== current)
      wait = firstWait
      heard = Date.now()
      opened(isKept)
    })
    current.addEventListener("error", () => {
      if (current !== source) return
      closeWhere((one) => one !== current)
      lost()
      // The browser tries again by itself after a broken connection, but gives up after an answer such as 502.
      if (current.readyState !== EventSource.CLOSED) return
      void refusalOf(address).then((refusal) => {
        if (current === source) goOn(current, refusal)
      })
    })
    // A beat has nothing to say but that it came.
    for (const name of [...Object.keys(events), "beat"]) {
      current.addEventListener(name, ({ data }) => {
        heard = Date.now()
        events[name]?.(JSON.parse(data))
      })
    }
  }

  open()
  setInterval(() => {
    if (source?.readyState !== EventSource.OPEN || Date.now() - heard < silence) return
    lost()
    open()
  }, 5_000)
  // A phone or laptop that wakes up should not wait for the watch above.
  addEventListener("online", open)

  return {
    /** What was heard before is not heard any more: it is of another instant. @param {string} next */
    replace: (next) => {
      clearTimeout(changing)
      closeWhere(() => true)
      address = next
      open()
    },
    /** Changes that follow each other quickly, as when a key is held down, are one. @param {string} next */
    change: (next) => {
      clearTimeout(changing)
      if (next === address) return
      changing = setTimeout(() => {
        address = next
        open()
      }, settling)
    }
  }
}

/** The newest one, and one that is heard until it answers. */
const makeSources = () => {
  /** @type {Set<EventSource>} */
  const all = new Set()

  /** @param {(one: EventSource) => boolean} which */
  const closeWhere = (which) => {
    for (const one of all) {
      if (!which(one)) continue
      one.close()
      all.delete(one)
    }
  }
  return { all, closeWhere }
}
