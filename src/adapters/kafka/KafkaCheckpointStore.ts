/**
 * Checkpoints in a compacted topic, compressed: for a processor that may start again on another host. Each chunk of a part is
 * a record with the key `NAME#CHAIN.PART.CHUNK`. A part counts when its last chunk is there, which is written when all others
 * are; chains that no generation needs any more are taken away by records without values.
 */
import { Effect, Layer, Schema } from "effect"
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { type Chain, type Chunks, generations, newestIntact, pack } from "../../streams/ports/CheckpointParts.ts"
import { CheckpointError, Head, type Part } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { KafkaError } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import { Connection } from "./client/Connection.ts"

export interface Options {
  readonly topic: string
}

export const layer = (options: Options): Layer.Layer<CheckpointStore, CheckpointError, Connection> =>
  Layer.effect(CheckpointStore, make(options).pipe(Effect.mapError(toCheckpointError)))

/** Where a chunk belongs. */
interface Place {
  readonly name: string
  readonly chain: number
  readonly part: number
  readonly chunk: number
}

const keyOf = ({ chain, chunk, name, part }: Place): string => `${name}#${chain}.${part}.${chunk}`

const placeIn = (key: string): Place | null => {
  const [, name, chain, part, chunk] = /^(.*)#(\d+)\.(\d+)\.(\d+)$/su.exec(key) ?? []
  return name === undefined ? null : { name, chain: Number(chain), part: Number(part), chunk: Number(chunk) }
}

interface Stored extends Place {
  readonly compressed: Buffer | null
  /** That of its part, with the last chunk. */
  readonly head: string | null
}

const headHeader = "courant-head"

const make = Effect.fnUntraced(function*({ topic }: Options) {
  const connection = yield* Connection
  const table = yield* CompactedTopic.open({ topic, onRow: () => {} })
  const known = new Map<string, Known>()

  const chunks = (keep: (name: string) => boolean) =>
    Effect.map(Effect.provideService(Effect.scoped(scan(topic, keep)), Connection, connection), (found) => [...found.values()])

  const know = (name: string, found: ReadonlyArray<Stored>) => {
    const places = found.filter((place) => place.name === name)
    const bases = places.flatMap(({ chain, head, part }) => head !== null && part === 0 ? [chain] : [])
    const all: Known = { places: [...places], bases: new Set(bases) }
    known.set(name, all)
    return all
  }
  const knownOf = (name: string) =>
    Effect.suspend(() => {
      const found = known.get(name)
      return found === undefined ? Effect.map(chunks(() => false), (all) => know(name, all)) : Effect.succeed(found)
    })

  const forget = Effect.fnUntraced(function*({ places }: Known, isGone: (place: Place) => boolean) {
    yield* table.put(places.filter(isGone).map((place) => ({ key: keyOf(place), value: null })))
    places.splice(0, places.length, ...places.filter((place) => !isGone(place)))
  })

  const save = Effect.fnUntraced(function*(name: string, part: Part) {
    const all = yield* knownOf(name)
    const newest = all.places.reduce((most, { chain }) => Math.max(most, chain), 0)
    const chain = part.isBase ? newest + 1 : newest
    const number = all.places.reduce((most, place) => place.chain === chain ? Math.max(most, place.part + 1) : most, 0)
    let chunk = 0
    for (const { bytes, isLast } of marked(pack(part))) {
      const place = { name, chain, part: number, chunk: chunk++ }
      const value = yield* Effect.promise(() => compress(bytes))
      all.places.push(place)
      yield* table.put([{ key: keyOf(place), value, headers: isLast ? { [headHeader]: encodeHead(part.head) } : {} }])
    }
    if (!part.isBase) return
    all.bases.add(chain)
    // One that failed half way is no generation.
    const kept = [...all.bases].sort((a, b) => b - a).slice(0, generations)
    yield* forget(all, (place) => !kept.includes(place.chain))
  })

  const load = Effect.fnUntraced(function*(name: string) {
    const found = (yield* chunks((other) => other === name)).filter((place) => place.name === name)
    know(name, found)
    const decompressed = yield* Effect.forEach(found, ({ compressed, ...place }) =>
      Effect.map(Effect.promise(() => decompress(compressed)), (bytes) => ({ ...place, bytes })))
    return chainsOf(decompressed)
  })

  return CheckpointStore.of({
    save: (name, part) => Effect.mapError(save(name, part), toCheckpointError),
    load: (name) => Effect.flatMap(Effect.mapError(load(name), toCheckpointError), (chains) => newestIntact(name, chains)),
    heads: Effect.mapBoth(chunks(() => false), { onSuccess: headsIn, onFailure: toCheckpointError }),
    remove: (name) => Effect.flatMap(knownOf(name), (all) => forget(all, () => true)).pipe(Effect.mapError(toCheckpointError))
  })
})

/** What there is of a name: known from the first save or load on. */
interface Known {
  /** Of each chunk. */
  readonly places: Array<Place>
  /** Chains whose base is whole. */
  readonly bases: Set<number>
}

/** Reads the topic from its beginning, and keeps nothing of it: what is large there is read once a start. */
const scan = Effect.fnUntraced(function*(topic: string, keep: (name: string) => boolean) {
  const found = new Map<string, Stored>()
  const reading = yield* CompactedTopic.open({
    topic,
    onRow: ({ header, key, value }) => {
      const place = placeIn(key)
      if (value === null || place === null) found.delete(key)
      else found.set(key, { ...place, head: header(headHeader), compressed: keep(place.name) ? Buffer.from(value) : null })
    }
  })
  yield* reading.catchUp
  return found
})

const headsIn = (all: ReadonlyArray<Stored>): ReadonlyMap<string, Head> =>
  new Map([...all].sort(byAge).flatMap(({ head, name }) => head === null ? [] : [[name, decodeHead(head)] as const]))

const encodeHead = Schema.encodeSync(Schema.fromJsonString(Head))
const decodeHead = Schema.decodeSync(Schema.fromJsonString(Head))

const byAge = (a: Place, b: Place): number => a.chain - b.chain || a.part - b.part

/** Of each whether it is the last. */
function* marked(chunks: Iterable<Uint8Array>): Generator<{ readonly bytes: Uint8Array; readonly isLast: boolean }> {
  let before: Uint8Array | null = null
  for (const bytes of chunks) {
    if (before !== null) yield { bytes: before, isLast: false }
    before = bytes
  }
  if (before !== null) yield { bytes: before, isLast: true }
}

/** Newest first, parts and chunks in their order. */
const chainsOf = (stored: ReadonlyArray<Place & { readonly bytes: Uint8Array }>): ReadonlyArray<Chain> =>
  [...Map.groupBy(stored, ({ chain }) => chain)]
    .sort(([a], [b]) => b - a)
    .map(([, inChain]) =>
      [...Map.groupBy(inChain, ({ part }) => part)]
        .sort(([a], [b]) => a - b)
        .map(([, inPart]): Chunks => inPart.sort((a, b) => a.chunk - b.chunk).map(({ bytes }) => bytes)))

const compress = promisify<Uint8Array, Buffer>(gzip)

/** What cannot be decompressed is damaged: bytes whose checksum is wrong. */
const decompress = (compressed: Buffer | null): Promise<Uint8Array> =>
  compressed === null ? Promise.resolve(nothing) : promisify<Buffer, Buffer>(gunzip)(compressed).catch(() => nothing)

const nothing = new Uint8Array(0)

function toCheckpointError(error: KafkaError): CheckpointError {
  return new CheckpointError({ message: error.message, cause: error })
}
