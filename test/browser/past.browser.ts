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
import { complaintsOf, launch } from "./chromium.ts"
import { browsing, chartSays, shows, skipped, text } from "./visiting.ts"

const minute = 60_000
const open = Date.UTC(2013, 9, 8, 14)

const pipelines = [withBounds(candles1m, { allowedLateness: 10 * minute })]

const stores = Layer.mergeAll(
  EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, ResultSink.layerMemory, Monitor.layer, Feed.layerMemory([])
)

/** A log that was written in six steps some time apart, a minute of one symbol each, the last of which revises the first. */
const steps = [100, 101, 102, 103, 104].map((price, at) => [{ symbol: "IBM", time: open + at * minute, price: String(price), size: 10 }])
const late = [{ symbol: "IBM", time: open + 1_000, price: "109", size: 5 }]

let browser: Browser
beforeAll(async () => {
  if (!skipped) browser = await launch()
})
afterAll(() => browser?.close())

/** A visit to a server with such a log, and when each step was appended. */
const visitPast = async (use: (page: Page, url: string, times: ReadonlyArray<number>) => Promise<void>) => {
  const runtime = ManagedRuntime.make(InProcess.layer.pipe(Layer.provideMerge(stores)))
  const context = await runtime.context()
  const server = ManagedRuntime.make(
    Dashboard.layer({ host: "127.0.0.1", port: 0, title: "courant", pipelines, past: { stores: context } }).pipe(Layer.provide(Layer.succeedContext(context)))
  )
  const page = await browser.newPage()
  try {
    const times: Array<number> = []
    for (const rows of [...steps, late]) {
      await runtime.runPromise(EventLog.use(({ append }) => append(0, fromTexts(rows.map((row) => JSON.stringify(row))))))
      times.push(Date.now())
      await new Promise((resume) => setTimeout(resume, 400))
    }
    runtime.runFork(Engine.use((engine) => engine.run({ name: "past", pipelines })))
    const { url } = await server.runPromise(Dashboard.use(Effect.succeed))
    const complaints = complaintsOf(page)
    await use(page, url, times)
    assert.deepStrictEqual(complaints, [])
  } finally {
    await page.close()
    await server.dispose()
    await runtime.dispose()
  }
}

const candles = (count: number) => new RegExp(`^IBM: ${count} one-minute candles`)

const visit = browsing()

describe.skipIf(skipped)("the past on the page", () => {
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
      assert.match(await panel.locator(".waits").textContent() ?? "", /^\s*Closed. Late events may revise it until the watermark is at 10:11:00 EDT/)
      const revised = (await panel.locator(".revisions > li").last().innerText()).replaceAll(/\s+/g, " ")
      expect(revised).toMatch(/late, 2 rows by record 5 of ticks, partition 0 .*high 100 109/)
      assert.deepStrictEqual(await panel.locator(".records code").allTextContents(), [steps[0]![0], late[0]].map((row) => JSON.stringify(row)))
      await panel.locator(".revisions button").first().click()
      await expect.poll(() => panel.locator(".revisions > li").count()).toBe(1)
      assert.isBelow(Date.parse(new URLSearchParams(page.url().split("?")[1]).get("at") ?? ""), times[5]!)
      await page.keyboard.press("Escape")
      assert.isFalse(await panel.isVisible())
    }))

  it("is not there where the server does not have the log", () =>
    visit(async (page, station) => {
      await shows(page, "connection", "Connected")
      assert.isFalse(await text(page, "time").isVisible())
      assert.strictEqual((await fetch(`${station.url}api/v1/panes?asKnownAt=1`)).status, 404)
    }))
})
