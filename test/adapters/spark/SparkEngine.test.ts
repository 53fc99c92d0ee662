/** The engine on a cluster, between its ports and a cluster in memory: the sink ends with the batch fold's panes. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Option, Schedule, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { compileAny } from "../../../src/adapters/spark/compile/Compile.ts"
import * as Compiled from "../../../src/adapters/spark/compile/Compiled.ts"
import * as MemorySparkCluster from "../../../src/adapters/spark/MemorySparkCluster.ts"
import { PaneLog } from "../../../src/adapters/spark/PaneLog.ts"
import { SparkCluster } from "../../../src/adapters/spark/SparkCluster.ts"
import * as SparkEngine from "../../../src/adapters/spark/SparkEngine.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { type Event, Monitor, type Progress } from "../../../src/streams/ports/Monitor.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import type { Any as AnyPipeline, AnyOfPanes } from "../../../src/streams/pipeline/Pipeline.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { logsWithin, pipelines, stagedPipelines } from "../../../src/testing/Arbitraries.ts"
import { isData, foldedPanes, textOf } from "../../../src/testing/Harness.ts"
import { compilationsOf } from "./compilations.ts"
import { all, alone, candles, changed, closed, large, leaders, line, market, signals, united, unsupported } from "./market.ts"
import * as Aggregate from "../../../src/streams/pipeline/Aggregate.ts"
import * as Events from "../../../src/streams/pipeline/Events.ts"
import * as Pipeline from "../../../src/streams/pipeline/Pipeline.ts"
import * as Source from "../../../src/streams/pipeline/Source.ts"
import * as Window from "../../../src/streams/pipeline/Window.ts"
import type * as Plan from "../../../src/streams/pipeline/Plan.ts"

/** Out of order by no more than a pipeline allows. */
const bound = 6

const { MemorySpark } = MemorySparkCluster

const paneLog = PaneLog.from(Layer.effect(EventLog, MemorySpark.use(({ topic }) => topic("ticks-panes"))))

const stackOf = (options: Partial<SparkEngine.Options> = {}) =>
  SparkEngine.layer({ topic: "ticks", ...options }).pipe(
    Layer.provideMerge(paneLog),
    Layer.provideMerge(Layer.mergeAll(MemorySparkCluster.layer, CheckpointStore.layerMemory, ResultSink.layerMemory, Monitor.layer))
  )

const stack = stackOf()

const append = Effect.fnUntraced(function*(events: ReadonlyArray<string>, topic = "ticks") {
  const spark = yield* MemorySparkCluster.MemorySpark
  const ticks = yield* spark.topic(topic)
  yield* ticks.append(0, fromTexts(events))
})

const run = (pipelines: ReadonlyArray<AnyPipeline>) => Engine.use((engine) => engine.run({ name: "spark", pipelines }))

/** Up to what the topic holds now. */
const once = (pipelines: ReadonlyArray<AnyPipeline>) =>
  Engine.use((engine) => engine.run({ name: "spark", pipelines, stopAt: Effect.succeed([]) }))

const stored = Effect.map(ResultSink.use((sink) => sink.read({})), (panes) => new Set(panes.map(line)))

/** Waits until the sink holds these panes and no others. */
const holds = Effect.fnUntraced(function*(expected: ReadonlySet<string>) {
  const patient = { until: (found: ReadonlySet<string>) => found.size >= expected.size, schedule: Schedule.spaced("10 millis") }
  yield* Effect.ignore(stored.pipe(Effect.repeat(patient), Effect.timeout("1 minute")))
  assert.deepStrictEqual([...yield* stored].sort(), [...expected].sort())
})

const names = (found: Option.Option<{ readonly name: string }>) => Option.getOrNull(Option.map(found, ({ name }) => name))

const find = (pipeline: string) => Effect.map(SparkCluster.use((cluster) => cluster.find(pipeline, "ticks")), names)

/** Until the query of a pipeline runs. */
const running = (pipeline: string) =>
  find(pipeline).pipe(
    Effect.repeat({ until: (name) => name !== null, schedule: Schedule.spaced("10 millis") }),
    // For the engine to be subscribed, too.
    Effect.andThen(Effect.sleep("50 millis"))
  )

const isAll = (byPipeline: Progress["byPipeline"], count: number) => Object.values(byPipeline).every(({ read }) => read >= count)

const events = market({ minutes: 6 })

