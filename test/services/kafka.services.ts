/** The program with real brokers: what it starts can be used, and nothing of it is left. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Ports from "../../services/tool/Ports.ts"
import { linesOf } from "../cli/courant.ts"
import { consume, createTopic, produce } from "./clients.ts"
import { program } from "./program.ts"

const kinds = {
  "kafka": { access: ["brokers"], processes: 1 },
  "kafka-zookeeper": { access: ["brokers", "zookeeper"], processes: 2 }
} as const

for (const [name, expected] of Object.entries(kinds)) {
  describe(name, () => {
    it.live("comes up on a free port and on a given one, can be used, goes down, and keeps its data", () =>
      Effect.gen(function*() {
        const { processes, run, status, up } = yield* program
        const [line = ""] = yield* up(name)
        const running = (yield* status)[name] ?? {}
        assert.deepStrictEqual(Object.keys(running), [...expected.access])
        for (const address of Object.values(running)) assert.match(address, /^127\.0\.0\.1:[23]\d{4}$/)
        assert.strictEqual(line, [name, ...Object.entries(running).map(([key, value]) => `${key}=${value}`)].join("  "))
        assert.strictEqual(processes(), expected.processes)

        const brokers = running["brokers"] ?? ""
        yield* createTopic(brokers, "ticks")
        yield* produce(brokers, "ticks", ["one", "two"])
        assert.deepStrictEqual(yield* consume(brokers, "ticks", 2), ["one", "two"])
        assert.deepStrictEqual(yield* up(name), [line])

        const down = yield* run("down")
        assert.deepStrictEqual([down.code, down.stderr], [0, `services: stopped ${name}\n`])
        assert.strictEqual(processes(), 0)
        assert.deepStrictEqual(yield* status, {})

        const { given } = yield* Ports.choose(["given"])
        yield* up(name, "--port", String(given))
        assert.strictEqual((yield* status)[name]?.["brokers"], `127.0.0.1:${given}`)
        assert.deepStrictEqual(yield* consume(`127.0.0.1:${given}`, "ticks", 2), ["one", "two"])
        assert.match((yield* run("logs", name)).stdout, /==> \S+broker\.log <==/)
      }))

    it.live("comes up once where two start it at once", () =>
      Effect.gen(function*() {
        const { processes, status, up } = yield* program
        const [one, other] = yield* Effect.all([up(name), up(name)], { concurrency: 2 })
        assert.deepStrictEqual(one, other)
        assert.strictEqual(processes(), expected.processes)
        assert.deepStrictEqual(Object.keys(yield* status), [name])
      }))

    for (const [signal, code] of [["SIGKILL", null], ["SIGINT", 130], ["SIGTERM", 130]] as const) {
      it.live(`in the foreground ends with its command, also by ${signal}`, () =>
        Effect.gen(function*() {
          const { allGone, processes, start, status } = yield* program
          const running = yield* start("up", name, "--foreground")
          yield* running.says(/brokers=/, "stdout")
          assert.deepStrictEqual(Object.keys(yield* status), [name])
          assert.strictEqual(processes(), expected.processes)
          assert.strictEqual((yield* running.signal(signal)).code, code)
          yield* allGone
          assert.deepStrictEqual(yield* status, {})
        }))
    }

    it.live("leaves nothing where its start was cut short by SIGKILL, and comes up the next time", () =>
      Effect.gen(function*() {
        const { allGone, data, start, status, up } = yield* program
        const running = yield* start("up", name)
        while (!existsSync(join(data, name, "broker.log"))) yield* Effect.sleep("5 millis")
        yield* running.signal("SIGKILL")
        yield* allGone
        assert.deepStrictEqual(yield* status, {})
        yield* up(name)
        assert.deepStrictEqual(Object.keys(yield* status), [name])
      }))

    it.live("stopped by down in another terminal, ends its foreground without complaint", () =>
      Effect.gen(function*() {
        const { run, start } = yield* program
        const running = yield* start("up", name, "--foreground")
        yield* running.says(/brokers=/, "stdout")
        yield* run("down", name)
        const { code, stderr } = yield* running.ended
        assert.deepStrictEqual([code, linesOf(stderr)], [0, [`services: starting ${name}`]])
      }))
  })
}
