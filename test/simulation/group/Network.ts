/**
 * What lies between simulated processes and their broker, and the client over it. A request is on its way whatever becomes
 * of its process; it comes late, or not at all, and so does its answer. Requests of one connection come in their order.
 */
import { Effect, Semaphore } from "effect"
import { type Client, KafkaError, type Reader } from "../../../src/adapters/kafka/client/Client.ts"
import { Connection } from "../../../src/adapters/kafka/client/Connection.ts"
import * as RetryPolicy from "../../../src/adapters/kafka/client/RetryPolicy.ts"
import type { Process } from "../../../src/testing/simulation/Process.ts"
import type { Random } from "../../../src/testing/simulation/Random.ts"
import type { World } from "../../../src/testing/simulation/World.ts"
import type { Broker, Epoch } from "./Broker.ts"
import type { Holding } from "./Law.ts"

/** How likely each is, of every request. */
export interface Weather {
  /** That it does not come through, or its answer does not. */
  readonly loss: number
  /** That it takes long, up to longer than anybody waits. */
  readonly slow: number
  /** That something happens to its process just when it has been done. */
  readonly blow: number
}

/** Milliseconds for which a client waits for an answer; for that of a coordinator twice as long. */
const patience = 2_000

/** What takes longest comes after so many. */
export const longestWay = 3_000

interface Sent {
  readonly process: Process
  readonly holding: Holding
}

type Result<A> = Effect.Effect<A, KafkaError>

export class Network {
  readonly #world: World
  readonly #random: Random
  readonly #broker: Broker
  readonly #onBlow: (process: Process) => void
  readonly #mayFail: () => boolean
  weather: Weather
  #requests = 0
  /** When the last request of each connection comes in. */
  readonly #arrivals = new Map<string, number>()

  constructor({ broker, mayFail, onBlow, random, weather, world }: {
    readonly world: World
    readonly random: Random
    readonly broker: Broker
    readonly weather: Weather
    readonly onBlow: (process: Process) => void
    /** Counts what goes wrong, if anything may. */
    readonly mayFail: () => boolean
  }) {
    this.#world = world
    this.#random = random
    this.#broker = broker
    this.#onBlow = onBlow
    this.#mayFail = mayFail
    this.weather = weather
  }

  /** The connection of a process in one of its holdings. */
  connection(sent: Sent): Connection["Service"] {
    const retryPolicy = RetryPolicy.make("a simulated broker")
    return { brokers: "a simulated broker", client: this.#client(sent, retryPolicy), retryPolicy }
  }

  #client(sent: Sent, { retry }: RetryPolicy.RetryPolicy): Client {
    const broker = this.#broker
    const now = <A>(line: string, handle: () => A) => this.#ask<A>(sent, line, (reply) => reply(handle()))
    return {
      partitions: (topic) => now("metadata", () => broker.has(topic) ? 1 : null),
      topic: (name) => now("metadata", () => ({ name, id: broker.topic(name).id })),
      configs: (topic) => now("metadata", () => new Map(Object.entries(broker.topic(topic).configs))),
      create: (topic) => now("metadata", () => broker.create(topic)),
      offsets: (topic, which) => now("offsets", () => [which === "earliest" ? 0 : broker.end(topic)]),
      produce: this.#producing(sent, retry, () => Effect.succeed(null)),
      takeOver: (name, topics = []) => this.#takeOver(sent, retry, { name, topics }),
      askCoordinator: (_, request) =>
        this.#ask<Buffer>(sent, "group", (reply) => broker.coordinator.answer(sent.holding, request, reply), 2 * patience),
      reader: ({ name }) => {
        const line = `fetches ${this.#requests++}`
        const fetch: Reader["fetch"] = (_, places) =>
          this.#ask(sent, line, (reply) => broker.fetch(name, places[0]!.offset, (fetched) => reply([fetched])))
        return Effect.succeed({ leaders: now("metadata", () => new Map([[1, [0]]])), fetch })
      }
    }
  }

