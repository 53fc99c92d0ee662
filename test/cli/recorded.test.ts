/** A whole real session through the whole program, against the batch fold and against the publisher's own bars. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import * as Database from "../../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../src/adapters/sqlite/SqliteResultSink.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { account, courant, linesOf, temporaryFolder } from "./courant.ts"
import { type Bar, bars, dayByOffset, events, folded, regularSession } from "./session.ts"

const session = "run --feed recorded --speed max --once"

const pipelines: ReadonlyArray<AnyPipeline> = [candles1m, movingAverage5m, candles5m, dayByOffset]

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

  it.live("gives the publisher's own minute bars in nearly every minute of the regular session", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { stdout } = yield* courant(`${session} --log memory --sink stdout --pipelines candles-1m`, { cwd })
      const candles = new Map(linesOf(stdout).map((line) => {
        const { key, start, values }: Pane.Encoded = JSON.parse(line)
        return [`${key} ${start}`, values]
      }))
      const published = bars().filter(({ start }) => start >= regularSession.from && start < regularSession.to)
      for (const [symbol, minutes] of Map.groupBy(published, (bar) => bar.symbol)) {
        const share = (field: keyof Bar) =>
          minutes.filter((bar) => candles.get(`${symbol} ${bar.start}`)?.[field] === bar[field]).length / minutes.length
        const fields = ["open", "high", "low", "close", "volume"] as const
        const shares = fields.map((field) => [field, share(field)] as const)
        console.log(`${symbol}: ${minutes.length} minutes, equal in ${
          shares.map(([field, equal]) => `${field} ${(100 * equal).toFixed(2)} %`).join(", ")}`)
        assert.strictEqual(minutes.length, 390)
        for (const [field, equal] of shares) {
          assert.isAtLeast(equal, field === "volume" ? 0.99 : 0.95, `${symbol} ${field}`)
        }
      }
    })))
})

const storedPanes = (folder: string) =>
  Effect.flatMap(ResultSink, (sink) => sink.read({})).pipe(
    Effect.provide(SqliteResultSink.layer.pipe(Layer.provide(Database.Database.layer({ folder, readOnly: true }))))
  )

const canonical = ({ end, key, pane, pipeline, revision, start, values }: Pane.Encoded): string =>
  JSON.stringify([pipeline, key, start, end, pane, revision, values])
