/**
 * The dashboards and alert rules on a real Grafana over a real InfluxDB that holds the recorded session: what each
 * panel asks and is answered, and what a browser shows. Alert rules have a file of their own.
 * `COURANT_PICTURES=1` also takes the pictures of the documentation anew.
 */
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import * as Alerts from "../../grafana/Alerts.ts"
import { regularSession } from "../cli/session.ts"
import { api, type Asked, type Frame, minute } from "./grafanaApi.ts"
import { hasBrowser, launch } from "../browser/chromium.ts"
import { drawn, visit } from "./grafanaPages.ts"
import * as Session from "./grafanaSession.ts"
import { candleOf, madeUp } from "./grafanaSession.ts"
import { open, type Stack } from "./grafanaStack.ts"

let stack: Stack
let grafana: ReturnType<typeof api>

const { from, to } = { from: regularSession.from, to: regularSession.to }
const symbols = ["AIG", "BAC", "IBM", "SPY"]
const chosen = (symbol: string, interval = "1m"): Asked => ({
  from,
  to,
  variables: { symbol: [symbol], interval: [interval], symbols, topics: ["ticks"], processors: ["courant"] }
})

beforeAll(async () => {
  stack = await open()
  grafana = api(stack)
  await grafana.write([...Session.lines(), ...Session.figures(from, to)])
})

afterAll(() => stack?.end())

const dashboardOf = (name: string): Dashboard =>
  JSON.parse(readFileSync(new URL(`../../grafana/dashboards/${name}.json`, import.meta.url), "utf8"))

const panelsOf = (name: string): ReadonlyArray<Panel> => (dashboardOf(name).panels ?? []).filter((panel) => !("panels" in panel))

const queryOf = ({ targets = [], title }: Panel): string => {
  const [target] = targets
  if (target === undefined || !("query" in target)) throw new Error(`${title} asks nothing`)
  return String(target.query)
}

const ask = (name: string, id: number, asked: Asked): Promise<ReadonlyArray<Frame>> => {
  const panel = panelsOf(name).find((panel) => panel.id === id)
  if (panel === undefined) throw new Error(`no panel ${id}`)
  return grafana.query(queryOf(panel), { ...asked, maxDataPoints: panel.maxDataPoints ?? 1_500 })
}

/** Of the only frame. */
const column = (frames: ReadonlyArray<Frame>, name: string): ReadonlyArray<number> => {
  assert.strictEqual(frames.length, 1)
  const values = frames[0]?.columns.get(name)
  if (values === undefined) throw new Error(`no ${name} among ${[...frames[0]?.columns.keys() ?? []].join()}`)
  return values.map((value) => value === null ? NaN : Number(value))
}

const assertClose = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>, message: string) => {
  assert.strictEqual(actual.length, expected.length, message)
  for (const [at, value] of expected.entries()) {
    const found = actual[at] ?? NaN
    const isSame = Number.isNaN(value) ? Number.isNaN(found) : Math.abs(found - value) <= 1e-9 * Math.abs(value)
    assert.isTrue(isSame, `${message}, row ${at}: ${found} where ${value} was expected`)
  }
}

