/** Decisions that were taken before and are still to be taken in, each at its place in the log. */
import { type Decision, type End, type Idle, stepsOf, takenAt } from "../records/Decision.ts"
import { type Records, slice } from "../records/Records.ts"

export class Agenda {
  /** By partition, in the order of their places. */
  readonly #idle: ReadonlyArray<Array<Idle>>
  /** In the order in which they apply: of two ends one is at or behind the other in every partition. */
  readonly #ends: Array<End>

  constructor(decisions: ReadonlyArray<Decision>, partitions: number) {
    const idle = decisions.filter((decision) => decision._tag === "idle").sort((a, b) => a.at - b.at)
    this.#idle = Array.from({ length: partitions }, (_, index) => idle.filter(({ partition }) => partition === index).flatMap(stepsOf))
    this.#ends = decisions.filter((decision) => decision._tag === "end").sort((a, b) => total(a) - total(b))
  }

  /**
   * Records and the decisions that apply before, between and behind them. `offsets` gives the offset that is needed next
   * from each partition; it is asked again after each part, which is to be taken first. What was taken after `now`, by the wall
   * clock, waits for as long as its place lets it.
   */
  *weave(records: Records, offsets: () => ReadonlyArray<number>, now = Infinity): Generator<Records | Decision> {
    const { partition } = records
    for (let from = 0; from < records.length;) {
      const behind = records.offsets[from]!
      yield* this.due(offsets().map((offset, index) => index === partition ? Math.max(offset, behind) : offset), now)
      const own = this.#idle[partition]!
      while (isReached(own[0], behind)) yield own.shift()!
      let to = from + 1
      const next = this.#nextIn(partition, records.offsets[from]!)
      while (to < records.length && records.offsets[to]! < next) to++
      yield slice(records, from, to)
      from = to
    }
    yield* this.due(offsets(), now)
  }

  /** What applies where each partition has been read up to these offsets, and was taken by then. Each is given once. */
  *due(offsets: ReadonlyArray<number>, now = Infinity): Generator<Decision> {
    const isTaken = (decision: Decision) => (takenAt(decision) ?? -Infinity) <= now
    for (const [partition, idle] of this.#idle.entries()) {
      while (isReached(idle[0], offsets[partition]!) && isTaken(idle[0])) yield idle.shift()!
    }
    const isDue = (end: End | undefined): end is End => end !== undefined && end.at.every((at, partition) => at <= offsets[partition]!) && isTaken(end)
    while (isDue(this.#ends[0])) yield this.#ends.shift()!
  }

  /** The place of the first decision behind an offset. */
  #nextIn(partition: number, offset: number): number {
    const places = [...this.#idle[partition]!.map(({ at }) => at), ...this.#ends.map(({ at }) => at[partition] ?? 0)]
    return Math.min(Infinity, ...places.filter((at) => at > offset))
  }
}

const isReached = (idle: Idle | undefined, offset: number): idle is Idle => idle !== undefined && idle.at <= offset

const total = ({ at }: End): number => at.reduce((sum, offset) => sum + offset, 0)
