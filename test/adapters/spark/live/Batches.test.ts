/** What Spark tells of a batch, in our words. The example was recorded from Apache Spark 4.0.0 over Kafka 4. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as Batches from "../../../../src/adapters/spark/live/Batches.ts"
import { shift } from "../../../../src/adapters/spark/compile/Shift.ts"
import * as Progress from "../../../../src/adapters/spark/connect/Progress.ts"

const recorded = {
  id: "a0eeee2c-1890-4d97-a778-392a62a96312",
  runId: "8c470a64-fc0f-4886-9d7a-737eb9ba26fd",
  name: "large@ticks#46def3b03a18",
  timestamp: "2026-11-24T13:00:25.921Z",
  batchId: 3,
  batchDuration: 2438,
  durationMs: { triggerExecution: 2437, queryPlanning: 203, getBatch: 41, commitOffsets: 72, addBatch: 1993, walCommit: 119 },
  eventTime: { min: "4024-11-25T14:30:00.000Z", watermark: "4024-11-25T14:31:58.019Z", max: "4024-11-25T14:34:10.000Z" },
  stateOperators: [{
    operatorName: "stateStoreSave",
    numRowsTotal: 13,
    numRowsUpdated: 13,
    numRowsRemoved: 0,
    memoryUsedBytes: 3864,
    numRowsDroppedByWatermark: 2
  }],
  sources: [{
    description: "KafkaV2[Subscribe[ticks]]",
    startOffset: null,
    endOffset: `{"ticks":{"0":404,"1":7}}`,
    latestOffset: `{"ticks":{"0":504,"1":7,"2":3}}`,
    numInputRows: 411,
    processedRowsPerSecond: 16.570280136171608,
    metrics: { minOffsetsBehindLatest: "0", maxOffsetsBehindLatest: "0", avgOffsetsBehindLatest: "0.0" }
  }],
  sink: { description: "org.apache.spark.sql.kafka010.KafkaSourceProvider$KafkaTable@63ddd7c1", numOutputRows: 0 },
  observedMetrics: {
    large: {
      values: [411, 3, 185],
      schema: {
        type: "struct",
        fields: ["read", "deadLettered", "filtered"].map((name) => ({ name, type: "long", nullable: false, metadata: {} }))
      }
    }
  }
}

const batchOf = (change: object = {}) =>
  Effect.map(Progress.decode(JSON.stringify({ ...recorded, ...change })), (progress) => Batches.fromProgress("large", progress))

it.effect("of a real server", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* batchOf(), {
      id: 3,
      read: 411,
      deadLettered: 3,
      filtered: 185,
      late: 2,
      watermark: Date.UTC(4024, 10, 25, 14, 31, 58, 19) - shift,
      lag: 103,
      stateRows: 13,
      stateBytes: 3864,
      duration: 2437
    })
  }))

it.effect("a batch that has counted nothing has read what its sources gave", () =>
  Effect.gen(function*() {
    const { deadLettered, filtered, read } = yield* batchOf({ observedMetrics: {} })
    assert.deepStrictEqual([read, deadLettered, filtered], [411, 0, 0])
  }))

it.effect("before any event there is no watermark", () =>
  Effect.gen(function*() {
    for (const eventTime of [undefined, {}, { watermark: "1970-01-01T00:00:00.000Z" }, { watermark: "soon" }]) {
      assert.isNull((yield* batchOf({ eventTime })).watermark)
    }
  }))

/** As Spark does: years of more than four digits with a sign, those of less with zeros. */
const written = (time: number): string => new Date(time).toISOString().replace(/^\+0*/, "+")

it("the watermark is told in the times of the events, whatever year that is", () =>
  fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 8.64e15 }), async (time) => {
    const { watermark } = await Effect.runPromise(batchOf({ eventTime: { watermark: written(time) } }))
    assert.strictEqual(watermark, time - shift)
    const unsigned = written(time).replace("+", "")
    assert.strictEqual((await Effect.runPromise(batchOf({ eventTime: { watermark: unsigned } }))).watermark, time - shift)
  })))
