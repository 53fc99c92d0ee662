/** Asks for quotes again and again, and for the bars of symbols of which something is missing. */
import { Clock, Duration, Effect, Latch, Stream } from "effect"
import { day, minute } from "../../domain/Bar.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { CatchUp } from "./CatchUp.ts"
import type { Client, Quotes } from "./Client.ts"
import { backOff, type Failure, isPassing } from "./Failure.ts"
import * as Instrument from "./Instrument.ts"
import * as Ledger from "./Ledger.ts"
import type * as Responses from "./Responses.ts"
import * as Rows from "./Rows.ts"
import * as Status from "./Status.ts"
import * as TradingDay from "./TradingDay.ts"
import * as Turns from "./Turns.ts"

export interface Options {
  readonly client: Client
  readonly symbols: ReadonlyArray<string>
  readonly interval: Duration.Duration
  readonly status: Status.Status
  readonly reported: Set<string>
  /** The ledger as it stands. */
  readonly ledger: () => Ledger.Ledger
  /** Opened when the stream has dropped, so that the next poll is made at once. */
  readonly dropped: Latch.Latch
}

/** So many symbols are caught up with before anything else is fed: with their two charts each they are what a minute's requests allow. */
const atOnce = 25

/**
 * News for the ledger, without end. What fails is tried again, ever more slowly, and the status says so meanwhile.
 *
 * The first symbols are caught up with at once, those of open markets before others, and their bars come in order of time.
 * The others are introduced, so that their prices count meanwhile, and are caught up with one after the other. When nobody waits
 * for that, symbols take turns: of the one whose turn it is the bars are asked for that are to replace its samples.
 */
export const news = (options: Options): Stream.Stream<Ledger.News> => {
  let next = 0
  const backlog = makeBacklog()
  const turns = Turns.make(options.interval)
  /** The session that each symbol was caught up with in. */
  const sessions = new Map<string, number>()
  const round = Effect.gen(function*() {
    if (next > 0) yield* pause(options, next)
    const quotes = yield* persistently(options)
    const now = yield* Clock.currentTimeMillis
    // A gap is an outage or a computer that slept: its bars are asked for, as after a restart.
    const gap = next > 0 && now - Math.max(next, options.status.lastFrame) > 60_000
    const known = options.ledger().instruments
    const behind = quotes
      .filter((quote) => gap || !known.has(quote.instrument.symbol) || mayBeSplit(quote, sessions.get(quote.instrument.symbol)))
      .sort((a, b) => Number(b.open) - Number(a.open))
    for (const quote of behind) sessions.set(quote.instrument.symbol, sessionOf(quote))
    const [first, others] = [behind.slice(0, atOnce), behind.slice(atOnce)]
    const caughtUp = yield* Effect.forEach(first, (quote) => catchUp(options, quote), { concurrency: 4 })
    yield* backlog.update(quotes, others)
    turns.update(quotes)
    next = (yield* Clock.currentTimeMillis) + (yield* waitMillis(options))
    return [
      ...(behind.length === 0 ? [] : [{ _tag: "caughtUp" as const, symbols: caughtUp, introduced: others }]),
      { _tag: "observed" as const, observations: quotes.map(toObservation) }
    ]
  })
  const later = Effect.gen(function*() {
    const quotes = yield* backlog.take
    const symbols = yield* Effect.forEach(quotes, (quote) => catchUp(options, quote), { concurrency: 2 })
    yield* backlog.report
    return { _tag: "caughtUp" as const, symbols }
  })
  const replacements = Effect.gen(function*() {
    yield* Effect.sleep(turns.spacing)
    const quote = backlog.isEmpty() ? turns.take(options.ledger(), yield* Clock.currentTimeMillis) : undefined
    if (quote === undefined) return []
    return yield* bars(options, quote).pipe(
      Effect.map((caughtUp) => [{ _tag: "caughtUp" as const, symbols: [caughtUp] }]),
      // Quotes have to go on, and would not if one request after the other failed.
      Effect.catch((failure) => Effect.as(isPassing(failure) ? Effect.sleep(turns.rest) : Effect.void, []))
    )
  })
  return Stream.flattenIterable(Stream.fromEffectRepeat(round)).pipe(
    Stream.merge(Stream.fromEffectRepeat(later)),
    Stream.merge(Stream.flattenIterable(Stream.fromEffectRepeat(replacements)))
  )
}

