/** A pipeline that ends in rows, as whoever wrote one meets it on the page. */
import type { Page } from "playwright-core"
import { Schema } from "effect"
import { assert, describe, expect, it } from "vitest"
import * as Decimal from "../../src/domain/Decimal.ts"
import { Events, Expr, Pipeline, Source } from "../../src/streams/pipeline/index.ts"
import type { Row } from "../../src/streams/pipeline/Row.ts"
import { decimal } from "./session.ts"
import { browsing, shows, skipped, type Visit } from "./visiting.ts"

const visit = browsing()

const Order = Schema.Struct({ shop: Schema.String, placedAt: Schema.Int, amount: Decimal.Decimal({ scale: 2, limit: 1_000_000 }), buyer: Schema.Struct({ city: Schema.String, gift: Schema.Boolean }) })

const large = Source.make("orders", { schema: Order, key: "shop", eventTime: "placedAt", outOfOrderness: "30 seconds" }).pipe(
  Events.where(Expr.gt("amount", 100)),
  Pipeline.named("large-orders")
)

const nine = Date.UTC(2026, 9, 5, 13)
const order = (offset: number, shop: string, amount: string, city: string): Row => ({
  pipeline: "large-orders", place: { source: "orders", partition: 0, offset }, key: shop, time: nine + offset * 1_000,
  values: { shop, placedAt: nine + offset * 1_000, amount: decimal(amount), buyer: { city, gift: offset % 2 === 0 } }
})

const orders = [order(1, "Basel", "120.50", "Olten"), order(2, "Bern", "300", "Thun"), order(3, "Basel", "999.95", "Thun")]

const visitRows = (use: Parameters<typeof visit>[0], options: Visit = {}) =>
  visit(use, { pipelines: [large], prepare: (station) => station.publish({ _tag: "rows", rows: orders }), ...options })

const rows = async (page: Page) => (await page.locator("tbody tr").allInnerTexts()).map((row) => row.split(/[\t\n]+/).map((cell) => cell.trim()).slice(1))
const reads = (page: Page, wanted: ReadonlyArray<ReadonlyArray<string>>) => expect.poll(() => rows(page), { timeout: 30_000 }).toEqual(wanted)

const [first, second, third] = [
  ["Basel", "5 Oct 2026, 13:00:01 UTC", "120.50", "Olten", "no"],
  ["Bern", "5 Oct 2026, 13:00:02 UTC", "300.00", "Thun", "yes"],
  ["Basel", "5 Oct 2026, 13:00:03 UTC", "999.95", "Thun", "no"]
] as const

describe.skipIf(skipped)("a pipeline that ends in rows", () => {
  it("shows its newest rows with their fields, and those that come", () =>
    visitRows(async (page, station) => {
      await reads(page, [third, second, first])
      assert.deepStrictEqual(await page.locator("thead th").allInnerTexts(), ["Event time", "shop", "placedAt", "amount", "buyer.city", "buyer.gift"])
      assert.match(await page.locator(".heading p").innerText(), /^rows from orders, the newest first\. The sink of rows cannot be read back: these are the last that came since /)
      await station.publish({ _tag: "rows", rows: [order(4, "Zug", "101", "Cham")] })
      await reads(page, [["Zug", "5 Oct 2026, 13:00:04 UTC", "101.00", "Cham", "yes"], third, second, first])
    }, { hash: "#/large-orders" }))

  it("are those of a key where the address says so, and those that have a text in them", () =>
    visitRows(async (page) => {
      await reads(page, [third, second, first])
      await page.getByRole("link", { name: "Basel" }).first().click()
      await reads(page, [third, first])
      await shows(page, "symbol", "Basel")
      assert.match(page.url(), /#\/large-orders\/Basel$/)
      await page.goBack()
      await reads(page, [third, second, first])
      await page.getByLabel("Filter").fill("thun")
      await reads(page, [third, second])
      await page.getByLabel("Filter").fill("Genève")
      await expect.poll(() => page.locator(".notice h2").innerText()).toBe("No row has “Genève” in it")
      await page.getByLabel("Filter").fill("")
      await page.goto(`${page.url()}/Chur`)
      await expect.poll(() => page.locator(".notice h2").innerText()).toBe("There is no row of “Chur”")
      await page.getByRole("link", { name: "Rows of all keys" }).click()
      await reads(page, [third, second, first])
    }, { hash: "#/large-orders" }))

  it("of a key without a letter are a link away as well, and a long key hides no other field", () =>
    visitRows(async (page, station) => {
      await station.publish({ _tag: "rows", rows: [order(4, "", "101", "Cham"), order(5, "x".repeat(200), "102", "Cham")] })
      await page.getByRole("link", { name: "xxx" }).waitFor()
      const last = await page.getByRole("columnheader", { name: "buyer.gift" }).boundingBox()
      expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
      await page.getByRole("link", { name: "(empty)" }).click()
      await reads(page, [["(empty)", "5 Oct 2026, 13:00:04 UTC", "101", "Cham", "yes"]])
      assert.match(page.url(), /#\/large-orders\/$/)
    }, { hash: "#/large-orders" }))

  it("waits in words where none has come", () =>
    visitRows(async (page) => {
      await expect.poll(() => page.locator(".notice h2").innerText(), { timeout: 30_000 }).toBe("Waiting for the first row…")
    }, { prepare: async () => {} }))

  for (const width of [390, 320]) {
    it(`fits ${width} pixels`, () =>
      visitRows(async (page) => {
        await reads(page, [third, second, first])
        assert.isFalse(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
        const small = await page.locator("input:visible, .windows a").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height < 43.5).length)
        assert.strictEqual(small, 0)
        if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/rows-${width}.png` })
      }, { context: { viewport: { width, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" } }))
  }
})
