/** Stopping in order, going on, and what is refused with words that say what to do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { account, courant, input, linesOf, minute, type Outcome, start, temporaryFolder } from "./courant.ts"

/** One line on stderr and nothing on stdout. */
const complaintOf = (outcome: Outcome, code: number): string => {
  assert.strictEqual(outcome.stdout, "")
  const [line = "", ...others] = linesOf(outcome.stderr)
  assert.deepStrictEqual(others, [])
  assert.strictEqual(outcome.code, code, line)
  return line
}

/** The second closes the first one's minute. */
const ticks = input([
  { time: minute, price: "10", size: 1 },
  { time: minute + 65_000, price: "12", size: 2 }
])

describe("stopping", () => {
  const session = "run --feed recorded --sink stdout --pipelines candles-1m,moving-average-5m"

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.live(`${signal} ends a run in order, and the next one goes on behind it`, () =>
      Effect.scoped(Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        const run = yield* start(`${session} --speed 900 --report stopped.json`, { cwd })
        // A quarter of an hour behind the bell.
        yield* run.says(/"start":138124\d{7},/, "stdout")
        const stopped = yield* run.signal(signal)
        assert.strictEqual(stopped.code, 0)
        const counts = /^read (\d+), aggregated \1, late 0, dead-lettered 0, duplicate 0\n$/.exec(stopped.stderr)
        assert.isNotNull(counts, stopped.stderr)
        assert.isAbove(Number(counts?.[1]), 2_562, "it was past the bell")

        const rest = yield* courant(`${session} --speed max --once`, { cwd })
        const whole = yield* courant(`${session} --speed max --once --log memory`, { cwd })
        assert.strictEqual(account(rest), account(whole))
        assert.isTrue(Buffer.concat([stopped.bytes, rest.bytes]).equals(whole.bytes), "no pane twice and none left out")
      })))
  }

  it.live("SIGINT ends ingest, process and a run of standard input in order too", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const ingest = yield* start("ingest --feed stdin", { cwd })
      yield* ingest.says(/into the topic stdin\n/)
      ingest.child.stdin?.write(ticks)
      const isKept = Effect.map(courant("replay", { cwd }), (replay) => account(replay).startsWith("read 2,"))
      yield* Effect.repeat(isKept, { until: (kept) => kept })
      const ingested = yield* ingest.signal("SIGINT")
      assert.strictEqual(ingested.code, 0)
      assert.match(account(ingested), /^appended 2 records\b/)

      const run = yield* start("run --feed stdin --log memory --sink stdout --pipelines candles-1m", { cwd })
      run.child.stdin?.write(ticks)
      for (const running of [run, yield* start("process --sink stdout --pipelines candles-1m", { cwd })]) {
        yield* running.says(/candles-1m/, "stdout")
        const { code, stderr } = yield* running.signal("SIGINT")
        assert.deepStrictEqual([code, stderr], [0, "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0\n"])
      }
    })))

  it.live("a reader that has seen enough ends the run without a word", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const run = yield* start("run --feed recorded --speed max --once --sink stdout --log memory", { cwd })
      run.child.stdout?.once("data", () => run.child.stdout?.destroy())
      const { code, stderr } = yield* run.ended
      assert.strictEqual(code, 0)
      assert.match(stderr, /^read \d+, aggregated \d+, late 0, dead-lettered 0, duplicate 0\n$/)
    })))
})

describe("one writer a folder", () => {
  it.live("a second process is told who has it and what to do; readers are welcome", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const first = yield* start("run --feed recorded --speed 300 --page=false", { cwd })
      yield* first.says(/ panes [1-9]/)
      const holder = new RegExp(`folder .*recorded is in use by process ${first.child.pid} .*stop it or choose another`)
      for (const second of ["run --feed recorded", "process --once", "ingest --feed recorded", "dead-letters retry"]) {
        assert.match(complaintOf(yield* courant(second, { cwd }), 1), holder)
      }
      const replay = yield* courant("replay --pipelines candles-1m", { cwd })
      assert.strictEqual(replay.code, 0)
      assert.isAbove(linesOf(replay.stdout).length, 100)
      assert.strictEqual((yield* courant("dead-letters list", { cwd })).stderr, "no dead letters\n")
      assert.strictEqual((yield* first.signal("SIGTERM")).code, 0)
      assert.strictEqual((yield* courant("process --once", { cwd })).code, 0)
    })))

  it.live("a port in use is said in one line", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const port = yield* occupiedPort
      const line = complaintOf(yield* courant(`run --feed recorded --port ${port}`, { cwd }), 1)
      assert.match(line, new RegExp(`${port}.*in use.*--port`))
    })))
})

const occupiedPort = Effect.map(
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => void server.close())
  ),
  (server) => {
    const address = server.address()
    return address !== null && typeof address === "object" ? address.port : 0
  }
)

const priceBy = (aggregate: string) => `
import { Aggregate, Pipeline, ticks, Window } from "courant"

export const mine = ticks.pipe(
  Window.tumbling("5 minutes"),
  Aggregate.into({ price: Aggregate.${aggregate}("price") }),
  Pipeline.named("mine")
)
`

describe("saved state of other pipelines", () => {
  it.live("is computed again, which is said, and check says it before", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const file = join(cwd, "mine.ts")
      writeFileSync(file, priceBy("min"))
      yield* courant("run --feed stdin --once --pipelines ./mine.ts", { cwd, input: ticks })
      assert.match((yield* courant("check ./mine.ts", { cwd })).stdout, /^stdin: mine, saved at record 2 of 2\nmine {2}kept: /)
      writeFileSync(file, priceBy("max"))
      const said = yield* courant("check ./mine.ts", { cwd })
      assert.match(said.stdout, /^mine {2}changed: its results are removed and computed from the beginning of the log, 2 records\n$/)
      const again = "process --once --sink sqlite --sink stdout --pipelines ./mine.ts"
      const computed = yield* courant(again, { cwd })
      assert.match(computed.stderr, /mine has changed: what was computed before is computed again from stdin/)
      assert.strictEqual(account(computed), "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0")
      assert.deepStrictEqual(linesOf(computed.stdout).map((line) => JSON.parse(line).values), [{ price: "12" }])
      const onward = yield* courant(again, { cwd })
      assert.deepStrictEqual([onward.code, onward.stdout, account(onward)], [0, "", account(computed)])
    })))

  it.live("other bounds of disorder are other pipelines", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      yield* courant("run --feed stdin --once --pipelines candles-1m", { cwd, input: ticks })
      const changed = yield* courant("process --once --pipelines candles-1m --out-of-orderness 1s", { cwd })
      assert.match(changed.stderr, /candles-1m has changed/)
      assert.strictEqual(changed.code, 0)
    })))
})
