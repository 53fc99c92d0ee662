/** The commands as an operator calls them, over real brokers: dead letters, doctor, replay, metrics, a topic of one's own. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect } from "effect"
import { copyFileSync } from "node:fs"
import { join } from "node:path"
import type { Kafka as Library } from "kafkajs"
import * as Partitioner from "../../src/streams/records/Partitioner.ts"
import { account, courant, linesOf, minute, start, temporaryFolder } from "../cli/courant.ts"
import { root } from "../services/processes.ts"
import { library, until, withAdmin } from "./admin.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { neverIdle } from "./effort.ts"
import { market } from "./market.ts"

/** Those of each kind, for all tests; what is no matter of their kind is tested with the newer one. */
const all = {
  "Kafka 4 with KRaft": brokers(kinds["Kafka 4 with KRaft"]).kafka,
  "Kafka 3.9 with ZooKeeper": brokers(kinds["Kafka 3.9 with ZooKeeper"]).kafka
}
const kafka = all["Kafka 4 with KRaft"]

const ownTopic = join(root, "examples/your-own-topic.ts")

/** A folder, a topic's name, and commands over it that are told by the environment where the brokers are. */
const place = (kafka: Effect.Effect<{ readonly access: { readonly brokers: string } }>) =>
  Effect.gen(function*() {
    const { access } = yield* kafka
    const topic = yield* newTopic
    const cwd = yield* temporaryFolder
    const options = { cwd, env: { COURANT_KAFKA_BROKERS: access.brokers, COURANT_KAFKA_TOPIC: topic } }
    return {
      brokers: access.brokers,
      topic,
      cwd,
      run: (args: string, input = "") => courant(args, { ...options, input }),
      start: (args: string) => start(args, options)
    }
  })

/** What another program writes, with keys of its own. */
const produce = (brokers: string, topic: string, rows: ReadonlyArray<{ readonly key: string | null; readonly value: string }>) =>
  Effect.promise(async () => {
    const producer = library(brokers).producer()
    await producer.connect()
    await producer.send({ topic, messages: [...rows] })
    await producer.disconnect()
  })

const order = (shop: string, minutes: number, amount: string) =>
  JSON.stringify({ shop, placedAt: minute + minutes * 60_000, amount, note: "courant knows nothing of this field" })

