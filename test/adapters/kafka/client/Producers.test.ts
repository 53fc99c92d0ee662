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
import { FlexibleReader } from "../../../../src/adapters/kafka/wire/Wire.ts"
import { Cursor, sections } from "../../../../src/adapters/kafka/wire/RecordBatches.ts"
import { randomFrom } from "../../../random.ts"

const topic = "t"
const notLeader = 6
const outOfOrder = 45
const staleEpoch = 47
const fenced = 90
const partitions = 2

interface Batch {
  readonly partition: number
  readonly producerId: bigint
  readonly epoch: number
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
  #faults: number
  #known = new Map<string, Known>()
  #queue: Array<Batch> = []
  #producers = 0n
  /** The one name that writers have in turn, and what its epoch was in each partition when a transaction ended there. */
  #epoch = 0
  readonly #epochs: Array<number> = Array.from({ length: partitions }, () => 0)
  #hung: ((partition: number) => void) | null = null

  constructor(seed: number, faults: number) {
    this.#random = randomFrom(seed)
    this.#faults = faults
  }

  /** From now on all goes well, save what is under way. */
  calm(): void {
    this.#faults = 0
  }

  /** Calls back when a request will never be answered. */
  onHung(hung: (partition: number) => void): void {
    this.#hung = hung
  }

  readonly carrier: Producers.Carrier = {
    toAny: async ({ apiName }) => {
      if (apiName === "FindCoordinator") return Buffer.alloc(12)
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
    toBroker: async (_, request) => {
      this.happen()
      if (this.#random() < this.#faults) throw away()
      if (request.apiName === "InitProducerId") return this.#begin(request.body)
      if (request.apiName === "AddPartitionsToTxn") return Buffer.alloc(16)
      const body = Buffer.alloc(6)
      // The name, whose length comes first, and the producer's id lie before its epoch.
      const epoch = request.body.readInt16BE(2 + request.body.readInt16BE(0) + 8)
      if (epoch === this.#epoch) this.#epochs.fill(epoch)
      else body.writeInt16BE(fenced, 4)
      return body
    },
    close: async () => {}
  }

  #begin(body: Buffer): Buffer {
    const reader = new FlexibleReader(body)
    reader.tags()
    reader.text()
    reader.skip(4)
    const holder = { producerId: reader.int64(), epoch: reader.int16() }
    const answer = Buffer.alloc(1 + 4 + 2 + 8 + 2 + 1)
    if (holder.producerId >= 0 && holder.epoch !== this.#epoch) answer.writeInt16BE(fenced, 5)
    answer.writeBigInt64BE(ofTheName, 7)
    answer.writeInt16BE(answer.readInt16BE(5) === 0 ? ++this.#epoch : -1, 15)
    return answer
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

  #take({ count, epoch, partition, producerId, sequence, texts }: Batch): Buffer {
    if (producerId === ofTheName && epoch < this.#epochs[partition]!) return answer(staleEpoch, -1)
    const name = `${partition} ${producerId} ${epoch}`
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

const ofTheName = 1_000_000n

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
  return { partition, producerId: batches.readBigInt64BE(43), epoch: batches.readInt16BE(51), sequence: batches.readInt32BE(53), count: section!.count, texts }
}

const retryPolicy: Pick<RetryPolicy, "retry" | "tell"> = {
  retry: (effect) => Effect.retry(effect, { while: (error) => error instanceof KafkaError && error.retriable }),
  tell: () => Effect.void
}

const producersOf = (open: () => Producers.Carrier) =>
  Producers.make({ ...retryPolicy, open, partitions: () => Effect.succeed(partitions), toKafkaError: () => away() })

const messagesOf = (texts: ReadonlyArray<string>): ReadonlyArray<Message> =>
  texts.map((text) => ({ key: null, value: Buffer.from(text), timestamp: 0, headers: {} }))

/** Appends chunks of 1 to 3 records to each partition, two at a time, and says which were acknowledged, in that order. */
const run = (broker: Broker, produce: Client["produce"], chunks: number, mark = "") =>
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
        const texts = Array.from({ length: 1 + chunk % 3 }, (_, i) => `${mark}${chunk}.${i}`)
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
        const { produce } = yield* producersOf(() => broker.carrier)
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

it("what one sends that has had a name is refused from the first record of the next on, however late it comes", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.1, 0.4), async (seed, faults) => {
      const broker = new Broker(seed, faults)
      await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const { takeOver } = yield* producersOf(() => broker.carrier)
        const former = yield* takeOver("n")
        yield* run(broker, former, 5 + seed % 5)
        const next = yield* takeOver("n")
        const acknowledged = yield* run(broker, next, 5, "next")
        broker.calm()
        for (let i = 0; i < 10; i++) broker.happen()
        const refusal = yield* Effect.flip(former(topic, 0, messagesOf(["too late"])))
        assert.include(["PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"], refusal.code)
        for (const [partition, texts] of acknowledged.entries()) {
          const log = broker.logs[partition]!
          const since = log.slice(log.findIndex((text) => text.startsWith("next")))
          assert.deepStrictEqual(since.filter((text) => !text.startsWith("next")), [])
          const wanted = new Set(texts)
          assert.deepStrictEqual(since.filter((text) => wanted.has(text)), texts)
        }
      })))
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
    const { produce } = yield* producersOf(() => slow)
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
    const { produce } = yield* producersOf(() => carrier)
    const send = (...texts: ReadonlyArray<string>) => produce(topic, 0, messagesOf(texts))
    yield* send("a", "b", "c")
    const refusal = yield* Effect.flip(send("large"))
    assert.strictEqual(refusal.code, "MESSAGE_TOO_LARGE")
    yield* send("d", "e")
    yield* send("f")
    assert.deepStrictEqual(numbers, [[1n, 0], [1n, 3], [2n, 0], [2n, 2]])
    assert.deepStrictEqual(broker.logs[0], ["a", "b", "c", "d", "e", "f"])
  }))))
