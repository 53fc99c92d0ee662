/** A table of panes holds what they say, whatever they say. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { lines, times } from "../../src/cli/terminal/Table.ts"
import type { Encoded } from "../../src/streams/pipeline/Pane.ts"

const minute = 60_000
const decimals = fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(999)).map(([whole, fraction]) =>
  fraction === 0 ? `${whole}` : `${whole}.${String(fraction).padStart(3, "0").replace(/0+$/, "")}`)

const panes = (values: fc.Arbitrary<Encoded["values"]>, keys: fc.Arbitrary<string> = fc.constant("A")) =>
  fc.array(
    fc.record({ key: keys, at: fc.integer({ min: -1e9, max: 1e9 }), revision: fc.nat(2), changes: fc.nat(9), values }).map(({ at, ...pane }): Encoded => ({
      ...pane,
      pipeline: "p",
      start: at * 10,
      end: at * 10 + minute,
      pane: pane.revision === 0 ? "on-time" : "late"
    })),
    { minLength: 1, maxLength: 20 }
  )

const options = { timeZone: "UTC", keys: false }

it("numbers of a column have their decimal points below each other, and end the heading's word or go beyond it", () => {
  fc.assert(fc.property(panes(fc.record({ price: fc.oneof(decimals, fc.constant(null)) })), (panes) => {
    const [, ...rows] = lines(panes.map((pane) => ({ ...pane, revision: 0, pane: "on-time" as const })), options)
    const cells = rows.map((row) => row.slice(row.lastIndexOf(" ") + 1))
    expect(cells).toEqual(panes.map(({ values }) => values["price"] ?? "-"))
    const wholes = rows.map((row, i) => row.length - (cells[i]!.includes(".") ? cells[i]!.length - cells[i]!.indexOf(".") : 0))
    expect(new Set(wholes).size).toBe(1)
  }))
})

it("is one line a pane and a heading, none with a control character, whatever keys and texts are", () => {
  const anything = fc.string({ unit: "binary" })
  const values = fc.dictionary(anything, fc.oneof(anything, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)))
  fc.assert(fc.property(panes(values, anything), (panes) => {
    const table = lines(panes, { ...options, keys: true })
    expect(table).toHaveLength(panes.length + 1)
    expect(table.join("")).not.toMatch(/\p{Cc}/u)
  }))
})

it("shows milliseconds, ends and revisions only where they tell windows apart", () => {
  const pane = { pipeline: "p", key: "A", start: 0, end: minute, pane: "on-time", revision: 0, changes: 1, values: { n: 1 } } as const
  expect(lines([pane], options)).toEqual(["start (UTC)          n", "1970-01-01 00:00:00  1"])
  expect(lines([pane, { ...pane, start: -1, end: 2 * minute, revision: 3 }], options)).toEqual([
    "start (UTC)              end                  n  revision",
    "1970-01-01 00:00:00.000  1970-01-01 00:01:00  1         0",
    "1969-12-31 23:59:59.999  1970-01-01 00:02:00  1         3"
  ])
})

it("says the offset of times in an hour that the clock shows twice, and of no others", () => {
  const from = Date.parse("2024-11-03T04:30Z")
  const instants = Array.from({ length: 5 }, (_, half) => from + half * 1_800_000)
  expect(times([...instants, Date.parse("2024-11-03T07:00Z")], "America/New_York")).toEqual([
    "2024-11-03 00:30:00",
    "2024-11-03 01:00:00 -04:00",
    "2024-11-03 01:30:00 -04:00",
    "2024-11-03 01:00:00 -05:00",
    "2024-11-03 01:30:00 -05:00",
    "2024-11-03 02:00:00"
  ])
  // Half an hour is shown twice there.
  expect(times([Date.parse("2025-04-05T14:29Z"), Date.parse("2025-04-05T15:30Z")], "Australia/Lord_Howe")).toEqual(["2025-04-06 01:29:00", "2025-04-06 02:00:00"])
  expect(times([Date.parse("2025-04-05T14:45Z"), Date.parse("2025-04-05T15:15Z")], "Australia/Lord_Howe")).toEqual(["2025-04-06 01:45:00 +11:00", "2025-04-06 01:45:00 +10:30"])
})
