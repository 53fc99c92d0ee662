/** The routes under a version: each is in the document, and answers as it says there. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { Alerts } from "../../../src/adapters/dashboard/alerts/Told.ts"
import * as Api from "../../../src/adapters/dashboard/Api.ts"
import { Dashboard, type Options } from "../../../src/adapters/dashboard/Dashboard.ts"
import { Description } from "../../../src/adapters/dashboard/Description.ts"
import { FeedState } from "../../../src/adapters/dashboard/FeedState.ts"
import { Graph } from "../../../src/adapters/dashboard/Graph.ts"
import { Health } from "../../../src/adapters/dashboard/Health.ts"
import { Letters } from "../../../src/adapters/dashboard/Letters.ts"
import { Status } from "../../../src/adapters/dashboard/Status.ts"
import { StreamEvent } from "../../../src/adapters/dashboard/StreamEvents.ts"
import { TradingDays } from "../../../src/adapters/dashboard/TradingSessions.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { day } from "../../../src/analytics/day.ts"
import { indicators1m } from "../../../src/analytics/indicators.ts"
import { ticks } from "../../../src/analytics/ticks.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Feed, type Pace } from "../../../src/streams/ports/Feed.ts"
import { type Counts, Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { Rows } from "../../../src/adapters/dashboard/Rows.ts"
import type * as Row from "../../../src/streams/pipeline/Row.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import { ask, listen } from "./http.ts"

const turnover = ticks.pipe(
  Window.hopping("5 minutes", "1 minute"),
  Aggregate.into({ shares: Aggregate.sum("size"), venue: Aggregate.last("exchange") }),
  Pipeline.named("turnover"),
  Pipeline.shown({ title: "Turnover", timeZone: "UTC", values: { shares: { title: "Shares", unit: "shares", decimals: 0, plot: "line" } } })
)

const large = ticks.pipe(Events.where(Expr.gt("size", 1_000)), Pipeline.named("large"))

const pipelines = [candles1m, day, indicators1m, turnover, large]

/** A replay whose pace is noted. */
const replay = Layer.sync(Feed, () => {
  let pace: Pace = { paused: false, speed: 60 }
  return Feed.of({
    name: "recorded",
    freshness: Effect.sync(() => ({ _tag: "recorded", date: "2013-10-08", speed: pace.speed })),
    hasGivenAll: Effect.succeed(true),
    events: () => Stream.never,
    control: { pace: Effect.sync(() => pace), change: (change) => Effect.sync(() => void (pace = { ...pace, ...change })) }
  })
})

const around = (feed = replay) => Layer.mergeAll(feed, Monitor.layer, ResultSink.layerMemory, DeadLetters.layerMemory)

const secret = "a-token-of-a-test"

const dashboard = (feed = replay, options: Partial<Options> = {}) =>
  Dashboard.layer({ host: "127.0.0.1", port: 0, pipelines, hasEnded: Effect.succeed(true), ...options }).pipe(Layer.provideMerge(around(feed)))

const url = Dashboard.use(({ url }) => Effect.succeed(url))

const minute = 60_000

const pane = (key: string, number: number, over: Partial<Pane.Pane> = {}): Pane.Pane => ({
  pipeline: "candles-1m",
  key,
  start: number * minute,
  end: (number + 1) * minute,
  pane: "on-time",
  revision: 0,
  changes: 1,
  values: { close: number + 0.5, volume: 10 },
  ...over
})

const countsOf = (over: Partial<Counts>): Counts =>
  ({ read: 0, aggregated: 0, late: 0, deadLettered: 0, duplicate: 0, filtered: 0, held: 0, ...over })

/** What a route answers, which is exactly what its schema describes. */
const answer = <A, I>(base: string, path: string, schema: Schema.Codec<A, I>) =>
  Effect.gen(function*() {
    const { body, headers, status } = yield* ask(base, `/api/v1/${path}`)
    assert.strictEqual(status, 200, `${path}: ${body}`)
    assert.strictEqual(headers["cache-control"], "no-store", path)
    return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(schema), { onExcessProperty: "error" })(body)
  })

