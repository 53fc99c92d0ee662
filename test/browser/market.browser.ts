/** The market's page as a trader uses it: symbols, addresses, keys, and what is read off the chart while it moves. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candle, closedPanes, dayPane, decimal, pane, parseBars } from "./session.ts"
import type { Station } from "./station.ts"
import { browsing, chartSays, shows, skipped, text, type Visit } from "./visiting.ts"

const visit = browsing()
const minute = 60_000
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")
const ibm = bars.filter(({ symbol }) => symbol === "IBM")
const eleven = Date.UTC(2013, 9, 8, 15)

const forming = (key: string, close: string, start = eleven) =>
  pane("candles-1m", key, start, start + minute, { ...candle([{ symbol: key, start, open: close, high: close, low: close, close, volume: 100 }]) }, { pane: "early" })

const visitMarket = (use: (page: Page, station: Station) => Promise<void>, options: Visit = {}) =>
  visit(use, {
    prepare: (station) => station.write([...closedPanes(aig), ...closedPanes(ibm), dayPane(aig, "-0.642531"), dayPane(ibm, null)]),
    ...options
  })

const isWide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
const focused = (page: Page) => page.evaluate<string | undefined>("document.activeElement?.dataset.key")

/** So many symbols: each rises by a hundredth of a per cent more than the one before, and is traded less. */
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => {
    const key = `SYM${String(n).padStart(4, "0")}`
    const day = dayPane([{ symbol: key, start: eleven, open: "100", high: "101", low: "99", close: "100.5", volume: (count - n) * 1_000 }], (n / 100).toFixed(2))
    return [{ ...forming(key, "100.5", eleven - minute), pane: "on-time" as const }, day]
  }).flat()

