/** When a window closes by the clock, to the millisecond, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Tick } from "../../../src/domain/Tick.ts"
import { checkInterval, IdleClock } from "../../../src/streams/engine/IdleClock.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { type DeadLetter, DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Engine, type Options } from "../../../src/streams/ports/Engine.ts"
import { EventLog, type EventLogError } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { type Decision, identityOf } from "../../../src/streams/records/Decision.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"

const runs = Number(process.env["COURANT_RUNS"] ?? 1)
const parameters = { numRuns: 25 * runs }

interface Shape {
  readonly size: number
  readonly bound: number
  readonly timeout: number
}

const pipelineOf = ({ bound, size }: Shape) =>
  Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: bound }).pipe(
    Window.tumbling(size),
    Aggregate.into({ trades: Aggregate.count }),
    Pipeline.named("counts")
  )

/** Times of the grid are multiples of 50 and arrivals are not, so that it is clear which comes first. */
const tens = (min: number, max: number) => fc.integer({ min, max }).map((n) => 10 * n)

const shapes: fc.Arbitrary<Shape> = fc.record({
  size: tens(1, 3_000),
  bound: tens(0, 500),
  timeout: tens(40, 4_000)
})

/** A record with the milliseconds since the one before, and what part of the bound of disorder it is older than most. */
interface Arrival {
  readonly partition: number
  readonly pause: number
  readonly jitter: number
}

interface Sample {
  readonly shape: Shape
  readonly partitions: number
  /** How much older than its arrival a record is at least, in milliseconds. */
  readonly delay: number
  readonly arrivals: ReadonlyArray<Arrival>
}

const samples = (mostPartitions: number, longestPause: number): fc.Arbitrary<Sample> =>
  fc.integer({ min: 1, max: mostPartitions }).chain((partitions) =>
    fc.record({
      shape: shapes,
      partitions: fc.constant(partitions),
      delay: tens(0, 2_000),
      arrivals: fc.array(
        fc.record({
          partition: fc.nat(partitions - 1),
          pause: tens(1, longestPause),
          jitter: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
        }),
        { minLength: 1, maxLength: 8 }
      )
    })
  )

interface Row {
  readonly partition: number
  readonly time: number
  readonly at: number
}

/** Without it event times would be before 1970, which is no matter, but hard to read. */
const epoch = 1_000_000

/** Their disorder is within the bound: none of them is late by event times, and so none may be late by the clock. */
const rowsOf = ({ arrivals, delay, shape: { bound } }: Sample): ReadonlyArray<Row> => {
  let at = 7
  return arrivals.map(({ jitter, partition, pause }) => {
    at += pause
    return { partition, at, time: epoch + at - delay - 10 * Math.floor(jitter * bound / 10) }
  })
}

/** A clock that can be set, and that can go on while nobody who sleeps on it is woken, as if the process was stopped. */
const shifting = Effect.gen(function*() {
  const inner = yield* Clock.Clock
  const shift = { wall: 0, monotonic: 0 }
  const millis = () => inner.currentTimeMillisUnsafe() + shift.wall
  const nanos = () => inner.monotonicTimeNanosUnsafe() + BigInt(shift.monotonic) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(millis()) * 1_000_000n),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => inner.sleep(duration)
  }
  return { shift, clock }
})

interface Told {
  readonly start: number
  readonly at: number
}

interface Trial {
  readonly shape: Shape
  readonly partitions: number
  readonly options?: Partial<Options>
}

const sinkInto = (panes: Array<Pane.Pane>, note: (start: number) => void = () => {}) =>
  Layer.succeed(ResultSink, {
    write: (written) =>
      Effect.sync(() => {
        panes.push(...written)
        for (const { start } of written) note(start)
      }),
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  })

