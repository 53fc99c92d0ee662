/** What the page does where a thousand symbols move at once, counted rather than timed. */
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candle, dayPane, pane } from "./session.ts"
import { browsing, chartSays, shows, skipped, text } from "./visiting.ts"

const visit = browsing()
const minute = 60_000
const start = Date.UTC(2013, 9, 8, 15)
const symbols = Array.from({ length: 1_000 }, (_, n) => `SYM${String(n).padStart(4, "0")}`)

const barOf = (symbol: string, close: string) => ({ symbol, start, open: "100", high: "200", low: "50", close, volume: 1_000 })
const forming = (symbol: string, close: string) => pane("candles-1m", symbol, start, start + minute, { ...candle([barOf(symbol, close)]) }, { pane: "early" })

const first = symbols.flatMap((symbol) => [forming(symbol, "100"), dayPane([barOf(symbol, "100")], "0.5")])

/** Notes what changes in the document from now on, and how often the frames are drawn. */
const watch = (page: Page) =>
  page.evaluate(`(() => {
    const noted = globalThis.noted = { nodes: [], drawn: 0 }
    new MutationObserver((records) => {
      noted.drawn++
      for (const { target, type } of records) noted.nodes.push(type + " " + (target.parentElement?.outerHTML ?? target.nodeName).slice(0, 160))
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
  })()`)

const noted = (page: Page) => page.evaluate<{ nodes: Array<string>; drawn: number }>("({ ...noted })")

const counts = async (page: Page) => {
  const session = await page.context().newCDPSession(page)
  await session.send("Performance.enable")
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics")
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN
    return { layouts: of("LayoutCount"), styles: of("RecalcStyleCount") }
  }
}

describe.skipIf(skipped)("the page under load", () => {
  it("changes nothing where what is in view stays, and one figure where one moves", () =>
    visit(async (page, station) => {
      await chartSays(page, /^SYM0000: 1 one-minute/)
      await shows(page, "last", "100.00")
      const row = page.locator(".keys li", { hasText: "SYM0005" }).locator(".last")
      await expect.poll(() => row.innerText()).toBe("100.00")
      // What was read of the rows has come.
      await page.waitForTimeout(3_000)
      await watch(page)
      for (let n = 0; n < 20; n++) {
        await station.publish({ _tag: "forming", panes: symbols.slice(500).map((symbol) => forming(symbol, `10${n % 10}.5`)) })
        await page.waitForTimeout(50)
      }
      await station.publish({ _tag: "forming", panes: [forming("SYM0005", "101")] })
      await expect.poll(() => row.innerText()).toBe("101.00")
      const { nodes } = await noted(page)
      assert.deepStrictEqual(nodes.filter((node) => !node.includes("SYM0005") && !node.includes("101.00")), [])
      assert.isAtMost(nodes.length, 3)
    }, { prepare: (station) => station.write(first) }))

  it("has few rows in the document, lays it out once a drawing, and is not sent every change", () =>
    visit(async (page, station) => {
      await chartSays(page, /^SYM0000: 1 one-minute/)
      await page.waitForTimeout(3_000)
      let bytes = 0
      const session = await page.context().newCDPSession(page)
      await session.send("Network.enable")
      session.on("Network.dataReceived", ({ dataLength }) => void (bytes += dataLength))
      const now = await counts(page)
      await watch(page)
      const before = await now()
      let told = 0
      for (let n = 0; n < 40; n++) {
        const panes = symbols.map((symbol) => forming(symbol, `1${10 + n}.5`))
        told += JSON.stringify(panes).length
        await station.publish({ _tag: "forming", panes })
        await page.waitForTimeout(50)
      }
      await shows(page, "last", "149.50")
      const after = await now()
      const { drawn } = await noted(page)
      assert.isBelow(await page.locator(".keys li").count(), 60)
      assert.isAbove(drawn, 2)
      // The legend and the axis may each ask once more how large something is; the colour of a price that moves comes and goes.
      assert.isAtMost((after.layouts - before.layouts) / drawn, 3)
      assert.isAtMost((after.styles - before.styles) / drawn, 5)
      assert.isBelow(bytes, told / 5)
      assert.match(await text(page, "last").innerText(), /^149\.50$/)
    }, { prepare: (station) => station.write(first) }))
})
