/** Retention in a folder of several sources: each loses its own beginning, and nothing that is computed changes. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as Retention from "../../../src/adapters/sqlite/Retention.ts"
import * as SqliteCheckpointStore from "../../../src/adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteDeadLetters from "../../../src/adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteDecisions from "../../../src/adapters/sqlite/SqliteDecisions.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import * as SqliteResultSink from "../../../src/adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../../../src/adapters/sqlite/SqliteRowSink.ts"
import { Agenda } from "../../../src/streams/engine/Agenda.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import * as SideBySide from "../../../src/streams/engine/SideBySide.ts"
import { jobOf } from "../../../src/streams/engine/TakingUp.ts"
import { Aggregate, Join, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import type { Any } from "../../../src/streams/pipeline/Pipeline.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import * as SourceLogs from "../../../src/streams/ports/SourceLogs.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { temporaryFolder } from "./folder.ts"

const source = (name: string) =>
  Source.make(name, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at", outOfOrderness: 3 })

const [trades, quotes] = [source("trades"), source("quotes")]
const joined = trades.pipe(
  Join.asOf(quotes, { within: 10, select: { quoted: "at" } }),
  Window.tumbling(10),
  Aggregate.into({ rows: Aggregate.count, quoted: Aggregate.max("quoted") }),
  Pipeline.named("joined")
)
const both = [joined, trades.pipe(Pipeline.named("trade-rows")), quotes.pipe(Pipeline.named("quote-rows"))]
const ofTrades = [trades.pipe(Window.tumbling(10), Aggregate.into({ rows: Aggregate.count }), Pipeline.named("trades"))]

const sourcesIn = (names: ReadonlyArray<string>) =>
  Layer.effectContext(Effect.gen(function*() {
    const built = yield* Effect.forEach(names, (topic) =>
      Layer.build(Layer.fresh(SqliteDecisions.layer({ consumer: "test" }).pipe(Layer.provideMerge(SqliteEventLog.layer({ topic }))))))
    const logs = names.map((name, index) => ({ name, log: Context.get(built[index]!, EventLog) }))
    return Context.make(EventLog, SourceLogs.compose("market", logs)).pipe(
      Context.add(Decisions, SourceLogs.decisionsOf(names, built.map((context) => Context.get(context, Decisions))))
    )
  }))

const stores = (folder: string, names = ["quotes", "trades"]) =>
  InProcess.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(SqliteResultSink.layer, SqliteRowSink.layer, SqliteCheckpointStore.layer, SqliteDeadLetters.layer, Monitor.layer)),
    Layer.provideMerge(sourcesIn(names)),
    Layer.provideMerge(Database.layer({ folder }))
  )

const append = Effect.fnUntraced(function*(name: string, ...times: ReadonlyArray<number>) {
  const { sources } = yield* EventLog
  yield* sources!.find((source) => source.name === name)!.log.append(0, fromTexts(times.map((at) => JSON.stringify({ key: "K", at }))))
})

/** To the end of the log, which is a decision too, with a mark at each checkpoint. */
const runOnce = (name: string, pipelines: ReadonlyArray<Any>) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    yield* (yield* Engine).run({ name, pipelines, stopAt: log.ends, checkpointEvery: 0, markEvery: 0 })
  })

const keep = (limits: Retention.Limits, checkpoint: string | null = null) =>
  Effect.gen(function*() {
    const { run } = yield* Retention.make
    return yield* run(limits, checkpoint === null ? null : { checkpoint, watermark: null, pipelines: [] })
  })

const beginnings = Effect.flatMap(EventLog, (log) => log.beginnings ?? Effect.succeed([]))
const panesIn = Effect.flatMap(ResultSink, ({ read }) => read({ pipeline: "joined" }))
const rowsIn = Effect.flatMap(RowSink, ({ read }) => read({}))

