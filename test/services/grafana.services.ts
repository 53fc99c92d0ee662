/** A real Grafana from its archive, with the dashboards of this checkout, over a real InfluxDB. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Grafana, Influxdb } from "../../services/testing.ts"
import * as Http from "../../services/tool/Http.ts"
import { mentioning, root, temporaryFolder } from "./processes.ts"
import { program } from "./program.ts"

type Access = Grafana["Service"]["access"]

const get = ({ password, url, user }: Access, path: string) =>
  Http.ask(url + path, {
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }
  })

/** `status` says no more than that they are texts. */
const access = ({ password = "", url = "", user = "" }: Readonly<Record<string, string>> = {}): Access =>
  ({ password, url, user })

const reachesInfluxdb = Effect.fnUntraced(function*(grafana: Access) {
  for (const uid of ["courant-flux", "courant-influxql"]) {
    const { status, text } = yield* get(grafana, `/api/datasources/uid/${uid}/health`)
    assert.strictEqual(status, 200, text)
  }
})

const shipped = readdirSync(join(root, "grafana/dashboards")).length

describe("grafana", () => {
  it.live("comes up over an InfluxDB, finds it where that has moved, lets in who knows its password, and goes down", () =>
    Effect.gen(function*() {
      const { data, processes, run, status, up } = yield* program
      const [line = "", ...more] = yield* up("grafana")
      const { grafana, influxdb } = yield* status
      assert.deepStrictEqual(Object.keys(grafana ?? {}), ["url", "user", "password"])
      assert.deepStrictEqual([line, more], [
        `grafana  ${Object.entries(grafana ?? {}).map(([key, value]) => `${key}=${value}`).join("  ")}`,
        []
      ])
      assert.strictEqual(processes(), 2)
      yield* reachesInfluxdb(access(grafana))
      const found = yield* get(access(grafana), "/api/search?type=dash-db")
      assert.strictEqual(JSON.parse(found.text).length, shipped)

      assert.strictEqual((yield* Http.ask(`${grafana?.["url"]}/api/search`)).status, 401)
      assert.strictEqual((yield* get({ ...access(grafana), password: "admin" }, "/api/search")).status, 401)
      for (const secret of ["password", "secret-key"]) {
        const file = join(data, "grafana", secret)
        assert.strictEqual(statSync(file).mode & 0o777, 0o600)
        assert.deepStrictEqual(mentioning(readFileSync(file, "utf8")), [])
      }
      assert.deepStrictEqual(mentioning(influxdb?.["token"] ?? "none"), [])

      yield* run("down", "influxdb")
      yield* up("grafana")
      const moved = yield* status
      assert.notStrictEqual(moved["influxdb"]?.["url"], influxdb?.["url"])
      assert.strictEqual(moved["grafana"]?.["password"], grafana?.["password"])
      yield* reachesInfluxdb(access(moved["grafana"]))
      assert.strictEqual((yield* run("down")).stderr, "services: stopped grafana\nservices: stopped influxdb\n")
      assert.strictEqual(processes(), 0)
    }))

  it.live("in the foreground ends with its command, and so does the InfluxDB that came with it", () =>
    Effect.gen(function*() {
      const { allGone, start, status } = yield* program
      const running = yield* start("up", "grafana", "--foreground")
      yield* running.says(/password=/, "stdout")
      assert.deepStrictEqual(Object.keys(yield* status), ["influxdb", "grafana"])
      assert.strictEqual((yield* running.signal("SIGKILL")).code, null)
      yield* allGone
      assert.deepStrictEqual(yield* status, {})
    }))
})

const over = (options: Omit<Parameters<typeof Grafana.layer>[0], "influxdb">) =>
  Layer.flatMap(Influxdb.layer(), (context) =>
    Grafana.layer({ ...options, influxdb: Context.get(context, Influxdb).access }))

layer(over({ settings: { "auth.anonymous.enabled": "true" } }), { timeout: "10 minutes", excludeTestServices: true })(
  "a Grafana of a test",
  (it) => {
    it.effect("lets in anybody to look, where that is asked for", () =>
      Effect.gen(function*() {
        const { access: { url } } = yield* Grafana
        assert.strictEqual(JSON.parse((yield* Http.ask(`${url}/api/search?type=dash-db`)).text).length, shipped)
        assert.strictEqual((yield* Http.ask(`${url}/api/admin/settings`)).status, 403)
      }))

    it.effect("comes back at its address when it is killed and when it is stopped, and waits while it is paused", () =>
      Effect.gen(function*() {
        const { access, kill9, pause, restart, resume, stop } = yield* Grafana
        for (const end of [kill9, stop]) {
          yield* end
          yield* Effect.flip(Http.ask(access.url))
          yield* restart
          yield* reachesInfluxdb(access)
        }
        yield* pause
        yield* Effect.flip(Effect.timeout(Http.ask(`${access.url}/api/health`), "300 millis"))
        yield* resume
        yield* reachesInfluxdb(access)
      }))
  }
)

describe("a Grafana of a test with a provisioning of its own", () => {
  it.live("has what is in that folder and nothing else", () =>
    Effect.gen(function*() {
      const provisioning = yield* temporaryFolder
      for (const name of ["datasources", "dashboards", "alerting", "plugins", "notifiers"]) {
        mkdirSync(join(provisioning, name))
      }
      writeFileSync(
        join(provisioning, "datasources/one.yaml"),
        "apiVersion: 1\ndatasources:\n" +
          "- { name: one, uid: one, type: influxdb, access: proxy, url: $COURANT_INFLUXDB_URL }\n"
      )
      const { access } = Context.get(yield* Layer.build(over({ provisioning })), Grafana)
      const { text } = yield* get(access, "/api/datasources")
      assert.match(text, /"uid":"one".*"url":"http:\/\/127\.0\.0\.1:/)
      assert.notMatch(text, /courant-flux/)
    }).pipe(Effect.scoped))
})
