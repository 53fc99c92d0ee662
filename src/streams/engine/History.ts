/**
 * What was known when. A log keeps when each record was appended, so what a pipeline's results were at any time can be said
 * later, and of one window how it came to be what it is. The log is read from its beginning, that of a window to where nothing
 * revises it any more. Nothing is changed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { candles1m, History } from "courant"
 *
 * const atNoon = History.asKnownAt([candles1m], { time: Date.UTC(2026, 2, 18, 12) })
 *
 * const start = Date.UTC(2026, 2, 18, 14, 31)
 * const minute = History.ofWindow(candles1m, { key: "IBM", start, end: start + 60_000 })
 *
 * const program = Effect.gen(function*() {
 *   for (const { end, values } of (yield* atNoon).panes) yield* Effect.log(end, values.close)
 *   for (const { knownAt, pane } of (yield* minute).revisions) yield* Effect.log(new Date(knownAt), pane.values.close)
 * })
 * ```
 */
import { Context, Effect, Layer, Option } from "effect"
import { EventLog } from "../ports/EventLog.ts"
import { ResultSink } from "../ports/ResultSink.ts"
import { RowSink } from "../ports/RowSink.ts"
import { numberOf, sourceAt, within } from "../ports/SourceLogs.ts"
import * as Checked from "../pipeline/Checked.ts"
import type * as Pane from "../pipeline/Pane.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Place } from "../pipeline/Row.ts"
import { Outcome, type Rows } from "../operator/Operator.ts"
import { windowIn } from "../operator/stateless/RowOutput.ts"
import { RowCalendars } from "../operator/windowed/RowCalendars.ts"
import { type Batch, placeOf } from "../records/Batch.ts"
import { Kind, type Records, valueAt } from "../records/Records.ts"
import { Course } from "./Course.ts"
import type { Job } from "./Job.ts"
import type { Watches } from "./OperatorGraph.ts"
import * as Past from "./Past.ts"
import type { PastSnapshot } from "./PastSnapshots.ts"
import { recordAt } from "./RecordAt.ts"
import { type Contribution, WindowRecords } from "./WindowRecords.ts"

export type { Contribution } from "./WindowRecords.ts"

/** What pipelines had told at a time, as a sink would have it. */
export interface Known {
  /** The newest pane of each window, ordered by start, then end, pipeline and key. */
  readonly panes: ReadonlyArray<Pane.Encoded>
  /** Of pipelines that end in events. */
  readonly rows: Effect.Success<ReturnType<RowSink["Service"]["read"]>>
}

/**
 * What was known of pipelines at a time, in milliseconds since the epoch: what they give over the records that had been
 * appended by then, with the decisions that had been taken. In a partition a record counts when all before it do. Times are
 * those by which the log was written: with Kafka the broker's or the producer's, as its topic is set.
 */
export const asKnownAt = (pipelines: ReadonlyArray<Pipeline.Any>, { time, ...options }: Pick<Past.Options, "maxTimeAhead"> & { readonly time: number }) =>
  Effect.gen(function*() {
    const { rowSink, sink } = yield* writeAsKnownAt(pipelines, { time, ...options })
    const known: Known = { panes: yield* sink.read({}), rows: yield* rowSink.read({}) }
    return known
  })

/** The same, in sinks that can be asked for a part of it. */
export const writeAsKnownAt = Effect.fnUntraced(function*(
  pipelines: ReadonlyArray<Pipeline.Any>,
  { time, ...options }: Pick<Past.Options, "maxTimeAhead"> & { readonly time: number }
) {
  const sinks = yield* Layer.build(Layer.fresh(Layer.merge(ResultSink.layerMemory, RowSink.layerMemory)))
  const [sink, rowSink] = [Context.get(sinks, ResultSink), Context.get(sinks, RowSink)]
  yield* Past.run({ ...options, pipelines, until: time }, Effect.fnUntraced(function*({ part }, job) {
    const step = job.step(part, portion)
    let next = step.next()
    for (; next.done !== true; next = step.next()) yield* sink.write(next.value.objects)
    yield* sink.write(next.value.panes.objects)
    yield* rowSink.write(next.value.rows)
  }))
  return { sink, rowSink }
}, Effect.scoped)

/** Panes that are made before they are written. */
const portion = 10_000

