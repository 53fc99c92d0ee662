/**
 * `npm run bench [-- --json FILE]`: what the engine costs, as ratios within one run, and a
 * few absolute figures, which move with the machine. `-- --nexmark` measures Nexmark's queries alone.
 */
import { writeFileSync } from "node:fs"
import * as Aggregates from "./Aggregates.ts"
import * as Hopping from "./Hopping.ts"
import { type Figure, inTurn, machine, medianOf, print, ratio } from "./Measure.ts"
import * as Nexmark from "./Nexmark.ts"
import * as OpenKeys from "./OpenKeys.ts"
import * as Sqlite from "./Sqlite.ts"
import * as SqlitePanes from "./SqlitePanes.ts"
import * as Stdin from "./Stdin.ts"
import { batches } from "./Ticks.ts"

const keys = 100
const ticks = 4_000_000
const lines = 3_000_000
const records = 1_000_000

const hopping = (): ReadonlyArray<Figure> => {
  const all = batches(ticks, keys)
  const few = all.slice(0, 25)
  const times = inTurn(7, {
    bare: () => void Hopping.bareLoop(all, 60, keys),
    engine60: () => void Hopping.engine(all, 60),
    engine1: () => void Hopping.engine(all, 1),
    engine600: () => void Hopping.engine(all, 600)
  })
  const objects = inTurn(3, {
    naive: () => void Hopping.naive(few, 60),
    engine60: () => void Hopping.engine(few, 60)
  })
  const rate = (millis: ReadonlyArray<number>) => medianOf(millis.map((each) => ticks / each / 1_000))
  return [
    {
      name: "hopping R=60, 100 keys: speed against a bare typed-array loop",
      value: ratio(times.bare, times.engine60),
      unit: "x",
      goal: { atLeast: 0.6 }
    },
    {
      name: "hopping R=60, 100 keys: speed against an object a window",
      value: ratio(objects.naive, objects.engine60),
      unit: "x"
    },
    {
      name: "hopping: time of R=600 against R=1",
      value: ratio(times.engine600, times.engine1),
      unit: "x",
      goal: { atMost: 1.3 }
    },
    { name: "hopping R=60, 100 keys", value: rate(times.engine60), unit: "M ticks/s" },
    { name: "the bare loop", value: rate(times.bare), unit: "M ticks/s" },
    { name: "state of a key in a window or slice (mean, sum, count)", value: Hopping.bytesPerKey(60), unit: "bytes" }
  ]
}

const stdin = (): ReadonlyArray<Figure> => {
  const rounds = Stdin.rounds(3, lines)
  return [
    {
      name: "stdin to panes: ticks/s against lines and JSON.parse alone",
      value: medianOf(rounds.map(({ courant, loop }) => courant / loop)),
      unit: "x",
      goal: { atLeast: 0.8 }
    },
    { name: "stdin to panes", value: medianOf(rounds.map(({ courant }) => courant)), unit: "ticks/s" },
    { name: "lines and JSON.parse alone", value: medianOf(rounds.map(({ loop }) => loop)), unit: "lines/s" },
    { name: "start and stop of courant run without input", value: medianOf(rounds.map(({ start }) => start)), unit: "ms" }
  ]
}

const sqlite = async (): Promise<ReadonlyArray<Figure>> => {
  await Sqlite.rates(records / 10)
  const { append, read } = await Sqlite.rates(records)
  return [
    { name: "SQLite log: append, chunks of 4,096", value: append, unit: "records/s" },
    { name: "SQLite log: read", value: read, unit: "records/s" }
  ]
}

const about = machine()
console.log(`${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}\n`)
const figures: Array<Figure> = []
const engine = [hopping, Aggregates.figures, OpenKeys.figures, stdin, sqlite, SqlitePanes.figures]
for (const part of process.argv.includes("--nexmark") ? [Nexmark.figures] : engine) {
  const measured = await part()
  print(measured)
  figures.push(...measured)
}
const at = process.argv.indexOf("--json")
const file = at === -1 ? undefined : process.argv[at + 1]
if (file !== undefined) writeFileSync(file, `${JSON.stringify({ machine: about, figures }, null, 2)}\n`)
