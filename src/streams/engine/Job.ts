/**
 * Pipelines that read one log together: the whole engine as a deterministic transition. Each gives what it gives alone.
 * Everything that can run a pipeline in this process (live, replay, test) drives a job.
 */
import { Option, Schema } from "effect"
import type { Counts } from "../ports/Monitor.ts"
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
import { StateReader, StateWriter } from "../operator/State.ts"
import { Account, type Fates, readOpen, type SavedOpen, State as AccountState } from "./Account.ts"
import type { Course } from "./Course.ts"
import { OperatorGraph } from "./OperatorGraph.ts"
import { accountSection, jobSection, type Section, type Snapshot } from "./Snapshot.ts"
import { lettersOf, type Unused } from "./Refusals.ts"
import { type Decided, type Part, type Rows, SourceReader, State as ReaderState } from "./SourceReader.ts"
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
  counts: AccountState,
  byPipeline: Schema.Record(Schema.String, AccountState)
})
type State = typeof State.Type

const json = Schema.fromJsonString(State)
const encodeState = Schema.encodeSync(json)
const decodeState = Schema.decodeUnknownOption(json)

export interface Options {
  readonly partitions: number
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

/** How far event times of one field have come. */
export interface EventTime {
  readonly field: string
  readonly outOfOrderness: number
  readonly partitions: ReadonlyArray<{ readonly next: number; readonly watermark: number; readonly latest: number }>
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

export class Job {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly #reader: SourceReader
  readonly #running: ReadonlyArray<Running>
  readonly #account = new Account()
  readonly #pace: number
  /** Not in the middle of a step. */
  #isWhole = true

