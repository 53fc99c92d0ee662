/**
 * What a run over the past had come to here and there, so that another one need not begin at the beginning of the log: the
 * state of its job, as a checkpoint has it, and how far it was. They are few, as far apart as the log is long.
 */
import { createHash } from "node:crypto"
import { asKnownAt, type Decision, encode } from "../records/Decision.ts"
import { bytesIn, type Snapshot } from "./Snapshot.ts"

export interface PastSnapshot {
  /** The state of the job. */
  readonly sections: Snapshot
  /** The next record of each partition, and when the one before it became known. */
  readonly offsets: ReadonlyArray<number>
  readonly knownAts: ReadonlyArray<number>
  /** When the last record that was taken of each partition became known; nothing of one of which none was. */
  readonly lastAts: ReadonlyMap<number, number>
  /** Of the records that were read last. */
  readonly readAt: number
  /** When all that was taken was known, in milliseconds since the epoch. */
  readonly knownAt: number
  /** Up to which event time, at most, something has come or was said to come no more. */
  readonly reached: number
  /** Whether the input was at its end before. */
  readonly hasEnded: boolean
  /** The decisions that were known: others would have led to another state. */
  readonly decided: string
}

export interface Bounds<S> {
  /** How many there are at most. */
  readonly most: number
  /** Bytes of all together. */
  readonly mostBytes: number
  /** What else bounds them. */
  readonly fits?: (all: ReadonlyArray<S>) => boolean
}

/** Records from one to the next at least. */
const leastSpacing = 10_000

/** Bytes that are written in about the time that it takes to read a record: no more time goes into snapshots than into reading. */
const bytesPerRecord = 64

export class PastSnapshots<S extends PastSnapshot> {
  readonly #bounds: Bounds<S>
  /** In the order in which they were passed. */
  #kept: ReadonlyArray<S> = []
  #spacing: number
  #spacingOfBytes = 0

  constructor(bounds: Bounds<S>, spacing = leastSpacing) {
    this.#bounds = bounds
    this.#spacing = spacing
  }

  get all(): ReadonlyArray<S> {
    return this.#kept
  }

  /** Those at or before a time, the newest first. */
  upTo(time: number): ReadonlyArray<S> {
    return this.#kept.filter(({ knownAt }) => knownAt <= time).toReversed()
  }

  /** Whether there is none near where so many records were read. */
  isDue(read: number): boolean {
    const spacing = Math.max(this.#spacing, this.#spacingOfBytes)
    return read >= spacing && this.#kept.every((kept) => Math.abs(readBy(kept) - read) >= spacing)
  }

  /** Where there are too many every other one goes, and the next come as much further apart. */
  add(snapshot: S): void {
    this.#kept = [...this.#kept, snapshot].sort((a, b) => readBy(a) - readBy(b))
    this.#spacingOfBytes = Math.ceil(bytesOf(snapshot) / bytesPerRecord)
    while (this.#kept.length > 0 && !this.#fits()) {
      this.#spacing *= 2
      this.#kept = apart(this.#kept, this.#spacing)
    }
  }

  #fits(): boolean {
    const { fits = () => true, most, mostBytes } = this.#bounds
    return this.#kept.length <= most && this.#kept.reduce((sum, kept) => sum + bytesOf(kept), 0) <= mostBytes && fits(this.#kept)
  }
}

/** Those that lie so many records behind the one before. */
const apart = <S extends PastSnapshot>(all: ReadonlyArray<S>, spacing: number): ReadonlyArray<S> => {
  let last = 0
  return all.filter((each) => {
    if (readBy(each) - last < spacing) return false
    last = readBy(each)
    return true
  })
}

const readBy = ({ offsets }: PastSnapshot): number => offsets.reduce((sum, offset) => sum + offset, 0)

const bytesOf = ({ sections }: PastSnapshot): number => bytesIn(sections)

/** The same for the same decisions that were known at a time. */
export const decidedBy = (decisions: ReadonlyArray<Decision>, time: number): string => {
  const known = decisions.flatMap((decision) => asKnownAt(decision, time) ?? []).map(encode).sort()
  return createHash("sha256").update(known.join("\n")).digest("hex")
}
