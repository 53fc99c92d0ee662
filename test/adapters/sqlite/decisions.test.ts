/** What the log's own tables say of damage, and what versions wrote that kept decisions among the records. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteDecisions from "../../../src/adapters/sqlite/SqliteDecisions.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { temporaryFolder } from "./folder.ts"
import { former } from "./former.ts"

const log = (folder: string) => SqliteEventLog.layer({ topic: "ticks" }).pipe(Layer.provideMerge(Database.layer({ folder })))

const over = (folder: string, consumer: string) =>
  SqliteDecisions.layer({ consumer }).pipe(Layer.provideMerge(log(folder)))

const using = <A, E, S, E2>(store: Layer.Layer<S, E2>, body: Effect.Effect<A, E, S>) => Effect.provide(body, store, { local: true })

const idle = { _tag: "idle", partition: 0, at: 3, watermark: 60_000, eventTime: "time", outOfOrderness: 5 } as const

it.live("each processor has decisions of its own, and a reader can ask whose there are", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* using(over(folder, "one"), Effect.flatMap(Decisions, ({ write }) => write([idle])))
    yield* using(over(folder, "other"), Effect.flatMap(Decisions, ({ write }) => write([{ ...idle, watermark: 1 }])))
    assert.deepStrictEqual(yield* using(over(folder, "one"), Effect.flatMap(Decisions, ({ read }) => read)), [idle])
    assert.deepStrictEqual(yield* using(log(folder), SqliteDecisions.consumers), ["one", "other"])
  }).pipe(Effect.scoped))

it.live("a record that is not what was written is told with its place, and nothing is computed from it", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const append = (...texts: ReadonlyArray<string>) => Effect.flatMap(EventLog, (log) => log.append(0, fromTexts(texts)))
    yield* using(log(folder), Effect.andThen(append("a"), append("{\"price\":10}", "c")))
    for (const column of ["bytes", "kinds", "lengths"]) {
      const file = new DatabaseSync(join(folder, "courant.db"))
      const first = `select unhex(substr(hex(${column}), 1, 2))`
      const [before] = file.prepare(`select hex(${column}) as hex from chunks where next = 3`).all()
      file.exec(`update chunks set ${column} = unhex('7F' || substr(hex(${column}), 3)) where next = 3`)
      file.close()
      const error = yield* Effect.flip(using(log(folder), Effect.flatMap(EventLog, ({ read }) => Stream.runDrain(read([0])))))
      assert.match(String(error), /the records 1 to 2 of partition 0 are not those that were written: their checksum is another/, first)
      const mend = new DatabaseSync(join(folder, "courant.db"))
      mend.prepare(`update chunks set ${column} = unhex(?) where next = 3`).run(String(before?.["hex"]))
      mend.close()
    }
  }).pipe(Effect.scoped))

it.live("decisions that a former version kept among the records are found beside them", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const file = former(folder, 4)
    file.exec(`
      insert into topics (name, partitions, identity) values ('ticks', 1, 'id');
      insert into chunks select id, 0, 3, 3, 0, x'010000000100000001000000', x'000000', cast('abc' as blob) from topics
    `)
    const insert = file.prepare("insert into chunks select id, 0, ?, 1, 0, x'00000000', x'02', cast(? as blob) from topics")
    insert.run(4, "{\"_tag\":\"idle\",\"watermark\":60000,\"eventTime\":\"time\",\"outOfOrderness\":5}")
    insert.run(5, "{\"_tag\":\"end\"}")
    file.close()
    const read = Effect.flatMap(Decisions, ({ read }) => read)
    for (const consumer of ["any", "other"]) {
      const found = yield* using(over(folder, consumer), read)
      assert.deepStrictEqual(found.toSorted((a, b) => a._tag < b._tag ? 1 : -1), [idle, { _tag: "end", at: [4] }])
    }
    yield* using(log(folder), Effect.gen(function*() {
      const { ends, read } = yield* EventLog
      assert.deepStrictEqual(yield* ends, [3])
      const [batch] = yield* read([0]).pipe(Stream.take(1), Stream.runCollect)
      assert.strictEqual(batch?.length, 3)
    }))
    assert.deepStrictEqual(yield* using(log(folder), SqliteDecisions.consumers), [])
  }).pipe(Effect.scoped))
