/**
 * Pipelines that read one log together: the whole engine as a deterministic transition.
 * Everything that can run a pipeline in this process (live, replay, test) drives a job.
 */
import { Option, Schema } from "effect"
import type { Batch } from "../records/Batch.ts"
import { SourceReader, State as SourceReaderState } from "./SourceReader.ts"
import type { Counts } from "../ports/Monitor.ts"
import { endOfTime, Operator, Outcome, State as OperatorState } from "../operator/Operator.ts"
import { fieldsRead } from "../pipeline/FieldsRead.ts"
import type { Pane } from "../pipeline/Pane.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import { Kind, type Records } from "../records/Records.ts"
import type { Reason } from "../records/Refusal.ts"

/** A record that a pipeline, or the decoder (`pipeline` is `null`), could not use. */
export interface Unused {
  readonly record: number
  readonly offset: number
  readonly pipeline: string | null
  readonly reason: Reason
  readonly detail: string
}

/** What a batch of records led to. */
export interface Output {
  readonly panes: ReadonlyArray<Pane>
  readonly unused: ReadonlyArray<Unused>
}

const CountsSchema = Schema.Struct({
  read: Schema.Int,
  aggregated: Schema.Int,
  late: Schema.Int,
  deadLettered: Schema.Int,
  duplicate: Schema.Int,
  filtered: Schema.Int
})

/** Raised with every change of what a snapshot looks like or means: an older one is refused, never misread. */
const version = 1

const State = Schema.Struct({
  version: Schema.Literal(version),
  fingerprint: Schema.String,
  reader: SourceReaderState,
  counts: CountsSchema,
  byPipeline: Schema.Record(Schema.String, CountsSchema),
  operators: Schema.Record(Schema.String, OperatorState)
})

const json = Schema.fromJsonString(State)
const encodeState = Schema.encodeSync(json)
const decodeState = Schema.decodeUnknownOption(json)

export interface Options {
  readonly partitions: number
  /** Milliseconds that an event's time may lie ahead of the clock at its append; unbounded by default. */
  readonly maxTimeAhead?: number
  /**
   * How many different texts are known by number before the numbering begins anew and forgets
   * those of closed windows; 262,144 by default. It bounds memory and changes no result.
   */
  readonly dictionaryBound?: number
}

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] }

const nothing = (): MutableCounts => ({ read: 0, aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0 })

export class Job {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly fingerprint: string
  readonly #reader: SourceReader
  #operators: ReadonlyArray<Operator>
  #counts = nothing()
  readonly #byPipeline: Map<string, MutableCounts>

