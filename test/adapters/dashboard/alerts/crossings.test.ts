/** Alerts as a fold: what is final in the end is what the windows say, whatever came between. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Crossings from "../../../../src/adapters/dashboard/alerts/Crossings.ts"
import type { Encoded } from "../../../../src/streams/pipeline/Pane.ts"
import type { Position } from "../../../../src/streams/ports/AlertStore.ts"
import { Effort, forAll } from "../../../../src/testing/Law.ts"
import { integer } from "../../../../src/testing/Samples.ts"

const level = "100"

/** As doubles the middle ones are all the level. */
const values = ["99", "99.9999999999999999999999", "100.000", "100", "100.0000000000000000000001", "101", null]

const above: Crossings.Rule = { direction: "above", from: null, level, reaches: "x", leaves: "x", moves: false }

type Windows = ReadonlyMap<number, Crossings.Window>

const windowAt = (start: number, value: string | null, over: Partial<Crossings.Window> = {}): Crossings.Window =>
  ({ start, end: start + 1, pane: "on-time", values: { x: value }, ...over })

/** Compares digits: no number has more than three before the point. */
const order = (value: string): bigint => {
  const [whole = "", part = ""] = value.split(".")
  return BigInt(whole + part.padEnd(30, "0")) - BigInt(level.padEnd(33, "0"))
}

/** Of all windows those that cross, worked out one by one. */
const model = (windows: Windows, { direction, from }: Crossings.Rule): ReadonlyArray<string> =>
  [...windows.values()].sort((a, b) => a.start - b.start).flatMap((window, index, all) => {
    const value = window.values["x"]
    const before = all.slice(0, index).findLast(({ values }) => values["x"] !== null)?.values["x"]
    if (typeof value !== "string" || typeof before !== "string" || (from !== null && window.end <= from)) return []
    const isCrossed = direction === "above" ? order(before) < 0n && order(value) >= 0n : order(before) > 0n && order(value) <= 0n
    return isCrossed ? [`${window.start} ${value} after ${before}`] : []
  })

interface Server {
  readonly position: Position | null
  readonly fired: ReadonlyArray<Crossings.Fired>
}

const lateness = 3

/** What is done: results and revisions come, some windows are taken back, some form, event time goes on, and now and then somebody looks. */
type Step = readonly [what: number, window: number, value: number]

const steps = Arbitrary.array(Arbitrary.all([integer(0, 6), integer(0, 5), integer(0, values.length - 1)]), { minLength: 30, maxLength: 80 })

interface World {
  readonly stored: Map<number, Crossings.Window>
  readonly open: Map<number, Crossings.Window>
  watermark: number
}

const bounds = (watermark: number) => ({ closedTo: watermark, settledTo: watermark - lateness })

const looked = (rule: Crossings.Rule, server: Server, { open, stored, watermark }: World, changedFrom: number, boundsOf: typeof bounds): Server => {
  const { closedTo, settledTo } = boundsOf(watermark)
  const inOrder = (windows: Windows) => [...windows.values()].sort((a, b) => a.start - b.start)
  const results = inOrder(stored)
  const all = new Map<number, Crossings.Window>([...open].filter(([start]) => start + 1 > watermark))
  for (const [start, window] of stored) all.set(start, window)
  const from = Crossings.upTo(rule, server.position, results, ({ start }) => start < changedFrom)
  const changes = Crossings.advance(rule, { position: from, fired: server.fired }, { windows: inOrder(all), closedTo })
  const position = Crossings.upTo(rule, server.position, results, ({ end }) => end <= settledTo)
  const gone = new Set(changes.map(({ was }) => was))
  const fired = [...server.fired.filter((each) => !gone.has(each)), ...changes.map(({ now }) => now)]
  assert.strictEqual(new Set(fired.map(({ end, start }) => `${start} ${end}`)).size, fired.length, "a window has fired twice")
  for (const { now, was } of changes) assert.isFalse(was?.state === "final" && now.state === "forming", "what was final forms again")
  return { fired, position }
}

/** Does the steps, as a server looks at what they leave; in the end everything has closed. */
const finals = (rule: Crossings.Rule, steps: ReadonlyArray<Step>, boundsOf = bounds) => {
  const world: World = { stored: new Map(), open: new Map(), watermark: 0 }
  let server: Server = { position: null, fired: [] }
  let changedFrom = -Infinity
  for (const [what, ahead, value] of steps) {
    // Windows that may still change, and some that are open.
    const start = Math.max(0, world.watermark - lateness) + ahead
    const isClosed = start + 1 <= world.watermark
    if (what === 0) world.watermark++
    else if (what === 1) {
      server = looked(rule, server, world, changedFrom, boundsOf)
      changedFrom = Infinity
    } else if (what === 2) {
      // Started again: what only the server knew is gone.
      server = structuredClone(server)
      world.open.clear()
      changedFrom = -Infinity
    } else if (!isClosed) world.open.set(start, windowAt(start, values[value] ?? null, { pane: "early" }))
    else {
      if (what === 3 && world.stored.has(start)) world.stored.delete(start)
      else world.stored.set(start, windowAt(start, values[value] ?? null))
      changedFrom = Math.min(changedFrom, start)
    }
  }
  world.watermark += 100
  server = looked(rule, server, world, changedFrom, boundsOf)
  return { stored: world.stored, fired: server.fired }
}

