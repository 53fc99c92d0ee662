/**
 * The page over an engine that takes 10,000 ticks a second of 1,000 symbols, everything in memory, in a process of its own, after
 * an hour in which each symbol traded once a minute, so that charts and the ways of prices have something to draw. It says its
 * port, and on each line that it is sent how much CPU time it has used, in microseconds.
 */
import { Effect, Layer, Stream } from "effect"
import { createInterface } from "node:readline"
import { Dashboard } from "../src/adapters/dashboard/Dashboard.ts"
import { builtInOf } from "../src/cli/Pipelines.ts"
import * as InProcess from "../src/streams/engine/InProcess.ts"
import * as Ingest from "../src/streams/engine/Ingest.ts"
import { CheckpointStore } from "../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../src/streams/ports/Decisions.ts"
import { Engine } from "../src/streams/ports/Engine.ts"
import { Feed } from "../src/streams/ports/Feed.ts"
import { Monitor } from "../src/streams/ports/Monitor.ts"
import { ResultSink } from "../src/streams/ports/ResultSink.ts"
import * as TransientLog from "../src/streams/ports/TransientLog.ts"

const pipelines = await Effect.runPromise(builtInOf())

const symbols = 1_000
const perRound = 500
const roundsEvery = 50

const minute = 60_000

/** An opening bell. */
const bell = Date.UTC(2026, 10, 30, 14, 30)
const minutesBefore = 60
const begin = bell + minutesBefore * minute

const before = Array.from({ length: minutesBefore }, (_, at) =>
  Array.from({ length: symbols }, (_, number) => tickOf(number, 100 + ((number + at * at) % 97) / 10, bell + at * minute)))

/** As many rounds as are due by the clock. */
const live = Stream.suspend(() => {
  const start = performance.now()
  let next = 0
  return Stream.fromEffectRepeat(Effect.sync(() => {
    const due = Math.floor((performance.now() - start) / roundsEvery) - next
    return Array.from({ length: Math.max(0, due) }, () => roundOf(next++)).flat()
  }).pipe(Effect.delay(`${roundsEvery} millis`))).pipe(Stream.flattenIterable)
})

const roundOf = (round: number): ReadonlyArray<string> =>
  Array.from({ length: perRound }, (_, i) => {
    const number = round * perRound + i
    return tickOf((number * 7_919) % symbols, 100 + (number % 997) / 100, begin + round * roundsEvery, 1 + number % 400)
  })

function tickOf(symbol: number, price: number, time: number, size = 100): string {
  return `{"symbol":"S${String(symbol).padStart(3, "0")}","time":${time},"price":"${price}","size":${size},"exchange":"NMS"}`
}

const ticks = Stream.concat(Stream.flattenIterable(Stream.fromIterable(before)), live)

const stores = Layer.mergeAll(
  TransientLog.layer("bench"),
  Feed.fromStream(ticks, { name: "bench" }),
  Monitor.layer,
  ResultSink.layerMemory,
  DeadLetters.layerMemory,
  CheckpointStore.layerMemory,
  Decisions.layerMemory
)

const program = Effect.gen(function*() {
  const { url } = yield* Dashboard
  console.log(new URL(url).port)
  createInterface({ input: process.stdin })
    .on("line", () => {
      const { system, user } = process.cpuUsage()
      console.log(user + system)
    })
    .on("close", () => process.exit())
  const { run } = yield* Ingest.whole
  yield* Effect.raceFirst(Engine.use((engine) => engine.run({ name: "bench", pipelines })), Effect.andThen(run, Effect.never))
})

const services = Layer.mergeAll(InProcess.layer, Dashboard.layer({ host: "127.0.0.1", port: 0, pipelines })).pipe(Layer.provideMerge(stores))

await Effect.runPromise(Effect.scoped(Effect.provide(program, services)))
