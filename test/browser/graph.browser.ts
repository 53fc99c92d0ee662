/** The graph of what runs: what is told at each node, and whether it can be read, whatever runs and wherever it is looked at. */
import type { Page } from "playwright-core"
import { assert, describe, expect, it } from "vitest"
import { Aggregate, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Window } from "../../src/streams/pipeline/index.ts"
import { Schema } from "effect"
import { type NodeCounts, nothingYet } from "../../src/streams/ports/Monitor.ts"
import { nine, takings } from "./orders.ts"
import { browsing, skipped, type Visit } from "./visiting.ts"

const visit = browsing()

const Trade = Schema.Struct({ symbol: Schema.String, at: Schema.Int, price: Schema.Int, size: Schema.Int, id: Schema.String })
const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "at", outOfOrderness: "1 second" })
const quotes = Source.make("quotes", { schema: Trade, key: "symbol", eventTime: "at", outOfOrderness: "1 second" })

/** Ten nodes in one row, two sources. */
const slippage = trades.pipe(
  Events.where(Expr.gt("size", 0)),
  Events.distinct({ by: "id", within: "1 minute" }),
  Join.asOf(quotes, { within: "2 seconds", select: { bid: "price" } }),
  Events.derive({ above: Expr.subtract("price", "bid") }),
  Window.tumbling("1 minute"),
  Aggregate.into({ above: Aggregate.mean("above"), trades: Aggregate.count }),
  Panes.derive({ before: Indicator.previous("above") }),
  Panes.where(Expr.gt("trades", 1)),
  Pipeline.named("slippage")
)

const sixteen = Array.from({ length: 16 }, (_, n) => trades.pipe(
  Window.tumbling((n + 1) * 60_000),
  Aggregate.into({ trades: Aggregate.count }),
  Pipeline.named(`trades-${n + 1}m`)
))

const none: NodeCounts = { inputs: [0], out: 0, taken: 0, late: 0, refused: 0, duplicate: 0, filtered: 0, held: 0, state: 0, watermark: nine }

/** What is known of the nodes of the long pipeline, by what they are. */
const known: { readonly [tag: string]: Partial<NodeCounts> } = {
  where: { inputs: [1_200], taken: 1_000, filtered: 200, out: 1_000 },
  "derive-fields": { inputs: [12_345_678_901], taken: 12_345_678_901, duplicate: 123_456, held: 999_999, late: 999_999, out: 12_345_678_901, state: 650_109 },
  distinct: { inputs: [1_000], taken: 900, duplicate: 40, late: 10, held: 50, out: 900, state: 70 },
  "as-of": { inputs: [900, 5_000], taken: 5_870, held: 30, out: 870, state: 41 },
  window: { inputs: [870], taken: 868, late: 2, out: 12, state: 3, watermark: null }
}

const nodes = { slippage: Object.fromEntries(slippage.checked.nodes.map((node) => [node.id, { ...none, ...known[node._tag] }])) }
const progress = {
  ...nothingYet, read: 6_200, watermark: nine, nodes, byPipeline: { slippage: { ...nothingYet, read: 6_200 } },
  bySource: { trades: { ...nothingYet, read: 1_200 }, quotes: { ...nothingYet, read: 5_000 } },
  sources: { trades: { watermark: nine, lag: 7 }, quotes: { watermark: nine - 1_000, lag: 0 } }
}

const visitGraph = (use: Parameters<typeof visit>[0], options: Visit = {}) =>
  visit(use, { pipelines: [slippage, takings], hash: "#/?view=graph", prepare: (station) => station.publish({ _tag: "progress", progress }), ...options })

/** Of a card its facts. */
const facts = (page: Page, card: string) => page.evaluate<{ readonly [name: string]: string }>(`Object.fromEntries([...[...document.querySelectorAll(".card")].find((card) => card.querySelector("b").textContent === ${JSON.stringify(card)})
  .querySelectorAll("dl div")].map((fact) => [fact.querySelector("dt").textContent, fact.querySelector("dd").textContent]))`)

/** Cards that an edge runs under, by points along each. */
const crossings = `[...document.querySelectorAll(".picture path")].flatMap((path) => {
  const box = document.querySelector(".picture").getBoundingClientRect()
  const cards = [...document.querySelectorAll(".card")].map((card) => [card, card.getBoundingClientRect()])
  return Array.from({ length: 200 }, (_, n) => path.getPointAtLength(path.getTotalLength() * n / 199)).flatMap(({ x, y }) =>
    cards.filter(([, { bottom, left, right, top }]) => x + box.left > left + 1 && x + box.left < right - 1 && y + box.top > top + 1 && y + box.top < bottom - 1)
      .map(([card]) => card.querySelector("b").textContent))
})`

