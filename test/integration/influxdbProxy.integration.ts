/**
 * Faults between the engine and a real InfluxDB, by a proxy of ours: whatever befalls requests and answers, in the end
 * the points are the newest panes of the windows, each once, and the dead letters are exact.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer } from "effect"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import * as Store from "../../src/adapters/influxdb/Store.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { Decisions } from "../../src/streams/ports/Decisions.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Engine } from "../../src/streams/ports/Engine.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../../src/streams/pipeline/index.ts"
import * as InProcess from "../../src/streams/engine/InProcess.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { fromTexts } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { randomFrom } from "../random.ts"
import * as InfluxdbProxy from "./InfluxdbProxy.ts"
import { chartsAreExact, folded, newBucket, pointsOf, sameTexts, server, texts } from "./influxdbServer.ts"
import { eventOf, market } from "./market.ts"

const influxdb = server()

const values = { close: Aggregate.last("price"), volume: Aggregate.sum("size"), trades: Aggregate.count }

const seconds = ticks.pipe(Window.tumbling("1 second"), Aggregate.into(values), Pipeline.named("seconds"))

/** Late events join what were two, and take one of them back. Of two symbols: InfluxDB deletes slowly. */
const bursts = ticks.pipe(
  Events.where(Expr.or(Expr.eq("symbol", "S1"), Expr.eq("symbol", "S2"))),
  Window.session("600 millis"),
  Aggregate.into(values),
  Pipeline.named("bursts")
)

/** Events are up to 4 seconds out of order, so that windows of these are revised all the time. */
const revised = { outOfOrderness: 2_500, allowedLateness: 600_000 }

const pipelines = [
  ...[seconds, bursts].map((pipeline) => Pipeline.withBounds(pipeline, revised)),
  Pipeline.withBounds(candles1m, { ...revised, allowedLateness: 0 })
]

/** Two minutes of a market of which one line in fifty is poison. */
const lines = market(12_000, { poison: true, seed: 7 })

/** A second of it: a window is revised by chunks that come after the one which closes it. */
const perChunk = 100

const feed = Effect.gen(function*() {
  const log = yield* EventLog
  for (let at = 0; at < lines.length; at += perChunk) yield* log.append(0, fromTexts(lines.slice(at, at + perChunk)))
})

const run = Effect.gen(function*() {
  const log = yield* EventLog
  const engine = yield* Engine
  const stopAt = log.ends
  return yield* engine.run({ name: "test", pipelines, stopAt, checkpointEvery: "20 millis" })
})

/** What outlives a processor. */
const stores = () => Layer.mergeAll(EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory)

const engineInto = <A, E, R>(sink: Layer.Layer<A | ResultSink, E, R>) =>
  InProcess.layer.pipe(Layer.provideMerge(sink), Layer.provide(Monitor.layer))

/** The newest pane of each window, retracted ones too, as texts that can be compared one by one. */
const whole = (panes: ReadonlyArray<Pane.Encoded>): ReadonlyArray<string> =>
  panes.map((encoded) => `${texts([encoded])[0]} ${encoded.pane} ${encoded.revision} ${encoded.changes}`)

/** What the same engine writes where nothing can go wrong, and what the batch fold says of it. */
const expected = Effect.runSync(Effect.cached(Effect.gen(function*() {
  const newest = new Map<string, Pane.Encoded>()
  const keeping = Layer.effect(ResultSink, Effect.map(ResultSink, (sink) =>
    ResultSink.of({
      ...sink,
      write: (panes) =>
        Effect.andThen(sink.write(panes), Effect.sync(() => {
          for (const pane of panes) {
            const id = JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end])
            const before = newest.get(id)
            if (before === undefined || Pane.replaces(pane, before)) newest.set(id, Pane.encode(pane))
          }
        }))
    }))).pipe(Layer.provide(ResultSink.layerMemory))
  return yield* Effect.gen(function*() {
    yield* feed
    yield* run
    const panes = yield* ResultSink.use((sink) => sink.read({}))
    const letters = yield* DeadLetters.use((letters) => letters.read({}))
    const fold = folded(pipelines, lines.flatMap((line, offset) => eventOf(line, { partition: 0, offset })))
    sameTexts(texts(panes), fold)
    const stored = [...newest.values()]
    const [revisions, retracted, late] = [
      stored.filter(({ revision }) => revision > 0),
      stored.filter(({ pane }) => pane === "retracted"),
      letters.filter(({ reason }) => reason === "late")
    ]
    // Otherwise the tests below would not test what they say.
    assert.isAbove(revisions.length, 500)
    assert.isAbove(retracted.length, 10)
    assert.isAbove(late.length, 10)
    assert.strictEqual(letters.length - late.length, lines.length / 50)
    return { fold, letters, stored: whole(stored) }
  }).pipe(Effect.provide(engineInto(keeping).pipe(Layer.provideMerge(stores())), { local: true }))
})))

