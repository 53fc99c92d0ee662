/** The dashboards and alert rules as files: up to date, whole, and of one style. Real servers answer them elsewhere. */
import type { Dashboard, DataTransformerConfig, Panel } from "@grafana/grafana-foundation-sdk/dashboard"
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import * as Alerts from "../../grafana/Alerts.ts"
import { exchange } from "../../grafana/Calendars.ts"
import { files } from "../../grafana/Files.ts"
import * as Market from "../../grafana/Market.ts"
import { candlesOf, intervals, provisional, sessions, told, windowEnd } from "../../grafana/Names.ts"
import * as MarketInfluxql from "../../grafana/MarketInfluxql.ts"
import * as Pipeline from "../../grafana/Pipeline.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { indicators1m } from "../../src/analytics/indicators.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"

const folder = new URL("../../grafana/", import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8")

const market = Market.dashboard.build()
const pipeline = Pipeline.dashboard.build()
const influxql = MarketInfluxql.dashboard.build()
const dashboards = [market, influxql, pipeline]

/** No dashboard has rows. */
const panelsOf = ({ panels = [] }: Dashboard): ReadonlyArray<Panel> =>
  panels.map((panel) => {
    if ("collapsed" in panel) throw new Error("a row")
    return panel
  })

const queryOf = ({ targets = [] }: Panel): string => targets.map((target) => JSON.stringify(target)).join("\n")

describe("the files", () => {
  it.each(Object.keys(files))("%s is what the TypeScript makes: npm run grafana", (name) => {
    assert.strictEqual(read(name), files[name])
  })

  it("are all there are", () => {
    const written = ["dashboards", "provisioning/alerting"].flatMap((under) =>
      readdirSync(new URL(under, folder)).map((name) => `${under}/${name}`))
    assert.deepStrictEqual(new Set(written), new Set(Object.keys(files)))
  })

  it("have a webhook as an example that nothing is provisioned from, whose address comes from the environment", () => {
    assert.deepStrictEqual(readdirSync(new URL("examples", folder)), ["webhook.yaml"])
    const urls = [...read("examples/webhook.yaml").matchAll(/^ *url: (.*)$/gm)].map(([, url]) => url)
    assert.deepStrictEqual(urls, ["${COURANT_ALERT_WEBHOOK}"])
    const folders = Alerts.provisioned.groups.map(({ folder }) => folder)
    for (const name of folders) assert.include(read("examples/webhook.yaml"), `[grafana_folder, "=", ${name}]`)
  })

  it("keep no address and no secret: both come from the environment", () => {
    const sources = read("provisioning/datasources/courant.yaml")
    for (const name of ["url", "organization", "defaultBucket", "dbName", "token", "httpHeaderValue1"]) {
      const values = [...sources.matchAll(new RegExp(`^ *${name}: (.*)$`, "gm"))].map(([, value]) => value ?? "")
      assert.isNotEmpty(values, name)
      for (const value of values) assert.match(value, /^(Token )?\$\{COURANT_INFLUXDB_[A-Z]+\}$/, name)
    }
    assert.include(read("provisioning/dashboards/courant.yaml"), "path: ${COURANT_GRAFANA_DASHBOARDS}")
  })
})

describe.each(dashboards)("the dashboard $title", (dashboard) => {
  const panels = panelsOf(dashboard)
  const variables = (dashboard.templating.list ?? []).map(({ name }) => name)

  it("loads in Grafana 10 and says when it is up to date", () => {
    assert.strictEqual(dashboard.schemaVersion, 42)
    assert.strictEqual(dashboard.refresh, "5s")
    assert.isString(dashboard.time?.from)
  })

  it("has panels that say what they show, and what to do when there is nothing", () => {
    assert.strictEqual(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const { datasource, description = "", fieldConfig, id, title = "" } of panels) {
      assert.isNumber(id, title)
      assert.isNotEmpty(title)
      assert.match(description, /^[A-Z].*\.$/, title)
      assert.match(fieldConfig?.defaults.noValue ?? "", /--sink influxdb/, title)
      assert.strictEqual(datasource?.uid, "${datasource}", title)
    }
  })

  it("leaves no colour, no legend and no unit to Grafana's defaults", () => {
    for (const { fieldConfig, options = {}, title, type } of panels) {
      // The default is red from 80 on.
      assert.notInclude(JSON.stringify(fieldConfig?.defaults.thresholds ?? "none"), "none", title)
      assert.notInclude(JSON.stringify(fieldConfig?.defaults.thresholds), "80", title)
      if (type === "timeseries" || type === "candlestick") assert.isBoolean(options.legend?.showLegend, title)
      const isGiven = fieldConfig?.defaults.unit !== undefined || fieldConfig?.defaults.decimals !== undefined ||
        fieldConfig?.overrides.some(({ properties }) => properties.some(({ id }) => id === "unit"))
      assert.isTrue(isGiven, title)
    }
  })

  it("fills a grid of 24 columns without gap or overlap", () => {
    const cells = new Map<string, string>()
    for (const { gridPos = { x: 0, y: 0, w: 0, h: 0 }, title = "" } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.isFalse(cells.has(`${x} ${y}`), `${title} over ${cells.get(`${x} ${y}`)}`)
          assert.isBelow(x, 24, title)
          cells.set(`${x} ${y}`, title)
        }
      }
    }
    const height = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)))
    assert.strictEqual(cells.size, 24 * height)
  })

  it("refers to no variable that it does not have, and has none that nothing refers to", () => {
    const text = JSON.stringify([panels, dashboard.links, dashboard.annotations])
    const used = [...text.matchAll(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g)].map(([, braced, bare]) => braced ?? bare ?? "")
    // Grafana's own, in queries of InfluxQL too.
    const ours = new Set(used.filter((name) => !/^(?:__|timeFilter$|tag_)/.test(name)))
    assert.deepStrictEqual([...ours].toSorted(), variables.toSorted())
  })

  it("leads to dashboards that exist", () => {
    const uids = dashboards.map(({ uid }) => uid)
    const targets = [...JSON.stringify([panels, dashboard.links]).matchAll(/"url":"\/d\/([\w-]+)/g)]
    assert.isNotEmpty(targets)
    for (const [, uid] of targets) assert.include(uids, uid)
  })

  it("names and orders only columns that its queries give", () => {
    for (const panel of panels) {
      const computed = (panel.transformations ?? []).map(({ options }: DataTransformerConfig) => String(options.alias))
      const query = [queryOf(panel), ...computed].join()
      const named = (panel.fieldConfig?.overrides ?? []).map(({ matcher }) => String(matcher.options))
        .filter((name) => !/^[A-Z]+$/.test(name))
      const ordered = (panel.transformations ?? []).flatMap(({ options }: DataTransformerConfig) =>
        [...Object.keys(options.indexByName ?? {}), ...(options.mappings ?? []).map(({ fieldName }: { fieldName: string }) => fieldName)])
      for (const name of [...named, ...ordered]) assert.include(query, name, panel.title)
    }
  })
})