describe("provisioning", () => {
  it("reports no error", () => {
    const log = stack.log()
    assert.include(log, "finished to provision alerting")
    assert.deepStrictEqual(log.split("\n").filter((line) => /level=error/.test(line)), [])
  })

  it("gives data sources that reach InfluxDB in both languages", async () => {
    for (const uid of ["courant-flux", "courant-influxql"]) {
      const { message, status } = await grafana.call<{ status: string; message: string }>(
        "GET",
        `/api/datasources/uid/${uid}/health`
      )
      assert.strictEqual(status, "OK", message)
    }
  })

  it("lets InfluxQL read the bucket by its name, with no mapping made", async () => {
    const { results } = await grafana.call<{ results: { A: { frames: ReadonlyArray<unknown> } } }>(
      "POST",
      "/api/ds/query",
      {
        from: String(from),
        to: String(to),
        queries: [{
          refId: "A",
          datasource: { uid: "courant-influxql" },
          rawQuery: true,
          resultFormat: "time_series",
          query: `SELECT last("close") FROM "candles-1m" WHERE "key" = 'AIG' AND $timeFilter`
        }]
      }
    )
    const last = Session.series("candles-1m", "AIG").findLast(({ start }) => start <= to)
    assert.include(JSON.stringify(results.A.frames), String(last?.value("close")))
  })

  it("puts dashboards and alerts into folders of their own", async () => {
    const found = await grafana.call<ReadonlyArray<{ uid: string; title: string; folderTitle?: string }>>(
      "GET",
      "/api/search?type=dash-db"
    )
    assert.deepStrictEqual(
      found.map(({ folderTitle, title, uid }) => [uid, title, folderTitle]).toSorted(),
      [
        ["courant-market", "Market", "courant"],
        ["courant-market-influxql", "Market (InfluxQL)", "courant"],
        ["courant-pipeline", "Pipeline", "courant"]
      ]
    )
    const rules = await grafana.rulesOf("courant alerts")
    assert.deepStrictEqual(
      rules.map(({ name }) => name),
      Alerts.provisioned.groups.flatMap(({ rules }) => rules.map(({ title }) => title))
    )
    const evaluated = async () =>
      (await grafana.rulesOf("courant alerts")).map(({ health, lastError, lastEvaluation }) =>
        Date.parse(lastEvaluation) > 0 ? lastError ?? health : "not yet")
    await expect.poll(evaluated, { timeout: 300_000, interval: 500 }).toEqual(rules.map(() => "ok"))
  })
})

describe("variables", () => {
  it.each(["market", "pipeline"])("of %s take their values from the data", async (name) => {
    const asked = (dashboardOf(name).templating.list ?? []).filter(({ type }) => type === "query")
    assert.isNotEmpty(asked)
    for (const { name, query } of asked) {
      const frames = await grafana.query(String(query), { from, to })
      const values = frames.flatMap(({ columns }) => [...columns.get("_value") ?? []])
      const expected = { topics: ["ticks"], processors: ["courant"] }[name] ?? symbols
      assert.deepStrictEqual(values.toSorted(), expected, name)
    }
  })
})

