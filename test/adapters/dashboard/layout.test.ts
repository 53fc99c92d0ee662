/** Where the nodes of the graph stand on the page. */
import { assert, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { placed } from "../../../src/adapters/dashboard/page/graph/layout.js"

const node = (id: string, pipeline: string | null = null, kind = "window") => ({ id, pipeline, kind })

it("sources stand first and sinks last, and a pipeline's nodes in rows of their own", () => {
  const nodes = [node("ticks", null, "source"), node("a/1", "a"), node("a/2", "a"), node("b/1", "b"), node("b/2", "b"), node("b/3", "b"), node("panes", null, "sink"), node("rows", null, "sink")]
  const edges = [["ticks", "a/1"], ["a/1", "a/2"], ["a/2", "panes"], ["ticks", "b/1"], ["ticks", "b/2"], ["b/1", "b/3"], ["b/2", "b/3"], ["b/3", "panes"]]
  const { columns, lanes, places, rows } = placed(nodes, edges)
  const at = (id: string) => [places.get(id).column, places.get(id).row]
  assert.deepStrictEqual(at("a/1"), [1, 0])
  assert.deepStrictEqual(at("a/2"), [2, 0])
  assert.deepStrictEqual([at("b/1"), at("b/2"), at("b/3")], [[1, 1], [1, 2], [2, 1]])
  assert.deepStrictEqual(at("ticks"), [0, 1])
  assert.deepStrictEqual([at("rows"), at("panes")], [[3, 0], [3, 1]])
  assert.deepStrictEqual([...lanes], [["a", { row: 0, rows: 1 }], ["b", { row: 1, rows: 2 }]])
  assert.deepStrictEqual([columns, rows], [4, 3])
})

it("no two nodes stand in one place", () => {
  const nodes = Array.from({ length: 9 }, (_, n) => node(`source/${n}`, null, "source")).concat(node("a/1", "a"))
  const { places, rows } = placed(nodes, nodes.slice(0, 9).map(({ id }) => [id, "a/1"]))
  assert.strictEqual(new Set([...places.values()].map((place) => JSON.stringify(place))).size, 10)
  assert.strictEqual(rows, 9)
})

it("nothing runs: nothing is drawn", () => {
  assert.deepStrictEqual(placed([], []).rows, 0)
})
