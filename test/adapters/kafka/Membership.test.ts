/** The one member of a processor's group, with the coordinator of the simulation. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, Stream } from "effect"
import { KafkaError } from "../../../src/adapters/kafka/client/Client.ts"
import { Connection } from "../../../src/adapters/kafka/client/Connection.ts"
import type { Request } from "../../../src/adapters/kafka/client/Group.ts"
import * as RetryPolicy from "../../../src/adapters/kafka/client/RetryPolicy.ts"
import * as Membership from "../../../src/adapters/kafka/Membership.ts"
import { Coordinator } from "../../simulation/group/Coordinator.ts"

const sessionTimeout = 6_000

describe("a processor that its group has forgotten takes its place again", () => {
  for (const lost of [[], [0], [1], [0, 1]]) {
    it.live(`when two runs were interrupted as they committed, and these commits are lost: [${lost.join()}]`, () =>
      Effect.gen(function*() {
        const group = groupOf()
        const member = yield* group.enter
        yield* member.commit([1, 1])
        let commits = 0
        group.meets = ({ apiName }, handled) =>
          apiName === "OffsetCommit" ? Effect.andThen(lost.includes(commits++) ? Effect.void : handled, Effect.never) : handled
        for (const next of [[2, 2], [3, 3]]) {
          const committing = yield* Effect.forkChild(member.commit(next))
          yield* Effect.sleep("5 millis")
          yield* Fiber.interrupt(committing)
        }
        group.meets = (_, handled) => handled
        assert.strictEqual(commits, 2)
        group.forgets()
        yield* member.check
      }).pipe(Effect.provide(Logger.layer([]))))
  }

  it.live("when a run was interrupted that had asked for its commit while another was under way", () =>
    Effect.gen(function*() {
      const group = groupOf()
      const member = yield* group.enter
      let commits = 0
      group.meets = ({ apiName }, handled) =>
        apiName === "OffsetCommit" ? Effect.tap(handled, () => commits++ === 0 ? Effect.sleep("10 millis") : Effect.never) : handled
      const first = yield* Effect.forkChild(member.commit([1, 1]))
      yield* Effect.sleep("5 millis")
      const second = yield* Effect.forkChild(member.commit([2, 2]))
      yield* Fiber.join(first)
      yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(second)
      assert.strictEqual(commits, 2)
      group.forgets()
      yield* member.check
    }).pipe(Effect.provide(Logger.layer([]))))

  /** It has joined again, and its coordinator starts anew before the others have, and remembers it by its former id. */
  const refusedAtItsReturn = Effect.fnUntraced(function*(confirm: Effect.Effect<void, KafkaError>) {
    const group = groupOf()
    const member = yield* group.enter
    member.confirmBy(confirm)
    group.coordinator.guestComes(sessionTimeout)
    yield* member.check
    group.forgets()
    const asked: Array<string> = []
    group.meets = (request, handled) =>
      Effect.suspend(() => {
        asked.push(request.apiName)
        if (asked.filter((name) => name === "SyncGroup").length === 1 && request.apiName === "SyncGroup") group.coordinator.restart()
        // Others join in their own time.
        const others = Effect.delay(Effect.sync(() => group.coordinator.tick()), "5 millis")
        return request.apiName === "JoinGroup" ? Effect.raceFirst(handled, Effect.andThen(others, Effect.never)) : handled
      })
    return { asked, check: member.check }
  })

  it.live("when its coordinator starts anew meanwhile, and remembers it by its former id", () =>
    Effect.gen(function*() {
      const { asked, check } = yield* refusedAtItsReturn(Effect.void)
      yield* check
      assert.deepStrictEqual(asked, ["Heartbeat", "OffsetFetch", "JoinGroup", "SyncGroup", "JoinGroup", "SyncGroup", "Heartbeat"])
    }).pipe(Effect.provide(Logger.layer([]))))

  it.live("and does not, when its coordinator starts anew meanwhile, and another has taken its name", () =>
    Effect.gen(function*() {
      const fenced = new KafkaError({ message: "another has the name", retriable: false, code: "PRODUCER_FENCED" })
      const { check } = yield* refusedAtItsReturn(Effect.fail(fenced))
      const refusal = yield* Effect.flip(check)
      assert.strictEqual(refusal.message, "another processor has taken over the group group; this one stops")
    }).pipe(Effect.provide(Logger.layer([]))))
})

/** A group whose clock stands still. */
const groupOf = () => {
  let now = 0
  const coordinator = new Coordinator(() => now, { joins: () => {}, returns: () => {}, commits: () => {} })
  const handled = (request: Request) =>
    Effect.callback<Buffer>((resume) =>
      coordinator.answer({ number: 1, process: "a" }, request, (body) => resume(Effect.succeed(body))))
  const group = {
    coordinator,
    /** What becomes of a request. */
    meets: (_: Request, handled: Effect.Effect<Buffer>): Effect.Effect<Buffer> => handled,
    /** Whoever has been silent until now. */
    forgets: () => {
      now += sessionTimeout + 1
      coordinator.tick()
    }
  }
  const connection = connectionTo((request) => Effect.suspend(() => group.meets(request, handled(request))))
  const enter = Effect.provideService(Membership.enter({ group: "group", sessionTimeout, log }), Connection, connection)
  return Object.assign(group, { enter })
}

const connectionTo = (ask: (request: Request) => Effect.Effect<Buffer>): Connection["Service"] => ({
  brokers: "a broker",
  retryPolicy: RetryPolicy.make("a broker"),
  client: {
    askCoordinator: (_, request) => ask(request),
    configs: () => Effect.never,
    create: () => Effect.never,
    offsets: () => Effect.never,
    partitions: () => Effect.never,
    produce: () => Effect.never,
    reader: () => Effect.never,
    takeOver: () => Effect.never,
    topic: () => Effect.never
  }
})

const log = {
  topic: "ticks",
  id: "ticks",
  partitions: 2,
  append: () => Effect.never,
  read: () => Stream.never,
  ends: Effect.never,
  position: Effect.never
}
