/** The limit in this language: slices in a ring of typed arrays, totals of a key, and the slice that leaves is subtracted. */
import { add, advance, keys, main, overlap, priceOf, sizeOf, timeOf, type Totals } from "./Totals.ts"

const names = Array.from({ length: keys }, (_, key) => `K${key}`)
const ring = overlap + 1

main((ticks) => {
  const totals: Totals = new Map()
  const [prices, sizes, counts] = [new Float64Array(ring * keys), new Float64Array(ring * keys), new Float64Array(ring * keys)]
  const [price, volume, count] = [new Float64Array(keys), new Float64Array(keys), new Float64Array(keys)]
  const close = (slice: number): void => {
    const [added, evicted] = [slice % ring * keys, (slice + 1) % ring * keys]
    for (let key = 0; key < keys; key++) {
      price[key]! += prices[added + key]! - prices[evicted + key]!
      volume[key]! += sizes[added + key]! - sizes[evicted + key]!
      count[key]! += counts[added + key]! - counts[evicted + key]!
      prices[evicted + key] = sizes[evicted + key] = counts[evicted + key] = 0
      if (count[key]! > 0) add(totals, names[key]!, (slice - overlap + 1) * advance, price[key]!, volume[key]!, count[key]!)
    }
  }
  let slice = 0
  for (let i = 0; i < ticks; i++) {
    const at = Math.floor(timeOf(i) / advance)
    for (; slice < at; slice++) close(slice)
    const slot = at % ring * keys + i % keys
    prices[slot]! += priceOf(i)
    sizes[slot]! += sizeOf(i)
    counts[slot]! += 1
  }
  for (let left = 0; left < overlap; left++) close(slice + left)
  return totals
})
