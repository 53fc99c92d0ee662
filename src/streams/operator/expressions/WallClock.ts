/** What a clock and a calendar on the wall of a time zone show. */
import { DateTime } from "effect"
import type { Type } from "../../pipeline/check/Expressions.ts"
import { type Evaluator, nearest, Room, type Rows, type Vector } from "./Vector.ts"

/** No zone has changed by other than whole quarters of an hour since then. */
const quartersSince = Date.UTC(1973, 0)
const quarter = 900_000

export const clock = (type: Type, of: Evaluator, timeZone: string, op: "hour" | "dayOfWeek"): Evaluator => {
  const room = new Room()
  const known = new Map<number, number>()
  const partOf = (time: number): number => {
    const parts = DateTime.toParts(DateTime.makeZonedUnsafe(time, { timeZone }))
    return op === "hour" ? parts.hour : (parts.weekDay + 6) % 7 + 1
  }
  // Rows come about in the order of their times: the next one is mostly in the same quarter of an hour.
  let [last, lastPart] = [NaN, NaN]
  const at = (time: number): number => {
    if (time < quartersSince) return partOf(time)
    const block = Math.floor(time / quarter)
    if (block === last) return lastPart
    last = block
    const found = known.get(block)
    if (found !== undefined) return lastPart = found
    if (known.size >= 100_000) known.clear()
    known.set(block, lastPart = partOf(time))
    return lastPart
  }
  const evaluate = (rows: Rows): Vector => {
    const values = nearest(of.evaluate(rows))
    const out = room.for(rows.batch.length)
    for (let row = 0; row < rows.batch.length; row++) out[row] = Math.abs(values[row]!) <= 8.64e15 ? at(values[row]!) : NaN
    return { values: out, large: null }
  }
  return { type, evaluate }
}
