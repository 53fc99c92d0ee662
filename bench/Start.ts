/** What it takes to start and to end, with nothing to do in between. */
import * as Benchmark from "./Benchmark.ts"
import { courant, run } from "./CourantProcess.ts"
import { inTurn, ratios } from "./Measure.ts"

const rounds = 7

const nothing = ["run", "--feed", "stdin", "--log", "memory", "--sink", "stdout", "--once", "--pipelines", "candles-1m"]

export const start = Benchmark.make({
  name: "start",
  rows: {
    run: { name: "courant run without input", unit: "ms", goal: { atMost: 200 } },
    cpu: { name: "courant run without input, CPU", unit: "ms", goal: { atMost: 250 } },
    help: { name: "courant --help", unit: "ms", goal: { atMost: 100 } },
    node: { name: "Node.js, doing nothing", unit: "ms" },
    against: { name: "courant run without input: CPU against Node.js, doing nothing", unit: "x", better: "less" }
  },
  run: async () => {
    const millis = new Map<string, Array<number>>()
    /** What is returned is CPU; what it took by the clock is noted beside. */
    const noting = (name: string, args: ReadonlyArray<string>) => async () => {
      const took = await run(args)
      millis.set(name, [...millis.get(name) ?? [], took.millis].slice(-rounds))
      return took.cpu / 1e3
    }
    const cpu = await inTurn({ rounds, warmUp: 1 }, {
      run: noting("run", [courant, ...nothing]),
      help: noting("help", [courant, "--help"]),
      node: noting("node", ["--eval", ""])
    })
    const by = (name: string) => millis.get(name) ?? []
    return { run: by("run"), cpu: cpu.run, help: by("help"), node: by("node"), against: ratios(cpu.run, cpu.node) }
  }
})
