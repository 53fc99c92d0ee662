/** The obvious version: an object for every window of every key, to which every tick of it is added. */
import { add, advance, keys, main, overlap, priceOf, sizeOf, timeOf, type Totals } from "./Totals.ts"

interface State {
  price: number
  volume: number
  count: number
}

main((ticks) => {
  const totals: Totals = new Map()
  const windows = new Map<number, Map<string, State>>()
  const closeTo = (time: number): void => {
    for (const [start, states] of windows) {
      if (start + overlap * advance > time) continue
      for (const [key, { count, price, volume }] of states) add(totals, key, start, price, volume, count)
      windows.delete(start)
    }
  }
  let slice = -Infinity
  for (let i = 0; i < ticks; i++) {
    const at = Math.floor(timeOf(i) / advance)
    const key = `K${i % keys}`
    if (at > slice) closeTo((slice = at) * advance)
    for (let start = (at - overlap + 1) * advance; start <= at * advance; start += advance) {
      let states = windows.get(start)
      if (states === undefined) windows.set(start, states = new Map())
      let state = states.get(key)
      if (state === undefined) states.set(key, state = { price: 0, volume: 0, count: 0 })
      state.price += priceOf(i)
      state.volume += sizeOf(i)
      state.count += 1
    }
  }
  closeTo(Infinity)
  return totals
})
