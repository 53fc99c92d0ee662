/** Sixteen pipelines that run together over one source, beside one of them alone: a job over records as a log has them. */
import { ticks } from "../src/analytics/ticks.ts"
import { Job } from "../src/streams/engine/Job.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../src/streams/pipeline/index.ts"
import type { Records } from "../src/streams/records/Records.ts"
import * as Benchmark from "./Benchmark.ts"
import type { Curve } from "./Curve.ts"
import { cpuOf, inTurn, medianOf, ratios } from "./Measure.ts"
import * as Session from "./Session.ts"

const count = 100_000

/** Each reads the same rows of the same source with a computed value, and has windows of a length of its own. */
const ofPrefix = (number: number): Pipeline.Any =>
  ticks.pipe(
    Events.where(Expr.gt("size", 50)),
    Events.derive({ turnover: Expr.multiply("price", "size") }),
    Window.tumbling((1 + number) * 60_000),
    Aggregate.into({ high: Aggregate.max("price"), turnover: Aggregate.sum("turnover"), trades: Aggregate.count }),
    Pipeline.named(`prefix-${number}`)
  )

const aggregates = [
  { mean: Aggregate.mean("price") },
  { high: Aggregate.max("price"), low: Aggregate.min("price") },
  { volume: Aggregate.sum("size"), trades: Aggregate.count },
  { open: Aggregate.first("price"), close: Aggregate.last("price") }
]

/** Each has windows of the same slices, of a minute each: four lengths, and four sets of aggregates. */
const ofSlices = (number: number): Pipeline.Any =>
  ticks.pipe(
    Window.hopping((1 + number % 4) * 60_000, 60_000),
    Aggregate.into(aggregates[Math.floor(number / 4)]!),
    Pipeline.named(`slices-${number}`)
  )

/** The first so many. */
const of = (make: (number: number) => Pipeline.Any, many: number) => Array.from({ length: many }, (_, number) => make(number))

const take = (pipelines: ReadonlyArray<Pipeline.Any>, all: ReadonlyArray<Records>) => () => {
  const job = new Job(pipelines, { partitions: 1 })
  return cpuOf(() => {
    for (const records of all) job.take(records)
    job.close()
  })
}

export const sixteen = Benchmark.make({
  name: "pipelines",
  isShort: true,
  rows: {
    prefix: { name: "16 pipelines that share condition and computed value: CPU against one", unit: "x", goal: { atMost: 3 }, better: "less" },
    slices: { name: "16 pipelines with the same slices: CPU against one", unit: "x", goal: { atMost: 3 }, better: "less" }
  },
  run: async () => {
    const all = Session.records(count)
    const costs = await inTurn({ rounds: 3, warmUp: 1 }, {
      prefix1: take(of(ofPrefix, 1), all),
      prefix16: take(of(ofPrefix, 16), all),
      slices1: take(of(ofSlices, 1), all),
      slices16: take(of(ofSlices, 16), all)
    })
    return { prefix: ratios(costs.prefix16, costs.prefix1), slices: ratios(costs.slices16, costs.slices1) }
  }
})

const most = [1, 2, 4, 8, 16]

/** By how many of them run together. */
export const growth: Curve = {
  name: "pipelines",
  title: "CPU of a tick by the number of pipelines over one source",
  x: { label: "pipelines", values: most, texts: most.map(String) },
  measure: async () => {
    const all = Session.records(count)
    const each = async (make: (number: number) => Pipeline.Any) => {
      const costs = await inTurn({ rounds: 3, warmUp: 1 }, Object.fromEntries(most.map((many) => [many, take(of(make, many), all)])))
      return most.map((many) => medianOf(costs[many]!) * 1e3 / count)
    }
    return { "same condition and computed value": await each(ofPrefix), "same slices": await each(ofSlices) }
  }
}
