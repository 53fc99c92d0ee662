/** How much of a run's CPU collecting garbage takes: what `--trace-gc` tells, from trades on stdin to candles. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Benchmark from "./Benchmark.ts"
import { courant, run } from "./CourantProcess.ts"
import * as Session from "./Session.ts"

const rounds = 3

/** `… Scavenge 9.0 (9.9) -> 8.5 (10.9) MB, pooled: 0 MB, 6.51 / 0.00 ms …`, and of a long one what its steps took before. */
const collection = /^\[\d+:.*? MB, ([\d.]+) \/ [\d.]+ ms(?: +\(\+ ([\d.]+) ms in \d+ steps)?/gm

const millisOf = (trace: string): number =>
  [...trace.matchAll(collection)].reduce((total, [, pause, steps]) => total + Number(pause) + Number(steps ?? 0), 0)

const args = ["--trace-gc", courant, "run", "--feed", "stdin", "--log", "memory", "--sink", "memory", "--once", "--pipelines", "candles-1m"]

export const garbage = Benchmark.make({
  name: "garbage",
  rows: {
    share: { name: "stdin to candles, with the start: garbage collection as share of the CPU", unit: "%", goal: { atMost: 5 } }
  },
  run: () =>
    Session.withFile(1, async (input, folder) => {
      const output = join(folder, "trace.txt")
      const share: Array<number> = []
      for (let round = 0; round < rounds; round++) {
        const { cpu } = await run(args, { input, output })
        share.push(millisOf(readFileSync(output, "utf8")) * 1e3 / cpu * 100)
      }
      return { share }
    })
})
