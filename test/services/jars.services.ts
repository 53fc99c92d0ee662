/** The cache of jars, with a shell script in the place of Maven: what it is told to do, it does slowly. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Identity from "../../services/tool/Identity.ts"
import { node, startCommand } from "../cli/courant.ts"
import { gone, root, script, temporaryFolder } from "./processes.ts"

/** A cache, and a Maven that takes `takes` seconds between the first of its two jars and the second. */
const machine = Effect.fnUntraced(function*(takes: string, end = "exit 0") {
  const folder = yield* temporaryFolder
  const bin = join(folder, "bin")
  mkdirSync(bin)
  script(join(bin, "mvn"), `
for argument; do case $argument in -DoutputDirectory=*) out=\${argument#*=};; esac; done
echo once >>${folder}/calls
echo $$ >${folder}/pid
echo one >$out/one.jar; sleep ${takes}; echo two >$out/two.jar
${end}`)
  const env = { XDG_CACHE_HOME: join(folder, "cache"), PATH: `${bin}:${process.env["PATH"]}` }
  return {
    bin,
    folder,
    env,
    calls: () => readFileSync(join(folder, "calls"), "utf8").split("\n").length - 1,
    /** Of the Maven that was started last; 0 before there is one. */
    pid: () => existsSync(join(folder, "pid")) ? Number(readFileSync(join(folder, "pid"), "utf8")) : 0,
    fetch: (more: { readonly [name: string]: string } = {}) =>
      startCommand(node, [join(import.meta.dirname, "fetch.ts")], { cwd: root, input: "", env: { ...env, ...more } })
  }
})

const jarsIn = (classPath: string) =>
  readdirSync(classPath.trim().replace(/\*$/, "")).filter((name) => name.endsWith(".jar"))

describe("jars", () => {
  it.live("are fetched once, also by two at once, and both get all of them", () =>
    Effect.gen(function*() {
      const { calls, fetch } = yield* machine("0.5")
      const both = yield* Effect.all([fetch(), fetch()])
      for (const { ended } of both) {
        const { code, stderr, stdout } = yield* ended
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(jarsIn(stdout), ["one.jar", "two.jar"])
      }
      const again = yield* fetch()
      assert.strictEqual((yield* again.ended).code, 0)
      assert.strictEqual(calls(), 1)
    }))

  it.live("of a download that was cut short are not taken for all of them, and Maven ends with it", () =>
    Effect.gen(function*() {
      const { calls, fetch, folder, pid } = yield* machine("1.5")
      const first = yield* fetch()
      while (pid() === 0) yield* Effect.sleep("10 millis")
      const maven = Identity.of(pid())
      yield* first.signal("SIGKILL")
      if (maven !== undefined) yield* gone([maven])
      const jars = join(folder, "cache/courant/jars")
      const [part = ""] = readdirSync(jars).filter((name) => name.endsWith(".part"))
      writeFileSync(join(jars, part, "of-another-version.jar"), "")
      const second = yield* fetch()
      const { stdout } = yield* second.ended
      assert.deepStrictEqual(jarsIn(stdout), ["one.jar", "two.jar"])
      assert.strictEqual(calls(), 2)
    }))

  it.live("that Maven could not fetch are fetched again the next time; its error is told", () =>
    Effect.gen(function*() {
      const { bin, calls, fetch } = yield* machine("0", `echo "[ERROR] Could not resolve kafka" ; exit 1`)
      for (const times of [1, 2]) {
        const running = yield* fetch()
        const { code, stdout } = yield* running.ended
        assert.strictEqual(code, 1)
        assert.match(stdout, /^Maven could not fetch sample-1: Could not resolve kafka; all .* is in \S+\.log\n$/)
        assert.strictEqual(calls(), times)
      }
      script(join(bin, "mvn"), `exit 0`)
      const running = yield* fetch()
      assert.strictEqual((yield* running.ended).code, 0)
    }))

  it.live("need Maven", () =>
    Effect.gen(function*() {
      const { fetch } = yield* machine("0")
      const running = yield* fetch({ PATH: "" })
      const { code, stdout } = yield* running.ended
      assert.strictEqual(code, 1)
      assert.match(stdout, /^sample-1 is fetched with Maven, and there is no mvn on the PATH: install it/)
    }))
})
