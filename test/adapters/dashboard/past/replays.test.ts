/** The past that viewers are told is what was known at the time, whichever times are asked for one after another. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Interest from "../../../../src/adapters/dashboard/Interest.ts"
import * as LogTimes from "../../../../src/adapters/dashboard/past/LogTimes.ts"
import type { ReplaySnapshot } from "../../../../src/adapters/dashboard/past/Replay.ts"
import * as Replays from "../../../../src/adapters/dashboard/past/Replays.ts"
import * as History from "../../../../src/streams/engine/History.ts"
import * as Past from "../../../../src/streams/engine/Past.ts"
import { PastSnapshots } from "../../../../src/streams/engine/PastSnapshots.ts"
import type { Unused } from "../../../../src/streams/engine/Refusals.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../../src/streams/pipeline/index.ts"
import { encode, type Encoded, type Pane, replaces } from "../../../../src/streams/pipeline/Pane.ts"
import { Decisions } from "../../../../src/streams/ports/Decisions.ts"
import { EventLog } from "../../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../../src/streams/ports/Feed.ts"
import { fromTexts } from "../../../../src/streams/records/Records.ts"
import { Tick } from "../../../../src/domain/Tick.ts"

const ticks = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: 2_000 })
const sums = { close: Aggregate.last("size"), volume: Aggregate.sum("size") }

const candles = ticks.pipe(Window.tumbling("10 seconds"), Aggregate.into(sums), Pipeline.allowedLateness("20 seconds"), Pipeline.named("candles"))
const sessions = ticks.pipe(Window.session("8 seconds"), Aggregate.into(sums), Pipeline.emitOnUpdate(), Pipeline.named("sessions"))
const pipelines = [candles, sessions]
const keys = ["A", "B"]

const around = (partitions: number) =>
  Layer.mergeAll(EventLog.layerMemory({ partitions }), Decisions.layerMemory, Feed.layerMemory([]), TestClock.layer())

const step = fc.record({
  wait: fc.integer({ min: 1, max: 30_000 }),
  partition: fc.nat(1),
  ticks: fc.array(fc.record({ symbol: fc.constantFrom(...keys), behind: fc.nat(25_000), size: fc.integer({ min: 1, max: 9 }) }), { maxLength: 4 }),
  isIdle: fc.boolean()
})

/** A log that was written over some minutes, and decisions that were taken meanwhile. Gives when something happened. */
const written = Effect.fnUntraced(function*(steps: ReadonlyArray<Fc<typeof step>>, partitions: number) {
  const log = yield* EventLog
  const decisions = yield* Decisions
  const times: Array<number> = []
  for (const { isIdle, partition, ticks, wait } of steps) {
    yield* TestClock.adjust(wait)
    const now = yield* Clock.currentTimeMillis
    times.push(now)
    const texts = ticks.map(({ behind, ...tick }) => JSON.stringify({ ...tick, time: 1_000_000 + now - behind, price: "1" }))
    if (texts.length > 0) yield* log.append(partition % partitions, fromTexts(texts))
    yield* TestClock.adjust(1)
    const takenAt = now + 1
    if (!isIdle) continue
    const watermark = 1_000_000 + now - 2_000
    const at = (yield* log.ends)[partition % partitions]!
    yield* decisions.write([{ _tag: "idle", partition: partition % partitions, at, watermark, steps: [{ takenAt, watermark }] }])
    times.push(takenAt)
  }
  return times
})

type Fc<A> = A extends fc.Arbitrary<infer T> ? T : never

const stores = Effect.context<Decisions | EventLog>()

/** What was open and counted at a time, and what could not be used, as the job of a run from the beginning of the log has it. */
const stateAt = Effect.fnUntraced(function*(time: number) {
  const unused: Array<Unused> = []
  const job = yield* Past.run({ pipelines, until: time }, ({ part }, job) => Effect.sync(() => {
    unused.push(...("_tag" in part ? job.decide(part) : job.take(part)).unused)
  }))
  return { open: inOrder(job.forming({ most: Infinity })), counts: Object.fromEntries(job.countsByPipeline), unused: unused.map(lineOf).sort() }
})

const lineOf = ({ offset, partition, pipeline, reason }: Pick<Unused, "offset" | "partition" | "pipeline" | "reason">) => `${pipeline} ${reason} ${partition} ${offset}`

/** One for each record or two, of which some go again. */
const everywhere = () => new PastSnapshots<ReplaySnapshot>({ most: 5, mostBytes: 2 ** 20 }, 1)

const inOrder = (panes: Iterable<Pane>) => [...panes].map(encode).sort((a, b) => byText(JSON.stringify(a), JSON.stringify(b)))
const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

const runs = Number(process.env["COURANT_RUNS"] ?? 1)

const over = (check: (times: ReadonlyArray<number>, asked: ReadonlyArray<number>) => Effect.Effect<void, unknown, Decisions | EventLog | Feed | never>, numRuns: number) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 2 }), (steps, picks, partitions) =>
        Effect.gen(function*() {
          const times = yield* written(steps, partitions)
          yield* check(times, picks.map((pick) => times[pick % times.length]! + (pick % 3) - 1))
        }).pipe(Effect.provide(around(partitions)), Effect.scoped, Effect.runPromise)),
      { numRuns: numRuns * runs, endOnFailure: true }
    ))