const property = (boundsOf = bounds, settle: (fired: ReadonlyArray<Crossings.Fired>) => ReadonlyArray<Crossings.Fired> = (fired) => fired) =>
  forAll(Arbitrary.all([steps, integer(0, 1), integer(-1, 6)]), ([steps, below, from]) =>
    Effect.sync(() => {
      const rule: Crossings.Rule = { ...above, direction: below === 1 ? "below" : "above", from: from < 0 ? null : from }
      const { fired, stored } = finals(rule, steps, boundsOf)
      const told = settle(fired).filter(({ state }) => state === "final").sort((a, b) => a.start - b.start)
      assert.deepStrictEqual(told.map(({ before, start, value }) => `${start} ${value} after ${before}`), [...model(stored, rule)])
      assert.isFalse(fired.some(({ state }) => state === "forming"), "something forms in the end")
    }))

describe("what is final", () => {
  it.effect("is a function of the windows: batches, order, revisions, retractions and restarts change nothing", () =>
    Effect.provideService(property(), Effort, { runs: 400, patience: "5 seconds" }))

  it.effect("is not where windows that may still change are looked at no more", () =>
    Effect.flip(Effect.provideService(property((watermark) => ({ closedTo: watermark, settledTo: watermark })), Effort, { runs: 400, patience: "5 seconds" })))
})

describe("a window", () => {
  const advance = (rule: Partial<Crossings.Rule>, fired: ReadonlyArray<Crossings.Fired>, windows: ReadonlyArray<Crossings.Window>, closedTo = 0) =>
    Crossings.advance({ ...above, ...rule }, { position: null, fired }, { windows, closedTo }).map(({ now, was }) =>
      [was?.state ?? null, now.state, now.start, now.end, now.value])
  const early = (start: number, value: string, over: Partial<Encoded> = {}) => windowAt(start, value, { pane: "early", ...over })
  const firing = (start: number, state: "forming" | "final" = "forming", end = start + 1): Crossings.Fired => ({ start, end, state, value: "101", before: "99" })

  it("that is open is told of once, and again when its result says yes or no", () => {
    assert.deepStrictEqual(advance({}, [], [windowAt(0, "99"), early(1, "101")]), [[null, "forming", 1, 2, "101"]])
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99"), early(1, "102")]), [])
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99"), early(1, "98")]), [])
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99"), windowAt(1, "102")]), [["forming", "final", 1, 2, "102"]])
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99"), windowAt(1, "98")]), [["forming", "taken-back", 1, 2, "101"]])
    assert.deepStrictEqual(advance({}, [firing(1, "final")], [windowAt(0, "99"), windowAt(1, "98")]), [["final", "taken-back", 1, 2, "101"]])
  })

  it("that closes and leaves nothing takes back what was told", () => {
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99")], 1), [])
    assert.deepStrictEqual(advance({}, [firing(1)], [windowAt(0, "99")], 2), [["forming", "taken-back", 1, 2, "101"]])
    assert.deepStrictEqual(advance({}, [firing(1, "final")], [windowAt(1, "101")], 2), [["final", "taken-back", 1, 2, "101"]])
  })

  it("that grows while it is open, as a session, is told of once", () => {
    const moves = { moves: true }
    const grown = early(1, "103", { end: 5 })
    assert.deepStrictEqual(advance(moves, [firing(1, "forming", 3)], [windowAt(0, "99"), grown]), [["forming", "forming", 1, 5, "103"]])
    assert.deepStrictEqual(advance(moves, [firing(1, "forming", 3)], [windowAt(0, "99"), windowAt(1, "98", { end: 5 })], 5), [["forming", "taken-back", 1, 3, "101"]])
    assert.deepStrictEqual(advance({}, [firing(1, "forming", 3)], [windowAt(0, "99"), grown]), [[null, "forming", 1, 5, "103"]])
  })

  it("of candles reaches a level by its high or low, and comes from the close before", () => {
    const price = (start: number, high: string, low: string, close: string) => ({ start, end: start + 1, pane: "on-time" as const, values: { high, low, close } })
    const candles = [price(0, "105", "95", "99"), price(1, "101", "90", "98"), price(2, "99", "97", "98")]
    assert.deepStrictEqual(advance({ reaches: "high", leaves: "close" }, [], candles), [[null, "final", 1, 2, "101"]])
    assert.deepStrictEqual(advance({ reaches: "low", leaves: "close", direction: "below", level: "90" }, [], candles), [[null, "final", 1, 2, "90"]])
  })

  it("has numbers of any kind, and texts that are none are on neither side", () => {
    assert.strictEqual(Crossings.textOf(1e-7), "0.0000001")
    assert.strictEqual(Crossings.textOf("-1.50"), "-1.50")
    for (const none of ["", "x", true, null, undefined]) assert.isNull(Crossings.textOf(none), String(none))
  })
})
