/**
 * The calendars against the sessions of their source, which were turned into instants by another library (Python's zoneinfo):
 * each session a line of its date, open, start and end of each break, and close, and of all lines a digest.
 */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import * as Calendar from "../../src/domain/TradingCalendar.ts"

const published: ReadonlyArray<readonly [name: Calendar.Name, sessions: number, digest: string]> = [
  ["XNYS", 6998, "ac2178478fa8ffcc"],
  ["XLON", 7032, "9cf2ff10945d4877"],
  ["XETR", 7072, "9f3ea3696784ab94"],
  ["XPAR", 7120, "c69a33f48e2e6aab"],
  ["XAMS", 7119, "c4f628bfa9ed1433"],
  ["XMIL", 7066, "3e88ed7dad0cba8a"],
  ["XMAD", 7082, "70bb9515eb9b646b"],
  ["XSWX", 6991, "4d0449bec8725486"],
  ["XSTO", 6990, "d95606d1ab80b068"],
  ["XTSE", 6988, "54d78c9999eefc1e"],
  ["XTKS", 6815, "71d2574701c58ec7"],
  ["XHKG", 6860, "857dbaf5b082d03a"],
  ["XSHG", 6543, "3bb2c2c058f3aebf"],
  ["XBOM", 6672, "b2d91b8486267717"],
  ["XASX", 7044, "7203f0680a4c0ce1"],
  ["XKRX", 6859, "c4a80a59fc5e32fe"],
  ["BVMF", 6899, "92991d8e79d19014"],
  ["XJSE", 6961, "90b43e9b8016293a"],
  ["CMES", 7177, "5cdeadb6d9fdf2cf"],
  ["us_futures", 7181, "e43f4058a7d91b7c"],
  ["24/5", 7260, "f22d47413bb6c01d"],
  ["24/7", 10166, "813594b729bd174f"]
]

const at = (text: string) => Date.parse(text)
const hour = 3_600_000

