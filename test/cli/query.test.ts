/** What was written to the sink, printed: what `--sink stdout` said, as a table or in its own words. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { courant, input, linesOf, minute, temporaryFolder, type Tick } from "./courant.ts"

const ticks: ReadonlyArray<Tick> = [
  { time: minute, price: "189.37", size: 100 },
  { time: minute + 1, symbol: "MSFT", price: "420", size: 1 },
  { time: minute + 60_000, price: "9.5", size: 2_000 },
  { time: minute + 120_000, price: "1189.375", size: 3, priceForming: false },
  { time: minute + 180_000, price: "189.4", size: 7 }
]

/** A folder in which `run` has left its panes, and the lines that it has printed. */
const place = Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  const env = { TZ: "Asia/Tokyo", COURANT_INFLUXDB_URL: "" }
  const run = "run --feed stdin --once --sink sqlite --sink stdout"
  const { stdout } = yield* courant(run, { cwd, env, input: input(ticks) })
  const printed = linesOf(stdout)
  return { cwd, printed, query: (args: string) => courant(`query ${args}`, { cwd, env }) }
})

describe("query", () => {
  it.live("prints a window a line, numbers by their decimal points, times in the zone of the machine or of --time-zone", () =>
    Effect.scoped(Effect.gen(function*() {
      const { query } = yield* place
      const { code, stderr, stdout } = yield* query("candles-1m AAPL --time-zone America/New_York")
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.deepStrictEqual(linesOf(stdout), [
        "start (America/New_York)    open    high     low   close    mean  volume    vwap  trades  provisional",
        "2024-11-25 09:30:00       189.37  189.37  189.37  189.37  189.37     100  189.37       1            0",
        "2024-11-25 09:31:00         9.5     9.5     9.5     9.5     9.5     2000    9.5        1            0",
        "2024-11-25 09:32:00         -       -       -       -       -          3    -          1            0",
        "2024-11-25 09:33:00       189.4   189.4   189.4   189.4   189.4        7  189.4        1            0"
      ])
      const here = linesOf((yield* query("candles-5m --limit 1")).stdout)
      assert.deepStrictEqual(here, [
        "start (Asia/Tokyo)   key   open  high  low  close  mean  volume  vwap  trades  provisional",
        "2024-11-25 23:30:00  MSFT   420   420  420    420   420       1   420       1            0"
      ])
    })))

  it.live("--json gives the lines that --sink stdout gave, in the order of time", () =>
    Effect.scoped(Effect.gen(function*() {
      const { printed, query } = yield* place
      for (const pipeline of ["candles-1m", "candles-5m", "moving-average-5m", "day", "indicators-1m"]) {
        const lines = linesOf((yield* query(`${pipeline} --json`)).stdout)
        const own = printed.filter((line) => line.startsWith(`{"pipeline":"${pipeline}"`))
        assert.isAbove(own.length, 0)
        assert.sameMembers([...lines], own)
        const starts = lines.map((line) => JSON.parse(line).start)
        assert.deepStrictEqual(starts, starts.toSorted((a, b) => a - b))
      }
    })))

  it.live("a range holds its beginning and not its end, and of more windows than the limit the newest are shown", () =>
    Effect.scoped(Effect.gen(function*() {
      const { query } = yield* place
      const starts = (stdout: string) => linesOf(stdout).map((line) => (JSON.parse(line).start - minute) / 60_000)
      const range = yield* query(`candles-1m AAPL --from ${minute} --to 2024-11-25T14:32:00Z --json`)
      assert.deepStrictEqual([starts(range.stdout), range.stderr], [[0, 1], ""])
      const newest = yield* query("candles-1m AAPL --limit 2 --json")
      assert.deepStrictEqual(starts(newest.stdout), [2, 3])
      assert.strictEqual(newest.stderr, "the newest 2 windows; there are older ones: see --limit, --since and --from\n")
      const all = yield* query("candles-1m AAPL --limit 4 --json")
      assert.deepStrictEqual([starts(all.stdout), all.stderr], [[0, 1, 2, 3], ""])
    })))

  it.live("where there is nothing it says so on stderr, and when the newest window was", () =>
    Effect.scoped(Effect.gen(function*() {
      const { cwd, query } = yield* place
      const none = yield* query("candles-1m aapl")
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      assert.strictEqual(none.stderr, "there are no windows of candles-1m with the key \"aapl\", but there are of \"AAPL\"\n")
      const other = yield* query("candles-1m BTC/USDT")
      assert.strictEqual(other.stderr, "there are no windows of candles-1m with the key \"BTC/USDT\"\n")
      const near = yield* query("Candles-1m")
      assert.deepStrictEqual([near.code, near.stdout, near.stderr], [2, "", "courant: there is no pipeline \"Candles-1m\"; did you mean \"candles-1m\"?\n"])
      const unknown = yield* query("ohlc")
      const known = "candles-1m, moving-average-5m, candles-5m, day, indicators-1m, or give the file of your own"
      assert.deepStrictEqual([unknown.code, unknown.stderr], [2, `courant: there is no pipeline "ohlc"; there are ${known}\n`])
      const since = yield* query("candles-1m AAPL --since 1h")
      const newest = "there are no windows of candles-1m with the key \"AAPL\" in that time; the newest begins at 2024-11-25T14:33:00.000Z\n"
      assert.deepStrictEqual([since.code, since.stdout, since.stderr], [0, "", newest])
      const both = yield* query("candles-1m AAPL --since 1h --from 0")
      assert.deepStrictEqual([both.code, both.stdout], [2, ""])
      assert.strictEqual(both.stderr, "courant: --since and --from both say where to begin: give one\n")
      assert.match((yield* courant("query candles-1m --topic nope", { cwd })).stderr, /there is no topic "nope" in .*; there are stdin/)
    })))

  it.live("of a pipeline that has run and told nothing it says what became of its records", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const own = (size: number) => `
        import { Aggregate, Events, Expr, Pipeline, ticks, Window } from "courant"
        export const large = ticks.pipe(
          Events.where(Expr.gt("size", ${size})), Window.tumbling("1 minute"), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("large"))`
      writeFileSync(join(cwd, "large.ts"), own(1_000))
      const sunday = [{ time: Date.parse("2024-11-24T15:00Z"), price: "1", size: 1 }, { time: Date.parse("2024-11-24T15:01Z"), price: "1", size: 1 }]
      yield* courant("run --feed stdin --once --pipelines ./large.ts,day", { cwd, input: input(sunday) })
      const said = (args: string) => Effect.map(courant(`query ${args}`, { cwd }), ({ code, stderr, stdout }) => [code, stdout, stderr])
      const counts = "read 2, aggregated 0, late 0, dead-lettered 0, duplicate 0, filtered 2"
      assert.deepStrictEqual(yield* said("./large.ts"), [0, "", `there are no windows of large: it has ${counts}; they are left out by Events.where\n`])
      assert.deepStrictEqual(yield* said("day AAPL"), [0, "", `there are no windows of day: it has ${counts}; they are left out by Window.trading, outside of whose sessions they are\n`])
      writeFileSync(join(cwd, "large.ts"), own(2_000))
      assert.match(String((yield* said("./large.ts"))[2]), /^there are no windows of large; what became of its records is said where it is as it ran, with its bounds: /)
    })))

  it.live("shows revisions and late panes where there are some", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const late = [{ time: minute, price: "1", size: 1 }, { time: minute + 90_000, price: "2", size: 1 }, { time: minute, price: "3", size: 1 }]
      const run = "run --feed stdin --once --pipelines candles-1m --allowed-lateness 1h"
      yield* courant(run, { cwd, input: input(late) })
      const { stdout } = yield* courant("query candles-1m AAPL --time-zone UTC", { cwd })
      assert.deepStrictEqual(linesOf(stdout).map((line) => line.trim().split(/ {2,}/).slice(-4)), [
        ["trades", "provisional", "revision", "pane"],
        ["2", "0", "1", "late"],
        ["1", "0", "0", "on-time"]
      ])
    })))
})
