/** A pipeline on its way through the rows of a stream: what they lead to, in an order that does not depend on how they come. */
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
  readonly reason: Reason
  /** What is wrong, in words for a person. */
  readonly detail: string
}

/** What came of a batch of rows, in order. */
export type Told =
  | { readonly _tag: "pane"; readonly pane: Pane }
  | { readonly _tag: "row"; readonly row: Row }
  | { readonly _tag: "unused"; readonly unused: Unused }

export class RowJob {
  readonly job: Job
  readonly #isOfRows: boolean
  /** Rows that a node may hold, by their offsets: they may be refused when they leave it. */
  readonly #held: Map<number, unknown> | null
  /** Milliseconds by which rows trail behind the watermark. */
  readonly #trail: number
  #next = 0
  /** As many are kept before it is looked which of them are in use. */
  #most = 1_024

  constructor(pipeline: Pipeline.Any, { maxTimeAhead }: { readonly maxTimeAhead: number }) {
    checkOneTopic([pipeline])
    this.job = new Job([pipeline], { partitions: 1, maxTimeAhead })
    this.#isOfRows = Checked.endsInEvents(pipeline.checked)
    this.#trail = Checked.trailTo(pipeline.checked.end)
    this.#held = pipeline.checked.nodes.some(Checked.isHolding) ? new Map() : null
  }

  /** `now` is the time at which the rows came. `isUnused` says whether somebody asks for a row that is of no use. */
  take(rows: ReadonlyArray<unknown>, now: number, isAsked: (reason: Reason) => boolean): { readonly told: ReadonlyArray<Told>; readonly records: Records } {
    const records = ofRows(rows, 0, this.#next, now)
    for (const [index, row] of rows.entries()) this.#held?.set(this.#next + index, row)
    this.#next += rows.length
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
      ...output.rows.map(({ place, time }) => this.#held === null ? place.offset - records.offsets[0]! : course.leadingTo({ watermark: time + this.#trail, offset: behindAll }))
    ]
    const placed = [
      ...unused.map((each) => ({ record: each.record ?? rows.length - 1, told: { _tag: "unused", unused: this.#unusedOf(each, rows) } as const })),
      ...toldOf(output).map((told, index) => ({ record: leading[index]!, told }))
    ]
    return placed.sort((a, b) => a.record - b.record).map(({ told }) => told)
  }

  #unusedOf({ detail, offset, reason, record }: Output["unused"][number], rows: ReadonlyArray<unknown>): Unused {
    return { row: record === null ? this.#held?.get(offset) : rows[record], reason, detail }
  }

  /** Now and then those that have left, which costs a constant for each row. */
  #forget(): void {
    const kept = this.#held
    if (kept === null || kept.size <= this.#most) return
    const held = new Set([...this.job.inUse()].map(({ offset }) => offset))
    for (const offset of kept.keys()) if (!held.has(offset)) kept.delete(offset)
    this.#most = 1_024 + 2 * kept.size
  }

  decide(decision: Decision, isAsked: (reason: Reason) => boolean): ReadonlyArray<Told> {
    return this.#decided(this.job.decide(decision), isAsked)
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
