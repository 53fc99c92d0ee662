/** What has to hold at any moment of a simulated group: whoever has had a successor does nothing any more that counts. */
import type { Message } from "../../../src/adapters/kafka/client/Client.ts"
import type { Witness } from "./Coordinator.ts"

/** One attempt of one process to hold the place, from its waiting for it on until it has lost it or given it back. */
export interface Holding {
  readonly number: number
  readonly process: string
}

/** Where more often nobody gets to do anything before another comes, nobody may ever. */
const mostChanges = 12

export class Law implements Witness {
  readonly problems: Array<string> = []
  /** Whose records were accepted last. */
  writer: Holding | null = null
  /** Who joined last, of those that want the place. */
  joined: Holding | null = null
  /** What the newest checkpoint covers, which is in the log of the topic. */
  saved: ReadonlyArray<number> = []
  checkpoints = 0
  #committed: ReadonlyArray<number> = []
  readonly #former = new Set<Holding>()
  /** How often the place has gone to another since anybody has written. */
  #changes = 0
  readonly #rivals = new Map<Holding, Holding>()
  /** Who has the place again, since its coordinator has forgotten whoever came after it; whether it is there is to be seen. */
  #returned: Holding | null = null
  /** Who has given the place back. */
  readonly #free = new Set<Holding>()

  complain(problem: string): void {
    this.problems.push(problem)
  }

  joins(holding: Holding): void {
    this.names(holding)
    if (this.joined !== holding && ++this.#changes > mostChanges) this.complain(`the place has gone from one to the next ${this.#changes} times, and nobody has written`)
    this.joined = holding
    this.#returned = null
  }

  /** A holding takes the name: it may have lost the place by then, and whoever has that cannot know. */
  names(holding: Holding): void {
    if (this.joined !== null && this.joined !== holding) this.#rivals.set(this.joined, holding)
  }

  returns(holding: Holding): void {
    this.#returned = holding
  }

  /** A record of a holding is in a topic in which only the holder of the place writes. */
  appends(holding: Holding, topic: string, messages: ReadonlyArray<Message>): void {
    if (holding === this.#returned) this.names(holding)
    if (topic.endsWith("-leases")) for (const { value } of messages) this.#says(holding, JSON.parse(String(value)).state)
    if (topic.endsWith("-checkpoints")) for (const { value } of messages) this.#saves(value === null ? [] : JSON.parse(String(value)).offsets)
    if (this.#former.has(holding)) return this.complain(`${said(holding)} writes to ${topic} after ${said(this.writer!)}`)
    this.#changes = 0
    if (this.writer !== holding) {
      if (this.writer !== null) this.#former.add(this.writer)
      this.writer = holding
    }
  }

  #says(holding: Holding, state: unknown): void {
    if (state === "free") this.#free.add(holding)
    else if (this.#free.has(holding)) this.complain(`${said(holding)} says that it has the place which it has given back`)
  }

  #saves(offsets: ReadonlyArray<number>): void {
    this.checkpoints++
    this.saved = offsets
  }

  commits(holding: Holding, offsets: ReadonlyArray<number>): void {
    if (this.#former.has(holding)) this.complain(`${said(holding)} commits after ${said(this.writer!)} has written`)
    const isWithdrawn = offsets.every((offset) => offset === 0)
    if (!isWithdrawn && offsets.some((offset, partition) => offset < (this.#committed[partition] ?? 0))) {
      this.complain(`${said(holding)} takes what is committed back from ${this.#committed.join()} to ${offsets.join()}`)
    }
    if (offsets.some((offset, partition) => offset > (this.saved[partition] ?? 0))) {
      this.complain(`${said(holding)} commits ${offsets.join()}, and saved is ${this.saved.join()}`)
    }
    this.#committed = offsets
  }

  /** A holding begins with what it has found. */
  begins(holding: Holding, offsets: ReadonlyArray<number>): void {
    if (holding === this.joined && offsets.some((offset, partition) => offset < (this.#committed[partition] ?? 0))) {
      this.complain(`${said(holding)} begins at ${offsets.join()} where ${this.#committed.join()} is committed`)
    }
  }

  loses(holding: Holding): void {
    if (!this.#rivals.has(holding)) this.complain(`${said(holding)} stops for a successor that there is not`)
  }
}

export const said = ({ number, process }: Holding): string => `${process} (its holding ${number})`
