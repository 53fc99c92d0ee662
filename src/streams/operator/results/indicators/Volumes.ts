/** What is computed from how much was traded. */
import { BigDecimal } from "effect"
import type { OfState, OfWindows } from "./Computed.ts"
import { toDouble } from "./Point.ts"

/** Values come as close, volume. */
export const obv: OfState = {
  kind: "state",
  // How many windows there were, up to one, the last close, and the sum.
  fresh: [0, 0, 0],
  next: ([count, before, sum], [close, volume]) => {
    if (count === 0) return [1, close!, volume!]
    if (close! > before!) return [1, close!, sum! + volume!]
    return [1, close!, close! < before! ? sum! - volume! : sum!]
  },
  of: ([, , sum]) => sum!
}

/** Values come as high, low, close, volume. */
export const mfi = (n: number): OfWindows => ({
  kind: "windows",
  length: n + 1,
  of: (points) => {
    let [rising, falling] = [0, 0]
    points.slice(1).forEach(({ bar, doubles }, index) => {
      const flow = toDouble(bar) / 3 * doubles[3]!
      const way = BigDecimal.Order(bar, points[index]!.bar)
      if (way > 0) rising += flow
      if (way < 0) falling += flow
    })
    const all = rising + falling
    return all === 0 ? 0 : 100 * (rising / all)
  }
})
