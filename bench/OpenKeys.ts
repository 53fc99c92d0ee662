/**
 * What a record costs with so many keys open: a job over records as a log has them, each key once a minute, windows
 * closing every minute. Only the job is timed, not the making of records.
 */
import * as Schema from "effect/Schema"
import { Job } from "../src/streams/engine/Job.ts"
import { Aggregate, Pipeline, Source, Window } from "../src/streams/pipeline/index.ts"
import { fromTexts, type Records } from "../src/streams/records/Records.ts"
import { type Figure, medianOf, stopwatch } from "./Measure.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const aggregates = { high: Aggregate.max("size"), volume: Aggregate.sum("size"), close: Aggregate.last("size") }

const pipelines = {
  "tumbling 1 min": quotes.pipe(Window.tumbling("1 minute"), Aggregate.into(aggregates), Pipeline.named("tumbling")),
  "hopping 5 min/1 min": quotes.pipe(Window.hopping("5 minutes", "1 minute"), Aggregate.into(aggregates), Pipeline.named("hopping"))
}

const minute = 60_000
const batchSize = 4_096

/** Nanoseconds of CPU a record in each minute, once as many windows are open as ever will be. */
const minutes = (pipeline: Pipeline.Any, keys: number, { measured, warm }: { warm: number; measured: number }): ReadonlyArray<number> => {
  const job = new Job([pipeline], { partitions: 1 })
  const spent: Array<number> = []
  for (let at = 0; at < warm + measured; at++) {
    let micros = 0
    for (let first = 0; first < keys; first += batchSize) {
      const batch = recordsOf(at, first, keys)
      const took = stopwatch()
      job.take(batch)
      micros += took().cpu
    }
    spent.push(micros * 1_000 / keys)
  }
  return spent.slice(warm)
}

/** Some of a minute's records: each key once, not in their order. */
const recordsOf = (at: number, first: number, keys: number): Records => {
  const length = Math.min(batchSize, keys - first)
  const lines = Array.from({ length }, (_, i) => {
    const time = at * minute + Math.floor((first + i) * minute / keys)
    return `{"key":"K${((first + i) * 7_919) % keys}","time":${time},"size":${(first + i + at) % 1_000}}`
  })
  const offsets = Float64Array.from(lines, (_, i) => at * keys + first + i)
  return { ...fromTexts(lines), partition: 0, offsets, appendedAt: new Float64Array(length) }
}

const sizes = [100, 1_000, 10_000, 100_000, 1_000_000]

/** At least 300,000 records, and 5 minutes of any but the largest, which are windows of one minute only to keep it short. */
const costs = (windows: keyof typeof pipelines): ReadonlyArray<readonly [keys: number, cost: number]> => {
  const warm = windows === "tumbling 1 min" ? 2 : 6
  minutes(pipelines[windows], 1_000, { warm: 400, measured: 0 })
  return sizes.filter((keys) => keys < 1_000_000 || warm === 2).map((keys) => {
    const measured = keys === 1_000_000 ? 1 : Math.max(5, 300_000 / keys)
    return [keys, medianOf(minutes(pipelines[windows], keys, { warm, measured }))] as const
  })
}

export const figures = (): ReadonlyArray<Figure> =>
  // The names are those of the pipelines.
  (Object.keys(pipelines) as Array<keyof typeof pipelines>).flatMap((windows) => {
    const all = costs(windows)
    const [, usual = NaN] = all.find(([keys]) => keys === 1_000) ?? []
    return all.filter(([keys]) => keys !== 1_000).map(([keys, cost]): Figure => ({
      name: `${windows}: CPU of a record with ${keys.toLocaleString("en-US")} keys against 1,000`,
      value: cost / usual,
      unit: "x"
    }))
  })
