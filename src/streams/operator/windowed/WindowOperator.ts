/** Rows into windows, and windows out as panes. */
import { definitionOf, type WindowNode } from "../../pipeline/Checked.ts"
import type { Pane } from "../../pipeline/Pane.ts"
import type { Place } from "../../pipeline/Row.ts"
import { type Batch, Dictionary } from "../../records/Batch.ts"
import { PaneBatch } from "../../records/PaneBatch.ts"
import { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { type Ended, type Operator, Outcome, type Rows } from "../Operator.ts"
import { Refusing } from "../stateless/Refusing.ts"
import type { StateReader, StateWriter } from "../State.ts"
import type { Work } from "../Work.ts"
import { CountWindows } from "./CountWindows.ts"
import type { Grouping } from "./Grouping.ts"
import type { Done } from "./KeptRows.ts"
import { Kind, RowKinds } from "./RowKinds.ts"
import { SessionWindows } from "./SessionWindows.ts"
import { SlicedWindows } from "./SlicedWindows.ts"
import type { StoredPane } from "./StoredSessions.ts"
import { Taking } from "./Taking.ts"
import { TradingWindows } from "./TradingWindows.ts"
import type { Closing, Emission, Emitter, Wanted, Windows } from "./Windows.ts"

/** The inputs of a window node. */
export const Input = { rows: 0, preAggregated: 1 } as const

export interface Options {
  readonly dictionary: Dictionary
  readonly pace: number
  /** That of all pipelines of a job; `null` where rows come one by one. */
  readonly grouping: Grouping | null
}

const windowsOf = ({ window }: WindowNode) => {
  switch (window.kind) {
    case "session":
      return SessionWindows
    case "count":
      return CountWindows
    case "trading":
      return TradingWindows
    default:
      return SlicedWindows
  }
}

const kindsOf = ({ cancels, input, preAggregated }: WindowNode): ReadonlyArray<RowKinds | null> => {
  const kinds: Array<RowKinds | null> = []
  if (cancels === null) return kinds
  kinds[Input.rows] = new RowKinds(cancels.rows, definitionOf(input))
  kinds[Input.preAggregated] = cancels.preAggregated === null ? null : new RowKinds(cancels.preAggregated, definitionOf(preAggregated!))
  return kinds
}

/** Panes between two pauses: few enough for a turn to take no time, and enough for pauses to take none. */
export const usualPace = 256

/** Panes for which there is room where it is not known how many there will be. */
const few = 8

export class WindowOperator implements Operator<Rows, PaneBatch>, Emitter {
  readonly #pipeline: string
  readonly #slots: AccumulatorTable
  readonly #windows: Windows
  readonly #pace: number
  readonly #grouping: Grouping | null
  #dictionary: Dictionary
  #panes: PaneBatch | null = null
  /** By input; none where no row takes back others. */
  readonly #kinds: ReadonlyArray<RowKinds | null>
  /** The slots of a batch's rows, used again for the next one. */
  #assigned = new Int32Array(0)
  readonly #ended = { late: 0, refused: 0, duplicate: 0, filtered: 0 }

  /** `pace` is how many panes are put out between two pauses. */
  constructor(pipeline: string, node: WindowNode, { dictionary = new Dictionary(), grouping = null, pace = usualPace }: Partial<Options> = {}) {
    this.#pipeline = pipeline
    this.#pace = pace
    this.#grouping = grouping
    this.#dictionary = dictionary
    this.#slots = new AccumulatorTable(pipeline, node.aggregates)
    this.#windows = new (windowsOf(node))(node, this.#slots, this.#dictionary, this)
    this.#kinds = kindsOf(node)
  }

  get size(): number {
    return this.#windows.size
  }

  *take(input: number, rows: Rows): Work {
    const { batch, others, outcomes } = rows
    if (batch.dictionary !== this.#dictionary) {
      if (this.#panes !== null) throw this.#broken("its panes have not been taken, and their keys are to have other numbers")
      this.#windows.useDictionary(batch.dictionary)
      this.#dictionary = batch.dictionary
    }
    this.#assertAdded(batch)
    const kinds = this.#kinds[input]?.of(batch) ?? null
    const keep = kinds === null ? rows.keep : this.#told(rows, input, kinds)
    if (kinds === null && keep === null && isFresh(outcomes)) outcomes.fill(Outcome.aggregated)
    else this.#mark(rows, keep, kinds)
    if (kinds === null && input === Input.rows && this.#takeGroups(rows)) return this.#assertHeld()
    const onLate = (row: number) => {
      this.#ended.late++
      if (kinds !== null && kinds[row]! > Kind.kept) rows.holds[row]!--
      if (outcomes[row]! < Outcome.late) outcomes[row] = Outcome.late
    }
    if (this.#assigned.length < batch.length) this.#assigned = new Int32Array(batch.length * 2)
    const taking = { batch, preAggregated: input === Input.preAggregated, kinds, keep, others, onLate }
    yield* this.#paced(this.#windows.take(new Taking(taking, this.#slots, this.#assigned)))
    this.#assertHeld()
  }

  /** Whether all rows have been taken as what other pipelines have made of them. */
  #takeGroups(rows: Rows): boolean {
    if (!this.#slots.isOfPartials) return false
    const groups = this.#grouping?.of(rows) ?? null
    const slots = groups === null ? null : this.#windows.placeGroups?.(groups) ?? null
    if (groups === null || slots === null) return false
    this.#slots.addGroups(groups, slots, this.#slots.masks(rows.batch))
    return true
  }

  #mark({ batch, holds, outcomes }: Rows, keep: Uint8Array | null, kinds: Uint8Array | null): void {
    for (let row = 0; row < batch.length; row++) {
      if (keep !== null && keep[row] === 0) continue
      if (kinds !== null && kinds[row]! > Kind.kept) holds[row]!++
      else if (outcomes[row]! < Outcome.aggregated) outcomes[row] = Outcome.aggregated
    }
  }

  /** Which rows go on: one without an id has nothing to take back, and one that is in no window only has an id. */
  #told(rows: Rows, input: number, kinds: Uint8Array): Uint8Array | null {
    const { batch, keep } = rows
    const refusing = new Refusing(rows)
    const isOutside = this.#windows.outsideOf?.({ batch, input }) ?? null
    for (let row = 0; row < batch.length; row++) {
      const kind = kinds[row]!
      if (kind === Kind.plain || (keep !== null && keep[row] === 0)) continue
      const isCancel = kind === Kind.cancel || kind === Kind.correction
      if (!isCancel && isOutside !== null && isOutside(row)) {
        if (refusing.leaveOut(row)) this.#ended.filtered++
      } else if (isCancel && !this.#kinds[input]!.hasId(batch, row)) {
        this.#ended.refused++
        refusing.refuse(row, { reason: "nothing-to-cancel", detail: `"${this.#kinds[input]!.idName}", the id of what it takes back, is missing or null` })
      }
    }
    return refusing.rowsOf(batch).keep
  }

  /** What has become of the rows that took back others, since the last call. */
  drainDone(): ReadonlyArray<Done> {
    const done = this.#windows.kept?.drainDone() ?? []
    for (const { outcome } of done) {
      if (outcome === Outcome.refused) this.#ended.refused++
      else if (outcome === Outcome.duplicate) this.#ended.duplicate++
      else if (outcome === Outcome.filtered) this.#ended.filtered++
    }
    return done
  }

  get ended(): Ended {
    return { ...this.#ended, held: this.#windows.kept?.waitingRows ?? 0 }
  }

  /** The places of those that wait for the watermark. */
  waiting(): Iterable<Place> {
    return this.#windows.kept?.waiting() ?? []
  }

  *advance(watermark: number): Work {
    const { closedTo } = this.#windows
    if (!(watermark >= closedTo)) throw this.#broken(`its watermark went back from ${closedTo} to ${watermark}`)
    yield* this.#paced(this.#windows.advance(watermark))
    this.#assertHeld()
  }

  /** What has come out is handed on when it is worth that. */
  *#paced(work: Work): Work {
    for (const _ of work) if (this.room === this.#pace || this.room <= 0) yield
  }

  /** Windows keep no rows, so that none can be taken back from them. */
  #assertAdded({ length, offsets, partition, signs }: Batch): void {
    const at = signs === null ? -1 : signs.subarray(0, length).findIndex((sign) => sign !== 1)
    if (at === -1) return
    throw this.#broken(`row ${offsets[at]} of partition ${partition} is to be taken back, which its windows cannot do`)
  }

  /** Every slot that is in use belongs to a window or a slice. */
  #assertHeld(): void {
    const { held } = this.#windows
    if (this.#slots.size !== held) throw this.#broken(`${this.#slots.size} slots are in use, and its windows hold ${held}`)
  }

  #broken(what: string): Error {
    return new Error(`a broken invariant of "${this.#pipeline}": ${what}`)
  }

  drain(): PaneBatch | null {
    const panes = this.#panes
    this.#panes = null
    return panes
  }

  /** Windows that are near to closing, as they stand. Looking changes nothing. */
  forming(wanted: Wanted): ReadonlyArray<Pane> {
    const panes = new PaneBatch(this.#slots.shape, this.#dictionary, few)
    this.#windows.forming(wanted, (emission) => this.#add(emission, panes))
    return Array.from({ length: panes.length }, (_, row) => panes.paneAt(row))
  }

  get closedTo(): number {
    return this.#windows.closedTo
  }

  /** See {@link Windows.unsettledSince}. */
  get unsettledSince(): number | null {
    return this.#windows.unsettledSince
  }

  adopt(stored: Iterable<StoredPane>): Work {
    return this.#windows.adopt(stored)
  }

  get room(): number {
    return this.#pace - (this.#panes?.length ?? 0)
  }

  emit(emission: Emission): boolean {
    this.#panes ??= new PaneBatch(this.#slots.shape, this.#dictionary, few)
    this.#add(emission, this.#panes)
    return this.room <= 0
  }

  #add({ changes, key, revision, slot, ...window }: Emission, panes: PaneBatch): void {
    const row = panes.add(window, Int32Array.of(key), Float64Array.of(changes), 1, revision)
    if (window.kind !== "retracted") this.#slots.store(Int32Array.of(slot), 1, panes, row)
    // All of its rows have been taken back.
    if (window.kind !== "retracted" && this.#slots.rowsOf(slot) === 0) panes.leaveOut(row)
  }

  emitAll({ count, keys, slots, window }: Closing): void {
    if (count === 0) return
    this.#panes ??= new PaneBatch(this.#slots.shape, this.#dictionary, count)
    const changes = new Float64Array(count)
    for (let i = 0; i < count; i++) changes[i] = this.#slots.rowsOf(slots[i]!)
    this.#slots.store(slots, count, this.#panes, this.#panes.add(window, keys, changes, count, 0))
  }

  get pages(): Windows["pages"] {
    return this.#windows.pages
  }

  save(state: StateWriter): void {
    this.#windows.save(state)
  }

  restore(state: StateReader): void {
    this.#windows.restore(state)
    this.#assertHeld()
  }
}

/** Whether nothing worse has become of any row. */
const isFresh = (outcomes: Uint8Array): boolean => !outcomes.includes(Outcome.late) && !outcomes.includes(Outcome.refused)
