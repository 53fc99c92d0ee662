/** What reads along behind another engine goes on where that ends, and is what a checkpoint would be restored to. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Schema } from "effect"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import * as WarmStandby from "../../../src/streams/engine/WarmStandby.ts"
import { CheckpointError } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Aggregate, Join, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { AnyOfPanes } from "../../../src/streams/pipeline/Pipeline.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine, type Options } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as SourceLogs from "../../../src/streams/ports/SourceLogs.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { until } from "../../integration/admin.ts"
import { actual, expected, ingest, market, pipelines as ticksPipelines } from "../../integration/market.ts"

const name = "test"
const partitions = 2

const oneTopic: Layer.Layer<Decisions | EventLog> = Layer.merge(EventLog.layerMemory({ partitions }), Decisions.layerMemory)

/** Stores, and what is published: the offsets of the newest checkpoint. A process that is dead saves nothing more. */
const world = (log = oneTopic, pipelines: ReadonlyArray<AnyOfPanes> = ticksPipelines) => Effect.gen(function*() {
  let [published, loads, isDead]: [ReadonlyArray<number>, number, boolean] = [[0, 0], 0, false]
  const counted = Layer.effect(CheckpointStore, Effect.map(CheckpointStore, (store) =>
    CheckpointStore.of({
      ...store,
      load: (...of) => Effect.suspend(() => {
        loads++
        return store.load(...of)
      }),
      save: (of, part) =>
        isDead
          ? Effect.fail(new CheckpointError({ message: "dead" }))
          : Effect.tap(store.save(of, part), () => Effect.sync(() => { published = part.head.offsets }))
    }))).pipe(Layer.provide(CheckpointStore.layerMemory))
  const context = yield* Layer.build(Layer.mergeAll(
    log,
    DeadLetters.layerMemory,
    ResultSink.layerMemory,
    Monitor.layer,
    counted
  ))
  const run = (warm: WarmStandby.Warm | null, options: Partial<Options> = {}) =>
    Effect.gen(function*() {
      const engine = Context.get(yield* Layer.build(Layer.fresh(InProcess.layerFrom(warm))), Engine)
      return yield* engine.run({ name, pipelines, checkpointEvery: "5 millis", ...options })
    }).pipe(Effect.scoped, Effect.provideContext(context))
  return {
    context,
    run,
    follow: (begun: (warm: WarmStandby.Warm) => void) =>
      Effect.provideContext(WarmStandby.follow({ name, pipelines, published: () => Effect.sync(() => published) }, begun), context),
    published: () => published,
    publish: (offsets: ReadonlyArray<number>) => void (published = offsets),
    loads: () => loads,
    die: () => void (isDead = true),
    rise: () => void (isDead = false)
  }
})