  constructor(pipelines: ReadonlyArray<Pipeline.Any>, options: Options) {
    const pace = this.#pace = options.pace ?? usualPace
    if (pipelines.length === 0) throw new TypeError("a job needs at least one pipeline")
    checkTogether(pipelines)
    this.pipelines = pipelines
    const inputs = new Map<string, Checked.Input>()
    this.#running = pipelines.map(({ checked }) => {
      const own = Checked.inputsOf(checked).map((input) => {
        const shared = inputs.get(input.id) ?? input
        inputs.set(input.id, shared)
        return shared
      })
      return { inputs: own, account: new Account(), graph: new OperatorGraph(checked, { pace }) }
    })
    this.#reader = new SourceReader({
      inputs: [...inputs.values()],
      reads: (source) => Checked.fieldsRead(pipelines.map(({ checked }) => checked), source),
      partitions: options.partitions,
      maxTimeAhead: options.maxTimeAhead ?? Infinity,
      dictionaryBound: options.dictionaryBound ?? 1 << 18
    })
  }

  get counts(): Counts {
    return this.#account.counts
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
  get partitions(): EventTime["partitions"] {
    return this.offsets.map((next, partition) => ({ next, ...slowest(this.timelines.map(({ partitions }) => partitions[partition])) }))
  }

  /** Event time by the field that it is read from: of inputs that share one the slowest. */
  get eventTimes(): ReadonlyArray<EventTime> {
    const groups = Map.groupBy(this.#reader.timelines, ([{ events }]) => events.definition.eventTime.field)
    return [...groups].map(([field, inputs]) => ({
      field,
      outOfOrderness: Math.max(...inputs.map(([{ events }]) => events.definition.outOfOrderness)),
      partitions: this.offsets.map((next, partition) => ({ next, ...slowest(inputs.map(([, { partitions }]) => partitions[partition])) }))
    }))
  }

  /** How far event time has come for a pipeline: of several inputs the slowest, told by the field of the first. */
  progressOf(pipeline: string): EventTime {
    const found = this.#running.find(({ graph }) => graph.checked.name === pipeline)
    if (found === undefined) throw new TypeError(`the job has no pipeline "${pipeline}"`)
    const { eventTime, outOfOrderness } = found.inputs[0]!.events.definition
    const timelines = found.inputs.map((input) => this.#timelineOf(input))
    const partitions = this.offsets.map((next, partition) => ({ next, ...slowest(timelines.map(({ partitions }) => partitions[partition])) }))
    return { field: eventTime.field, outOfOrderness, partitions }
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
   * The decisions with which partitions begin that were added behind the first so many: event time has come this far, so that
   * what they say of before is late, and no watermark goes back. None where it has not begun.
   */
  newcomers(known: number): ReadonlyArray<Decision> {
    const added = this.offsets.flatMap((_, partition) => partition < known ? [] : [partition])
    const byField = Map.groupBy(this.#reader.timelines, ([{ events }]) => events.definition.eventTime.field)
    return [...byField].flatMap(([eventTime, inputs]) => {
      const watermark = Math.max(...inputs.map(([{ events }, { partitions }]) =>
        Math.min(...partitions.slice(0, known).map((state) => state.watermark)) + events.definition.outOfOrderness))
      if (!Number.isFinite(watermark)) return []
      return added.map((partition): Decision => ({ _tag: "idle", partition, at: 0, watermark, eventTime, outOfOrderness: 0 }))
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
    return whole(this.#inPortions(this.#all(({ graph }) => graph.advance(() => endOfTime)), Infinity))
  }

  /**
   * What records or a decision lead to, in portions: at most so many panes, each made when it is asked for, then what is left
   * with all else that there is. Some portions are empty, so that others have a turn. Until the end nothing else is begun.
   */
  step(piece: Records | Decision, portion = Infinity): Portions {
    return this.#inPortions("_tag" in piece ? this.#decide(piece) : this.#take(piece), portion)
  }

  *#inPortions(made: Generator<Emitted | null, ReadonlyArray<Unused>>, portion: number): Portions {
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
    return { panes, rows, unused: next.value }
  }

  #assertWhole(): void {
    if (!this.#isWhole) throw new Error("a broken invariant: a job was used before what it had begun was done")
  }

  *#take(records: Records, course: Course | null = null): Generator<Emitted | null, ReadonlyArray<Unused>> {
    const fatesOf = (): Fates => ({ outcomes: new Uint8Array(records.length), holds: new Uint8Array(records.length) })
    const fates = new Map(this.#running.map((running) => [running, fatesOf()] as const))
    const taking: Taking = { records, refused: [], late: [], fates }
    const ranges: Array<readonly [from: number, to: number]> = []
    const strands = this.#strands()
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
    for (const { account } of this.#running) account.duplicate(duplicates)
    this.#account.duplicate(duplicates)
    const together = worstOf([...fates.values()])
    for (const [from, to] of ranges) {
      const range = { partition: records.partition, offsets: records.offsets, from, to }
      for (const [{ account }, own] of fates) account.tally(own, range)
      this.#account.tally(together, range)
    }
    return [...taking.refused, ...taking.late.flat(), ...this.#settle()]
  }

  /** Takes account of the rows that were held and have left. */
  #settle(): ReadonlyArray<Unused> {
    const unused: Array<Unused> = []
    for (const { account, graph } of this.#running) {
      for (const settled of graph.drainSettled()) {
        account.settle(settled)
        this.#account.settle(settled)
        for (const letter of settled.refused) unused.push({ ...letter, record: null, pipeline: graph.checked.name })
      }
      account.assertBalanced(graph.checked.name)
    }
    this.#account.assertBalanced("the run")
    return unused
  }

  *#decide(decision: Decision): Generator<Emitted | null, ReadonlyArray<Unused>> {
    const decided: Array<Decided> = []
    this.#reader.decide(decision, (one) => decided.push(one))
    const advance = (running: Running) => this.#advance(running)
    return yield* this.#all(function*(running) {
      for (const one of decided) {
        if (one._tag === "end") yield* running.graph.end(one.offset)
        // There is none while a partition that was added has not begun.
        else if (running.inputs.includes(one.input) && one.timeline.watermark > -Infinity) yield* advance(running)
      }
    })
  }

  *#all(work: (running: Running) => Work): Generator<Emitted | null, ReadonlyArray<Unused>> {
    const strands = this.#strands()
    for (const [running, strand] of strands) strand.begin(work(running))
    yield* merged([...strands.values()])
    return this.#settle()
  }

  #strands(): ReadonlyMap<Running, Strand> {
    return new Map(this.#running.map((running) => [running, new Strand(() => running.graph.drain())]))
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
    for (const letter of lettersOf(part, records, readersOf)) refused.push(letter)
  }

  *#rows(running: Running, all: ReadonlyArray<Rows>, { fates, late, records, refused }: Taking<Unused>): Work {
    const { graph } = running
    const own = fates.get(running)!
    for (const { batch, input, kind, timeline } of all) {
      const source = kind === "event" ? input.events : input.preAggregated!
      const { holds, outcomes, refused: out } = yield* graph.take(source, batch, timeline.watermarkBeside(records.partition))
      for (let row = 0; row < outcomes.length; row++) {
        const record = batch.records[row]!
        own.holds[record]! += holds[row]!
        if (outcomes[row]! > own.outcomes[record]!) own.outcomes[record] = outcomes[row]!
        if (outcomes[row] === Outcome.late) late.push(lateRow(batch, row, graph.checked))
      }
      for (const { row, ...why } of out) {
        const { partition } = records
        refused.push({ record: batch.records[row]!, partition, offset: batch.offsets[row]!, pipeline: graph.checked.name, ...why })
      }
    }
    yield* this.#advance(running)
  }

  /** The rows of all pipelines in one order: a batch is of one partition, in which offsets order them. */
  #drainRows(): ReadonlyArray<Row> {
    const rows = this.#running.map(({ graph }) => graph.drainRows()).filter(({ length }) => length > 0)
    return rows.length < 2 ? rows[0] ?? [] : rows.flat().sort((a, b) => a.place.offset - b.place.offset)
  }

  /** The places of all records that are held; one that several nodes hold comes for each. */
  *held(): Generator<{ readonly partition: number; readonly offset: number }> {
    for (const { graph } of this.#running) yield* graph.held()
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
    if (this.offsets.length < 2) return []
    return this.#running.flatMap(({ graph }) =>
      graph.unsettledSince === null ? [] : [{ pipeline: graph.checked.name, from: graph.unsettledSince }])
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
    const accounts = this.#accounts().flatMap(([id, bytes]) => bytes === null ? [] : [[id, bytes] as const])
    return new Map([this.#section(), ...accounts, ...this.#running.flatMap(({ graph }) => [...graph.snapshot()])])
  }

  /**
   * Everything at this moment, or what of it has changed since the last time. Sections are made one by one as they are
   * asked for, and say what was there when this was called, whatever has been taken since.
   */
  checkpoint(all: boolean): Iterable<Section> {
    this.#assertWhole()
    const own = [this.#section(), ...this.#accounts()]
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
      counts: this.#account.counts,
      byPipeline: Object.fromEntries(this.countsByPipeline)
    })
    return [jobSection, Buffer.from(state)]
  }

  /** What is held, as the run and each pipeline count it. */
  #accounts(): ReadonlyArray<Section> {
    const accounts = [["", this.#account] as const, ...this.#running.map(({ account, graph }) => [graph.checked.name, account] as const)]
    return accounts.map(([name, account]) => {
      const writer = new StateWriter()
      account.save(writer)
      return [accountSection(name), writer.bytes]
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
      const graph = source === undefined ? null : restoredGraph(checked, source.snapshot, { dictionary, pace: this.#pace })
      const snapshot = source?.snapshot ?? first.snapshot
      return { running, graph, counts: source?.state.byPipeline[checked.name], open: openIn(snapshot, checked.name), snapshot }
    })
    dictionary.columns.forget()
    const isWhole = restored.every(({ counts, graph, open }) => counts !== undefined && graph !== null && open !== null)
    const open = openIn(first.snapshot, "")
    if (!isWhole || open === null || !this.#reader.restore(joined(found.map(({ state }) => state.reader)), dictionary)) return false
    this.#account.restore(first.state.counts, open)
    for (const { counts, graph, open, running } of restored) {
      if (graph !== null) running.graph = graph
      if (counts !== undefined) running.account.restore(counts, open ?? [])
    }
    this.#account.reconcile(restored.flatMap(({ running: { graph }, snapshot }) =>
      [...graph.held()].map((place) => ({ ...place, isCounted: snapshot !== first.snapshot }))))
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

/** What an account knows of rows that are held; `null` where that is damaged. */
const openIn = (snapshot: Snapshot, name: string): ReadonlyArray<SavedOpen> | null => {
  const bytes = snapshot.get(accountSection(name))
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
const joined = (readers: ReadonlyArray<State["reader"]>): State["reader"] => ({
  ...readers[0]!,
  timelines: Object.assign({}, ...readers.map(({ timelines }) => timelines)),
  latest: Object.assign({}, ...readers.map(({ latest }) => latest))
})

type Moment = Timeline["partitions"][number]

const slowest = (states: ReadonlyArray<Moment | undefined>): Moment => ({
  watermark: Math.min(...states.map((state) => state?.watermark ?? -Infinity)),
  latest: Math.max(...states.map((state) => state?.latest ?? -Infinity))
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

/** The sources that read a kind of records, by their fingerprints. */
const sourcesOf = (inputs: ReadonlyArray<Checked.Input>, kind: "event" | "pre-aggregated" | "truncated"): ReadonlyArray<string> =>
  inputs.flatMap(({ events, preAggregated }) => {
    const source = kind === "event" ? events : kind === "pre-aggregated" ? preAggregated : null
    return source === null ? [] : [source.fingerprint]
  })

/** Of each record the worst of what pipelines did with it: one that any has refused must not vanish behind those that took it. */
const worstOf = (all: ReadonlyArray<Fates>): Fates => {
  const [first, ...others] = all
  if (first === undefined || others.length === 0) return first!
  const worst = { outcomes: first.outcomes.slice(), holds: first.holds.slice() }
  for (const { holds, outcomes } of others) {
    for (let record = 0; record < outcomes.length; record++) {
      worst.holds[record]! += holds[record]!
      if (outcomes[record]! > worst.outcomes[record]!) worst.outcomes[record] = outcomes[record]!
    }
  }
  return worst
}

const lateRow = (batch: Batch, row: number, { name, nodes }: Checked.Checked): Unused => {
  const holding = nodes.find(Checked.isHolding)
  const [time, watermark] = [batch.times[row]!, batch.watermarks[row]!].map((millis) => new Date(millis).toISOString())
  const detail = holding === undefined
    ? `its time ${time} is in windows that closed when the watermark was at ${watermark}`
    : `its time ${time} is behind the watermark, which was at ${watermark}: ${Checked.callOf(holding)} had put out later rows`
  return { record: batch.records[row]!, partition: batch.partition, offset: batch.offsets[row]!, pipeline: name, reason: "late", detail }
}
