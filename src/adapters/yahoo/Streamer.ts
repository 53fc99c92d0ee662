/**
 * Yahoo Finance's stream of prices: a WebSocket (`wss://streamer.finance.yahoo.com/?version=2`)
 * that is sent `{"subscribe":["AAPL"]}`, again every 15 seconds, and sends JSON whose
 * `message` is a {@link PricingData} in base64.
 */
import { Effect, Option, Schedule, Schema, Stream } from "effect"
import { Base64 } from "effect/encoding"
import { Socket } from "effect/socket"
import * as RetryPolicy from "../../streams/ports/RetryPolicy.ts"
import * as PricingData from "./PricingData.ts"

export const defaultUrl = "wss://streamer.finance.yahoo.com/?version=2"

/**
 * Prices as they come. It never ends or fails: a connection that drops or cannot be had is
 * tried again after a while that grows from one second to two minutes, and `dropped` is run.
 */
export const prices = ({ dropped, symbols, url }: {
  readonly url: string
  readonly symbols: ReadonlyArray<string>
  readonly dropped: Effect.Effect<void>
}): Stream.Stream<PricingData.PricingData, never, Socket.WebSocketConstructor> =>
  connection(url, JSON.stringify({ subscribe: symbols })).pipe(
    Stream.tapError(() => dropped),
    Stream.retry(backOff),
    Stream.orDie
  )

const backOff = RetryPolicy.backOff({ first: "1 second", longest: "2 minutes" })

/** One connection's prices. It always ends in a failure, be it that the server closed it in good order. */
const connection = (url: string, subscription: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const socket = yield* Socket.makeWebSocket(url, { openTimeout: "5 seconds", highWaterMark: 1 << 20 })
    const pull = yield* Socket.readerString(socket)
    const { write } = yield* socket.writer
    yield* write(subscription).pipe(
      Effect.repeat(Schedule.spaced("15 seconds")),
      // A connection that cannot be written to is found broken by the reader.
      Effect.ignore,
      Effect.forkScoped
    )
    return Stream.flattenIterable(
      Stream.fromEffectRepeat(Effect.map(pull, (frames) => frames.flatMap((frame) => Option.toArray(decode(frame)))))
    )
  }))

const Envelope = Schema.fromJsonString(Schema.Struct({ message: Schema.String }))

/** The price in a frame; nothing in frames of another kind. */
export const decode = (frame: string): Option.Option<PricingData.PricingData> =>
  Schema.decodeOption(Envelope)(frame).pipe(
    Option.flatMap(({ message }) => Option.getSuccess(Base64.decode(message))),
    Option.flatMap(PricingData.decode)
  )
