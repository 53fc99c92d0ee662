/** What is no tick: kept byte for byte, shown, taken away and tried again, and never in the way of the rest. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { account, courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

const good = { symbol: "AAPL", time: minute, price: "10", size: 1 }
const bad = (change: object) => Buffer.from(JSON.stringify({ ...good, ...change }))
const text = (line: string) => Buffer.from(line)

/** A line, the reason for which it is refused, and what the detail has to name. */
const lines: ReadonlyArray<readonly [bytes: Buffer, reason: string, detail: RegExp]> = [
  [text("nonsense"), "not-json", /not JSON/],
  [text("[1,2]"), "not-json", /not a JSON object/],
  [text("null"), "not-json", /not a JSON object/],
  [text(`{"symbol":"AAPL","time":1`), "not-json", /not JSON/],
  [text(`{"symbol":"AAPL","time":${minute},"price":"10"}`), "missing-field", /"size"/],
  [text(`{"time":${minute},"price":"10","size":1}`), "missing-field", /"symbol"/],
  [text(`{"symbol":"AAPL","time":${minute},"price":NaN,"size":1}`), "not-json", /not JSON/],
  [bad({ price: "NaN" }), "invalid-field", /"price" is "NaN"/],
  [bad({ price: null }), "invalid-field", /"price" is null/],
  [bad({ price: "189,37" }), "invalid-field", /"price"/],
  [bad({ price: "1.000000001" }), "invalid-field", /at most 8 decimals/],
  [bad({ price: 0.123456789 }), "invalid-field", /at most 8 decimals/],
  [bad({ price: "150000000.12345679" }), "invalid-field", /so large a decimal has at most 7 decimals/],
  [bad({ price: -20_000_000_001 }), "invalid-field", /at most 20000000000/],
  [bad({ size: -1 }), "invalid-field", /"size" is -1/],
  [bad({ size: 0.123456789 }), "invalid-field", /"size" is 0.123456789/],
  [bad({ size: "1 " }), "invalid-field", /"size" is "1 "/],
  [bad({ size: 1e300 }), "invalid-field", /"size"/],
  [bad({ symbol: "A".repeat(33) }), "invalid-field", /"symbol"/],
  [bad({ symbol: "" }), "invalid-field", /"symbol"/],
  [bad({ symbol: "aapl" }), "invalid-field", /"symbol" is "aapl", not an acceptable text, but "AAPL" is/],
  [bad({ symbol: "../x" }), "invalid-field", /"symbol"/],
  [bad({ time: 1e15 }), "invalid-field", /"time" is 1000000000000000/],
  [bad({ time: minute + 0.5 }), "invalid-field", /"time"/],
  [bad({ time: "2024-11-25" }), "invalid-field", /"time"/],
  [bad({ priceForming: "no" }), "invalid-field", /"priceForming"/],
  [bad({ time: 4_000_000_000_000 }), "time-ahead", /ahead of the clock/],
  [Buffer.from(`{"symbol":"\xff\xc0\x80\xed\xa0\x80"}`, "latin1"), "not-json", /UTF-8/],
  [Buffer.from([0, 1, 2, 127, 128, 255]), "not-json", /not JSON/],
  [bad({ symbol: "\ud800" }), "invalid-field", /"symbol" is "\\ud800", which has an unpaired surrogate/],
  [text(`{"symbol":"AAPL","time":${minute},"price":"10","size":1.0000000000000000001}`), "invalid-field", /is 1\.0{18}1, /],
  [text(`{"symbol":"AAPL","time":${minute},"price":90071992.547409930000001,"size":1}`), "invalid-field", /is 90071992\.547409930000001, /],
  [bad({ time: Math.floor(Date.now() / 1_000) }), "not-milliseconds", /looks like seconds: in milliseconds it is 1970-01-/],
  [Buffer.alloc(2 * 1024 * 1024, "x"), "too-long", /its first 1048578 bytes/],
  // Its beginning is a tick, and all that is kept of it.
  [Buffer.from(`${JSON.stringify(good)}${" ".repeat(2 * 1024 * 1024)}and more`), "too-long", /its first 1048578 bytes/]
]

/** Of a line over 1 MiB so much is kept. */
const kept = 1024 * 1024 + 2

interface Shown {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly pipeline: string | null
  readonly reason: string
  readonly detail: string
  readonly base64: string
}

const shownBy = (stdout: string): ReadonlyArray<Shown> => linesOf(stdout).map((line) => JSON.parse(line))

const listed = (cwd: string) =>
  Effect.map(courant("dead-letters list --json", { cwd }), ({ stdout }) =>
    shownBy(stdout).map(({ offset, reason }) => `${offset} ${reason}`))

