/** What the open windows of a key wait for, out of what was saved last. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
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
    assert.strictEqual(window, `candles-1m AAPL: the window from ${at(60_000)} to ${at(120_000)}, with 2 changes so far, closes when the watermark is there`)
    assert.strictEqual(time, `  event time has to come to ${at(125_000)}, 5 s of disorder later, in its one partition`)
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

const rows = `
import { Schema } from "effect"
import { Aggregate, Events, Panes, Pipeline, Source, Window } from "courant"
const x = Source.make("x", { schema: Schema.Struct({ id: Schema.String, at: Schema.Int, size: Schema.Int }), key: "id", eventTime: "at" })
const once = x.pipe(Events.distinct({ by: "size", within: "1 minute" }))
const counted = Aggregate.into({ n: Aggregate.count })
export const all = [
  x.pipe(Pipeline.named("plain")),
  once.pipe(Pipeline.named("once")),
  once.pipe(Window.tumbling("1 minute"), counted, Pipeline.named("counts")),
  x.pipe(Window.tumbling("1 minute"), counted, Panes.toEvents, Pipeline.named("finals"))
]
`

it.live("says what the rows of a pipeline that ends in events wait for, and takes a file", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    writeFileSync(join(cwd, "rows.ts"), rows)
    const lines = [123, 124, 70_124].map((at, size) => `${JSON.stringify({ id: "A", at: minute + at, size })}\n`).join("")
    yield* courant("run --feed stdin --once --pipelines ./rows.ts", { cwd, input: lines })
    const { code, stdout } = yield* courant("why ./rows.ts A", { cwd })
    const at = new Date(minute + 70_124).toISOString()
    const waits = `  partition 0 holds it back: its watermark is ${at}, its latest event of ${at}, its last record came`
    const told = linesOf(stdout).filter((line) => !line.startsWith("as saved "))
    assert.deepStrictEqual([code, told.map((line) => line.replace(/ \d+ s ago \(offset 2\)$/, ""))], [0, [
      "plain puts out its rows as they come and holds none: one that is not there was left out or refused, or has not come",
      "once holds 1 row of all keys until the watermark is past it",
      waits,
      `no window of A is open in counts; the watermark is ${at}`,
      "counts holds 1 row of all keys until the watermark is past it, in front of its windows",
      `finals puts out results when they are final; the watermark is ${at}`,
      waits
    ]])
    const one = yield* courant("why once A --pipelines ./rows.ts", { cwd })
    assert.match(one.stdout, /^once holds 1 row of all keys/)
    assert.match((yield* courant("why twice A --pipelines ./rows.ts", { cwd })).stderr, /there is no pipeline "twice"; there are plain, once, counts, finals/)
    const queried = yield* courant("query ./rows.ts A --time-zone UTC", { cwd })
    const found = linesOf(queried.stdout).map((line) => line.startsWith("{") ? JSON.parse(line).pipeline : line)
    const windows = ["counts:", "start (UTC)          n", "2024-11-25 14:30:00  2", "2024-11-25 14:31:00  1"]
    assert.deepStrictEqual(found, ["plain", "plain", "plain", "once", "once", ...windows, "finals"], queried.stdout)
  })), 60_000)
