/** What is asked for wrongly, what goes wrong, and what gets in the way, on every view. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candles1m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { fiveHours, hourOf, takings } from "./orders.ts"
import { closedPanes, dayPane, parseBars } from "./session.ts"
import type { Station } from "./station.ts"
import { browsing, chartSays, pixels, shows, skipped, text, type Visit } from "./visiting.ts"

const visit = browsing()
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")

/** The same prices under another name, so that lines and labels lie on each other. */
const twin = (symbol: string) => aig.map((bar) => ({ ...bar, symbol }))

const visitBoth = (use: (page: Page, station: Station, complaints: Array<string>) => Promise<void>, options: Visit = {}) =>
  visit(use, {
    pipelines: [candles1m, movingAverage5m, day, takings],
    prepare: (station) => station.write([...["AIG", "IBM", "SPY"].flatMap((symbol) => [...closedPanes(twin(symbol)), dayPane(twin(symbol), "1.5")]), ...fiveHours]),
    ...options
  })

const notice = (page: Page) => page.locator(".notice:visible").innerText()
const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
const menus = ["Indicators", "Compare", "Export"]
const menu = (page: Page, name: string) => page.locator("details.menu", { has: page.getByText(name, { exact: true }) })
const hasFocus = (page: Page, name: string) => menu(page, name).locator("summary:focus").count()
const isOpen = (page: Page, name: string) => menu(page, name).evaluate((one) => one.hasAttribute("open"))

