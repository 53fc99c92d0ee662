/** A process that is stopped and goes on, as on a computer that slept or in a container that was paused. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { account, input, linesOf, minute, start, temporaryFolder } from "./courant.ts"

const tickAt = (second: number) => input([{ time: minute + second * 1_000, price: 1, size: 1 }])

const stopped = Effect.fnUntraced(function*(log: string) {
  const cwd = yield* temporaryFolder
  const run = yield* start(
    `run --feed stdin --log ${log} --sink stdout --idle-timeout 3s --out-of-orderness 100ms --pipelines candles-1m`,
    { cwd }
  )
  // The pane of the first minute says that the tick in the second one has been taken.
  run.child.stdin?.write(tickAt(0) + tickAt(119))
  yield* run.says(/"start".*\n/, "stdout")
  run.child.kill("SIGSTOP")
  // Longer than the idle time-out, which would have closed the minute a second ago.
  yield* Effect.sleep("4 seconds")
  run.child.stdin?.write(tickAt(119.5))
  run.child.kill("SIGCONT")
  yield* run.says(/("start".*\n[^]*){2}/, "stdout")
  const ended = yield* run.signal("SIGTERM")
  assert.deepStrictEqual(linesOf(ended.stdout).map((line) => JSON.parse(line).values.trades), [1, 2], log)
  assert.strictEqual(account(ended), "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
})

it.live("a run that was stopped takes what came meanwhile before it decides that nothing comes", () =>
  Effect.forEach(["memory", "sqlite"], stopped, { concurrency: 2 }).pipe(Effect.scoped))
