/** Gives rows another key. A row without one goes no further: it is refused, unless it is no record that could be. */
import { areRecords, type KeyBy } from "../../pipeline/Checked.ts"
import type { Dictionary } from "../../records/Batch.ts"
import { KeyReader } from "../../records/KeyReader.ts"
import type { Rows } from "../Operator.ts"
import { Refusing } from "./Refusing.ts"
import { RowStep } from "./RowStep.ts"

export class Rekeying extends RowStep {
  readonly #node: KeyBy
  readonly #areRecords: boolean
  #reader: { readonly dictionary: Dictionary; readonly keys: KeyReader } | null = null

  constructor(node: KeyBy) {
    super(node.fingerprint)
    this.#node = node
    this.#areRecords = areRecords(node)
  }

  protected changed(rows: Rows): Rows {
    const { batch, keep } = rows
    const { definition } = this.#node
    const reader = this.#readerOf(batch.dictionary)
    const refusing = new Refusing(rows)
    const keys = new Int32Array(batch.length)
    for (let row = 0; row < batch.length; row++) {
      if (keep !== null && keep[row] === 0) continue
      const key = reader.numberOf(batch.columns, row)
      if (key === -1 && !this.#areRecords) refusing.leaveOut(row)
      else if (key === -1) refusing.refuse(row, { reason: "no-key", detail: `the key "${reader.absentIn(batch.columns, row)}" is missing or null` })
      else keys[row] = key
    }
    return refusing.rowsOf({ ...batch, source: definition, keys })
  }

  #readerOf(dictionary: Dictionary): KeyReader {
    if (this.#reader?.dictionary !== dictionary) this.#reader = { dictionary, keys: new KeyReader(this.#node.definition, dictionary) }
    return this.#reader.keys
  }
}
