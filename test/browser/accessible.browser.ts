/** axe finds nothing to say about the page, in both themes and where the system chooses the colours. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { candles1m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { fiveHours, notJson, takings } from "./orders.ts"
import { closedPanes, dayPane, decimal, pane, parseBars } from "./session.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { browsing, chartSays, shows, skipped } from "./visiting.ts"

const visit = browsing()
const require = createRequire(import.meta.url)
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8")
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")

/** A minute below the level 1, and the next above. */
const crossing = ["0.5", "1.5"].map((price, number): Pane => {
  const start = (aig.at(-1)?.start ?? 0) + (number + 1) * 60_000
  return pane("candles-1m", "AIG", start, start + 60_000, { open: decimal(price), high: decimal(price), low: decimal(price), close: decimal(price), volume: 1 })
})

interface Violation {
  readonly id: string
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>
}

const violations = async (page: Page) => {
  await page.evaluate(axe)
  const found = await page.evaluate<ReadonlyArray<Violation>>("axe.run().then(({ violations }) => violations)")
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ failureSummary, html }) => `${html.slice(0, 160)} ${failureSummary}`).join("; ")}`)
}

const contexts = [{ colorScheme: "dark" }, { colorScheme: "light" }, { forcedColors: "active" }] as const

describe.skipIf(skipped)("the page is accessible", () => {
  it.each(contexts)("%j", (context) =>
    visit(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      assert.deepStrictEqual(await violations(page), [])
      await page.keyboard.press("?")
      await page.getByRole("dialog").waitFor()
      assert.deepStrictEqual(await violations(page), [])
      await page.keyboard.press("Escape")
      await page.locator("#shown").selectOption({ label: "takings" })
      await shows(page, "symbol", "Basel")
      await expect.poll(() => page.locator(".windows tbody tr").count()).toBeGreaterThan(4)
      assert.deepStrictEqual(await violations(page), [])
      await page.locator("#shown").selectOption({ label: "Graph of all" })
      await expect.poll(() => page.locator(".card").count()).toBeGreaterThan(5)
      assert.deepStrictEqual(await violations(page), [])
      await page.locator("#shown").selectOption({ label: "Late and left out" })
      await expect.poll(() => page.locator(".left-out table").count()).toBe(3)
      assert.deepStrictEqual(await violations(page), [])
      await page.evaluate(`location.hash = "#/candles-1m/AIG"`)
      await page.getByRole("button", { name: "Alert", exact: true }).click()
      await page.getByRole("dialog").waitFor()
      assert.deepStrictEqual(await violations(page), [])
      await page.getByLabel("Level").fill("1")
      await page.getByRole("button", { name: "Make alert" }).click()
      await expect.poll(() => page.locator("#alert-count").textContent()).toBe("1")
      await station.write(crossing)
      await page.locator(".toast", { hasText: "AIG: Price above 1" }).waitFor()
      assert.deepStrictEqual(await violations(page), [])
      await page.evaluate(`location.hash = "#/?view=alerts"`)
      await expect.poll(() => page.locator(".alerts table").count()).toBe(2)
      assert.deepStrictEqual(await violations(page), [])
      await page.evaluate(`location.hash = "#/nothing"`)
      await expect.poll(() => page.locator(".notice").count()).toBe(1)
      assert.deepStrictEqual(await violations(page), [])
    }, {
      context,
      pipelines: [candles1m, movingAverage5m, day, takings],
      letters: [notJson],
      prepare: (station) => station.write([...closedPanes(aig), dayPane(aig, "-0.642531"), ...fiveHours])
    }))
})
