/**
 * Keeps the rows of columns that are still to come free of values, so that nothing has to be done for a field that a record
 * lacks. Most records lack most of the fields that they may lack.
 */
export class AbsentValues {
  /**
   * By column a number other than 0 where there may be a value in it: who writes one puts it there before. It is that of the
   * record, by which one is known in which a member comes twice; objects have places behind the columns.
   */
  readonly written: Int32Array
  #columns: ReadonlyArray<Float64Array> | null = null
  /** The first row in which nothing has been written. */
  #next = 0

  constructor(places: number) {
    this.written = new Int32Array(places)
  }

  /** Takes care that there are no values in a row that is about to be written, and in those behind it. */
  prepare(columns: ReadonlyArray<Float64Array>, row: number): void {
    if (columns !== this.#columns) {
      this.#columns = columns
      for (const column of columns) column.fill(NaN, row)
      // What is in the rows before comes from somebody else.
      this.written.fill(row === 0 ? 0 : 1)
    } else if (row < this.#next) {
      for (let index = 0; index < columns.length; index++) if (this.written[index] !== 0) columns[index]!.fill(NaN, row, this.#next)
      if (row === 0) this.written.fill(0)
    }
    this.#next = row + 1
  }
}
