/**
 * What every `SparkCluster` keeps, the fake one as the real one: it is asked through clients of its own, given events in
 * topics, and judged by the panes that come out of them, which are the batch fold's.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, type Layer, Option, Schedule, Stream } from "effect"
import { compileAny } from "../../../src/adapters/spark/compile/Compile.ts"
import { type Batch, type Query, SparkCluster, type Work } from "../../../src/adapters/spark/SparkCluster.ts"
import { Pane } from "../../../src/streams/pipeline/index.ts"
import type { Any as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { all, candles, changed, closed, large, line, market } from "./market.ts"

/** A topic that no other test has, with one partition, and the one for its panes. */
export interface Topic {
  readonly name: string
  readonly results: string
  /** Appends events to it, one a text; durable when it returns. */
  readonly append: (events: ReadonlyArray<string>) => Effect.Effect<void, unknown>
  /** All values of the topic of results so far, in their order. */
  readonly panes: Effect.Effect<ReadonlyArray<string>, unknown>
}

export interface Harness {
  readonly topic: Effect.Effect<Topic, unknown>
  /** A client of the same cluster, another at each build. */
  readonly client: Layer.Layer<SparkCluster, unknown>
  /** How long a query may take from its start to its first panes; a minute unless told. */
  readonly patience?: Duration.Input
}

