/** What the open windows of a key wait for, out of what was saved last. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

it.live("says which partition holds a window back, and what is not there", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const ticks = [{ time: minute, price: "1", size: 1 }, { time: minute + 61_000, price: "2", size: 1 }, { time: minute + 66_000, price: "3", size: 1 }]
    yield* courant("run --feed stdin --once", { cwd, input: input(ticks) })
    const { code, stdout } = yield* courant("why candles-1m AAPL", { cwd })
    assert.strictEqual(code, 0)
    const [window, time, partition, saved, ...others] = linesOf(stdout)
    const at = (millis: number) => new Date(minute + millis).toISOString()
    assert.strictEqual(window, `candles-1m AAPL: the window from ${at(60_000)} to ${at(120_000)}, with 2 events, closes when the watermark is there`)
    assert.strictEqual(time, `  event time has to come to ${at(125_000)}, 5 s of disorder later, in each of 1 partitions`)
    assert.match(partition ?? "", new RegExp(`^  partition 0 holds it back: its watermark is ${at(61_000)}, its latest event of ${at(66_000)}, its last record came \\d+ s ago \\(offset 2\\)$`))
    assert.match(saved ?? "", /^as saved \d+ s ago, with all that is in the log$/)
    assert.deepStrictEqual(others, [])
    assert.match((yield* courant("why candles-1m MSFT", { cwd })).stdout, /^no window of MSFT is open in candles-1m; the watermark is /)
    yield* courant("ingest --feed stdin", { cwd, input: input([{ time: minute + 67_000, price: "4", size: 1 }]) })
    assert.match((yield* courant("why candles-1m AAPL", { cwd })).stdout, /; 1 records have come since\n$/)
    const unknown = yield* courant("why candles AAPL", { cwd })
    assert.strictEqual(unknown.code, 2)
    assert.match(unknown.stderr, /there is no pipeline "candles"; there are candles-1m, /)
    const unsaved = yield* courant("why candles-1m AAPL --out-of-orderness 1s", { cwd })
    assert.strictEqual(unsaved.code, 1)
    assert.match(unsaved.stderr, /nothing is saved of candles-1m, as it is now, over stdin/)
  })))
