/** `courant explain`: the plan, or what of a pipeline has none, without any server. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { builtInNames } from "../../src/cli/BuiltIn.ts"
import { courant, linesOf, temporaryFolder } from "./courant.ts"

/** Environment variables that name servers make no difference: none is asked. */
const env = { COURANT_SPARK_REST: "http://127.0.0.1:9", COURANT_SPARK_CONNECT: "127.0.0.1:9", COURANT_KAFKA_BROKERS: "127.0.0.1:9" }

const explain = (args: string, files: { readonly [name: string]: string } = {}) =>
  Effect.scoped(Effect.flatMap(temporaryFolder, (cwd) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
    return courant(`explain ${args}`, { cwd, env })
  }))

const fileOf = (pipeline: string) => `
import { Aggregate, Events, Expr, Pipeline, ticks, Window } from "courant"

const counted = Aggregate.into({ trades: Aggregate.count })
${pipeline}
`

const large = `
export const large = ticks.pipe(
  Events.where(Expr.gt("size", 777)), Window.session("10 seconds"), counted, Pipeline.named("large")
)
`

describe("courant explain", () => {
  it.live("prints the plan of a built-in pipeline, step by step, the same each time", () =>
    Effect.gen(function*() {
      const first = yield* explain("candles-1m --engine spark")
      assert.deepStrictEqual([first.code, first.stderr], [0, ""])
      const [title, ...steps] = linesOf(first.stdout)
      assert.match(title ?? "", /^candles-1m on Spark, plan [0-9a-f]{12}$/)
      assert.match(steps.join("\n"), /^watermark on moment, 5000 milliseconds behind the latest$/m)
      assert.match(steps.join("\n"), /window\(moment, '60000 milliseconds', '60000 milliseconds', '0 milliseconds'\)/)
      assert.strictEqual((yield* explain("candles-1m")).stdout, first.stdout)
    }))

  it.live("prints the graph that runs in process, and what each node keeps at most", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* explain("day,./large.ts,./rows.ts --engine process --out-of-orderness 7s", {
        "large.ts": fileOf(large),
        "rows.ts": fileOf(`export const big = ticks.pipe(Events.where(Expr.gte("size", 5)), Pipeline.named("big"))`)
      })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.deepStrictEqual(stdout.match(/^\S+ in process, \w+/gm), ["day in process, portable", "large in process, portable", "big in process, portable"])
      assert.match(stdout, /^out +panes of 7-derive$/m)
      assert.match(stdout, /^out +rows of 1-where, with all fields and their places; nothing is kept$/m)
      assert.match(stdout, /^1-where +from 0-source, rows where size > 777$/m)
      assert.match(stdout, /^7-derive +from 6-compute$/m)
      assert.match(stdout, /keeps of a key 4 windows at most, of some 312 bytes each, until 2d 1h 7s behind the watermark/)
      assert.match(stdout, /variation = percentChange\(adjustedClose\): decimal of scale 4/)
      assert.match(stdout, /keeps of a key 4 windows at most, of some 56 bytes each, until 16d 1h behind the watermark/)
      const shown = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8").match(/```text\n(2-window[^`]*)```/)?.[1] ?? "no such block"
      assert.include((yield* explain("moving-average-5m --engine process")).stdout, shown)
    }), 60_000)

  it.live("the bounds of the command line are in the plan, and change its fingerprint", () =>
    Effect.gen(function*() {
      const plain = yield* explain("candles-1m")
      const bounded = yield* explain("candles-1m --out-of-orderness 7s --allowed-lateness 1m --max-time-ahead 123ms")
      assert.match(bounded.stdout, /^watermark on moment, 67000 milliseconds behind the latest$/m)
      assert.include(bounded.stdout, "+ 123,")
      assert.notStrictEqual(linesOf(bounded.stdout)[0], linesOf(plain.stdout)[0])
    }))

  it.live("takes files and several names, and prints a plan for each", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* explain("./large.ts,candles-5m", { "large.ts": fileOf(large) })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.deepStrictEqual(stdout.match(/^\S+ on Spark/gm), ["large on Spark", "candles-5m on Spark"])
      assert.include(stdout, "session_window(moment, '10000 milliseconds')")
      assert.include(stdout, "777")
    }))

  it.live("says what follows on the windows, and that it runs where their panes are carried", () =>
    Effect.gen(function*() {
      const changes = `export const changes = ticks.pipe(Window.tumbling("1 minute"), counted, Pipeline.percentChange("change", "trades"), Pipeline.named("changes"))`
      const { code, stderr, stdout } = yield* explain("./changes.ts", { "changes.ts": fileOf(changes) })
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, /^changes on Spark, plan/)
      assert.match(stdout, /\n\nthen, where the panes are carried\n\n2-derive +from 1-window\n +change = percentChange\(trades\)/)
      assert.match(stdout, /^out +panes of 2-derive$/m)
    }))

  it.live("every built-in pipeline has a plan but the one by the calendar", () =>
    Effect.gen(function*() {
      const outcomes = yield* Effect.forEach(builtInNames, (name) => Effect.map(explain(name), ({ code }) => [name, code]))
      assert.deepStrictEqual(outcomes, builtInNames.map((name) => [name, name === "day" ? 1 : 0]))
    }))

  const minutes = `Window.tumbling("1 minute")`
  const unsupported = {
    "calendar windows": [`Window.calendar("day", { timeZone: "Asia/Tokyo" }), counted`, "days"],
    "Events.filter": [`Events.filter(({ size }) => size % 2 === 1), ${minutes}, counted`, "odd"],
    "early panes (Pipeline.emitOnUpdate)": [`${minutes}, counted, Pipeline.emitOnUpdate()`, "forming"]
  } as const
  for (const [what, [steps, name]] of Object.entries(unsupported)) {
    const pipeline = `export const own = ticks.pipe(${steps}, Pipeline.named("${name}"))`
    it.live(`what Spark cannot compute ends with 1 and one line that names it: ${what}`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* explain("candles-1m,./own.ts", { "own.ts": fileOf(pipeline) })
        assert.deepStrictEqual([code, stdout], [1, ""], stderr)
        assert.match(stderr, /^courant: [^\n]+\n$/)
        assert.include(stderr, `"${name}" cannot run on Spark: ${what}: `)
      }))
  }

  for (
    const [args, hint] of [
      ["", /Missing required argument: pipeline.*explain --help/],
      ["candles-1m --engine flink", /"spark"/],
      ["candles-2m", /candles-1m, moving-average-5m, candles-5m, day, indicators-1m, or give a file/]
    ] as const
  ) {
    it.live(`explain ${args}: ends with 2 and one line`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* explain(args)
        assert.deepStrictEqual([code, stdout], [2, ""])
        assert.match(stderr, hint)
        assert.strictEqual(linesOf(stderr).length, 1)
      }))
  }
})
