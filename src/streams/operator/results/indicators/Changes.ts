/** How values change from window to window. */
import { ofDoubles, type OfState, type OfWindows } from "./Computed.ts"

/** In per cent; where the former is 0 there is no number that says by how many, and the division gives none. */
export const roc = (n: number): OfWindows =>
  ofDoubles(n + 1, (values) => (values.at(-1)! / values[0]! - 1) * 100)

export const momentum = (n: number): OfWindows => ofDoubles(n + 1, (values) => values.at(-1)! - values[0]!)

/** Wilder's: the means of the first `n` gains and losses, of which each next takes the place of an n-th. */
export const rsi = (n: number): OfState => ({
  kind: "state",
  // How many values there were, up to n + 1, the last of them, and what was gained and lost.
  fresh: [0, 0, 0, 0],
  next: ([count, last, gained, lost], [value]) => {
    if (count === 0) return [1, value!, 0, 0]
    const change = value! - last!
    const [gain, loss] = [change > 0 ? change : 0, change < 0 ? -change : 0]
    if (count! > n) return [count!, value!, (gained! * (n - 1) + gain) / n, (lost! * (n - 1) + loss) / n]
    const by = count === n ? n : 1
    return [count! + 1, value!, (gained! + gain) / by, (lost! + loss) / by]
  },
  of: ([count, , gained, lost]) => {
    if (count! <= n) return null
    const all = gained! + lost!
    return all === 0 ? 0 : 100 * (gained! / all)
  }
})
