/** Reads from the server, and the few things that it can be asked to do. */

const base = "/api/v1"

/** @param {string} path @param {Record<string, string | number | undefined>} query @returns {Promise<any>} */
export const get = async (path, query = {}) => {
  const said = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]))
  return answerOf(path, await fetch(`${base}/${path}?${search}`))
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
    ...watch.map(([pipeline, fields]) => ["watch", `${pipeline}:${fields.join(",")}`])
  ])
  return `${base}/stream?${query}`
}
