/** Alerts of a server: what they fire, what becomes of it, and who may make them. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Redacted, Schema, Scope } from "effect"
import { Dashboard, type Options } from "../../../../src/adapters/dashboard/Dashboard.ts"
import { Alerts, ToldAlert } from "../../../../src/adapters/dashboard/alerts/Told.ts"
import { Database } from "../../../../src/adapters/sqlite/Database.ts"
import * as SqliteAlertStore from "../../../../src/adapters/sqlite/SqliteAlertStore.ts"
import { candles1m } from "../../../../src/analytics/candles.ts"
import { ticks } from "../../../../src/analytics/ticks.ts"
import * as InProcess from "../../../../src/streams/engine/InProcess.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../../../../src/streams/pipeline/index.ts"
import type { Pane } from "../../../../src/streams/pipeline/Pane.ts"
import { AlertStore, AlertStoreError } from "../../../../src/streams/ports/AlertStore.ts"
import { CheckpointStore } from "../../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../../src/streams/ports/Feed.ts"
import { Monitor, nothingYet } from "../../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../../src/streams/ports/ResultSink.ts"
import { fromTexts } from "../../../../src/streams/records/Records.ts"
import { temporaryFolder } from "../../sqlite/folder.ts"
import { ask, listen } from "../http.ts"

const minute = 60_000

const visits = ticks.pipe(Window.session("1 minute"), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("visits"))
const large = ticks.pipe(Events.where(Expr.gt("size", 1_000)), Pipeline.named("large"))
const pipelines = [candles1m, visits, large]

const around = Layer.mergeAll(Feed.layerMemory([]), Monitor.layer, ResultSink.layerMemory, DeadLetters.layerMemory)

const options: Options = { host: "127.0.0.1", port: 0, pipelines }

/** A server until the scope ends, or until it is stopped. */
const serve = Effect.fnUntraced(function*(over: Partial<Options> = {}) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const context = yield* Layer.buildWithScope(Layer.fresh(Dashboard.layer({ ...options, ...over })), scope)
  return { url: Context.get(context, Dashboard).url, stop: Scope.close(scope, Exit.void) }
})

const change = (url: string, method: string, path: string, body?: object, headers: Record<string, string> = { origin: new URL(url).origin }) => {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const described = text === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }
  return ask(url, `/api/v1/${path}`, { method, headers: { ...described, ...headers }, ...text === undefined ? {} : { body: text } })
}

const add = Effect.fnUntraced(function*(url: string, over: object = {}) {
  const { body, status } = yield* change(url, "POST", "alerts", { pipeline: "candles-1m", key: "A", value: "price", direction: "above", level: "100", ...over })
  assert.strictEqual(status, 200, body)
  return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(ToldAlert), { onExcessProperty: "error" })(body)
})

const alertsOf = Effect.fnUntraced(function*(url: string, query = "") {
  const { body } = yield* ask(url, `/api/v1/alerts${query}`)
  return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Alerts), { onExcessProperty: "error" })(body)
})

const firingsOf = (url: string, query = "") =>
  Effect.map(alertsOf(url, query), ({ firings }) => firings.map(({ before, end, start, state, value }) => `${start / minute}-${end / minute} ${state} ${value} after ${before}`))

/** What is so in the end. */
const becomes = Effect.fnUntraced(function*(url: string, wanted: ReadonlyArray<string>) {
  for (let tries = 0; tries < 400; tries++) {
    if (JSON.stringify(yield* firingsOf(url)) === JSON.stringify(wanted)) return
    yield* Effect.sleep(20)
  }
  assert.deepStrictEqual(yield* firingsOf(url), [...wanted])
})

const pane = (start: number, values: Pane["values"], over: Partial<Pane> = {}): Pane =>
  ({ pipeline: "candles-1m", key: "A", start: start * minute, end: (start + 1) * minute, pane: "on-time", revision: 0, changes: 1, values, ...over })

const candle = (start: number, high: string, close: string, over: Partial<Pane> = {}) => pane(start, { open: close, high, low: close, close }, over)

const write = Effect.fnUntraced(function*(...panes: ReadonlyArray<Pane>) {
  yield* (yield* ResultSink).write(panes)
  yield* (yield* Monitor).publish({ _tag: "panes", panes })
})

