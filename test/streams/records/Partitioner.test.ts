/** The partition of a key is the one that Kafka's own producers choose. */
import { assert, it } from "@effect/vitest"
import { murmur2, partitionOf } from "../../../src/streams/records/Partitioner.ts"

/** From Kafka's own UtilsTest.testMurmur2 (Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils). */
const known: ReadonlyArray<readonly [key: string, hash: number]> = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107]
]

it("hashes as Kafka does", () => {
  for (const [key, hash] of known) assert.strictEqual(murmur2(Buffer.from(key)), hash, key)
})

it("a hash below zero is made positive by its sign bit, not by its absolute value", () => {
  assert.strictEqual(partitionOf(Buffer.from("21"), 12), (-973932308 & 0x7fffffff) % 12)
  assert.strictEqual(partitionOf(Buffer.from("21"), 1), 0)
  assert.deepStrictEqual(known.map(([key]) => partitionOf(Buffer.from(key), 7)), known.map(([, hash]) => (hash & 0x7fffffff) % 7))
  assert.isAbove(new Set(known.map(([key]) => partitionOf(Buffer.from(key), 7))).size, 2)
})