describe.skipIf(skipped)("the market", () => {
  it("keeps telling of the bar under the pointer while newer ones come, and of a gap", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60 one-minute/)
      const box = await page.locator("#chart").boundingBox()
      assert.isNotNull(box)
      await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2)
      await expect.poll(() => text(page, "legend").textContent()).toMatch(/^ 10:[0-4]\d/)
      const told = await text(page, "legend").textContent()
      for (let n = 0; n < 12; n++) {
        await station.publish({ _tag: "forming", panes: [forming("AIG", `48.${10 + n}`, eleven + Math.floor(n / 4) * 4 * minute)] })
        await page.waitForTimeout(120)
        assert.strictEqual(await text(page, "legend").textContent(), told)
      }
      await shows(page, "last", "48.21")
      await page.mouse.move(5, 5)
      await expect.poll(() => text(page, "legend").textContent()).toMatch(/^ 11:08.*C 48\.21/)
    }))

  it("reads and moves the chart by keys, and the page's keys stay its own", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^AIG: 60 one-minute/)
      await page.locator("#chart").focus()
      // The newest is read first.
      for (const minute of ["10:59", "10:58", "10:57"]) {
        await page.keyboard.press("ArrowLeft")
        await expect.poll(() => text(page, "legend").textContent()).toMatch(new RegExp(`^ ${minute}`))
      }
      await page.keyboard.press("Home")
      await expect.poll(() => text(page, "legend").textContent()).toMatch(/^ 10:00/)
      await expect.poll(() => page.locator("#now").isVisible()).toBe(false)
      for (let n = 0; n < 4; n++) await page.keyboard.press("Shift+ArrowLeft")
      await page.locator("#now").click()
      await expect.poll(() => page.locator("#now").isVisible()).toBe(false)
      await shows(page, "symbol", "AIG")
    }))

  it("moves the focus with the selection, over a thousand symbols of which few are in the document", () =>
    visit(async (page) => {
      await shows(page, "symbol", "SYM0000")
      await expect.poll(() => page.locator(".counted").innerText()).toBe("1,000 symbols")
      assert.isBelow(await page.locator(".keys li").count(), 60)
      await page.getByRole("button", { name: /^SYM0001/ }).click()
      for (let n = 2; n <= 30; n++) await page.keyboard.press("ArrowDown")
      await shows(page, "symbol", "SYM0030")
      assert.strictEqual(await focused(page), "SYM0030")
      assert.isTrue(await page.getByRole("button", { name: /^SYM0030/ }).isVisible())
      await page.keyboard.press("ArrowUp")
      await shows(page, "symbol", "SYM0029")
      assert.strictEqual(await focused(page), "SYM0029")
      assert.isBelow(await page.locator(".keys li").count(), 60)
    }, { prepare: (station) => station.write(many(1_000)) }))

  it("filters and sorts by change and by volume", () =>
    visit(async (page) => {
      await shows(page, "symbol", "SYM0000")
      const first = () => page.locator(".keys .name").first().innerText()
      await page.getByLabel("Sort by").selectOption("rise")
      await expect.poll(first).toBe("SYM0199")
      await page.getByLabel("Sort by").selectOption("fall")
      await expect.poll(first).toBe("SYM0000")
      await page.getByLabel("Sort by").selectOption("volume")
      await expect.poll(first).toBe("SYM0000")
      await page.getByLabel(/^Filter/).fill("17")
      await expect.poll(first).toBe("SYM0017")
      assert.strictEqual(await page.locator(".counted").innerText(), "12 of 200 symbols")
      await expect.poll(() => page.locator(".keys li").first().innerText()).toMatch(/\+0\.17 %/)
      await page.reload()
      await expect.poll(() => page.getByLabel("Sort by").inputValue()).toBe("volume")
    }, { prepare: (station) => station.write(many(200)) }))

  it("shows the way of a price, and a symbol of 21 characters whole", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      await expect.poll(() => page.locator(".keys polyline").first().getAttribute("points")).toMatch(/^1\.0,\S+( \S+){50,}$/)
      await station.write([{ ...forming("GOOGL1241220C00150000", "123.45"), pane: "on-time" }])
      const name = page.locator(".keys .name", { hasText: "GOOGL1241220C00150000" })
      await name.waitFor()
      assert.isTrue(await name.evaluate((one) => one.scrollWidth <= one.clientWidth))
    }))

  it("shows the symbol, the interval and the range that the address asks for, and goes back", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^IBM: 4 15-minute candles/)
      await page.getByRole("button", { name: /^AIG/ }).click()
      await chartSays(page, /^AIG: 4 15-minute candles/)
      assert.match(page.url(), /#\/candles-1m\/AIG\?interval=15m&range=1h$/)
      await page.goBack()
      await chartSays(page, /^IBM: 4 15-minute/)
      await page.evaluate(`location.hash = "#AIG/5m"`)
      await chartSays(page, /^AIG: 12 five-minute/)
      await page.evaluate(`location.hash = "#/candles-1m/AIG?interval=1h"`)
      await chartSays(page, /^AIG: \d one-hour/)
    }, { hash: "#/candles-1m/IBM?interval=15m&range=1h" }))

  it("says in words that there is no such symbol or interval, and offers what there is", () =>
    visitMarket(async (page, station) => {
      const notice = page.locator("#empty .notice")
      await expect.poll(() => notice.innerText()).toMatch(/^There is no symbol “IBN”\s+It shows here if it is traded. There are:\s+IBM\s+AIG$/)
      await station.publish({ _tag: "forming", panes: [forming("IBN", "3.5")] })
      await chartSays(page, /^IBN: 1 one-minute/)
      await page.evaluate(`location.hash = "#/candles-1m/IBM?interval=7m"`)
      await expect.poll(() => notice.innerText()).toMatch(/^There is no interval “7m”/)
      await notice.getByRole("link", { name: "5 minutes", exact: true }).click()
      await chartSays(page, /^IBM: 12 five-minute/)
    }, { hash: "#/candles-1m/IBN" }))

  it("asks for what is shown and nothing else", () =>
    visitMarket(async (page) => {
      const asked: Array<string> = []
      page.on("request", (request) => asked.push(decodeURIComponent(request.url())))
      await chartSays(page, /^AIG: 60/)
      await page.getByRole("button", { name: /^IBM/ }).click()
      await chartSays(page, /^IBM: 60/)
      const streams = () => asked.filter((url) => url.includes("/stream?"))
      await expect.poll(() => streams().at(-1)).toMatch(/stream\?follow=candles-1m~IBM&follow=day~IBM&follow=moving-average-5m~IBM&watch=candles-1m:close&watch=day:/)
      // Keys that follow each other quickly are one change.
      const before = streams().length
      await page.evaluate(`for (let n = 0; n < 9; n++) dispatchEvent(new KeyboardEvent("keydown", { key: "]" }))`)
      await shows(page, "symbol", "AIG")
      await expect.poll(() => streams().at(-1)).toMatch(/follow=candles-1m~AIG/)
      assert.strictEqual(streams().length - before, 1)
    }))

  it("draws the indicators that were chosen, and remembers them", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^AIG: 60 one-minute candles, Average of 5 minutes \(MA\), volume$/)
      await page.getByText("Indicators", { exact: true }).click()
      await page.getByRole("checkbox", { name: "Average of the day by volume (VWAP)" }).check()
      await page.getByRole("checkbox", { name: "Average of 5 minutes (MA)" }).uncheck()
      await chartSays(page, /candles, Average of the day by volume \(VWAP\), volume$/)
      await page.reload()
      await chartSays(page, /candles, Average of the day by volume \(VWAP\), volume$/)
    }))

  it("compares symbols, indexed to 100, by an address", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^AIG, IBM: indexed to 100$/)
      await page.getByText("Compare (1)").click()
      await page.getByRole("button", { name: "Do not compare with IBM" }).click()
      await chartSays(page, /^AIG: 60/)
    }, { hash: "#/candles-1m/AIG?compare=IBM" }))

  it("gives its bars as a table and as a picture", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^AIG: 60/)
      await page.getByText("Export", { exact: true }).click()
      const [table] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Table (CSV)" }).click()])
      assert.strictEqual(table.suggestedFilename(), "AIG-1m.csv")
      assert.strictEqual(readFileSync(await table.path(), "utf8").trim().split("\r\n").length, 61)
      const [picture] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Picture (PNG)" }).click()])
      assert.strictEqual(picture.suggestedFilename(), "AIG-1m.png")
    }))

  for (const width of [390, 320]) {
    it(`fits ${width} pixels, with targets for a finger and no figure cut`, () =>
      visitMarket(async (page, station) => {
        await chartSays(page, /^AIG: 60/)
        await station.write([{ ...dayPane(aig, "-100.64"), values: { ...dayPane(aig, "-100.64").values, volume: 98_765_432_100, high: decimal("123456.78") }, changes: 99 }])
        await shows(page, "volume", "98,765,432,100")
        assert.isFalse(await page.evaluate(isWide))
        const places = page.locator("button:visible, select:visible, input:visible, summary:visible, .keys li")
        assert.deepStrictEqual(await places.evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML.slice(0, 120))), [])
        const cut = await page.locator(".tile dd, .keys span").evaluateAll((all) => all.filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1).map(({ textContent }) => textContent))
        assert.deepStrictEqual(cut, [])
      }, { context: { viewport: { width, height: 844 } } }))
  }
})