export const suite = (name: string, harness: Harness): void => {
  const patience = Duration.toMillis(harness.patience ?? "1 minute")
  const test = (statement: string, body: (topic: Topic) => Effect.Effect<void, unknown>) =>
    it.live(statement, () => Effect.scoped(Effect.flatMap(harness.topic, (topic) =>
      Effect.ensuring(body(topic), stopAll(harness, topic)))), 4 * patience)

  /** What a client of its own does, which is gone afterwards. */
  const asClient = <A, E>(effect: (cluster: SparkCluster["Service"]) => Effect.Effect<A, E>) =>
    Effect.provide(SparkCluster.use(effect), harness.client, { local: true })

  /** Has a pipeline run, by a client that does not look after it any longer. */
  const start = (topic: Topic, pipeline: AnyPipeline) =>
    asClient((cluster) => Effect.scoped(Effect.map(cluster.start(workOn(topic, pipeline)), ({ name }) => name)))

  const comeOut = (topic: Topic, expected: ReadonlySet<string>) => waitFor(topic, expected, patience)

  describe(`SparkCluster: ${name}`, () => {
    test("gives the batch fold's panes of events that are out of order within the bound", (topic) =>
      Effect.gen(function*() {
        const events = market({ minutes: 5 })
        yield* topic.append(events.slice(0, 100))
        yield* start(topic, candles)
        yield* topic.append(events.slice(100))
        yield* comeOut(topic, closed(candles, events))
      }))

    test("a query goes on without the client that has started it, and another finds it by its name", (topic) =>
      Effect.gen(function*() {
        const started = yield* start(topic, candles)
        const found = yield* asClient((cluster) =>
          Effect.all([cluster.find("candles", topic.name), cluster.find("others", topic.name), cluster.find("candles", "others")]))
        assert.deepStrictEqual(found.map(Option.map(({ name }) => name)), [Option.some(started), Option.none(), Option.none()])
        const events = market({ minutes: 4 })
        yield* topic.append(events)
        yield* comeOut(topic, closed(candles, events))
      }))

    test("one that runs is joined, not started twice", (topic) =>
      asClient((cluster) =>
        Effect.scoped(Effect.gen(function*() {
          const events = market({ minutes: 4 })
          const first = yield* cluster.start(workOn(topic, candles))
          const watching = yield* Effect.forkChild(Stream.runDrain(first.batches), { startImmediately: true })
          yield* settle
          yield* topic.append(events.slice(0, 300))
          const second = yield* asClient((other) => Effect.scoped(other.start(workOn(topic, candles))))
          assert.strictEqual(second.name, first.name)
          yield* topic.append(events.slice(300))
          yield* comeOut(topic, closed(candles, events))
          assert.isUndefined(watching.pollUnsafe(), "the first has ended")
          assert.strictEqual(yield* occurrences(topic), closed(candles, events).size)
        }))))

    test("says how far a query has come, to whoever joins it too: the windows up to there are written", (topic) =>
      asClient((cluster) =>
        Effect.scoped(Effect.gen(function*() {
          const events = market({ minutes: 4 })
          yield* start(topic, candles)
          yield* topic.append(events)
          const expected = closed(candles, events)
          yield* comeOut(topic, expected)
          const ends = [...expected].map((text) => Number(JSON.parse(text)[3]))
          const started = yield* cluster.start(workOn(topic, candles))
          const found = Option.getOrThrow(yield* cluster.find("candles", topic.name))
          for (const { reached } of [started, found]) {
            const watermark = yield* Effect.repeat(reached, {
              schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: 100 })),
              until: (watermark) => (watermark ?? -Infinity) >= Math.max(...ends)
            })
            assert.isAtLeast(watermark ?? -Infinity, Math.max(...ends))
          }
        }))))

    test("a query that was stopped is gone, and started again it goes on without loss or doubling", (topic) =>
      Effect.gen(function*() {
        const events = market({ minutes: 6 })
        // The window in which it is stopped has events of both its lives.
        const [before, between, after] = [events.slice(0, 250), events.slice(250, 400), events.slice(400)]
        const first = yield* start(topic, candles)
        yield* topic.append(before)
        yield* comeOut(topic, closed(candles, before))
        // So that the batch which gave them is done.
        yield* settle
        yield* asClient((cluster) => Effect.flatMap(cluster.find("candles", topic.name), stopFound))
        assert.deepStrictEqual(yield* asClient((cluster) => cluster.find("candles", topic.name)), Option.none())
        yield* topic.append(between)
        assert.strictEqual(yield* start(topic, candles), first)
        yield* topic.append(after)
        yield* comeOut(topic, closed(candles, events))
        // What had been read was not read again, or its panes would have come out again.
        assert.strictEqual(yield* occurrences(topic), closed(candles, events).size)
      }))

    test("whoever watches a query is told when another has stopped it", (topic) =>
      asClient((cluster) =>
        Effect.gen(function*() {
          yield* start(topic, candles)
          const found = Option.getOrThrow(yield* cluster.find("candles", topic.name))
          const watching = yield* Effect.forkChild(Stream.runDrain(found.batches), { startImmediately: true })
          yield* settle
          yield* asClient((other) => Effect.flatMap(other.find("candles", topic.name), stopFound))
          const exit = yield* Fiber.await(watching).pipe(Effect.timeout(patience))
          const error = yield* Effect.flip(exit)
          assert.deepStrictEqual([error._tag, error.reason], ["ClusterError", "stopped"])
        })))

    test("a pipeline that has changed takes the place of the former, and starts from the beginning", (topic) =>
      Effect.gen(function*() {
        const events = market({ minutes: 5 })
        const former = yield* start(topic, candles)
        yield* topic.append(events.slice(0, 350))
        yield* comeOut(topic, closed(candles, events.slice(0, 350)))
        const next = yield* start(topic, changed)
        assert.notStrictEqual(next, former)
        const found = yield* asClient((cluster) => cluster.find("candles", topic.name))
        assert.deepStrictEqual(Option.map(found, ({ name }) => name), Option.some(next))
        yield* topic.append(events.slice(350))
        yield* comeOut(topic, closed(changed, events))
      }))

    test("what the batches have read adds up to what was appended", (topic) =>
      asClient((cluster) =>
        Effect.scoped(Effect.gen(function*() {
          const query = yield* cluster.start(workOn(topic, large))
          const batches: Array<Batch> = []
          yield* Effect.forkScoped(collect(query, batches), { startImmediately: true })
          yield* settle
          const events = market({ minutes: 4 })
          const small = events.filter((event) => JSON.parse(event).size <= 50).length
          const unusable = ["no JSON", `{"symbol":"A","time":1}`, `{"symbol":"A","time":"noon","price":"1","size":1}`]
          yield* topic.append(events.slice(0, 200))
          yield* topic.append(unusable)
          yield* topic.append(events.slice(200))
          yield* until(patience, Effect.sync(() => total(batches, "read") >= events.length + unusable.length))
          assert.deepStrictEqual(
            [total(batches, "read"), total(batches, "deadLettered"), total(batches, "filtered"), total(batches, "late")],
            [events.length + unusable.length, unusable.length, small, 0]
          )
          assert.deepStrictEqual(batches.map(({ id }) => id), batches.map((_, i) => (batches[0]?.id ?? 0) + i))
          yield* comeOut(topic, closed(large, events))
        }))))

    test("a computation gives all windows of what is there, and given again changes nothing", (topic) =>
      asClient((cluster) =>
        Effect.gen(function*() {
          const events = market({ minutes: 3 })
          yield* topic.append([...events, "no JSON"])
          const batch = yield* cluster.compute(workOn(topic, candles))
          assert.deepStrictEqual([batch.read, batch.deadLettered, batch.filtered], [events.length + 1, 1, 0])
          assert.deepStrictEqual(yield* windows(topic), all(candles, events))
          yield* cluster.compute(workOn(topic, candles))
          assert.deepStrictEqual(yield* windows(topic), all(candles, events))
          assert.deepStrictEqual(yield* cluster.find("candles", topic.name), Option.none())
        })))

    test("an event that lies too far ahead of the clock at its append cannot be used", (topic) =>
      asClient((cluster) =>
        Effect.gen(function*() {
          const events = market({ minutes: 3 })
          const now = yield* Clock.currentTimeMillis
          const ahead = { symbol: "A", time: now + 3_600_000, price: "1.00", size: 1 }
          yield* topic.append([...events, JSON.stringify(ahead)])
          const batch = yield* cluster.compute(workOn(topic, candles, 600_000))
          assert.deepStrictEqual([batch.read, batch.deadLettered], [events.length + 1, 1])
          assert.deepStrictEqual(yield* windows(topic), all(candles, events))
        })))

    test("a computation over nothing is done, and gives nothing", (topic) =>
      asClient((cluster) =>
        Effect.gen(function*() {
          const batch = yield* cluster.compute(workOn(topic, candles))
          assert.strictEqual(batch.read, 0)
          assert.deepStrictEqual(yield* topic.panes, [])
        })))
  })
}

