/**
 * A feed of live prices from Yahoo Finance: the bars of the current or last session first,
 * then ticks, polled and from the stream.
 *
 * A tick here is not one trade: it is the price of the newest trade with all that was
 * traded since the tick before. Prices are as Yahoo quotes them, those in London in pence.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Clock, Duration, Effect, Latch, Layer, Option, Stream } from "effect"
import * as MarketSymbol from "../../domain/MarketSymbol.ts"
import { Feed, FeedError } from "../../streams/ports/Feed.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import * as Client from "./Client.ts"
import { noAnswer } from "./Failure.ts"
import * as Ledger from "./Ledger.ts"
import * as Poller from "./Poller.ts"
import * as PricingData from "./PricingData.ts"
import * as Status from "./Status.ts"
import * as Streamer from "./Streamer.ts"

export interface Options extends Client.Options {
  readonly symbols: ReadonlyArray<string>
  /**
   * How often quotes are asked for while a market is open, 5 seconds unless told. It is six
   * times as long while the stream delivers, and while all markets are closed.
   */
  readonly pollInterval?: Duration.Input
  /** The address of the stream; `false` for polling alone. */
  readonly streamUrl?: string | false
}

/**
 * Yahoo Finance as a {@link Feed} named `yahoo`. Building it asks for a first quote, within
 * three seconds, and fails where there is no answer, or where Yahoo has a price for none of
 * the symbols; the message is one line that says why. From then on it does not fail: while
 * Yahoo cannot be reached the feed is stale, goes on trying, and then catches up with bars.
 */
export const layer = (options: Options): Layer.Layer<Feed, FeedError> => Layer.effect(Feed, make(options))

/** The feed of {@link layer}; building it is also the test whether Yahoo Finance can be reached. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const symbols = yield* checked(options.symbols)
  const client = yield* Client.make(options)
  const status = Status.make()
  const reported = new Set<string>()

  const answer = yield* client.quotes(symbols).pipe(
    Effect.timeoutOrElse({ duration: "3 seconds", orElse: () => Effect.fail(noAnswer("3 seconds")) }),
    Effect.catch(({ message }) => fail(`Yahoo Finance cannot be reached (${message})`))
  )
  const quotes = yield* Poller.usable({ reported, symbols }, answer)
  if (quotes.length === 0) {
    const message = `Yahoo Finance has a price for none of the symbols ${symbols.join(", ")}`
    return yield* new FeedError({ feed: "yahoo", message, answered: true })
  }
  Status.update(status, quotes)
  const freshness = Effect.map(Clock.currentTimeMillis, (now) => Status.freshness(status, now))

  return Feed.of({
    name: "yahoo",
    freshness,
    // A poll that is overdue has not been answered yet: the process was stopped, or Yahoo is slow.
    hasGivenAll: Effect.zipWith(freshness, MonotonicTime.millis, ({ _tag }, now) =>
      _tag !== "stale" && now <= status.dueAt + patience),
    events: (position) =>
      Stream.unwrap(Effect.map(resumed(position), (ledger) =>
        events({ client, ledger, options, reported, status, symbols })))
  })
})

/** Milliseconds that the answer to a poll takes at most, unless something is wrong. */
const patience = 2_000

/** Polls and stream together, booked in one order. */
const events = ({ client, ledger, options, reported, status, symbols }: {
  readonly client: Client.Client
  readonly ledger: Ledger.Ledger
  readonly options: Options
  readonly reported: Set<string>
  readonly status: Status.Status
  readonly symbols: ReadonlyArray<string>
}): Stream.Stream<Chunk> => {
  const dropped = Latch.makeUnsafe(false)
  const interval = Duration.fromInputUnsafe(options.pollInterval ?? "5 seconds")
  let current = ledger
  const polled = Poller.news({ client, dropped, interval, ledger: () => current, reported, status, symbols })
  const url = options.streamUrl ?? Streamer.defaultUrl
  const news = url === false ? polled : Stream.merge(polled, streamed({ dropped, status, symbols, url }))
  return Stream.flattenIterable(Stream.map(news, (news) => {
    const [next, chunks] = Ledger.book(current, news)
    current = next
    return chunks
  }))
}

/** The stream's prices of the regular session, a tenth of a second's at a time. */
const streamed = ({ dropped, status, symbols, url }: {
  readonly dropped: Latch.Latch
  readonly status: Status.Status
  readonly symbols: ReadonlyArray<string>
  readonly url: string
}): Stream.Stream<Ledger.News> =>
  Streamer.prices({
    symbols,
    url,
    // A connection that never delivered leaves nothing for polling to take over.
    dropped: Effect.suspend(() => {
      if (status.lastFrame === -Infinity) return Effect.void
      status.lastFrame = -Infinity
      return Effect.asVoid(dropped.open)
    })
  }).pipe(
    Stream.filter(({ marketHours }) => marketHours === PricingData.regularHours),
    Stream.tap(() =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        status.lastFrame = now
      })
    ),
    Stream.groupedWithin(512, "100 millis"),
    Stream.map((prices) => ({
      _tag: "observed" as const,
      observations: prices.map(({ dayVolume, id, price, time }) => ({
        symbol: id,
        time,
        price,
        volume: dayVolume
      }))
    })),
    Stream.provide(NodeSocket.layerWebSocketConstructor)
  )

const checked = (symbols: ReadonlyArray<string>) => {
  if (symbols.length === 0) return fail("no symbols were given")
  return Effect.forEach(new Set(symbols), (symbol) =>
    MarketSymbol.pattern.test(symbol) ? Effect.succeed(symbol) : fail(MarketSymbol.refusal(symbol)))
}

const resumed = Option.match({
  onNone: () => Effect.succeed(Ledger.empty),
  onSome: (position: string) =>
    Effect.catch(Ledger.fromPosition(position), () => fail("the position in the log is none of this feed"))
})

const fail = (message: string) => Effect.fail(new FeedError({ feed: "yahoo", message }))