/** An engine over a log in memory, on a clock that can be shifted, that notes when it tells what. */
const trialOf = Effect.fnUntraced(function*({ options, partitions, shape }: Trial) {
  const { clock, shift } = yield* shifting
  const inner = yield* Clock.Clock
  const told: Array<Told> = []
  const panes: Array<Pane.Pane> = []
  const letters: Array<DeadLetter> = []
  const noting = Layer.mergeAll(
    sinkInto(panes, (start) => told.push({ start, at: inner.currentTimeMillisUnsafe() })),
    Layer.effect(DeadLetters, Effect.map(DeadLetters, (sound) => ({
      ...sound,
      write: (written: ReadonlyArray<DeadLetter>) => Effect.sync(() => void letters.push(...written))
    }))).pipe(Layer.provide(DeadLetters.layerMemory))
  )
  // The engine keeps the clock that it was built with.
  const context = yield* Layer.build(
    InProcess.layer.pipe(Layer.provideMerge(
      Layer.mergeAll(EventLog.layerMemory({ partitions }), CheckpointStore.layerMemory, Decisions.layerMemory, Monitor.layer, noting)
    ))
  ).pipe(Effect.provideService(Clock.Clock, clock))
  const start = Effect.forkChild(
    Effect.flatMap(Effect.service(Engine), (engine) =>
      engine.run({ name: "test", pipelines: [pipelineOf(shape)], idleTimeout: shape.timeout, ...options })).pipe(
        Effect.provide(context)
      )
  )
  const log = yield* Effect.provide(EventLog, context)
  const decisions = yield* Effect.provide(Decisions, context)
  const append = ({ partition, time }: Pick<Row, "partition" | "time">) =>
    Effect.andThen(
      log.append(partition, fromTexts([JSON.stringify({ symbol: "A", time, price: "1", size: 1 })])),
      settle
    )
  return { append, decisions, letters, log, panes, shift, start, told }
})

/** Lets everything happen that can happen without time going on. */
const settle = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

const now = Clock.currentTimeMillis

const until = (at: number) => Effect.flatMap(now, (now) => TestClock.adjust(Math.max(0, at - now)))

/** Rows come, and then nothing comes for long enough for every window to close. */
const play = Effect.fnUntraced(function*(
  trial: Trial,
  rows: ReadonlyArray<Row>,
  before: (index: number, engine: Effect.Success<ReturnType<typeof trialOf>>) => void = () => {}
) {
  const engine = yield* trialOf(trial)
  const fiber = yield* engine.start
  yield* settle
  for (const [index, row] of rows.entries()) {
    yield* until(row.at)
    before(index, engine)
    yield* engine.append(row)
  }
  before(rows.length, engine)
  const { bound, size, timeout } = trial.shape
  yield* TestClock.adjust(4 * timeout + 2 * size + bound + 30_000)
  yield* Fiber.interrupt(fiber)
  return engine
})

const windowsOf = (rows: ReadonlyArray<Row>, { size }: Shape) =>
  [...new Set(rows.map(({ time }) => Math.floor(time / size) * size))].sort((a, b) => a - b)

const onGrid = (at: number, { timeout }: Shape) => Math.ceil(at / checkInterval(timeout)) * checkInterval(timeout)

/** The row with the largest event time: the first of equal ones. */
const newestOf = (rows: ReadonlyArray<Row>): Row => rows.reduce((best, row) => row.time > best.time ? row : best)

/** A property over virtual time: each sample has a clock of its own. */
const holdsFor = <A>(arbitrary: fc.Arbitrary<A>, property: (sample: A) => Effect.Effect<void, unknown, never>) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(arbitrary, (sample) => Effect.runPromise(property(sample).pipe(Effect.provide(TestClock.layer())))),
      parameters
    )
  )

/** The first of what was told of each window, by its start: a pane of a window that was told before is no second closing. */
const firstsOf = (told: ReadonlyArray<Told>): ReadonlyArray<Told> =>
  [...new Map([...told].reverse().map((one) => [one.start, one])).values()].sort((a, b) => a.start - b.start)

/** When each partition has had an event at or after a time. */
const reachedAt = (rows: ReadonlyArray<Row>, partitions: number, time: number): ReadonlyArray<number> =>
  Array.from({ length: partitions }, (_, partition) =>
    rows.find((row) => row.partition === partition && row.time >= time)?.at ?? Infinity)

const comesAt = ({ newest, last }: { readonly newest: Row; readonly last: Row }, end: number, { bound, timeout }: Shape) =>
  Math.max(newest.at + end + bound - newest.time, last.at + timeout)

