/** Ranges, places on the time axis, and what is told of days. */
import { describe, expect, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { barOf } from "../../../../src/adapters/dashboard/page/chart/bars.js"
// @ts-expect-error: the page is JavaScript without declarations
import { isInterval, isRange, rangeStart } from "../../../../src/adapters/dashboard/page/chart/ranges.js"
// @ts-expect-error: the page is JavaScript without declarations
import { notesOf, spanAt, spansOf } from "../../../../src/adapters/dashboard/page/chart/sessions.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makeSlots, slotAt } from "../../../../src/adapters/dashboard/page/chart/slots.js"
import { tradingDays } from "../../../../src/adapters/dashboard/TradingSessions.ts"

const minute = 60_000
const at = (text: string) => Date.parse(text)
const spansIn = (exchange: string | undefined, from: string, to: string) => spansOf(tradingDays({ exchange, from: at(from), to: at(to) }).days)
const newYork = spansIn("NYQ", "2024-06-24T00:00Z", "2024-07-13T00:00Z")

describe("a range begins", () => {
  const start = (range: string, newest: string, spans = newYork) => {
    const time: number = rangeStart(range, at(newest), spans)
    return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 16) : String(time)
  }

  it("so much before the newest bar, or with its session", () => {
    expect(start("15m", "2024-07-02T14:00Z")).toBe("2024-07-02T13:45")
    expect(start("1h", "2024-07-02T14:00Z")).toBe("2024-07-02T13:00")
    expect(start("session", "2024-07-02T14:00Z")).toBe("2024-07-02T13:30")
    expect(start("session", "2024-07-02T21:00Z")).toBe("2024-07-02T13:30")
    expect(start("session", "2024-07-03T03:00Z")).toBe("2024-07-02T13:30")
    expect(start("all", "2024-07-02T14:00Z")).toBe("-Infinity")
  })

  it("before the bell with the hours before it", () => {
    expect(start("session", "2024-07-02T09:00Z")).toBe("2024-07-02T08:00")
    expect(start("session", "2024-07-02T13:30Z")).toBe("2024-07-02T08:00")
    expect(start("session", "2024-07-02T13:31Z")).toBe("2024-07-02T13:30")
  })

  it("with the first of five sessions, over a weekend and a holiday", () => {
    expect(start("5d", "2024-07-08T15:00Z")).toBe("2024-07-01T13:30")
    expect(start("5d", "2024-06-25T15:00Z")).toBe("2024-06-24T13:30")
  })

  it("with the morning, where there is a break", () => {
    expect(start("session", "2024-11-05T05:00Z", spansIn("JPX", "2024-11-01T00:00Z", "2024-11-06T00:00Z"))).toBe("2024-11-05T00:00")
  })

  it("days of 24 hours before, where no session is known", () => {
    expect(start("session", "2024-07-02T14:00Z", [])).toBe("2024-07-01T14:00")
    expect(start("5d", "2024-07-02T14:00Z", [])).toBe("2024-06-27T14:00")
  })

  it("and has a name that is known", () => {
    expect([isRange("5d"), isRange("2d"), isRange("toString"), isInterval("1D"), isInterval("2m")]).toEqual([true, false, false, true, false])
  })
})

describe("places on the axis", () => {
  const bars = (...times: ReadonlyArray<string>) => times.map((text) => barOf({
    pipeline: "candles-1m", key: "A", start: at(text), end: at(text) + minute, pane: "on-time", revision: 0, changes: 1,
    values: { open: "1", high: "1", low: "1", close: "1", volume: 1 }
  }))
  interface Slot {
    readonly time: number
    readonly bar: unknown
    readonly afterClosed: boolean
  }
  const places = (times: ReadonlyArray<string>, spans = newYork) =>
    makeSlots()(bars(...times), minute, spans).map(({ afterClosed, bar, time }: Slot) =>
      `${new Date(time).toISOString().slice(8, 16)}${bar === null ? " empty" : ""}${afterClosed ? " after closed" : ""}`)

  it("has a minute of trading without a trade, and no closed market", () => {
    expect(places(["2024-07-02T19:57Z", "2024-07-02T19:59Z", "2024-07-02T20:05Z", "2024-07-03T12:00Z", "2024-07-03T13:30Z"])).toEqual([
      "02T19:57", "02T19:58 empty", "02T19:59", "02T20:05", "03T12:00 after closed", "03T13:30"
    ])
  })

  it("has a break of the session and a weekend as closed, and coins never", () => {
    const tokyo = spansIn("JPX", "2024-11-01T00:00Z", "2024-11-06T00:00Z")
    expect(places(["2024-11-05T02:29Z", "2024-11-05T03:30Z"], tokyo)).toEqual(["05T02:29", "05T03:30 after closed"])
    const coins = spansIn("CCC", "2024-11-01T00:00Z", "2024-11-06T00:00Z")
    expect(places(["2024-11-02T23:59Z", "2024-11-03T00:02Z"], coins)).toEqual(["02T23:59", "03T00:00 empty", "03T00:01 empty", "03T00:02"])
    const currencies = spansIn("CCY", "2024-11-01T00:00Z", "2024-11-06T00:00Z")
    expect(places(["2024-11-01T20:59Z", "2024-11-03T22:00Z"], currencies)).toEqual(["01T20:59", "03T22:00 after closed"])
  })

  it("has a long stretch without a trade as nothing, so that there are not many more than bars", () => {
    expect(places(["2024-07-02T14:00Z", "2024-07-02T14:31Z"])).toHaveLength(31 + 1)
    expect(places(["2024-07-02T14:00Z", "2024-07-02T14:32Z"])).toEqual(["02T14:00", "02T14:32"])
  })

  it("goes by an hour without a bar, where no session is known", () => {
    expect(places(["2024-07-02T14:00Z", "2024-07-02T15:00Z", "2024-07-02T16:01Z"], [])).toEqual(["02T14:00", "02T15:00", "02T16:01 after closed"])
  })

  it("stays as it is where its bars do, and is found by a time", () => {
    const make = makeSlots()
    const all = bars("2024-07-02T14:00Z", "2024-07-02T14:02Z")
    const before = make(all, minute, newYork)
    const after = make([...all, ...bars("2024-07-02T14:03Z")], minute, newYork)
    expect(before.every((slot: Slot, i: number) => slot === after[i])).toBe(true)
    expect(["13:59", "14:00", "14:01", "14:30"].map((time) => slotAt(after, at(`2024-07-02T${time}Z`)))).toEqual([-1, 0, 1, 3])
  })
})

describe("days", () => {
  it("are shaded before and after the session", () => {
    const kinds = ["08:00", "13:29", "13:30", "19:59", "20:00", "23:59"].map((time) => spanAt(newYork, at(`2024-07-02T${time}Z`))?.kind)
    expect(kinds).toEqual(["pre", "pre", "regular", "regular", "post", "post"])
    expect(spanAt(newYork, at("2024-07-02T07:59Z"))).toBeUndefined()
    expect(spanAt(newYork, at("2024-07-03T17:00Z"))?.kind).toBe("post")
  })

  it("that are short or closed are named", () => {
    const { days } = tradingDays({ exchange: "NYQ", from: at("2024-07-02T12:00Z"), to: at("2024-07-05T20:00Z") })
    const notes = notesOf(days, (time: number) => new Date(time).toISOString().slice(11, 16), (date: string) => date)
    expect(notes.map(({ text }: { readonly text: string }) => text)).toEqual([
      "Half day, Day before Independence Day: closes at 17:00",
      "2024-07-04: closed, Independence Day"
    ])
  })
})
