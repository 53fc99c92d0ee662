/** Other programs' records are processed, and other programs read our results: Kafka's own console producer and consumer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { command } from "../../services/kafka/tools.ts"
import { DeadLetters } from "../../src/streams/DeadLetters.ts"
import { startCommand } from "../cli/courant.ts"
import { consume } from "../services/clients.ts"
import { root } from "../services/processes.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { actual, engineOn, expected, market, processOnce, stores } from "./market.ts"

/** The console producer with options of its own. */
const produce = Effect.fnUntraced(function*(brokers: string, topic: string, lines: ReadonlyArray<string>, options: ReadonlyArray<string>) {
  const [file, ...before] = yield* command("console-producer")
  const input = lines.map((line) => `${line}\n`).join("")
  const args = [...before, "--bootstrap-server", brokers, "--topic", topic, ...options]
  const { ended } = yield* startCommand(file, args, { cwd: root, input })
  const { code, stderr } = yield* ended
  assert.strictEqual(code, 0, stderr)
}, Effect.scoped)

const codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

for (const [name, kafka] of Object.entries(kinds)) {
  describe(name, () => {
    const { kafka: broker, layer } = brokers(kafka)

    it.live("records of the console producer, in every compression, give the panes of the batch fold, which the console consumer reads", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const { access } = yield* broker
        yield* Effect.gen(function*() {
          const lines = market(10_000)
          for (const [i, codec] of codecs.entries()) {
            yield* produce(access.brokers, topic, lines.slice(i * 2_000, (i + 1) * 2_000), ["--compression-codec", codec])
          }
          yield* produce(access.brokers, topic, ["S1\tpoison"], ["--reader-property", "parse.key=true"])
          const report = yield* processOnce
          assert.strictEqual(report.read, 10_001)
          assert.strictEqual(report.deadLettered, 1)
          const letters = yield* Effect.flatMap(DeadLetters, (store) => store.read({ reason: "not-json" }))
          assert.deepStrictEqual(letters.map(({ bytes }) => Buffer.from(bytes).toString()), ["poison"])
          const found = yield* actual
          assert.deepStrictEqual(found, yield* expected)
          const read = yield* consume(access.brokers, `${topic}-panes`, found.size)
          for (const line of read) {
            const { pane, pipeline, revision } = JSON.parse(line)
            assert.deepStrictEqual([typeof pipeline, pane, revision], ["string", "on-time", 0])
          }
        }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 1 })).pipe(Layer.provide(layer))))
      }))
  })
}
