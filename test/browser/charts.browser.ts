/** Charts side by side, as a trader puts them there. */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candle, closedPanes, dayPane, pane, parseBars } from "./session.ts"
import type { Station } from "./station.ts"
import { browsing, chartSays, pixels, shows, skipped, text, type Visit } from "./visiting.ts"

const visit = browsing()
const minute = 60_000
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")
const eleven = Date.UTC(2013, 9, 8, 15)

/** The same hour as that of AIG, under other names: what is tested is where it stands. */
const named = (symbol: string) => aig.map((bar) => ({ ...bar, symbol }))
const symbols = ["AIG", "BAC", "C", "IBM", "SPY"]
const filled = (station: Station) =>
  station.write(symbols.flatMap((symbol) => [...closedPanes(named(symbol)), dayPane(named(symbol), null)]))

const visitCharts = (use: (page: Page, station: Station) => Promise<void>, options: Visit = {}) => visit(use, { prepare: filled, ...options })

const forming = (key: string, close: string, start = eleven) =>
  pane("candles-1m", key, start, start + minute, candle([{ symbol: key, start, open: close, high: close, low: close, close, volume: 100 }]), { pane: "early" })

const charts = (page: Page) => page.locator(".chart").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")))
const active = (page: Page) => page.locator(".chart[aria-current=true]").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")))
const legends = (page: Page) => page.locator(".legend").allTextContents()
const boxes = (page: Page) => page.locator(".chart").evaluateAll((all) => all.map((one) => {
  const { height, left, top, width } = one.getBoundingClientRect()
  return { height: Math.round(height), left: Math.round(left), top: Math.round(top), width: Math.round(width) }
}))
const pointAt = async (page: Page, chart: string, part = 0.5) => {
  const box = await page.locator(chart).boundingBox()
  await page.mouse.move(box!.x + box!.width * part, box!.y + box!.height * 0.4)
}

const four = "#/candles-1m/IBM?range=1h&beside=AIG,BAC:5m,C:15m"

