/** Reads from the server, and the few things that it can be asked to do. */

const base = "/api/v1"

/** The instant that is shown; nothing for now. It is played on at a speed, and stands at 0. @type {{ at: number | undefined, speed: number }} */
export const past = { at: undefined, speed: 0 }

/** What is told as it was known at an instant. */
const ofInstant = ["alerts", "graph", "keys", "letters", "panes"]

/** What nobody waits for where another instant is shown. */
const waitedFor = [...ofInstant, "changes"]

let wanted = new AbortController()

/** Nobody waits any more for what was asked: another instant is shown. */
export const giveUp = () => {
  wanted.abort()
  wanted = new AbortController()
}

/** @param {unknown} error */
export const isGivenUp = (error) => error instanceof DOMException && error.name === "AbortError"

/**
 * @param {string} path @param {Record<string, string | number | undefined>} query @param {AbortSignal} [signal] for whom nobody else
 * gives it up @returns {Promise<any>}
 */
export const get = async (path, query = {}, signal = waitedFor.includes(path) ? wanted.signal : undefined) => {
  const asked = past.at !== undefined && ofInstant.includes(path) ? { ...query, asKnownAt: past.at } : query
  const said = Object.entries(asked).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]))
  return answerOf(path, await fetch(`${base}/${path}?${search}`, signal === undefined ? {} : { signal }))
}

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export const post = async (path, body) =>
  answerOf(path, await fetch(`${base}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  }))

/** @param {string} path @returns {Promise<any>} */
export const remove = async (path) => answerOf(path, await fetch(`${base}/${path}`, { method: "DELETE" }))
/** What the server has answered instead, in its words. */
export class Refusal extends Error {
  /** @param {number} status @param {string} words */
  constructor(status, words) {
    super(words)
    this.status = status
  }
}

/** Whether asking again is of no use. @param {unknown} error @returns {error is Refusal} */
export const isRefused = (error) =>
  error instanceof Refusal && error.status >= 400 && error.status < 500 && !transient.includes(error.status)

/** Too slow, too early, too often. */
const transient = [408, 425, 429]

/** What is answered in place of a stream; nothing where it is answered with one, or not at all. @param {string} address @returns {Promise<Refusal | undefined>} */
export const refusalOf = async (address) => {
  const stop = new AbortController()
  try {
    const response = await fetch(address, { signal: AbortSignal.any([stop.signal, AbortSignal.timeout(patience)]) })
    return response.ok ? undefined : new Refusal(response.status, await wordsOf("stream", response))
  } catch {
    return undefined
  } finally {
    stop.abort()
  }
}

/** Milliseconds. */
const patience = 5_000

/** @param {string} path @param {Response} response */
const answerOf = async (path, response) => {
  if (!response.ok) throw new Refusal(response.status, await wordsOf(path, response))
  return response.json()
}

/** The server says it in a sentence; what stands between it and the page may answer with a page of its own. @param {string} path @param {Response} response */
const wordsOf = async (path, response) => {
  const text = (await response.text()).trim()
  const isSentence = response.headers.get("content-type")?.startsWith("text/plain") === true && text !== ""
  return isSentence ? text : `the server answers ${response.status} where it is asked for ${path}`
}

/**
 * The address of the stream of what is shown: windows of a key that is looked at, and some values of all keys of a
 * pipeline, a few times a second.
 * @typedef {{ follow: ReadonlyArray<[pipeline: string, key: string]>, watch: ReadonlyArray<[pipeline: string, fields: ReadonlyArray<string>]> }} Wanted
 * @param {Wanted} wanted
 */
export const streamOf = ({ follow, watch }) => {
  const query = new URLSearchParams([
    ...follow.map(([pipeline, key]) => ["follow", `${pipeline}~${key}`]),
    ...watch.map(([pipeline, fields]) => ["watch", `${pipeline}:${fields.join(",")}`]),
    ...(past.at === undefined ? [] : [["asKnownAt", String(past.at)], ["speed", String(past.speed)]])
  ])
  return `${base}/stream?${query}`
}
