/** The order of places: source, partition, offset; of pairs that of their left rows, then that of their right ones. */
import type { Joined } from "../../records/Batch.ts"
import type { Place } from "../../pipeline/Row.ts"
import { compareText } from "../windowed/KeyOrder.ts"

const comparePlaces = (a: Place, b: Place): number =>
  compareText(a.source, b.source) || a.partition - b.partition || a.offset - b.offset || compareJoined(a.joined, b.joined)

/** Of two rows at one place; where no row was joined comes first. */
export const compareJoined = (a: Joined | undefined, b: Joined | undefined): number => {
  if (a === undefined || b === undefined) return 0
  for (let at = 0; at < a.length; at++) {
    const [one, other] = [a[at] ?? null, b[at] ?? null]
    const order = one === null || other === null ? Number(one !== null) - Number(other !== null) : comparePlaces(one, other)
    if (order !== 0) return order
  }
  return 0
}
