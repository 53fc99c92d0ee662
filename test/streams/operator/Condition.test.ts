/** A decimal literal that is finer than its column lies between two of its values. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { maskOf } from "../../../src/streams/operator/expressions/Evaluator.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"

const { definition } = Source.make("prices", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, price: Decimal.Decimal({ scale: 2, limit: 1_000 }) }),
  key: "key",
  eventTime: "time"
})

it("and is equal to neither", () => {
  const batch = { ...Batch.make(definition, new Batch.Dictionary(), 0, 3), length: 3 }
  batch.columns[2]!.set([1_000, 1_001, 1_002])
  const mask = (op: "eq" | "ne" | "lt" | "lte" | "gt" | "gte", value: string) => Array.from(maskOf(batch.source, { op, field: "price", value })({ batch }))
  expect(mask("lt", "10.015")).toEqual([1, 1, 0])
  expect(mask("lte", "10.015")).toEqual([1, 1, 0])
  expect(mask("gt", "10.015")).toEqual([0, 0, 1])
  expect(mask("gte", "10.015")).toEqual([0, 0, 1])
  expect(mask("eq", "10.015")).toEqual([0, 0, 0])
  expect(mask("ne", "10.015")).toEqual([1, 1, 1])
  expect(mask("eq", "10.01")).toEqual([0, 1, 0])
})

it("to the last digit, of integers too, and at the end of what a double can tell apart", () => {
  const numbers = Source.make("numbers", {
    schema: Schema.Struct({ key: Schema.String, time: Schema.Int, n: Schema.Int, p: Decimal.Decimal({ scale: 8, limit: 90_000_000 }) }),
    key: "key",
    eventTime: "time"
  })
  const largest = Number.MAX_SAFE_INTEGER
  const batch = { ...Batch.make(numbers.definition, new Batch.Dictionary(), 0, 3), length: 3 }
  batch.columns[2]!.set([5, largest - 1, largest])
  batch.columns[3]!.set([29, 90_000_000 * 1e8, NaN])
  const mask = (field: string, op: "eq" | "ne" | "isNot" | "lt" | "lte" | "gt" | "gte", value: string) =>
    Array.from(maskOf(batch.source, { op, field, value })({ batch })).join("")
  expect(mask("n", "eq", "4.99999999999999999999")).toBe("000")
  expect(mask("n", "gt", "4.99999999999999999999")).toBe("111")
  expect(mask("n", "lte", `${largest - 1}.5`)).toBe("110")
  expect(mask("n", "lt", `${largest - 1}.5`)).toBe("110")
  expect(mask("n", "gte", `${largest - 1}.5`)).toBe("001")
  expect(mask("n", "lt", `${largest}.5`)).toBe("111")
  expect(mask("n", "gt", "-0.5")).toBe("111")
  expect(mask("n", "eq", `${largest}.0`)).toBe("001")
  expect(mask("p", "gt", "0.00000029000000000000001")).toBe("010")
  expect(mask("p", "gt", "89999999.999999995")).toBe("010")
  expect(mask("p", "ne", "0.000000295")).toBe("110")
  expect(mask("p", "isNot", "0.000000295")).toBe("111")
})
