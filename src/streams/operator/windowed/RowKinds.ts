/** What each row of a batch is to others: whether it may be taken back, or takes back others itself. */
import { type Cancels, fieldsOfCancels } from "../../pipeline/Checked.ts"
import type { Definition } from "../../pipeline/Source.ts"
import * as Batch from "../../records/Batch.ts"
import type { Mask } from "../expressions/Comparison.ts"
import { maskOf } from "../expressions/Evaluator.ts"

/** One that is plain has no id, and one that is kept has; of what takes others back all are larger than these. */
export const Kind = { plain: 0, kept: 1, cancel: 2, correction: 3, replacement: 4 } as const

export class RowKinds {
  readonly #id: number
  readonly idName: string
  /** What holds first counts. */
  readonly #conditions: ReadonlyArray<readonly [kind: number, mask: Mask]>
  /** Of the fields that are looked at. */
  readonly #columns: ReadonlyArray<number>
  /** Whether a row that has none of them is plain. */
  readonly #isPlainWithout: boolean

  constructor(cancels: Cancels, definition: Definition) {
    const { cancel, correction, id, replacement } = cancels
    this.#id = id.index
    this.idName = id.column.name
    const all = [[Kind.cancel, cancel], [Kind.correction, correction], [Kind.replacement, replacement]] as const
    this.#conditions = all.flatMap(([kind, condition]) => condition === null ? [] : [[kind, maskOf(definition, condition)] as const])
    this.#columns = [...new Set(fieldsOfCancels(cancels))].map((field) => Batch.indexOf(definition, field))
    this.#isPlainWithout = this.#all(withNothing(definition)) === null
  }

  hasId({ columns }: Batch.Batch, row: number): boolean {
    return !Number.isNaN(columns[this.#id]![row]!)
  }

  /** `null` where all rows are plain. One that replaces what no id names is plain. */
  of(batch: Batch.Batch): Uint8Array | null {
    if (this.#isPlainWithout && this.#columns.every((column) => Batch.isAbsent(batch, batch.columns[column]!))) return null
    return this.#all(batch)
  }

  #all(batch: Batch.Batch): Uint8Array | null {
    const ids = batch.columns[this.#id]!
    const masks = this.#conditions.map(([kind, mask]) => [kind, mask({ batch })] as const)
    let kinds: Uint8Array | null = null
    for (let row = 0; row < batch.length; row++) {
      const id = ids[row]!
      let kind: number = id === id ? Kind.kept : Kind.plain
      for (let at = masks.length - 1; at >= 0; at--) if (masks[at]![1][row] === 1) kind = masks[at]![0]
      if (kind === Kind.replacement && id !== id) kind = Kind.plain
      if (kind !== Kind.plain) (kinds ??= new Uint8Array(batch.length))[row] = kind
    }
    return kinds
  }
}

/** One row of which nothing is known. */
const withNothing = (definition: Definition): Batch.Batch => {
  const batch = Batch.make(definition, new Batch.Dictionary(), 0, 1)
  for (const column of batch.columns) column.fill(NaN)
  batch.length = 1
  return batch
}
