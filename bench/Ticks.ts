/** Ticks for the benchmarks: in order, the keys in turn, ten thousand to an advance of the window. */
import { ticks } from "../src/analytics/ticks.ts"
import * as Batch from "../src/streams/records/Batch.ts"

export const advance = 1_000
export const ticksPerAdvance = 10_000
const batchSize = 4_096

/** Batches as the intake hands them to the operators, watermarks filled in. */
export const batches = (count: number, keys: number): ReadonlyArray<Batch.Batch> => {
  const dictionary = new Batch.Dictionary()
  for (let key = 0; key < keys; key++) dictionary.numberOf(`K${key}`)
  const all: Array<Batch.Batch> = []
  const price = Batch.indexOf(ticks.definition, "price")
  const size = Batch.indexOf(ticks.definition, "size")
  const symbol = Batch.indexOf(ticks.definition, "symbol")
  const absent = ticks.definition.columns.flatMap((column, index) => column.path.some(({ optional }) => optional) ? [index] : [])
  for (let first = 0; first < count; first += batchSize) {
    const batch = Batch.make(ticks.definition, dictionary, 0, batchSize)
    batch.length = Math.min(batchSize, count - first)
    for (const column of absent) batch.columns[column]!.fill(NaN)
    for (let row = 0; row < batch.length; row++) {
      const i = first + row
      const time = Math.floor(i * advance / ticksPerAdvance)
      batch.offsets[row] = i
      batch.times[row] = time
      batch.keys[row] = i % keys
      batch.watermarks[row] = time - 1
      batch.columns[symbol]![row] = i % keys
      batch.columns[price]![row] = 10_000_000_000 + (i * 7_919) % 100_000_000
      batch.columns[size]![row] = i % 500
    }
    all.push(batch)
  }
  return all
}
