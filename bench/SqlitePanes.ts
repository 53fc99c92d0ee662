/**
 * Many keys into SQLite, a window of each a minute: what a pane costs by window, as the sink keeps them, against the order of
 * keys, as it kept them before. The two take turns, window by window.
 */
import { Effect, Layer, Schema } from "effect"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Database from "../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../src/adapters/sqlite/SqliteResultSink.ts"
import { Encoded } from "../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../src/streams/ports/ResultSink.ts"
import * as Benchmark from "./Benchmark.ts"

const keys = 20_000
const windows = 60
/** The first windows are small in either order. */
const measured = 20
const minute = 60_000

const panesOf = (at: number): ReadonlyArray<Encoded> =>
  Array.from({ length: keys }, (_, i) => ({
    pipeline: "candles-1m",
    key: `K${String(i).padStart(6, "0")}`,
    start: at * minute,
    end: (at + 1) * minute,
    pane: "on-time",
    revision: 0,
    changes: 17,
    values: { open: "189.4", high: "190.1", low: "188.7", close: "189.5", volume: "12345", trades: 17 + i % 7 }
  }))

const decode = Schema.decodeUnknownSync(Encoded)

/** As the panes lay before, written as they were. */
const byKey = (folder: string) => {
  const file = new DatabaseSync(join(folder, "by-key.db"))
  file.exec(`
    pragma page_size = 16384; pragma journal_mode = wal; pragma synchronous = full;
    create table panes (
      pipeline text not null, key text not null, start integer not null, "end" integer not null, pane text not null,
      revision integer not null, changes integer not null, "values" text not null, primary key (pipeline, key, start, "end")
    ) strict, without rowid;
    create index panes_by_start on panes (start, "end", pipeline, key)
  `)
  const insert = file.prepare("insert into panes values (?, ?, ?, ?, ?, ?, ?, ?)")
  const series = file.prepare("select * from panes where pipeline = ? and key = ? order by start desc")
  return {
    write: (panes: ReadonlyArray<Encoded>) => {
      file.exec("begin immediate")
      for (const { changes, end, key, pane, pipeline, revision, start, values } of panes) {
        insert.run(pipeline, key, start, end, pane, revision, changes, JSON.stringify(values))
      }
      file.exec("commit")
    },
    read: (key: string) => series.all("candles-1m", key).map((row) => decode({ ...row, values: JSON.parse(String(row["values"])) })),
    wal: () => statSync(join(folder, "by-key.db-wal")).size
  }
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20

const compared = Effect.fnUntraced(function*(folder: string) {
  const sink = yield* ResultSink
  const former = byKey(folder)
  const ratios: Array<number> = []
  const micros: Array<number> = []
  for (let at = 0; at < windows; at++) {
    const panes = panesOf(at)
    const began = performance.now()
    yield* sink.write(panes)
    const between = performance.now()
    former.write(panes)
    if (at < windows - measured) continue
    ratios.push((performance.now() - between) / (between - began))
    micros.push((between - began) * 1_000 / keys)
  }
  const reads: Array<number> = []
  const millis: Array<number> = []
  for (let i = 0; i < measured; i++) {
    const key = `K${String(i * 997).padStart(6, "0")}`
    const began = performance.now()
    yield* sink.read({ pipeline: "candles-1m", key })
    const between = performance.now()
    former.read(key)
    reads.push((between - began) / (performance.now() - between))
    millis.push(between - began)
  }
  return {
    speed: ratios,
    pane: micros,
    wal: [mebibytes(statSync(join(folder, "courant.db-wal")).size)],
    formerWal: [mebibytes(former.wal())],
    reading: reads,
    read: millis
  }
})

export const panes = Benchmark.make({
  name: "SQLite panes",
  rows: {
    speed: { name: "20,000 keys into SQLite: speed of a pane against the order of keys", unit: "x" },
    pane: { name: "a pane into SQLite", unit: "µs" },
    wal: { name: "write-ahead log after 60 minutes", unit: "MiB" },
    formerWal: { name: "the same in the order of keys", unit: "MiB" },
    reading: { name: "a key's 60 panes out of SQLite: time against the order of keys", unit: "x" },
    read: { name: "a key's 60 panes out of SQLite", unit: "ms" }
  },
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "courant-bench-"))
    try {
      return await Effect.runPromise(compared(folder).pipe(
        Effect.provide(SqliteResultSink.layer.pipe(Layer.provide(Database.Database.layer({ folder }))))
      ))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
})
