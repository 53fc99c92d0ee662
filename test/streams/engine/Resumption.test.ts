/**
 * Pipelines come, change and go between two runs over one log: what is kept goes on as if nothing had happened, and what is
 * new or has changed is what it would have been had it run from the beginning.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Stream } from "effect"
import * as fc from "fast-check"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { type AnyOfPanes, named } from "../../../src/streams/pipeline/Pipeline.ts"
import * as Aggregate from "../../../src/streams/pipeline/Aggregate.ts"
import { type Decision, identityOf } from "../../../src/streams/records/Decision.ts"
import { altered } from "../../../src/testing/Altered.ts"
import { decidedLogs, differentlyRead, type Log, logsWithin, pipelines } from "../../../src/testing/Arbitraries.ts"
import { foldedPanes, isData, placed, textOf } from "../../../src/testing/Harness.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"

const runs = (usual: number) => ({ numRuns: Math.ceil(usual * Number(process.env["COURANT_RUNS"] ?? 1)) })

/** Decisions of every processor. */
type Decided = Map<string, Map<string, Decision>>

const decisionsOf = (decided: Decided, processor: string) => {
  const of = (name: string) => {
    const found = decided.get(name) ?? new Map<string, Decision>()
    decided.set(name, found)
    return found
  }
  return Decisions.of({
    processor,
    readOf: (name) => Effect.sync(() => [...of(name).values()]),
    read: Effect.sync(() => [...of(processor).values()]),
    write: (decisions) => Effect.sync(() => decisions.forEach((decision) => of(processor).set(identityOf(decision), decision)))
  })
}

/** A log and what outlives runs over it; each run says what it has written and from where it has read. */
const makeWorld = Effect.fnUntraced(function*(log: Log) {
  const built = Context.get(yield* Layer.build(Layer.fresh(EventLog.layerMemory({ partitions: log.partitions }))), EventLog)
  const store = Context.get(yield* Layer.build(Layer.fresh(CheckpointStore.layerMemory)), CheckpointStore)
  const sink = Context.get(yield* Layer.build(Layer.fresh(ResultSink.layerMemory)), ResultSink)
  const letters = Context.get(yield* Layer.build(Layer.fresh(DeadLetters.layerMemory)), DeadLetters)
  const decided: Decided = new Map()

  /** Appends what comes before a place, record by record, and decides what is decided there. */
  const append = Effect.fnUntraced(function*(processor: string, from: number, to: number) {
    for (const entry of placed(log).slice(from, to)) {
      const { offset: at, partition } = entry
      if (isData(entry)) yield* built.append(partition, { ...fromTexts([textOf(entry)]), kinds: Uint8Array.of(entry.kind) })
      else if (entry.kind === "idle") yield* decisionsOf(decided, processor).write([{ _tag: "idle", partition, at, ...entry.value }])
    }
  })

  const run = Effect.fnUntraced(function*(all: ReadonlyArray<AnyOfPanes>, options: {
    readonly processor?: string
    readonly store?: CheckpointStore["Service"]
    readonly sink?: ResultSink["Service"]
  } = {}) {
    const processor = options.processor ?? "first"
    const target = options.sink ?? sink
    const written: Array<string> = []
    const reads: Array<ReadonlyArray<number>> = []
    const ports = Layer.mergeAll(
      Layer.succeed(EventLog, {
        ...built,
        read: (from) => Stream.suspend(() => {
          reads.push([...from])
          return built.read(from)
        })
      }),
      Layer.succeed(CheckpointStore, options.store ?? store),
      Layer.succeed(ResultSink, {
        ...target,
        write: (panes) => {
          written.push(...panes.map(Pane.toJson))
          return target.write(panes)
        }
      }),
      Layer.succeed(DeadLetters, letters),
      Layer.succeed(Decisions, decisionsOf(decided, processor)),
      Monitor.layer
    )
    const report = yield* Effect.provide(
      Engine.use((engine) => engine.run({ name: processor, pipelines: all, stopAt: built.ends })),
      InProcess.layer.pipe(Layer.provide(ports)),
      { local: true }
    )
    return { report, reads, written, of: (name: string) => written.filter((line) => JSON.parse(line).pipeline === name) }
  })

  /** What a sink has of pipelines that have run from the beginning, with the same decisions. */
  const anew = Effect.fnUntraced(function*(all: ReadonlyArray<AnyOfPanes>, processor: string) {
    const [store, sink] = [
      Context.get(yield* Layer.build(Layer.fresh(CheckpointStore.layerMemory)), CheckpointStore),
      Context.get(yield* Layer.build(Layer.fresh(ResultSink.layerMemory)), ResultSink)
    ]
    const { report } = yield* run(all, { processor, store, sink })
    return { report, sink }
  })
  return { append, run, anew, sink, store, letters, decided, ends: built.ends }
})

const lineOf = ({ end, key, start, values }: Pane.Encoded): string =>
  JSON.stringify([key, start, end, Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1)])

/** What a sink says of the windows of a pipeline. */
const windowsIn = (sink: ResultSink["Service"], pipeline: string) =>
  Effect.map(sink.read({ pipeline }), (panes) => panes.filter(({ pane }) => pane !== "retracted").map(lineOf).sort())

const otherwise = (pipeline: AnyOfPanes): AnyOfPanes =>
  altered(pipeline, ({ aggregates }) => ({ aggregates: { ...aggregates, low: { op: "max", field: "price" } } }))

const renamed = (pipeline: AnyOfPanes, name: string): AnyOfPanes => Aggregate.make(pipeline.plan).pipe(named(name))

const bound = 6

