/** The page is JavaScript that no compiler looks at: what it calls pipelines and results is held to them here. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import * as names from "../../../src/adapters/dashboard/page/market/names.js"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import * as Checked from "../../../src/streams/pipeline/Checked.ts"
import type { AnyOfPanes as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"

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
