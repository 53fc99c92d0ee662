/** The page decides between two panes of a window as every sink does. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
// @ts-expect-error The scripts of the page are not among what the compiler of this project reads.
import { makePanes, replaces } from "../../../src/adapters/dashboard/page/panes.js"
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
      shown.add(pane, true)
      const before = newest.get(pane.start)
      if (before === undefined || Pane.replaces(pane, before)) newest.set(pane.start, pane)
    }
    const wanted = [...newest.values()].filter(({ pane }) => pane !== "retracted").sort(Pane.order)
    expect(shown.of("p", "k")).toEqual(wanted)
    expect(shown.newest("p", "k")).toEqual(wanted.at(-1))
  }))
})
