/**
 * What comes to each node of a pipeline, and what becomes of it there. It is counted as batches go from node to node; what ends
 * at a node that node counts itself, when it happens.
 */
import * as Checked from "../pipeline/Checked.ts"
import { inputsOf } from "../pipeline/FirstStage.ts"
import type { NodeCounts } from "../ports/Monitor.ts"
import { PaneBatch } from "../records/PaneBatch.ts"
import type { Ended, Emitted, EmittedPanes, Rows } from "../operator/Operator.ts"
import { type StateReader, StateError, type StateWriter } from "../operator/State.ts"
import type { Step } from "./Wiring.ts"

/** What the operators do not know: what they have counted before a restart, and what came to them and from them. */
interface Tally {
  readonly node: Checked.Node
  readonly inputs: Array<number>
  out: number
  readonly before: { late: number; refused: number; duplicate: number; filtered: number }
}

const ends = ["late", "refused", "duplicate", "filtered"] as const

export class NodeTallies {
  readonly #steps: ReadonlyArray<Step>
  readonly #all: ReadonlyArray<Tally>
  /** What of a batch is still on its way is counted once for all nodes that change nothing of that. */
  #counted: { readonly keep: Uint8Array; readonly rows: number } | null = null

  /** What stands behind the last node is none, and is not counted. */
  constructor(nodes: ReadonlyArray<Checked.Node>, steps: ReadonlyArray<Step>) {
    this.#steps = steps
    this.#all = nodes.map((node) => ({ node, inputs: [], out: 0, before: { late: 0, refused: 0, duplicate: 0, filtered: 0 } }))
  }

  /** What a node puts out comes to those that read it. */
  handOn(step: number, out: Rows | EmittedPanes): void {
    const tally = this.#all[step]
    if (tally === undefined) return
    const many = isRows(out) ? this.#rowsOf(out) : panesOf(out)
    tally.out += many
    for (const { input, step: reader } of this.#steps[step]!.readers) {
      const inputs = this.#all[reader]?.inputs
      if (inputs !== undefined) inputs[input] = (inputs[input] ?? 0) + many
    }
  }

  #rowsOf({ batch: { length }, keep }: Rows): number {
    if (keep === null) return length
    if (this.#counted?.keep === keep) return this.#counted.rows
    let rows = 0
    for (let row = 0; row < length; row++) rows += keep[row]!
    this.#counted = { keep, rows }
    return rows
  }

  /** Another batch: what says which of its rows are on their way may be used again. */
  begin(): void {
    this.#counted = null
  }

  /** By the names of the nodes. `beside` is state of what stands behind the last node. */
  counts(watermarks: Float64Array, beside: number): { readonly [node: string]: NodeCounts } {
    return Object.fromEntries(this.#all.map((tally, step) => {
      const { operator } = this.#steps[step]!
      const watermark = watermarks[step]!
      return [tally.node.id, {
        ...countsOf(tally, operator?.ended ?? {}),
        state: (operator?.size ?? 0) + (step === this.#all.length - 1 ? beside : 0),
        watermark: watermark === -Infinity ? null : watermark
      }]
    }))
  }

  save(state: StateWriter): void {
    const all = this.#all
    const table = state.table("nodes", all.length)
    table.strings("node", all.map(({ node }) => node.id))
    const number = (name: string, of: (tally: Tally) => number) => table.numbers(name, Float64Array.from(all, of))
    number("first", ({ inputs }) => inputs[0] ?? 0)
    number("second", ({ inputs }) => inputs[1] ?? 0)
    number("out", ({ out }) => out)
    for (const end of ends) number(end, (tally) => tally.before[end] + (this.#endedAt(tally)[end] ?? 0))
  }

  #endedAt(tally: Tally): Ended {
    return this.#steps[this.#all.indexOf(tally)]!.operator?.ended ?? {}
  }

  restore(state: StateReader): void {
    for (const table of state.tables("nodes")) {
      const [names, first, second, out] = [table.texts("node"), table.wholeNumbers("first"), table.wholeNumbers("second"), table.wholeNumbers("out")]
      const before = ends.map((end) => [end, table.wholeNumbers(end)] as const)
      table.end()
      names.forEach((name, row) => {
        const tally = this.#all.find(({ node }) => node.id === name)
        if (tally === undefined) throw new StateError(`the snapshot counts what came to "${name}", which is no node here`)
        tally.out = out[row]!
        tally.inputs.splice(0, Infinity, first[row]!, second[row]!)
        for (const [end, counts] of before) tally.before[end] = counts[row]!
      })
    }
  }
}

/** What is handed on to be compared with is told by nobody, and after a restart is more than without one. */
const isCounted = ({ isLeftOut, isUntold }: Emitted): boolean => isLeftOut !== true && isUntold !== true

const panesOf = (out: EmittedPanes): number =>
  out instanceof PaneBatch ? out.length - out.leftOut : out.reduce((sum, emitted) => isCounted(emitted) ? sum + 1 : sum, 0)

const isRows = (out: Rows | EmittedPanes): out is Rows => "batch" in out

/** What is neither told by the operator nor comes out has been left out, where a node leaves anything out; else it has been taken. */
const countsOf = ({ before, inputs, node, out }: Tally, ended: Ended): Omit<NodeCounts, "state" | "watermark"> => {
  const [late, refused, duplicate] = [before.late + (ended.late ?? 0), before.refused + (ended.refused ?? 0), before.duplicate + (ended.duplicate ?? 0)]
  const held = ended.held ?? 0
  const all = inputs.reduce((sum, count = 0) => sum + count, 0)
  const told = late + refused + duplicate + held
  const filtered = leavesOut(node) ? all - told - out : before.filtered + (ended.filtered ?? 0)
  return { inputs: Array.from({ length: inputsOf(node).length }, (_, input) => inputs[input] ?? 0), out, taken: all - told - filtered, late, refused, duplicate, filtered, held }
}

/** Nodes from which each row or result that goes on comes out once. */
const leavesOut = ({ _tag }: Checked.Node): boolean =>
  !["source", "window", "as-of", "interval", "derive", "top", "fill"].includes(_tag)
