/**
 * What a row costs in each aggregate beside a sum: the window operator over batches, with windows that do not overlap, and
 * with windows of which 60 do.
 */
import * as Schema from "effect/Schema"
import { Price } from "../src/domain/Tick.ts"
import { inputOf } from "../src/streams/pipeline/Checked.ts"
import { OperatorGraph } from "../src/streams/engine/OperatorGraph.ts"
import { Aggregate, Pipeline, Source, Window } from "../src/streams/pipeline/index.ts"
import * as Batch from "../src/streams/records/Batch.ts"
import { finish } from "../src/streams/operator/Work.ts"
import * as Benchmark from "./Benchmark.ts"
import { cpuOf, inTurn, ratios } from "./Measure.ts"
import { advance, ticksPerAdvance } from "./Ticks.ts"

const trades = Source.make("trades", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, price: Price, size: Schema.Int, ratio: Schema.Finite, venue: Schema.String }),
  key: "key",
  eventTime: "time"
})

const keys = 100
const rows = 400_000
const batchSize = 4_096

/** The keys in turn, prices that differ by 1 % at most, as doubles with all their digits too. */
const batches = (): ReadonlyArray<Batch.Batch> => {
  const dictionary = new Batch.Dictionary()
  for (let text = 0; text < keys; text++) dictionary.numberOf(`K${text}`)
  return Array.from({ length: Math.ceil(rows / batchSize) }, (_, at) => {
    const batch = Batch.make(trades.definition, dictionary, 0, batchSize)
    batch.length = Math.min(batchSize, rows - at * batchSize)
    for (let row = 0; row < batch.length; row++) {
      const i = at * batchSize + row
      const price = 10_000_000_000 + (i * 7_919) % 100_000_000
      batch.offsets[row] = i
      batch.times[row] = Math.floor(i * advance / ticksPerAdvance)
      batch.keys[row] = i % keys
      batch.watermarks[row] = batch.times[row]! - 1
      const values: { readonly [field: string]: number } = { price, size: i % 500, ratio: price / 7e7, venue: (i * 31) % keys, time: batch.times[row]!, key: i % keys }
      trades.definition.columns.forEach(({ name }, column) => {
        batch.columns[column]![row] = values[name]!
      })
    }
    return batch
  })
}

const run = (all: ReadonlyArray<Batch.Batch>, pipeline: Pipeline.AnyOfPanes) => () =>
  cpuOf(() => {
    const source = inputOf(pipeline.checked).events
    const operator = new OperatorGraph(pipeline.checked)
    for (const batch of all) {
      finish(operator.take(source, batch, Infinity))
      for (const _ of operator.advance(() => batch.times[batch.length - 1]! - 1)) operator.drain()
      operator.drain()
    }
  })

const aggregates = {
  "sum of a decimal": Aggregate.sum("price"),
  "mean of a decimal": Aggregate.mean("price"),
  "weighted mean of decimals": Aggregate.weightedMean("price", "size"),
  "max of a decimal": Aggregate.max("price"),
  "variance of a decimal": Aggregate.variance("price"),
  "covariance of a decimal and an integer": Aggregate.covariance("price", "size"),
  "correlation of a decimal and an integer": Aggregate.correlation("price", "size"),
  "sum of a double": Aggregate.sum("ratio"),
  "variance of a double": Aggregate.variance("ratio"),
  "correlation of a double and an integer": Aggregate.correlation("ratio", "size"),
  "distinct count of strings": Aggregate.countDistinct("venue", { atMost: 1_000 }),
  "distinct count of decimals": Aggregate.countDistinct("price", { atMost: 100_000 }),
  "median of a decimal": Aggregate.median("price"),
  "median of a double, error 0.00001": Aggregate.median("ratio", { error: 0.000_01 })
}

const [simplest, ...others] = Object.keys(aggregates)

const inWindows = (overlap: number) =>
  Benchmark.make({
    name: `aggregates, R=${overlap}`,
    rows: Object.fromEntries(others.map((name) => [name, { name: `R=${overlap}, 100 keys: CPU of ${name} against the sum of a decimal`, unit: "x" }])),
    run: async () => {
      const all = batches()
      const costs = await inTurn({ rounds: 3, warmUp: 1 }, Object.fromEntries(Object.entries(aggregates).map(([name, aggregate]) => {
        const windows = trades.pipe(Window.hopping(overlap * advance, advance), Aggregate.into({ value: aggregate }), Pipeline.named("bench"))
        return [name, run(all, windows)]
      })))
      return Object.fromEntries(others.map((name) => [name, ratios(costs[name]!, costs[simplest!]!)]))
    }
  })

export const apart = inWindows(1)
export const overlapping = inWindows(60)
