/** The engine's operators over batches as the source reader makes them; every pane is read. */
import { Schema } from "effect"
import { OperatorGraph } from "../../../src/streams/engine/OperatorGraph.ts"
import { emittedOf, endOfTime } from "../../../src/streams/operator/Operator.ts"
import { finish } from "../../../src/streams/operator/Work.ts"
import { inputOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { add, advance, keys, main, overlap, priceOf, sizeOf, timeOf, type Totals } from "../hopping/Totals.ts"

const ticks = Source.make("ticks", {
  schema: Schema.Struct({ symbol: Schema.String, time: Schema.Int, price: Schema.Int, size: Schema.Int }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: 0
})

const { checked } = ticks.pipe(
  Window.hopping(overlap * advance, advance),
  Aggregate.into({ price: Aggregate.sum("price"), volume: Aggregate.sum("size"), count: Aggregate.count }),
  Pipeline.named("hopping")
)

const source = inputOf(checked).events
const [symbol, price, size] = ["symbol", "price", "size"].map((name) => Batch.indexOf(ticks.definition, name)) as [number, number, number] // As many as names.
const batchSize = 4_096

main((count) => {
  const totals: Totals = new Map()
  const dictionary = new Batch.Dictionary()
  for (let key = 0; key < keys; key++) dictionary.numberOf(`K${key}`)
  const operators = new OperatorGraph(checked)
  const read = (): void => {
    for (const { pane: { key, start, values } } of operators.drain().flatMap(emittedOf)) {
      add(totals, key, start, Number(values["price"]), Number(values["volume"]), Number(values["count"]))
    }
  }
  for (let first = 0; first < count; first += batchSize) {
    const batch = Batch.make(ticks.definition, dictionary, 0, batchSize)
    batch.length = Math.min(batchSize, count - first)
    for (let row = 0; row < batch.length; row++) {
      const i = first + row
      batch.offsets[row] = i
      batch.times[row] = timeOf(i)
      batch.watermarks[row] = timeOf(i) - 1
      batch.keys[row] = batch.columns[symbol]![row] = i % keys
      batch.columns[price]![row] = priceOf(i)
      batch.columns[size]![row] = sizeOf(i)
    }
    finish(operators.take(source, batch, Infinity))
    finish(operators.advance(() => batch.times[batch.length - 1]! - 1))
    read()
  }
  finish(operators.advance(() => endOfTime))
  read()
  return totals
})
