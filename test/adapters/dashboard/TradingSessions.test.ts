/** The days of an exchange as the page asks for them. */
import { describe, expect, it } from "vitest"
import { tradingDays } from "../../../src/adapters/dashboard/TradingSessions.ts"
import * as Calendar from "../../../src/domain/TradingCalendar.ts"
import * as Holidays from "../../../src/adapters/dashboard/Holidays.ts"

const at = (text: string) => Date.parse(text)

describe("the days of an exchange", () => {
  it("have sessions, hours around them, a half day with its name and a holiday with its own", () => {
    const { calendar, days, timeZone } = tradingDays({ exchange: "NMS", from: at("2024-07-03T00:00-04:00"), to: at("2024-07-06T00:00-04:00") })
    expect([calendar, timeZone]).toEqual(["XNYS", "America/New_York"])
    expect(days).toEqual([
      {
        date: "2024-07-03", name: "Day before Independence Day", half: true, breaks: [],
        open: at("2024-07-03T09:30-04:00"), close: at("2024-07-03T13:00-04:00"),
        pre: { start: at("2024-07-03T04:00-04:00"), end: at("2024-07-03T09:30-04:00") },
        post: { start: at("2024-07-03T13:00-04:00"), end: at("2024-07-03T17:00-04:00") }
      },
      { date: "2024-07-04", name: "Independence Day", half: false, breaks: [], open: null, close: null, pre: null, post: null },
      {
        date: "2024-07-05", name: null, half: false, breaks: [],
        open: at("2024-07-05T09:30-04:00"), close: at("2024-07-05T16:00-04:00"),
        pre: { start: at("2024-07-05T04:00-04:00"), end: at("2024-07-05T09:30-04:00") },
        post: { start: at("2024-07-05T16:00-04:00"), end: at("2024-07-05T20:00-04:00") }
      }
    ])
  })

  it("are those that the time has something of, be it after the close alone", () => {
    const dates = (exchange: string | undefined, from: string, to: string) =>
      tradingDays({ exchange, from: at(from), to: at(to) }).days.map(({ date }) => date)
    expect(dates("XNYS", "2013-10-08T19:59-04:00", "2013-10-08T20:00-04:00")).toEqual(["2013-10-08"])
    expect(dates("XNYS", "2013-10-08T20:00-04:00", "2013-10-09T04:00-04:00")).toEqual([])
    expect(dates(undefined, "2013-10-05T00:00-04:00", "2013-10-07T23:00-04:00")).toEqual(["2013-10-07"])
    // Futures begin on the evening before their date.
    expect(dates("CME", "2024-01-09T18:30-05:00", "2024-01-09T19:00-05:00")).toEqual(["2024-01-10"])
    // A holiday at the end of the time has its next session beyond.
    expect(dates("LSE", "2024-03-29T00:00Z", "2024-03-30T00:00Z")).toEqual(["2024-03-29"])
    expect(dates("CCC", "2024-01-06T12:00Z", "2024-01-07T12:00Z")).toEqual(["2024-01-06", "2024-01-07"])
  })

  it("have breaks where there are any, and change with the clock", () => {
    const [tokyo] = tradingDays({ exchange: "JPX", from: at("2024-11-05T03:00Z"), to: at("2024-11-05T03:01Z") }).days
    expect(tokyo?.breaks).toEqual([{ start: at("2024-11-05T11:30+09:00"), end: at("2024-11-05T12:30+09:00") }])
    const opens = tradingDays({ exchange: "NYQ", from: at("2024-03-08T06:00Z"), to: at("2024-03-12T00:00Z") }).days.map(({ open }) => open)
    expect(opens).toEqual([at("2024-03-08T14:30Z"), at("2024-03-11T13:30Z")])
  })

  it("are none of an exchange that no calendar knows, nor of a time that it does not know", () => {
    expect(tradingDays({ exchange: "STU", from: 0, to: at("2024-01-01") })).toEqual({ calendar: null, timeZone: null, days: [] })
    expect(tradingDays({ exchange: "__proto__", from: 0, to: 1 }).calendar).toBe(null)
    expect(tradingDays({ from: at("1980-01-01"), to: at("1980-01-05") })).toEqual({ calendar: "XNYS", timeZone: "America/New_York", days: [] })
    const known = tradingDays({ from: -8.64e15, to: 8.64e15 }).days
    expect(known.filter(({ open }) => open !== null)).toHaveLength(6_998)
  })

  it("have a name for each day on which New York's exchange was closed or closed early", () => {
    const { days } = tradingDays({ from: -8.64e15, to: 8.64e15 })
    expect(days.filter(({ name, open }) => open === null && name === null)).toEqual([])
    expect(days.filter(({ half, name }) => half && name === null)).toEqual([])
    expect(days.filter(({ half, name, open }) => open !== null && !half && name !== null)).toEqual([])
    const { closed = [] } = Calendar.named("XNYS").definition
    expect(days.filter(({ open }) => open === null)).toHaveLength(closed.filter((date) => date > "2000-01-03").length)
    expect(Holidays.closedName("2022-06-20")).toBe("Juneteenth")
    expect(Holidays.closedName("2008-03-21")).toBe("Good Friday")
  })

  it("names closed weekdays of other exchanges where the date says it, and no others", () => {
    const closed = (exchange: string) =>
      tradingDays({ exchange, from: at("2000-01-03T00:00Z"), to: at("2026-12-31T00:00Z") }).days.filter(({ open }) => open === null)
    const nameOf = (exchange: string, date: string) => closed(exchange).find((day) => day.date === date)?.name
    expect(nameOf("XLON", "2024-03-29")).toBe("Good Friday")
    expect(nameOf("XLON", "2008-03-24")).toBe("Easter Monday")
    expect(nameOf("XLON", "2024-05-06")).toBe("Early May bank holiday")
    // The early May bank holiday of that year was on a Friday, and the royal wedding was no holiday of every year.
    expect(nameOf("XLON", "2020-05-08")).toBeNull()
    expect(nameOf("XLON", "2011-04-29")).toBeNull()
    expect(nameOf("XETR", "2023-05-01")).toBe("Labour Day")
    expect(nameOf("XTSE", "2024-05-20")).toBe("Victoria Day")
    expect(nameOf("XTKS", "2006-11-03")).toBe("Culture Day")
    expect(nameOf("XTKS", "2010-04-29")).toBe("Showa Day")
    expect(nameOf("XTKS", "2005-04-29")).toBeNull()
    const shares = Calendar.names.flatMap((name) => {
      const all = closed(name)
      return all.length === 0 ? [] : [[name, Math.round(all.filter((day) => day.name !== null).length / all.length * 100)] as const]
    })
    console.log(shares.map(([name, share]) => `${name} ${share} %`).join(", "))
    const least = { XNYS: 100, XLON: 80, XETR: 60, XPAR: 90, XAMS: 90, XTSE: 80, XASX: 60, XTKS: 25 }
    for (const [name, share] of Object.entries(least)) expect(Object.fromEntries(shares)[name], name).toBeGreaterThanOrEqual(share)
  })
})