export interface Window {
  readonly key: string
  /** In milliseconds since the epoch, inclusive. */
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** One state of a window, and when it became known. */
export interface Revision {
  readonly pane: Pane.Pane
  /** In milliseconds since the epoch, by the clock of the log. */
  readonly knownAt: number
  /** The record that led to it: one of the window, or one that brought the watermark behind its end; `null` where a decision did. */
  readonly cause: Place | null
}

export interface OfWindow {
  /** In the order in which they became known. */
  readonly revisions: ReadonlyArray<Revision>
  /**
   * In the order in which they were read, those of a window that is still open too: what counts, what was taken back, and what
   * took it back. Of values that are computed from other windows (`Panes.derive`, `Panes.top`) these are the records of the
   * window itself.
   */
  readonly records: ReadonlyArray<Contribution>
  /** How far each partition of its sources has come at the end of the log. */
  readonly partitions: ReadonlyArray<PartitionRead>
}

/** A partition, and when something was last appended to it. */
export interface PartitionRead {
  readonly source: string
  readonly partition: number
  /** `null` before its first event. */
  readonly watermark: number | null
  /** In milliseconds since the epoch, by the clock of the log; `null` where there is nothing in it. */
  readonly lastAt: number | null
}

/** How a window of a key came to be what it is. `from` are snapshots of runs over this log, the newest first. */
export const ofWindow = Effect.fnUntraced(function*(
  pipeline: Pipeline.AnyOfPanes,
  window: Window,
  { from = [], ...options }: Pick<Past.Options, "atRest" | "from" | "maxTimeAhead"> = {}
) {
  const log = yield* EventLog
  const witness = new Witness(pipeline.checked, window, log)
  const before = from.filter((snapshot) => isBefore(snapshot, window))
  const run = { ...options, ...witness.watches, pipelines: [pipeline], from: before, onBegin: witness.begin, isOver: (job: Job) => witness.isFinal(job) }
  yield* Past.run(run, (piece, job) => Effect.sync(() => witness.take(piece, job)))
  const areRecords = Checked.areRecords(Checked.windowOf(pipeline.checked).input)
  const records = yield* Effect.forEach(witness.records.all, (found) => found.record === null && areRecords ? lookUp(log, found) : Effect.succeed(found))
  const of: OfWindow = { revisions: witness.revisions, records, partitions: witness.partitions }
  return of
})

/**
 * Whether nothing that came before a snapshot is of a window, or tells something of it: everything that had come was earlier than
 * its start. An end of the input tells windows of results before they begin. What takes back others may have come before all the
 * same, and is known when it does.
 */
const isBefore = ({ hasEnded, reached }: PastSnapshot, { start }: Window): boolean => !hasEnded && reached < start

/** The windows of a key that a pipeline has told, each once, in the order in which it has told them first. */
export const windowsOf = Effect.fnUntraced(function*(pipeline: Pipeline.AnyOfPanes, key: string, options: Pick<Past.Options, "maxTimeAhead"> = {}) {
  const found = new Map<string, Window>()
  yield* Past.run({ ...options, pipelines: [pipeline] }, ({ part }, job) => Effect.sync(() => {
    for (const { end, key: own, start } of ("_tag" in part ? job.decide(part) : job.take(part)).panes) {
      if (own === key) found.set(`${start} ${end}`, { key, start, end })
    }
  }))
  return [...found.values()]
})

/** Follows one window through the log. */
class Witness {
  readonly revisions: Array<Revision> = []
  readonly records: WindowRecords
  readonly watches: Watches = {
    watch: (rows, atEnd) => this.#see(rows, atEnd),
    watchTaken: (done, atEnd) => this.records.note(done, atEnd)
  }
  /** What came before it need not be seen again. */
  readonly begin = (snapshot: PastSnapshot | null): void => {
    this.#lastAts = new Map(snapshot?.lastAts)
  }
  readonly #checked: Checked.Checked<Checked.Results>
  readonly #window: Window
  readonly #log: EventLog["Service"]
  readonly #isHeld: boolean
  /** Rows that take back others wait for the watermark. */
  readonly #mayWait: boolean
  /** Where rows have the window that they are the result of; `null` where they are records. */
  readonly #windowFields: Checked.WindowFields | null
  /** Which windows a row is in, where a field of it says so; `null` where its time does. */
  readonly #calendars: RowCalendars | null
  readonly #closesAt: number
  /** By how much its windows trail behind the sources. */
  readonly #trail: number
  #piece: Past.Piece | null = null
  #job: Job | null = null
  /** By the numbers of partitions in the log. */
  #lastAts = new Map<number, number>()

  constructor(checked: Checked.Checked<Checked.Results>, window: Window, log: EventLog["Service"]) {
    this.#checked = checked
    this.#window = window
    this.#log = log
    this.#isHeld = checked.nodes.some(Checked.isOrdering)
    const node = Checked.windowOf(checked)
    this.#mayWait = node.cancels !== null
    this.#trail = Checked.trailTo(checked.end)
    this.#closesAt = window.end + node.allowedLateness
    this.records = new WindowRecords(this.#closesAt)
    this.#windowFields = Checked.windowFieldsOf(node.input)
    this.#calendars = node.window.kind === "trading" && node.window.calendars.by !== null ? new RowCalendars(node.window) : null
  }

  /** Whether the watermark is past all that revises it. */
  isFinal(job: Job): boolean {
    return (job.watermark ?? -Infinity) - this.#trail > this.#closesAt
  }

  take(piece: Past.Piece, job: Job): void {
    this.#piece = piece
    this.#job = job
    if (!("_tag" in piece.part)) this.#lastAts.set(piece.part.partition, piece.knownAt)
    const before = this.revisions.length
    this.#takeAll(piece, job)
    this.records.settle({
      isComplete: (job.watermark ?? -Infinity) - this.#trail >= this.#window.end,
      isEnd: "_tag" in piece.part && piece.part._tag === "end",
      isTold: this.revisions.length > before
    })
  }

  #takeAll(piece: Past.Piece, job: Job): void {
    const { knownAt, part } = piece
    if ("_tag" in part) {
      for (const pane of job.decide(part).panes) this.#tell({ pane, knownAt, cause: null })
      return
    }
    const course = new Course()
    const { panes } = job.take(part, course)
    const { leading } = course
    for (const [index, pane] of panes.entries()) this.#tell({ pane, knownAt, cause: this.#placeOf(part, leading[index]!) })
  }

