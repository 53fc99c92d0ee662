/** Wilder's average directional movement. Values come as high, low, close. */
import type { OfState, State } from "./Computed.ts"

/** What the windows so far have moved up, moved down, and reached. */
type Moves = readonly [up: number, down: number, range: number]

const movesOf = ([high = 0, low = 0]: ReadonlyArray<number>, before: ReadonlyArray<number>): Moves => {
  const [highBefore = 0, lowBefore = 0, closeBefore = 0] = before
  const [up, down] = [high - highBefore, lowBefore - low]
  return [
    up > 0 && up > down ? up : 0,
    down > 0 && down > up ? down : 0,
    Math.max(high - low, Math.abs(high - closeBefore), Math.abs(low - closeBefore))
  ]
}

/** How much of what was moved went one way, in per cent; `null` where nothing was. */
const index = ([up, down, range]: Moves): number | null => {
  if (range === 0) return null
  const [upwards, downwards] = [100 * (up / range), 100 * (down / range)]
  const all = upwards + downwards
  return all === 0 ? null : 100 * (Math.abs(downwards - upwards) / all)
}

/**
 * The first `n - 1` moves are added up, and of the sums each next takes the place of an n-th; of the `n` indices that
 * follow the mean is taken, of which each next takes the place of an n-th. One that is not there changes nothing.
 */
export const adx = (n: number): OfState => ({
  kind: "state",
  // How many windows there were, up to 2n; high, low and close of the last; the moves; and the average.
  fresh: [0, 0, 0, 0, 0, 0, 0, 0],
  next: (state, values) => {
    const [count = 0, ...rest] = state
    if (count === 0) return [1, ...values, 0, 0, 0, 0]
    const own = movesOf(values, rest)
    const [, , , up = 0, down = 0, range = 0, average = 0] = rest
    if (count < n) return [count + 1, ...values, up + own[0], down + own[1], range + own[2], 0]
    const moves: Moves = [up - up / n + own[0], down - down / n + own[1], range - range / n + own[2]]
    return [Math.min(count + 1, 2 * n), ...values, ...moves, averaged(n, count, average, index(moves))]
  },
  of: ([count, , , , , , , average]: State) => count! < 2 * n ? null : average!
})

/** `count` is that of the windows before. */
const averaged = (n: number, count: number, average: number, own: number | null): number => {
  if (count === 2 * n) return own === null ? average : (average * (n - 1) + own) / n
  const sum = average + (own ?? 0)
  return count === 2 * n - 1 ? sum / n : sum
}
