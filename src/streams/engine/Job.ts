/**
 * Pipelines that read one log together: the whole engine as a deterministic transition. Each gives what it gives alone.
 * Everything that can run a pipeline in this process (live, replay, test) drives a job.
 */
import { Option, Schema } from "effect"
import type { Counts, NodeCounts } from "../ports/Monitor.ts"
import { numberOf, sourceAt, within } from "../ports/SourceLogs.ts"
import { type Emitted, emittedOf, endOfTime, Outcome } from "../operator/Operator.ts"
import { finish, type Work } from "../operator/Work.ts"
import { groupingFor } from "../operator/windowed/Grouping.ts"
import { usualPace } from "../operator/windowed/WindowOperator.ts"
import type { Wanted } from "../operator/windowed/Windows.ts"
import { checkTogether } from "../pipeline/check/Together.ts"
import * as Checked from "../pipeline/Checked.ts"
import type { Encoded, Pane } from "../pipeline/Pane.ts"
import type { Place, Row } from "../pipeline/Row.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import { usesOf } from "../pipeline/Uses.ts"
import { type Batch, Dictionary } from "../records/Batch.ts"
import type { Decision } from "../records/Decision.ts"
import { PaneRuns } from "../records/PaneRuns.ts"
import type { Records } from "../records/Records.ts"
import { StateReader, StateWriter } from "../operator/State.ts"
import { Account, type Fates, type Numbering, readOpen, type SavedOpen, type Settled, State as AccountState, type Tally, tallyOf, total } from "./Account.ts"
import type { Course } from "./Course.ts"
import { type GraphOptions, OperatorGraph, type Watches, watchesOf } from "./OperatorGraph.ts"
import { accountSection, jobSection, sourceSection, type Section, type Snapshot } from "./Snapshot.ts"
import { lettersOf, type Unused } from "./Refusals.ts"
import { type Decided, type Part, type Rows, type SourceOfLog, SourceReader, State as ReaderState } from "./SourceReader.ts"
import { merged, type PaneRun, Strand, worked } from "./Strand.ts"
import type { Timeline } from "./Timeline.ts"

/** What a batch of records led to. */
export interface Output {
  readonly panes: ReadonlyArray<Pane>
  /** Of pipelines that end in events, in the order of the log. */
  readonly rows: ReadonlyArray<Row>
  readonly unused: ReadonlyArray<Unused>
}

/** What a step leads to, piece by piece. */
export type Portions = Generator<PaneRuns, LastPortion>

export interface LastPortion extends Omit<Output, "panes"> {
  readonly panes: PaneRuns
}

/** Raised with every change of what a snapshot looks like or means: an older one is refused, never misread. */
export const version = 12

const State = Schema.Struct({
  version: Schema.Literal(version),
  /** The fingerprint of each pipeline. */
  pipelines: Schema.Record(Schema.String, Schema.String),
  reader: ReaderState,
  /** By the name of the source that was read. */
  counts: Schema.Array(Schema.Struct({ source: Schema.NullOr(Schema.String), counts: AccountState })),
  byPipeline: Schema.Record(Schema.String, AccountState)
})
type State = typeof State.Type

const json = Schema.fromJsonString(State)
const encodeState = Schema.encodeSync(json)
const decodeState = Schema.decodeUnknownOption(json)

export type Options = Bounds & (
  | { readonly partitions: number }
  /** Where the partitions of the log are those of several sources: which these are, in its order; see `SourceLogs`. */
  | { readonly sources: ReadonlyArray<{ readonly name: string; readonly partitions: number }> }
)

/** Nothing of those that watch is in what is saved. */
export interface Bounds extends Watches {
  /** Milliseconds that an event's time may lie ahead of the clock at its append; unbounded by default. */
  readonly maxTimeAhead?: number
  /**
   * How many different strings are known by number before the numbering begins anew and forgets
   * those of closed windows; 262,144 by default. It bounds memory and changes no result.
   */
  readonly dictionaryBound?: number
  /** Panes that a pipeline makes between two pauses of a step. It changes no result either. */
  readonly pace?: number
}

/** How far event times of one field of a source have come. */
export interface EventTime {
  /** `null` where any source may read all of the log. */
  readonly source: string | null
  readonly field: string
  readonly outOfOrderness: number
  /** Those of the source. */
  readonly partitions: ReadonlyArray<PartitionTime>
}

export interface PartitionTime {
  /** Its number in the log. */
  readonly partition: number
  readonly next: number
  readonly watermark: number
  readonly latest: number
}

