/**
 * The dashboard in InfluxQL on a real Grafana over a real InfluxDB that holds the recorded session: each query of the file, as a
 * browser sends it through the data source, against the batch fold; and what a browser shows.
 */
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard"
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { hasBrowser, launch } from "../browser/chromium.ts"
import { regularSession } from "../cli/session.ts"
import { api, filledIn, minute } from "./grafanaApi.ts"
import { visit } from "./grafanaPages.ts"
import * as Session from "./grafanaSession.ts"
import { candleOf, madeUp } from "./grafanaSession.ts"
import { sessionsAround } from "./grafanaCalendars.ts"
import { open, type Stack } from "./grafanaStack.ts"

let stack: Stack
let grafana: ReturnType<typeof api>

const { from, to } = regularSession
const symbols = ["AIG", "BAC", "IBM", "SPY"]

const indicators = ["sma20", "ema20", "bollingerUpper", "bollingerLower", "rsi14", "macd", "macdSignal", "macdHistogram"]

/** Any figures: what indicators there are is tested where they are computed. */
const indicated = (minutes: number) =>
  Object.fromEntries(indicators.map((name, i) => [name, 100 + i + Math.sin(minutes)]))

beforeAll(async () => {
  stack = await open()
  grafana = api(stack)
  const points = symbols.flatMap((symbol) =>
    Session.series("candles-1m", symbol).map(({ start }) => madeUp("indicators-1m", symbol, start, minute, indicated(start / minute))))
  await grafana.write([...Session.lines(), ...points])
  await sessionsAround(stack, [from])
})

afterAll(() => stack?.end())

const dashboard: Dashboard = JSON.parse(readFileSync(new URL("../../grafana/dashboards/market-influxql.json", import.meta.url), "utf8"))

const panels: ReadonlyArray<Panel> = (dashboard.panels ?? []).filter((panel) => !("panels" in panel))

/** Every query of the file, by the panel's number and its letter. */
const queries: Readonly<Record<string, string>> = Object.fromEntries(panels.flatMap(({ id, targets = [] }) =>
  targets.map((target) => "query" in target && "refId" in target ? [`${id} ${target.refId}`, String(target.query)] : [`${id}`, ""])))

interface Series {
  readonly tags?: Readonly<Record<string, string>>
  readonly columns: ReadonlyArray<string>
  readonly values: ReadonlyArray<ReadonlyArray<unknown>>
}

type Chosen = Readonly<Record<string, string>>

/** What the server answers to a query in which Grafana has filled in what is chosen. */
const ask = async (query: string, chosen: Chosen = {}): Promise<ReadonlyArray<Series>> => {
  const variables = { symbol: "IBM", length: "1m", calendar: "XNYS", __from: `${from}`, __to: `${to - 1}`, ...chosen }
  const all = { ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, [value]])), symbols: (chosen["symbols"] ?? symbols.join()).split(",") }
  const range = `time >= ${variables.__from}ms and time <= ${variables.__to}ms`
  const text = filledIn(query, all).replaceAll("$timeFilter", range)
  const parameters = new URLSearchParams({ db: stack.influxdb.bucket, q: text, epoch: "ms" })
  const { results: [result] } = await grafana.call<{ results: ReadonlyArray<{ series?: ReadonlyArray<Series>; error?: string }> }>(
    "GET",
    `/api/datasources/proxy/uid/courant-influxql/query?${parameters.toString()}`
  )
  assert.isUndefined(result?.error, text)
  return result?.series ?? []
}

const asked: Set<string> = new Set()

const panel = (id: number, refId: string, chosen: Chosen = {}) => {
  const query = queries[`${id} ${refId}`]
  if (query === undefined) throw new Error(`no query ${id} ${refId}`)
  asked.add(`${id} ${refId}`)
  return ask(query, chosen)
}

/** Of the only series: its rows by their times. */
const only = (found: ReadonlyArray<Series>): ReadonlyMap<number, Readonly<Record<string, unknown>>> => {
  assert.strictEqual(found.length, 1)
  const { columns, values } = found[0]!
  return new Map(values.map((row) => [Number(row[0]), Object.fromEntries(columns.map((name, i) => [name, row[i]]))]))
}

const column = (found: ReadonlyArray<Series>, name: string) => [...only(found).values()].map((row) => row[name])

const assertClose = (actual: ReadonlyArray<unknown>, expected: ReadonlyArray<number>, message: string) => {
  assert.strictEqual(actual.length, expected.length, message)
  for (const [at, value] of expected.entries()) {
    if (Number.isNaN(value)) assert.isNull(actual[at], `${message}, row ${at}`)
    else assert.closeTo(Number(actual[at]), value, 1e-9 * Math.abs(value), `${message}, row ${at}`)
  }
}

const during = (pipeline: string, symbol: string) => Session.series(pipeline, symbol).filter(({ start }) => start >= from && start < to)

const priced = (symbol: string) => during("candles-1m", symbol).filter(({ value }) => Number.isFinite(value("close")))

