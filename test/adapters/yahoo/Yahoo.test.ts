import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Logger, Option, Schema, Stream } from "effect"
import { Socket } from "effect/socket"
import { TestClock } from "effect/testing"
import type { PricingData } from "../../../src/adapters/yahoo/PricingData.ts"
import * as Yahoo from "../../../src/adapters/yahoo/Yahoo.ts"
import { Bar } from "../../../src/domain/Bar.ts"
import { Tick } from "../../../src/domain/Tick.ts"
import { Feed, type Freshness } from "../../../src/streams/ports/Feed.ts"
import { type Chunk, Kind, valueAt } from "../../../src/streams/records/Records.ts"
import * as FakeYahoo from "./FakeYahoo.ts"
import { fixture } from "./fixtures.ts"
import { frameOf } from "./frames.ts"
import * as Standing from "./standing.ts"

const decoder = new TextDecoder()

interface Line {
  readonly kind: number
  readonly text: string
}

const linesOf = (chunk: Chunk): Array<Line> =>
  Array.from({ length: chunk.length }, (_, i) => ({ kind: chunk.kinds[i]!, text: decoder.decode(valueAt(chunk, i)) }))

/** Runs a feed against a server and keeps what it feeds and what it logs. */
const start = (
  yahoo: FakeYahoo.FakeYahoo,
  options: Partial<Yahoo.Options> & { readonly symbols: ReadonlyArray<string> },
  position?: string
) =>
  Effect.gen(function*() {
    const logged: Array<string> = []
    const chunks: Array<Chunk> = []
    const logger = Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))])
    const built = Yahoo.make({ fetch: yahoo.fetch, streamUrl: false, pollInterval: 20, ...options })
    const feed = yield* Effect.provide(built, logger)
    const fiber = yield* feed.events(Option.fromUndefinedOr(position)).pipe(
      Stream.runForEach((chunk) => Effect.sync(() => chunks.push(chunk))),
      Effect.provide(logger),
      Effect.forkScoped
    )
    const lines = () => chunks.flatMap(linesOf)
    return {
      chunks,
      feed,
      fiber,
      logged,
      bars: () =>
        lines().filter(({ kind }) => kind === Kind.preAggregated).map(({ text }) => decodeBar(text)),
      ticks: () => lines().filter(({ kind }) => kind === Kind.event).map(({ text }) => decodeTick(text)),
      lines,
      position: () => chunks.at(-1)?.position
    }
  })

const decodeBar = Schema.decodeSync(Schema.toCodecJson(Schema.fromJsonString(Schema.Struct({
  ...Bar.fields,
  open: Schema.String,
  high: Schema.String,
  low: Schema.String,
  close: Schema.String,
  volume: Schema.Int
}))))
const decodeTick = Schema.decodeSync(Schema.fromJsonString(Schema.Struct({ ...Tick.fields, price: Schema.String, size: Schema.Int })))

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (!condition()) yield* Effect.sleep(5)
  }).pipe(Effect.timeout("1 minute"), Effect.orDie)

const bell = Date.UTC(2024, 9, 2, 13, 30)
const close = Date.UTC(2024, 9, 2, 20, 0, 1)
/** Where prices count that are stamped behind the close. */
const lastMoment = Date.UTC(2024, 9, 2, 20) - 1

/** Apple's quote in the session of the recorded full day. */
const apple = (more: Record<string, unknown> = {}) => ({
  ...FakeYahoo.known.AAPL,
  regularMarketTime: close / 1_000,
  regularMarketPrice: 226.78,
  regularMarketVolume: 32_880_605,
  marketState: "REGULAR",
  ...more
})

const fullDay: FakeYahoo.FakeYahoo["answers"]["chart"] = (_, interval) =>
  interval === "1m" ? { body: fixture("chart-1m-aapl-full-day.json") } : FakeYahoo.notFound

