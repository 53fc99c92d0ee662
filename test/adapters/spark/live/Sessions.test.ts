/** The session that all clients share: against a server of this process that closes sessions, and against none. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Session } from "../../../../src/adapters/spark/connect/Session.ts"
import * as Plan from "../../../../src/adapters/spark/connect/Plan.ts"
import type { Address } from "../../../../src/adapters/spark/live/ServerLocation.ts"
import * as Sessions from "../../../../src/adapters/spark/live/Sessions.ts"
import * as FakeSpark from "../connect/FakeSpark.ts"

/** A server that knows no session but refuses those that were closed. */
const server = (closed: Set<string>, plan = "Project [true AS is_utf8#1]") => {
  const check = (sessionId: string) => {
    if (closed.has(sessionId)) throw FakeSpark.sparkError("INVALID_HANDLE.SESSION_CLOSED")
  }
  return FakeSpark.serve({
    analyzePlan: ({ analyze, sessionId }) => {
      check(sessionId)
      const serverSideSessionId = "its own"
      if (analyze.case === "sparkVersion") return { serverSideSessionId, result: { case: "sparkVersion", value: { version: "4.0.0" } } }
      return analyze.case === "explain"
        ? { serverSideSessionId, result: { case: "explain", value: { explainString: plan } } }
        : { serverSideSessionId, result: { case: "isStreaming", value: { isStreaming: true } } }
    },
    config: ({ sessionId }) => {
      check(sessionId)
      return { serverSideSessionId: "its own" }
    }
  })
}

const clientOf = (address: () => Address) =>
  Sessions.make({
    token: FakeSpark.token,
    patience: "100 millis",
    place: { address: Effect.sync(address), gone: Effect.never, isThere: Effect.succeed(true), renew: Effect.succeed(false) }
  })

/** Asks something, and gives the session in which it was answered. */
const asking = Effect.gen(function*() {
  const session = yield* Session
  yield* session.isStreaming(Plan.sql("SELECT 1"))
  return session.id
})

it("their ids are UUIDs, each another", () => {
  const ids = Array.from({ length: 100 }, (_, generation) => Sessions.idOf(generation))
  assert.strictEqual(new Set(ids).size, 100)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
})

it.live("all clients are in the first that was not closed, and move to the next when it is", () =>
  Effect.gen(function*() {
    const closed = new Set([Sessions.idOf(0), Sessions.idOf(1)])
    const address = yield* server(closed)
    const [one, two] = [yield* clientOf(() => address), yield* clientOf(() => address)]
    assert.deepStrictEqual([yield* one.use(asking), yield* two.use(asking)], [Sessions.idOf(2), Sessions.idOf(2)])
    closed.add(Sessions.idOf(2))
    assert.strictEqual((yield* Effect.flip(two.within(asking))).reason, "session-closed")
    assert.deepStrictEqual([yield* one.use(asking), yield* two.use(asking)], [Sessions.idOf(3), Sessions.idOf(3)])
    // It goes on without them.
    assert.deepStrictEqual(address.sessions, [])
  }))

it.live("a server that is elsewhere now is found where it is", () =>
  Effect.gen(function*() {
    const away: Address = { host: "127.0.0.1", port: 9 }
    const address = yield* server(new Set())
    let current = away
    const client = yield* clientOf(() => current)
    assert.strictEqual((yield* Effect.flip(client.use(asking))).reason, "unreachable")
    current = address
    assert.strictEqual(yield* client.use(asking), Sessions.idOf(0))
    const other = yield* server(new Set([Sessions.idOf(0)]))
    current = other
    assert.strictEqual(yield* client.use(asking), Sessions.idOf(0))
    yield* client.reset
    assert.strictEqual(yield* client.use(asking), Sessions.idOf(1))
  }))

it.live("a server that does not read UTF-8 is refused, and told how to", () =>
  Effect.gen(function*() {
    const address = yield* server(new Set(), "Project [false AS is_utf8#1]")
    const client = yield* clientOf(() => address)
    const error = yield* Effect.flip(client.use(asking))
    assert.strictEqual(error.reason, "refused")
    assert.include(error.message, "-Dfile.encoding=UTF-8")
  }))

it.live("a server that went away is looked for where it is by then", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    let current = yield* Scope.provide(server(new Set()), scope)
    const client = yield* clientOf(() => current)
    assert.strictEqual(yield* client.use(asking), Sessions.idOf(0))
    yield* Scope.close(scope, Exit.void)
    current = yield* server(new Set([Sessions.idOf(0)]))
    assert.strictEqual((yield* Effect.flip(client.use(asking))).reason, "unreachable")
    assert.strictEqual(yield* client.use(asking), Sessions.idOf(1))
  }))