  constructor(pipelines: ReadonlyArray<Pipeline.Any>, options: Options) {
    const [first, ...others] = pipelines
    if (first === undefined) throw new TypeError("a job needs at least one pipeline")
    const source = first.source.definition
    for (const { name, source: { definition } } of others) {
      if (definition.name === source.name && definition.outOfOrderness === source.outOfOrderness) continue
      throw new TypeError(
        `"${first.name}" and "${name}" cannot run together: they read "${source.name}" and "${definition.name}"`
      )
    }
    if (new Set(pipelines.map(({ name }) => name)).size < pipelines.length) {
      throw new TypeError("two pipelines of a job have the same name")
    }
    this.pipelines = pipelines
    this.fingerprint = Pipeline.fingerprint(pipelines)
    this.#reader = new SourceReader({
      source,
      reads: fieldsRead(pipelines),
      preAggregated: pipelines.find(({ options: { preAggregated } }) => preAggregated !== null)?.options.preAggregated?.source.definition ??
        null,
      partitions: options.partitions,
      maxTimeAhead: options.maxTimeAhead ?? Infinity,
      dictionaryBound: options.dictionaryBound ?? 1 << 18
    })
    this.#operators = pipelines.map((pipeline) => new Operator(pipeline))
    this.#byPipeline = new Map(pipelines.map(({ name }) => [name, nothing()]))
  }

  get counts(): Counts {
    return this.#counts
  }

  /** The same for each pipeline: what one takes may be late for another. */
  get countsByPipeline(): ReadonlyMap<string, Counts> {
    return this.#byPipeline
  }

  /** `null` while a partition has had no event. */
  get watermark(): number | null {
    const { watermark } = this.#reader
    return Number.isFinite(watermark) ? watermark : null
  }

  /** Each partition's own watermark and largest event time, `-Infinity` before its first event. */
  get partitions(): SourceReader["partitions"] {
    return this.#reader.partitions
  }

  /** The next offset that is needed from each partition. */
  get offsets(): ReadonlyArray<number> {
    return this.#reader.offsets
  }

  /** States of keys in open windows, over all pipelines. */
  get size(): number {
    return this.#operators.reduce((sum, { size }) => sum + size, 0)
  }

  take(records: Records): Output {
    const late: Array<Unused> = []
    const { duplicates, read, refused } = this.#reader.take(records, (part) => {
      if (part._tag === "rows") this.#rows(part.batch, part.kind === Kind.preAggregated, records.partition, late)
      for (const operator of this.#operators) {
        operator.advance(part.watermark)
        if (part._tag === "end") operator.end(part.offset)
      }
    })
    for (const counts of [this.#counts, ...this.#byPipeline.values()]) {
      counts.read += read
      counts.duplicate += duplicates
      counts.deadLettered += refused.length
    }
    const unused = [...refused.map((refusal) => ({ ...refusal, pipeline: null })), ...late]
    return { panes: this.#drain(), unused }
  }

  /** Every window closes, and nothing is left. */
  close(): Output {
    for (const operator of this.#operators) operator.advance(endOfTime)
    return { panes: this.#drain(), unused: [] }
  }

  /** The panes of all pipelines in one order: by watermark, then by the row or decision that led to them. */
  #drain(): ReadonlyArray<Pane> {
    return this.#operators
      .flatMap((operator) => operator.drain())
      .sort((a, b) => a.watermark - b.watermark || a.offset - b.offset)
      .map(({ pane }) => pane)
  }

  #rows(batch: Batch, preAggregated: boolean, partition: number, unused: Array<Unused>): void {
    const others = this.#reader.watermarkBeside(partition)
    const worst = new Uint8Array(batch.length).fill(Outcome.filtered)
    for (const operator of this.#operators) {
      const { name, options } = operator.pipeline
      const counts = this.#byPipeline.get(name)!
      if (preAggregated && options.preAggregated === null) {
        counts.filtered += batch.length
        continue
      }
      const outcomes = operator.take(batch, preAggregated, others)
      tally(outcomes, counts)
      for (let row = 0; row < outcomes.length; row++) {
        const outcome = outcomes[row]!
        if (outcome === Outcome.late) unused.push(late(batch, row, name))
        // An event that any pipeline refused as late counts as late, or it would vanish behind those that took it.
        if (outcome === Outcome.late || worst[row] === Outcome.filtered) worst[row] = outcome
      }
    }
    tally(worst, this.#counts)
  }

  /** The windows nearest to closing, as they stand, for those who watch. */
  forming(): ReadonlyArray<Pane> {
    return this.#operators.flatMap((operator) => operator.forming())
  }

  snapshot(): string {
    return encodeState({
      version,
      fingerprint: this.fingerprint,
      reader: this.#reader.snapshot(),
      counts: this.#counts,
      byPipeline: Object.fromEntries(this.#byPipeline),
      operators: Object.fromEntries(this.#operators.map((operator) => [operator.pipeline.name, operator.snapshot()]))
    })
  }

  /**
   * Takes up where a snapshot left off, whatever came before. False where it is of another version,
   * of other pipelines or partitions, or damaged; nothing is changed then.
   */
  restore(snapshot: string): boolean {
    const decoded = decodeState(snapshot)
    if (Option.isNone(decoded)) return false
    const { byPipeline, counts, fingerprint, reader, operators } = decoded.value
    const partitionsFit = reader.partitions.length === this.#reader.partitions.length
    if (fingerprint !== this.fingerprint || !partitionsFit) return false
    const restored = this.pipelines.map((pipeline) => restoredOperator(pipeline, operators[pipeline.name]))
    if (!restored.every((operator) => operator !== null)) return false
    this.#operators = restored
    this.#reader.restore(reader)
    this.#counts = { ...counts }
    for (const { name } of this.pipelines) this.#byPipeline.set(name, { ...(byPipeline[name] ?? nothing()) })
    return true
  }
}

/** A new operator with the state of a former one; `null` where the state is damaged. */
const restoredOperator = (pipeline: Pipeline.Any, state: OperatorState | undefined): Operator | null => {
  if (state === undefined) return null
  const operator = new Operator(pipeline)
  try {
    operator.restore(state)
    return operator
  } catch {
    // The kernels throw where a state is not in their form: a value of another kind, a number that is none.
    return null
  }
}

const tally = (outcomes: Uint8Array, counts: MutableCounts): void => {
  for (let row = 0; row < outcomes.length; row++) {
    if (outcomes[row] === Outcome.aggregated) counts.aggregated++
    else if (outcomes[row] === Outcome.late) counts.late++
    else counts.filtered++
  }
}

const late = (batch: Batch, row: number, pipeline: string): Unused => ({
  record: batch.records[row]!,
  offset: batch.offsets[row]!,
  pipeline,
  reason: "late",
  detail: `its time ${new Date(batch.times[row]!).toISOString()} is in windows that closed when the watermark was at ` +
    new Date(batch.watermarks[row]!).toISOString()
})
