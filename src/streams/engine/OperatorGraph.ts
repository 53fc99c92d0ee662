/** The operators of one pipeline in topological order, and what flows between them. */
import * as Checked from "../pipeline/Checked.ts"
import type { Encoded, Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
import type { Batch } from "../records/Batch.ts"
import { type Emitted, endOfTime, type Operator } from "../operator/Operator.ts"
import { type State, StateError, StateReader, StateWriter } from "../operator/State.ts"
import { DeriveOperator } from "../operator/results/DeriveOperator.ts"
import { WindowOperator } from "../operator/windowed/WindowOperator.ts"
import { ToldPanes } from "./ToldPanes.ts"
import { type Step, wire } from "./Wiring.ts"

export class OperatorGraph {
  readonly checked: Checked.Checked
  readonly #steps: ReadonlyArray<Step>
  /** `null` where the pipeline ends in events. */
  readonly #window: WindowOperator | null
  readonly #derives: ReadonlyArray<DeriveOperator>
  readonly #told: ToldPanes
  #panes: Array<Emitted> = []
  #rows: Array<Row> = []

  constructor(checked: Checked.Checked) {
    this.checked = checked
    this.#steps = wire(checked)
    const operators = this.#steps.map(({ operator }) => operator)
    this.#window = operators.find((operator) => operator instanceof WindowOperator) ?? null
    this.#derives = operators.filter((operator) => operator instanceof DeriveOperator)
    this.#told = new ToldPanes(Checked.endsInResults(checked) ? Checked.windowOf(checked).allowedLateness : 0)
  }

  get size(): number {
    return this.#steps.reduce((sum, { operator }) => sum + (operator?.size ?? 0), this.#told.size)
  }

  /** Takes a batch of one of its sources, and says of each row what became of it. */
  take(kind: Checked.Source["kind"], batch: Batch, others: number): Uint8Array {
    const outcomes = new Uint8Array(batch.length)
    const source = this.checked.nodes.findIndex((node) => node._tag === "source" && node.kind === kind)
    if (source !== -1) this.#hand(source, { batch, keep: null, outcomes, others })
    this.#flow()
    return outcomes
  }

  /** A step of the watermark reaches a node only after those before it have put out everything that it released. */
  advance(watermark: number): void {
    this.#flow((operator) => operator.advance(watermark))
    this.#told.forget(watermark)
  }

  /**
   * The input has been read to its end: what is open is told as it stands, and stays open. It is a copy that is closed, so
   * that whatever comes later finds no trace of it; only what was told is remembered.
   */
  end(offset: number): void {
    const window = this.#window
    if (window === null) return
    const copy = new OperatorGraph(this.checked)
    copy.restore(JSON.parse(JSON.stringify(this.snapshot())))
    copy.advance(endOfTime)
    const panes = copy.drain().map(({ pane, rows }) => ({ pane, rows, watermark: window.closedTo, offset }))
    for (const { pane, rows } of panes) this.#told.tell(pane, rows)
    window.adopt(panes.map(({ pane }) => pane))
    this.#panes = joined(this.#panes, panes)
  }

  #flow(tell?: (operator: Operator<never, unknown>) => void): void {
    this.#steps.forEach(({ operator }, step) => {
      if (operator === null) return
      tell?.(operator)
      const out = operator.drain()
      if (out !== null) this.#hand(step, out)
    })
  }

  #hand(step: number, out: unknown): void {
    const { readers } = this.#steps[step]!
    // The end of the graph puts out panes or rows, and each node what its readers take: the checked graph's types say so.
    if (readers.length === 0 && this.#window === null) this.#rows = joined(this.#rows, out as ReadonlyArray<Row>)
    else if (readers.length === 0) this.#panes = joined(this.#panes, this.#news(out as ReadonlyArray<Emitted>))
    for (const { input, step: reader } of readers) this.#steps[reader]?.operator?.take(input, out as never)
  }

  #news(panes: ReadonlyArray<Emitted>): ReadonlyArray<Emitted> {
    if (this.#told.size === 0) return panes
    return panes.flatMap((emitted) => {
      const pane = this.#told.news(emitted)
      return pane === null ? [] : [{ ...emitted, pane }]
    })
  }

  /** The panes since the last call, in the order of their emission. */
  drain(): ReadonlyArray<Emitted> {
    const panes = this.#panes
    this.#panes = []
    return panes
  }

  /** The rows since the last call, in the order of the log. */
  drainRows(): ReadonlyArray<Row> {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  /** The windows nearest to closing as they stand. Looking changes nothing. */
  forming(): ReadonlyArray<Pane> {
    const panes = (this.#window?.forming() ?? []).map((pane) => this.#derives.reduce((so, derive) => derive.derived(so), pane))
    return panes.map((pane) => this.#told.revised(pane))
  }

  /** See {@link WindowOperator.unsettledSince}. */
  get unsettledSince(): number | null {
    return this.#window?.unsettledSince ?? null
  }

  adopt(stored: ReadonlyArray<Encoded>): void {
    this.#window?.adopt(stored)
  }

  snapshot(): { readonly [id: string]: State } {
    return Object.fromEntries(this.#stateful.map(([id, part]) => {
      const writer = new StateWriter()
      part.save(writer)
      return [id, writer.state]
    }))
  }

  /** What was told stands beside the operators, which do not know of it; no node is named as it is. */
  get #stateful(): ReadonlyArray<readonly [id: string, part: Pick<Operator<never, unknown>, "restore" | "save">]> {
    const operators = this.#steps.flatMap(({ id, operator }) => operator === null ? [] : [[id, operator] as const])
    return [...operators, ["told", this.#told]]
  }

  /** Throws where the state is damaged, or has more than is read. */
  restore(state: { readonly [id: string]: unknown }): void {
    const known = new Set<string>()
    for (const [id, part] of this.#stateful) {
      known.add(id)
      const reader = new StateReader(state[id])
      part.restore(reader)
      reader.end()
    }
    const unknown = Object.keys(state).find((id) => !known.has(id))
    if (unknown !== undefined) throw new StateError(`the snapshot has the state of "${unknown}", which is no operator here`)
  }
}

/** Spreading many panes over the arguments of one call would overflow the stack. */
const joined = <A>(before: Array<A>, more: ReadonlyArray<A>): Array<A> => before.length === 0 ? [...more] : before.concat(more)