/** Spark takes no functions, no quantiles, and of doubles neither moments nor weights: a result of the same kind stands for them. */
const portableSpec = (spec: Plan.Aggregates[string]): Plan.Aggregates[string] => {
  const { by, field, op, where } = spec
  const rest = where === undefined ? {} : { where }
  if (op === "custom") return { op: "count" }
  const isOfDoubles = ["variance", "standardDeviation", "covariance", "correlation", "weightedMean"].includes(op) && [by, field].includes("ratio")
  return (op === "quantile" || isOfDoubles) && field !== undefined ? { op: "max", field, ...rest } : spec
}

const portablePlan = <P extends Plan.Events | Plan.Results>(plan: P): P => {
  if (plan._tag === "source") return plan
  if (plan._tag === "filter") return portablePlan(plan.input) as P
  const aggregates = plan._tag === "window" ? { aggregates: Object.fromEntries(Object.entries(plan.aggregates).map(([name, spec]) => [name, portableSpec(spec)])) } : {}
  // Every node but a source has an input, and stays of its kind.
  return { ...plan, ...aggregates, input: portablePlan(plan.input) } as P
}

const portable = ({ name, plan }: AnyOfPanes): AnyOfPanes | null => {
  try {
    const pipeline = Pipeline.named(name)(Aggregate.make<unknown, "portable", unknown>(portablePlan(plan)))
    return Effect.runSync(Effect.isSuccess(compileAny(pipeline))) ? pipeline : null
  } catch {
    // What was computed from a result may not be of another.
    return null
  }
}

/** Pipelines of all kinds, with all that may follow on their windows, less what Spark does not take of these. */
const portablePipelines = fc.oneof(
  pipelines({ revisions: false, outOfOrderness: bound, computed: true }),
  stagedPipelines({ revisions: false, outOfOrderness: bound })
).map(portable).filter((pipeline) => pipeline !== null)

it("of any pipeline that Spark takes the sink ends with the batch fold's panes", () =>
  fc.assert(
    fc.asyncProperty(portablePipelines, logsWithin(bound), (pipeline, [log]) =>
      Effect.gen(function*() {
        yield* append(log.entries.filter(isData).map(textOf))
        yield* once([pipeline])
        const found = yield* ResultSink.use((sink) => sink.read({}))
        const expected = foldedPanes(pipeline, log, 0).map(Pane.encode)
        assert.deepStrictEqual(found.map(line).sort(), expected.map(line).sort())
      }).pipe(Effect.provide(stack, { local: true }), Effect.runPromise)),
    { numRuns: Math.ceil(30 * Number(process.env["COURANT_RUNS"] ?? 1)) }
  ))

it.live("pipelines of several sources read the topic of their own, and the account is that of all topics", () =>
  Effect.gen(function*() {
    const spark = yield* MemorySparkCluster.MemorySpark
    const of = (name: string) =>
      Source.make(name, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at" })
    const counting = (name: string) =>
      of(name.split("-")[0]!).pipe(Window.tumbling("1 minute"), Aggregate.into({ events: Aggregate.count }), Pipeline.named(name))
    for (const [topic, count] of [["my-trades", 5], ["my-quotes", 3]] as const) {
      const log = yield* spark.topic(topic)
      yield* log.append(0, fromTexts([...Array.from({ length: count }, (_, at) => JSON.stringify({ key: topic, at })), "poison"]))
    }
    const report = yield* once([counting("trades"), counting("quotes"), counting("quotes-again")])
    assert.deepStrictEqual([report.read, report.aggregated, report.deadLettered], [10, 8, 2])
    const panes = yield* ResultSink.use((sink) => sink.read({}))
    assert.deepStrictEqual(panes.map(({ key, pipeline, values }) => [pipeline, key, values["events"]]).sort(), [
      ["quotes", "my-quotes", 3], ["quotes-again", "my-quotes", 3], ["trades", "my-trades", 5]
    ])
    const united = of("trades").pipe(
      Events.union(of("quotes")),
      Window.tumbling("1 minute"),
      Aggregate.into({ events: Aggregate.count }),
      Pipeline.named("united")
    )
    const together = yield* Engine.use((engine) => engine.run({ name: "together", pipelines: [united], stopAt: Effect.succeed([]) }))
    assert.strictEqual(together.read, 10)
    const both = yield* ResultSink.use((sink) => sink.read({ pipeline: "united" }))
    assert.deepStrictEqual(both.map(({ key, values }) => [key, values["events"]]).sort(), [["my-quotes", 3], ["my-trades", 5]])
  }).pipe(Effect.provide(stackOf({ topic: "market", topics: { trades: "my-trades", quotes: "my-quotes" } }))))

describe("each pipeline is compiled once a run", () => {
  const runs: { readonly [what: string]: Effect.Effect<unknown, unknown, Engine | SparkCluster> } = {
    "of queries that run for ever": Effect.gen(function*() {
      const engine = yield* Effect.forkChild(run([candles, large]))
      yield* Effect.andThen(running("candles"), running("large"))
      yield* Fiber.interrupt(engine)
    }),
    "with an end": once([candles, large])
  }
  for (const [what, running] of Object.entries(runs)) {
    it.live(what, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* compilationsOf(running), 2)
      }).pipe(Effect.provide(stack)))

    it.live(`${what}, and not again where it comes compiled`, () =>
      Effect.gen(function*() {
        const compiled = yield* Compiled.all([large, candles], undefined)
        assert.strictEqual(yield* compilationsOf(Effect.provide(running, stackOf({ compiled }))), 0)
      }))
  }

  it.live("and is not taken for another of its name, or for itself under another bound", () =>
    Effect.gen(function*() {
      const compiled = [...yield* Compiled.all([changed], undefined), ...yield* Compiled.all([candles], 600_000)]
      const running = Effect.andThen(append(events), once([candles]))
      const counted = Effect.gen(function*() {
        assert.strictEqual(yield* compilationsOf(running), 1)
        assert.deepStrictEqual(yield* stored, all(candles, events))
      })
      yield* Effect.provide(counted, stackOf({ compiled }))
    }))
})

