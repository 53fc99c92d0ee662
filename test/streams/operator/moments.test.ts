/** Variance and what is related to it, against fractions of big integers, where doubles alone would go wrong. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Decimal } from "../../../src/domain/Decimal.ts"
import { nearestQuotient, nearestRoot } from "../../../src/streams/operator/aggregates/Nearest.ts"
import { ProductSum } from "../../../src/streams/operator/aggregates/ProductSum.ts"
import { Aggregate, Source } from "../../../src/streams/pipeline/index.ts"
import { resultsOf } from "./slots.ts"

const source = Source.make("readings", {
  schema: Schema.Struct({
    key: Schema.String,
    time: Schema.Int,
    price: Schema.optionalKey(Decimal({ scale: 4, limit: 900_000_000_000 })),
    size: Schema.optionalKey(Schema.Int),
    ratio: Schema.optionalKey(Schema.Finite)
  }),
  key: "key",
  eventTime: "time"
})

const aggregates = {
  variance: Aggregate.variance("price"),
  all: Aggregate.variance("price", { of: "population" }),
  deviation: Aggregate.standardDeviation("price"),
  varianceOfSizes: Aggregate.variance("size"),
  varianceOfRatios: Aggregate.variance("ratio"),
  deviationOfRatios: Aggregate.standardDeviation("ratio", { of: "population" }),
  covariance: Aggregate.covariance("price", "size"),
  covarianceOfRatios: Aggregate.covariance("price", "ratio", { of: "population" }),
  correlation: Aggregate.correlation("price", "size"),
  correlationOfRatios: Aggregate.correlation("price", "ratio")
}

/** Rows as columns have them: a price as an integer of its last decimal. */
const of = (rows: ReadonlyArray<{ readonly price?: number; readonly size?: number; readonly ratio?: number }>) =>
  resultsOf(source, aggregates, rows)

/** A fraction as the double that reads all its digits. */
const read = (dividend: bigint, divisor: bigint): number => {
  const digits = `${(dividend < 0n ? -dividend : dividend) * 10n ** 1_200n / divisor}`
  return Number(`${dividend < 0n ? "-" : ""}${digits}e-1200`)
}

/** Of integers, by the distance of each from the mean. */
const varianceOf = (values: ReadonlyArray<bigint>, perOne: bigint, less: bigint): number => {
  const rows = BigInt(values.length)
  const sum = values.reduce((total, value) => total + value, 0n)
  const squares = values.reduce((total, value) => total + (rows * value - sum) ** 2n, 0n)
  return read(squares, rows * rows * (rows - less) * perOne * perOne)
}

/** How many doubles lie between two, and one more. */
const apart = (a: number, b: number): number => {
  const [x, y] = [a, b].map((value) => new BigInt64Array(Float64Array.of(value).buffer)[0]!)
  return Math.abs(Number(x! - y!))
}

/** How many times the smallest double, 2^-1074, a double is. */
const unitsOf = (value: number): bigint => {
  let [integer, halvings] = [value, 0]
  for (; !Number.isInteger(integer); halvings++) integer *= 2
  return BigInt(integer) << BigInt(1_074 - halvings)
}

describe("a variance", () => {
  it("of values of a thousand million that differ by ten-thousandths is right to the last digit", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 40 }), (noise) => {
      const prices = noise.map((each) => 10_000_000_000_000 + each)
      const { all, deviation, variance } = of(prices.map((price) => ({ price })))
      const expected = varianceOf(prices.map(BigInt), 10_000n, 1n)
      expect([variance, all]).toEqual([expected, varianceOf(prices.map(BigInt), 10_000n, 0n)])
      expect(deviation).toBe(Math.sqrt(expected))
    }))
  })

  it("of doubles is the double nearest to what is true, though squares of them are rounded", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -999, max: 999 }), { minLength: 2, maxLength: 40 }), (noise) => {
      const ratios = noise.map((each) => 1e9 + each / 1e6)
      const units = ratios.map((value) => BigInt(value * 2 ** 30))
      expect(of(ratios.map((ratio) => ({ ratio }))).varianceOfRatios).toBe(varianceOf(units, 2n ** 30n, 1n))
    }))
  })

  it("of one value is null for a sample and 0 for all there is; of none both are null", () => {
    expect(of([{ price: 5, ratio: 0.1 }])).toMatchObject({ variance: null, deviation: null, all: 0, varianceOfRatios: null, deviationOfRatios: 0 })
    expect(of([{ size: 1 }])).toMatchObject({ variance: null, all: null, deviationOfRatios: null, covariance: null, correlation: null })
  })

  it("of equal values is 0, whatever they are", () => {
    const rows = [1, 2, 3].map(() => ({ price: -8_999_999_999_999_999, size: 1e15, ratio: 0.1 }))
    expect(of(rows)).toMatchObject({ variance: 0, all: 0, deviation: 0, varianceOfSizes: 0, varianceOfRatios: 0, deviationOfRatios: 0, covariance: 0 })
  })

  it("of integers of 10^15 is exact", () => {
    expect(of([1e15, 1e15 + 1, 1e15 + 2].map((size) => ({ size }))).varianceOfSizes).toBe(1)
    expect(of([-1e15, 1e15].map((size) => ({ size }))).varianceOfSizes).toBe(2e30)
  })

  it("beyond the range of doubles is null, and its root is right all the same", () => {
    expect(of([1e200, -1e200].map((ratio) => ({ ratio })))).toMatchObject({ varianceOfRatios: null, deviationOfRatios: 1e200 })
    expect(of([1e-200, -1e-200].map((ratio) => ({ ratio })))).toMatchObject({ varianceOfRatios: 0, deviationOfRatios: 1e-200 })
    expect(of([5e-324, -5e-324].map((ratio) => ({ ratio }))).deviationOfRatios).toBe(5e-324)
  })
})

