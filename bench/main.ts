/**
 * `npm run bench [-- --only TEXT] [--json FILE]`: what the engine costs, as ratios within one run, each with its goal, and a few
 * absolute figures, which move with the machine. `--nexmark` measures Nexmark's queries instead. `--release` writes the ratios
 * down in release.json, with which `npm run bench:check [-- --short]` compares them. `--growth` draws how costs grow, and
 * `--growth --drawn` draws the same figures again.
 */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { type Measured, measure } from "./Benchmark.ts"
import * as Benchmarks from "./Benchmarks.ts"
import { check } from "./Check.ts"
import * as Growth from "./Growth.ts"
import { machine, print } from "./Measure.ts"
import * as Release from "./Release.ts"

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    json: { type: "string" },
    nexmark: { type: "boolean", default: false },
    release: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    growth: { type: "boolean", default: false },
    drawn: { type: "boolean", default: false }
  }
})

const about = machine()
console.log(`${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}\n`)

const all = options.nexmark ? Benchmarks.nexmark : Benchmarks.usual
const isCompared = options.check || options.release
/** All of a benchmark runs where one of its rows is asked for. */
const benchmarks = all.filter(({ isShort, name, rows }) =>
  [name, ...Object.values(rows).map((row) => row.name)].some((each) => each.includes(options.only)) &&
  (!options.short || isShort === true) &&
  (!isCompared || Object.values(rows).some(({ better }) => better !== undefined)))

if (options.growth) await Growth.draw({ only: options.only, isDrawn: options.drawn })
else if (options.check) process.exitCode = await check(benchmarks) ? 0 : 1
else {
  const measured: Array<Measured> = []
  for (const benchmark of benchmarks) {
    const rows = await measure(benchmark)
    print(rows)
    measured.push(...rows)
  }
  if (options.release) Release.write(measured)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine: about, figures: measured }, null, 2)}\n`)
}
