/** How soon there is something to see, and what a terminal shows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { commandLine, linesOf, start, startCommand, temporaryFolder } from "./courant.ts"

/** What a newcomer waits at most, in milliseconds; where tests run side by side on few cores, more is no fault. */
const promised = 2_000
const leeway = process.env["CI"] === undefined ? 2 : 4

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
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const began = performance.now()
      const since = () => Math.round(performance.now() - began)
      const run = yield* start("run --feed recorded --port 0", { cwd })
      const [, url = ""] = yield* run.says(/ on (http:\S+\/) /)
      const page = since()
      yield* Effect.repeat(fetchText(`${url}api/panes?pipeline=candles-1m&limit=1`), { until: (text) => text.length > 2 })
      const candle = since()
      yield* firstEvent(`${url}api/stream`, /candles-1m/)
      const forming = since()
      yield* run.says(/ open /)
      console.log(`from the start to the page ${page} ms, to the first candle ${candle} ms, to the stream's ${forming} ms`)
      assert.isBelow(forming, promised * leeway)

      assert.match(yield* fetchText(`${url}api/health`), /"_tag":"recorded","date":"2013-10-08"/)
      const { code, stderr } = yield* run.signal("SIGTERM")
      assert.strictEqual(code, 0)
      const [first, ...others] = linesOf(stderr)
      assert.match(first ?? "", /^RECORDED 2013-10-08 x60 on http:/)
      for (const line of others.slice(0, -1)) assert.match(line, /^\d\d:\d\d:\d\d [A-Z]+ +open /)
      assert.match(others.at(-1) ?? "", /^read \d+, /)
      // eslint-disable-next-line no-control-regex -- that there are none is what is tested
      assert.notMatch(stderr, /\u001b/)
    })), 30_000)
})

const hasScript = spawnSync("script", ["--version"]).status === 0

describe("on a terminal", () => {
  it.live.skipIf(!hasScript)("a table is updated in place, and Ctrl-C ends it", () =>
    Effect.scoped(Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const command = commandLine("run --feed recorded --page=false --speed 600")
      const run = yield* startCommand("script", ["-qec", command, "/dev/null"], { cwd })
      const up = "\\u001b\\[(\\d+)A"
      // Drawn anew twice with a row for each of four symbols.
      yield* run.says(new RegExp(`SPY .*${up}[^]*SPY .*${up}[^]*SPY .*`), "stdout")
      run.child.stdin?.write("\u0003")
      const { code, stdout } = yield* run.ended
      assert.strictEqual(code, 0)
      assert.match(stdout, /RECORDED 2013-10-08 x600 {2}watermark \d\d:\d\d:\d\d, read \d+, late 0, dead-lettered 0, lag \d+/)
      assert.match(stdout, /symbol +last +open +high +low +mean +volume +variation/)
      assert.notMatch(stdout, / open [\d.]+ high /)
      // The cursor goes up by as many lines as were written since it did last.
      const parts = stdout.split(new RegExp(up))
      for (let index = 1; index + 2 < parts.length; index += 2) {
        const written = (index === 1 ? parts[0]! : parts[index - 1]!).split("\n").length - 1
        assert.strictEqual(Number(parts[index]), written)
      }
      assert.match(stdout, /read \d+, aggregated \d+, late 0, dead-lettered 0, duplicate 0\r\n$/)
    })), 30_000)
})
