/** What became of the records of a run, counted once each: read = aggregated + late + dead-lettered + duplicate + filtered. */
import { Schema } from "effect"
import type { Counts } from "../ports/Monitor.ts"
import { Outcome } from "../operator/Operator.ts"

export const State = Schema.Struct({
  read: Schema.Int,
  aggregated: Schema.Int,
  late: Schema.Int,
  deadLettered: Schema.Int,
  duplicate: Schema.Int,
  filtered: Schema.Int
})

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] }

const nothing: Counts = { read: 0, aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0 }

/** Those of several sources together. */
export const total = (all: ReadonlyArray<Counts>): Counts =>
  all.reduce((sum, counts) => ({
    read: sum.read + counts.read,
    aggregated: sum.aggregated + counts.aggregated,
    late: sum.late + counts.late,
    deadLettered: sum.deadLettered + counts.deadLettered,
    duplicate: sum.duplicate + counts.duplicate,
    filtered: sum.filtered + counts.filtered
  }), nothing)

export class Account {
  #counts: MutableCounts = { ...nothing }

  /** A copy: it does not move on. */
  get counts(): Counts {
    return { ...this.#counts }
  }

  /** Records that had been seen before. */
  duplicate(records: number): void {
    this.#counts.read += records
    this.#counts.duplicate += records
  }

  /** Records that are of no use to anybody here. */
  refuse(records: number): void {
    this.#counts.read += records
    this.#counts.deadLettered += records
  }

  /** Records of a kind that is not taken here. */
  pass(records: number): void {
    this.#counts.read += records
    this.#counts.filtered += records
  }

  /** Rows, or records, by what became of them. */
  tally(outcomes: Uint8Array, from: number, to: number): void {
    const counts = this.#counts
    counts.read += to - from
    for (let at = from; at < to; at++) {
      switch (outcomes[at]) {
        case Outcome.filtered:
          counts.filtered++
          break
        case Outcome.aggregated:
          counts.aggregated++
          break
        case Outcome.late:
          counts.late++
          break
        default:
          counts.deadLettered++
      }
    }
  }

  /** Throws where something was counted twice or not at all: a number that is wrong must not be shown. */
  assertBalanced(of: string): void {
    const { aggregated, deadLettered, duplicate, filtered, late, read } = this.#counts
    if (read === aggregated + late + deadLettered + duplicate + filtered) return
    throw new Error(`the account of ${of} does not add up: ${JSON.stringify(this.#counts)}`)
  }

  restore(counts: Counts): void {
    this.#counts = { ...counts }
  }
}