const resultsOf = ({ checked }: AnyPipeline): ReadonlyArray<string> => Checked.valuesOf(checked).map(([name]) => name)

describe("what the market asks for", () => {
  it("are candles that there are, whatever length is chosen", () => {
    assert.deepStrictEqual(Object.values(intervals).map(candlesOf), [candles1m.name, candles5m.name])
  })

  it("is in the panes of the built-in pipelines, or in the sessions beside them", () => {
    const results: Record<string, ReadonlyArray<string>> = {
      // Some feeds say these, and where they do not they are absent.
      [candles1m.name]: [...resultsOf(candles1m), provisional],
      [candlesOf("${interval}")]: resultsOf(candles1m),
      [movingAverage5m.name]: resultsOf(movingAverage5m),
      [day.name]: [...resultsOf(day), windowEnd, exchange, ...Object.values(told)],
      [indicators1m.name]: resultsOf(indicators1m),
      [sessions.measurement]: Object.values(sessions.fields)
    }
    const asked = [...panelsOf(market).flatMap(({ targets = [] }) => targets), ...(market.annotations?.list ?? []).map(({ target }) => target)]
    const queries = asked.map((target) => JSON.stringify(target))
    const measurements = queries.flatMap((query) =>
      [...query.matchAll(/r\._measurement == \\?"([^"\\]+)\\?"/g)].map(([, name]) => name ?? ""))
    assert.deepStrictEqual(new Set(measurements), new Set(Object.keys(results)))
    const known = new Set(Object.values(results).flat())
    const fields = queries.flatMap((query) =>
      [...query.matchAll(/r\._field == \\?"([^"\\]+)\\?"/g)].map(([, name]) => name ?? ""))
    assert.isNotEmpty(fields)
    for (const field of fields) assert.isTrue(known.has(field), field)
  })
})

describe("the alert rules", () => {
  const rules = Alerts.provisioned.groups.flatMap(({ rules }) => rules)

  it("have a folder of their own and point at panels that exist", () => {
    const provider = read("provisioning/dashboards/courant.yaml")
    for (const { folder } of Alerts.provisioned.groups) assert.notMatch(provider, new RegExp(`folder: ${folder}$`, "m"))
    assert.strictEqual(new Set(rules.map(({ uid }) => uid)).size, rules.length)
    for (const { dashboardUid, panelId, uid } of rules) {
      const dashboard = dashboards.find(({ uid }) => uid === dashboardUid)
      assert.isDefined(dashboard, uid)
      assert.isTrue(dashboard !== undefined && panelsOf(dashboard).some(({ id }) => id === panelId), uid)
    }
  })

  it("ask for what courant writes", () => {
    const asked = [Alerts.silence, Alerts.move, Alerts.cross, Alerts.rsi].join()
    const known = new Set([
      ...resultsOf(candles1m), "window_end", "part_end",
      // Of `day` and `indicators-1m`.
      "exchange", "close", "sma20", "ema20", "rsi14"
    ])
    for (const [, field = ""] of asked.matchAll(/r\._field == "([^"]+)"/g)) assert.isTrue(known.has(field), field)
    const measurements = [...asked.matchAll(/r\._measurement == "([^"]+)"/g)].map(([, name]) => name ?? "")
    assert.deepStrictEqual(new Set(measurements), new Set(["day", "candles-1m", "courant-sessions", "indicators-1m"]))
  })

  it("hold no dollar sign: to some versions of Grafana it is an environment variable", () => {
    assert.notInclude(JSON.stringify(Alerts.provisioned), "$")
  })
})
