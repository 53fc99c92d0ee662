/**
 * Where the nodes of a graph stand: from left to right as events go, sources first and sinks last; a pipeline's nodes in
 * rows of their own.
 *
 * @typedef {{ id: string, pipeline: string | null, kind: string }} Node
 * @typedef {{ column: number, row: number }} Place
 */

/**
 * @param {ReadonlyArray<Node>} nodes @param {ReadonlyArray<[from: string, to: string]>} edges of a graph without circles
 * @returns {{ places: Map<string, Place>, lanes: Map<string, { row: number, rows: number }>, columns: number, rows: number }}
 */
export const placed = (nodes, edges) => {
  const columns = columnsOf(nodes, edges)
  const last = Math.max(0, ...columns.values())
  /** @type {Map<string, Place>} */
  const places = new Map()
  /** @type {Map<string, { row: number, rows: number }>} */
  const lanes = new Map()
  let row = 0
  for (const pipeline of new Set(nodes.flatMap(({ pipeline }) => pipeline ?? []))) {
    /** @type {Map<number, number>} */
    const used = new Map()
    for (const { id } of nodes.filter((node) => node.pipeline === pipeline)) {
      const column = columns.get(id) ?? 0
      const at = used.get(column) ?? 0
      used.set(column, at + 1)
      places.set(id, { column, row: row + at })
    }
    const rows = Math.max(...used.values())
    lanes.set(pipeline, { row, rows })
    row += rows
  }
  // What is of all pipelines stands beside the middle of what it leads to, one below the other.
  for (const kind of ["source", "sink"]) {
    const shared = nodes.filter((node) => node.pipeline === null && node.kind === kind)
    const wanted = shared.map(({ id }) => ({ id, row: middle(id, edges, places) })).sort((a, b) => a.row - b.row)
    let free = 0
    for (const { id, row } of wanted) {
      const at = Math.max(free, row)
      places.set(id, { column: kind === "source" ? 0 : last, row: at })
      free = at + 1
    }
    row = Math.max(row, Math.ceil(free))
  }
  return { places, lanes, columns: last + 1, rows: row }
}

/** The longest way from a source; sinks are all in the last column. @param {ReadonlyArray<Node>} nodes @param {ReadonlyArray<[string, string]>} edges */
const columnsOf = (nodes, edges) => {
  /** @type {Map<string, Array<string>>} */
  const before = new Map(nodes.map(({ id }) => [id, []]))
  for (const [from, to] of edges) before.get(to)?.push(from)
  /** @type {Map<string, number>} */
  const columns = new Map()
  /** @param {string} id @returns {number} */
  const of = (id) => {
    const known = columns.get(id)
    if (known !== undefined) return known
    const column = Math.max(-1, ...(before.get(id) ?? []).map(of)) + 1
    columns.set(id, column)
    return column
  }
  for (const { id } of nodes) of(id)
  return columns
}

/** @param {string} id @param {ReadonlyArray<[string, string]>} edges @param {ReadonlyMap<string, Place>} places */
const middle = (id, edges, places) => {
  const rows = edges.flatMap(([from, to]) => from === id ? places.get(to)?.row ?? [] : to === id ? places.get(from)?.row ?? [] : [])
  return rows.length === 0 ? 0 : (Math.min(...rows) + Math.max(...rows)) / 2
}