describe("on a cluster", () => {
  it.live("queries run for ever, their panes are carried, and whoever watches learns how far they are", () =>
    Effect.gen(function*() {
      const monitor = yield* Monitor
      const seen: Array<Event> = []
      yield* Effect.forkScoped(Stream.runForEach(monitor.events, (event) => Effect.sync(() => seen.push(event))))
      const engine = yield* Effect.forkScoped(run([candles, large]))
      yield* Effect.andThen(running("candles"), running("large"))
      yield* append([...events.slice(0, 300), "no JSON"])
      yield* append(events.slice(300))
      yield* holds(new Set([...closed(candles, events), ...closed(large, events)]))
      const small = events.filter((event) => JSON.parse(event).size <= 50).length
      const { length } = events
      const progress = yield* monitor.progress.pipe(
        Effect.repeat({ until: ({ byPipeline }) => isAll(byPipeline, length + 1), schedule: Schedule.spaced("10 millis") }),
        Effect.timeout("1 minute")
      )
      const counts = { read: length + 1, aggregated: length, late: 0, deadLettered: 1, duplicate: 0, filtered: 0, held: 0 }
      assert.deepStrictEqual(progress, {
        ...counts,
        panes: closed(candles, events).size + closed(large, events).size,
        rows: 0,
        watermark: Math.max(...events.map((event) => JSON.parse(event).time)) - 5_000,
        lag: 0,
        byPipeline: { candles: counts, large: { ...counts, aggregated: length - small, filtered: small } }
      })
      const told = seen.flatMap((event) => event._tag === "panes" ? event.panes : [])
      assert.strictEqual(told.length, progress.panes)
      assert.isUndefined(engine.pollUnsafe())
    }).pipe(Effect.scoped, Effect.provide(stack)))

  it.live("interrupted it leaves the queries running, and the next run joins them and carries on", () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(run([candles]))
      yield* running("candles")
      yield* append(events.slice(0, 250))
      yield* holds(closed(candles, events.slice(0, 250)))
      const name = yield* find("candles")
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* find("candles"), name)
      yield* append(events.slice(250, 500))
      yield* Effect.sleep("50 millis")
      assert.strictEqual((yield* stored).size, closed(candles, events.slice(0, 250)).size)
      yield* Effect.forkScoped(run([candles]))
      yield* append(events.slice(500))
      yield* holds(closed(candles, events))
      assert.strictEqual(yield* find("candles"), name)
    }).pipe(Effect.scoped, Effect.provide(stack)))

  it.live("the driver dies, again and again: nothing is lost or doubled", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      yield* Effect.forkScoped(run([candles, large]))
      yield* Effect.andThen(running("candles"), running("large"))
      for (let at = 0; at < events.length; at += 40) {
        yield* append(events.slice(at, at + 40))
        if (at % 120 === 0) yield* Effect.sleep("5 millis")
        yield* spark.killDriver
      }
      yield* holds(new Set([...closed(candles, events), ...closed(large, events)]))
    }).pipe(Effect.scoped, Effect.provide(stack)))

  it.live("what follows on windows goes on where a run was killed, and waits for no batch that was told to the run before", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const both = [signals, leaders]
      const last = events.length - 100
      for (let at = 0; at < last; at += 60) {
        const engine = yield* Effect.forkChild(run(both))
        yield* Effect.andThen(running("signals"), running("leaders"))
        yield* append(events.slice(at, Math.min(at + 60, last)))
        if (at % 180 === 0) yield* spark.killDriver
        yield* Effect.sleep(`${at % 7} millis`)
        yield* Fiber.interrupt(engine)
      }
      yield* append(events.slice(last))
      yield* Effect.sleep("50 millis")
      yield* Effect.forkScoped(run(both))
      yield* holds(new Set(both.flatMap((pipeline) => [...closed(pipeline, events)])))
    }).pipe(Effect.scoped, Effect.provide(stack)))

  it.live("rows of several sources are read from the topic of each", () =>
    Effect.gen(function*() {
      const [own, theirs] = [events.filter((_, at) => at % 3 !== 0), events.filter((_, at) => at % 3 === 0)]
      yield* Effect.forkScoped(run([united]))
      yield* running("united")
      yield* Effect.andThen(append(own), append(theirs, "elsewhere"))
      yield* holds(closed(alone, events.slice(0, -1)))
      yield* once([united])
      yield* holds(all(alone, events))
    }).pipe(Effect.scoped, Effect.provide(stackOf({ topics: { ticks: "ticks", others: "elsewhere" } }))))

  it.live("of which all have to be known", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run([united]))
      assert.strictEqual(error.message, `"united" cannot run on Spark: its sources: it reads several, and nobody has said in which topic others is`)
    }).pipe(Effect.provide(stackOf({ topics: { ticks: "ticks" } }))))

  it.live("with an end it computes all windows of what is there then, carries them, and leaves no query", () =>
    Effect.gen(function*() {
      const engine = yield* Engine
      const stopAt = Effect.as(Effect.orDie(append(events)), [events.length])
        .pipe(Effect.provideContext(yield* Effect.context<MemorySparkCluster.MemorySpark>()))
      const report = yield* engine.run({ name: "spark", pipelines: [candles, large], stopAt })
      const expected = new Set([...all(candles, events), ...all(large, events)])
      assert.deepStrictEqual([report.read, report.aggregated, report.panes], [events.length, events.length, expected.size])
      yield* holds(expected)
      assert.strictEqual(yield* find("candles"), null)
      // The same again is the same panes again.
      const again = yield* once([candles, large])
      assert.deepStrictEqual(again, report)
      yield* holds(expected)
    }).pipe(Effect.provide(stack)))

  it.live("what the cluster cannot compute is refused by name before any other pipeline is started", () =>
    Effect.gen(function*() {
      for (const pipeline of Object.values(unsupported)) {
        for (const runIt of [run, once]) {
          const error = yield* Effect.flip(runIt([candles, pipeline]))
          assert.strictEqual(error._tag, "RemoteError")
          assert.include(error.message, pipeline.name)
        }
      }
      assert.strictEqual(yield* find("candles"), null)
      const twice = yield* Effect.exit(run([candles, candles]))
      assert.include(Exit.isFailure(twice) ? Cause.pretty(twice.cause) : "", "the same name")
    }).pipe(Effect.provide(stack)))

  it.live("a query that has failed for good ends the run with its reason, and so does a cluster out of reach", () =>
    Effect.gen(function*() {
      const spark = yield* MemorySpark
      const engine = yield* Effect.forkChild(run([candles, large]))
      yield* Effect.andThen(running("candles"), running("large"))
      yield* spark.fail("large", "ticks", "the disk of the checkpoints is full")
      const error = yield* Effect.flip(Fiber.join(engine))
      assert.deepStrictEqual([error._tag, error.message], ["RemoteError", "the disk of the checkpoints is full"])
      yield* spark.setReachable(false)
      // The same pipelines: of others the checkpoint may be told first.
      for (const runIt of [run, once]) {
        const error = yield* Effect.flip(runIt([candles, large]))
        assert.deepStrictEqual([error._tag, error.message], ["RemoteError", "nothing answers"])
      }
    }).pipe(Effect.provide(stack)))
})