const refused = (change: (yahoo: FakeYahoo.FakeYahoo) => void, symbols = ["AAPL"]) =>
  Effect.gen(function*() {
    const yahoo = yield* FakeYahoo.make
    change(yahoo)
    const printed: Array<unknown> = []
    const originals = { error: console.error, log: console.log, warn: console.warn, info: console.info }
    const spy = (...args: Array<unknown>) => void printed.push(args)
    Object.assign(console, { error: spy, log: spy, warn: spy, info: spy })
    const error = yield* Effect.flip(Effect.scoped(Yahoo.make({ symbols, fetch: yahoo.fetch }))).pipe(
      Effect.provide(Logger.layer([])),
      Effect.ensuring(Effect.sync(() => Object.assign(console, originals)))
    )
    assert.deepStrictEqual(printed, [])
    assert.notInclude(JSON.stringify(error), FakeYahoo.crumb)
    assert.strictEqual(error.feed, "yahoo")
    return { message: error.message, requests: yahoo.requests }
  })

const never: typeof fetch = (_, init) =>
  new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))))

/** Fails as `fetch` does where a name cannot be resolved. */
const nameless: typeof fetch = () => {
  const cause = Object.assign(new Error("getaddrinfo ENOTFOUND finance.yahoo.com"), { code: "ENOTFOUND" })
  return Promise.reject(new TypeError("fetch failed", { cause }))
}

const messageOf = (fetch: typeof globalThis.fetch) =>
  Effect.map(Effect.flip(Effect.scoped(Yahoo.make({ symbols: ["AAPL"], fetch }))), ({ message }) => message)

const cookie = (name: string, domain = ".yahoo.com") => ({
  "set-cookie": `${name}=1; Max-Age=3600; Domain=${domain}; Path=/; Secure`
})

const frame = (more: Partial<PricingData> = {}): string =>
  frameOf({ id: "AAPL", price: 227, time: close, marketHours: 1, dayVolume: 32_880_605, ...more })

const unit = { currency: "USD", decimals: 2 }

