/**
 * Port: what could not be used, kept with its original bytes, where it stood and why, so
 * that it can be looked at, exported, mended and tried again. Late events are kept here
 * too: being refused by a closed window is an output, never a line in a log.
 */
import { Context, Effect, Layer, Schema } from "effect"
import type { Reason } from "../records/Refusal.ts"
import { byCodePoints } from "../records/StringOrder.ts"

/** A dead letter is identified by topic, partition, offset and pipeline: writing it twice changes nothing. */
export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The pipeline that refused it; `null` where it could not even be decoded. */
  readonly pipeline: string | null
  readonly reason: Reason
  /** What is wrong, in words for a person. */
  readonly detail: string
  readonly bytes: Uint8Array
}

export interface Query {
  readonly reason?: Reason
  /** The first so many. */
  readonly limit?: number
}

export class DeadLettersError extends Schema.TaggedError<DeadLettersError>()("DeadLettersError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class DeadLetters extends Context.Service<DeadLetters, {
  readonly write: (letters: ReadonlyArray<DeadLetter>) => Effect.Effect<void, DeadLettersError>
  /** In the order of topic, partition, offset, pipeline: no pipeline first, texts by code points. */
  readonly read: (query: Query) => Effect.Effect<ReadonlyArray<DeadLetter>, DeadLettersError>
  /** Forgets letters that have been dealt with. */
  readonly remove: (letters: ReadonlyArray<DeadLetter>) => Effect.Effect<void, DeadLettersError>
}>()("courant/DeadLetters") {
  static readonly layerMemory: Layer.Layer<DeadLetters> = Layer.sync(DeadLetters, () => {
    const letters = new Map<string, DeadLetter>()
    return DeadLetters.of({
      write: (added) =>
        Effect.sync(() => {
          for (const letter of added) letters.set(identity(letter), { ...letter, bytes: letter.bytes.slice() })
        }),
      read: ({ limit, reason }) =>
        Effect.sync(() =>
          [...letters.values()]
            .filter((letter) => reason === undefined || letter.reason === reason)
            .sort(inOrder)
            .slice(0, limit === undefined ? undefined : Math.max(0, limit))
        ),
      remove: (gone) =>
        Effect.sync(() => {
          for (const letter of gone) letters.delete(identity(letter))
        })
    })
  })
}

const identity = (letter: DeadLetter): string =>
  JSON.stringify([letter.topic, letter.partition, letter.offset, letter.pipeline])

export const inOrder = (a: DeadLetter, b: DeadLetter): number =>
  byCodePoints(a.topic, b.topic) || a.partition - b.partition || a.offset - b.offset ||
  Number(a.pipeline !== null) - Number(b.pipeline !== null) || byCodePoints(a.pipeline ?? "", b.pipeline ?? "")
