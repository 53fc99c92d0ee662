/**
 * Producers against a model of a broker that loses answers, keeps requests in a queue and handles them too late, starts
 * anew and forgets its producers: whatever it does, what was acknowledged is there once, in order, and what was given up
 * at most once.
 */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Semaphore } from "effect"
import * as fc from "fast-check"
import { type Client, KafkaError, type Message } from "../../../../src/adapters/kafka/client/Client.ts"
import type { Request } from "../../../../src/adapters/kafka/client/Group.ts"
import type { RetryPolicy } from "../../../../src/adapters/kafka/client/RetryPolicy.ts"
import * as Producers from "../../../../src/adapters/kafka/client/Producers.ts"
import { Cursor, sections } from "../../../../src/adapters/kafka/wire/RecordBatches.ts"
import { randomFrom } from "../../../random.ts"

const topic = "t"
const notLeader = 6
const outOfOrder = 45
const partitions = 2

interface Batch {
  readonly partition: number
  readonly producerId: bigint
  readonly sequence: number
  readonly count: number
  readonly texts: ReadonlyArray<string>
}

/** What the broker knows of a producer: the number that comes next, and its last five batches. */
interface Known {
  next: number
  readonly last: Array<{ readonly sequence: number; readonly count: number; readonly offset: number }>
}

/** One that does to each request what a seed says. */
class Broker {
  readonly logs: ReadonlyArray<Array<string>> = Array.from({ length: partitions }, () => [])
  readonly #random: () => number
  readonly #faults: number
  #known = new Map<string, Known>()
  #queue: Array<Batch> = []
  #producers = 0n
  #hung: ((partition: number) => void) | null = null

  constructor(seed: number, faults: number) {
    this.#random = randomFrom(seed)
    this.#faults = faults
  }

  /** Calls back when a request will never be answered. */
  onHung(hung: (partition: number) => void): void {
    this.#hung = hung
  }

  readonly carrier: Producers.Carrier = {
    toAny: async () => {
      const body = Buffer.alloc(16)
      body.writeBigInt64BE(++this.#producers, 6)
      return body
    },
    toLeader: async (partition, request) => {
      const batch = batchIn(partition, request)
      this.happen()
      if (this.#random() > this.#faults) return this.#take(batch)
      const fate = Math.floor(this.#random() * 5)
      if (fate === 0) throw away()
      if (fate === 1) return answer(notLeader, -1)
      if (fate === 2) {
        this.#take(batch)
        throw away()
      }
      this.#queue.push(batch)
      if (fate === 3) throw away()
      this.#hung?.(partition)
      return await new Promise(() => {})
    },
    close: async () => {}
  }

  /** What a broker does between two requests. */
  happen(): void {
    // It starts anew: the queue is lost, and so are the producers of old records.
    if (this.#random() < this.#faults / 4) {
      this.#queue = []
      this.#known = new Map()
    }
    // It remembers its producers wrongly, as one does that has lost the end of a log.
    if (this.#random() < this.#faults / 8) {
      for (const known of this.#known.values()) {
        known.next += 1_000
        known.last.length = 0
      }
    }
    if (this.#random() < 0.5) for (const batch of this.#queue.splice(0)) this.#take(batch)
  }

  #take({ count, partition, producerId, sequence, texts }: Batch): Buffer {
    const name = `${partition} ${producerId}`
    const known = this.#known.get(name) ?? { next: sequence, last: [] }
    const same = known.last.find((batch) => batch.sequence === sequence && batch.count === count)
    if (same !== undefined) return answer(0, same.offset)
    if (sequence !== known.next) return answer(outOfOrder, -1)
    const log = this.logs[partition]!
    const offset = log.length
    log.push(...texts)
    known.last.push({ sequence, count, offset })
    if (known.last.length > 5) known.last.shift()
    known.next = sequence + count
    this.#known.set(name, known)
    return answer(0, offset)
  }
}

const away = () => new KafkaError({ message: "the broker is away", retriable: true, code: null })

/** Of a response: the topic's name, and of its partition the error and the offset. */
const answer = (errorCode: number, offset: number): Buffer => {
  const body = Buffer.alloc(15 + 2 + 8)
  body.writeInt16BE(topic.length, 4)
  body.writeInt16BE(errorCode, 15)
  body.writeBigInt64BE(BigInt(offset), 17)
  return body
}

const batchIn = (partition: number, { body }: Request): Batch => {
  const batches = body.subarray(2 + 2 + 4 + 4 + 2 + topic.length + 12)
  const [section] = sections({ partition, errorCode: 0, lastStableOffset: -1, aborted: [], batches }, 0).sections
  const cursor = new Cursor()
  cursor.begin(section!)
  const texts = Array.from({ length: section!.count }, () => {
    cursor.next()
    return batches.toString("utf8", cursor.valueStart, cursor.valueStart + cursor.valueLength)
  })
  return { partition, producerId: batches.readBigInt64BE(43), sequence: batches.readInt32BE(53), count: section!.count, texts }
}

const retryPolicy: Pick<RetryPolicy, "retry" | "tell"> = {
  retry: (effect) => Effect.retry(effect, { while: (error) => error instanceof KafkaError && error.retriable }),
  tell: () => Effect.void
}

const messagesOf = (texts: ReadonlyArray<string>): ReadonlyArray<Message> =>
  texts.map((text) => ({ key: null, value: Buffer.from(text), timestamp: 0, headers: {} }))

/** Appends chunks of 1 to 3 records to each partition, two at a time, and says which were acknowledged, in that order. */
const run = (broker: Broker, produce: Client["produce"], chunks: number) =>
  Effect.gen(function*() {
    const acknowledged: ReadonlyArray<Array<string>> = Array.from({ length: partitions }, () => [])
    const hung = Array.from({ length: partitions }, () => Deferred.makeUnsafe<void>())
    broker.onHung((partition) => Deferred.doneUnsafe(hung[partition]!, Effect.void))
    const givenUp = (partition: number) =>
      Effect.suspend(() => Deferred.await(hung[partition]!)).pipe(
        Effect.andThen(Effect.sync(() => void (hung[partition] = Deferred.makeUnsafe())))
      )
    const one = (partition: number, chunk: number) =>
      Effect.gen(function*() {
        const texts = Array.from({ length: 1 + chunk % 3 }, (_, i) => `${chunk}.${i}`)
        const log = broker.logs[partition]!
        const landed = Effect.sync(() => {
          broker.happen()
          const at = log.indexOf(texts[0]!)
          return at === -1 ? null : at
        })
        const first = yield* produce(topic, partition, messagesOf(texts), landed).pipe(
          Effect.raceFirst(Effect.as(givenUp(partition), null))
        )
        if (first === null) return
        assert.deepStrictEqual(log.slice(first, first + texts.length), texts)
        acknowledged[partition]!.push(...texts)
      }).pipe(turns[partition]!.withPermit)
    // Of two that wait, the model could not tell which was given up.
    const turns = Array.from({ length: partitions }, () => Semaphore.makeUnsafe(1))
    const all = Array.from({ length: chunks }, (_, chunk) => chunk)
    yield* Effect.forEach(hung, (_, partition) =>
      Effect.forEach(all, (chunk) => one(partition, chunk), { discard: true }), { concurrency: "unbounded", discard: true })
    return acknowledged
  })

it("what was acknowledged is there once and in order, what was given up at most once", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.1, 0.4), async (seed, faults) => {
      const broker = new Broker(seed, faults)
      const acknowledged = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const produce = yield* Producers.make(() => broker.carrier, () => away(), retryPolicy)
        return yield* run(broker, produce, 40)
      })))
      for (const [partition, texts] of acknowledged.entries()) {
        const log = broker.logs[partition]!
        assert.strictEqual(new Set(log).size, log.length, `partition ${partition} has something twice`)
        const wanted = new Set(texts)
        assert.deepStrictEqual(log.filter((text) => wanted.has(text)), texts)
      }
    }),
    { numRuns: 400 }
  ), 60_000)

