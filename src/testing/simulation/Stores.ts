/** What outlives a simulated process: its log, its decisions, its checkpoints, and what it has put out. */
import type { Chain } from "../../streams/ports/CheckpointParts.ts"
import type { Decision } from "../../streams/records/Decision.ts"
import type { Kind, Records } from "../../streams/records/Records.ts"
import type { DeadLetter } from "../../streams/ports/DeadLetters.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"

export interface Stored {
  readonly bytes: Uint8Array
  readonly kind: Kind
  readonly appendedAt: number
}

export class Stores {
  /** The records of each partition. */
  readonly log: Array<Array<Stored>>
  /** Where the feed stands, as the log has it. */
  position: string | undefined
  readonly decisions = new Map<string, Decision>()
  /** The newest first. */
  checkpoints: ReadonlyArray<Chain> = []
  /** The pane of each window that a sink keeps. */
  readonly panes = new Map<string, Pane.Encoded>()
  readonly letters = new Map<string, DeadLetter>()
  /** Called when the log has grown. */
  #waiting: Array<() => void> = []

  constructor(partitions: number) {
    this.log = Array.from({ length: partitions }, () => [])
  }

  append(partition: number, records: ReadonlyArray<Stored>): number {
    const first = this.log[partition]!.length
    this.log[partition]!.push(...records)
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
    return first
  }

  onAppend(wake: () => void): void {
    this.#waiting.push(wake)
  }

  /** As every sink does: the newer pane of a window stays. */
  keepPane(pane: Pane.Encoded): void {
    const id = idOf(pane)
    const before = this.panes.get(id)
    if (before === undefined || Pane.replaces(pane, before)) this.panes.set(id, pane)
  }

  keepLetter(letter: DeadLetter): void {
    this.letters.set(JSON.stringify([letter.partition, letter.offset, letter.pipeline]), letter)
  }

  get records(): number {
    return this.log.reduce((sum, { length }) => sum + length, 0)
  }
}

const idOf = ({ end, key, pipeline, start }: Pane.Encoded): string => JSON.stringify([pipeline, key, start, end])

/** Records of one partition as an engine reads them. */
export const recordsOf = (stored: ReadonlyArray<Stored>, partition: number, from: number): Records => {
  const bytes = Buffer.concat(stored.map(({ bytes }) => bytes))
  const starts = new Int32Array(stored.length)
  const ends = new Int32Array(stored.length)
  let at = 0
  stored.forEach(({ bytes }, index) => {
    starts[index] = at
    at += bytes.length
    ends[index] = at
  })
  return {
    partition,
    length: stored.length,
    bytes,
    starts,
    ends,
    kinds: Uint8Array.from(stored, ({ kind }) => kind),
    offsets: Float64Array.from(stored, (_, index) => from + index),
    appendedAt: Float64Array.from(stored, ({ appendedAt }) => appendedAt)
  }
}