/** Everything is there, once, and charts show it; asked of the server itself, not through the proxy. */
const isComplete = Effect.gen(function*() {
  const connection = yield* Connection
  const { fold, letters, stored } = yield* expected
  sameTexts(whole(yield* Store.panes(connection, {})), stored)
  assert.strictEqual(yield* pointsOf, stored.length)
  yield* chartsAreExact
  const sink = yield* ResultSink
  sameTexts(texts(yield* sink.read({})), fold)
  assert.deepStrictEqual(yield* DeadLetters.use((kept) => kept.read({})), letters)
})

interface Conditions extends InfluxdbResultSink.Options {
  readonly script: InfluxdbProxy.Script
  readonly requestTimeout?: `${number} millis`
  /** That of the processor. */
  readonly clock?: Clock.Clock
}

/** A bucket behind a proxy: how to run the engine into it, once or again, and how to see what has come of it. */
const behindProxy = Effect.fnUntraced(function*(conditions: Conditions) {
  const { clock = real, requestTimeout = "30000 millis", script, ...options } = conditions
  const { layer: direct, ...bucket } = yield* newBucket(influxdb)
  const proxy = yield* InfluxdbProxy.start(bucket.url, script)
  const sinkOver = (connection: typeof direct) => InfluxdbResultSink.layer(options).pipe(Layer.provideMerge(connection))
  const through = Connection.layer({ ...bucket, url: proxy.url, requestTimeout })
  const services = yield* Effect.context<EventLog | CheckpointStore | DeadLetters>()
  const withStores = Layer.provideMerge(Layer.succeedContext(services))
  return {
    proxy,
    /** A processor that starts, goes on from the checkpoint, and ends. */
    run: Effect.all({ report: run, connection: Connection }).pipe(
      Effect.provide(engineInto(sinkOver(through)).pipe(withStores), { local: true }),
      Effect.provideService(Clock.Clock, clock)
    ),
    isComplete: Effect.provide(isComplete, sinkOver(direct).pipe(withStores), { local: true })
  }
})

/** Runs to the end under the script, and asserts that all is there. */
const survives = (conditions: Conditions) =>
  Effect.gen(function*() {
    yield* feed
    const { isComplete, proxy, run } = yield* behindProxy(conditions)
    yield* expected
    const { connection, report } = yield* run
    assert.strictEqual(report.read, lines.length)
    yield* isComplete
    const faulty = proxy.events.filter(({ fault }) => fault !== null)
    return { proxy, faulty, retries: connection.retryPolicy.retries() }
  }).pipe(Effect.provide(stores(), { local: true }))

/** Befalls the requests of one action that have these numbers. */
const at =
  (action: InfluxdbProxy.Action, numbers: ReadonlyArray<number>, fault: InfluxdbProxy.Fault): InfluxdbProxy.Script =>
  (request) => request.action === action && numbers.includes(request.number) ? fault : null

/** Every fault of a list in turn, one request in so many, whatever the request is. */
const inTurn = (faults: ReadonlyArray<InfluxdbProxy.Fault>, every: number): InfluxdbProxy.Script => {
  let requests = 0
  let met = 0
  // The first is the probe of the start.
  return () => ++requests % every === 2 ? faults[met++ % faults.length]! : null
}

/** How long after a request that failed the same bytes were sent again, in milliseconds. */
const waits = (proxy: InfluxdbProxy.Proxy): ReadonlyArray<number> =>
  proxy.events.flatMap(({ action, at, body, fault }, i) => {
    if (fault === null) return []
    const again = proxy.events.slice(i + 1).find((later) => later.action === action && later.body === body)
    assert.isDefined(again, `a ${action} that failed was not repeated with the same bytes`)
    return [again.at - at]
  })

