/** Records of one feed come to the sources that they name, and what names none is told from what is no JSON object. */
import { expect, it } from "vitest"
import { Kind } from "../../../src/streams/records/Records.ts"
import * as Records from "../../../src/streams/records/Records.ts"
import { SourceSorter } from "../../../src/streams/records/SourceSorter.ts"

const bytes = (text: string) => Buffer.from(text, "latin1")

it.each<readonly [record: Uint8Array, partition: number, kind: number]>([
  [bytes(`{"type":"trades"}`), 1, Kind.event],
  [bytes(`{"type":"quotes"}`), 0, Kind.event],
  [bytes(`{"type":"orders"}`), 0, Kind.unassigned],
  [bytes(`{"type":1}`), 0, Kind.unassigned],
  [bytes(`{}`), 0, Kind.unassigned],
  [bytes(`nothing`), 0, Kind.event],
  [bytes(`{"type":"trades"`), 0, Kind.event],
  [bytes(`"trades"`), 0, Kind.event],
  [bytes(`null`), 0, Kind.event],
  [bytes(`["trades"]`), 0, Kind.event],
  [bytes(""), 0, Kind.event],
  // Half of a letter: where the source is named, the source says so.
  [bytes(`{"type":"trades","note":"\xc3"}`), 1, Kind.event],
  [bytes(`{"note":"\xc3"}`), 0, Kind.event]
])("%s", (record, partition, kind) => {
  const parts = new SourceSorter("type", ["quotes", "trades"]).sort(Records.fromBytes([record], [Kind.event]))
  expect(parts.map((part) => [part.partition, ...part.chunk.kinds.slice(0, part.chunk.length)])).toEqual([[partition, kind]])
})

it("what is not whole stays what it is", () => {
  const chunk = Records.fromBytes([bytes(`{"type":"orders"}`)], [Kind.truncated])
  expect(new SourceSorter("type", ["quotes", "trades"]).sort(chunk)[0]?.chunk.kinds[0]).toBe(Kind.truncated)
})
