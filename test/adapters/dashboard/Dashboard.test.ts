import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Metric, Redacted, Ref, Stream } from "effect"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"
import { createServer } from "node:net"
import { ask, listen } from "./http.ts"
import { Dashboard, type Options } from "../../../src/adapters/dashboard/Dashboard.ts"
import { tradingDays } from "../../../src/adapters/dashboard/TradingSessions.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Feed, type Freshness } from "../../../src/streams/ports/Feed.ts"
import { Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"
import { order, type Pane } from "../../../src/streams/pipeline/Pane.ts"
import * as PaneModule from "../../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const pipelines = [candles1m, day]
const names = ["candles-1m", "day"]
const live: Freshness = { _tag: "live" }

const feedOf = (freshness: Effect.Effect<Freshness>) =>
  Layer.succeed(Feed, { name: "test", freshness, hasGivenAll: Effect.succeed(true), events: () => Stream.never })

const around = Layer.mergeAll(feedOf(Effect.succeed(live)), Monitor.layer, ResultSink.layerMemory)

const dashboard = (options: Partial<Options> = {}) =>
  Dashboard.layer({ host: "127.0.0.1", port: 0, title: "test", pipelines, ...options }).pipe(Layer.provideMerge(around))

const minute = 60_000

const candle = (key: string, start: number, close: string, over: Partial<Pane> = {}): Pane => ({
  pipeline: "candles-1m",
  key,
  start,
  end: start + minute,
  pane: "on-time",
  revision: 0,
  changes: 1,
  values: { close: Decimal.fromUnscaled(Math.round(Number(close) * 100), 2), volume: 10, mean: null },
  ...over
})

const url = Dashboard.use(({ url }) => Effect.succeed(url))

describe("the page", () => {
  it.live("is served whole from this server, with its headers", () =>
    Effect.gen(function*() {
      const base = yield* url
      const page = yield* ask(base, "/")
      assert.strictEqual(page.status, 200)
      assert.match(page.headers["content-type"] ?? "", /^text\/html/)
      const named = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "")
      const own = named.filter((path) => path.startsWith("/"))
      assert.isAbove(own.length, 3)
      const scripts = ["/vendor/lightweight-charts.js", "/vendor/lit-html/directives/repeat.js", "/chart/trader.js"]
      // The only thing that leads elsewhere is the link that the chart library's licence asks for.
      assert.deepStrictEqual(named.filter((path) => !/^[/#]/.test(path)), ["https://www.tradingview.com/"])
      for (const path of [...own, ...scripts]) {
        const asset = yield* ask(base, path)
        assert.strictEqual(asset.status, 200, path)
        assert.strictEqual(asset.headers["x-content-type-options"], "nosniff")
        if (path.endsWith(".js")) assert.match(asset.headers["content-type"] ?? "", /^text\/javascript/)
      }
      const policy = String(page.headers["content-security-policy"])
      assert.include(policy, "default-src 'none'; script-src 'self'; style-src 'self'")
      assert.notInclude(policy, "unsafe")
      assert.strictEqual(page.headers["referrer-policy"], "no-referrer")
    }).pipe(Effect.provide(dashboard())))

  it.live("names all of its modules, so that a browser need not find one by another", () =>
    Effect.gen(function*() {
      const base = yield* url
      const modules = new Set<string>()
      const find = (path: string): Effect.Effect<void> =>
        Effect.gen(function*() {
          if (modules.has(path)) return
          modules.add(path)
          const { body } = yield* ask(base, path)
          for (const [, named = ""] of body.matchAll(/(?:from|import) ?"(\.[^"]+)"/g)) yield* find(new URL(named, `http://page${path}`).pathname)
        })
      yield* find("/main.js")
      const { body } = yield* ask(base, "/")
      const named = [...body.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, path]) => path ?? "")
      assert.deepStrictEqual(["/main.js", ...named].sort(), [...modules].sort())
    }).pipe(Effect.provide(dashboard())))

  it.live("answers for a file that the browser has with nothing but that", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { headers: { etag = "" } } = yield* ask(base, "/main.js")
      for (const [said, status] of [[etag, 304], [`"other", W/${etag}`, 304], ["*", 304], [`"other"`, 200]] as const) {
        assert.strictEqual((yield* ask(base, "/main.js", { headers: { "if-none-match": said } })).status, status, said)
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("does not serve a file from outside its folder, however the path is written", () =>
    Effect.gen(function*() {
      const base = yield* url
      const paths = [
        "/../Dashboard.ts",
        "/%2e%2e/Dashboard.ts",
        "/..%2fDashboard.ts",
        "/..%5cDashboard.ts",
        "/vendor/../../Dashboard.ts",
        "//../../../../../../../etc/passwd",
        "/%252e%252e/Dashboard.ts",
        "/main.js%00.html",
        "/nothing-here"
      ]
      for (const path of paths) {
        const { body, headers, status } = yield* ask(base, path)
        assert.strictEqual(status, 404, path)
        assert.notInclude(body, "root:")
        assert.isDefined(headers["content-security-policy"], path)
      }
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/panes", () => {
  it.live("gives exactly what the sink gives", () =>
    Effect.gen(function*() {
      const base = yield* url
      const sink = yield* ResultSink
      const written = ["A", "B"].flatMap((key) => [0, 1, 2, 3].map((n) => candle(key, n * minute, `${n}.25`)))
      yield* sink.write([...written].sort(order))
      const queries = FastCheck.sample(
        FastCheck.record({
          pipeline: FastCheck.constantFrom(...names),
          key: FastCheck.constantFrom("A", "B", "C"),
          from: FastCheck.integer({ min: -minute, max: 4 * minute }),
          to: FastCheck.integer({ min: -minute, max: 4 * minute }),
          limit: FastCheck.integer({ min: 1, max: 9 })
        }, { requiredKeys: [] }),
        30
      )
      for (const query of queries) {
        const search = new URLSearchParams(
          Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
        )
        const { body, headers, status } = yield* ask(base, `/api/panes?${search}`)
        assert.strictEqual(status, 200)
        assert.match(headers["content-type"] ?? "", /^application\/json/)
        assert.strictEqual(body, JSON.stringify(yield* sink.read(query)), search.toString())
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("answers a bad parameter with 400 and one line that names it", () =>
    Effect.gen(function*() {
      const base = yield* url
      const bad = [
        ["pipeline", "pipeline=nothing"],
        ["limit", "limit=0"],
        ["limit", "limit=10001"],
        ["limit", "limit=x"],
        ["from", "from="],
        ["from", "from=1.5"],
        ["to", "to=1e3"],
        ["key", "key=A&key=B"],
        ["key", `key=${"A".repeat(2_001)}`]
      ] as const
      for (const [name, search] of bad) {
        const { body, status } = yield* ask(base, `/api/panes?${search}`)
        assert.strictEqual(status, 400, search)
        assert.include(body, name)
        assert.strictEqual(body.trimEnd().split("\n").length, 1)
      }
      assert.strictEqual((yield* ask(base, "/api/keys?pipeline=nothing")).status, 400)
      assert.strictEqual((yield* ask(base, "/api/stream?key=")).status, 400)
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/sessions", () => {
  it.live("tells when an exchange trades, and names a parameter that is wrong", () =>
    Effect.gen(function*() {
      const base = yield* url
      const [from, to] = [Date.parse("2024-07-03T12:00Z"), Date.parse("2024-07-03T13:00Z")]
      const { body, status } = yield* ask(base, `/api/v1/sessions?exchange=NMS&from=${from}&to=${to}`)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(JSON.parse(body), JSON.parse(JSON.stringify(tradingDays({ exchange: "NMS", from, to }))))
      assert.strictEqual((yield* ask(base, `/api/sessions?from=${to}&to=${from}`)).status, 200)
      for (const [name, search] of [["from", `to=${to}`], ["to", `from=${from}&to=now`], ["exchange", `exchange=${"X".repeat(21)}&from=${from}&to=${to}`]] as const) {
        const { body, status } = yield* ask(base, `/api/v1/sessions?${search}`)
        assert.strictEqual(status, 400)
        assert.include(body, name)
      }
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/keys and /api/status", () => {
  it.live("know stored and forming keys, and what the page has to say", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      yield* (yield* ResultSink).write([candle("MSFT", 0, "1.00"), candle("AAPL", 0, "1.00", { pipeline: "day" })])
      yield* monitor.publish({ _tag: "forming", panes: [candle("IBM", minute, "2.00", { pane: "early" })] })
      yield* Effect.sleep(50)
      assert.strictEqual((yield* ask(base, "/api/keys?pipeline=candles-1m")).body, `["IBM","MSFT"]`)
      assert.strictEqual((yield* ask(base, "/api/keys")).body, `["AAPL","IBM","MSFT"]`)
      yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, read: 3, watermark: Infinity } })
      const status: unknown = JSON.parse((yield* ask(base, "/api/status")).body)
      assert.deepInclude(status, {
        title: "test",
        timeZone: "America/New_York",
        pipelines: names,
        feed: "test",
        freshness: live,
        progress: { ...nothingYet, read: 3, watermark: Number.MAX_SAFE_INTEGER }
      })
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/stream", () => {
  it.live("begins with where things stand and goes on with what is published", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      const forming = candle("IBM", 0, "2.50", { pane: "early" })
      const closed = candle("IBM", 0, "2.75")
      yield* monitor.publish({ _tag: "forming", panes: [forming] })
      yield* Effect.sleep(50)
      const connected = yield* Deferred.make<void>()
      const heard = yield* Effect.forkChild(
        listen(
          base,
          "/api/stream",
          ["event: pane\n", "event: progress\ndata: {\"read\":7"],
          Deferred.succeed(connected, undefined)
        )
      )
      yield* Deferred.await(connected)
      yield* Effect.sleep(50)
      yield* monitor.publish({ _tag: "panes", panes: [closed] })
      yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, read: 7 } })
      const text = yield* Fiber.join(heard)
      assert.match(text, /^retry: 1000\n\n/)
      assert.include(text, `event: status\ndata: {"freshness":{"_tag":"live"},`)
      assert.include(text, `event: forming\ndata: ${PaneModule.toJson(forming)}\n\n`)
      assert.include(text, `event: pane\ndata: ${PaneModule.toJson(closed)}\n\n`)
      const ids = [...text.matchAll(/^id: \d+-(-?\d+)$/gm)].map(([, id]) => Number(id))
      assert.deepStrictEqual(ids, [...ids].sort((a, b) => a - b))
      assert.strictEqual(new Set(ids).size, ids.length)
    }).pipe(Effect.provide(dashboard())))

  it.live("of one key holds no other key's panes", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      const connected = yield* Deferred.make<void>()
      const heard = yield* Effect.forkChild(
        listen(base, "/api/stream?key=B%26C", ["\"revision\":2"], Deferred.succeed(connected, undefined))
      )
      yield* Deferred.await(connected)
      yield* Effect.sleep(50)
      yield* monitor.publish({ _tag: "panes", panes: [candle("A", 0, "1.00"), candle("B&C", 0, "1.00")] })
      yield* monitor.publish({ _tag: "forming", panes: [candle("A", 0, "1.00")] })
      yield* monitor.publish({ _tag: "panes", panes: [candle("B&C", 0, "1.00", { revision: 2 })] })
      const text = yield* Fiber.join(heard)
      assert.notInclude(text, `"key":"A"`)
      assert.strictEqual(text.split("event: pane").length - 1, 2)
      assert.notInclude(text, "event: missed")
    }).pipe(Effect.provide(dashboard())))

  it.live("tells when the feed's freshness changes", () =>
    Effect.gen(function*() {
      const freshness = yield* Ref.make<Freshness>(live)
      yield* Effect.gen(function*() {
        const base = yield* url
        const stale = Ref.set<Freshness>(freshness, { _tag: "stale", reason: "no answer" })
        const text = yield* listen(base, "/api/stream", ["\"stale\""], stale)
        assert.include(text, `event: status\ndata: {"freshness":{"_tag":"stale","reason":"no answer"},`)
      }).pipe(Effect.provide(
        Dashboard.layer({ host: "127.0.0.1", port: 0, pipelines }).pipe(
          Layer.provideMerge(Layer.mergeAll(feedOf(Ref.get(freshness)), Monitor.layer, ResultSink.layerMemory))
        )
      ))
    }))

  it.live("ends in good order when the server stops", () =>
    Effect.gen(function*() {
      const connected = yield* Deferred.make<void>()
      const ended = yield* Effect.gen(function*() {
        const base = yield* url
        const viewer = yield* Effect.forkDetach(listen(base, "/api/stream", [], Deferred.succeed(connected, undefined)))
        yield* Deferred.await(connected)
        return viewer
      }).pipe(Effect.provide(dashboard()))
      assert.match(yield* Fiber.join(ended), /<end>$/)
    }).pipe(Effect.timeout("15 seconds")))
})

describe("/api/health and /metrics", () => {
  it.live("health is well while the engine has nothing to do or gets on", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      const before = yield* ask(base, "/api/health")
      assert.deepInclude(JSON.parse(before.body), { status: "starting", watermark: null, lag: 0, freshness: live })
      yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, read: 5, lag: 2, watermark: 17 } })
      const after = yield* ask(base, "/api/health")
      assert.strictEqual(after.status, 200)
      assert.deepInclude(JSON.parse(after.body), { status: "ok", watermark: 17, lag: 2, read: 5 })
    }).pipe(Effect.provide(dashboard())))

  it.live("metrics are Prometheus text with the monitor's totals and the process's own metrics", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      yield* Metric.update(Metric.counter("dashboard_test_total"), 4)
      yield* monitor.publish({
        _tag: "progress",
        progress: {
          read: 15,
          aggregated: 5,
          late: 4,
          deadLettered: 3,
          duplicate: 2,
          held: 3,
          bySource: { trades: { ...nothingYet, held: 3 }, quotes: nothingYet },
          filtered: 1,
          watermark: 99,
          lag: 6,
          rows: 8,
          byPipeline: {},
          panes: 8
        }
      })
      for (const _ of ["once", "again, since totals must not add up from scrape to scrape"]) {
        const { body, headers } = yield* ask(base, "/metrics")
        assert.strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        const samples = parsePrometheus(body)
        assert.strictEqual(samples.get("courant_events_read_total"), 15)
        assert.strictEqual(samples.get(`courant_events_total{outcome="aggregated"}`), 5)
        assert.strictEqual(samples.get(`courant_events_total{outcome="late"}`), 4)
        assert.strictEqual(samples.get(`courant_events_total{outcome="dead_lettered"}`), 3)
        assert.strictEqual(samples.get(`courant_events_total{outcome="duplicate"}`), 2)
        assert.strictEqual(samples.get(`courant_events_total{outcome="filtered"}`), 1)
        assert.strictEqual(samples.get("courant_events_held"), 3)
        assert.strictEqual(samples.get(`courant_source_events_held{source="trades"}`), 3)
        assert.strictEqual(samples.get(`courant_source_events_held{source="quotes"}`), 0)
        assert.strictEqual(samples.get("courant_watermark_ms"), 99)
        assert.strictEqual(samples.get("courant_lag_records"), 6)
        assert.strictEqual(samples.get("courant_panes_total"), 8)
        assert.strictEqual(samples.get("dashboard_test_total"), 4)
      }
    }).pipe(Effect.provide(dashboard())))
})

