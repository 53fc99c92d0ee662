/** Dashboards as a viewer sees them, in a real Chromium. */
import type { Browser, Page } from "playwright-core"
import { complaintsOf } from "../browser/chromium.ts"

export interface Visit {
  readonly page: Page
  /** Of the console, of scripts and of requests. */
  readonly complaints: Array<string>
}

/** Opens a page with a session of its own and gives it when all of its panels have been drawn. */
export const visit = async (browser: Browser, url: string, authorization: string): Promise<Visit> => {
  const context = await browser.newContext({
    viewport: { width: 1600, height: 1290 },
    colorScheme: "dark",
    extraHTTPHeaders: { authorization }
  })
  // A panel takes seconds to be drawn, and minutes where the machine is busy elsewhere.
  context.setDefaultTimeout(300_000)
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(url)
  await drawn(page)
  return { page, complaints }
}

/** Waits until no panel loads and nothing more is asked for. */
export const drawn = async (page: Page): Promise<void> => {
  await page.locator("[data-panelid], [data-testid*='Panel header']").first().waitFor()
  await page.waitForLoadState("networkidle")
  await page.waitForTimeout(500)
}