const Document = Schema.Struct({
  openapi: Schema.String,
  paths: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown))
})

describe("the document", () => {
  it.live("has each route with its method and its parameters, and each is there", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { openapi, paths } = Schema.decodeUnknownSync(Schema.fromJsonString(Document))((yield* ask(base, "/api/v1/openapi.json")).body)
      assert.match(openapi, /^3\.1/)
      const methods = Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods)])
      assert.deepStrictEqual(methods, [
        ["/api/v1/pipelines", ["get"]],
        ["/api/v1/keys", ["get"]],
        ["/api/v1/panes", ["get"]],
        ["/api/v1/rows", ["get"]],
        ["/api/v1/status", ["get"]],
        ["/api/v1/sessions", ["get"]],
        ["/api/v1/stream", ["get"]],
        ["/api/v1/log", ["get"]],
        ["/api/v1/history", ["get"]],
        ["/api/v1/changes", ["get"]],
        ["/api/v1/health", ["get"]],
        ["/api/v1/graph", ["get"]],
        ["/api/v1/letters", ["get"]],
        ["/api/v1/alerts", ["get", "post"]],
        ["/api/v1/alerts/{id}", ["delete"]],
        ["/api/v1/feed", ["post"]]
      ])
      assert.include(JSON.stringify(paths["/api/v1/keys"]), `"enum":["candles-1m","day","indicators-1m","turnover","large"]`)
      for (const path of Object.keys(paths)) {
        // What needs a parameter says which, and what needs the log that it is not there.
        const { status } = yield* ask(base, path, { method: path.endsWith("feed") ? "POST" : path.endsWith("{id}") ? "DELETE" : "HEAD" })
        assert.include(path.endsWith("log") ? [404] : [200, 400, 403], status, path)
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("describes the answers, and routes without a version are the same", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      yield* (yield* ResultSink).write([pane("A", 1), pane("B", 1)])
      yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, read: 5, watermark: Infinity, lastEventAt: 3, open: { day: 4 }, byPipeline: { day: countsOf({}) } } })
      yield* answer(base, "pipelines", Schema.Array(Description))
      yield* answer(base, "keys?pipeline=candles-1m", Api.Keys)
      yield* answer(base, "panes", Schema.Array(Pane.Encoded))
      const status = yield* answer(base, "status", Status)
      assert.strictEqual(status.lastEventAt, 3)
      assert.deepStrictEqual(status.feed, {
        name: "recorded",
        freshness: { _tag: "recorded", date: "2013-10-08", speed: 60 },
        ended: true,
        control: { paused: false, speed: 60 }
      })
      yield* answer(base, "health", Health)
      yield* answer(base, "graph", Graph)
      yield* answer(base, "letters", Letters)
      yield* answer(base, "alerts", Alerts)
      yield* answer(base, "sessions?exchange=NMS&from=1720008000000&to=1720011600000", TradingDays)
      for (const path of ["pipelines", "panes?key=A", "health", "graph", "letters", "alerts", "openapi.json"]) {
        assert.strictEqual((yield* ask(base, `/api/${path}`)).body, (yield* ask(base, `/api/v1/${path}`)).body, path)
      }
      assert.strictEqual((yield* ask(base, "/api/v2/panes")).status, 404)
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/pipelines", () => {
  it.live("says of each pipeline what it is, with hints or without", () =>
    Effect.gen(function*() {
      const [candles, days, indicators, own, rows] = yield* answer(yield* url, "pipelines", Schema.Array(Description))
      assert.deepStrictEqual(candles?.values.slice(0, 6).map(({ kind, name, plot }) => [name, kind, plot]), [
        ["open", "decimal", "candle"],
        ["high", "decimal", "candle"],
        ["low", "decimal", "candle"],
        ["close", "decimal", "candle"],
        ["mean", "decimal", "line"],
        ["volume", "decimal", "bars"]
      ])
      assert.deepStrictEqual([candles?.window?.size, candles?.allowedLateness, candles?.timeZone], [minute, 86_400_000, "America/New_York"])
      assert.deepStrictEqual(days?.window, { kind: "trading", text: "each session of the calendar that exchange names", size: null, advance: null, calendar: true })
      assert.isTrue(indicators?.values.some(({ name }) => name === "close"))
      assert.deepStrictEqual(own, {
        name: "turnover",
        title: "Turnover",
        sources: ["ticks"],
        ends: "panes",
        key: { fields: ["symbol"] },
        window: { kind: "hopping", text: "hopping windows of 5m, one every 1m", size: 5 * minute, advance: minute, calendar: false },
        values: [
          { name: "shares", kind: "decimal", title: "Shares", unit: "shares", decimals: 0, plot: "line" },
          { name: "venue", kind: "string", title: "venue", unit: null, decimals: null, plot: null }
        ],
        allowedLateness: 0,
        timeZone: "UTC"
      })
      assert.deepStrictEqual([rows?.ends, rows?.window], ["rows", null])
      assert.deepInclude(rows?.values ?? [], { name: "time", kind: "time", title: "time", unit: null, decimals: null, plot: null })
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/keys", () => {
  it.live("joins what is stored with what forms, whatever the page and the text", () =>
    Effect.gen(function*() {
      const base = yield* url
      yield* (yield* ResultSink).write([pane("AAPL", 1), pane("AAPL", 2), pane("MSFT", 5), pane("abc", 1)])
      const forming = [pane("AAPL", 3, { pane: "early" }), pane("IBM", 3, { pane: "early" }), pane("MSFT", 4, { pane: "early" })]
      yield* (yield* Monitor).publish({ _tag: "forming", panes: forming })
      yield* Effect.sleep(50)
      const keys = (query: string) =>
        Effect.map(answer(base, `keys?pipeline=candles-1m${query}`, Api.Keys), ({ keys, more, total }) =>
          [keys.map(({ key, newest }) => `${key} ${newest.start / minute} ${newest.pane}`), more, total])
      const [aapl, ibm, msft, abc] = ["AAPL 3 early", "IBM 3 early", "MSFT 5 on-time", "abc 1 on-time"]
      assert.deepStrictEqual(yield* keys(""), [[aapl, ibm, msft, abc], false, 4])
      assert.deepStrictEqual(yield* keys("&limit=1"), [[aapl], true, 4])
      assert.deepStrictEqual(yield* keys("&limit=2"), [[aapl, ibm], true, 4])
      assert.deepStrictEqual(yield* keys("&limit=2&after=AAPL"), [[ibm, msft], true, 4])
      assert.deepStrictEqual(yield* keys("&limit=2&after=IBM"), [[msft, abc], false, 4])
      assert.deepStrictEqual(yield* keys("&contains=A"), [[aapl, abc], false, 2])
      assert.deepStrictEqual(yield* keys("&contains=b&after=J"), [[abc], false, 2])
      assert.deepStrictEqual(yield* keys("&after=x"), [[], false, 4])
      assert.strictEqual((yield* ask(base, "/api/v1/keys")).status, 400)
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/stream", () => {
  it.live("has events as the document describes them, of what is looked at and nothing else", () =>
    Effect.gen(function*() {
      const base = yield* url
      const monitor = yield* Monitor
      yield* monitor.publish({ _tag: "forming", panes: [pane("A,~", 7, { pane: "early" }), pane("B", 7, { pane: "early" })] })
      yield* Effect.sleep(50)
      const query = new URLSearchParams([["follow", "candles-1m~A,~"], ["watch", "candles-1m:close,volume"], ["watch", "turnover"]])
      const publish = Effect.gen(function*() {
        yield* Effect.sleep(100)
        yield* monitor.publish({ _tag: "panes", panes: [pane("A,~", 7), pane("B", 7), pane("B", 7, { pipeline: "day" })] })
      })
      const text = yield* listen(base, `/api/v1/stream?${query}`, ["event: pane", `["B",420000,480000,"on-time",7.5,10]`], publish)
      const events = text.split("\n\n").flatMap((block) => {
        const member = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1]
        return member("event") === undefined ? [] : [{ id: member("id"), event: member("event"), data: member("data") }]
      })
      for (const { id, ...event } of events) Schema.decodeUnknownSync(StreamEvent)({ ...event, ...id === undefined ? {} : { id } })
      assert.deepStrictEqual(events.map(({ event }) => event), ["status", "progress", "forming", "rows", "rows", "pane", "rows"])
      assert.deepStrictEqual(JSON.parse(events[3]?.data ?? "").rows, [["A,~", 420_000, 480_000, "early", 7.5, 10], ["B", 420_000, 480_000, "early", 7.5, 10]])
      assert.deepStrictEqual(JSON.parse(events[4]?.data ?? ""), { pipeline: "turnover", fields: ["shares", "venue"], rows: [] })
    }).pipe(Effect.provide(dashboard())))

  it.live("refuses what there is not in a line that names it", () =>
    Effect.gen(function*() {
      const base = yield* url
      for (const [query, wrong] of [
        ["follow=nothing~A", `no pipeline "nothing" runs here`],
        ["follow=candles-1m", "has no key; write PIPELINE~KEY"],
        ["watch=candles-1m:clos", `has no value "clos"; it has open, high`],
        ["watch=candles-1m:,", `has no value ""`],
        [Array.from({ length: 201 }, () => "watch=day").join("&"), "at most 200"]
      ] as const) {
        const { body, status } = yield* ask(base, `/api/v1/stream?${query}`)
        assert.strictEqual(status, 400, query)
        assert.include(body, wrong)
        assert.strictEqual(body.trimEnd().split("\n").length, 1)
      }
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/letters", () => {
  it.live("counts what could not be used by reason, and shows the latest", () =>
    Effect.gen(function*() {
      const base = yield* url
      const letter = (offset: number, text: string, over = {}) => ({
        topic: "ticks",
        partition: 0,
        offset,
        pipeline: null,
        reason: "not-json" as const,
        detail: "no JSON",
        bytes: new TextEncoder().encode(text),
        ...over
      })
      yield* (yield* DeadLetters).write([
        letter(0, "{"),
        letter(1, `{"symbol":"A","time":1380000000000,"price":"1"}`, { pipeline: "candles-1m", reason: "late", detail: "too late" }),
        letter(2, "x".repeat(5_000))
      ])
      const all = yield* answer(base, "letters", Letters)
      assert.deepStrictEqual(all.byReason, [{ reason: "late", count: 1 }, { reason: "not-json", count: 2 }])
      assert.deepStrictEqual(all.latest.map(({ offset, record, time }) => [offset, record.length, time]), [[2, 2_000, null], [1, 47, 1_380_000_000_000], [0, 1, null]])
      const own = yield* answer(base, "letters?pipeline=candles-1m&limit=1", Letters)
      assert.deepStrictEqual(own.byReason, [{ reason: "late", count: 1 }])
      assert.deepInclude(own.latest[0], { pipeline: "candles-1m", source: "ticks", partition: 0, offset: 1, detail: "too late" })
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/graph", () => {
  it.live("has the source once, each node of each pipeline, and the way into the sinks", () =>
    Effect.gen(function*() {
      const own = countsOf({ read: 9, aggregated: 5, filtered: 3, late: 1 })
      yield* (yield* Monitor).publish({
        _tag: "progress",
        progress: { ...own, panes: 2, rows: 3, lag: 4, watermark: 77, open: { "candles-1m": 6 }, byPipeline: { "candles-1m": own, large: { ...own, late: 0, aggregated: 6 } } }
      })
      const { edges, nodes, pipelines } = yield* answer(yield* url, "graph", Graph)
      const ids = new Set(nodes.map(({ id }) => id))
      assert.strictEqual(ids.size, nodes.length)
      for (const edge of edges) for (const id of edge) assert.isTrue(ids.has(id), id)
      assert.deepInclude(nodes.find(({ id }) => id === "source/ticks"), { pipeline: null, kind: "source", in: 9 })
      assert.deepInclude(nodes.find(({ kind, pipeline }) => kind === "window" && pipeline === "candles-1m"), { in: 6, taken: 5, late: 1, out: null, state: 6, watermark: 77 })
      assert.deepInclude(nodes.find(({ kind, pipeline }) => kind === "where" && pipeline === "large"), { filtered: 3, late: null })
      assert.deepInclude(nodes.find(({ id }) => id === "sink/panes"), { kind: "sink", in: 2 })
      assert.deepInclude(nodes.find(({ id }) => id === "sink/rows"), { kind: "sink", in: 3 })
      assert.deepInclude(pipelines.find(({ name }) => name === "candles-1m"), { read: 9, aggregated: 5, filtered: 3, late: 1, state: 6 })
      assert.deepInclude(pipelines.find(({ name }) => name === "turnover"), { read: null, state: null })
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/graph where the engine is in this process", () => {
  it.live("has of each node what came to it, by side, what became of it and what it keeps; of each source its lag", () =>
    Effect.gen(function*() {
      const own = countsOf({ read: 9, aggregated: 5, filtered: 3, late: 1 })
      const none = { inputs: [], out: 0, taken: 0, late: 0, refused: 0, duplicate: 0, filtered: 0, held: 0, state: 0, watermark: 77 }
      const { checked } = candles1m
      const window = checked.nodes.find(({ _tag }) => _tag === "window")!
      const nodes = Object.fromEntries(checked.nodes.map((node) => [node.id, node._tag === "source" ? { ...none, out: 9 } : { ...none, inputs: [9], taken: 8, late: 1, out: 2, state: 4 }]))
      const progress = { ...own, panes: 2, rows: 3, lag: 4, watermark: 77, byPipeline: { "candles-1m": own } }
      const monitor = yield* Monitor
      yield* monitor.publish({ _tag: "progress", progress: { ...progress, nodes: { "candles-1m": nodes }, sources: { ticks: { watermark: 79, lag: 3 } } } })
      const told = yield* answer(yield* url, "graph", Graph)
      const node = told.nodes.find(({ id }) => id === `candles-1m/${window.id}`)
      assert.deepInclude(node, { in: 9, taken: 8, out: 2, late: 1, filtered: 0, state: 4, watermark: 77, lag: null })
      assert.deepStrictEqual(node?.inputs.map(({ in: count }) => count), [9, 0])
      assert.deepInclude(told.nodes.find(({ id }) => id === "source/ticks"), { out: 9, watermark: 79, lag: 3 })
      assert.deepInclude(told.pipelines.find(({ name }) => name === "candles-1m"), { watermark: 79 })
      // Of one that is not in this process nothing is known, which is not 0.
      assert.deepInclude(told.nodes.find(({ kind, pipeline }) => kind === "where" && pipeline === "large"), { in: null, taken: null, out: null, state: null, eventsPerSecond: null })
      // Viewers are told of the whole all the time, and of nodes where they ask.
      const heard = yield* listen(yield* url, "/api/v1/stream", [`"read":9`], Effect.void)
      assert.notInclude(heard, "inputs")
    }).pipe(Effect.provide(dashboard())))
})

describe("/api/v1/rows", () => {
  const row = (symbol: string, offset: number, size: number): Row.Row =>
    ({ pipeline: "large", place: { source: "ticks", partition: 0, offset }, key: symbol, time: offset * 1_000, values: { symbol, time: offset * 1_000, size } })
  const rows = (path = "") => Effect.flatMap(url, (base) => answer(base, `rows?pipeline=large${path}`, Rows))
  const sizes = (found: Rows) => found.rows.map(({ values }) => values["size"])

  it.live("are those of the sink, the newest first, of a key or with a text in them", () =>
    Effect.gen(function*() {
      yield* (yield* RowSink).write([row("A", 1, 10), row("B", 3, 30), row("A", 2, 20)])
      const all = yield* rows()
      assert.deepStrictEqual([sizes(all), all.since], [[30, 20, 10], null])
      assert.deepInclude(all.rows[0], { key: "B", time: 3_000, place: { source: "ticks", partition: 0, offset: 3 } })
      assert.deepStrictEqual(sizes(yield* rows("&key=A")), [20, 10])
      assert.deepStrictEqual(sizes(yield* rows("&contains=b")), [30])
      assert.deepStrictEqual(sizes(yield* rows("&contains=10")), [10])
      assert.deepStrictEqual(sizes(yield* rows("&limit=1")), [30])
      const { body, status } = yield* ask(yield* url, "/api/v1/rows?pipeline=turnover")
      assert.deepStrictEqual([status, body.trim()], [400, `the pipeline "turnover" has windows: ask /api/v1/panes for them`])
      for (const wrong of ["&limit=0", "&limit=1001"]) assert.strictEqual((yield* ask(yield* url, `/api/v1/rows?pipeline=large${wrong}`)).status, 400, wrong)
    }).pipe(Effect.provide(dashboard().pipe(Layer.provideMerge(RowSink.layerMemory)))))

  it.live("are the last thousand that came since the server began, where the sink cannot be read", () =>
    Effect.gen(function*() {
      const monitor = yield* Monitor
      const before = yield* rows()
      assert.deepStrictEqual(before.rows, [])
      assert.isNumber(before.since)
      yield* monitor.publish({ _tag: "rows", rows: Array.from({ length: 1_500 }, (_, n) => row("A", n, n)) })
      // What a restart puts out once more is there once.
      yield* monitor.publish({ _tag: "rows", rows: [row("B", 1_499, 1)] })
      yield* Effect.yieldNow
      const found = yield* rows("&limit=1000")
      assert.deepStrictEqual([found.rows.length, found.rows[0]?.key, found.rows[1]?.values["size"], found.rows.at(-1)?.values["size"]], [1_000, "B", 1_498, 500])
      assert.deepStrictEqual(sizes(yield* rows("&key=B")), [1])
    }).pipe(Effect.provide(dashboard().pipe(Layer.provideMerge(RowSink.fromFunction(() => Effect.void))))))
})

describe("/api/v1/feed", () => {
  const body = JSON.stringify({ paused: true })
  const headers = { "content-type": "application/json", "content-length": String(body.length) }

  it.live("changes the pace of a replay, and everyone hears of it", () =>
    Effect.gen(function*() {
      const base = yield* url
      const origin = new URL(base).origin
      const post = (change: object) => {
        const body = JSON.stringify(change)
        return ask(base, "/api/v1/feed", { method: "POST", body, headers: { ...headers, "content-length": String(body.length), origin } })
      }
      const paused = yield* post({ paused: true })
      assert.strictEqual(paused.status, 200, paused.body)
      const state = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(FeedState))(paused.body)
      assert.deepStrictEqual(state.control, { paused: true, speed: 60 })
      const heard = yield* listen(base, "/api/v1/stream", [`"control":{"paused":true,"speed":600}`], post({ speed: 600 }))
      assert.include(heard, `"control":{"paused":true,"speed":60}`)
      for (const change of [{ speed: 0 }, { speed: -1 }, { speed: "fast" }, { paused: 1 }, { speed: 1e9 }, { typo: 1 }, { typo: 1, paused: true }, {}]) {
        const { body, status } = yield* post(change)
        assert.strictEqual(status, 400, JSON.stringify(change))
        assert.include(body, Object.keys(change)[0] ?? "nothing is to be changed: give paused, speed or both")
        assert.strictEqual(body.indexOf("\n"), body.length - 1)
      }
      const unread = yield* ask(base, "/api/v1/feed", { method: "POST", body: "{", headers: { ...headers, "content-length": "1", origin } })
      assert.strictEqual(unread.status, 400)
    }).pipe(Effect.provide(dashboard())))

  it.live("is refused where the feed comes as it happens", () =>
    Effect.gen(function*() {
      const base = yield* url
      const refused = yield* ask(base, "/api/v1/feed", { method: "POST", body, headers: { ...headers, origin: new URL(base).origin } })
      assert.strictEqual(refused.status, 409)
      assert.include(refused.body, `the feed "memory" comes as it happens`)
    }).pipe(Effect.provide(dashboard(Feed.layerMemory([])))))

  it.live("needs the token where there is one, and a program with it no origin", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { origin } = new URL(base)
      const post = (over: Record<string, string>) =>
        Effect.map(ask(base, "/api/v1/feed", { method: "POST", body, headers: { ...headers, ...over } }), ({ status }) => status)
      assert.strictEqual(yield* post({ origin }), 401)
      assert.strictEqual(yield* post({ authorization: "Bearer another token" }), 401)
      assert.strictEqual(yield* post({ authorization: `Bearer ${secret}` }), 200)
      assert.strictEqual(yield* post({ authorization: `Bearer ${secret}`, "content-type": "text/plain" }), 415)
      const entered = yield* ask(base, `/?token=${secret}`)
      const cookie = entered.headers["set-cookie"]?.[0]?.split(";")[0] ?? ""
      assert.strictEqual(yield* post({ cookie, origin }), 200)
      assert.strictEqual(yield* post({ cookie }), 403)
      assert.strictEqual(yield* post({ cookie, origin: "http://evil.example" }), 403)
    }).pipe(Effect.provide(dashboard(replay, { token: Redacted.make(secret) }))))

  it.live("is nobody's but the page's", () =>
    Effect.gen(function*() {
      const base = yield* url
      const { host, origin, port } = new URL(base)
      const post = (over: Record<string, string>, path = "/api/v1/feed", method = "POST") =>
        Effect.map(ask(base, path, { method, body, headers: { ...headers, ...over } }), ({ status }) => status)
      assert.strictEqual(yield* post({ origin }), 200)
      assert.strictEqual(yield* post({ origin }, "/api/feed"), 200)
      assert.strictEqual(yield* post({ origin }, "/api/feed?a=b"), 400)
      assert.strictEqual(yield* post({ "sec-fetch-site": "same-origin" }), 200)
      const foreign = ["http://evil.example", `http://evil.example:${port}`, "null", "", `http://localhost:${port}`, `http://${host}.evil.example`, "http://127.0.0.1"]
      for (const other of foreign) assert.strictEqual(yield* post({ origin: other }), 403, other)
      for (const site of ["cross-site", "same-site", "none"]) assert.strictEqual(yield* post({ "sec-fetch-site": site }), 403, site)
      assert.strictEqual(yield* post({}), 403)
      assert.strictEqual(yield* post({ origin, host: "evil.example" }), 421)
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
        assert.strictEqual(yield* post({ origin, "content-type": type }), 415, type)
      }
      const long = JSON.stringify({ paused: true, padding: "x".repeat(2_000) })
      const tooLong = yield* ask(base, "/api/v1/feed", { method: "POST", body: long, headers: { ...headers, "content-length": String(long.length), origin } })
      assert.strictEqual(tooLong.status, 413)
      const { "content-length": _, ...unmeasured } = headers
      assert.strictEqual((yield* ask(base, "/api/v1/feed", { method: "POST", headers: { ...unmeasured, origin, "transfer-encoding": "chunked" } })).status, 411)
      for (const path of ["/api/v1/status", "/api/status", "/", "/metrics"]) assert.strictEqual(yield* post({ origin }, path), 405, path)
      for (const method of ["PUT", "DELETE", "OPTIONS"]) assert.strictEqual(yield* post({ origin }, "/api/v1/feed", method), 405, method)
    }).pipe(Effect.provide(dashboard())))
})
