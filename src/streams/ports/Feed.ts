/**
 * Port: where raw events come from. A feed produces records and knows how fresh they are;
 * it neither decodes nor judges them.
 */
import { Context, Effect, Layer, type Option, Schema, Stream } from "effect"
import type { Chunk } from "../records/Records.ts"

/** What a reader has to know before trusting the newest number on a screen. */
export type Freshness =
  | { readonly _tag: "live" }
  | { readonly _tag: "delayed"; readonly minutes: number }
  | { readonly _tag: "recorded"; readonly date: string; readonly speed: number }
  /** Nothing happens at present: the newest number is the last session's. */
  | { readonly _tag: "closed"; readonly reason: string }
  /** Something may happen and would not be seen. */
  | { readonly _tag: "stale"; readonly reason: string }
  | { readonly _tag: "simulated" }

export class FeedError extends Schema.TaggedError<FeedError>()("FeedError", {
  feed: Schema.String,
  message: Schema.String,
  /** The source answered and has nothing for what was asked: another source would be no substitute. */
  answered: Schema.optionalKey(Schema.Boolean),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class Feed extends Context.Service<Feed, {
  /** Short name of the source, which also names its topic in the log: `yahoo`, `recorded`, `stdin`. */
  readonly name: string
  readonly freshness: Effect.Effect<Freshness>
  /**
   * Asks the source whether there is more, and comes back when it knows: `true` when whatever the source had at that
   * moment has been given to the one who reads {@link events}, as fast as that one takes it; `false` where the source
   * cannot be asked, as while it is out of reach. Only then is silence taken for a quiet market.
   */
  readonly hasGivenAll: Effect.Effect<boolean>
  /**
   * The events from a position on, as {@link Chunk.position} gave it; from the beginning, or
   * from now, without one. The stream ends when the source does.
   */
  readonly events: (position: Option.Option<string>) => Stream.Stream<Chunk, FeedError>
}>()("courant/Feed") {
  /** A feed of given chunks, for tests: a position is the number of chunks already taken. */
  static readonly layerMemory = (chunks: ReadonlyArray<Chunk>): Layer.Layer<Feed> =>
    Layer.succeed(Feed, {
      name: "memory",
      freshness: Effect.succeed<Freshness>({ _tag: "simulated" }),
      // A chunk is given when it is asked for: none is ever under way.
      hasGivenAll: Effect.succeed(true),
      events: (position) =>
        Stream.fromIterable(chunks.map((chunk, index) => ({ ...chunk, position: String(index + 1) }))).pipe(
          Stream.drop(position._tag === "Some" ? Number(position.value) : 0)
        )
    })
}
