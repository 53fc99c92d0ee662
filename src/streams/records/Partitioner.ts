/**
 * To which partition a key belongs: the hash and the choice of Kafka's own default partitioner
 * (murmur2, https://github.com/apache/kafka/blob/4.0.0/clients/src/main/java/org/apache/kafka/common/utils/Utils.java),
 * so that records of other producers with the same key come to the same partition.
 */

export const partitionOf = (key: Uint8Array, partitions: number): number =>
  partitions === 1 ? 0 : (murmur2(key) & 0x7fffffff) % partitions

const seed = 0x9747b28c
const m = 0x5bd1e995

/** A 32-bit signed integer, as in Java. */
export const murmur2 = (data: Uint8Array): number => {
  const { length } = data
  let h = seed ^ length
  const words = length & ~3
  for (let at = 0; at < words; at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length & 3
  if (rest > 2) h ^= data[words + 2]! << 16
  if (rest > 1) h ^= data[words + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ data[words]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}
