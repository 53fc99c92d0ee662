/** The page as a user meets it, in a real Chromium. */
import { readFileSync } from "node:fs"
import { assert, describe, expect, it } from "vitest"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { nothingYet } from "../../src/streams/ports/Monitor.ts"
import { type Bar, candle, closedPanes, dayPane, decimal, pane, parseBars } from "./session.ts"
import type { Station } from "./station.ts"
import { browsing, chartSays, pixels, shows, skipped, text, type Visit } from "./visiting.ts"

const minute = 60_000
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const of = (symbol: string): ReadonlyArray<Bar> => bars.filter((bar) => bar.symbol === symbol)
const aig = of("AIG")
const ibm = of("IBM")
const hostile = `<img src=x onerror="document.title='owned'">`
const tenOClock = Date.UTC(2013, 9, 8, 14)
const forming = tenOClock + 60 * minute

const formingCandle = (key: string, close: string) =>
  pane("candles-1m", key, forming, forming + minute, {
    open: decimal("48.70"), high: decimal("48.99"), low: decimal("48.60"), close: decimal(close),
    mean: null, volume: 1_200, vwap: null, trades: null
  }, { pane: "early" })

const visit = browsing()

const filled = (station: Station) =>
  station.write([...closedPanes(aig), ...closedPanes(ibm), dayPane(aig, "-0.642531"), dayPane(ibm, null)])

/** A visit to a dashboard with an hour of two symbols. */
const visitMarket = (use: Parameters<typeof visit>[0], options: Visit = {}) => visit(use, { prepare: filled, ...options })

