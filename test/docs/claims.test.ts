/** Claims of the documentation that no other test holds. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, bars, Events, Expr, Job, Pipeline, Source, ticks, Window } from "../../src/index.ts"
import { records } from "../../src/testing/Harness.ts"

const counted = Aggregate.into({ trades: Aggregate.count })

const tick = (symbol: string, size: number) => `{"symbol":"${symbol}","time":0,"price":"1","size":${size}}`

describe("the end of input", () => {
  it("emits what is open on time, again only where it has grown, and with the next revision", () => {
    const job = new Job([ticks.pipe(Window.tumbling("1 minute"), counted, Pipeline.named("trades"))], { partitions: 1 })
    job.take(records(0, 0, [tick("A", 1), tick("B", 1)]))
    const first = job.decide({ _tag: "end", at: job.offsets })
    job.take(records(0, 2, [tick("B", 1)]))
    const panes = [...first.panes, ...job.decide({ _tag: "end", at: job.offsets }).panes, ...job.close().panes]
    expect(panes.map(({ key, pane, revision, values }) => [key, pane, revision, values["trades"]])).toEqual([
      ["A", "on-time", 0, 1],
      ["B", "on-time", 0, 1],
      ["B", "on-time", 1, 2]
    ])
  })
})

describe("a sum of integers", () => {
  const pieces = Source.make("pieces", { schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int }), key: "symbol", eventTime: "time" })
  const sizes = pieces.pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ volume: Aggregate.sum("size") }),
    Pipeline.named("sizes")
  )
  const sumOf = (count: number) => {
    const job = new Job([sizes], { partitions: 1 })
    job.take(records(0, 0, Array.from({ length: count }, () => tick("A", 1_000_000_000_000))))
    return job.close().panes[0]?.values["volume"]
  }

  it("is a number up to 2^53 - 1, and beyond a bigint, exact to the last digit", () => {
    expect(sumOf(9_007)).toBe(9_007_000_000_000_000)
    expect(sumOf(9_008)).toBe(9_008_000_000_000_000n)
    expect(sumOf(9_100)).toBe(9_100_000_000_000_000n)
  })
})

it("pipelines that run together read the same topic, and have names of their own", () => {
  const minute = ticks.pipe(Window.tumbling("1 minute"), counted, Pipeline.named("trades"))
  const elsewhere = bars.pipe(Window.tumbling("1 minute"), counted, Pipeline.named("bars"))
  expect(() => new Job([minute, elsewhere], { partitions: 1 })).toThrow("cannot run together")
  expect(() => new Job([minute, minute], { partitions: 1 })).toThrow("another pipeline of this name")
  const onlyA = ticks.pipe(Events.where(Expr.eq("symbol", "A")), Window.tumbling("1 minute"), counted)
  const filtered = onlyA.pipe(Pipeline.named("only-a"))
  expect(() => new Job([minute, filtered], { partitions: 1 })).not.toThrow()
})
