/** The log is the only truth: what is computed from it later is what was computed live. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { account, courant, input, linesOf, minute, start, temporaryFolder, type Tick } from "./courant.ts"

/**
 * Two symbols over ten minutes in disorder, a tick every two seconds: most within the bound,
 * many late, some very late, and some lines that are no ticks.
 */
const disorder = fc.array(
  fc.record({
    line: fc.oneof(
      { weight: 30, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom("{}\n", "nonsense\n", `{"symbol":"?"}\n`) }
    ),
    symbol: fc.constantFrom("AAPL", "MSFT"),
    behind: fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(200) }),
    price: fc.integer({ min: 1, max: 5_000 }).map((cents) => cents / 100),
    size: fc.nat(9),
    priceForming: fc.boolean()
  }),
  { minLength: 300, maxLength: 300 }
).map((lines) =>
  lines.map(({ behind, line, ...tick }, index) =>
    line ?? input([{ ...tick, time: minute + (2 * index - behind) * 1_000 }])).join("")
)

const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)

/** The same lines for the same seed. */
const disordered = fc.sample(disorder, { seed, numRuns: 1 })[0] ?? ""

const tick = (second: number, price: number): Tick => ({ time: minute + second * 1_000, price, size: 1 })

const letters = (cwd: string) => courant("dead-letters list --json --limit 100000", { cwd })

const startOf = (line: string): number => Number(/"start":(-?\d+)/.exec(line)?.[1])

describe("replay", () => {
  it.live("gives the same bytes as the live run, revisions and account included", () =>
    Effect.scoped(Effect.gen(function*() {
      for (const bounds of ["--allowed-lateness 0s", "--allowed-lateness 2m --out-of-orderness 20s"]) {
        const cwd = yield* temporaryFolder
        const run = `run --feed stdin --log sqlite --sink stdout --once ${bounds}`
        const live = yield* courant(run, { cwd, input: disordered })
        const replayed = yield* courant(`replay ${bounds}`, { cwd })
        assert.strictEqual(replayed.stdout, live.stdout, `seed ${seed}`)
        assert.strictEqual(account(replayed), account(live))
        assert.match(account(live), /^read 300, aggregated \d+, late [1-9]\d*, dead-lettered \d+, duplicate 0$/)
        assert.strictEqual(live.stdout.includes(`"pane":"late"`), bounds !== "--allowed-lateness 0s", `seed ${seed}`)

        const part = `--from ${minute + 60_000} --to ${new Date(minute + 180_000).toISOString()}`
        const chosen = yield* courant(`replay --pipelines candles-1m ${part} ${bounds}`, { cwd })
        const expected = linesOf(live.stdout).filter((line) =>
          line.includes(`"candles-1m"`) && [minute + 60_000, minute + 120_000].includes(startOf(line)))
        assert.deepStrictEqual(linesOf(chosen.stdout), expected, `seed ${seed}`)
        assert.isAbove(expected.length, 0)
      }
    })))

  it.live("takes the decisions of the live run again: which partition was idle, and when", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const pipelines = "--pipelines candles-1m --out-of-orderness 100ms --allowed-lateness 0s"
      const live = yield* start(`run --feed stdin --sink stdout --idle-timeout 200ms ${pipelines}`, { cwd })
      // The clock carries the watermark over the end of a minute that is nearly over.
      live.child.stdin?.write(input([tick(59.99, 1)]))
      yield* live.says(/"start".*\n/, "stdout")
      // Behind the decision this one is late, for its minute had seemed to be over.
      live.child.stdin?.write(input([tick(59.999, 2), tick(61, 3), tick(120.2, 4)]))
      yield* live.says(/("start".*\n[^]*){2}/, "stdout")
      const stopped = yield* live.signal("SIGTERM")
      const replayed = yield* courant(`replay ${pipelines}`, { cwd })
      assert.strictEqual(replayed.stdout, stopped.stdout)
      assert.strictEqual(replayed.stderr, stopped.stderr)
      assert.strictEqual(account(replayed), "read 4, aggregated 3, late 1, dead-lettered 0, duplicate 0")
    })))

  it.live("--speed gives each pane its time", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const ticks = input([0, 60, 120, 180, 240].map((second) => tick(second, 1)))
      const live = yield* courant("run --feed stdin --sink stdout --once --pipelines candles-1m", { cwd, input: ticks })
      const began = performance.now()
      const run = yield* start("replay --speed 120 --pipelines candles-1m", { cwd })
      // How many panes are there, and when: on a busy machine they are seen late, and never early.
      const seen: Array<readonly [panes: number, after: number]> = []
      run.child.stdout?.on("data", () => seen.push([linesOf(run.stdout()).length, performance.now() - began]))
      const paced = yield* run.ended
      assert.strictEqual(paced.stdout, live.stdout)
      assert.isAtLeast(seen.length, 2)
      // A minute lies between one and the next: half a second.
      for (const [panes, after] of seen) assert.isAtLeast(after, 490 * (panes - 1))
      // At the pace of the clock they would take four minutes.
      assert.isBelow(performance.now() - began, 120_000)
    })))
})