describe("the panels of Market", () => {
  it.each(symbols)("show the day of %s as the batch fold has it", async (symbol) => {
    const [frame] = await ask("market", 1, { ...chosen(symbol), to: from + 24 * 60 * minute })
    assert.strictEqual(frame?.rows, 1)
    const whole = Session.series("day", symbol)[0]
    const open = whole?.value("open") ?? NaN
    for (const name of ["close", "high", "low", "mean", "volume"]) {
      assert.strictEqual(frame?.columns.get(name)?.[0], whole?.value(name), name)
    }
    const change = 100 * ((whole?.value("close") ?? NaN) - open) / open
    assert.closeTo(Number(frame?.columns.get("since_open")?.[0]), change, 1e-9)
    assert.isFalse(frame?.columns.has("variation"))
  })

  it("show the day so far where the range ends within it", async () => {
    const minutes = Session.series("candles-1m", "SPY").filter(({ start }) => start < to)
    const frames = await ask("market", 1, chosen("SPY"))
    assertClose(column(frames, "close"), [minutes.at(-1)?.value("close") ?? NaN], "close")
    assertClose(column(frames, "high"), [Math.max(...minutes.map(({ value }) => value("high")).filter(Number.isFinite))], "high")
    assertClose(column(frames, "volume"), [minutes.reduce((sum, { value }) => sum + value("volume"), 0)], "volume")
    const exact = meanPrice(Session.trades.filter(({ fields }) =>
      fields["symbol"] === "SPY" && fields["priceForming"] === null && Number(fields["time"]) < to))
    assert.closeTo(column(frames, "mean")[0] ?? NaN, exact, 1e-4 * exact)
  })

  it("show the day's variation as the pipeline has it, once the day before is known", async () => {
    const noon = Date.UTC(2014, 2, 11, 16)
    const midnight = Date.UTC(2014, 2, 11, 4)
    await grafana.write([
      madeUp("day", "MADEUP", midnight - 1_440 * minute, 1_440 * minute, { close: 40, open: 39 }),
      // Still yesterday in New York, and today by UTC.
      madeUp("candles-1m", "MADEUP", midnight - 60 * minute, minute, candleOf(99, 99)),
      madeUp("candles-1m", "MADEUP", noon - minute, minute, candleOf(40.5, 39.25))
    ])
    const asked = { ...chosen("MADEUP"), from: noon - 60 * minute, to: noon }
    assertClose(column(await ask("market", 1, asked), "variation"), [-1.875], "variation")
    assertClose(column(await ask("market", 1, asked), "high"), [40.5], "high")
    assertClose(column(await ask("market", 6, asked), "vwap"), [39.875], "vwap")
    const compared = await ask("market", 3, { ...asked, variables: { ...asked.variables, symbols: ["MADEUP"] } })
    assertClose(column(compared, "change"), [-1.875], "change")
  })

  it("say of a day that is known in part what they know: the VWAP is an estimate, and there is no mean", async () => {
    const bell = Date.UTC(2014, 2, 12, 13, 30)
    const bar = (at: number) => madeUp("candles-1m", "PARTLY", bell + at * minute, minute, { open: 100, high: 100, low: 100, close: 100, volume: 1_000 })
    await grafana.write([
      ...Array.from({ length: 60 }, (_, at) => bar(at)),
      madeUp("candles-1m", "PARTLY", bell + 60 * minute, minute, { ...candleOf(200, 200), volume: 400, mean: 200, trades: 4 }),
      // Of the day before all is known.
      madeUp("candles-1m", "PARTLY", bell - 1_440 * minute, minute, { ...candleOf(50, 50), mean: 50 })
    ])
    const asked = { ...chosen("PARTLY"), from: bell - 1_440 * minute, to: bell + 61 * minute }
    const frames = await ask("market", 6, asked)
    assertClose(column(frames, "vwap").slice(0, 2), [50, NaN], "vwap")
    assert.closeTo(column(frames, "estimate").at(-1) ?? NaN, (60_000 * 100 + 400 * 200) / 60_400, 1e-9)
    const [day] = await ask("market", 1, asked)
    assert.isFalse(Number.isFinite(Number(day?.columns.get("mean")?.[0] ?? NaN)))
    assert.strictEqual(day?.columns.get("volume")?.[0], 60_400)
  })

  it("hold the day's variation against the day before, also where the clock has changed between the two", async () => {
    // New York's 2 November 2014 had 25 hours.
    const sunday = Date.UTC(2014, 10, 2, 4)
    const monday = sunday + 25 * 60 * minute
    const noon = monday + 12 * 60 * minute
    await grafana.write([
      madeUp("day", "CLOCK", sunday - 1_440 * minute, 1_440 * minute, { close: 20, open: 20 }),
      madeUp("day", "CLOCK", sunday, 1_500 * minute, { close: 40, open: 39 }),
      madeUp("candles-1m", "CLOCK", noon - minute, minute, candleOf(41, 42))
    ])
    const asked = { ...chosen("CLOCK"), from: noon - 60 * minute, to: noon }
    assertClose(column(await ask("market", 1, asked), "variation"), [5], "variation")
    const compared = await ask("market", 3, { ...asked, variables: { ...asked.variables, symbols: ["CLOCK"] } })
    assertClose(column(compared, "change"), [5], "change")
    assertClose(column(await ask("market", 2, asked), "close_before"), [40], "close before")
  })

  it("show no average behind the last candle, although its windows go on", async () => {
    const last = Date.UTC(2014, 2, 13, 15)
    const means = [-4, -3, -2, -1, 0].map((at) => madeUp("moving-average-5m", "ENDS", last + at * minute, 5 * minute, { mean: 7 }))
    await grafana.write([...means, madeUp("candles-1m", "ENDS", last, minute, candleOf(7, 7))])
    const asked = { ...chosen("ENDS"), from: last - 60 * minute, to: last + 60 * minute }
    for (const panel of [2, 5]) {
      const frames = await ask("market", panel, asked)
      assert.deepStrictEqual(column(frames, "_time"), [last])
      assertClose(column(frames, "average"), [7], "average")
    }
  })

  it.each([["1m", 1], ["5m", 5]] as const)("show candles of %s with both averages", async (interval, minutes) => {
    for (const symbol of symbols) {
      const frames = await ask("market", 2, chosen(symbol, interval))
      const all = Session.series(`candles-${interval}`, symbol)
      const candles = all.filter(({ start }) => start >= from && start < to)
      assert.deepStrictEqual(column(frames, "_time"), candles.map(({ start }) => start))
      for (const name of ["open", "high", "low", "close", "volume"]) {
        assertClose(column(frames, name), candles.map(({ value }) => value(name)), `${symbol} ${name}`)
      }
      const averages = new Map(Session.series("moving-average-5m", symbol).map(({ start, value }) => [start, value("mean")]))
      // It ends when the candle does.
      const average = candles.map(({ start }) => averages.get(start + (minutes - 5) * minute) ?? NaN)
      assertClose(column(frames, "average"), average, `${symbol} average`)
      const slow = candles.map(({ start }) => {
        const closes = all.filter((candle) => candle.start <= start && !Number.isNaN(candle.value("close")))
        return closes.length < 20 ? NaN : closes.slice(-20).reduce((sum, { value }) => sum + value("close"), 0) / 20
      })
      assertClose(column(frames, "slow"), slow, `${symbol} slow`)
    }
  })

  it("show the average where its last minute is, beside the price of that minute", async () => {
    const frames = await ask("market", 5, chosen("IBM"))
    const prices = Session.series("candles-1m", "IBM").filter(({ start }) => start >= from && start < to)
    const averages = new Map(Session.series("moving-average-5m", "IBM").map(({ start, value }) => [start, value("mean")]))
    assert.deepStrictEqual(column(frames, "_time"), prices.map(({ start }) => start))
    assertClose(column(frames, "price"), prices.map(({ value }) => value("close")), "price")
    assertClose(column(frames, "average"), prices.map(({ start }) => averages.get(start - 4 * minute) ?? NaN), "average")
  })

  it("weight the mean price since midnight by volume", async () => {
    const frames = await ask("market", 6, chosen("AIG"))
    let [worth, traded] = [0, 0]
    const expected = Session.series("candles-1m", "AIG").filter(({ value }) => !Number.isNaN(value("vwap"))).map((candle) => {
      worth += candle.value("vwap") * candle.value("volume")
      traded += candle.value("volume")
      return { start: candle.start, vwap: worth / traded }
    }).filter(({ start }) => start >= from && start < to)
    assertClose(column(frames, "vwap"), expected.map(({ vwap }) => vwap), "vwap")
  })

  it("index several symbols to 100 at the start of the range", async () => {
    const frames = await ask("market", 4, chosen("AIG"))
    for (const symbol of symbols) {
      const closes = Session.series("candles-1m", symbol).filter(({ start }) => start >= from && start < to)
        .map(({ value }) => value("close"))
      assert.strictEqual(column(frames, symbol)[0], 100)
      assertClose(column(frames, symbol), closes.map((close) => 100 * close / (closes[0] ?? NaN)), symbol)
    }
  })

  it("compare the days of symbols", async () => {
    const [frame] = await ask("market", 3, chosen("AIG"))
    assert.deepStrictEqual(frame?.columns.get("key"), symbols)
    const last = symbols.map((symbol) => Session.series("candles-1m", symbol).findLast(({ start }) => start < to)?.value("close"))
    assert.deepStrictEqual(frame?.columns.get("close"), last)
  })

  it("hold a symbol that would be Flux as a symbol", async () => {
    const key = `x" or r.key != "`
    assert.deepStrictEqual(await ask("market", 2, chosen(key)), [])
    assert.deepStrictEqual(await ask("market", 1, chosen(key)), [])
  })
})

