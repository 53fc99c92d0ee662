/** Alerts on the page: made with a form, told when they fire, and what becomes of them. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candles1m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { fiveHours, hourOf, takings } from "./orders.ts"
import { closedPanes, dayPane, decimal, pane, parseBars } from "./session.ts"
import type { Station } from "./station.ts"
import { browsing, chartSays, pixels, shows, skipped, type Visit } from "./visiting.ts"

const visit = browsing()
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")
const minute = 60_000
const end = (aig.at(-1)?.start ?? 0) + minute

const candle = (number: number, high: string, close: string, over: Partial<Pane> = {}): Pane =>
  pane("candles-1m", "AIG", end + number * minute, end + (number + 1) * minute, {
    open: decimal(close), high: decimal(high), low: decimal(close), close: decimal(close), mean: null, volume: 100, vwap: null, trades: null
  }, over)

const visitMarket = (use: (page: Page, station: Station, complaints: Array<string>) => Promise<void>, options: Visit = {}) =>
  visit(use, {
    pipelines: [candles1m, movingAverage5m, day, takings],
    prepare: (station) => station.write([...closedPanes(aig), dayPane(aig, "-0.642531"), ...fiveHours]),
    ...options
  })

/** What the browser is asked to notify, in the place of its own. */
const notifying = (permission: "default" | "denied" | "granted", answer = permission) => `
  window.notified = []
  window.Notification = class {
    static permission = "${permission}"
    static asked = 0
    static async requestPermission() {
      this.asked++
      return this.permission = "${answer}"
    }
    constructor(title, { body }) {
      window.notified.push(title + " | " + body)
    }
  }`

const make = async (page: Page, level: string, note = "") => {
  await page.getByRole("button", { name: "Alert", exact: true }).click()
  await page.getByLabel("Level").fill(level)
  await page.getByLabel("Note").fill(note)
  await page.getByRole("button", { name: "Make alert" }).click()
}

const toast = (page: Page, text: string | RegExp) => page.locator(".toast", { hasText: text })
const count = (page: Page) => page.locator("#alert-count").textContent()
const rows = (page: Page, table: number) => page.locator(".alerts table").nth(table).locator("tbody tr")

