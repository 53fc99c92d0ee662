/** Record batches as kafkajs encodes them are walked to the same records; damage is noticed, aborted transactions are left out. */
import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { createRequire } from "node:module"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { lz4Compress, snappyCompress } from "@platformatic/wasm-utils"
import type { Fetched } from "../../../../src/adapters/kafka/client/Client.ts"
import * as LogRecords from "../../../../src/adapters/kafka/wire/LogRecords.ts"
import { UnreadableBatch } from "../../../../src/adapters/kafka/wire/RecordBatches.ts"
import { ticks } from "../../../../src/analytics/ticks.ts"
import { fromBytes, Kind, valueAt } from "../../../../src/streams/records/Records.ts"

// The encoders are not exported, and not typed.
const load = createRequire(import.meta.url)
const { RecordBatch } = load("kafkajs/src/protocol/recordBatch/v0") as {
  readonly RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>
}
const Record = load("kafkajs/src/protocol/recordBatch/record/v0") as (record: object) => unknown
const { Codecs } = load("kafkajs/src/protocol/message/compression") as {
  readonly Codecs: { [codec: number]: () => { readonly compress: (encoder: { readonly buffer: Buffer }) => Buffer } }
}
Codecs[1] = () => ({ compress: ({ buffer }) => gzipSync(buffer) })
Codecs[2] = () => ({ compress: ({ buffer }) => snappyCompress(Buffer.from(buffer)) })
Codecs[3] = () => ({ compress: ({ buffer }) => lz4Compress(Buffer.from(buffer)) })
Codecs[4] = () => ({ compress: ({ buffer }) => zstdCompressSync(buffer) })

interface Batch {
  readonly compression: number
  readonly timestamp: number
  /** How many offsets lie between the batch before and this. */
  readonly gap: number
  readonly records: ReadonlyArray<Entry>
}

interface Entry {
  readonly delta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: { readonly [name: string]: string }
}

const encode = async (batches: ReadonlyArray<Batch>, transaction?: { readonly producerId: number }) => {
  let offset = 0
  const encoded: Array<Buffer> = []
  for (const { compression, gap, records, timestamp } of batches) {
    offset += gap
    const { buffer } = await RecordBatch({
      compression,
      firstOffset: offset,
      firstTimestamp: timestamp,
      maxTimestamp: timestamp,
      lastOffsetDelta: records.length - 1,
      transactional: transaction !== undefined,
      producerId: transaction?.producerId ?? -1,
      records: records.map(({ delta, headers, key, value }, offsetDelta) =>
        Record({ offsetDelta, timestampDelta: delta, key, value, headers }))
    })
    encoded.push(Buffer.from(buffer))
    offset += records.length
  }
  return Buffer.concat(encoded)
}

const fetchedOf = (batches: Buffer, aborted: Fetched["aborted"] = []): Fetched => ({
  partition: 0,
  errorCode: 0,
  lastStableOffset: 1_000_000,
  aborted,
  batches
})

const kinds: Record<string, Kind> = {
  event: Kind.event,
  partial: Kind.preAggregated,
  // As former versions wrote, and anybody may: an event.
  control: Kind.event,
  p: Kind.event,
  truncated: Kind.truncated
}

/** The reader's clock. */
const now = 2 ** 44

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const entry: fc.Arbitrary<Entry> = fc.record({
  delta: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.oneof(
    fc.constant({}),
    fc.constantFrom(...Object.keys(kinds)).map((kind) => ({ "courant-kind": kind, "courant-ingested": "1732545000123" })),
    fc.constantFrom("99999999999999", "-5", "soon", "").map((ingested) => ({ "courant-ingested": ingested })),
    fc.dictionary(fc.constantFrom("courant-kinds", "x", "trace"), fc.string(), { maxKeys: 3 })
  )
})
const batch: fc.Arbitrary<Batch> = fc.record({
  compression: fc.integer({ min: 0, max: 4 }),
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
  gap: fc.integer({ min: 0, max: 5 }),
  records: fc.array(entry, { minLength: 1, maxLength: 30 })
})

