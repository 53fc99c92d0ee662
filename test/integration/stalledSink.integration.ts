/**
 * The sink takes nothing for a while in which the topic grows as fast as one producer can make it: what a processor holds
 * stays bounded, and when the sink goes on everything is processed, once.
 *
 * Two processors are commands of their own, one over each client library, with a standard output that nobody reads;
 * their memory is what the system says it is. A third is in this process, for the metric of what was fetched and waits.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Metric } from "effect"
import type { ChildProcess } from "node:child_process"
import { readFileSync } from "node:fs"
import { Kafka } from "../../services/testing.ts"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { account, linesOf, start, temporaryFolder } from "../cli/courant.ts"
import * as Admin from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"
import { neverIdle, times } from "./effort.ts"
import { begin, source } from "./market.ts"

const seconds = 20 * times

/** MiB that the memory of a processor may rise above what it was when it was at work. */
const allowed = 32

/** Bytes that may have been fetched and wait: four batches in the queue, four taken from it, one at its door. */
const heldAllowed = 9 * 1_024 * 1_024

/** Minutes of the market: there when the processors start, and in the end at most (2.4 million ticks, some 340 MB). */
const minutes = { before: 200, atMost: 1_200 * times }

const perMinute = 2_000
const symbols = 20

/** Of one topic, each in a group of its own: groups are called after the pipelines. */
const commands = [
  { library: "kafkajs", pipeline: candles1m, span: 1 },
  { library: "platformatic", pipeline: candles5m, span: 5 }
] as const

describe("stalled sink", () => {
  const { kafka, layer } = brokers(Kafka.layer())

  it.live(`for ${seconds} s under full load memory rises by less than ${allowed} MiB, then all is read once`, () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const topic = yield* newTopic
      yield* Effect.gen(function*() {
        const log = yield* EventLog
        let minute = 0
        const append = Effect.suspend(() => log.append(0, minuteOf(minute++)))
        yield* Effect.repeat(append, { times: minutes.before - 1 })

        const inside = yield* processorInside
        const outside = yield* Effect.forEach(commands, (command) => processorOutside(access.brokers, topic, command))
        let isOver = false
        const producing = yield* Effect.forkChild(
          Effect.repeat(append, { until: () => isOver || minute === minutes.atMost })
        )
        const residents = Effect.sync(() => outside.map(({ resident }) => resident()))
        // At work: all that was there is read, and some of what comes.
        for (const { panes, span } of [inside, ...outside]) {
          yield* Admin.until(Effect.sync(() => panes.length >= panesOf(minutes.before + 50, span).length))
        }

        // The most that they have while they work: memory rises and falls with the collector, which a busy machine delays.
        const working = yield* Effect.replicateEffect(Effect.tap(residents, Effect.sleep("200 millis")), 15)
        const before = outside.map((_, i) => Math.max(...working.map((resident) => resident[i]!)))
        for (const { stall } of [inside, ...outside]) yield* stall
        // What lies between the processor and the one who does not read takes some seconds to be full; then it stands.
        const done = Effect.forEach(outside, ({ committed }) => committed)
        let standing = yield* done
        for (let same = 0; same < 10; ) {
          yield* Effect.sleep("500 millis")
          const now = yield* done
          same = JSON.stringify(now) === JSON.stringify(standing) ? same + 1 : 0
          standing = now
        }
        const look = Effect.all({ held, resident: residents, done })
        const looks = Effect.replicateEffect(Effect.tap(look, Effect.sleep("500 millis")), 2 * seconds)
        // On a busy machine it may pause before it stands, but not again and again.
        const isStanding = (seen: Effect.Success<typeof looks>) => JSON.stringify(seen[0]?.done) === JSON.stringify(seen.at(-1)?.done)
        const seen = yield* Effect.repeat(looks, { until: isStanding, times: 5 })
        assert.isTrue(isStanding(seen), JSON.stringify(seen.map(({ done }) => done)))
        const most = before.map((_, i) => Math.max(...seen.map(({ resident }) => resident[i]!)))
        const heldMost = Math.max(...seen.map(({ held }) => held))
        report({ before, heldMost, most, ticks: minute * perMinute })
        before.forEach((resident, i) => assert.isBelow(most[i]! - resident, allowed, commands[i]!.library))
        assert.isAtMost(heldMost, heldAllowed)
        // Otherwise it was not stalled, or the metric is blind.
        assert.isAbove(heldMost, 256 * 1_024)

        isOver = true
        for (const { goOn } of [inside, ...outside]) yield* goOn
        yield* Fiber.join(producing)
        for (const { panes, span } of [inside, ...outside]) {
          const wanted = panesOf(minute, span)
          yield* Admin.until(Effect.sync(() => panes.length >= wanted.length))
          assert.strictEqual(panes.length, wanted.length)
          assert.deepStrictEqual(panes.toSorted(), wanted.toSorted())
        }
        yield* Admin.until(Effect.map(held, (bytes) => bytes === 0))
        const ticks = minute * perMinute
        for (const { end } of outside) {
          const wanted = `read ${ticks}, aggregated ${ticks}, late 0, dead-lettered 0, duplicate 0`
          assert.strictEqual(account(yield* end), wanted)
        }
      }).pipe(Effect.provide(KafkaEventLog.layer({ topic, source }).pipe(Layer.provide(layer))))
    }))
})