describe("the calendars that are built in", () => {
  it.each(published)("%s has the sessions of its source, to the millisecond", (name, count, digest) => {
    const { from, to } = Calendar.named(name).definition
    const lines = Calendar.sessions(name, { from, to }).map(({ breaks, close, date, open }) =>
      [date, open, ...breaks.flatMap(({ end, start }) => [start, end]), close].join(","))
    expect(lines).toHaveLength(count)
    expect(createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16)).toBe(digest)
  })

  it.each(Calendar.names)("%s is a calendar that anyone could have given", (name) => {
    const { definition } = Calendar.named(name as Calendar.Name)
    expect(Calendar.make(name, definition).definition).toEqual(definition)
  })

  it("have half days, holidays and lunch breaks", () => {
    expect(Calendar.sessions("XNYS", { from: "2024-07-03", to: "2024-07-05" })).toEqual([
      { date: "2024-07-03", open: at("2024-07-03T13:30Z"), close: at("2024-07-03T17:00Z"), breaks: [] },
      { date: "2024-07-05", open: at("2024-07-05T13:30Z"), close: at("2024-07-05T20:00Z"), breaks: [] }
    ])
    expect(Calendar.sessions("XTKS", { from: "2024-11-05", to: "2024-11-05" })).toEqual([{
      date: "2024-11-05",
      open: at("2024-11-05T09:00+09:00"),
      close: at("2024-11-05T15:30+09:00"),
      breaks: [{ start: at("2024-11-05T11:30+09:00"), end: at("2024-11-05T12:30+09:00") }]
    }])
  })

  it("lack what their source lacks", () => {
    const hoursOf = (name: Calendar.Name, date: string) =>
      Calendar.sessions(name, { from: date, to: date }).map(({ close, open }) => [new Date(open).toISOString(), new Date(close).toISOString()])
    expect(hoursOf("XKRX", "2020-12-03")).toEqual([["2020-12-03T01:00:00.000Z", "2020-12-03T07:30:00.000Z"]])
    for (const date of ["2021-11-18", "2022-11-17", "2023-11-16", "2024-11-14", "2025-11-13"]) {
      expect(hoursOf("XKRX", date)).toEqual([[`${date}T00:00:00.000Z`, `${date}T06:30:00.000Z`]])
    }
    expect([hoursOf("XBOM", "2024-11-01"), hoursOf("XBOM", "2024-03-02")]).toEqual([[], []])
    expect(hoursOf("GLOBEX", "2024-11-29")).toEqual([["2024-11-28T23:00:00.000Z", "2024-11-29T18:00:00.000Z"]])
    expect(hoursOf("FX", "2024-12-25")).toEqual([["2024-12-24T22:00:00.000Z", "2024-12-25T22:00:00.000Z"]])
    const kospi = Calendar.make("KRX", { ...Calendar.named("XKRX").definition, special: { "2024-11-14": ["10:00", "16:30"] } })
    expect(Calendar.sessions(kospi, { from: "2024-11-14", to: "2024-11-14" }).map(({ open, close }) => close - open)).toEqual([6.5 * hour])
  })

  it("have sessions of 23 and 25 hours where the clock changes in them", () => {
    const lengths = (name: Calendar.Calendar, from: string, to: string) =>
      Calendar.sessions(name, { from, to }).map(({ close, open }) => (close - open) / hour)
    const berlin = Calendar.make("berlin", { ...Calendar.named("24/7").definition, timeZone: "Europe/Berlin" })
    expect(lengths(berlin, "2024-03-30", "2024-04-01")).toEqual([24, 23, 24])
    expect(lengths(berlin, "2024-10-26", "2024-10-28")).toEqual([24, 25, 24])
  })

  it("have sessions that begin the day before", () => {
    const [monday] = Calendar.sessions("GLOBEX", { from: "2024-03-11", to: "2024-03-11" })
    expect(monday).toEqual({ date: "2024-03-11", open: at("2024-03-10T18:00-04:00"), close: at("2024-03-11T17:00-04:00"), breaks: [] })
    const [currencies] = Calendar.sessions("FX", { from: "2024-03-11", to: "2024-03-11" })
    expect(currencies).toEqual({ date: "2024-03-11", open: at("2024-03-10T17:00-04:00"), close: at("2024-03-11T17:00-04:00"), breaks: [] })
  })

  it("have hours before and after the session where they are known, on half days too", () => {
    const calendar = Calendar.named("XNYS")
    const [half] = Calendar.sessions(calendar, { from: "2024-07-03", to: "2024-07-03" })
    expect(Calendar.stretchesOf(calendar, half!, "extended")).toEqual([
      { start: at("2024-07-03T04:00-04:00"), end: at("2024-07-03T09:30-04:00") },
      { start: at("2024-07-03T09:30-04:00"), end: at("2024-07-03T13:00-04:00") },
      { start: at("2024-07-03T13:00-04:00"), end: at("2024-07-03T17:00-04:00") }
    ])
    expect(Calendar.stretchesOf(calendar, half!, "post")).toEqual([{ start: at("2024-07-03T13:00-04:00"), end: at("2024-07-03T17:00-04:00") }])
    const [tokyo] = Calendar.sessions("XTKS", { from: "2024-11-05", to: "2024-11-05" })
    expect(Calendar.stretchesOf(Calendar.named("XTKS"), tokyo!, "pre")).toEqual([])
  })
})

describe("the sessions of a time", () => {
  it("are those that have something of it, and none before or behind", () => {
    const { from, to } = { from: at("2024-07-03T17:00Z") - 1, to: at("2024-07-05T13:30Z") }
    expect(Calendar.sessions("XNYS", { from, to: to + 1 }).map(({ date }) => date)).toEqual(["2024-07-03", "2024-07-05"])
    expect(Calendar.sessions("XNYS", { from: from + 1, to }).map(({ date }) => date)).toEqual([])
  })

  it("are an error where a calendar knows nothing of it", () => {
    const asked = (from: string | number, to: string | number) => () => Calendar.sessions("XNYS", { from, to })
    expect(asked("1999-12-31", "2024-01-01")).toThrow(
      new RangeError("the calendar XNYS knows the sessions from 2000-01-01 to 2027-10-29, and is asked for \"1999-12-31\"")
    )
    expect(asked("2024-01-01", "2027-10-30")).toThrow(RangeError)
    const { end, start } = Calendar.coverage(Calendar.named("XNYS"))
    expect(asked(start, end)().length).toBe(6998)
    expect(asked(start - 1, end)).toThrow(RangeError)
    expect(asked(start, end + 1)).toThrow(RangeError)
  })

  it.each([
    [{ from: "2024-02-30", to: "2024-03-01" }, "from is \"2024-02-30\": give a day of the exchange such as 2024-07-03, or milliseconds since the epoch"],
    [{ from: NaN, to: 1 }, "from is NaN: give a day"],
    [{ from: "2024-02-01", to: new Date(0) }, "to is a Date: give its getTime()"],
    [{ from: "2024-02-01" }, "to is undefined: give a day"],
    [undefined, "from is undefined: give a day"],
    [{ from: "2024-02-02", to: "2024-02-01" }, "it is to end at 2024-02-01, before it begins at 2024-02-02"],
    [{ from: 1_706_745_600_001, to: 1_706_745_600_000 }, "it is to end at 1706745600000, before it begins at 1706745600001"],
    [{ from: "2024-02-10", to: 1_706_745_600_000 }, "it is to end at 1706745600000, before it begins at 2024-02-10"]
  ])("are asked for with two times in their order: %j", (range, why) => {
    expect(() => Calendar.sessions("XNYS", range as never)).toThrow(`Calendar.sessions: ${why}`)
  })

  it.each([["XNYZ", "XNYS"], ["xtks", "XTKS"], ["Globex", "GLOBEX"]])("of a calendar that there is not, %s, are refused with the one that may be meant", (name, meant) => {
    const asked = () => Calendar.sessions(name as "XNYS", { from: "2024-01-01", to: "2024-01-01" })
    expect(asked).toThrow(`there is no calendar "${name}": did you mean "${meant}"?; there are XNYS, `)
  })
})

