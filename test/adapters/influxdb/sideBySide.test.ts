/** Two connections of one process, and what is built over them, know nothing of each other. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { Connection } from "../../../src/adapters/influxdb/Connection.ts"
import * as InfluxdbResultSink from "../../../src/adapters/influxdb/InfluxdbResultSink.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { parse } from "./Line.ts"
import { serving } from "./serving.ts"

/** An empty InfluxDB that is busy for some requests, will not have the windows of a key, and keeps what it stores. */
const influxdb = Effect.fnUntraced(function*({ busy = 0, refuses = "" }: { readonly busy?: number; readonly refuses?: string }) {
  const lines: Array<string> = []
  let left = busy
  const url = yield* serving((request, response) => {
    let body = ""
    request.on("data", (bytes) => body += String(bytes)).on("end", () => {
      if (request.url?.startsWith("/api/v2/query")) return response.writeHead(200, { "content-type": "text/csv" }).end()
      if (body !== "" && left-- > 0) return response.writeHead(503).end()
      const bad = body.split("\n").some((line) => refuses !== "" && line.includes(`,key=${refuses},`))
      if (bad) return response.writeHead(422, { "content-type": "application/json" }).end(JSON.stringify({ code: "unprocessable entity", message: "no" }))
      if (body !== "") lines.push(...body.split("\n"))
      return response.writeHead(204).end()
    })
  })
  const connection = Connection.layer({ url, org: "o", bucket: "b", token: Redacted.make("t") })
  const layer = InfluxdbResultSink.layer().pipe(Layer.provideMerge(Layer.merge(connection, DeadLetters.layerMemory)))
  const services = yield* Layer.build(layer)
  return { lines, url, sink: Context.get(services, ResultSink), connection: Context.get(services, Connection) }
})

/** Panes of the same pipelines, windows, keys and values' names on every server; how they count is told. */
const panes = (revision: number, price: number): ReadonlyArray<Pane> =>
  ["candles-1m", "day"].flatMap((pipeline) =>
    ["A", "B"].flatMap((key) =>
      [0, 60_000].map((start) =>
        ({
          pipeline,
          key,
          start,
          end: start + 60_000,
          pane: "on-time",
          revision,
          changes: revision + 1,
          values: { close: price, volume: 1 }
        }) as const)))

it.live("two layers side by side share no revisions, retries, statistics or messages", () =>
  Effect.gen(function*() {
    const told: Array<string> = []
    const logger = Logger.make(({ message }) => void told.push(String(message)))
    yield* Effect.gen(function*() {
      const one = yield* influxdb({ busy: 3, refuses: "B" })
      const other = yield* influxdb({ busy: 1 })
      yield* Effect.all([one.sink.write(panes(2, 10)), other.sink.write(panes(0, 20))], { concurrency: "unbounded" })
      yield* Effect.all([one.sink.write(panes(1, 11)), other.sink.write(panes(1, 21))], { concurrency: "unbounded" })

      const storedBy = ({ lines }: { readonly lines: ReadonlyArray<string> }) =>
        new Set(lines.map(parse).map(({ fields, tags }) => `${tags.get("key")} ${fields.get("revision")} ${fields.get("close")}`))
      // An older pane is left out where the newer one is, and nowhere else.
      assert.deepStrictEqual(storedBy(one), new Set(["A 2i 10"]))
      assert.deepStrictEqual(storedBy(other), new Set(["A 0i 20", "B 0i 20", "A 1i 21", "B 1i 21"]))

      assert.deepStrictEqual([one, other].map(({ connection }) => connection.retryPolicy.retries()), [3, 1])
      assert.deepStrictEqual([one, other].map(({ connection }) => connection.statistics.refused), [8, 0])
      assert.deepStrictEqual([one, other].map(({ connection }) => connection.statistics.revisions), [16, 8])
      assert.deepStrictEqual(
        told.toSorted(),
        [one, other].map(({ url }) => `InfluxDB at ${url}: it answered 503 (503 Service Unavailable); trying again`).toSorted()
      )
    }).pipe(Effect.provide(Logger.layer([logger])), Effect.scoped)
  }))
