/** One benchmark in a process of its own, for the process that has started it. */
import { rounds } from "./Benchmark.ts"
import * as Benchmarks from "./Benchmarks.ts"

const [name] = process.argv.slice(2)
const benchmark = [...Benchmarks.usual, ...Benchmarks.nexmark].find((each) => each.name === name)
if (benchmark === undefined) throw new Error(`there is no benchmark "${name}"`)
process.send?.(await rounds(benchmark))
// Sending keeps it until it is done; nothing else is to.
process.disconnect?.()
