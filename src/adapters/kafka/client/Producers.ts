/**
 * Idempotent producers, one a partition, over whichever library carries the bytes.
 *
 * The one rule: a sequence number belongs to one request, for ever. The broker drops what comes with a number that it
 * knows, and acknowledges it, so another request under that number would be lost. So whoever sends takes the
 * partition's producer away, and puts it back with the next number only when the broker has acknowledged; after
 * anything else (an error, an interruption, a batch that was found in the log) a new producer begins.
 *
 * A repetition is the same bytes: same producer, same number. Together with the look for what `landed` that makes it
 * safe, whatever has become of the attempt before:
 *
 * - It was stored, and the broker, or the replica that leads now, knows the producer: then it knows the number.
 * - It was stored, and the broker has forgotten the producer. It does so when it starts, for each whose newest
 *   timestamp is older than a day (`producer.id.expiration.ms`). Then the log, read up to its end, has it.
 * - It still lies in a broker's queue, or in the part of a log that is not yet shown to readers, so that the look
 *   misses it. Then that broker has not started since, or it would lie there no more: it takes the two one after the
 *   other, and knows the second by its number.
 *
 * What is left: a running broker forgets such producers too, every ten minutes. If that falls into the moment between
 * two such requests from its queue, the second is stored again.
 */
import { Effect, Schedule, Scope, Semaphore } from "effect"
import { encode, type Numbering } from "../wire/BatchEncoder.ts"
import * as Transactions from "../wire/Transactions.ts"
import { type Client, KafkaError } from "./Client.ts"
import type { Request } from "./Group.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import * as Produce from "../wire/Produce.ts"

/** Carries the requests of one topic to the brokers. */
export interface Carrier {
  readonly toAny: (request: Request) => Promise<Buffer>
  /** To the broker that leads a partition; asks anew which one that is, if told. */
  readonly toLeader: (partition: number, request: Request, isLost: boolean) => Promise<Buffer>
  /** To a broker by its number. */
  readonly toBroker: (broker: number, request: Request) => Promise<Buffer>
  readonly close: () => Promise<void>
}

/** In whose name is written. */
interface Writer {
  /** A producer whose first number nobody has used in the partition. */
  readonly introduce: (carrier: Carrier, topic: string, partition: number) => Effect.Effect<Produce.Producer, KafkaError>
  /** Whether a producer that begins anew can go on after a failure. */
  readonly mayBegin: (error: KafkaError) => boolean
}

interface Settings extends Pick<RetryPolicy, "retry" | "tell"> {
  readonly open: (topic: string) => Carrier
  readonly partitions: Client["partitions"]
  readonly toKafkaError: (cause: unknown) => KafkaError
}

/** A partition of a topic: one request at a time, so that the order of numbers is that of the requests. */
interface Line {
  readonly turn: Semaphore.Semaphore
  /** `null` while a request is under way, and where none has been acknowledged. */
  idle: Numbering | null
}

export const make = Effect.fnUntraced(function*(settings: Settings) {
  const { partitions, retry, toKafkaError } = settings
  const carriers = yield* carriersOf(settings.open)
  const attempt = <A>(send: () => Promise<A>): Effect.Effect<A, KafkaError> =>
    Effect.tryPromise({ try: send, catch: (cause) => cause instanceof KafkaError ? cause : toKafkaError(cause) })
  const anybody: Writer = {
    introduce: (carrier) => retry(attempt(async () => Produce.introduced(await carrier.toAny(Produce.introduction)))),
    mayBegin: Produce.isEstranged
  }
  const means = { ...settings, attempt, carriers }
  const produce = producing(means, anybody)

  const takeOver: Client["takeOver"] = Effect.fnUntraced(function*(name, topics = []) {
    const ask = (request: Request) =>
      Effect.suspend(() => {
        const carrier = carriers("")
        return attempt(async () => carrier.toBroker(Transactions.coordinatorIn(await carrier.toAny(Transactions.findCoordinator(name))), request))
      })
    const begin = (holder: Produce.Producer | null) =>
      Effect.flatMap(ask(Transactions.begin(name, holder)), (answer) => attempt(async () => Transactions.begun(answer, name))).pipe(
        soon,
        // Whoever asks first has the brokers make the topic in which they keep the names: no news for some seconds.
        Effect.retry({ while: isMoving, schedule: Schedule.spaced("100 millis"), times: 50 }),
        retry
      )

    /** Leaves the writer's epoch in each partition, which from then on refuses those before it. */
    const mark = Effect.fnUntraced(function*(topics: ReadonlyArray<Transactions.Partitions>, producer: Produce.Producer) {
      const added = yield* ask(Transactions.addPartitions(name, producer, topics))
      yield* attempt(async () => Transactions.added(added))
      const ended = yield* ask(Transactions.end(name, producer))
      yield* attempt(async () => Transactions.ended(ended, name))
    }, soon, retry)
    const existing = Effect.forEach(topics, (topic) =>
      Effect.map(retry(partitions(topic)), (count) => count === null ? [] : [{ topic, count }]), { concurrency: 4 })

    const turn = Semaphore.makeUnsafe(1)
    let writer = yield* begin(null)
    const known = (yield* existing).flat()
    const marked = new Set(known.map(({ topic }) => topic))
    if (known.length > 0) {
      yield* mark(known, writer)
      // Its coordinator answers when the marks have come through to the partitions.
      writer = yield* begin(writer)
    }
    const numbered = new Map<string, number>()
    const introduce: Writer["introduce"] = (_carrier, topic, partition) =>
      Effect.gen(function*() {
        const line = `${partition} ${topic}`
        if (!marked.has(topic)) yield* mark([{ topic, count: (yield* retry(partitions(topic))) ?? 1 }], writer)
        else if (numbered.get(line) === writer.epoch) writer = yield* begin(writer)
        marked.add(topic)
        numbered.set(line, writer.epoch)
        return writer
      }).pipe(turn.withPermit)
    return producing(means, { introduce, mayBegin: (error) => Produce.isEstranged(error) && !Produce.isFenced(error) })
  })
  return { produce, takeOver }
})

