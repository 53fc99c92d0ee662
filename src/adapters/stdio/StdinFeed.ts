/** Standard input as a feed: one event a line. */
import { Effect, Layer, Stdio, Stream } from "effect"
import { Feed, FeedError, type Freshness } from "../../streams/ports/Feed.ts"
import * as Lines from "./Lines.ts"

export const name = "stdin"

/** A line has at most so many bytes. Of a longer one the beginning becomes a dead letter, so that it does not fill the memory. */
export const lineLimit = 1_024 * 1_024

/**
 * Cannot be resumed: what has been read from a pipe is gone, so chunks have no position,
 * and a position that is given is of no use.
 */
export const layer: Layer.Layer<Feed, never, Stdio.Stdio> = Layer.effect(
  Feed,
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    return Feed.of({
      name,
      freshness: Effect.succeed<Freshness>({ _tag: "live" }),
      events: () =>
        stdio.stdin.pipe(
          Stream.mapError((cause) =>
            new FeedError({ feed: name, message: `standard input cannot be read: ${cause.message}`, cause })
          ),
          Lines.toChunks(lineLimit)
        )
    })
  })
)
