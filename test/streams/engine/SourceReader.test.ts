/** The numbering of strings begins anew now and then, and not for each batch. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { SourceReader } from "../../../src/streams/engine/SourceReader.ts"
import { inputOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { Dictionary } from "../../../src/streams/records/Batch.ts"
import { records } from "../../../src/testing/Harness.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int }),
  key: "key",
  eventTime: "time"
})
const { checked } = quotes.pipe(Window.tumbling(1), Aggregate.into({ count: Aggregate.count }), Pipeline.named("count"))

/** How often it begins anew over 1,000 records of new keys, where so many keys are carried over each time. */
const renewals = (carried: number): { readonly count: number; readonly most: number } => {
  const reader = new SourceReader({ inputs: [inputOf(checked)], usesOf: () => () => "compared", sources: [{ name: null, partitions: 1 }], maxTimeAhead: Infinity, dictionaryBound: 8 })
  const seen = new Set<Dictionary>()
  let most = 0
  for (let offset = 0; offset < 1_000; offset++) {
    for (const { rows } of reader.take(records(0, offset, [`{"key":"${offset}","time":0}`]))) {
      const { dictionary } = rows[0]!.batch
      if (!seen.has(dictionary)) for (let key = 0; key < carried; key++) dictionary.numberOf(`open ${key}`)
      seen.add(dictionary)
      most = Math.max(most, dictionary.texts.length)
    }
  }
  return { count: seen.size - 1, most }
}

it("strings are numbered anew when there are twice as many as were carried over, not at every batch", () => {
  expect(renewals(0).count).toBeGreaterThan(100)
  for (const carried of [10, 50, 200]) {
    const { count, most } = renewals(carried)
    expect(count).toBeLessThanOrEqual(1_000 / carried + 1)
    expect(count).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2 * carried + 4)
  }
})
