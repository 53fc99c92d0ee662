/** What the compiler says of pipelines that are to run on Spark. */
import type { Effect } from "effect"
import { Schema } from "effect"
import { describe, expect, test } from "tstyche"
import { compile, portable } from "../../src/adapters/spark/compile/Compile.ts"
import type { Program } from "../../src/adapters/spark/compile/Program.ts"
import type { Unsupported } from "../../src/adapters/spark/compile/Unsupported.ts"
import { day } from "../../src/analytics/day.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { indicators1m } from "../../src/analytics/indicators.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../../src/streams/pipeline/index.ts"

const counted = Aggregate.into({ trades: Aggregate.count })

const largest = Aggregate.custom({
  create: () => 0,
  add: (most: number, { time }: Pipeline.RowOf<typeof ticks>) => Math.max(most, time),
  merge: (left, right) => Math.max(left, right),
  result: (most) => most,
  state: Schema.Int
})

describe("a pipeline that calls functions does not compile for Spark, and the error says why", () => {
  test("in a filter", () => {
    const large = ticks.pipe(Events.filter(({ tradeId }) => tradeId !== null))
    const filtered = large.pipe(Window.tumbling("1 minute"), counted, Pipeline.named("large"))
    // @ts-expect-error this pipeline calls functions of JavaScript: only the engine in process can run it
    compile(filtered)
  })

  test("nor does one that ends in events", () => {
    const rows = ticks.pipe(Events.where(Expr.gt("size", 100)), Pipeline.named("rows"))
    expect(compile).type.not.toBeCallableWith(rows)
  })

  test("in an aggregate", () => {
    const custom = ticks.pipe(Window.tumbling("1 minute"), Aggregate.into({ largest }), Pipeline.named("largest"))
    // @ts-expect-error this pipeline calls functions of JavaScript: only the engine in process can run it
    compile(custom)
  })

  test("also where nobody knows whether it does", () => {
    // A file's, for instance.
    const any: Pipeline.Any = candles1m
    // @ts-expect-error this pipeline calls functions of JavaScript: only the engine in process can run it
    compile(any)
    expect(portable(any)).type.toBe<Effect.Effect<Pipeline.Pipeline<unknown, "portable">, Unsupported>>()
  })
})

test("a pipeline of data alone compiles to a program, or is refused by name", () => {
  const large = ticks.pipe(Events.where(Expr.gt("size", 100)))
  const filtered = large.pipe(Window.session("1 minute"), counted, Pipeline.named("large"))
  const builtIn = [compile(candles1m), compile(candles5m), compile(movingAverage5m), compile(day), compile(indicators1m)]
  for (const program of [compile(filtered), ...builtIn]) {
    expect(program).type.toBe<Effect.Effect<Program, Unsupported>>()
  }
  expect(compile(candles1m, { maxTimeAhead: 86_400_000 })).type.toBe<Effect.Effect<Program, Unsupported>>()
})