describe.skipIf(skipped)("the page", () => {
  it("shows candles, average and volume, the day's figures and where they come from", () =>
    visitMarket(async (page) => {
      await shows(page, "symbol", "AIG")
      await chartSays(page, /^AIG: 60 one-minute candles/)
      const day = candle(aig)
      await shows(page, "last", Number(aig.at(-1)?.close).toFixed(2))
      await shows(page, "high", Math.max(...aig.map(({ high }) => Number(high))).toFixed(2))
      await shows(page, "low", Math.min(...aig.map(({ low }) => Number(low))).toFixed(2))
      await shows(page, "volume", Number(day["volume"]).toLocaleString("en-US"))
      await shows(page, "change", "▼ -0.64 %")
      await shows(page, "change-note", "vs prev. close")
      await shows(page, "freshness", "RECORDED 2013-10-08 ×60")
      await shows(page, "connection", "Connected")
      await shows(page, "zone", "Times in America/New_York")
      const mean = aig.slice(-5).reduce((sum, { close }) => sum + Number(close), 0) / 5
      await shows(page, "legend", new RegExp(`^ 10:59.*MA 5 min ${mean.toFixed(2)}$`))
      assert.strictEqual(await text(page, "empty").isVisible(), false)
      await expect.poll(() => page.title()).toMatch(/^AIG \d\d\.\d\d -0\.64 % · courant$/)
      for (const color of ["up", "down", "average", "volume-up", "volume-down"]) {
        await expect.poll(() => pixels(page, color), { message: color }).toBeGreaterThan(20)
      }
    }, { context: { colorScheme: "dark" } }))

  it("says that the change is from the day's open where the previous close is not known", () =>
    visitMarket(async (page) => {
      await shows(page, "symbol", "IBM")
      const change = (Number(ibm.at(-1)?.close) / Number(ibm[0]?.open) - 1) * 100
      await shows(page, "change", `${change > 0 ? "▲ +" : "▼ "}${change.toFixed(2)} %`)
      await shows(page, "change-note", "from day's open")
    }, { hash: "#IBM/5m" }))

  it("changes symbol and interval by mouse and by keyboard", () =>
    visitMarket(async (page) => {
      await chartSays(page, /^AIG: 60 one-minute/)
      await page.getByRole("button", { name: /^IBM/ }).click()
      await shows(page, "symbol", "IBM")
      await chartSays(page, /^IBM: 60 one-minute/)
      await page.getByRole("button", { name: "5m", exact: true }).click()
      await chartSays(page, /^IBM: 12 five-minute/)
      await page.keyboard.press("1")
      await chartSays(page, /^IBM: 60 one-minute/)
      assert.strictEqual(await page.getByRole("button", { name: "1m", exact: true }).getAttribute("aria-pressed"), "true")
      const presses = [["[", "AIG"], ["]", "IBM"], ["ArrowDown", "AIG"], ["ArrowUp", "IBM"], ["]", "AIG"]] as const
      for (const [key, symbol] of presses) {
        await page.keyboard.press(key)
        await shows(page, "symbol", symbol)
        assert.match(await page.locator("[aria-current]").innerText(), new RegExp(`^${symbol}`))
      }
      await page.keyboard.press("5")
      await chartSays(page, /^AIG: 12 five-minute/)
      await page.reload()
      await chartSays(page, /^AIG: 12 five-minute/)
      await page.keyboard.press("?")
      assert.isTrue(await page.getByRole("dialog").isVisible())
      await page.keyboard.press("Escape")
      assert.isFalse(await page.getByRole("dialog").isVisible())
    }))

  it("moves with forming windows, closes them and takes corrections", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60 /)
      await station.publish({ _tag: "forming", panes: [formingCandle("AIG", "48.91")] })
      await shows(page, "last", "48.91")
      await shows(page, "last-note", "at 11:00")
      await chartSays(page, /^AIG: 61 /)
      await expect.poll(() => page.title()).toMatch(/^AIG 48\.91 /)
      // Of the windows that are open the one that ends with this minute is its average.
      await station.publish({
        _tag: "forming",
        panes: [0, 1, 2, 3, 4].map((n) =>
          pane("moving-average-5m", "AIG", forming + (n - 4) * minute, forming + (n + 1) * minute, {
            mean: decimal(50 + n), volume: 1, trades: 1
          }, { pane: "early" })
        )
      })
      await shows(page, "legend", /^ 11:00.*C 48\.91.*MA 5 min 50\.00 forming$/)
      await station.publish({ _tag: "forming", panes: [formingCandle("IBM", "179.5")] })
      await expect.poll(() => page.getByRole("button", { name: /^IBM/ }).innerText()).toContain("179.50")
      await station.write([{ ...formingCandle("AIG", "48.95"), pane: "on-time" }])
      await shows(page, "last", "48.95")
      // What was on its way when the window closed changes nothing; a late revision does.
      await station.publish({ _tag: "forming", panes: [formingCandle("AIG", "48.11"), formingCandle("IBM", "179.75")] })
      await expect.poll(() => page.getByRole("button", { name: /^IBM/ }).innerText()).toContain("179.75")
      await shows(page, "last", "48.95")
      await station.write([{ ...formingCandle("AIG", "48.97"), pane: "late", revision: 1, changes: 2 }])
      await shows(page, "last", "48.97")
      await station.write([{ ...formingCandle("AIG", "48.22"), pane: "on-time", revision: 0 }])
      await station.publish({
        _tag: "progress",
        progress: { ...nothingYet, read: 41_234, late: 3, deadLettered: 2, lag: 1_200, watermark: forming + 59_000 }
      })
      expect(await text(page, "held").isVisible()).toBe(false)
      await shows(page, "watermark", "8 Oct 2013, 11:00:59 EDT")
      await shows(page, "market-time", "8 Oct 2013, 11:00:59 EDT")
      await shows(page, "lag", "1,200 records")
      await shows(page, "late", "3")
      await shows(page, "dead", "2")
      await shows(page, "last", "48.97")
      const bySource = { trades: { ...nothingYet, held: 1_204 }, quotes: { ...nothingYet, held: 0 } }
      await station.publish({ _tag: "progress", progress: { ...nothingYet, read: 41_234, held: 1_204, bySource, watermark: forming + 59_000 } })
      await shows(page, "held", "1,204 (trades 1,204)")
      expect(await text(page, "held").isVisible()).toBe(true)
    }))

  it("shows a candle that is provisional paler, and says so, until it is final", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60 /)
      await expect.poll(() => pixels(page, "up")).toBeGreaterThan(20)
      const minutes = closedPanes(aig).filter(({ pipeline }) => pipeline === "candles-1m")
      const told = (provisional: number, changes: number) =>
        minutes.map((candle): Pane => ({ ...candle, pane: "late", changes, values: { ...candle.values, provisional } }))
      const volumes = await pixels(page, "volume-up")
      await station.write(told(2, 2))
      await shows(page, "legend", /MA 5 min \d+\.\d+ provisional$/)
      await expect.poll(() => pixels(page, "up")).toBe(0)
      expect(await pixels(page, "volume-up")).toBeGreaterThan(volumes)
      await station.write(told(0, 3))
      await shows(page, "legend", /MA 5 min \d+\.\d+ revised$/)
      await expect.poll(() => pixels(page, "up")).toBeGreaterThan(20)
    }, { context: { colorScheme: "dark" } }))

  it("says what the feed is worth", () =>
    visitMarket(async (page, station) => {
      await shows(page, "freshness", "RECORDED 2013-10-08 ×60")
      station.feel({ _tag: "delayed", minutes: 15 })
      await shows(page, "freshness", "DELAYED 15 min")
      station.feel({ _tag: "live" })
      await shows(page, "freshness", "LIVE")
      station.feel({ _tag: "stale", reason: "no answer for 2 min" })
      await shows(page, "freshness", "STALE")
      assert.strictEqual(await text(page, "freshness").getAttribute("title"), "no answer for 2 min")
    }))

  it("pauses and paces a replay, says when it has ended, and its clock stands then", () =>
    visitMarket(async (page, station) => {
      await shows(page, "freshness", "RECORDED 2013-10-08 ×60")
      const pause = page.getByRole("button", { name: "Pause" })
      await pause.click()
      await page.getByRole("button", { name: "Resume" }).waitFor()
      assert.isTrue(station.pace().paused)
      await page.getByLabel("Replay speed").selectOption("600")
      await expect.poll(() => station.pace()).toEqual({ paused: true, speed: 600 })
      await page.getByRole("button", { name: "Resume" }).click()
      await pause.waitFor()
      assert.isFalse(station.pace().paused)
      const lastEventAt = forming + 59_000
      await station.publish({ _tag: "progress", progress: { ...nothingYet, read: 2, watermark: forming + 54_000, lastEventAt } })
      await shows(page, "market-time", "8 Oct 2013, 11:00:59 EDT")
      assert.isFalse(await text(page, "ended").isVisible())
      station.finish()
      await text(page, "ended").waitFor()
      assert.isFalse(await text(page, "control").isVisible())
      // The clock of an idle feed lets windows close, and is no time of the market.
      await station.publish({ _tag: "progress", progress: { ...nothingYet, read: 2, watermark: forming + 3_600_000, lastEventAt } })
      await shows(page, "watermark", "8 Oct 2013, 12:00:00 EDT")
      await shows(page, "market-time", "8 Oct 2013, 11:00:59 EDT")
    }))

  it("lives through a restart of the server and catches up with what it missed", () =>
    visitMarket(async (page, station, complaints) => {
      await shows(page, "connection", "Connected")
      await chartSays(page, /^AIG: 60 /)
      await station.stop()
      await shows(page, "connection", "Reconnecting…")
      await station.write([{ ...formingCandle("AIG", "48.88"), pane: "on-time" }])
      await station.start()
      await shows(page, "connection", "Connected")
      await shows(page, "last", "48.88")
      await chartSays(page, /^AIG: 61 /)
      // And the new stream is heard.
      await station.publish({ _tag: "forming", panes: [formingCandle("IBM", "180.25")] })
      await expect.poll(() => page.getByRole("button", { name: /^IBM/ }).innerText()).toContain("180.25")
      // The browser itself notes each refused connection; nothing else may be there.
      const others = complaints.filter((line) => !/net::ERR_CONNECTION_(?:REFUSED|RESET)/.test(line))
      complaints.splice(0, complaints.length, ...others)
    }))

  it("waits in words where there is nothing yet, and starts by itself", () =>
    visitMarket(async (page, station) => {
      await shows(page, "connection", "Connected")
      assert.isTrue(await page.getByText("Waiting for the first candle…").isVisible())
      assert.isTrue(await page.getByText("No symbols yet").isVisible())
      await station.publish({ _tag: "forming", panes: [formingCandle("AIG", "48.91")] })
      await shows(page, "last", "48.91")
      await expect.poll(() => page.getByText("Waiting for the first candle…").isVisible()).toBe(false)
    }, { prepare: async () => {} }))

  it("shows hostile text as text", () =>
    visitMarket(async (page, station) => {
      await station.write([{ ...formingCandle(hostile, "1.00"), pane: "on-time" }])
      const row = page.getByRole("button", { name: /onerror/ })
      await row.click()
      await shows(page, "symbol", hostile)
      await chartSays(page, /1 one-minute/)
      station.feel({ _tag: "recorded", date: hostile, speed: 1 })
      await expect.poll(() => text(page, "freshness").textContent()).toContain(hostile)
      assert.strictEqual(await page.locator("img").count(), 0)
      assert.notStrictEqual(await page.title(), "owned")
    }))

  for (const colorScheme of ["dark", "light"] as const) {
    it(`fits a phone and follows the system's theme: ${colorScheme}`, () =>
      visitMarket(async (page, station) => {
        await chartSays(page, /^AIG: 60 /)
        await station.write([{ ...formingCandle(hostile, "90000000.12345678"), pane: "on-time" }])
        const wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert.isFalse(await page.evaluate(wide))
        await page.getByRole("button", { name: /onerror/ }).click()
        await shows(page, "last", "90,000,000.12")
        assert.isFalse(await page.evaluate(wide))
        const theme = () => page.evaluate("document.documentElement.dataset.theme")
        assert.strictEqual(await theme(), colorScheme)
        const other = colorScheme === "dark" ? "light" : "dark"
        await page.getByRole("button", { name: /dark and light/ }).click()
        assert.strictEqual(await theme(), other)
        await page.reload()
        assert.strictEqual(await theme(), other)
      }, { context: { colorScheme, viewport: { width: 360, height: 740 } } }))
  }

  it("keeps its places when numbers move", () =>
    visitMarket(async (page, station) => {
      await chartSays(page, /^AIG: 60 /)
      const places = () => page.evaluate<Array<string>>(`
        [...document.querySelectorAll(".tile, .chart, .watch button, h2, .badge")].map((part) => {
          const { x, y, width, height } = part.getBoundingClientRect()
          return [x, y, width, height].join()
        })`)
      const before = await places()
      const price = "148.9"
      const prices = { open: price, high: price, low: price, close: price }
      const trade: Bar = { symbol: "AIG", start: forming, ...prices, volume: 987_654_321 }
      await station.write([{ ...dayPane([...aig, trade], "12.5"), pane: "late", revision: 1, changes: 2 }])
      await station.publish({ _tag: "forming", panes: [formingCandle("AIG", "148.9")] })
      await shows(page, "last", "148.90")
      await shows(page, "change", "▲ +12.50 %")
      assert.deepStrictEqual(await places(), before)
    }))
})
