/** Through a real broker, over any number of partitions, the engine gives exactly what the batch fold gives. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { actual, engineOn, expected, ingest, market, processOnce, stores } from "./market.ts"

const count = 100_000

for (const [name, kafka] of Object.entries(kinds)) {
  describe(name, () => {
    const { layer } = brokers(kafka)
    for (const partitions of [1, 3, 12]) {
      it.live(`${count} ticks over ${partitions} partitions`, () =>
        Effect.gen(function*() {
          const topic = yield* newTopic
          yield* Effect.gen(function*() {
            yield* ingest(market(count))
            const wanted = yield* expected
            const report = yield* processOnce
            assert.strictEqual(report.read, count)
            assert.strictEqual(report.aggregated + report.late, count)
            assert.isAbove(report.late, 0)
            const found = yield* actual
            assert.isAbove(found.size, 500)
            assert.strictEqual(found.size, wanted.size)
            for (const pane of wanted) assert.isTrue(found.has(pane), pane)
          }).pipe(Effect.provide(engineOn(stores(topic, { partitions })).pipe(Layer.provide(layer))))
        }))
    }
  })
}
