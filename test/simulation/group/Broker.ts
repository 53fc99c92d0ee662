/**
 * The one broker of a simulated cluster: topics of one partition in memory, the epochs of the names under which is written,
 * and a group. It loses nothing that it has acknowledged. It can be silent, and then does everything that it was asked
 * meanwhile; and it can be away and start again, and then has forgotten what it had not answered yet.
 */
import { type Fetched, KafkaError, type Message, type NewTopic, type Topic } from "../../../src/adapters/kafka/client/Client.ts"
import { encode } from "../../../src/adapters/kafka/wire/BatchEncoder.ts"
import type { World } from "../../../src/testing/simulation/World.ts"
import { Coordinator } from "./Coordinator.ts"
import { type Holding, type Law } from "./Law.ts"

/** Under which name a record is written; brokers know whoever writes under none by its number. */
export interface Epoch {
  readonly name: string
  readonly epoch: number
}

interface Stored {
  readonly batches: Buffer
  readonly next: number
}

interface StoredTopic extends Topic {
  readonly configs: NewTopic["configs"]
  readonly batches: Array<Stored>
  readonly epochs: Map<string, number>
  /** What has been appended, by the number of its request: it is stored once. */
  readonly offsets: Map<string, number>
  waiting: Array<() => void>
}

export class Broker {
  readonly coordinator: Coordinator
  readonly #world: World
  readonly #law: Law
  readonly #topics = new Map<string, StoredTopic>()
  /** The newest epoch of each name, and the one before it of the same writer. */
  readonly #names = new Map<string, { readonly epoch: number; readonly before: number }>()
  #state: "away" | "silent" | "up" = "up"
  #waiting: Array<() => void> = []
  /** Whoever waits for an answer hears that there will be none. */
  readonly #open = new Set<() => void>()

  constructor(world: World, law: Law) {
    this.#world = world
    this.#law = law
    this.coordinator = new Coordinator(() => world.now, law)
    this.#tick()
  }

  // How it is.

  /** It does nothing for a while, and does not notice: its clock has gone on when it wakes. */
  stop(): void {
    if (this.#state === "up") this.#state = "silent"
  }

  /** It is killed. */
  kill(): void {
    this.#state = "away"
    this.#waiting = []
    for (const { waiting } of this.#topics.values()) waiting.length = 0
    for (const lose of this.#open) lose()
    this.#open.clear()
  }

  goOn(): void {
    if (this.#state === "away") this.coordinator.restart()
    this.#state = "up"
    // Who has been silent is forgotten before it is heard, or after.
    if (this.#world.random.happens(0.5)) this.coordinator.tick()
    const waiting = this.#waiting
    this.#waiting = []
    for (const handle of waiting) handle()
  }

  #tick(): void {
    if (this.#state === "up") this.coordinator.tick()
    this.#world.later(100, () => this.#tick())
  }

  /** What has come in is handled, now or when it is awake again. Where it is away, and where it dies before it has answered, `lose` is called. */
  receive(handle: () => void, lose: () => void): void {
    if (this.#state === "away") return lose()
    this.#open.add(lose)
    if (this.#state === "up") handle()
    else this.#waiting.push(handle)
  }

  hasAnswered(lose: () => void): void {
    this.#open.delete(lose)
  }

  // What it keeps.

  topic(name: string): StoredTopic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw problem("UNKNOWN_TOPIC_OR_PARTITION", true)
    return topic
  }

  has(name: string): boolean {
    return this.#topics.has(name)
  }

  create({ configs, name }: NewTopic): void {
    if (this.#topics.has(name)) return
    const id = String(this.#topics.size + 1).padStart(32, "0")
    this.#topics.set(name, { name, id, configs, batches: [], epochs: new Map(), offsets: new Map(), waiting: [] })
  }

  end(name: string): number {
    return this.topic(name).batches.at(-1)?.next ?? 0
  }

  /** The next epoch of a name: of whoever holds it with this one, or of whoever asks. */
  begin(holding: Holding, name: string, holder: number | null = null): Epoch {
    const known = this.#names.get(name) ?? { epoch: -1, before: -1 }
    if (holder !== null && holder === known.before) return { name, epoch: known.epoch }
    if (holder !== null && holder !== known.epoch) throw problem("PRODUCER_FENCED", false)
    const epoch = known.epoch + 1
    this.#names.set(name, { epoch, before: holder ?? -1 })
    if (holder === null) this.#law.names(holding)
    return { name, epoch }
  }

  /** From now on the topics refuse the epochs before this one. */
  mark(topics: ReadonlyArray<string>, { epoch, name }: Epoch): void {
    if (this.#names.get(name)?.epoch !== epoch) throw problem("INVALID_PRODUCER_EPOCH", false)
    for (const topic of topics) this.topic(topic).epochs.set(name, epoch)
  }

  /** Once, however often it is asked, and where its epoch is none of the past. */
  append(holding: Holding, topicName: string, messages: ReadonlyArray<Message>, { epoch, id }: { readonly id: string; readonly epoch: Epoch | null }): number {
    const topic = this.topic(topicName)
    if (epoch !== null) {
      if (epoch.epoch < (topic.epochs.get(epoch.name) ?? -1)) throw problem("INVALID_PRODUCER_EPOCH", false)
      topic.epochs.set(epoch.name, epoch.epoch)
    }
    const known = topic.offsets.get(id)
    if (known !== undefined) return known
    const first = this.end(topicName)
    topic.offsets.set(id, first)
    const batches = encode(messages, { producerId: 1n, epoch: 0, sequence: 0 })
    batches.writeBigInt64BE(BigInt(first), 0)
    topic.batches.push({ batches, next: first + messages.length })
    this.#law.appends(holding, topicName, messages)
    const { waiting } = topic
    topic.waiting = []
    for (const wake of waiting) wake()
    return first
  }

  /** What comes from an offset on; it waits for that, if nothing is there yet, for half a second. */
  fetch(name: string, offset: number, reply: (fetched: Fetched) => void): void {
    const topic = this.topic(name)
    let isOver = false
    const answer = () => {
      if (isOver) return
      isOver = true
      const batches = Buffer.concat(topic.batches.filter(({ next }) => next > offset).map(({ batches }) => batches))
      reply({ partition: 0, errorCode: 0, lastStableOffset: this.end(name), aborted: [], batches })
    }
    if (this.end(name) > offset) return answer()
    topic.waiting.push(answer)
    this.#world.later(500, () => {
      if (this.#state === "up") answer()
      else this.#waiting.push(answer)
    })
  }
}

const problem = (code: string, retriable: boolean): KafkaError =>
  new KafkaError({ message: `the simulated broker says ${code}`, retriable, code })