describe("process", () => {
  it.live("after ingest gives what run gives", () =>
    Effect.scoped(Effect.gen(function*() {
      const [one, two] = [yield* temporaryFolder, yield* temporaryFolder]
      const run = yield* courant("run --feed stdin --sink stdout --once", { cwd: one, input: disordered })
      const ingested = yield* courant("ingest --feed stdin", { cwd: two, input: disordered })
      assert.deepStrictEqual([ingested.code, ingested.stdout], [0, ""])
      assert.match(account(ingested), /^appended 300 records\b/)
      const processed = yield* courant("process --once --sink stdout", { cwd: two })
      assert.strictEqual(processed.stdout, run.stdout, `seed ${seed}`)
      assert.strictEqual(account(processed), account(run))
      assert.strictEqual((yield* letters(two)).stdout, (yield* letters(one)).stdout)
    })))

  it.live("goes on where it was: nothing is doubled, and an open window gets its next revision", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const process = "process --once --sink stdout --sink sqlite --pipelines candles-1m --allowed-lateness 0s"
      const outputs: Array<string> = []
      const round = Effect.fnUntraced(function*(ticks: ReadonlyArray<Tick>) {
        yield* courant("ingest --feed stdin", { cwd, input: input(ticks) })
        const processed = yield* courant(process, { cwd })
        outputs.push(processed.stdout)
        const panes = linesOf(processed.stdout).map((line) => JSON.parse(line))
        return {
          account: account(processed),
          panes: panes.map(({ revision, start, values: { close, trades } }) =>
            [(start - minute) / 60_000, revision, close, trades])
        }
      })
      assert.deepStrictEqual(yield* round([tick(0, 1), tick(70, 2)]), {
        account: "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0",
        panes: [[0, 0, "1", 1], [1, 0, "2", 1]]
      })
      assert.deepStrictEqual(yield* round([tick(80, 3), tick(130, 4), tick(30, 5)]), {
        account: "read 5, aggregated 4, late 1, dead-lettered 0, duplicate 0",
        panes: [[1, 1, "3", 2], [2, 0, "4", 1]]
      })
      assert.deepStrictEqual(yield* round([]), {
        account: "read 5, aggregated 4, late 1, dead-lettered 0, duplicate 0",
        panes: []
      })
      const replayed = yield* courant("replay --pipelines candles-1m --allowed-lateness 0s", { cwd })
      assert.strictEqual(replayed.stdout, outputs.join(""))
      assert.strictEqual(account(replayed), "read 5, aggregated 4, late 1, dead-lettered 0, duplicate 0")

      // Another processor has decisions of its own: whose are meant is asked where it is neither's pipelines.
      yield* courant("process --once --sink stdout --pipelines candles-5m", { cwd })
      assert.strictEqual((yield* courant("replay --pipelines candles-1m --allowed-lateness 0s", { cwd })).stdout, replayed.stdout)
      const neither = yield* courant("replay --pipelines day", { cwd })
      assert.deepStrictEqual([neither.code, neither.stdout], [2, ""])
      assert.match(neither.stderr, /there are decisions of courant-stdin-candles-1m, courant-stdin-candles-5m: say with --as whose are to be taken/)
      const chosen = yield* courant("replay --pipelines day --as courant-stdin-candles-1m", { cwd })
      assert.strictEqual(linesOf(chosen.stdout).length, 2, chosen.stderr)
      const nobody = yield* courant("replay --as somebody", { cwd })
      assert.match(nobody.stderr, /somebody has taken no decisions over this log; there are decisions of /)
    })))

  it.live("follows a log that another topic's run writes beside it", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const ticks = input([{ time: minute, price: 1, size: 1 }])
      yield* courant("ingest --feed stdin --topic one", { cwd, input: ticks })
      yield* courant("ingest --feed stdin --topic two", { cwd, input: `${ticks}${ticks}` })
      const unclear = yield* courant("process --once", { cwd })
      assert.deepStrictEqual([unclear.code, unclear.stdout], [2, ""])
      assert.match(unclear.stderr, /^courant: .* choose one with --topic: one, two\n$/)
      const two = yield* courant("process --once --topic two", { cwd })
      assert.strictEqual(account(two), "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0")
    })))
})
