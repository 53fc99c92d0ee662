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

  /**
   * What applies where each partition has been read up to these offsets, and was taken by then, in the order in which it was taken.
   * Each is given once.
   */
  *due(offsets: ReadonlyArray<number>, now = Infinity): Generator<Decision> {
    for (let queue = this.#nextDue(offsets, now); queue !== null; queue = this.#nextDue(offsets, now)) yield queue.shift()!
  }

  /** An end of which nobody knows when it was taken comes behind all else. */
  #nextDue(offsets: ReadonlyArray<number>, now: number): Array<Idle> | Array<End> | null {
    const due: Array<Due> = this.#idle.flatMap((queue, partition) =>
      isReached(queue[0], offsets[partition]!) ? [{ queue, takenAt: takenAt(queue[0]) ?? -Infinity }] : [])
    const [end] = this.#ends
    if (end !== undefined && end.at.every((at, partition) => at <= offsets[partition]!)) due.push({ queue: this.#ends, takenAt: end.takenAt ?? null })
    let found: Due | null = null
    for (const each of due) {
      if ((each.takenAt ?? -Infinity) <= now && (found === null || (each.takenAt ?? Infinity) < (found.takenAt ?? Infinity))) found = each
    }
    return found?.queue ?? null
  }

  /** Leaves out what has been given where each partition has been read up to these offsets, and what was taken by then. */
  skip(offsets: ReadonlyArray<number>, now: number): void {
    for (const [partition, idle] of this.#idle.entries()) {
      const first = idle.findIndex(({ at }) => at >= offsets[partition]!)
      idle.splice(0, first === -1 ? idle.length : first)
    }
    for (const decision of this.due(offsets, now)) void decision
  }

  /** The place of the first decision behind an offset. */
  #nextIn(partition: number, offset: number): number {
    const places = [...this.#idle[partition]!.map(({ at }) => at), ...this.#ends.map(({ at }) => at[partition] ?? 0)]
    return Math.min(Infinity, ...places.filter((at) => at > offset))
  }
}

interface Due {
  readonly queue: Array<Idle> | Array<End>
  readonly takenAt: number | null
}

const isReached = (idle: Idle | undefined, offset: number): idle is Idle => idle !== undefined && idle.at <= offset

const total = ({ at }: End): number => at.reduce((sum, offset) => sum + offset, 0)