describe("Yahoo", () => {
  it.live("feeds the day before, the session's bars, and then ticks when the time or the volume moves", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      let quote = apple()
      yahoo.answers.quote = () => ({ body: FakeYahoo.quotes([quote]) })
      yahoo.answers.chart = fullDay
      const run = yield* start(yahoo, { symbols: ["AAPL"] })
      yield* until(() => run.ticks().length === 1)

      const bars = run.bars()
      assert.deepStrictEqual(bars[0], {
        symbol: "AAPL",
        start: bell - 86_400_000,
        interval: 86_400_000,
        open: "226.21",
        high: "226.21",
        low: "226.21",
        close: "226.21",
        volume: 0,
        exchange: "NMS",
        ...unit
      })
      assert.strictEqual(bars.length, 390)
      // The daily bar and the first record of a day say how prices are shown, and no other.
      assert.deepStrictEqual(bars.map(({ currency }) => currency), ["USD", "USD", ...bars.slice(2).map(() => undefined)])
      assert.strictEqual(bars[1]!.start, bell)
      assert.isTrue(bars.slice(1).every(({ open }) => /^\d+(\.\d{1,4})?$/.test(open)))
      assert.deepStrictEqual(run.ticks(), [{ symbol: "AAPL", time: lastMoment, price: "226.78", size: 0, exchange: "NMS" }])

      const later = { regularMarketTime: close / 1_000 + 1, regularMarketPrice: 226.8 }
      quote = apple({ ...later, regularMarketVolume: 32_880_700 })
      yield* until(() => run.ticks().length === 2)
      quote = apple({ ...later, regularMarketVolume: 32_880_705 })
      yield* until(() => run.ticks().length === 3)
      yield* Effect.sleep(100)
      assert.deepStrictEqual(run.ticks().slice(1).map(({ price, size, time }) => [time - lastMoment, price, size]), [
        [0, "226.8", 95],
        [0, "226.8", 5]
      ])
      assert.deepStrictEqual(yield* run.feed.freshness, { _tag: "live" } satisfies Freshness)
    }))

  it.live("goes on after a restart without losing or doubling", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      let quote = apple()
      yahoo.answers.quote = () => ({ body: FakeYahoo.quotes([quote]) })
      yahoo.answers.chart = fullDay
      const first = yield* start(yahoo, { symbols: ["AAPL"] })
      yield* until(() => first.ticks().length === 1)
      yield* Fiber.interrupt(first.fiber)
      quote = apple({ regularMarketTime: close / 1_000 + 5, regularMarketVolume: 32_880_625 })
      const second = yield* start(yahoo, { symbols: ["AAPL"] }, first.position())
      yield* until(() => second.ticks().length === 1)
      yield* Effect.sleep(60)
      assert.deepStrictEqual(second.bars(), [])
      assert.deepStrictEqual(second.ticks().map(({ size }) => size), [20])
    }))

  it.live("merges the bars of all symbols in order of time", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      yahoo.answers.quote = () => ({ body: FakeYahoo.quotes([apple(), apple({ symbol: "MSFT" })]) })
      yahoo.answers.chart = fullDay
      const run = yield* start(yahoo, { symbols: ["AAPL", "MSFT"] })
      yield* until(() => run.ticks().length === 2)
      const starts = run.bars().map(({ start }) => start)
      assert.strictEqual(starts.length, 780)
      assert.deepStrictEqual(starts, starts.toSorted((a, b) => a - b))
    }))

  it.live("quotes London in pence, and says that it is delayed", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const run = yield* start(yahoo, { symbols: ["OCDO.L"] })
      yield* until(() => run.ticks().length === 1)
      assert.strictEqual(run.ticks()[0]!.price, "308.8")
      assert.deepStrictEqual(yield* run.feed.freshness, { _tag: "delayed", minutes: 15 } satisfies Freshness)
      assert.deepStrictEqual(run.logged, ["Yahoo Finance gives no bars of OCDO.L: " + delisted])
    }))

  it.live("takes odd instruments as they are, and reports those it has nothing of, once and in words", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      yahoo.answers.chart = (symbol, interval) => {
        const name = new Map([["BTC-USD", "btc-usd"], ["EURUSD=X", "eurusd_x"], ["GC=F", "gc_f"]]).get(symbol)
        return name === undefined || interval === "1m" ? emptyChart : { body: fixture(`chart-1d-${name}.json`) }
      }
      const broken = { ...FakeYahoo.known.BABA, regularMarketPrice: "much" }
      yahoo.answers.quote = (symbols) => ({
        body: FakeYahoo.quotes(symbols.map((symbol) => symbol === "BABA" ? broken : FakeYahoo.known[symbol]))
      })
      const symbols = ["GC=F", "EURUSD=X", "BTC-USD", "LDO.MI", "ADH", "BRKS", "SIX", "BABA"]
      const run = yield* start(yahoo, { symbols })
      yield* until(() => run.ticks().length === 4)
      yield* Effect.sleep(100)
      assert.deepStrictEqual(run.ticks().map(({ price, size, symbol }) => [symbol, price, size]), [
        ["GC=F", "2910.3", 0],
        ["EURUSD=X", "1.0489877", 0],
        ["BTC-USD", "96077.45", 0],
        ["LDO.MI", "33.38", 0]
      ])
      assert.deepStrictEqual(run.logged, [
        "Yahoo Finance has no price for ADH",
        "Yahoo Finance knows no symbol BRKS",
        "Yahoo Finance knows no symbol SIX",
        "what Yahoo Finance says of BABA cannot be read"
      ])
      assert.deepStrictEqual(
        run.bars().map(({ close, interval, symbol }) => [symbol, interval, close]),
        [["GC=F", 86_400_000, "1524.5"], ["EURUSD=X", 86_400_000, "1.1171438"], ["BTC-USD", 86_400_000, "7344.8843"]]
      )
    }))

  it.live("asks for symbols as they are, on every path", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const symbols = ["BTC/USDT", "M&M.NS", "^GSPC", "GC=F", "BRK-B", "GOOGL1241220C00150000"]
      const asked: Array<string> = []
      yahoo.answers.quote = (symbols) => ({ body: FakeYahoo.quotes(symbols.map((symbol) => apple({ symbol }))) })
      yahoo.answers.chart = (symbol, interval) => {
        if (interval === "1m") asked.push(symbol)
        return emptyChart
      }
      const run = yield* start(yahoo, { symbols })
      yield* until(() => run.ticks().length === symbols.length)
      assert.deepStrictEqual(run.ticks().map(({ symbol }) => symbol).toSorted(), symbols.toSorted())
      assert.deepStrictEqual(asked.toSorted(), symbols.toSorted())
      assert.isTrue(yahoo.requests.some((request) => request.endsWith("/v8/finance/chart/BTC%2FUSDT")))
      assert.deepStrictEqual(run.logged, [])
    }))

  it.live("says that a closed market is closed", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      yahoo.answers.chart = () => ({ body: fixture("chart-1m-aapl-closed-weekend.json") })
      const run = yield* start(yahoo, { symbols: ["AAPL"] })
      yield* until(() => run.ticks().length === 1)
      assert.deepStrictEqual(
        yield* run.feed.freshness,
        { _tag: "closed", reason: "the market is closed; last trade 2025-02-14 21:00 UTC" } satisfies Freshness
      )
      const asked = yahoo.requests.length
      yield* Effect.sleep(240)
      assert.isAtMost(yahoo.requests.length - asked, 3)
    }))

  it.live("is stale while Yahoo refuses, asks ever less, and says why", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const run = yield* start(yahoo, { symbols: ["BTC-USD"] })
      yield* until(() => run.ticks().length === 1)
      yahoo.answers.quote = () => FakeYahoo.tooManyRequests
      yield* until(() => run.logged.length === 2)
      const asked = yahoo.requests.length
      yield* Effect.sleep(500)
      assert.isAtMost(yahoo.requests.length - asked, 2)
      assert.deepStrictEqual(
        yield* run.feed.freshness,
        { _tag: "stale", reason: "too many requests (HTTP 429)" } satisfies Freshness
      )
      assert.deepStrictEqual(run.logged, [
        `Yahoo Finance gives no bars of BTC-USD: ${delisted}`,
        "Yahoo Finance does not answer: too many requests (HTTP 429); trying again"
      ])
    }))

  it.live("goes on when Yahoo answers again", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const run = yield* start(yahoo, { symbols: ["BTC-USD"] })
      yield* until(() => run.ticks().length === 1)
      let failures = 0
      yahoo.answers.quote = () =>
        failures++ < 2
          ? { status: 503 }
          : { body: FakeYahoo.quotes([{ ...FakeYahoo.known["BTC-USD"], regularMarketTime: 1_739_789_581 }]) }
      yield* until(() => run.ticks().length === 2)
      assert.deepStrictEqual(yield* run.feed.freshness, { _tag: "live" } satisfies Freshness)
      assert.deepStrictEqual(run.logged.slice(1), [
        "Yahoo Finance does not answer: refused (HTTP 503); trying again",
        "Yahoo Finance answers again"
      ])
    }))

  describe("cannot be built", () => {
    it.live("where too many requests were made", () =>
      Effect.gen(function*() {
        const { message } = yield* refused((yahoo) => {
          yahoo.answers.quote = () => FakeYahoo.tooManyRequests
        })
        assert.strictEqual(message, unreachable("too many requests (HTTP 429)"))
      }))

    it.live("where the crumb is refused twice: it is renewed once", () =>
      Effect.gen(function*() {
        const { message, requests } = yield* refused((yahoo) => {
          yahoo.answers.quote = () => FakeYahoo.invalidCrumb
        })
        assert.strictEqual(message, unreachable("the crumb was refused: Invalid Crumb (HTTP 401)"))
        assert.strictEqual(requests.filter((request) => request.endsWith("getcrumb")).length, 2)
      }))

    it.live("where a text comes in place of the crumb, with status 200", () =>
      Effect.gen(function*() {
        const { message, requests } = yield* refused((yahoo) => {
          yahoo.answers.crumb = () => ({ body: "Too Many Requests\r\n" })
        })
        assert.strictEqual(message, unreachable("too many requests (in place of a crumb)"))
        assert.isFalse(requests.some((request) => request.includes("/quote") && request.includes("query")))
        const page = yield* refused((yahoo) => {
          yahoo.answers.crumb = () => ({ body: "<html>Sorry</html>" })
        })
        assert.strictEqual(page.message, unreachable("what came in place of a crumb is none"))
      }))

    it.live("where the page sets no cookie", () =>
      Effect.gen(function*() {
        const { message } = yield* refused((yahoo) => {
          yahoo.answers.page = () => ({})
        })
        assert.include(message, "no crumb was given out")
      }))

    it.live("where none of the symbols exists, or a symbol is none", () =>
      Effect.gen(function*() {
        const { message } = yield* refused(() => {}, ["SIX", "BRKS", "ADH"])
        assert.strictEqual(message, "Yahoo Finance has a price for none of the symbols SIX, BRKS, ADH")
        const bad = yield* refused(() => {}, ["AAPL", "a b"])
        assert.include(bad.message, `"a b" is no symbol: one has 1 to 32 characters out of`)
        assert.deepStrictEqual(bad.requests, [])
        const lower = yield* refused(() => {}, ["aapl"])
        assert.strictEqual(lower.message, `"aapl" is no symbol, but AAPL is: type it in upper case`)
        assert.strictEqual((yield* refused(() => {}, [])).message, "no symbols were given")
      }))

    it.live("where the answer is a page", () =>
      Effect.gen(function*() {
        const { message } = yield* refused((yahoo) => {
          yahoo.answers.quote = () => ({ body: "<html>not today</html>" })
        })
        assert.strictEqual(message, unreachable("the answer has a form that is not known"))
      }))

    it.effect("where nobody answers within three seconds", () =>
      Effect.gen(function*() {
        const built = Effect.scoped(Yahoo.make({ symbols: ["AAPL"], fetch: never }))
        const error = yield* Effect.forkChild(Effect.flip(built))
        yield* TestClock.adjust("2999 millis")
        assert.isUndefined(error.pollUnsafe())
        yield* TestClock.adjust("1 milli")
        assert.strictEqual((yield* Fiber.join(error)).message, unreachable("no answer within 3 seconds"))
      }))

    it.live("where the name cannot be resolved or the connection is refused", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* messageOf(nameless), unreachable("its name cannot be resolved"))
        const gone = yield* Effect.scoped(FakeYahoo.make)
        assert.strictEqual(yield* messageOf(gone.fetch), unreachable("the connection was refused"))
      }))
  })

  it.live("gets through the redirects to the consent form", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const posted: Array<string> = []
      yahoo.answers.page = ({ query }) =>
        query.has("guccounter")
          ? { status: 301, headers: { location: "https://finance.yahoo.com/quote/AAPL/" } }
          : {
            status: 307,
            headers: { location: "https://guce.yahoo.com/consent?gcrumb=x", ...cookie("GUCS") }
          }
      yahoo.answers.other = ({ host, method, path }) => {
        if (host === "guce.yahoo.com" && path === "/consent") {
          return { status: 302, headers: { location: "https://consent.yahoo.com/v2/collectConsent?sessionId=1" } }
        }
        if (host === "consent.yahoo.com" && method === "GET") {
          return { body: `<input type="hidden" name="csrfToken" value="abc">` }
        }
        if (host === "consent.yahoo.com") {
          posted.push(path)
          return {
            status: 302,
            headers: {
              location: "https://guce.yahoo.com/copyConsent?sessionId=1",
              ...cookie("CFC", "consent.yahoo.com")
            }
          }
        }
        return {
          status: 302,
          headers: { location: "https://finance.yahoo.com/quote/AAPL?guccounter=1", ...cookie("A3") }
        }
      }
      const run = yield* start(yahoo, { symbols: ["BTC-USD"] })
      yield* until(() => run.ticks().length === 1)
      assert.deepStrictEqual(posted, ["/v2/collectConsent"])
    }))

  it.live("renews a crumb that has expired, and nobody notices", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      let current = "first"
      let time = 1_739_789_580
      yahoo.answers.crumb = () => ({ body: current })
      yahoo.answers.quote = (_, crumb) =>
        crumb === current
          ? { body: FakeYahoo.quotes([{ ...FakeYahoo.known["BTC-USD"], regularMarketTime: time++ }]) }
          : FakeYahoo.invalidCrumb
      const run = yield* start(yahoo, { symbols: ["BTC-USD"] })
      yield* until(() => run.ticks().length > 1)
      current = "second"
      const seen = run.ticks().length
      yield* until(() => run.ticks().length > seen + 2)
      assert.deepStrictEqual(run.logged, [`Yahoo Finance gives no bars of BTC-USD: ${delisted}`])
    }))

  it.effect("catches up with bars after an outage, as after a restart, without losing or doubling", () =>
    Effect.gen(function*() {
      const settle = TestClock.withLive(Effect.sleep(20))
      const yahoo = yield* FakeYahoo.make
      yield* TestClock.setTime(bell + 90_000)
      const now = () => Effect.runSync(Effect.provideService(Clock.currentTimeMillis, Clock.Clock, clock))
      const clock = yield* Clock.Clock
      // A market with one share traded at the end of every second.
      const traded = () => Math.floor((now() - bell) / 1_000)
      yahoo.answers.chart = (_, interval) => interval === "1m" ? { body: steadyChart(traded()) } : FakeYahoo.notFound
      const working: typeof yahoo.answers.quote = () => ({
        body: FakeYahoo.quotes([apple({ regularMarketTime: bell / 1_000 + traded(), regularMarketVolume: traded() })])
      })
      yahoo.answers.quote = working
      const run = yield* start(yahoo, { symbols: ["AAPL"], pollInterval: "5 seconds" })
      const pass = (seconds: number) =>
        Effect.gen(function*() {
          for (let step = 0; step < seconds; step += 5) {
            yield* TestClock.adjust("5 seconds")
            yield* settle
          }
        })
      yield* settle
      yield* pass(70)
      assert.isTrue(yield* run.feed.hasGivenAll)
      yahoo.answers.quote = () => ({ status: 503 })
      yield* pass(250)
      assert.strictEqual((yield* run.feed.freshness)._tag, "stale")
      assert.isFalse(yield* run.feed.hasGivenAll)
      yahoo.answers.quote = working
      yield* pass(200)
      assert.deepStrictEqual(yield* run.feed.freshness, { _tag: "live" } satisfies Freshness)
      assert.isTrue(yield* run.feed.hasGivenAll)
      // Of what comes while the process is stopped it knows nothing before it has asked again.
      const nanos = () => clock.monotonicTimeNanosUnsafe() + 75_000_000_000n
      const later = { ...clock, monotonicTimeNanosUnsafe: nanos, monotonicTimeNanos: Effect.sync(nanos) }
      assert.isFalse(yield* Effect.provideService(run.feed.hasGivenAll, Clock.Clock, later))

      const lines = run.lines().map(({ text }): Standing.Line => JSON.parse(text)).filter(({ interval }) => interval !== 86_400_000)
      const [last] = run.ticks().slice(-1)
      assert.strictEqual(Standing.volumeOf(lines), (last!.time - bell) / 1_000)
      // Live, too, all minutes but the last two are bars by now, and nothing else is left of them.
      const minutesOf = (lines: ReadonlyArray<Standing.Line>) => lines.map(({ start, time }) => Math.floor(((start ?? time) - bell) / 60_000))
      const bars = Standing.standing(lines).filter(({ start }) => start !== undefined)
      const over = Math.floor((last!.time - bell) / 60_000) - 2
      assert.deepStrictEqual(minutesOf(bars).slice(0, over + 1), Array.from({ length: over + 1 }, (_, index) => index))
      assert.isFalse(minutesOf(Standing.standing(lines).filter(({ start }) => start === undefined)).some((minute) => minute <= over))
    }))

  it.live("refuses a position that is none", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const feed = yield* Yahoo.make({ symbols: ["AAPL"], fetch: yahoo.fetch })
      const error = yield* Effect.flip(Stream.runDrain(feed.events(Option.some("7"))))
      assert.strictEqual(error.message, "the position in the log is none of this feed")
    }))

  it.live("is a layer", () =>
    Effect.gen(function*() {
      const yahoo = yield* FakeYahoo.make
      const name = Effect.map(Feed, ({ name }) => name)
      assert.strictEqual(yield* Effect.provide(name, Yahoo.layer({ symbols: ["AAPL"], fetch: yahoo.fetch })), "yahoo")
    }))
})

