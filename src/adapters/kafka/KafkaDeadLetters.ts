/**
 * Dead letters in a compacted topic. The key is the letter's identity as JSON, `[topic, partition, offset, pipeline]`,
 * the value its original bytes; headers `topic`, `partition`, `offset`, `pipeline` (absent for none), `reason` and
 * `detail` say the rest. Removing writes a tombstone.
 *
 * All letters are held in memory once they have been read.
 */
import { Effect, Layer } from "effect"
import { type DeadLetter, DeadLetters, DeadLettersError, inOrder } from "../../streams/ports/DeadLetters.ts"
import { Reason } from "../../streams/records/Refusal.ts"
import type { KafkaError } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import type { Connection } from "./client/Connection.ts"

export interface Options {
  readonly topic: string
}

export const layer = (options: Options): Layer.Layer<DeadLetters, DeadLettersError, Connection> =>
  Layer.effect(DeadLetters, make(options).pipe(Effect.mapError(toLettersError)))

const make = Effect.fnUntraced(function*({ topic }: Options) {
  const letters = new Map<string, DeadLetter>()
  const table = yield* CompactedTopic.open({
    topic,
    onRow: (row) => {
      const letter = toLetter(row)
      if (letter === null) letters.delete(row.key)
      else letters.set(row.key, letter)
    }
  })

  return DeadLetters.of({
    write: (added) => table.put(added.map(toRow)).pipe(Effect.mapError(toLettersError)),
    read: ({ limit, reason }) =>
      table.catchUp.pipe(
        Effect.map(() =>
          [...letters.values()]
            .filter((letter) => reason === undefined || letter.reason === reason)
            .sort(inOrder)
            .slice(0, limit === undefined ? undefined : Math.max(0, limit))
        ),
        Effect.mapError(toLettersError)
      ),
    remove: (gone) =>
      table.put(gone.map((letter) => ({ key: keyOf(letter), value: null }))).pipe(Effect.mapError(toLettersError))
  })
})

const keyOf = ({ offset, partition, pipeline, topic }: DeadLetter): string =>
  JSON.stringify([topic, partition, offset, pipeline])

const toRow = (letter: DeadLetter): CompactedTopic.NewRow => ({
  key: keyOf(letter),
  // A copy: the bytes are the log's, and may be reused before they are sent.
  value: letter.bytes.slice(),
  headers: {
    topic: letter.topic,
    partition: String(letter.partition),
    offset: String(letter.offset),
    ...(letter.pipeline === null ? {} : { pipeline: letter.pipeline }),
    reason: letter.reason,
    detail: letter.detail
  }
})

/** `null` for a tombstone, and for what is none of ours. */
const toLetter = ({ header, value }: CompactedTopic.Row): DeadLetter | null => {
  const reason = Reason.literals.find((known) => known === header("reason"))
  if (value === null || reason === undefined) return null
  return {
    topic: header("topic") ?? "",
    partition: Number(header("partition")),
    offset: Number(header("offset")),
    pipeline: header("pipeline"),
    reason,
    detail: header("detail") ?? "",
    bytes: Uint8Array.from(value)
  }
}

function toLettersError(error: KafkaError): DeadLettersError {
  return new DeadLettersError({ message: error.message, cause: error })
}