/** Splits take place between the sessions of shares. */
const mayBeSplit = (quote: Instrument.Priced, session: number | undefined): boolean => {
  const { cumulativeVolume, overnight } = quote.instrument
  return cumulativeVolume && !overnight && session !== sessionOf(quote)
}

const sessionOf = ({ instrument, time }: Instrument.Priced): number => TradingDay.at(instrument.zone, time).start

/** Symbols that are still to be caught up with, each with its newest quote. */
const makeBacklog = () => {
  const waiting = new Map<string, Instrument.Priced>()
  const more = Latch.makeUnsafe(false)
  let [done, total] = [0, 0]
  return {
    isEmpty: () => waiting.size === 0,
    /** Takes over the newest quotes, and `others` as well. */
    update: (quotes: ReadonlyArray<Instrument.Priced>, others: ReadonlyArray<Instrument.Priced>) =>
      Effect.suspend(() => {
        if (waiting.size === 0) [done, total] = [0, 0]
        for (const quote of others) waiting.set(quote.instrument.symbol, quote)
        for (const quote of quotes) if (waiting.has(quote.instrument.symbol)) waiting.set(quote.instrument.symbol, quote)
        total += others.length
        return waiting.size === 0 ? Effect.void : more.open
      }),
    /** The next two, once there are any. */
    take: Effect.suspend(() => {
      const quotes = [...waiting.values()].slice(0, 2)
      for (const { instrument } of quotes) waiting.delete(instrument.symbol)
      done += quotes.length
      return Effect.as(waiting.size === 0 ? more.close : Effect.void, quotes)
    }).pipe((take) => Effect.andThen(more.await, take)),
    /** How far it is, now and then. */
    report: Effect.suspend(() => {
      if (waiting.size === 0) return Effect.logInfo("Yahoo Finance has given the bars of all symbols")
      if (done % 20 >= 2) return Effect.void
      return Effect.logInfo(`Yahoo Finance has given the bars of ${done} of ${total} more symbols; prices of the others count meanwhile`)
    })
  }
}

const toObservation = ({ instrument, open, price, time, volume }: Instrument.Priced): Ledger.Observation => ({
  symbol: instrument.symbol,
  time,
  price,
  volume,
  closed: !open
})

/** Six times the interval while the stream delivers or all markets are closed. */
const waitMillis = ({ interval, status }: Options) =>
  Effect.map(Clock.currentTimeMillis, (now) =>
    Duration.toMillis(interval) * (Status.isStreaming(status, now) || !status.open ? 6 : 1))

const pause = Effect.fnUntraced(function*({ dropped, status }: Options, until: number) {
  const wait = Math.max(0, until - (yield* Clock.currentTimeMillis))
  status.dueAt = (yield* MonotonicTime.millis) + wait
  yield* Effect.sleep(wait).pipe(Effect.raceFirst(dropped.await), Effect.andThen(dropped.close))
})

const persistently = (options: Options): Effect.Effect<ReadonlyArray<Instrument.Priced>> =>
  options.client.quotes(options.symbols).pipe(
    Effect.tapError((failure) => noteFailure(options.status, failure)),
    Effect.retry(backOff({ first: options.interval, longest: "1 minute" })),
    // The schedule has no end.
    Effect.orDie,
    Effect.tap(() =>
      options.status.failure === undefined ? Effect.void : Effect.logInfo("Yahoo Finance answers again")
    ),
    Effect.flatMap((answer) => usable(options, answer)),
    Effect.tap((quotes) => Effect.sync(() => Status.update(options.status, quotes)))
  )

const noteFailure = (status: Status.Status, { message, reason }: Failure) =>
  Effect.suspend(() => {
    const isNew = status.failure === undefined
    // Why requests failed says more than that there are none for a while.
    if (isNew || reason !== "resting") status.failure = message
    return isNew ? Effect.logWarning(`Yahoo Finance does not answer: ${message}; trying again`) : Effect.void
  })

/** The quotes that make ticks. Each symbol that has none is reported, once until it has one again. */
export const usable = Effect.fnUntraced(function*(
  { reported, symbols }: Pick<Options, "reported" | "symbols">,
  { quotes, unreadable }: Quotes
) {
  const priced = new Map<string, Instrument.Priced>()
  for (const quote of quotes) {
    const found = Instrument.fromQuote(quote)
    if (found !== undefined) priced.set(quote.symbol, found)
  }
  for (const symbol of symbols) {
    if (priced.has(symbol)) {
      reported.delete(symbol)
    } else if (!reported.has(symbol)) {
      reported.add(symbol)
      yield* Effect.logWarning(
        unreadable.includes(symbol)
          ? `what Yahoo Finance says of ${symbol} cannot be read`
          : quotes.some((quote) => quote.symbol === symbol)
          ? `Yahoo Finance has no price for ${symbol}`
          : `Yahoo Finance knows no symbol ${symbol}`
      )
    }
  }
  return symbols.flatMap((symbol) => priced.get(symbol) ?? [])
})

