/** The operators of one pipeline in topological order, and what flows between them. */
import * as Checked from "../pipeline/Checked.ts"
import type { Encoded, Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
import { type Batch, Dictionary } from "../records/Batch.ts"
import { type Emitted, endOfTime, type Rows } from "../operator/Operator.ts"
import type { Paged } from "../operator/Paged.ts"
import { StateError, StateReader, StateWriter } from "../operator/State.ts"
import type { Work } from "../operator/Work.ts"
import { DeriveOperator } from "../operator/results/DeriveOperator.ts"
import { PaneStep } from "../operator/results/PaneStep.ts"
import type { ResultOperator } from "../operator/results/ResultOperator.ts"
import { TopOperator } from "../operator/results/TopOperator.ts"
import { Retraction, type Stored } from "../operator/results/Retraction.ts"
import { type Options, WindowOperator } from "../operator/windowed/WindowOperator.ts"
import type { Wanted } from "../operator/windowed/Windows.ts"
import { idOf, nodesOf, type Section, type Snapshot } from "./Snapshot.ts"
import { ToldPanes } from "./ToldPanes.ts"
import { type AnyOperator, type Step, wire } from "./Wiring.ts"

export class OperatorGraph {
  readonly checked: Checked.Checked
  readonly #options: Partial<Options>
  readonly #steps: ReadonlyArray<Step>
  /** `null` where the pipeline ends in events. */
  readonly #window: WindowOperator | null
  /** What stands behind the windows, in its order. */
  readonly #results: ReadonlyArray<ResultOperator>
  /** `null` where no window is left out. */
  readonly #retraction: Retraction | null
  readonly #told: ToldPanes
  #panes: Array<Emitted> = []
  #rows: Array<Row> = []

  /** The dictionary is that of the first batch, where it is known. */
  constructor(checked: Checked.Checked, options: Partial<Options> = {}) {
    this.checked = checked
    this.#options = options
    this.#steps = wire(checked, options)
    const operators = this.#steps.map(({ operator }) => operator)
    this.#window = operators.find((operator) => operator instanceof WindowOperator) ?? null
    this.#results = operators.filter(isOfResults)
    this.#retraction = operators.find((operator) => operator instanceof Retraction) ?? null
    this.#told = new ToldPanes(Checked.endsInResults(checked) ? Checked.windowOf(checked).allowedLateness : 0)
  }

  get size(): number {
    return this.#steps.reduce((sum, { operator }) => sum + (operator?.size ?? 0), this.#told.size)
  }

  /** Takes a batch of one of its sources, and says of each row what became of it, and of those that were refused why. */
  *take(kind: Checked.Source["kind"], batch: Batch, others: number): Generator<void, Pick<Rows, "outcomes" | "refused">> {
    const rows: Rows = { batch, keep: null, outcomes: new Uint8Array(batch.length), refused: [], others }
    const source = this.checked.nodes.findIndex((node) => node._tag === "source" && node.kind === kind)
    if (source !== -1) yield* this.#hand(source, rows)
    return rows
  }

  /** A step of the watermark reaches a node only after those before it have put out everything that it released. */
  *advance(watermark: number): Generator<void> {
    for (const [step, { operator }] of this.#steps.entries()) {
      if (operator !== null) yield* this.#flow(step, operator, operator.advance(watermark))
    }
    yield* this.#told.forget(watermark)
  }

  /**
   * The input has been read to its end: what is open is told as it stands, and stays open. It is a copy that is closed, so
   * that whatever comes later finds no trace of it; only what was told is remembered.
   */
  *end(offset: number): Generator<void> {
    const window = this.#window
    if (window === null) return
    const copy = new OperatorGraph(this.checked, { ...this.#options, dictionary: new Dictionary() })
    copy.restore(new Map(this.snapshot()))
    const told: Array<Pane> = []
    const tell = () => {
      for (const { pane, rows } of copy.drain()) {
        this.#told.tell(pane, rows)
        told.push(pane)
        this.#panes.push({ pane, rows, watermark: window.closedTo, offset })
      }
    }
    for (const _ of copy.advance(endOfTime)) yield tell()
    tell()
    yield* this.#adopt(told)
  }

  /** Does the work of an operator, and hands on what comes out of it. */
  *#flow(step: number, operator: AnyOperator, work: Work): Generator<void> {
    for (const _ of work) {
      const out = operator.drain()
      if (out !== null) yield* this.#hand(step, out)
      yield
    }
    const out = operator.drain()
    if (out !== null) yield* this.#hand(step, out)
  }

  *#hand(step: number, out: unknown): Generator<void> {
    const { readers } = this.#steps[step]!
    // The end of the graph puts out panes or rows, and each node what its readers take: the checked graph's types say so.
    if (readers.length === 0 && this.#window === null) this.#rows = joined(this.#rows, out as ReadonlyArray<Row>)
    else if (readers.length === 0) this.#panes = joined(this.#panes, this.#news(out as ReadonlyArray<Emitted>))
    for (const { input, step: reader } of readers) {
      const operator = this.#steps[reader]?.operator ?? null
      if (operator !== null) yield* this.#flow(reader, operator, operator.take(input, out as never))
    }
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

  /** Windows that are near to closing, as they stand. Looking changes nothing. */
  forming(wanted: Wanted): ReadonlyArray<Pane> {
    const panes: ReadonlyArray<Pane> = this.#window?.forming(wanted) ?? []
    return this.#results.reduce((so, operator) => operator.forming(so), panes).map((pane) => this.#told.revised(pane))
  }

  /** See {@link WindowOperator.unsettledSince} and {@link Retraction.unsettledSince}. */
  get unsettledSince(): number | null {
    const window = this.#window
    return window === null ? null : window.unsettledSince ?? this.#retraction?.unsettledSince(window.closedTo) ?? null
  }

  adopt(stored: ReadonlyArray<Encoded>): Work {
    return this.#adopt(stored)
  }

  *#adopt(stored: ReadonlyArray<Stored>): Work {
    // What the windows take back has to be known to have been told.
    for (const operator of this.#results) if (operator instanceof TopOperator) yield* operator.adopt(stored)
    yield* this.#retraction?.adopt(stored) ?? []
    yield* this.#window?.adopt(stored) ?? []
  }

  /** All that it keeps now, the same bytes for the same state. */
  *snapshot(): Generator<readonly [id: string, bytes: Uint8Array]> {
    for (const section of this.#beside()) yield section
    for (const { node, pages, part } of this.#paged) {
      const bytes = bytesOf((writer) => pages.writeAll(writer))
      if (bytes !== null) yield [idOf(this.checked.name, node, part, 0), bytes]
    }
  }

  /**
   * What it keeps at this moment, or what of that has changed since the last time; sections are made as they are asked for,
   * while it goes on.
   */
  checkpoint(all: boolean): Iterable<Section> {
    const { name } = this.checked
    const beside = [...this.#beside()]
    const paged = this.#paged
    for (const { pages } of paged) pages.begin(all)
    return (function*() {
      yield* beside
      for (const { node, pages, part } of paged) {
        for (const page of pages.awaited) yield [idOf(name, node, part, page), bytesOf((writer) => pages.write(page, writer))] as const
      }
    })()
  }

  *#beside(): Generator<readonly [id: string, bytes: Uint8Array]> {
    for (const [node, part] of this.#stateful) {
      const bytes = bytesOf((writer) => part.save(writer))
      if (bytes !== null) yield [idOf(this.checked.name, node, "", 0), bytes]
    }
  }

  get #paged(): ReadonlyArray<{ readonly node: string; readonly part: string; readonly pages: Paged }> {
    return this.#stateful.flatMap(([node, { pages }]) => Object.entries(pages).map(([part, pages]) => ({ node, part, pages })))
  }

  /** What was told stands beside the operators, which do not know of it; no node is named as it is. */
  get #stateful(): ReadonlyArray<readonly [id: string, part: Pick<AnyOperator, "pages" | "restore" | "save">]> {
    const operators = this.#steps.flatMap(({ id, operator }) => operator === null ? [] : [[id, operator] as const])
    return [...operators, ["told", this.#told]]
  }

  /** Throws where the state is damaged, or has more than is read. */
  restore(snapshot: Snapshot): void {
    const nodes = nodesOf(snapshot, this.checked.name)
    const known = new Set<string>()
    for (const [id, part] of this.#stateful) {
      known.add(id)
      const reader = new StateReader(nodes.get(id) ?? [])
      part.restore(reader)
      reader.end()
    }
    const unknown = [...nodes.keys()].find((id) => !known.has(id))
    if (unknown !== undefined) throw new StateError(`the snapshot has the state of "${unknown}", which is no operator here`)
  }
}

const isOfResults = (operator: AnyOperator | null): operator is AnyOperator & ResultOperator =>
  operator instanceof PaneStep || operator instanceof DeriveOperator || operator instanceof TopOperator || operator instanceof Retraction

const bytesOf = (write: (writer: StateWriter) => void): Uint8Array | null => {
  const writer = new StateWriter()
  write(writer)
  return writer.bytes
}

/** Spreading many panes over the arguments of one call would overflow the stack. */
const joined = <A>(before: Array<A>, more: ReadonlyArray<A>): Array<A> => before.length === 0 ? [...more] : before.concat(more)