/** A pipeline on its way through a log. */
interface Running {
  readonly inputs: ReadonlyArray<Checked.Input>
  readonly account: Account
  graph: OperatorGraph
}

/** What a step gathers that takes records. */
interface Taking<Late = ReadonlyArray<Unused>> {
  readonly records: Records
  readonly refused: Array<Unused>
  readonly late: Array<Late>
  /** Of each record what became of it for each pipeline, by what became of its rows. */
  readonly fates: ReadonlyMap<Running, Fates>
}

/**
 * Takes batches of records and returns panes and rows; an object without Effect, a clock or I/O.
 *
 * @example
 * ```ts
 * import { Job, Pane, Records, candles1m } from "courant"
 *
 * const job = new Job([candles1m], { partitions: 1 })
 * const texts = [`{"symbol":"AAPL","time":1732545000123,"price":"189.37","size":100}`]
 * job.take({ ...Records.fromTexts(texts), partition: 0, offsets: Float64Array.of(0), appendedAt: Float64Array.of(1_732_545_000_456) })
 * export const lines = job.close().panes.map(Pane.toJson)
 * ```
 */
export class Job {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly #reader: SourceReader
  readonly #running: ReadonlyArray<Running>
  readonly #sources: ReadonlyArray<SourceOfLog>
  /** Of each source. */
  readonly #accounts: ReadonlyArray<Account>
  readonly #numbering: Numbering
  readonly #graphOptions: GraphOptions
  /** Not in the middle of a step. */
  #isWhole = true