describe("what two fields have in common", () => {
  it("is 1 or -1 where one is a multiple of the other", () => {
    const rows = [3, 1, 4, 1, 5].map((price) => ({ price, size: -2 * price, ratio: price / 3 * 3 }))
    expect(of(rows)).toMatchObject({ correlation: -1, correlationOfRatios: 1 })
  })

  it("is never more than 1, nor null, where values are close to each other", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 20 }), (noise) => {
      const { correlation } = of(noise.map((each) => ({ price: 8_999_999_999_999_990 + each, size: 8_999_999_999_999_999 - 3 * each })))
      if (new Set(noise).size === 1) expect(correlation).toBe(null)
      else expect(apart(correlation as number, -1)).toBeLessThanOrEqual(2)
      expect(Math.abs((correlation as number | null) ?? 0)).toBeLessThanOrEqual(1)
    }))
  })

  it("looks at rows that have both", () => {
    const rows = [{ price: 10_000, size: 1 }, { price: 30_000, size: 5 }]
    const others = [{ price: 70_000 }, { size: 9 }]
    expect(of([...rows, ...others]).covariance).toBe(of(rows).covariance)
    expect(of(rows)).toMatchObject({ covariance: 4, correlation: 1 })
  })

  it("is in units of both, a decimal beside a double too", () => {
    expect(of([{ price: 10_000, ratio: 0.5 }, { price: 30_000, ratio: -1 }]).covarianceOfRatios).toBe(-0.75)
  })

  it("is null where one of them is the same in all rows", () => {
    const rows = [{ price: 5, size: 1, ratio: 2 }, { price: 5, size: 2, ratio: 3 }]
    expect(of(rows)).toMatchObject({ covariance: 0, correlation: null, covarianceOfRatios: 0, correlationOfRatios: null })
  })
})

describe("the nearest double", () => {
  const positive = fc.oneof(fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: 1n, max: 2n ** 200n }), fc.integer({ min: 0, max: 1_100 }).map((bits) => 1n << BigInt(bits)))

  it("of a quotient is what reading its digits gives", () => {
    fc.assert(fc.property(positive, positive, (dividend, divisor) => {
      expect(nearestQuotient(dividend, divisor)).toBe(read(dividend, divisor))
      expect(nearestQuotient(-dividend, divisor)).toBe(-read(dividend, divisor))
    }), { numRuns: 3_000 })
  })

  it("of two that are equally near is the even one, and of a little more the larger", () => {
    const half = 2n ** 53n + 1n
    expect(nearestQuotient(half, 1n)).toBe(2 ** 53)
    expect(nearestQuotient(half * 2n ** 100n + 1n, 2n ** 100n)).toBe(2 ** 53 + 2)
    expect(nearestQuotient(1n, 2n ** 1_075n)).toBe(0)
    expect(nearestQuotient(2n ** 200n + 1n, 2n ** 1_275n)).toBe(5e-324)
  })

  it("of a root is no further from it than those beside it", () => {
    fc.assert(fc.property(positive, positive, (dividend, divisor) => {
      const root = nearestRoot(dividend, divisor)
      const bits = new BigInt64Array(Float64Array.of(root).buffer)[0]!
      // The squares of what is half-way to the double before and to the one behind have the fraction between them.
      const [before, behind] = [bits - 1n, bits + 1n].map((each) => {
        const twice = unitsOf(new Float64Array(BigInt64Array.of(each).buffer)[0]!) + unitsOf(root)
        return twice * twice * divisor
      })
      const fraction = 4n * dividend << 2_148n
      expect([before! <= fraction, behind! >= fraction]).toEqual([true, true])
    }), { numRuns: 3_000 })
  })
})

it("a sum of products of doubles has all their digits, and gives back what is taken away", () => {
  const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -400, max: 400 }).map((hundredths) => hundredths / 100))
  fc.assert(fc.property(fc.array(fc.tuple(number, number)), fc.array(fc.tuple(number, number)), (pairs, gone) => {
    const sum = new ProductSum({ ofIntegers: false })
    sum.grow(2)
    for (const [a, b] of [...gone, ...pairs]) sum.add(0, a, b)
    for (const [a, b] of gone) sum.add(1, a, b)
    sum.subtract(0, 1)
    expect(sum.total(0)).toBe(pairs.reduce((total, [a, b]) => total + unitsOf(a) * unitsOf(b), 0n))
  }), { numRuns: 2_000 })
})
