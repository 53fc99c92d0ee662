/** What was known when, from the command line. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

/** A folder in which two runs, one after the other, have told a minute twice: the second with a tick that came late. */
const place = Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  const env = { TZ: "UTC", COURANT_INFLUXDB_URL: "" }
  const run = (ticks: Parameters<typeof input>[0]) =>
    courant("run --feed stdin --once --pipelines candles-1m --allowed-lateness 10m --topic ticks", { cwd, env, input: input(ticks) })
  yield* run([{ time: minute, price: "100", size: 1 }, { time: minute + 90_000, price: "101", size: 2 }])
  const between = Date.now()
  yield* Effect.sleep("5 millis")
  yield* run([{ time: minute + 30_000, price: "105", size: 4 }])
  return { between, at: (args: string) => courant(args, { cwd, env }) }
})

describe("the history of a window", () => {
  it.live("has each revision with the time at which it became known, and the records", () =>
    Effect.scoped(Effect.gen(function*() {
      const { at, between } = yield* place
      const { code, stderr, stdout } = yield* at("history candles-1m AAPL 14:30 --allowed-lateness 10m --json")
      assert.deepStrictEqual([code, stderr], [0, ""])
      const lines = linesOf(stdout).map((line) => JSON.parse(line))
      const revisions = lines.filter((line) => "pane" in line)
      assert.deepStrictEqual(revisions.map(({ pane }) => [pane.pane, pane.values.high, pane.values.volume]), [["on-time", "100", "1"], ["late", "105", "5"]])
      assert.deepStrictEqual(revisions.map(({ cause }) => cause.offset), [1, 2])
      assert.isTrue(revisions[0].knownAt <= between && between < revisions[1].knownAt)
      const records = lines.filter((line) => "record" in line)
      assert.deepStrictEqual(records.map(({ place, record }) => [place.offset, JSON.parse(record).price]), [[0, "100"], [2, "105"]])

      const table = linesOf((yield* at("history candles-1m AAPL 14:30 --allowed-lateness 10m --limit 1")).stdout)
      assert.strictEqual(table[0], "candles-1m AAPL from 2024-11-25 14:30:00 to 2024-11-25 14:31:00 (UTC), 2 revisions:")
      assert.isTrue(table.some((line) => /ticks 0@2 +late +100 +105/.test(line)), table.join("\n"))
    })))

  it.live("marks the records that were taken back, and counts only the others", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const env = { TZ: "UTC", COURANT_INFLUXDB_URL: "" }
      const line = (seconds: number, tradeId: string, kind: string) => `${JSON.stringify({ symbol: "AAPL", time: minute + seconds * 1_000, price: "100", size: 1, tradeId, kind })}\n`
      const lines = [line(1, "a", "trade"), line(2, "b", "trade"), line(3, "b", "cancel"), line(61, "c", "trade"), line(90, "a", "correction"), line(95, "none", "cancel"), line(130, "c", "cancel")]
      yield* courant("run --feed stdin --once --pipelines candles-1m,candles-5m --topic ticks", { cwd, env, input: lines.join("") })
      const history = (rest: string) => Effect.map(courant(`history ${rest}`, { cwd, env }), ({ stdout }) => linesOf(stdout))
      const records = (rest: string) =>
        Effect.map(history(`${rest} --json`), (lines) =>
          lines.map((line) => JSON.parse(line)).filter((line) => "record" in line).map(({ counts, place, takenBackBy }) => [place.offset, counts, takenBackBy?.offset ?? null]))
      const first = [[0, false, 4], [1, false, 2], [2, false, null]]
      assert.deepStrictEqual(yield* records("candles-1m AAPL 14:30"), [...first, [4, true, null]])
      assert.deepStrictEqual(yield* records("candles-1m AAPL 14:31"), [[3, false, 6], [6, false, null]])
      assert.deepStrictEqual(yield* records("candles-5m AAPL 14:30"), [...first, [3, false, 6], [4, true, null], [6, false, null]])

      const table = (yield* history("candles-1m AAPL 14:30")).join("\n")
      assert.match(table, /^made of 1 record, beside what was taken back:$/m)
      assert.match(table, /^ticks 0@0 .* no: taken back by ticks 0@4 /m)
      assert.match(table, /^ticks 0@2 .* no: took back others /m)
      assert.match(table, /^ticks 0@4 .* yes /m)
      assert.include((yield* history("candles-1m AAPL 14:31")).join("\n"), "made of 0 records, beside what was taken back:")
    })))

  it.live("--as-known-at gives what was known then, and nothing of what came later", () =>
    Effect.scoped(Effect.gen(function*() {
      const { at, between } = yield* place
      const query = (rest: string) => Effect.map(at(`query candles-1m AAPL --json ${rest}`), ({ stdout }) => linesOf(stdout).map((line) => JSON.parse(line).values.high))
      const then = `--allowed-lateness 10m --as-known-at ${between}`
      assert.deepStrictEqual(yield* query(then), ["100", "101"])
      assert.deepStrictEqual(yield* query("--allowed-lateness 10m --as-known-at 2100-01-01T00:00:00Z"), ["105", "101"])
      assert.deepStrictEqual(yield* query(""), ["105", "101"])
      assert.deepStrictEqual(yield* query(`${then} --from ${minute + 60_000}`), ["101"])
      const none = yield* at("query candles-1m AAPL --as-known-at 2000-01-01T00:00:00Z")
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
    })))

  it.live("says where it is computed with other bounds than the run had", () =>
    Effect.scoped(Effect.gen(function*() {
      const { at } = yield* place
      const words = "what is saved of candles-1m ran with other bounds, or as another pipeline: this is computed with --out-of-orderness 5s and --allowed-lateness 1d, and may never have been told. Give the bounds of the run\n"
      for (const command of ["history candles-1m AAPL 14:30", "query candles-1m AAPL --as-known-at 2100-01-01"]) {
        const { code, stderr } = yield* at(command)
        assert.deepStrictEqual([code, stderr], [0, words], command)
        assert.strictEqual((yield* at(`${command} --allowed-lateness 10m`)).stderr, "", command)
      }
    })))

  it.live("of windows that begin together is that of the longest, says which others there are, and --end chooses", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const own = `
        import { Aggregate, Pipeline, ticks, Window } from "courant"
        export const hours = ticks.pipe(Window.cumulative("1 hour", "20 minutes"), Aggregate.into({ trades: Aggregate.count }), Pipeline.named("hours"))`
      writeFileSync(join(cwd, "hours.ts"), own)
      const at = (args: string) => courant(args, { cwd, env: { TZ: "UTC" } })
      yield* courant("run --feed stdin --once --pipelines ./hours.ts", { cwd, input: input([{ time: minute, price: "1", size: 1 }]) })
      const history = (rest: string) => at(`history hours AAPL 2024-11-25T14:30 --pipelines ./hours.ts ${rest}`)
      const [, others] = linesOf((yield* history("")).stdout)
      assert.strictEqual(others, "1 other window fits this time, which --end chooses by their ends: from 2024-11-25 14:00:00 to 2024-11-25 14:40:00")
      for (const end of ["14:40", "2024-11-25T09:40-05:00", Date.parse("2024-11-25T14:40Z")]) {
        const [first, second] = linesOf((yield* history(`--end ${end}`)).stdout)
        assert.match(String(first), /to 2024-11-25 14:40:00 \(UTC\), 1 revision:$/)
        assert.match(String(second), /^known at/)
      }
      const none = yield* history("--end 14:41")
      assert.strictEqual(none.code, 1)
      assert.include(none.stderr, "of the windows at 2024-11-25T14:30 none ends at 14:41; they are from")
    })))

  it.live("is that of the newest window that holds a time of day, or of the session of a date", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const tick = (symbol: string, time: string, exchange: string) => `${JSON.stringify({ symbol, time: Date.parse(time), price: "1", size: 1, exchange })}\n`
      // Futures of the 25th trade from the evening of the 24th on, those of the 26th from that of the 25th.
      const lines = [tick("GC=F", "2024-11-24T18:31-05:00", "CMX"), tick("IBM", "2024-11-25T10:33-05:00", "NYQ"), tick("GC=F", "2024-11-25T18:31-05:00", "CMX")]
      yield* courant("run --feed stdin --once --pipelines candles-5m,day --topic ticks", { cwd, env: { TZ: "UTC", COURANT_INFLUXDB_URL: "" }, input: lines.join("") })
      const first = (args: string) => Effect.map(courant(`history ${args} --time-zone America/New_York`, { cwd }), ({ stderr, stdout }) => linesOf(stdout)[0] ?? stderr)
      assert.include(yield* first("candles-5m IBM 10:31"), "from 2024-11-25 10:30:00 to 2024-11-25 10:35:00")
      assert.include(yield* first("day GC=F 2024-11-25"), "from 2024-11-24 18:00:00 to 2024-11-25 17:00:00")
      assert.include(yield* first("day IBM 2024-11-24"), "day has told no window of IBM at 2024-11-24")
    })))

  it.live("reads and shows times in the zone that is asked for", () =>
    Effect.scoped(Effect.gen(function*() {
      const { at } = yield* place
      const [first] = linesOf((yield* at("history candles-1m AAPL 2024-11-25T23:30 --time-zone Asia/Tokyo --allowed-lateness 10m")).stdout)
      assert.strictEqual(first, "candles-1m AAPL from 2024-11-25 23:30:00 to 2024-11-25 23:31:00 (Asia/Tokyo), 2 revisions:")
      const count = (range: string) => Effect.map(at(`query candles-1m --json --time-zone America/New_York ${range}`), ({ stdout }) => linesOf(stdout).length)
      assert.deepStrictEqual([yield* count("--from 2024-11-25T09:30"), yield* count("--from 2024-11-25T09:31"), yield* count("--to 2024-11-25"), yield* count("--from 2024-11-25 --to 2024-11-26")], [2, 1, 0, 2])
    })))

  it.live("says what it needs", () =>
    Effect.scoped(Effect.gen(function*() {
      const { at } = yield* place
      const said = (args: string) => Effect.map(at(args), ({ code, stderr }) => [code, stderr.trim()])
      assert.deepStrictEqual(yield* said("history candles-1m AAPL soon"), [2, `courant: "soon" is neither a time of day such as 10:31 nor one such as 2013-10-08T14:31:00Z`])
      const [code, message] = yield* said("history candles-1m AAPL 09:30")
      assert.strictEqual(code, 1)
      assert.include(String(message), "candles-1m has told no window of AAPL at 09:30; those that it has told begin from 2024-11-25 14:30:00 to 2024-11-25 14:31:00 (UTC)")
      assert.include(String((yield* said("query candles-1m --as-known-at 0 --sink influxdb"))[1]), "--as-known-at computes from the log")
    })))
})
