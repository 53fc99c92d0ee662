/** The folder: one writer, any number of readers, clear words when something is wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option, Stream } from "effect"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Database, type DatabaseError, type Options } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../../../src/adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import * as SqliteResultSink from "../../../src/adapters/sqlite/SqliteResultSink.ts"
import * as SqliteRowSink from "../../../src/adapters/sqlite/SqliteRowSink.ts"
import type { FolderInUse } from "../../../src/adapters/sqlite/WriterLock.ts"
import type { Part } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import * as Row from "../../../src/streams/pipeline/Row.ts"
import { temporaryFolder } from "./folder.ts"
import { former } from "./former.ts"

const open = (options: Options) => Effect.map(Layer.build(Database.layer(options)), () => options.folder)

const ticks = (options: Options, topic = "ticks", partitions?: number) =>
  SqliteEventLog.layer(partitions === undefined ? { topic } : { topic, partitions }).pipe(
    Layer.provide(Database.layer(options))
  )

/** Uses a store on a database that is opened for this alone. */
const using = <A, E, S, E2>(store: Layer.Layer<S, E2>, body: Effect.Effect<A, E, S>) =>
  Effect.provide(body, store, { local: true })

const head = { pipelines: { candles: "f" }, savedAt: 0, processor: "p", log: "l", sinks: [], offsets: [1] }

const base = (state: string): Part => ({ head, isBase: true, sections: [["all", Buffer.from(state)]] })

const increment = (state: string): Part => ({ ...base(state), isBase: false })

const oneLine = (message: string) => assert.notInclude(message, "\n")

it.live("a database of a version that did not count changes is brought up to date, and any pane that comes is newer", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const sink = SqliteResultSink.layer.pipe(Layer.provide(Database.layer({ folder })))
    const pane = { pipeline: "p", key: "k", start: 0, end: 1, pane: "late" as const, revision: 9, changes: 5, values: { n: 1 } }
    const file = former(folder, 1)
    file.exec("insert into panes values ('p', 'k', 0, 1, 'late', 9, '{\"n\":1}')")
    file.close()
    assert.include((yield* Effect.flip(open({ folder, readOnly: true }))).message, "older version of courant")
    yield* using(sink, Effect.gen(function*() {
      const store = yield* ResultSink
      assert.deepStrictEqual(yield* store.read({}), [{ ...pane, changes: 0 }])
      const newer = { ...pane, pane: "early" as const, revision: 0, changes: 1 }
      yield* store.write([newer])
      assert.deepStrictEqual(yield* store.read({}), [newer])
    }))
  }).pipe(Effect.scoped))

it.live("rows of a version without pairs stay what they are, and pairs of one left row stand beside one another", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const file = former(folder, 7)
    file.exec("insert into \"rows\" values ('p', 's', 0, 5, 'k', 1, '{\"n\":1}')")
    file.close()
    const row = (joined?: Row.Place["joined"]): Row.Row =>
      ({ pipeline: "p", place: { source: "s", partition: 0, offset: 5, ...joined === undefined ? {} : { joined } }, key: "k", time: 1, values: { n: 1 } })
    yield* using(SqliteRowSink.layer.pipe(Layer.provide(Database.layer({ folder }))), Effect.gen(function*() {
      const store = yield* RowSink
      assert.deepStrictEqual(yield* store.read({}), [row()].map(Row.encode))
      const pairs = [6, 7].map((offset) => row([{ source: "s", partition: 0, offset }]))
      yield* store.write([row(), ...pairs, ...pairs])
      assert.deepStrictEqual(yield* store.read({}), [row(), ...pairs].map(Row.encode))
    }))
  }).pipe(Effect.scoped))

it.live.skipIf(!existsSync("/proc/self"))("a folder that nobody can make is an error, and not a start without end", () =>
  Effect.gen(function*() {
    const refusal = yield* Effect.flip(open({ folder: "/proc/courant/data" }))
    assert.match(refusal.message, /^the folder \/proc\/courant\/data cannot be used \(ENOENT: .*mkdir '\/proc\/courant'\)$/)
  }).pipe(Effect.scoped))

it.live("a folder is made with those that it lies in, and a file in its place is told", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.scoped(open({ folder: join(folder, "a/b/c") }))
    assert.isTrue(existsSync(join(folder, "a/b/c/courant.db")))
    writeFileSync(join(folder, "file"), "")
    for (const place of ["file", "file/inside"]) {
      assert.match((yield* Effect.flip(open({ folder: join(folder, place) }))).message, /cannot be used \(E(?:EXIST|NOTDIR): /)
    }
  }).pipe(Effect.scoped))