describe("the queries", () => {
  it.each(["1m", "5m"])("give candles of %s, and the averages as of their ends", async (length) => {
    for (const symbol of symbols) {
      const found = await panel(2, "A", { symbol, length })
      const candles = during(`candles-${length}`, symbol)
      assert.deepStrictEqual([...only(found).keys()], candles.map(({ start }) => start))
      for (const name of ["open", "high", "low", "close", "volume"]) {
        assertClose(column(found, name), candles.map(({ value }) => value(name)), `${symbol} ${name}`)
      }
      const averages = only(await panel(2, "B", { symbol, length }))
      const size = length === "1m" ? 1 : 5
      for (const { start } of candles) {
        const last = during("candles-1m", symbol).findLast((each) => each.start < start + size * minute)?.start ?? 0
        for (const [i, name] of indicators.slice(0, 4).entries()) {
          assert.closeTo(Number(averages.get(start)?.[name]), 100 + i + Math.sin(last / minute), 1e-9, `${name} ${start}`)
        }
      }
    }
  })

  it("give the figures of the range, of one symbol and of several", async () => {
    const several = await panel(3, "A")
    assert.deepStrictEqual(several.map(({ tags }) => tags?.["key"]), symbols)
    for (const [at, symbol] of symbols.entries()) {
      const minutes = priced(symbol)
      const [open, close] = [minutes[0]?.value("open") ?? NaN, minutes.at(-1)?.value("close") ?? NaN]
      const expected = {
        close,
        change: 100 * (close - open) / open,
        high: Math.max(...minutes.map(({ value }) => value("high"))),
        low: Math.min(...minutes.map(({ value }) => value("low"))),
        volume: during("candles-1m", symbol).reduce((sum, { value }) => sum + value("volume"), 0)
      }
      for (const found of [await panel(1, "A", { symbol }), several.slice(at, at + 1)]) {
        for (const [name, value] of Object.entries(expected)) assertClose(column(found, name), [value], `${symbol} ${name}`)
      }
      const trades = minutes.reduce((sum, { value }) => sum + value("trades"), 0)
      const mean = minutes.reduce((sum, { value }) => sum + value("mean") * value("trades"), 0) / trades
      assertClose(column(await panel(1, "B", { symbol }), "mean"), [mean], `${symbol} mean`)
    }
  })

  it("give prices, averages and indicators of each minute", async () => {
    for (const [id, refId, names] of [[5, "A", ["close"]], [6, "A", ["close"]]] as const) {
      assertClose(column(await panel(id, refId), names[0]), priced("IBM").map(({ value }) => value("close")), "price")
    }
    for (const [id, refId, names] of [[5, "B", indicators.slice(0, 2)], [7, "A", ["rsi14"]], [8, "A", indicators.slice(5)]] as const) {
      const found = await panel(id, refId)
      for (const name of names) {
        const expected = during("candles-1m", "IBM").map(({ start }) => indicated(start / minute)[name] ?? NaN)
        assertClose(column(found, name), expected, name)
      }
    }
  })

  it("give the VWAP since the start of the range, and an estimate of it", async () => {
    const traded = priced("AIG").filter(({ value }) => value("volume") > 0)
    const sums = (worth: (candle: typeof traded[number]) => number) => {
      let [all, volume] = [0, 0]
      return traded.map((candle) => (all += worth(candle) * candle.value("volume")) / (volume += candle.value("volume")))
    }
    assertClose(column(await panel(6, "B", { symbol: "AIG" }), "vwap"), sums(({ value }) => value("vwap")), "vwap")
    const typical = sums(({ value }) => (value("high") + value("low") + value("close")) / 3)
    assertClose(column(await panel(6, "C", { symbol: "AIG" }), "estimate"), typical, "estimate")
  })

  it("index several symbols to 100 at the start of the range", async () => {
    const found = await panel(4, "A")
    assert.deepStrictEqual(found.map(({ tags }) => tags?.["key"]), symbols)
    for (const { tags, values } of found) {
      const [first, ...others] = priced(tags?.["key"] ?? "").map(({ value }) => value("close"))
      assertClose(values.map(([, value]) => value), others.map((close) => 100 * close / (first ?? NaN)), tags?.["key"] ?? "")
    }
  })

  it("say of what is known in part what they know: the VWAP ends, and there is no mean", async () => {
    const bell = Date.UTC(2014, 2, 12, 13, 30)
    const bar = { open: 100, high: 100, low: 100, close: 100, volume: 1_000 }
    await grafana.write([
      madeUp("candles-1m", "PARTLY", bell, minute, { ...candleOf(200, 200), volume: 400, mean: 200 }),
      madeUp("candles-1m", "PARTLY", bell + minute, minute, bar),
      madeUp("candles-1m", "PARTLY", bell + 2 * minute, minute, { ...candleOf(200, 200), volume: 400, mean: 200 }),
      // No price in it, as where all trades form none: that is no minute without a mean.
      madeUp("candles-1m", "PARTLY", bell + 3 * minute, minute, { volume: 0, trades: 0 })
    ])
    const chosen = { symbol: "PARTLY", __from: `${bell}`, __to: `${bell + 5 * minute}` }
    assertClose(column(await panel(6, "B", chosen), "vwap"), [200], "vwap")
    assertClose(column(await panel(6, "C", chosen), "estimate"), [200, 180_000 / 1_400, 260_000 / 1_800], "estimate")
    assert.deepStrictEqual(await panel(1, "B", chosen), [])
    assertClose(column(await panel(1, "B", { ...chosen, __from: `${bell + 2 * minute}` }), "mean"), [200], "mean")
  })

  it("give the close of the last day that was over when the range began", async () => {
    const monday = Date.UTC(2014, 2, 10, 13, 30)
    const day = 24 * 60 * minute
    const session = 390 * minute
    await grafana.write([40, 41, 42].map((close, i) => madeUp("day", "DAYS", monday + i * day, session, { close })))
    const at = (time: number) => ({ symbol: "DAYS", __from: `${time}`, __to: `${time + session}` })
    assertClose(column(await panel(1, "C", at(monday + 2 * day)), "close_before"), [41], "from the open")
    assertClose(column(await panel(1, "C", at(monday + 2 * day + minute)), "close_before"), [41], "from within")
    assertClose(column(await panel(1, "C", at(monday + 2 * day + session)), "close_before"), [42], "from the close")
    assert.deepStrictEqual(await panel(1, "C", at(monday)), [])
  })

  it("give the decimals of a symbol, as far as they are known", async () => {
    await grafana.write([madeUp("day", "EURUSD", from - 1_440 * minute, 390 * minute, { close: 1.13702, decimals: 4 })])
    for (const id of [1, 2, 5, 6]) {
      assertClose(column(await panel(id, "decimals", { symbol: "EURUSD" }), "decimals"), [4], "decimals")
      assert.deepStrictEqual(await panel(id, "decimals", { symbol: "AIG" }), [])
    }
  })

  it("give the stretches of regular trading that have something of the range", async () => {
    const [annotation] = dashboard.annotations.list ?? []
    const query = annotation?.target !== undefined && "query" in annotation.target ? String(annotation.target.query) : ""
    const found = await ask(query, { __from: `${from + 60 * minute}` })
    assert.deepStrictEqual([...only(found)], [[from, { time: from, timeEnd: to, text: "2013-10-08" }]])
    const tokyo = await ask(query, { calendar: "XTKS", __from: `${from - 1_440 * minute}` })
    // The 8th, and the morning of the 9th is later than the range.
    assert.deepStrictEqual([...only(tokyo).values()].map(({ text }) => text), ["2013-10-08", "2013-10-08"])
  })

  it("give the values of the variables", async () => {
    const of = Object.fromEntries((dashboard.templating.list ?? []).filter(({ type }) => type === "query").map(({ name, query }) => [name, String(query)]))
    assert.deepStrictEqual(Object.keys(of), ["symbol", "symbols", "calendar"])
    for (const name of ["symbol", "symbols"]) {
      assert.includeMembers((await ask(of[name] ?? ""))[0]?.values.map(([, value]) => value) ?? [], symbols)
    }
    assert.includeMembers((await ask(of["calendar"] ?? ""))[0]?.values.map(([, value]) => value) ?? [], ["XNYS", "XTKS", "24/7"])
  })

  it("hold a symbol that would be InfluxQL as a symbol", async () => {
    for (const symbol of [`IBM' OR "key" = 'SPY`, "IBM$/ OR /", ".*", "^IBM"]) {
      for (const query of Object.keys(queries).filter((query) => !query.startsWith("3 ") && !query.startsWith("4 "))) {
        assert.deepStrictEqual(await ask(queries[query] ?? "", { symbol }), [], `${query} ${symbol}`)
      }
    }
  })

  it("are all of the file's", () => {
    assert.deepStrictEqual([...asked].toSorted(), Object.keys(queries).toSorted())
  })
})

