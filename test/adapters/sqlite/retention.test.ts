/** Retention removes what nobody needs: what processors compute is what they compute without it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
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
import { Job } from "../../../src/streams/engine/Job.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { randomFrom } from "../../random.ts"
import { temporaryFolder } from "./folder.ts"

const source = Source.make("ticks", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time",
  outOfOrderness: 3
})

const sums = { volume: Aggregate.sum("size"), rows: Aggregate.count }

const processors = {
  short: {
    lateness: 5,
    pipelines: [
      source.pipe(Window.tumbling(10), Aggregate.into(sums), Pipeline.allowedLateness(5), Pipeline.named("short")),
      source.pipe(Pipeline.named("rows"))
    ]
  },
  long: { lateness: 30, pipelines: [source.pipe(Window.hopping(40, 20), Aggregate.into(sums), Pipeline.allowedLateness(30), Pipeline.named("long"))] }
} as const

type Name = keyof typeof processors

const logIn = SqliteEventLog.layer({ topic: "ticks", partitions: 2 })

/** What was written, beside where it was written. */
const recorded = (written: Array<Pane.Encoded>) =>
  Layer.effect(ResultSink, Effect.map(ResultSink, (sink) => ResultSink.of({
    ...sink,
    write: (panes) => Effect.tap(sink.write(panes), () => Effect.sync(() => void written.push(...panes.map(Pane.encode))))
  }))).pipe(Layer.provide(SqliteResultSink.layer))

const stores = (folder: string, name: Name, written: Array<Pane.Encoded> = []) =>
  InProcess.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(
      recorded(written),
      SqliteRowSink.layer,
      SqliteCheckpointStore.layer,
      SqliteDeadLetters.layer,
      SqliteDecisions.layer({ consumer: name }),
      Monitor.layer
    )),
    Layer.provideMerge(logIn),
    Layer.provideMerge(Database.layer({ folder }))
  )

/** Up to the end of the log, which is a decision too, with a mark at each checkpoint. */
const runOnce = (name: Name) =>
  Effect.gen(function*() {
    const log = yield* EventLog
    const { run } = yield* Engine
    yield* run({ name, pipelines: processors[name].pipelines, stopAt: log.ends, checkpointEvery: 0, markEvery: 0 })
  })

type Op =
  | { readonly _tag: "append"; readonly partition: number; readonly texts: ReadonlyArray<string> }
  | { readonly _tag: "run"; readonly name: Name }
  | { readonly _tag: "keep"; readonly limits: Retention.Limits; readonly name: Name | null }
  | { readonly _tag: "wait"; readonly millis: number }

const opsOf = (seed: number): ReadonlyArray<Op> => {
  const random = randomFrom(seed)
  const upTo = (bound: number) => Math.floor(random() * bound)
  let time = 0
  const texts = () => Array.from({ length: 1 + upTo(6) }, () => {
    time += upTo(6)
    const late = upTo(3) === 0 ? upTo(60) : upTo(4)
    return JSON.stringify({ key: `K${upTo(3)}`, time: Math.max(0, time - late), size: upTo(10) })
  })
  return Array.from({ length: 60 }, (): Op => {
    const choice = upTo(10)
    const name = upTo(3) === 0 ? "long" : "short"
    if (choice < 4) return { _tag: "append", partition: upTo(2), texts: texts() }
    if (choice < 6) return { _tag: "wait", millis: upTo(1_000) }
    if (choice < 8) return { _tag: "run", name }
    const age = upTo(2) === 0 ? { age: upTo(3_000) } : {}
    return { _tag: "keep", name: upTo(4) === 0 ? null : name, limits: { ...age, ...(upTo(2) === 0 || !("age" in age) ? { bytes: 100_000 * upTo(4) } : {}) } }
  })
}

const watermarkOf = (name: Name) =>
  Effect.gen(function*() {
    const { load } = yield* CheckpointStore
    const job = new Job(processors[name].pipelines, { partitions: 2 })
    const checkpoint = yield* load(name)
    if (Option.isSome(checkpoint)) assert.isTrue(job.restore(checkpoint.value.sections))
    return job.watermark
  })