describe("one writer a folder", () => {
  it.live("a second one is refused, and told by whom", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* open({ folder })
      const refusal: FolderInUse | DatabaseError = yield* Effect.flip(open({ folder }))
      assert.strictEqual(refusal._tag, "FolderInUse")
      assert.match(
        refusal.message,
        new RegExp(`^the folder ${folder} is in use by process ${process.pid} \\(started \\d\\d:\\d\\d\\)$`)
      )
    }).pipe(Effect.scoped))

  it.live("another process is refused too", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* open({ folder })
      const appender = join(import.meta.dirname, "appender.ts")
      const child = spawnSync(process.execPath, [appender, folder], { encoding: "utf8" })
      assert.strictEqual(child.status, 1)
      assert.include(child.stderr, `in use by process ${process.pid} `)
    }).pipe(Effect.scoped))

  it.live("says so without a name while the holder has not written its own", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* open({ folder })
      for (const text of ["", "{", "{\"pid\":\"x\"}"]) {
        writeFileSync(join(folder, "writer.json"), text)
        assert.include((yield* Effect.flip(open({ folder }))).message, "is in use by another process")
      }
    }).pipe(Effect.scoped))

  it.live("the next may write when the scope of the first has ended", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(open({ folder }))
      yield* Effect.scoped(open({ folder }))
      assert.deepStrictEqual(readdirSync(folder).sort(), ["courant.db", "writer.lock"])
    }).pipe(Effect.scoped))
})

describe("readers", () => {
  it.live("look beside a writer and follow it", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const log = Context.get(yield* Layer.build(ticks({ folder })), EventLog)
      yield* log.append(0, fromTexts(["a"], Kind.event, "after a"))
      yield* using(ticks({ folder, readOnly: true }), Effect.gen(function*() {
        const reader = yield* EventLog
        assert.deepStrictEqual(yield* reader.position, Option.some("after a"))
        const seen = yield* reader.read([0]).pipe(Stream.take(2), Stream.runCollect, Effect.forkChild)
        yield* Effect.sleep("30 millis")
        yield* log.append(0, fromTexts(["b"]))
        assert.deepStrictEqual((yield* Fiber.join(seen)).flatMap((batch) => [...batch.offsets]), [0, 1])
      }))
    }).pipe(Effect.scoped), 10_000)

  it.live("may not write, nor make a folder or a topic", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const nothing = yield* Effect.flip(open({ folder: join(folder, "none"), readOnly: true }))
      assert.strictEqual(nothing.message, `there is no data in the folder ${folder}/none`)
      assert.isFalse(existsSync(join(folder, "none")))

      yield* using(ticks({ folder }), Effect.void)
      const append = EventLog.use((log) => log.append(0, fromTexts(["a"])))
      const refusal = yield* Effect.flip(using(ticks({ folder, readOnly: true }), append))
      assert.include(refusal.message, "open for reading only")
      oneLine(refusal.message)
      const unknown = yield* Effect.flip(using(ticks({ folder, readOnly: true }, "quotes"), Effect.void))
      assert.strictEqual(unknown.message, `there is no topic quotes in the folder ${folder}`)
    }).pipe(Effect.scoped))
})

describe("topics", () => {
  it.live("keep to their number of partitions, and are listed with their records", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const append = EventLog.use((log) => log.append(0, fromTexts(["a", "b"])))
      yield* using(ticks({ folder }, "yahoo", 4), append)
      yield* using(ticks({ folder }, "yahoo"), append)
      yield* using(ticks({ folder }, "recorded"), Effect.void)
      const refusal = yield* Effect.flip(using(ticks({ folder }, "yahoo", 2), Effect.void))
      assert.strictEqual(refusal._tag, "EventLogError")
      assert.include(refusal.message, "topic yahoo")
      assert.include(refusal.message, "has 4 partitions, not 2")
      const listed = yield* using(Database.layer({ folder, readOnly: true }), SqliteEventLog.topics)
      assert.deepStrictEqual(listed, [
        { name: "recorded", partitions: 1, records: 0 },
        { name: "yahoo", partitions: 4, records: 4 }
      ])
    }).pipe(Effect.scoped))

  it.live("are read in batches of at most 4,096 records, small chunks together", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* using(ticks({ folder }), Effect.gen(function*() {
        const log = yield* EventLog
        yield* log.append(0, fromTexts(Array.from({ length: 10_000 }, () => "x")))
        for (let i = 0; i < 300; i++) yield* log.append(0, fromTexts(["y"]))
        let seen = 0
        const batches = yield* log.read([0]).pipe(
          Stream.takeUntil((batch) => (seen += batch.length) >= 10_300),
          Stream.map((batch) => batch.length),
          Stream.runCollect
        )
        assert.deepStrictEqual(batches, [4_096, 4_096, 1_808, 300])
      }))
    }).pipe(Effect.scoped))
})