describe.skipIf(!hasBrowser)("in a browser", () => {
  it("the dashboard has something on every panel and nothing to complain about", async () => {
    const browser = await launch()
    try {
      await grafana.write([madeUp("day", "IBM", from - 1_440 * minute, 390 * minute, { close: 180, decimals: 3 })])
      const authorization = `Basic ${Buffer.from(`${stack.grafana.user}:${stack.grafana.password}`).toString("base64")}`
      const { complaints, page } = await visit(browser, `${stack.grafana.url}/d/courant-market-influxql?from=${from}&to=${to}&var-symbol=IBM&var-length=5m`, authorization)
      const text = () => page.locator("body").innerText()
      for (const { title = "" } of panels.slice(0, 6)) {
        await expect.poll(text, { timeout: 300_000 }).toContain(title.replace("$symbol", "IBM").replace("$length", "5m"))
      }
      // 178.72 - 180, against 180, and what there is of the rest.
      await expect.poll(text, { timeout: 300_000 }).toMatch(/Variation\s*-0\.\d\d/)
      // The last close, with the decimals that are asked for.
      assert.match(await text(), /Last\s*\d+\.\d{3}\b/)
      assert.notMatch(await text(), /No data|Nothing in this range/)
      assert.deepStrictEqual(complaints, [])
    } finally {
      await browser.close()
    }
  })
})
