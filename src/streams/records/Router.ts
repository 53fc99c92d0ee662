/** Which partition of a log each record of a feed belongs to: that of its key, so that a key's events stay in order. */
import { partitionOf } from "./Partitioner.ts"
import { RecordReader } from "./RecordReader.ts"
import { type Chunk, Kind } from "./Records.ts"
import type { Definition } from "../pipeline/Source.ts"

export interface Sources {
  readonly source: Definition
  /** The source of pre-aggregated records, if the feed has any. */
  readonly preAggregated?: Definition | undefined
}

/** A part of a chunk, over the same bytes. */
export interface Part {
  readonly partition: number
  readonly chunk: Chunk
}

export class Router {
  readonly #partitions: number
  readonly #events: KeyReader
  readonly #preAggregated: KeyReader | null

  constructor(partitions: number, { preAggregated, source }: Sources) {
    this.#partitions = partitions
    this.#events = new KeyReader(source, partitions)
    this.#preAggregated = preAggregated === undefined ? null : new KeyReader(preAggregated, partitions)
  }

  /**
   * A chunk's records by partition, in their order; those that cannot be decoded are in partition 0, where they
   * become dead letters. The position is that of the last part.
   */
  route(chunk: Chunk): ReadonlyArray<Part> {
    if (this.#partitions === 1 || chunk.length === 0) return [{ partition: 0, chunk }]
    const { position, ...records } = chunk
    const indexes = new Map<number, Array<number>>()
    for (let index = 0; index < chunk.length; index++) {
      const partition = this.#readerOf(chunk.kinds[index])?.partitionOf(chunk, index) ?? 0
      const found = indexes.get(partition)
      if (found === undefined) indexes.set(partition, [index])
      else found.push(index)
    }
    const parts = [...indexes].map(([partition, chosen]): Part => ({ partition, chunk: pick(records, chosen) }))
    const last = parts.pop()
    if (last === undefined) return []
    return [...parts, position === undefined ? last : { ...last, chunk: { ...last.chunk, position } }]
  }

  #readerOf(kind: number | undefined): KeyReader | null {
    if (kind === Kind.event) return this.#events
    return kind === Kind.preAggregated ? this.#preAggregated : null
  }
}

/** The records of these numbers, over the same bytes. */
export const pick = ({ bytes, ends, kinds, starts }: Chunk, indexes: ReadonlyArray<number>): Chunk => {
  const { length } = indexes
  const picked = { length, bytes, starts: new Int32Array(length), ends: new Int32Array(length), kinds: new Uint8Array(length) }
  for (let i = 0; i < length; i++) {
    const index = indexes[i]!
    picked.starts[i] = starts[index]!
    picked.ends[i] = ends[index]!
    picked.kinds[i] = kinds[index]!
  }
  return picked
}

/** Keys whose partition is remembered before they are forgotten and looked up anew. */
const keysBound = 1 << 18

class KeyReader {
  readonly #partitions: number
  readonly #records: RecordReader
  readonly #encoder = new TextEncoder()
  readonly #known = new Map<string, number>()

  constructor(source: Definition, partitions: number) {
    this.#partitions = partitions
    this.#records = new RecordReader(source)
  }

  partitionOf(chunk: Chunk, index: number): number | null {
    if (!this.#records.read(chunk, index)) return null
    const { key } = this.#records
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= keysBound) this.#known.clear()
    const partition = partitionOf(this.#encoder.encode(key), this.#partitions)
    this.#known.set(key, partition)
    return partition
  }
}
