/** The past on the page, as a user meets it, in a real Chromium. */
import { Effect, Layer, ManagedRuntime } from "effect"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { Dashboard } from "../../src/adapters/dashboard/Dashboard.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { withBounds } from "../../src/streams/pipeline/Pipeline.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Feed } from "../../src/streams/ports/Feed.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { violations } from "./axe.ts"
import { complaintsOf, launch } from "./chromium.ts"
import { browsing, chartSays, shows, skipped, text } from "./visiting.ts"

const minute = 60_000
const open = Date.UTC(2013, 9, 8, 14)

const pipelines = [withBounds(candles1m, { allowedLateness: 10 * minute })]

const stores = Layer.mergeAll(
  EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, ResultSink.layerMemory, Monitor.layer, Feed.layerMemory([])
)

/** A log that was written in seven steps some time apart, a minute of one symbol each; the sixth revises the first, the last is none. */
const steps = [100, 101, 102, 103, 104].map((price, at) => [{ symbol: "IBM", time: open + at * minute, price: String(price), size: 10 }])
const late = [{ symbol: "IBM", time: open + 1_000, price: "109", size: 5 }]

let browser: Browser
beforeAll(async () => {
  if (!skipped) browser = await launch()
})
afterAll(() => browser?.close())

/** A visit to a server with such a log, and when each step was appended. */
const visitPast = async (use: (page: Page, url: string, times: ReadonlyArray<number>, append: (line: string) => Promise<number>) => Promise<void>, expected: ReadonlyArray<RegExp> = []) => {
  const runtime = ManagedRuntime.make(InProcess.layer.pipe(Layer.provideMerge(stores)))
  const context = await runtime.context()
  const server = ManagedRuntime.make(
    Dashboard.layer({ host: "127.0.0.1", port: 0, title: "courant", pipelines, past: { stores: context } }).pipe(Layer.provide(Layer.succeedContext(context)))
  )
  const page = await browser.newPage()
  try {
    const times: Array<number> = []
    for (const lines of [...[...steps, late].map((rows) => rows.map((row) => JSON.stringify(row))), ["no JSON"]]) {
      await runtime.runPromise(EventLog.use(({ append }) => append(0, fromTexts(lines))))
      times.push(Date.now())
      await new Promise((resume) => setTimeout(resume, 400))
    }
    runtime.runFork(Engine.use((engine) => engine.run({ name: "past", pipelines })))
    const { url } = await server.runPromise(Dashboard.use(Effect.succeed))
    const complaints = complaintsOf(page)
    await use(page, url, times, (line) => runtime.runPromise(EventLog.use(({ append }) => append(0, fromTexts([line])))))
    assert.deepStrictEqual(complaints.filter((complaint) => !expected.some((each) => each.test(complaint))), [])
  } finally {
    await page.close()
    await server.dispose()
    await runtime.dispose()
  }
}

const candles = (count: number) => new RegExp(`^IBM: ${count} one-minute candles`)

const visit = browsing()

