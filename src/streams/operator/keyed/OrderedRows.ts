/**
 * Rows that leave a node in the order of (event time, place), batch by batch: they are of one partition, whose watermark is
 * the time of the row itself, since all that is earlier has left.
 */
import type { Definition } from "../../pipeline/Source.ts"
import { type Batch, behindAll, type Dictionary, type Joined } from "../../records/Batch.ts"
import { type Rows, rowsOf } from "../Operator.ts"
import type { RowTable } from "./RowTable.ts"

/** Rows that leave together at most: what takes them has its turn in between. */
const most = 512

export class OrderedRows {
  readonly #definition: Definition
  readonly #times = new Float64Array(most)
  readonly #keys = new Int32Array(most)
  /** Which of the rows of its time each is, in their order. */
  readonly #ranks = new Float64Array(most)
  readonly #sources: Array<string> = []
  readonly #partitions = new Int32Array(most)
  readonly #offsets = new Float64Array(most)
  /** What is joined to each, of pairs. */
  #joined: Array<Joined> | null = null
  readonly #records = new Int32Array(most)
  readonly #columns: ReadonlyArray<Float64Array>
  #large: Array<Map<number, bigint> | null> | null = null
  #length = 0
  #rank = 0
  #lastTime = NaN

  /** Fields that nobody fills are absent in all rows. */
  constructor(definition: Definition) {
    this.#definition = definition
    this.#columns = definition.columns.map(() => new Float64Array(most).fill(NaN))
  }

  get isFull(): boolean {
    return this.#length === most
  }

  /** A row that is in a table, with its time, its key and its place; its fields are for the caller to fill. */
  add(table: RowTable, slot: number): number {
    const row = this.#add(table, slot, table.times[slot]!)
    const joined = table.joined[slot]
    if (joined !== undefined) (this.#joined ??= [])[row] = joined
    return row
  }

  /** A pair of rows at the time of the later one, with the key of the left one; of no right row where its slot is -1. */
  addPair(left: RowTable, slot: number, right: RowTable, other: number): number {
    const row = this.#add(left, slot, other === -1 ? left.times[slot]! : Math.max(left.times[slot]!, right.times[other]!))
    const joined = this.#joined ??= []
    joined[row] = [...left.joined[slot] ?? [], other === -1 ? null : right.placeOf(other)]
    return row
  }

  #add(table: RowTable, slot: number, time: number): number {
    const row = this.#length++
    this.#rank = time === this.#lastTime ? this.#rank + 1 : 0
    this.#lastTime = time
    this.#times[row] = time
    this.#keys[row] = table.keys[slot]!
    this.#ranks[row] = behindAll + this.#rank
    this.#sources[row] = table.sources[table.sourceOf[slot]!]!
    this.#partitions[row] = table.partitions[slot]!
    this.#offsets[row] = table.offsets[slot]!
    return row
  }

  /** Fills a field of a row with one of a row that is in a table. */
  fill(row: number, index: number, { columns, large }: RowTable, column: number, slot: number): void {
    this.#columns[index]![row] = columns[column]![slot]!
    const value = large[column]!.size === 0 ? undefined : large[column]!.get(slot)
    if (value === undefined) return
    this.#large ??= this.#columns.map(() => null)
    const values = this.#large[index] ??= new Map()
    values.set(row, value)
  }

  setAbsent(row: number, index: number): void {
    this.#columns[index]![row] = NaN
  }

  /** Those that have been added since the last call, `null` where there are none. They are to be worked through before more are added. */
  take(dictionary: Dictionary): Rows | null {
    const length = this.#length
    if (length === 0) return null
    const batch: Batch = {
      source: this.#definition,
      dictionary,
      partition: 0,
      length,
      offsets: this.#ranks,
      times: this.#times,
      keys: this.#keys,
      columns: this.#columns,
      large: this.#large,
      watermarks: this.#times,
      records: this.#records,
      signs: null,
      places: { sources: this.#sources, partitions: this.#partitions, offsets: this.#offsets, joined: this.#joined },
      absent: new Map(),
      masks: null
    }
    this.#length = 0
    this.#large = null
    return rowsOf(batch, Infinity)
  }
}
