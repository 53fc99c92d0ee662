/** The routes of the past, as programs read them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Api from "../../../../src/adapters/dashboard/Api.ts"
import { Dashboard } from "../../../../src/adapters/dashboard/Dashboard.ts"
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
})
