/** Values of the windows as they are, and the change of one in per cent. */
import type { OfFormer, OfWindows } from "./Computed.ts"
import { percentChange as percent } from "./PercentChange.ts"
import { isLess, type Numeric, toDecimal } from "./Point.ts"

export const previous: OfFormer = { kind: "former", of: ({ values }) => values[0]! }

export const percentChange: OfWindows = {
  kind: "windows",
  length: 2,
  of: ([then, now]) => percent(toDecimal(now!.values[0]!), toDecimal(then!.values[0]!))
}

const best = (n: number, isBetter: (a: Numeric, b: Numeric) => boolean): OfWindows => ({
  kind: "windows",
  length: n,
  of: (points) => points.map(({ values }) => values[0]!).reduce((best, value) => isBetter(value, best) ? value : best)
})

export const highest = (n: number): OfWindows => best(n, (a, b) => isLess(b, a))

export const lowest = (n: number): OfWindows => best(n, isLess)
