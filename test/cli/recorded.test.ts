/** A whole real session through the whole program, against the batch fold and against the publisher's own bars. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import * as Database from "../../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../src/adapters/sqlite/SqliteResultSink.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { indicators1m } from "../../src/analytics/indicators.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { account, courant, linesOf, temporaryFolder } from "./courant.ts"
import { type Bar, bars, events, folded, regularSession } from "./session.ts"

const session = "run --feed recorded --speed max --once"

const pipelines: ReadonlyArray<AnyPipeline> = [candles1m, movingAverage5m, candles5m, day, indicators1m]

const ofPipeline = (lines: ReadonlyArray<string>, name: string) =>
  lines.filter((line) => line.startsWith(`{"pipeline":"${name}"`))

/** Of so many lines only the first that differs is worth showing. */
const assertSameLines = (actual: ReadonlyArray<string>, expected: ReadonlyArray<string>) => {
  const index = expected.findIndex((line, at) => line !== actual[at])
  if (index !== -1) assert.strictEqual(actual[index], expected[index], `line ${index + 1}`)
  assert.strictEqual(actual.length, expected.length)
}

describe("the recorded session", () => {
  it.live("gives exactly the panes of the batch fold, from memory and from SQLite", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const memory = yield* courant(`${session} --log memory --sink stdout`, { cwd })
      const counts = "read 654140, aggregated 654140, late 0, dead-lettered 0, duplicate 0"
      assert.strictEqual(account(memory), counts)
      const lines = linesOf(memory.stdout)
      const trades = events()
      const all = pipelines.map((pipeline) => [pipeline.name, folded(pipeline, trades)] as const)
      for (const [name, expected] of all) assertSameLines(ofPipeline(lines, name), expected)
      console.log(`the fold's panes, all equal: ${all.map(([name, { length }]) => `${length} ${name}`).join(", ")}`)
      assert.strictEqual(lines.length, all.reduce((sum, [, { length }]) => sum + length, 0))

      const stored = yield* courant(`${session} --sink stdout --sink sqlite`, { cwd })
      assert.strictEqual(account(stored), counts)
      assert.isTrue(stored.bytes.equals(memory.bytes), "the log makes no difference")
      const panes = yield* storedPanes(join(cwd, ".courant/recorded"))
      assert.deepStrictEqual(new Set(panes.map(canonical)), new Set(lines.map((line) => canonical(JSON.parse(line)))))
      assert.strictEqual(panes.length, lines.length)
    })))

  it.live("gives the publisher's own bars in at least 1,558 of the 1,560 regular minutes, and in the extended hours but for one volume", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { stdout } = yield* courant(`${session} --log memory --sink stdout --pipelines candles-1m`, { cwd })
      const candles = new Map(linesOf(stdout).map((line) => {
        const { key, start, values }: Pane.Encoded = JSON.parse(line)
        return [`${key} ${start}`, values]
      }))
      const isRegular = ({ start }: Bar) => start >= regularSession.from && start < regularSession.to
      const [regular, extended] = [bars().filter(isRegular), bars().filter((bar) => !isRegular(bar))]
      assert.deepStrictEqual([regular.length, extended.length], [1_560, 694])
      const equal = (published: ReadonlyArray<Bar>) =>
        Object.fromEntries((["open", "high", "low", "close", "volume"] as const).map((field) =>
          [field, published.filter((bar) => candles.get(`${bar.symbol} ${bar.start}`)?.[field] === bar[field]).length]))
      assert.deepStrictEqual(equal(regular), { open: 1_559, high: 1_560, low: 1_560, close: 1_560, volume: 1_558 })
      assert.deepStrictEqual(equal(extended), { open: 694, high: 694, low: 694, close: 694, volume: 693 })
      // The regular session of a symbol, whose first and last bar have its opening and its closing print.
      const ibm = regular.filter(({ symbol }) => symbol === "IBM").map(({ start }) => candles.get(`IBM ${start}`)!)
      const prices = (field: "high" | "low") => ibm.map((values) => Number(values[field]))
      assert.deepStrictEqual(
        [ibm[0]!["open"], Math.max(...prices("high")), Math.min(...prices("low")), ibm.at(-1)!["close"]],
        ["181.89", 181.99, 178.71, "178.72"]
      )
    })))
})

const storedPanes = (folder: string) =>
  Effect.flatMap(ResultSink, (sink) => sink.read({})).pipe(
    Effect.provide(SqliteResultSink.layer.pipe(Layer.provide(Database.Database.layer({ folder, readOnly: true }))))
  )

const canonical = ({ end, key, pane, pipeline, revision, start, values }: Pane.Encoded): string =>
  JSON.stringify([pipeline, key, start, end, pane, revision, values])