describe("dead letters", () => {
  it.live("of a topic are listed, exported, and tried again: what can be decoded by now goes to the partition of its key", () =>
    Effect.gen(function*() {
      const { brokers, cwd, run, topic } = yield* place(kafka)
      copyFileSync(ownTopic, join(cwd, "own.ts"))
      yield* withAdmin(brokers, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }))
      const shops = Array.from({ length: 20 }, (_, i) => `shop ${i}`)
      const orders = shops.map((shop, i) => order(shop, i, "9.99"))
      yield* produce(brokers, topic, [...orders, "poison"].map((value) => ({ key: "one", value })))
      const first = Partitioner.partitionOf(Buffer.from("one"), 3)

      assert.deepStrictEqual((yield* run("dead-letters list --log kafka")).stderr, "no dead letters\n")
      assert.notInclude(yield* withAdmin(brokers, (admin) => admin.listTopics()), `${topic}-dead-letters`)
      const processed = yield* run("process --log kafka --once --sink stdout --pipelines candles-1m")
      assert.strictEqual(account(processed), "read 21, aggregated 0, late 0, dead-lettered 21, duplicate 0")

      const listed = yield* run("dead-letters list --log kafka --json")
      const letters = linesOf(listed.stdout).map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        letters.map(({ offset, partition, reason, text, topic }) => [topic, partition, offset, reason, text]),
        [...orders, "poison"].map((text, i) => [topic, first, i, i < 20 ? "missing-field" : "not-json", text])
      )
      assert.strictEqual((yield* run("dead-letters export --log kafka --reason not-json")).stdout, "poison\n")
      assert.strictEqual((yield* run("dead-letters list --log kafka --limit 2")).stdout.split("\n").length, 5)

      const ends = (yield* offsets(brokers, topic)).slice()
      // Where they stand a run of those pipelines has them already.
      const inPlace = yield* run("dead-letters retry --log kafka --pipelines ./own.ts")
      assert.match(inPlace.stderr, new RegExp(`^${topic}: 0 of 21 dead letters are in the log again\n${topic}: 20 can be decoded where they stand in the log, .*would count twice\n$`))
      yield* withAdmin(brokers, async (admin) => {
        // The library wants to have heard of the topic.
        await admin.fetchTopicOffsets(topic)
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: first, offset: String(ends[first]) }] })
      })
      const retried = yield* run("dead-letters retry --log kafka --pipelines ./own.ts")
      assert.deepStrictEqual([retried.code, retried.stderr], [0, `${topic}: 20 of 21 dead letters are in the log again\n`])
      for (const shop of shops) ends[Partitioner.partitionOf(Buffer.from(shop), 3)]! += 1
      assert.deepStrictEqual(yield* offsets(brokers, topic), ends)
      assert.isAbove(new Set(shops.map((shop) => Partitioner.partitionOf(Buffer.from(shop), 3))).size, 1)
      assert.strictEqual((yield* run("dead-letters export --log kafka")).stdout, "poison\n")

      const again = yield* run("dead-letters retry --log kafka --pipelines ./own.ts")
      assert.strictEqual(again.stderr, `${topic}: 0 of 1 dead letters are in the log again\n`)
    }))

  it.live("a topic that is not there, or not named, is said in one line", () =>
    Effect.gen(function*() {
      const { cwd, run, topic } = yield* place(kafka)
      const missing = yield* run("dead-letters list --log kafka")
      assert.deepStrictEqual([missing.code, missing.stdout], [1, ""])
      assert.match(missing.stderr, new RegExp(`^courant: there is no topic ${topic} on the Kafka brokers at .*\n$`))
      const unnamed = yield* courant("dead-letters list --log kafka --brokers 127.0.0.1:1", { cwd })
      assert.deepStrictEqual([unnamed.code, unnamed.stderr], [2, "courant: --log kafka needs --topic NAME, or COURANT_KAFKA_TOPIC\n"])
      const nowhere = yield* courant(`dead-letters export --log kafka --topic ${topic}`, { cwd })
      assert.deepStrictEqual([nowhere.code, nowhere.stdout], [2, ""])
      assert.match(nowhere.stderr, /^courant: Kafka needs --brokers HOST:PORT/)
    }))
})

/** How often a window was told, and whether late, hangs on the order in which partitions were read. */
const lastOf = (lines: ReadonlyArray<string>): ReadonlyArray<{ readonly key: string; readonly start: number; readonly values: { readonly [name: string]: unknown } }> =>
  lines.map((line) => JSON.parse(line)).map(({ key, start, values }) => ({ key, start, values }))

const offsets = (brokers: string, topic: string) =>
  withAdmin(brokers, async (admin) =>
    (await admin.fetchTopicOffsets(topic)).toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset)))

const said = { "Kafka 4 with KRaft": "Kafka 4 or later, KRaft", "Kafka 3.9 with ZooKeeper": "Kafka 3 or earlier, ZooKeeper" }

