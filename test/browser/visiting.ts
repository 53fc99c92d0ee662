/** Visits of the page: a dashboard, and a browser that looks at it and must have nothing to complain about. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, assert, beforeAll, expect } from "vitest"
import { complaintsOf, hasBrowser, launch } from "./chromium.ts"
import { open, type Options, type Station } from "./station.ts"

export const skipped = !hasBrowser
if (skipped) console.warn("No chromium was found: the page is not tested. Install it or set CHROMIUM_PATH.")

export interface Visit extends Options {
  readonly context?: BrowserContextOptions
  /** What stands behind the address of the page. */
  readonly hash?: string
  /** Before the page is opened. */
  readonly prepare?: (station: Station) => Promise<void>
}

type Use = (page: Page, station: Station, complaints: Array<string>) => Promise<void>

/** One browser for the tests of a file. */
export const browsing = (): (use: Use, visit?: Visit) => Promise<void> => {
  let browser: Browser
  beforeAll(async () => {
    if (!skipped) browser = await launch()
  })
  afterAll(() => browser?.close())

  return async (use, { context = {}, hash = "", prepare = async () => {}, ...options } = {}) => {
    const station = await open({ _tag: "recorded", date: "2013-10-08", speed: 60 }, options)
    const view = await browser.newContext(context)
    try {
      await prepare(station)
      const page = await view.newPage()
      const complaints = complaintsOf(page)
      page.on("request", (request) => {
        if (!request.url().startsWith(station.url)) complaints.push(`asked another host: ${request.url()}`)
      })
      await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
        console.error("policy violated: " + event.violatedDirective + " " + event.blockedURI))`)
      await page.goto(station.url + hash)
      await use(page, station, complaints)
      assert.deepStrictEqual(complaints, [])
    } finally {
      await view.close()
      await station.end()
    }
  }
}

export const text = (page: Page, id: string) => page.locator(`#${id}`)
export const shows = (page: Page, id: string, wanted: string | RegExp) =>
  expect.poll(() => text(page, id).textContent(), { timeout: 60_000 }).toMatch(
    typeof wanted === "string" ? new RegExp(`^${wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) : wanted
  )
export const chartSays = (page: Page, wanted: RegExp) =>
  expect.poll(() => text(page, "chart").getAttribute("aria-label"), { timeout: 60_000 }).toMatch(wanted)

/** How many pixels of the chart, or the plot, have a colour of the theme. */
export const pixels = (page: Page, variable: string, id = "chart") =>
  page.evaluate<number>(`(() => {
    const probe = document.createElement("canvas")
    const drawn = [...document.querySelectorAll("#${id} canvas")].filter(({ height, width }) => width * height > 0)
    probe.width = Math.max(...drawn.map(({ width }) => width))
    probe.height = 1 + drawn.reduce((height, canvas) => height + canvas.height, 0)
    const context = probe.getContext("2d", { willReadFrequently: true })
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--${variable}").trim()
    context.fillRect(0, 0, 1, 1)
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data
    let top = 1
    for (const canvas of drawn) {
      context.drawImage(canvas, 0, top)
      top += canvas.height
    }
    const { data } = context.getImageData(0, 1, probe.width, probe.height - 1)
    let found = 0
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) found++
    }
    return found
  })()`)
