/** The engine in process between its ports: what fails is kept, can be mended, and ends as if it had never failed. */
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import type { Any as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { fromBytes, fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { logsWithin, pipelines, source } from "../../../src/testing/Arbitraries.ts"
import { isData, textOf } from "../../../src/testing/Harness.ts"

const ports = Layer.mergeAll(
  EventLog.layerMemory({ topic: "samples" }),
  ResultSink.layerMemory,
  DeadLetters.layerMemory,
  CheckpointStore.layerMemory,
  Decisions.layerMemory,
  Monitor.layer
)

const stack = InProcess.layer.pipe(Layer.provideMerge(ports))

/** Runs pipelines to the end of what is in the log now. */
const runToEnd = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>) {
  const engine = yield* Engine
  const log = yield* EventLog
  return yield* engine.run({ name: "laws", pipelines, stopAt: log.ends })
})

const append = Effect.fnUntraced(function*(texts: ReadonlyArray<string>) {
  const log = yield* EventLog
  if (texts.length > 0) yield* log.append(0, fromTexts(texts))
})

/** What the sink holds in the end, but for how often it was revised on the way. */
const stored = Effect.gen(function*() {
  const sink = yield* ResultSink
  const panes = yield* sink.read({})
  return panes.map(({ end, key, start, values }) => ({ key, start, end, values: { ...values, change: null } }))
})

const bound = 6

const samples = fc.record({
  // Slack enough for what is mended to be in time when it comes at the end.
  pipeline: pipelines({ revisions: false, outOfOrderness: 100 }),
  logs: logsWithin(bound),
  broken: fc.infiniteStream(fc.nat(2))
})

it("a dead letter has bytes, place and reason; mended and put in again it counts as if it had never failed", () =>
  fc.assert(
    fc.asyncProperty(samples, ({ broken, logs: [log], pipeline }) =>
      Effect.gen(function*() {
        const texts = log.entries.filter(isData).map(textOf)
        const spoilt = texts.map((text) => broken.next().value === 0 ? text.slice(0, -1) : text)
        yield* append(spoilt)
        const first = yield* runToEnd([pipeline])
        const letters = yield* (yield* DeadLetters).read({})
        expect(letters.map(({ bytes, offset, partition, pipeline, reason, topic }) => ({
          text: new TextDecoder().decode(bytes),
          place: [topic, partition, offset],
          pipeline,
          reason
        }))).toEqual(spoilt.flatMap((text, offset) =>
          text === texts[offset] ? [] : [{ text, place: ["samples", 0, offset], pipeline: null, reason: "not-json" }]
        ))
        expect(first.deadLettered).toBe(letters.length)

        yield* append(letters.map(({ bytes }) => `${new TextDecoder().decode(bytes)}}`))
        yield* (yield* DeadLetters).remove(letters)
        const second = yield* runToEnd([pipeline])
        expect([second.late, second.read]).toEqual([0, texts.length + letters.length])
        expect(second.aggregated + second.filtered).toBe(texts.length)
        expect(yield* (yield* DeadLetters).read({})).toEqual([])

        const never = yield* append(texts).pipe(
          Effect.andThen(runToEnd([pipeline])),
          Effect.andThen(stored),
          Effect.provide(stack, { local: true })
        )
        expect(yield* stored).toEqual(never)
      }).pipe(Effect.provide(stack, { local: true }), Effect.runPromise)),
    { numRuns: Math.ceil(25 * Number(process.env["COURANT_RUNS"] ?? 1)) }
  ), 120_000)

it("a late event is a dead letter of the pipeline that refused it, and only of that one", () =>
  Effect.gen(function*() {
    const counted = (name: string, size: number) =>
      source(0).pipe(Window.tumbling(size), Aggregate.into({ count: Aggregate.count }), Pipeline.named(name))
    const sample = (time: number) => JSON.stringify({ key: "A", time, price: "1", size: 1 })
    yield* append([sample(25), sample(3)])
    const report = yield* runToEnd([counted("strict", 10), counted("lenient", 1_000)])
    const letters = yield* (yield* DeadLetters).read({ reason: "late" })
    expect(letters.map(({ bytes, offset, pipeline }) => [pipeline, offset, new TextDecoder().decode(bytes)])).toEqual([
      ["strict", 1, sample(3)]
    ])
    expect([report.late, report.byPipeline["strict"]?.late, report.byPipeline["lenient"]?.late]).toEqual([1, 1, 0])
  }).pipe(Effect.provide(stack, { local: true }), Effect.runPromise))

it("a record without a value, and one of a kind that no pipeline takes, are refused and the run goes on", () =>
  Effect.gen(function*() {
    const [pipeline] = fc.sample(pipelines({ revisions: false }), { seed: 1, numRuns: 1 })
    const log = yield* EventLog
    yield* log.append(0, fromBytes([null, new TextEncoder().encode("{}")], [Kind.event, Kind.preAggregated]))
    const report = yield* runToEnd([pipeline!])
    const letters = yield* (yield* DeadLetters).read({})
    expect(letters.map(({ reason }) => reason)).toEqual(["empty", "invalid-field"])
    expect([report.read, report.deadLettered]).toEqual([2, 2])
  }).pipe(Effect.provide(stack, { local: true }), Effect.runPromise))
