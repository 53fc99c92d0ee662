/** A query is looked after, whatever becomes of it: against a Spark of a few lines, by a clock that waits for nobody. */
import { assert, it } from "@effect/vitest"
import { create } from "@bufbuild/protobuf"
import { Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { Progress } from "../../../../src/adapters/spark/connect/Progress.ts"
import { StreamingQueryManagerCommandResultSchema } from "../../../../src/adapters/spark/connect/proto/commands_pb.ts"
import { Session } from "../../../../src/adapters/spark/connect/Session.ts"
import { SparkError } from "../../../../src/adapters/spark/connect/SparkError.ts"
import type { StreamingQuery } from "../../../../src/adapters/spark/connect/StreamingQuery.ts"
import * as QuerySupervisor from "../../../../src/adapters/spark/live/QuerySupervisor.ts"
import type { Sessions } from "../../../../src/adapters/spark/live/Sessions.ts"

/** What happens between two questions: so many batches are done, and then it goes on or is lost in some way. */
type Event =
  | { readonly _tag: "batches"; readonly count: number }
  /** Nothing new comes, and the query says so. */
  | { readonly _tag: "idles" }
  | { readonly _tag: "fails"; readonly after: number }
  | { readonly _tag: "lost"; readonly reason: "session-closed" | "session-changed" | "unreachable" | "execution-lost" | "refused" }
  /** Its checkpoint is gone, and with it the numbers of its batches. */
  | { readonly _tag: "emptied" }
  | { readonly _tag: "stopped" }
  | { readonly _tag: "token" }

class Model {
  readonly told: Array<number> = []
  readonly pauses: Array<number> = []
  restarts = 0
  #run = 0
  #said: Array<Progress> = []
  done = 0
  readonly #events: Array<Event>

  /** With so many batches before anybody looks. */
  constructor(events: ReadonlyArray<Event>, before = 0) {
    this.#events = [...events]
    this.#compute(before)
  }

  #compute(count: number) {
    for (let i = 0; i < count; i++) this.#said.push(progressOf(this.done++, { addBatch: 5, triggerExecution: 7 }))
  }

  get query(): StreamingQuery {
    return {
      id: "id",
      runId: `run ${this.#run}`,
      name: "q",
      lastProgress: Effect.sync(() => this.#said.at(-1)),
      recentProgress: Effect.sync(() => this.#said.slice(-100)),
      awaitTermination: () => Effect.suspend(() => this.#next()),
      status: nothing,
      stop: nothing,
      exception: nothing,
      explain: nothing
    }
  }

  #next(): Effect.Effect<boolean, SparkError> {
    const event = this.#events.shift() ?? { _tag: "token" }
    switch (event._tag) {
      case "batches":
        this.#compute(event.count)
        return Effect.succeed(false)
      case "idles":
        this.#said.push(progressOf(this.done, { latestOffset: 1, triggerExecution: 1 }))
        return Effect.succeed(false)
      case "fails":
        this.#compute(event.after)
        return Effect.fail(new SparkError({ reason: "refused", errorClass: "STREAM_FAILED", message: "failed", causes: ["why"] }))
      case "lost":
        return Effect.fail(new SparkError({ reason: event.reason, message: event.reason }))
      case "emptied":
        this.done = 0
        return Effect.fail(new SparkError({ reason: "unreachable", message: "away" }))
      case "stopped":
        return Effect.succeed(true)
      case "token":
        return Effect.fail(new SparkError({ reason: "unauthenticated", message: "over" }))
    }
  }

  /** Looks after it until that is over, which is told by what it failed with. */
  watch(options: { readonly attempts?: number; readonly isJoined?: boolean } = {}) {
    const { attempts = 10, isJoined = false } = options
    const revive = Effect.sync(() => {
      this.#run++
      this.#said = []
      return { query: this.query, isJoined: false }
    })
    return Effect.gen({ self: this }, function*() {
      const watching = yield* Effect.forkChild(Effect.flip(QuerySupervisor.watch({
        sessions,
        name: "q",
        first: { query: this.query, isJoined },
        revive,
        attempts,
        tell: ({ batchId, durationMs }) => Effect.sync(() => void this.told.push(durationMs["addBatch"] === undefined ? -1 : batchId)),
        onRestart: Effect.sync(() => void this.restarts++)
      })))
      yield* TestClock.adjust("1 day")
      return yield* Fiber.join(watching)
    })
  }
}

/** A clock of its own for each run, and nobody who reads what is said. */
const quiet = Layer.merge(TestClock.layer(), Logger.layer([]))

const nothing = Effect.die("nobody asks for it")

/** Of no query. */
const active = create(StreamingQueryManagerCommandResultSchema, { resultType: { case: "active", value: { activeQueries: [] } } })

const session = Session.of({
  id: "",
  serverSessionId: "",
  version: "4.0.0",
  explain: () => nothing,
  schema: () => nothing,
  isStreaming: () => nothing,
  set: () => nothing,
  fixed: () => nothing,
  observe: () => nothing,
  get: () => nothing,
  interrupt: nothing,
  execute: () => Effect.succeed([{ case: "streamingQueryManagerCommandResult", value: active }])
})

const within: Sessions["within"] = (work) => Effect.provideService(work, Session, session)

const sessions: Sessions = { within, use: within, reset: Effect.void }

const progressOf = (batchId: number, durationMs: Progress["durationMs"]): Progress => ({
  id: "id",
  runId: "run",
  timestamp: "",
  batchId,
  durationMs,
  stateOperators: [],
  sources: [],
  sink: { description: "" }
})

const happening: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("batches"), count: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 2, arbitrary: fc.constant({ _tag: "idles" } as const) },
  fc.record({ _tag: fc.constant("fails"), after: fc.integer({ min: 0, max: 3 }) }),
  fc.record({
    _tag: fc.constant("lost"),
    reason: fc.constantFrom("session-closed", "session-changed", "unreachable", "execution-lost", "refused")
  })
)

