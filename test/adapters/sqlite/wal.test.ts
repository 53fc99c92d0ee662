/** Many keys: what is written stays in proportion to what there is to write, and the series of a key is found. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Database, walLimit } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../../src/adapters/sqlite/SqliteResultSink.ts"
import type { Encoded } from "../../../src/streams/pipeline/Pane.ts"
import { ResultSink, select } from "../../../src/streams/ports/ResultSink.ts"
import { temporaryFolder } from "./folder.ts"
import { former } from "./former.ts"

const minute = 60_000
const pane = (key: number, window: number, changes = 1): Encoded => ({
  pipeline: key % 2 === 0 ? "even" : "odd",
  key: `K${key}`,
  start: window * minute,
  end: (window + 1) * minute,
  pane: "on-time",
  revision: changes - 1,
  changes,
  values: { close: 100 + key, trades: changes }
})

const window = (keys: number, at: number, changes?: number) => Array.from({ length: keys }, (_, key) => pane(key, at, changes))

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

const sinkIn = (folder: string) => SqliteResultSink.layer.pipe(Layer.provideMerge(Database.layer({ folder })))

/** SQLite folds the log into the database from 1,000 pages on; a transaction may come on top. */
const steady = 24 * 1_024 * 1_024

it.live("100,000 keys over minutes of event time: the write-ahead log stays below 24 MiB", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const wal = join(folder, "courant.db-wal")
    yield* Effect.gen(function*() {
      const sink = yield* ResultSink
      for (let at = 0; at < 8; at++) {
        yield* sink.write(window(100_000, at))
        assert.isBelow(sizeOf(wal), steady)
      }
      // A revision of every hundredth key is a page each, and no more than a transaction of them is in the log at a time.
      yield* sink.write(window(100_000, 6, 2).filter((_, key) => key % 100 === 0))
      assert.isBelow(sizeOf(wal), steady)
      const series = yield* sink.read({ key: "K51234" })
      assert.deepStrictEqual(series, Array.from({ length: 8 }, (_, at) => pane(51_234, at)))
      assert.deepStrictEqual(yield* sink.read({ pipeline: "even", key: "K700", limit: 5 }),
        [3, 4, 5, 6, 7].map((at) => pane(700, at, at === 6 ? 2 : 1)))
    }).pipe(Effect.provide(sinkIn(folder)), Effect.scoped)
  }).pipe(Effect.scoped), 120_000)

it.live("a reader that holds an older state makes the write-ahead log long, and it is short again when the reader has gone", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const wal = join(folder, "courant.db-wal")
    yield* Effect.gen(function*() {
      const sink = yield* ResultSink
      yield* sink.write(window(10, 0))
      const reader = new DatabaseSync(join(folder, "courant.db"), { readOnly: true })
      reader.exec("begin; select count(*) from panes")
      for (let at = 0; sizeOf(wal) <= walLimit; at++) {
        yield* sink.write([{ ...pane(0, 1), changes: at + 1, values: { text: String(at % 10).repeat(1_000_000) } }])
      }
      reader.close()
      // Nothing is written any more that would begin it anew.
      while (sizeOf(wal) > walLimit) yield* Effect.sleep("50 millis")
    }).pipe(Effect.provide(sinkIn(folder)), Effect.scoped)
  }).pipe(Effect.scoped), 60_000)

it.live("a key's panes are found in wide windows and in narrow ones, each once", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      const sink = yield* ResultSink
      const all = [...window(1_000, 0), ...window(4, 1), ...window(1_000, 2), ...window(3, 3)]
      yield* sink.write(all.filter(({ start }) => start === 2 * minute).slice(0, 10))
      for (const at of [0, 1, 2, 3]) yield* sink.write(all.filter(({ start }) => start === at * minute))
      yield* sink.write([{ ...pane(2, 1, 2), pane: "retracted" }])
      const shown = all.filter(({ key, start }) => !(key === "K2" && start === minute))
      for (const query of [
        { key: "K2" },
        { key: "K3", pipeline: "odd" },
        { key: "K3", pipeline: "even" },
        { key: "K2", from: minute, to: 3 * minute },
        { key: "K1", limit: 2 },
        { pipeline: "even", from: minute },
        { limit: 1_003 },
        { limit: 0 },
        {}
      ]) {
        assert.deepStrictEqual(yield* sink.read(query), select(shown, query), JSON.stringify(query))
      }
      yield* sink.remove("even")
      assert.deepStrictEqual(yield* sink.read({}), select(shown.filter(({ pipeline }) => pipeline === "odd"), {}))
    }).pipe(Effect.provide(sinkIn(folder)), Effect.scoped)
  }).pipe(Effect.scoped))

it.live("a folder of the version before has the same panes afterwards, and a key's are found", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const file = former(folder, 5)
    const insert = file.prepare("insert into panes (pipeline, key, start, \"end\", pane, revision, \"values\", changes) values (?, ?, ?, ?, ?, ?, ?, ?)")
    const all = [...window(1_000, 0), ...window(3, 1), ...window(2_000, 2)]
    file.exec("begin")
    for (const { changes, end, key, pane, pipeline, revision, start, values } of all) {
      insert.run(pipeline, key, start, end, pane, revision, JSON.stringify(values), changes)
    }
    file.exec("commit")
    file.close()
    yield* Effect.gen(function*() {
      const sink = yield* ResultSink
      assert.deepStrictEqual(yield* sink.read({}), select(all, {}))
      for (const key of ["K0", "K1", "K2", "K999", "K1999"]) assert.deepStrictEqual(yield* sink.read({ key }), select(all, { key }))
      yield* sink.write([pane(1, 0, 2)])
      assert.deepStrictEqual(yield* sink.read({ key: "K1", to: minute }), [pane(1, 0, 2)])
    }).pipe(Effect.provide(sinkIn(folder)), Effect.scoped)
  }).pipe(Effect.scoped))
