/** When the Connect server is started again, when it is not, and what is waited for; by the clock of the test. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ConnectServer, type Options } from "../../../../src/adapters/spark/rest/ConnectServer.ts"
import * as Memory from "../../../../src/adapters/spark/rest/MemorySubmissions.ts"
import { type DriverState, Submissions } from "../../../../src/adapters/spark/rest/Submissions.ts"

/** A server on a cluster in memory, which serves when the test says so. */
const started = Effect.fnUntraced(function*(
  options: Partial<Options> = {},
  memory: Memory.Options = {},
  /** Of one that was submitted before. */
  before?: DriverState
) {
  const scope = yield* Scope.make()
  const submissions = yield* Layer.build(Memory.layer(memory)).pipe(Scope.provide(scope))
  const earlier = yield* Effect.gen(function*() {
    if (before === undefined) return {}
    const id = yield* Submissions.use(({ create }) => create({ mainClass: "earlier" }))
    yield* Memory.MemoryCluster.use(({ become }) => become(id, before))
    return { submission: id }
  }).pipe(Effect.provideContext(submissions))
  const asked: Array<string> = []
  let isServing = true
  const context = yield* Layer.build(
    ConnectServer.layer({
      port: 15002,
      token: Redacted.make("s3cret"),
      serves: (address) =>
        Effect.suspend(() => {
          asked.push(address)
          return isServing ? Effect.void : Effect.fail("not yet")
        }),
      ...options,
      ...earlier
    }).pipe(Layer.provideMerge(Layer.succeedContext(submissions)))
  ).pipe(Scope.provide(scope))
  const inside = <A, E>(effect: Effect.Effect<A, E, ConnectServer | Memory.MemoryCluster | Submissions>) =>
    Effect.provideContext(effect, context)
  const cluster = yield* inside(Memory.MemoryCluster)
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  return {
    cluster,
    asked,
    serve: (serving: boolean) => void (isServing = serving),
    end: Scope.close(scope, Exit.void),
    server: inside(ConnectServer.use(({ server }) => server)),
    ended: inside(ConnectServer.use(({ ended }) => ended)),
    status: (id: string) => inside(Submissions.use(({ status }) => status(id))),
    ids: () => cluster.submitted().map(({ id }) => id),
    latest: () => cluster.submitted().at(-1)?.id ?? "none"
  }
})

const isWaiting = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() === undefined