/** Four pipelines, of which the last reads other fields, and a log in one or three partitions, cut in two. */
const samples = fc.record({
  all: fc.tuple(...["a", "b", "c"].map((name) => pipelines({ revisions: true, outOfOrderness: bound, name }))),
  others: differentlyRead,
  log: fc.oneof(
    decidedLogs.filter(({ partitions }) => partitions !== 2).map((log) => ({ log, isWithin: false })),
    fc.record({ logs: logsWithin(bound), partitions: fc.constantFrom(1, 3), at: fc.infiniteStream(fc.nat(2)) }).map(({ at, logs: [log], partitions }) => ({
      log: { partitions, entries: log.entries.map((entry) => ({ ...entry, partition: at.next().value % partitions })) },
      isWithin: true
    }))
  ),
  cut: fc.double({ min: 0, max: 1, noNaN: true }),
  isOtherName: fc.boolean()
})

type Sample = typeof samples extends fc.Arbitrary<infer A> ? A : never

/** One run with some pipelines, and another with others over a log that has grown. */
const inTurn = Effect.fnUntraced(function*({ cut, isOtherName, log }: Sample, before: ReadonlyArray<AnyOfPanes>, after: ReadonlyArray<AnyOfPanes>) {
  const world = yield* makeWorld(log.log)
  const at = Math.floor(log.log.entries.length * cut)
  yield* world.append("first", 0, at)
  const first = yield* world.run(before)
  const saved = Option.getOrThrow(yield* world.store.load("first"))
  const processor = isOtherName ? "second" : "first"
  yield* world.append(processor, at, Infinity)
  const second = yield* world.run(after, { processor })
  return { world, first, second, saved, processor }
})

const check = (sample: Sample, before: ReadonlyArray<AnyOfPanes>, after: ReadonlyArray<AnyOfPanes>) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const { processor, saved, second, world } = yield* inTurn(sample, before, after)
    const isKept = (pipeline: AnyOfPanes) => before.some(({ checked }) => checked.name === pipeline.name && checked.fingerprint === pipeline.checked.fingerprint)
    const kept = after.filter(isKept)
    const ends = yield* world.ends

    // What is kept is read on from where it was, and says what it would have said beside all that was there before.
    const start = kept.length === 0 ? ends.map(() => 0) : saved.offsets
    assert.deepStrictEqual(second.reads.at(-1), start)
    const isAnyNew = kept.length > 0 && kept.length < after.length && saved.offsets.some((offset) => offset > 0)
    assert.deepStrictEqual(second.reads.slice(0, -1), isAnyNew ? [ends.map(() => 0)] : [])
    const unchanged = yield* inTurn({ ...sample, isOtherName: false }, before, before)
    for (const { name } of kept) {
      assert.deepStrictEqual(second.of(name), unchanged.second.of(name), `${name} does not go on as it was`)
      assert.deepStrictEqual(second.report.byPipeline[name], unchanged.second.report.byPipeline[name])
    }

    // All of it is what a run from the beginning gives, by the same decisions, and what was there before is gone.
    const anew = yield* world.anew(after, processor)
    for (const pipeline of after) {
      const { name } = pipeline
      const found = yield* windowsIn(world.sink, name)
      assert.deepStrictEqual(found, yield* windowsIn(anew.sink, name), `${name} is not what it is from the beginning`)
      assert.deepStrictEqual(second.report.byPipeline[name], anew.report.byPipeline[name])
      // The others read other times, of which many are late.
      if (sample.log.isWithin && !sample.others.includes(pipeline)) assert.deepStrictEqual(found, foldedPanes(pipeline, sample.log.log).map((pane) => lineOf(Pane.encode(pane))).sort(), `${name} is not what the fold gives`)
    }

    // What is not computed any more stays as it was.
    for (const { name } of before.filter(({ name }) => after.every((other) => other.name !== name))) {
      assert.deepStrictEqual(second.of(name), [])
      const alone = yield* inTurn({ ...sample, isOtherName: false, cut: 0 }, before, before)
      assert.isAtMost((yield* windowsIn(world.sink, name)).length, (yield* windowsIn(alone.world.sink, name)).length)
    }

    // The next run has nothing to compute again, and says nothing.
    const third = yield* world.run(after, { processor })
    assert.deepStrictEqual(third.reads, [ends])
    assert.deepStrictEqual(third.written, [])
  })))

describe("next to pipelines that are kept", () => {
  const law = (statement: string, pick: (sample: Sample) => readonly [before: ReadonlyArray<AnyOfPanes>, after: ReadonlyArray<AnyOfPanes>], from = samples) =>
    it(statement, () => fc.assert(fc.asyncProperty(from, (sample) => check(sample, ...pick(sample))), runs(25)), 120_000)

  law("one that is added is computed from the beginning", ({ all: [a, b, c] }) => [[a!, b!], [a!, b!, c!]])

  law("one that reads the log in another way is too", ({ all: [a], others }) => [[a!], [a!, ...others]])

  law("one that has changed is computed again", ({ all: [a, b] }) => [[a!, b!], [a!, otherwise(b!)]])

  law("one whose name is another's by now leaves nothing of the former behind", ({ all: [a, b, c] }) => [[a!, b!], [a!, renamed(c!, "b")]])

  law("one that has another name is another", ({ all: [a, b] }) => [[a!, b!], [a!, renamed(b!, "renamed")]])

  law("one that is removed is no more", ({ all: [a], others }) => [[a!, ...others], [a!]])

  law("others take the place of all but one", ({ all: [a, b, c], others }) => [[a!, b!, ...others], [otherwise(b!), a!, c!]])

  // Under another name they are another processor's.
  law("none is kept where all have changed", ({ all: [a, b] }) => [[a!, b!], [otherwise(a!), otherwise(b!)]],
    samples.map((sample) => ({ ...sample, isOtherName: false })))
})
