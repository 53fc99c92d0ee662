/**
 * What follows on the first windows of a pipeline, run over the panes of these that an engine elsewhere has written. Such panes
 * come in no order, and say nothing of which are still to come: they wait for the watermark of that engine, and then pass the
 * graph in the order of their ends, starts and keys, as if event time had come from each end to the next. So what comes out
 * depends neither on the batches of the other engine nor on where this one was ended and began again.
 */
import * as Checked from "../pipeline/Checked.ts"
import { hasMore, upToWindows, windowsOf } from "../pipeline/FirstStage.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { AnyOfPanes } from "../pipeline/Pipeline.ts"
import { type Emitted, emittedOf, endOfTime, noOffset } from "../operator/Operator.ts"
import { StateError, StateReader, StateWriter } from "../operator/State.ts"
import { AwaitedPanes } from "./AwaitedPanes.ts"
import { OperatorGraph } from "./OperatorGraph.ts"
import { idOf, type Section, type Snapshot } from "./Snapshot.ts"

/** Strings of which no longer any row may be, at most. */
const dictionaryBound = 1 << 16

export class CarriedResults {
  readonly #pipeline: AnyOfPanes
  readonly #windows: Checked.WindowNode
  readonly #graph: OperatorGraph
  readonly #awaited = new AwaitedPanes()
  /** All windows that end by then have passed. */
  #closedTo = -Infinity
  /** Strings at which those of the graph are renewed; `null` until it is seen how many it has taken over. */
  #renewAt: number | null = dictionaryBound

  /** Of a pipeline that has more than its first windows. */
  constructor(pipeline: AnyOfPanes) {
    const windows = windowsOf(pipeline.checked)
    if (windows === null || !hasMore(pipeline)) throw new Error(`a broken invariant: nothing follows on the windows of "${pipeline.name}"`)
    this.#pipeline = pipeline
    this.#windows = windows
    this.#graph = new OperatorGraph(pipeline.checked)
  }

  get name(): string {
    return this.#pipeline.name
  }

  get size(): number {
    return this.#awaited.size + this.#graph.size
  }

  /** A pane of the first windows. What was written again of one that has passed is the same once more. */
  take(pane: Pane): void {
    if (pane.end > this.#closedTo) this.#awaited.take(pane)
  }

  /** All windows that end by this watermark are there, and give what it puts out. It may go back, which means nothing. */
  *advance(watermark: number): Generator<ReadonlyArray<Pane>> {
    const { allowedLateness, window } = this.#windows
    // Of sessions nobody promises that one which ends at the watermark does not grow.
    const strictness = window.kind === "session" ? 1 : 0
    const until = watermark >= endOfTime ? endOfTime : watermark - strictness
    if (until <= this.#closedTo) return
    this.#renew()
    let passed = -Infinity
    for (let panes = this.#awaited.leaving(until); panes.length > 0; panes = this.#awaited.leaving(until)) {
      const { end } = panes[0]!
      if (end > passed && passed !== -Infinity) yield* this.#advance(this.#finalAt(passed))
      passed = end
      // Its late rows are in it already: it comes at the moment from which on nothing changes it.
      const emitted = panes.flatMap((kept): ReadonlyArray<Emitted> =>
        kept.pane === "retracted" ? []
          : [{ pane: { ...kept, pipeline: this.name, revision: 0 }, rows: kept.changes, watermark: this.#finalAt(end), offset: noOffset }])
      yield* this.#flow(this.#graph.takePanes(this.#windows, emitted))
    }
    this.#closedTo = until
    yield* this.#advance(until === endOfTime ? endOfTime : watermark + allowedLateness)
  }

  #renew(): void {
    const { strings } = this.#graph
    this.#renewAt ??= Math.max(dictionaryBound, strings * 2)
    if (strings < this.#renewAt) return
    this.#graph.renewDictionary()
    this.#renewAt = null
  }

  #advance(watermark: number): Generator<ReadonlyArray<Pane>> {
    return this.#flow(this.#graph.advance(() => watermark))
  }

  *#flow(work: Generator<void>): Generator<ReadonlyArray<Pane>> {
    for (const _ of work) yield* this.#drained()
    yield* this.#drained()
  }

  *#drained(): Generator<ReadonlyArray<Pane>> {
    const panes = this.#graph.drain().flatMap(emittedOf)
    if (panes.length > 0) yield panes.map(({ pane }) => pane)
  }

  /** The watermark of the windows' sources behind which nothing more comes of a window. */
  #finalAt(end: number): number {
    return end + this.#windows.allowedLateness + (this.#windows.window.kind === "session" ? 1 : 0)
  }

  /** What it keeps at this moment, or what of that has changed since the last time; written as it is asked for. */
  checkpoint(all: boolean): Iterable<Section> {
    const [progress, graph] = [[this.#idOf("progress", 0), this.#progress()] as const, this.#graph.checkpoint(all)]
    const { pages } = this.#awaited
    pages.begin(all)
    const idOfPage = (page: number) => this.#idOf("awaited", page)
    return (function*(): Generator<Section> {
      yield progress
      yield* graph
      for (const page of pages.awaited) {
        const writer = new StateWriter()
        pages.write(page, writer)
        yield [idOfPage(page), writer.bytes] as const
      }
    })()
  }

  #progress(): Uint8Array | null {
    const writer = new StateWriter()
    writer.table("progress", 1).numbers("closedTo", Float64Array.of(this.#closedTo))
    return writer.bytes
  }

  /** No pipeline has the name under which this stands, so that the graph knows of its own sections only. */
  #idOf(part: string, page: number): string {
    return idOf("", part, this.name, page)
  }

  /** Throws a {@link StateError} where the state is damaged. */
  restore(snapshot: Snapshot): void {
    this.#graph.restore(snapshot)
    const own = [...snapshot].flatMap(([id, bytes]) => id.startsWith(`["","awaited",${JSON.stringify(this.name)},`) ? [bytes] : [])
    const names = Checked.valuesOf(upToWindows(this.#pipeline).checked).map(([name]) => name)
    this.#awaited.restore(new StateReader(own), names)
    const progress = new StateReader([snapshot.get(this.#idOf("progress", 0)) ?? new Uint8Array(0)])
    const table = progress.table("progress")
    const [closedTo = NaN] = table.numbers("closedTo")
    table.end()
    if (Number.isNaN(closedTo)) throw new StateError(`the progress of the results of "${this.name}" is damaged`)
    this.#closedTo = closedTo
  }
}