/** The figures, for whoever wants to know how near the bounds they are. */
const report = ({ before, heldMost, most, ticks }: {
  readonly before: ReadonlyArray<number>
  readonly most: ReadonlyArray<number>
  readonly heldMost: number
  readonly ticks: number
}) => {
  const resident = commands.map(({ library }, i) => `${library} ${before[i]} to ${most[i]} MiB`).join(", ")
  process.stderr.write(`${ticks} ticks; resident ${resident}; held ${(heldMost / 1_024 / 1_024).toFixed(1)} MiB\n`)
}

/** The ticks of one minute: of each symbol so many, in order. */
const minuteOf = (minute: number) =>
  fromTexts(Array.from({ length: perMinute }, (_, i) =>
    `{"symbol":"S${i % symbols}","time":${begin + minute * 60_000 + i * 30},` +
    `"price":"${100 + i % 7}.25","size":${sizeOf(i)}}`))

const sizeOf = (i: number): number => 1 + i % 9

const volumes = Array.from({ length: symbols }, (_, symbol) =>
  Array.from({ length: perMinute }, (_, i) => i % symbols === symbol ? sizeOf(i) : 0).reduce((sum, size) => sum + size))

/** What is known of a pane beforehand. */
const textOf = ({ key, start, values }: Pick<Pane.Encoded, "key" | "start" | "values">): string =>
  `${start} ${key} ${String(values["trades"])} ${String(values["volume"])}`

/** The panes of so many minutes by windows of `span` minutes; that of the last tick is still open. */
const panesOf = (minutes: number, span: number): ReadonlyArray<string> =>
  Array.from({ length: Math.floor((minutes - 1) / span) }, (_, window) =>
    volumes.map((volume, symbol) =>
      textOf({
        key: `S${symbol}`,
        start: begin + window * span * 60_000,
        values: { trades: span * perMinute / symbols, volume: span * volume }
      }))).flat()

const processorInside = Effect.gen(function*() {
  const panes: Array<string> = []
  const open = yield* Latch.make(true)
  const sink = Layer.succeed(ResultSink, {
    write: (written) => Effect.andThen(open.await, Effect.sync(() => void panes.push(...written.map((pane) => textOf(Pane.encode(pane)))))),
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  })
  const stores = Layer.mergeAll(sink, CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer)
  const run = Effect.flatMap(Engine, (engine) => engine.run({ name: "inside", pipelines: [candles1m] }))
  yield* Effect.forkScoped(Effect.provide(run, InProcess.layer.pipe(Layer.provide(stores))))
  return { panes, span: 1, stall: open.close, goOn: open.open }
})

const processorOutside = Effect.fnUntraced(function*(
  address: string,
  topic: string,
  { library, pipeline, span }: typeof commands[number]
) {
  const cwd = yield* temporaryFolder
  const command = `process --log kafka --brokers ${address} --topic ${topic} --sink stdout --pipelines ${pipeline.name} ${neverIdle}`
  const { child, signal } = yield* start(command, { cwd, env: { COURANT_KAFKA_LIBRARY: library } })
  const panes = panesFrom(child)
  return {
    panes,
    span,
    resident: () => residentOf(child),
    committed: Admin.committed(address, `courant-${topic}-${pipeline.name}`, topic),
    stall: Effect.sync(() => void child.stdout?.pause()),
    goOn: Effect.sync(() => void child.stdout?.resume()),
    end: signal("SIGTERM")
  }
})

/** What a process has written to its standard output, as long as that is read. */
const panesFrom = ({ stdout }: ChildProcess): ReadonlyArray<string> => {
  const panes: Array<string> = []
  let rest = ""
  stdout?.on("data", (bytes: Buffer) => {
    const text = rest + bytes.toString()
    rest = text.slice(text.lastIndexOf("\n") + 1)
    for (const line of linesOf(text.slice(0, text.length - rest.length))) panes.push(textOf(JSON.parse(line)))
  })
  return panes
}

/** Bytes of records that were fetched in this process and wait. */
const held = Effect.map(Metric.snapshot, (metrics) => {
  const found = metrics.find(({ id }) => id === "courant_kafka_held_bytes")
  return found?.type === "Gauge" ? Number(found.state.value) : 0
})

/** MiB of memory that a process has. */
const residentOf = ({ pid }: ChildProcess): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
  return Math.round(Number(found?.[1]) / 1_024)
}
