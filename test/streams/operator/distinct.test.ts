/** What is counted of different numbers: sets of them with a bound, and the buckets of quantiles. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Decimal } from "../../../src/domain/Decimal.ts"
import { NumberHash, NumberSet } from "../../../src/streams/operator/aggregates/NumberSet.ts"
import { Tally } from "../../../src/streams/operator/aggregates/Tally.ts"
import { StateWriter } from "../../../src/streams/operator/State.ts"
import { Aggregate, Source } from "../../../src/streams/pipeline/index.ts"
import { resultsOf, Slots } from "./slots.ts"

const source = Source.make("readings", {
  schema: Schema.Struct({
    key: Schema.String,
    time: Schema.Int,
    price: Schema.optionalKey(Decimal({ scale: 4, limit: 900_000_000_000 })),
    size: Schema.optionalKey(Schema.Int),
    ratio: Schema.optionalKey(Schema.Finite),
    venue: Schema.optionalKey(Schema.String)
  }),
  key: "key",
  eventTime: "time"
})

const numbers = fc.array(fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ noNaN: true }), fc.constantFrom(2 ** 52, 2 ** 52 + 1, 1e-300, 2e-300)), {
  maxLength: 300,
  size: "max"
})

describe("a set of numbers", () => {
  it("has each once, in the order in which they came, whatever it had before", () => {
    fc.assert(fc.property(numbers, numbers, (before, values) => {
      const set = new NumberSet(new NumberHash())
      before.forEach((value) => set.add(value + 0))
      set.clear()
      const expected = new Set(values.map((value) => value + 0))
      for (const value of values) expect(set.at(set.add(value + 0))).toBe(value + 0)
      expect(Array.from(set.values)).toEqual([...expected])
      for (const value of before) expect(set.find(value + 0) >= 0).toBe(expected.has(value + 0))
    }))
  })

  it("finds fractions and large numbers about as fast as small integers", () => {
    // All of them in one place of the table would take hours.
    for (const unit of [1, 2 ** 40, 1e-9, 1e-200]) {
      const set = new NumberSet(new NumberHash())
      for (let i = 0; i < 300_000; i++) set.add(i * unit)
      expect(set.size).toBe(300_000)
    }
  })
})

it("a tally counts, and takes away again", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -2, max: 2 })), { maxLength: 400, size: "max" })
  fc.assert(fc.property(pairs, (all) => {
    const tally = new Tally(new NumberHash())
    const expected = new Map<number, number>()
    for (const [number, count] of all) {
      tally.add(number, count)
      expected.set(number, (expected.get(number) ?? 0) + count)
    }
    const counted = Array.from(tally.counted(), (number) => [number, tally.countOf(number)])
    expect(counted).toEqual([...expected].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b))
    expect(tally.total).toBe(counted.reduce((sum, [, count = 0]) => sum + count, 0))
  }))
})

describe("different values", () => {
  const counts = { venues: Aggregate.countDistinct("venue", { atMost: 3 }), ratios: Aggregate.countDistinct("ratio", { atMost: 3 }) }

  it("are counted up to the bound, and one more is null, whichever it is and however often they come", () => {
    const venues = (...all: ReadonlyArray<string>) => resultsOf(source, counts, [...all, ...all].map((venue) => ({ venue }))).venues
    expect([venues(), venues("a"), venues("a", "b", "c"), venues("a", "b", "c", "d"), venues("d", "c", "b", "a")]).toEqual([0, 1, 3, null, null])
  })

  it("are more than the bound after a merge, too", () => {
    const slots = new Slots(source, counts)
    const [two, others] = [slots.of([{ venue: "a" }, { venue: "b" }]), slots.of([{ venue: "b" }, { venue: "c" }])]
    slots.table.merge(two, others, slots.table.all)
    expect(slots.values(two).venues).toBe(3)
    slots.table.merge(two, slots.of([{ venue: "d" }]), slots.table.all)
    expect(slots.values(two).venues).toBe(null)
    // What has been too much stays so, and of a slot that is used again nothing is left.
    slots.table.merge(others, two, slots.table.all)
    expect(slots.values(others).venues).toBe(null)
    slots.table.reset(others)
    expect(slots.values(others).venues).toBe(0)
  })

  it("have one zero", () => {
    expect(resultsOf(source, counts, [{ ratio: 0 }, { ratio: -0 }]).ratios).toBe(1)
  })
})

describe("a quantile", () => {
  const quantile = (field: "price" | "size" | "ratio", share: number, error: number, values: ReadonlyArray<number>) =>
    resultsOf(source, { quantile: Aggregate.quantile(field, share, { error }) }, values.map((value) => ({ [field]: value }))).quantile

  const thousandths = fc.integer({ min: 0, max: 1_000 })
  const errors = fc.constantFrom(0.5, 0.1, 0.01, 0.001, 0.000_001)

  it("is within its error of the value that has the rank", () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.double({ noNaN: true, min: -1e9, max: 1e9 }).filter((value) => Math.abs(value) > 1e-300 || value === 0)), { minLength: 1 })
    fc.assert(fc.property(values, thousandths, errors, (values, share, error) => {
      const sorted = values.toSorted((a, b) => a - b)
      const value = sorted[Math.floor(share * (values.length - 1) / 1_000)]!
      expect(Math.abs(quantile("ratio", share / 1_000, error, values) as number - value)).toBeLessThanOrEqual(error * Math.abs(value))
    }), { numRuns: 1_000 })
  })

  it("of integers that are small beside the error's buckets is exact", () => {
    expect([1, 2, 3, 60, 100, -100].map((value) => quantile("size", 0.5, 0.005, [value]))).toEqual([1, 2, 3, 60, 100, -100])
    expect(quantile("price", 0.5, 0.005, [100])).toBe(0.01)
  })

  it("of an even number of values is the smaller one of the two in the middle", () => {
    expect(resultsOf(source, { median: Aggregate.median("size") }, [4, 1, 3, 2].map((size) => ({ size }))).median).toBe(2)
  })

  it("takes its share as the decimal that is written", () => {
    const hundred = Array.from({ length: 101 }, (_, i) => i)
    expect([0.29, 0.57, 0.58, 0.7].map((share) => quantile("size", share, 0.001, hundred))).toEqual([29, 57, 58, 70])
  })

  it("is off by less than its error at the ends of what there is", () => {
    for (const value of [Number.MAX_VALUE, 2 ** -1_022, 2 ** 53 - 1, 1, 2 - 2 ** -52]) {
      for (const each of [value, -value]) expect(Math.abs(quantile("ratio", 1, 0.001, [each]) as number / each - 1)).toBeLessThan(0.001)
    }
  })
})

describe("what was written", () => {
  const specs = { venues: Aggregate.countDistinct("venue", { atMost: 2 }), sizes: Aggregate.countDistinct("size", { atMost: 2 }), median: Aggregate.median("size") }

  it("is read again", () => {
    const slots = new Slots(source, specs)
    const slot = slots.of([{ venue: "é", size: 3 }, { venue: "a", size: -1 }, { venue: "b", size: 3 }])
    const read = slots.restored(slots.saved(slot))
    expect(slots.saved(read)).toEqual(slots.saved(slot))
    expect(slots.values(read)).toMatchObject({ venues: null, sizes: 2, median: 3 })
  })

  it.each([
    ["venues", "values", [1, 2]],
    ["venues", "values", "a"],
    ["venues", "values", ["a", "a"]],
    ["venues", "values", ["a", "b", "c"]],
    ["sizes", "values", ["1"]],
    ["median", "buckets", null],
    ["median", "buckets", [1]],
    ["median", "buckets", [1, 2, 1, 2]],
    ["median", "buckets", [2, 2, 1, 2]],
    ["median", "buckets", [1, 0]],
    ["median", "buckets", [1, 0.5]],
    ["median", "buckets", [1e9, 1]]
  ] as const)("is refused where it cannot be: %s %j", (result, column, value) => {
    const slots = new Slots(source, specs)
    const writer = new StateWriter()
    const table = writer.table("slots", 1)
    for (const name of ["rows", "preAggregated"]) table.numbers(name, Float64Array.of(1))
    const results = table.part("results")
    for (const name of Object.keys(specs)) {
      const part = results.part(name)
      const own = name === "median" ? "buckets" : "values"
      part.json(own, [name === result && own === column ? value : []])
    }
    expect(() => slots.restored(writer.bytes!)).toThrow("the snapshot is damaged")
  })
})
