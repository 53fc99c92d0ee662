/** Which windows are meant by a time of day, a date or an instant. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { day } from "../../src/analytics/day.ts"
import * as WindowTimes from "../../src/cli/WindowTimes.ts"
import { windowOf } from "../../src/streams/pipeline/Checked.ts"
import type { Window } from "../../src/streams/pipeline/Window.ts"

const newYork = "America/New_York"

const minute: Window = { kind: "tumbling", size: 60_000, offset: 0 }

const stretch = (start: string, end: string) => ({ start: Date.parse(start), end: Date.parse(end) })

const isMeant = (time: string, start: string, end: string, { window = minute, zone = newYork }: { readonly window?: Window; readonly zone?: string } = {}) =>
  Effect.runSync(WindowTimes.holding(time, window, zone))(stretch(start, end))

it.each([
  ["10:31", "2024-11-25T10:30-05:00", "2024-11-25T10:35-05:00", true],
  ["10:35", "2024-11-25T10:30-05:00", "2024-11-25T10:35-05:00", false],
  ["10:30", "2024-11-25T10:30-05:00", "2024-11-25T10:31-05:00", true],
  ["9:30:15", "2024-11-25T09:30:10-05:00", "2024-11-25T09:30:20-05:00", true],
  ["00:10", "2024-11-25T23:00-05:00", "2024-11-26T01:00-05:00", true],
  ["10:31", "2024-11-25T00:00Z", "2024-11-26T00:00Z", true],
  ["10:31", "2024-11-25T00:00-05:00", "2024-12-02T00:00-05:00", true],
  // There is no such time on this day, and on the other it is there twice.
  ["02:30", "2024-03-10T01:00-05:00", "2024-03-10T04:00-04:00", false],
  ["01:30", "2024-11-03T01:30-04:00", "2024-11-03T01:31-04:00", true],
  ["01:30", "2024-11-03T01:30-05:00", "2024-11-03T01:31-05:00", true]
])("%s is held by a window from %s to %s: %s", (time, start, end, is) => {
  expect(isMeant(time, start, end)).toBe(is)
})

it("a time of day is one of the zone that is given, on whichever side of the date line", () => {
  for (const [zone, offset] of [["Pacific/Kiritimati", "+14:00"], ["Pacific/Pago_Pago", "-11:00"], ["Asia/Kathmandu", "+05:45"]] as const) {
    for (const clock of ["00:00", "12:00", "23:59"]) {
      const begins = `2024-06-05T${clock}:00${offset}`
      const end = new Date(Date.parse(begins) + 60_000).toISOString()
      expect([isMeant(clock, begins, end, { zone }), isMeant("10:31", begins, end, { zone })], `${clock} ${zone}`).toEqual([true, false])
    }
  }
})

it.each([
  ["2024-11-25T00:00-05:00", "2024-11-25T00:01-05:00", true],
  ["2024-11-25T23:59-05:00", "2024-11-26T00:00-05:00", true],
  ["2024-11-26T00:00-05:00", "2024-11-26T00:01-05:00", false],
  ["2024-11-24T23:59-05:00", "2024-11-25T00:00-05:00", false],
  ["2024-11-18T00:00-05:00", "2024-12-02T00:00-05:00", true]
])("a date has a part of a window from %s to %s: %s", (start, end, is) => {
  expect(isMeant("2024-11-25", start, end)).toBe(is)
})

it("a date is the one of the zone by which windows are cut", () => {
  const tokyo = { window: { kind: "calendar", unit: "day", timeZone: "Asia/Tokyo" } } as const
  expect(isMeant("2024-11-25", "2024-11-25T00:00+09:00", "2024-11-26T00:00+09:00", tokyo)).toBe(true)
  expect(isMeant("2024-11-25", "2024-11-26T00:00+09:00", "2024-11-27T00:00+09:00", tokyo)).toBe(false)
})

it.each([
  ["New York", "2024-11-25T09:30-05:00", "2024-11-25T16:00-05:00", true],
  ["New York, a day before", "2024-11-22T09:30-05:00", "2024-11-22T16:00-05:00", false],
  ["futures", "2024-11-24T18:00-05:00", "2024-11-25T17:00-05:00", true],
  ["futures, a day later", "2024-11-25T18:00-05:00", "2024-11-26T17:00-05:00", false],
  ["Tokyo", "2024-11-25T09:00+09:00", "2024-11-25T15:30+09:00", true],
  ["coins", "2024-11-25T00:00Z", "2024-11-26T00:00Z", true]
])("a date is that of a session, whatever it is where times are shown: %s", (_, start, end, is) => {
  const { window } = windowOf(day.checked)
  expect(isMeant("2024-11-25", start, end, { window, zone: "America/Los_Angeles" })).toBe(is)
})

it("a date is also that of the bars of a session, and of hours before and after it", () => {
  const { window } = windowOf(day.checked)
  if (window.kind !== "trading") throw new Error("a day is a session")
  const at = (date: string) => isMeant(date, "2024-11-25T04:00-05:00", "2024-11-25T04:05-05:00", { window: { ...window, bars: 300_000, hours: "extended" } })
  expect([at("2024-11-25"), at("2024-11-26")]).toEqual([true, false])
})

it("a time of day ends those that end then, in whatever zone", () => {
  const ends = (time: string) => Effect.runSync(WindowTimes.ending(time, newYork))(stretch("2024-11-25T10:30-05:00", "2024-11-25T10:35-05:00"))
  expect(["10:35", "10:35:00", "10:34", "2024-11-25T10:35", "2024-11-25T10:30"].map(ends)).toEqual([true, true, false, true, false])
})
