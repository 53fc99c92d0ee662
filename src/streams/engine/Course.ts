/**
 * How event time went over one batch of records, and so which record has led to a pane: the one that made it be emitted, or
 * that brought the watermark as far as it is due at. Panes and rows that were late or refused have one order by it, which does
 * not depend on how the input was cut into batches.
 */
import { type Batch, behindAll } from "../records/Batch.ts"
import { type Emitted, noOffset } from "../operator/Operator.ts"
import type { Timeline } from "./Timeline.ts"

interface Stretch {
  readonly offsets: Float64Array
  /** Of each row which record it is. */
  readonly records: Int32Array
  /** The overall watermark behind each row. */
  readonly watermarks: Float64Array
}

/** A row with the overall watermark behind it. */
interface Behind {
  readonly record: number
  readonly offset: number
  readonly watermark: number
}

export class Course {
  readonly #stretches: Array<Stretch> = []
  #emitted: ReadonlyArray<Emitted> = []
  #all: ReadonlyArray<Behind> | null = null

  /** Before the batch is used for other rows. */
  note({ length, offsets, partition, records, watermarks }: Batch, timeline: Timeline): void {
    const others = timeline.watermarkBeside(partition)
    const behind = new Float64Array(length)
    for (let row = 0; row < length; row++) {
      behind[row] = Math.min(others, row + 1 < length ? watermarks[row + 1]! : timeline.partitions[partition]!.watermark)
    }
    this.#stretches.push({ offsets: offsets.slice(0, length), records: records.slice(0, length), watermarks: behind })
  }

  /** What the batch has led to, in the order in which it is told. */
  end(emitted: ReadonlyArray<Emitted>): void {
    this.#emitted = emitted
  }

  /** The record that led to each pane. They rise with the panes. */
  get leading(): ReadonlyArray<number> {
    const rows = this.#rows()
    let at = 0
    return this.#emitted.map((emitted) => {
      while (at < rows.length - 1 && !hasLed(rows[at]!, emitted)) at++
      return rows[at]?.record ?? 0
    })
  }

  /** The record that led to something else. */
  leadingTo(due: Pick<Emitted, "offset" | "watermark">): number {
    const rows = this.#rows()
    return (rows.find((row) => hasLed(row, due)) ?? rows.at(-1))?.record ?? 0
  }

  #rows(): ReadonlyArray<Behind> {
    return this.#all ??= this.#stretches.flatMap(({ offsets, records, watermarks }) =>
      Array.from(records, (record, row) => ({ record, offset: offsets[row]!, watermark: watermarks[row]! })))
  }
}

/** Whether a pane is told when this row has been taken, or before. */
const hasLed = (row: { readonly offset: number; readonly watermark: number }, { offset, watermark }: Pick<Emitted, "offset" | "watermark">): boolean => {
  if (offset === noOffset) return row.watermark >= watermark
  // What is due behind all that happens at its watermark is told when that moves on.
  return offset >= behindAll ? row.watermark > watermark : row.offset >= offset
}
