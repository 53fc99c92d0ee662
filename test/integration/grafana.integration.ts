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
import { distance, rows as talib, tolerance } from "../talib.ts"
import { hasBrowser, launch } from "../browser/chromium.ts"
import { sessionsAround } from "./grafanaCalendars.ts"
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
  await sessionsAround(stack, [from])
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

const panelOf = (name: string, id: number): Panel => {
  const panel = panelsOf(name).find((panel) => panel.id === id)
  if (panel === undefined) throw new Error(`no panel ${id}`)
  return panel
}

const ask = (name: string, id: number, asked: Asked): Promise<ReadonlyArray<Frame>> => {
  const panel = panelOf(name, id)
  return grafana.query(queryOf(panel), { ...asked, maxDataPoints: panel.maxDataPoints ?? 1_500 })
}

/** What Market shades: its annotations, by their names. */
const shaded = async (name: string, asked: Asked): Promise<ReadonlyArray<readonly [start: unknown, end: unknown]>> => {
  const target = dashboardOf("market").annotations?.list?.find((annotation) => annotation.name === name)?.target
  if (target === undefined || !("query" in target)) throw new Error(`nothing shades ${name}`)
  const [frame] = await grafana.query(String(target.query), asked)
  const ends = frame?.columns.get("timeEnd") ?? []
  return (frame?.columns.get("time") ?? []).map((start, at) => [start, ends[at]] as const).toSorted(([a], [b]) => Number(a) - Number(b))
}

/** Of a symbol, in the units of `Session`. */
const minutesOf = (symbol: string) => Session.series("candles-1m", symbol).filter(({ start }) => start >= from && start < to)

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
  it("reports no error", async () => {
    await expect.poll(stack.log, { timeout: 300_000 }).toContain("finished to provision alerting")
    const log = stack.log()
    // What else Grafana does at a start, such as a migration of its own secrets, may find its database locked.
    const ours = /logger=(?:provisioning|ngalert|alert|dashboard|folder|datasource|plugin|tsdb|context)/
    assert.deepStrictEqual(log.split("\n").filter((line) => /level=error/.test(line) && ours.test(line)), [])
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
      const frames = await grafana.query(String(query), chosen("IBM"))
      const values = frames.flatMap(({ columns }) => [...columns.get("_value") ?? []])
      const expected = { topics: ["ticks"], processors: ["courant"], last: ["Last"] }[name] ?? symbols
      assert.deepStrictEqual(values.toSorted(), expected, name)
    }
  })
})