  /** As `Producers` does it. */
  #takeOver(sent: Sent, retry: RetryPolicy.RetryPolicy["retry"], { name, topics }: { readonly name: string; readonly topics: ReadonlyArray<string> }): Result<Client["produce"]> {
    const broker = this.#broker
    const ask = <A>(handle: () => A) => retry(this.#ask<A>(sent, "names", (reply) => reply(handle())))
    return Effect.gen({ self: this }, function*() {
      let writer = yield* ask(() => broker.begin(sent.holding, name))
      const existing = yield* ask(() => topics.filter((topic) => broker.has(topic)))
      const marked = new Set(existing)
      if (existing.length > 0) {
        yield* ask(() => broker.mark(existing, writer))
        writer = yield* ask(() => broker.begin(sent.holding, name, writer.epoch))
      }
      const used = new Map<string, number>()
      // A writer that begins anew in a topic does so in an epoch of its own: what it has sent before comes too late.
      const introduce = Effect.fnUntraced(function*(topic: string) {
        if (!marked.has(topic)) yield* ask(() => broker.mark([topic], writer))
        else if (used.get(topic) === writer.epoch) writer = yield* ask(() => broker.begin(sent.holding, name, writer.epoch))
        marked.add(topic)
        used.set(topic, writer.epoch)
        return writer
      }, Semaphore.makeUnsafe(1).withPermit)
      return this.#producing(sent, retry, introduce)
    })
  }

  #producing(sent: Sent, retry: RetryPolicy.RetryPolicy["retry"], introduce: (topic: string) => Result<Epoch | null>): Client["produce"] {
    /** Under which each topic is written, while all that was sent to it has been answered. */
    const idle = new Map<string, Epoch | null>()
    const turns = new Map<string, Semaphore.Semaphore>()
    const turnOf = (topic: string) => {
      const turn = turns.get(topic) ?? Semaphore.makeUnsafe(1)
      turns.set(topic, turn)
      return turn
    }
    return (topic, _, messages) =>
      Effect.gen({ self: this }, function*() {
        const epoch = idle.has(topic) ? idle.get(topic)! : yield* introduce(topic)
        idle.delete(topic)
        const numbered = { id: `request ${this.#requests++}`, epoch }
        const first = yield* retry(this.#ask<number>(sent, `produce ${topic}`, (reply) =>
          reply(this.#broker.append(sent.holding, topic, messages, numbered))))
        idle.set(topic, epoch)
        return first
      }).pipe(turnOf(topic).withPermit)
  }

  /** A request that the broker handles when it comes in, and its answer; an error is one that the broker throws, or the network's. */
  #ask<A>({ holding, process }: Sent, line: string, handle: (reply: (answer: A) => void) => void, longest = patience): Result<A> {
    return Effect.callback<A, KafkaError>((resume) => {
      let isOver = false
      const end = (result: Result<A>) =>
        process.schedule(() => {
          if (isOver) return
          stop()
          resume(result)
        })
      const timer = { at: this.#world.now + longest, order: this.#world.nextOrder(), run: () => end(failed("there is no answer")) }
      process.timers.push(timer)
      const stop = () => {
        isOver = true
        const index = process.timers.indexOf(timer)
        if (index >= 0) process.timers.splice(index, 1)
      }
      const lose = () => this.#world.later(1, () => end(failed("the connection is gone")))
      const answer = (result: Result<A>) => {
        this.#broker.hasAnswered(lose)
        this.#carry(`from ${line} ${holding.number}`, () => end(result), lose)
      }
      this.#carry(`${line} ${holding.number}`, () => this.#broker.receive(() => {
        try {
          handle((found) => answer(Effect.succeed(found)))
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error
          answer(Effect.fail(error))
        }
        if (this.#happens(this.weather.blow)) this.#onBlow(process)
      }, lose), lose)
      return Effect.sync(stop)
    })
  }

  #carry(line: string, arrive: () => void, lose: () => void): void {
    if (this.#happens(this.weather.loss)) {
      // Its sender hears of that, or waits in vain.
      if (this.#random.happens(0.7)) lose()
      return
    }
    const wait = this.#happens(this.weather.slow) ? this.#random.next() * (this.#random.happens(0.3) ? longestWay : longestWay / 4) : this.#random.next() * 3
    const at = Math.max(this.#world.now + wait, (this.#arrivals.get(line) ?? 0) + 0.001)
    this.#arrivals.set(line, at)
    this.#world.later(at - this.#world.now, arrive)
  }

  #happens(likelihood: number): boolean {
    return likelihood > 0 && this.#random.happens(likelihood) && this.#mayFail()
  }
}

const failed = (message: string): Effect.Effect<never, KafkaError> =>
  Effect.fail(new KafkaError({ message, retriable: true, code: null }))