  get partitions(): ReadonlyArray<PartitionRead> {
    const all = this.#job?.progressOf(this.#checked.name).partitions ?? []
    return all.map(({ partition, watermark }) => ({
      ...this.#partitionOf(partition),
      watermark: Number.isFinite(watermark) ? watermark : null,
      lastAt: this.#lastAts.get(partition) ?? null
    }))
  }

  #tell(revision: Revision): void {
    const { end, key, start } = revision.pane
    if (key === this.#window.key && start === this.#window.start && end === this.#window.end) this.revisions.push(revision)
  }

  #placeOf({ offsets, partition }: Records, record: number): Place {
    return { ...this.#partitionOf(partition), offset: offsets[record]! }
  }

  #partitionOf(partition: number): Pick<Place, "partition" | "source"> {
    const { sources } = this.#log
    if (sources === undefined) return { source: Checked.inputOf(this.#checked).events.definition.name, partition }
    return { source: sources[sourceAt(partition, sources.length)]!.name, partition: within(partition, sources.length) }
  }

  #see({ batch, holds, keep, outcomes }: Rows, atEnd: boolean): void {
    const { end, key, start } = this.#window
    const wanted = batch.dictionary.numberOf(key)
    const calendarOf = this.#calendars?.of(batch) ?? null
    const isIn = (row: number): boolean => {
      const time = batch.times[row]!
      if (time < start || time >= end) return false
      const hours = calendarOf?.(row) ?? null
      return hours === null || (hours.find(time) === "in" && hours.start === start && hours.end === end)
    }
    for (let row = 0; row < batch.length; row++) {
      if (batch.keys[row] !== wanted || (keep !== null && keep[row] !== 1)) continue
      if (this.#mayWait && holds[row]! > 0) {
        this.records.addTaking(this.#readFrom(batch, row), isIn(row))
        continue
      }
      if (outcomes[row] !== Outcome.aggregated || !isIn(row)) continue
      // A row that is late for this window may still be in others that overlap it. One that was held is late for none.
      if (!this.#isHeld && batch.watermarks[row]! >= this.#closesAt) continue
      this.records.add(this.#readFrom(batch, row), atEnd)
    }
  }

  #readFrom(batch: Batch, row: number) {
    return { place: this.#placeIn(batch, row), time: batch.times[row]!, ...this.#recordOf(batch.records[row]!) }
  }

  /** A field of the window that was left out on the way is none of the place's. */
  #placeIn(batch: Batch, row: number): Place {
    const fields = this.#windowFields
    if (fields === null) return placeOf(batch, row)
    return Object.values(fields).includes(-1) ? { source: batch.source.name, partition: 0, offset: 0 } : windowIn(batch, row, fields)
  }

  /** Rows that were held do not come from the records that are being taken. */
  #recordOf(record: number): Pick<Contribution, "kind" | "knownAt" | "record"> {
    const piece = this.#piece
    if (this.#isHeld || piece === null || "_tag" in piece.part) return { kind: "event", knownAt: null, record: null }
    return { kind: kindOf(piece.part, record), knownAt: piece.knownAt, record: textOf(piece.part, record) }
  }
}

const kindOf = ({ kinds }: Records, index: number): Contribution["kind"] => kinds[index] === Kind.preAggregated ? "pre-aggregated" : "event"

const textOf = (records: Records, index: number): string => Buffer.from(valueAt(records, index)).toString()

/** The record of a row that was held. */
const lookUp = Effect.fnUntraced(function*(log: EventLog["Service"], found: Contribution) {
  const { offset, partition, source } = found.place
  const at = log.sources?.findIndex(({ name }) => name === source) ?? -1
  const number = log.sources === undefined ? partition : numberOf(partition, at, log.sources.length)
  const record = yield* recordAt(log, number, offset)
  return Option.match(record, {
    onNone: () => found,
    onSome: (records): Contribution => ({ ...found, kind: kindOf(records, 0), knownAt: records.appendedAt[0]!, record: textOf(records, 0) })
  })
})
