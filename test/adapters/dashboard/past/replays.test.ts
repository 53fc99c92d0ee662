/** The past that viewers are told is what was known at the time, whichever times are asked for one after another. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Interest from "../../../../src/adapters/dashboard/Interest.ts"
import * as LogTimes from "../../../../src/adapters/dashboard/past/LogTimes.ts"
import * as Replays from "../../../../src/adapters/dashboard/past/Replays.ts"
import * as History from "../../../../src/streams/engine/History.ts"
import { type Encoded, replaces } from "../../../../src/streams/pipeline/Pane.ts"
import { EventLog } from "../../../../src/streams/ports/EventLog.ts"
import { fromTexts } from "../../../../src/streams/records/Records.ts"
import { around, isWhatWasKnown, over, pipelines, stores, written } from "./replayLaw.ts"

describe("a replay of the past", () => {
  it.effect("has at any time the panes and open windows that were known then, asked forwards and backwards", () =>
    isWhatWasKnown(Replays, 60))

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

  it.effect.each([0.1, 1, 600])("that plays on leaves out what is left of a silence after two seconds, at a speed of %d", (speed) =>
    Effect.gen(function*() {
      const tick = { symbol: "A", behind: 0, size: 1 }
      const step = { wait: 3_600_000, partition: 0, ticks: [tick], isIdle: false }
      const [first = 0, next = 0] = yield* written([step, step], 1)
      const replays = yield* Replays.make({ pipelines, stores: yield* stores })
      const { live, play, position } = yield* replays.own(first, [])
      yield* eventsOf(live.events(Interest.inAll(undefined))).pipe(Stream.runDrain, Effect.forkScoped({ startImmediately: true }))
      const playing = yield* Effect.forkScoped(play(speed))
      yield* TestClock.adjust("1900 millis")
      assert.isBelow(position(), next)
      yield* TestClock.adjust("250 millis")
      assert.strictEqual(position(), next)
      yield* Fiber.join(playing)
    }).pipe(Effect.provide(around(1)), Effect.scoped))

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
