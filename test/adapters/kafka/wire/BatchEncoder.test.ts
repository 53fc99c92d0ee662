/** Batches are, byte for byte, those of kafkajs's own encoder, and the walker reads them back. */
import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { createRequire } from "node:module"
import { encode } from "../../../../src/adapters/kafka/wire/BatchEncoder.ts"
import { Cursor, sections } from "../../../../src/adapters/kafka/wire/RecordBatches.ts"

// The encoders are not exported, and not typed.
const load = createRequire(import.meta.url)
const { RecordBatch } = load("kafkajs/src/protocol/recordBatch/v0") as {
  readonly RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>
}
const Record = load("kafkajs/src/protocol/recordBatch/record/v0") as (record: object) => unknown

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const shared = { "courant-kind": "event", "courant-ingested": "1732545000123" }
const message = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  timestamp: fc.oneof(fc.integer({ min: 1_732_545_000_000, max: 1_732_545_000_200 }), fc.nat(2 ** 31), fc.integer({ min: 0, max: 2 ** 45 })),
  headers: fc.oneof(fc.constant({}), fc.constant(shared), fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }))
})
const messages = fc.array(message, { minLength: 1, maxLength: 200 })
const numbering = fc.record({
  producerId: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  epoch: fc.nat(32_767),
  sequence: fc.nat(2 ** 31 - 1)
})

it("a batch is what kafkajs makes of the same messages", () =>
  fc.assert(fc.asyncProperty(messages, numbering, async (messages, numbering) => {
    const { epoch, producerId, sequence } = numbering
    const firstTimestamp = messages[0]!.timestamp
    const { buffer } = await RecordBatch({
      compression: 0,
      firstOffset: 0,
      firstTimestamp,
      maxTimestamp: Math.max(...messages.map(({ timestamp }) => timestamp)),
      lastOffsetDelta: messages.length - 1,
      partitionLeaderEpoch: -1,
      producerId: Number(producerId),
      producerEpoch: epoch,
      firstSequence: sequence,
      records: messages.map(({ headers, key, timestamp, value }, offsetDelta) =>
        Record({ offsetDelta, timestampDelta: timestamp - firstTimestamp, key, value, headers }))
    })
    assert.isTrue(encode(messages, numbering).equals(buffer))
  })))

it("a batch is walked to the messages that went in", () =>
  fc.assert(fc.property(messages, numbering, (messages, numbering) => {
    const batches = encode(messages, numbering)
    const { next, sections: found } = sections({ partition: 0, errorCode: 0, lastStableOffset: -1, aborted: [], batches }, 0)
    const cursor = new Cursor()
    cursor.begin(found[0]!)
    const slice = (start: number, length: number) => length < 0 ? null : batches.subarray(start, start + length)
    const walked = messages.map(() => {
      cursor.next()
      const headers: Array<readonly [string, string]> = []
      cursor.headers((a, b, c, d) => headers.push([batches.toString("utf8", a, b), batches.toString("utf8", c, d)]))
      return {
        key: slice(cursor.keyStart, cursor.keyLength),
        value: slice(cursor.valueStart, cursor.valueLength),
        timestamp: cursor.timestamp,
        headers
      }
    })
    assert.deepStrictEqual(walked, messages.map((message) => ({ ...message, headers: Object.entries(message.headers) })))
    assert.strictEqual(next, messages.length)
    assert.strictEqual(found.length, 1)
  })))
