/** All state of an operator in one section, as tables that a test can change. */
import type { Paged } from "../../../src/streams/operator/Paged.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"
import { sectionOf, tablesOf } from "../../../src/testing/SnapshotText.ts"

interface Writing {
  readonly save?: (state: StateWriter) => void
  readonly pages: { readonly [part: string]: Paged } | Paged
}

/** Its tables, and the numbers of all of them. */
export const stateOf = (operator: Writing) => JSON.parse(JSON.stringify(tablesOf(bytesOf((writer) => {
  operator.save?.(writer)
  for (const part of partsOf(operator)) part.writeAll(writer)
}))))

const partsOf = ({ pages }: Writing): ReadonlyArray<Paged> => isPaged(pages) ? [pages] : Object.values(pages)

const isPaged = (pages: Writing["pages"]): pages is Paged => typeof pages.writeAll === "function"

/** A section without tables. */
const empty = new Uint8Array(4)

const bytesOf = (write: (writer: StateWriter) => void): Uint8Array => {
  const writer = new StateWriter()
  write(writer)
  return writer.bytes ?? empty
}

export const readerOf = (state: { readonly [name: string]: unknown }): StateReader => new StateReader([sectionOf(state)])
