/**
 * The laws of the port {@link Feed}, for a feed that ends: a recording, a file, or an outside
 * system that a test stands in for. Every build of the layer gives the same events.
 */
import { Effect, type Layer, Option, Stream } from "effect"
import { Feed } from "../streams/ports/Feed.ts"
import { type Chunk, Kind, valueAt } from "../streams/records/Records.ts"
import { Effort, holds, LawBroken, type Laws, on, type Options, same, testLaws } from "./Law.ts"

export const suite = (name: string, fresh: Layer.Layer<Feed, unknown>, options?: Options<Feed>): void =>
  testLaws(`Feed: ${name}`, laws, {}, fresh, options)

export const laws: Laws<Feed> = {
  "ends, and gives chunks whose records lie within their bytes": (fresh) =>
    on(fresh, Effect.gen(function*() {
      for (const chunk of yield* events(Option.none())) {
        holds(
          [chunk.starts, chunk.ends, chunk.kinds].every((column) => column.length >= chunk.length),
          "every record of a chunk has a start, an end and a kind"
        )
        for (let i = 0; i < chunk.length; i++) {
          const start = chunk.starts[i] ?? -1
          const end = Math.max(start, chunk.ends[i] ?? -1)
          holds(start >= 0 && end <= chunk.bytes.length, `record ${i} is out of bounds`)
          holds(kinds.includes(chunk.kinds[i]), `record ${i} has no kind`)
        }
      }
    })),

  // Each position is tried on a feed of its own: a restart is a new process.
  "events from a position on are the tail of the events from the beginning": (fresh) =>
    Effect.gen(function*() {
      const all = yield* on(fresh, events(Option.none()))
      let seen = 0
      for (const chunk of all) {
        seen += chunk.length
        if (chunk.position === undefined) continue
        const rest = yield* on(fresh, events(Option.some(chunk.position)))
        same(rest.flatMap(records), all.flatMap(records).slice(seen), `from position ${chunk.position}`)
      }
    }),

  "says that it has given all when it has been read to its end, unless it is stale": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const feed = yield* Feed
      const { patience } = yield* Effort
      yield* events(Option.none())
      const hasGivenAll = yield* feed.hasGivenAll.pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.fail(new LawBroken({ message: "the feed does not say whether it has given all" }))
        })
      )
      holds(hasGivenAll === ((yield* feed.freshness)._tag !== "stale"), `it says ${hasGivenAll}`)
    })),

  "has a name that can name a topic, and knows its freshness": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const feed = yield* Feed
      holds(/^[a-z0-9._-]{1,64}$/.test(feed.name), `${feed.name} cannot name a topic`)
      holds(freshnesses.includes((yield* feed.freshness)._tag), "freshness is one of those of the port")
    }))
}

const kinds: ReadonlyArray<unknown> = Object.values(Kind)
const freshnesses = ["live", "delayed", "recorded", "closed", "stale", "simulated"]

const events = Effect.fnUntraced(function*(position: Option.Option<string>) {
  const feed = yield* Feed
  const { patience } = yield* Effort
  return yield* Stream.runCollect(feed.events(position)).pipe(
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(new LawBroken({ message: "the feed does not end" }))
    })
  )
})

const records = (chunk: Chunk): ReadonlyArray<readonly [kind: number | undefined, bytes: Buffer | null]> =>
  Array.from({ length: chunk.length }, (_, i) => [
    chunk.kinds[i],
    (chunk.ends[i] ?? 0) < (chunk.starts[i] ?? 0) ? null : Buffer.from(valueAt(chunk, i))
  ])