it("every record comes out as it went in, from any offset on, also where the last batch is cut off", () =>
  fc.assert(fc.asyncProperty(fc.array(batch, { maxLength: 6 }), fc.nat(40), fc.nat(120), fc.boolean(), async (batches, from, cut, isCompacted) => {
    // In the place of some records without a value something else is read, if told.
    const tombstone = ({ key }: { readonly key: string }) => isCompacted && key.length % 2 === 1 ? Buffer.from(`no ${key}`) : null
    let offset = 0
    const expected: ReadonlyArray<object & { readonly offset: number }> = batches.flatMap(({ gap, records, timestamp }) => {
      offset += gap
      return records.map(({ delta, headers, key, value }) => {
        const kind = headers["courant-kind"]
        const time = timestamp + delta
        return {
          offset: offset++,
          value: value ?? tombstone({ key: key?.toString() ?? "" }),
          kind: kind === undefined ? Kind.event : kinds[kind],
          appendedAt: headers["courant-ingested"] === "1732545000123" ? 1_732_545_000_123 : time < 0 || time > now + 86_400_000 ? now : time
        }
      })
    })
    const encoded = await encode(batches)
    // As brokers do, which cut what they send at a number of bytes.
    const next = await encode([{ compression: 0, timestamp: 0, gap: 0, records: [{ delta: 0, key: null, value: Buffer.alloc(60), headers: {} }] }])
    const { next: end, records } = LogRecords.fromFetched(fetchedOf(Buffer.concat([encoded, next.subarray(0, Math.min(cut, next.length - 1))])), { from, now, tombstone })
    assert.strictEqual(end, Math.max(from, expected.length === 0 ? 0 : offset))
    const found = Array.from({ length: records?.length ?? 0 }, (_, i) => ({
      offset: records!.offsets[i]!,
      value: records!.ends[i]! < records!.starts[i]! ? null : Buffer.from(valueAt(records!, i)),
      kind: records!.kinds[i],
      appendedAt: records!.appendedAt[i]!
    }))
    assert.deepStrictEqual(found, expected.filter((record) => record.offset >= from))
  })))

it("a single changed byte is noticed", () =>
  fc.assert(fc.asyncProperty(batch, fc.nat(), async (one, place) => {
    const encoded = await encode([one])
    // What the checksum covers: from the attributes on.
    const at = 21 + place % (encoded.length - 21)
    encoded[at] = encoded[at]! ^ 0x10
    assert.throws(() => LogRecords.fromFetched(fetchedOf(encoded), { from: 0, now }), UnreadableBatch)
  })))

it("records of an aborted transaction are left out, others of the same producer and of others are not", async () => {
  const one = (text: string, gap = 0): Batch => ({
    compression: 0,
    timestamp: 0,
    gap,
    records: [{ delta: 0, key: null, value: Buffer.from(text), headers: {} }]
  })
  const aborted = await encode([one("aborted", 0)], { producerId: 7 })
  const others = Buffer.concat([await encode([one("other", 2)], { producerId: 8 }), await encode([one("plain", 3)])])
  const found = LogRecords.fromFetched(fetchedOf(Buffer.concat([aborted, others]), [{ producerId: 7n, firstOffset: 0 }]), { from: 0, now })
  const texts = Array.from({ length: found.records?.length ?? 0 }, (_, i) => Buffer.from(valueAt(found.records!, i)).toString())
  assert.deepStrictEqual(texts, ["other", "plain"])
})

it("a message has the key and the time of its event, brought within what brokers accept", () => {
  const writer = new LogRecords.Writer({ source: ticks.definition })
  const now = 1_732_545_000_000
  const tick = (time: number) => Buffer.from(JSON.stringify({ symbol: "AAPL", time, price: "1", size: 1 }))
  const values = [tick(now - 5), tick(-5), tick(now + 86_400_000), Buffer.from("poison"), null]
  const messages = writer.messages(fromBytes(values, values.map(() => Kind.event), "there"), { now, sequence: 3, id: "a/1" })
  assert.deepStrictEqual(messages.map(({ key }) => key?.toString()), ["AAPL", "AAPL", "AAPL", undefined, undefined])
  assert.deepStrictEqual(messages.map(({ timestamp }) => timestamp), [now - 5, 0, now, now, now])
  assert.deepStrictEqual(messages.map(({ value }) => value === null ? null : Buffer.from(value)), values)
  assert.deepStrictEqual(messages.map(({ headers }) => headers["courant-position"]), [undefined, undefined, undefined, undefined, "there"])
})