describe("the panels of Market", () => {
  it.each(symbols)("show the session of %s as the batch fold has it, and what was traded after it", async (symbol) => {
    const [frame] = await ask("market", 1, { ...chosen(symbol), to: from + 24 * 60 * minute })
    assert.strictEqual(frame?.rows, 1)
    const figure = (name: string) => Number(frame?.columns.get(name)?.[0] ?? NaN)
    const minutes = minutesOf(symbol)
    const [open, close] = [minutes[0]?.value("open") ?? NaN, minutes.at(-1)?.value("close") ?? NaN]
    assert.strictEqual(figure("close"), close)
    assert.strictEqual(figure("high"), Math.max(...minutes.map(({ value }) => value("high"))))
    assert.strictEqual(figure("low"), Math.min(...minutes.map(({ value }) => value("low"))))
    assert.strictEqual(figure("volume"), minutes.reduce((sum, { value }) => sum + value("volume"), 0))
    // It is over, so that its pane is there.
    assert.strictEqual(figure("mean"), Session.series("day", symbol)[0]?.value("mean"))
    assert.strictEqual(figure("extended"), Session.series("candles-1m", symbol).findLast(({ value }) => !Number.isNaN(value("close")))?.value("close"))
    assert.closeTo(figure("since_open"), 100 * (close - open) / open, 1e-9)
    assert.isFalse(frame?.columns.has("variation"))
  })

  it("show the day so far where the range ends within it", async () => {
    const minutes = minutesOf("SPY")
    const frames = await ask("market", 1, chosen("SPY"))
    assert.isFalse(frames[0]?.columns.has("extended"))
    assertClose(column(frames, "close"), [minutes.at(-1)?.value("close") ?? NaN], "close")
    assertClose(column(frames, "high"), [Math.max(...minutes.map(({ value }) => value("high")).filter(Number.isFinite))], "high")
    assertClose(column(frames, "volume"), [minutes.reduce((sum, { value }) => sum + value("volume"), 0)], "volume")
    const exact = meanPrice(Session.trades.filter(({ fields }) =>
      fields["symbol"] === "SPY" && fields["priceForming"] === null && Number(fields["time"]) >= from && Number(fields["time"]) < to))
    assert.closeTo(column(frames, "mean")[0] ?? NaN, exact, 1e-4 * exact)
  })

  it("show the day's variation as the pipeline has it, once the day before is known", async () => {
    const noon = Date.UTC(2014, 2, 11, 16)
    const midnight = Date.UTC(2014, 2, 11, 4)
    await grafana.write([
      madeUp("day", "MADEUP", midnight - 1_440 * minute, 1_440 * minute, { close: 40, open: 39, adjustedClose: 40 }),
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
      madeUp("day", "CLOCK", sunday - 1_440 * minute, 1_440 * minute, { close: 20, open: 20, adjustedClose: 20 }),
      madeUp("day", "CLOCK", sunday, 1_500 * minute, { close: 40, open: 39, adjustedClose: 40 }),
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
    const frames = await ask("market", 5, asked)
    assert.deepStrictEqual(column(frames, "_time"), [last])
    assertClose(column(frames, "average"), [7], "average")
  })

  it("compare over a split what the prices would be without it, and show the close of the day before in today's units", async () => {
    const midnight = Date.UTC(2014, 3, 8, 4)
    const noon = midnight + 12 * 60 * minute
    await grafana.write([
      madeUp("day", "SPLIT", midnight - 1_440 * minute, 1_440 * minute, { close: 400, adjustedClose: 400 }),
      madeUp("candles-1m", "SPLIT", noon - minute, minute, candleOf(102, 103.39)),
      madeUp("indicators-1m", "SPLIT", noon - minute, minute, { close: 103.39, splitFactor: 4 })
    ])
    const asked = { ...chosen("SPLIT"), from: noon - 60 * minute, to: noon }
    assertClose(column(await ask("market", 1, asked), "variation"), [3.39], "variation")
    assertClose(column(await ask("market", 2, asked), "close_before"), [100], "close before")
    // Of the day after, whose prices are of the same units.
    const next = noon + 1_440 * minute
    await grafana.write([
      madeUp("day", "SPLIT", midnight, 1_440 * minute, { close: 104, adjustedClose: 416, splitFactor: 4, variation: 4 }),
      madeUp("candles-1m", "SPLIT", next, minute, candleOf(104, 102.96))
    ])
    assertClose(column(await ask("market", 1, { ...asked, from: next, to: next + minute }), "variation"), [-1], "variation of the day after")
    // What the pane says of a day that is over, counts.
    await grafana.write([madeUp("day", "SPLIT", midnight + 1_440 * minute, 1_440 * minute, { close: 103, adjustedClose: 412, splitFactor: 4, variation: -0.9615 })])
    assertClose(column(await ask("market", 1, { ...asked, from: next, to: next + 720 * minute }), "variation"), [-0.9615], "as its pane says")
  })

  it.each([["1m", 1], ["5m", 5]] as const)("show candles of %s with the averages and bands as of their last minute", async (interval, minutes) => {
    for (const symbol of symbols) {
      const frames = await ask("market", 2, chosen(symbol, interval))
      const all = Session.series(`candles-${interval}`, symbol)
      const candles = all.filter(({ start }) => start >= from && start < to)
      assert.deepStrictEqual(column(frames, "_time"), candles.map(({ start }) => start))
      for (const name of ["open", "high", "low", "close", "volume"]) {
        assertClose(column(frames, name), candles.map(({ value }) => value(name)), `${symbol} ${name}`)
      }
      const computed = Session.series("indicators-1m", symbol)
      for (const name of ["sma20", "ema20", "bollingerUpper", "bollingerLower"]) {
        const expected = candles.map(({ start }) => computed.findLast((each) =>
          each.start >= start && each.start < start + minutes * minute && !Number.isNaN(each.value(name)))?.value(name) ?? NaN)
        assertClose(column(frames, name), expected, `${symbol} ${name}`)
      }
    }
  })

  it.each([
    [2, { sma20: "sma20", bollingerUpper: "bb_upper", bollingerLower: "bb_lower" }],
    [7, { rsi14: "rsi14" }],
    [8, { macd: "macd", macdSignal: "macd_signal", macdHistogram: "macd_hist" }]
  ])("show what TA-Lib makes of the publisher's own bars: panel %i", async (panel, columns: Readonly<Record<string, string>>) => {
    for (const symbol of symbols) {
      const frames = await ask("market", panel, chosen(symbol))
      const times = column(frames, "_time")
      const rows = talib.filter((row) => row.get("symbol") === symbol && Number(row.get("start_ms")) >= from && Number(row.get("start_ms")) < to)
      for (const [name, of] of Object.entries(columns)) {
        const values = new Map(column(frames, name).map((value, at) => [times[at], value]))
        for (const row of rows) {
          const value = values.get(Number(row.get("start_ms"))) ?? NaN
          const apart = distance(Number.isNaN(value) ? null : value, row.get(of) ?? "")
          assert.isBelow(apart, tolerance, `${symbol} ${name} at ${row.get("start_ms")}`)
        }
      }
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

  it("weight the mean price of the session by volume", async () => {
    const frames = await ask("market", 6, chosen("AIG"))
    let [worth, traded] = [0, 0]
    const expected = Session.series("candles-1m", "AIG").filter(({ value }) => !Number.isNaN(value("vwap"))).map((candle) => {
      worth += candle.value("vwap") * candle.value("volume")
      traded += candle.value("volume")
      return { start: candle.start, vwap: worth / traded }
    }).filter(({ start }) => start >= from && start < to)
    assertClose(column(frames, "vwap"), expected.map(({ vwap }) => vwap), "vwap")
  })

  it("begin the VWAP with each session of the symbol's exchange, and not at midnight in New York", async () => {
    await sessionsAround(stack, [tuesday])
    const days: ReadonlyArray<readonly [exchange: string, closed: string, opened: string, traded: ReadonlyArray<string>]> = [
      // Midnight in New York is 04:00 UTC: 13:00 in Tokyo, where trading goes on until 15:00.
      ["JPX", "2014-06-03T06:00Z", "2014-06-04T00:00Z", ["2014-06-03T03:59Z", "2014-06-03T04:00Z"]],
      ["CME", "2014-06-03T21:00Z", "2014-06-03T22:00Z", ["2014-06-03T03:59Z", "2014-06-03T04:00Z", "2014-06-03T20:59Z"]],
      ["CCC", "2014-06-04T00:00Z", "2014-06-04T00:00Z", ["2014-06-03T03:59Z", "2014-06-03T04:00Z", "2014-06-03T23:59Z"]]
    ]
    for (const [exchange, closed, opened, traded] of days) {
      const key = `VWAP-${exchange}`
      const candle = (at: string, price: number) => madeUp("candles-1m", key, Date.parse(at), minute, candleOf(price, price))
      await grafana.write([
        madeUp("day", key, Date.parse("2014-06-02T00:00Z"), 1_440 * minute, { open: 1, high: 1, low: 1, close: 1, adjustedClose: 1, exchange }),
        ...traded.map((at, index) => candle(at, 10 * (index + 1))),
        candle(opened, 100)
      ])
      const means = traded.map((_, index) => 5 * (index + 2))
      const whole = { ...chosen(key), from: Date.parse(traded[0]!), to: Date.parse(opened) + minute }
      assertClose(column(await ask("market", 6, whole), "vwap"), [...means, 100], exchange)
      // A range that begins within a session has what was traded before it.
      const cut = { ...chosen(key), from: Date.parse(traded[1]!), to: Date.parse(closed) }
      assertClose(column(await ask("market", 6, cut), "vwap"), means.slice(1), exchange)
    }
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
    assert.deepStrictEqual(frame?.columns.get("close"), last.map((value) => value?.toFixed(2)))
  })

  it("show prices of each symbol with its decimals, none rounded, and its currency", async () => {
    await writeQuotes()
    const keys = quotes.map(({ key }) => key)
    const asked = { ...chosen("BTC-KRW"), from: tuesday, to: tuesday + 30 * minute }
    const compared = await ask("market", 3, { ...asked, variables: { ...asked.variables, symbols: keys } })
    assert.deepStrictEqual(compared[0]?.columns.get("key"), keys)
    assert.deepStrictEqual(compared[0]?.columns.get("close"), quotes.map(({ written }) => written))
    for (const { decimals, key } of quotes) {
      const look = panelOf("market", 2).targets?.find((target) => "refId" in target && target.refId === "looks")
      if (look === undefined || !("query" in look)) throw new Error("nobody says how prices look")
      const [frame] = await grafana.query(String(look.query), { ...asked, variables: { ...asked.variables, symbol: [key] } })
      assert.deepStrictEqual([frame?.columns.get("decimals"), frame?.columns.get("unit")], [[decimals], [decimals === 0 ? "locale" : "none"]], key)
    }
  })

  it("show of each symbol the session of its own exchange, and of one that has not traded in it the last price alone", async () => {
    await writeQuotes()
    const asked = { ...chosen("any"), from: tuesday, to: tuesday + 30 * minute, variables: { ...chosen("any").variables, symbols: ["7203.T", "BTC-KRW"] } }
    const [frame] = await ask("market", 3, asked)
    // Tokyo has closed eight hours before; the coins' day began at midnight of UTC.
    assert.deepStrictEqual(frame?.columns.get("close"), ["2,600.5 JPY", "150,000,000 KRW"])
    assert.deepStrictEqual(frame?.columns.get("volume"), [null, 3_000])
  })

  it("tell regular trading from the hours before and after it, by the calendar of the symbol's exchange", async () => {
    const around = (symbol: string) => ({ ...chosen(symbol), from: from - 60 * minute, to: to + 60 * minute })
    assert.deepStrictEqual(await shaded("Regular", around("IBM")), [[from, to]])
    assert.deepStrictEqual(await shaded("Extended", around("IBM")), [[from - 330 * minute, from], [to, to + 240 * minute]])
    await writeQuotes()
    const tokyo = { ...chosen("7203.T"), from: tuesday - 24 * 60 * minute, to: tuesday }
    const [morning, noon, half, close] = ["00:00", "02:30", "03:30", "06:00"].map((time) => Date.parse(`2014-06-03T${time}Z`))
    assert.deepStrictEqual(await shaded("Regular", tokyo), [[morning, noon], [half, close]])
    assert.deepStrictEqual(await shaded("Extended", tokyo), [])
  })

  it("mark the stretches of minutes that are not final", async () => {
    const start = Date.UTC(2014, 5, 10, 14)
    const minutes = [0, 1, 1, 0, 2, 0, 0, 1, 1, 1].map((provisional, at) =>
      madeUp("candles-1m", "SAMPLED", start + at * minute, minute, { ...candleOf(10, 10), provisional }))
    await grafana.write(minutes)
    const asked = { ...chosen("SAMPLED"), from: start, to: start + 60 * minute }
    assert.deepStrictEqual(await shaded("Provisional", asked), [[1, 3], [4, 5], [7, 10]].map(([from = 0, to = 0]) => [start + from * minute, start + to * minute]))
    assert.deepStrictEqual(await shaded("Provisional", chosen("IBM")), [])
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
    ["market", `from=${from - 60 * minute}&to=${to + 30 * minute}&var-symbol=IBM&var-interval=5m`, ["Last\n", "Bollinger upper", "RSI 14\n", "Histogram", "MA 5 min", "VWAP\n", "SPY\n", "98.72"]],
    ["pipeline", range, ["641,312", "p99", "Aggregated", "Retried"]]
  ])("%s has something on every panel and nothing to complain about", async (name, choices, drawn) => {
    const { complaints, page } = await show(`/d/courant-${name}?${choices}`)
    for (const text of drawn) await shows(page, text)
    for (const { title = "" } of panelsOf(name)) {
      await shows(page, title.replace("$symbol", "IBM").replace("$interval", "5m"))
    }
    assert.notMatch(await page.locator("body").innerText(), /No data|Nothing in this range|No figures in this range/)
    assert.deepStrictEqual(complaints, [])
    if (process.env["COURANT_PICTURES"] === "1") {
      const height = name === "market" ? 1_290 : 1_175
      await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/grafana-${name}.png`, import.meta.url)), clip: { x: 0, y: 0, width: 1_600, height } })
    }
  })

  it("writes prices of any size, and symbols of any length and letters", async () => {
    await writeQuotes()
    const { complaints, page } = await show(`/d/courant-market?from=${tuesday}&to=${tuesday + 30 * minute}&var-symbol=EURUSD%3DX`)
    for (const text of ["EURUSD=X: candles", "Last, USD", "1.13702", "0.00000912", "150,000,000 KRW"]) await shows(page, text)
    await page.locator("a").getByText("M&M.NS", { exact: true }).click()
    await page.waitForURL(/var-symbol=M%26M\.NS/)
    await shows(page, "M&M.NS: candles of 1m")
    await shows(page, "2850.5")
    // Whole in its cell.
    const option = page.locator("a").getByText("AAPL250117C00150000", { exact: true })
    const [link, cell] = [await option.boundingBox(), await option.locator("xpath=ancestor::*[@role='cell'][1]").boundingBox()]
    assert.isBelow((link?.x ?? NaN) + (link?.width ?? NaN), (cell?.x ?? NaN) + (cell?.width ?? NaN))
    assert.deepStrictEqual(complaints, [])
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

/** A Tuesday on which New York has just opened. */
const tuesday = Date.UTC(2014, 5, 3, 13, 30)

/** Symbols of many markets, their last prices, with how many decimals these are shown, and what a table says. */
const quotes = [
  { key: "7203.T", exchange: "JPX", price: 2_600.5, decimals: 1, told: { currency: "JPY", decimals: 1 }, written: "2,600.5 JPY" },
  { key: "AAPL250117C00150000", exchange: "OPR", price: 12.3, decimals: 2, told: { currency: "USD", decimals: 2 }, written: "12.30 USD" },
  { key: "BTC-KRW", exchange: "CCC", price: 150_000_000, decimals: 0, told: { currency: "KRW" }, written: "150,000,000 KRW" },
  { key: "BTC/USDT", exchange: "CCC", price: 97_123.45, decimals: 2, told: {}, written: "97,123.45" },
  // Yahoo proposes four.
  { key: "EURUSD=X", exchange: "CCY", price: 1.13702, decimals: 5, told: { currency: "USD", decimals: 4 }, written: "1.13702 USD" },
  { key: "M&M.NS", exchange: "NSI", price: 2_850.5, decimals: 1, told: {}, written: "2,850.5" },
  { key: "SHIB-USD", exchange: "CCC", price: 0.00000912, decimals: 8, told: {}, written: "0.00000912" }
]

const writeQuotes = async () => {
  await sessionsAround(stack, [tuesday])
  await grafana.write(quotes.flatMap(({ exchange, key, price, told }) => [
    madeUp("day", key, tuesday - 3 * 1_440 * minute, 1_440 * minute, { close: price, adjustedClose: price, exchange, ...told }),
    ...Array.from({ length: 30 }, (_, at) => madeUp("candles-1m", key, tuesday + at * minute, minute, candleOf(price, price)))
  ]))
}

const meanPrice = (trades: typeof Session.trades): number =>
  trades.reduce((sum, { fields }) => sum + Session.number(fields["price"]), 0) / trades.length