describe("a replay of the past", () => {
  it.effect("has at any time the panes and open windows that were known then, asked forwards and backwards", () =>
    over(Effect.fnUntraced(function*(_, asked) {
      const snapshots = everywhere()
      const replays = yield* Replays.make({ pipelines, stores: yield* stores, snapshots })
      for (const time of asked) {
        yield* Effect.scoped(Effect.gen(function*() {
          const { known, letters, live, position, progress } = yield* replays.standing(time, [])
          assert.strictEqual(position(), time)
          const expected = yield* History.asKnownAt(pipelines, { time })
          assert.deepStrictEqual(yield* known.at(time).read({}), expected.panes)
          const { latest } = yield* letters().latest!({ limit: 1_000 })
          const found = { open: inOrder(live.forming.all()), counts: progress().byPipeline, unused: latest.map(lineOf).sort() }
          assert.deepStrictEqual(found, yield* stateAt(time))
          assert.isAtMost(snapshots.all.length, 5)
        }))
      }
      // Whoever reads panes of an earlier time may get them of a replay that is further.
      const earliest = Math.min(...asked)
      const { known } = yield* Effect.scoped(replays.reaching(earliest, []))
      assert.deepStrictEqual(yield* known.at(earliest).read({}), (yield* History.asKnownAt(pipelines, { time: earliest })).panes)
    }, Effect.scoped), 60))

  it.effect("that plays on tells what becomes known, and says up to when", () =>
    over(Effect.fnUntraced(function*(_, [from = 0]) {
      const replays = yield* Replays.make({ pipelines, stores: yield* stores })
      const { known, live, play } = yield* replays.own(from, [])
      const told = new Map<string, Encoded>()
      for (const pane of yield* known.at(from).read({})) told.set(windowOf(pane), pane)
      const played: Array<readonly [number, ReadonlyArray<Encoded>]> = []
      yield* eventsOf(live.events(Interest.inAll(undefined))).pipe(
        Stream.runForEach(({ data, event }) => Effect.sync(() => {
          const known = event === "pane" ? told.get(windowOf(data)) : undefined
          if (event === "pane" && (known === undefined || replaces(data, known))) told.set(windowOf(data), data)
          if (event === "progress") played.push([data.knownAt, [...told.values()].filter(({ pane }) => pane !== "retracted")])
        })),
        Effect.forkScoped({ startImmediately: true })
      )
      const playing = yield* Effect.forkScoped(play(10))
      for (let round = 0; round < 1_000 && playing.pollUnsafe() === undefined; round++) yield* TestClock.adjust("250 millis")
      yield* Fiber.join(playing)
      yield* TestClock.adjust("1 second")
      const end = (yield* LogTimes.make(yield* EventLog).pipe(Effect.flatten)).to ?? from
      assert.isAtLeast(played.at(-1)![0], Math.max(from, end))
      for (const [time, panes] of played) {
        const expected = yield* History.asKnownAt(pipelines, { time })
        assert.deepStrictEqual(panes.map(windowOf).sort(), expected.panes.map(windowOf).sort())
        assert.sameDeepMembers([...panes], [...expected.panes])
      }
    }, Effect.scoped), 8))

  it.effect("that is given up goes no further, and the next one goes on from there", () =>
    over(Effect.fnUntraced(function*(times, asked) {
      const replays = yield* Replays.make({ pipelines, stores: yield* stores })
      const given = yield* Effect.forkScoped(Effect.scoped(replays.standing(times.at(-1)!, [])), { startImmediately: true })
      yield* Fiber.interrupt(given)
      for (const time of asked) {
        const { known } = yield* Effect.scoped(replays.standing(time, []))
        assert.deepStrictEqual(yield* known.at(time).read({}), (yield* History.asKnownAt(pipelines, { time })).panes)
      }
    }, Effect.scoped), 5))

  it.effect("is one of four at most, of which others take the places that nobody uses", () =>
    Effect.gen(function*() {
      const times = yield* written([{ wait: 1_000, partition: 0, ticks: [], isIdle: false }], 1)
      const replays = yield* Replays.make({ pipelines, stores: yield* stores })
      const first = yield* Effect.scoped(Effect.gen(function*() {
        const all = yield* Effect.forEach([1, 2, 3, 4], (back) => replays.own(times[0]! - back, []))
        assert.strictEqual(new Set(all).size, 4)
        assert.strictEqual((yield* Effect.flip(replays.standing(times[0]! - 9, []))).message, "the past is looked at by 4 others; ask again when one of them has gone")
        assert.include(all, yield* replays.reaching(times[0]! - 9, []))
        return all
      }))
      assert.notInclude(first, yield* Effect.scoped(replays.standing(times[0]! - 9, [])))
      assert.include(first, yield* Effect.scoped(replays.standing(times[0]!, [])))
    }).pipe(Effect.provide(around(1)), Effect.scoped))
})

describe("the times of a log", () => {
  it.effect("count each record once, over equal times, whatever was counted before", () =>
    over(Effect.fnUntraced(function*() {
      const log = yield* EventLog
      const read = yield* LogTimes.make(log)
      yield* read
      yield* log.append(0, fromTexts(["{}", "{}"]))
      const { counts, from, records, to, width } = yield* read
      const total = (yield* log.ends).reduce((sum, end) => sum + end, 0)
      assert.strictEqual(records, total)
      assert.strictEqual(counts.reduce((sum, [, count]) => sum + count, 0), total)
      assert.isTrue(counts.every(([time]) => time % width === 0 && time + width > from! && time <= to!))
      assert.deepStrictEqual(yield* read, yield* Effect.flatten(LogTimes.make(log)))
    }, Effect.scoped), 5))
})

const windowOf = ({ end, key, pipeline, start }: Encoded) => JSON.stringify([pipeline, key, start, end])

/** The events of a stream as programs read them. */
const eventsOf = (events: Stream.Stream<Uint8Array>) =>
  events.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line.startsWith("event: ") || line.startsWith("data: ")),
    Stream.grouped(2),
    Stream.map(([event = "", data = ""]) => ({ event: event.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) }))
  )