describe("a window closes by the clock", () => {
  it.live("at the newest event's append + end + bound - its time, after the idle time-out, at the next check", () =>
    holdsFor(samples(1, 3_000), (sample) =>
      Effect.gen(function*() {
        const rows = rowsOf(sample)
        const { shape } = sample
        const { letters, told } = yield* play(sample, rows)
        const expected = windowsOf(rows, shape).map((start) => {
          const end = start + shape.size
          const silences = rows.map((last, index) => {
            const newest = newestOf(rows.slice(0, index + 1))
            const at = onGrid(comesAt({ newest, last }, end, shape), shape)
            return at < (rows[index + 1]?.at ?? Infinity) ? at : Infinity
          })
          return { start, at: Math.min(...reachedAt(rows, 1, end + shape.bound), ...silences) }
        })
        assert.deepStrictEqual(firstsOf(told), expected)
        assert.deepStrictEqual(letters, [])
      }).pipe(Effect.scoped)), 120_000)

  it.live("over several partitions too, and a quiet one holds the others up no longer than the idle time-out", () =>
    holdsFor(samples(3, 100), (drawn) =>
      Effect.gen(function*() {
        const rows = rowsOf(drawn)
        const last = rows.at(-1)!
        // Nothing is idle while rows still come.
        const shape = { ...drawn.shape, timeout: Math.max(drawn.shape.timeout, last.at + 10) }
        const { letters, told } = yield* play({ ...drawn, shape }, rows)
        const expected = windowsOf(rows, shape).map((start) => {
          const end = start + shape.size
          const byClock = onGrid(comesAt({ newest: newestOf(rows), last }, end, shape), shape)
          const reached = reachedAt(rows, drawn.partitions, end + shape.bound)
          const idle = reached.map((_, partition) => (rows.findLast((row) => row.partition === partition)?.at ?? 0) + shape.timeout)
          const isReached = reached.some((at) => at < Infinity)
          const withoutIdle = onGrid(Math.max(...reached.map((at, partition) => Math.min(at, idle[partition] ?? 0))), shape)
          return { start, at: Math.min(Math.max(...reached), byClock, isReached ? withoutIdle : Infinity) }
        })
        assert.deepStrictEqual(firstsOf(told), expected)
        assert.deepStrictEqual(letters, [])
      }).pipe(Effect.scoped)), 120_000)

  it.live("never later for a shorter idle time-out", () =>
    holdsFor(fc.tuple(samples(2, 1_000), tens(1, 4_000)), ([sample, longer]) =>
      Effect.gen(function*() {
        const rows = rowsOf(sample)
        const short = yield* play(sample, rows)
        const shape = { ...sample.shape, timeout: sample.shape.timeout + longer }
        const long = yield* inTimeOfItsOwn(play({ ...sample, shape }, rows))
        const later = firstsOf(long.told)
        firstsOf(short.told).forEach(({ at, start }, index) => {
          assert.strictEqual(later[index]?.start, start)
          assert.isAtMost(at, later[index]?.at ?? 0)
        })
      }).pipe(Effect.scoped)), 120_000)

  it.live("at the same moments when the wall clock is set forward or back by an hour, at any time", () =>
    holdsFor(fc.tuple(samples(2, 1_000), fc.nat(8), fc.constantFrom(-1, 1)), ([sample, when, direction]) =>
      Effect.gen(function*() {
        const rows = rowsOf(sample)
        const steady = yield* play(sample, rows)
        const stepped = yield* inTimeOfItsOwn(play(sample, rows, (index, { shift }) => {
          if (index === Math.min(when, rows.length)) shift.wall += direction * 3_600_000
        }))
        assert.deepStrictEqual(stepped.told, steady.told)
        // When they were taken is told by the wall clock.
        const untimed = (decisions: ReadonlyArray<Decision>) => decisions.map((decision) => ({ ...decision, steps: [] }))
        assert.deepStrictEqual(untimed(yield* decisionsIn(stepped.decisions)), untimed(yield* decisionsIn(steady.decisions)))
      }).pipe(Effect.scoped)), 120_000)

  it.live("in a replay at the same places", () =>
    holdsFor(samples(3, 2_000), (sample) =>
      Effect.gen(function*() {
        const { decisions, log, panes } = yield* play(sample, rowsOf(sample))
        const replayed: Array<Pane.Pane> = []
        const ends = yield* log.ends
        const layer = InProcess.layer.pipe(Layer.provide([
          CheckpointStore.layerMemory,
          Layer.succeed(Decisions, decisions),
          DeadLetters.layerMemory,
          Monitor.layer,
          Layer.succeed(EventLog, log),
          sinkInto(replayed)
        ]))
        yield* Effect.flatMap(Effect.service(Engine), (engine) =>
          engine.run({ name: "replay", pipelines: [pipelineOf(sample.shape)], stopAt: Effect.succeed(ends) })).pipe(
            Effect.provide(layer)
          )
        assert.sameDeepMembers(replayed, panes)
      }).pipe(Effect.scoped)), 120_000)

  it("from where it has come when the pace of a recording changes", () => {
    const clock = new IdleClock({ timeout: 100, outOfOrderness: 0, speed: 60 }, [{ next: 1, watermark: 1_000, latest: 1_000 }], 0)
    const reached = () => clock.decisions([{ next: 1, watermark: 0, latest: 1_000 }], [1])[0]?.watermark
    clock.read(50)
    clock.read(100)
    assert.strictEqual(reached(), 1_000 + 100 * 60)
    clock.speed = 1
    clock.speed = 1
    clock.read(150)
    assert.strictEqual(reached(), 1_000 + 100 * 60 + 50)
    clock.speed = 600
    clock.read(200)
    assert.strictEqual(reached(), 1_000 + 100 * 60 + 50 + 50 * 600)
  })

  it.effect("as many times as fast as a recording is played", () =>
    Effect.gen(function*() {
      const shape = { size: 60_000, bound: 5_000, timeout: 400 }
      const { told } = yield* play({ shape, partitions: 1, options: { speed: 60 } }, [{ partition: 0, time: 0, at: 7 }])
      assert.deepStrictEqual(told, [{ start: 0, at: onGrid(7 + 65_000 / 60, shape) }])
    }).pipe(Effect.scoped))
})

