/**
 * A page of which there is something new all the time: 300 keys whose windows form four times a second, and close in turn. A
 * process of its own, so that its memory and its pace are its alone. It says its port, and on each line that it
 * is sent how much memory it has, and how many connections.
 */
import { Effect, Layer, Stream } from "effect"
import { createInterface } from "node:readline"
import { Dashboard } from "../../../src/adapters/dashboard/Dashboard.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { Feed, type Freshness } from "../../../src/streams/ports/Feed.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const feed = Layer.succeed(Feed, {
  name: "test",
  freshness: Effect.succeed<Freshness>({ _tag: "live" }),
  hasGivenAll: Effect.succeed(true),
  events: () => Stream.never
})

const panesOf = (round: number, pane: Pane["pane"]): ReadonlyArray<Pane> =>
  Array.from({ length: 300 }, (_, key) => ({
    pipeline: "candles-1m",
    key: `KEY${key}`,
    start: Math.floor(round / 4) * 1_000,
    end: Math.floor(round / 4) * 1_000 + 1_000,
    pane,
    revision: round % 4,
    changes: 1 + round % 4,
    values: { open: 1.5, high: 2.5, low: 0.5, close: 1.25, volume: round, trades: 17, change: null }
  }))

const connections = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length

const program = Effect.gen(function*() {
  const monitor = yield* Monitor
  const { url } = yield* Dashboard
  yield* Effect.sync(() => console.log(new URL(url).port))
  createInterface({ input: process.stdin })
    .on("line", () => console.log(JSON.stringify({ memory: process.memoryUsage().rss, connections: connections() })))
    .on("close", () => process.exit(0))
  for (let round = 0;; round++) {
    yield* monitor.publish({ _tag: "forming", panes: panesOf(round, "early") })
    if (round % 4 === 3) yield* monitor.publish({ _tag: "panes", panes: panesOf(round, "on-time") })
    yield* Effect.sleep("250 millis")
  }
})

const around = Layer.mergeAll(feed, Monitor.layer, ResultSink.layerMemory)
const page = Dashboard.layer({ host: "127.0.0.1", port: 0, pipelines: [candles1m] }).pipe(Layer.provideMerge(around))
Effect.runFork(Effect.provide(program, page))
