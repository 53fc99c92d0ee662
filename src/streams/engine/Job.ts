/**
 * Pipelines that read one log together: the whole engine as a deterministic transition. Each gives what it gives alone.
 * Everything that can run a pipeline in this process (live, replay, test) drives a job.
 */
import { Option, Schema } from "effect"
import type { Counts } from "../ports/Monitor.ts"
import { numberOf, sourceAt } from "../ports/SourceLogs.ts"
import { type Emitted, endOfTime, Outcome } from "../operator/Operator.ts"
import { finish, type Work } from "../operator/Work.ts"
import { type Options as OperatorOptions, usualPace } from "../operator/windowed/WindowOperator.ts"
import type { Wanted } from "../operator/windowed/Windows.ts"
import { checkTogether } from "../pipeline/check/Together.ts"
import * as Checked from "../pipeline/Checked.ts"
import type { Encoded, Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import { type Batch, Dictionary } from "../records/Batch.ts"
import type { Decision } from "../records/Decision.ts"
import type { Records } from "../records/Records.ts"
import { Account, State as AccountState, total } from "./Account.ts"
import type { Course } from "./Course.ts"
import { OperatorGraph } from "./OperatorGraph.ts"
import { jobSection, type Section, type Snapshot } from "./Snapshot.ts"
import { lettersOf, type Unused } from "./Refusals.ts"
import { type Decided, type Part, type Rows, type SourceOfLog, SourceReader, State as ReaderState } from "./SourceReader.ts"
import { merged, Strand, worked } from "./Strand.ts"
import type { Timeline } from "./Timeline.ts"

/** What a batch of records led to. */
export interface Output {
  readonly panes: ReadonlyArray<Pane>
  /** Of pipelines that end in events, in the order of the log. */
  readonly rows: ReadonlyArray<Row>
  readonly unused: ReadonlyArray<Unused>
}

/** What a step leads to, piece by piece. */
export type Portions = Generator<ReadonlyArray<Pane>, Output>

/** Raised with every change of what a snapshot looks like or means: an older one is refused, never misread. */
const version = 8

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

export interface Bounds {
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
  readonly input: Checked.Input
  readonly account: Account
  graph: OperatorGraph
}

/** What a step gathers that takes records. */
interface Taking<Late = ReadonlyArray<Unused>> {
  readonly records: Records
  readonly refused: Array<Unused>
  readonly late: Array<Late>
  /** Of each record the worst of what pipelines did with it: one that any has refused must not vanish behind those that took it. */
  readonly worst: Uint8Array
}

export class Job {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly #reader: SourceReader
  readonly #running: ReadonlyArray<Running>
  readonly #sources: ReadonlyArray<SourceOfLog>
  /** Of each source. */
  readonly #accounts: ReadonlyArray<Account>
  readonly #pace: number
  /** Not in the middle of a step. */
  #isWhole = true

  constructor(pipelines: ReadonlyArray<Pipeline.Any>, options: Options) {
    const pace = this.#pace = options.pace ?? usualPace
    if (pipelines.length === 0) throw new TypeError("a job needs at least one pipeline")
    checkTogether(pipelines, "sources" in options ? options.sources.map(({ name }) => name) : null)
    this.pipelines = pipelines
    const inputs = new Map<string, Checked.Input>()
    this.#running = pipelines.map(({ checked }) => {
      const input = Checked.inputOf(checked)
      const shared = inputs.get(input.id) ?? input
      inputs.set(input.id, shared)
      return { input: shared, account: new Account(), graph: new OperatorGraph(checked, { pace }) }
    })
    this.#sources = "sources" in options ? options.sources : [{ name: null, partitions: options.partitions }]
    this.#accounts = this.#sources.map(() => new Account())
    this.#reader = new SourceReader({
      inputs: [...inputs.values()],
      reads: (source) => Checked.fieldsRead(pipelines.map(({ checked }) => checked), source),
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

  /** How far event time has come for a pipeline. */
  progressOf(pipeline: string): EventTime {
    const found = this.#running.find(({ graph }) => graph.checked.name === pipeline)
    if (found === undefined) throw new TypeError(`the job has no pipeline "${pipeline}"`)
    const { eventTime, outOfOrderness } = found.input.events.definition
    return { source: this.#sourceOf(found.input).name, field: eventTime.field, outOfOrderness, partitions: this.#partitionsOf(found.input) }
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
    return this.#running.some(({ input }) => this.#reader.sourceOf(input) === source)
  }

  /** Whether a pipeline that reads a source has any. */
  isOpen(source: string | null): boolean {
    return this.#running.some(({ graph, input }) => this.#sourceOf(input).name === source && graph.size > 0)
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
    for (; next.done !== true; next = made.next()) if (next.value !== null) emitted.push(next.value)
    course.end(emitted)
    return { panes: emitted.map(({ pane }) => pane), rows: this.#drainRows(), unused: next.value }
  }

  /** Takes in a decision at its place: what lies before that has been taken, and nothing behind it. */
  decide(decision: Decision): Output {
    return whole(this.step(decision))
  }

  /** Every window closes, and nothing is left. */
  close(): Output {
    return whole(this.#inPortions(this.#all(({ graph }) => graph.advance(endOfTime)), Infinity))
  }

  /**
   * What records or a decision lead to, in portions: at most so many panes, each made when it is asked for, then what is left
   * with all else that there is. Some portions are empty, so that others have a turn. Until the end nothing else is begun.
   */
  step(piece: Records | Decision, portion = Infinity): Portions {
    return this.#inPortions("_tag" in piece ? this.#decide(piece) : this.#take(piece), portion)
  }

  *#inPortions(made: Generator<Emitted | null, ReadonlyArray<Unused> | void>, portion: number): Portions {
    this.#assertWhole()
    this.#isWhole = false
    let panes: Array<Pane> = []
    let next = made.next()
    for (; next.done !== true; next = made.next()) {
      if (next.value !== null) panes.push(next.value.pane)
      if (panes.length >= portion) {
        yield panes
        panes = []
      } else if (next.value === null || panes.length % this.#pace === 0) yield []
    }
    const rows = this.#drainRows()
    this.#isWhole = true
    return { panes, rows, unused: next.value ?? [] }
  }

  #assertWhole(): void {
    if (!this.#isWhole) throw new Error("a broken invariant: a job was used before what it had begun was done")
  }

  *#take(records: Records, course: Course | null = null): Generator<Emitted | null, ReadonlyArray<Unused>> {
    const taking: Taking = { records, refused: [], late: [], worst: new Uint8Array(records.length) }
    const ranges: Array<readonly [from: number, to: number]> = []
    const source = sourceAt(records.partition, this.#sources.length)
    const readers = this.#running.filter(({ input }) => this.#reader.sourceOf(input) === source)
    const strands = this.#strands(readers)
    const parts = this.#reader.take(records)
    let next = parts.next()
    for (; next.done !== true; next = parts.next()) {
      const part = next.value
      ranges.push([part.from, part.to])
      this.#records(part, taking, readers)
      for (const rows of part.rows) {
        course?.note(rows.batch, rows.timeline)
        for (const [running, strand] of strands) {
          if (running.input !== rows.input) continue
          const late: Array<Unused> = []
          taking.late.push(late)
          strand.begin(this.#rows(running, rows, { ...taking, late }))
        }
      }
      // The next part is decoded into the same columns, and a pane of it may belong before those of this one.
      yield* part.isLast ? merged([...strands.values()]) : worked([...strands.values()])
    }
    yield* merged([...strands.values()])
    const duplicates = next.value
    const own = this.#accounts[source]!
    for (const { account } of [...readers, { account: own }]) account.duplicate(duplicates)
    for (const [from, to] of ranges) own.tally(taking.worst, from, to)
    for (const { account, graph } of readers) account.assertBalanced(graph.checked.name)
    own.assertBalanced(this.#sources[source]!.name ?? "the run")
    return [...taking.refused, ...taking.late.flat()]
  }

  *#decide(decision: Decision): Generator<Emitted | null> {
    const decided: Array<Decided> = []
    this.#reader.decide(decision, (one) => decided.push(one))
    yield* this.#all(function*({ graph, input }) {
      for (const one of decided) {
        if (one._tag === "end") yield* graph.end(one.offset)
        // There is none while a partition that was added has not begun.
        else if (input === one.input && one.timeline.watermark > -Infinity) yield* graph.advance(one.timeline.watermark)
      }
    })
  }

  #all(work: (running: Running) => Work): Generator<Emitted | null> {
    const strands = this.#strands(this.#running)
    for (const [running, strand] of strands) strand.begin(work(running))
    return merged([...strands.values()])
  }

  #strands(all: ReadonlyArray<Running>): ReadonlyMap<Running, Strand> {
    return new Map(all.map((running) => [running, new Strand(() => running.graph.drain())]))
  }

  /** What the sources refuse, and what nobody takes. */
  #records(part: Part, { records, refused, worst }: Taking, readers: ReadonlyArray<Running>): void {
    const { from, kind, to } = part
    for (const { account, input } of readers) {
      const source = sourceOf(input, kind)
      if (source !== null) account.refuse(part.refused.get(source.fingerprint)?.length ?? 0)
      else if (part.refused.size === 0) account.refuse(to - from)
      else account.pass(to - from)
    }
    const sources = this.#sources.flatMap(({ name }) => name ?? [])
    const letters = lettersOf(part, records, sources, (source) =>
      readers.flatMap(({ graph, input }) => sourceOf(input, kind)?.fingerprint === source ? [graph.checked.name] : []))
    for (const letter of letters) {
      worst[letter.record] = Outcome.refused
      refused.push(letter)
    }
  }

  *#rows({ account, graph }: Running, { batch, kind, timeline }: Rows, { late, refused, worst }: Taking<Unused>): Work {
    const { outcomes, refused: out } = yield* graph.take(kind, batch, timeline.watermarkBeside(batch.partition))
    account.tally(outcomes, 0, outcomes.length)
    for (let row = 0; row < outcomes.length; row++) {
      const record = batch.records[row]!
      if (outcomes[row]! > worst[record]!) worst[record] = outcomes[row]!
      if (outcomes[row] === Outcome.late) late.push(lateRow(batch, row, graph.checked.name))
    }
    for (const { row, ...why } of out) {
      refused.push({ record: batch.records[row]!, offset: batch.offsets[row]!, pipeline: graph.checked.name, ...why })
    }
    yield* graph.advance(timeline.watermark)
  }

  /** The rows of all pipelines in one order: a batch is of one partition, in which offsets order them. */
  #drainRows(): ReadonlyArray<Row> {
    const rows = this.#running.map(({ graph }) => graph.drainRows()).filter(({ length }) => length > 0)
    return rows.length < 2 ? rows[0] ?? [] : rows.flat().sort((a, b) => a.place.offset - b.place.offset)
  }

  /** Windows that are near to closing, as they stand, for those who watch: of each pipeline at most about so many. */
  forming(wanted: Wanted = { most: Infinity }): ReadonlyArray<Pane> {
    return this.#running.flatMap(({ graph }) => graph.forming(wanted))
  }

  /**
   * Pipelines of which another run over the same log may have emitted windows that this one will not, by reading the
   * partitions in another order; and the earliest start of such windows. There are none where the log has one order.
   */
  get unsettled(): ReadonlyArray<{ readonly pipeline: string; readonly from: number }> {
    return this.#running.flatMap(({ graph, input }) =>
      graph.unsettledSince === null || this.#sourceOf(input).partitions < 2 ? [] : [{ pipeline: graph.checked.name, from: graph.unsettledSince }])
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
    return new Map([this.#section(), ...this.#running.flatMap(({ graph }) => [...graph.snapshot()])])
  }

  /**
   * Everything at this moment, or what of it has changed since the last time. Sections are made one by one as they are
   * asked for, and say what was there when this was called, whatever has been taken since.
   */
  checkpoint(all: boolean): Iterable<Section> {
    this.#assertWhole()
    const own = this.#section()
    const graphs = this.#running.map(({ graph }) => graph.checkpoint(all))
    return (function*() {
      yield own
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
      const graph = source === undefined ? null : restoredGraph(checked, source.snapshot, { dictionary, pace: this.#pace })
      return { running, graph, counts: source?.state.byPipeline[checked.name] }
    })
    dictionary.columns.forget()
    const isWhole = restored.every(({ counts, graph }) => counts !== undefined && graph !== null)
    if (!isWhole || !this.#reader.restore(joined(found.map(({ state }) => state.reader)), dictionary)) return false
    for (const [source, { name }] of this.#sources.entries()) {
      const counted = found.flatMap(({ state }) => state.counts).find(({ source }) => source === name)
      if (counted !== undefined) this.#accounts[source]!.restore(counted.counts)
    }
    for (const { counts, graph, running } of restored) {
      if (graph !== null) running.graph = graph
      if (counts !== undefined) running.account.restore(counts)
    }
    return true
  }
}

/** All portions as one. */
const whole = (portions: Portions): Output => {
  let next = portions.next()
  const before: Array<ReadonlyArray<Pane>> = []
  for (; next.done !== true; next = portions.next()) if (next.value.length > 0) before.push(next.value)
  return before.length === 0 ? next.value : { ...next.value, panes: [...before, next.value.panes].flat() }
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
const restoredGraph = (checked: Checked.Checked, snapshot: Snapshot, options: OperatorOptions): OperatorGraph | null => {
  const graph = new OperatorGraph(checked, options)
  try {
    graph.restore(snapshot)
    return graph
  } catch {
    // The operators throw where a state is not in their form: a value of another kind, a number that is none.
    return null
  }
}

/** What an input reads of a kind of records, if anything. */
const sourceOf = ({ events, preAggregated }: Checked.Input, kind: Part["kind"]): Checked.Source | null =>
  kind === "event" ? events : kind === "pre-aggregated" ? preAggregated : null

const lateRow = (batch: Batch, row: number, pipeline: string): Unused => ({
  record: batch.records[row]!,
  offset: batch.offsets[row]!,
  pipeline,
  reason: "late",
  detail: `its time ${new Date(batch.times[row]!).toISOString()} is in windows that closed when the watermark was at ` +
    new Date(batch.watermarks[row]!).toISOString()
})
