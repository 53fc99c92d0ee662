/**
 * Yahoo Finance through yahoo-finance2, as effects. What the library lacks is added around
 * it: failures in words, a limit to the number of requests, a circuit breaker, a crumb that
 * is renewed when it has gone bad, and no URL (they carry the crumb) in any log.
 */
import { Effect, Option, Schedule, Schema } from "effect"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import YahooFinance from "yahoo-finance2"
import * as Failure from "./Failure.ts"
import * as Responses from "./Responses.ts"

export interface Options {
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
  /** The host that answers queries, `query2.finance.yahoo.com` unless told. */
  readonly queryHost?: string
}

export interface Quotes {
  readonly quotes: ReadonlyArray<Responses.Quote>
  /** Symbols of entries that are not of the known form. */
  readonly unreadable: ReadonlyArray<string>
}

export interface Client {
  /** The quotes of those symbols that Yahoo knows. One request for all, which needs a crumb. */
  readonly quotes: (symbols: ReadonlyArray<string>) => Effect.Effect<Quotes, Failure.Failure>
  /** A symbol's rows in `[from, to)`, in milliseconds since the epoch. Passing failures are retried, unless it is asked for once. */
  readonly chart: (symbol: string, range: {
    readonly interval: "1m" | "1d"
    readonly from: number
    readonly to: number
    readonly once?: boolean
  }) => Effect.Effect<Responses.Chart, Failure.Failure>
}

export const make = Effect.fnUntraced(function*(options: Options) {
  const guarded = yield* makeGuard
  let library = connect(options)

  const call = <A>(request: (library: Library, signal: AbortSignal) => Promise<A>): Effect.Effect<A, Failure.Failure> =>
    guarded(Effect.tryPromise({ try: (signal) => request(library, signal), catch: Failure.fromUnknown }))

  const renewCrumb = Effect.sync(() => void (library = connect(options)))

  const quotes: Client["quotes"] = Effect.fnUntraced(function*(symbols) {
    const answer = yield* call((library, signal) => library.quote([...symbols], {}, unvalidated(signal))).pipe(
      // A crumb that has expired is renewed once; when a fresh one is refused too it is no use asking again.
      Effect.tapError(({ reason }) => reason === "crumb" ? renewCrumb : Effect.void),
      Effect.retry({ times: 1, while: ({ reason }) => reason === "crumb" })
    )
    const entries = yield* decode(Schema.Array(Schema.Unknown), "the quotes")(answer)
    const quotes: Array<Responses.Quote> = []
    const unreadable: Array<string> = []
    for (const entry of entries) {
      Option.match(decodeQuote(entry), {
        onNone: () => unreadable.push(symbolOf(entry)),
        onSome: (quote) => quotes.push(quote)
      })
    }
    return { quotes, unreadable }
  })

  const chart: Client["chart"] = Effect.fnUntraced(function*(symbol, { from, interval, once = false, to }) {
    const answer = yield* call((library, signal) =>
      // The library makes it part of the address as it is.
      library.chart(encodeURIComponent(symbol), {
        interval,
        period1: new Date(from),
        period2: new Date(to),
        includePrePost: false,
        events: "div|split",
        return: "object"
      }, unvalidated(signal))
    ).pipe(Effect.retry({ schedule: shortBackOff, while: (failure) => !once && Failure.isPassing(failure) }))
    return yield* decode(Responses.Chart, `the chart of ${symbol}`)(answer)
  })

  return { chart, quotes } satisfies Client
})

type Library = InstanceType<typeof YahooFinance>

/**
 * A library instance with cookies, and so a crumb, of its own. Instances share one jar by
 * default, and the library keeps the crumb of a jar for as long as the jar lives.
 */
const connect = ({ fetch = globalThis.fetch, queryHost }: Options): Library => {
  const options = {
    fetch: Failure.refusing(fetch),
    logger: silent,
    suppressNotices: ["yahooSurvey" as const],
    validation: { logErrors: false, logOptionsErrors: false },
    versionCheck: false,
    ...(queryHost === undefined ? {} : { YF_QUERY_HOST: queryHost })
  }
  const { cookieJar } = new YahooFinance(options)._opts
  if (cookieJar === undefined) return new YahooFinance(options)
  // The class of the jar is not exported, and the library accepts an instance of no other.
  return new YahooFinance({ ...options, cookieJar: Reflect.construct(cookieJar.constructor, []) })
}

const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, dir: () => {} }

/** Answers are decoded here, so that a change of a field nobody uses breaks nothing. */
const unvalidated = (signal: AbortSignal) => ({ validateResult: false as const, fetchOptions: { signal } })

const decode = <A>(schema: Schema.Decoder<A>, what: string) => (answer: unknown): Effect.Effect<A, Failure.Failure> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(schema)(answer),
    () => new Failure.Failure({ reason: "not-understood", message: `${what} came in a form that is not known` })
  )

const decodeQuote = Schema.decodeUnknownOption(Responses.Quote)

const symbolOf = (entry: unknown): string =>
  Option.match(Schema.decodeUnknownOption(Schema.Struct({ symbol: Schema.String }))(entry), {
    onNone: () => "an entry without a symbol",
    onSome: ({ symbol }) => symbol
  })

/** Three more tries within some ten seconds. */
const shortBackOff = Schedule.upTo(Failure.backOff({ first: "1 second", longest: "4 seconds" }), { times: 3 })

/**
 * Every request takes a token (60 a minute) and may take ten seconds. After three failures
 * in a row nothing is asked for a while, longer each time, or as long as Yahoo said.
 */
const makeGuard = Effect.gen(function*() {
  const limited = yield* RateLimiter.makeWithRateLimiter
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(3),
    openDuration: Schedule.exponential("10 seconds").pipe(Schedule.jittered),
    maxOpenDuration: "5 minutes"
  })
  return <A>(request: Effect.Effect<A, Failure.Failure>): Effect.Effect<A, Failure.Failure> => {
    const timed = Effect.timeoutOrElse(request, {
      duration: "10 seconds",
      orElse: () => Effect.fail(Failure.noAnswer("10 seconds"))
    })
    const paced = limited({
      key: "yahoo",
      algorithm: "token-bucket",
      onExceeded: "delay",
      limit: 60,
      window: "1 minute"
    })(timed).pipe(
      // The limiter only fails where its store does, and memory does not.
      Effect.catchTag("RateLimiterError", Effect.die)
    )
    return breaker.execute(paced, { key: "yahoo", classify: Failure.outcome }).pipe(
      Effect.catchTag("CircuitBreakerError", ({ reason }) => Effect.fail(Failure.resting(reason)))
    )
  }
}).pipe(
  Effect.provide(CircuitBreaker.layerStoreMemory()),
  Effect.provide(RateLimiter.layer),
  Effect.provide(RateLimiter.layerStoreMemory)
)
