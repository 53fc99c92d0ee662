/** Standard input as a feed: one event a line. */
import { Effect, Layer, Stdio, Stream } from "effect"
import { Feed, FeedError, type Freshness } from "../../streams/ports/Feed.ts"
import * as Lines from "../../streams/records/Lines.ts"

export const name = "stdin"

/**
 * Cannot be resumed: what has been read from a pipe is gone, so chunks have no position,
 * and a position that is given is of no use.
 */
export const layer: Layer.Layer<Feed, never, Stdio.Stdio> = Layer.effect(
  Feed,
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    let pieces = 0
    return Feed.of({
      name,
      freshness: Effect.succeed<Freshness>({ _tag: "live" }),
      // What waits in a pipe is read in the next turn of the event loop, also after the process was stopped.
      hasGivenAll: Effect.gen(function*() {
        let before
        do {
          before = pieces
          yield* turn
        } while (pieces > before)
        return true
      }),
      events: () =>
        stdio.stdin.pipe(
          Stream.tap(() => Effect.sync(() => void pieces++)),
          Stream.mapError((cause) =>
            new FeedError({ feed: name, message: `standard input cannot be read: ${cause.message}`, cause })
          ),
          Lines.toChunks(Lines.lineLimit)
        )
    })
  })
)

/** Lets the event loop look for input, and lets those who wait for it take what has come. */
const turn = Effect.repeat(
  Effect.callback<void>((resume) => {
    const immediate = setImmediate(() => resume(Effect.void))
    return Effect.sync(() => clearImmediate(immediate))
  }),
  { times: 2 }
)
