/** A run near a limit of its memory says so, and ends in order. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Memory from "../../src/cli/Memory.ts"
import { Monitor } from "../../src/streams/ports/Monitor.ts"
import { account, commandLine, courant, linesOf, node, startCommand, temporaryFolder } from "./courant.ts"

const hungry = join(import.meta.dirname, "memory/hungry.ts")

/** Where control groups of memory are made, of the first version or the second; `null` where none can be. */
const groups = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].flatMap((root) => {
  const group = join(root, `courant-test-${process.pid}`)
  const limit = join(group, root.endsWith("memory") ? "memory.limit_in_bytes" : "memory.max")
  try {
    mkdirSync(group)
    const isLimitable = existsSync(limit)
    rmdirSync(group)
    return isLimitable ? [{ group, limit }] : []
  } catch {
    return []
  }
})

const container = groups[0] ?? null

const watched = Effect.fnUntraced(function*(uses: ReadonlyArray<number>) {
  let at = 0
  const measure = () => [{ of: "heap" as const, used: uses[Math.min(at++, uses.length - 1)] ?? 0, limit: 100 }]
  const fiber = yield* Effect.forkChild(Memory.watch(measure).pipe(Effect.provide(Monitor.layer), Effect.flip))
  yield* TestClock.adjust("10 seconds")
  return fiber.pollUnsafe() === undefined ? undefined : (yield* Fiber.join(fiber)).message
})

describe("a process that takes more and more", () => {
  it.live("of JavaScript's heap ends with what holds it, and its state is saved", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const running = yield* startCommand(node, ["--max-old-space-size=200", hungry], { cwd })
      const { code, stderr, stdout } = yield* running.ended
      assert.deepStrictEqual([code, stdout], [1, "saved\n"], stderr)
      assert.match(stderr, /^warning: memory is at [67]\d % \(\d+ MiB of 200 MiB, JavaScript's heap\); open keys: large \d+, small 1; at 75 % the run ends$/m)
      assert.match(stderr, /^memory is at [78]\d % .+ and its state is saved; give it more with NODE_OPTIONS=--max-old-space-size=/m)
    }).pipe(Effect.scoped), 60_000)

  // Nothing but root may make a control group, and not everywhere.
  it.live.skipIf(container === null)("of a container's memory ends before it is killed", () =>
    Effect.gen(function*() {
      if (container === null) return
      const { group, limit } = container
      const cwd = yield* temporaryFolder
      mkdirSync(group)
      yield* Effect.gen(function*() {
        writeFileSync(limit, "300000000")
        const running = yield* startCommand("sh", ["-c", `echo $$ > ${group}/cgroup.procs; exec ${node} ${hungry} outside`], { cwd })
        const { code, stderr, stdout } = yield* running.ended
        assert.deepStrictEqual([code, stdout], [1, "saved\n"], stderr)
        assert.match(stderr, /^memory is at .+ of 286 MiB, this machine or container allows the process\); open keys: large .+; raise the container's limit/m)
      }).pipe(Effect.scoped, Effect.ensuring(Effect.promise(() => gone(group))))
    }).pipe(Effect.scoped), 60_000)
})

// The whole program: what it had read when it stopped is not read again, and nothing is lost.
it.live.skipIf(container === null)("courant process in a container that is too small ends with 1, and goes on in a larger one", () =>
  Effect.gen(function*() {
    if (container === null) return
    const { group, limit } = container
    const cwd = yield* temporaryFolder
    const keys = 60_000
    const input = Array.from({ length: keys }, (_, i) => `{"symbol":"S${i}","time":${1_732_545_000_000 + i % 1_000},"price":1,"size":1}\n`).join("")
    yield* courant("ingest --feed stdin", { cwd, input })
    mkdirSync(group)
    yield* Effect.gen(function*() {
      writeFileSync(limit, "200000000")
      const command = commandLine("process --pipelines candles-1m")
      const { code, stderr } = yield* (yield* startCommand("sh", ["-c", `echo $$ > ${group}/cgroup.procs; exec ${command}`], { cwd })).ended
      assert.strictEqual(code, 1, stderr)
      assert.match(stderr, /^courant: memory is at \d+ % \(.+\); .+; the run ends before it is killed, and its state is saved; .+$/m)
    }).pipe(Effect.scoped, Effect.ensuring(Effect.promise(() => gone(group))))
    const rest = yield* courant("process --once --pipelines candles-1m", { cwd })
    assert.strictEqual(account(rest), `read ${keys}, aggregated ${keys}, late 0, dead-lettered 0, duplicate 0`)
    assert.strictEqual(linesOf((yield* courant("query candles-1m --json --limit 1000000", { cwd })).stdout).length, keys)
  }).pipe(Effect.scoped), 300_000)

/** A group can be removed a moment after its last process has gone. */
const gone = async (group: string) => {
  for (;;) {
    try {
      return rmdirSync(group)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

it.effect("a peak is no state, and what is not near a limit is not told", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* watched([50, 99, 50, 99, 50]), undefined)
    assert.strictEqual(yield* watched([74]), undefined)
    assert.match((yield* watched([50, 90, 76])) ?? "", /^memory is at 76 % /)
  }))
