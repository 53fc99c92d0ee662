/** The routes of the past, as programs read them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Api from "../../../../src/adapters/dashboard/Api.ts"
import { Dashboard } from "../../../../src/adapters/dashboard/Dashboard.ts"
import { Graph } from "../../../../src/adapters/dashboard/Graph.ts"
import { Letters } from "../../../../src/adapters/dashboard/Letters.ts"
import { Status } from "../../../../src/adapters/dashboard/Status.ts"
import { LogTimes } from "../../../../src/adapters/dashboard/past/LogTimes.ts"
import { WindowHistory } from "../../../../src/adapters/dashboard/past/WindowHistory.ts"
import { candles1m } from "../../../../src/analytics/candles.ts"
import { Decisions } from "../../../../src/streams/ports/Decisions.ts"
import { EventLog } from "../../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../../src/streams/ports/Feed.ts"
import { Monitor } from "../../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../../src/streams/ports/ResultSink.ts"
import * as Pane from "../../../../src/streams/pipeline/Pane.ts"
import { fromTexts } from "../../../../src/streams/records/Records.ts"

const minute = 60_000
const stores = Layer.merge(EventLog.layerMemory(), Decisions.layerMemory)
const around = Layer.mergeAll(stores, Feed.layerMemory([]), Monitor.layer, ResultSink.layerMemory)

const serve = Effect.gen(function*() {
  const services = yield* Effect.context<Decisions | EventLog>()
  const layer = Dashboard.layer({ host: "127.0.0.1", port: 0, pipelines: [candles1m], past: { stores: services } })
  return (yield* Effect.map(Layer.build(layer), (context) => Effect.provideContext(Dashboard, context)).pipe(Effect.flatten)).url
})

const answer = <S extends Schema.Codec<unknown, unknown>>(url: string, path: string, schema: S) =>
  Effect.flatMap(
    Effect.promise(async () => (await fetch(`${url}api/v1/${path}`)).text()),
    Schema.decodeUnknownEffect(Schema.fromJsonString(schema), { onExcessProperty: "error" })
  )

const tick = (minutes: number) => JSON.stringify({ symbol: "A", time: minutes * minute, price: "1", size: 5 })

describe("the routes of the past", () => {
  it.live("tell when records came, what was known then, what changed, and how a window came to be", () =>
    Effect.gen(function*() {
      const { append } = yield* EventLog
      const times: Array<number> = []
      for (const [at, price] of ["1", "2", "3", "4"].entries()) {
        yield* append(0, fromTexts([JSON.stringify({ symbol: "A", time: at * minute, price, size: 5 })]))
        times.push(Date.now())
        yield* Effect.sleep(20)
      }
      const url = yield* serve
      const log = yield* answer(url, "log", LogTimes)
      assert.deepStrictEqual([log.records, log.counts.reduce((sum, [, count]) => sum + count, 0)], [4, 4])
      assert.isTrue(log.from! <= times[0]! && log.to! <= times[3]!)

      const known = yield* answer(url, `panes?asKnownAt=${times[2]! + 10}`, Schema.Array(Pane.Encoded))
      assert.deepStrictEqual(known.map(({ start }) => start), [0])
      assert.deepStrictEqual(yield* answer(url, `panes?asKnownAt=${times[0]! - 1_000}`, Schema.Array(Pane.Encoded)), [])
      const { keys } = yield* answer(url, `keys?pipeline=candles-1m&asKnownAt=${times[2]! + 10}`, Api.Keys)
      assert.deepStrictEqual(keys.map(({ key, newest }) => [key, newest.start, newest.pane]), [["A", 2 * minute, "early"]])

      const history = yield* answer(url, `history?pipeline=candles-1m&key=A&start=0&end=${minute}`, WindowHistory)
      const [{ knownAt } = { knownAt: 0 }] = history.revisions
      assert.deepStrictEqual([history.revisions.length, history.total, history.records[0]?.place.offset], [1, 1, 0])
      const { slowest, ...waitsFor } = history.waitsFor
      assert.deepStrictEqual(waitsFor, { closesAt: minute, finalAt: minute + 24 * 60 * minute, outOfOrderness: 5_000 })
      assert.deepInclude(slowest, { source: "ticks", partition: 0, of: 1, watermark: 3 * minute - 5_000 })
      assert.isTrue(slowest!.lastAt! > times[2]! && slowest!.lastAt! <= times[3]!)
      const changes = Schema.Struct({ before: Schema.NullOr(Schema.Int), after: Schema.NullOr(Schema.Int) })
      const around = yield* answer(url, `changes?pipeline=candles-1m&key=A&asKnownAt=${knownAt}`, changes)
      assert.deepStrictEqual([around.before, around.after! > knownAt], [null, true])
      assert.deepStrictEqual(yield* answer(url, `changes?pipeline=candles-1m&key=A&asKnownAt=${Date.now()}`, changes), { before: around.after, after: null })

      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}api/v1/panes?asKnownAt=noon`))).status, 400)
      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}api/v1/stream?asKnownAt=1&speed=fast`))).status, 400)
    }).pipe(Effect.provide(around), Effect.scoped))

  it.live("tell what could not be used by then, what was counted, and how far all was", () =>
    Effect.gen(function*() {
      const { append } = yield* EventLog
      const times: Array<number> = []
      for (const line of [tick(0), "no JSON", tick(10), tick(0), "neither"]) {
        yield* append(0, fromTexts([line]))
        times.push(Date.now())
        yield* Effect.sleep(20)
      }
      const url = yield* serve
      for (const [count, bad] of [[1, []], [2, [1]], [3, [1]], [5, [4, 1]]] as const) {
        const at = `asKnownAt=${times[count - 1]! + 10}`
        const { byReason, latest } = yield* answer(url, `letters?${at}`, Letters)
        assert.deepStrictEqual(byReason, bad.length === 0 ? [] : [{ reason: "not-json", count: bad.length }])
        assert.deepStrictEqual(latest.map(({ offset, record }) => [offset, record]), bad.map((offset) => [offset, offset === 1 ? "no JSON" : "neither"]))
        const { nodes, pipelines } = yield* answer(url, `graph?${at}`, Graph)
        assert.strictEqual(nodes.find(({ kind }) => kind === "source")?.in, count)
        assert.strictEqual(pipelines[0]?.deadLettered, bad.length)
        const { progress } = yield* answer(url, `status?${at}`, Status)
        assert.deepStrictEqual([progress.read, progress.knownAt], [count, times[count - 1]! + 10])
      }
      assert.deepStrictEqual((yield* answer(url, `letters?pipeline=candles-1m&asKnownAt=${Date.now()}`, Letters)).latest, [])
    }).pipe(Effect.provide(around), Effect.scoped))

  it.live("refuse in a line what there cannot be, with what there is", () =>
    Effect.gen(function*() {
      const url = yield* serve
      const refused = (path: string) =>
        Effect.promise(async () => {
          const response = await fetch(`${url}api/v1/${path}`)
          return `${response.status} ${await response.text()}`
        })
      const history = (start: number, end: number) => refused(`history?pipeline=candles-1m&key=A&start=${start}&end=${end}`)
      assert.strictEqual(
        yield* history(1, minute),
        "400 start and end: there is no window from 1 to 60000; near it are those from 0 to 60000 and from 60000 to 120000\n"
      )
      assert.match(yield* history(minute, 0), /^400 end: 0 is not after the start, 60000\n$/)
      assert.match(yield* history(0, 2 * minute), /^400 start and end: there is no window from 0 to 120000/)
      assert.match(yield* history(0, minute), /^200 /)
      assert.match(yield* refused("stream?speed=10"), /^400 speed: now has none; say with asKnownAt .*\n$/)
      assert.strictEqual(yield* refused("panes?limits=5"), "400 limits: there is no such parameter; there are pipeline, key, from, to, limit, asKnownAt\n")
      assert.strictEqual(yield* refused("log?a=1"), "400 a: there is no such parameter; there are none\n")
    }).pipe(Effect.provide(around), Effect.scoped))

  it.live("let a viewer wait for whom there is no place, say why, and go on when there is one", () =>
    Effect.gen(function*() {
      yield* (yield* EventLog).append(0, fromTexts([tick(0)]))
      const url = yield* serve
      const open = (asKnownAt: number) =>
        Effect.promise(async () => {
          const over = new AbortController()
          const response = await fetch(`${url}api/v1/stream?asKnownAt=${asKnownAt}`, { signal: over.signal })
          const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
          let heard = ""
          const until = async (text: string) => {
            while (!heard.includes(text)) heard += (await reader.read()).value ?? ""
            return heard
          }
          return { end: () => over.abort(), until: (text: string) => Effect.promise(() => until(text)) }
        })
      const others = yield* Effect.forEach([1, 2, 3, 4], open)
      for (const { until } of others) yield* until("event: progress")
      const fifth = yield* open(5)
      const told = yield* fifth.until("event: waiting")
      assert.notInclude(told, "progress")
      assert.include(yield* fifth.until("\n\n"), "the past is looked at by 4 others, and this goes on when one of them has gone")
      others[2]!.end()
      assert.include(yield* fifth.until("event: progress"), `event: waiting`)
      for (const { end } of [...others, fifth]) end()
    }).pipe(Effect.provide(around), Effect.scoped))
})