const workOn = ({ name, results }: Topic, pipeline: AnyPipeline, maxTimeAhead?: number): Work => {
  const program = Effect.runSync(compileAny(pipeline, { maxTimeAhead }))
  return { pipeline, program, maxTimeAhead, topic: name, results }
}

/** What is in the topic of results: of each window the pane that was written last. */
const windows = (topic: Topic) =>
  Effect.gen(function*() {
    const panes = yield* Effect.forEach(yield* topic.panes, (text) => Pane.decodeJson(text))
    return new Set(new Map(panes.map((pane) => [JSON.stringify([pane.key, pane.start, pane.end]), line(pane)])).values())
  })

const occurrences = (topic: Topic) => Effect.map(topic.panes, ({ length }) => length)

/** Waits for panes to come out, and for no others of windows as long as theirs. */
const waitFor = Effect.fnUntraced(function*(topic: Topic, expected: ReadonlySet<string>, patience: number) {
  assert.isAbove(expected.size, 0)
  const isThere = Effect.map(windows(topic), (found) => [...expected].every((pane) => found.has(pane)))
  yield* Effect.ignore(until(patience, isThere))
  const length = (pane: string) => JSON.parse(pane)[3] - JSON.parse(pane)[2]
  const lengths = new Set([...expected].map(length))
  const found = [...yield* windows(topic)].filter((pane) => lengths.has(length(pane)))
  assert.deepStrictEqual(found.sort(), [...expected].sort())
})

/** Looks again and again until it is so. */
const until = <E>(patience: number, isSo: Effect.Effect<boolean, E>) =>
  isSo.pipe(Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("100 millis") }), Effect.timeout(patience))

const collect = (query: Query, batches: Array<Batch>) =>
  Stream.runForEach(query.batches, (batch) => Effect.sync(() => void batches.push(batch)))

const total = (batches: ReadonlyArray<Batch>, count: "read" | "deadLettered" | "filtered" | "late"): number =>
  batches.reduce((sum, batch) => sum + batch[count], 0)

/** Long enough for a subscription to be there. */
const settle = Effect.sleep("500 millis")

const stopFound = (found: Option.Option<Query>) => Option.match(found, { onNone: () => Effect.void, onSome: ({ stop }) => stop })

/** No query outlives its test. */
const stopAll = ({ client }: Harness, topic: Topic) =>
  SparkCluster.use((cluster) =>
    Effect.forEach(["candles", "large"], (pipeline) => Effect.flatMap(cluster.find(pipeline, topic.name), stopFound))
  ).pipe(Effect.provide(client, { local: true }), Effect.orDie)