it("requests to a partition go one after the other, those to another need not wait", () =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const broker = new Broker(1, 0)
    const asked: Array<number> = []
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => { open = resolve })
    const slow: Producers.Carrier = {
      ...broker.carrier,
      toLeader: async (partition, request, isLost) => {
        asked.push(partition)
        if (partition === 0) await gate
        return await broker.carrier.toLeader(partition, request, isLost)
      }
    }
    const produce = yield* Producers.make(() => slow, () => away(), retryPolicy)
    const first = yield* Effect.forkChild(produce(topic, 0, messagesOf(["a"])), { startImmediately: true })
    const second = yield* Effect.forkChild(produce(topic, 0, messagesOf(["b"])), { startImmediately: true })
    yield* produce(topic, 1, messagesOf(["c"]))
    assert.deepStrictEqual(asked, [0, 1])
    open()
    assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second)], [0, 1])
  }))))

it("a refusal that will not pass is told at once, and the next request begins anew", () =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const tooLarge = 10
    const numbers: Array<readonly [bigint, number]> = []
    const broker = new Broker(1, 0)
    const carrier: Producers.Carrier = {
      ...broker.carrier,
      toLeader: async (partition, request, isLost) => {
        const { producerId, sequence, texts } = batchIn(partition, request)
        numbers.push([producerId, sequence])
        return texts[0] === "large" ? answer(tooLarge, -1) : await broker.carrier.toLeader(partition, request, isLost)
      }
    }
    const produce = yield* Producers.make(() => carrier, () => away(), retryPolicy)
    const send = (...texts: ReadonlyArray<string>) => produce(topic, 0, messagesOf(texts))
    yield* send("a", "b", "c")
    const refusal = yield* Effect.flip(send("large"))
    assert.strictEqual(refusal.code, "MESSAGE_TOO_LARGE")
    yield* send("d", "e")
    yield* send("f")
    assert.deepStrictEqual(numbers, [[1n, 0], [1n, 3], [2n, 0], [2n, 2]])
    assert.deepStrictEqual(broker.logs[0], ["a", "b", "c", "d", "e", "f"])
  }))))
