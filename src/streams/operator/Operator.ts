/**
 * The operator of one pipeline: a deterministic transition over plain state,
 * `(state, batch) -> (state, panes)`. It knows no clock, no randomness and no Effect, so
 * resuming, replaying and simulating it need no machinery of their own.
 */
import { Schema } from "effect"
import { type Batch, Dictionary, rowAt } from "../records/Batch.ts"
import type { Pane, Values } from "../pipeline/Pane.ts"
import type { Any as AnyPipeline } from "../pipeline/Pipeline.ts"
import type { Filter } from "../pipeline/Source.ts"
import { PercentChange, State as PercentChangeState } from "./results/PercentChange.ts"
import { evaluate } from "./stateless/Condition.ts"
import { SessionWindows } from "./windowed/SessionWindows.ts"
import { SlicedWindows } from "./windowed/SlicedWindows.ts"
import { AccumulatorTable } from "./aggregates/AccumulatorTable.ts"
import { type Emission, type Emit, State as WindowsState, type Windows } from "./windowed/Windows.ts"

/** What became of a row. */
export const Outcome = { aggregated: 0, late: 1, filtered: 2 } as const

/** The last instant that a date can name: a watermark here closes every window. */
export const endOfTime = 8_640_000_000_000_000

export const State = Schema.Struct({ windows: WindowsState, changes: Schema.Record(Schema.String, PercentChangeState) })
export type State = typeof State.Type

/** A pane and its place among all panes of a job: see {@link Emission}. */
export interface Emitted {
  readonly pane: Pane
  readonly watermark: number
  readonly offset: number
}

export class Operator {
  readonly pipeline: AnyPipeline
  readonly #slots: AccumulatorTable
  readonly #windows: Windows
  readonly #changes: ReadonlyArray<{ readonly name: string; readonly field: string; readonly change: PercentChange }>
  #dictionary = new Dictionary()
  #panes: Array<Emitted> = []

  constructor(pipeline: AnyPipeline) {
    this.pipeline = pipeline
    this.#slots = new AccumulatorTable(pipeline)
    const { allowedLateness, derived } = pipeline.options
    this.#changes = Object.entries(derived).map(([name, { field }]) => ({
      name,
      field,
      change: new PercentChange(allowedLateness)
    }))
    const make = pipeline.window.kind === "session" ? SessionWindows : SlicedWindows
    this.#windows = new make(pipeline, this.#slots, this.#dictionary, this.#emit)
  }

  /** States of keys in open windows: 0 after the end of time. */
  get size(): number {
    return this.#windows.size
  }

  /** Bytes of state that a key takes in a window or slice. */
  get bytesPerKey(): number {
    return this.#slots.bytesPerSlot
  }

  /** Takes the rows of a batch and says of each what became of it. `others` is the smallest watermark of the other partitions. */
  take(batch: Batch, preAggregated: boolean, others: number): Uint8Array {
    this.#use(batch.dictionary)
    const outcomes = new Uint8Array(batch.length)
    const filters = preAggregated ? this.pipeline.options.preAggregated?.source.filters ?? [] : this.pipeline.source.filters
    const keep = filters.length === 0 ? null : passing(filters, batch)
    keep?.forEach((kept, row) => {
      if (kept === 0) outcomes[row] = Outcome.filtered
    })
    const onLate = (row: number) => {
      outcomes[row] = Outcome.late
    }
    this.#windows.take({ batch, preAggregated, keep, others, onLate })
    return outcomes
  }

  #use(dictionary: Dictionary): void {
    if (dictionary === this.#dictionary) return
    this.#windows.useDictionary(dictionary)
    this.#dictionary = dictionary
  }

  /** Closes every window that ends at or before the watermark. */
  advance(watermark: number): void {
    this.#windows.advance(watermark)
    if (watermark < endOfTime) return
    for (const { change } of this.#changes) change.clear()
  }

  /** Emits what is open as it stands: the input has been read to its end. */
  end(offset: number): void {
    this.#windows.end(offset)
  }

  /** The panes since the last call, in the order of their emission. */
  drain(): ReadonlyArray<Emitted> {
    const panes = this.#panes
    this.#panes = []
    return panes
  }

  /** The windows nearest to closing as they stand. Looking changes nothing. */
  forming(): ReadonlyArray<Pane> {
    const panes: Array<Pane> = []
    this.#windows.forming((emission) => panes.push(this.#pane(emission)))
    return panes
  }

  #emit: Emit = (emission) => {
    const pane = this.#pane(emission)
    if (pane.pane === "on-time" || pane.pane === "late") {
      for (const { change, field } of this.#changes) change.remember(pane.key, pane.end, pane.values[field] ?? null)
    }
    this.#panes.push({ pane, watermark: emission.watermark, offset: emission.offset })
  }

  #pane({ end, key: number, kind, revision, slot, start }: Emission): Pane {
    const key = this.#dictionary.textOf(number)
    const values = kind === "retracted" ? {} : this.#values(slot, key, end)
    return { pipeline: this.pipeline.name, key, start, end, pane: kind, revision, values }
  }

  #values(slot: number, key: string, end: number): Values {
    const values = this.#slots.result(slot, (number) => this.#dictionary.textOf(number))
    if (this.#changes.length === 0) return values
    const changes = this.#changes.map(({ change, field, name }) => [name, change.percent(key, end, values[field] ?? null)])
    return { ...values, ...Object.fromEntries(changes) }
  }

  snapshot(): State {
    return {
      windows: this.#windows.snapshot(),
      changes: Object.fromEntries(this.#changes.map(({ change, name }) => [name, change.snapshot()]))
    }
  }

  restore(state: State): void {
    this.#windows.restore(state.windows)
    for (const { change, name } of this.#changes) change.restore(state.changes[name] ?? [])
  }
}

const passing = (filters: ReadonlyArray<Filter>, batch: Batch): Uint8Array => {
  const keep = new Uint8Array(batch.length).fill(1)
  for (const filter of filters) {
    const mask = filter._tag === "where" ? evaluate(filter.node, batch) : null
    for (let row = 0; row < keep.length; row++) {
      if (keep[row] === 0) continue
      // The function's row type and the source's columns come from one schema.
      const passes = mask === null && filter._tag === "function" ? filter.test(rowAt(batch, row)) : mask?.[row] === 1
      if (!passes) keep[row] = 0
    }
  }
  return keep
}
