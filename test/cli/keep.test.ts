/** `--keep`: what is too old goes, and what is left says where it begins. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { account, courant, linesOf, temporaryFolder } from "./courant.ts"

const tick = (minute: number, price: number) =>
  `${JSON.stringify({ symbol: "AAPL", time: 1_732_545_000_000 + minute * 60_000, price, size: 10 })}\n`

it.live("events and panes beyond a time are removed at the end of a run, and a replay says where the log begins", () =>
  Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const ingest = (minute: number) =>
      courant("ingest --feed stdin", { cwd, input: Array.from({ length: 10 }, (_, i) => tick(minute + i, 100 + i)).join("") })
    const process = (more: string) => courant(`process --once --pipelines candles-1m --allowed-lateness 0s ${more}`, { cwd })
    for (const minute of [0, 20, 40]) {
      yield* ingest(minute)
      // A checkpoint of its own each time: the last but one has read what is to go.
      const { code, stderr } = yield* process("--keep 30d,1TB")
      assert.strictEqual(code, 0, stderr)
    }
    const query = Effect.map(courant("query candles-1m AAPL --json", { cwd }), ({ stdout }) => linesOf(stdout).length)
    assert.strictEqual(yield* query, 30)

    const { code, stderr } = yield* process("--keep 5m,1TB")
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /^removed 0 events and \d+ panes that are beyond the limit of --keep$/m)
    assert.isBelow(yield* query, 10)

    const gone = yield* process("--keep 1ms")
    assert.match(account(gone), /^read 30, aggregated 30, late 0/)
    assert.match(gone.stderr, /^removed 20 events and \d+ panes/m)
    const replayed = yield* courant("replay --pipelines candles-1m", { cwd })
    assert.strictEqual(replayed.code, 0)
    assert.match(replayed.stderr, /partition 0 of stdin begins at offset 20: what came before was removed, and windows that began before lack it/)
    assert.match(replayed.stderr, /^read 10, aggregated 10, late 0/m)
  }).pipe(Effect.scoped), 300_000)

it.live("a limit that is none is refused, and so is one for a log that this program does not keep", () =>
  Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    for (const [args, hint] of [
      ["process --keep 7", /a time such as 7d, a size such as 10GB, or both/],
      ["process --keep 7d,8d,1GB", /a time such as 7d/],
      ["run --once --log memory --keep 7d", /a log in memory keeps nothing/],
      ["process --log kafka --topic t --keep 7d", /retention\.ms and retention\.bytes/]
    ] as const) {
      const { code, stderr } = yield* courant(args, { cwd })
      assert.strictEqual(code, 2, stderr)
      assert.match(stderr, hint)
    }
  }).pipe(Effect.scoped), 300_000)
