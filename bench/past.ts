/**
 * `npm run bench:past`: how long the page waits for an instant of a long log, and for the history of a window: 5 million ticks of
 * 100 symbols in SQLite, as if written over ten hours. What was read before the page kept snapshots is the whole log.
 */
import { Clock, Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Replays from "../src/adapters/dashboard/past/Replays.ts"
import * as Database from "../src/adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../src/adapters/sqlite/SqliteEventLog.ts"
import { candles1m, candles5m } from "../src/analytics/candles.ts"
import * as History from "../src/streams/engine/History.ts"
import * as Past from "../src/streams/engine/Past.ts"
import type { PastSnapshot } from "../src/streams/engine/PastSnapshots.ts"
import { Decisions } from "../src/streams/ports/Decisions.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import { Feed } from "../src/streams/ports/Feed.ts"
import { fromTexts } from "../src/streams/records/Records.ts"
import { machine, print } from "./Measure.ts"

const records = Number(process.argv[2] ?? 5_000_000)
const chunkSize = 1_000
const chunks = records / chunkSize
const begin = Date.UTC(2026, 0, 5, 8)
const end = begin + 10 * 3_600_000
const step = (end - begin) / chunks
const pipelines = [candles1m, candles5m]

/** Appends say when they were made. */
const at = (time: number): Clock.Clock => ({ ...Effect.runSync(Clock.Clock), currentTimeMillis: Effect.succeed(time) })

const written = Effect.gen(function*() {
  const { append } = yield* EventLog
  for (let chunk = 0; chunk < chunks; chunk++) {
    const now = Math.floor(begin + chunk * step)
    const texts = Array.from({ length: chunkSize }, (_, i) =>
      `{"symbol":"S${i % 100}","time":${now - (i * 7) % 1_000},"price":"${100 + (chunk + i) % 50}.25","size":${1 + i % 500}}`)
    yield* Effect.provideService(append(0, fromTexts(texts)), Clock.Clock, at(now))
  }
})

const seconds = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const began = performance.now()
    yield* effect
    return { name, value: (performance.now() - began) / 1_000, unit: "s" }
  })

const measured = Effect.gen(function*() {
  yield* written
  const stores = yield* Effect.context<Decisions | EventLog>()
  const replays = yield* Replays.make({ pipelines, stores })
  const stand = (time: number) => Effect.scoped(replays.standing(Math.floor(time), []))
  const middle = Math.floor((begin + (end - begin) / 2) / 60_000) * 60_000
  const history = (from: ReadonlyArray<PastSnapshot>) => History.ofWindow(candles1m, { key: "S7", start: middle, end: middle + 60_000 }, { from })
  return [
    yield* seconds("the end of the log, for the first time", stand(end)),
    yield* seconds("a minute before that", stand(end - 60_000)),
    yield* seconds("the middle of the log", stand(middle)),
    yield* seconds("a minute before that", stand(middle - 60_000)),
    yield* seconds("the beginning", stand(begin + 60_000)),
    yield* seconds("all of the log, for one pipeline", Past.run({ pipelines: [candles1m] }, ({ part }, job) =>
      Effect.sync(() => void ("_tag" in part ? job.decide(part) : job.take(part))))),
    yield* seconds("history of a window in the middle, without snapshots", history([])),
    yield* seconds("history of a window in the middle, with those of a replay", history(replays.snapshots.upTo(Infinity))),
    { name: "snapshots", value: replays.snapshots.all.length, unit: "" }
  ]
})

const folder = mkdtempSync(join(tmpdir(), "courant-bench-"))
const log = SqliteEventLog.layer({ topic: "ticks" }).pipe(Layer.provide(Database.Database.layer({ folder })))
try {
  const layer = Layer.mergeAll(log, Decisions.layerMemory, Feed.layerMemory([]))
  print(await Effect.runPromise(Effect.scoped(measured).pipe(Effect.provide(layer))))
  console.log(machine())
} finally {
  rmSync(folder, { recursive: true })
}
