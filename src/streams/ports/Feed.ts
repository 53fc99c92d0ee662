/**
 * Port: where raw events come from. A feed produces records and knows how fresh they are;
 * it neither decodes nor judges them.
 */
import { Context, Effect, Layer, Option, Schema, Stream } from "effect"
import { type Chunk, fromBytes, Kind } from "../records/Records.ts"
import { toJson } from "../records/RowJson.ts"
import { messageOf } from "./Cause.ts"

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

/** How a feed that plays what has happened before gives it. */
export interface Pace {
  readonly paused: boolean
  /** How many times as fast as it happened; `Infinity` is as fast as possible. */
  readonly speed: number
}

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
  /** Of a feed that plays what has happened before. */
  readonly control?: {
    readonly pace: Effect.Effect<Pace>
    /** Takes effect at once. The speed is above 0. */
    readonly change: (pace: Partial<Pace>) => Effect.Effect<void>
  }
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

  /**
   * A feed of any stream: of lines, as strings or bytes, or of rows, which become a line of JSON each. It is read as fast as
   * the log takes it, and a failure ends the run.
   *
   * A stream cannot be asked to go on from somewhere: each start reads it from its beginning. One that gives the same
   * elements each time is `repeatable`: a log that keeps a part of it gets only the rest.
   */
  static readonly fromStream = <A extends string | object, E, R>(
    stream: Stream.Stream<A, E, R>,
    options: {
      /** `stream` by default. */
      readonly name?: string
      /** Live by default. */
      readonly freshness?: Freshness
      readonly repeatable?: boolean
    } = {}
  ): Layer.Layer<Feed, never, R> =>
    Layer.effect(
      Feed,
      Effect.gen(function*() {
        const context = yield* Effect.context<R>()
        const { freshness = { _tag: "live" }, name = "stream", repeatable = false } = options
        const chunksFrom = (given: number) =>
          stream.pipe(
            Stream.drop(given),
            Stream.provideContext(context),
            Stream.mapError((cause) => new FeedError({ feed: name, message: `the stream failed: ${messageOf(cause)}`, cause })),
            Stream.mapAccumArray(() => given, (before, elements) => {
              const after = before + elements.length
              return [after, [chunkOf(elements, repeatable ? String(after) : undefined)]]
            })
          )
        return Feed.of({
          name,
          freshness: Effect.succeed(freshness),
          // It is waited for whenever nothing is appended: what it has is never under way.
          hasGivenAll: Effect.succeed(true),
          events: (position) => chunksFrom(repeatable ? Number(Option.getOrElse(position, () => 0)) : 0)
        })
      })
    )
}

const encoder = new TextEncoder()

const chunkOf = (elements: ReadonlyArray<string | object>, position: string | undefined): Chunk =>
  fromBytes(elements.map(bytesOf), elements.map(() => Kind.event), position)

const bytesOf = (element: string | object): Uint8Array =>
  element instanceof Uint8Array ? element : encoder.encode(typeof element === "string" ? element : toJson(element))
