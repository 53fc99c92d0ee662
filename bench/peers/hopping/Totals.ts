/**
 * What a window of each key comes to, in all: results that are too many to print. A window counts by when it starts, so
 * that none can be taken for another. All are whole numbers below 2^53.
 */
export const keys = 100
export const advance = 1_000
export const overlap = 60

/** The ticks that all make: in order, the keys in turn, ten thousand a second. */
export const timeOf = (i: number): number => Math.floor(i / 10)
export const priceOf = (i: number): number => 10_000 + i * 7_919 % 1_000
export const sizeOf = (i: number): number => i % 500

/** Totals of a key: windows, and weighted sums of their prices, volumes and counts. */
export type Totals = Map<string, [windows: number, price: number, volume: number, count: number]>

export const add = (totals: Totals, key: string, start: number, price: number, volume: number, count: number): void => {
  let of = totals.get(key)
  if (of === undefined) totals.set(key, of = [0, 0, 0, 0])
  const weight = (start / advance + overlap) % 101 + 1
  of[0] += 1
  of[1] += weight * price
  of[2] += weight * volume
  of[3] += weight * count
}

/** Does it as often as it was told to, and prints the totals of the last time. */
export const main = (totalsOf: (ticks: number) => Totals): void => {
  const [ticks, times] = process.argv.slice(2).map(Number)
  let totals: Totals = new Map()
  for (let time = 0; time < times!; time++) totals = totalsOf(ticks!)
  for (const [key, of] of totals) console.log(`${key},all,${of.join(",")}`)
}