/** A symbol's charts since its newest bar. Without them it goes on without bars. */
const catchUp = Effect.fnUntraced(function*(options: Options, quote: Instrument.Priced) {
  const { instrument, price, time } = quote
  return yield* charts(options, quote).pipe(
    Effect.tap(({ days, minutes }) => reportImpossible(instrument, minutes, days)),
    Effect.flatMap((charts) => toCatchUp(quote, charts)),
    Effect.catch(({ message }) =>
      Effect.as(
        Effect.logWarning(`Yahoo Finance gives no bars of ${instrument.symbol}: ${message}`),
        { instrument, newest: { price, time } } satisfies CatchUp
      )
    )
  )
})

const charts = ({ client, ledger }: Options, { instrument, time }: Instrument.Priced, once = false) => {
  const session = TradingDay.at(instrument.zone, time)
  const from = Ledger.missingSince(ledger(), instrument, session)
  const since = Ledger.splitsSince(ledger(), instrument.symbol)
  const fewDays = session.start - fortnight
  return Effect.all({
    from: Effect.succeed(from),
    minutes: client.chart(instrument.symbol, { interval: "1m", from, to: session.end, once }),
    // Its splits are those since anything was fed, and its days those before the session.
    days: client.chart(instrument.symbol, { interval: "1d", from: Number.isFinite(since) ? Math.min(fewDays, since) : fewDays, to: session.end, once }).pipe(
      // The close of the day before is in the other chart too.
      Effect.catch(() => Effect.succeed(undefined))
    )
  })
}

/** The bars of minutes that have been sampled; all that is missing, if the symbol could not be caught up with yet. */
const bars = Effect.fnUntraced(function*(options: Options, quote: Instrument.Priced) {
  const { instrument, time } = quote
  const { symbol } = instrument
  if (!Ledger.hasDays(options.ledger(), symbol)) return yield* toCatchUp(quote, yield* charts(options, quote, true))
  const session = TradingDay.at(instrument.zone, time)
  // What cannot be is seen beside others.
  const needed = Ledger.unreplacedSince(options.ledger(), symbol) - 10 * minute
  const from = Math.max(needed, Ledger.missingSince(options.ledger(), instrument, session))
  const minutes = yield* options.client.chart(symbol, { interval: "1m", from, to: session.end, once: true })
  return yield* toCatchUp(quote, { from, minutes, days: "not asked" })
})

const toCatchUp = (
  { instrument, time, volume }: Instrument.Priced,
  charts: Pick<NonNullable<CatchUp["charts"]>, "days" | "from" | "minutes">
) =>
  Effect.map(Clock.currentTimeMillis, (now): CatchUp => ({
    instrument,
    charts: { ...charts, session: TradingDay.at(instrument.zone, time), settled: settled(charts.minutes, instrument, now), volume }
  }))

/** In one line, the first few by their times. */
const reportImpossible = (instrument: Instrument.Instrument, minutes: Responses.Chart, days?: Responses.Chart) => {
  const impossible = [
    ...days === undefined ? [] : Rows.of(days, day, instrument).impossible,
    ...Rows.of(minutes, minute, instrument).impossible
  ]
  if (impossible.length === 0) return Effect.void
  const first = impossible.slice(0, 3).map(({ reason, row }) => `${Status.minuteOf(row.start)}, as ${reason}`)
  const more = impossible.length > first.length ? [`and ${impossible.length - first.length} more`] : []
  const bars = impossible.length === 1 ? "a bar" : `${impossible.length} bars`
  return Effect.logWarning(`Yahoo Finance gives ${bars} of ${instrument.symbol} that cannot be, left out: ${[...first, ...more].join("; ")}`)
}

const fortnight = 14 * 24 * 3_600_000

/** Trades up to here are in a chart: to its own newest, or where trading is thin, to a minute before its delay. */
const settled = ({ meta }: Responses.Chart, { delay }: Instrument.Instrument, now: number): number =>
  Math.max(meta.regularMarketTime ?? -Infinity, now - (delay + 1) * 60_000)
