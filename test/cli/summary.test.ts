/** What a run says of itself where its stderr is no terminal. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type Event, Monitor, nothingYet, type Progress } from "../../src/streams/ports/Monitor.ts"
import * as Summary from "../../src/cli/terminal/Summary.ts"
import { linesOf, start, temporaryFolder } from "./courant.ts"

const progress = (some: Partial<Progress>): Event => ({ _tag: "progress", progress: { ...nothingYet, ...some } })

const shown = <A, E>(body: Effect.Effect<A, E, Monitor>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const write = process.stderr.write
    process.stderr.write = (text: string | Uint8Array) => lines.push(String(text).trimEnd()) > 0
    yield* Effect.gen(function*() {
      yield* Effect.forkChild(Summary.show("UTC", Effect.succeed("LIVE")))
      yield* body
    }).pipe(Effect.provide(Monitor.layer), Effect.ensuring(Effect.sync(() => {
      process.stderr.write = write
    })))
    return lines
  })

it.effect("the first result is told at once, then what has changed, every ten seconds, and nothing where nothing happens", () =>
  Effect.gen(function*() {
    const lines = yield* shown(Effect.gen(function*() {
      const { publish } = yield* Monitor
      yield* TestClock.adjust("5 seconds")
      yield* publish(progress({ read: 500, aggregated: 500, watermark: 0 }))
      yield* TestClock.adjust("1 second")
      yield* publish(progress({ read: 1_000, panes: 5, watermark: 60_000, late: 2 }))
      yield* TestClock.adjust("1 second")
      for (let second = 1; second <= 20; second++) {
        yield* publish(progress({ read: 1_000 + 100 * second, panes: 5 + second, late: 2 + second, lag: 7, watermark: 60_000 }))
        yield* TestClock.adjust("1 second")
      }
      yield* TestClock.adjust("1 hour")
      yield* publish(progress({ read: 3_100, panes: 5, rows: 9, late: 22, deadLettered: 4, watermark: 60_000 }))
      yield* TestClock.adjust("1 hour")
    }))
    assert.deepStrictEqual(lines, [
      "LIVE  watermark 00:01:00, read 1000 (160/s), panes 5, lag 0, late 2, dead-lettered 0",
      "LIVE  watermark 00:01:00, read 2000 (100/s), panes 15, lag 7, late 12 (10 new), dead-lettered 0",
      "LIVE  watermark 00:01:00, read 3000 (100/s), panes 25, lag 7, late 22 (10 new), dead-lettered 0",
      "LIVE  watermark 00:01:00, read 3100 (0/s), panes 5, rows 9, lag 0, late 22, dead-lettered 4"
    ])
  }))

it.live("however many candles a run gives, it says a few lines", () =>
  Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const running = yield* start("run --feed recorded --speed max --no-page", { cwd })
    yield* running.says(/The feed has ended/)
    const { stderr } = yield* running.signal("SIGINT")
    const [, panes = "0"] = /panes (\d+), lag/.exec(stderr) ?? []
    assert.isAbove(Number(panes), 0, stderr)
    assert.isBelow(linesOf(stderr).length, 15, stderr)
  }).pipe(Effect.scoped))
