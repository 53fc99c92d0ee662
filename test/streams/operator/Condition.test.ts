/** A decimal literal that is finer than its column lies between two of its values. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { evaluate } from "../../../src/streams/operator/stateless/Condition.ts"
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
  const mask = (op: "eq" | "ne" | "lt" | "lte" | "gt" | "gte", value: string) => Array.from(evaluate({ op, field: "price", value }, batch))
  expect(mask("lt", "10.015")).toEqual([1, 1, 0])
  expect(mask("lte", "10.015")).toEqual([1, 1, 0])
  expect(mask("gt", "10.015")).toEqual([0, 0, 1])
  expect(mask("gte", "10.015")).toEqual([0, 0, 1])
  expect(mask("eq", "10.015")).toEqual([0, 0, 0])
  expect(mask("ne", "10.015")).toEqual([1, 1, 1])
  expect(mask("eq", "10.01")).toEqual([0, 1, 0])
})