describe.skipIf(skipped)("what is wrong", () => {
  it("in an address is said in words, with what there is, on every view", () =>
    visitBoth(async (page) => {
      await expect.poll(() => notice(page)).toMatch(/^There is no time zone “mars”\s+There are:\s+That of the exchange or the pipeline\s+Local\s+UTC$/)
      await page.getByRole("link", { name: "UTC", exact: true }).click()
      await shows(page, "zone", "Times in UTC")
      await chartSays(page, /^AIG: 60/)
      for (const hash of ["#/takings/Basel?zone=utc", "#/?view=graph&zone=utc", "#/?view=left-out&zone=utc"]) {
        await goTo(page, hash)
        await expect.poll(() => notice(page)).toMatch(/^There is no time zone “utc”/)
      }
      for (const hash of ["#/takings/Basel?view=rows", "#/candles-1m/AIG?view=rows", "#/?view=rows"]) {
        await goTo(page, hash)
        await expect.poll(() => notice(page)).toMatch(/^There is no view “rows”\s+There are:\s+The usual one\s+Windows\s+Alerts\s+Graph of all\s+Late and left out$/)
      }
      await goTo(page, "#/takings/Basel?view=rows")
      await page.getByRole("link", { name: "The usual one" }).click()
      await shows(page, "symbol", "Basel")
      await goTo(page, "#/nope?view=left-out")
      await expect.poll(() => notice(page)).toMatch(/^There is no pipeline “nope”\s+These run:\s+candles-1m/)
      await page.getByRole("link", { name: "takings" }).click()
      await expect.poll(() => page.locator(".left-out").getByRole("combobox").inputValue()).toBe("takings")
      for (const [options, words] of [["range=9d", "There is no range “9d”"], ["bar=noon", "There is no bar “noon”"], ["compare=IBM,IBM", "“IBM” is compared twice"], ["compare=AIG", "“AIG” is not compared with itself"],
        ["compare=IBX", "There is no symbol “IBX” to compare with"], ["compare=IBM,SPY,A,B", "4 symbols are too many to compare with"]] as const) {
        await goTo(page, `#/candles-1m/AIG?${options}`)
        await expect.poll(() => notice(page)).toMatch(new RegExp(`^${words}`))
      }
      await page.getByRole("link", { name: "Compare with IBM, SPY and A" }).click()
      await page.getByRole("link", { name: "Compare with IBM, SPY and A" }).waitFor({ state: "detached" })
      await expect.poll(() => notice(page)).toMatch(/^There is no symbol “A” to compare with/)
    }, { hash: "#/candles-1m/AIG?zone=mars" }))

  it("with a request is said where it is seen, and what the server refuses is not asked for again and again", () =>
    visitBoth(async (page, _, complaints) => {
      await chartSays(page, /^AIG: 60/)
      await page.route("**/api/v1/feed", (route) => route.fulfill({ status: 409, contentType: "text/plain", body: "this feed goes at its own pace\n" }))
      await page.getByRole("button", { name: "Pause" }).click()
      const trouble = page.getByRole("alert")
      await expect.poll(() => trouble.innerText()).toMatch(/^The replay stays as it is: this feed goes at its own pace\./)
      await page.getByRole("button", { name: "Close" }).click()
      assert.isFalse(await trouble.isVisible())
      await page.route("**/api/v1/feed", (route) => route.abort())
      await page.getByRole("button", { name: "Pause" }).click()
      await expect.poll(() => trouble.innerText()).toMatch(/^The replay stays as it is: the server is out of reach\./)
      let asked = 0
      await page.route("**/api/v1/panes?*", (route) => {
        asked++
        return route.fulfill({ status: 400, contentType: "text/plain", body: "limit is to be at most 10\n" })
      })
      await page.getByRole("button", { name: /^IBM/ }).click()
      await expect.poll(() => trouble.innerText()).toMatch(/^The server does not give what this address asks for: limit is to be at most 10\./)
      await page.waitForTimeout(500)
      const until = asked
      await page.waitForTimeout(2_500)
      assert.strictEqual(asked, until)
      // What is there for a moment only is asked for again.
      await page.unroute("**/api/v1/panes?*")
      await page.route("**/api/v1/panes?*", (route) => asked++ < until + 4 ? route.fulfill({ status: 503, body: "" }) : route.continue())
      await page.getByRole("button", { name: /^SPY/ }).click()
      await chartSays(page, /^SPY: 60/)
      complaints.length = 0
    }))

  it("menus close with Escape, when something else is clicked or shown, and give the focus back", () =>
    visitBoth(async (page) => {
      await chartSays(page, /^AIG: 60/)
      for (const name of menus) {
        const summary = menu(page, name).locator("summary")
        await summary.focus()
        await page.keyboard.press("Enter")
        assert.isTrue(await isOpen(page, name))
        await page.keyboard.press("Tab")
        assert.strictEqual(await hasFocus(page, name), 0)
        await page.keyboard.press("Escape")
        assert.isFalse(await isOpen(page, name))
        assert.strictEqual(await hasFocus(page, name), 1, name)
        await summary.click()
        await text(page, "symbol").click()
        assert.isFalse(await isOpen(page, name))
        await summary.click()
        await page.keyboard.press("]")
        await expect.poll(() => isOpen(page, name)).toBe(false)
        assert.strictEqual(await hasFocus(page, name), 1, name)
      }
      await menu(page, "Indicators").locator("summary").click()
      await menu(page, "Export").locator("summary").click()
      assert.deepStrictEqual([await isOpen(page, "Indicators"), await isOpen(page, "Export")], [false, true])
    }))

  for (const width of [390, 320]) {
    it(`menus lie within ${width} pixels, with one chart and with two`, () =>
      visitBoth(async (page) => {
        for (const hash of ["#/candles-1m/AIG", "#/candles-1m/AIG?beside=IBM"]) {
          await goTo(page, hash)
          await chartSays(page, /^AIG: 60/)
          for (const name of menus) {
            await menu(page, name).locator("summary").click()
            const box = await menu(page, name).locator("> div").boundingBox()
            assert.isAtLeast(box!.x, 0, name)
            assert.isAtMost(box!.x + box!.width, width, name)
            assert.isFalse(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
            const summary = await menu(page, name).locator("summary").boundingBox()
            assert.isBelow(Math.abs(box!.y - summary!.y - summary!.height), 12, name)
            // It may lie over the next one.
            await page.keyboard.press("Escape")
          }
        }
      }, { context: { viewport: { width, height: 844 } } }))
  }

  it("of lines that are compared each end says which it is, also where all end at the same", () =>
    visitBoth(async (page) => {
      await chartSays(page, /^AIG, IBM, SPY: indexed to 100$/)
      for (const color of ["compare-1", "compare-2", "compare-3"]) {
        // The value stands on the axis, the name before it: where all lines lie on each other, nothing else has the colours of the first ones.
        await expect.poll(() => pixels(page, color, "chart td:last-child"), { message: color }).toBeGreaterThan(300)
        await expect.poll(() => pixels(page, color, "chart td:nth-child(2)"), { message: color }).toBeGreaterThan(300)
      }
    }, { hash: "#/candles-1m/AIG?compare=IBM,SPY", context: { colorScheme: "dark" } }))

  it("what is selected is announced once its price is known", () =>
    visitBoth(async (page) => {
      const heard: Array<string> = []
      await page.exposeFunction("heard", (words: string) => void heard.push(words))
      await page.addInitScript(`document.addEventListener("DOMContentLoaded", () =>
        new MutationObserver(() => heard(document.getElementById("announce").textContent)).observe(document.getElementById("announce"), { childList: true, characterData: true, subtree: true }))`)
      await page.reload()
      await shows(page, "announce", /^AIG, one-minute candles, last \d+\.\d\d, \+1\.50 %$/)
      await page.getByRole("button", { name: /^IBM/ }).click()
      await shows(page, "announce", /^IBM, one-minute candles, last \d+\.\d\d, \+1\.50 %$/)
      assert.deepStrictEqual(heard.filter((words) => words !== "" && !/, last \d/.test(words)), [])
    }))

  it("keys of which nothing is seen are shown in quotes", () =>
    visitBoth(async (page) => {
      await shows(page, "symbol", "Basel")
      const names = () => page.locator(".side .name").allInnerTexts()
      await expect.poll(names).toEqual(expect.arrayContaining(["(empty)", "“ ”", "“ Basel”"]))
      await page.locator(".side .name", { hasText: "(empty)" }).click()
      await shows(page, "symbol", "(empty)")
      assert.match(page.url(), /#\/takings\/$/)
    }, { hash: "#/takings/Basel", prepare: (station) => station.write([...fiveHours, ...["", " ", " Basel"].map((key) => hourOf(key, 0, 1, "1"))]) }))

  it("controls have names that say what they are", () =>
    visitBoth(async (page) => {
      await chartSays(page, /^AIG: 60/)
      for (const name of ["Shown view", "Time zone", "Range", "Charts side by side", "Replay speed"]) assert.strictEqual(await page.getByRole("combobox", { name, exact: true }).count(), 1, name)
      await page.getByRole("group", { name: "Interval" }).waitFor()
      assert.strictEqual(await text(page, "pause").innerText(), "Pause")
    }))
})
