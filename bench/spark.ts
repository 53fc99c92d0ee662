/**
 * `npm run bench:spark [-- --quick --json FILE]`: the same pipelines over the same topic of a real broker, by the engine
 * in this process and by a real cluster of Spark on this machine, in one run. R is how many windows an event is in.
 */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { Kafka, Spark } from "../services/testing.ts"
import { type Figure, machine, medianOf, print, ratio } from "./Measure.ts"
import { contenders, type Name, names, type Took } from "./SparkContenders.ts"
import * as Ground from "./SparkGround.ts"
import * as Latency from "./SparkLatency.ts"

const isQuick = process.argv.includes("--quick")

const log = { name: "log", records: isQuick ? 20_000 : 200_000 }
const rounds = isQuick ? 1 : 3
const warm = { name: "warm", records: 5_000 }
const ofProcess = isQuick ? { warmUp: 5, timed: 10, after: 2 } : { warmUp: 10, timed: 30, after: 2 }
const ofSpark = isQuick ? { warmUp: 10, timed: 10, after: 5 } : { warmUp: 20, timed: 60, after: 10 }

type Rounds = { readonly [N in Name]: Array<Took> }

/** One round after the other, each contender with code that it has run before. */
const takeTurns = Effect.fnUntraced(function*(ground: Ground.Ground, overlap: Ground.Overlap) {
  const took: Rounds = { "in process": [], "Spark, once": [], "Spark, catching up": [] }
  for (const name of ["in process", "Spark, once"] as const) yield* contenders[name](ground, warm, overlap)
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const last = yield* contenders[name](ground, log, overlap)
      took[name].push(last)
      // A run takes minutes.
      yield* Effect.logInfo(`R=${overlap}, ${name}, round ${round + 1} of ${rounds}: ${(last.millis / 1_000).toFixed(1)} s`)
    }
  }
  return took
})

const figuresOf = (overlap: Ground.Overlap, took: Rounds): ReadonlyArray<Figure> => {
  const all = (name: Name, what: keyof Took) => took[name].map((each) => each[what])
  const figure = (name: string, unit: string, value: number): Figure => ({ name: `R=${overlap}, ${name}`, value, unit })
  return names.flatMap((name) => [
    figure(name, "records/s", log.records / medianOf(all(name, "millis")) * 1_000),
    figure(`${name}: CPU`, "µs/record", medianOf(all(name, "cpu")) / log.records * 1e6),
    figure(`${name}: resident memory, high-water`, "MiB", medianOf(all(name, "memory"))),
    ...(name === "in process" ? [] : [
      figure(`${name}: time against in process`, "x", ratio(all(name, "millis"), all("in process", "millis"))),
      figure(`${name}: CPU against in process`, "x", ratio(all(name, "cpu"), all("in process", "cpu"))),
      figure(`${name}: memory against in process`, "x", ratio(all(name, "memory"), all("in process", "memory")))
    ])
  ])
}

const latenciesOf = (overlap: Ground.Overlap, name: string, { p50, p99 }: Latency.Latency): ReadonlyArray<Figure> => [
  { name: `R=${overlap}, ${name}: append to pane, ${Latency.pace.perSecond} records/s, p50`, value: p50, unit: "ms" },
  { name: `R=${overlap}, ${name}: the same, p99`, value: p99, unit: "ms" }
]

const bench = Effect.gen(function*() {
  const ground = yield* Ground.make
  yield* Ground.fill(ground, warm.name, warm.records)
  yield* Ground.fill(ground, log.name, log.records)
  const { millis } = yield* contenders["Spark, once"](ground, warm, 1)
  const first = `Spark: the first ${warm.records.toLocaleString("en-US")} records of that server`
  const figures: Array<Figure> = [
    { name: "Spark: from the submission of its server until it serves", value: ground.servesAfter, unit: "ms" },
    { name: first, value: millis, unit: "ms" }
  ]
  for (const overlap of [1, 60] as const) {
    const took = yield* takeTurns(ground, overlap)
    figures.push(
      ...figuresOf(overlap, took),
      ...latenciesOf(overlap, "in process", yield* Latency.inProcess(ground, overlap, ofProcess)),
      ...latenciesOf(overlap, "Spark", yield* Latency.onSpark(ground, overlap, ofSpark))
    )
  }
  return figures
}).pipe(Effect.scoped)

const about = machine()
const ofMachine = `${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}`
console.log(`${ofMachine}; broker and cluster on the same machine\n`)
const figures = await Effect.runPromise(bench.pipe(Effect.provide([Kafka.layer(), Spark.layer()])))
print(figures)
const at = process.argv.indexOf("--json")
const file = at === -1 ? undefined : process.argv[at + 1]
if (file !== undefined) writeFileSync(file, `${JSON.stringify({ machine: about, figures }, null, 2)}\n`)
// Connections that are kept would keep the process.
process.exit()
