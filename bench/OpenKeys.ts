/**
 * What a record costs with so many keys open, and what memory a key takes: a job over records as a log has them, each key once
 * a minute, windows closing every minute. Only the job is timed, not the making of records.
 */
import * as Schema from "effect/Schema"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Job } from "../src/streams/engine/Job.ts"
import { windowOf } from "../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../src/streams/pipeline/index.ts"
import { fromTexts, type Records } from "../src/streams/records/Records.ts"
import * as Benchmark from "./Benchmark.ts"
import type { Curve } from "./Curve.ts"
import { cpuOf, medianOf } from "./Measure.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const aggregates = { high: Aggregate.max("size"), volume: Aggregate.sum("size"), close: Aggregate.last("size") }

const tumbling = quotes.pipe(Window.tumbling("1 minute"), Aggregate.into(aggregates), Pipeline.named("tumbling"))
const hopping = quotes.pipe(Window.hopping("5 minutes", "1 minute"), Aggregate.into(aggregates), Pipeline.named("hopping"))

const minute = 60_000
const batchSize = 4_096

/** Nanoseconds of CPU a record in each minute, once as many windows are open as ever will be. */
const minutes = (pipeline: Pipeline.Any, keys: number, { measured, warm }: { warm: number; measured: number }): ReadonlyArray<number> => {
  const job = new Job([pipeline], { partitions: 1 })
  const spent: Array<number> = []
  for (let at = 0; at < warm + measured; at++) {
    let micros = 0
    for (const batch of minuteOf(at, keys)) micros += cpuOf(() => void job.take(batch))
    spent.push(micros * 1_000 / keys)
  }
  return spent.slice(warm)
}

/** A minute's records: each key once, not in their order. */
function* minuteOf(at: number, keys: number): Generator<Records> {
  for (let first = 0; first < keys; first += batchSize) {
    const length = Math.min(batchSize, keys - first)
    const lines = Array.from({ length }, (_, i) => {
      const time = at * minute + Math.floor((first + i) * minute / keys)
      return `{"key":"K${((first + i) * 7_919) % keys}","time":${time},"size":${(first + i + at) % 1_000}}`
    })
    const offsets = Float64Array.from(lines, (_, i) => at * keys + first + i)
    yield { ...fromTexts(lines), partition: 0, offsets, appendedAt: new Float64Array(length) }
  }
}

/** By how many keys what a record costs: of at least 300,000 records, and of five minutes of any but the largest, to keep that short. */
const costs = (pipeline: Pipeline.Any, sizes: ReadonlyArray<number>, warm: number): ReadonlyArray<ReadonlyArray<number>> => {
  minutes(pipeline, 1_000, { warm: 400, measured: 0 })
  return sizes.map((keys) => minutes(pipeline, keys, { warm, measured: keys === 1_000_000 ? 1 : Math.max(5, 300_000 / keys) }))
}

const sizes = [100, 1_000, 10_000, 100_000, 1_000_000]

/** By how many keys are open. */
export const growth: Curve = {
  name: "keys",
  title: "CPU of an event by the number of open keys",
  x: { label: "keys, each with an event a minute", values: sizes, texts: ["100", "1 k", "10 k", "100 k", "1 M"] },
  measure: () => ({ "windows of a minute": costs(tumbling, sizes, 2).map(medianOf) })
}

const against = (costs: ReadonlyArray<ReadonlyArray<number>>, many: number) => {
  const few = medianOf(costs[0]!)
  return costs[many]!.map((cost) => cost / few)
}

export const open = Benchmark.make({
  name: "open keys",
  rows: {
    tumbling4: { name: "windows of a minute: CPU of a record with 10,000 keys against 100", unit: "x", better: "less" },
    tumbling5: { name: "windows of a minute: CPU of a record with 100,000 keys against 100", unit: "x" },
    tumbling6: { name: "windows of a minute: CPU of a record with 1,000,000 keys against 100", unit: "x", goal: { atMost: 4 } },
    hopping4: { name: "5 minutes every minute: CPU of a record with 10,000 keys against 100", unit: "x", better: "less" },
    hopping5: { name: "5 minutes every minute: CPU of a record with 100,000 keys against 100", unit: "x" }
  },
  run: () => {
    const ofTumbling = costs(tumbling, [100, 10_000, 100_000, 1_000_000], 2)
    const ofHopping = costs(hopping, [100, 10_000, 100_000], 6)
    return {
      tumbling4: against(ofTumbling, 1),
      tumbling5: against(ofTumbling, 2),
      tumbling6: against(ofTumbling, 3),
      hopping4: against(ofHopping, 1),
      hopping5: against(ofHopping, 2)
    }
  }
})

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** Its windows are open for as long as this takes. */
const staying = Pipeline.withBounds(tumbling, { outOfOrderness: 86_400_000 })

/** Bytes that are in use. What a collection finds to be garbage outside of the heap is freed after it. */
const inUse = async (): Promise<number> => {
  for (let time = 0; time < 2; time++) {
    collectGarbage()
    await new Promise((resolve) => void setTimeout(resolve, 100))
  }
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes that a key takes in its first open window, and in each further one. */
const heldBy = async (keys: number, further: number): Promise<{ readonly key: number; readonly slice: number }> => {
  const job = new Job([staying], { partitions: 1 })
  const before = await inUse()
  for (const batch of minuteOf(0, keys)) job.take(batch)
  const first = await inUse()
  for (let at = 1; at <= further; at++) for (const batch of minuteOf(at, keys)) job.take(batch)
  const all = await inUse()
  // Asked for at the end, so that the job is there until then.
  if (job.counts.aggregated !== keys * (1 + further)) throw new Error("not every record is in a window")
  return { key: (first - before) / keys, slice: (all - first) / further / keys }
}

export const memory = Benchmark.make({
  name: "memory of open keys",
  rows: {
    key: { name: "a key in its first open window, its string included", unit: "bytes" },
    slice: { name: "a key in a further open window or slice", unit: "bytes" },
    columns: { name: "the columns of these", unit: "bytes" },
    against: { name: "memory of a key in a further open slice against its columns", unit: "x", goal: { atMost: 1.5 }, better: "less" }
  },
  run: async () => {
    const columns = windowOf(staying.checked).state.bytesPerEntry
    await heldBy(1_000, 2)
    const rounds = []
    // Tables are filled to another degree by each.
    for (const keys of [20_000, 25_000, 30_000, 35_000, 40_000]) rounds.push(await heldBy(keys, 10))
    return {
      key: rounds.map(({ key }) => key),
      slice: rounds.map(({ slice }) => slice),
      columns: [columns],
      against: rounds.map(({ slice }) => slice / columns)
    }
  }
})
