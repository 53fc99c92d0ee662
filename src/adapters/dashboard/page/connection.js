/** The stream of the server's events, opened again whenever it breaks. */

/** The server sends a beat every 15 seconds; after three that did not come the connection is dead. */
const silence = 45_000
const firstWait = 1_000
const longestWait = 10_000

/**
 * @param {{
 *   events: Record<string, (data: any) => void>,
 *   opened: () => void,
 *   lost: () => void
 * }} handlers `opened` is called at every connection: there may be something to catch up with.
 */
export const connect = ({ events, lost, opened }) => {
  /** A beat has nothing to say but that it came. @type {Record<string, (data: any) => void>} */
  const handlers = { ...events, beat: () => undefined }
  /** @type {EventSource | undefined} */
  let source
  let wait = firstWait
  let heard = Date.now()

  const open = () => {
    source?.close()
    const current = new EventSource("/api/stream")
    source = current
    heard = Date.now()
    current.addEventListener("open", () => {
      wait = firstWait
      heard = Date.now()
      opened()
    })
    current.addEventListener("error", () => {
      lost()
      // The browser tries again by itself after a broken connection, but gives up after an answer such as 502.
      if (current.readyState !== EventSource.CLOSED) return
      void showRefusal()
      setTimeout(() => current === source && open(), wait)
      wait = Math.min(wait * 2, longestWait)
    })
    for (const [name, handle] of Object.entries(handlers)) {
      current.addEventListener(name, (event) => {
        heard = Date.now()
        handle(JSON.parse(event.data))
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
}

/** A session ends with the server's process. The page then makes way for the answer that says what is needed. */
const showRefusal = async () => {
  const { status } = await fetch("/api/health", { method: "HEAD" }).catch(() => ({ status: 0 }))
  if (status === 401) location.reload()
}