const processorOf = Effect.fnUntraced(function*(name: Name) {
  const watermark = yield* watermarkOf(name)
  const { lateness, pipelines } = processors[name]
  return { checkpoint: name, watermark, pipelines: pipelines.map((pipeline) => ({ name: pipeline.name, allowedLateness: lateness })) }
})

/** What a folder has been told to do, one start of a process after the other. */
const carryOut = (folder: string, ops: ReadonlyArray<Op>, keeps: boolean, written: Array<Pane.Encoded>) =>
  Effect.gen(function*() {
    let events = 0
    let panes = 0
    for (const op of ops) {
      switch (op._tag) {
        case "append":
          yield* Effect.provide(Effect.flatMap(EventLog, (log) => log.append(op.partition, fromTexts(op.texts))), stores(folder, "short"), { local: true })
          break
        case "run":
          yield* Effect.provide(runOnce(op.name), stores(folder, op.name, written), { local: true })
          break
        case "wait":
          yield* TestClock.adjust(op.millis)
          break
        case "keep": {
          if (!keeps) break
          const removed = yield* Effect.gen(function*() {
            const { run } = yield* Retention.make
            return yield* run(op.limits, op.name === null ? null : yield* processorOf(op.name))
          }).pipe(Effect.provide(stores(folder, "short"), { local: true }))
          events += removed.events
          panes += removed.panes
        }
      }
    }
    return { events, panes }
  })

const identityOf = ({ key, pipeline, start, end }: Pane.Encoded) => JSON.stringify([pipeline, key, start, end])

/** The newest pane of each window. */
const newestOf = (panes: ReadonlyArray<Pane.Encoded>) => {
  const newest = new Map<string, Pane.Encoded>()
  for (const pane of panes) {
    const stored = newest.get(identityOf(pane))
    if (stored === undefined || Pane.replaces(pane, stored)) newest.set(identityOf(pane), pane)
  }
  return newest
}

const beginningsOf = (folder: string): ReadonlyArray<number> => {
  const file = new DatabaseSync(join(folder, "courant.db"), { readOnly: true })
  const rows = file.prepare("select \"partition\", \"offset\" from beginnings").all()
  file.close()
  return [0, 1].map((partition) => Number(rows.find((row) => row["partition"] === partition)?.["offset"] ?? 0))
}

/** Which records a processor takes for late that reads what is left, with the decisions that are left. */
const lateInReplay = Effect.fnUntraced(function*(name: Name) {
  const log = yield* EventLog
  const ends = yield* log.ends
  const job = new Job(processors[name].pipelines, { partitions: 2 })
  const agenda = new Agenda(yield* (yield* Decisions).read, 2)
  const late: Array<string> = []
  const isDone = () => job.offsets.every((offset, partition) => offset >= (ends[partition] ?? 0))
  if (isDone()) return late
  yield* log.read(job.offsets).pipe(
    Stream.map((records) => {
      for (const part of agenda.weave(records, () => job.offsets)) {
        const { unused } = "_tag" in part ? job.decide(part) : job.take(part)
        for (const { offset, pipeline, reason } of unused) if (reason === "late") late.push(`${pipeline} ${records.partition} ${offset}`)
      }
      return isDone()
    }),
    Stream.takeUntil((done) => done),
    Stream.runDrain
  )
  return late
})

