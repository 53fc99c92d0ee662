/**
 * Runs simulations for as long as one likes, each with a seed of its own, and says what they found:
 *
 *     npm run simulate -- --seconds 60 | --hours 2 [--from SEED]
 *
 * A seed and a commit are the same run each time: `npm run simulate -- --seed 4711` repeats one and makes it smaller.
 */
import { parseArgs } from "node:util"
import { type Outcome, shrink, simulate } from "../../src/testing/simulation/Simulation.ts"

const { values } = parseArgs({
  options: { seconds: { type: "string" }, hours: { type: "string" }, from: { type: "string" }, seed: { type: "string" } }
})

const said = ({ problems, seed }: Outcome) => problems.map((problem) => `seed ${seed}: ${problem}`).join("\n")

const one = (seed: number): void => {
  const outcome = simulate(seed)
  console.log(outcome.problems.length === 0 ? `seed ${seed}: all is well after ${outcome.faults} faults and ${outcome.starts} starts` : said(outcome))
  if (outcome.problems.length === 0) return
  const limits = shrink(seed)
  console.log(`it takes ${limits.faults} faults and ${limits.events} events:\n${said(simulate(seed, limits))}`)
  process.exitCode = 1
}

const many = (seconds: number, first: number): void => {
  const begin = process.cpuUsage()
  const cpu = () => {
    const { system, user } = process.cpuUsage(begin)
    return (system + user) / 1e6
  }
  const end = performance.now() + seconds * 1_000
  const total = { seeds: 0, faults: 0, starts: 0, steps: 0, failed: 0 }
  let sayAt = performance.now() + 10_000
  const say = () =>
    console.log(`${total.seeds} seeds from ${first}: ${total.faults} faults, ${total.starts} starts, ${total.steps} turns, ` +
      `${total.failed} failed; ${Math.round(total.faults / cpu())} faults a CPU second`)
  for (let seed = first; performance.now() < end; seed++) {
    const outcome = simulate(seed)
    total.seeds++
    total.faults += outcome.faults
    total.starts += outcome.starts
    total.steps += outcome.steps
    if (outcome.problems.length > 0) {
      total.failed++
      console.log(said(outcome))
    }
    if (performance.now() < sayAt) continue
    sayAt += 10_000
    say()
  }
  say()
  if (total.failed > 0) process.exitCode = 1
}

if (values.seed !== undefined) one(Number(values.seed))
else many(values.hours === undefined ? Number(values.seconds ?? 60) : Number(values.hours) * 3_600, Number(values.from ?? Date.now() % 1_000_000_000))
