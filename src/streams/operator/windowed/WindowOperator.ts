/** Rows into windows, and windows out as panes. */
import { Schema } from "effect"
import type { WindowNode } from "../../pipeline/Checked.ts"
import type { Encoded, Pane } from "../../pipeline/Pane.ts"
import { Dictionary } from "../../records/Batch.ts"
import { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { type Emitted, type Operator, Outcome, type Rows, type State } from "../Operator.ts"
import { SessionWindows } from "./SessionWindows.ts"
import { SlicedWindows } from "./SlicedWindows.ts"
import { type Emission, type Emit, State as WindowsState, type Windows } from "./Windows.ts"

const decode = Schema.decodeUnknownSync(WindowsState)

/** The inputs of a window node. */
export const Input = { rows: 0, preAggregated: 1 } as const

export class WindowOperator implements Operator<Rows, ReadonlyArray<Emitted>> {
  readonly #pipeline: string
  readonly #slots: AccumulatorTable
  readonly #windows: Windows
  #dictionary = new Dictionary()
  #panes: Array<Emitted> = []

  constructor(pipeline: string, node: WindowNode) {
    this.#pipeline = pipeline
    this.#slots = new AccumulatorTable(node.aggregates)
    const make = node.window.kind === "session" ? SessionWindows : SlicedWindows
    this.#windows = new make(node, this.#slots, this.#dictionary, this.#emit)
  }

  get size(): number {
    return this.#windows.size
  }

  take(input: number, { batch, keep, others, outcomes }: Rows): void {
    if (batch.dictionary !== this.#dictionary) {
      this.#windows.useDictionary(batch.dictionary)
      this.#dictionary = batch.dictionary
    }
    for (let row = 0; row < outcomes.length; row++) {
      outcomes[row] = keep !== null && keep[row] === 0 ? Outcome.filtered : Outcome.aggregated
    }
    const onLate = (row: number) => {
      outcomes[row] = Outcome.late
    }
    this.#windows.take({ batch, preAggregated: input === Input.preAggregated, keep, others, onLate })
  }

  advance(watermark: number): void {
    this.#windows.advance(watermark)
  }

  end(offset: number): void {
    this.#windows.end(offset)
  }

  drain(): ReadonlyArray<Emitted> | null {
    const panes = this.#panes
    if (panes.length === 0) return null
    this.#panes = []
    return panes
  }

  /** The windows nearest to closing as they stand. Looking changes nothing. */
  forming(): ReadonlyArray<Pane> {
    const panes: Array<Pane> = []
    this.#windows.forming((emission) => panes.push(this.#pane(emission)))
    return panes
  }

  /** See {@link Windows.unsettledSince}. */
  get unsettledSince(): number | null {
    return this.#windows.unsettledSince
  }

  adopt(stored: ReadonlyArray<Encoded>): void {
    this.#windows.adopt(stored)
  }

  #emit: Emit = (emission) => {
    this.#panes.push({ pane: this.#pane(emission), watermark: emission.watermark, offset: emission.offset })
  }

  #pane({ changes, end, key, kind, revision, slot, start }: Emission): Pane {
    const values = kind === "retracted" ? {} : this.#slots.result(slot, this.#textOf)
    return { pipeline: this.#pipeline, key: this.#textOf(key), start, end, pane: kind, revision, changes, values }
  }

  #textOf = (number: number): string => this.#dictionary.textOf(number)

  snapshot(): State {
    return this.#windows.snapshot()
  }

  restore(state: State): void {
    this.#windows.restore(decode(state))
  }
}
