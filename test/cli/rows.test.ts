/** Pipelines that end in events, from the command line: their rows go where panes go, and into a file. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { account, courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

const pipelines = `
import { Aggregate, Events, Expr, Pipeline, ticks, Window } from "courant"

export const big = ticks.pipe(Events.where(Expr.gte("size", 100)), Pipeline.named("big-trades"))

export const counts = ticks.pipe(Window.tumbling("1 minute"), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("counts"))
`

const ticks = input([
  { time: minute + 1_000, price: "10.5", size: 100 },
  { time: minute + 2_000, price: "11", size: 5 },
  { time: minute + 500, price: "12", size: 300 }
])

const row = (offset: number, time: number, price: string, size: number) =>
  `{"pipeline":"big-trades","place":{"source":"ticks","partition":0,"offset":${offset}},"key":"AAPL","time":${minute + time},` +
  `"values":{"symbol":"AAPL","time":${minute + time},"price":"${price}","size":"${size}","priceForming":null,"updatesLast":null,"updatesHighLow":null,"updatesVolume":null,"tradeId":null,"splitFactor":null,"exchange":null,"kind":null,"provisional":null,"currency":null,"decimals":null}}`

const rows: [string, string] = [row(0, 1_000, "10.5", 100), row(2, 500, "12", 300)]

const test = (what: string, body: (cwd: string) => Effect.Effect<void>) =>
  it.live(what, () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      writeFileSync(join(cwd, "mine.ts"), pipelines)
      yield* body(cwd)
    })), 120_000)

test("on standard output they are lines beside the panes, and a file has them alone", (cwd) =>
  Effect.gen(function*() {
    const outcome = yield* courant("run --feed stdin --sink stdout --rows big.ndjson --once --pipelines ./mine.ts --report r.json", { cwd, input: ticks })
    assert.strictEqual(outcome.code, 0, outcome.stderr)
    const lines = linesOf(outcome.stdout)
    assert.deepStrictEqual(lines.filter((line) => line.includes("big-trades")), rows)
    assert.deepStrictEqual(lines.filter((line) => !line.includes("big-trades")).map((line) => JSON.parse(line).values), [{ trades: 3 }])
    assert.deepStrictEqual(linesOf(readFileSync(join(cwd, "big.ndjson"), "utf8")), rows)
    const { panes, pipelines, rows: written } = JSON.parse(readFileSync(join(cwd, "r.json"), "utf8"))
    assert.deepStrictEqual([panes, written, pipelines["big-trades"].filtered], [1, 2, 1])
    assert.strictEqual(account(outcome), "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
  }))

test("in a folder they are kept, asked for, computed anew and replayed", (cwd) =>
  Effect.gen(function*() {
    const first = yield* courant("run --feed stdin --once --pipelines ./mine.ts", { cwd, input: ticks })
    assert.strictEqual(first.code, 0, first.stderr)
    const query = Effect.map(courant("query big-trades", { cwd }), ({ stdout }) => linesOf(stdout))
    // They are asked for in the order of event time.
    const wanted = rows.toReversed()
    assert.deepStrictEqual(yield* query, wanted)
    assert.strictEqual((yield* courant("process --once --restart --pipelines ./mine.ts", { cwd })).code, 0)
    assert.deepStrictEqual(yield* query, wanted)
    assert.deepStrictEqual(linesOf((yield* courant(`query big-trades --from ${minute + 501}`, { cwd })).stdout), [rows[0]])
    const replayed = yield* courant(`replay --pipelines ./mine.ts --to ${minute + 501}`, { cwd })
    assert.deepStrictEqual(linesOf(replayed.stdout).filter((line) => line.includes("big-trades")), [rows[1]])
  }))

test("a run without a place for its rows, and a place without rows, are refused before anything is opened", (cwd) =>
  Effect.gen(function*() {
    const influxdb = { COURANT_INFLUXDB_URL: "http://127.0.0.1:1", COURANT_INFLUXDB_TOKEN: "t", COURANT_INFLUXDB_ORG: "o", COURANT_INFLUXDB_BUCKET: "b" }
    const homeless = yield* courant("run --feed stdin --once --sink influxdb --pipelines ./mine.ts", { cwd, input: ticks, env: influxdb })
    assert.strictEqual(homeless.code, 2)
    assert.match(homeless.stderr, /the pipeline "big-trades" ends in events, and InfluxDB takes no rows: .*--rows FILE/)
    const useless = yield* courant("run --feed stdin --once --rows big.ndjson --pipelines candles-1m", { cwd, input: ticks })
    assert.strictEqual(useless.code, 2)
    assert.match(useless.stderr, /--rows is for pipelines that end in events/)
    const transient = yield* courant("run --feed stdin --once --log memory --rows big.ndjson --pipelines ./mine.ts", { cwd, input: ticks })
    assert.strictEqual(transient.code, 2)
    assert.match(transient.stderr, /--rows needs --log sqlite/)
    const spark = yield* courant("explain ./mine.ts --engine spark", { cwd })
    assert.notStrictEqual(spark.code, 0)
    assert.match(spark.stderr, /"big-trades" cannot run on Spark: a pipeline that ends in events/)
    assert.isFalse(existsSync(join(cwd, ".courant")))
  }))
