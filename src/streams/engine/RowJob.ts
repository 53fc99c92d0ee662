/** A pipeline on its way through the rows of streams: what they lead to, in an order that does not depend on how they come. */
import { endOfTime } from "../operator/Operator.ts"
import { checkOneTopic } from "../pipeline/check/Together.ts"
import * as Checked from "../pipeline/Checked.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
import { behindAll } from "../records/Batch.ts"
import type { Decision } from "../records/Decision.ts"
import { ofRows, type Records } from "../records/Records.ts"
import type { Reason } from "../records/Refusal.ts"
import { Course } from "./Course.ts"
import { Job, type Output } from "./Job.ts"

/** A row that came too late for its windows, or that the source refuses. */
export interface Unused {
  readonly row: unknown
  /** By its name; `null` where there is one stream. */
  readonly source: string | null
  readonly reason: Reason
  /** What is wrong, in words for a person. */
  readonly detail: string
}

/** What came of a batch of rows, in order. */
export type Told =
  | { readonly _tag: "pane"; readonly pane: Pane }
  | { readonly _tag: "row"; readonly row: Row }
  | { readonly _tag: "unused"; readonly unused: Unused }

/** Rows of one stream that have come together. */
export interface Taken {
  /** The number of the stream. */
  readonly stream: number
  readonly rows: ReadonlyArray<unknown>
  /** When they came. */
  readonly now: number
}

export class RowJob {
  readonly job: Job
  readonly #isOfRows: boolean
  /** Whether rows leave some time after they have come. */
  readonly #isOrdered: boolean
  readonly #sources: ReadonlyArray<string | null>
  /** Rows of each stream that a node may hold, by their offsets: they may be refused when they leave it. */
  readonly #held: ReadonlyArray<Map<number, unknown>> | null
  /** Milliseconds by which rows trail behind the watermark. */
  readonly #trail: number
  readonly #next: Array<number>
  /** As many are kept before it is looked which of them are in use. */
  #most = 1_024

  /** `sources` are the names of those whose rows each stream has; `null` for the one that there is. */
  constructor(pipeline: Pipeline.Any, sources: ReadonlyArray<string | null>, { maxTimeAhead }: { readonly maxTimeAhead: number }) {
    const named = sources.flatMap((name) => name === null ? [] : [{ name, partitions: 1 }])
    if (named.length === 0) checkOneTopic([pipeline])
    this.job = new Job([pipeline], { ...named.length === 0 ? { partitions: 1 } : { sources: named }, maxTimeAhead })
    this.#sources = sources
    this.#isOfRows = Checked.endsInEvents(pipeline.checked)
    this.#isOrdered = pipeline.checked.nodes.some(Checked.isOrdering)
    this.#trail = Checked.trailTo(pipeline.checked.end)
    this.#next = sources.map(() => 0)
    this.#held = pipeline.checked.nodes.some(Checked.isHolding) ? sources.map(() => new Map()) : null
  }

  /** `isAsked` says whether somebody asks for a row that is of no use. */
  take({ now, rows, stream }: Taken, isAsked: (reason: Reason) => boolean): { readonly told: ReadonlyArray<Told>; readonly records: Records } {
    const first = this.#next[stream]!
    const records = ofRows(rows, stream, first, now)
    for (const [index, row] of rows.entries()) this.#held?.[stream]!.set(first + index, row)
    this.#next[stream] = first + rows.length
    const course = new Course()
    const output = this.job.take(records, course)
    const unused = output.unused.filter(({ reason }) => isAsked(reason))
    const told = unused.length === 0 ? toldOf(output) : this.#inOrder(output, unused, { rows, records, course })
    this.#forget()
    return { told, records }
  }

  #inOrder(output: Output, unused: Output["unused"], { course, records, rows }: {
    readonly rows: ReadonlyArray<unknown>
    readonly records: Records
    readonly course: Course
  }): ReadonlyArray<Told> {
    const leading = [
      ...course.leading,
      ...output.rows.map(({ place, time }) => this.#isOrdered ? course.leadingTo({ watermark: time + this.#trail, offset: behindAll }) : place.offset - records.offsets[0]!)
    ]
    const placed = [
      ...unused.map((each) => ({ record: each.record ?? rows.length - 1, told: { _tag: "unused", unused: this.#unusedOf(each, rows) } as const })),
      ...toldOf(output).map((told, index) => ({ record: leading[index]!, told }))
    ]
    return placed.sort((a, b) => a.record - b.record).map(({ told }) => told)
  }

  #unusedOf({ detail, offset, partition, reason, record }: Output["unused"][number], rows: ReadonlyArray<unknown>): Unused {
    return { row: record === null ? this.#held?.[partition]?.get(offset) : rows[record], source: this.#sources[partition] ?? null, reason, detail }
  }

  /** Now and then those that have left, which costs a constant for each row. */
  #forget(): void {
    const all = this.#held
    const sizeOf = () => all?.reduce((sum, { size }) => sum + size, 0) ?? 0
    if (all === null || sizeOf() <= this.#most) return
    const held = all.map(() => new Set<number>())
    for (const { offset, partition } of this.job.inUse()) held[partition]!.add(offset)
    for (const [stream, kept] of all.entries()) for (const offset of kept.keys()) if (!held[stream]!.has(offset)) kept.delete(offset)
    this.#most = 1_024 + 2 * sizeOf()
  }

  decide(decision: Decision, isAsked: (reason: Reason) => boolean): ReadonlyArray<Told> {
    return this.#decided(this.job.decide(decision), isAsked)
  }

  /** A stream among others has ended: nothing comes of its source any more that others would have to wait for. */
  endOf(stream: number, isAsked: (reason: Reason) => boolean): ReadonlyArray<Told> {
    return this.decide({ _tag: "idle", partition: stream, at: this.#next[stream]!, watermark: endOfTime }, isAsked)
  }

  /** What is open is told as it stands. Rows that are held leave: nothing comes after them. */
  end(isAsked: (reason: Reason) => boolean): ReadonlyArray<Told> {
    return this.#isOfRows ? this.#decided(this.job.close(), isAsked) : this.decide({ _tag: "end", at: this.job.offsets }, isAsked)
  }

  #decided(output: Output, isAsked: (reason: Reason) => boolean): ReadonlyArray<Told> {
    const unused = output.unused.filter(({ reason }) => isAsked(reason))
    return [...unused.map((each) => ({ _tag: "unused", unused: this.#unusedOf(each, []) } as const)), ...toldOf(output)]
  }
}

/** A pipeline ends in panes or in rows, never in both. */
const toldOf = ({ panes, rows }: Output): ReadonlyArray<Told> =>
  rows.length === 0 ? panes.map((pane): Told => ({ _tag: "pane", pane })) : rows.map((row): Told => ({ _tag: "row", row }))
