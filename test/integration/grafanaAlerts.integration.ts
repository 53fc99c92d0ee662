/**
 * The alert rules on a real Grafana over a real InfluxDB: what their queries say at a time of one's choice, held against the
 * calendars, and each rule from its firing to its end, with what the webhook of the example is sent.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import * as Alerts from "../../grafana/Alerts.ts"
import * as Calendar from "../../src/domain/TradingCalendar.ts"
import { api, minute } from "./grafanaApi.ts"
import { sessionsAround } from "./grafanaCalendars.ts"
import { candleOf, madeUp } from "./grafanaSession.ts"
import { open, type Stack } from "./grafanaStack.ts"

let stack: Stack
let grafana: ReturnType<typeof api>
let webhook: Server
let folder: string

interface Alert {
  readonly status: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What the webhook was sent, in this order. */
const told: Array<Alert> = []

const utc = (text: string): number => Date.parse(`${text}:00Z`)

const hour = 60 * minute
const day = 24 * hour

/** At this time the feed is silent; the other rules go by the clock. It is a Wednesday, and nothing else is in that week. */
const silentAt = utc("2023-10-11T14:00")

beforeAll(async () => {
  webhook = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      const { alerts }: { readonly alerts: ReadonlyArray<Alert> } = JSON.parse(Buffer.concat(chunks).toString())
      told.push(...alerts)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve))
  const address = webhook.address()
  process.env["COURANT_ALERT_WEBHOOK"] = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`
  folder = provisioning()
  stack = await open({ provisioning: folder })
  grafana = api(stack)
})

afterAll(async () => {
  await stack?.end()
  webhook?.close()
  webhook?.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

const source = new URL("../../grafana/", import.meta.url)

/** That of the checkout with the example's webhook, and rules that are looked at every 10 seconds and fire at once. */
const provisioning = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "courant-provisioning-"))
  cpSync(new URL("provisioning", source), folder, { recursive: true })
  cpSync(new URL("examples/webhook.yaml", source), join(folder, "alerting/webhook.yaml"))
  const file = join(folder, "alerting/courant.json")
  const rules = JSON.parse(readFileSync(file, "utf8"), (name, value) =>
    name === "query" && value === Alerts.silence.trim() ? at(value, silentAt) : name === "for" ? "0s" : name === "interval" ? "10s" : value)
  writeFileSync(file, JSON.stringify(rules))
  return folder
}

/** A query as of another time. */
const at = (query: string, now: number): string =>
  query.replace(/^(?:import .*\n)*/, (imports) => `${imports}option now = () => ${new Date(now).toISOString()}\n`)

const writeSessions = (times: ReadonlyArray<number>) => sessionsAround(stack, times)

/** For how many minutes the feed of each calendar is silent, as the rule's query says. */
const silences = async (now: number): Promise<Readonly<Record<string, number>>> => {
  const frames = await grafana.query(at(Alerts.silence, now), { from: now - hour, to: now })
  return Object.fromEntries(frames.map(({ columns, labels }) => [labels["calendar"], Number(columns.get("Value")?.[0])]))
}

/** The same, by the calendar itself. */
const silentMinutes = (calendar: Calendar.Name, now: number, heard: number): number => {
  const trading = Calendar.sessions(calendar, { from: now - 3 * day, to: now + 2 * day })
    .flatMap((session) => Calendar.stretchesOf(Calendar.named(calendar), session, "regular"))
  const index = trading.findIndex(({ end, start }) => start < now && now < end)
  const [stretch, before] = [trading[index], trading[index - 1]]
  if (stretch === undefined) return 0
  const bell = before?.end === stretch.start ? before.start : stretch.start
  return (now - Math.max(heard, bell)) / minute
}

describe("a silent feed", () => {
  const listed = { "7203.T": "JPX", "0700.HK": "HKG", "VOD.L": "LSE", "BTC-USD": "CCC", "ES=F": "CME" }
  const calendars = { XTKS: "7203.T", XHKG: "0700.HK", XLON: "VOD.L", "24/7": "BTC-USD", GLOBEX: "ES=F", XNYS: "IBM" } as const

  /** Days that say of which exchange each symbol is, and the last candle of all of them. */
  const heardAt = async (heard: number) => {
    const days = Object.entries(listed).map(([symbol, exchange]) => madeUp("day", symbol, heard - 3 * day, 6 * hour, { exchange, close: 1 }))
    const candles = Object.values(calendars).map((symbol) => madeUp("candles-1m", symbol, heard - minute, minute, candleOf(1, 1)))
    await writeSessions([heard, heard + 7 * day])
    await grafana.write([...days, ...candles])
  }

  it("is one whose market is open by its own calendar", async () => {
    await heardAt(utc("2024-07-02T20:00"))
    const cases: ReadonlyArray<readonly [time: string, expected: Readonly<Record<string, number>>]> = [
      // New York's noon of a half day: Tokyo and Hong Kong sleep, London has closed half an hour before.
      ["2024-07-03T16:00", { XNYS: 150, XLON: 0, XTKS: 0, XHKG: 0 }],
      ["2024-07-03T17:01", { XNYS: 0, "24/7": 1_261 }],
      // Independence Day; London trades.
      ["2024-07-04T14:00", { XNYS: 0, XLON: 420, XTKS: 0 }],
      // Tokyo's and Hong Kong's lunch breaks, which are not at the same time.
      ["2024-07-05T02:45", { XTKS: 0, XHKG: 75 }],
      ["2024-07-05T03:35", { XTKS: 5, XHKG: 125 }],
      ["2024-07-05T04:30", { XTKS: 60, XHKG: 0 }],
      // A Saturday; where there is no bell it counts from the day before at the earliest.
      ["2024-07-06T15:00", { XNYS: 0, XLON: 0, XTKS: 0, GLOBEX: 0, "24/7": 2_340 }]
    ]
    for (const [time, expected] of cases) {
      const found = await silences(utc(time))
      assert.deepStrictEqual(Object.keys(found).toSorted(), Object.keys(calendars).toSorted(), time)
      for (const [calendar, minutes] of Object.entries(expected)) assert.closeTo(found[calendar] ?? NaN, minutes, 1e-6, `${calendar} ${time}`)
    }
  })

  it("is one by the calendar at any time, also where a clock changes", async () => {
    // Over Independence Day, and over both changes of New York's clock, from a close on.
    for (const [heard, step] of [["2024-07-02T20:00", 157], ["2026-03-06T21:00", 193], ["2026-10-30T20:00", 193]] as const) {
      await heardAt(utc(heard))
      for (let now = utc(heard) + minute; now < utc(heard) + 6 * day; now += step * minute) {
        const found = await silences(now)
        for (const calendar of ["XTKS", "XHKG", "XLON", "24/7", "GLOBEX", "XNYS"] as const) {
          assert.closeTo(found[calendar] ?? NaN, silentMinutes(calendar, now, utc(heard)), 1e-6, `${calendar} ${new Date(now).toISOString()}`)
        }
      }
    }
  })

  it("is New York's where the exchange is not known, and of a calendar where none of its symbols is heard", async () => {
    const heard = utc("2024-02-06T15:00")
    await writeSessions([heard])
    await grafana.write([
      madeUp("day", "SAP.DU", heard - 3 * day, 6 * hour, { exchange: "DUS", close: 1 }),
      // By the name of its calendar, which sleeps.
      madeUp("day", "7203", heard - 3 * day, 6 * hour, { exchange: "XTKS", close: 1 }),
      madeUp("candles-1m", "7203", heard - 9 * minute, minute, candleOf(1, 1)),
      // It has moved to New York since.
      madeUp("day", "MOVED", heard - 4 * day, 8 * hour, { exchange: "LSE", close: 1 }),
      madeUp("day", "MOVED", heard - 3 * day, 6 * hour, { exchange: "NYQ", close: 1 }),
      madeUp("candles-1m", "SAP.DU", heard - 9 * minute, minute, candleOf(1, 1)),
      madeUp("candles-1m", "MOVED", heard - 3 * minute, minute, candleOf(1, 1))
    ])
    assert.deepStrictEqual(await silences(heard), { XNYS: 2, XTKS: 0 })
  })

  it("is none where nothing was heard for two weeks", async () => {
    const now = utc("2022-02-01T15:00")
    await writeSessions([now])
    assert.deepStrictEqual(await silences(now), {})
    await grafana.write([madeUp("candles-1m", "IBM", now - 15 * day, minute, candleOf(1, 1))])
    assert.deepStrictEqual(await silences(now), {})
  })
})

describe("an average", () => {
  it("is crossed by the newest close, up or down, once there are two", async () => {
    const end = utc("2021-03-01T15:00")
    /** Closes against an average of 10, the newest last. */
    const closes = { UP: [9, 9, 11], DOWN: [11, 11, 9], STAYS: [9, 11, 11], ONE: [11], TOUCHES: [9, 10, 11], ON: [10, 10] }
    await grafana.write(Object.entries(closes).flatMap(([key, values]) =>
      values.map((close, i) => madeUp("indicators-1m", key, end - (values.length - i) * minute, minute, { close, sma20: 10 }))))
    const frames = await grafana.query(at(Alerts.cross, end), { from: end - hour, to: end })
    const found = frames.map(({ columns, labels }) => [labels["key"], labels["average"], columns.get("Value")?.[0]])
    assert.deepStrictEqual(found.toSorted(), [
      ["DOWN", "SMA 20", -1], ["STAYS", "SMA 20", 0], ["TOUCHES", "SMA 20", 1], ["UP", "SMA 20", 1]
    ])
  })
})

describe("the rules", () => {
  const states = async () =>
    (await grafana.rulesOf("courant alerts")).flatMap(({ alerts = [] }) =>
      alerts.filter(({ state }) => state === "Alerting").map(({ annotations }) => annotations["summary"] ?? "")).toSorted()

  const toldOf = (status: string) => told.filter((alert) => alert.status === status).map(({ annotations }) => annotations["summary"]).toSorted()

  it("fire on a made-up silence, lag, move, crossing and RSI, tell the webhook which, and take it back", { timeout: 400_000 }, async () => {
    const indicated = (key: string, ago: number, values: Readonly<Record<string, number>>) =>
      madeUp("indicators-1m", key, Math.floor(Date.now() / minute) * minute - ago * minute, minute, values)
    const closed = (key: string, ago: number, open: number, close: number) =>
      madeUp("candles-1m", key, Math.floor(Date.now() / minute) * minute - ago * minute, minute, candleOf(open, close))
    const lagOf = (processor: string, lag: number) => `courant,processor=${processor},topic=ticks lag=${lag} ${Date.now()}`
    const ago = [5, 4, 3, 2, 1]
    await writeSessions([silentAt])
    const written = () => grafana.write([
      madeUp("candles-1m", "IBM", silentAt - 45 * minute, minute, candleOf(1, 1)),
      ...ago.flatMap((minutes, i) => [
        closed("JUMP", minutes, 100 + 0.5 * i, 100.5 + 0.5 * i),
        closed("FALL", minutes, 100 - i, 99 - i),
        closed("CALM", minutes, 100, 101),
        indicated("ABOVE", minutes, { close: i < 4 ? 9 : 11, sma20: 10, ema20: 8, rsi14: 55 }),
        indicated("BELOW", minutes, { close: i < 4 ? 11 : 9, sma20: 12, ema20: 10, rsi14: 50 }),
        indicated("HOT", minutes, { close: 9, sma20: 10, ema20: 10, rsi14: 70 + i }),
        indicated("COLD", minutes, { close: 9, sma20: 10, ema20: 10, rsi14: 26.5 })
      ]),
      lagOf("slow", 50_000),
      lagOf("quick", 5)
    ])
    const expected = [
      "ABOVE is above its SMA 20",
      "BELOW is below its EMA 20",
      "FALL moved by -5.00 % in 5 minutes",
      "JUMP moved by 2.50 % in 5 minutes",
      "No candle of XNYS for 30 minutes",
      "The RSI of COLD is 26.5",
      "The RSI of HOT is 74.0",
      "slow is 50k records behind on ticks"
    ]
    // The last five minutes are others as the clock goes on, until a busy machine has looked at them.
    const statesOfNow = async () => {
      await written()
      return await states()
    }
    await expect.poll(statesOfNow, { timeout: 180_000, interval: 1_000 }).toEqual(expected)
    const untold = () => expected.filter((summary) => !toldOf("firing").includes(summary))
    await expect.poll(untold, { timeout: 60_000, interval: 500 }).toEqual([])
    const [silent] = told.filter(({ annotations }) => annotations["summary"]?.startsWith("No candle"))
    assert.strictEqual(silent?.labels["calendar"], "XNYS")
    assert.strictEqual(silent?.labels["severity"], "critical")

    await grafana.write([
      madeUp("candles-1m", "IBM", silentAt - 2 * minute, minute, candleOf(1, 1)),
      ...["JUMP", "FALL"].flatMap((key) => [5, 4, 3, 2, 1, 0].map((minutes) => closed(key, minutes, 100, 100))),
      indicated("ABOVE", 0, { close: 12, sma20: 10, ema20: 8, rsi14: 55 }),
      indicated("BELOW", 0, { close: 9, sma20: 12, ema20: 10, rsi14: 50 }),
      indicated("HOT", 0, { close: 9, sma20: 10, ema20: 10, rsi14: 69 }),
      indicated("COLD", 0, { close: 9, sma20: 10, ema20: 10, rsi14: 31 }),
      lagOf("slow", 5)
    ])
    await expect.poll(states, { timeout: 180_000, interval: 500 }).toEqual([])
    const uids = new Set(told.filter(({ status }) => status === "firing").map(({ labels }) => JSON.stringify(labels)))
    const resolved = () => new Set(told.filter(({ status }) => status === "resolved").map(({ labels }) => JSON.stringify(labels)))
    await expect.poll(resolved, { timeout: 120_000, interval: 500 }).toEqual(uids)
  })
})