for (const [name, kafka] of Object.entries(all)) {
  describe(`doctor on ${name}`, () => {
    it.live("says what is there, how far the processor is, and what was refused", () =>
      Effect.gen(function*() {
        const { run, topic } = yield* place(kafka)
        const missing = yield* run("doctor --log kafka --port 0")
        assert.strictEqual(missing.code, 1)
        assert.match(missing.stdout, new RegExp(`^bad  topic +there is no topic ${topic} .*courant ingest`, "m"))

        yield* run("ingest --feed stdin --log kafka --partitions 3", `${market(500).join("\n")}\npoison\n`)
        const pipelines = "--pipelines candles-1m"
        const idle = yield* run(`doctor --log kafka --port 0 ${pipelines}`)
        assert.match(idle.stdout, new RegExp(`^note lag +no offsets are committed for the group courant-${topic}-candles-1m`, "m"))
        yield* run(`process --log kafka --once --sink kafka --checkpoints kafka ${pipelines}`)
        yield* run("ingest --feed stdin --log kafka", `${market(7, { seed: 2 }).join("\n")}\n`)
        const { code, stdout } = yield* run(`doctor --log kafka --port 0 --partitions 3 ${pipelines}`)
        assert.strictEqual(code, 0, stdout)
        assert.include(stdout, said[name as keyof typeof said])
        assert.match(stdout, /^ok {3}security +no TLS; no user and password$/m)
        assert.match(stdout, new RegExp(`^ok   topic +${topic}: 3 partitions, cleanup.policy=delete$`, "m"))
        for (const aside of ["panes", "dead-letters", "checkpoints"]) {
          assert.match(stdout, new RegExp(`^ok   topic +${topic}-${aside}: cleanup.policy=compact$`, "m"))
        }
        assert.match(stdout, new RegExp(`^ok   lag +courant-${topic}-candles-1m: 7 records \\(by partition: \\d, \\d, \\d\\)$`, "m"))
        assert.match(stdout, /^note letters +1 dead letters \(1 not-json\); see: courant dead-letters list --log kafka/m)
      }))

    it.live("names for each mismatch the command that fixes it, and is content after it", () =>
      Effect.gen(function*() {
        const { brokers, run, topic } = yield* place(kafka)
        const policy = (value: string) => [{ name: "cleanup.policy", value }, { name: "retention.ms", value: "604800000" }]
        yield* withAdmin(brokers, (admin) =>
          admin.createTopics({
            topics: [
              { topic, numPartitions: 2, configEntries: policy("compact") },
              { topic: `${topic}-panes`, configEntries: policy("delete") }
            ]
          }))
        const sick = yield* run("doctor --log kafka --port 0 --partitions 3")
        assert.strictEqual(sick.code, 1)
        assert.match(sick.stdout, new RegExp(`^bad .*${topic} has 2 partitions, not 3; .*--alter --topic ${topic} --partitions 3`, "m"))
        const report = (yield* run("doctor --log kafka --port 0")).stdout
        assert.match(report, new RegExp(`^bad .*${topic} has cleanup.policy=compact; fix it with: kafka-configs.sh`, "m"))
        assert.match(report, new RegExp(`^bad .*${topic}-panes has cleanup.policy=delete, max.message.bytes=\\d+; fix it with`, "m"))
        assert.match(report, new RegExp(`^note retention +${topic} has retention.ms=604800000: .*retention.ms=-1$`, "m"))
        const commands = [...report.matchAll(/kafka-configs\.sh .*--entity-name (\S+) --add-config (\S+)$/gm)]
        assert.strictEqual(commands.length, 3)
        for (const { 1: name = "", 2: settings = "" } of commands) yield* alter(brokers, name, settings)
        const well = yield* run("doctor --log kafka --port 0")
        assert.notMatch(well.stdout, /^bad|kafka-configs/m)
        assert.match(well.stdout, new RegExp(`^ok   retention +${topic} keeps everything$`, "m"))
      }))
  })
}

/** What `kafka-configs.sh --alter --add-config` does: other settings stay. */
const alter = (brokers: string, name: string, settings: string) =>
  withAdmin(brokers, async (admin) => {
    const type = 2
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] })
    const own = resources[0]?.configEntries.filter(({ configSource }) => Number(configSource) === 1) ?? []
    const values = new Map(own.map(({ configName, configValue }) => [configName, configValue]))
    for (const [name = "", value = ""] of settings.split(",").map((setting) => setting.split("="))) values.set(name, value)
    const configEntries = [...values].map(([name, value]) => ({ name, value }))
    await admin.alterConfigs({ validateOnly: false, resources: [{ type, name, configEntries }] })
  })