/** What reads all that is left, with the decisions that are left. */
const replay = Effect.gen(function*() {
  const log = yield* EventLog
  const ends = yield* log.ends
  const job = jobOf({ pipelines: [joined] }, log)
  const agenda = new Agenda(yield* (yield* Decisions).read, log.partitions)
  const panes: Array<Pane> = []
  yield* SideBySide.read(log, job).pipe(
    Stream.map((records) => {
      for (const part of agenda.weave(records, () => job.offsets)) panes.push(...("_tag" in part ? job.decide(part) : job.take(part)).panes)
      return job.offsets.every((offset, partition) => offset >= (ends[partition] ?? 0))
    }),
    Stream.takeUntil((done) => done),
    Stream.runDrain
  )
  return panes
})

it.effect("removed beginnings change nothing that is computed, and a replay begins with what is left of each", () =>
  Effect.gen(function*() {
    const [bare, kept] = [yield* temporaryFolder, yield* temporaryFolder]
    let events = 0
    for (let n = 0; n < 12; n++) {
      for (const folder of [bare, kept]) {
        yield* Effect.gen(function*() {
          yield* append("trades", ...[0, 1, 2, 3, 4].map((i) => 10 * n + 2 * i))
          if (n % 2 === 0) yield* append("quotes", 10 * n, 10 * n + 7)
          yield* runOnce("test", both)
          if (folder === kept) events += (yield* keep({ age: 4_500 }, "test")).events
        }).pipe(Effect.provide(stores(folder), { local: true }))
      }
      yield* TestClock.adjust("1 second")
    }
    const inFolder = <A, E, R>(folder: string, body: Effect.Effect<A, E, R>) => Effect.provide(body, stores(folder), { local: true })
    const all = yield* inFolder(bare, panesIn)
    assert.isAbove(all.length, 10)
    assert.deepStrictEqual(yield* inFolder(kept, panesIn), all)
    const [ofQuotes = 0, ofTrades = 0] = yield* inFolder(kept, beginnings)
    assert.deepStrictEqual([ofQuotes, ofTrades, events], [8, 35, 43])
    const rows = yield* inFolder(bare, rowsIn)
    assert.deepStrictEqual(
      yield* inFolder(kept, rowsIn),
      rows.filter(({ place: { offset, source } }) => offset >= (source === "quotes" ? ofQuotes : ofTrades))
    )
    // Of every decision that is left each part is.
    const ends = (folder: string) => inFolder(folder, Effect.flatMap(Decisions, ({ read }) => Effect.map(read, (all) => all.filter(({ _tag }) => _tag === "end").length)))
    assert.strictEqual(yield* ends(bare), 12)
    assert.isBelow(yield* ends(kept), 10)
    const newest = new Map((yield* inFolder(kept, replay)).map((pane) => [pane.start, pane]))
    for (const pane of all.filter(({ start }) => start >= 80)) assert.deepStrictEqual(newest.get(pane.start), pane)
  }).pipe(Effect.scoped), 60_000)

it.effect("a processor holds what it reads and nothing else, and the limit is that of the folder", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      for (let n = 0; n < 5; n++) {
        yield* Effect.andThen(append("trades", n), append("quotes", n))
        yield* TestClock.adjust("1 second")
      }
    }).pipe(Effect.provide(stores(folder), { local: true }))
    yield* Effect.gen(function*() {
      yield* runOnce("trades", ofTrades)
      yield* append("trades", 5)
      yield* TestClock.adjust("1 second")
      yield* append("trades", 6)
      // What it has not read stays; of the source that nobody reads the last chunk does, which says where it ends.
      const { events, heldBy } = yield* keep({ age: 1 })
      assert.deepStrictEqual([events, heldBy], [9, "trades"])
    }).pipe(Effect.provide(stores(folder, ["trades"]), { local: true }))
    assert.deepStrictEqual(yield* Effect.provide(beginnings, stores(folder)), [4, 5])
  }).pipe(Effect.scoped), 60_000)

it.effect("beyond a size the oldest go, of whatever source they are", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      const { sources } = yield* EventLog
      const chunk = fromTexts(Array.from({ length: 100 }, () => "x".repeat(10_000)))
      for (const source of [0, 1, 1, 0, 0, 1]) {
        yield* sources![source]!.log.append(0, chunk)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* keep({ bytes: 3_800_000 })).events, 300)
      assert.deepStrictEqual(yield* beginnings, [100, 200])
    }).pipe(Effect.provide(stores(folder)))
  }).pipe(Effect.scoped), 60_000)