  constructor(pipelines: ReadonlyArray<Pipeline.Any>, options: Options) {
    const pace = options.pace ?? usualPace
    if (pipelines.length === 0) throw new TypeError("a job needs at least one pipeline")
    checkTogether(pipelines, "sources" in options ? options.sources.map(({ name }) => name) : null)
    const grouping = groupingFor(pipelines.flatMap(({ checked }) => checked.nodes.filter((node) => node._tag === "window")))
    this.#graphOptions = { pace, grouping, ...watchesOf(options) }
    this.pipelines = pipelines
    const inputs = new Map<string, Checked.Input>()
    this.#running = pipelines.map(({ checked }) => {
      const own = Checked.inputsOf(checked).map((input) => {
        const shared = inputs.get(input.id) ?? input
        inputs.set(input.id, shared)
        return shared
      })
      return { inputs: own, account: new Account(), graph: new OperatorGraph(checked, this.#graphOptions) }
    })
    this.#sources = "sources" in options ? options.sources : [{ name: null, partitions: options.partitions }]
    this.#numbering = numberingOf(this.#sources)
    this.#accounts = this.#sources.map(() => new Account())
    this.#reader = new SourceReader({
      inputs: [...inputs.values()],
      usesOf: (source) => usesOf(pipelines.map(({ checked }) => checked), source),
      sources: this.#sources,
      maxTimeAhead: options.maxTimeAhead ?? Infinity,
      dictionaryBound: options.dictionaryBound ?? 1 << 18
    })
  }

  get counts(): Counts {
    return total(this.#accounts.map(({ counts }) => counts))
  }

  /** The same for each source; nothing where the log is not one of sources. */
  get countsBySource(): ReadonlyMap<string, Counts> {
    return new Map(this.#sources.flatMap(({ name }, source) => name === null ? [] : [[name, this.#accounts[source]!.counts]]))
  }

  /** The same for each pipeline: what one takes may be late for another. */
  get countsByPipeline(): ReadonlyMap<string, Counts> {
    return new Map(this.#running.map(({ account, graph }) => [graph.checked.name, account.counts]))
  }

  /** Of each pipeline its nodes. */
  get countsByNode(): ReadonlyMap<string, { readonly [node: string]: NodeCounts }> {
    return new Map(this.#running.map(({ graph }) => [graph.checked.name, graph.nodes]))
  }

  /** The smallest of all inputs, `null` while one has no watermark yet. */
  get watermark(): number | null {
    const watermark = Math.min(...this.timelines.map((timeline) => timeline.watermark))
    return Number.isFinite(watermark) ? watermark : null
  }

  /** Event time of each input: of pipelines that read the same it is the same. */
  get timelines(): ReadonlyArray<Timeline> {
    return [...this.#reader.timelines.values()]
  }

  /** Of each partition the smallest watermark and the largest event time of all inputs, `-Infinity` before the first event. */
  get partitions(): ReadonlyArray<PartitionTime> {
    const byInput = [...this.#reader.timelines.keys()].map((input) => this.#partitionsOf(input))
    const found = Map.groupBy(byInput.flat(), ({ partition }) => partition)
    return this.offsets.map((next, partition) => found.has(partition) ? slowest(found.get(partition)!) : { partition, next, ...unbegun })
  }

  /** Event time by the source and the field that it is read from: of inputs that share one the slowest. */
  get eventTimes(): ReadonlyArray<EventTime> {
    return this.#byField().map((inputs) => {
      const [{ events }] = inputs
      const times = inputs.map((input) => this.#partitionsOf(input))
      return {
        source: this.#sourceOf(inputs[0]).name,
        field: events.definition.eventTime.field,
        outOfOrderness: Math.max(...inputs.map(({ events }) => events.definition.outOfOrderness)),
        partitions: times[0]!.map((_, index) => slowest(times.map((partitions) => partitions[index]!)))
      }
    })
  }

  /** Inputs whose event times are one field of one source. */
  #byField(): ReadonlyArray<readonly [Checked.Input, ...ReadonlyArray<Checked.Input>]> {
    const groups = Map.groupBy(this.#reader.timelines.keys(), (input) =>
      JSON.stringify([this.#reader.sourceOf(input), input.events.definition.eventTime.field]))
    return [...groups.values()].flatMap(([first, ...others]) => first === undefined ? [] : [[first, ...others]])
  }

  #sourceOf(input: Checked.Input): SourceOfLog {
    return this.#sources[this.#reader.sourceOf(input)]!
  }

  #partitionsOf(input: Checked.Input): ReadonlyArray<PartitionTime> {
    const source = this.#reader.sourceOf(input)
    return this.#reader.timelines.get(input)!.partitions.map(({ latest, watermark }, index) => {
      const partition = numberOf(index, source, this.#sources.length)
      return { partition, next: this.#reader.next(partition), watermark, latest }
    })
  }

  /** How far event time has come for a pipeline: of several inputs the slowest, told by the field of the first. */
  progressOf(pipeline: string): EventTime {
    const found = this.#running.find(({ graph }) => graph.checked.name === pipeline)
    if (found === undefined) throw new TypeError(`the job has no pipeline "${pipeline}"`)
    const [first] = found.inputs
    const { eventTime, outOfOrderness } = first!.events.definition
    const all = Map.groupBy(found.inputs.flatMap((input) => this.#partitionsOf(input)), ({ partition }) => partition)
    return { source: this.#sourceOf(first!).name, field: eventTime.field, outOfOrderness, partitions: [...all.values()].map(slowest) }
  }

  #timelineOf(input: Checked.Input): Timeline {
    const timeline = this.#reader.timelines.get(input)
    if (timeline === undefined) throw new Error(`a broken invariant: the reader does not know the input ${input.id}`)
    return timeline
  }

  /** Brings a pipeline as far as event time has come in each of its inputs. */
  #advance({ graph, inputs }: Running): Work {
    return graph.advance((source) => {
      const input = inputs.find(({ events, preAggregated }) => [events, preAggregated].some((each) => each?.fingerprint === source.fingerprint))
      return input === undefined ? -Infinity : this.#timelineOf(input).watermark
    })
  }

  /**
   * The decisions with which partitions begin that were added behind the first so many of each source: event time has come
   * this far, so that what they say of before is late, and no watermark goes back. None where it has not begun.
   */
  newcomers(known: ReadonlyArray<number>): ReadonlyArray<Decision> {
    return this.#byField().flatMap((inputs) => {
      const source = this.#reader.sourceOf(inputs[0])
      const before = known[source] ?? Infinity
      const added = this.#partitionsOf(inputs[0]).slice(before)
      const watermark = Math.max(...inputs.map((input) =>
        Math.min(...this.#partitionsOf(input).slice(0, before).map((state) => state.watermark)) + input.events.definition.outOfOrderness))
      if (!Number.isFinite(watermark)) return []
      const eventTime = inputs[0].events.definition.eventTime.field
      return added.map(({ partition }): Decision => ({ _tag: "idle", partition, at: 0, watermark, eventTime, outOfOrderness: 0 }))
    })
  }

  /** The next offset that is needed from each partition. */
  get offsets(): ReadonlyArray<number> {
    return this.#reader.offsets
  }

  /** States of keys in open windows, over all pipelines. */
  get size(): number {
    return this.#running.reduce((sum, { graph }) => sum + graph.size, 0)
  }

  /** Whether a pipeline reads a source of the log, by its number. */
  reads(source: number): boolean {
    return this.#running.some(({ inputs }) => inputs.some((input) => this.#reader.sourceOf(input) === source))
  }

  /** The event times of other sources that a pipeline reads together with this one. */
  joinedWith({ field, source }: Pick<EventTime, "field" | "source">): ReadonlyArray<EventTime> {
    const together = this.#running.map(({ inputs }) =>
      inputs.map((input) => ({ source: this.#sourceOf(input).name, field: input.events.definition.eventTime.field })))
    const joined = together.filter((all) => all.some((each) => each.source === source && each.field === field)).flat()
    return this.eventTimes.filter((other) => other.source !== source && joined.some((each) => each.source === other.source && each.field === other.field))
  }

  /** Whether a pipeline that reads a source has any. */
  isOpen(source: string | null): boolean {
    return this.#running.some(({ graph, inputs }) => graph.size > 0 && inputs.some((input) => this.#sourceOf(input).name === source))
  }

  /** The same by pipeline. */
  get sizes(): ReadonlyMap<string, number> {
    return new Map(this.#running.map(({ graph }) => [graph.checked.name, graph.size]))
  }

  /** A course takes note of how event time went over the records, where somebody asks which of them led to a pane. */
  take(records: Records, course: Course | null = null): Output {
    if (course === null) return whole(this.step(records))
    this.#assertWhole()
    const emitted: Array<Emitted> = []
    const made = this.#take(records, course)
    let next = made.next()
    for (; next.done !== true; next = made.next()) {
      if (next.value !== null) emitted.push(...emittedOf(next.value.panes).slice(next.value.from, next.value.to))
    }
    course.end(emitted)
    return { panes: emitted.map(({ pane }) => pane), rows: this.#drainRows(), unused: next.value }
  }

  /** Takes in a decision at its place: what lies before that has been taken, and nothing behind it. */
  decide(decision: Decision): Output {
    return whole(this.step(decision))
  }

  /** Every window closes, and nothing is left. */
  close(): Output {
    return whole(this.#inPortions(this.#all(({ graph }) => graph.advance(() => endOfTime)), Infinity))
  }

  /**
   * What records or a decision lead to, in portions: at most so many panes, each made when it is asked for, then what is left
   * with all else that there is. Some portions are empty, so that others have a turn. Until the end nothing else is begun.
   */
  step(piece: Records | Decision, portion = Infinity): Portions {
    return this.#inPortions("_tag" in piece ? this.#decide(piece) : this.#take(piece), portion)
  }

  *#inPortions(made: Generator<PaneRun | null, ReadonlyArray<Unused>>, portion: number): Portions {
    this.#assertWhole()
    this.#isWhole = false
    let panes = new PaneRuns()
    let next = made.next()
    for (; next.done !== true; next = made.next()) {
      for (let run = next.value; run !== null;) {
        const to = Math.min(run.to, run.from + portion - panes.length)
        panes.add({ ...run, to })
        run = to < run.to ? { ...run, from: to } : null
        if (panes.length < portion) continue
        yield panes
        panes = new PaneRuns()
      }
      yield nothing
    }
    const rows = this.#drainRows()
    this.#isWhole = true
    return { panes, rows, unused: next.value }
  }

  #assertWhole(): void {
    if (!this.#isWhole) throw new Error("a broken invariant: a job was used before what it had begun was done")
  }

  *#take(records: Records, course: Course | null = null): Generator<PaneRun | null, ReadonlyArray<Unused>> {
    const source = sourceAt(records.partition, this.#sources.length)
    const readers = this.#running.filter(({ inputs }) => inputs.some((input) => this.#reader.sourceOf(input) === source))
    const fatesOf = (): Fates => ({ outcomes: new Uint8Array(records.length), holds: new Uint8Array(records.length) })
    const fates = new Map(readers.map((running) => [running, fatesOf()] as const))
    const taking: Taking = { records, refused: [], late: [], fates }
    const ranges: Array<readonly [from: number, to: number]> = []
    const strands = this.#strands(readers)
    const parts = this.#reader.take(records)
    let next = parts.next()
    for (; next.done !== true; next = parts.next()) {
      const part = next.value
      ranges.push([part.from, part.to])
      this.#records(part, taking)
      for (const rows of part.rows) course?.note(rows.batch, rows.timeline)
      for (const [running, strand] of strands) {
        const own = part.rows.filter(({ input }) => running.inputs.includes(input))
        if (own.length === 0) continue
        const late: Array<Unused> = []
        taking.late.push(late)
        strand.begin(this.#rows(running, own, { ...taking, late }))
      }
      // The next part is decoded into the same columns, and a pane of it may belong before those of this one.
      yield* part.isLast ? merged([...strands.values()]) : worked([...strands.values()])
    }
    yield* merged([...strands.values()])
    const duplicates = next.value
    const own = this.#accounts[source]!
    for (const { account } of [...readers, { account: own }]) account.duplicate(duplicates)
    const accounts = [...fates].map(([{ account }, fate]) => [account, fate] as const)
    tally([...accounts, [own, worstOf([...fates.values()])]], records, ranges)
    return [...taking.refused, ...taking.late.flat(), ...this.#settle()]
  }

  /** Takes account of the rows that were held and have left. */
  #settle(): ReadonlyArray<Unused> {
    const unused: Array<Unused> = []
    for (const { account, graph } of this.#running) {
      for (const leaving of graph.drainSettled()) {
        const partitions = leaving.partitions.map((partition, row) => this.#numbering.numberOf(leaving.sources[row]!, partition) ?? partition)
        const settled: Settled = { ...leaving, partitions }
        account.settle(settled)
        for (const [source, own] of this.#accounts.entries()) own.settle(settled, (partition) => sourceAt(partition, this.#sources.length) === source)
        for (const { row, ...why } of leaving.refused) {
          unused.push({ ...why, record: null, partition: partitions[row]!, offset: leaving.offsets[row]!, pipeline: graph.checked.name })
        }
      }
      account.assertBalanced(graph.checked.name)
    }
    for (const [source, account] of this.#accounts.entries()) account.assertBalanced(this.#sources[source]!.name ?? "the run")
    return unused
  }

  *#decide(decision: Decision): Generator<PaneRun | null, ReadonlyArray<Unused>> {
    const decided: Array<Decided> = []
    this.#reader.decide(decision, (one) => decided.push(one))
    const advance = (running: Running) => this.#advance(running)
    // There is no event time while a partition that was added has not begun, of this input or of another one.
    const hasBegun = ({ inputs }: Running) => inputs.every((input) => this.#timelineOf(input).watermark > -Infinity)
    return yield* this.#all(function*(running) {
      for (const one of decided) {
        if (one._tag === "end") yield* running.graph.end(one.offset)
        else if (running.inputs.includes(one.input) && hasBegun(running)) yield* advance(running)
      }
    })
  }

  *#all(work: (running: Running) => Work): Generator<PaneRun | null, ReadonlyArray<Unused>> {
    const strands = this.#strands(this.#running)
    for (const [running, strand] of strands) strand.begin(work(running))
    yield* merged([...strands.values()])
    return this.#settle()
  }

  #strands(all: ReadonlyArray<Running>): ReadonlyMap<Running, Strand> {
    return new Map(all.map((running) => [running, new Strand(() => running.graph.drain())]))
  }

  /** What the sources refuse, and what nobody takes. */
  #records(part: Part, { fates, records, refused }: Taking): void {
    const { from, kind, to } = part
    for (const [{ inputs }, { outcomes }] of fates) {
      // What nobody takes is of no use to anybody; what only others take is left out here.
      if (part.refused.size === 0) outcomes.fill(Outcome.refused, from, to)
      for (const source of sourcesOf(inputs, kind)) {
        for (const { record } of part.refused.get(source) ?? []) outcomes[record] = Outcome.refused
      }
    }
    const readersOf = (source: string) =>
      this.#running.flatMap(({ graph, inputs }) => sourcesOf(inputs, kind).includes(source) ? [graph.checked.name] : [])
    const sources = this.#sources.flatMap(({ name }) => name ?? [])
    for (const letter of lettersOf(part, records, sources, readersOf)) refused.push(letter)
  }

  *#rows(running: Running, all: ReadonlyArray<Rows>, { fates, late, records, refused }: Taking<Unused>): Work {
    const { graph } = running
    const own = fates.get(running)!
    for (const { batch, input, kind, made, timeline } of all) {
      const source = kind === "event" ? input.events : input.preAggregated!
      const direct = all.length === 1 ? fatesOf(own, batch) : null
      const { holds, outcomes, refused: out } = yield* graph.take(source, batch, timeline.watermarkBeside(batch.partition), { ...direct, made })
      if (direct === null) addFates(own, batch, { holds, outcomes })
      for (let row = outcomes.indexOf(Outcome.late); row !== -1; row = outcomes.indexOf(Outcome.late, row + 1)) {
        late.push(lateRow(batch, row, records.partition, graph.checked))
      }
      for (const { row, ...why } of out) {
        const { partition } = records
        refused.push({ record: batch.records[row]!, partition, offset: batch.offsets[row]!, pipeline: graph.checked.name, ...why })
      }
    }
    yield* this.#advance(running)
  }

  /**
   * The rows of all pipelines: those that leave at once in one order, since a batch is of one partition, in which offsets order
   * them. Those that were held, or are results, have each pipeline's own.
   */
  #drainRows(): ReadonlyArray<Row> {
    const [atOnce, later]: [Array<ReadonlyArray<Row>>, Array<ReadonlyArray<Row>>] = [[], []]
    for (const { graph } of this.#running) {
      const rows = graph.drainRows()
      if (rows.length > 0) (graph.isHeld ? later : atOnce).push(rows)
    }
    const first = atOnce.length < 2 ? atOnce[0] ?? [] : atOnce.flat().sort((a, b) => a.place.offset - b.place.offset)
    return later.length === 0 ? first : [first, ...later].flat()
  }

  /** The places of all records that are held, or are the left ones of pairs to come; one that several nodes have comes for each. */
  *inUse(): Generator<{ readonly partition: number; readonly offset: number }> {
    for (const [source] of this.#sources.entries()) for (const { graph } of this.#running) yield* this.#ofSource(graph.inUse(), source)
  }

  /** Windows that are near to closing, as they stand, for those who watch: of each pipeline that is wanted at most about so many. */
  forming(wanted: Wanted = { most: Infinity }, isWanted: (pipeline: string) => boolean = () => true): ReadonlyArray<Pane> {
    return this.#running.flatMap(({ graph }) => isWanted(graph.checked.name) ? graph.forming(wanted) : [])
  }

  /**
   * Pipelines of which another run over the same log may have emitted windows that this one will not, by reading the
   * partitions in another order; and the earliest start of such windows. There are none where the log has one order.
   */
  get unsettled(): ReadonlyArray<{ readonly pipeline: string; readonly from: number }> {
    return this.#running.flatMap(({ graph, inputs }) => {
      const partitions = [...new Set(inputs.map((input) => this.#sourceOf(input)))].reduce((sum, source) => sum + source.partitions, 0)
      return graph.unsettledSince === null || partitions < 2 ? [] : [{ pipeline: graph.checked.name, from: graph.unsettledSince }]
    })
  }

  /**
   * Takes the panes that a former run has left in the sink for its own, see {@link unsettled}: those that turn out to be
   * no windows are retracted. Called once, before anything is taken.
   */
  adopt(stored: ReadonlyArray<Encoded>): void {
    for (const { graph } of this.#running) {
      if (graph.unsettledSince !== null) finish(graph.adopt(stored.filter(({ pipeline }) => pipeline === graph.checked.name)))
    }
  }

  /** All that it keeps now, the same bytes for the same state. */
  snapshot(): Snapshot {
    this.#assertWhole()
    const accounts = this.#heldSections().flatMap(([id, bytes]) => bytes === null ? [] : [[id, bytes] as const])
    return new Map([this.#section(), ...accounts, ...this.#running.flatMap(({ graph }) => [...graph.snapshot()])])
  }

  /**
   * Everything at this moment, or what of it has changed since the last time. Sections are made one by one as they are
   * asked for, and say what was there when this was called, whatever has been taken since.
   */
  checkpoint(all: boolean): Iterable<Section> {
    this.#assertWhole()
    const own = [this.#section(), ...this.#heldSections()]
    const graphs = this.#running.map(({ graph }) => graph.checkpoint(all))
    return (function*() {
      yield* own
      for (const graph of graphs) yield* graph
    })()
  }

  #section(): readonly [id: string, bytes: Uint8Array] {
    const state = encodeState({
      version,
      pipelines: fingerprintsOf(this.pipelines),
      reader: this.#reader.snapshot(),
      counts: this.#sources.map(({ name }, source) => ({ source: name, counts: this.#accounts[source]!.counts })),
      byPipeline: Object.fromEntries(this.countsByPipeline)
    })
    return [jobSection, Buffer.from(state)]
  }

  /** What is held, as each source and each pipeline counts it. */
  #heldSections(): ReadonlyArray<Section> {
    const accounts = [
      ...this.#accounts.map((account, source) => [sourceSection(this.#sources[source]!.name), account] as const),
      ...this.#running.map(({ account, graph }) => [accountSection(graph.checked.name), account] as const)
    ]
    return accounts.map(([id, account]) => {
      const writer = new StateWriter()
      account.save(writer, this.#numbering)
      return [id, writer.bytes]
    })
  }

  /** Those of the places that are of a source, by the numbers of its partitions. */
  #ofSource(places: Iterable<Place>, source: number): ReadonlyArray<{ readonly partition: number; readonly offset: number }> {
    return [...places].flatMap(({ offset, partition: within, source: name }) => {
      const partition = this.#numbering.numberOf(name, within)
      return partition !== null && sourceAt(partition, this.#sources.length) === source ? [{ partition, offset }] : []
    })
  }

  /**
   * Takes up where snapshots left off, whatever came before: one, or several with some of the pipelines each, which have
   * come equally far. The account of the run is that of the first. False where a pipeline is in none of them as it is now,
   * where one is of another version or more partitions, or damaged; nothing is changed then. Partitions that they do not
   * know are read from their beginning.
   */
  restore(...snapshots: ReadonlyArray<Snapshot>): boolean {
    const found = snapshots.flatMap((snapshot) => {
      const state = stateIn(snapshot)
      return state === null ? [] : [{ snapshot, state }]
    })
    const [first] = found
    if (first === undefined || found.length < snapshots.length) return false
    const dictionary = new Dictionary()
    const restored = this.#running.map((running) => {
      const { checked } = running.graph
      const source = found.find(({ state }) => state.pipelines[checked.name] === checked.fingerprint)
      const graph = source === undefined ? null : restoredGraph(checked, source.snapshot, { ...this.#graphOptions, dictionary })
      const snapshot = source?.snapshot ?? first.snapshot
      return { running, graph, counts: source?.state.byPipeline[checked.name], open: openIn(snapshot, accountSection(checked.name)), snapshot }
    })
    dictionary.columns.forget()
    const accounts = this.#accounts.flatMap((account, source) => {
      const { name } = this.#sources[source]!
      const saved = found.flatMap(({ snapshot, state }) => state.counts.flatMap((each) => each.source === name ? [{ ...each, snapshot }] : []))[0]
      return saved === undefined ? [] : [{ account, source, saved, open: openIn(saved.snapshot, sourceSection(name)) }]
    })
    const isWhole = restored.every(({ counts, graph, open }) => counts !== undefined && graph !== null && open !== null) &&
      accounts.every(({ open }) => open !== null)
    if (!isWhole || !this.#reader.restore(joined(found.map(({ state }) => state.reader)), dictionary)) return false
    for (const { counts, graph, open, running } of restored) {
      if (graph !== null) running.graph = graph
      if (counts !== undefined) running.account.restore(counts, open ?? [], this.#numbering)
    }
    for (const { account, open, saved, source } of accounts) {
      account.restore(saved.counts, open ?? [], this.#numbering)
      account.reconcile(restored.flatMap(({ running: { graph }, snapshot }) =>
        this.#ofSource(graph.held(), source).map((place) => ({ ...place, isCounted: snapshot !== saved.snapshot }))))
    }
    return true
  }
}

/** Where any source may read all of the log, it is one without a name. */
const numberingOf = (sources: ReadonlyArray<SourceOfLog>): Numbering => {
  if (sources[0]?.name === null) return { named: (partition) => ({ source: "", partition }), numberOf: (_, partition) => partition }
  const places = new Map(sources.map(({ name }, source) => [name, source] as const))
  return {
    named: (number) => ({ source: sources[sourceAt(number, sources.length)]!.name ?? "", partition: within(number, sources.length) }),
    numberOf: (name, partition) => {
      const source = places.get(name)
      return source === undefined ? null : numberOf(partition, source, sources.length)
    }
  }
}

/** In a pause. */
const nothing = new PaneRuns()

/** All portions as one. */
const whole = (portions: Portions): Output => {
  let next = portions.next()
  const before: Array<ReadonlyArray<Pane>> = []
  for (; next.done !== true; next = portions.next()) if (next.value.length > 0) before.push(next.value.objects)
  const { panes, ...beside } = next.value
  return { ...beside, panes: before.length === 0 ? panes.objects : [...before, panes.objects].flat() }
}

/** What an account knows of rows that are held; `null` where that is damaged. */
const openIn = (snapshot: Snapshot, section: string): ReadonlyArray<SavedOpen> | null => {
  const bytes = snapshot.get(section)
  try {
    return readOpen(new StateReader(bytes === undefined ? [] : [bytes]))
  } catch {
    // It throws where it is not in its form, as operators do.
    return null
  }
}

/** The fingerprint of each pipeline, by name. */
export const fingerprintsOf = (pipelines: ReadonlyArray<Pipeline.Any>): { readonly [name: string]: string } =>
  Object.fromEntries(pipelines.map(({ checked }) => [checked.name, checked.fingerprint]))

const stateIn = (snapshot: Snapshot): State | null => {
  const bytes = snapshot.get(jobSection)
  return bytes === undefined ? null : Option.getOrNull(decodeState(Buffer.from(bytes).toString()))
}

/** The timelines of all inputs, from states that have come equally far. */
const joined = (readers: ReadonlyArray<State["reader"]>): State["reader"] =>
  [...Map.groupBy(readers.flat(), ({ name }) => name).values()].map((states) => ({
    ...states[0]!,
    timelines: Object.assign({}, ...states.map(({ timelines }) => timelines)),
    latest: Object.assign({}, ...states.map(({ latest }) => latest))
  }))

const unbegun = { watermark: -Infinity, latest: -Infinity }

/** Of several inputs, as far as each has come in one partition. */
const slowest = (states: ReadonlyArray<PartitionTime>): PartitionTime => ({
  ...states[0]!,
  watermark: Math.min(...states.map(({ watermark }) => watermark)),
  latest: Math.max(...states.map(({ latest }) => latest))
})

/** New operators with the state of former ones; `null` where the state is damaged. */
const restoredGraph = (checked: Checked.Checked, snapshot: Snapshot, options: GraphOptions): OperatorGraph | null => {
  const graph = new OperatorGraph(checked, options)
  try {
    graph.restore(snapshot)
    return graph
  } catch {
    // The operators throw where a state is not in their form: a value of another kind, a number that is none.
    return null
  }
}

/** The sources that read a kind of records, by their fingerprints. */
const sourcesOf = (inputs: ReadonlyArray<Checked.Input>, kind: Part["kind"]): ReadonlyArray<string> =>
  inputs.flatMap(({ events, preAggregated }) => {
    const source = kind === "event" ? events : kind === "pre-aggregated" ? preAggregated : null
    return source === null ? [] : [source.fingerprint]
  })

/** Those of the records that the rows of a batch are, row by row, where these follow on one another. */
const fatesOf = ({ holds, outcomes }: Fates, { length, records }: Batch): Fates | null => {
  const [first, last] = [records[0]!, records[length - 1]!]
  return last - first === length - 1 ? { outcomes: outcomes.subarray(first, last + 1), holds: holds.subarray(first, last + 1) } : null
}

const addFates = (to: Fates, { records }: Batch, { holds, outcomes }: Fates): void => {
  for (let row = 0; row < outcomes.length; row++) {
    const record = records[row]!
    to.holds[record]! += holds[row]!
    if (outcomes[row]! > to.outcomes[record]!) to.outcomes[record] = outcomes[row]!
  }
}

/** Pipelines mostly do the same with a batch, or most of them: what is equal is counted once. */
const tally = (accounts: ReadonlyArray<readonly [Account, Fates]>, records: Records, ranges: ReadonlyArray<readonly [from: number, to: number]>): void => {
  const counted: Array<{ readonly fates: Fates; readonly tallies: ReadonlyArray<Tally> }> = []
  for (const [account, fates] of accounts) {
    let known = counted.find((other) => areEqual(other.fates, fates))
    if (known === undefined) counted.push(known = { fates, tallies: ranges.map(([from, to]) => tallyOf(fates, from, to)) })
    for (const each of known.tallies) account.tally(fates, each, records)
  }
}

const areEqual = (one: Fates, other: Fates): boolean =>
  Buffer.compare(one.outcomes, other.outcomes) === 0 && Buffer.compare(one.holds, other.holds) === 0

/** Of each record the worst of what pipelines did with it: one that any has refused must not vanish behind those that took it. */
const worstOf = (all: ReadonlyArray<Fates>): Fates => {
  const [first, ...others] = all
  if (first === undefined || others.length === 0) return first!
  const worst = { outcomes: first.outcomes.slice(), holds: first.holds.slice() }
  const none = new Uint8Array(first.holds.length)
  for (const { holds, outcomes } of others) {
    if (Buffer.compare(outcomes, worst.outcomes) === 0 && Buffer.compare(holds, none) === 0) continue
    for (let record = 0; record < outcomes.length; record++) {
      worst.holds[record]! += holds[record]!
      if (outcomes[record]! > worst.outcomes[record]!) worst.outcomes[record] = outcomes[record]!
    }
  }
  return worst
}

const lateRow = (batch: Batch, row: number, partition: number, { name, nodes }: Checked.Checked): Unused => {
  const holding = nodes.filter(Checked.isHolding).find(Checked.areRecords)
  const [time, watermark] = [batch.times[row]!, batch.watermarks[row]!].map((millis) => new Date(millis).toISOString())
  const detail = holding === undefined
    ? `its time ${time} is in windows that closed when the watermark was at ${watermark}`
    : `its time ${time} is behind the watermark, which was at ${watermark}: ${Checked.callOf(holding)} had put out later rows`
  return { record: batch.records[row]!, partition, offset: batch.offsets[row]!, pipeline: name, reason: "late", detail }
}
