/** A real InfluxDB from its archive: set up once, with a token of its own, and its faults. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Access } from "../../services/influxdb/influxdb.ts"
import { Influxdb } from "../../services/testing.ts"
import * as Http from "../../services/tool/Http.ts"
import * as Ports from "../../services/tool/Ports.ts"
import { mentioning } from "./processes.ts"
import { program } from "./program.ts"

const write = Effect.fnUntraced(function*({ bucket, org, token, url }: Access, value: number) {
  const { status, text } = yield* Http.ask(`${url}/api/v2/write?${new URLSearchParams({ bucket, org })}`, {
    method: "POST",
    headers: { authorization: `Token ${token}` },
    body: `written value=${value} ${value}`
  })
  assert.strictEqual(status, 204, text)
})

/** The values that were written, in their order. */
const read = Effect.fnUntraced(function*({ bucket, org, token, url }: Access) {
  const { status, text } = yield* Http.ask(`${url}/api/v2/query?${new URLSearchParams({ org })}`, {
    method: "POST",
    headers: { "authorization": `Token ${token}`, "content-type": "application/vnd.flux", "accept": "application/csv" },
    body: `from(bucket: "${bucket}") |> range(start: 0) |> keep(columns: ["_value"])`
  })
  assert.strictEqual(status, 200, text)
  return text.trim().split(/\r?\n/).slice(1).map((line) => Number(line.split(",").at(-1)))
})

/** `status` says no more than that they are texts. */
const access = ({ bucket = "", org = "", token = "", url = "" }: Readonly<Record<string, string>> = {}): Access =>
  ({ bucket, org, token, url })

describe("influxdb", () => {
  it.live("comes up on a free port and on a given one, is used with its token only, goes down, and keeps its data", () =>
    Effect.gen(function*() {
      const { data, processes, run, status, up } = yield* program
      const [line = ""] = yield* up("influxdb")
      const running = (yield* status)["influxdb"] ?? {}
      assert.deepStrictEqual(Object.keys(running), ["url", "org", "bucket", "token"])
      assert.match(running["url"] ?? "", /^http:\/\/127\.0\.0\.1:[23]\d{4}$/)
      assert.strictEqual(line, ["influxdb", ...Object.entries(running).map(([key, value]) => `${key}=${value}`)].join("  "))
      assert.strictEqual(processes(), 1)
      for (const secret of ["token", "password"]) {
        const file = join(data, "influxdb", secret)
        assert.strictEqual(statSync(file).mode & 0o777, 0o600)
        assert.match(readFileSync(file, "utf8"), /^[\w-]{32}$/)
        assert.deepStrictEqual(mentioning(readFileSync(file, "utf8")), [])
      }

      yield* write(access(running), 1)
      const stranger = yield* Http.ask(`${running["url"]}/api/v2/buckets`, { headers: { authorization: "Token x" } })
      assert.strictEqual(stranger.status, 401)
      assert.deepStrictEqual(yield* up("influxdb"), [line])
      assert.deepStrictEqual((yield* run("down")).stderr, "services: stopped influxdb\n")
      assert.strictEqual(processes(), 0)
      assert.deepStrictEqual(yield* status, {})

      const { given } = yield* Ports.choose(["given"])
      yield* up("influxdb", "--port", String(given))
      const again = access((yield* status)["influxdb"])
      assert.deepStrictEqual(again, { ...access(running), url: `http://127.0.0.1:${given}` })
      assert.deepStrictEqual(yield* read(again), [1])
    }))

  for (const [signal, code] of [["SIGKILL", null], ["SIGINT", 130]] as const) {
    it.live(`in the foreground ends with its command, also by ${signal}`, () =>
      Effect.gen(function*() {
        const { allGone, start, status } = yield* program
        const running = yield* start("up", "influxdb", "--foreground")
        yield* running.says(/token=/, "stdout")
        assert.deepStrictEqual(Object.keys(yield* status), ["influxdb"])
        assert.strictEqual((yield* running.signal(signal)).code, code)
        yield* allGone
        assert.deepStrictEqual(yield* status, {})
      }))
  }

  it.live("comes up where its start was cut short by SIGKILL at any moment", () =>
    Effect.gen(function*() {
      const { allGone, data, start, status, up } = yield* program
      const password = Effect.sync(() => readFileSync(join(data, "influxdb/password"), "utf8"))
      for (const millis of [0, 300, 600, 900]) {
        const running = yield* start("up", "influxdb")
        while (!existsSync(join(data, "influxdb/influxd.log"))) yield* Effect.sleep("5 millis")
        yield* Effect.sleep(millis)
        yield* running.signal("SIGKILL")
        if ((yield* status)["influxdb"] !== undefined) break
        yield* allGone
      }
      const drawn = yield* password
      yield* up("influxdb")
      assert.strictEqual(yield* password, drawn)
      yield* write(access((yield* status)["influxdb"]), 1)
    }))
})

layer(Influxdb.layer({ settings: { "log-level": "info" } }), {
  timeout: "10 minutes",
  excludeTestServices: true
})("an InfluxDB of a test", (it) => {
  it.effect("keeps what it has acknowledged, and its address, when it is killed and when it is stopped", () =>
    Effect.gen(function*() {
      const { access, kill9, restart, stop } = yield* Influxdb
      const written: Array<number> = []
      for (const end of [kill9, kill9, stop]) {
        written.push(written.length + 1)
        yield* write(access, written.length)
        yield* end
        yield* restart
        assert.deepStrictEqual(yield* read(access), written)
      }
    }))

  it.effect("is stopped in order", () =>
    Effect.gen(function*() {
      const { folder, restart, stop } = yield* Influxdb
      const log = () => readFileSync(join(folder, "influxd.log"), "utf8")
      const stops = () => log().split("Stopping").length - 1
      const before = stops()
      yield* stop
      assert.isAbove(stops(), before)
      yield* restart
    }))

  it.effect("does not answer while it is paused, and goes on", () =>
    Effect.gen(function*() {
      const { access, pause, resume } = yield* Influxdb
      yield* pause
      yield* Effect.flip(Effect.timeout(Http.ask(`${access.url}/health`), "300 millis"))
      yield* resume
      yield* write(access, 9)
    }))
})
