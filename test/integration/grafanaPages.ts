/** Dashboards as a viewer sees them, in a real Chromium. */
import { existsSync } from "node:fs"
import { type Browser, chromium, type Page } from "playwright-core"

const executablePath = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome"
].find((path) => path !== undefined && existsSync(path))

/** On a build server a missing browser is a failure, never a reason to test less. */
export const hasBrowser = executablePath !== undefined || process.env["CI"] !== undefined

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath ?? "chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  })

export interface Visit {
  readonly page: Page
  /** Of the console, of scripts and of requests. */
  readonly complaints: Array<string>
}

/** Opens a page with a session of its own and gives it when all of its panels have been drawn. */
export const visit = async (browser: Browser, url: string, authorization: string): Promise<Visit> => {
  const context = await browser.newContext({
    viewport: { width: 1600, height: 1175 },
    colorScheme: "dark",
    extraHTTPHeaders: { authorization }
  })
  const page = await context.newPage()
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(url)
  await drawn(page)
  return { page, complaints }
}

/** Waits until no panel loads and nothing more is asked for. */
export const drawn = async (page: Page): Promise<void> => {
  await page.locator("[data-panelid], [data-testid*='Panel header']").first().waitFor({ timeout: 30_000 })
  await page.waitForLoadState("networkidle", { timeout: 30_000 })
  await page.waitForTimeout(500)
}