const busy = (status: number, retryAfter?: string, applied = false): InfluxdbProxy.Fault => ({
  _tag: "answer",
  status,
  headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
  applied
})

/** Milliseconds within which it is tried again at the latest, by a machine that is busy elsewhere: far less than a minute. */
const soon = 20_000

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toUTCString()

/** Retry-After that tells no time, or one that is over. */
const noNumbers = ["-5", "soon", "1.5", "", "0", "1e9", "NaN", "5, 7"]
const absurd = [...noNumbers, "Tue, 99 Foo 2026 99:99:99 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"]

describe("a server that asks to wait", () => {
  for (const status of [429, 503]) {
    it.live(`${status} for a second`, () =>
      Effect.gen(function*() {
        const { proxy } = yield* survives({ script: at("write", [1, 20, 40], busy(status, "1")) })
        for (const wait of waits(proxy)) {
          assert.isAtLeast(wait, 990)
          assert.isBelow(wait, soon)
        }
      }))

    it.live(`${status} until a date`, () =>
      Effect.gen(function*() {
        let until = 0
        const script: InfluxdbProxy.Script = ({ action, number }) => {
          if (action !== "write" || number !== 20) return null
          const date = inSeconds(3)
          until = Date.parse(date)
          return busy(status, date)
        }
        const { faulty, proxy } = yield* survives({ script })
        const [wait = 0] = waits(proxy)
        assert.isAtLeast(performance.timeOrigin + faulty[0]!.at + wait, until - 10)
        assert.isBelow(wait, soon)
      }))
  }

  it.live("for a time that is none, or over: tries again soon", () =>
    Effect.gen(function*() {
      const faults = absurd.flatMap((text) => [busy(429, text), busy(503, text, true)])
      const { faulty, proxy } = yield* survives({ script: inTurn(faults, 5) })
      assert.isAtLeast(faulty.length, faults.length)
      for (const [i, wait] of waits(proxy).entries()) assert.isBelow(wait, soon, JSON.stringify(faulty[i]?.fault))
    }))

  it.live("for years: tries again after a minute", () =>
    Effect.gen(function*() {
      const years = ["31536000", "99999999999999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"]
      const script: InfluxdbProxy.Script = ({ action, number }) =>
        action === "write" && number % 30 === 7 ? busy(number % 60 === 7 ? 429 : 503, years[Math.floor(number / 30) % 3]) : null
      const { proxy } = yield* survives({ script, requestTimeout: "600000 millis", clock: fast })
      for (const wait of waits(proxy)) {
        assert.isAtLeast(wait * speed, 59_000)
        assert.isBelow(wait, soon)
      }
    }))
})

