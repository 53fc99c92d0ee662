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

export interface LatestQuery {
  /** Only those that this pipeline has refused. */
  readonly pipeline?: string
  /** The newest so many. */
  readonly limit: number
}

export interface Latest {
  /** How many there are for each reason that there is, in the order of reasons. */
  readonly byReason: ReadonlyArray<{ readonly reason: Reason; readonly count: number }>
  /** Those that were written last, the newest first. */
  readonly latest: ReadonlyArray<DeadLetter>
}

export class DeadLettersError extends Schema.TaggedError<DeadLettersError>()("DeadLettersError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class DeadLetters extends Context.Service<DeadLetters, {
  readonly write: (letters: ReadonlyArray<DeadLetter>) => Effect.Effect<void, DeadLettersError>
  /** In the order of topic, partition, offset, pipeline: no pipeline first, texts by code points. */
  readonly read: (query: Query) => Effect.Effect<ReadonlyArray<DeadLetter>, DeadLettersError>
  /** How many there are, and what came last. Without it {@link latestOf} looks at the first 10,000. */
  readonly latest?: (query: LatestQuery) => Effect.Effect<Latest, DeadLettersError>
  /** Forgets letters that have been dealt with. */
  readonly remove: (letters: ReadonlyArray<DeadLetter>) => Effect.Effect<void, DeadLettersError>
}>()("courant/DeadLetters") {
  static readonly layerMemory: Layer.Layer<DeadLetters> = Layer.sync(DeadLetters, () => {
    const letters = new Map<string, DeadLetter>()
    return DeadLetters.of({
      write: (added) =>
        Effect.sync(() => {
          for (const letter of added) {
            letters.delete(identity(letter))
            letters.set(identity(letter), { ...letter, bytes: letter.bytes.slice() })
          }
        }),
      latest: (query) => Effect.sync(() => latestAmong([...letters.values()], query)),
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

/** What a query gives, of a sink that knows, or of the first letters that it has. */
export const latestOf = (letters: DeadLetters["Service"], query: LatestQuery): Effect.Effect<Latest, DeadLettersError> =>
  letters.latest === undefined
    ? Effect.map(letters.read({ limit: mostLookedAt }), (all) => latestAmong(all, query))
    : letters.latest(query)

const mostLookedAt = 10_000

/** What a query gives, of letters in the order in which they were written. */
export const latestAmong = (letters: ReadonlyArray<DeadLetter>, { limit, pipeline }: LatestQuery): Latest => {
  const own = letters.filter((letter) => pipeline === undefined || letter.pipeline === pipeline)
  const byReason = Array.from(Map.groupBy(own, ({ reason }) => reason), ([reason, all]) => ({ reason, count: all.length }))
  return {
    byReason: byReason.sort((a, b) => byCodePoints(a.reason, b.reason)),
    latest: own.slice(Math.max(0, own.length - Math.max(0, limit))).reverse()
  }
}

const identity = (letter: DeadLetter): string =>
  JSON.stringify([letter.topic, letter.partition, letter.offset, letter.pipeline])

export const inOrder = (a: DeadLetter, b: DeadLetter): number =>
  byCodePoints(a.topic, b.topic) || a.partition - b.partition || a.offset - b.offset ||
  Number(a.pipeline !== null) - Number(b.pipeline !== null) || byCodePoints(a.pipeline ?? "", b.pipeline ?? "")
