/** What a result costs where there are as many as ticks: 10,000 keys, each with a tick a second, in windows of a second. */
import * as Benchmark from "./Benchmark.ts"
import * as Hopping from "./Hopping.ts"
import { cpuOf, inTurn, ratios } from "./Measure.ts"
import { batches } from "./Ticks.ts"

const keys = 10_000
const count = 400_000

export const panes = Benchmark.make({
  name: "panes",
  isShort: true,
  rows: {
    pane: { name: "a pane in the operator, made and read", unit: "ns", goal: { atMost: 100 } },
    object: { name: "the same, made an object and read from that", unit: "ns" },
    naive: { name: "R=1, 10,000 keys, every pane read: CPU against an object a window", unit: "x", goal: { atMost: 0.7 }, better: "less" },
    bare: { name: "R=1, 10,000 keys, every pane read: CPU against a bare typed-array loop", unit: "x" }
  },
  run: async () => {
    const all = batches(count, keys)
    let closing = 0
    const each = (read: typeof Hopping.readObjects) => () => {
      const { panes } = Hopping.engine(all, 1, (close) => void (closing += cpuOf(close)), read)
      const cost = closing * 1e3 / panes
      closing = 0
      return cost
    }
    const { bare, engine, naive, object, pane } = await inTurn({ rounds: 5, warmUp: 1 }, {
      bare: () => cpuOf(() => void Hopping.bareLoop(all, 1, keys)),
      naive: () => cpuOf(() => void Hopping.naive(all, 1)),
      engine: () => cpuOf(() => void Hopping.engine(all, 1)),
      pane: each(Hopping.readColumns),
      object: each(Hopping.readObjects)
    })
    return { pane, object, naive: ratios(engine, naive), bare: ratios(engine, bare) }
  }
})