const isMoving = ({ code }: KafkaError): boolean =>
  code === "NOT_COORDINATOR" || code === "COORDINATOR_NOT_AVAILABLE" || code === "COORDINATOR_LOAD_IN_PROGRESS"

/**
 * What of a transaction has not come through to the partitions yet does within milliseconds; and a coordinator that two ask
 * for one name at a time may stumble, and knows better when it is asked again.
 */
const soon = <A>(effect: Effect.Effect<A, KafkaError>): Effect.Effect<A, KafkaError> =>
  Effect.retry(effect, {
    while: ({ code }) => code === "CONCURRENT_TRANSACTIONS" || code === "UNKNOWN_SERVER_ERROR",
    schedule: Schedule.spaced("10 millis"),
    times: 300
  })

interface Means extends Settings {
  readonly attempt: <A>(send: () => Promise<A>) => Effect.Effect<A, KafkaError>
  readonly carriers: (topic: string) => Carrier
}

const producing = ({ attempt, carriers, retry, tell }: Means, { introduce, mayBegin }: Writer): Client["produce"] => {
  const lines = new Map<string, Line>()
  const lineOf = (topic: string, partition: number): Line => {
    const name = `${partition} ${topic}`
    const line = lines.get(name) ?? { turn: Semaphore.makeUnsafe(1), idle: null }
    lines.set(name, line)
    return line
  }

  return (topic, partition, messages, landed = Effect.succeed(null)) =>
    Effect.suspend(() => {
      const carrier = carriers(topic)
      const line = lineOf(topic, partition)
      let isRepeated = false
      const send = Effect.gen(function*() {
        const numbering = line.idle ?? { ...(yield* introduce(carrier, topic, partition)), sequence: 0 }
        line.idle = null
        const request = Produce.request(topic, partition, encode(messages, numbering))
        return yield* retry(Effect.gen(function*() {
          const found = isRepeated ? yield* landed : null
          if (found !== null) return found
          const isLost = isRepeated
          isRepeated = true
          const answer = yield* attempt(() => carrier.toLeader(partition, request, isLost))
          const first = yield* attempt(async () => Produce.offsetIn(answer, topic, partition))
          line.idle = { ...numbering, sequence: after(numbering.sequence, messages.length) }
          return first
        }))
      })
      return send.pipe(
        // A new producer's first number cannot be out of order: once is enough.
        Effect.tapError((error) => mayBegin(error) ? tell(error) : Effect.void),
        Effect.retry({ times: 1, while: mayBegin }),
        line.turn.withPermit
      )
    })
}

/** Sequence numbers are followed by 0 where they end. */
const after = (sequence: number, count: number): number => (sequence + count) % 2 ** 31

/** One carrier a topic, opened when it is first needed: in kafkajs a topic that is gone spoils requests for others. */
const carriersOf = Effect.fnUntraced(function*(open: (topic: string) => Carrier) {
  const carriers = new Map<string, Carrier>()
  yield* Scope.addFinalizer(
    yield* Effect.scope,
    Effect.suspend(() =>
      Effect.forEach(carriers.values(), ({ close }) => Effect.ignore(Effect.tryPromise(close)), {
        concurrency: "unbounded",
        discard: true
      })
    )
  )
  return (topic: string): Carrier => {
    const carrier = carriers.get(topic) ?? open(topic)
    carriers.set(topic, carrier)
    return carrier
  }
})
