/** Appends to a partition that takes so many records at once, and fails now and then. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import * as fc from "fast-check"
import { type Append, Appends } from "../../../src/adapters/kafka/Appends.ts"
import { KafkaError } from "../../../src/adapters/kafka/client/Client.ts"
import { fromTexts, valueAt } from "../../../src/streams/records/Records.ts"

const textsOf = ({ chunk }: Append) => Array.from({ length: chunk.length }, (_, i) => Buffer.from(valueAt(chunk, i)).toString())

const appendOf = (...texts: ReadonlyArray<string>): Append => ({ chunk: fromTexts(texts), now: 0, sequence: 0 })

const error = (code: string) => new KafkaError({ message: code, retriable: false, code })

/** What was sent in each request, and what is there. */
class Partition {
  readonly requests: Array<ReadonlyArray<string>> = []
  readonly log: Array<string> = []
  readonly most: number
  readonly isDown: () => boolean
  readonly turn: Effect.Effect<unknown>

  constructor({ isDown = () => false, most = Infinity, turn = Effect.yieldNow }: { readonly most?: number; readonly isDown?: () => boolean; readonly turn?: Effect.Effect<unknown> } = {}) {
    this.most = most
    this.isDown = isDown
    this.turn = turn
  }

  readonly together = (appends: ReadonlyArray<Append>): Effect.Effect<number, KafkaError> =>
    Effect.andThen(this.turn, Effect.suspend(() => {
      const texts = appends.flatMap(textsOf)
      this.requests.push(texts)
      if (texts.length > this.most) return Effect.fail(error("MESSAGE_TOO_LARGE"))
      if (this.isDown()) return Effect.fail(error("KAFKA_STORAGE_ERROR"))
      return Effect.succeed(this.log.push(...texts) - texts.length)
    }))

  readonly alone = (append: Append) => this.together([append])
}

/** Gives each its turn, so that it waits in the order in which it was begun. */
const begin = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

describe("appends to a partition", () => {
  it.effect("what comes while one is under way goes together, in the order in which it came", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const partition = new Partition({ turn: Deferred.await(open) })
      const appends = new Appends(partition, yield* Effect.scope)
      const first = yield* begin(appends.append(appendOf("a", "b")))
      yield* Effect.yieldNow
      const others = yield* Effect.forEach([["c"], ["d", "e", "f"], ["g"]], (texts) => begin(appends.append(appendOf(...texts))))
      yield* Deferred.succeed(open, undefined)
      assert.deepStrictEqual(yield* Effect.forEach([first, ...others], Fiber.join), [0, 2, 3, 6])
      assert.deepStrictEqual(partition.requests, [["a", "b"], ["c", "d", "e", "f", "g"]])
    }))

  it.effect("what is not taken together is taken one by one, and only what is too large alone fails", () =>
    Effect.gen(function*() {
      const partition = new Partition({ most: 3 })
      const appends = new Appends(partition, yield* Effect.scope)
      const all = [["a", "b"], ["c", "d", "e", "f"], ["g"]]
      const fibers = yield* Effect.forEach(all, (texts) => begin(appends.append(appendOf(...texts))))
      const exits = yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
      assert.deepStrictEqual(exits.map((exit) => Exit.isSuccess(exit) ? exit.value : null), [0, null, 2])
      assert.deepStrictEqual(partition.log, ["a", "b", "g"])
    }))

  it.effect("who is interrupted while it waits has not appended, and the others have", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const partition = new Partition({ turn: Deferred.await(open) })
      const appends = new Appends(partition, yield* Effect.scope)
      const first = yield* begin(appends.append(appendOf("a")))
      yield* Effect.yieldNow
      const [second, third] = yield* Effect.all([begin(appends.append(appendOf("b"))), begin(appends.append(appendOf("c")))])
      yield* Fiber.interrupt(second)
      yield* Deferred.succeed(open, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(third)], [0, 1])
      assert.deepStrictEqual(partition.log, ["a", "c"])
    }))

  it.effect("nobody waits for a request that ended with the scope, nor for one that would come after it", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const appends = new Appends(new Partition({ turn: Effect.never }), scope)
      const fibers = yield* Effect.forEach(["a", "b"], (text) => begin(appends.append(appendOf(text))))
      yield* Effect.yieldNow
      yield* Scope.close(scope, Exit.void)
      for (const fiber of fibers) assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    }))

  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 })
  const failures = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 })

  it("each is there once where its offset says, or has failed and is not there, whatever fails and however little is taken at once", () =>
    fc.assert(
      fc.asyncProperty(sizes, failures, fc.integer({ min: 2, max: 12 }), fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), (sizes, failures, most, pauses) =>
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          let asked = 0
          const partition = new Partition({ most, isDown: () => failures[asked++ % failures.length]! })
          const appends = new Appends(partition, yield* Effect.scope)
          const all = sizes.map((size, i) => Array.from({ length: size }, (_, at) => `${i}.${at}`))
          const fibers = yield* Effect.forEach(all, (texts, i) =>
            Effect.andThen(
              Effect.forEach(Array.from({ length: pauses[i % pauses.length]! }), () => Effect.yieldNow, { discard: true }),
              begin(appends.append(appendOf(...texts)))
            ))
          const acknowledged: Array<string> = []
          for (const [i, fiber] of fibers.entries()) {
            const exit = yield* Fiber.await(fiber)
            if (Exit.isFailure(exit)) continue
            assert.deepStrictEqual(partition.log.slice(exit.value, exit.value + sizes[i]!), all[i])
            acknowledged.push(...all[i]!)
          }
          // In the order in which they came.
          assert.deepStrictEqual(partition.log, acknowledged)
        })))),
      { numRuns: 200 }
    ))
})
