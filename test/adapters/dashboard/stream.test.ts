/** What the page does when its stream breaks, with a browser's pieces made of paper. */
import { afterEach, assert, it, vi } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { connect } from "../../../src/adapters/dashboard/page/state/stream.js"

class Source extends EventTarget {
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static all: Array<Source> = []
  readyState = Source.CLOSED
  readonly address: string
  constructor(address: string) {
    super()
    this.address = address
    Source.all.push(this)
  }
  answer() {
    this.readyState = Source.OPEN
    this.dispatchEvent(new Event("open"))
  }
  close() {
    this.readyState = Source.CLOSED
  }
}

const open = () => Source.all.filter(({ readyState }) => readyState === Source.OPEN).map(({ address }) => address)

afterEach(() => {
  Source.all = []
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const cases = [
  [401, { reloads: 1, again: 0, refused: [] }],
  [400, { reloads: 0, again: 0, refused: ["no pipeline \"gone\" runs here"] }],
  [429, { reloads: 0, again: 1, refused: [] }],
  [503, { reloads: 0, again: 1, refused: [] }],
  [200, { reloads: 0, again: 1, refused: [] }],
  ["away", { reloads: 0, again: 1, refused: [] }]
] as const

it.each(cases)("a stream in whose place %s is answered: %j", async (status, wanted) => {
  vi.useFakeTimers()
  const reload = vi.fn()
  vi.stubGlobal("EventSource", Source)
  vi.stubGlobal("location", { reload })
  vi.stubGlobal("addEventListener", () => {})
  vi.stubGlobal("fetch", async () => {
    if (status === "away") throw new TypeError("fetch failed")
    return new Response("no pipeline \"gone\" runs here\n", { status, headers: { "content-type": "text/plain" } })
  })
  const [lost, refused] = [vi.fn(), vi.fn()]
  const stream = connect("/api/v1/stream", { events: {}, opened: () => {}, lost, refused })
  Source.all[0]?.dispatchEvent(new Event("error"))
  await vi.advanceTimersByTimeAsync(5_000)
  assert.strictEqual(lost.mock.calls.length, 1)
  assert.deepStrictEqual<unknown>({ reloads: reload.mock.calls.length, again: Source.all.length - 1, refused: refused.mock.calls.flat() }, wanted)
  // Something else may be had.
  stream.change("/api/v1/stream?other")
  await vi.advanceTimersByTimeAsync(1_000)
  assert.strictEqual(Source.all.at(-1)?.address, "/api/v1/stream?other")
})

it("changes what it hears without a gap, and hears one stream in the end, however often it changes", async () => {
  vi.useFakeTimers()
  vi.stubGlobal("EventSource", Source)
  vi.stubGlobal("addEventListener", () => {})
  const opened = vi.fn()
  const heard = vi.fn()
  const stream = connect("a", { events: { pane: heard }, opened, lost: () => {}, refused: () => {} })
  Source.all[0]?.answer()
  assert.deepStrictEqual(open(), ["a"])
  stream.change("b")
  stream.change("c")
  await vi.advanceTimersByTimeAsync(1_000)
  assert.deepStrictEqual(Source.all.map(({ address }) => address), ["a", "c"])
  assert.deepStrictEqual(open(), ["a"])
  Source.all[0]?.dispatchEvent(Object.assign(new Event("pane"), { data: "{}" }))
  assert.strictEqual(heard.mock.calls.length, 1)
  stream.change("d")
  await vi.advanceTimersByTimeAsync(1_000)
  Source.all[2]?.answer()
  assert.deepStrictEqual(open(), ["d"])
  assert.strictEqual(opened.mock.calls.length, 2)
  stream.change("d")
  await vi.advanceTimersByTimeAsync(1_000)
  assert.strictEqual(Source.all.length, 3)
})