describe("trouble is told in one line", () => {
  it.live("a folder that cannot be made", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "file"), "")
      const refusal = yield* Effect.flip(open({ folder: join(folder, "file", "data") }))
      assert.strictEqual(refusal._tag, "DatabaseError")
      assert.include(refusal.message, join(folder, "file", "data"))
      oneLine(refusal.message)
    }).pipe(Effect.scoped))

  // The superuser may write anywhere.
  it.live.skipIf(process.getuid?.() === 0)("a folder that may not be written", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      chmodSync(folder, 0o555)
      const refusal = yield* Effect.flip(open({ folder }))
      assert.include(refusal.message, "check that it may be read and written")
      oneLine(refusal.message)
    }).pipe(Effect.scoped))

  it.live("a full disk, after which nothing of the batch is there and all of the rest is", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const database = yield* Database
        const log = yield* EventLog
        const kilobytes = fromTexts(Array.from({ length: 100 }, () => "x".repeat(1_000)), Kind.event, "later")
        yield* log.append(0, fromTexts(["a"], Kind.event, "after a"))
        // A limit to the size of the database stands in for the end of the disk: SQLite says the same.
        const limit = yield* database.prepare<{ max_page_count: number }>("pragma max_page_count = 30")
        yield* database.read(() => limit.get())
        const failure = yield* Effect.flip(Effect.forever(log.append(0, kilobytes)))
        assert.strictEqual(failure._tag, "EventLogError")
        assert.include(failure.message, `the disk of the folder ${folder} is full`)
        oneLine(failure.message)

        const [end = 0] = yield* log.ends
        assert.strictEqual(end % 100, 1)
        yield* Effect.flip(log.append(0, { ...kilobytes, position: "never" }))
        assert.deepStrictEqual(yield* log.ends, [end])
        assert.deepStrictEqual(yield* log.position, Option.some(end === 1 ? "after a" : "later"))
        const more = yield* database.prepare("pragma max_page_count = 1000000")
        yield* database.read(() => more.get())
        assert.strictEqual(yield* log.append(0, kilobytes), end)
      }).pipe(
        Effect.provide(SqliteEventLog.layer({ topic: "ticks" }).pipe(Layer.provideMerge(Database.layer({ folder }))))
      )
    }).pipe(Effect.scoped))

  it.live("a change that fails half-way leaves nothing, and the next one goes through", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const database = yield* Database
        const add = yield* database.prepare("insert into topics (name, partitions) values (?, 1)")
        const failure = yield* Effect.flip(database.write(() => {
          for (const name of ["a", "b", "a"]) add.run(name)
        }))
        assert.strictEqual(failure._tag, "DatabaseError")
        oneLine(failure.message)
        yield* database.write(() => add.run("b"))
        assert.deepStrictEqual((yield* SqliteEventLog.topics).map(({ name }) => name), ["b"])
      }).pipe(Effect.provide(Database.layer({ folder })))
    }).pipe(Effect.scoped))

  it.live("a file that is no database", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "courant.db"), "not a database, but long enough to be one. ".repeat(50))
      for (const readOnly of [false, true]) {
        const refusal = yield* Effect.flip(open({ folder, readOnly }))
        assert.include(refusal.message, "is no SQLite database")
        oneLine(refusal.message)
      }
    }).pipe(Effect.scoped))

  it.live("a damaged database", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const sink = SqliteResultSink.layer.pipe(Layer.provide(Database.layer({ folder })))
      const panes = Array.from({ length: 2_000 }, (_, start) => ({
        pipeline: "p", key: "k", start, end: start + 1, pane: "on-time" as const, revision: 0, changes: 1, values: { n: start }
      }))
      yield* using(sink, ResultSink.use((store) => store.write(panes)))
      const file = join(folder, "courant.db")
      const bytes = readFileSync(file)
      // Everything but the first page, which the schema is on.
      bytes.fill(0xa5, 16_384)
      writeFileSync(file, bytes)
      const failure = yield* Effect.flip(using(sink, ResultSink.use((store) => store.read({}))))
      assert.strictEqual(failure._tag, "ResultSinkError")
      assert.include(failure.message, `the database in the folder ${folder} is damaged`)
      oneLine(failure.message)
    }).pipe(Effect.scoped))

  it.live("a database of another program, or of a newer courant", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const file = join(folder, "courant.db")
      const foreign = new DatabaseSync(file)
      foreign.exec("create table things (id integer)")
      foreign.close()
      assert.include((yield* Effect.flip(open({ folder }))).message, "holds a database of another program")

      const second = yield* temporaryFolder
      yield* Effect.scoped(open({ folder: second }))
      const newer = new DatabaseSync(join(second, "courant.db"))
      newer.exec("pragma user_version = 1000")
      newer.close()
      assert.include((yield* Effect.flip(open({ folder: second }))).message, "was written by a newer version")
    }).pipe(Effect.scoped))

  it.live("an old database is brought up to date by a writer only", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      new DatabaseSync(join(folder, "courant.db")).close()
      const refusal = yield* Effect.flip(open({ folder, readOnly: true }))
      assert.include(refusal.message, "was written by an older version of courant")
      yield* Effect.scoped(open({ folder }))
      yield* open({ folder, readOnly: true })
    }).pipe(Effect.scoped))
})

