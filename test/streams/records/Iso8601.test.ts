/** Times are read as the calendar has them, every day of it, and no others. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { readTime } from "../../../src/streams/records/Iso8601.ts"

/** The time, and whether it ends where the text does. */
const read = (text: string, assumesUtc = false): number | null => {
  const bytes = new TextEncoder().encode(text)
  const values = new Float64Array(1)
  return readTime(bytes, 0, bytes.length, assumesUtc, { values, index: 0 }) === bytes.length ? values[0]! : null
}

const two = (value: number): string => String(value).padStart(2, "0")

it("every day from the year 0 to 9999 is that of the calendar", () => {
  const first = Date.parse("0000-01-01T00:00:00Z")
  const last = Date.parse("9999-12-31T00:00:00Z")
  const day = 86_400_000
  for (let time = first; time <= last; time += 97 * day) {
    const text = new Date(time).toISOString()
    if (read(text) !== time) expect([text, read(text)]).toEqual([text, time])
  }
  // The millionth.
  expect(read(new Date(1e6 * day).toISOString())).toBe(1e6 * day)
})

it("of two digits for month and day those are taken that a year has", () => {
  for (const year of [1900, 2000, 2023, 2024]) {
    for (let month = 0; month < 14; month++) {
      for (let day = 0; day < 34; day++) {
        const time = Date.UTC(year, month - 1, day)
        const isDay = new Date(time).getUTCMonth() === month - 1 && new Date(time).getUTCDate() === day
        expect([year, month, day, read(`${year}-${two(month)}-${two(day)}T00:00:00Z`)]).toEqual([year, month, day, isDay ? time : null])
      }
    }
  }
})

it("a time of day, a fraction and an offset count for what they are", () => {
  const part = (limit: number) => fc.oneof(fc.nat(limit - 1), fc.constantFrom(limit - 1, limit, 99))
  fc.assert(fc.property(
    fc.record({
      time: fc.tuple(part(24), part(60), part(60)),
      fraction: fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 6 }),
      zone: fc.oneof(fc.constantFrom("Z", "z", ""), fc.tuple(fc.constantFrom("+", "-"), part(24), part(60)).map(([sign, h, m]) => `${sign}${two(h)}:${two(m)}`)),
      between: fc.constantFrom("T", "t", " ", "_"),
      assumesUtc: fc.boolean()
    }),
    ({ assumesUtc, between, fraction, time: [h, m, s], zone }) => {
      const text = `2024-11-25${between}${two(h)}:${two(m)}:${two(s)}${fraction === "" ? "" : `.${fraction}`}${zone}`
      const [, sign, hours = "0", minutes = "0"] = /^([+-])(..):(..)$/.exec(zone) ?? []
      const isTime = between !== "_" && h < 24 && m < 60 && s < 60 && Number(hours) < 24 && Number(minutes) < 60 && (zone !== "" || assumesUtc)
      const millis = Number(fraction.padEnd(3, "0").slice(0, 3))
      const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
      const time = Date.UTC(2024, 10, 25, h, m, s) + millis - offset
      expect([text, read(text, assumesUtc)]).toEqual([text, isTime ? time : null])
    }
  ), { numRuns: 2_000 })
})

it("nothing else is taken for a time", () => {
  const good = "2024-11-25T14:30:00+01:00"
  expect(read(good)).not.toBeNull()
  for (let at = 0; at < good.length; at++) {
    for (const other of ["/", ":", "x", "-", ""]) {
      const text = good.slice(0, at) + other + good.slice(at + 1)
      if (text === good || text === good.replace("+", "-")) continue
      expect([text, read(text)]).toEqual([text, null])
    }
  }
  for (const text of ["2024-11-25T14:30:00.Z", "2024-11-25T14:30:00Z ", "2024-11-25T14:30Z", "", "2024-11-25"]) expect([text, read(text, true)]).toEqual([text, null])
})