/** What each panel of Pipeline shows, and how many rows at least. */
const figures: ReadonlyArray<readonly [id: number, columns: ReadonlyArray<string>, rows: number]> = [
  [1, ["lag", "watermark_delay", "write_latency_p99", "batch_lines"], 1],
  [2, ["read", "late", "dead_lettered", "duplicate", "revisions", "retries", "refused"], 1],
  [3, ["_time", "courant on ticks"], 380],
  [4, ["_time", "courant on ticks"], 380],
  [5, ["_time", "read", "aggregated"], 380],
  [6, ["_time", "late", "dead_lettered", "duplicate"], 380],
  [7, ["_time", "panes", "revisions"], 380],
  [8, ["_time", "write_latency_p50", "write_latency_p99"], 380],
  [9, ["_time", "courant on ticks"], 380],
  [10, ["_time", "retries", "refused"], 380]
]

describe("the panels of Pipeline", () => {
  it("are all looked at", () => {
    assert.deepStrictEqual(figures.map(([id]) => id), panelsOf("pipeline").map(({ id }) => id))
  })

  it.each(figures)("show their figures: panel %i", async (id, columns, rows) => {
    const [frame, ...others] = await ask("pipeline", id, chosen("AIG"))
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(new Set(frame?.columns.keys()), new Set(columns))
    assert.isAtLeast(frame?.rows ?? 0, rows)
  })

  it("count over a restart what was read before and after it", async () => {
    const start = Date.UTC(2014, 5, 2, 14)
    const totals = [100, 180, 250, 20, 70]
    await grafana.write(totals.map((read, at) => `courant,processor=again,topic=ticks read=${read} ${start + at * 5_000}`))
    const asked = { ...chosen("AIG"), from: start, to: start + minute }
    const variables = { ...asked.variables, processors: ["again"] }
    // 80 and 70, then 20 of the new run, then 50.
    assertClose(column(await ask("pipeline", 2, { ...asked, variables }), "read"), [220], "read")
  })
})