describe("the Connect server", () => {
  it.effect("is submitted with its token in the environment, and in no property", () =>
    Effect.gen(function*() {
      const { cluster, server } = yield* started({ properties: { "spark.executor.memory": "2g", "spark.driver.supervise": "true" } })
      const { address, id } = yield* server
      const [submitted] = cluster.submitted()
      assert.deepStrictEqual([id, address], [submitted?.id ?? "", "127.0.0.1:15002"])
      assert.strictEqual(submitted?.application.properties?.["spark.executor.memory"], "2g")
      assert.strictEqual(submitted?.application.properties?.["spark.driver.supervise"], "false")
      assert.strictEqual(submitted?.application.properties?.["spark.connect.grpc.binding.address"], "127.0.0.1")
      assert.notInclude(JSON.stringify(submitted?.application.properties), "s3cret")
      const [token] = Object.values(submitted?.application.environment ?? {})
      assert.strictEqual(Redacted.isRedacted(token) ? Redacted.value(token) : "", "s3cret")
    }).pipe(Effect.scoped))

  it.effect("is not ready because its driver runs", () =>
    Effect.gen(function*() {
      const { asked, serve, server } = yield* started()
      serve(false)
      const waiting = yield* Effect.forkChild(server)
      yield* TestClock.adjust("20 seconds")
      assert.isTrue(isWaiting(waiting))
      assert.isAbove(asked.length, 10)
      serve(true)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiting)).address, "127.0.0.1:15002")
    }).pipe(Effect.scoped))

  for (const state of ["FAILED", "ERROR"] as const) {
    it.effect(`is started again after ${state}, so many times and no more`, () =>
      Effect.gen(function*() {
        const { cluster, ended, ids, latest, server } = yield* started({ restarts: 3 })
        const first = (yield* server).id
        const end = yield* Effect.forkChild(Effect.flip(ended))
        for (let fall = 1; fall <= 3; fall++) {
          yield* cluster.become(latest(), state)
          yield* TestClock.adjust("20 seconds")
          assert.strictEqual(ids().length, fall + 1)
          const { id } = yield* server
          assert.strictEqual(id, latest())
          assert.notStrictEqual(id, first)
        }
        assert.isTrue(isWaiting(end))
        yield* cluster.become(latest(), state)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(ids().length, 4)
        const error = yield* Fiber.join(end)
        assert.strictEqual(error.reason, "ended")
        assert.include(error.message, state)
        assert.strictEqual((yield* Effect.flip(server)).message, error.message)
      }).pipe(Effect.scoped))
  }

  it.effect("that has served for long may fail as often again", () =>
    Effect.gen(function*() {
      const { cluster, ids, latest, server } = yield* started({ restarts: 1 })
      for (let fall = 1; fall <= 4; fall++) {
        yield* server
        yield* TestClock.adjust("11 minutes")
        yield* cluster.become(latest(), "FAILED")
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(ids().length, fall + 1)
      }
    }).pipe(Effect.scoped))

  for (const state of ["KILLED", "FINISHED"] as const) {
    it.effect(`stays down after ${state}`, () =>
      Effect.gen(function*() {
        const { cluster, ended, ids, latest, server } = yield* started()
        yield* server
        yield* cluster.become(latest(), state)
        yield* TestClock.adjust("1 minute")
        assert.match((yield* Effect.flip(ended)).message, /stays down$/)
        assert.strictEqual(ids().length, 1)
      }).pipe(Effect.scoped))
  }

  for (const state of ["RELAUNCHING", "UNKNOWN", "SUBMITTED"] satisfies ReadonlyArray<DriverState>) {
    it.effect(`is waited for while it is ${state}, however long that takes`, () =>
      Effect.gen(function*() {
        const { cluster, ids, latest, server } = yield* started()
        const { id } = yield* server
        yield* cluster.become(latest(), state)
        yield* TestClock.adjust("1 second")
        const waiting = yield* Effect.forkChild(server)
        yield* TestClock.adjust("1 hour")
        assert.isTrue(isWaiting(waiting))
        yield* cluster.become(latest(), "RUNNING")
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(waiting)).id, id)
        assert.strictEqual(ids().length, 1)
      }).pipe(Effect.scoped))
  }

  it.effect("that finds no room is given up, and taken back", () =>
    Effect.gen(function*() {
      const { ended, latest, status } = yield* started({ startTimeout: "1 minute" }, { fate: () => "SUBMITTED" })
      const end = yield* Effect.forkChild(Effect.flip(ended))
      yield* TestClock.adjust("55 seconds")
      assert.isTrue(isWaiting(end))
      yield* TestClock.adjust("10 seconds")
      assert.match((yield* Fiber.join(end)).message, /after 1m: no worker has the cores and the memory for it$/)
      assert.strictEqual((yield* status(latest())).state, "KILLED")
    }).pipe(Effect.scoped))

  it.effect("goes on serving while the master is away", () =>
    Effect.gen(function*() {
      const { cluster, ids, server } = yield* started()
      const { id } = yield* server
      yield* cluster.reachable(false)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* server).id, id)
      yield* cluster.reachable(true)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ids(), [id])
    }).pipe(Effect.scoped))

  it.effect("is started again by a master that has forgotten it", () =>
    Effect.gen(function*() {
      const { cluster, ids, server } = yield* started()
      const { id } = yield* server
      yield* cluster.forget
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(ids(), [id])
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(ids().length, 2)
      assert.notStrictEqual((yield* server).id, id)
    }).pipe(Effect.scoped))

  it.effect("is not there where the master is not, which its first submission tells", () =>
    Effect.gen(function*() {
      const { cluster, ended, ids } = yield* started()
      yield* cluster.reachable(false)
      assert.strictEqual((yield* Effect.flip(ended)).reason, "unreachable")
      assert.deepStrictEqual(ids(), [])
    }).pipe(Effect.scoped))

  it.effect("is started again also where the master is away just then", () =>
    Effect.gen(function*() {
      const { cluster, ids, latest, server } = yield* started()
      yield* server
      yield* cluster.become(latest(), "FAILED")
      yield* TestClock.adjust("600 millis")
      yield* cluster.reachable(false)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(ids().length, 1)
      yield* cluster.reachable(true)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(ids().length, 2)
      assert.strictEqual((yield* server).id, latest())
    }).pipe(Effect.scoped))

  it.effect("goes on when its scope ends, unless its end is asked for", () =>
    Effect.gen(function*() {
      for (const [killAtEnd, state] of [[undefined, "RUNNING"], [true, "KILLED"]] as const) {
        const { end, latest, server, status } = yield* started({ killAtEnd })
        yield* server
        yield* end
        assert.strictEqual((yield* status(latest())).state, state)
      }
    }).pipe(Effect.scoped))

  for (const [state, isUsed] of [["RUNNING", true], ["RELAUNCHING", true], ["FAILED", false], ["KILLED", false]] as const) {
    it.effect(`that was submitted before and is ${state} is ${isUsed ? "" : "not "}used again`, () =>
      Effect.gen(function*() {
        const { cluster, ids, server } = yield* started({}, {}, state)
        const waiting = yield* Effect.forkChild(server)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(ids().length, isUsed ? 1 : 2)
        yield* cluster.become(ids()[0] ?? "", isUsed ? "RUNNING" : state)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(waiting)).id, ids()[isUsed ? 0 : 1])
      }).pipe(Effect.scoped))
  }

  it.effect("that no master knows is submitted", () =>
    Effect.gen(function*() {
      const { ids, server } = yield* started({ submission: "driver-of-another-time" })
      assert.deepStrictEqual(ids(), [])
      assert.strictEqual((yield* server).id, ids()[0])
    }).pipe(Effect.scoped))
})
