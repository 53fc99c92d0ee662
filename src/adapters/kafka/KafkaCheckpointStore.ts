/**
 * Checkpoints in a compacted topic, sealed and compressed: for a processor that may start again on another host.
 * A name has as many slots as generations are kept, with the keys `NAME#0` and `NAME#1`, written in turn; the header
 * `courant-sequence` tells which is the newer. A checkpoint is one record, so it is whole or not there.
 */
import { Effect, Layer } from "effect"
import { promisify } from "node:util"
import { gunzip, gzip } from "node:zlib"
import { CheckpointError, CheckpointStore, generations, newestIntact, seal } from "../../streams/ports/CheckpointStore.ts"
import type { KafkaError } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import type { Connection } from "./client/Connection.ts"

export interface Options {
  readonly topic: string
}

export const layer = (options: Options): Layer.Layer<CheckpointStore, CheckpointError, Connection> =>
  Layer.effect(CheckpointStore, make(options).pipe(Effect.mapError(toCheckpointError)))

interface Slot {
  readonly sequence: number
  readonly compressed: Buffer
}

const make = Effect.fnUntraced(function*({ topic }: Options) {
  const slots = new Map<string, Slot>()
  const table = yield* CompactedTopic.open({
    topic,
    onRow: ({ header, key, value }) => {
      if (value === null) slots.delete(key)
      else slots.set(key, { sequence: Number(header("courant-sequence")), compressed: Buffer.from(value) })
    }
  })
  const stored = (name: string) =>
    Effect.map(table.catchUp, () =>
      keysOf(name)
        .flatMap((key) => slots.get(key) ?? [])
        .sort((a, b) => b.sequence - a.sequence))

  return CheckpointStore.of({
    save: Effect.fnUntraced(function*(name, checkpoint) {
      const sequence = ((yield* stored(name))[0]?.sequence ?? 0) + 1
      const value = yield* Effect.promise(() => compress(seal(checkpoint)))
      const key = `${name}#${sequence % generations}`
      yield* table.put([{ key, value, headers: { "courant-sequence": String(sequence) } }])
    }, Effect.mapError(toCheckpointError)),
    load: (name, fingerprint) =>
      stored(name).pipe(
        Effect.mapError(toCheckpointError),
        Effect.flatMap((found) => Effect.promise(() => Promise.all(found.map(({ compressed }) => decompress(compressed))))),
        Effect.flatMap((sealed) => newestIntact(name, fingerprint, sealed))
      ),
    remove: (name) =>
      table.put(keysOf(name).map((key) => ({ key, value: null }))).pipe(Effect.mapError(toCheckpointError))
  })
})

const keysOf = (name: string): ReadonlyArray<string> => Array.from({ length: generations }, (_, slot) => `${name}#${slot}`)

const compress = promisify<string, Buffer>(gzip)

/** What cannot be decompressed is damaged: a text whose checksum is wrong. */
const decompress = (compressed: Buffer): Promise<string> =>
  promisify<Buffer, Buffer>(gunzip)(compressed).then((sealed) => sealed.toString(), () => "")

function toCheckpointError(error: KafkaError): CheckpointError {
  return new CheckpointError({ message: error.message, cause: error })
}