/** Every line is a comment or a sample; each family is announced once, with its type, before its samples. */
const parsePrometheus = (text: string): ReadonlyMap<string, number> => {
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  assert.isTrue(text.endsWith("\n"))
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (type?.[1] !== undefined && type[2] !== undefined) {
      assert.isFalse(types.has(type[1]), line)
      types.set(type[1], type[2])
    } else if (!line.startsWith("# HELP ")) {
      const sample = /^(([a-zA-Z_:][\w:]*)(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})?) (-?[\d.e+]+|\+Inf|NaN)$/.exec(line)
      assert.isNotNull(sample, line)
      samples.set(sample?.[1] ?? "", Number(sample?.[3]))
    }
  }
  return samples
}

const secret = "s3cret/+ and long enough"

describe("who may look", () => {
  it.live("answers to its own names only", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { port } = new URL(base)
      for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
        assert.strictEqual((yield* ask(base, "/api/status", { headers: { host } })).status, 200, host)
      }
      const foreign = [
        `evil.example:${port}`,
        "evil.example",
        "localhost",
        "localhost:1",
        `localhost.evil.example:${port}`,
        `localhost:${port}.evil.example`,
        `10.0.0.1:${port}`,
        `user@localhost:${port}`,
        `:${port}`
      ]
      for (const host of foreign) {
        for (const path of ["/", "/api/panes", "/api/stream", "/metrics", "/nothing-here"]) {
          const { body, status } = yield* ask(base, path, { headers: { host } })
          assert.strictEqual(status, 421, `${host} ${path}`)
          assert.notInclude(body, "<html")
        }
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("only reads", () =>
    Effect.gen(function*() {
      const base = yield* url
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const { headers, status } = yield* ask(base, "/api/status", { method })
        assert.strictEqual(status, 405, method)
        assert.strictEqual(headers["allow"], "GET, HEAD")
      }
      for (const path of ["/", "/api/status", "/api/stream"]) {
        const head = yield* ask(base, path, { method: "HEAD" })
        assert.strictEqual(head.status, 200, path)
        assert.strictEqual(head.body, "")
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("needs the token for everything where there is one", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { port } = new URL(base)
      const paths = ["/", "/main.js", "/api/panes", "/api/stream", "/metrics", "/?token=wrong", "/nothing"]
      for (const path of paths) {
        assert.strictEqual((yield* ask(base, path)).status, 401, path)
      }
      const bearing = (authorization: string) => ask(base, "/metrics", { headers: { authorization } })
      for (const authorization of ["Bearer wrong", `Bearer ${secret}x`, "Bearer ", secret, "Basic czNjcmV0"]) {
        assert.strictEqual((yield* bearing(authorization)).status, 401, authorization)
      }
      assert.strictEqual((yield* bearing(`Bearer ${secret}`)).status, 200)

      const entered = yield* ask(base, `/?token=${encodeURIComponent(secret)}&a=b`)
      assert.strictEqual(entered.status, 303)
      assert.strictEqual(entered.headers["location"], "/?a=b")
      const cookie = entered.headers["set-cookie"]?.[0] ?? ""
      assert.match(cookie, new RegExp(`^courant_${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`))
      const kept = { headers: { cookie: cookie.split(";")[0] ?? "" } }
      assert.strictEqual((yield* ask(base, "/", kept)).status, 200)
      assert.strictEqual((yield* ask(base, "/", { headers: { cookie: `courant_${port}=${secret}` } })).status, 401)
      // The way back into the address must not lead to another host.
      for (const path of ["//evil.example/", "/\\evil.example/", "/.//evil.example/", "/x/..//evil.example/"]) {
        const { headers } = yield* ask(base, `${path}?token=${encodeURIComponent(secret)}`)
        assert.match(headers["location"] ?? "", /^\/(?![/\\])/, path)
      }
    }).pipe(Effect.provide(dashboard({ token: Redacted.make(secret) }))))

  it.live("is not open to other machines without a token", () =>
    Effect.gen(function*() {
      for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(dashboard({ host }))))
        assert.strictEqual(error.reason, "token-required")
      }
    }))

  it.live("refuses a token that is too short to be one, the empty one too, wherever it is bound", () =>
    Effect.gen(function*() {
      for (const host of ["0.0.0.0", "127.0.0.1"]) {
        for (const token of ["", "t", "15 characters x"].map((text) => Redacted.make(text))) {
          const error = yield* Effect.flip(Effect.scoped(Layer.build(dashboard({ host, token }))))
          assert.strictEqual(error.reason, "token-too-short")
          assert.include(error.message, "at least 16")
        }
        yield* Effect.scoped(Layer.build(dashboard({ host, token: Redacted.make("16 characters xy") })))
      }
    }))

  it.live("gives everyone who shows the token a session of their own, which says nothing about the token", () =>
    Effect.gen(function*() {
      const base = yield* url
      const enter = Effect.map(ask(base, `/?token=${encodeURIComponent(secret)}`), ({ headers }) =>
        headers["set-cookie"]?.[0]?.split(";")[0] ?? "")
      const cookies = [yield* enter, yield* enter]
      assert.strictEqual(new Set(cookies).size, 2)
      for (const cookie of cookies) assert.strictEqual((yield* ask(base, "/", { headers: { cookie } })).status, 200)
      const [name = "", value = ""] = cookies[0]?.split("=") ?? []
      const digests = (["hex", "base64", "base64url"] as const).map((form) => createHash("sha256").update(secret).digest(form))
      for (const wrong of ["", secret, ...digests, value.slice(1), `${value}x`]) {
        const cookie = `${name}=${wrong}`
        assert.strictEqual((yield* ask(base, "/", { headers: { cookie } })).status, 401, cookie)
      }
    }).pipe(Effect.provide(dashboard({ token: Redacted.make(secret) }))))

  it.live("on every interface answers to addresses, which cannot be rebound, and not to names", () =>
    Effect.gen(function*() {
      const { port } = new URL(yield* url)
      const base = `http://127.0.0.1:${port}/`
      const headers = { authorization: `Bearer ${secret}` }
      for (const host of [`192.0.2.7:${port}`, `[2001:db8::7]:${port}`, `localhost:${port}`]) {
        assert.strictEqual((yield* ask(base, "/api/status", { headers: { ...headers, host } })).status, 200, host)
      }
      const named = yield* ask(base, "/api/status", { headers: { ...headers, host: `a.example:${port}` } })
      assert.strictEqual(named.status, 421)
    }).pipe(Effect.provide(dashboard({ host: "0.0.0.0", token: Redacted.make(secret) }))))
})

it.live("says which port is in use", () =>
  Effect.gen(function*() {
    const taken = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer()
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const address = taken.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const exit = yield* Effect.exit(Effect.scoped(Layer.build(dashboard({ port }))))
    assert.isTrue(Exit.isFailure(exit))
    const error = yield* Effect.flip(exit)
    assert.strictEqual(error.reason, "port-in-use")
    assert.strictEqual(error.message, `port ${port} is in use`)
  }))
