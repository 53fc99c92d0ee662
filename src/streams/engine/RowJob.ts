/** A pipeline on its way through the rows of a stream: what they lead to, in an order that does not depend on how they come. */
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"
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
  #next = 0

  constructor(pipeline: Pipeline.Any, { maxTimeAhead }: { readonly maxTimeAhead: number }) {
    this.job = new Job([pipeline], { partitions: 1, maxTimeAhead })
  }

  /** `now` is the time at which the rows came. `isUnused` says whether somebody asks for a row that is of no use. */
  take(rows: ReadonlyArray<unknown>, now: number, isAsked: (reason: Reason) => boolean): { readonly told: ReadonlyArray<Told>; readonly records: Records } {
    const records = ofRows(rows, 0, this.#next, now)
    this.#next += rows.length
    const course = new Course()
    const output = this.job.take(records, course)
    const unused = output.unused.filter(({ reason }) => isAsked(reason))
    if (unused.length === 0) return { told: toldOf(output), records }
    const leading = [...course.leading, ...output.rows.map(({ place }) => place.offset - records.offsets[0]!)]
    const placed = [
      ...unused.map(({ detail, reason, record }) => ({ record, told: { _tag: "unused", unused: { row: rows[record], reason, detail } } as const })),
      ...toldOf(output).map((told, index) => ({ record: leading[index]!, told }))
    ]
    return { told: placed.sort((a, b) => a.record - b.record).map(({ told }) => told), records }
  }

  decide(decision: Decision): ReadonlyArray<Told> {
    return toldOf(this.job.decide(decision))
  }

  /** What is open is told as it stands. */
  end(): ReadonlyArray<Told> {
    return this.decide({ _tag: "end", at: this.job.offsets })
  }
}

/** A pipeline ends in panes or in rows, never in both. */
const toldOf = ({ panes, rows }: Output): ReadonlyArray<Told> =>
  rows.length === 0 ? panes.map((pane): Told => ({ _tag: "pane", pane })) : rows.map((row): Told => ({ _tag: "row", row }))
