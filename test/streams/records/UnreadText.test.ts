/** A text that no pipeline reads is not kept, and is checked all the same. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Aggregate, Job, Pipeline, Source, Window } from "../../../src/index.ts"
import { Decoder } from "../../../src/streams/records/Decoder.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { records } from "../../../src/testing/Harness.ts"

const schema = Schema.Struct({
  id: Schema.String,
  at: Schema.Int,
  note: Schema.String,
  code: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[a-z]+$/)))
})
const orders = Source.make("orders", { schema, key: "id", eventTime: "at" })

const lines = [
  `{"id":"A","at":0,"note":"plain","code":"abc"}`,
  `{"id":"A","at":1,"note":"Zürich \\"quoted\\""}`,
  `{"id":"A","at":2,"note":"\\ud800"}`,
  `{"id":"A","at":3,"note":4}`,
  `{"id":"A","at":4}`,
  `{"id":"A","at":5,"note":"plain","code":"ABC"}`,
  `{"id":"A","at":6,"note":"a\tb"}`
]

it("is refused for the same reasons as one that is read", () => {
  const refusals = (pipeline: Pipeline.Any) =>
    new Job([pipeline], { partitions: 1 }).take(records(0, 0, lines)).unused.map(({ detail, offset, reason }) => [offset, reason, detail])
  const minutes = orders.pipe(Window.tumbling("1 minute"))
  const unread = refusals(minutes.pipe(Aggregate.into({ orders: Aggregate.count }), Pipeline.named("orders")))
  expect(unread.map(([offset]) => offset)).toEqual([2, 3, 4, 5, 6])
  expect(unread).toEqual(refusals(minutes.pipe(Aggregate.into({ note: Aggregate.last("note") }), Pipeline.named("orders"))))
})

it("is UTF-8, or the record is no JSON", () => {
  const decoder = new Decoder(orders.definition, new Batch.Dictionary(), () => "unread")
  const batch = Batch.make(orders.definition, new Batch.Dictionary(), 0, 1)
  const [before, behind] = lines[0]!.split("plain").map((part) => new TextEncoder().encode(part))
  const bytes = Uint8Array.of(...before!, 0xff, ...behind!)
  expect(decoder.decode(bytes, 0, bytes.length, batch)?.reason).toBe("not-json")
})

it("is none of the dictionary's texts", () => {
  const dictionary = new Batch.Dictionary()
  const decoder = new Decoder(orders.definition, dictionary, () => "unread")
  const batch = Batch.make(orders.definition, dictionary, 0, lines.length)
  const bytes = lines.map((line) => new TextEncoder().encode(line))
  for (const line of bytes) decoder.decode(line, 0, line.length, batch)
  // A check of the Schema's has looked at the one.
  expect(dictionary.texts).toEqual(["A", "abc"])
})