describe("a server in trouble", () => {
  it.live("500, 502 and 504, by the server or by something before it, stored or not", () =>
    Effect.gen(function*() {
      const page = { headers: { "content-type": "text/html" }, text: `<html>${"Bad Gateway ".repeat(500)}</html>` }
      const json = { headers: { "content-type": "application/json" } }
      const own = { ...json, text: `{"code":"internal error","message":"timeout"}` }
      const answers = [true, false].flatMap((applied) => [{ ...page, applied }, { ...own, applied }])
      const faults = [500, 502, 504].flatMap((status) =>
        answers.map((answer) => ({ _tag: "answer", status, ...answer } as const)))
      const { faulty, proxy, retries } = yield* survives({ script: inTurn(faults, 9) })
      assert.isAtLeast(faulty.length, faults.length)
      assert.strictEqual(retries, faulty.length)
      assert.lengthOf(waits(proxy), faulty.length)
    }))

  const nothing = [
    { _tag: "silence", applied: true },
    { _tag: "silence", applied: false }
  ] as const

  it.live("never answers, whether it has stored what was sent or not", () =>
    Effect.gen(function*() {
      const { faulty, proxy } = yield* survives({ script: inTurn(nothing, 13), requestTimeout: "400 millis" })
      assert.isAtLeast(faulty.length, 10)
      // The proxy of a busy machine may notice a request late, and its repetition in time; not most of them.
      const inOrder = waits(proxy).toSorted((a, b) => a - b)
      assert.isAtLeast(inOrder[Math.floor(inOrder.length / 2)]!, 390)
    }))

  it.live("gets what nobody waits for any more when its repetition is long stored: newer points stay", () =>
    Effect.gen(function*() {
      const adrift = { _tag: "afterwards", millis: 300 } as const
      const script: InfluxdbProxy.Script = (request) =>
        at("write", [30, 60, 90], adrift)(request) ?? at("delete", [3, 9, 15], adrift)(request)
      const { faulty, proxy } = yield* survives({ script, requestTimeout: "300 millis" })
      assert.lengthOf(faulty, 6)
      // The next points wait until it has arrived: for 1.3 seconds after it was sent, which the proxy of a busy machine may
      // notice late, and the next points in time; not most of them.
      const pauses = proxy.events.flatMap(({ action, at, body, fault }, i) => {
        if (fault === null) return []
        const isAgain = (event: InfluxdbProxy.Event) => event.action === action && event.body === body
        const next = proxy.events.slice(i + 1).find((event) => event.action === "write" && !isAgain(event))
        return next === undefined ? [] : [next.at - at]
      }).toSorted((a, b) => a - b)
      assert.isAtLeast(pauses[Math.floor(pauses.length / 2)]!, 1_000)
    }))

  it.live("breaks the connection off: before the request, after it, in the middle of the answer", () =>
    Effect.gen(function*() {
      const faults = [{ _tag: "reset", applied: false }, { _tag: "reset", applied: true }, { _tag: "half" }] as const
      const { faulty, proxy } = yield* survives({ script: inTurn(faults, 13) })
      assert.isAtLeast(faulty.length, 10)
      assert.lengthOf(waits(proxy), faulty.length)
    }))

  it.live("answers byte by byte, in time and not in time", () =>
    Effect.gen(function*() {
      const faults = [{ _tag: "trickle", millis: 200 }, { _tag: "trickle", millis: 2_000 }] as const
      const { faulty, proxy, retries } = yield* survives({ script: inTurn(faults, 13), requestTimeout: "600 millis" })
      const slow = faulty.filter(({ fault }) => fault?._tag === "trickle" && fault.millis === 2_000)
      assert.isAtLeast(slow.length, 5)
      assert.isAtLeast(retries, slow.length)
      assert.isAbove(proxy.events.length, faulty.length)
    }))
})

describe("a body that is too large", () => {
  const tooLarge = (limit: number, said: { headers: Record<string, string>; text: string }): InfluxdbProxy.Script =>
    ({ action, body }) => action === "write" && body.length > limit ? { _tag: "answer", status: 413, ...said } : null

  const page = { headers: { "content-type": "text/html" }, text: "<html>413 Request Entity Too Large</html>" }
  const own = { headers: { "content-type": "application/json" }, text: `{"code":"request too large","message":"body"}` }

  for (const [who, said] of [["a proxy", page], ["the server", own]] as const) {
    it.live(`for ${who} is halved until it is not`, () =>
      Effect.gen(function*() {
        const limit = 4_000
        const { faulty, proxy } = yield* survives({ script: tooLarge(limit, said) })
        assert.isAbove(faulty.length, 1)
        // The size that was taken is remembered: it is not found out with every batch anew.
        assert.isBelow(faulty.length, proxy.events.length / 8)
      }))
  }

  it.live("down to single lines: those that are still too large become dead letters, and only those", () =>
    Effect.gen(function*() {
      yield* feed
      const limit = 194
      const { proxy, run } = yield* behindProxy({ script: tooLarge(limit, own) })
      const { connection } = yield* run
      const bodies = proxy.events.filter(({ action }) => action === "write")
      const lost = bodies.filter(({ body }) => body.length > limit && !body.includes("\n")).map(({ body }) => body)
      const stored = bodies.filter(({ fault }) => fault === null).flatMap(({ body }) => body.split("\n"))
      assert.isAbove(lost.length, 100)
      assert.isAbove(stored.length, 100)
      const letters = yield* DeadLetters.use((kept) => kept.read({ reason: "refused" }))
      const named = letters.map(({ offset, topic }) => [...topic.split("|").slice(1, 4), offset].join(" "))
      sameTexts(named, lost.map(windowAndRevision))
      assert.strictEqual(connection.statistics.refused, lost.length)
      for (const { detail } of letters) assert.include(detail, "body")
    }).pipe(Effect.provide(stores(), { local: true })))
})

const windowAndRevision = (line: string): string => {
  const [, pipeline, key, revision, start] = /^(.+),key=(.+),window=\S+ .*revision=(\d+)i.* (\d+)$/.exec(line) ?? []
  return `${pipeline} ${key} ${start} ${revision}`
}

