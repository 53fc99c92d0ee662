/** Logs that were written over some minutes, and that a replay of them has at any time what was known then. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { ReplaySnapshot } from "../../../../src/adapters/dashboard/past/Replay.ts"
import type * as Replays from "../../../../src/adapters/dashboard/past/Replays.ts"
import * as History from "../../../../src/streams/engine/History.ts"
import * as Past from "../../../../src/streams/engine/Past.ts"
import { PastSnapshots } from "../../../../src/streams/engine/PastSnapshots.ts"
import type { Unused } from "../../../../src/streams/engine/Refusals.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../../src/streams/pipeline/index.ts"
import { encode, type Pane } from "../../../../src/streams/pipeline/Pane.ts"
import { Decisions } from "../../../../src/streams/ports/Decisions.ts"
import { EventLog } from "../../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../../src/streams/ports/Feed.ts"
import { fromTexts } from "../../../../src/streams/records/Records.ts"
import { Tick } from "../../../../src/domain/Tick.ts"

const ticks = Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: 2_000 })
const sums = { close: Aggregate.last("size"), volume: Aggregate.sum("size") }

const candles = ticks.pipe(Window.tumbling("10 seconds"), Aggregate.into(sums), Pipeline.allowedLateness("20 seconds"), Pipeline.named("candles"))
const sessions = ticks.pipe(Window.session("8 seconds"), Aggregate.into(sums), Pipeline.emitOnUpdate(), Pipeline.named("sessions"))
export const pipelines = [candles, sessions]
const keys = ["A", "B"]

export const around = (partitions: number) =>
  Layer.mergeAll(EventLog.layerMemory({ partitions }), Decisions.layerMemory, Feed.layerMemory([]), TestClock.layer())

const step = fc.record({
  wait: fc.integer({ min: 1, max: 30_000 }),
  partition: fc.nat(1),
  ticks: fc.array(fc.record({ symbol: fc.constantFrom(...keys), behind: fc.nat(25_000), size: fc.integer({ min: 1, max: 9 }) }), { maxLength: 4 }),
  isIdle: fc.boolean()
})

/** A log that was written over some minutes, and decisions that were taken meanwhile. Gives when something happened. */
export const written = Effect.fnUntraced(function*(steps: ReadonlyArray<Fc<typeof step>>, partitions: number) {
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

export const stores = Effect.context<Decisions | EventLog>()

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
const seed = process.env["COURANT_SEED"] === undefined ? {} : { seed: Number(process.env["COURANT_SEED"]) }

export const over = (check: (times: ReadonlyArray<number>, asked: ReadonlyArray<number>) => Effect.Effect<void, unknown, Decisions | EventLog | Feed | never>, numRuns: number) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 2 }), (steps, picks, partitions) =>
        Effect.gen(function*() {
          const times = yield* written(steps, partitions)
          yield* check(times, picks.map((pick) => times[pick % times.length]! + (pick % 3) - 1))
        }).pipe(Effect.provide(around(partitions)), Effect.scoped, Effect.runPromise)),
      { numRuns: numRuns * runs, endOnFailure: true, ...seed }
    ))

/** Asked forwards and backwards, at times of which there are snapshots and at others. */
export const isWhatWasKnown = (made: Pick<typeof Replays, "make">, numRuns: number) =>
  over(Effect.fnUntraced(function*(_, asked) {
    const snapshots = everywhere()
    const replays = yield* made.make({ pipelines, stores: yield* stores, snapshots })
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
  }, Effect.scoped), numRuns)
