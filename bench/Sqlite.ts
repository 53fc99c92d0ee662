/** The SQLite log: records a second appended and read, in chunks as the feeds make them. */
import { Effect, Layer, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Database from "../src/adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../src/adapters/sqlite/SqliteEventLog.ts"
import { EventLog } from "../src/streams/ports/EventLog.ts"
import { fromTexts } from "../src/streams/records/Records.ts"
import * as Benchmark from "./Benchmark.ts"

const chunkSize = 4_096

const rates = async (records: number): Promise<{ readonly append: number; readonly read: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "courant-bench-"))
  const texts = Array.from({ length: chunkSize }, (_, i) =>
    `{"symbol":"S${i % 100}","time":${1_732_545_000_000 + i},"price":"${100 + i / 100}","size":${i % 500}}`)
  const chunk = fromTexts(texts)
  const chunks = Math.ceil(records / chunkSize)
  const measure = Effect.gen(function*() {
    const log = yield* EventLog
    const start = performance.now()
    for (let i = 0; i < chunks; i++) yield* log.append(0, chunk)
    const appended = performance.now()
    let left = chunks * chunkSize
    yield* log.read([0]).pipe(Stream.takeUntil((batch) => (left -= batch.length) <= 0), Stream.runDrain)
    const done = performance.now()
    const rate = (millis: number) => chunks * chunkSize / millis * 1_000
    return { append: rate(appended - start), read: rate(done - appended) }
  })
  const log = SqliteEventLog.layer({ topic: "bench" }).pipe(Layer.provide(Database.Database.layer({ folder })))
  try {
    return await Effect.runPromise(measure.pipe(Effect.provide(log)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const records = 1_000_000

export const log = Benchmark.make({
  name: "SQLite log",
  rows: {
    append: { name: "SQLite log: append, chunks of 4,096", unit: "records/s" },
    read: { name: "SQLite log: read", unit: "records/s" }
  },
  run: async () => {
    await rates(records / 10)
    const { append, read } = await rates(records)
    return { append: [append], read: [read] }
  }
})
