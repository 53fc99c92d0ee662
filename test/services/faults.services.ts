/** Brokers as tests have them: faults on purpose, after which the data is still there. */
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Kafka } from "../../services/testing.ts"
import * as Probe from "../../services/kafka/probe.ts"
import { consume, createTopic, produce } from "./clients.ts"

// Topics that make themselves show that settings arrive.
const options = { settings: { "auto.create.topics.enable": "true" } }

const brokersOf = {
  "kafka": Kafka.layer(options),
  "kafka-zookeeper": Kafka.layerZookeeper(options)
}

for (const [name, brokers] of Object.entries(brokersOf)) {
  layer(brokers, { timeout: "10 minutes", excludeTestServices: true })(name, (it) => {
    it.effect("takes further settings", () =>
      Effect.gen(function*() {
        const { access } = yield* Kafka
        yield* produce(access.brokers, "made-by-itself", ["one"])
        assert.deepStrictEqual(yield* consume(access.brokers, "made-by-itself", 1), ["one"])
      }))

    it.effect("keeps what it has acknowledged, and its address, when it is killed and when it is stopped", () =>
      Effect.gen(function*() {
        const { access, kill9, restart, stop } = yield* Kafka
        yield* createTopic(access.brokers, "ticks")
        const lines: Array<string> = []
        for (const end of [kill9, kill9, stop]) {
          lines.push(`before ${lines.length + 1}`)
          yield* produce(access.brokers, "ticks", lines.slice(-1))
          yield* end
          yield* restart
          assert.deepStrictEqual(yield* consume(access.brokers, "ticks", lines.length), lines)
        }
      }))

    it.effect("does not answer while it is paused, and goes on", () =>
      Effect.gen(function*() {
        const { access, pause, resume } = yield* Kafka
        const port = Number(access.brokers.split(":")[1])
        yield* pause
        const { message } = yield* Effect.flip(Probe.ready(port))
        assert.match(message, /does not answer/)
        yield* resume
        // Its controller may take a broker that was silent for gone, until it hears of it again.
        yield* Effect.retry(Probe.ready(port), { schedule: Schedule.spaced("200 millis"), times: 150 })
        yield* produce(access.brokers, "after-a-pause", ["one"])
        assert.deepStrictEqual(yield* consume(access.brokers, "after-a-pause", 1), ["one"])
      }))
  })
}
