/**
 * `npm run bench:peers`: the same work done by courant and by others, each a small program in a folder beside this file.
 *
 *   -- --fetch             only fetches and builds them
 *   -- --only flink,rust   these, and courant
 *   -- --work kafka        candles (from a file), kafka (from a topic to a topic) or hopping (60 windows at once)
 *   -- --ticks 3270700     more ticks than the recorded session has, or fewer
 *   -- --rounds 1          instead of 3
 *   -- --json FILE         the figures
 *
 * Exits with 1 if the results of one differ from courant's.
 */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { machine } from "../Measure.ts"
import * as Candles from "./Candles.ts"
import type { Contender, Program } from "./Contender.ts"
import * as Hopping from "./Hopping.ts"
import * as Input from "./Input.ts"
import * as OverKafka from "./OverKafka.ts"
import { notes, rowsOf, table } from "./Table.ts"
import { measure, type Outcome, type Work } from "./Work.ts"

const { values: told } = parseArgs({
  options: {
    fetch: { type: "boolean", default: false },
    only: { type: "string" },
    work: { type: "string" },
    ticks: { type: "string", default: String(Input.session) },
    rounds: { type: "string", default: "3" },
    json: { type: "string" }
  }
})

const works: ReadonlyArray<Work> = [Candles.work, OverKafka.work, Hopping.work]

/** What a flag lists, each of which has to be one of the names. */
const listed = (flag: "only" | "work", names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const list = told[flag]?.split(",") ?? names
  const unknown = list.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`--${flag} does not know ${unknown.join(", ")}; there are ${names.join(", ")}`)
  return list
}

const chosen = listed("work", works.map(({ name }) => name))
const only = listed("only", [...new Set(works.flatMap(({ contenders }) => contenders.map(({ name }) => name)))])

const positive = (flag: "rounds" | "ticks"): number => {
  const value = Number(told[flag])
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${flag} is a whole number from 1, not ${told[flag]}`)
  return value
}

const prepareAll = Effect.fnUntraced(function*(contenders: ReadonlyArray<Contender>) {
  const prepared: Array<readonly [Contender, Program]> = []
  const leftOut: Array<Outcome> = []
  for (const contender of contenders) {
    if (contender.name !== "courant" && !only.includes(contender.name)) continue
    const result = yield* Effect.result(contender.prepare)
    if (result._tag === "Success") prepared.push([contender, result.success])
    else leftOut.push([contender, { _tag: "LeftOut", reason: result.failure.message }])
  }
  return { prepared, leftOut }
})

const bench = Effect.gen(function*() {
  const all: Array<{ readonly work: string; readonly ticks: number; readonly outcomes: ReadonlyArray<Outcome> }> = []
  const [ticks, rounds] = [positive("ticks"), positive("rounds")]
  for (const { contenders, ground, name } of works) {
    if (!chosen.includes(name)) continue
    const { leftOut, prepared } = yield* prepareAll(contenders)
    const measured = told.fetch ? [] : yield* Effect.scoped(Effect.flatMap(ground(ticks), (run) => measure(run, prepared, rounds)))
    all.push({ work: name, ticks, outcomes: [...measured, ...leftOut] })
  }
  return all
})

const about = machine()
console.log(`${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}`)
const all = await Effect.runPromise(bench.pipe(Effect.catch(({ message }) => Effect.sync(() => {
  console.error(message)
  process.exit(1)
}))))
for (const { outcomes, ticks, work } of all) {
  if (!told.fetch) console.log(`\n${work}, ${ticks} ticks\n\n${table(rowsOf(outcomes))}`)
  for (const note of notes(outcomes)) console.log(`\n${note}`)
}
if (told.json !== undefined) {
  const figures = all.map(({ outcomes, ticks, work }) => ({ work, ticks, rows: rowsOf(outcomes), notes: notes(outcomes) }))
  writeFileSync(told.json, `${JSON.stringify({ machine: about, works: figures }, null, 2)}\n`)
}
if (all.some(({ outcomes }) => outcomes.some(([, { _tag }]) => _tag === "Differs"))) process.exitCode = 1
