/** Real trades to candles of one minute, whole processes, start included, beside the loop that people write. */
import { join } from "node:path"
import * as Benchmark from "./Benchmark.ts"
import { assertSame, courant, cpuOf, run } from "./CourantProcess.ts"
import { inTurn, ratios } from "./Measure.ts"
import * as Session from "./Session.ts"

const loop = ["bench/candleLoop.ts"]
const common = ["--log", "memory", "--sink", "stdout", "--once", "--pipelines", "candles-1m"]
const ofStdin = [courant, "run", "--feed", "stdin", ...common]
const ofFile = (file: string) => [courant, "run", "--feed", `file:ticks=${file}`, ...common]

/** The same lines come from all of them. */
const compared = <Name extends string>(days: number, rounds: number, commandsOf: (input: string) => { readonly [K in Name]: ReadonlyArray<string> }) =>
  Session.withFile(days, async (input, folder) => {
    const [expected, output] = [join(folder, "loop.ndjson"), join(folder, "courant.ndjson")]
    const commands = commandsOf(input)
    await run(loop, { input, output: expected })
    for (const name in commands) {
      await run(commands[name], { input, output })
      assertSame(expected, output)
    }
    const contenders = { loop, ...commands }
    return inTurn({ rounds, warmUp: 0 }, Object.fromEntries(
      Object.entries<ReadonlyArray<string>>(contenders).map(([name, command]) => [name, () => cpuOf(command, { input, output })])
    ) as { readonly [K in Name | "loop"]: () => Promise<number> }) // those of `contenders`
  })

const rowOf = (what: string, ticks: number, atMost: number) =>
  ({ name: `${what}, ${ticks.toLocaleString("en-US")} ticks: CPU against the loop that people write`, unit: "x", goal: { atMost }, better: "less" } as const)

const day = Session.perDay
const ofEach = (cpu: number): number => cpu / (5 * day)

export const ofOneDay = Benchmark.make({
  name: "candles of a day",
  rows: { stdin: rowOf("stdin to candles, with the start", day, 1) },
  run: async () => {
    const { loop, stdin } = await compared(1, 3, () => ({ stdin: ofStdin }))
    return { stdin: ratios(stdin, loop) }
  }
})

export const ofFiveDays = Benchmark.make({
  name: "candles of five days",
  rows: {
    stdin: rowOf("stdin to candles", 5 * day, 0.6),
    file: rowOf("a file to candles", 5 * day, 0.6),
    cost: { name: "stdin to candles", unit: "µs/tick" },
    bare: { name: "the loop that people write", unit: "µs/tick" }
  },
  run: async () => {
    const { file, loop, stdin } = await compared(5, 3, (input) => ({ stdin: ofStdin, file: ofFile(input) }))
    return { stdin: ratios(stdin, loop), file: ratios(file, loop), cost: stdin.map(ofEach), bare: loop.map(ofEach) }
  }
})
