/** Keys, names of pipelines and values of any kind go through a real InfluxDB and come back as they were. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import { literal } from "../../src/adapters/influxdb/Flux.ts"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import * as Names from "../../src/adapters/influxdb/Names.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { ResultSink, select } from "../../src/streams/ports/ResultSink.ts"
import { same } from "../../src/testing/Law.ts"
import { texts } from "../adapters/influxdb/texts.ts"
import { newBucket, pointsOf, server } from "./influxdbServer.ts"

const influxdb = server()

/** Another one every time; a name of a test says which, and COURANT_SEED repeats it. */
const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)

const panes = fc.array(
  fc.record({
    pipeline: texts,
    key: texts,
    start: fc.integer({ min: -5, max: 5 }).map((minutes) => minutes * 60_000),
    length: fc.constantFrom(60_000, 90_000, 86_400_000, 61_001),
    // One type a name, as a pipeline has.
    values: fc.tuple(fc.dictionary(texts.map((name) => `text ${name}`), texts, { maxKeys: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
  }),
  { minLength: 200, maxLength: 200 }
).map((rows) => {
  const windows = new Map<string, Pane.Pane>()
  for (const { length, values: [words, number], ...row } of rows) {
    const pane: Pane.Pane = { ...row, end: row.start + length, pane: "on-time", revision: 0, changes: 1, values: { ...words, number: number + 0 } }
    windows.set(JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end]), pane)
  }
  return [...windows.values()]
})

describe("hostile texts", () => {
  for (const number of [1, 2, 788_264, seed]) {
    it.live(`200 windows of seed ${number}: written, asked for one by one, retracted, removed`, () =>
      Effect.gen(function*() {
        const { layer } = yield* newBucket(influxdb)
        const [written = []] = fc.sample(panes, { numRuns: 1, seed: number })
        yield* Effect.gen(function*() {
          const sink = yield* ResultSink
          const letters = yield* DeadLetters
          const readsAs = (panes: ReadonlyArray<Pane.Pane>) =>
            Effect.map(sink.read({}), (read) => same(read, select(panes.map(Pane.encode), {})))
          yield* sink.write(written)
          assert.deepStrictEqual((yield* letters.read({})).map(({ detail }) => detail), [])
          yield* readsAs(written)
          assert.strictEqual(yield* pointsOf, written.length)
          for (const { key, pipeline } of written.slice(0, 30)) {
            const encoded = written.map(Pane.encode)
            same(yield* sink.read({ pipeline, key }), select(encoded, { pipeline, key }))
          }

          // Each retraction deletes one point and no other.
          const gone = written.slice(0, 40)
          yield* sink.write(gone.map((pane) => ({ ...pane, pane: "retracted", revision: 1 })))
          yield* readsAs(written.slice(40))
          assert.strictEqual(yield* pointsOf, written.length)
          assert.deepStrictEqual(yield* shownOfRetracted, [])

          const removed = written.at(-1)!.pipeline
          yield* sink.remove(removed)
          yield* readsAs(written.slice(40).filter(({ pipeline }) => pipeline !== removed))
        }).pipe(Effect.provide(InfluxdbResultSink.layer().pipe(Layer.provideMerge([layer, DeadLetters.layerMemory]))))
      }))
  }
})

describe("scripts", () => {
  it.live(`take any name as a literal, of seed ${seed}`, () =>
    Effect.gen(function*() {
      const { layer } = yield* newBucket(influxdb)
      const { query } = yield* Effect.provide(Connection, layer)
      const several = fc.array(texts.map(Names.encode), { minLength: 300, maxLength: 300 })
      const [words = []] = fc.sample(several, { numRuns: 1, seed })
      const rows = words.map((word, i) => `{i: ${i}, word: ${literal(word)}}`)
      const found = yield* query(`import "array" array.from(rows: [${rows.join()}])`, (row) => row("word"))
      assert.deepStrictEqual(found, words)
    }))
})

/** Fields that a chart would find at retracted windows; there are to be none. */
const shownOfRetracted = Effect.gen(function*() {
  const connection = yield* Connection
  const fields = ["window_end", "revision", "changes", "pane", "exact"]
  return yield* connection.query(
    `retracted = from(bucket: "${connection.bucket}") |> range(start: 1900-01-01T00:00:00Z) ` +
      "|> filter(fn: (r) => r._field == \"pane\" and r._value == \"retracted\") |> keep(columns: [\"_time\", \"_measurement\", \"key\", \"window\"]) |> group()\n" +
      `shown = from(bucket: "${connection.bucket}") |> range(start: 1900-01-01T00:00:00Z) ` +
      `|> filter(fn: (r) => ${fields.map((field) => `r._field != "${field}"`).join(" and ")}) |> toString() ` +
      "|> keep(columns: [\"_time\", \"_measurement\", \"key\", \"window\", \"_field\"]) |> group()\n" +
      "join(tables: {retracted, shown}, on: [\"_time\", \"_measurement\", \"key\", \"window\"])",
    (row) => `${row("_measurement")} ${row("key")} ${row("_field")}`
  )
})
