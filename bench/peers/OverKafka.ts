/**
 * From a topic of ticks to a topic of candles, both of one partition, on a broker of this machine whose own CPU does not
 * count. A program runs until the last candle is there, and is then killed.
 */
import { Consumer, Producer } from "@platformatic/kafka"
import { Duration, Effect } from "effect"
import { randomUUID } from "node:crypto"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { kafka } from "../../services/kafka/kafka.ts"
import { start } from "../../services/testing.ts"
import * as Guarded from "../../services/tool/Guarded.ts"
import { problem } from "../../services/tool/Problem.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import { mentioning, watching } from "../Processes.ts"
import { overKafka } from "./contenders.ts"
import * as Input from "./Input.ts"
import * as TemporaryFolder from "./TemporaryFolder.ts"
import type { Run, Work } from "./Work.ts"

export const work: Work = {
  name: "kafka",
  contenders: overKafka,
  ground: Effect.fnUntraced(function*(ticks) {
    const folder = yield* TemporaryFolder.make
    const { access: { brokers } } = yield* start(kafka)
    const from = "ticks"
    yield* newTopic(brokers, from)
    const { candles, end } = yield* Effect.promise(() => fill(brokers, from, ticks))
    yield* heartbeat(brokers, from, end)
    let runs = 0
    const run: Run = Effect.fnUntraced(function*(program, { name }) {
      const to = `${name}-${runs++}-panes`
      const [state, log] = [join(folder, to), join(folder, `${to}.log`)]
      mkdirSync(state)
      yield* newTopic(brokers, to, name === "courant" ? compacted : {})
      const began = performance.now()
      const running = Effect.gen(function*() {
        const { ended } = yield* Guarded.start(program(brokers, from, to, state), log)
        const early = Effect.flatMap(ended, ({ code }) => Effect.fail(problem(`it ended with code ${code}: ${lastLines(log)}`)))
        return yield* Effect.raceFirst(collected(brokers, to, candles), early)
      })
      const { result: { at, text }, usage } = yield* watching(mentioning(to), running)
      return { text, usage: { ...usage, wall: (at - began) / 1_000 } }
    }, Effect.scoped)
    return run
  })
}

const day = 86_400_000
const last = "END"

interface Filled {
  /** How many there are to be. */
  readonly candles: number
  /** A time that is after all windows. */
  readonly end: number
}

/** Records have the symbol as their key, so that nobody has to repartition them. */
const fill = async (brokers: string, topic: string, ticks: number): Promise<Filled> => {
  const producer = new Producer({ clientId: "peers", bootstrapBrokers: [brokers], idempotent: true })
  const keys = new Set<string>()
  let end = 0
  let messages: Array<{ topic: string; key: Buffer; value: Buffer; partition: number }> = []
  for (const line of Input.lines(ticks)) {
    const { symbol, time } = JSON.parse(line)
    keys.add(`${symbol},${Math.floor(time / 60_000)}`)
    end = time + day
    messages.push({ topic, key: Buffer.from(symbol), value: Buffer.from(line.trimEnd()), partition: 0 })
    if (messages.length < 2_000) continue
    await producer.send({ messages })
    messages = []
  }
  if (messages.length > 0) await producer.send({ messages })
  await producer.close()
  return { candles: keys.size, end }
}

/** A window closes when a later tick comes, and some look for windows to close only now and then, with a tick. */
const heartbeat = (brokers: string, topic: string, time: number) =>
  Effect.gen(function*() {
    const producer = yield* Effect.acquireRelease(
      Effect.sync(() => new Producer({ clientId: "peers", bootstrapBrokers: [brokers], idempotent: true })),
      (producer) => Effect.promise(() => producer.close())
    )
    const value = Buffer.from(JSON.stringify({ symbol: last, time, price: "1", size: 1 }))
    const beat = Effect.promise(() => producer.send({ messages: [{ topic, key: Buffer.from(last), value, partition: 0 }] }))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(beat, Effect.sleep("1 second"))))
  })

const limit = Duration.minutes(6)

/** All records of a topic when there are so many, and what comes in half a second more, for there may be too many. */
const collected = (brokers: string, topic: string, count: number) => {
  const texts: Array<string> = []
  return Effect.gen(function*() {
    const consumer = yield* Effect.acquireRelease(
      Effect.sync(() => new Consumer({ clientId: "peers", groupId: randomUUID(), bootstrapBrokers: [brokers] })),
      (consumer) => Effect.promise(() => consumer.close(true))
    )
    const stream = yield* Effect.promise(() => consumer.consume({ topics: [topic], mode: "earliest", autocommit: false }))
    stream.on("data", ({ value }) => void texts.push(String(value)))
    while (texts.length < count) yield* Effect.sleep("100 millis")
    const at = performance.now()
    yield* Effect.sleep("500 millis")
    return { text: texts.join("\n"), at }
  }).pipe(
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () => Effect.fail(problem(`only ${texts.length} of ${count} candles came in ${Duration.format(limit)}`))
    }),
    Effect.scoped
  )
}

/** As courant's own panes are kept: of one that is revised the last. */
const compacted = { "cleanup.policy": "compact" }

/** Times of records may be those of events, long ago: nothing is removed for its age. */
const newTopic = (brokers: string, name: string, configs: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Connection, ({ client }) => client.create({ name, partitions: 1, configs: { "retention.ms": "-1", ...configs } })).pipe(
    Effect.provide(Connection.layer({ brokers: [brokers], library: "platformatic" }), { local: true }),
    Effect.mapError(({ message }) => problem(message))
  )

const lastLines = (log: string): string => readFileSync(log, "utf8").trim().split("\n").slice(-3).join(" / ")