const of = (name: string) =>
  Source.make(name, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at", outOfOrderness: "2 seconds" })

const joined = of("trades").pipe(
  Join.asOf(of("quotes"), { within: "1 minute", select: { quoted: "at" } }),
  Window.tumbling("1 minute"),
  Aggregate.into({ events: Aggregate.count, quoted: Aggregate.max("quoted") }),
  Pipeline.named("joined")
)

/** Two sources, of which one has more partitions. */
const twoTopics: Layer.Layer<Decisions | EventLog> = Layer.effectContext(Effect.gen(function*() {
  const names = ["quotes", "trades"]
  const sources = yield* Effect.forEach(names, (name, index) =>
    Layer.build(Layer.fresh(Layer.merge(EventLog.layerMemory({ topic: name, partitions: 1 + index }), Decisions.layerMemory))))
  const log = SourceLogs.compose("market", names.map((name, index) => ({ name, log: Context.get(sources[index]!, EventLog) })))
  const decisions = SourceLogs.decisionsOf(names, sources.map((context) => Context.get(context, Decisions)))
  return Context.make(EventLog, log).pipe(Context.add(Decisions, decisions))
}))

const isAt = (warm: WarmStandby.Warm | null, offsets: ReadonlyArray<number>) => warm !== null && String(warm.job.offsets) === String(offsets)

it.live("what has read along goes on as a checkpoint would, wherever the other was killed", () =>
  Effect.gen(function*() {
    for (let round = 0; round < 3; round++) {
      const { context, die, follow, loads, published, rise, run } = yield* world()
      yield* Effect.gen(function*() {
        yield* ingest(market(2_000, { poison: true }), 100)
        const active = yield* Effect.forkChild(run(null, { idleTimeout: "40 millis" }))
        let warm: WarmStandby.Warm | null = null
        const following = yield* Effect.forkChild(follow((begun) => { warm = begun }))
        // It waits for a checkpoint, and has decisions of silences to take.
        yield* until(Effect.sync(() => warm !== null))
        yield* ingest(market(2_000 + 700 * round, { seed: 2 + round }).slice(1_000), 50)
        yield* until(Effect.sync(() => isAt(warm, published()) && Math.min(...published()) > 0))
        const feeding = yield* Effect.forkChild(ingest(market(3_000, { seed: 20 + round }), 20))
        yield* Effect.sleep(10 * round)
        die()
        yield* Fiber.interrupt(active)
        // What was published last it comes to; and no further, whatever is in the log.
        yield* Fiber.join(feeding)
        yield* until(Effect.sync(() => isAt(warm, published())))
        yield* Effect.sleep("300 millis")
        assert.isTrue(isAt(warm, published()))
        yield* Fiber.interrupt(following)
        rise()
        const before = loads()
        const { ends } = yield* EventLog
        const report = yield* run(warm, { stopAt: ends })
        // Nothing was restored.
        assert.strictEqual(loads(), before)
        assert.strictEqual(report.read, (yield* ends).reduce((sum, end) => sum + end, 0))
        const [panes, again] = [yield* actual, yield* run(null, { name: "again", stopAt: ends })]
        assert.deepStrictEqual({ ...report, panes: 0 }, { ...again, panes: 0 })
        assert.deepStrictEqual(yield* actual, panes)
        if (report.late === 0) assert.deepStrictEqual(panes, yield* expected)
      }).pipe(Effect.provideContext(context))
    }
  }).pipe(Effect.scoped))

it.live("what waits in one partition holds no other up", () =>
  Effect.gen(function*() {
    const { context, follow, publish, published, run } = yield* world()
    yield* Effect.gen(function*() {
      yield* ingest(market(2_000), 100)
      const { ends } = yield* EventLog
      yield* run(null, { stopAt: ends })
      let warm: WarmStandby.Warm | null = null
      const following = yield* Effect.forkChild(follow((begun) => { warm = begun }))
      yield* until(Effect.sync(() => isAt(warm, published())))
      const [first = 0] = published()
      yield* ingest(market(1_000, { seed: 9 }), 50)
      const [, second = 0] = yield* ends
      publish([first, second])
      yield* until(Effect.sync(() => isAt(warm, [first, second])), "10 seconds")
      publish(yield* ends)
      yield* until(Effect.sync(() => isAt(warm, published())), "10 seconds")
      yield* Fiber.interrupt(following)
    }).pipe(Effect.provideContext(context))
  }).pipe(Effect.scoped))

it.live("what has read further than is published any more is not gone on from", () =>
  Effect.gen(function*() {
    const { context, follow, loads, publish, published, run } = yield* world()
    yield* Effect.gen(function*() {
      yield* ingest(market(2_000), 100)
      const { ends } = yield* EventLog
      yield* run(null, { stopAt: ends })
      let warm: WarmStandby.Warm | null = null
      const following = yield* Effect.forkChild(Effect.flip(follow((begun) => { warm = begun })))
      yield* until(Effect.sync(() => isAt(warm, published())))
      publish([0, 0])
      assert.strictEqual((yield* Fiber.join(following))._tag, "WentBack")
      const before = loads()
      yield* run(warm, { stopAt: ends })
      assert.strictEqual(loads(), before + 1)
    }).pipe(Effect.provideContext(context))
  }).pipe(Effect.scoped))

it.live("of several sources it reads each as far as was published, and goes on as a checkpoint would", () =>
  Effect.gen(function*() {
    const { context, die, follow, loads, published, rise, run } = yield* world(twoTopics, [joined])
    yield* Effect.gen(function*() {
      const log = yield* EventLog
      const append = (source: number, partition: number, from: number, to: number) =>
        Effect.forEach(Array.from({ length: (to - from) / 25 }, (_, n) => from + 25 * n), (first) =>
          log.append(SourceLogs.numberOf(partition, source, 2), fromTexts(Array.from({ length: 25 }, (_, n) =>
            JSON.stringify({ key: `K${n % 3}`, at: 1_000 * (first + n - (n * 7) % 3) })))), { discard: true })
      const appendAll = (from: number, to: number) =>
        Effect.all([append(0, 0, from, to), append(1, 0, from, to), append(1, 1, from, to - 100)], { concurrency: "unbounded" })
      yield* appendAll(0, 1_000)
      const active = yield* Effect.forkChild(run(null, { idleTimeout: "40 millis" }))
      let warm: WarmStandby.Warm | null = null
      const following = yield* Effect.forkChild(follow((begun) => { warm = begun }))
      yield* until(Effect.sync(() => isAt(warm, published()) && Math.max(...published()) > 0))
      const feeding = yield* Effect.forkChild(appendAll(1_000, 3_000))
      yield* Effect.sleep("20 millis")
      die()
      yield* Fiber.interrupt(active)
      yield* Fiber.join(feeding)
      yield* until(Effect.sync(() => isAt(warm, published())))
      yield* Fiber.interrupt(following)
      rise()
      const before = loads()
      const report = yield* run(warm, { stopAt: log.ends })
      assert.strictEqual(loads(), before)
      assert.strictEqual(report.read, (yield* log.ends).reduce((sum, end) => sum + end, 0))
      const panes = yield* actual
      assert.isAbove(panes.size, 100)
      const stores = yield* Layer.build(Layer.fresh(Layer.merge(CheckpointStore.layerMemory, ResultSink.layerMemory)))
      yield* Effect.gen(function*() {
        const engine = Context.get(yield* Layer.build(Layer.fresh(InProcess.layer)), Engine)
        const again = yield* engine.run({ name: "again", pipelines: [joined], stopAt: log.ends })
        assert.deepStrictEqual({ ...report, panes: 0 }, { ...again, panes: 0 })
        assert.deepStrictEqual(yield* actual, panes)
      }).pipe(Effect.provideContext(Context.merge(context, stores)))
      // Of other partitions of a source it is none.
      const other: WarmStandby.Warm = { ...warm!, partitions: [2, 2] }
      yield* run(other, { stopAt: log.ends })
      assert.isAbove(loads(), before)
    }).pipe(Effect.provideContext(context))
  }).pipe(Effect.scoped))
