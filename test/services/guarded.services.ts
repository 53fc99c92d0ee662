/** A guarded process never outlives its parent, unless it was released. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Guarded from "../../services/tool/Guarded.ts"
import * as Identity from "../../services/tool/Identity.ts"
import { node, startCommand } from "../cli/courant.ts"
import { endAtLast, gone, identitiesIn, root, temporaryFolder } from "./processes.ts"

/** A parent process, the child that it guards, and the child's own child. */
const family = Effect.fnUntraced(function*(what: "hold" | "release") {
  const parent = yield* startCommand(node, [join(import.meta.dirname, "parent.ts"), what], { cwd: root })
  const [, line = ""] = yield* parent.says(/(.*)\n/, "stdout")
  const children = identitiesIn(line)
  yield* endAtLast(children)
  assert.deepStrictEqual(children.map(Identity.isAlive), [true, true])
  return { parent, children, child: children[0]! }
})

describe("a guarded process, and what it has started", () => {
  for (const signal of ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it.live(`end with their parent, also by ${signal}`, () =>
      Effect.gen(function*() {
        const { children, parent } = yield* family("hold")
        yield* parent.signal(signal)
        yield* gone(children)
      }))
  }

  it.live("end with their parent even when they do not listen to anything", () =>
    Effect.gen(function*() {
      const { child, children, parent } = yield* family("hold")
      yield* Identity.signal(child, "SIGSTOP")
      // To the whole group, as a shell would, and so to the guard too.
      yield* Effect.sync(() => process.kill(-child.pid, "SIGTERM"))
      yield* parent.signal("SIGKILL")
      yield* gone(children)
    }))

  it.live("end with each other", () =>
    Effect.gen(function*() {
      const { child, children } = yield* family("hold")
      yield* Identity.signal(child, "SIGKILL")
      yield* gone(children)
    }))

  it.live("go on after their parent once they are released", () =>
    Effect.gen(function*() {
      const { children, parent } = yield* family("release")
      assert.strictEqual((yield* parent.ended).code, 0)
      yield* Effect.sleep("300 millis")
      assert.deepStrictEqual(children.map(Identity.isAlive), [true, true])
    }))
})

describe("a guarded process", () => {
  it.live("ends with its scope", () =>
    Effect.gen(function*() {
      const { identity } = yield* Effect.scoped(Guarded.start(["sleep", "600"], "/dev/null"))
      assert.isFalse(Identity.isAlive(identity))
    }))

  it.live("tells how it ended", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Guarded.complete(["sh", "-c", "exit 7"], "/dev/null"), { code: 7, signal: null })
      assert.strictEqual((yield* Guarded.complete(["no-such-program"], "/dev/null")).code, 127)
      const killed = Effect.gen(function*() {
        const { ended, signal } = yield* Guarded.start(["sleep", "600"], "/dev/null")
        yield* signal("SIGKILL")
        return yield* ended
      })
      assert.deepStrictEqual(yield* Effect.scoped(killed), { code: null, signal: "SIGKILL" })
    }))
})

describe("an identity", () => {
  it.live("is not that of a process which has ended and only waits for its parent to take note", () =>
    Effect.gen(function*() {
      const log = join(yield* temporaryFolder, "log")
      // The shell becomes a program that never takes note of the child that it inherits.
      yield* Guarded.start(["sh", "-c", "sleep 600 & echo $!; exec sleep 600"], log)
      while (!existsSync(log) || readFileSync(log, "utf8") === "") yield* Effect.sleep("5 millis")
      const pid = Number(readFileSync(log, "utf8"))
      const child = Identity.of(pid)
      assert.isDefined(child)
      yield* Identity.signal(child, "SIGKILL")
      yield* gone([child])
      assert.doesNotThrow(() => process.kill(pid, 0))
      assert.isUndefined(Identity.of(pid))
    }))

  it.live("is not that of a later process with the same number", () =>
    Effect.gen(function*() {
      const { identity, isRunning } = yield* Guarded.start(["sleep", "600"], "/dev/null")
      const earlier = { ...identity, started: `${identity.started}0` }
      assert.isTrue(Identity.isAlive(identity))
      assert.isFalse(Identity.isAlive(earlier))
      yield* Identity.signal(earlier, "SIGKILL")
      yield* Effect.sleep("100 millis")
      assert.isTrue(isRunning())
    }))
})