describe("a server that does not let us, in mid-run", () => {
  const stops = (script: InfluxdbProxy.Script, words: RegExp) =>
    Effect.gen(function*() {
      yield* feed
      let isMended = false
      const { isComplete, proxy, run } = yield* behindProxy({ script: (request) => isMended ? null : script(request) })
      const error = yield* Effect.flip(run)
      assert.strictEqual(error._tag, "ResultSinkError")
      assert.match(error.message, words)
      assert.notInclude(error.message, "\n")
      // It was no retry that found this out.
      assert.isAtMost(proxy.events.filter(({ fault }) => fault !== null).length, 4)
      assert.deepStrictEqual(yield* DeadLetters.use((kept) => kept.read({ reason: "refused" })), [])
      isMended = true
      yield* run
      yield* isComplete
    }).pipe(Effect.provide(stores(), { local: true }))

  const from = (action: InfluxdbProxy.Action, number: number, fault: InfluxdbProxy.Fault): InfluxdbProxy.Script =>
    (request) => request.action === action && request.number >= number ? fault : null

  it.live("the token is no longer known: 401", () =>
    stops(
      from("write", 30, { _tag: "otherwise", token: "withdrawn" }),
      /does not know the token for the bucket/
    ))

  it.live("the bucket is gone: 404", () =>
    stops(from("write", 30, { _tag: "otherwise", bucket: "gone" }), /bucket "gone" not found/))

  it.live("the token is no longer known where points are deleted", () =>
    stops(from("delete", 5, { _tag: "otherwise", token: "withdrawn" }), /does not know the token/))

  const html = { _tag: "answer", headers: { "content-type": "text/html" } } as const

  it.live("something in between knows no such path: 404 of another", () =>
    stops(
      from("write", 30, { ...html, status: 404, text: "<html>Not here</html>" }),
      /answered 404 /
    ))

  it.live("something in between answers that all is well, and is no InfluxDB", () =>
    stops(
      from("write", 30, { ...html, status: 200, text: "<html>Log in</html>" }),
      /answered 200 /
    ))
})

describe("everything at once", () => {
  it.live("in any order, with requests that arrive when nobody waits for them any more", () =>
    Effect.gen(function*() {
      const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)
      yield* Effect.logInfo(`COURANT_SEED=${seed}`)
      const random = randomFrom(seed)
      const isSo = () => random() < 0.5
      const faults: ReadonlyArray<() => InfluxdbProxy.Fault> = [
        () => busy(isSo() ? 429 : 503, isSo() ? "1" : inSeconds(1), isSo()),
        () => busy(isSo() ? 500 : 503, absurd[Math.floor(random() * absurd.length)], isSo()),
        () => ({ _tag: "reset", applied: isSo() }),
        () => ({ _tag: "silence", applied: isSo() }),
        () => ({ _tag: "half" }),
        () => ({ _tag: "trickle", millis: 1_000 * random() }),
        () => ({ _tag: "afterwards", millis: 300 * random() }),
        () => busy(413)
      ]
      let sound = 0
      const { faulty } = yield* survives({
        script: ({ action, body }) => {
          if (action === "write" && body.length > 20_000) return busy(413)
          // Now and then by chance, and after eight sound answers for certain.
          if (sound < 8 && random() > 0.1) {
            sound++
            return null
          }
          sound = 0
          const fault = faults[Math.floor(random() * faults.length)]!()
          // Of one line it would say that the line is too large.
          const isTooLarge = fault._tag === "answer" && fault.status === 413
          return isTooLarge && (action !== "write" || !body.includes("\n")) ? null : fault
        },
        requestTimeout: "500 millis",
        batchLines: 200
      })
      assert.isAbove(faulty.length, 10)
    }))
})

/** Minutes pass as seconds. */
const speed = 60
const real = Clock.Clock.defaultValue()
const began = Date.now()
const now = () => began + (Date.now() - began) * speed
const fast: Clock.Clock = {
  currentTimeMillisUnsafe: now,
  currentTimeMillis: Effect.sync(now),
  currentTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
  currentTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe() * BigInt(speed),
  monotonicTimeNanos: Effect.map(real.monotonicTimeNanos, (nanos) => nanos * BigInt(speed)),
  sleep: (duration) => real.sleep(Duration.divideUnsafe(duration, speed))
}