describe("silence that nobody has heard", () => {
  const shape = { size: 60_000, bound: 5_000, timeout: 2_000 }
  const first: Row = { partition: 0, time: 0, at: 7 }

  it.live("is none: whatever waited while the process was stopped is on time", () =>
    holdsFor(fc.tuple(samples(2, 1_000), fc.nat(8), fc.oneof(tens(1, 300), tens(1, 10_000))), ([sample, index, pause]) =>
      Effect.gen(function*() {
        const rows = rowsOf(sample)
        const stoppedAt = (rows[index % rows.length]?.at ?? 0) + 10
        const waiting: Array<Row> = []
        let deliver: Effect.Effect<void, EventLogError> = Effect.void
        // A feed is asked, and gives what has been waiting for it.
        const isQuiet = Effect.suspend(() => Effect.as(Effect.orDie(deliver), true))
        const engine = yield* trialOf({ ...sample, options: { isQuiet } })
        deliver = Effect.suspend(() => Effect.forEach(waiting.splice(0), engine.append, { discard: true }))
        const fiber = yield* engine.start
        yield* settle
        for (const row of rows.filter(({ at }) => at <= stoppedAt)) yield* Effect.andThen(until(row.at), engine.append(row))
        yield* until(stoppedAt)
        // The clocks go on, and nobody is woken before the end of it.
        engine.shift.wall += pause
        engine.shift.monotonic += pause
        waiting.push(...rows.filter(({ at }) => at > stoppedAt && at <= stoppedAt + pause))
        for (const row of rows.filter(({ at }) => at > stoppedAt + pause)) {
          yield* until(row.at - pause)
          yield* deliver
          yield* engine.append(row)
        }
        yield* TestClock.adjust(4 * sample.shape.timeout + 2 * sample.shape.size + 40_000)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(engine.letters, [])
        assert.deepStrictEqual(firstsOf(engine.told).map(({ start }) => start), windowsOf(rows, sample.shape))
      }).pipe(Effect.scoped)), 120_000)

  it.effect("is none where there is nobody to ask either: after a stop of 75 seconds what came meanwhile has time to come in", () =>
    Effect.gen(function*() {
      const engine = yield* trialOf({ shape, partitions: 1 })
      const fiber = yield* engine.start
      yield* engine.append(first)
      yield* TestClock.adjust("10 seconds")
      const before = (yield* decisionsIn(engine.decisions)).length
      engine.shift.wall += 75_000
      engine.shift.monotonic += 75_000
      yield* TestClock.adjust(checkInterval(shape.timeout))
      assert.strictEqual((yield* decisionsIn(engine.decisions)).length, before)
      yield* engine.append({ partition: 0, time: 20_000 })
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual([engine.letters, engine.told], [[], []])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.effect("counts as one reading of the clock, however long it was", () =>
    Effect.gen(function*() {
      const engine = yield* trialOf({ shape, partitions: 1 })
      const fiber = yield* engine.start
      yield* engine.append(first)
      yield* TestClock.adjust("10 seconds")
      engine.shift.wall += 75_000
      engine.shift.monotonic += 75_000
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(engine.told, 1)
      // By the clock of the test, which was not shifted.
      assert.isAtLeast(engine.told[0]?.at ?? 0, 65_000 - checkInterval(shape.timeout))
      assert.isAtMost(engine.told[0]?.at ?? 0, 65_000 + 2 * checkInterval(shape.timeout))
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.effect("does not count while the input is out of reach", () =>
    Effect.gen(function*() {
      let isQuiet = true
      const engine = yield* trialOf({ shape, partitions: 1, options: { isQuiet: Effect.sync(() => isQuiet) } })
      const fiber = yield* engine.start
      yield* engine.append(first)
      yield* TestClock.adjust("20 seconds")
      isQuiet = false
      yield* TestClock.adjust("10 minutes")
      isQuiet = true
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(engine.told, 1)
      const late = (engine.told[0]?.at ?? 0) - 665_000
      assert.isAtLeast(late, 0)
      assert.isAtMost(late, 2 * checkInterval(shape.timeout))
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.effect("is judged however long the input takes to answer", () =>
    Effect.gen(function*() {
      // Each answer takes longer than two readings of the clock are apart, and comes between the same ones of eight.
      const long = { ...shape, timeout: 30_000 }
      const engine = yield* trialOf({ shape: long, partitions: 1, options: { isQuiet: Effect.as(Effect.sleep(1_000), true) } })
      const fiber = yield* engine.start
      yield* engine.append(first)
      yield* TestClock.adjust("90 seconds")
      assert.lengthOf(engine.told, 1)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.scoped))

  it.effect("does not count between two runs, and what the first has heard is not forgotten", () =>
    Effect.gen(function*() {
      const engine = yield* trialOf({ shape, partitions: 1 })
      const fiber = yield* engine.start
      yield* engine.append(first)
      yield* TestClock.adjust("40 seconds")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(engine.told, [])
      const again = yield* engine.start
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(engine.told, 1)
      const late = (engine.told[0]?.at ?? 0) - 3_665_000
      assert.isAtLeast(late, 0)
      assert.isAtMost(late, 2 * checkInterval(shape.timeout))
      yield* Fiber.interrupt(again)
    }).pipe(Effect.scoped))

  it("begins when the log was first seen to hold the newest record, not when a busy engine has come to it", () => {
    const idle = new IdleClock({ timeout: 1_000, outOfOrderness: 0, speed: 1 }, [nothingTaken], 0)
    for (let at = 200; at <= 3_000; at += 200) idle.read(at)
    assert.deepStrictEqual(idle.decisions([nothingTaken], [1]), [])
    for (let at = 3_200; at <= 9_000; at += 200) idle.read(at)
    const taken = { next: 1, watermark: 50_000, latest: 50_000 }
    idle.took({ ...fromTexts(["{}"]), partition: 0, offsets: Float64Array.of(0), appendedAt: Float64Array.of(0) }, [taken], 9_000)
    assert.deepStrictEqual(idle.decisions([taken], [1]), [{ partition: 0, watermark: 56_000 }])
  })
})

describe("an idle partition", () => {
  const at = (next: number, watermark: number) => ({ next, watermark, latest: watermark })

  it("is raised to the smallest watermark of the active ones, and stays where it is ahead of them", () => {
    const idle = new IdleClock({ timeout: 1_000, outOfOrderness: 0, speed: 1 }, Array.from({ length: 5 }, () => nothingTaken), 0)
    const partitions = [at(1, 300), at(1, 200), nothingTaken, at(1, 100), at(1, 400)]
    const take = (partition: number, now: number) =>
      idle.took({ ...fromTexts(["{}"]), partition, offsets: Float64Array.of(0), appendedAt: Float64Array.of(0) }, partitions, now)
    take(3, 0)
    take(4, 0)
    for (let now = 200; now <= 800; now += 200) idle.read(now)
    take(0, 900)
    take(1, 900)
    idle.read(1_000)
    assert.deepStrictEqual(idle.decisions(partitions, [1, 1, 0, 1, 1]), [
      { partition: 2, watermark: 200 },
      { partition: 3, watermark: 200 }
    ])
    // What is in the log and has not been read is no silence.
    assert.deepStrictEqual(idle.decisions(partitions, [1, 1, 1, 2, 1]), [])
  })
})

const nothingTaken = { next: 0, watermark: -Infinity, latest: -Infinity }

/** Another run of the same history begins at 0 again. */
const inTimeOfItsOwn = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.provide(effect, TestClock.layer(), { local: true })

/** In the order of their places. */
const decisionsIn = (decisions: Decisions["Service"]) =>
  Effect.map(decisions.read, (all) => all.toSorted((a, b) => identityOf(a) < identityOf(b) ? -1 : 1))
