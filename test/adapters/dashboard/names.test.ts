/** The page is JavaScript that no compiler looks at: what it calls pipelines and results is held to them here. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import * as names from "../../../src/adapters/dashboard/page/market/names.js"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import { bars, ticks } from "../../../src/analytics/ticks.ts"
import { describe, zoneOfAll } from "../../../src/adapters/dashboard/Description.ts"
import * as Checked from "../../../src/streams/pipeline/Checked.ts"
import type { AnyOfPanes as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import { takings } from "../../browser/orders.ts"

const resultsOf = ({ checked }: AnyPipeline) => Checked.valuesOf(checked).map(([name]) => name)

it("the market's page asks for pipelines that there are", () => {
  assert.deepStrictEqual([names.pricePipeline, names.dayPipeline], [candles1m.name, day.name])
})

it("the market's page shows results that there are", () => {
  assert.includeMembers(resultsOf(candles1m), Object.values(names.candle))
  assert.includeMembers(resultsOf(day), Object.values(names.day))
})

const page = new URL("../../../src/adapters/dashboard/page/", import.meta.url)
const scripts = readdirSync(page, { encoding: "utf8", recursive: true })
  // All others are made for any pipeline, and know none.
  .filter((name) => /^market\/.*\.js$/.test(name) && name !== "market/names.js")

it.each(scripts)("%s calls none of them by itself", (script) => {
  const text = readFileSync(new URL(script, page), "utf8")
  const pipelines = [candles1m, day].map(({ name }) => `"${name}"`)
  const own = text.replaceAll(/^import .*$/gm, "")
  for (const literal of [...pipelines, "values[\"", "day[\""]) assert.notInclude(own, literal)
  // What is called is an array's.
  assert.notMatch(own, /\bvalues\.(?!js\b|length\b|\w+\()/)
  // A name that `names.js` does not have would be undefined, and a missing value.
  for (const [path] of text.matchAll(/\bnames\.(?:candle|average|day)\.\w+/g)) assert.nestedProperty({ names }, path, script)
})

const exchange = "America/New_York"

it("what is over the sources of the market has the times of the exchange, and anything else UTC unless it says another", () => {
  const counted = [Window.tumbling("1 hour"), Aggregate.into({ count: Aggregate.count })] as const
  const over = [ticks.pipe(...counted, Pipeline.named("trades")), bars.pipe(...counted, Pipeline.named("minutes"))]
  const zoneOf = (pipeline: Pipeline.Any) => describe(pipeline, exchange).timeZone
  assert.deepStrictEqual([...over, takings].map(zoneOf), [exchange, exchange, "UTC"])
  const swiss = Pipeline.shown({ timeZone: "Europe/Zurich" })(takings)
  assert.strictEqual(zoneOf(swiss), "Europe/Zurich")
  const ofAll = (...pipelines: ReadonlyArray<Pipeline.Any>) => zoneOfAll(pipelines.map((pipeline) => describe(pipeline, exchange)), exchange)
  assert.deepStrictEqual([ofAll(swiss), ofAll(swiss, takings), ofAll(takings), ofAll(swiss, over[0]!), ofAll()], ["Europe/Zurich", "UTC", "UTC", exchange, "UTC"])
})
