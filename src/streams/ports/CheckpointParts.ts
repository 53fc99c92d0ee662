/**
 * How a checkpoint is kept. It is saved as a part: the sections of its state, one behind the other, and then what it says
 * beside them, cut into chunks of bounded size, each with a checksum. A base has every section; an increment has those that
 * have changed since the part before it, which it needs. A base and its increments are a chain, and shares nothing with any
 * other: so damage to one leaves the other whole.
 *
 *     chunk = length of the rest (4 bytes) | CRC-32 of the rest (4) | its number (4) | 1 if it is the last (1) | bytes of the part
 *     part  = frames;  frame = kind (1) | length of its name (4) | length of its bytes (4) | name | bytes
 *
 * Numbers are little-endian. The last frame is the head, as JSON.
 */
import { Effect, Option, Schema } from "effect"
import { crc32 } from "node:zlib"
import { type Checkpoint, CheckpointError, Head, type Part } from "./Checkpoint.ts"

/** Chunks of one part. */
export type Chunks = ReadonlyArray<Uint8Array>

/** A base and its increments, in the order in which they were saved. */
export type Chain = ReadonlyArray<Chunks>

/** How many chains of a name a store keeps: the newest and one to fall back on. */
export const generations = 2

/** Bytes of a part in a chunk. */
const chunkBytes = 512 * 1_024

const chunkHeader = 13
const frameHeader = 9
const kinds = { section: 0, removed: 1, head: 2 } as const

const PartHead = Schema.Struct({ isBase: Schema.Boolean, ...Head.fields })
const encodeHead = Schema.encodeSync(Schema.fromJsonString(PartHead))
const decodeHead = Schema.decodeUnknownOption(Schema.fromJsonString(PartHead))

/** A part as chunks, made as they are asked for. */
export function* pack({ head, isBase, sections }: Part): Generator<Uint8Array> {
  let number = 0
  let [pieces, size]: [Array<Uint8Array>, number] = [[], 0]
  for (const piece of framed(sections, encodeHead({ isBase, ...head }))) {
    for (let from = 0; from < piece.length;) {
      const fitting = piece.subarray(from, from + chunkBytes - size)
      pieces.push(fitting)
      size += fitting.length
      from += fitting.length
      if (size < chunkBytes) continue
      yield chunkOf(pieces, number++, false)
      pieces = []
      size = 0
    }
  }
  yield chunkOf(pieces, number, true)
}

function* framed(sections: Part["sections"], head: string): Generator<Uint8Array> {
  for (const [id, bytes] of sections) yield* frame(bytes === null ? kinds.removed : kinds.section, id, bytes ?? nothing)
  yield* frame(kinds.head, "", Buffer.from(head))
}

const nothing = new Uint8Array(0)

function* frame(kind: number, name: string, bytes: Uint8Array): Generator<Uint8Array> {
  const named = Buffer.from(name)
  const header = Buffer.alloc(frameHeader)
  header.writeUInt8(kind, 0)
  header.writeUInt32LE(named.length, 1)
  header.writeUInt32LE(bytes.length, 5)
  yield header
  yield named
  yield bytes
}

const chunkOf = (pieces: ReadonlyArray<Uint8Array>, number: number, isLast: boolean): Uint8Array => {
  const chunk = Buffer.concat([Buffer.alloc(chunkHeader), ...pieces])
  chunk.writeUInt32LE(chunk.length - 8, 0)
  chunk.writeUInt32LE(number, 8)
  chunk.writeUInt8(isLast ? 1 : 0, 12)
  chunk.writeUInt32LE(crc32(chunk.subarray(8)), 4)
  return chunk
}

/** The chunks that stand one behind the other in these bytes; what is too short for one is left as it is. */
export const split = (bytes: Uint8Array): Chunks => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const chunks: Array<Uint8Array> = []
  for (let from = 0; from < all.length;) {
    const to = from + 8 <= all.length ? from + 8 + all.readUInt32LE(from) : all.length
    chunks.push(all.subarray(from, to))
    from = to
  }
  return chunks
}

/** Reads a part; `null` where a single byte of it is not what was written, or a chunk is missing. */
export const unpack = (chunks: Chunks): Part | null => {
  const bodies = chunks.map((chunk, number) => bodyOf(chunk, number, number === chunks.length - 1))
  if (bodies.length === 0 || bodies.includes(null)) return null
  // None of them is null, as was just looked at.
  const all = Buffer.concat(bodies as ReadonlyArray<Uint8Array>)
  const sections: Array<readonly [id: string, bytes: Uint8Array | null]> = []
  for (let from = 0; from + frameHeader <= all.length;) {
    const nameFrom = from + frameHeader
    const bytesFrom = nameFrom + all.readUInt32LE(from + 1)
    const to = bytesFrom + all.readUInt32LE(from + 5)
    if (to > all.length) return null
    const kind = all.readUInt8(from)
    const bytes = all.subarray(bytesFrom, to)
    if (kind === kinds.head) {
      const head = Option.getOrNull(decodeHead(bytes.toString()))
      if (head === null) return null
      const { isBase, ...said } = head
      return { isBase, head: said, sections }
    }
    sections.push([all.toString("utf8", nameFrom, bytesFrom), kind === kinds.removed ? null : bytes])
    from = to
  }
  return null
}

const bodyOf = (chunk: Uint8Array, number: number, isLast: boolean): Uint8Array | null => {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
  if (bytes.length < chunkHeader || bytes.readUInt32LE(0) !== bytes.length - 8) return null
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return null
  return bytes.readUInt32LE(8) === number && (bytes.readUInt8(12) === 1) === isLast ? bytes.subarray(chunkHeader) : null
}

/** The last state that a chain has whole: its increments count up to the first that is damaged. */
const compose = (chain: Chain): Checkpoint | null => {
  let found: Checkpoint | null = null
  const sections = new Map<string, Uint8Array>()
  for (const [index, chunks] of chain.entries()) {
    const part = unpack(chunks)
    if (part === null || part.isBase !== (index === 0)) break
    for (const [id, bytes] of part.sections) {
      if (bytes === null) sections.delete(id)
      else sections.set(id, bytes)
    }
    found = { ...part.head, sections }
  }
  return found
}

/** Chooses among the chains of a name, newest first: what every store does when it loads. */
export const newestIntact = (name: string, chains: ReadonlyArray<Chain>): Effect.Effect<Option.Option<Checkpoint>, CheckpointError> => {
  for (const chain of chains) {
    const found = compose(chain)
    if (found !== null) return Effect.succeed(Option.some(found))
  }
  if (chains.length === 0) return Effect.succeed(Option.none())
  return Effect.fail(new CheckpointError({ message: `every checkpoint "${name}" is damaged` }))
}

/** The chains of a name, newest first, with one part more. */
export const extended = (chains: ReadonlyArray<Chain>, isBase: boolean, chunks: Chunks): ReadonlyArray<Chain> => {
  if (isBase) return [[chunks], ...chains].slice(0, generations)
  const [newest = [], ...others] = chains
  return [[...newest, chunks], ...others]
}
