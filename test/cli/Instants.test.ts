/** Times that a command is given, in every form, and in hours that are there twice or not at all. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import * as Instants from "../../src/cli/Instants.ts"

const newYork = "America/New_York"

const read = (text: string, timeZone = newYork): string | undefined => {
  const given = Instants.parse(text)
  if (given === undefined) return undefined
  return Effect.runSync(Effect.match(Instants.instantOf(given, timeZone), {
    onFailure: ({ message }) => message,
    onSuccess: (instant) => new Date(instant).toISOString()
  }))
}

it.each([
  ["2013-10-08T13:30:00Z", "2013-10-08T13:30:00.000Z"],
  ["2013-10-08 13:30:00.25-04:00", "2013-10-08T17:30:00.250Z"],
  ["2013-10-08t13:30+0530", "2013-10-08T08:00:00.000Z"],
  ["2013-10-08T09:30", "2013-10-08T13:30:00.000Z"],
  ["2013-12-08 09:30:15,5", "2013-12-08T14:30:15.500Z"],
  ["2013-10-08", "2013-10-08T04:00:00.000Z"],
  ["1381239000000", "2013-10-08T13:30:00.000Z"],
  ["0", "1970-01-01T00:00:00.000Z"],
  ["-1000", "1969-12-31T23:59:59.000Z"],
  // Of the hour that is there twice only what has its offset says which is meant.
  ["2024-11-03T01:30-05:00", "2024-11-03T06:30:00.000Z"]
])("%s in New York is %s", (text, instant) => {
  expect(read(text)).toBe(instant)
})

it.each([
  ["2024-11-03T01:30", "2024-11-03T01:30 is there twice in America/New_York, where the clock goes back: write it with its offset, -04:00 or -05:00"],
  ["2024-03-10 02:30", "there is no 2024-03-10 02:30 in America/New_York, where the clock goes forward: write a time with its offset, such as 2024-03-10T07:30:00.000Z"],
  ["20241007", "20241007 looks like the date 2024-10-07: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z"],
  ["20241007133000", "20241007133000 looks like the date 2024-10-07: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z"],
  ["2024", "2024 looks like the year 2024: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z"],
  ["1728307800", "1728307800 looks like seconds: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z"],
  ["1728307800000000", "1728307800000000 looks like microseconds: write milliseconds since the epoch, or a time such as 2013-10-08T13:30:00Z"]
])("%s is refused, and what to write instead is said", (text, why) => {
  expect(read(text)).toBe(why)
})

it.each(["", "soon", "10:31", "2024-10", "2024-1-2", "2024-02-30", "2024-10-07T25:00", "2024-10-07T10:00 New York", "8 Oct 2024", "1e12"])("%j is no time", (text) => {
  expect(read(text)).toBeUndefined()
})

it("a clock without changes has every time once", () => {
  expect(read("2024-11-03T01:30", "UTC")).toBe("2024-11-03T01:30:00.000Z")
  expect(read("2024-11-03T01:30", "Asia/Kolkata")).toBe("2024-11-02T20:00:00.000Z")
})
