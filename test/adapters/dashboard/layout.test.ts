/** Where the nodes of the graph stand on the page. */
import * as fc from "fast-check"
import { assert, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { corner, placed, routed, size } from "../../../src/adapters/dashboard/page/graph/layout.js"

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

/** A pipeline of so many nodes, some of which read others than the one before. */
const graphs = fc.array(fc.array(fc.nat(9), { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 16 }).map((pipelines) => {
  const own = pipelines.flatMap((reads, n) => reads.map((_, at) => node(`p${n}/${at}`, `p${n}`)))
  const edges = pipelines.flatMap((reads, n) => [
    ...reads.map((read, at) => [read % 3 === 0 || at === 0 ? `source/${read % 2}` : `p${n}/${(at - 1) % read}`, `p${n}/${at}`]),
    ...reads.slice(1).map((_, at) => [`p${n}/${at}`, `p${n}/${at + 1}`]),
    [`p${n}/${reads.length - 1}`, "panes"]
  ])
  return { nodes: [node("source/0", null, "source"), node("source/1", null, "source"), ...own, node("panes", null, "sink")], edges }
})

it("no edge crosses a card, however many pipelines and nodes there are", () => {
  fc.assert(fc.property(graphs, ({ edges, nodes }) => {
    const { places } = placed(nodes, edges)
    const cards = Array.from(places.values(), (place) => corner(place))
    for (const [from, to] of edges) {
      const way = routed(places.get(from), places.get(to), places.values()) as ReadonlyArray<readonly [number, number]>
      way.slice(1).forEach(([x2, y2], i) => {
        const [x1, y1] = way[i]!
        const crossed = cards.find(({ x, y }) =>
          Math.max(x1, x2) > x && Math.min(x1, x2) < x + size.card.width && Math.max(y1, y2) > y && Math.min(y1, y2) < y + size.card.height)
        assert.isUndefined(crossed, `${from} to ${to}`)
      })
    }
  }), { numRuns: 100 })
})
