/**
 * Runs simulations for as long as one likes, each with a seed of its own, and says what they found:
 *
 *     npm run simulate -- --seconds 60 | --hours 2 [--from SEED] [--world program | group]
 *
 * There are two worlds: that of the whole program, and that of processes which want the place of one group over Kafka. Both
 * are run in turn unless one is named. A seed and a commit are the same run each time:
 * `npm run simulate -- --world program --seed 4711` repeats one and makes it smaller.
 */
import { parseArgs } from "node:util"
import * as Program from "../../src/testing/simulation/Simulation.ts"
import * as Group from "./group/GroupSimulation.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    hours: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    world: { type: "string" }
  }
})

interface World {
  readonly simulate: (seed: number) => Program.Outcome
  /** Less of a run that fails, and still fails: what it takes, and what it comes to. */
  readonly smaller: (seed: number) => readonly [takes: string, outcome: Program.Outcome]
}

const worlds: { readonly [name: string]: World } = {
  program: {
    simulate: Program.simulate,
    smaller: (seed) => {
      const limits = Program.shrink(seed)
      return [`${limits.faults} faults and ${limits.events} events`, Program.simulate(seed, limits)]
    }
  },
  group: {
    simulate: Group.simulate,
    smaller: (seed) => {
      const faults = Group.shrink(seed)
      return [`${faults} faults`, Group.simulate(seed, faults)]
    }
  }
}

const chosen = Object.entries(worlds).filter(([name]) => values.world === undefined || values.world === name)
if (chosen.length === 0) throw new Error(`there are the worlds ${Object.keys(worlds).join(" and ")}`)

const said = (world: string, { problems, seed }: Program.Outcome) =>
  problems.map((problem) => `world ${world}, seed ${seed}: ${problem}`).join("\n")

const one = (seed: number): void => {
  for (const [name, { simulate, smaller }] of chosen) {
    const outcome = simulate(seed)
    const { faults, problems, starts } = outcome
    console.log(problems.length === 0 ? `world ${name}, seed ${seed}: all is well after ${faults} faults and ${starts} starts` : said(name, outcome))
    if (problems.length === 0) continue
    const [takes, less] = smaller(seed)
    console.log(`it takes ${takes}:\n${said(name, less)}`)
    process.exitCode = 1
  }
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
    console.log(`${total.seeds} runs of seeds from ${first}: ${total.faults} faults, ${total.starts} starts, ${total.steps} turns, ` +
      `${total.failed} failed; ${Math.round(total.faults / cpu())} faults a CPU second`)
  for (let seed = first; performance.now() < end; seed++) {
    for (const [name, { simulate }] of chosen) {
      const outcome = simulate(seed)
      total.seeds++
      total.faults += outcome.faults
      total.starts += outcome.starts
      total.steps += outcome.steps
      if (outcome.problems.length === 0) continue
      total.failed++
      console.log(said(name, outcome))
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
