/** A real standalone cluster from Maven jars: what it runs ends with it, however it ends. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Spark } from "../../services/testing.ts"
import * as Http from "../../services/tool/Http.ts"
import { mentioning } from "./processes.ts"
import { program } from "./program.ts"

type Access = Readonly<Record<string, string>>

const Answer = Schema.Struct({ submissionId: Schema.String, driverState: Schema.optionalKey(Schema.String) })
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Answer))

/** An application that runs until it is ended: a driver, and an executor that it asks for. */
const submit = Effect.fnUntraced(function*({ connect = "", master = "", rest = "", token = "" }: Access) {
  const { status, text } = yield* Http.ask(`${rest}/v1/submissions/create`, {
    method: "POST",
    body: JSON.stringify({
      action: "CreateSubmissionRequest",
      clientSparkVersion: "4.0.0",
      appResource: "",
      mainClass: "org.apache.spark.sql.connect.service.SparkConnectServer",
      appArgs: [],
      environmentVariables: { SPARK_CONNECT_AUTHENTICATE_TOKEN: token },
      sparkProperties: {
        "spark.app.name": "test",
        "spark.master": master,
        "spark.submit.deployMode": "cluster",
        "spark.cores.max": "1",
        "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": connect.split(":")[1] ?? ""
      }
    })
  })
  assert.strictEqual(status, 200, text)
  return decode(text).submissionId
})

const stateOf = (rest: string, id: string) =>
  Effect.map(Http.ask(`${rest}/v1/submissions/status/${id}`), ({ text }) => decode(text).driverState)

/** The main classes of the processes of a folder. */
const running = (folder: string): ReadonlyArray<string> =>
  ["master.Master ", "worker.Worker ", "DriverWrapper", "CoarseGrainedExecutorBackend"].filter((main) =>
    mentioning(folder).some((line) => line.includes(main)))

const all = ["master.Master ", "worker.Worker ", "DriverWrapper", "CoarseGrainedExecutorBackend"]

const until = Effect.fnUntraced(function*(folder: string, mains: ReadonlyArray<string>) {
  while (running(folder).join() !== mains.join()) yield* Effect.sleep("50 millis")
})

describe("spark", () => {
  it.live("comes up, runs an application whose token no list of processes shows, and goes down with all of it", () =>
    Effect.gen(function*() {
      const { data, run, status, up } = yield* program
      const [line = ""] = yield* up("spark")
      const access = (yield* status)["spark"] ?? {}
      assert.deepStrictEqual(Object.keys(access), ["master", "rest", "connect", "token"])
      assert.match(access["master"] ?? "", /^spark:\/\/127\.0\.0\.1:\d+$/)
      assert.match(access["rest"] ?? "", /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.match(access["connect"] ?? "", /^127\.0\.0\.1:\d+$/)
      assert.deepStrictEqual(yield* up("spark"), [line])
      const jars = readdirSync(join(data, "spark/jars"))
      assert.include(jars, "spark-mllib_2.13-4.0.0.jar")
      assert.deepStrictEqual(jars.filter((name) => /breeze|mllib-local|netlib/.test(name)), [])
      yield* submit(access)
      yield* until(data, all)
      assert.deepStrictEqual(mentioning(access["token"] ?? "?"), [])
      assert.strictEqual((yield* run("down")).stderr, "services: stopped spark\n")
      assert.deepStrictEqual(mentioning(data), [])
    }))

  for (const [signal, code] of [["SIGKILL", null], ["SIGINT", 130]] as const) {
    it.live(`in the foreground ends with its command and with what it runs, also by ${signal}`, () =>
      Effect.gen(function*() {
        const { allGone, data, start, status } = yield* program
        const command = yield* start("up", "spark", "--foreground")
        yield* command.says(/token=/, "stdout")
        yield* submit((yield* status)["spark"] ?? {})
        yield* until(data, all)
        assert.strictEqual((yield* command.signal(signal)).code, code)
        yield* allGone
      }))
  }
})

layer(Spark.layer(), { timeout: "10 minutes", excludeTestServices: true })("a cluster of a test", (it) => {
  it.effect("loses its driver and executor with its worker, and takes applications when that is back", () =>
    Effect.gen(function*() {
      const { access, folder, kill9, restart } = yield* Spark
      const first = yield* submit(access)
      yield* until(folder, all)
      yield* kill9
      yield* until(folder, all.slice(0, 1))
      yield* restart
      assert.notStrictEqual(yield* stateOf(access.rest, first), "RUNNING")
      const second = yield* submit(access)
      assert.notStrictEqual(second, first)
      yield* until(folder, all)
      assert.strictEqual(yield* stateOf(access.rest, second), "RUNNING")
    }))

  it.effect("does not start anything while its worker is paused", () =>
    Effect.gen(function*() {
      const { access, folder, pause, restart, resume } = yield* Spark
      yield* restart
      yield* until(folder, all.slice(0, 2))
      yield* pause
      yield* submit(access)
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual(running(folder), all.slice(0, 2))
      yield* resume
      yield* until(folder, all)
    }))
})