describe("a line that is no tick", () => {
  it.live("becomes a dead letter with its bytes, its place and the reason, and the run goes on", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const newline = text("\n")
      const tick = Buffer.from(input([good]))
      const bytes = Buffer.concat([tick, ...lines.flatMap(([line]) => [line, newline, tick])])
      const run = yield* courant(
        "run --feed stdin --log memory --sink stdout --once --topic broken --pipelines candles-1m",
        { cwd, input: bytes }
      )
      const ticks = lines.length + 1
      assert.strictEqual(
        account(run),
        `read ${lines.length + ticks}, aggregated ${ticks}, late 0, dead-lettered ${lines.length}, duplicate 0`
      )
      assert.strictEqual(run.code, 0)
      assert.match(run.stdout, new RegExp(`"volume":"${ticks}","vwap":"10","trades":${ticks},"provisional":0}}\n$`))
      assert.strictEqual(linesOf(run.stdout).length, 1)

      const list = yield* courant("dead-letters list --json", { cwd })
      const shown = shownBy(list.stdout)
      assert.strictEqual(list.code, 0)
      assert.strictEqual(shown.length, lines.length)
      lines.forEach(([line, reason, detail], index) => {
        const letter = shown[index]!
        // Every second line is a tick, the first one included.
        const place = [letter.topic, letter.partition, letter.offset, letter.pipeline]
        assert.deepStrictEqual(place, ["broken", 0, 2 * index + 1, null])
        assert.strictEqual(letter.reason, reason, letter.detail)
        assert.match(letter.detail, detail)
        const bytes = Buffer.from(letter.base64, "base64")
        assert.isTrue(bytes.equals(line.subarray(0, kept)), `bytes of ${letter.detail}`)
      })

      const exported = yield* courant("dead-letters export", { cwd })
      const expected = Buffer.concat(lines.flatMap(([line]) => [line.subarray(0, kept), newline]))
      assert.isTrue(exported.bytes.equals(expected), "the export is the lines themselves")

      const some = yield* courant("dead-letters export --reason missing-field --topic broken", { cwd })
      assert.strictEqual(some.stdout, `${lines[4]?.[0]}\n${lines[5]?.[0]}\n`)

      const plain = yield* courant("dead-letters list --limit 2", { cwd })
      assert.deepStrictEqual(linesOf(plain.stdout), [
        "broken/0/1  not-json: the record is not JSON in UTF-8",
        `    "nonsense"`,
        "broken/0/3  not-json: the record is not a JSON object",
        `    "[1,2]"`
      ])
    })))

  it.live("stays one when what was kept of it is read again", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const bytes = Buffer.concat(lines.flatMap(([line]) => [line.subarray(0, kept), text("\n")]))
      const again = yield* courant("run --feed stdin --log memory --once --pipelines candles-1m", { cwd, input: bytes })
      assert.strictEqual(account(again), `read ${lines.length}, aggregated 0, late 0, dead-lettered ${lines.length}, duplicate 0`)
    })))

  it.live("where no event could be used a run says which command shows why, and one in memory leaves nothing that another would take for a log", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      yield* courant("run --feed stdin --once --topic kept --pipelines candles-1m", { cwd, input: input([good]) })
      for (const flags of ["--log memory", "--data elsewhere"]) {
        const run = yield* courant(`run --feed stdin --once --topic odd --pipelines candles-1m ${flags}`, { cwd, input: "nonsense\n" })
        const [, command = ""] = /none of the 1 events could be used; why says: courant (dead-letters list .+)/.exec(run.stderr) ?? []
        assert.match((yield* courant(command, { cwd })).stdout, /^odd\/0\/0  not-json/, run.stderr)
      }
      assert.strictEqual(linesOf((yield* courant("query candles-1m --json", { cwd })).stdout).length, 1)
      assert.match((yield* courant("dead-letters list", { cwd })).stdout, /^odd\/0\/0  not-json/)
      assert.match((yield* courant("dead-letters retry", { cwd })).stderr, /odd: its log was in memory; .* dead-letters export --topic odd\n/)
    })))

  it.live("late ticks are kept for each pipeline that refused them, and exported once", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const late = { ...good, time: minute + 1 }
      const ticks = input([good, { ...good, time: minute + 400_000 }, late])
      const pipelines = "candles-5m,candles-1m,moving-average-5m,day"
      yield* courant(`run --feed stdin --once --allowed-lateness 0s --pipelines ${pipelines}`, { cwd, input: ticks })
      const shown = shownBy((yield* courant("dead-letters list --json", { cwd })).stdout)
      assert.deepStrictEqual(
        shown.map(({ offset, pipeline, reason }) => [offset, pipeline, reason]),
        ["candles-1m", "candles-5m", "moving-average-5m"].map((pipeline) => [2, pipeline, "late"])
      )
      assert.strictEqual((yield* courant("dead-letters export", { cwd })).stdout, input([late]))
    })))

  it.live("where there are none, stdout stays empty", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      yield* courant("run --feed stdin --once", { cwd, input: input([good]) })
      const { code, stderr, stdout } = yield* courant("dead-letters list", { cwd })
      assert.deepStrictEqual([code, stdout, stderr], [0, "", "no dead letters\n"])
      assert.strictEqual((yield* courant("dead-letters export", { cwd })).stdout, "")
    })))
})

