/**
 * What became of the records of a run, counted once each: read = aggregated + late + dead-lettered + duplicate + filtered +
 * held. What is held is counted elsewhere when it leaves.
 */
import { Schema } from "effect"
import type { Counts } from "../ports/Monitor.ts"
import { Outcome } from "../operator/Operator.ts"
import type { StateReader, StateWriter } from "../operator/State.ts"
import { byCodePoints } from "../records/StringOrder.ts"

export const State = Schema.Struct({
  read: Schema.Int,
  aggregated: Schema.Int,
  late: Schema.Int,
  deadLettered: Schema.Int,
  duplicate: Schema.Int,
  filtered: Schema.Int,
  held: Schema.Int
})

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] }

const nothing: Counts = { read: 0, aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0, held: 0 }

/** Those of several sources together. */
export const total = (all: ReadonlyArray<Counts>): Counts =>
  all.reduce((sum, counts) => ({
    read: sum.read + counts.read,
    aggregated: sum.aggregated + counts.aggregated,
    late: sum.late + counts.late,
    deadLettered: sum.deadLettered + counts.deadLettered,
    duplicate: sum.duplicate + counts.duplicate,
    filtered: sum.filtered + counts.filtered,
    held: sum.held + counts.held
  }), nothing)

/** What is known of a batch's records: the worst outcome of each, and how many nodes will say more of it later. */
export interface Fates {
  readonly outcomes: Uint8Array
  readonly holds: Uint8Array
}

/** How many of the records `[from, to)` have each outcome, and which of them are held. */
export interface Tally {
  readonly records: number
  readonly outcomes: ReadonlyArray<number>
  readonly held: ReadonlyArray<number>
}

export const tallyOf = ({ holds, outcomes }: Fates, from: number, to: number): Tally => {
  const counted = [0, 0, 0, 0, 0]
  const held: Array<number> = []
  const usual = Outcome.aggregated
  let usually = 0
  for (let at = from; at < to; at++) {
    if (holds[at] !== 0) held.push(at)
    else if (outcomes[at] === usual) usually++
    else counted[outcomes[at]!]!++
  }
  counted[usual]! += usually
  return { records: to - from, outcomes: counted, held }
}

/** Rows that have left the nodes that held them, each with the place of its record by the number of its partition, and what became of them. */
export interface Settled extends Fates {
  readonly partitions: Int32Array
  readonly offsets: Float64Array
}

/** Where a record is, and whether it was counted before it was held here. */
export interface Held {
  readonly partition: number
  readonly offset: number
  readonly isCounted: boolean
}

/** What the partitions of a log are called among those of their sources, and their numbers among all. */
export interface Numbering {
  readonly named: (number: number) => { readonly source: string; readonly partition: number }
  /** `null` where the log has no such source. */
  readonly numberOf: (source: string, partition: number) => number | null
}

/** A record that is held, where that is not all that is to be known of it. */
interface Open {
  readonly holds: number
  /** What it is for those that do not hold it. */
  readonly outcome: number
  readonly isCounted: boolean
}

/** The same as it is written. */
export interface SavedOpen extends Open {
  readonly source: string
  readonly partition: number
  readonly offset: number
}

/** Throws where the state is not what was written. */
export const readOpen = (state: StateReader): ReadonlyArray<SavedOpen> => {
  const saved: Array<SavedOpen> = []
  for (const table of state.tables("held")) {
    const [partitions, offsets, holds] = [table.wholeNumbers("partition"), table.wholeNumbers("offset"), table.wholeNumbers("holds")]
    const [outcomes, counted, sources] = [table.wholeNumbers("outcome"), table.wholeNumbers("isCounted"), table.texts("source")]
    table.end()
    offsets.forEach((offset, row) =>
      saved.push({ source: sources[row]!, partition: partitions[row]!, offset, holds: holds[row]!, outcome: outcomes[row]!, isCounted: counted[row] === 1 }))
  }
  state.end()
  return saved
}

const heldOnce: Open = { holds: 1, outcome: Outcome.filtered, isCounted: false }

export class Account {
  #counts: MutableCounts = { ...nothing }
  /** By partition and offset. Records that one node holds and nobody else takes are not in it. */
  readonly #open = new Map<number, Map<number, Open>>()