const forms = (...panes: ReadonlyArray<Pane>) => Monitor.use((monitor) => monitor.publish({ _tag: "forming", panes }))

/** Windows that form as soon as somebody listens. */
const thatForm = (...panes: ReadonlyArray<Pane>) => Effect.map(Monitor, (monitor) => monitor.publish({ _tag: "forming", panes }))

const eventTime = (watermark: number) =>
  Monitor.use((monitor) => monitor.publish({ _tag: "progress", progress: { ...nothingYet, watermark: watermark * minute, lastEventAt: watermark * minute } }))

describe("an alert", () => {
  it.live("fires while a window forms, and its result says whether that stays", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      yield* write(candle(0, "99", "98"))
      const alert = yield* add(url, { note: "out" })
      assert.deepInclude(alert, { level: "100", from: minute, note: "out", idle: null })
      const heard = yield* listen(url, "/api/v1/stream", ["event: alert", `"state":"forming"`], yield* thatForm(candle(1, "100.5", "99", { pane: "early" })))
      assert.include(heard, `"value":"100.5","before":"98"`)
      yield* forms(candle(1, "101", "99", { pane: "early" }))
      yield* write(candle(1, "101", "99"))
      yield* becomes(url, ["1-2 final 101 after 98"])
      const [{ id, knownAt, since } = { id: 0, knownAt: 0, since: 0 }] = (yield* alertsOf(url)).firings
      assert.isAtLeast(since, knownAt)
      // Late events say that it was not so.
      yield* write(candle(1, "99.9", "99", { pane: "late", changes: 2 }))
      yield* becomes(url, ["1-2 taken-back 101 after 98"])
      assert.deepStrictEqual(yield* firingsOf(url, `?asKnownAt=${since}`), ["1-2 final 101 after 98"])
      assert.deepStrictEqual(yield* firingsOf(url, `?asKnownAt=${knownAt - 1}`), [])
      assert.strictEqual((yield* alertsOf(url)).firings[0]?.id, id)
      // Of an older window, too.
      yield* write(candle(2, "100.2", "99"), candle(1, "100", "99", { pane: "late", changes: 3 }))
      yield* becomes(url, ["2-3 final 100.2 after 99", "1-2 final 100 after 98"])
      assert.match((yield* ask(url, "/metrics")).body, /courant_alert_firings_total \d/)
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("does not fire of what there was when it was made, nor of the open window that had crossed already", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      yield* write(candle(0, "99", "98"), candle(1, "120", "99"), candle(2, "99", "98"))
      yield* listen(url, "/api/v1/stream?follow=candles-1m~A", ["event: forming"], yield* thatForm(candle(3, "105", "99", { pane: "early" })))
      assert.strictEqual((yield* add(url)).from, 4 * minute)
      yield* write(candle(3, "106", "99"), candle(4, "99", "98"), candle(5, "100", "100"))
      yield* becomes(url, ["5-6 final 100 after 98"])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("of a session that grows fires once, and one that leaves no result is taken back", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      const session = (start: number, end: number, trades: number, over: Partial<Pane> = {}): Pane =>
        ({ ...pane(start, { trades }, over), pipeline: "visits", end: end * minute })
      yield* write(session(0, 2, 1))
      yield* add(url, { pipeline: "visits", value: "trades", level: "3" })
      yield* forms(session(5, 7, 3, { pane: "early" }))
      yield* becomes(url, ["5-7 forming 3 after 1"])
      yield* forms(session(5, 9, 4, { pane: "early" }))
      yield* becomes(url, ["5-9 forming 4 after 1"])
      yield* write(session(5, 10, 5))
      yield* becomes(url, ["5-10 final 5 after 1"])
      yield* write(session(11, 12, 2))
      yield* forms(session(13, 14, 3, { pane: "early" }))
      yield* becomes(url, ["13-14 forming 3 after 2", "5-10 final 5 after 1"])
      yield* eventTime(20)
      yield* becomes(url, ["13-14 taken-back 3 after 2", "5-10 final 5 after 1"])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("waits for a key that is not there, and for a pipeline that does not run any more", () =>
    Effect.gen(function*() {
      const store = yield* Effect.map(Layer.build(AlertStore.layerMemory), Context.get(AlertStore))
      yield* Effect.gen(function*() {
        const { stop, url } = yield* serve()
        const key = "Zürich/ \"~\u{1F600}"
        yield* add(url, { key, direction: "below", level: "-0" })
        yield* write(candle(0, "1", "1", { key }), pane(1, { open: "1", high: "1", low: "0", close: "1" }, { key }))
        yield* becomes(url, ["1-2 final 0 after 1"])
        yield* stop
        const other = yield* serve({ pipelines: [large] })
        const { alerts: [alert], firings } = yield* alertsOf(other.url)
        assert.strictEqual(alert?.idle, `no pipeline "candles-1m" runs here`)
        assert.strictEqual(firings.length, 1)
      }).pipe(Effect.provideService(AlertStore, store))
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("misses nothing that the monitor lost, nor what came while the server was off", () =>
    Effect.gen(function*() {
      const store = yield* Effect.map(Layer.build(AlertStore.layerMemory), Context.get(AlertStore))
      const sink = yield* ResultSink
      yield* Effect.gen(function*() {
        const first = yield* serve()
        yield* sink.write([candle(0, "99", "98")])
        yield* add(first.url)
        yield* sink.write([candle(1, "100", "98")])
        yield* Monitor.use((monitor) => monitor.publish({ _tag: "progress", progress: { ...nothingYet, panes: 2 } }))
        yield* becomes(first.url, ["1-2 final 100 after 98"])
        yield* first.stop
        yield* sink.write([candle(2, "101", "98"), candle(1, "99", "98", { pane: "late", changes: 2 })])
        const { url } = yield* serve()
        yield* becomes(url, ["2-3 final 101 after 98", "1-2 taken-back 100 after 98"])
      }).pipe(Effect.provideService(AlertStore, store))
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("fires once though it could not be kept, or was kept and nobody knew", () =>
    Effect.gen(function*() {
      const store = yield* Effect.map(Layer.build(AlertStore.layerMemory), Context.get(AlertStore))
      let saves = 0
      const failing = AlertStore.of({
        ...store,
        save: (saved) => {
          saves++
          const failure = new AlertStoreError({ message: "the disk is full" })
          if (saves === 1) return Effect.fail(failure)
          return saves === 2 ? Effect.andThen(store.save(saved), Effect.fail(failure)) : store.save(saved)
        }
      })
      const { url } = yield* Effect.provideService(serve(), AlertStore, failing)
      yield* write(candle(0, "99", "98"))
      yield* add(url)
      yield* write(candle(1, "100", "98"))
      yield* becomes(url, ["1-2 final 100 after 98"])
      assert.isAtLeast(saves, 2)
      assert.strictEqual((yield* store.read).firings.length, 1)
      while ((yield* alertsOf(url)).problem !== null) yield* Effect.sleep(20)
    }).pipe(Effect.scoped, Effect.provide(around)))
})

const engine = InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
  Feed.layerMemory([]), Monitor.layer, ResultSink.layerMemory, DeadLetters.layerMemory, EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory
)))

describe("over an engine", () => {
  it.live("a crossing is told while its minute forms, and is there once after a restart between the two", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const stored = SqliteAlertStore.layer.pipe(Layer.provide(Database.layer({ folder })))
      const { append } = yield* EventLog
      let size = 0
      const trade = (time: number, price: string) => append(0, fromTexts([JSON.stringify({ symbol: "A", time, price, size: ++size })]))
      yield* Effect.forkScoped((yield* Engine).run({ name: "alerts", pipelines: [candles1m], idleTimeout: "1 hour" }))
      yield* trade(0, "98")
      yield* trade(minute, "98.5")
      yield* Effect.gen(function*() {
        const { url } = yield* serve()
        yield* add(url)
        yield* trade(minute + 10_000, "100")
        yield* becomes(url, ["1-2 forming 100 after 98"])
      }).pipe(Effect.provide(stored, { local: true }), Effect.scoped)
      yield* trade(minute + 20_000, "101")
      yield* trade(3 * minute, "99")
      yield* Effect.gen(function*() {
        const { url } = yield* serve()
        yield* becomes(url, ["1-2 final 101 after 98"])
        // Within the allowed lateness: the minute between now comes from above.
        yield* trade(2 * minute, "101")
        yield* trade(4 * minute, "104")
        yield* becomes(url, ["1-2 final 101 after 98"])
        yield* trade(6 * minute, "99")
        yield* becomes(url, ["4-5 final 104 after 99", "1-2 final 101 after 98"])
      }).pipe(Effect.provide(stored, { local: true }), Effect.scoped)
    }).pipe(Effect.scoped, Effect.provide(engine)))
})

describe("the routes", () => {
  it.live("refuse what cannot be in a line that names it", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      for (const [over, wrong] of [
        [{ pipeline: "candles" }, `pipeline: no pipeline "candles" runs here; with windows there are candles-1m, visits`],
        [{ pipeline: "large" }, `pipeline: the pipeline "large" ends in events`],
        [{ value: "prize" }, `value: the pipeline "candles-1m" has no number "prize"; it has price, open`],
        [{ pipeline: "visits" }, `value: the pipeline "visits" has no number "price"; it has trades`],
        ...["NaN", "1e5", "", " 1", "1,5", "0x10", "Infinity", ".5", "1.", "9".repeat(61)].map((level) => [{ level }, "level"] as const),
        [{ level: 100 }, "level"],
        [{ direction: "up" }, "direction"],
        [{ note: "x".repeat(201) }, "note"],
        [{ key: "x".repeat(2_001) }, "key"]
      ] as const) {
        const { body, status } = yield* change(url, "POST", "alerts", { pipeline: "candles-1m", key: "A", value: "price", direction: "above", level: "100", ...over })
        assert.strictEqual(status, 400, JSON.stringify(over))
        assert.include(body, wrong)
        assert.strictEqual(body.trimEnd().split("\n").length, 1)
      }
      for (const [level, plain] of [["007", "7"], ["-0", "0"], ["+1.50", "1.5"], ["123456789012345678901234567890.5", "123456789012345678901234567890.5"]] as const) {
        assert.strictEqual((yield* add(url, { level })).level, plain)
      }
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("hold a hundred alerts, and delete one", () =>
    Effect.gen(function*() {
      const { url } = yield* serve()
      for (let number = 0; number < 100; number++) yield* add(url, { level: String(number) })
      const full = yield* change(url, "POST", "alerts", { pipeline: "candles-1m", key: "A", value: "price", direction: "above", level: "1" })
      assert.deepStrictEqual([full.status, full.body], [409, "there are 100 alerts, which is as many as there can be: delete one first\n"])
      const { alerts } = yield* alertsOf(url)
      assert.deepStrictEqual(alerts.map(({ level }) => level), Array.from({ length: 100 }, (_, number) => String(number)))
      const heard = yield* listen(url, "/api/v1/stream", ["event: alerts"], change(url, "DELETE", `alerts/${alerts[0]?.id}`))
      assert.include(heard, "event: alerts")
      assert.strictEqual((yield* alertsOf(url)).alerts.length, 99)
      const gone = yield* change(url, "DELETE", `alerts/${alerts[0]?.id}`)
      assert.deepStrictEqual([gone.status, gone.body], [404, `there is no alert "${alerts[0]?.id}"\n`])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.live("are nobody's but the page's, and a program's with the token", () =>
    Effect.gen(function*() {
      const body = { pipeline: "candles-1m", key: "A", value: "price", direction: "above", level: "1" }
      const { url } = yield* serve()
      const foreign = { origin: "http://evil.example" }
      assert.strictEqual((yield* change(url, "POST", "alerts", body, foreign)).status, 403)
      assert.strictEqual((yield* change(url, "POST", "alerts", body, {})).status, 403)
      const { id } = yield* add(url)
      assert.strictEqual((yield* change(url, "DELETE", `alerts/${id}`, undefined, foreign)).status, 403)
      for (const [method, path] of [["PUT", "alerts"], ["DELETE", "alerts"], ["POST", `alerts/${id}`], ["DELETE", `alerts/${id}/more`], ["DELETE", "status"]] as const) {
        assert.strictEqual((yield* change(url, method, path, body)).status, 405, `${method} ${path}`)
      }
      const secret = "a-token-of-a-test"
      const guarded = yield* serve({ token: Redacted.make(secret) })
      assert.strictEqual((yield* change(guarded.url, "POST", "alerts", body)).status, 401)
      assert.strictEqual((yield* change(guarded.url, "POST", "alerts", body, { authorization: `Bearer ${secret}` })).status, 200)
    }).pipe(Effect.scoped, Effect.provide(around)))
})
