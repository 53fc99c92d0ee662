/** The keys that the page lists: as many as it has room for, however many there are. */
import { afterEach, expect, it, vi } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { makeKeys, mostKeys } from "../../../src/adapters/dashboard/page/state/keys.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makePanes } from "../../../src/adapters/dashboard/page/state/panes.js"

afterEach(() => vi.unstubAllGlobals())

/** A server with so many keys, of which each has a window. */
const serve = (count: number) => {
  const asked: Array<string> = []
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url)
    const query = new URL(url, "http://localhost").searchParams
    const first = Number(query.get("after") ?? -1) + 1
    const limit = Number(query.get("limit"))
    const keys = Array.from({ length: Math.max(0, Math.min(limit, count - first)) }, (_, n) => String(first + n))
    const newest = (key: string) => ({ key, start: 0, end: 1, pane: "on-time", values: { n: 1 } })
    return { ok: true, json: async () => ({ keys: keys.map((key) => ({ key, newest: newest(key) })), more: first + limit < count, total: count }) }
  })
  return asked
}

it("are read a page at a time, in the order of numbers", async () => {
  const asked = serve(1_500)
  const panes = makePanes()
  const keys = makeKeys("p", panes)
  await keys.read()
  expect([asked.length, keys.all().length, keys.total(), keys.more()]).toEqual([2, 1_500, 1_500, false])
  expect(keys.all().slice(0, 3)).toEqual(["0", "1", "2"])
  expect(keys.all().at(-1)).toBe("1499")
  expect(panes.newest("p", "1499").values).toEqual({ n: 1 })
})

it("of more there are no more than there is room for, and what comes beyond is said to be there", async () => {
  serve(1_000_000)
  const keys = makeKeys("p", makePanes())
  await keys.read()
  expect([keys.all().length, keys.total(), keys.more()]).toEqual([mostKeys, 1_000_000, true])
  expect([keys.meet("new"), keys.meet("17")]).toEqual([false, true])
  expect(keys.all().length).toBe(mostKeys)
})

it("that come have a place while there is room", () => {
  const keys = makeKeys("p", makePanes())
  for (let n = 0; n < mostKeys; n++) expect(keys.meet(String(n))).toBe(true)
  expect([keys.meet("new"), keys.more(), keys.total()]).toEqual([false, true, mostKeys])
})
