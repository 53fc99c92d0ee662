/** Reads from the server, and the few things that it can be asked to do. */

const base = "/api/v1"

/** The instant that is shown; nothing for now. It is played on at a speed, and stands at 0. @type {{ at: number | undefined, speed: number }} */
export const past = { at: undefined, speed: 0 }

/** What is told as it was known at an instant. */
const ofInstant = ["keys", "panes"]

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

/** @param {string} path @param {Response} response */
const answerOf = async (path, response) => {
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(await response.text()).trim()}`)
  return response.json()
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
