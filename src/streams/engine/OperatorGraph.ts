/** The operators of one pipeline in topological order, and what flows between them. */
import * as Checked from "../pipeline/Checked.ts"
import type { Encoded, Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
import { type Batch, Dictionary, placeOf } from "../records/Batch.ts"
import { PaneBatch } from "../records/PaneBatch.ts"
import type { Place } from "../pipeline/Row.ts"
import { type Emitted, type EmittedPanes, emittedOf, endOfTime, type Rows, rowsOf } from "../operator/Operator.ts"
import type { Paged } from "../operator/Paged.ts"
import { StateError, StateReader, StateWriter } from "../operator/State.ts"
import type { Work } from "../operator/Work.ts"
import { DeriveOperator } from "../operator/results/DeriveOperator.ts"
import { FillOperator } from "../operator/results/FillOperator.ts"
import { PaneStep } from "../operator/results/PaneStep.ts"
import type { Forming, ResultOperator } from "../operator/results/ResultOperator.ts"
import { TopOperator } from "../operator/results/TopOperator.ts"
import { Retraction, type Stored } from "../operator/results/Retraction.ts"
import type { Done } from "../operator/windowed/KeptRows.ts"
import { type Options, WindowOperator } from "../operator/windowed/WindowOperator.ts"
import type { Wanted } from "../operator/windowed/Windows.ts"
import type { Settled } from "./Account.ts"
import { idOf, nodesOf, type Section, type Snapshot } from "./Snapshot.ts"
import { NodeTallies } from "./NodeTallies.ts"
import type { NodeCounts } from "../ports/Monitor.ts"
import { ToldPanes } from "./ToldPanes.ts"
import { type AnyOperator, isHolding, isOrdering, type Step, wire } from "./Wiring.ts"

/**
 * Sees the rows that come to the last windows of a pipeline, when these have taken them. The batch is used again. `atEnd` where that
 * is at the end of an input, and what has held them goes on to do so.
 */
export type Watch = (rows: Rows, atEnd: boolean) => void

/** Sees what has become of rows that take back others; `atEnd` where that is told once, as at the end of an input, and they wait on. */
export type WatchTaken = (done: ReadonlyArray<Done>, atEnd: boolean) => void

export interface Watches {
  readonly watch?: Watch
  readonly watchTaken?: WatchTaken
}

/** Of options those that watch. */
export const watchesOf = ({ watch, watchTaken }: Watches): Watches =>
  ({ ...(watch === undefined ? {} : { watch }), ...(watchTaken === undefined ? {} : { watchTaken }) })

const watchesAtEnd = ({ watch, watchTaken }: Watches): Watches =>
  watchesOf({
    ...(watch === undefined ? {} : { watch: (rows: Rows) => watch(rows, true) }),
    ...(watchTaken === undefined ? {} : { watchTaken: (done: ReadonlyArray<Done>) => watchTaken(done, true) })
  })

export interface GraphOptions extends Partial<Options>, Watches {}

export class OperatorGraph {
  readonly checked: Checked.Checked
  readonly #options: GraphOptions
  readonly #steps: ReadonlyArray<Step>
  /** The last windows, whose panes are told; `null` where the pipeline ends in events. */
  readonly #window: WindowOperator | null
  /** What stands behind these windows, in its order. */
  readonly #results: ReadonlyArray<ResultOperator>
  /** `null` where no window is left out. */
  readonly #retraction: Retraction | null
  readonly #told: ToldPanes
  readonly #isUnited: boolean
  /** Whether what it puts out has waited for a watermark, and come in one order by that. */
  readonly isHeld: boolean
  /** Milliseconds by which its results trail behind the watermark of its sources. */
  readonly #trail: number
  /** By step how far it has come: nothing earlier leaves it any more. */
  readonly #watermarks: Float64Array
  readonly #tallies: NodeTallies
  #dictionary: Dictionary
  #panes: Array<EmittedPanes> = []
  #rows: Array<Row> = []
  #settled: Array<Leaving> = []

  /** The dictionary is that of the first batch, where it is known. */
  constructor(checked: Checked.Checked, options: GraphOptions = {}) {
    this.checked = checked
    this.#options = options
    this.#dictionary = options.dictionary ?? new Dictionary()
    this.#steps = wire(checked, { ...options, dictionary: this.#dictionary })
    this.#isUnited = Checked.isUnited(checked)
    this.isHeld = checked.nodes.some(Checked.isOrdering)
    this.#trail = Checked.trailTo(checked.end)
    this.#watermarks = new Float64Array(this.#steps.length).fill(-Infinity)
    this.#tallies = new NodeTallies(checked.nodes, this.#steps)
    const operators = this.#lastStage()
    this.#window = operators.find((operator) => operator instanceof WindowOperator) ?? null
    this.#results = operators.filter(isOfResults)
    this.#retraction = operators.find((operator) => operator instanceof Retraction) ?? null
    this.#told = new ToldPanes(checked.name, Checked.endsInResults(checked) ? Checked.windowOf(checked).allowedLateness : 0, this.isHeld || hasCancels(checked))
  }

  /** From the last windows on, which have nothing but what is done to their results behind them. */
  #lastStage(): ReadonlyArray<AnyOperator | null> {
    const { checked } = this
    const first = Checked.endsInResults(checked) ? checked.nodes.indexOf(Checked.windowOf(checked)) : this.#steps.length
    return this.#steps.slice(first).map(({ operator }) => operator)
  }

  get size(): number {
    return this.#steps.reduce((sum, { operator }) => sum + (operator?.size ?? 0), this.#told.size)
  }

  /** What came to each node and what became of it; what is told at an end of input is not among what came out. */
  get nodes(): { readonly [node: string]: NodeCounts } {
    const beside = this.#steps.slice(this.checked.nodes.length).reduce((sum, { operator }) => sum + (operator?.size ?? 0), this.#told.size)
    return this.#tallies.counts(this.#watermarks, beside)
  }

  /** Takes a batch of one of its sources, and says of each row what became of it, and of those that were refused why. */
  *take(source: Checked.Source, batch: Batch, others: number, beside: Parameters<typeof rowsOf>[2] = {}): Generator<void, Rows> {
    const rows = rowsOf(batch, others, beside)
    this.#tallies.begin()
    if (batch.dictionary !== this.#dictionary) this.#useDictionary(batch.dictionary)
    for (const [step, node] of this.checked.nodes.entries()) {
      if (node._tag === "source" && node.fingerprint === source.fingerprint) yield* this.#hand(step, rows)
    }
    return rows
  }

  /** Takes panes that were made elsewhere, as if these windows of the graph had put them out. */
  takePanes(windows: Checked.WindowNode, panes: ReadonlyArray<Emitted>): Generator<void> {
    return this.#hand(this.checked.nodes.indexOf(windows), panes)
  }

  /** Strings that its rows are made with. Where it takes no batches, whoever hands it panes has them renewed. */
  get strings(): number {
    return this.#dictionary.texts.length
  }

  renewDictionary(): void {
    this.#useDictionary(new Dictionary())
  }

  /** Rows that are held have the numbers of the new dictionary at once: they leave without a batch. */
  #useDictionary(dictionary: Dictionary): void {
    this.#dictionary = dictionary
    for (const { operator } of this.#steps) if (isOrdering(operator)) operator.useDictionary(dictionary)
  }

  /**
   * Event time of each source has come this far. A step of the watermark reaches a node only after those before it have put out
   * everything that it released; a node has come as far as the slowest of those that it reads from.
   */
  *advance(watermarkOf: (source: Checked.Source) => number): Generator<void> {
    for (const [step, { inputs, operator, trail }] of this.#steps.entries()) {
      const node = this.checked.nodes[step]
      if (node?._tag === "source") {
        this.#watermarks[step] = watermarkOf(node)
        continue
      }
      const reached = inputs.reduce((least, from) => Math.min(least, this.#watermarks[from]!), Infinity)
      if (operator !== null) yield* this.#flow(step, operator, operator.advance(reached))
      this.#watermarks[step] = reached === endOfTime ? reached : reached - trail
    }
    const watermark = this.#watermarks.at(-1)!
    this.#put(this.#due([...this.#told.vanished({ watermark, offset: 0 })]))
    yield* this.#told.forget(watermark)
  }

  /**
   * The input has been read to its end: what is open is told as it stands, and stays open. It is a copy that is closed, so
   * that whatever comes later finds no trace of it; only what was told is remembered.
   */
  *end(offset: number): Generator<void> {
    const window = this.#window
    if (window === null) return
    const copy = new OperatorGraph(this.checked, { ...this.#options, ...watchesAtEnd(this.#options), dictionary: new Dictionary() })
    copy.restore(new Map(this.snapshot()))
    const told: Array<Pane> = []
    const tell = () => {
      for (const { pane, rows } of copy.drain().flatMap(emittedOf)) {
        this.#told.tell(pane, rows)
        told.push(pane)
        this.#panes.push([{ pane, rows, watermark: window.closedTo + this.#trail, offset }])
      }
    }
    for (const _ of copy.advance(() => endOfTime)) yield tell()
    tell()
    yield* this.#adopt(told)
  }

  /** Does the work of an operator, and hands on what comes out of it. */
  *#flow(step: number, operator: AnyOperator, work: Work): Generator<void> {
    for (const _ of work) {
      const out = operator.drain()
      if (out !== null) yield* this.#handOn(step, out)
      yield
    }
    const out = operator.drain()
    if (out !== null) yield* this.#handOn(step, out)
    if (operator instanceof WindowOperator) this.#settleDone(operator, operator.drainDone())
  }

  /** Rows that took back others have waited for the watermark. */
  #settleDone(operator: WindowOperator, done: ReadonlyArray<Done>): void {
    if (done.length === 0) return
    if (operator === this.#window) this.#options.watchTaken?.(done, false)
    this.#settled.push({
      holds: new Uint8Array(done.length),
      outcomes: Uint8Array.from(done, ({ outcome }) => outcome),
      sources: done.map(({ place }) => place.source),
      partitions: Int32Array.from(done, ({ place }) => place.partition),
      offsets: Float64Array.from(done, ({ place }) => place.offset),
      refused: done.flatMap(({ refusal }, row) => refusal === null ? [] : [{ row, ...refusal }])
    })
  }

  /** Of rows that were held it is known what becomes of them when the nodes behind have taken them. */
  *#handOn(step: number, out: unknown): Generator<void> {
    yield* this.#hand(step, out)
    // What a node that holds rows puts out are rows.
    const { isHolding, isOfPairs } = this.#steps[step]!
    if (isHolding) this.#settled.push(leavingOf(out as Rows))
    else if (isOfPairs) this.#settled.push({ ...leavingOf(out as Rows), holds: nobody, outcomes: nobody })
  }

  *#hand(step: number, out: unknown): Generator<void> {
    const { readers } = this.#steps[step]!
    // Only what stands behind the last node puts out anything else, and that is not counted.
    this.#tallies.handOn(step, out as Rows | EmittedPanes)
    // The end of the graph puts out panes or rows, and each node what its readers take: the checked graph's types say so.
    if (readers.length === 0 && this.#window === null) append(this.#rows, out as ReadonlyArray<Row>)
    else if (readers.length === 0) this.#put(this.#due(this.#news(out as EmittedPanes)))
    // What stands behind windows looks at each pane.
    const taken = out instanceof PaneBatch && readers.length > 0 ? emittedOf(out) : out
    for (const { input, step: reader } of readers) {
      const operator = this.#steps[reader]?.operator ?? null
      if (operator !== null) yield* this.#flow(reader, operator, operator.take(input, taken as never))
      // What windows take are rows.
      if (operator !== null && operator === this.#window) this.#options.watch?.(out as Rows, false)
    }
  }

  /** By the watermark of the sources that brought them about, by which the panes of all pipelines have one order. */
  #due(panes: EmittedPanes): EmittedPanes {
    if (this.#trail === 0) return panes
    if (!(panes instanceof PaneBatch)) return panes.map((emitted) => ({ ...emitted, watermark: emitted.watermark + this.#trail }))
    panes.delay(this.#trail)
    return panes
  }

  #put(panes: EmittedPanes): void {
    if (panes.length > 0) this.#panes.push(panes)
  }

  #news(panes: EmittedPanes): EmittedPanes {
    if (this.#told.size === 0) return panes
    return emittedOf(panes).flatMap((emitted) => {
      const before = [...this.#told.vanished(emitted)]
      const pane = this.#told.news(emitted)
      return pane === null ? before : [...before, { ...emitted, pane }]
    })
  }

  /** The panes since the last call, in the order of their emission. */
  drain(): ReadonlyArray<EmittedPanes> {
    const panes = this.#panes
    this.#panes = []
    return panes
  }

  /** The rows since the last call, in the order of the log. */
  drainRows(): ReadonlyArray<Row> {
    const rows = this.#rows
    this.#rows = []
    // Of a batch those of one source came before those of the other.
    return this.#isUnited && !this.isHeld ? rows.sort((a, b) => a.place.offset - b.place.offset) : rows
  }

  /** What has become of the rows that were held and have left since the last call. */
  drainSettled(): ReadonlyArray<Leaving> {
    const settled = this.#settled
    this.#settled = []
    return settled
  }

  /** The places of all records that are held. */
  *held(): Generator<Place> {
    for (const { isHolding: isOwn, operator } of this.#steps) {
      if (isOwn && isHolding(operator)) yield* operator.held()
      else if (operator instanceof WindowOperator) yield* operator.waiting()
    }
  }

  /** The same, with those of the left rows of pairs: it may still come to a pair that is refused. */
  *inUse(): Generator<Place> {
    for (const { isHolding: isOwn, isOfPairs, operator } of this.#steps) {
      if ((isOwn || isOfPairs) && isHolding(operator)) yield* operator.held()
      else if (operator instanceof WindowOperator) yield* operator.waiting()
    }
  }

  /** Windows that are near to closing, as they stand. Looking changes nothing. */
  forming(wanted: Wanted): ReadonlyArray<Pane> {
    const open = this.#window?.forming(wanted).map((pane) => ({ pane, rows: pane.changes })) ?? []
    return this.#results.reduce((so: ReadonlyArray<Forming>, operator) => operator.forming(so), open).map(({ pane, rows }) => this.#told.revised(pane, rows))
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
    return [...operators, ["told", this.#told], ["tallies", { pages: {}, save: (state) => this.#tallies.save(state), restore: (state) => this.#tallies.restore(state) }]]
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

/** Rows that have left a node which held them, and those among them that were refused behind it. */
export interface Leaving extends Settled {
  /** In whose partitions they were read. */
  readonly sources: ReadonlyArray<string>
  readonly refused: Rows["refused"]
}

/** What becomes of pairs is not what becomes of their rows, which were taken by the join. */
const nobody = new Uint8Array(0)

/** The batch is used again. */
const leavingOf = ({ batch, holds, outcomes, refused }: Rows): Leaving => {
  const [partitions, offsets] = [new Int32Array(batch.length), new Float64Array(batch.length)]
  const sources: Array<string> = []
  for (let row = 0; row < batch.length; row++) {
    const place = placeOf(batch, row)
    sources.push(place.source)
    partitions[row] = place.partition
    offsets[row] = place.offset
  }
  return { holds, outcomes, sources, partitions, offsets, refused }
}

/** What was told at an end of input may be without more rows than were there. */
const hasCancels = ({ nodes }: Checked.Checked): boolean => nodes.some((node) => node._tag === "window" && node.cancels !== null)

const isOfResults = (operator: AnyOperator | null): operator is AnyOperator & ResultOperator =>
  operator instanceof PaneStep || operator instanceof DeriveOperator || operator instanceof FillOperator || operator instanceof TopOperator || operator instanceof Retraction

const bytesOf = (write: (writer: StateWriter) => void): Uint8Array | null => {
  const writer = new StateWriter()
  write(writer)
  return writer.bytes
}

/** Spreading many panes over the arguments of one call would overflow the stack, and a copy of all would be made again and again. */
const append = <A>(to: Array<A>, more: ReadonlyArray<A>): void => {
  for (const item of more) to.push(item)
}