describe("random appends, runs of two processors, and retention between them", () => {
  const exact: Array<Name> = []
  const removed: Array<{ readonly events: number; readonly panes: number }> = []
  for (const seed of Array.from({ length: 8 }, (_, index) => index + 1)) {
    it.effect(`change no result and no dead letter: seed ${seed}`, () =>
      Effect.gen(function*() {
        const [bare, kept] = [yield* temporaryFolder, yield* temporaryFolder]
        // A processor that begins later begins with what is left.
        const both = [{ _tag: "run", name: "short" }, { _tag: "run", name: "long" }] as const
        const ops = [...both, ...opsOf(seed), ...both]
        const [expected, written]: [Array<Pane.Encoded>, Array<Pane.Encoded>] = [[], []]
        yield* carryOut(bare, ops, false, expected)
        const { events, panes } = yield* carryOut(kept, ops, true, written)
        removed.push({ events, panes })
        assert.deepStrictEqual(newestOf(written), newestOf(expected))

        const lettersOf = Effect.flatMap(DeadLetters, ({ read }) => read({}))
        const rowsOf = Effect.flatMap(RowSink, ({ read }) => read({}))
        const panesOf = Effect.flatMap(ResultSink, ({ read }) => read({}))
        const inFolder = <A, E, R>(folder: string, name: Name, body: Effect.Effect<A, E, R>) => Effect.provide(body, stores(folder, name), { local: true })
        const beginnings = beginningsOf(kept)
        const isLeft = ({ offset, partition }: { readonly offset: number; readonly partition: number }) => offset >= (beginnings[partition] ?? 0)
        assert.strictEqual(events > 0, beginnings.some((offset) => offset > 0))

        const letters = yield* inFolder(bare, "short", lettersOf)
        assert.deepStrictEqual(yield* inFolder(kept, "short", lettersOf), letters.filter(isLeft))
        assert.deepStrictEqual(yield* inFolder(kept, "short", rowsOf), (yield* inFolder(bare, "short", rowsOf)).filter(({ place }) => isLeft(place)))

        // What is stored is what is expected, and none of what is missing may still change.
        const stored = newestOf(yield* inFolder(kept, "short", panesOf))
        for (const [identity, pane] of newestOf(yield* inFolder(bare, "short", panesOf))) {
          const { lateness } = pane.pipeline === "long" ? processors.long : processors.short
          const watermark = yield* inFolder(kept, "short", watermarkOf(pane.pipeline === "long" ? "long" : "short"))
          if (stored.has(identity)) assert.deepStrictEqual(stored.get(identity), pane)
          else assert.isBelow(pane.end, (watermark ?? 0) - lateness)
        }

        // A replay from the mark at which the log begins takes for late what was late.
        const late = letters.filter(({ reason }) => reason === "late")
        const known = new Set<string>()
        for (const name of ["short", "long"] as const) {
          const own = new Set<string | null>(processors[name].pipelines.map((pipeline) => pipeline.name))
          const replayed = yield* inFolder(kept, name, lateInReplay(name))
          const live = late.filter(({ pipeline }) => own.has(pipeline)).filter(isLeft).map(({ offset, partition, pipeline }) => `${pipeline} ${partition} ${offset}`)
          // A log begins at a mark of one processor, which need not be one of the other.
          const marks = (yield* inFolder(kept, name, Effect.flatMap(Decisions, ({ read }) => read))).filter(({ _tag }) => _tag === "idle")
          for (const mark of marks) if (mark._tag === "idle") known.add(`${mark.partition} ${mark.at}`)
          const isExact = beginnings.every((offset, partition) =>
            offset === 0 || marks.some((mark) => mark._tag === "idle" && mark.partition === partition && mark.at === offset))
          if (isExact && events > 0) exact.push(name)
          if (isExact) assert.deepStrictEqual(replayed.toSorted(), live.toSorted())
          else assert.includeMembers(live, replayed)
        }
        // At a mark of one of them it begins.
        beginnings.forEach((offset, partition) => assert.isTrue(offset === 0 || known.has(`${partition} ${offset}`), `${partition} ${offset}`))
      }).pipe(Effect.scoped), 60_000)
  }

  it("remove events and panes in most of them", () => {
    assert.isAbove(removed.filter(({ events }) => events > 0).length, 4)
    assert.isAbove(removed.filter(({ panes }) => panes > 0).length, 4)
    // Replays from a place at which the processor knew how far event time was.
    assert.isAbove(exact.length, 4)
  })
})

