/** What Spark says of a batch is understood. The example was recorded from Apache Spark 4.0.0, of a source at a rate. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as Progress from "../../../../src/adapters/spark/connect/Progress.ts"

const recorded = {
  id: "ac244f4f-205f-44a1-a65c-2f498ed85451",
  runId: "64289165-6cd4-49a4-8b3c-3c84e813728b",
  name: "q1",
  timestamp: "2026-11-24T10:50:52.094Z",
  batchId: 2,
  batchDuration: 715,
  durationMs: { triggerExecution: 715, queryPlanning: 37, getBatch: 0, commitOffsets: 56, addBatch: 564 },
  eventTime: { watermark: "2026-11-24T10:50:49.249Z", max: "2026-11-24T10:50:51.249Z" },
  stateOperators: [
    {
      operatorName: "stateStoreSave",
      numRowsTotal: 3,
      numRowsUpdated: 2,
      allUpdatesTimeMs: 69,
      numRowsRemoved: 3,
      memoryUsedBytes: 1864,
      numRowsDroppedByWatermark: 0,
      numShufflePartitions: 1,
      customMetrics: { stateOnCurrentVersionSizeBytes: 776 }
    }
  ],
  sources: [
    {
      description: "RateStreamV2[rowsPerSecond=5, rampUpTimeSeconds=0, numPartitions=default",
      startOffset: "4",
      endOffset: "5",
      latestOffset: "5",
      numInputRows: 5,
      inputRowsPerSecond: 3.7230081906180192,
      processedRowsPerSecond: 6.993006993006993,
      metrics: {}
    }
  ],
  sink: { description: "MemorySink", numOutputRows: 3, metrics: {} },
  observedMetrics: {}
}

it.effect("of a real server", () =>
  Effect.gen(function*() {
    const { batchId, durationMs, eventTime, sink, sources, stateOperators } = yield* Progress.decode(
      JSON.stringify(recorded)
    )
    assert.strictEqual(batchId, 2)
    assert.strictEqual(durationMs["triggerExecution"], 715)
    assert.strictEqual(eventTime?.["watermark"], "2026-11-24T10:50:49.249Z")
    assert.strictEqual(sink.numOutputRows, 3)
    assert.strictEqual(stateOperators[0]?.numRowsRemoved, 3)
    assert.deepStrictEqual([sources[0]?.startOffset, sources[0]?.endOffset, sources[0]?.numInputRows], [4, 5, 5])
  }))

it("an offset is whatever JSON is in its string", async () => {
  const law = fc.asyncProperty(fc.jsonValue(), async (offset) => {
    const sources = recorded.sources.map((source) => ({ ...source, endOffset: JSON.stringify(offset) }))
    const progress = await Effect.runPromise(Progress.decode(JSON.stringify({ ...recorded, sources })))
    // Through text, which knows no negative zero.
    assert.deepStrictEqual(progress.sources[0]?.endOffset, JSON.parse(JSON.stringify(offset)))
  })
  await fc.assert(law)
})

it.effect("an offset that is no JSON stays as it is, and one that is not there is null", () =>
  Effect.gen(function*() {
    const sources = recorded.sources.map((source) => ({ ...source, startOffset: null, endOffset: "{half" }))
    const progress = yield* Progress.decode(JSON.stringify({ ...recorded, name: null, sources }))
    assert.deepStrictEqual([progress.sources[0]?.startOffset, progress.sources[0]?.endOffset], [null, "{half"])
  }))

it.effect("something else is told, with what is wrong about it", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Progress.decode(JSON.stringify({ ...recorded, batchId: "two" })))
    assert.strictEqual(error.reason, "not-understood")
    assert.include(error.message, "batchId")
  }))
