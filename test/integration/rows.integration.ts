/** Rows into a topic from the command line: written, asked for, computed anew, and read by the next program as events. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Kafka } from "../../services/testing.ts"
import { account, courant, input, linesOf, minute, temporaryFolder } from "../cli/courant.ts"
import { withAdmin } from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"

const pipelines = `
import { Aggregate, Events, Expr, Pipeline, ticks, Window } from "courant"

export const big = ticks.pipe(Events.where(Expr.gte("size", 100)), Pipeline.named("big-trades"))

export const counts = ticks.pipe(Window.tumbling("1 minute"), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("counts"))
`

/** A tick every second of one symbol of three, each fourth of them big. */
const ticks = input(Array.from({ length: 60 }, (_, i) =>
  ({ symbol: ["A", "B", "C"][i % 3]!, time: minute + i * 1_000, price: "1.5", size: i % 4 === 0 ? 100 + i : 1 })))

const isWanted = (line: string): boolean => JSON.parse(line).size >= 100

describe("rows in a topic", () => {
  const { kafka } = brokers(Kafka.layer())

  it.live("are those of the fold, once for each place, and the events of whoever reads them", () =>
    Effect.scoped(Effect.gen(function*() {
      const { access } = yield* kafka
      const topic = yield* newTopic
      const cwd = yield* temporaryFolder
      writeFileSync(join(cwd, "mine.ts"), pipelines)
      const run = (args: string, input = "", of = topic) =>
        Effect.tap(courant(args, { cwd, input, env: { COURANT_KAFKA_BROKERS: access.brokers, COURANT_KAFKA_TOPIC: of } }), ({ code, stderr }) =>
          Effect.sync(() => assert.strictEqual(code, 0, stderr)))
      yield* run("ingest --feed stdin --log kafka --partitions 3", ticks)
      yield* run("process --log kafka --once --sink kafka --pipelines ./mine.ts")
      const query = Effect.map(run("query big-trades --sink kafka"), ({ stdout }) => linesOf(stdout).map((line) => JSON.parse(line)))
      const found = yield* query
      const wanted = linesOf(ticks).filter(isWanted).map((line) => JSON.parse(line))
      assert.deepStrictEqual(found.map(({ values }) => values), wanted.map((tick) => ({ ...tick, size: String(tick.size), priceForming: null, updatesLast: null, updatesHighLow: null, updatesVolume: null, tradeId: null, splitFactor: null, exchange: null, kind: null, provisional: null, currency: null, decimals: null })))
      assert.deepStrictEqual(new Set(found.map(({ pipeline, place: { source } }) => `${pipeline} ${source}`)), new Set(["big-trades ticks"]))
      assert.strictEqual(linesOf((yield* run("query counts --sink kafka --json")).stdout).length, 3)

      // The next program reads them as ticks of their own.
      const next = yield* run("process --log kafka --once --sink stdout --pipelines candles-1m", "", `${topic}-rows`)
      assert.strictEqual(account(next), "read 15, aggregated 15, late 0, dead-lettered 0, duplicate 0")

      yield* run("process --log kafka --once --restart --sink kafka --pipelines ./mine.ts")
      assert.deepStrictEqual(yield* query, found)
      const listed = yield* withAdmin(access.brokers, (admin) => admin.listTopics())
      assert.includeMembers(listed, [`${topic}-rows`, `${topic}-panes`])
    })), 400_000)
})
