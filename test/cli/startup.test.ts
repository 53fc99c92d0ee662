/** How soon there is something to see, and what a terminal shows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { commandLine, linesOf, start, startCommand, temporaryFolder } from "./courant.ts"

/** What a newcomer waits at most, in milliseconds; where tests run side by side on few cores, more is no fault. */
const promised = 2_000
const leeway = process.env["CI"] === undefined ? 3 : 5

const fetchText = (url: string) =>
  Effect.promise(async (signal) => (await fetch(url, { signal })).text())

/** Reads a stream of server-sent events up to the first that matches. */
const firstEvent = (url: string, pattern: RegExp) =>
  Effect.promise(async (signal) => {
    let text = ""
    const decoder = new TextDecoder()
    const { body } = await fetch(url, { signal })
    for await (const piece of body ?? []) {
      text += decoder.decode(piece, { stream: true })
      if (pattern.test(text)) break
    }
    return text
  })

describe("from the start", () => {
  it.live("to the first candle on the page", () =>
    // Where it took longer, whatever else the machine had to do is soon over, and what makes it slow is not.
    Effect.gen(function*() {
      const times: Array<number> = []
      for (let start = 0; start < 5 && !(Math.min(...times) < promised * leeway); start++) times.push(yield* firstCandle)
      assert.isBelow(Math.min(...times), promised * leeway)
    }))
})

/** Milliseconds from the start to the first candle on the page. */
const firstCandle = Effect.scoped(Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  const run = yield* start("run --feed recorded --port 0", { cwd })
  const [, url = ""] = yield* run.says(/ on (http:\S+\/) /)
  const page = since()
  yield* Effect.repeat(Effect.delay(fetchText(`${url}api/panes?pipeline=candles-1m&limit=1`), "10 millis"), {
    until: (text) => text.length > 2
  })
  const candle = since()
  yield* firstEvent(`${url}api/stream`, /candles-1m/)
  const forming = since()
  yield* run.says(/ panes [1-9]/)
  console.log(`from the start to the page ${page} ms, to the first candle ${candle} ms, streamed ${forming} ms`)
  assert.match(yield* fetchText(`${url}api/health`), /"_tag":"recorded","date":"2013-10-08"/)
  const { code, stderr } = yield* run.signal("SIGTERM")
  assert.strictEqual(code, 0)
  const [first, ...others] = linesOf(stderr)
  assert.match(first ?? "", /^RECORDED 2013-10-08 x60 on http:/)
  for (const line of others.slice(0, -1)) assert.match(line, /^RECORDED 2013-10-08 x60  watermark .* panes \d+, lag \d+, /)
  assert.match(others.at(-1) ?? "", /^read \d+, /)
  assert.notInclude(stderr, escape)
  return forming
}))

const escape = "\u001b"

const hasScript = spawnSync("script", ["--version"]).status === 0

/** The terminal's code that takes the cursor some lines up. */
const up = new RegExp(`${escape}\\[(\\d+)A`)

// The commands replace their shell (`exec`): Ctrl-C goes to all that runs on the terminal, and some shells,
// unlike bash, answer it themselves with 130 instead of giving back how the command ended.
describe("on a terminal", () => {
  it.live.skipIf(!hasScript)("a table is updated in place, and what is said at the end stands below it", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const command = `stty cols 70; exec ${commandLine("run --feed recorded --page=false --speed 600")}`
      const run = yield* startCommand("script", ["-qec", command, "/dev/null"], { cwd })
      yield* run.says(new RegExp(`(SPY [^]*${up.source}[^]*){3}`), "stdout")
      run.child.stdin?.write("\u0003")
      const { code, stdout } = yield* run.ended
      assert.strictEqual(code, 0)

      const lines = linesOf(stdout.replaceAll("\r", ""))
      // The cursor goes up by as many lines as were written since it did last.
      const [first = "", ...later] = stdout.split(up)
      const written = [first, ...later.filter((_, index) => index % 2 === 1)].map((text) => text.split("\n").length - 1)
      assert.deepStrictEqual(later.filter((_, index) => index % 2 === 0).map(Number), written.slice(0, -1))
      // The terminal's own codes take no place on it.
      const shown = lines.map((line) => line.replaceAll(new RegExp(`${escape}\\[\\d*[AK]|\\^C`, "g"), ""))
      assert.isAtMost(Math.max(...shown.map(({ length }) => length)), 70)

      const [state, head, aig, bac, ibm, spy, account, ...rest] = shown.slice(-7)
      assert.match(state ?? "", /^RECORDED 2013-10-08 x600 {2}watermark \d\d:\d\d:\d\d, read \d+, late 0/)
      assert.match(head ?? "", /^symbol +last +open +high +low +mean +volume/)
      for (const [row, symbol] of [[aig, "AIG"], [bac, "BAC"], [ibm, "IBM"], [spy, "SPY"]]) {
        assert.match(row ?? "", new RegExp(`^${symbol}( +[\\d.]+){5} +[\\d,]+`))
      }
      assert.match(account ?? "", /^read \d+, aggregated \d+, late 0, dead-lettered 0, duplicate 0$/)
      assert.deepStrictEqual(rest, [])
    })))

  it.live.skipIf(!hasScript)("a word in between is not written over", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const command = `exec ${commandLine("run --feed recorded --page=false --speed max")}`
      const run = yield* startCommand("script", ["-qec", command, "/dev/null"], { cwd })
      const words = "The feed has ended; to see it again, start with another --data folder. Stop with Ctrl-C."
      // The next table begins on a line of its own.
      yield* run.says(new RegExp(`${words}\r\n${escape}\\[2KRECORDED`), "stdout")
      // The feed may be ahead of what is computed.
      yield* run.says(/read 654140, late 0, dead-lettered 0/, "stdout")
      run.child.stdin?.write("\u0003")
      const { code, stdout } = yield* run.ended
      assert.strictEqual(code, 0)
      assert.match(stdout, /read 654140, aggregated 654140, late 0, dead-lettered 0, duplicate 0\r\n$/)
    })))
})