describe.skipIf(skipped)("the past on the page", () => {
  it("has the alerts of then, and makes none", () =>
    visitPast(async (page, url, times) => {
      await page.goto(url)
      await chartSays(page, /^IBM: 5/)
      const openForm = () => page.getByRole("button", { name: "Alert", exact: true }).click()
      await openForm()
      await page.getByRole("button", { name: "Make alert" }).click()
      await shows(page, "alert-count", "1")
      await page.goto(`${url}#/candles-1m/IBM?at=${new Date(times[3]!).toISOString()}`)
      await shows(page, "alert-count", "0")
      await openForm()
      await expect.poll(() => page.locator("#alert-form").innerText()).toMatch(/The page shows the past: go back to live/)
      assert.isTrue(await page.getByRole("button", { name: "Make alert" }).isDisabled())
      await page.getByRole("button", { name: "Cancel" }).click()
      await page.keyboard.press("l")
      await shows(page, "alert-count", "1")
    }))

  it("has the alerts of the instant that it has come to, while it plays", () =>
    visitPast(async (page, url, times, append) => {
      await page.goto(url)
      await chartSays(page, /^IBM: 5/)
      await page.getByRole("button", { name: "Alert", exact: true }).click()
      await page.getByRole("button", { name: "Make alert" }).click()
      await shows(page, "alert-count", "1")
      for (let at = 5; at < 12; at++) {
        await append(JSON.stringify({ symbol: "IBM", time: open + at * minute, price: "100", size: 10 }))
        await page.waitForTimeout(700)
      }
      await page.goto(`${url}#/candles-1m/IBM?at=${new Date(times[3]!).toISOString()}`)
      await shows(page, "alert-count", "0")
      await text(page, "time-speed").selectOption("1")
      await text(page, "time-play").click()
      const shown = () => page.evaluate("`${document.body.dataset.time}: ${document.querySelector('#alert-count').textContent}`")
      await expect.poll(shown, { interval: 50, timeout: 30_000 }).toBe("past: 1")
    }))

  it("is what was known at the instant that the address names, and live is a button away", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?at=${new Date(times[2]! + 50).toISOString()}`)
      await shows(page, "time-now", /^As known at /)
      await chartSays(page, candles(3))
      await shows(page, "last", "102.00")
      await expect.poll(() => page.evaluate("document.body.dataset.time")).toBe("past")
      await text(page, "time-live").click()
      await shows(page, "last", "104.00")
      await chartSays(page, candles(5))
      assert.notInclude(page.url(), "at=")
      await page.evaluate("location.hash += '?at=yesterday'")
      await expect.poll(() => page.locator(".wrong").textContent()).toMatch(/^“yesterday” is no time such as/)
      await page.goBack()
      assert.strictEqual(await page.evaluate("document.body.dataset.time"), "now")
      await page.goBack()
      await shows(page, "last", "102.00")
    }))

  it("goes by changes, forwards and backwards, and by the scrubber to any instant", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?at=${times[2]! + 50}`)
      await shows(page, "last", "102.00")
      await page.keyboard.press(".")
      await shows(page, "last", "103.00")
      await chartSays(page, candles(4))
      await page.keyboard.press(",")
      await shows(page, "last", "102.00")
      await page.evaluate(`(() => {
        const scrubber = document.getElementById("time-at")
        scrubber.value = "${times[0]! + 50}"
        scrubber.dispatchEvent(new Event("change", { bubbles: true }))
      })()`)
      await chartSays(page, candles(1))
      await shows(page, "last", "100.00")
    }))

  it("is played on at a speed, is paused, and ends where now begins", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?at=${times[0]! + 50}`)
      await chartSays(page, candles(1))
      await text(page, "time-speed").selectOption("0.1")
      await text(page, "time-play").click()
      await shows(page, "time-play", "Pause")
      await chartSays(page, candles(2))
      await text(page, "time-play").click()
      await shows(page, "time-play", "Play")
      await expect.poll(() => Date.parse(new URLSearchParams(page.url().split("?")[1]).get("at") ?? "")).toBeGreaterThan(times[0]! + 50)
      await text(page, "time-speed").selectOption("1")
      await text(page, "time-play").click()
      await shows(page, "time-now", "Now")
      await chartSays(page, candles(5))
    }))

  it("of a window that is chosen are its revisions, its records and what it waits for", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?view=windows`)
      // What forms may be there before what was read.
      await expect.poll(() => page.locator(".windows button.window").count()).toBe(5)
      await page.locator(".windows button.window").last().click()
      const panel = text(page, "window-history")
      await expect.poll(() => panel.locator(".revisions > li").count(), { timeout: 60_000 }).toBe(2)
      assert.match(await panel.locator(".waits").textContent() ?? "", /^\s*Closed. Late events may revise it until the watermark is at 10:11:00 EDT.*The watermark waits for ticks, of which nothing has come since /)
      const revised = (await panel.locator(".revisions > li").last().innerText()).replaceAll(/\s+/g, " ")
      expect(revised).toMatch(/late, 2 rows by record 5 of ticks, partition 0 .*high 100 109/)
      assert.deepStrictEqual(await panel.locator(".records code").allTextContents(), [steps[0]![0], late[0]].map((row) => JSON.stringify(row)))
      await panel.locator(".revisions button").first().click()
      await expect.poll(() => panel.locator(".revisions > li").count()).toBe(1)
      assert.isBelow(Date.parse(new URLSearchParams(page.url().split("?")[1]).get("at") ?? ""), times[5]!)
      await page.keyboard.press("Escape")
      assert.isFalse(await panel.isVisible())
    }))

  it("is that of all charts side by side, and Enter tells the history of the bar that is read in each", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?beside=IBM:5m&at=${times[2]! + 50}`)
      await chartSays(page, candles(3))
      await expect.poll(() => text(page, "chart-2").getAttribute("aria-label")).toMatch(/^IBM: 1 five-minute/)
      const told = () => page.locator(".legend").allTextContents()
      await expect.poll(told).toEqual([expect.stringMatching(/^ 10:02.*C 102\.00/), expect.stringMatching(/^ 10:00O 100\.00.*C 102\.00/)])
      await page.keyboard.press(".")
      await expect.poll(told).toEqual([expect.stringMatching(/^ 10:03.*C 103\.00/), expect.stringMatching(/^ 10:00O 100\.00.*C 103\.00/)])
      const panel = text(page, "window-history")
      await text(page, "chart").focus()
      // Nothing is read yet.
      await page.keyboard.press("Enter")
      assert.isFalse(await panel.isVisible())
      for (const key of ["ArrowLeft", "ArrowLeft", "Enter"]) await page.keyboard.press(key)
      await expect.poll(() => panel.locator("h2").innerText()).toMatch(/10:02 – 10:03$/)
      await page.keyboard.press("Escape")
      assert.strictEqual(await page.evaluate("document.activeElement.id"), "chart")
      // Of a longer bar it is that of its last minute.
      await text(page, "chart-2").focus()
      for (const key of ["ArrowLeft", "Enter"]) await page.keyboard.press(key)
      await expect.poll(() => panel.locator("h2").innerText()).toMatch(/10:03 – 10:04$/)
    }))

  it.each(["dark", "light"] as const)("is accessible, with a history: %s", (colorScheme) =>
    visitPast(async (page, url, times) => {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${url}#/candles-1m/IBM?at=${times[2]! + 50}`)
      await chartSays(page, candles(3))
      await text(page, "chart").focus()
      for (const key of ["ArrowLeft", "Enter"]) await page.keyboard.press(key)
      await expect.poll(() => text(page, "window-history").locator(".records > li").count()).toBeGreaterThan(0)
      assert.deepStrictEqual(await violations(page), [])
    }))

  it("has what could not be used by then, and what was counted", () =>
    visitPast(async (page, url, times) => {
      const letters = (time: number) => page.goto(`${url}#/?view=left-out&at=${time + 50}`)
      const read = page.locator("table.figures tbody td").first()
      await letters(times[5]!)
      await expect.poll(() => read.textContent()).toBe("6")
      await expect.poll(() => page.locator("main").innerText()).toMatch(/No event was refused/)
      await text(page, "time-live").click()
      await expect.poll(() => read.textContent()).toBe("7")
      await expect.poll(() => page.locator("main").innerText()).toMatch(/The line is no JSON/)
      await page.goto(`${url}#/?view=graph&at=${times[2]! + 50}`)
      await expect.poll(() => page.locator(".lane .muted").first().textContent()).toMatch(/^read 3\b/)
    }))

  it("stays what is shown, whichever link one follows", () =>
    visitPast(async (page, url, times) => {
      const then = new Date(Math.floor(times[3]! / 2 + times[4]! / 2)).toISOString()
      const follows = async (link: ReturnType<Page["locator"]>) => {
        await link.click()
        await expect.poll(() => page.url()).toContain(`at=${encodeURIComponent(then).replaceAll("%3A", ":")}`)
        await page.getByText("As known at").waitFor()
      }
      await page.goto(`${url}#/candles-1m/IBM?at=${then}`)
      await page.getByText("As known at").waitFor()
      await follows(page.locator("footer").getByRole("link", { name: "Late" }))
      await follows(page.getByRole("main").getByRole("link", { name: "candles-1m" }))
      await follows(page.locator("footer").getByRole("link", { name: "Alerts" }))
      await page.goto(`${url}#/?view=graph&at=${then}`)
      await follows(page.getByRole("main").getByRole("link", { name: "candles-1m" }))
      await page.goto(`${url}#/no-such?at=${then}`)
      await follows(page.getByRole("main").getByRole("link", { name: "candles-1m" }))
      await page.getByRole("button", { name: "Back to live" }).click()
      await expect.poll(() => page.locator("footer a[data-view]").evaluateAll((links) => links.map((link) => link.getAttribute("href"))))
        .toEqual(["#/?view=left-out", "#/?view=left-out", "#/?view=alerts"])
    }))

  it("is gone through by keys alone, on the scrubber too, and says what they do", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?at=${times[0]! + 50}`)
      await chartSays(page, candles(1))
      await text(page, "time-speed").selectOption("0.1")
      await text(page, "time-at").focus()
      await page.keyboard.press("Enter")
      await shows(page, "time-play", "Pause")
      await shows(page, "announce", "Playing, 0.1 times as fast as it was written")
      assert.strictEqual(await text(page, "time-now").getAttribute("aria-live"), "off")
      await page.keyboard.press("p")
      await shows(page, "time-play", "Play")
      await shows(page, "announce", "Paused")
      assert.strictEqual(await text(page, "time-now").getAttribute("aria-live"), "polite")
      await page.keyboard.press("End")
      await shows(page, "last", "104.00")
      await page.keyboard.press("ArrowLeft")
      await shows(page, "time-now", /^As known at /)
      await page.keyboard.press("l")
      await shows(page, "time-now", "Now")
      assert.strictEqual(await page.evaluate("document.activeElement.id"), "time-at")
      await page.keyboard.press(",")
      await text(page, "time-live").focus()
      await page.keyboard.press("Enter")
      await shows(page, "time-now", "Now")
      assert.strictEqual(await page.evaluate("document.activeElement.id"), "time-play")
    }))

  it("waits where others look at as many instants as can be, says so, and goes on", () =>
    visitPast(async (page, url, times) => {
      const others = times.slice(0, 4).map(async (time) => {
        const over = new AbortController()
        const { body } = await fetch(`${url}api/v1/stream?asKnownAt=${time + 50}`, { signal: over.signal })
        await body?.getReader().read()
        return over
      })
      const all = await Promise.all(others)
      await page.goto(`${url}#/candles-1m/IBM?at=${times[4]! + 50}`)
      await shows(page, "time-now", "Waiting: the past is looked at by 4 others, and this goes on when one of them has gone")
      all[1]!.abort()
      await shows(page, "time-now", /^As known at /)
      await chartSays(page, candles(5))
      for (const over of all) over.abort()
    }, [/503/]))

  it("says of what day the watermark is", () =>
    visitPast(async (page, url, times) => {
      await page.goto(`${url}#/candles-1m/IBM?at=${times[2]! + 50}`)
      await shows(page, "watermark", "8 Oct 2013, 10:01:55 EDT")
    }))

  it("is not there where the server does not have the log", () =>
    visit(async (page, station) => {
      await shows(page, "connection", "Connected")
      assert.isFalse(await text(page, "time").isVisible())
      assert.strictEqual((await fetch(`${station.url}api/v1/panes?asKnownAt=1`)).status, 404)
    }))

  it("tells of a revised bar which late events made it, of one that is looked at for a while, once", () =>
    visitPast(async (page, url) => {
      const asked: Array<string> = []
      page.on("request", (request) => {
        if (request.url().includes("/history?")) asked.push(request.url())
      })
      await page.goto(`${url}#/candles-1m/IBM?view=windows`)
      const rows = page.locator(".windows tbody tr:not(.space)")
      await expect.poll(() => rows.count(), { timeout: 30_000 }).toBe(5)
      // What is read meanwhile may draw the page anew under the pointer.
      await expect.poll(async () => {
        await page.locator("header").first().hover()
        await rows.last().hover()
        await page.waitForTimeout(1_000)
        return page.locator(".late-events").textContent()
      }, { timeout: 30_000 }).toBe("A late event made it: 10:00:01 EDT at 109")
      // One that was not revised is not asked for, and what is known is not asked for again.
      await rows.first().hover()
      await expect.poll(() => page.locator(".late-events").textContent()).toBe("")
      await rows.last().hover()
      await expect.poll(() => page.locator(".late-events").textContent()).toBe("A late event made it: 10:00:01 EDT at 109")
      assert.strictEqual(asked.length, 1)
      // The chart tells it too, of the bar that is read.
      await page.goto(`${url}#/candles-1m/IBM`)
      await chartSays(page, candles(5))
      await text(page, "chart").focus()
      await page.keyboard.press("Home")
      await shows(page, "legend", /A late event made it: 10:00:01 EDT at 109/)
    }))
})
