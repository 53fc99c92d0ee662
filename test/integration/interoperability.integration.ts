/** Other programs' records are processed, and other programs read our results: Kafka's own console programs, and kcat. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { command } from "../../services/kafka/tools.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { linesOf } from "../cli/courant.ts"
import { consume } from "../services/clients.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"
import { actual, engineOn, expected, line, market, processOnce, stores } from "./market.ts"
import { isMissing, output } from "./programs.ts"

/** The console producer with options of its own. */
const produce = Effect.fnUntraced(function*(brokers: string, topic: string, lines: ReadonlyArray<string>, options: ReadonlyArray<string>) {
  const [file, ...before] = yield* command("console-producer")
  yield* output(file, [...before, "--bootstrap-server", brokers, "--topic", topic, ...options], { input: textOf(lines) })
})

const textOf = (lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

const kcat = {
  isMissing: isMissing("kcat", "install it (Debian: apt-get install kcat; macOS: brew install kcat)"),
  /** Lines of a key and a value with a tab between them; an empty value is none (`-Z`). */
  write: (brokers: string, topic: string, lines: ReadonlyArray<string>) =>
    output("kcat", ["-P", "-b", brokers, "-t", topic, "-K", "\t", "-Z"], { input: textOf(lines) }),
  /** All that is in a topic, a line for each record, in one of its formats. */
  read: (brokers: string, topic: string, format: string) =>
    Effect.map(output("kcat", ["-C", "-q", "-b", brokers, "-t", topic, "-o", "beginning", "-e", "-f", format]), linesOf)
}

/** `name=value,name=value`, where no value has a comma before what looks like another header. */
const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(text.split(/,(?=[a-z-]+=)/).map((header) => {
    const [name = "", ...value] = header.split("=")
    return [name, value.join("=")]
  }))

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
          // The topic is others': what was decided over it is elsewhere, and nothing was added to it.
          assert.deepStrictEqual(yield* Effect.flatMap(EventLog, ({ ends }) => ends), [10_001])
          const decided = yield* Effect.flatMap(Decisions, ({ read }) => read)
          assert.deepStrictEqual(decided.map((decision) => ({ ...decision, takenAt: 0 })), [{ _tag: "end", at: [10_001], takenAt: 0 }])
          const letters = yield* Effect.flatMap(DeadLetters, (store) => store.read({ reason: "not-json" }))
          assert.deepStrictEqual(letters.map(({ bytes }) => Buffer.from(bytes).toString()), ["poison"])
          const found = yield* actual
          assert.deepStrictEqual(found, yield* expected)
          const read = yield* consume(access.brokers, `${topic}-panes`, found.size)
          for (const line of read) {
            const { pane, pipeline, revision } = JSON.parse(line)
            assert.deepStrictEqual([typeof pipeline, pane], ["string", revision === 0 ? "on-time" : "late"])
          }
        }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 1 })).pipe(Layer.provide(layer))))
      }))

    it.live.skipIf(kcat.isMissing)("records of kcat give the panes of the batch fold, and kcat reads them, keys, dead letters and headers", () =>
      Effect.gen(function*() {
        const topic = yield* newTopic
        const { access } = yield* broker
        yield* Effect.gen(function*() {
          const ticks = market(3_000).map((line) => `${JSON.parse(line).symbol}\t${line}`)
          yield* kcat.write(access.brokers, topic, [...ticks, "S1\tpoison", "S2\t"])
          const report = yield* processOnce
          assert.deepStrictEqual([report.read, report.deadLettered], [3_002, 2])
          const wanted = yield* expected
          assert.deepStrictEqual(yield* actual, wanted)

          const newest = new Map((yield* kcat.read(access.brokers, `${topic}-panes`, "%k %s\n")).map((line) => {
            const [key = "", ...value] = line.split(" ")
            return [key, JSON.parse(value.join(" "))]
          }))
          assert.deepStrictEqual(new Set([...newest.values()].map(line)), wanted)
          for (const [key, { end, key: symbol, pipeline, start }] of newest) {
            assert.strictEqual(key, [pipeline, symbol, start, end].join("|"))
          }

          const letters = yield* kcat.read(access.brokers, `${topic}-dead-letters`, "%h %S %s\n")
          const told = letters.map((letter) => {
            const [, headers = "", size, value] = /^(.*) (-?\d+) (\S*)$/.exec(letter) ?? []
            const { offset, partition, reason, topic } = headersOf(headers)
            return { topic, isHere: Number(partition) < 3 && /^\d+$/.test(offset ?? ""), reason, size, value }
          })
          assert.deepStrictEqual(told.toSorted((a, b) => String(a.reason).localeCompare(String(b.reason))), [
            { topic, isHere: true, reason: "empty", size: "0", value: "" },
            { topic, isHere: true, reason: "not-json", size: "6", value: "poison" }
          ])
        }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))))
      }))
  })
}