describe.skipIf(skipped)("alerts", () => {
  it("are made with a form, fire at once, are notified, and stay when the page is read again", () =>
    visitMarket(async (page, station, complaints) => {
      await chartSays(page, /^AIG: 60/)
      await page.evaluate(notifying("default", "granted"))
      await page.getByRole("button", { name: "Alert", exact: true }).click()
      // What it is now stands there.
      assert.strictEqual(await page.getByLabel("Level").inputValue(), String(Number(aig.at(-1)?.close)))
      assert.deepStrictEqual((await page.getByLabel("What").locator("option").allInnerTexts()).slice(0, 2), ["Price", "MA 5 min"])
      await page.getByLabel("What").selectOption("MA 5 min")
      assert.match(await page.getByLabel("Level").inputValue(), /^\d+\.\d{1,4}$/)
      await page.getByLabel("What").selectOption("Price")
      await page.getByLabel("Level").fill("forty")
      await page.getByRole("button", { name: "Make alert" }).click()
      await expect.poll(() => page.locator("#alert-form .wrong").textContent()).toBe("Expected a number in plain digits, such as 187.5")
      // Browsers write down each answer that is no success.
      assert.match(complaints.splice(0).join(), /^Failed to load resource: the server responded with a status of 400/)
      await page.getByLabel("Level").fill("60.50")
      await page.getByLabel("Note").fill("sell")
      await page.getByRole("button", { name: "Make alert" }).click()
      await expect.poll(() => count(page)).toBe("1")
      assert.strictEqual(await page.evaluate("Notification.asked"), 1)
      await station.publish({ _tag: "forming", panes: [candle(0, "60.75", "60", { pane: "early" })] })
      await toast(page, "AIG: Price above 60.5").waitFor()
      await expect.poll(() => page.title()).toMatch(/^\(1\) /)
      await expect.poll(() => page.evaluate("window.notified")).toEqual(["AIG: Price above 60.5 | 60.75, forming\nsell"])
      await station.write([candle(0, "60.8", "60")])
      await toast(page, /● final: 60\.80 after \d+\.\d\d\. +sell/).waitFor()
      assert.strictEqual((await page.evaluate<ReadonlyArray<string>>("window.notified")).length, 1)
      await page.getByRole("button", { name: "Dismiss: AIG" }).click()
      await expect.poll(() => page.locator(".toast").count()).toBe(0)
      await expect.poll(() => page.title()).toMatch(/^[^(]/)
      await page.reload()
      await chartSays(page, /^AIG: 61/)
      await expect.poll(() => count(page)).toBe("1")
      assert.strictEqual(await page.locator(".toast").count(), 0)
    }))

  it("draw their levels on the chart, and the bar that fired says so", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      await page.getByText("Indicators", { exact: true }).click()
      await page.getByRole("checkbox", { name: "Average of 5 minutes (MA)" }).uncheck()
      await page.keyboard.press("Escape")
      const before = await pixels(page, "average")
      await make(page, String(Number(aig.at(-1)?.close)))
      await expect.poll(() => pixels(page, "average")).toBeGreaterThan(before + 50)
      const low = String(Number(aig.at(-1)?.close) - 1)
      await station.write([candle(0, low, low), candle(1, "60.8", "60")])
      await toast(page, "Go to the bar").getByRole("link").click()
      assert.match(page.url(), new RegExp(`#/candles-1m/AIG\\?bar=${end + minute}$`))
      await expect.poll(() => page.locator("#legend").textContent()).toMatch(/Alert final: AIG: Price above/)
    }, { context: { colorScheme: "dark" } }))

  it("say that something was taken back", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      await page.evaluate(notifying("granted"))
      await make(page, "70")
      await expect.poll(() => count(page)).toBe("1")
      await station.write([candle(0, "71", "60")])
      await toast(page, "● final").waitFor()
      await station.write([candle(0, "61", "60", { pane: "late", changes: 2 })])
      await toast(page, /× taken back.*late or corrected events/).waitFor()
      await expect.poll(() => page.evaluate("window.notified.length")).toBe(2)
      await page.evaluate(`location.hash = "#/?view=alerts"`)
      await expect.poll(() => rows(page, 1).allInnerTexts()).toHaveLength(1)
      assert.match((await rows(page, 1).allInnerTexts()).join(), /× taken back/)
    }))

  it("are listed, go to their bar, are deleted, and other tabs follow", () =>
    visitMarket(async (page, station) => {
      await shows(page, "symbol", "Basel")
      const other = await page.context().newPage()
      await other.goto(`${station.url}#/?view=alerts`)
      await other.getByText("There are none.").waitFor()
      await page.getByRole("button", { name: "Alert", exact: true }).click()
      await page.getByLabel("What").selectOption({ label: "takings" })
      await page.getByLabel("Crosses").selectOption("below")
      await page.getByLabel("Level").fill("1000")
      await page.getByRole("button", { name: "Make alert" }).click()
      await expect.poll(() => rows(other, 0).count()).toBe(1)
      await station.write([hourOf("Basel", 5, 2, "900.25")])
      await expect.poll(() => rows(other, 1).allInnerTexts()).toHaveLength(1)
      assert.match((await rows(other, 1).allInnerTexts()).join(), /Basel: takings below 1,000\s+● final\s+900.25\s+2,244.25/)
      await rows(other, 1).getByRole("link").click()
      await shows(other, "symbol", "Basel")
      await expect.poll(() => other.locator(".reading-window").textContent()).toMatch(/18:00 – 19:00/)
      await other.goBack()
      await rows(other, 0).getByRole("button", { name: "Delete Basel: takings below 1,000" }).click()
      await expect.poll(() => other.locator(".alerts table").count()).toBe(0)
      await expect.poll(() => count(page)).toBe("0")
      await other.close()
    }, { hash: "#/takings/Basel" }))

  it("tell what fired while nobody looked, and that a browser does not notify", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      await page.evaluate(notifying("default", "denied"))
      await make(page, "70")
      await toast(page, "The browser does not allow notifications").waitFor()
      await page.goto("about:blank")
      await station.write([candle(0, "71", "60"), candle(1, "72", "60")])
      await page.goto(station.url)
      await toast(page, "2 fired since you last looked").getByRole("link", { name: "Show" }).click()
      await expect.poll(() => rows(page, 1).count()).toBe(2)
      await expect.poll(() => page.title()).toBe("Alerts · courant")
      await page.reload()
      await expect.poll(() => rows(page, 1).count()).toBe(2)
      assert.strictEqual(await page.locator(".toast").count(), 0)
    }))

  it.each([390, 320])("fit a screen of %i pixels", (width) =>
    visitMarket(async (page, station) => {
      await expect.poll(() => count(page)).toBe("0")
      await page.evaluate(`location.hash = "#/candles-1m/AIG"`)
      await make(page, "70", "a note that is rather long, so that it has to be broken")
      await expect.poll(() => count(page)).toBe("1")
      await station.write([candle(0, "71", "60")])
      await toast(page, "AIG: Price above 70").waitFor()
      const isWide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
      assert.isFalse(await page.evaluate(isWide))
      await page.evaluate(`location.hash = "#/?view=alerts"`)
      await expect.poll(() => rows(page, 1).count()).toBe(1)
      assert.isFalse(await page.evaluate(isWide))
    }, { context: { viewport: { width, height: 844 } } }))
})
