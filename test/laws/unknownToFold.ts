/** Cases that the batch fold cannot be given. */
import type * as Conformance from "../../src/testing/Conformance.ts"

/** The fold is given events: what is none of its source is the decoder's to say. */
export const unknownToFold = ({ name, rows }: Conformance.Case.Case): string | undefined => {
  if (name === "times-without-a-zone-are-refused") return "the batch fold is given strings that are times"
  return rows.some(({ kind }) => kind === "idle") ? "the batch fold knows of no decisions" : undefined
}