describe("Yahoo, streaming", () => {
  /** A WebSocket server: what it is told to send goes to the newest connection. */
  const streamer = Effect.gen(function*() {
    const server = yield* NodeSocketServer.makeWebSocket({ host: "127.0.0.1", port: 0 })
    const subscriptions: Array<string> = []
    let connection: { send: (text: string) => Effect.Effect<void>; drop: Effect.Effect<void> } | undefined
    yield* server.run((socket) =>
      Effect.scoped(Effect.gen(function*() {
        const pull = yield* Socket.readerString(socket)
        const { write } = yield* socket.writer
        subscriptions.push(...(yield* pull))
        connection = {
          send: (text) => Effect.ignore(write(text)),
          drop: Effect.ignore(write(new Socket.CloseEvent(1001, "going away")))
        }
        yield* Effect.forever(pull)
      })).pipe(Effect.ignore)
    ).pipe(Effect.forkScoped)
    const { address } = server
    if (address._tag === "UnixPathAddress") return yield* Effect.die("the server listens on no port")
    return {
      url: `ws://127.0.0.1:${address.port}/?version=2`,
      subscriptions,
      send: (text: string) => Effect.suspend(() => connection?.send(text) ?? Effect.void),
      drop: Effect.suspend(() => connection?.drop ?? Effect.void)
    }
  })

  const quietly = Effect.gen(function*() {
    const yahoo = yield* FakeYahoo.make
    yahoo.answers.quote = () => ({ body: FakeYahoo.quotes([apple({ regularMarketTime: close / 1_000 - 1 })]) })
    yahoo.answers.chart = () => emptyChart
    const stream = yield* streamer
    return { yahoo, stream }
  })

  it.live("takes ticks from the stream and polls less, until it drops", () =>
    Effect.gen(function*() {
      const { stream, yahoo } = yield* quietly
      const run = yield* start(yahoo, { symbols: ["AAPL"], streamUrl: stream.url, pollInterval: 100 })
      yield* until(() => run.ticks().length === 1 && stream.subscriptions.length === 1)
      assert.deepStrictEqual(stream.subscriptions.map((text) => JSON.parse(text)), [{ subscribe: ["AAPL"] }])

      yield* stream.send("not a frame")
      yield* stream.send(frame())
      yield* stream.send(frame({ id: "MSFT", price: 1 }))
      yield* stream.send(frame({ marketHours: 2, time: close + 900, price: 1 }))
      yield* stream.send(frame({ time: close + 1_000, dayVolume: 32_880_705, price: Math.fround(227.1) }))
      yield* until(() => run.ticks().length === 3)
      assert.deepStrictEqual(run.ticks().slice(1).map(({ price, size, time }) => [time - lastMoment, price, size]), [
        [0, "227", 0],
        [0, "227.1", 100]
      ])

      const polls = () => yahoo.requests.filter((request) => request.endsWith("/v7/finance/quote")).length
      yield* until(() => polls() > 2)
      const before = polls()
      yield* Effect.sleep(500)
      assert.isAtMost(polls() - before, 1)

      yield* stream.drop
      yield* until(() => polls() > before + 1)
      const dropped = polls()
      yield* Effect.sleep(500)
      assert.isAtLeast(polls() - dropped, 3)
      assert.isAtMost(polls() - dropped, 6)
    }))

  it.live("feeds nothing twice that both the stream and a poll report", () =>
    Effect.gen(function*() {
      const { stream, yahoo } = yield* quietly
      let volume = 32_880_605
      let time = close
      yahoo.answers.quote = () => ({
        body: FakeYahoo.quotes([apple({ regularMarketTime: time / 1_000, regularMarketVolume: volume })])
      })
      const run = yield* start(yahoo, { symbols: ["AAPL"], streamUrl: stream.url, pollInterval: 10 })
      yield* until(() => run.ticks().length === 1 && stream.subscriptions.length === 1)
      for (let step = 0; step < 40; step++) {
        volume += 10
        if (step % 2 === 0) time += 1_000
        if (step % 3 !== 0) yield* stream.send(frame({ time, dayVolume: volume }))
        yield* Effect.sleep(7)
      }
      yield* until(() => run.ticks().reduce((sum, { size }) => sum + size, 0) >= 400)
      yield* Effect.sleep(150)
      assert.strictEqual(run.ticks().reduce((sum, { size }) => sum + size, 0), 400)
      const times = run.ticks().map(({ time }) => time)
      assert.deepStrictEqual(times, times.toSorted((a, b) => a - b))
    }))

  it.live("connects again after a drop", () =>
    Effect.gen(function*() {
      const { stream, yahoo } = yield* quietly
      const run = yield* start(yahoo, { symbols: ["AAPL"], streamUrl: stream.url })
      yield* until(() => stream.subscriptions.length === 1)
      yield* stream.drop
      yield* until(() => stream.subscriptions.length === 2)
      yield* stream.send(frame({ dayVolume: 32_880_700 }))
      yield* until(() => run.ticks().length === 2)
      assert.strictEqual(run.ticks()[1]!.size, 95)
    }))

  it.live("does without a stream that cannot be had", () =>
    Effect.gen(function*() {
      const { yahoo } = yield* quietly
      const run = yield* start(yahoo, { symbols: ["AAPL"], streamUrl: "ws://127.0.0.1:1/" })
      yield* until(() => run.ticks().length === 1)
      assert.deepStrictEqual(run.logged, [])
    }))
})

const unreachable = (why: string): string => `Yahoo Finance cannot be reached (${why})`

const delisted = "No data found, symbol may be delisted (HTTP 404)"

/** The minutes of a market in which so many shares have been traded, the n-th one n seconds after the bell. */
const steadyChart = (shares: number) => {
  const minutes = Math.floor(shares / 60) + 1
  const column = (f: (index: number) => number) => Array.from({ length: minutes }, (_, index) => f(index))
  const ones = column(() => 1)
  const volume = column((index) => Math.min(shares, index * 60 + 59) - Math.max(0, index * 60 - 1))
  return {
    chart: {
      result: [{
        meta: { regularMarketTime: bell / 1_000 + shares, regularMarketVolume: shares },
        timestamp: column((index) => bell / 1_000 + index * 60),
        indicators: { quote: [{ open: ones, high: ones, low: ones, close: ones, volume }] }
      }],
      error: null
    }
  }
}

/** A chart of a session without rows. */
const emptyChart: FakeYahoo.Answer = {
  body: { chart: { result: [{ meta: {}, indicators: { quote: [{}] } }], error: null } }
}
