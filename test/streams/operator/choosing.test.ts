/** Of two values only the one that is picked is looked at: the other one may not fit. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Events, Expr, Job, Pipeline, Source } from "../../../src/index.ts"
import { records } from "../../../src/testing/Harness.ts"

const schema = Schema.Struct({ id: Schema.String, at: Schema.Int, size: Schema.Int, rank: Schema.optionalKey(Schema.Int) })
const orders = Source.make("orders", { schema, key: "id", eventTime: "at" })

/** More than 38 digits where the size is 2^53 - 1. */
const cube = Expr.multiply(Expr.multiply("size", "size"), "size")

const most = Number.MAX_SAFE_INTEGER
const lines = [[2, 5], [most, 5], [2, 0], [most, 0], [most, null], [2, null]].map(([size, rank], at) =>
  JSON.stringify({ id: "A", at, size, ...(rank === null ? {} : { rank }) }))

const given = (pipeline: Pipeline.Any) => {
  const { rows, unused } = new Job([pipeline], { partitions: 1 }).take(records(0, 0, lines))
  return { values: rows.map(({ time, values }) => [time, String(values["value"])]), refused: unused.map(({ offset, reason }) => [offset, reason]) }
}

it("by a condition", () => {
  const pipeline = orders.pipe(Events.derive({ value: Expr.conditional(Expr.gt("rank", 0), cube, Expr.literal(0)) }), Pipeline.named("conditional"))
  expect(given(pipeline).refused).toEqual([[1, "does-not-fit"]])
  expect(given(pipeline).values.map(([time]) => time)).toEqual([0, 2, 3, 4, 5])
})

it("in the place of one that is absent", () => {
  const pipeline = orders.pipe(Events.derive({ value: Expr.coalesce("rank", cube) }), Pipeline.named("coalesced"))
  expect(given(pipeline).refused).toEqual([[4, "does-not-fit"]])
  expect(given(pipeline).values.map(([time]) => time)).toEqual([0, 1, 2, 3, 5])
})

it("within one that is not picked itself", () => {
  const inner = Expr.conditional(Expr.gt("size", 2), cube, Expr.literal(1))
  const pipeline = orders.pipe(Events.derive({ value: Expr.conditional(Expr.gt("rank", 0), Expr.literal(0), inner) }), Pipeline.named("nested"))
  expect(given(pipeline).refused).toEqual([[3, "does-not-fit"], [4, "does-not-fit"]])
})
