/** How the commands are called, and what they say when they cannot go on. No server is started. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { linesOf } from "../cli/courant.ts"
import { script, services, temporaryFolder } from "./processes.ts"

describe("wrong use ends with 2 and one line that says what would be right", () => {
  const wrong: { readonly [args: string]: RegExp } = {
    "up": /Missing required argument: name/,
    "up kafak": /"kafak".*one of kafka, kafka-zookeeper/,
    "down redis": /"redis".*one of kafka, kafka-zookeeper/,
    "logs": /Missing required argument: name/,
    "up kafka --port 70000": /"70000".*1 to 65535/,
    "up kafka kafka-zookeeper --port 21000": /"21000".*a single service/,
    "status --jsn": /--jsn.*--json/,
    "start kafka": /"start"/
  }
  for (const [args, hint] of Object.entries(wrong)) {
    it.live(args, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* services(args.split(" "))
        assert.deepStrictEqual([code, stdout, linesOf(stderr).length], [2, "", 1])
        assert.match(stderr, hint)
      }))
  }
})

describe("what is missing is said in one line", () => {
  const up = Effect.fnUntraced(function*(env: { readonly [name: string]: string }, name = "kafka") {
    const data = yield* temporaryFolder
    const { code, stderr, stdout } = yield* services(["up", name, "--data", data], {
      env: { XDG_CACHE_HOME: join(data, "cache"), ...env }
    })
    assert.deepStrictEqual([code, stdout], [1, ""])
    const status = yield* services(["status", "--json", "--data", data])
    assert.deepStrictEqual([status.code, status.stdout], [0, "{}\n"])
    return linesOf(stderr).at(-1) ?? ""
  })
  const javaSays = Effect.fnUntraced(function*(version: string) {
    const home = yield* temporaryFolder
    mkdirSync(join(home, "bin"))
    script(join(home, "bin/java"), `echo 'openjdk version "${version}"' >&2`)
    return home
  })

  it.live("Java, with an empty PATH", () =>
    Effect.gen(function*() {
      const line = yield* up({ PATH: "", JAVA_HOME: "" })
      assert.match(line, /^services: kafka needs Java 17 or later, and there is none on the PATH: install it \(Debian/)
    }))

  it.live("Java, where JAVA_HOME says it is", () =>
    Effect.gen(function*() {
      const line = yield* up({ JAVA_HOME: "/nowhere" })
      assert.match(line, /needs Java 17 or later, and there is none in JAVA_HOME, which is \/nowhere: install it/)
    }))

  for (const version of ["1.8.0_402", "11.0.22", "16"]) {
    it.live(`a newer Java than ${version}`, () =>
      Effect.gen(function*() {
        const line = yield* up({ JAVA_HOME: yield* javaSays(version) })
        assert.match(line, /needs Java 17 or later, and \S+ is (8|11|16): install it/)
      }))
  }

  it.live("Maven", () =>
    Effect.gen(function*() {
      const line = yield* up({ JAVA_HOME: yield* javaSays("17.0.1"), PATH: "" })
      assert.match(line, /^services: kafka-4\S+ is fetched with Maven, and there is no mvn on the PATH: install it/)
    }))

  for (const name of ["influxdb", "grafana"]) {
    it.live(`archives, for ${name}`, () =>
      Effect.gen(function*() {
        const line = yield* up({ COURANT_SERVERS: "" }, name)
        assert.match(line, /^services: influxdb runs from influxdb-2\S+\.tar\.xz in the folder that COURANT_SERVERS names/)
        assert.match(line, /set it, or use containers \(docker compose up influxdb\)$/)
      }))
  }
})

it.live("an archive that is not there is told before anything is started", () =>
  Effect.gen(function*() {
    const data = yield* temporaryFolder
    const { code, stderr, stdout } = yield* services(["up", "kafka", "grafana", "--data", data], { env: { COURANT_SERVERS: "" } })
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.match(stderr, /^services: influxdb runs from /)
    assert.deepStrictEqual(readdirSync(data), [])
  }))

describe("without servers", () => {
  it.live("there is nothing to say, to stop or to read", () =>
    Effect.gen(function*() {
      const data = yield* temporaryFolder
      const run = (...args: ReadonlyArray<string>) => services([...args, "--data", data])
      assert.include(yield* run("status", "--json"), { code: 0, stdout: "{}\n", stderr: "" })
      assert.include(yield* run("status"), { code: 0, stdout: "", stderr: "" })
      assert.include(yield* run("down"), { code: 0, stdout: "", stderr: "" })
      assert.include(yield* run("down", "kafka"), { code: 0, stdout: "", stderr: "services: kafka was not running\n" })
      const logs = yield* run("logs", "kafka")
      assert.deepStrictEqual([logs.code, logs.stdout], [1, ""])
      assert.match(logs.stderr, /there are no logs of kafka/)
    }))
})
