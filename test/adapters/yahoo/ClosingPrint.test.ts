/** Where prices of the regular session count that are stamped after it. */
import { expect, it } from "vitest"
import { timeOf } from "../../../src/adapters/yahoo/ClosingPrint.ts"

const moved = (exchange: string, time: string) => new Date(timeOf(exchange, Date.parse(time))).toISOString()

it.each([
  ["NMS", "2024-07-02T16:00:01-04:00", "2024-07-02T19:59:59.999Z"],
  ["NMS", "2024-07-02T16:00-04:00", "2024-07-02T19:59:59.999Z"],
  // A half day.
  ["NYQ", "2024-07-03T13:00:02-04:00", "2024-07-03T16:59:59.999Z"],
  ["LSE", "2024-10-07T16:35:12+01:00", "2024-10-07T15:29:59.999Z"],
  // Tokyo has a break, and closes half an hour later since 2024-11-05.
  ["JPX", "2024-11-05T11:30+09:00", "2024-11-05T02:29:59.999Z"],
  ["JPX", "2024-11-05T15:30:03+09:00", "2024-11-05T06:29:59.999Z"]
])("of %s what is stamped %s counts at the last moment before", (exchange, time, counts) => {
  expect(moved(exchange, time)).toBe(counts)
})

it.each([
  ["in the session", "NMS", "2024-07-02T15:59:59.999-04:00"],
  ["long after it", "NMS", "2024-07-02T19:00:00.001-04:00"],
  ["on a day without one", "NMS", "2024-07-04T12:00-04:00"],
  ["at the open of the next", "CCY", "2024-07-02T17:00-04:00"],
  ["of a coin at any time", "CCC", "2024-07-06T00:00Z"],
  ["of an exchange without a calendar", "OSL", "2024-07-02T16:25:01+02:00"],
  ["in a year without a calendar", "NMS", "2031-07-02T16:00:01-04:00"]
])("a price %s counts at its own time", (_, exchange, time) => {
  expect(moved(exchange, time)).toBe(new Date(time).toISOString())
})

it("a price of no exchange counts at its own time", () => {
  expect(timeOf(undefined, 1_000)).toBe(1_000)
})
