/** Topics that others write in transactions: what was aborted does not count, and the markers do not hold anybody up. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as Admin from "./admin.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { actual, engineOn, expected, market, processOnce, stores } from "./market.ts"

/** Sends lines in one transaction, which it ends as told. */
const transact = (brokers: string, topic: string, end: "abort" | "commit", lines: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const producer = Admin.library(brokers).producer({ transactionalId: `${topic}-producer`, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: lines.map((value) => ({ value, partition: 0 })) })
    await (end === "commit" ? transaction.commit() : transaction.abort())
    await producer.disconnect()
  })

for (const [name, kafka] of Object.entries(kinds)) {
  describe(name, () => {
    const { kafka: broker, layer } = brokers(kafka)

    for (const last of ["commit", "abort"] as const) {
      it.live(`a topic whose last transaction ended with ${last} is read to its very end, and gives the batch fold's panes`, () =>
        Effect.gen(function*() {
          const topic = yield* newTopic
          const { access: { brokers } } = yield* broker
          yield* Effect.gen(function*() {
            const log = yield* EventLog
            const lines = market(2_000)
            yield* transact(brokers, topic, "commit", lines.slice(0, 1_000))
            yield* transact(brokers, topic, "abort", lines.slice(0, 500))
            yield* transact(brokers, topic, last, lines.slice(1_000))
            // Three transactions and a marker each; the broker writes the last marker when it has answered already.
            const end = 2_500 + 3
            yield* Admin.until(Effect.map(log.ends, ([there]) => there === end))
            yield* log.read([0]).pipe(
              Stream.takeUntil(({ length, offsets }) => offsets[length - 1] === end - 1),
              Stream.runDrain,
              Effect.timeout("2 minutes")
            )
            const report = yield* processOnce
            assert.strictEqual(report.read, last === "commit" ? 2_000 : 1_000)
            assert.deepStrictEqual(yield* actual, yield* expected)
          }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 1 })).pipe(Layer.provide(layer))))
        }))
    }
  })
}
