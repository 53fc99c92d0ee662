/**
 * Where the nodes of a graph stand: from left to right as events go, sources first and sinks last; a pipeline's nodes in
 * rows of their own.
 *
 * @typedef {{ id: string, pipeline: string | null, kind: string }} Node
 * @typedef {{ column: number, row: number }} Place
 */

/** In pixels. A pipeline's name stands above its first row. */
export const size = { card: { width: 208, height: 146 }, gap: { across: 48, down: 44 }, top: 26 }

/** @param {Place} place the upper left corner of its card */
export const corner = ({ column, row }) =>
  ({ x: column * (size.card.width + size.gap.across), y: size.top + row * (size.card.height + size.gap.down) })

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

/**
 * The way of an edge, corner by corner. It crosses no card: up and down it goes between columns, and where a card stands in its
 * way it goes below the row.
 * @param {Place} from @param {Place} to @param {Iterable<Place>} places of all cards @returns {Array<[x: number, y: number]>}
 */
export const routed = (from, to, places) => {
  const [start, end] = [corner(from), corner(to)]
  const half = size.card.height / 2
  const [x1, y1, x2, y2] = [start.x + size.card.width, start.y + half, end.x, end.y + half]
  const [out, into] = [x1 + size.gap.across / 2, x2 - size.gap.across / 2]
  if (to.column - from.column < 2) return y1 === y2 ? [[x1, y1], [x2, y2]] : [[x1, y1], [out, y1], [out, y2], [x2, y2]]
  // Sources and sinks stand between the rows of what they are connected with.
  const row = from.column === 0 && !isBetween(to.row) ? to.row : Math.floor(from.row)
  const isTaken = [...places].some((place) => place.column > from.column && place.column < to.column && Math.abs(place.row - row) < 1)
  const y = corner({ column: 0, row }).y + (isTaken ? size.card.height + 6 : half)
  return [[x1, y1], [out, y1], [out, y], [into, y], [into, y2], [x2, y2]]
}

/** @param {number} row */
const isBetween = (row) => row !== Math.floor(row)

/** How far a corner is rounded. */
const radius = 8

/** A way as SVG has it. @param {ReadonlyArray<[number, number]>} corners */
export const pathOf = (corners) => {
  const points = corners.filter(([x, y], i) => i === 0 || x !== corners[i - 1][0] || y !== corners[i - 1][1])
  return points.map(([x, y], i) => {
    if (i === 0) return `M${x} ${y}`
    const next = points[i + 1]
    if (next === undefined) return `L${x} ${y}`
    const [before, after] = [towards([x, y], points[i - 1]), towards([x, y], next)]
    return `L${before.join(" ")}Q${x} ${y} ${after.join(" ")}`
  }).join("")
}

/** A little way from one point to another. @param {[number, number]} from @param {[number, number]} to */
const towards = ([x, y], to) => {
  const length = Math.hypot(to[0] - x, to[1] - y)
  const part = Math.min(radius, length / 2) / length
  return [x + (to[0] - x) * part, y + (to[1] - y) * part]
}