/** What is cut off in a card. */
const cut = `[...document.querySelectorAll(".card dl, .card dd")].filter((one) => {
  const [box, card] = [one.getBoundingClientRect(), one.closest(".card").getBoundingClientRect()]
  const own = one.localName === "dd" ? one.parentElement : one
  return box.bottom > card.bottom || box.right > card.right || own.scrollWidth > own.clientWidth
}).map((one) => one.textContent)`

describe.skipIf(skipped)("the graph", () => {
  it("tells of each node what came, by side, what became of it and what it keeps, and of each source its own lag and time", () =>
    visitGraph(async (page) => {
      await expect.poll(() => facts(page, "as of"), { timeout: 30_000 }).toMatchObject({ in: "900 + 5,000", out: "870", held: "30", state: "41" })
      assert.deepInclude(await facts(page, "distinct"), { in: "1,000", out: "900", late: "10", duplicate: "40", held: "50", state: "70" })
      assert.deepInclude(await facts(page, "where"), { in: "1,200", out: "1,000", filtered: "200" })
      assert.deepInclude(await facts(page, "source: trades"), { read: "1,200", lag: "7", watermark: "13:00:00 UTC" })
      assert.deepInclude(await facts(page, "source: quotes"), { read: "5,000", lag: "0", watermark: "12:59:59 UTC" })
    }))

  it("says of what is not known that it is not, and never 0", () =>
    visitGraph(async (page) => {
      // Of the other pipeline nothing but the time of all is known, and of the window of the first not how far it has come.
      await expect.poll(() => page.locator(".card", { hasText: "windows of 1h" }).locator("dd").allInnerTexts(), { timeout: 30_000 }).toEqual(["—", "—", "—", "—", "13:00:00 UTC"])
      assert.deepStrictEqual(await facts(page, "source: orders"), { "events/s": "—", lag: "—", read: "—", out: "—", watermark: "—" })
      assert.deepInclude(await facts(page, "window"), { watermark: "—", in: "870" })
    }))

  it("draws no edge behind a card, and cuts no figure", () =>
    visitGraph(async (page) => {
      await expect.poll(() => page.locator(".picture path").count(), { timeout: 30_000 }).toBeGreaterThan(9)
      assert.deepStrictEqual(await page.evaluate(crossings), [])
      assert.deepStrictEqual(await page.evaluate(cut), [])
    }, { context: { viewport: { width: 1_440, height: 900 } } }))

  it("is read in the order in which events go, by whoever does not see it", () =>
    visitGraph(async (page) => {
      const titles = () => page.locator(".card b").allInnerTexts()
      await expect.poll(titles, { timeout: 30_000 }).toEqual([
        "source: trades", "source: quotes", "source: orders", "where", "distinct", "as of", "derive fields", "window", "derive", "where panes", "window", "sink: panes"
      ])
      assert.deepStrictEqual(await page.locator(".picture ol").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label"))), ["Sources", "slippage", "takings", "Sinks"])
      assert.strictEqual(await page.locator(".card", { hasText: "as of" }).locator(".from").first().textContent(), "from distinct and source: quotes")
    }))

  it("has sixteen pipelines one below the other, each with its name in sight of its nodes", () =>
    visitGraph(async (page) => {
      await expect.poll(() => page.locator(".lane").count(), { timeout: 30_000 }).toBe(16)
      assert.deepStrictEqual(await page.evaluate(crossings), [])
    }, { pipelines: sixteen, context: { viewport: { width: 1_440, height: 900 }, colorScheme: "light" } }))

  for (const width of [390, 320]) {
    it(`is a list on a screen of ${width} pixels, and nothing of it is cut`, () =>
      visitGraph(async (page) => {
        await expect.poll(() => page.locator(".card").count(), { timeout: 30_000 }).toBe(12)
        assert.isFalse(await page.evaluate("document.querySelector('.view.graph').scrollWidth > document.querySelector('.view.graph').clientWidth"))
        assert.deepStrictEqual(await page.evaluate(cut), [])
        assert.isTrue(await page.locator(".card .from").first().isVisible())
        await page.screenshot({ path: `${process.env["SHOTS"] ?? "/tmp"}/graph-${width}.png` })
      }, { context: { viewport: { width, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" } }))
  }

  it("has edges that are seen with forced colours", () =>
    visitGraph(async (page) => {
      await expect.poll(() => page.locator(".picture path").count(), { timeout: 30_000 }).toBeGreaterThan(9)
      const [edge, ground] = await page.evaluate<ReadonlyArray<string>>(`[getComputedStyle(document.querySelector(".picture path")).stroke, getComputedStyle(document.body).backgroundColor]`)
      assert.notStrictEqual(edge, ground)
    }, { context: { forcedColors: "active" } }))
})
