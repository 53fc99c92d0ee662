/** Pipelines that are no market's, as whoever wrote one meets them on the page. */
import { assert, describe, expect, it } from "vitest"
import type { Page } from "playwright-core"
import { candles1m } from "../../src/analytics/candles.ts"
import { fiveHours, hourOf, late, notJson, shops, takings } from "./orders.ts"
import type { Station } from "./station.ts"
import { nothingYet } from "../../src/streams/ports/Monitor.ts"
import { browsing, pixels, shows, skipped, text, type Visit } from "./visiting.ts"

const visit = browsing()

const visitOrders = (use: (page: Page, station: Station) => Promise<void>, options: Visit = {}) =>
  visit(use, { pipelines: [takings], prepare: (station) => station.write(fiveHours), ...options })

const rows = (page: Page) => page.locator(".windows tbody tr:not(.space)")
const cells = async (page: Page, row: number) =>
  (await rows(page).nth(row).locator("th, td").allInnerTexts()).map((cell) => cell.trim())
const reads = (page: Page, row: number, wanted: ReadonlyArray<string>) =>
  expect.poll(() => cells(page, row), { timeout: 60_000 }).toEqual(wanted)

const isWide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

describe.skipIf(skipped)("any pipeline", () => {
  it("shows its keys, its windows and a plot of its numbers, without a line of configuration", () =>
    visitOrders(async (page) => {
      await shows(page, "symbol", "Basel")
      await reads(page, 0, ["5 Oct, 17:00 – 18:00", "● on time", "", "10", "10", "2,244.25", "1,122.13"])
      assert.strictEqual(await rows(page).count(), 5)
      assert.match(await page.locator(".heading p").innerText(), /by shop, from orders, revised by events that are up to 6 hours late$/)
      assert.strictEqual(await page.locator(".side .name").count(), shops.length)
      // Takings and the largest order have an axis each; orders are bars.
      for (const color of ["series-1", "series-2", "bar"]) {
        await expect.poll(() => pixels(page, color, "plot"), { message: color }).toBeGreaterThan(20)
      }
      assert.strictEqual(await pixels(page, "bar-early", "plot"), 0)
      assert.strictEqual(await page.locator("#shown").inputValue(), "#/takings")
      assert.match(await page.title(), /^Basel · takings · courant$/)
    }, { context: { colorScheme: "dark" } }))

  it("moves with what comes: an early window, its result, and what late events make of it", () =>
    visitOrders(async (page, station) => {
      await reads(page, 0, ["5 Oct, 17:00 – 18:00", "● on time", "", "10", "10", "2,244.25", "1,122.13"])
      await station.publish({ _tag: "forming", panes: [hourOf("Basel", 5, 3, "300.5", { pane: "early" })] })
      await reads(page, 0, ["5 Oct, 18:00 – 19:00", "○ early", "", "3", "3", "300.50", "150.25"])
      await expect.poll(() => pixels(page, "bar-early", "plot")).toBeGreaterThan(20)
      await station.write([hourOf("Basel", 5, 4, "400.5")])
      await reads(page, 0, ["5 Oct, 18:00 – 19:00", "● on time", "", "4", "4", "400.50", "200.25"])
      await station.write([hourOf("Basel", 5, 6, "640", { pane: "late", revision: 1 }), hourOf("Basel", 4, 12, "2300.75", { pane: "late", revision: 1 })])
      await reads(page, 0, ["5 Oct, 18:00 – 19:00", "◆ late", "1", "6", "6", "640.00", "320.00"])
      await reads(page, 1, ["5 Oct, 17:00 – 18:00", "◆ late", "1", "12", "12", "2,300.75", "1,150.38"])
      await page.getByRole("button", { name: "Revision 1: show the results before" }).first().click()
      await reads(page, 1, ["before", "● on time", "", "4", "4", "400.50", "200.25"])
      assert.strictEqual(await rows(page).count(), 7)
      await expect.poll(() => pixels(page, "bar-early", "plot")).toBe(0)
    }, { context: { colorScheme: "dark" } }))

  it("a key that nobody looks at is told of in the list alone", () =>
    visitOrders(async (page, station) => {
      const asked: Array<string> = []
      page.on("request", (request) => asked.push(decodeURIComponent(request.url())))
      await shows(page, "symbol", "Basel")
      const row = page.getByRole("button", { name: /^Zug/ })
      await station.publish({ _tag: "forming", panes: [hourOf("Zug", 5, 99, "1", { pane: "early" })] })
      await expect.poll(() => row.innerText()).toMatch(/99/)
      await row.click()
      await shows(page, "symbol", "Zug")
      await reads(page, 0, ["5 Oct, 18:00 – 19:00", "○ early", "", "99", "99", "1.00", "0.50"])
      const streams = asked.filter((url) => url.includes("/stream?"))
      assert.match(streams.at(-1) ?? "", /stream\?follow=takings~Zug&watch=takings:orders,takings,largest$/)
    }))

  it("begins with the first key of the list, whichever is heard of first", () =>
    visitOrders(async (page) => {
      await expect.poll(() => page.getByRole("button", { name: /^Zürich/ }).innerText()).toMatch(/99/)
      await shows(page, "symbol", "Basel")
      assert.match(page.url(), /#\/takings\/Basel$/)
    }, {
      prepare: async (station) => {
        await station.write(fiveHours)
        await station.publish({ _tag: "forming", panes: [hourOf("Zürich", 5, 99, "1", { pane: "early" })] })
      }
    }))

  it("filters and sorts keys, by any of the numbers", () =>
    visitOrders(async (page) => {
      await shows(page, "symbol", "Basel")
      const names = () => page.locator(".side .name").allInnerTexts()
      assert.deepStrictEqual(await names(), shops)
      await page.getByLabel("Sort by").selectOption("orders")
      await expect.poll(async () => (await names())[0]).toBe("Olten")
      await page.getByLabel(/^Filter/).fill("LU")
      await expect.poll(names).toEqual(["Luzern", "Lugano"])
      assert.strictEqual(await page.locator(".counted").innerText(), "2 of 12 keys (shop)")
      await page.getByLabel(/^Filter/).fill("nowhere")
      await expect.poll(() => page.locator(".empty-list").innerText()).toBe("No key contains “nowhere”")
    }))

  it("is chosen among all that run, and the address says which", () =>
    visit(async (page) => {
      await shows(page, "symbol", "—")
      assert.deepStrictEqual(await page.locator("#shown option").allInnerTexts().then((all) => all.map((one) => one.trim())), ["Market", "candles-1m", "takings", "Graph of all", "Late and left out", "Alerts"])
      await page.locator("#shown").selectOption({ label: "takings" })
      await shows(page, "symbol", "Basel")
      await expect.poll(() => page.url()).toMatch(/#\/takings\/Basel$/)
      await page.getByRole("button", { name: /^Bern/ }).click()
      await shows(page, "symbol", "Bern")
      await page.goBack()
      await shows(page, "symbol", "Basel")
      await page.goBack()
      await expect.poll(() => page.locator(".market").count()).toBe(1)
    }, { pipelines: [candles1m, takings], prepare: (station) => station.write(fiveHours) }))

  it("follows the address as it is edited, and says in words what is not there", () =>
    visitOrders(async (page) => {
      await shows(page, "symbol", "Zürich")
      await page.evaluate(`location.hash = "#/takings/Chur"`)
      await shows(page, "symbol", "Chur")
      await page.evaluate(`location.hash = "#/takings/Churr"`)
      const notice = page.getByRole("status").filter({ hasText: "There is no key" })
      await expect.poll(() => notice.innerText()).toMatch(/^There is no key “Churr”/)
      await notice.getByRole("link", { name: "Chur" }).click()
      await shows(page, "symbol", "Chur")
      await reads(page, 0, ["5 Oct, 17:00 – 18:00", "● on time", "", "20", "20", "2,258.25", "1,129.13"])
      await page.evaluate(`location.hash = "#/takinks/Chur"`)
      await expect.poll(() => page.locator(".notice").innerText()).toMatch(/^There is no pipeline “takinks”\s+These run:\s+takings$/)
      await page.locator(".notice").getByRole("link", { name: "takings" }).click()
      await shows(page, "symbol", "Basel")
    }, { hash: `#/takings/${encodeURIComponent("Zürich")}` }))

  it("has its own time zone, or that of the viewer, or UTC, which is its own where it says none", () =>
    visitOrders(async (page) => {
      await reads(page, 0, ["5 Oct, 17:00 – 18:00", "● on time", "", "10", "10", "2,244.25", "1,122.13"])
      await shows(page, "zone", "Times in UTC")
      assert.deepStrictEqual(await page.locator("#zones option").allInnerTexts(), ["UTC", "Local: Asia/Tokyo"])
      await page.locator("#zones").selectOption("local")
      await expect.poll(async () => (await cells(page, 0))[0]).toBe("6 Oct, 02:00 – 03:00")
      await page.reload()
      await expect.poll(async () => (await cells(page, 0))[0]).toBe("6 Oct, 02:00 – 03:00")
      await page.locator("#shown").selectOption({ label: "Graph of all" })
      await shows(page, "zone", "Times in Asia/Tokyo")
      await page.locator("#shown").selectOption({ label: "takings" })
      await expect.poll(async () => (await cells(page, 0))[0]).toBe("6 Oct, 02:00 – 03:00")
    }, { context: { timezoneId: "Asia/Tokyo" } }))

  it("remembers what is not drawn", () =>
    visitOrders(async (page) => {
      const toggle = page.getByRole("button", { name: "takings", exact: true })
      await toggle.click()
      await expect.poll(() => toggle.getAttribute("aria-pressed")).toBe("false")
      await page.reload()
      await shows(page, "symbol", "Basel")
      await expect.poll(() => toggle.getAttribute("aria-pressed")).toBe("false")
    }))

  it("lists ten thousand keys with a few in the document, and finds those that are not listed", () =>
    visit(async (page) => {
      await shows(page, "symbol", "shop 0")
      await expect.poll(() => page.locator(".counted").innerText(), { timeout: 60_000 }).toBe("5,000 of 10,000 keys (shop); filter to find others")
      assert.isBelow(await page.locator(".side li").count(), 60)
      await page.getByLabel(/^Filter/).fill("shop 9876")
      await page.getByRole("button", { name: /^shop 9876/ }).click()
      await shows(page, "symbol", "shop 9876")
    }, { pipelines: [takings], prepare: (station) => station.write(Array.from({ length: 10_000 }, (_, n) => hourOf(`shop ${n}`, 0, 1, "1"))) }))

  it("draws the graph of all that runs, and leads from it to each", () =>
    visitOrders(async (page) => {
      const cards = page.locator(".card b")
      await expect.poll(() => cards.allInnerTexts()).toEqual(["source: orders", "window", "sink: panes"])
      await page.locator(".lane a").click()
      await shows(page, "symbol", "Basel")
      await page.goBack()
      await expect.poll(() => cards.count()).toBe(3)
      assert.strictEqual(await page.locator(".picture path").count(), 2)
    }, { hash: "#/?view=graph" }))

  it("tells what did not count: how much, for which reasons, and what came last", () =>
    visitOrders(async (page, station) => {
      const counts = { ...nothingYet, read: 2_012, aggregated: 2_000, late: 1, deadLettered: 1, filtered: 10 }
      await station.publish({ _tag: "progress", progress: { ...counts, byPipeline: { takings: counts } } })
      await page.getByRole("link", { name: "Dead letters" }).click()
      const [ofPipelines, byReason, last] = [0, 1, 2].map((table) => async () =>
        (await page.locator(".left-out table").nth(table).locator("tbody tr").allInnerTexts()).map((row) => row.split(/[\t\n]/).map((cell) => cell.trim())))
      await expect.poll(ofPipelines!).toEqual([["takings", "2,012", "2,000", "1", "1", "0", "10", "0"]])
      await expect.poll(byReason!).toEqual([
        ["late", "1", "Its windows were final when it came: a larger out-of-orderness or allowed lateness would have taken it"],
        ["not-json", "1", "The line is no JSON"]
      ])
      assert.deepStrictEqual(await last!(), [
        ["5 Oct 2026, 13:00:00 UTC", "late", "takings", "orders 0@9", "its window was final", '{"shop":"Bern","placedAt":1791205200000,"amount":"4.00"}'],
        ["—", "not-json", "all", "orders 0@7", "the record is not a JSON object", "shop,amount"]
      ])
      await page.getByLabel("Pipeline").selectOption({ label: "takings" })
      await expect.poll(async () => (await byReason!()).length).toBe(1)
      await page.goBack()
      await expect.poll(async () => (await byReason!()).length).toBe(2)
    }, { letters: [notJson, late] }))

  for (const width of [390, 320]) {
    it(`fits ${width} pixels, with targets for a finger`, () =>
      visitOrders(async (page) => {
        await reads(page, 0, ["5 Oct, 17:00 – 18:00", "● on time", "", "10", "10", "2,244.25", "1,122.13"])
        assert.isFalse(await page.evaluate(isWide))
        const small = await page.locator("button:visible, select:visible, input:visible, .side li").evaluateAll((all) =>
          all.filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.outerHTML.slice(0, 120)))
        assert.deepStrictEqual(small, [])
      }, { context: { viewport: { width, height: 844 } } }))
  }

  it("waits in words for its first window", () =>
    visit(async (page, station) => {
      await expect.poll(() => page.locator(".notice:visible").innerText()).toMatch(/^Waiting for the first window…\s+takings shows its windows as soon as orders has events.$/)
      await station.publish({ _tag: "forming", panes: [hourOf("Basel", 5, 3, "300.5", { pane: "early" })] })
      await shows(page, "symbol", "Basel")
      await reads(page, 0, ["5 Oct, 18:00 – 19:00", "○ early", "", "3", "3", "300.5", "150.25"])
      assert.isTrue(await text(page, "plot").isVisible())
    }, { pipelines: [takings] }))
})