describe("a tick from the future", () => {
  const now = Date.now()
  const future = { ...good, time: now + 3_600_000 }
  const ticks = input([{ ...good, time: now - 120_000 }, future, { ...good, time: now - 119_000 }])
  const pipelines = "--pipelines candles-1m"

  it.live("does not drag the watermark along when --max-time-ahead is less", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const run = `run --feed stdin --log memory --sink stdout --once --out-of-orderness 0s --allowed-lateness 0s ${pipelines}`
      const guarded = yield* courant(`${run} --max-time-ahead 1m`, { cwd, input: ticks })
      assert.strictEqual(account(guarded), "read 3, aggregated 2, late 0, dead-lettered 1, duplicate 0")
      const free = yield* courant(`${run} --max-time-ahead 2h`, { cwd, input: ticks })
      assert.strictEqual(account(free), "read 3, aggregated 2, late 1, dead-lettered 0, duplicate 0")
    })))

  it.live("is one that is more than five minutes ahead, unless told", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const now = Date.now()
      // The program reads its clock some time after this one was read.
      const run = yield* courant(
        "run --feed stdin --log memory --sink stdout --once --out-of-orderness 1h --pipelines candles-1m",
        { cwd, input: input([{ ...good, time: now + 4 * 60_000 }, { ...good, time: now + 8 * 60_000 }]) }
      )
      assert.strictEqual(account(run), "read 2, aggregated 1, late 0, dead-lettered 1, duplicate 0")
    })))

  it.live("is taken by a retry once its time has come, and is a dead letter again before", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const bounds = `${pipelines} --max-time-ahead 0s`
      const began = Date.now()
      yield* courant(`run --feed stdin --log memory --once ${bounds}`, { cwd, input: input([good]) })
      // On a machine on which a run takes longer its time comes later: it has not come in the first run.
      const due = Date.now() + 3_000 + 5 * (Date.now() - began)
      const soon = { ...good, symbol: "SOON", time: due }
      const never = { ...good, symbol: "LATER", time: due + 3_600_000 }
      const lines = `${input([good, soon, never])}nonsense\n`
      const run = yield* courant(`run --feed stdin --once ${bounds}`, { cwd, input: lines })
      assert.strictEqual(account(run), "read 4, aggregated 1, late 0, dead-lettered 3, duplicate 0")

      yield* Effect.sleep(Math.max(0, due - Date.now()))
      const retried = yield* courant("dead-letters retry", { cwd })
      assert.strictEqual(retried.stderr, "stdin: 2 of 3 dead letters are in the log again\n")
      assert.deepStrictEqual([retried.code, retried.stdout], [0, ""])
      assert.deepStrictEqual(yield* listed(cwd), ["3 not-json"])

      const after = yield* courant(`process --once --sink stdout ${bounds}`, { cwd })
      assert.strictEqual(account(after), "read 6, aggregated 2, late 0, dead-lettered 4, duplicate 0")
      assert.deepStrictEqual(linesOf(after.stdout).map((line) => JSON.parse(line).key), ["SOON"])
      // The log is 3 ticks, nonsense, and the two that were tried again.
      assert.deepStrictEqual(yield* listed(cwd), ["3 not-json", "5 time-ahead"])
    })))

  it.live("or in seconds, or only begun, is not tried again: it would be refused again, or taken for what it is not", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const seconds = { ...good, time: Math.floor(Date.now() / 1_000) }
      const begun = `${JSON.stringify(good)}${" ".repeat(1024 * 1024)}`
      yield* courant(`run --feed stdin --once ${pipelines}`, { cwd, input: `${input([seconds])}${begun}and more\n` })
      const retried = yield* courant("dead-letters retry", { cwd })
      assert.strictEqual(retried.stderr, "stdin: 0 of 2 dead letters are in the log again\n")
      assert.deepStrictEqual(yield* listed(cwd), ["0 not-milliseconds", "1 too-long"])
    })))
})