describe("over a broker", () => {
  it.live("doctor says that no broker answers, whether a user is set, and no secret", () =>
    Effect.gen(function*() {
      const { cwd, topic } = yield* place(kafka)
      const env = { COURANT_KAFKA_USERNAME: "somebody", COURANT_KAFKA_PASSWORD: "hush-hush" }
      const command = `doctor --log kafka --brokers 127.0.0.1:1 --topic ${topic} --connect-timeout 500ms --port 0`
      const { code, stderr, stdout } = yield* courant(command, { cwd, env })
      assert.strictEqual(code, 1)
      assert.match(stdout, /^bad  kafka +no Kafka broker at 127.0.0.1:1 answered within 500ms/m)
      assert.match(stdout, /^ok   security +no TLS; user and password are set \(scram-sha-512\)$/m)
      assert.notMatch(stdout + stderr, /somebody|hush/)
    }))

  it.live("replay gives the panes of the live run, and changes nothing", () =>
    Effect.gen(function*() {
      const { brokers, run, topic } = yield* place(kafka)
      yield* run("ingest --feed stdin --log kafka --partitions 3", `${market(5_000).join("\n")}\n`)
      const live = yield* run("process --log kafka --once --sink stdout --pipelines candles-1m")
      assert.strictEqual(live.code, 0, live.stderr)
      const before = yield* offsets(brokers, topic)
      const replayed = yield* run("replay --log kafka --pipelines candles-1m")
      assert.deepStrictEqual(linesOf(replayed.stdout).toSorted(), linesOf(live.stdout).toSorted())
      assert.isAbove(linesOf(live.stdout).length, 0)
      assert.strictEqual(account(replayed), account(live))
      assert.deepStrictEqual(yield* offsets(brokers, topic), before)
    }))

  it.live("what was known at a time is what had been written by then, over several partitions too, and a window says how it came to be", () =>
    Effect.gen(function*() {
      const { run: runAny, topic } = yield* place(kafka)
      const run = (args: string, input = "") => Effect.tap(runAny(args, input), ({ code, stderr }) => Effect.sync(() => assert.strictEqual(code, 0, stderr)))
      const process = `process --log kafka --once --sink sqlite --pipelines candles-1m --allowed-lateness 1h ${neverIdle}`
      const query = (rest = "") => Effect.map(run(`query candles-1m --json --limit 100000 --log kafka --topic ${topic} ${rest}`), ({ stdout }) => lastOf(linesOf(stdout)))
      yield* run("ingest --feed stdin --log kafka --partitions 3", market(2_000).join("\n") + "\n")
      yield* run(process)
      const [before, between] = [yield* query(), Date.now()]
      yield* Effect.sleep("20 millis")
      yield* run("ingest --feed stdin --log kafka", market(3_000, { seed: 2 }).join("\n") + "\n")
      yield* run(process)
      const after = yield* query()
      assert.notDeepEqual(after, before)
      assert.deepStrictEqual(yield* query(`--allowed-lateness 1h --as-known-at ${between}`), before)
      assert.deepStrictEqual(yield* query(`--allowed-lateness 1h --as-known-at ${Date.now()}`), after)

      const [first] = after.filter(({ key }) => key === "S1")
      const history = yield* run(`history candles-1m S1 ${first?.start} --json --log kafka --allowed-lateness 1h`)
      const lines = linesOf(history.stdout).map((line) => JSON.parse(line))
      const revisions = lines.filter((line) => "pane" in line)
      assert.deepStrictEqual(revisions.at(-1)?.pane.values, first?.values)
      assert.isTrue(revisions[0]?.knownAt <= between && revisions.at(-1)?.knownAt > between)
      assert.strictEqual(lines.filter((line) => "record" in line).length, first?.values["trades"])
    }))

  it.live("the example consumes a topic that another program writes to, with a Schema of its own", () =>
    Effect.gen(function*() {
      const { brokers, cwd, run, topic } = yield* place(kafka)
      copyFileSync(ownTopic, join(cwd, "your-own-topic.ts"))
      yield* withAdmin(brokers, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }))
      const orders = Array.from({ length: 300 }, (_, i) => ({ shop: `shop ${i % 7}`, minutes: i, amount: `${i}.${10 + i % 90}` }))
      yield* produce(brokers, topic, orders.map(({ amount, minutes, shop }) => ({ key: shop, value: order(shop, minutes, amount) })))
      const done = yield* run("process --log kafka --once --sink stdout --pipelines ./your-own-topic.ts")
      assert.strictEqual(account(done), "read 300, aggregated 300, late 0, dead-lettered 0, duplicate 0")
      const panes = linesOf(done.stdout).map((line) => JSON.parse(line))
      const found = Object.fromEntries(panes.map(({ key, start, values: { largest, orders, takings } }) =>
        [`${key} ${start}`, [orders, takings, largest]]))
      const byWindow = Map.groupBy(orders, ({ minutes, shop }) => {
        const time = minute + minutes * 60_000
        return `${shop} ${time - time % 3_600_000}`
      })
      const wanted = Object.fromEntries([...byWindow].map(([window, of]) => {
        const amounts = of.map(({ amount }) => BigDecimal.fromStringUnsafe(amount))
        const largest = amounts.reduce((a, b) => BigDecimal.isGreaterThan(a, b) ? a : b)
        return [window, [of.length, BigDecimal.format(BigDecimal.sumAll(amounts)), BigDecimal.format(largest)]]
      }))
      assert.deepStrictEqual(found, wanted)
    }))

  it.live("partitions that are added under a processor are picked up: it goes on where it was, and nothing is left out", () =>
    Effect.gen(function*() {
      const { brokers, run, start, topic } = yield* place(kafka)
      const ticks = market(10_000)
      const ingest = (ticks: ReadonlyArray<string>, flags = "") => run(`ingest --feed stdin --log kafka ${flags}`, `${ticks.join("\n")}\n`)
      yield* ingest(ticks.slice(0, 5_000), "--partitions 2")
      const processor = yield* start(`process --log kafka --sink kafka --checkpoints kafka --pipelines candles-1m --page --port 0 ${neverIdle}`)
      const [, url = ""] = yield* processor.says(/ on (http:\S+\/) \(stop with Ctrl-C\)/)
      const read = Effect.suspend(() => Effect.promise(async () => {
        const answer = await fetch(`${url}metrics`).catch(() => null)
        return answer === null ? 0 : samplesOf(await answer.text()).values.get("courant_events_read_total") ?? 0
      }))
      yield* until(Effect.map(read, (count) => count === 5_000))
      yield* withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }))
      yield* processor.says(/has 4 partitions by now, and had 2: the new ones are read from their beginning/)
      yield* ingest(ticks.slice(5_000))
      yield* until(Effect.map(read, (count) => count === 10_000))
      const stopped = yield* processor.signal("SIGINT")
      assert.strictEqual(stopped.code, 0, stopped.stderr)
      assert.match(stopped.stderr, new RegExp(`${topic} has 4 partitions by now, and had 2: the new ones are read from their beginning`))
      const last = yield* run("process --log kafka --once --sink kafka --checkpoints kafka --pipelines candles-1m")
      assert.match(account(last), /^read 10000, /)
      const found = linesOf((yield* run("query candles-1m --sink kafka --json --limit 100000")).stdout)
      const afresh = yield* run("process --log kafka --once --restart --sink sqlite --pipelines candles-1m")
      assert.match(account(afresh), /^read 10000, /)
      const wanted = linesOf((yield* run("query candles-1m --log kafka --json --limit 100000")).stdout)
      const valuesOf = (lines: ReadonlyArray<string>) => lines.map((line) => {
        const { changes, end, key, start, values } = JSON.parse(line)
        return JSON.stringify([key, start, end, changes, values])
      }).sort()
      assert.isAbove(wanted.length, 20)
      assert.deepStrictEqual(valuesOf(found), valuesOf(wanted))
    }))

  it.live("/metrics of a processor shows lag and watermark of each partition, what is held, retries and rebalances", () =>
    Effect.gen(function*() {
      const { brokers, run, start, topic } = yield* place(kafka)
      const count = 400_000
      yield* run("ingest --feed stdin --log kafka --partitions 3", `${market(count).join("\n")}\n`)
      const processor = yield* start(`process --log kafka --sink kafka --pipelines candles-1m --page --port 0 ${neverIdle}`)
      const [, url = ""] = yield* processor.says(/ on (http:\S+\/) \(stop with Ctrl-C\)/)
      const metrics = Effect.map(Effect.promise(async () => (await fetch(`${url}metrics`)).text()), samplesOf)

      let [mostLag, mostHeld] = [0, 0]
      yield* until(Effect.map(metrics, ({ values }) => {
        mostLag = Math.max(mostLag, values.get("courant_lag_records") ?? 0)
        mostHeld = Math.max(mostHeld, values.get("courant_kafka_held_bytes") ?? 0)
        return values.get("courant_events_read_total") === count && values.get("courant_lag_records") === 0
      }))
      assert.isAbove(mostLag, 0)
      assert.isAbove(mostHeld, 0)

      const { types, values } = yield* metrics
      const gauges = ["courant_partition_lag_records", "courant_partition_watermark_ms", "courant_kafka_held_bytes"]
      for (const name of gauges) assert.strictEqual(types.get(name), "gauge", name)
      const counters = ["courant_kafka_rebalances_total", "courant_kafka_retries_total"]
      for (const name of counters) assert.strictEqual(types.get(name), "counter", name)
      assert.strictEqual(values.get("courant_kafka_held_bytes"), 0)
      assert.strictEqual(values.get("courant_kafka_rebalances_total"), 0)
      assert.strictEqual(values.get("courant_kafka_retries_total"), 0)
      const watermarks = [0, 1, 2].map((partition) => values.get(`courant_partition_watermark_ms{partition="${partition}"}`))
      for (const partition of [0, 1, 2]) {
        assert.strictEqual(values.get(`courant_partition_lag_records{partition="${partition}"}`), 0)
      }
      // The events reach from the minute on over 10 milliseconds each, and 5 seconds of disorder are allowed for.
      for (const watermark of watermarks) assert.approximately(watermark ?? 0, minute + count * 10, 10_000)
      assert.strictEqual(values.get("courant_watermark_ms"), Math.min(...watermarks.map((watermark) => watermark ?? 0)))

      // The page looks once a second. A log of old events is not shown as today's market.
      const status = Effect.promise(async () => JSON.parse(await (await fetch(`${url}api/status`)).text()))
      yield* until(Effect.map(status, ({ freshness }) => freshness._tag === "delayed"))
      const { feed, freshness } = yield* status
      assert.deepStrictEqual([feed, freshness._tag], [topic, "delayed"])
      assert.approximately(freshness.minutes, (Date.now() - minute) / 60_000, 100)

      yield* besideIt(library(brokers), `courant-${topic}-candles-1m`, topic, until(
        Effect.map(metrics, ({ values }) => (values.get("courant_kafka_rebalances_total") ?? 0) > 0)
      ))
      assert.strictEqual((yield* metrics).values.get("courant_kafka_rebalances_total"), 1)
      const ended = yield* processor.signal("SIGINT")
      assert.strictEqual(ended.code, 0)
      assert.match(account(ended), new RegExp(`^read ${count}, .* dead-lettered 0, duplicate 0$`))
    }))
})

/** Prometheus' text: what a family is, and the value of each sample. */
const samplesOf = (text: string) => ({
  types: new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(({ 1: name = "", 2: type = "" }) => [name, type])),
  values: new Map([...text.matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(({ 1: name = "", 2: value = "" }) => [name, Number(value)]))
})

/** Something happens while an ordinary consumer is a member of the group, under the group's own protocol. */
const besideIt = <E, R>(client: Library, groupId: string, topic: string, happens: Effect.Effect<void | boolean, E, R>) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const assigner = {
        name: "courant",
        version: 0,
        assign: async () => [],
        protocol: () => ({ name: "courant", metadata: Buffer.alloc(0) })
      }
      const consumer = client.consumer({ groupId, partitionAssigners: [() => assigner], sessionTimeout: 10_000 })
      await consumer.connect()
      await consumer.subscribe({ topic })
      void consumer.run({ eachMessage: async () => {} })
      return consumer
    }),
    () => happens,
    (consumer) => Effect.promise(() => consumer.disconnect())
  )
