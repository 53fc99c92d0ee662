/** Whether ratios have become worse since the last release. */
import { type Benchmark, measure } from "./Benchmark.ts"
import { type Compared, compare, isWorse, tolerance } from "./Release.ts"

/** What seems worse is measured once more before it is said to be. */
export const check = async (benchmarks: ReadonlyArray<Benchmark>): Promise<boolean> => {
  const worse: Array<Compared> = []
  for (const benchmark of benchmarks) {
    const measured = await measure(benchmark)
    const first = compare(measured)
    print(first)
    for (const { better, name } of measured) {
      if (better !== undefined && first.every(({ row }) => row.name !== name)) console.log(`${name}: not among the release's ratios`)
    }
    const suspects = first.filter(isWorse).map(({ row }) => row.name)
    if (suspects.length === 0) continue
    console.log("Once more:")
    const again = compare(await measure(benchmark)).filter(({ row }) => suspects.includes(row.name))
    print(again)
    worse.push(...again.filter(isWorse))
  }
  console.log(worse.length === 0
    ? `\nNo ratio is worse than the release's by more than ${tolerance} times.`
    : `\nWorse than the last release, by more than ${tolerance} times in three rounds out of four, twice:\n${worse.map(line).join("\n")}\n` +
      "If it has to be so, write down the new ratios: npm run bench -- --release")
  return worse.length === 0
}

const print = (compared: ReadonlyArray<Compared>): void => {
  for (const each of compared) console.log(line(each))
}

const line = ({ atLeast, released, row: { name, value }, worse }: Compared): string =>
  `${name.padEnd(86)}${value.toPrecision(3).padStart(8)} x, ${released} x before: ${worse.toFixed(2)} times as bad, ${atLeast.toFixed(2)} in the better rounds`