describe.skipIf(!hasBrowser)("in a browser", () => {
  let browser: Browser

  const viewer = { login: "viewer", password: crypto.randomUUID() }

  beforeAll(async () => {
    browser = await launch()
    await grafana.call("POST", "/api/admin/users", viewer)
  })

  afterAll(() => browser?.close())

  const range = `from=${from}&to=${to}`
  const show = (path: string) => {
    const authorization = `Basic ${Buffer.from(`${viewer.login}:${viewer.password}`).toString("base64")}`
    return visit(browser, stack.grafana.url + path, authorization)
  }

  /** Waits for a text: what a panel was answered is drawn a while after nothing more is asked for. */
  const shows = (page: Page, text: string) =>
    expect.poll(() => page.locator("body").innerText(), { timeout: 300_000 }).toContain(text)

  it.each([
    ["market", `&var-symbol=IBM&var-interval=5m`],
    ["pipeline", ""]
  ])("%s has something on every panel and nothing to complain about", async (name, choices) => {
    const { complaints, page } = await show(`/d/courant-${name}?${range}${choices}`)
    for (const { title = "" } of panelsOf(name)) {
      await shows(page, title.replace("$symbol", "IBM").replace("$interval", "5m"))
    }
    assert.notMatch(await page.locator("body").innerText(), /No data|Nothing in this range|No figures in this range/)
    assert.deepStrictEqual(complaints, [])
    if (process.env["COURANT_PICTURES"] === "1") {
      await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/grafana-${name}.png`, import.meta.url)) })
    }
  })

  it("goes from the table to a symbol and keeps the other choices", async () => {
    const { complaints, page } = await show(`/d/courant-market?${range}&var-symbol=IBM&var-interval=5m`)
    await page.locator("a").getByText("SPY", { exact: true }).click()
    await page.waitForURL(/var-symbol=SPY/)
    await drawn(page)
    await shows(page, "SPY: candles of 5m")
    assert.include(page.url(), `from=${from}`)
    assert.deepStrictEqual(complaints, [])
  })

  it.each([["market", "Nothing in this range"], ["pipeline", "No figures in this range"]])(
    "%s says what to do where there is nothing",
    async (name, words) => {
      const { complaints, page } = await show(`/d/courant-${name}?from=${from - 1e10}&to=${to - 1e10}`)
      await shows(page, words)
      assert.deepStrictEqual(complaints, [])
    }
  )
})

const meanPrice = (trades: typeof Session.trades): number =>
  trades.reduce((sum, { fields }) => sum + Session.number(fields["price"]), 0) / trades.length