it.effect("each batch is told once and in order, whatever comes between", () =>
  Effect.promise(() =>
    fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 30 }), async (events) => {
      const model = new Model(events)
      const error = await Effect.runPromise(Effect.provide(model.watch({ attempts: 100 }), quiet))
      assert.deepStrictEqual([error.reason, error.message], ["refused", "over"])
      assert.deepStrictEqual(model.told, Array.from({ length: model.done }, (_, id) => id))
      assert.strictEqual(model.restarts, events.filter(({ _tag }) => _tag !== "batches" && _tag !== "idles").length)
    }))
  ))

const failing = (times: number): ReadonlyArray<Event> => Array.from({ length: times }, () => ({ _tag: "fails", after: 0 }))

it.effect("one that fails again and again is given up, with the reason; a batch in between makes up for it", () =>
  Effect.gen(function*() {
    const model = new Model([...failing(3), { _tag: "batches", count: 1 }, ...failing(4), { _tag: "batches", count: 1 }])
    const { message, reason } = yield* model.watch({ attempts: 3 })
    assert.strictEqual(reason, "failed")
    assert.match(message, /^the query q was started again 3 times in a row, and did not get on: why$/)
    assert.deepStrictEqual([model.restarts, model.told], [6, [0]])
  }))

it.effect("what nothing answers is unreachable in the end", () =>
  Effect.gen(function*() {
    const away = Array.from({ length: 3 }, () => ({ _tag: "lost", reason: "unreachable" } as const))
    assert.strictEqual((yield* new Model(away).watch({ attempts: 2 })).reason, "unreachable")
  }))

it.effect("one that has ended without a failure was stopped", () =>
  Effect.gen(function*() {
    const model = new Model([{ _tag: "batches", count: 2 }, { _tag: "stopped" }, { _tag: "batches", count: 2 }])
    const { message, reason } = yield* model.watch()
    assert.deepStrictEqual([reason, message, model.told, model.restarts], ["stopped", "the query q was stopped", [0, 1], 0])
  }))

it.effect("what a query had done before it was joined is not told", () =>
  Effect.gen(function*() {
    const model = new Model([{ _tag: "batches", count: 0 }, { _tag: "batches", count: 2 }], 3)
    yield* model.watch({ isJoined: true })
    assert.deepStrictEqual(model.told, [3, 4])
  }))

it.effect("nor is one lost that comes behind a time in which nothing did", () =>
  Effect.gen(function*() {
    const model = new Model([{ _tag: "idles" }, { _tag: "idles" }, { _tag: "batches", count: 1 }, { _tag: "idles" }, { _tag: "batches", count: 2 }], 3)
    yield* model.watch({ isJoined: true })
    assert.deepStrictEqual(model.told, [3, 4, 5])
  }))

it.effect("one whose checkpoint is gone begins to count anew", () =>
  Effect.gen(function*() {
    const model = new Model([{ _tag: "batches", count: 3 }, { _tag: "emptied" }, { _tag: "batches", count: 2 }])
    yield* model.watch()
    assert.deepStrictEqual(model.told, [0, 1, 2, 0, 1])
  }))