  /** A copy: it does not move on. */
  get counts(): Counts {
    return { ...this.#counts }
  }

  /** Records that had been seen before. */
  duplicate(records: number): void {
    this.#counts.read += records
    this.#counts.duplicate += records
  }

  /** Records of a partition by what became of them. */
  tally({ holds, outcomes }: Fates, { held, outcomes: counted, records }: Tally, { offsets, partition }: {
    readonly partition: number
    readonly offsets: Float64Array
  }): void {
    this.#counts.read += records
    for (const [outcome, many] of counted.entries()) this.#count(outcome, many)
    for (const at of held) {
      this.#counts.held++
      this.#set(partition, offsets[at]!, { holds: holds[at]!, outcome: outcomes[at]!, isCounted: false })
    }
  }

  /** Of rows in other partitions it takes no account. */
  settle({ holds, offsets, outcomes, partitions }: Settled, isOwn: (partition: number) => boolean = () => true): void {
    for (let row = 0; row < outcomes.length; row++) {
      if (!isOwn(partitions[row]!)) continue
      const [partition, offset] = [partitions[row]!, offsets[row]!]
      const before = this.#open.get(partition)?.get(offset) ?? heldOnce
      const left = before.holds - 1 + holds[row]!
      const outcome = Math.max(before.outcome, outcomes[row]!)
      if (left > 0) this.#set(partition, offset, { ...before, holds: left, outcome })
      else {
        this.#forget(partition, offset)
        if (before.isCounted) continue
        this.#counts.held--
        this.#count(outcome)
      }
    }
  }

  #set(partition: number, offset: number, open: Open): void {
    if (open.holds === 1 && open.outcome === Outcome.filtered && !open.isCounted) return this.#forget(partition, offset)
    const known = this.#open.get(partition)
    if (known === undefined) this.#open.set(partition, new Map([[offset, open]]))
    else known.set(offset, open)
  }

  #forget(partition: number, offset: number): void {
    const known = this.#open.get(partition)
    if (known?.delete(offset) === true && known.size === 0) this.#open.delete(partition)
  }

  #count(outcome: number, many = 1): void {
    const counts = this.#counts
    switch (outcome) {
      case Outcome.filtered:
        counts.filtered += many
        break
      case Outcome.duplicate:
        counts.duplicate += many
        break
      case Outcome.aggregated:
        counts.aggregated += many
        break
      case Outcome.late:
        counts.late += many
        break
      default:
        counts.deadLettered += many
    }
  }

  /** Throws where something was counted twice or not at all: a number that is wrong must not be shown. */
  assertBalanced(of: string): void {
    const { aggregated, deadLettered, duplicate, filtered, held, late, read } = this.#counts
    if (read === aggregated + late + deadLettered + duplicate + filtered + held && held >= 0) return
    throw new Error(`the account of ${of} does not add up: ${JSON.stringify(this.#counts)}`)
  }

  save(state: StateWriter, { named }: Numbering): void {
    const all = [...this.#open].flatMap(([number, open]) => [...open].map(([offset, one]) => ({ ...named(number), offset, ...one })))
    all.sort((a, b) => byCodePoints(a.source, b.source) || a.partition - b.partition || a.offset - b.offset)
    const table = state.table("held", all.length)
    table.strings("source", all.map(({ source }) => source))
    for (const name of ["partition", "offset", "holds", "outcome"] as const) table.numbers(name, Float64Array.from(all, (one) => one[name]))
    table.numbers("isCounted", Float64Array.from(all, ({ isCounted }) => Number(isCounted)))
  }

  /** What was read from sources that are not read any more is left out. */
  restore(counts: Counts, saved: ReadonlyArray<SavedOpen>, { numberOf }: Numbering): void {
    this.#counts = { ...counts }
    this.#open.clear()
    for (const { offset, partition: within, source, ...open } of saved) {
      const partition = numberOf(source, within)
      if (partition !== null) this.#set(partition, offset, open)
    }
  }

  /**
   * Holds the account against what is held in fact: of pipelines that are not run any more nothing is held, and what others
   * hold that have caught up with this run was counted when they were not in it.
   */
  reconcile(held: Iterable<Held>): void {
    const known = new Map([...this.#open].map(([partition, open]) => [partition, new Map(open)] as const))
    this.#open.clear()
    const found = new Map<number, Map<number, Open>>()
    for (const { isCounted, offset, partition } of held) {
      const inPartition = found.get(partition) ?? new Map<number, Open>()
      found.set(partition, inPartition)
      const before = inPartition.get(offset)
      const saved = known.get(partition)?.get(offset) ?? heldOnce
      inPartition.set(offset, {
        outcome: saved.outcome,
        holds: (before?.holds ?? 0) + 1,
        isCounted: saved.isCounted || (isCounted && before?.isCounted !== false)
      })
    }
    let inFact = 0
    for (const [partition, all] of found) {
      for (const [offset, one] of all) {
        if (!one.isCounted) inFact++
        known.get(partition)?.delete(offset)
        this.#set(partition, offset, one)
      }
    }
    this.#giveUp([...known.values()].flatMap((all) => [...all.values()]), inFact)
  }

  /** What nobody holds any more is what it was for the others. */
  #giveUp(open: ReadonlyArray<Open>, inFact: number): void {
    for (const { isCounted, outcome } of open) {
      if (isCounted) continue
      this.#counts.held--
      this.#count(outcome)
    }
    this.#counts.filtered += this.#counts.held - inFact
    this.#counts.held = inFact
  }
}