it.live("a folder beyond its size gives the oldest events and panes back to the disk, half of each", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const size = () => statSync(join(folder, "courant.db")).size
    yield* Effect.gen(function*() {
      const log = yield* EventLog
      const sink = yield* ResultSink
      const text = JSON.stringify({ key: "K", time: 1, size: 1, more: "x".repeat(1_000) })
      for (let i = 0; i < 20; i++) yield* log.append(0, fromTexts(Array.from({ length: 1_000 }, () => text)))
      const pane = (i: number): Pane.Encoded => ({
        pipeline: "short", key: `K${i % 1_000}`, start: 10 * Math.floor(i / 1_000), end: 10 * Math.floor(i / 1_000) + 10,
        pane: "on-time", revision: 0, changes: 1, values: { text: "y".repeat(1_000) }
      })
      for (let i = 0; i < 20_000; i += 1_000) yield* sink.write(Array.from({ length: 1_000 }, (_, at) => pane(i + at)))
      // Folded into the file, as far as SQLite does by itself.
      const retention = yield* Retention.make
      const processor = { checkpoint: "short", watermark: 10_000, pipelines: [{ name: "short", allowedLateness: 0 }] }

      // Nobody has read the log: it stays, and the panes may take what it leaves.
      assert.strictEqual((yield* retention.run({ bytes: 30_000_000 }, processor)).events, 0)
      assert.isAbove((yield* sink.read({})).length, 6_000)

      yield* runOnce("short")
      yield* runOnce("short")
      const { events } = yield* retention.run({ bytes: 20_000_000 }, { ...processor, pipelines: [] })
      assert.isAbove(events, 0)
      yield* retention.run({ bytes: 10_000_000 }, processor)
      const panes = yield* sink.read({ pipeline: "short" })
      assert.strictEqual(panes.at(-1)?.start, 190)
      assert.isAbove(panes[0]?.start ?? 0, 0)
    }).pipe(Effect.provide(stores(folder, "short")), Effect.scoped)
    assert.isBelow(size(), 20_000_000)
  }).pipe(Effect.scoped), 60_000)

it.effect("a reader that was overtaken ends with the offsets that it lacks, and one that begins behind them is refused", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      const log = yield* EventLog
      const chunk = fromTexts(Array.from({ length: 5_000 }, () => "{}"))
      const { run } = yield* Retention.make
      for (let i = 0; i < 4; i++) {
        yield* log.append(0, chunk)
        yield* TestClock.adjust("1 second")
      }
      let isFirst = true
      const overtaken = yield* Effect.flip(log.read([0, 0]).pipe(Stream.runForEach(() => {
        if (!isFirst) return Effect.void
        isFirst = false
        return run({ age: 10 }, null)
      })))
      assert.match(overtaken.message, /partition 0 lacks the offsets 5000 to 14999: they were removed before they were read/)
      const refused = yield* Effect.flip(Stream.runDrain(log.read([7, 0])))
      assert.match(refused.message, /partition 0 lacks the offsets 7 to 14999/)
      const [batch] = yield* log.read([0, 0]).pipe(Stream.take(1), Stream.runCollect)
      assert.strictEqual(batch?.offsets[0], 15_000)
      assert.deepStrictEqual(yield* log.ends, [20_000, 0])
    }).pipe(Effect.provide(stores(folder, "short")), Effect.scoped)
  }).pipe(Effect.scoped), 60_000)

it.effect("a run that has saved nothing since it began may need all of the log, whatever a former one has saved", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      const log = yield* EventLog
      const { generation, run } = yield* Retention.make
      const before = yield* generation("short")
      for (let i = 0; i < 3; i++) {
        yield* log.append(0, fromTexts([JSON.stringify({ key: "K", time: i, size: 1 })]))
        yield* TestClock.adjust("1 second")
        yield* runOnce("short")
      }
      assert.notStrictEqual(yield* generation("short"), before)
      const processor = { checkpoint: null, watermark: null, pipelines: [] }
      assert.strictEqual((yield* run({ age: 1 }, processor)).events, 0)
      assert.isAbove((yield* run({ age: 1 }, { ...processor, checkpoint: "short" })).events, 0)
    }).pipe(Effect.provide(stores(folder, "short")), Effect.scoped)
  }).pipe(Effect.scoped), 60_000)

it.effect("a log begins at the last mark before what was to go, not between two", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    yield* Effect.gen(function*() {
      const log = yield* EventLog
      const { run } = yield* Retention.make
      const append = (time: number) =>
        Effect.andThen(log.append(0, fromTexts([0, 1, 2].map((i) => JSON.stringify({ key: "K", time: time + i, size: 1 })))), TestClock.adjust("1 second"))
      yield* append(0)
      yield* runOnce("short")
      yield* append(10)
      yield* append(20)
      for (const time of [30, 40]) yield* Effect.andThen(append(time), runOnce("short"))
      assert.strictEqual((yield* run({ age: 2_500 }, null)).events, 3)
    }).pipe(Effect.provide(stores(folder, "short")), Effect.scoped)
    assert.deepStrictEqual(beginningsOf(folder), [3, 0])
  }).pipe(Effect.scoped), 60_000)
