/** What an event costs by the order and the partitions that it comes in: a job over records as a log has them. */
import { ticks } from "../src/analytics/ticks.ts"
import { Job } from "../src/streams/engine/Job.ts"
import { Aggregate, Pipeline, Window } from "../src/streams/pipeline/index.ts"
import { fromTexts, type Records } from "../src/streams/records/Records.ts"
import type { Curve } from "./Curve.ts"
import { cpuOf, inTurn, medianOf } from "./Measure.ts"

const count = 200_000
const keys = 100
const batchSize = 1_024
const hour = 3_600_000

/** Milliseconds between two events: all of them span three hours. */
const step = 3 * hour / count

const minutes = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ mean: Aggregate.mean("price"), volume: Aggregate.sum("size"), high: Aggregate.max("price") }),
  Pipeline.allowedLateness("1 day"),
  Pipeline.named("minutes")
)

const line = (i: number): string =>
  `{"symbol":"S${i % keys}","time":${1_732_545_000_000 + Math.floor(i * step)},"price":"${(100 + i % 1_000 / 100).toFixed(2)}","size":${1 + i % 100}}`

/** Numbers that look random, the same each time: those of https://en.wikipedia.org/wiki/Linear_congruential_generator. */
const random = () => {
  let state = 1
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32
}

/** Each event as late as chance has it, at most by so many milliseconds. */
const disordered = (most: number): ReadonlyArray<number> => {
  const next = random()
  return Array.from({ length: count }, (_, i) => ({ i, at: i * step + next() * most })).sort((a, b) => a.at - b.at).map(({ i }) => i)
}

const records = (numbers: ReadonlyArray<number>, partitions: number): ReadonlyArray<Records> => {
  const next = new Float64Array(partitions)
  return Array.from({ length: Math.ceil(count / batchSize) }, (_, batch) => {
    const partition = batch % partitions
    const lines = numbers.slice(batch * batchSize, (batch + 1) * batchSize).map(line)
    const offsets = Float64Array.from(lines, () => next[partition]!++)
    return { ...fromTexts(lines), partition, offsets, appendedAt: new Float64Array(lines.length) }
  })
}

const take = (pipeline: Pipeline.Any, all: ReadonlyArray<Records>, partitions: number) => () => {
  const job = new Job([pipeline], { partitions })
  return cpuOf(() => {
    for (const batch of all) job.take(batch)
    job.close()
  })
}

const medians = async (runs: ReadonlyArray<() => number>): Promise<ReadonlyArray<number>> => {
  const costs = await inTurn({ rounds: 3, warmUp: 1 }, Object.fromEntries(runs.map((run, number) => [number, run])))
  return runs.map((_, number) => medianOf(costs[number]!) * 1e3 / count)
}

const many = [1, 4, 16, 64]

/** By how many partitions the log has. */
export const partitions: Curve = {
  name: "partitions",
  title: "CPU of an event by the number of partitions",
  x: { label: "partitions, batches of each in turn", values: many, texts: many.map(String) },
  measure: async () => {
    const inOrder = Array.from({ length: count }, (_, i) => i)
    return { "windows of a minute, 100 keys": await medians(many.map((partitions) => take(minutes, records(inOrder, partitions), partitions))) }
  }
}

const delays = [0, 1_000, 10_000, 60_000, 600_000, hour]

/** By how late events are: within the bound of disorder, and beyond a bound of five seconds, so that windows are told again. */
export const disorder: Curve = {
  name: "disorder",
  title: "CPU of an event by how much events are out of order",
  x: { label: "an event comes late by up to", values: delays, texts: ["0", "1 s", "10 s", "1 min", "10 min", "1 h"] },
  measure: async () => {
    const all = delays.map((delay) => records(disordered(delay), 1))
    const [within, beyond] = [
      delays.map((delay, at) => take(Pipeline.withBounds(minutes, { outOfOrderness: delay }), all[at]!, 1)),
      delays.map((_, at) => take(minutes, all[at]!, 1))
    ]
    return { "within the bound of the source": await medians(within), "bound of 5 s, windows that accept late events": await medians(beyond) }
  }
}
