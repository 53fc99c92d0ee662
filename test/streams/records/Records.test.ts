/** Chunks of records are their bytes one after the other. */
import { expect, it } from "vitest"
import { fromBytes, Kind, valueAt } from "../../../src/streams/records/Records.ts"

it("a record without a value ends before it begins, an empty one where it begins", () => {
  for (const values of [[null, Uint8Array.of(1), new Uint8Array(0)], [Uint8Array.of(1, 2), null, new Uint8Array(0)]]) {
    const chunk = fromBytes(values, values.map(() => Kind.event))
    expect(Array.from(chunk.ends, (end, i) => end - chunk.starts[i]!)).toEqual(values.map((value) => value?.length ?? -1))
    expect(values.map((_, i) => Array.from(valueAt(chunk, i)))).toEqual(values.map((value) => Array.from(value ?? [])))
  }
})
