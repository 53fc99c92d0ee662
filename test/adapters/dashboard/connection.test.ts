/** What the page does when its stream breaks, with a browser's pieces made of paper. */
import { afterEach, assert, it, vi } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { connect } from "../../../src/adapters/dashboard/page/connection.js"

class Source extends EventTarget {
  static readonly CLOSED = 2
  static last: Source | undefined
  readyState = Source.CLOSED
  constructor() {
    super()
    Source.last = this
  }
  close() {}
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const cases = [[401, 1], [503, 0], [200, 0], ["away", 0]] as const

it.each(cases)("a stream that is refused while health says %s: %i reloads", async (status, reloads) => {
  vi.useFakeTimers()
  const reload = vi.fn()
  vi.stubGlobal("EventSource", Source)
  vi.stubGlobal("location", { reload })
  vi.stubGlobal("addEventListener", () => {})
  vi.stubGlobal("fetch", async () => {
    if (status === "away") throw new TypeError("fetch failed")
    return { status }
  })
  const lost = vi.fn()
  connect({ events: {}, opened: () => {}, lost })
  Source.last?.dispatchEvent(new Event("error"))
  await vi.advanceTimersByTimeAsync(100)
  assert.strictEqual(lost.mock.calls.length, 1)
  assert.strictEqual(reload.mock.calls.length, reloads)
})
