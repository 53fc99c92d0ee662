/**
 * `npm run test:mutation`: plants 600 mistakes in the sources, one at a time, and says how many of them the tests notice.
 * `--again` tries only those that lived through the last run. It ends with 1 where too few are noticed, or where one lives
 * that survivors.json has no sentence for.
 */
import { availableParallelism } from "node:os"
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import type { Mutant } from "./Mutant.ts"
import { attempt, attemptTests, each, type Known, survey, Trials, type Verdict } from "./Pool.ts"
import { draw, root } from "./Sample.ts"
import { allTests, testsOf } from "./Tests.ts"
import { nameOf, report, type Result } from "./Report.ts"

const { values: { again, mutants, results: file, workers } } = parseArgs({
  options: {
    again: { type: "boolean", default: false },
    mutants: { type: "string", default: "600" },
    results: { type: "string", default: join(root, ".courant/mutation.jsonl") },
    workers: { type: "string", default: String(availableParallelism()) }
  }
})

const say = (text: string) => process.stderr.write(`${text}\n`)

/** A result a line, the newest of a mutant last. */
const former: ReadonlyArray<Result> = again ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : []
const killed = new Map(former.filter(({ verdict }) => verdict !== null).map(({ id, verdict }) => [id, verdict]))

const { sample, size, sources } = draw(Number(mutants))
const begun = performance.now()

mkdirSync(dirname(file), { recursive: true })
if (!again) writeFileSync(file, "")

say(`${sample.length} of ${size} mutants; first the program as it is`)
const known = await survey(Number(workers), sample)
const beforeTests = performance.now()
const withoutMutant = await attemptTests(null, allTests, 600_000)
if (withoutMutant !== null) throw new Error(`without a mutant ${withoutMutant.by} fails: ${withoutMutant.why}`)
const limit = 20_000 + 5 * (performance.now() - beforeTests)
say(`${known.length} checks; ${Math.round((performance.now() - begun) / 1_000)} s`)

const trials = Array.from({ length: Number(workers) }, () => new Trials())

const tried = async (mutant: Mutant, number: number, worker: number): Promise<Verdict> => {
  const checks: ReadonlyArray<Known> = known.filter(({ places }) => places.has(number))
  const files = testsOf(mutant, sources)
  const noticed = checks.length === 0 ? null : await attempt(trials[worker]!, mutant, checks)
  return noticed === null && files.length > 0 ? attemptTests(mutant, files, limit) : noticed
}

const results = await each(Number(workers), sample, async (mutant, number, worker): Promise<Result> => {
  const before = performance.now()
  const verdict = killed.get(mutant.id) ?? await tried(mutant, number, worker)
  const seconds = (performance.now() - before) / 1_000
  if (!killed.has(mutant.id)) say(`${number + 1} ${seconds.toFixed(1)} s ${verdict === null ? "LIVES" : "is noticed"} ${mutant.id} ${nameOf(mutant)}${verdict === null ? "" : ` by ${verdict.by.slice(0, 60)}`}`)
  const result = { ...mutant, verdict, seconds }
  appendFileSync(file, `${JSON.stringify(result)}\n`)
  return result
})

for (const each of trials) each.close()
const { isGood, text } = report(results, size)
process.stdout.write(`${text}\n${Math.round((performance.now() - begun) / 60_000)} minutes, ${workers} at a time\n`)
process.exitCode = isGood ? 0 : 1