describe("checkpoints", () => {
  const opened = Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const store = SqliteCheckpointStore.layer.pipe(Layer.provide(Database.layer({ folder })))
    const save = (part: Part) => using(store, CheckpointStore.use((checkpoints) => checkpoints.save("candles", part)))
    const load = using(store, CheckpointStore.use((checkpoints) => checkpoints.load("candles"))).pipe(
      Effect.map(Option.map(({ sections }) => Buffer.from(sections.get("all") ?? []).toString()))
    )
    const inFolder = join(folder, "checkpoints")
    const filesOf = () => readdirSync(inFolder).sort()
    /** The file that a part was saved as. */
    const saved = Effect.fnUntraced(function*(part: Part) {
      const before = filesOf()
      yield* save(part)
      return join(inFolder, filesOf().find((file) => !before.includes(file))!)
    })
    return { folder, store, save, load, saved, filesOf, inFolder }
  })

  it.live("that are damaged give way to those before them, whichever byte is flipped, and wherever a file ends or is gone", () =>
    Effect.gen(function*() {
      const { load, save, saved } = yield* opened
      yield* save(base("oldest"))
      const former = yield* saved(base("before"))
      const newest = yield* saved(base("newest"))
      const last = yield* saved(increment("increment"))
      assert.deepStrictEqual(yield* load, Option.some("increment"))
      for (const [file, instead] of [[last, "newest"], [newest, "before"]] as const) {
        const bytes = readFileSync(file)
        for (let at = 0; at < bytes.length; at += 7) {
          const damaged = Buffer.from(bytes)
          damaged[at] = (damaged[at] ?? 0) ^ 1
          writeFileSync(file, damaged)
          assert.deepStrictEqual(yield* load, Option.some(instead), `byte ${at}`)
        }
        for (const length of [0, 4, 8, bytes.length - 1]) {
          writeFileSync(file, bytes.subarray(0, length))
          assert.deepStrictEqual(yield* load, Option.some(instead), `${length} bytes`)
        }
        rmSync(file)
        assert.deepStrictEqual(yield* load, Option.some(instead), "without it")
        writeFileSync(file, bytes)
      }
      for (const file of [newest, former]) writeFileSync(file, readFileSync(file).fill(1, 20, 21))
      assert.strictEqual((yield* Effect.flip(load)).message, "every checkpoint \"candles\" is damaged")
    }).pipe(Effect.scoped), 60_000)

  it.live("leave no file behind that no row knows: of a save that failed, of a crash, or of generations that are over", () =>
    Effect.gen(function*() {
      const { filesOf, folder, inFolder, load, save, store } = yield* opened
      const failing = function*(): Generator<readonly [string, Uint8Array]> {
        yield ["all", Buffer.from("half")]
        throw new Error("planted")
      }
      for (const state of ["a", "b", "c"]) {
        yield* save(base(state))
        yield* save(increment(`${state}+`))
        yield* Effect.exit(save({ ...base(state), sections: { [Symbol.iterator]: failing } }))
      }
      assert.lengthOf(filesOf(), 4)
      writeFileSync(join(inFolder, "left-by-a-crash"), "half")
      // Whoever only reads leaves it, since it may be what another is about to write.
      const reading = SqliteCheckpointStore.layer.pipe(Layer.provide(Database.layer({ folder, readOnly: true })))
      assert.isTrue(Option.isSome(yield* using(reading, CheckpointStore.use((checkpoints) => checkpoints.load("candles")))))
      assert.lengthOf(filesOf(), 5)
      assert.deepStrictEqual(yield* load, Option.some("c+"))
      assert.lengthOf(filesOf(), 4)
      yield* using(store, CheckpointStore.use((checkpoints) => checkpoints.remove("candles")))
      assert.deepStrictEqual(filesOf(), [])
    }).pipe(Effect.scoped))
})

it.live("a folder may have any name, also one that SQLite would take for a URI", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.acquireRelease(Effect.sync(() => process.cwd()), (before) => Effect.sync(() => process.chdir(before)))
    process.chdir(folder)
    for (const name of ["file:x", "file:///x?mode=memory", ":memory:", "a?b#c%20d", "ü \\ \"q\"", "-x"]) {
      yield* Effect.scoped(open({ folder: name }))
      assert.isTrue(existsSync(join(folder, name, "courant.db")), name)
      yield* Effect.scoped(open({ folder: name, readOnly: true }))
    }
  }).pipe(Effect.scoped))
