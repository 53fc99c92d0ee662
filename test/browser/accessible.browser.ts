/** axe finds nothing to say about the page, in both themes and where the system chooses the colours. */
import { readFileSync } from "node:fs"
import { assert, describe, expect, it } from "vitest"
import { candles1m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { violations } from "./axe.ts"
import { fiveHours, notJson, takings } from "./orders.ts"
import { closedPanes, dayPane, decimal, pane, parseBars } from "./session.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { browsing, chartSays, shows, skipped } from "./visiting.ts"

const visit = browsing()
const bars = parseBars(readFileSync(new URL("us-equities-2013-10-08-10h.csv", import.meta.url), "utf8"))
const aig = bars.filter(({ symbol }) => symbol === "AIG")
const ibm = bars.filter(({ symbol }) => symbol === "IBM")

/** A minute below the level 1, and the next above. */
const crossing = ["0.5", "1.5"].map((price, number): Pane => {
  const start = (aig.at(-1)?.start ?? 0) + (number + 1) * 60_000
  return pane("candles-1m", "AIG", start, start + 60_000, { open: decimal(price), high: decimal(price), low: decimal(price), close: decimal(price), volume: 1 })
})

const contexts = [{ colorScheme: "dark" }, { colorScheme: "light" }, { forcedColors: "active" }] as const

describe.skipIf(skipped)("the page is accessible", () => {
  it.each(contexts)("%j", (context) =>
    visit(async (page, station) => {
      await chartSays(page, /^AIG: 60/)
      assert.deepStrictEqual(await violations(page), [])
      for (const name of ["Indicators", "Compare", "Export"]) {
        await page.locator("summary", { hasText: name }).click()
        assert.deepStrictEqual(await violations(page), [], name)
      }
      await page.keyboard.press("Escape")
      await page.evaluate(`location.hash = "#/candles-1m/AIG?beside=IBM,AIG:5m,IBN:15m"`)
      await expect.poll(() => page.locator(".chart").count()).toBe(4)
      await chartSays(page, /^AIG: 60/)
      assert.deepStrictEqual(await violations(page), [])
      await page.evaluate(`location.hash = "#/candles-1m/AIG?compare=AIG"`)
      await expect.poll(() => page.locator("#fault .notice").count()).toBe(1)
      assert.deepStrictEqual(await violations(page), [])
      await page.evaluate(`location.hash = "#/candles-1m/AIG"`)
      await expect.poll(() => page.locator(".chart").count()).toBe(1)
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
      prepare: (station) => station.write([...closedPanes(aig), dayPane(aig, "-0.642531"), ...closedPanes(ibm), dayPane(ibm, null), ...fiveHours])
    }))
})