describe("a calendar of one's own", () => {
  const usual = {
    timeZone: "Europe/Berlin",
    from: "2024-01-01",
    to: "2024-12-31",
    weekdays: [1, 2, 3, 4, 5],
    hours: [{ from: "2024-01-01", hours: ["08:00", "18:00"] }]
  } as const

  it("has its hours, closed days and other days", () => {
    const own = Calendar.make("power", { ...usual, closed: ["2024-05-01"], special: { "2024-05-02": ["10:00", "12:00"], "2024-05-04": ["08:00", "09:00"] } })
    const { sessions } = { sessions: Calendar.sessions(own, { from: "2024-05-01", to: "2024-05-05" }) }
    expect(sessions.map(({ close, date, open }) => [date, (close - open) / hour])).toEqual([["2024-05-02", 2], ["2024-05-03", 10], ["2024-05-04", 1]])
  })

  it("never has a session that ends before it begins, whatever the clock leaves out", () => {
    const early = Calendar.make("early", { ...usual, weekdays: [7], hours: [{ from: "2024-01-01", hours: ["02:30", "03:00"] }] })
    expect(Calendar.sessions(early, { from: "2024-03-24", to: "2024-04-07" }).map(({ date }) => date)).toEqual(["2024-03-24", "2024-04-07"])
  })

  it.each([
    [{ timeZone: "Mars" }, "a time zone such as America/New_York is needed"],
    [{ from: "2024-02-30" }, "a date such as 2024-07-03 is needed"],
    [{ to: "2023-12-31" }, "it ends on 2023-12-31, before it begins on 2024-01-01"],
    [{ weekdays: [8] }, "weekdays"],
    [{ hours: [] }, "hours"],
    [{ hours: [{ from: "2024-01-01", hours: ["9:30", "16:00"] }] }, "a time such as 09:30, or 17:00-1d for the day before"],
    [{ hours: [{ from: "2024-01-01", hours: ["09:30", "12:00", "16:00"] }] }, "open, start and end of each break, and close are needed"],
    [{ hours: [{ from: "2024-01-01", hours: ["16:00", "09:30"] }] }, "09:30 is not after 16:00: open, start and end of each break, and close are needed, one after another (09:30+1d is on the next day)"],
    [{ hours: [{ from: "2024-01-01", hours: ["09:30", "18:00", "19:00", "16:00"] }] }, "16:00 is not after 19:00"],
    [{ closed: ["2024-12-24"], special: { "2024-12-24": ["08:00", "12:00"] } }, "2024-12-24 is among the days without a session and among those with special hours"],
    [{ hours: [{ from: "2024-02-01", hours: ["09:30", "16:00"] }] }, "its first hours are from 2024-02-01 on, and it begins on 2024-01-01"],
    [{ hours: [{ from: "2024-01-01", hours: ["09:30-1d", "16:00"] }] }, "a session begins before the one of the day before has ended"],
    [{ special: { "2024-13-01": ["09:30", "16:00"] } }, "\"2024-13-01\" is no date such as 2024-07-03"],
    [{ closd: [] }, "closd"]
  ])("is refused with what is wrong: %j", (change, why) => {
    expect(() => Calendar.make("power", { ...usual, ...change } as never)).toThrow(why)
    expect(() => Calendar.make("power", { ...usual, ...change } as never)).toThrow(/^Calendar\.make\("power"\): .+$/)
  })
})
