/** The page decides between two panes of a window as every sink does. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
// @ts-expect-error The scripts of the page are not among what the compiler of this project reads.
import { makePanes, replaces } from "../../../src/adapters/dashboard/page/state/panes.js"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"

const panes = fc.record({
  pipeline: fc.constant("p"),
  key: fc.constant("k"),
  start: fc.nat(2),
  pane: fc.constantFrom<Pane.Kind>("early", "on-time", "late", "retracted"),
  revision: fc.nat(3),
  changes: fc.nat(3),
  values: fc.constant({})
}).map((pane) => ({ ...pane, end: pane.start + 1 }))

it("a pane takes the place of another where `Pane.replaces` says so", () => {
  fc.assert(fc.property(panes, panes, (a, b) => {
    expect(replaces(a, b)).toBe(Pane.replaces(a, b))
  }))
})

it("shows the newest pane of each window, and none that was retracted, in whatever order they come", () => {
  fc.assert(fc.property(fc.array(panes, { maxLength: 12 }), (all) => {
    const shown = makePanes()
    const newest = new Map<number, Pane.Pane>()
    for (const pane of all) {
      shown.add(pane, "closed")
      const before = newest.get(pane.start)
      if (before === undefined || Pane.replaces(pane, before)) newest.set(pane.start, pane)
    }
    const wanted = [...newest.values()].filter(({ pane }) => pane !== "retracted").sort(Pane.order)
    expect(shown.of("p", "k")).toEqual(wanted)
    expect(shown.newest("p", "k")).toEqual(wanted.at(-1))
  }))
})

it("keeps the results that were revised, the oldest first, and none of an open window", () => {
  const shown = makePanes()
  const at = (pane: Pane.Kind, changes: number, close: string) => ({ pipeline: "p", key: "k", start: 0, end: 1, pane, revision: 0, changes, values: { close } })
  shown.add(at("early", 1, "1"), "forming")
  const results = [at("on-time", 2, "2"), at("late", 3, "3"), at("late", 4, "4")]
  for (const result of results) shown.add(result, "closed")
  // A restart tells again what is known.
  shown.add(at("late", 4, "4"), "closed")
  expect(shown.before(at("late", 4, "4"))).toEqual(results.slice(0, 2))
})

it("a row of the list says what is newest until more of the window comes", () => {
  const shown = makePanes()
  const at = (start: number, values: Record<string, string>) => ({ key: "k", start, end: start + 1, pane: "on-time", values })
  shown.add({ ...at(0, { open: "1", close: "2" }), pipeline: "p", revision: 0, changes: 1 }, "closed")
  shown.list("p", { ...at(0, { close: "0" }), pane: "early" })
  expect(shown.newest("p", "k").values).toEqual({ open: "1", close: "2" })
  shown.list("p", at(0, { close: "3" }))
  expect(shown.newest("p", "k").values).toEqual({ open: "1", close: "3" })
  shown.list("p", at(1, { close: "4" }))
  shown.list("p", at(0, { close: "9" }))
  expect(shown.newest("p", "k").values).toEqual({ close: "4" })
  shown.add({ ...at(1, { open: "4", close: "5" }), pipeline: "p", revision: 0, changes: 1 }, "closed")
  expect(shown.newest("p", "k").values).toEqual({ open: "4", close: "5" })
})

it("keeps the windows of the keys that were looked at last, and the newest window of every key", () => {
  const shown = makePanes()
  const at = (key: number, start: number) => ({ pipeline: "p", key: String(key), start, end: start + 1, pane: "on-time", revision: 0, changes: 1, values: {} })
  for (let key = 0; key < 80; key++) for (let start = 0; start < 1_000; start++) shown.add(at(key, start), "closed")
  expect(shown.of("p", "79").length).toBe(1_000)
  expect(shown.of("p", "0").length).toBe(0)
  expect(shown.newest("p", "0").start).toBe(999)
  expect(shown.newest("p", "79").start).toBe(999)
})

it("drops what forms once it should have closed, and nothing else", () => {
  const shown = makePanes()
  const at = (start: number, pane: Pane.Kind) => ({ pipeline: "p", key: "k", start, end: start + 10, pane, revision: 0, changes: 1, values: {} })
  shown.add(at(0, "on-time"), "closed")
  shown.add(at(10, "early"), "early")
  shown.add(at(12, "early"), "forming")
  shown.add(at(30, "early"), "forming")
  shown.expire(null)
  shown.expire(21)
  expect(shown.of("p", "k").map(({ start }: Pane.Pane) => start)).toEqual([0, 10, 12, 30])
  shown.expire(22)
  expect(shown.of("p", "k").map(({ start }: Pane.Pane) => start)).toEqual([0, 10, 30])
  expect(shown.newest("p", "k").start).toBe(30)
})

it("an open session is one window, however it grows and whatever it takes in; of other windows each is one", () => {
  const at = (start: number, end: number, pipeline = "sessions") => ({ pipeline, key: "k", start, end, pane: "early", revision: 0, changes: 1, values: {} })
  const shown = makePanes(new Set(["sessions"]))
  const bounds = (pipeline: string) => shown.of(pipeline, "k").map(({ end, start }: Pane.Pane) => [start, end])
  for (const [start, end] of [[0, 10], [0, 12], [20, 30], [40, 50]] as const) {
    shown.add(at(start, end), "forming")
    shown.add(at(start, end, "cumulative"), "forming")
  }
  expect(bounds("sessions")).toEqual([[0, 12], [20, 30], [40, 50]])
  shown.add(at(0, 31), "forming")
  expect(bounds("sessions")).toEqual([[0, 31], [40, 50]])
  expect(bounds("cumulative")).toEqual([[0, 10], [0, 12], [20, 30], [40, 50]])
})