describe.skipIf(skipped)("charts side by side", () => {
  it("are as many as the address says, each of its symbol with its bars; on a wide screen two by two, on a phone one below the other", () =>
    visitCharts(async (page) => {
      await chartSays(page, /^IBM: 60 one-minute/)
      assert.deepStrictEqual(await charts(page), ["Chart 1 of 4: IBM, one-minute", "Chart 2 of 4: AIG, one-minute", "Chart 3 of 4: BAC, five-minute", "Chart 4 of 4: C, 15-minute"])
      const said = () => page.locator(".canvas").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")?.split(" candles")[0]))
      await expect.poll(said).toEqual(["IBM: 60 one-minute", "AIG: 60 one-minute", "BAC: 12 five-minute", "C: 4 15-minute"])
      await expect.poll(async () => (await legends(page)).map((each) => each.slice(1, 6))).toEqual(["10:59", "10:59", "10:55", "10:45"])
      for (const id of ["chart", "chart-2", "chart-3", "chart-4"]) await expect.poll(() => pixels(page, "up", id), { message: id }).toBeGreaterThan(20)
      const wide = await boxes(page)
      assert.deepStrictEqual([wide[0]!.top === wide[1]!.top, wide[0]!.left === wide[2]!.left, wide[1]!.left > wide[0]!.left, wide[2]!.top > wide[0]!.top], [true, true, true, true])
      for (const { height, width } of wide) assert.isAbove(Math.min(height, width), 200)
      await page.setViewportSize({ width: 390, height: 844 })
      await expect.poll(async () => new Set((await boxes(page)).map(({ left }) => left)).size).toBe(1)
      for (const { height, width } of await boxes(page)) assert.deepStrictEqual([height >= 320, width > 350], [true, true])
      assert.isFalse(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
    }, { hash: four, context: { viewport: { width: 1440, height: 900 } } }))

  it("tell of one instant: the bar of it in each, and none where there is none", () =>
    visitCharts(async (page, station) => {
      // Of SPY nothing is known before half past ten.
      await chartSays(page, /^IBM: 60 one-minute/)
      await expect.poll(() => text(page, "chart-3").getAttribute("aria-label")).toMatch(/^SPY: 30 one-minute/)
      await pointAt(page, "#chart-2", 0.4)
      await expect.poll(async () => (await legends(page))[1]).toMatch(/^ 10:(?:05|10|15|20|25)/)
      const [first, second, third] = await legends(page)
      const time = second!.slice(1, 6)
      assert.match(first!, new RegExp(`^ ${time}O \\d`))
      assert.match(third!, new RegExp(`^ ${time}O —.*No trade in this time$`))
      await expect.poll(() => pixels(page, "label", "chart")).toBeGreaterThan(20)
      assert.strictEqual(await pixels(page, "label", "chart-3"), 0)
      // It stays there while new bars come.
      await station.publish({ _tag: "forming", panes: ["IBM", "BAC", "SPY"].map((key) => forming(key, "50.5")) })
      await shows(page, "last", "50.50")
      assert.deepStrictEqual(await legends(page), [first, second, third])
      await page.mouse.move(5, 5)
      await expect.poll(async () => (await legends(page)).map((each) => each.slice(1, 6))).toEqual(["11:00", "11:00", "11:00"])
      // By keys as well.
      await text(page, "chart").focus()
      await page.keyboard.press("Home")
      await expect.poll(async () => (await legends(page)).map((each) => each.slice(1, 6))).toEqual(["10:00", "10:00", "10:00"])
      await page.keyboard.press("Escape")
      await expect.poll(async () => (await legends(page)).map((each) => each.slice(1, 6))).toEqual(["11:00", "11:00", "11:00"])
    }, {
      hash: "#/candles-1m/IBM?beside=BAC:5m,SPY",
      context: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
      prepare: (station) => station.write([...closedPanes(named("IBM")), ...closedPanes(named("BAC")), ...closedPanes(named("SPY")).filter(({ start }) => start >= eleven - 30 * minute)])
    }))

  it("one is active: the list, the tools, the figures and the keys are of it, and it says so", () =>
    visitCharts(async (page) => {
      await chartSays(page, /^IBM: 60/)
      assert.deepStrictEqual(await active(page), ["Chart 1 of 4: IBM, one-minute"])
      await text(page, "chart-3").click({ position: { x: 60, y: 60 } })
      await shows(page, "symbol", "BAC")
      await shows(page, "announce", /^BAC, five-minute candles, last \d+\.\d\d, .* %, chart 3 of 4$/)
      assert.deepStrictEqual(await active(page), ["Chart 3 of 4: BAC, five-minute"])
      assert.match(await page.locator(".keys [aria-current]").innerText(), /^BAC/)
      assert.strictEqual(await page.locator(".intervals [aria-pressed=true]").innerText(), "5m")
      await page.getByRole("button", { name: /^SPY/ }).click()
      await shows(page, "symbol", "SPY")
      assert.match(page.url(), /#\/candles-1m\/IBM\?range=1h&beside=AIG,SPY:5m,C:15m$/)
      await page.getByRole("button", { name: "1m", exact: true }).click()
      await expect.poll(() => active(page)).toEqual(["Chart 3 of 4: SPY, one-minute"])
      assert.match(page.url(), /beside=AIG,SPY,C:15m$/)
      // A symbol that has a chart is not shown twice: its chart becomes the active one.
      await page.getByRole("button", { name: /^AIG/ }).click()
      await expect.poll(() => active(page)).toEqual(["Chart 2 of 4: AIG, one-minute"])
      await page.goBack()
      await expect.poll(async () => (await charts(page))[2]).toBe("Chart 3 of 4: SPY, five-minute")
      await page.goBack()
      await expect.poll(async () => (await charts(page))[2]).toBe("Chart 3 of 4: BAC, five-minute")
      // The focus is a way to it, too.
      await text(page, "chart-4").focus()
      await shows(page, "symbol", "C")
      // Those that have a chart are passed over.
      await page.keyboard.press("]")
      await shows(page, "symbol", "SPY")
    }, { hash: four, context: { viewport: { width: 1440, height: 900 } } }))

  it("come and go: the next symbols of the list, the one that is removed, and back", () =>
    visitCharts(async (page) => {
      await chartSays(page, /^AIG: 60/)
      await page.getByLabel("Charts side by side").selectOption("4 charts")
      await expect.poll(() => charts(page)).toEqual(["AIG", "BAC", "C", "IBM"].map((symbol, at) => `Chart ${at + 1} of 4: ${symbol}, one-minute`))
      assert.deepStrictEqual(await active(page), ["Chart 2 of 4: BAC, one-minute"])
      await page.getByRole("button", { name: "Remove the chart of AIG" }).click()
      await expect.poll(() => charts(page)).toEqual(["BAC", "C", "IBM"].map((symbol, at) => `Chart ${at + 1} of 3: ${symbol}, one-minute`))
      await expect.poll(() => active(page)).toEqual(["Chart 1 of 3: BAC, one-minute"])
      assert.strictEqual(await page.evaluate("document.activeElement.id"), "chart")
      await chartSays(page, /^BAC: 60/)
      await page.getByLabel("Charts side by side").selectOption("1 chart")
      await expect.poll(() => page.locator(".chart").count()).toBe(1)
      assert.match(page.url(), /#\/candles-1m\/BAC$/)
      assert.isNull(await page.locator(".chart").getAttribute("role"))
      await page.goBack()
      await expect.poll(() => page.locator(".chart").count()).toBe(3)
      await page.goBack()
      await expect.poll(async () => (await charts(page))[0]).toBe("Chart 1 of 4: AIG, one-minute")
    }))

  it("get what they show and nothing else, each once, whatever forms in one", () =>
    visitCharts(async (page, station) => {
      const asked: Array<string> = []
      page.on("request", (request) => asked.push(decodeURIComponent(request.url())))
      await chartSays(page, /^IBM: 60/)
      await text(page, "chart-2").click({ position: { x: 60, y: 60 } })
      await page.getByRole("button", { name: /^SPY/ }).click()
      const streams = () => asked.filter((url) => url.includes("/stream?"))
      const followed = () => [...new URL(streams().at(-1)!).searchParams.getAll("follow")]
      await expect.poll(followed).toEqual(["IBM", "SPY"].flatMap((symbol) => [`candles-1m~${symbol}`, `day~${symbol}`, `moving-average-5m~${symbol}`]))
      await station.publish({ _tag: "forming", panes: [forming("SPY", "51.25"), forming("IBM", "52.5")] })
      await expect.poll(() => legends(page)).toEqual([expect.stringMatching(/^ 11:00.*C 52\.50/), expect.stringMatching(/^ 11:00.*C 51\.25/), expect.stringMatching(/^ 11:00.*C 52\.50/)])
      // What the stream tells of already is not read again: only what is new.
      const before = asked.length
      await page.getByRole("button", { name: /^C\b/ }).click()
      await expect.poll(followed).toContain("candles-1m~C")
      await expect.poll(async () => (await legends(page))[1]).toMatch(/^ 10:59/)
      const read = asked.slice(before).filter((url) => url.includes("/panes?")).map((url) => new URL(url).searchParams.get("key"))
      assert.deepStrictEqual([...new Set(read)], ["C"])
    }, { hash: "#/candles-1m/IBM?beside=AIG,IBM:5m" }))

  it("each say what is wrong with them, and together what is wrong with all", () =>
    visitCharts(async (page) => {
      await chartSays(page, /^IBM: 60/)
      const own = (at: number) => page.locator(".chart").nth(at).locator(".notice")
      await expect.poll(() => own(1).innerText()).toMatch(/^There is no symbol “AIX”/)
      await expect.poll(() => own(2).innerText()).toMatch(/^There is no interval “7m”/)
      await own(1).getByRole("link", { name: "AIG" }).click()
      await own(2).getByRole("link", { name: "5 minutes", exact: true }).click()
      await expect.poll(() => charts(page)).toEqual(["Chart 1 of 3: IBM, one-minute", "Chart 2 of 3: AIG, one-minute", "Chart 3 of 3: BAC, five-minute"])
      await page.evaluate(`location.hash = "#/candles-1m/IBM?beside=AIG,BAC,C,SPY"`)
      const fault = page.locator("#fault")
      await expect.poll(() => fault.innerText()).toMatch(/^5 charts are too many\s+There is room for 4 side by side:/)
      await page.evaluate(`location.hash = "#/candles-1m/IBM?beside=IBM"`)
      await expect.poll(() => fault.innerText()).toMatch(/^“IBM” is shown twice with the same bars/)
      await fault.getByRole("link", { name: "IBM" }).click()
      await chartSays(page, /^IBM: 60/)
      assert.strictEqual(await page.locator(".chart").count(), 1)
    }, { hash: "#/candles-1m/IBM?beside=AIX,BAC:7m" }))

  it("are taken along one by one", () =>
    visitCharts(async (page) => {
      await chartSays(page, /^IBM: 60/)
      await text(page, "chart-3").click({ position: { x: 60, y: 60 } })
      await page.getByText("Export", { exact: true }).click()
      const [table] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Table (CSV)" }).click()])
      assert.strictEqual(table.suggestedFilename(), "BAC-5m.csv")
      assert.strictEqual(readFileSync(await table.path(), "utf8").trim().split("\r\n").length, 13)
    }, { hash: four }))
})
